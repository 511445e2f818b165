//! Section A of the catalog: what a file is as a whole.

use overread::import::{load_frame, reason};

use crate::import::hostile::case::{Outcome, Table, big_endian, claiming, ct, data_set_start, deflated, implicit};
use crate::import::hostile::harness::{check, instances};
use crate::import::synthetic::{EXPLICIT_LE, codes, element, rle, scan_all};

const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
const JPEG: &str = "1.2.840.10008.1.2.4.50";

#[test]
fn beginnings_and_ends_of_files_have_the_outcome_of_their_row() {
    let mut table = Table::default();
    strangers(&mut table);
    beginnings(&mut table);
    meta_headers(&mut table);
    contradicted_syntaxes(&mut table);
    preambles_and_tails(&mut table);
    check(&table.cases);
}

fn noise(n_bytes: usize, mut seed: u32) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed.to_le_bytes()[1]
    };
    (0..n_bytes).map(|_| next()).collect()
}

/// Rows 1, 6, 13 and 25.
fn strangers(table: &mut Table) {
    table.refused(1, "no bytes", Vec::new(), reason::EMPTY);
    let mut other_magic = ct().bytes();
    for magic in [b"DICX", b"dicm", b"\0\0\0\0", b"MCID"] {
        other_magic[128..132].copy_from_slice(magic);
        table.refused(6, format!("magic {magic:?}"), other_magic.clone(), reason::NOT_AN_IMAGE_FILE);
    }
    for n in [1, 2, 8, 127, 131, 132] {
        table.refused(6, format!("{n} zeros"), vec![0; n], reason::NOT_AN_IMAGE_FILE);
    }
    for seed in 1..=8 {
        table.refused(13, format!("noise {seed}"), noise(10_000, seed), reason::NOT_AN_IMAGE_FILE);
    }
    table.refused(13, "all ones", vec![0xFF; 10_000], reason::NOT_AN_IMAGE_FILE);
    table.refused(13, "all zeros", vec![0; 10_000], reason::NOT_AN_IMAGE_FILE);
    let words: [(&str, &[u8]); 8] = [
        ("text", b"Not a picture at all, only a few words in a row."),
        ("pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"),
        ("html", b"<!DOCTYPE html><html><script>alert(1)</script></html>"),
        ("json", b"{\"00080018\": {\"vr\": \"UI\", \"Value\": [\"1.2\"]}}"),
        ("xml", b"<?xml version=\"1.0\"?><NativeDicomModel/>"),
        ("gif", b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0;"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\x4a\x06\0\xc2\x41\x24\x35\x03\0\0\0"),
        ("shell", b"#!/bin/sh\nrm -rf /\n"),
    ];
    for (name, bytes) in words {
        table.refused(13, name, bytes.to_vec(), reason::NOT_AN_IMAGE_FILE);
    }
    let program = |magic: &[u8]| [magic, &noise(4_000, 77)].concat();
    table.refused(13, "program for Windows", program(b"MZ\x90\0\x03\0\0\0"), reason::NOT_AN_IMAGE_FILE);
    table.refused(13, "program for Linux", program(b"\x7fELF\x02\x01\x01\0"), reason::NOT_AN_IMAGE_FILE);
    // Pictures by their first bytes and nothing more
    table.refused(13, "png without a picture", program(b"\x89PNG\r\n\x1a\n"), reason::DECODER_FAILED);
    table.refused(13, "jpeg without a picture", program(b"\xff\xd8\xff\xe0"), reason::DECODER_FAILED);
    table.refused(13, "tiff without a picture", program(b"II*\0"), reason::DECODER_FAILED);
    table.refused(25, "zip", program(b"PK\x03\x04\x14\0\0\0\x08\0"), reason::NOT_AN_IMAGE_FILE);
    table.refused(25, "empty zip", [b"PK\x05\x06".as_slice(), &[0; 18]].concat(), reason::NOT_AN_IMAGE_FILE);
    let mut tar = b"../../etc/passwd".to_vec();
    tar.resize(257, 0);
    tar.extend(b"ustar\x0000");
    tar.resize(1536, 0);
    table.refused(25, "tar", tar, reason::NOT_AN_IMAGE_FILE);
}

