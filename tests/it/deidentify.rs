//! Copies that name nobody: not one word of the original's in any byte that leaves, and the same pictures.

use std::fs;
use std::path::{Path, PathBuf};

use dicom_core::Tag;
use dicom_object::open_file;
use overread::domain::deidentification::{BurnedIn, Dates, Options, Private};
use overread::domain::instance::Instance;
use overread::export::deidentify::pseudonyms::Secret;
use overread::import::{Importer, ScanOptions};
use overread::jobs::work::deidentifying::{self, Copies, CopyRequest};

use crate::data;
use crate::import::synthetic::{Written, only_instance, scan_all};

mod canaries;
mod validity;

pub fn copied(from: &Path, to: &Path, options: Options) -> Copies {
    let importer = Importer::in_process(ScanOptions::default());
    let paths = [from.to_owned()];
    let secret = Secret::of_bytes(b"a secret of the test");
    let request =
        CopyRequest { importer: &importer, paths: &paths, folder: to, options, secret, agreed: Default::default() };
    deidentifying::run(&request, &|| false, &|_| {}).unwrap()
}

pub fn every_option() -> Options {
    Options {
        dates: Dates::Shift,
        private: Private::KeepSafe,
        cleans_descriptors: true,
        cleans_structured_content: true,
        ..Options::default()
    }
}

/// Everything under a folder: names and bytes.
pub fn all_bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
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

pub fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
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
    let request = CopyRequest {
        importer: &importer,
        paths: &paths,
        folder: &inside,
        options,
        secret,
        agreed: Default::default(),
    };
    assert!(deidentifying::run(&request, &|| false, &|_| {}).unwrap_err().contains("among the originals"));
    assert!(!inside.exists());
}

/// `HEHE` in letters of 10 × 14 pixels at (20, 30), over a ramp.
pub fn with_writing() -> Vec<u16> {
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

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}
