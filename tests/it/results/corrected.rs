//! A mask as a reader left it leaves beside the model's own, which stays as the model said it.

use std::sync::Arc;

use overread::domain::finding::Finding;
use overread::domain::mask_edit::{MaskChange, MaskEdit, MaskGround, MaskStep, MaskSubject, SegmentEdit, SegmentInfo};
use overread::domain::study::Study;
use overread::domain::uid::{EventId, FindingId, ReaderName};
use overread::jobs::work::reported_masks::with_masks;
use overread::review::command::{Command, Stamp};
use overread::review::session::ReviewSession;
use overread::segmentation::grid::{Span, VoxelGrid};
use overread::segmentation::voxel_mask::VoxelMask;

use crate::results::fixture::{self, MADE_AT, model_findings, order, phantom, report, series, subject, written};
use crate::results::round_trip::read_back;

struct Hand {
    session: ReviewSession,
    n_events: u64,
}

impl Hand {
    fn new(study: &Study) -> Self {
        let mut hand = Self { session: ReviewSession::new(study.uid.clone()), n_events: 0 };
        hand.does(Command::AddSuggestions(model_findings(study).into_iter().map(Arc::new).collect()));
        hand
    }

    fn does(&mut self, command: Command) {
        let Self { session, n_events } = self;
        let mut stamps = || {
            *n_events += 1;
            let reader = ReaderName::new(fixture::READER);
            Stamp { reader, at: MADE_AT.into(), event: EventId::new(format!("e{n_events}")) }
        };
        session.apply(command, &mut stamps).unwrap();
    }

    fn edits(&mut self, mask: &MaskSubject, segment: &str, before: &VoxelMask, now: &VoxelMask) {
        let edited = SegmentEdit { segment: segment.into(), flips: before.flips_to(now) };
        let edit = MaskEdit { tool: "brush".into(), segments: vec![edited], spent_ms: 900 };
        self.does(Command::ChangeMask(Arc::new(MaskChange { mask: mask.clone(), step: MaskStep::Edited(edit) })));
    }
}

fn words_of(path: &std::path::Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}

#[test]
fn a_corrected_mask_leaves_beside_the_models_own_and_comes_back_to_the_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let dx = series(&study, "DX");
    let (rows, cols) = (dx.instances[0].pixels.rows, dx.instances[0].pixels.cols);
    let grid = VoxelGrid::flat(cols, rows, [1.0, 1.0]);
    let findings = model_findings(&study);
    let ratio: &Finding = findings.iter().find(|finding| finding.id.as_str() == "f-ratio").unwrap();
    let heart = VoxelMask::empty(grid).with_slice(0, &ratio.evidence.segments[0].mask).unwrap();
    let lung = &ratio.evidence.segments[1].mask;
    let mut corrected = heart.clone();
    for row in 10..20 {
        corrected.fill(&Span { slice: 0, row, from: 3, to: 30 });
        corrected.clear(&Span { slice: 0, row: row + rows / 2, from: 0, to: cols });
    }
    let ground = MaskGround::Image { subject: subject(&study, dx, 0), cols, rows };
    let mask = MaskSubject { ground, finding: Some(FindingId::new("f-ratio")) };
    let mut hand = Hand::new(&study);
    // Taken back, drawn once more: only what is in force counts
    hand.edits(&mask, "heart", &heart, &VoxelMask::empty(grid));
    hand.does(Command::Undo);
    hand.edits(&mask, "heart", &heart, &corrected);
    let report = with_masks(report(&study), &hand.session);
    assert_eq!(report.masks.len(), 1);
    let out = folder.path().join("out");
    written(&order(report, &["seg", "labelmap"]), &out);
    let places = [folder.path().join("study"), out.clone()];
    for format in ["seg", "labelmap"] {
        let models = read_back(&places, "DX", &out.join(format!("{format}-chest-anatomy.dcm")));
        let ours: Vec<_> = ratio.evidence.segments.iter().map(|segment| &segment.mask).collect();
        assert_eq!(models.values().collect::<Vec<_>>(), ours, "what the model said is said as before");
        let file = out.join(format!("{format}-corrected-1.dcm"));
        let found = read_back(&places, "DX", &file);
        assert_eq!(found.values().collect::<Vec<_>>(), [&corrected.slice_mask(0), lung], "{format}");
        let words = words_of(&file);
        assert!(words.contains("SEMIAUTOMATIC") && words.contains("AUTOMATIC ") && words.contains("Corrected"));
        assert!(!words_of(&out.join(format!("{format}-chest-anatomy.dcm"))).contains("SEMIAUTOMATIC"));
    }
}

#[test]
fn what_a_reader_drew_on_a_stack_from_nothing_leaves_as_manual_with_every_slice() {
    let folder = tempfile::tempdir().unwrap();
    let study = phantom(&folder.path().join("study"));
    let ct = series(&study, "CT");
    let (rows, cols) = (ct.instances[0].pixels.rows, ct.instances[0].pixels.cols);
    let slices = ct.stack.len() as u32;
    let (first, last) = (subject(&study, ct, 0), subject(&study, ct, ct.stack.len() - 1));
    let (study_uid, series_uid) = (study.uid.clone(), ct.uid.clone());
    let ground = MaskGround::Stack {
        study: study_uid,
        series: series_uid,
        first: first.sop,
        last: last.sop,
        cols,
        rows,
        slices,
    };
    let grid = VoxelGrid { cols, rows, slices, spacing_mm: [1.0; 3] };
    let spans: Vec<Span> = (1..4).map(|slice| Span { slice, row: 5 + slice, from: 2, to: 9 + slice }).collect();
    let drawn = VoxelMask::from_spans(grid, &spans);
    let mask = MaskSubject { ground, finding: None };
    let mut hand = Hand::new(&study);
    let segment = SegmentInfo { id: "reader-1".into(), name: "Lesion".into(), code: None, color: [230, 159, 0] };
    let step = MaskStep::SegmentDefined { segment };
    hand.does(Command::ChangeMask(Arc::new(MaskChange { mask: mask.clone(), step })));
    assert!(with_masks(report(&study), &hand.session).masks.is_empty(), "a segment without a voxel is nothing");
    hand.edits(&mask, "reader-1", &VoxelMask::empty(grid), &drawn);
    let out = folder.path().join("out");
    written(&order(with_masks(report(&study), &hand.session), &["seg"]), &out);
    let file = out.join("seg-corrected-1.dcm");
    let found = read_back(&[folder.path().join("study"), out], "CT", &file);
    let expected: Vec<_> = (1..4).map(|slice| ((1, slice as usize), drawn.slice_mask(slice))).collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    assert!(words_of(&file).contains("MANUAL"));
}
