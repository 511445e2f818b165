//! What we write comes back as it was: masks to the pixel, measurements to the digit, trees item by item.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use overread::domain::codes::Codes;
use overread::domain::coding::CodedConcept;
use overread::domain::document::DocumentKind;
use overread::domain::finding::{Evidence, Finding, FindingLabel, Place, PlacedSegment, Subject};
use overread::domain::mask::{Mask, Segment};
use overread::domain::report::{Report, ReportedFinding};
use overread::domain::series::Series;
use overread::domain::study::Study;
use overread::domain::uid::FindingId;
use overread::export::dicom::header::Identity;
use overread::export::dicom::segmentation::{
    self, Algorithm, AlgorithmIdentity, Coverage, SegmentToWrite, SegmentationKind, SegmentationToWrite,
};
use overread::import::load_frame;
use overread::segmentation::laid_over::{self, Target, frames_over, segments_over};

use crate::results::fixture::{
    self, DICOM_FORMATS, empty_report, model_findings, order, phantom, report, ring, scanned, series, subject, written,
};

/// Knuth's MMIX generator: the same cases every time.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn random_mask(random: &mut Random, rows: u32, cols: u32) -> Mask {
    let density = 1 + random.next(9);
    let dense: Vec<u8> = (0..rows * cols).map(|_| u8::from(random.next(10) < density)).collect();
    Mask::from_dense(rows, cols, &dense).unwrap()
}

fn algorithm() -> AlgorithmIdentity {
    AlgorithmIdentity { name: "Test".into(), version: "1".into(), source: "Overread".into(), parameters: String::new() }
}

/// Masks by segment number and image index, as the file at `path` lays them over the series.
pub fn read_back(places: &[PathBuf], modality: &str, of: &Path) -> BTreeMap<(u32, usize), Mask> {
    let intake = scanned(places);
    let study = &intake.studies[0];
    let result = study.series.iter().flat_map(|series| &series.instances).find(|instance| instance.path == of).unwrap();
    let derivation = result.derivation.as_deref().unwrap();
    let target_series = series(study, modality);
    let reach_mm = target_series.geometry.slice_spacing_mm.map_or(0.5, |mm| mm.abs() / 2.0);
    let mut masks = BTreeMap::new();
    for index in 0..target_series.stack.len() {
        let (instance, frame) = target_series.image(index).unwrap();
        let target = Target { instance, frame, reach_mm };
        let frames = frames_over(result, derivation, &target);
        let decoded: Vec<_> = frames.iter().map(|at| (*at, Arc::new(load_frame(result, *at).unwrap()))).collect();
        for segment in segments_over(result, derivation, &target, &decoded) {
            let number = segment.id.rsplit('#').next().unwrap().parse().unwrap();
            masks.insert((number, index), segment.mask.clone());
        }
    }
    masks
}

fn write_masks(study: &Study, kind: SegmentationKind, segments: &[SegmentToWrite], path: &Path) {
    let ct = series(study, "CT");
    let wanted = SegmentationToWrite {
        study,
        series: ct,
        kind,
        segments,
        identity: Identity {
            sop_class: kind.sop_class(),
            sop: "1.2.3.99",
            series: "1.2.3.98",
            series_number: 1,
            instance_number: 1,
            modality: "SEG",
            description: "Random",
            made_at: fixture::MADE_AT,
        },
        label: "Random",
        creator: Some("Ada Reader"),
        edited_from: None,
        codes: Codes::shipped(),
    };
    std::fs::write(path, segmentation::file(&wanted).unwrap()).unwrap();
}

