//! What shapes measure: against NumPy and scikit-image, against the phantom's truth, and through the record.

use std::path::PathBuf;
use std::sync::Arc;

use overread::domain::annotation::{Annotation, Ground, PlaneInPatient};
use overread::domain::frame::{Frame, FrameKey, Samples};
use overread::domain::geometry::{PixelPlane, Spacing, SpacingKind, Vec3};
use overread::domain::instance::FrameAttributes;
use overread::domain::presentation::{ModalityLut, PixelPadding, ValueUnit};
use overread::domain::shape::Shape;
use overread::domain::uid::{AnnotationId, FrameOfReferenceUid, SopInstanceUid};
use overread::imaging::measure::scale::Scale;
use overread::imaging::measure::{Values, measure, region, words};
use overread::imaging::phantom::{CtGrid, Scene, ct};
use overread::review::command::Command;
use overread::review::rules::Refusal;
use overread::review::session::{Keeping, RecordAccess, ReviewSession};
use overread::store::ReviewStore;
use overread::store::sqlite::{OpenMode, SqliteStore};
use serde::Deserialize;

use crate::record::{Desk, decide, study, subject};

const ROWS: u32 = 120;
const COLS: u32 = 160;

#[derive(Deserialize)]
struct Expected {
    shape: Shape,
    area_px: f64,
    n_pixels: u64,
    mean: f64,
    sd: f64,
    min: f64,
    max: f64,
}

/// The picture of `tests/cases/imaging/measure/make.py`.
fn picture() -> Frame {
    let pixels = (0..ROWS).flat_map(|row| (0..COLS).map(move |col| (row, col)));
    let stored = pixels.map(|(row, col)| ((col * 37 + row * 91 + (col * row) % 17 * 5) % 4096) as u16);
    let samples = Samples::U16(stored.collect());
    Frame::new(FrameKey { sop: SopInstanceUid::new("1.2"), index: 0, origin: 0 }, ROWS, COLS, samples).unwrap()
}

fn half_units() -> FrameAttributes {
    let modality_lut = ModalityLut::Linear { slope: 0.5, intercept: -1024.25 };
    FrameAttributes { modality_lut, ..FrameAttributes::default() }
}

#[test]
fn regions_hold_the_pixels_and_have_the_statistics_that_numpy_and_scikit_image_find() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/imaging/measure/expected.json");
    let cases: Vec<Expected> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(cases.len(), 9);
    let (frame, attrs) = (picture(), half_units());
    let padding = Some(PixelPadding { low: 0, high: 0 });
    let values = Values { frame: &frame, attrs: &attrs, padding, unit: &ValueUnit::Hounsfield, is_color: false };
    for Expected { shape, area_px, n_pixels, mean, sd, min, max } in cases {
        let found = region::statistics(&shape, &values).unwrap();
        let word = shape.word();
        assert!((region::area(&shape) - area_px).abs() < 1e-9 * area_px, "{word}");
        assert_eq!((found.n_pixels, found.min, found.max), (n_pixels, min, max), "{word}");
        assert!((found.mean - mean).abs() < 1e-9 && (found.sd.unwrap() - sd).abs() < 1e-9, "{word}: {found:?}");
        assert_eq!(found.histogram.counts.iter().sum::<u64>(), n_pixels, "{word}");
        assert!(found.histogram.counts.len() <= region::MAX_BINS);
    }
}

