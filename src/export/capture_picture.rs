//! The picture part of a secondary capture: gray levels by the file's own VOI, with the findings laid over them.

use std::sync::Arc;

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::annotation::Annotation;
use crate::domain::decision::Verdict;
use crate::domain::finding::{MeasuredLine, Origin};
use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::mask::{Mask, Segment};
use crate::domain::report::ReportedFinding;
use crate::domain::saliency::SaliencyMap;
use crate::export::canvas::{Canvas, Color, LineStyle, Pen};
use crate::export::capture_drawing;
use crate::export::typeface::Typeface;
use crate::imaging::overlay::{self, Colormap};
use crate::imaging::{pipeline, presentation, saliency};

/// What a model suggests; no other mark has this hue.
pub const MODEL_COLOR: Color = [86, 214, 233];
/// What a reader added.
pub const READER_COLOR: Color = [240, 228, 66];
pub const CAUTION_COLOR: Color = [255, 176, 0];
pub const COLORMAP: Colormap = Colormap::Inferno;

/// A finding that gets a number on the picture and a line of its own in the legend.
pub struct Numbered<'a> {
    pub number: usize,
    pub reported: &'a ReportedFinding,
}

impl Numbered<'_> {
    fn style(&self) -> LineStyle {
        let ReportedFinding { finding, decision, .. } = self.reported;
        match (decision.as_ref().map(|decision| &decision.verdict), &finding.origin) {
            (Some(Verdict::Accepted), _) | (None, Origin::Reader(_)) => LineStyle::Solid,
            (Some(Verdict::Rejected { .. }), _) => LineStyle::Dotted,
            (Some(Verdict::Uncertain | Verdict::NotAssessable), _) => LineStyle::DashDot,
            (None, Origin::Model(_) | Origin::Document(_)) => LineStyle::Dashed,
        }
    }

    /// State by the line's style, origin by its color.
    pub fn pen(&self, width: f64) -> Pen {
        let color = match &self.reported.finding.origin {
            Origin::Model(_) | Origin::Document(_) => MODEL_COLOR,
            Origin::Reader(_) => READER_COLOR,
        };
        Pen { style: self.style(), width, color, opacity: 1.0 }
    }

    pub fn is_rejected(&self) -> bool {
        is_rejected(self.reported)
    }

    /// The map that is drawn: of a finding that is flagged and was not rejected.
    pub fn shown_saliency(&self) -> Option<&Arc<SaliencyMap>> {
        let finding = &self.reported.finding;
        finding.evidence.saliency.as_ref().filter(|_| finding.is_flagged() && !self.is_rejected())
    }
}

pub fn is_rejected(reported: &ReportedFinding) -> bool {
    matches!(&reported.decision, Some(decision) if matches!(decision.verdict, Verdict::Rejected { .. }))
}

/// Masks of the findings that were not rejected, each once.
pub fn shown_segments<'a>(findings: &[Numbered<'a>]) -> Vec<&'a Arc<Segment>> {
    let mut shown: Vec<&Arc<Segment>> = Vec::new();
    for numbered in findings.iter().filter(|numbered| !numbered.is_rejected()) {
        for segment in &numbered.reported.finding.evidence.segments {
            if !shown.iter().any(|other| Arc::ptr_eq(other, segment) || other == &segment) {
                shown.push(segment);
            }
        }
    }
    shown
}

