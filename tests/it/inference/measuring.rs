//! Masks on the source grid, and the ratio that is measured on them, or not.

use std::sync::Arc;

use overread::domain::coding::CodedConcept;
use overread::domain::geometry::{PixelBox, Spacing, SpacingKind};
use overread::domain::mask::{Mask, Segment};
use overread::inference::cardiothoracic::measure;
use overread::inference::letterbox::Letterbox;
use overread::inference::postprocess;

use crate::inference::tiny;

const SPACING: Spacing = Spacing { kind: SpacingKind::Projection, row_mm: 0.5, col_mm: 0.2, aspect: 1.0 };

/// A segment of 100 × 100 pixels, inside where the box is.
fn segment(id: &str, area: PixelBox) -> Arc<Segment> {
    let is_inside = |i: usize| {
        let (y, x) = ((i / 100) as f64, (i % 100) as f64);
        u8::from(area.x0 <= x && x < area.x1 && area.y0 <= y && y < area.y1)
    };
    let dense: Vec<u8> = (0..10_000).map(is_inside).collect();
    Arc::new(Segment {
        id: id.into(),
        name: id.replace('_', " "),
        code: CodedConcept::new("99TEST", id, id),
        color: [0, 0, 0],
        mask: Mask::from_dense(100, 100, &dense).unwrap(),
    })
}

fn area(x0: f64, x1: f64, y0: f64, y1: f64) -> PixelBox {
    PixelBox { x0, y0, x1, y1 }
}

fn chest(right_lung: PixelBox, left_lung: PixelBox, heart: PixelBox) -> Vec<Arc<Segment>> {
    vec![segment("right_lung", right_lung), segment("left_lung", left_lung), segment("heart", heart)]
}

#[test]
fn the_cardiothoracic_ratio_is_the_widths_quotient_with_its_two_lines() {
    let chest = chest(area(10., 40., 20., 80.), area(60., 90., 20., 80.), area(35., 75., 50., 80.));
    let measured = measure(&chest, &SPACING, 0.01).unwrap();
    assert_eq!(measured.ratio, 0.5);
    let lines: Vec<_> =
        measured.lines.iter().map(|line| (line.from[0], line.to[0], line.to[0] - line.from[0])).collect();
    assert_eq!(lines, [(34.5, 74.5, 40.0), (9.5, 89.5, 80.0)]);
    assert!(measured.lines.iter().all(|line| line.from[1] == line.to[1]));
    let values: Vec<_> = measured.measurements.iter().map(|m| (m.id.as_str(), m.value, m.unit.as_str())).collect();
    assert_eq!(values, [("cardiothoracic_ratio", 0.5, "1"), ("heart_width", 8.0, "mm"), ("thorax_width", 16.0, "mm")]);
    assert_eq!(measured.heart, Some(area(35., 75., 50., 80.)));
    assert!(measured.notices.is_empty());
    for kind in [SpacingKind::None, SpacingKind::Detector] {
        let in_pixels = measure(&chest, &Spacing { kind, ..SPACING }, 0.01).unwrap();
        assert_eq!((in_pixels.measurements[1].value, in_pixels.measurements[1].unit.as_str()), (40.0, "{pixels}"));
    }
}

#[test]
fn a_ratio_that_would_mislead_is_not_measured() {
    let (right, left, heart) = (area(10., 40., 20., 80.), area(60., 90., 20., 80.), area(35., 75., 50., 80.));
    let nothing = area(0., 0., 0., 0.);
    let check = |chest: &[Arc<Segment>], expected: &[&str]| {
        let codes: Vec<&str> = measure(chest, &SPACING, 0.01).unwrap_err().iter().map(|notice| notice.code).collect();
        assert_eq!(codes, expected);
    };
    check(&chest(nothing, left, heart), &["segment_missing"]);
    check(&chest(nothing, left, nothing), &["segment_missing", "segment_missing"]);
    check(&chest(right, left, heart)[..2], &["segment_missing"]);
    check(&chest(area(0., 40., 20., 80.), left, heart), &["segment_at_border"]);
    check(&chest(right, area(60., 100., 20., 80.), heart), &["segment_at_border"]);
    check(&chest(right, area(60., 65., 20., 30.), heart), &["segment_tiny"]);
    check(&chest(right, left, area(5., 95., 50., 80.)), &["ratio_implausible"]);
    let cut_below = measure(&chest(area(10., 40., 20., 100.), left, heart), &SPACING, 0.01).unwrap();
    assert_eq!(cut_below.notices[0].code, "lung_cut_off");
}

#[test]
fn masks_lie_on_the_source_grid_where_the_network_saw_them() {
    let card = tiny("unet").card().clone();
    // 48 × 16 pixels become 24 × 8 in the middle of the network's 24 × 32.
    let letterbox = Letterbox::new(48, 16, &card.input).unwrap();
    assert_eq!((letterbox.top, letterbox.left, letterbox.height, letterbox.width), (0, 12, 24, 8));
    let n_pixels = 24 * 32;
    let mut logits = vec![0.0_f32; 3 * n_pixels];
    for i in 0..n_pixels {
        let (row, col) = (i / 32, i % 32);
        // Part 1 is the picture's right half; part 2 one stray pixel and a block; both also fill the padding.
        logits[n_pixels + i] = if col >= 16 { 9.0 } else { -9.0 };
        let is_second = (row < 2 && col == 12) || (row > 20 && col < 15);
        logits[2 * n_pixels + i] = if is_second { 9.0 } else { -9.0 };
    }
    let found = postprocess::segments(&card.segments, &logits, 1.0, &letterbox).unwrap();
    let bounds: Vec<PixelBox> = found.iter().map(|segment| segment.mask.bounds().unwrap()).collect();
    assert_eq!(bounds[0], area(8., 16., 0., 48.));
    assert_eq!(bounds[1], area(0., 6., 42., 48.));
    assert_eq!(found[0].mask.n_pixels(), 8 * 48);
    assert_eq!((found[0].id.as_str(), found[0].color), ("part_1", [1, 2, 3]));
}
