//! A file's attributes, for somebody who wants to look.

use overread::domain::header::HeaderLine;
use overread::import::{Importer, ScanOptions};

use crate::data;

fn find<'a>(lines: &'a [HeaderLine], name: &str) -> Option<&'a HeaderLine> {
    lines.iter().find(|line| line.name == name)
}

#[test]
fn every_attribute_is_listed_with_its_kind_and_its_value() {
    let folder = tempfile::tempdir().unwrap();
    data::write_small_phantom(folder.path());
    let importer = Importer::in_process(ScanOptions::default());
    let intake = importer.scan(&[folder.path().to_owned()], &|| false, &|_| {});
    let study = &intake.studies[0];
    let (instance, _) = study.series[0].image(0).unwrap();
    let lines = importer.header(&instance.path).unwrap();
    let of = |name: &str| find(&lines, name).map(|line| (line.tag_words(), line.vr.as_str(), line.value.as_str()));
    let rows = instance.pixels.rows.to_string();
    assert_eq!(of("Rows"), Some(("(0028,0010)".to_owned(), "US", rows.as_str())));
    assert_eq!(of("PatientID").map(|(_, vr, value)| (vr, value)), Some(("LO", study.patient.id.as_str())));
    assert!(find(&lines, "TransferSyntaxUID").is_some());
    assert!(find(&lines, "PixelData").is_none(), "pixels are not read");
    let tags: Vec<u32> = lines.iter().filter(|line| line.depth == 0).map(|line| line.tag).collect();
    assert!(tags.is_sorted(), "in the file's order");
    assert!(importer.header(&folder.path().join("nothing.dcm")).is_err());
}

#[test]
fn sequences_are_listed_with_their_items() {
    let Some(root) = data::shared("dicom/conformance") else { return };
    let importer = Importer::in_process(ScanOptions::default());
    let mut n_files = 0;
    let mut deepest = 0;
    for entry in std::fs::read_dir(root).unwrap().flatten().take(60) {
        if let Ok(lines) = importer.header(&entry.path()) {
            n_files += 1;
            deepest = deepest.max(lines.iter().map(|line| line.depth).max().unwrap_or(0));
            assert!(lines.iter().all(|line| line.value.chars().count() <= 300));
        }
    }
    println!("{n_files} files, {deepest} sequences deep");
}