#[test]
fn random_masks_come_back_to_the_pixel_in_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let ct = series(&study, "CT");
    let (rows, cols) = (ct.instances[0].pixels.rows, ct.instances[0].pixels.cols);
    let mut random = Random(8);
    for round in 0..6 {
        let kind = [SegmentationKind::Binary, SegmentationKind::LabelMap, SegmentationKind::Fractional][round % 3];
        let is_label_map = kind == SegmentationKind::LabelMap;
        let n_segments = 1 + random.next(3) as usize;
        let mut expected: BTreeMap<(u32, usize), Mask> = BTreeMap::new();
        let mut segments = Vec::new();
        let mut taken: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for number in 1..=n_segments {
            let mut frames: Vec<(Subject, Coverage)> = Vec::new();
            for index in (0..ct.stack.len()).filter(|_| random.next(3) > 0).collect::<Vec<_>>() {
                let mut dense = random_mask(&mut random, rows, cols).to_dense();
                if is_label_map {
                    // What another has is not taken again
                    let taken = taken.entry(index).or_insert_with(|| vec![0; dense.len()]);
                    dense.iter_mut().zip(taken.iter_mut()).for_each(|(own, taken)| {
                        *own &= 1 - *taken;
                        *taken |= *own;
                    });
                }
                let mask = Mask::from_dense(rows, cols, &dense).unwrap();
                if mask.is_empty() {
                    continue;
                }
                expected.insert((number as u32, index), mask.clone());
                let coverage = match kind {
                    SegmentationKind::Fractional => {
                        let share = |inside: &u8| {
                            if *inside == 1 { 128 + random.next(128) as u8 } else { random.next(128) as u8 }
                        };
                        Coverage::Fractions(dense.iter().map(share).collect())
                    }
                    _ => Coverage::Mask(mask),
                };
                frames.push((subject(&study, ct, index), coverage));
            }
            segments.push(SegmentToWrite {
                label: format!("Segment {number}"),
                code: CodedConcept::new("SCT", "52988006", "Lesion"),
                algorithm: [
                    Algorithm::Manual,
                    Algorithm::SemiAutomatic(algorithm()),
                    Algorithm::Automatic(algorithm()),
                ][number % 3]
                    .clone(),
                tracking: (format!("T{number}"), format!("1.2.3.{number}")),
                color: [200, 10 * number as u8, 90],
                frames,
            });
        }
        let path = folder.path().join(format!("seg-{round}.dcm"));
        write_masks(&study, kind, &segments, &path);
        let found = read_back(&[folder.path().join("study"), path.clone()], "CT", &path);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{kind:?}");
        assert!(found == expected, "{kind:?}");
        // What is said of each segment comes back, too
        let intake = scanned(&[folder.path().join("study"), path]);
        let results = intake.studies[0].series.iter().flat_map(|series| &series.instances);
        let derivation = results.filter_map(|instance| instance.derivation.as_deref()).next().unwrap();
        for (facts, segment) in derivation.segments.iter().zip(&segments) {
            assert_eq!((&facts.label, &facts.tracking_uid), (&segment.label, &Some(segment.tracking.1.clone())));
            assert_eq!(facts.code.as_ref(), Some(&segment.code));
            let word = ["MANUAL", "SEMIAUTOMATIC", "AUTOMATIC"][facts.number as usize % 3];
            assert_eq!(facts.algorithm_type, word);
            let color = facts.color.unwrap();
            assert!(color.iter().zip(segment.color).all(|(a, b)| a.abs_diff(b) <= 1), "{color:?}");
        }
    }
}

