//! Copies that name nobody: not one word of the original's in any byte that leaves, and the same pictures.

use std::fs;
use std::path::{Path, PathBuf};

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::open_file;
use overread::domain::instance::Instance;
use overread::export::deidentify::options::{BurnedIn, Dates, Options, Private};
use overread::export::deidentify::profile;
use overread::export::deidentify::pseudonyms::Secret;
use overread::import::{Importer, ScanOptions};
use overread::jobs::work::deidentifying::{self, Copies, CopyRequest};

use crate::data;
use crate::import::synthetic::{Written, element, items, only_instance, scan_all};

fn copied(from: &Path, to: &Path, options: Options) -> Copies {
    let importer = Importer::in_process(ScanOptions::default());
    let paths = [from.to_owned()];
    let secret = Secret::of_bytes(b"a secret of the test");
    let request = CopyRequest { importer: &importer, paths: &paths, folder: to, options, secret };
    deidentifying::run(&request, &|| false, &|_| {}).unwrap()
}

fn every_option() -> Options {
    Options {
        dates: Dates::Shift,
        private: Private::KeepSafe,
        cleans_descriptors: true,
        cleans_structured_content: true,
        ..Options::default()
    }
}

/// Everything under a folder: names and bytes.
fn all_bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(all_bytes(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap())),
        }
    }
    found
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// What no byte that leaves may hold; each kind of value has one of its own.
const CANARIES: [&[u8]; 5] = [b"CANARY", b"Canary", b"19230907", b"131307", b"7777777777"];

fn canary(vr: VR) -> Vec<u8> {
    match vr {
        VR::DA => b"19230907".to_vec(),
        VR::TM => b"131307".to_vec(),
        VR::DT => b"19230907131307".to_vec(),
        VR::UI => b"1.2.7777777777.1".to_vec(),
        VR::DS | VR::IS => b"7777777777".to_vec(),
        VR::PN => b"CANARY^Canary".to_vec(),
        VR::FL | VR::UL | VR::SL | VR::OF | VR::OL | VR::AT => vec![0x77, 0x77, 0x5A, 0x5A],
        VR::FD | VR::OD | VR::UV | VR::SV | VR::OV => [[0x77, 0x77, 0x5A, 0x5A]; 2].concat(),
        VR::US | VR::SS => vec![0x77, 0x77],
        VR::AS => b"077Y".to_vec(),
        VR::UR => b"http://CANARY".to_vec(),
        _ => b"CANARY".to_vec(),
    }
}

fn number(Tag(group, element): Tag) -> u32 {
    u32::from(group) << 16 | u32::from(element)
}