#[test]
fn every_sample_type_gives_the_same_statistics() {
    let attrs = FrameAttributes::default();
    let shape = Shape::Ellipse { corners: [[1.2, 0.7], [8.9, 9.3]], turned_deg: 0.0 };
    let small = |n: u8| n.wrapping_mul(23) % 120;
    let of = |samples: Samples| {
        let key = FrameKey { sop: SopInstanceUid::new("1.2"), index: 0, origin: 0 };
        let frame = Frame::new(key, 10, 12, samples).unwrap();
        let unit = ValueUnit::Unspecified;
        let values = Values { frame: &frame, attrs: &attrs, padding: None, unit: &unit, is_color: false };
        region::statistics(&shape, &values).unwrap()
    };
    let all = [
        Samples::U8((0..120).map(small).collect()),
        Samples::I8((0..120).map(|n| small(n) as i8).collect()),
        Samples::U16((0..120).map(|n| small(n).into()).collect()),
        Samples::I16((0..120).map(|n| small(n).into()).collect()),
        Samples::U32((0..120).map(|n| small(n).into()).collect()),
        Samples::I32((0..120).map(|n| small(n).into()).collect()),
        Samples::F32((0..120).map(|n| small(n).into()).collect()),
        Samples::F64((0..120).map(|n| small(n).into()).collect()),
    ];
    let [first, others @ ..] = all.map(of);
    for other in others {
        assert_eq!((other.n_pixels, other.min, other.max), (first.n_pixels, first.min, first.max));
        assert!((other.mean - first.mean).abs() < 1e-12 && (other.sd.unwrap() - first.sd.unwrap()).abs() < 1e-12);
        assert_eq!(other.histogram, first.histogram);
    }
}

#[test]
fn a_turned_ellipse_holds_the_pixels_whose_centers_lie_in_it() {
    for turned_deg in [10.0, 37.5, 90.0, 135.0, -60.0] {
        let shape = Shape::Ellipse { corners: [[11.3, 14.2], [34.1, 23.7]], turned_deg };
        let held: Vec<usize> = region::spans(&shape, 40, 48).into_iter().flatten().collect();
        let (sin, cos) = f64::to_radians(turned_deg).sin_cos();
        let is_inside = |index: &usize| {
            let (dx, dy) = ((index % 48) as f64 - 22.7, (index / 48) as f64 - 18.95);
            let (along, across) = (dx * cos + dy * sin, dy * cos - dx * sin);
            (along / 11.4).powi(2) + (across / 4.75).powi(2) < 1.0
        };
        assert_eq!(held, (0..40 * 48).filter(is_inside).collect::<Vec<_>>(), "{turned_deg}");
        assert!((region::area(&shape) - std::f64::consts::PI * 11.4 * 4.75).abs() < 1e-9);
    }
}

#[test]
fn the_phantoms_nodule_is_as_wide_and_as_dense_as_its_truth_says() {
    let options = overread::export::phantom_study::PhantomOptions::small();
    let scene: Scene = options.scene();
    let nodule = options.nodules.iter().max_by(|a, b| a.diameter_mm.total_cmp(&b.diameter_mm)).unwrap();
    let [x, y, z] = nodule.center_mm;
    let grid = CtGrid { rows: 96, cols: 96, n_slices: 1, first_z_mm: z, center_xy_mm: [x, y], ..CtGrid::FULL };
    let slice = ct::quiet_slice(&scene, &grid, 0);
    let plane = grid.plane(0);
    let spacing = Spacing { kind: SpacingKind::Patient, row_mm: grid.pixel_mm, col_mm: grid.pixel_mm, aspect: 1.0 };
    let place = PixelPlane::of(&plane, &spacing).unwrap();
    let center = place.pixel(Vec3(nodule.center_mm));
    // Half way between lung and nodule the border lies: from there to there along the row through the center
    let line = center[1].round() as usize * 96;
    let row: Vec<f64> = slice[line..line + 96].iter().map(|value| f64::from(*value)).collect();
    let half = (row[center[0].round() as usize] + row[0]) / 2.0;
    let crossing = |from: usize, to: usize| {
        let (a, b) = (row[from], row[to]);
        from as f64 + (to as f64 - from as f64) * (half - a) / (b - a)
    };
    let middle = center[0].round() as usize;
    let left = (0..middle).rev().find(|col| row[*col] < half).unwrap();
    let right = (middle..96).find(|col| row[*col] < half).unwrap();
    let shape =
        Shape::Length { ends: [[crossing(left, left + 1), center[1]], [crossing(right, right - 1), center[1]]] };
    let scale = Scale::of(&spacing, &[], &shape.points());
    let [length] = measure(&shape, &scale, None).try_into().unwrap();
    assert!((length.value - nodule.diameter_mm).abs() < grid.pixel_mm, "{} of {}", length.value, nodule.diameter_mm);
    let samples = Samples::I16(slice.iter().map(|value| value.round() as i16).collect());
    let key = FrameKey { sop: SopInstanceUid::new("1.2"), index: 0, origin: 0 };
    let frame = Frame::new(key, 96, 96, samples).unwrap();
    let attrs = FrameAttributes::default();
    let values = Values { frame: &frame, attrs: &attrs, padding: None, unit: &ValueUnit::Hounsfield, is_color: false };
    let reach = nodule.diameter_mm / 4.0 / grid.pixel_mm;
    let inside = Shape::Ellipse {
        corners: [[center[0] - reach, center[1] - reach], [center[0] + reach, center[1] + reach]],
        turned_deg: 0.0,
    };
    let found = region::statistics(&inside, &values).unwrap();
    let truth = overread::imaging::phantom::Tissue::Nodule.hounsfield(Vec3(nodule.center_mm));
    assert!((found.mean - truth).abs() < 2.0, "{} HU, truth {truth}", found.mean);
}

