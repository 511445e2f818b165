//! Draws what readers drew: lines, handles, labels. Dashed where lengths are pixels and not millimeters.

use std::sync::Arc;

use egui::{Color32, FontId, Painter, Pos2, Shape as Paint, Stroke, Vec2, vec2};

use crate::domain::annotation::{Annotation, Ground};
use crate::domain::geometry::Vec3;
use crate::domain::shape::{Point, Shape};
use crate::imaging::measure::{scale, strokes, words};
use crate::review::session::ReviewSession;
use crate::ui::theme::{faded, theme};
use crate::ui::tools::lie::{self, Lie, drawn};
use crate::ui::tools::placing::Draft;
use crate::ui::tools::{Expected, ToolMemory, form, label};
use crate::ui::viewport::shown::{Canvas, Shown};

/// Of a handle's ring: 5 points across, so that what it marks is seen through it.
const HANDLE_RADIUS: f32 = 2.5;
const FONT_SIZE: f32 = 12.5;
/// Around a label: thin letters alone are lost on bone.
const PLATE: Vec2 = vec2(4.0, 1.0);

/// Draws all of this pane and notes where labels stand.
pub fn drawings_ui(
    painter: &Painter,
    canvas: &Canvas,
    shown: &Shown<'_>,
    session: &ReviewSession,
    tools: &mut ToolMemory,
) {
    tools.traces.labels.retain(|(pane, ..)| *pane != shown.pane);
    let grabbed = tools.grab.as_ref().map(|grab| &grab.current);
    let changed = match &tools.expected {
        Some(Expected::Changed(annotation)) => Some(annotation),
        _ => None,
    };
    let mut labels = Vec::new();
    for review in session.annotations() {
        let now = [grabbed, changed].into_iter().flatten().find(|now| now.id == review.annotation.id);
        let annotation = now.unwrap_or(&review.annotation);
        let Some(lie) = Lie::of(annotation, shown) else { continue };
        let id = Some(&annotation.id);
        let look = match (tools.selected.as_ref() == id, tools.traces.hovered.as_ref() == id) {
            (true, _) => Look::Selected,
            (false, true) => Look::Hovered,
            (false, false) => Look::Still,
        };
        let rect = annotation_ui(painter, canvas, annotation, lie, look, from_where(annotation, lie, shown));
        labels.extend(rect.map(|rect| (shown.pane, annotation.id.clone(), rect)));
    }
    tools.traces.labels.append(&mut labels);
    if let Some(Expected::Placed { drawn, .. }) = &tools.expected
        && let Some(lie) = Lie::of(drawn, shown)
    {
        annotation_ui(painter, canvas, drawn, lie, Look::Selected, None);
    }
    if let Some(draft) = tools.draft.as_ref().filter(|draft| draft.pane == shown.pane) {
        draft_ui(painter, canvas, shown, draft);
    }
    if let Some(cross) = tools.cross.filter(|cross| cross.pane == shown.pane) {
        cross_ui(painter, canvas.screen_point(cross.point_in_image), Look::Selected.color());
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Look {
    Still,
    Hovered,
    Selected,
}

impl Look {
    fn color(self) -> Color32 {
        match self {
            Self::Still | Self::Hovered => theme().marks.reader.into(),
            Self::Selected => theme().marks.reader_selected.into(),
        }
    }
}

/// Which picture the values are of, where it is not the one shown.
fn from_where(annotation: &Annotation, lie: Lie, shown: &Shown<'_>) -> Option<String> {
    if lie == Lie::Own {
        return None;
    }
    if let Some(words) = plane_words(&annotation.ground) {
        return Some(words);
    }
    let subject = annotation.ground.subject();
    let place = subject.and_then(|subject| {
        let series = shown.study.series(&subject.series)?;
        let is_it = |index: &usize| {
            series.image(*index).is_some_and(|(image, frame)| image.sop == subject.sop && frame == subject.frame)
        };
        let index = (0..series.stack.len()).find(is_it)?;
        Some((series.number, index + 1))
    });
    Some(match place {
        Some((Some(number), image)) if annotation.ground.series() != &shown.series.uid => {
            format!("Series {number}, image {image}")
        }
        Some((_, image)) => format!("Image {image}"),
        None => "Another plane".to_owned(),
    })
}

/// The plane through a volume that something was drawn on, such as `Coronal plane, MIP 10 mm`.
pub fn plane_words(ground: &Ground) -> Option<String> {
    let Ground::Plane { plane, slab, .. } = ground else { return None };
    let Vec3(normal) = plane.plane.normal();
    // Within some ten degrees
    let main = normal.iter().position(|part| part.abs() > 0.985);
    let name = main.and_then(|axis| ["Sagittal", "Coronal", "Axial"].get(axis)).copied().unwrap_or("Oblique");
    let thick = slab.map_or_else(String::new, |slab| format!(", {}", slab.words()));
    Some(format!("{name} plane{thick}"))
}

/// Returns where its label stands.
fn annotation_ui(
    painter: &Painter,
    canvas: &Canvas,
    annotation: &Annotation,
    lie: Lie,
    look: Look,
    note: Option<String>,
) -> Option<egui::Rect> {
    let shape = &annotation.shape;
    let is_foreign = lie != Lie::Own;
    let color = faded(look.color(), if is_foreign { 0.7 } else { 1.0 });
    let to_screen = |point: &Point| lie.screen(canvas, *point);
    let style = LineStyle { color, is_dashed: is_in_pixels(annotation), width: if is_foreign { 1.1 } else { 1.5 } };
    let lines: Vec<Vec<Pos2>> =
        strokes::strokes(shape).iter().map(|line| line.iter().map(to_screen).collect()).collect();
    for line in &lines {
        line_ui(painter, line, style);
    }
    if let Some(tie) = strokes::tie(shape) {
        let tie = tie.map(|point| to_screen(&point));
        painter.extend(Paint::dashed_line(&tie, Stroke::new(1.0, faded(color, 0.6)), 3.0, 4.0));
    }
    let handles: Vec<Pos2> = form::handles(shape).iter().map(to_screen).collect();
    let is_point = matches!(shape, Shape::Probe { .. });
    if look != Look::Still && !is_foreign && !is_point {
        handles.iter().for_each(|at| handle_ui(painter, *at, color));
    }
    if is_point {
        handles.iter().for_each(|at| cross_ui(painter, *at, color));
    }
    let outline: Vec<Pos2> = lines.into_iter().flatten().chain(handles).collect();
    label_ui(painter, canvas, annotation, lie, color, &outline, note)
}

/// Its lengths or areas are in pixels.
fn is_in_pixels(annotation: &Annotation) -> bool {
    let is_size = |id: &str| matches!(id, "length" | "long_axis" | "area");
    !scale::is_calibrated(annotation.calibration) && annotation.measurements.iter().any(|found| is_size(&found.id))
}

#[derive(Clone, Copy)]
struct LineStyle {
    color: Color32,
    is_dashed: bool,
    width: f32,
}

fn line_ui(painter: &Painter, line: &[Pos2], style: LineStyle) {
    let LineStyle { color, is_dashed, width } = style;
    painter.add(Paint::line(line.to_vec(), Stroke::new(width + 1.8, faded(theme().text.outline, 0.5))));
    let stroke = Stroke::new(width, color);
    if is_dashed {
        painter.extend(Paint::dashed_line(line, stroke, 6.0, 4.0));
    } else {
        painter.add(Paint::line(line.to_vec(), stroke));
    }
}

fn handle_ui(painter: &Painter, at: Pos2, color: Color32) {
    painter.circle_stroke(at, HANDLE_RADIUS, Stroke::new(3.0, faded(theme().text.outline, 0.6)));
    painter.circle_stroke(at, HANDLE_RADIUS, Stroke::new(1.2, color));
}

/// Open in the middle: the pixel that is probed stays in sight.
fn cross_ui(painter: &Painter, at: Pos2, color: Color32) {
    for way in [vec2(1.0, 0.0), vec2(-1.0, 0.0), vec2(0.0, 1.0), vec2(0.0, -1.0)] {
        let arm = [at + way * 3.0, at + way * 9.0];
        painter.line_segment(arm, Stroke::new(3.0, faded(theme().text.outline, 0.5)));
        painter.line_segment(arm, Stroke::new(1.3, color));
    }
}

fn label_ui(
    painter: &Painter,
    canvas: &Canvas,
    annotation: &Annotation,
    lie: Lie,
    color: Color32,
    outline: &[Pos2],
    note: Option<String>,
) -> Option<egui::Rect> {
    let mut lines = words::lines(annotation);
    // Marks without words say nothing about their picture either
    lines.extend(note.filter(|_| !lines.is_empty()));
    if lines.is_empty() {
        return None;
    }
    let galley = painter.layout_no_wrap(lines.join("\n"), FontId::proportional(FONT_SIZE), color);
    let place = label::place(annotation, lie, canvas, outline, galley.size());
    if let Some(leader) = place.leader {
        painter.extend(Paint::dashed_line(&leader, Stroke::new(1.0, faded(color, 0.7)), 3.0, 3.0));
    }
    let plate = place.rect.expand2(PLATE);
    painter.rect_filled(plate, 3.0, faded(theme().text.outline, 0.55));
    painter.galley(place.rect.min, galley, color);
    Some(plate)
}

/// What is being drawn, with its value as it would be.
fn draft_ui(painter: &Painter, canvas: &Canvas, shown: &Shown<'_>, draft: &Draft) {
    let points = draft.preview();
    let scale = lie::scale_of(shown, &points);
    if let Some(shape) = draft.tool.shape(&points, &scale) {
        let annotation = Arc::new(drawn(shape, draft.ground.clone(), shown));
        annotation_ui(painter, canvas, &annotation, Lie::Own, Look::Selected, None);
        return;
    }
    let color = Look::Selected.color();
    let screen: Vec<Pos2> = points.iter().map(|point| Lie::Own.screen(canvas, *point)).collect();
    // Of two lines the first, and the second as far as it goes
    for line in if draft.tool.n_points() == Some(4) { screen.chunks(2) } else { screen.chunks(usize::MAX) } {
        line_ui(painter, line, LineStyle { color, is_dashed: false, width: 1.5 });
    }
    screen.iter().for_each(|at| handle_ui(painter, *at, color));
}