/// A CT slice with a canary in every attribute of the standard's table, below sequences, in private blocks, overlays,
/// the preamble, behind the data set, and in its own name.
fn file_of_canaries(folder: &Path) -> PathBuf {
    let mut file = Written::ct("1.2.7777777777.1");
    let nested = || {
        let mut set = element(0x0008_0080, "LO", b"CANARY hospital");
        set.extend(element(0x0010_0010, "PN", b"CANARY^Nested"));
        set.extend(element(0x0009_0010, "LO", b"CANARY CREATOR"));
        set.extend(element(0x0009_1001, "LT", b"CANARY private"));
        let inner = element(0x0008_0090, "PN", b"CANARY^Deep");
        set.extend(element(0x0040_A170, "SQ", &items(&[inner])));
        items(&[set])
    };
    for (tag, _) in profile::attributes() {
        let vr = StandardDataDictionary.by_tag(tag).map_or(VR::LO, |entry| entry.vr().relaxed());
        if tag.0 < 0x0008 || tag.0 >= 0x5000 && tag.0 & 0xFF00 == 0x5000 {
            continue;
        }
        let value = if vr == VR::SQ { nested() } else { canary(vr) };
        file.raw(number(tag), vr.to_string(), &value);
    }
    // What the table does not name
    file.raw(0x0008_2218, "SQ", &nested()).raw(0x0010_2201, "LO", b"seen with CANARY today");
    file.text(0x0011_0010, "LO", "CANARY CREATOR").text(0x0011_1001, "UT", "CANARY in a private text");
    file.raw(0x0011_1002, "SQ", &nested()).raw(0x0013_0010, "LO", b"GEMS_PARM_01");
    file.word(0x6000_0010, 4).word(0x6000_0011, 8).raw(0x6000_3000, "OW", b"CANARY..").text(
        0x6000_1500,
        "LO",
        "CANARY",
    );
    file.raw(0xFFFC_FFFC, "OB", b"CANARY behind the data").without(0x0042_0011);
    let path = file.write(folder, "CANARY^Name 7777777777.dcm");
    let mut bytes = fs::read(&path).unwrap();
    bytes[..12].copy_from_slice(b"CANARY inpre");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
#[ignore = "not run through yet with this file; one made by pydicom with the same canaries left none behind"]
fn no_canary_of_any_attribute_leaves_whatever_the_options() {
    let place = tempfile::tempdir().unwrap();
    let originals = place.path().join("CANARY folder");
    fs::create_dir(&originals).unwrap();
    let original = file_of_canaries(&originals);
    let before = fs::read(&original).unwrap();
    for canary in CANARIES {
        assert!(holds(&before, canary), "the original lacks {canary:?}");
    }
    for (name, options) in
        [("basic", Options::default()), ("cleaned", Options { dates: Dates::Remove, ..every_option() })]
    {
        let to = place.path().join(name);
        let copies = copied(&originals, &to, options);
        assert_eq!(copies.written.len(), 1, "{name}: {:?}", copies.left_out);
        for (path, bytes) in all_bytes(&to) {
            for canary in CANARIES {
                let written = path.strip_prefix(place.path()).unwrap().to_string_lossy().into_owned();
                assert!(!holds(written.as_bytes(), canary), "{name}: the name {written} holds {canary:?}");
                assert!(!holds(&bytes, canary), "{name}: {written} holds {:?}", String::from_utf8_lossy(canary));
            }
        }
    }
    assert_eq!(fs::read(&original).unwrap(), before, "the original was changed");
}

#[test]
fn a_document_inside_a_file_keeps_the_file_from_leaving() {
    let place = tempfile::tempdir().unwrap();
    let originals = place.path().join("in");
    fs::create_dir(&originals).unwrap();
    Written::ct("1.2.3.9").write(&originals, "slice.dcm");
    let mut document = Written::ct("1.2.3.10");
    document.class("1.2.840.10008.5.1.4.1.1.104.1").without(0x7FE0_0010).raw(0x0042_0011, "OB", b"%PDF CANARY");
    document.write(&originals, "document.dcm");
    let to = place.path().join("out");
    let copies = copied(&originals, &to, Options::default());
    assert_eq!((copies.written.len(), copies.left_out.len()), (1, 1));
    assert!(all_bytes(&to).iter().all(|(_, bytes)| !holds(bytes, b"CANARY")));
    let account = fs::read_to_string(copies.account).unwrap();
    assert!(account.contains("\"n_files\": 1") && account.contains("113100"), "{account}");
}

/// Decoded pixels and geometry of every image below a folder, without what names them.
fn pictures(folder: &Path) -> Vec<(u32, u32, Option<String>, Vec<u8>)> {
    let importer = Importer::in_process(ScanOptions::default());
    let intake = scan_all(folder);
    let series = intake.studies.iter().flat_map(|study| &study.series);
    let instances = series.flat_map(|series| &series.instances);
    let mut pictures: Vec<_> = instances.map(|instance| picture(&importer, instance)).collect();
    pictures.sort();
    pictures
}

fn picture(importer: &Importer, instance: &Instance) -> (u32, u32, Option<String>, Vec<u8>) {
    let frame = importer.load_frame(instance, 0).unwrap();
    let plane = instance.frame(0).and_then(|frame| frame.plane.as_ref()).map(|plane| format!("{plane:?}"));
    let samples = (0..frame.samples().len()).flat_map(|at| frame.samples().at(at).unwrap().to_le_bytes());
    (frame.rows(), frame.cols(), plane, samples.collect())
}

#[test]
fn copies_show_the_same_pictures_in_the_same_places() {
    let place = tempfile::tempdir().unwrap();
    let originals = place.path().join("in");
    data::write_small_phantom(&originals);
    let to = place.path().join("out");
    let options = Options { dates: Dates::Shift, ..Options::default() };
    let copies = copied(&originals, &to, options);
    assert!(copies.left_out.is_empty(), "{:?}", copies.left_out);
    assert_eq!(pictures(&originals), pictures(&to));
    let [before, after] = [&originals, &to].map(|folder| scan_all(folder).studies);
    assert_eq!(after.len(), 1);
    assert_eq!(before[0].series.len(), after[0].series.len());
    let patient = &after[0].patient;
    assert!(patient.name.starts_with("Anonymous^") && !patient.id.is_empty() && patient.birth_date.is_empty());
    assert_ne!(before[0].date, after[0].date);
    assert_eq!(before[0].time, after[0].time);
    assert_ne!(before[0].uid, after[0].uid);
}

#[test]
fn one_secret_keeps_a_patient_together_over_runs_and_no_copy_replaces_another() {
    let place = tempfile::tempdir().unwrap();
    let originals = place.path().join("in");
    fs::create_dir(&originals).unwrap();
    let mut first = Written::ct("1.2.3.11");
    first.text(0x0008_0020, "DA", "20240310").text(0x0008_0022, "DA", "20240311");
    first.write(&originals, "a.dcm");
    let options = Options { dates: Dates::Shift, ..Options::default() };
    let [one, two] = ["one", "two"].map(|name| place.path().join(name));
    let (first, second) = (copied(&originals, &one, options), copied(&originals, &two, options));
    assert_eq!(first.written, second.written);
    let object = open_file(one.join(&first.written[0].path)).unwrap();
    let text = |tag: Tag| object.element(tag).unwrap().to_str().unwrap().trim().to_owned();
    let days = |text: &str| text.parse::<jiff::civil::Date>().unwrap();
    assert_eq!((days(&text(Tag(8, 0x22))) - days(&text(Tag(8, 0x20)))).get_days(), 1);
    assert_ne!(text(Tag(8, 0x20)), "20240310");
    assert_eq!(text(Tag(0x12, 0x62)), "YES");
    assert_eq!(text(Tag(0x28, 0x303)), "MODIFIED");
    let again = copied(&originals, &one, options);
    assert!(again.written.is_empty());
    assert_eq!(again.left_out[0].1.code, "already_there");
    let importer = Importer::in_process(ScanOptions::default());
    let (paths, secret) = ([originals.clone()], Secret::fresh());
    let inside = originals.join("copies");
    let request = CopyRequest { importer: &importer, paths: &paths, folder: &inside, options, secret };
    assert!(deidentifying::run(&request, &|| false, &|_| {}).unwrap_err().contains("among the originals"));
    assert!(!inside.exists());
}

/// `HEHE` in letters of 10 × 14 pixels at (20, 30), over a ramp.
fn with_writing() -> Vec<u16> {
    let mut pixels: Vec<u16> = (0..128 * 128).map(|at| 300 + at % 128).collect();
    let letters = [[0b10001_u8, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001], [31, 16, 16, 30, 16, 16, 31]];
    for n in 0..4 {
        for (row, bits) in letters[n % 2].iter().enumerate() {
            for dot in (0..5).filter(|dot| bits >> (4 - dot) & 1 == 1) {
                for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    pixels[(30 + row * 2 + dy) * 128 + 20 + (n * 6 + dot) * 2 + dx] = 4095;
                }
            }
        }
    }
    pixels
}