fn annotation(id: &str, shape: Shape) -> Annotation {
    let spacing = Spacing { kind: SpacingKind::Projection, row_mm: 0.143, col_mm: 0.143, aspect: 1.0 };
    let scale = Scale::of(&spacing, &[], &shape.points());
    let (frame, attrs) = (picture(), half_units());
    let values = Values { frame: &frame, attrs: &attrs, padding: None, unit: &ValueUnit::Hounsfield, is_color: false };
    Annotation {
        id: AnnotationId::new(id),
        ground: Ground::Image { subject: subject(&study()), plane: None },
        measurements: measure(&shape, &scale, Some(&values)),
        shape,
        text: String::new(),
        label_offset: None,
        calibration: scale.kind(),
    }
}

fn length(id: &str, to: f64) -> Arc<Annotation> {
    Arc::new(annotation(id, Shape::Length { ends: [[10.0, 10.0], [to, 10.0]] }))
}

fn shown(session: &ReviewSession) -> Vec<String> {
    session.annotations().iter().map(|review| words::headline(&review.annotation)).collect()
}

#[test]
fn what_is_drawn_is_changed_removed_undone_and_redone_in_order_with_decisions() {
    let mut desk = Desk::with_three();
    desk.does(Command::PlaceAnnotation(length("m1", 110.0)));
    desk.does(decide("a", overread::domain::decision::Verdict::Accepted, ""));
    desk.does(Command::PlaceAnnotation(length("m2", 60.0)));
    desk.does(Command::ChangeAnnotation(length("m1", 210.0)));
    assert_eq!(shown(&desk.session), ["28.6 mm (Proj)", "7.15 mm (Proj)"]);
    desk.does(Command::RemoveAnnotation { annotation: AnnotationId::new("m2") });
    assert_eq!(shown(&desk.session), ["28.6 mm (Proj)"]);
    let undone: Vec<Vec<String>> = (0..4)
        .map(|_| {
            desk.does(Command::Undo);
            shown(&desk.session)
        })
        .collect();
    assert_eq!(undone[0], ["28.6 mm (Proj)", "7.15 mm (Proj)"]);
    assert_eq!(undone[1], ["14.3 mm (Proj)", "7.15 mm (Proj)"]);
    assert_eq!(undone[2], ["14.3 mm (Proj)"]);
    assert_eq!((desk.decision("a"), shown(&desk.session).len()), (None, 1), "the decision's turn");
    for _ in 0..4 {
        desk.does(Command::Redo);
    }
    assert_eq!(shown(&desk.session), ["28.6 mm (Proj)"]);
    let again = desk.does(Command::ChangeAnnotation(length("m1", 210.0)));
    assert!(again.is_empty(), "what is so already is no event");
}