/// Rows 4 and 5: what other programs read, this one reads.
fn beginnings(table: &mut Table) {
    let file = ct();
    let whole = file.bytes();
    table.opens(4, "the whole file", whole.clone(), &[]);
    table.opens(4, "magic word at the start", whole[128..].to_vec(), &[reason::NO_PREAMBLE]);
    table.opens(5, "meta header at the start", whole[132..].to_vec(), &[reason::NO_PREAMBLE]);
    let start = data_set_start(&whole);
    table.opens(5, "explicit data set alone", whole[start..].to_vec(), &[reason::NO_PREAMBLE, reason::NO_META]);
    let plain = implicit(&file, IMPLICIT_LE);
    let alone = plain[data_set_start(&plain)..].to_vec();
    table.opens(5, "implicit data set alone", alone.clone(), &[reason::NO_PREAMBLE, reason::NO_META]);
    let behind_preamble = [&whole[..132], &alone].concat();
    table.opens(5, "preamble, then an implicit data set", behind_preamble, &[reason::NO_META]);
    let big = big_endian(&file, EXPLICIT_BE);
    let alone = big[data_set_start(&big)..].to_vec();
    table.opens(5, "big-endian data set alone", alone, &[reason::NO_PREAMBLE, reason::NO_META]);
    let mut filled = whole.clone();
    filled[..128].fill(0xFF);
    table.opens(4, "preamble of ones", filled, &[]);
    let mut short = vec![0; 127];
    short.extend(&whole[128..]);
    table.refused(6, "preamble of 127 bytes", short, reason::NOT_AN_IMAGE_FILE);
    let mut long = vec![0; 129];
    long.extend(&whole[128..]);
    table.refused(6, "preamble of 129 bytes", long, reason::NOT_AN_IMAGE_FILE);
}

/// Rows 7, 8, 9 and 45, and a meta header without end.
fn meta_headers(table: &mut Table) {
    let whole = ct().bytes();
    for n in [0_u32, 1, 10, 28, 0xFFFF, 0xFFFF_FFF0, u32::MAX] {
        let mut bytes = whole.clone();
        bytes[140..144].copy_from_slice(&n.to_le_bytes());
        table.opens(7, format!("meta length {n}"), bytes, &[reason::META_REPAIRED]);
    }
    let mut without_length = whole[..132].to_vec();
    without_length.extend(&whole[144..]);
    table.opens(7, "no meta length", without_length, &[reason::META_REPAIRED]);
    let start = data_set_start(&whole);
    let with_meta = |meta: &[Vec<u8>]| {
        let meta = meta.concat();
        let length = element(0x0002_0000, "UL", &u32::try_from(meta.len()).unwrap().to_le_bytes());
        [&whole[..132], &length, &meta, &whole[start..]].concat()
    };
    let class = element(0x0002_0002, "UI", b"1.2.840.10008.5.1.4.1.1.2");
    let missing = reason::MISSING_ATTRIBUTE;
    table.refused(8, "no transfer syntax", with_meta(std::slice::from_ref(&class)), missing);
    table.refused(8, "empty transfer syntax", with_meta(&[class.clone(), element(0x0002_0010, "UI", b"")]), missing);
    table.refused(8, "transfer syntax of blanks", with_meta(&[element(0x0002_0010, "UI", b"    ")]), missing);
    let unknown = ["9.9.9", "1.2.840.10008.1.2.99", "1.2.840.10008.1.2.4.999", "2.25.1", "not a uid", "../../etc"];
    for uid in unknown {
        let mut file = ct();
        file.syntax = uid.to_owned();
        table.refused(9, format!("syntax {uid}"), file.bytes(), reason::UNKNOWN_TRANSFER_SYNTAX);
    }
    let mut noisy = ct();
    noisy.syntax = "1.2.840.10008.1.2.1\u{1b}[2J".to_owned();
    table.refused(9, "syntax with an escape", noisy.bytes(), reason::UNKNOWN_TRANSFER_SYNTAX);
    let syntax = element(0x0002_0010, "UI", EXPLICIT_LE.as_bytes());
    let other = element(0x0002_0003, "UI", b"1.2.3.99");
    let conflict = with_meta(&[class.clone(), other, syntax.clone()]);
    table.opens(45, "another instance in the meta header", conflict, &[reason::SOP_CONTRADICTED]);
    let report = element(0x0002_0002, "UI", b"1.2.840.10008.5.1.4.1.1.88.11");
    let conflict = with_meta(&[report, syntax.clone()]);
    table.opens(45, "another class in the meta header", conflict, &[reason::SOP_CONTRADICTED]);
    let padding: Vec<Vec<u8>> = (0..3).map(|n| element(0x0002_0102 + 2 * n, "OB", &[7; 30_000])).collect();
    let too_long = with_meta(&[vec![class.clone(), syntax.clone()], padding].concat());
    table.refused(7, "meta header of 90 kB", too_long, reason::TOO_LARGE);
}