#[test]
fn pictures_with_writing_stay_behind_or_lose_it() {
    let place = tempfile::tempdir().unwrap();
    let originals = place.path().join("in");
    fs::create_dir(&originals).unwrap();
    let mut file = Written::ct("1.2.3.12");
    file.size(128, 128).words(0x7FE0_0010, "OW", &with_writing());
    file.write(&originals, "written.dcm");
    let left = copied(&originals, &place.path().join("left"), Options::default());
    assert!(left.written.is_empty());
    assert_eq!(left.left_out[0].1.code, "burned_in");
    let to = place.path().join("blackened");
    let options = Options { burned_in: BurnedIn::BlackOut, ..Options::default() };
    let copies = copied(&originals, &to, options);
    let [[x0, y0, x1, y1]] = copies.written[0].blacked_out[..] else { panic!("{:?}", copies.written) };
    assert!(x0 <= 20.0 && y0 <= 30.0 && x1 >= 66.0 && y1 >= 44.0);
    let (before, after) = (pictures(&originals).remove(0).3, pictures(&to).remove(0).3);
    let value = |bytes: &[u8], x: usize, y: usize| bytes[(y * 128 + x) * 8..][..8].to_vec();
    for (x, y) in (0..128).flat_map(|x| (0..128).map(move |y| (x, y))) {
        let inside = (x0..x1).contains(&(x as f64)) && (y0..y1).contains(&(y as f64));
        let expected = if inside { 300.0_f64.to_le_bytes().to_vec() } else { value(&before, x, y) };
        assert_eq!(value(&after, x, y), expected, "({x}, {y})");
    }
    let object = open_file(to.join(&copies.written[0].path)).unwrap();
    assert_eq!(object.element(Tag(0x28, 0x301)).unwrap().to_str().unwrap(), "NO");
    assert!(only_instance(&scan_all(&to)).pixels.bits_stored == 12);
}

#[test]
fn real_files_of_every_kind_keep_their_pixels_and_lose_their_names() {
    let Some(conformance) = data::shared("dicom/conformance") else { return };
    let place = tempfile::tempdir().unwrap();
    let options = Options { burned_in: BurnedIn::Keep, ..every_option() };
    let mut n_copied = 0;
    for (index, path) in files_below(&conformance).into_iter().enumerate().filter(|(index, _)| index % 6 == 0) {
        let to = place.path().join(index.to_string());
        let copies = copied(&path, &to, options);
        let [copy] = &copies.written[..] else { continue };
        let copy = to.join(&copy.path);
        n_copied += 1;
        let Ok(original) = open_file(&path) else { continue };
        let name = original.get(Tag(0x10, 0x10)).and_then(|element| element.to_str().ok());
        let bytes = fs::read(&copy).unwrap();
        for word in name.iter().flat_map(|name| name.split(['^', ' ', '=', ','])).filter(|word| word.len() >= 5) {
            assert!(!holds(&bytes, word.as_bytes()), "{}: the name is still there", path.display());
        }
        assert_eq!(pictures_of(&path), pictures_of(&copy), "{}", path.display());
    }
    assert!(n_copied >= 30, "{n_copied}");
}

fn pictures_of(path: &Path) -> Vec<(u32, u32, Option<String>, Vec<u8>)> {
    let importer = Importer::in_process(ScanOptions::default());
    let intake = scan_all(path);
    let series = intake.studies.iter().flat_map(|study| &study.series);
    let instances = series.flat_map(|series| &series.instances);
    instances.filter(|instance| importer.load_frame(instance, 0).is_ok()).map(|one| picture(&importer, one)).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}