#[test]
fn a_change_names_who_made_it_and_the_placing_stays_the_placers() {
    let mut desk = Desk::new();
    desk.does(Command::PlaceAnnotation(length("m1", 110.0)));
    desk.reader = overread::domain::uid::ReaderName::new("S. Econd");
    desk.does(Command::ChangeAnnotation(length("m1", 120.0)));
    let review = &desk.session.annotations()[0];
    assert_eq!((review.placed.reader.as_str(), review.keeping.clone()), ("R. Eader", Keeping::Pending));
    assert_eq!(review.changed.as_ref().unwrap().reader.as_str(), "S. Econd");
}

#[test]
fn what_may_not_be_drawn_is_refused_with_a_sentence() {
    let mut desk = Desk::new();
    let refused = |desk: &mut Desk, command| desk.tries(command).unwrap_err();
    desk.does(Command::PlaceAnnotation(length("m1", 110.0)));
    let twice = refused(&mut desk, Command::PlaceAnnotation(length("m1", 50.0)));
    assert_eq!(twice, Refusal::DuplicateAnnotation);
    let flat = refused(&mut desk, Command::PlaceAnnotation(length("m2", 10.0)));
    assert_eq!(flat, Refusal::UnfitAnnotation);
    let unknown = refused(&mut desk, Command::ChangeAnnotation(length("m2", 50.0)));
    assert_eq!(unknown, Refusal::UnknownAnnotation);
    let mut elsewhere = annotation("m1", Shape::Length { ends: [[1.0, 1.0], [2.0, 2.0]] });
    let Ground::Image { subject, .. } = &mut elsewhere.ground else { panic!() };
    subject.frame = 7;
    let moved = refused(&mut desk, Command::ChangeAnnotation(Arc::new(elsewhere)));
    assert_eq!(moved, Refusal::UnfitAnnotation, "a mark does not change its image");
    let wordless = annotation("m3", Shape::Text { at: [1.0, 1.0] });
    assert_eq!(refused(&mut desk, Command::PlaceAnnotation(Arc::new(wordless))), Refusal::UnfitText);
    desk.does(Command::RemoveAnnotation { annotation: AnnotationId::new("m1") });
    let gone = refused(&mut desk, Command::RemoveAnnotation { annotation: AnnotationId::new("m1") });
    assert_eq!(gone, Refusal::UnknownAnnotation);
    let reused = refused(&mut desk, Command::PlaceAnnotation(length("m1", 50.0)));
    assert_eq!(reused, Refusal::DuplicateAnnotation, "an identity is used once");
    desk.session.set_access(RecordAccess::ReadOnly);
    let sentence = refused(&mut desk, Command::PlaceAnnotation(length("m4", 50.0))).to_string();
    assert!(sentence.contains("read-only"), "{sentence}");
}