#[test]
fn segments_that_overlap_are_no_label_map_and_masks_of_another_grid_no_segmentation() {
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let ct = series(&study, "CT");
    let (rows, cols) = (ct.instances[0].pixels.rows, ct.instances[0].pixels.cols);
    let with = |mask: Mask| SegmentToWrite {
        label: "One".into(),
        code: CodedConcept::new("SCT", "52988006", "Lesion"),
        algorithm: Algorithm::Manual,
        tracking: ("T".into(), "1.2.3".into()),
        color: [1, 2, 3],
        frames: vec![(subject(&study, ct, 0), Coverage::Mask(mask))],
    };
    let whole = || with(fixture::ring(rows, cols, [10.0, 10.0], [0.0, 5.0]));
    let codes = Codes::shipped();
    let write = |kind, segments: &[SegmentToWrite]| {
        let identity = Identity {
            sop_class: "1.2",
            sop: "1.2.3",
            series: "1.2.4",
            series_number: 1,
            instance_number: 1,
            modality: "SEG",
            description: "",
            made_at: fixture::MADE_AT,
        };
        let wanted = SegmentationToWrite {
            study: &study,
            series: ct,
            kind,
            segments,
            identity,
            label: "",
            creator: None,
            edited_from: None,
            codes,
        };
        segmentation::file(&wanted)
    };
    assert!(write(SegmentationKind::Binary, &[whole(), whole()]).is_ok());
    let refused = write(SegmentationKind::LabelMap, &[whole(), whole()]).unwrap_err().to_string();
    assert!(refused.contains("overlap"), "{refused}");
    let other = with(fixture::ring(rows + 1, cols, [10.0, 10.0], [0.0, 5.0]));
    assert!(write(SegmentationKind::Binary, &[other]).unwrap_err().to_string().contains("size"));
    let empty = with(Mask::from_dense(rows, cols, &vec![0; (rows * cols) as usize]).unwrap());
    assert!(write(SegmentationKind::Binary, &[empty]).unwrap_err().to_string().contains("empty"));
}

#[test]
fn a_whole_export_comes_back_with_its_masks_map_measurements_and_words() {
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let report = report(&study);
    let out = folder.path().join("out");
    written(&order(report.clone(), &DICOM_FORMATS), &out);
    let places = [folder.path().join("study"), out.clone()];
    // Masks
    let nodules = read_back(&places, "CT", &out.join("seg-ct-nodules.dcm"));
    let of_report = report.findings.iter().map(|reported| &reported.finding);
    let ours: Vec<&Mask> = of_report
        .clone()
        .filter(|finding| finding.label.id == "nodule")
        .map(|finding| &finding.evidence.segments[0].mask)
        .collect();
    assert_eq!(nodules.values().collect::<Vec<_>>(), ours);
    for file in ["seg-chest-anatomy.dcm", "labelmap-chest-anatomy.dcm"] {
        let found = read_back(&places, "DX", &out.join(file));
        let ratio = of_report.clone().find(|finding| finding.id.as_str() == "f-ratio").unwrap();
        let ours: Vec<&Mask> = ratio.evidence.segments.iter().map(|segment| &segment.mask).collect();
        assert_eq!(found.values().collect::<Vec<_>>(), ours, "{file}");
    }
    // The map
    let intake = scanned(&places);
    let back = &intake.studies[0];
    let map = back
        .series
        .iter()
        .flat_map(|series| &series.instances)
        .find(|one| one.path.ends_with("pm-chest-findings-effusion.dcm"));
    let map = map.unwrap();
    let (_, dx) = back.instance(&subject(&study, series(&study, "DX"), 0).sop).unwrap();
    let target = Target { instance: dx, frame: 0, reach_mm: 0.5 };
    assert_eq!(laid_over::map_frame_over(map, &target), Some(0));
    let frame = load_frame(map, 0).unwrap();
    let expected =
        overread::imaging::saliency::saliency_on_source_grid(&fixture::saliency(dx.pixels.rows, dx.pixels.cols));
    let found: Vec<f32> = (0..frame.samples().len()).map(|at| frame.samples().at(at).unwrap() as f32).collect();
    assert_eq!(found, expected);
    // Measurements: every number of every drawing, with its unit
    let reader = back.documents.iter().find(|document| document.path.ends_with("sr-reader.dcm")).unwrap();
    assert_eq!(reader.kind, DocumentKind::StructuredReport);
    for reported in &report.annotations {
        let annotation = &reported.annotation;
        let uid = overread::export::dicom::uids::tracking_uid(annotation.id.as_str());
        let is_meant = |finding: &&Arc<overread::domain::finding::Finding>| {
            finding.imported().unwrap().tracking_uid.as_deref() == Some(uid.as_str())
        };
        let found = reader.findings.iter().find(is_meant).unwrap();
        let numbers = |measurements: &[overread::domain::finding::Measurement]| {
            measurements.iter().map(|one| (one.id.clone(), one.value, one.unit.clone())).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&found.measurements), numbers(&annotation.measurements), "{:?}", annotation.shape);
        if let Some(subject) = annotation.ground.subject() {
            assert_eq!(&found.subject, subject, "{:?}", annotation.shape);
        }
    }
    // The model's finding keeps its place, its code and its sentence
    let findings = back.documents.iter().find(|document| document.path.ends_with("sr-chest-findings.dcm")).unwrap();
    let effusion = &findings.findings.iter().find(|finding| finding.label.code.is_some()).unwrap();
    let ours = of_report.clone().find(|finding| finding.id.as_str() == "f-effusion").unwrap();
    assert_eq!((&effusion.label.code, &effusion.place), (&ours.label.code, &ours.place));
    let edema = findings.findings.iter().find(|finding| finding.label.code.is_none()).unwrap();
    assert!(!edema.is_flagged() && effusion.is_flagged(), "what was below its operating point comes back as such");
}