/// Draws one frame at its own resolution.
pub fn draw(
    frame: &Frame,
    instance: &Instance,
    findings: &[Numbered<'_>],
    drawings: &[&Annotation],
    face: &Typeface,
) -> Canvas {
    let (cols, rows) = (frame.cols() as usize, frame.rows() as usize);
    let frame_idx = frame.key().index;
    let as_the_file_says = presentation::default_presentation(instance, frame_idx, frame);
    let mut canvas = Canvas::new(cols, rows, [0; 3]);
    canvas.paste(&pipeline::rgb_u8(frame, instance, frame_idx, &as_the_file_says), cols, 0, 0);
    let scale = line_scale(cols, rows);
    let font_px = font_px(cols);
    draw_saliency(&mut canvas, findings, scale, font_px, face);
    for segment in shown_segments(findings) {
        draw_mask(&mut canvas, &segment.mask, segment.color, scale);
    }
    for numbered in findings {
        draw_marks(&mut canvas, numbered, scale, font_px, face);
    }
    for drawing in drawings {
        capture_drawing::draw(&mut canvas, drawing, scale, font_px * 0.85, face);
    }
    draw_caution(&mut canvas, font_px, face);
    canvas
}

/// Line widths grow with the picture, so that they look alike when it is fitted to a screen.
fn line_scale(cols: usize, rows: usize) -> f64 {
    (cols.max(rows) as f64 / 900.0).clamp(0.75, 5.0)
}

pub fn font_px(width: usize) -> f64 {
    (width as f64 / 56.0).clamp(12.0, 72.0)
}

/// One map is drawn as colors with its contour; of several only the contours, for colors would mix.
fn draw_saliency(canvas: &mut Canvas, findings: &[Numbered<'_>], scale: f64, font_px: f64, face: &Typeface) {
    let maps: Vec<(usize, &Arc<SaliencyMap>)> =
        findings.iter().filter_map(|numbered| Some((numbered.number, numbered.shown_saliency()?))).collect();
    for (number, map) in &maps {
        let facts = map.facts();
        if (facts.source_cols as usize, facts.source_rows as usize) != (canvas.width(), canvas.height()) {
            log::warn!("a saliency map that lies on another grid than its image was left out");
            continue;
        }
        let values = saliency::saliency_on_source_grid(map);
        if maps.len() == 1 {
            draw_colors(canvas, &values);
        }
        let color = if maps.len() == 1 { [255; 3] } else { contour_color(*number) };
        draw_contour(canvas, &values, color, overlay::CONTOUR_PX * scale as f32);
        if let Some(top) = values.iter().position(|value| *value >= overlay::CONTOUR_FRACTION) {
            let (x, y) = (top % canvas.width(), top / canvas.width());
            plate(canvas, &number.to_string(), [x as f64, y as f64 - font_px * 0.6], font_px, color, face);
        }
    }
}

fn draw_colors(canvas: &mut Canvas, values: &[f32]) {
    let cols = canvas.width();
    for (i, value) in values.iter().enumerate() {
        let alpha = overlay::saliency_alpha(*value, overlay::SALIENCY_THRESHOLD, overlay::SALIENCY_OPACITY);
        canvas.blend((i % cols) as i64, (i / cols) as i64, overlay::colormap(COLORMAP, *value), alpha);
    }
}

fn draw_contour(canvas: &mut Canvas, values: &[f32], color: Color, line_px: f32) {
    let (cols, rows) = (canvas.width(), canvas.height());
    let at = |x: usize, y: usize| values.get(y.min(rows - 1) * cols + x.min(cols - 1)).copied().unwrap_or(0.0);
    for (i, value) in values.iter().enumerate() {
        let (x, y) = (i % cols, i / cols);
        let slope_x = (at(x + 1, y) - at(x.saturating_sub(1), y)) / 2.0;
        let slope_y = (at(x, y + 1) - at(x, y.saturating_sub(1))) / 2.0;
        let gradient = slope_x.hypot(slope_y);
        let coverage = overlay::contour_coverage(*value, overlay::CONTOUR_FRACTION, gradient, line_px);
        canvas.blend(x as i64, y as i64, color, coverage * 0.9);
    }
}

/// Bright reds to violets, which masks and marks do not use.
pub fn contour_color(number: usize) -> Color {
    const COLORS: [Color; 6] =
        [[238, 102, 190], [255, 150, 120], [190, 165, 255], [255, 200, 210], [214, 96, 255], [255, 110, 110]];
    COLORS.get(number.saturating_sub(1) % COLORS.len()).copied().unwrap_or([255; 3])
}

fn draw_mask(canvas: &mut Canvas, mask: &Mask, color: Color, scale: f64) {
    let (cols, rows) = (i64::from(mask.cols()), i64::from(mask.rows()));
    if (cols as usize, rows as usize) != (canvas.width(), canvas.height()) {
        log::warn!("a mask that lies on another grid than its image was left out");
        return;
    }
    let dense = mask.to_dense();
    let is_inside = |x: i64, y: i64| {
        let on_grid = (0..cols).contains(&x) && (0..rows).contains(&y);
        // Beyond the border the mask goes on, so that no outline runs along the picture's edge.
        !on_grid || dense.get((y * cols + x) as usize).is_some_and(|value| *value != 0)
    };
    let outline_px = (f64::from(overlay::OUTLINE_PX) * scale).max(1.0);
    let probes = overlay::OUTLINE_DIRECTIONS.map(|direction| direction.map(|part| probe(part, outline_px)));
    for run in mask.runs() {
        for index in i64::from(run.start)..i64::from(run.start) + i64::from(run.len) {
            let (x, y) = (index % cols, index / cols);
            let is_outline = probes.iter().any(|[dx, dy]| !is_inside(x + dx, y + dy));
            canvas.blend(x, y, color, overlay::mask_alpha(true, is_outline, overlay::FILL_OPACITY));
        }
    }
}

fn probe(part: f32, outline_px: f64) -> i64 {
    (f64::from(part) * outline_px).round() as i64
}

/// Box, measured lines and number of one finding.
fn draw_marks(canvas: &mut Canvas, numbered: &Numbered<'_>, scale: f64, font_px: f64, face: &Typeface) {
    let finding = &numbered.reported.finding;
    let pen = numbered.pen((2.0 * scale).max(2.0));
    for line in &finding.evidence.lines {
        draw_line(canvas, line, pen);
    }
    if let Some(region) = finding.place.region() {
        let corners = [
            [region.x0, region.y0],
            [region.x1, region.y0],
            [region.x1, region.y1],
            [region.x0, region.y1],
            [region.x0, region.y0],
        ];
        // A region that is only where a saliency map is strong has its contour; a box would claim more than that.
        if finding.evidence.saliency.is_none() {
            canvas.stroke_with_rim(&corners, pen);
        }
        let named = format!("{} {}", numbered.number, finding.label.name);
        // On a small picture a name would hide what it names.
        let has_room = face.width(&named, font_px) <= canvas.width() as f64 / 2.0;
        let tag = if has_room { named } else { numbered.number.to_string() };
        let above = region.y0 - font_px * 0.5;
        let baseline = if above > font_px { above } else { region.y1 + font_px * 1.3 };
        plate(canvas, &tag, [region.x0, baseline], font_px, pen.color, face);
    } else if let Some(line) = finding.evidence.lines.first() {
        let x = f64::midpoint(line.from[0], line.to[0]) + 0.5;
        let y = f64::midpoint(line.from[1], line.to[1]) - font_px * 0.5;
        plate(canvas, &numbered.number.to_string(), [x, y], font_px, pen.color, face);
    }
}

/// A measured line with a short bar across each end.
fn draw_line(canvas: &mut Canvas, line: &MeasuredLine, pen: Pen) {
    // Pixel-centre to pixel-edge coordinates.
    let (from, to) = (line.from.map(|v| v + 0.5), line.to.map(|v| v + 0.5));
    canvas.stroke_with_rim(&[from, to], pen);
    let length = (to[0] - from[0]).hypot(to[1] - from[1]).max(1e-9);
    let across = [-(to[1] - from[1]) / length * pen.width * 3.0, (to[0] - from[0]) / length * pen.width * 3.0];
    for [x, y] in [from, to] {
        let bar = [[x - across[0], y - across[1]], [x + across[0], y + across[1]]];
        canvas.stroke_with_rim(&bar, Pen { style: LineStyle::Solid, ..pen });
    }
}

fn draw_caution(canvas: &mut Canvas, font_px: f64, face: &Typeface) {
    let width = face.width(RESEARCH_USE_ONLY, font_px);
    let free = (canvas.width() as f64 - font_px).max(1.0);
    // On a picture too narrow for it the sentence shrinks; the legend says it in full size.
    let font_px = font_px * (free / width).min(1.0);
    let x = (canvas.width() as f64 - face.width(RESEARCH_USE_ONLY, font_px)) / 2.0;
    let y = canvas.height() as f64 - font_px * 0.7;
    plate(canvas, RESEARCH_USE_ONLY, [x, y], font_px, CAUTION_COLOR, face);
}

/// Text on a dark plate, moved so that it lies on the canvas.
pub fn plate(canvas: &mut Canvas, text: &str, [x, baseline]: [f64; 2], font_px: f64, color: Color, face: &Typeface) {
    let pad = font_px * 0.3;
    let width = face.width(text, font_px);
    let x = x.min(canvas.width() as f64 - width - pad).max(pad);
    let baseline = baseline.min(canvas.height() as f64 - font_px * 0.4).max(font_px * 1.1);
    let top_left = [x - pad, baseline - font_px * 0.95];
    canvas.fill(top_left, [x + width + pad, baseline + font_px * 0.35], [0; 3], 0.72);
    face.draw(canvas, text, [x, baseline], font_px, color);
}