#[test]
fn every_shape_comes_back_from_the_record_to_the_bit_and_the_chain_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.db");
    let mut desk = Desk::new();
    let third = 1.0 / 3.0;
    let shapes = [
        Shape::Probe { at: [20.0 + third, 30.0] },
        Shape::Bidirectional { long: [[1.0, 2.0], [30.1, 4.7]], short: [[10.0, third], [11.0, 9.0]] },
        Shape::Angle { first: [1.0, 1.0], vertex: [9.0, third], second: [20.0, 20.0] },
        Shape::Cobb { lines: [[[1.0, 1.0], [9.0, 2.0]], [[1.0, 30.0], [9.0, 40.0]]] },
        Shape::Rectangle { corners: [[10.0, 10.0], [20.0 + third, 40.0]] },
        Shape::Ellipse { corners: [[10.0, 10.0], [20.0 + third, 40.0]], turned_deg: 0.0 },
        Shape::Freehand { outline: vec![[10.0, 10.0], [20.0 + third, 40.0], [50.0, 7.0]] },
        Shape::Arrow { tip: [1.0, 1.0], tail: [9.0, 9.0] },
        Shape::Text { at: [5.0, 6.0] },
    ];
    for (index, shape) in shapes.into_iter().enumerate() {
        let mut annotation = annotation(&format!("m{index}"), shape);
        annotation.text = "Näher hinsehen\nzweite Zeile".to_owned();
        annotation.label_offset = Some([third, -7.0]);
        desk.does(Command::PlaceAnnotation(Arc::new(annotation)));
    }
    desk.does(Command::RemoveAnnotation { annotation: AnnotationId::new("m0") });
    desk.does(Command::Undo);
    let events = desk.session.unkept_events();
    SqliteStore::open(&path, OpenMode::ReadWrite).unwrap().append(&study(), &events).unwrap();
    let store = SqliteStore::open(&path, OpenMode::ReadWrite).unwrap();
    let record = store.load(&study()).unwrap();
    assert_eq!(record.events, events);
    let replayed = ReviewSession::replay(study(), record.findings, record.events);
    let of = |session: &ReviewSession| -> Vec<Annotation> {
        session.annotations().iter().map(|review| Annotation::clone(&review.annotation)).collect()
    };
    assert_eq!(of(&replayed), of(&desk.session));
    assert_eq!(replayed.annotations().len(), 9);
    assert!(replayed.annotations().iter().all(|review| review.keeping == Keeping::Kept));
    assert!(replayed.can_redo() && store.verify().unwrap().is_intact());
}

#[test]
fn an_event_bears_the_version_that_brought_its_kind() {
    let mut desk = Desk::with_three();
    let decided = desk.does(decide("a", overread::domain::decision::Verdict::Uncertain, ""));
    let placed = desk.does(Command::PlaceAnnotation(length("m1", 110.0)));
    let undone = desk.does(Command::Undo);
    assert_eq!([&decided, &placed, &undone].map(|events| events[0].schema), [1, 2, 1]);
}

#[test]
fn the_report_holds_points_values_units_and_what_they_mean() {
    let mut desk = Desk::new();
    let mut measured = annotation("m1", Shape::Rectangle { corners: [[10.5, 10.5], [20.5, 15.5]] });
    let Ground::Image { plane, .. } = &mut measured.ground else { panic!() };
    *plane = Some(PlaneInPatient {
        frame_of_reference: Some(FrameOfReferenceUid::new("1.9")),
        plane: PixelPlane {
            origin_mm: Vec3([-5.0, 7.0, 100.0]),
            col_step_mm: Vec3([0.5, 0.0, 0.0]),
            row_step_mm: Vec3([0.0, 0.5, 0.0]),
        },
    });
    desk.does(Command::PlaceAnnotation(Arc::new(measured)));
    let report = desk.session.report(None, "2026-11-21T10:00:00+01:00", "overread test");
    let value = overread::export::report_value(&report).unwrap();
    let block = &value["annotations"][0];
    assert_eq!(block["shape"], "rectangle");
    assert_eq!(block["calibration"], "projection");
    assert_eq!(block["image"]["sop_instance_uid"], "1.2.3.4.5");
    assert_eq!(block["points"], serde_json::json!([[10.5, 10.5], [20.5, 15.5]]));
    assert_eq!(block["points_mm"][0], serde_json::json!([0.25, 12.25, 100.0]));
    assert_eq!(block["placed"]["reader"], "R. Eader");
    let units: Vec<&str> =
        block["measurements"].as_array().unwrap().iter().map(|m| m["unit_ucum"].as_str().unwrap()).collect();
    assert_eq!(units, ["mm2", "[hnsf'U]", "[hnsf'U]", "[hnsf'U]", "[hnsf'U]", "{pixels}"]);
    assert_eq!(block["measurements"][5]["value"], 50.0);
    let label: Vec<String> = serde_json::from_value(block["label"].clone()).unwrap();
    let order: Vec<&str> = label.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(order, ["Area", "Mean", "Max", "Min", "SD"]);
    assert!(label[0].ends_with("mm² (Proj)") && label[1].ends_with(" HU"), "{label:?}");
}
