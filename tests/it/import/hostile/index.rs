//! Row 46 of the catalog: an index of files that points where it should not.

use std::path::Path;

use overread::import::reason;

use crate::import::synthetic::{Written, codes, element, items, scan_all};

/// A DICOMDIR of one record per reference, with offsets as given.
fn write_index(folder: &Path, references: &[&[u8]], offset: u32) -> std::path::PathBuf {
    let record = |reference: &&[u8]| {
        let mut bytes = element(0x0004_1400, "UL", &offset.to_le_bytes());
        bytes.extend(element(0x0004_1420, "UL", &offset.to_le_bytes()));
        bytes.extend(element(0x0004_1430, "CS", b"IMAGE"));
        bytes.extend(element(0x0004_1500, "CS", reference));
        bytes
    };
    let records: Vec<Vec<u8>> = references.iter().map(record).collect();
    let mut index = Written::ct("1.2.3.9");
    index.text(0x0008_0016, "UI", "1.2.840.10008.1.3.10").without(0x7FE0_0010);
    index.raw(0x0004_1200, "UL", &offset.to_le_bytes()).raw(0x0004_1220, "SQ", &items(&records));
    index.write(folder, "DICOMDIR")
}

fn disc() -> (tempfile::TempDir, std::path::PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let disc = place.path().join("disc");
    std::fs::create_dir_all(disc.join("IMAGES")).unwrap();
    Written::ct("1.2.3.66").write(place.path(), "SECRET");
    Written::ct("1.2.3.1").write(&disc.join("IMAGES"), "IM1");
    (place, disc)
}

#[test]
fn no_reference_leads_out_of_the_folder_of_its_index() {
    let (place, disc) = disc();
    let absolute = place.path().join("SECRET");
    let bad: [&[u8]; 14] = [
        b"..\\SECRET",
        b"IMAGES\\..\\..\\SECRET",
        b"..\\..\\..\\..\\..\\etc\\passwd",
        b"../SECRET",
        b"/etc/passwd",
        b"\\etc\\passwd",
        b"C:\\SECRET",
        b"C:SECRET",
        b"A\\B\\C\\D\\E\\F\\G\\H\\I",
        b".",
        b"..",
        b"IMAGES/IM1",
        b"\\\\server\\share",
        absolute.as_os_str().as_encoded_bytes(),
    ];
    for reference in bad {
        let intake = scan_all(&write_index(&disc, &[reference], 0));
        let name = String::from_utf8_lossy(reference);
        assert_eq!(codes(&intake), [reason::UNSAFE_REFERENCE], "{name}");
        assert!(intake.studies.is_empty(), "{name}");
    }
    let all: Vec<&[u8]> = bad.into_iter().chain([b"IMAGES\\IM1".as_slice()]).collect();
    let intake = scan_all(&write_index(&disc, &all, 0));
    assert_eq!(intake.studies.len(), 1, "what is good is read all the same");
}

#[test]
fn references_to_nothing_are_listed_and_odd_names_are_only_names() {
    let (_place, disc) = disc();
    for reference in [b"ABSENT".as_slice(), b"IMAGES\\ABSENT", b"NO\\SUCH\\FOLDER", b"IM\0AGES\\X", b"\xff\xfe"] {
        let intake = scan_all(&write_index(&disc, &[reference], 0));
        assert!(intake.studies.is_empty());
        assert_eq!(intake.refused().count(), 1, "{}", String::from_utf8_lossy(reference));
    }
}

#[cfg(unix)]
#[test]
fn a_link_or_pipe_on_the_disc_is_no_way_out() {
    let (place, disc) = disc();
    std::os::unix::fs::symlink(place.path(), disc.join("OUT")).unwrap();
    std::os::unix::fs::symlink(place.path().join("SECRET"), disc.join("LINK")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(disc.join("PIPE")).status().unwrap().success());
    for reference in [b"OUT\\SECRET".as_slice(), b"LINK"] {
        assert_eq!(codes(&scan_all(&write_index(&disc, &[reference], 0))), [reason::UNSAFE_REFERENCE]);
    }
    let intake = scan_all(&write_index(&disc, &[b"PIPE"], 0));
    assert!(intake.studies.is_empty() && intake.refused().count() == 1);
    let intake = scan_all(&write_index(&disc, &[b"DICOMDIR"], 0));
    assert!(intake.studies.is_empty(), "an index that names itself holds no image");
}

/// Offsets tie records to one another; ours reads the records as they stand, so that none can lead in a circle.
#[test]
fn offsets_that_lie_or_run_in_circles_change_nothing() {
    let (_place, disc) = disc();
    for offset in [0, 1, 8, 400, 500, 0x7FFF_FFFF, 0xFFFF_FFFE, u32::MAX] {
        let intake = scan_all(&write_index(&disc, &[b"IMAGES\\IM1", b"IMAGES\\IM1"], offset));
        assert_eq!(intake.studies.len(), 1, "offset {offset}");
    }
}

#[test]
fn an_index_of_very_many_records_ends() {
    let (_place, disc) = disc();
    let names: Vec<Vec<u8>> = (0..20_000).map(|n| format!("F{n}").into_bytes()).collect();
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let intake = scan_all(&write_index(&disc, &names, 0));
    assert_eq!(intake.refused().count(), 20_000);
    let same = vec![b"IMAGES\\IM1".as_slice(); 100_000];
    assert_eq!(scan_all(&write_index(&disc, &same, 0)).studies.len(), 1);
    let too_many = vec![b"IMAGES\\IM1".as_slice(); 100_001];
    assert_eq!(codes(&scan_all(&write_index(&disc, &too_many, 0))), [reason::MALFORMED]);
}