/// A model's finding that reaches through three slices, with a mask on each.
fn lesion(id: &str, study: &Study, series: &Series, center: [f64; 2]) -> Finding {
    let mask = |radius: f64| {
        let (instance, _) = series.image(0).unwrap();
        ring(instance.pixels.rows, instance.pixels.cols, center, [-1.0, radius])
    };
    let segment = |radius: f64| {
        Arc::new(Segment {
            id: "nodule".into(),
            name: "Nodule".into(),
            code: CodedConcept::new("SCT", "27925004", "Nodule"),
            color: [200, 80, 80],
            mask: mask(radius),
        })
    };
    let mut finding = model_findings(study).remove(0);
    finding.id = FindingId::new(id);
    finding.label = FindingLabel { id: "nodule".into(), name: "Nodule".into(), code: None };
    finding.subject = subject(study, series, 4);
    let region = mask(3.0).bounds().unwrap();
    finding.place = Place::Region { region };
    let elsewhere = [3, 5].map(|index| {
        let Subject { sop, frame, .. } = subject(study, series, index);
        PlacedSegment { sop, frame, segment: segment(2.0) }
    });
    finding.evidence = Evidence { segments: vec![segment(3.0)], elsewhere: elsewhere.into(), ..Evidence::default() };
    finding
}

#[test]
fn lesions_of_one_kind_leave_as_segments_of_their_own_with_all_their_slices() {
    let folder = tempfile::tempdir().unwrap();
    let of_study = folder.path().join("study");
    let study = phantom(&of_study);
    let ct = series(&study, "CT");
    let findings = [lesion("n-1", &study, ct, [8.0, 8.0]), lesion("n-2", &study, ct, [16.0, 8.0])];
    let findings = findings.map(|finding| ReportedFinding::undecided(Arc::new(finding)));
    let report = Report { findings: findings.into(), ..empty_report(&study) };
    let n_pixels = |number: usize| {
        let Evidence { segments, elsewhere, .. } = &report.findings[number - 1].finding.evidence;
        let all = segments.iter().chain(elsewhere.iter().map(|placed| &placed.segment));
        all.map(|segment| segment.mask.n_pixels()).sum::<u64>()
    };
    let out = written(&order(report.clone(), &["seg", "sr"]), &folder.path().join("out"));
    let file = out.files.iter().find(|file| file.file_name().unwrap().to_string_lossy().starts_with("seg")).unwrap();
    let masks = read_back(&[of_study, file.clone()], "CT", file);
    for number in [1, 2] {
        let of_segment = masks.iter().filter(|((segment, _), _)| usize::try_from(*segment).unwrap() == number);
        let slices: Vec<usize> = of_segment.clone().map(|((_, slice), _)| *slice).collect();
        assert_eq!(slices, [3, 4, 5], "segment {number}");
        assert_eq!(of_segment.map(|(_, mask)| mask.n_pixels()).sum::<u64>(), n_pixels(number), "segment {number}");
    }
}
