//! Findings on the picture: boxes and measured lines at their exact place, styled by state, hued by who made them.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use crate::domain::finding::{DrawnPath, Finding, MeasuredLine, Speaker};
use crate::domain::geometry::PixelBox;
use crate::domain::uid::FindingId;
use crate::review::session::{FindingReview, ReviewSession};
use crate::ui::theme::{faded, theme};
use crate::ui::transient::{DragKind, ViewDrag};
use crate::ui::viewport::shown::{Canvas, Shown};
use crate::ui::widgets::line_style::{MarkState, styled_path};
use crate::ui::widgets::outlined_text::plated_text;
use crate::ui::widgets::state_icon::paint_icon;

/// Hue of the family that made the finding.
pub fn family_color(finding: &Finding) -> Color32 {
    match finding.imported() {
        Some(source) if source.speaker == Speaker::Person => theme().marks.reader.into(),
        Some(_) => theme().marks.ai_second.into(),
        None if finding.is_suggested() => theme().marks.ai.into(),
        None => theme().marks.reader.into(),
    }
}

/// Draws the findings of this image. Those below their operating point only when selected; and so those whose place is
/// no more than where a saliency map is strong: several such boxes at once hide the picture and locate nothing.
pub fn marks_ui(
    painter: &Painter,
    canvas: &Canvas,
    shown: &Shown<'_>,
    session: &ReviewSession,
    selected: Option<&FindingId>,
    shows_ai: bool,
) {
    let is_drawn =
        |review: &&FindingReview| shown.is_subject_of(&review.finding) && is_drawn(&review.finding, selected, shows_ai);
    let (chosen, others): (Vec<_>, Vec<_>) =
        session.findings().iter().filter(is_drawn).partition(|review| selected == Some(&review.finding.id));
    for review in others {
        mark(painter, canvas, review, false);
    }
    for review in chosen {
        mark(painter, canvas, review, true);
        for line in &review.finding.evidence.lines {
            measured_line(painter, canvas, line, MarkState::of(review));
        }
        for path in &review.finding.evidence.paths {
            drawn_path(painter, canvas, path, MarkState::of(review));
        }
    }
}

/// Whether a finding's box is drawn on the pictures where it lies.
pub fn is_drawn(finding: &Finding, selected: Option<&FindingId>, shows_ai: bool) -> bool {
    let is_selected = selected == Some(&finding.id);
    (is_selected || finding.is_flagged() && finding.evidence.saliency.is_none())
        && (shows_ai || !finding.is_suggested())
}

fn mark(painter: &Painter, canvas: &Canvas, review: &FindingReview, is_selected: bool) {
    let Some(region) = review.finding.place.region() else { return };
    outline_ui(painter, canvas, review, &corners(canvas, region), is_selected);
}

/// A finding's outline, its corners in order, with its name above it or below.
pub fn outline_ui(painter: &Painter, canvas: &Canvas, review: &FindingReview, corners: &[Pos2], is_selected: bool) {
    let state = MarkState::of(review);
    let color = faded(family_color(&review.finding), state.opacity());
    let width = if is_selected { 2.0 } else { 1.2 };
    painter.add(Shape::closed_line(corners.to_vec(), Stroke::new(width + 1.6, faded(theme().text.outline, 0.55))));
    let closed: Vec<Pos2> = corners.iter().chain(corners.first()).copied().collect();
    styled_path(painter, &closed, Stroke::new(width, color), state);
    let bounds = Rect::from_points(corners);
    let font = FontId::proportional(if is_selected { 13.0 } else { 11.5 });
    // Above the box, or below where the picture ends, so that the label never covers what it names.
    let is_room_above = bounds.top() - 20.0 > canvas.rect.top() + 40.0;
    let (y, anchor) = if is_room_above {
        (bounds.top() - 3.0, Align2::LEFT_BOTTOM)
    } else {
        (bounds.bottom() + 3.0, Align2::LEFT_TOP)
    };
    let label = plated_text(painter, pos2(bounds.left() + 22.0, y), anchor, &review.finding.label.name, font, color);
    let icon = pos2(bounds.left() + 8.0, label.center().y);
    painter.circle_filled(icon, 7.0, faded(theme().text.outline, 0.6));
    paint_icon(painter, icon, 5.0, state);
}

fn measured_line(painter: &Painter, canvas: &Canvas, line: &MeasuredLine, state: MarkState) {
    // Lines are in pixel-center coordinates, the canvas in pixel-edge coordinates.
    let [from, to] = [line.from, line.to].map(|[x, y]| canvas.screen_point([x + 0.5, y + 0.5]));
    let color = faded(theme().marks.ai_second, state.opacity());
    painter.line_segment([from, to], Stroke::new(3.6, faded(theme().text.outline, 0.55)));
    styled_path(painter, &[from, to], Stroke::new(1.8, color), MarkState::Accepted);
    let along = (to - from).normalized();
    let across = vec2(-along.y, along.x) * 5.0;
    for end in [from, to] {
        painter.line_segment([end - across, end + across], Stroke::new(1.8, color));
    }
    let middle = from + (to - from) * 0.5;
    let at = middle + vec2(0.0, -4.0);
    plated_text(painter, at, Align2::CENTER_BOTTOM, &line.name, FontId::proportional(11.5), color);
}

/// What another product drew: its lines, and its words where it put them.
fn drawn_path(painter: &Painter, canvas: &Canvas, path: &DrawnPath, state: MarkState) {
    let points: Vec<Pos2> = path.points.iter().map(|[x, y]| canvas.screen_point([x + 0.5, y + 0.5])).collect();
    let color = faded(theme().marks.ai_second, state.opacity());
    if points.len() > 1 {
        painter.add(Shape::line(points.clone(), Stroke::new(3.2, faded(theme().text.outline, 0.55))));
        painter.add(Shape::line(points.clone(), Stroke::new(1.6, color)));
    }
    if let Some(at) = points.first().filter(|_| !path.name.is_empty()) {
        plated_text(painter, *at, Align2::LEFT_BOTTOM, &path.name, FontId::proportional(11.5), color);
    }
}

/// The box that is being drawn for a new finding.
pub fn drawing_ui(painter: &Painter, canvas: &Canvas, drag: Option<&ViewDrag>) {
    let Some(ViewDrag { kind: DragKind::Box(Some(region)) | DragKind::Region(Some(region)), .. }) = drag else {
        return;
    };
    let corners = corners(canvas, region);
    painter.add(Shape::closed_line(corners.to_vec(), Stroke::new(1.5, theme().marks.drawing)));
}

/// A box's corners on the screen, in order, under any turn.
pub fn corners(canvas: &Canvas, region: &PixelBox) -> [Pos2; 4] {
    let PixelBox { x0, y0, x1, y1 } = *region;
    [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(|corner| canvas.screen_point(corner))
}