/// Row 10. Deviation: under a syntax with fragments, attributes in implicit little endian are read with a warning:
/// `conformance/pydicom/…/SC_rgb_jpeg.dcm` is such a file, and the fragments themselves are laid out the same.
fn contradicted_syntaxes(table: &mut Table) {
    let file = ct();
    let explicit = |syntax: &str| {
        let mut file = file.clone();
        file.syntax = syntax.to_owned();
        file.bytes()
    };
    table.refused(10, "says big endian, is explicit", explicit(EXPLICIT_BE), reason::MALFORMED);
    table.refused(10, "says implicit, is explicit", explicit(IMPLICIT_LE), reason::MALFORMED);
    table.refused(10, "says explicit, is implicit", implicit(&file, EXPLICIT_LE), reason::MALFORMED);
    table.refused(10, "says big endian, is implicit", implicit(&file, EXPLICIT_BE), reason::MALFORMED);
    table.refused(10, "says explicit, is big endian", big_endian(&file, EXPLICIT_LE), reason::MALFORMED);
    table.refused(10, "says implicit, is big endian", big_endian(&file, IMPLICIT_LE), reason::MALFORMED);
    table.refused(10, "says JPEG, is big endian", big_endian(&file, JPEG), reason::MALFORMED);
    for tail in ["4.50", "4.57", "4.70", "4.80", "4.90", "4.110", "4.201", "5", "8.1", "1.98"] {
        let syntax = format!("1.2.840.10008.1.2.{tail}");
        table.refused(10, format!("says {tail}, is native"), explicit(&syntax), reason::MALFORMED);
    }
    table.refused(10, "says deflated, is not", explicit("1.2.840.10008.1.2.1.99"), reason::MALFORMED);
    table.opens(10, "says implicit and is", implicit(&file, IMPLICIT_LE), &[]);
    table.opens(10, "says big endian and is", big_endian(&file, EXPLICIT_BE), &[]);
    table.opens(10, "says deflated and is", deflated(&file, |stream| stream), &[]);
    let mut fragmented = ct();
    fragmented.encapsulated(&[&[7; 24]]);
    table.refused(33, "fragments under a native syntax", fragmented.bytes(), reason::MALFORMED);
}

/// Rows 11 and 12.
fn preambles_and_tails(table: &mut Table) {
    let whole = ct().bytes();
    let with_preamble = |start: &[u8]| {
        let mut bytes = whole.clone();
        bytes[..start.len()].copy_from_slice(start);
        bytes
    };
    table.opens(11, "PE preamble", with_preamble(b"MZ\x90\0\x03\0\0\0"), &[reason::EXECUTABLE_PREAMBLE]);
    table.opens(11, "ELF preamble", with_preamble(b"\x7fELF\x02\x01\x01"), &[reason::EXECUTABLE_PREAMBLE]);
    table.opens(12, "TIFF preamble", with_preamble(b"II*\0\x10\0\0\0"), &[]);
    table.opens(12, "big-endian TIFF preamble", with_preamble(b"MM\0*\0\0\0\x10"), &[]);
    table.opens(12, "PNG preamble", with_preamble(b"\x89PNG\r\n\x1a\n"), &[]);
    table.opens(12, "PDF preamble", with_preamble(b"%PDF-1.7\n"), &[]);
    let behind = |tail: &[u8]| [&whole, tail].concat();
    let zip = [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[0x55; 64], b"PK\x05\x06", &[0; 18]].concat();
    let trailing = Outcome::Opens(&[reason::TRAILING_BYTES]);
    table.add(12, "zip behind", behind(&zip), trailing);
    table.add(12, "html behind", behind(b"<html><script>alert(1)</script></html>"), trailing);
    table.add(12, "zeros behind", behind(&[0; 512]), trailing);
    table.add(12, "ones behind", behind(&[0xFF; 512]), trailing);
    table.opens(12, "padding shorter than an attribute behind", behind(&[0; 6]), &[]);
    let padding = element(0xFFFC_FFFC, "OB", &[0; 100]);
    table.opens(12, "trailing padding as the standard has it", behind(&padding), &[]);
    let long_padding = element(0xFFFC_FFFC, "OB", &vec![0; 200_000]);
    table.opens(12, "much trailing padding", behind(&long_padding), &[]);
    table.refused(12, "the file twice", behind(&whole[data_set_start(&whole)..]), reason::MALFORMED);
    table.add(12, "the file twice with its preamble", behind(&whole), trailing);
    let more = deflated(&ct(), |stream| [stream, vec![7; 40]].concat());
    table.add(44, "bytes behind the deflated data", more, trailing);
    let padded = deflated(&ct(), |stream| [stream, vec![0]].concat());
    table.opens(44, "one byte of padding behind the deflated data", padded, &[]);
}

