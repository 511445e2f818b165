//! What the attributes of public files say, against what pydicom read there, and small files for what they lack.

mod frames;
mod overlays;
mod presentation;
mod spacing;

use std::path::Path;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use overread::domain::geometry::SpacingKind;
use overread::domain::instance::Instance;
use overread::domain::overlay::{Overlay, OverlayPlane};
use overread::domain::presentation::{ModalityLut, VoiTransform};
use overread::import::dicom::file::DicomFile;
use overread::import::limits::Limits;

use crate::import::corpus::{data, instances};
use crate::import::synthetic::scan_all;

/// Both lists of numbers, wherever they are in the text, agree.
fn is_like(ours: &str, theirs: &str) -> bool {
    let split = |text: &str| text.split([' ', '/', ':', '\\']).map(str::to_owned).collect::<Vec<String>>();
    let (ours, theirs) = (split(ours), split(theirs));
    let same = |(a, b): (&String, &String)| match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1e-3_f64.max(1e-9 * b.abs()),
        _ => a == b,
    };
    ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same)
}

fn spacing_words(instance: &Instance) -> String {
    let spacing = instance.spacing;
    match spacing.kind {
        SpacingKind::None | SpacingKind::Detector | SpacingKind::Magnified | SpacingKind::Region => String::new(),
        _ => format!("{}\\{}", spacing.row_mm, spacing.col_mm),
    }
}

fn window_words(instance: &Instance) -> String {
    let windows = instance.frames[0].voi.iter().filter_map(|transform| match transform {
        VoiTransform::Window { window, .. } => Some(format!("{}/{}", window.center, window.width)),
        VoiTransform::Table(_) => None,
    });
    windows.collect::<Vec<_>>().join(" ")
}

fn rescale_words(instance: &Instance) -> String {
    match &instance.frames[0].modality_lut {
        ModalityLut::Identity => String::new(),
        ModalityLut::Linear { slope, intercept } => format!("{slope}:{intercept}"),
        ModalityLut::Table(table) => format!("table:{}", table.entries.len()),
    }
}

fn plane_words(instance: &Instance) -> String {
    let planes: Vec<_> = instance.frames.iter().filter_map(|frame| frame.plane).collect();
    let last = planes.last().map(|plane| plane.position_mm.0.map(|v| format!("{v:.3}")).join(" "));
    last.map_or_else(|| "0".to_owned(), |last| format!("{}:{last}", planes.len()))
}

fn overlay_words(overlay: &Overlay) -> String {
    let n_set: u32 = match &overlay.plane {
        OverlayPlane::Packed(bytes) => bytes.iter().map(|byte| byte.count_ones()).sum(),
        OverlayPlane::Embedded { .. } => 0,
    };
    let [row, col] = overlay.origin;
    format!("{:04X}:{}:{}:{}:{}:{n_set}", overlay.group, overlay.rows, overlay.cols, row + 1, col + 1)
}

/// Each line was written by pydicom 3.0; the scaling of dose grids was added, as pydicom leaves it aside.
#[test]
fn attributes_are_what_pydicom_reads() {
    let Some(root) = data("") else { return };
    let frozen = include_str!("../../cases/import/attributes.tsv");
    let mut wrong = Vec::new();
    let mut n_compared = 0;
    for line in frozen.lines().skip(1) {
        let [path, spacing, windows, rescale, planes, overlays, _] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let intake = scan_all(&root.join(path));
        let Some(instance) = instances(&intake).next() else { continue };
        n_compared += 1;
        let our_overlays: Vec<String> = instance.overlays.iter().map(overlay_words).collect();
        let pairs = [
            ("spacing", spacing_words(instance), spacing),
            ("windows", window_words(instance), windows),
            ("rescale", rescale_words(instance), rescale),
            ("planes", plane_words(instance), planes),
            ("overlays", our_overlays.join(" "), overlays),
        ];
        for (what, ours, theirs) in pairs {
            if !is_like(&ours, theirs) {
                wrong.push(format!("{path}: {what} {ours:?}, not {theirs:?}"));
            }
        }
    }
    println!("{n_compared} files compared");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Names as pydicom 3.0 decodes them, in the data set and in items with sets of their own.
#[test]
fn names_in_every_character_set_are_what_pydicom_reads() {
    let Some(root) = data("") else { return };
    let frozen = include_str!("../../cases/import/names.tsv");
    let mut n_names = 0;
    for line in frozen.lines().skip(1) {
        let [path, place, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        // An empty last group of a name is left out by pydicom
        assert_eq!(name_in(&root.join(path), place).trim_end_matches('='), expected, "{path} at {place}");
        n_names += 1;
    }
    assert!(n_names >= 17);
}

fn name_in(path: &Path, place: &str) -> String {
    let file = DicomFile::open(path, &Limits::default()).unwrap();
    let root = file.root();
    let Ok(number) = u32::from_str_radix(place, 16) else { return root.text(tags::PATIENT_NAME) };
    let [a, b, c, d] = number.to_be_bytes();
    let items = root.items(Tag(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
    items.iter().map(|item| item.text(tags::PATIENT_NAME)).find(|name| !name.is_empty()).unwrap_or_default()
}