/// Rows 2 and 3: every cut through a small file of one frame, of three, and of three in fragments.
#[test]
fn a_file_cut_at_any_byte_is_refused_or_shows_its_whole_frames() {
    check_cuts("one frame", &ct().bytes(), |_| 0);
    check_cuts("implicit", &implicit(&ct(), IMPLICIT_LE), |_| 0);
    check_cuts("deflated", &deflated(&ct(), |stream| stream), |_| 0);
    let mut three = ct();
    three.text(0x0028_0008, "IS", "3").raw(0x7FE0_0010, "OW", &[7; 72]);
    check_cuts("three frames", &three.bytes(), |n_cut| 2_u32.saturating_sub((n_cut as u32 - 1) / 24));
    let frame = rle(&[vec![0; 12], vec![9; 12]]);
    three.syntax("5").encapsulated(&[&frame, &frame, &frame]);
    // A fragment without anything behind it may go on behind the cut
    let n_fragment = frame.len() + 8;
    check_cuts("three fragments", &three.bytes(), |n_cut| 2_u32.saturating_sub((n_cut as u32 - 1) / n_fragment as u32));
}

/// `n_frames(n_cut)`: how many frames are whole in a file that lacks its last `n_cut` bytes.
fn check_cuts(name: &str, whole: &[u8], n_frames: impl Fn(usize) -> u32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, whole).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    for n in (0..whole.len()).rev() {
        file.set_len(n as u64).unwrap();
        let intake = scan_all(&path);
        let shown = instances(&intake).next().map_or(0, |instance| {
            assert!(codes(&intake).contains(&reason::PIXELS_TRUNCATED), "{name} cut at {n}");
            for frame in 0..instance.n_frames() {
                load_frame(instance, frame).unwrap_or_else(|error| panic!("{name} cut at {n}: {error}"));
            }
            instance.n_frames()
        });
        assert_eq!(shown, n_frames(whole.len() - n), "{name} cut at {n} of {}", whole.len());
    }
}

/// Row 22: what is claimed is never reserved, and what is a hole is never read.
#[cfg(target_os = "linux")]
#[test]
fn a_sparse_file_of_a_terabyte_costs_nothing() {
    let sparse = |head: Vec<u8>| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, head).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        // A file system without such files has nothing to be tested
        if file.set_len(1 << 40).is_err() {
            return None;
        }
        Some(codes(&scan_all(&path)))
    };
    let Some(hole) = sparse(vec![0]) else {
        println!("skipped: no sparse files here");
        return;
    };
    assert_eq!(hole, [reason::NOT_AN_IMAGE_FILE]);
    assert_eq!(sparse(b"\x89PNG\r\n\x1a\n".to_vec()).unwrap(), [reason::TOO_LARGE]);
    assert_eq!(sparse(deflated(&ct(), |stream| stream)).unwrap(), [reason::TOO_LARGE]);
    assert_eq!(sparse(ct().bytes()).unwrap(), [reason::TRAILING_BYTES]);
    let mut long = ct();
    long.bytes_of(0x7FE0_0010, claiming(0x7FE0_0010, b"OW", 0xFFFF_FFFE, &[7; 24]));
    assert!(sparse(long.bytes()).unwrap().contains(&reason::TRAILING_BYTES));
    let mut text = ct();
    text.without(0x7FE0_0010).bytes_of(0x0009_0010, claiming(0x0009_0010, b"UN", 0xFFFF_FFF0, &[]));
    assert_eq!(sparse(text.bytes()).unwrap(), [reason::TOO_LARGE]);
}
