//! The stage on screen: its panes, each with a picture and everything on it.

pub mod ai_strip;
pub mod annotations;
pub mod context_menu;
pub mod cross_reference;
pub mod crosshair;
pub mod edges;
pub mod identity;
pub mod laid_over;
pub mod lens;
pub mod marks;
pub mod notices;
pub mod paint_callback;
pub mod pane;
pub mod picture;
pub mod plane_marks;
pub mod pointer;
pub mod shown;
pub mod stack_bar;
pub mod thumbnail;

use egui::{Id, Pos2, Rect, Response, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::domain::frame::FrameKey;
use crate::domain::uid::StudyUid;
use crate::ui::context::UiContext;
use crate::ui::links;
use crate::ui::stage::{SeriesRef, Stage};
use crate::ui::theme::theme;
use crate::ui::tools;
use crate::ui::view_state::{LookAt, ViewState};

/// Between panes, points.
const GAP: f32 = 2.0;
/// Panes that a layout can have.
const MOST_PANES: usize = 9;

/// A pane's identity: the active one has the keyboard whenever nothing else has.
pub fn viewport_id(pane: usize) -> Id {
    Id::unique(("viewport", pane))
}

pub fn is_viewport(id: Id) -> bool {
    (0..MOST_PANES).any(|pane| viewport_id(pane) == id)
}

/// A series on its way into a pane.
#[derive(Clone, Debug, PartialEq)]
pub struct DraggedSeries(pub SeriesRef);

/// Draws the panes of the open study's stage and lists the frames they miss, the most urgent first. `before` is the look
/// at the start of the pass.
pub fn stage_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    before: Option<&LookAt>,
    wanted: &mut Vec<FrameKey>,
) {
    let rect = on_whole_pixels(ui.available_rect_before_wrap(), ui.pixels_per_point());
    ui.advance_cursor_after_rect(rect);
    view.transient.panes.painted.clear();
    view.transient.panes.rects.clear();
    view.transient.pointer.hovered = None;
    tools::pointer::settle(context, view);
    let Some(study) = context.open_study else { return };
    let open = study.uid.clone();
    let stage = &mut view.look_mut(&open).stage;
    stage.mend();
    let rect = identity::banner_ui(ui, context, view, rect);
    let placed = placed(&view.look_mut(&open).stage, rect, ui.pixels_per_point());
    let lens = view.transient.pointer.is_magnifying.then_some(lens::TARGET);
    keep_viewports(ui, rect, placed.iter().map(|(pane, _)| render_id(*pane)).chain(lens));
    // The pointer may scroll or zoom, and other panes may follow: what is drawn is where all have got to.
    let responses: Vec<(usize, Rect, Response)> = placed
        .into_iter()
        .map(|(pane, rect)| (pane, rect, pane::sense_ui(ui, context, view, &open, pane, rect)))
        .collect();
    // Between the panes; they fill themselves.
    for (_, rect, _) in &responses {
        ui.painter().rect_stroke(*rect, 0.0, Stroke::new(GAP, theme().surface.picture), StrokeKind::Outside);
    }
    links::follow(context, view, before);
    let active = view.look_mut(&open).stage.active;
    let mut others = Vec::new();
    for (pane, rect, response) in responses {
        view.transient.panes.rects.insert(pane, rect);
        let wanted = if pane == active { &mut *wanted } else { &mut others };
        pane::pane_ui(ui, context, view, &open, (pane, rect), &response, wanted);
    }
    wanted.append(&mut others);
    frame_of_active(ui, view, &open);
}

/// Lets go of the textures of panes that are gone.
pub fn keep_viewports(ui: &Ui, rect: Rect, ids: impl Iterator<Item = u64>) {
    ui.painter().add(paint_callback::only_viewports(rect, ids.collect()));
}

/// What the renderer calls a pane's viewport.
pub fn render_id(pane: usize) -> u64 {
    pane as u64 + 1
}

/// Where each visible pane lies.
fn placed(stage: &Stage, rect: Rect, pixels_per_point: f32) -> Vec<(usize, Rect)> {
    if stage.is_single() {
        return vec![(stage.active, rect)];
    }
    let (rows, cols) = (f32::from(stage.layout.rows), f32::from(stage.layout.cols));
    let size = vec2((rect.width() - GAP * (cols - 1.0)) / cols, (rect.height() - GAP * (rows - 1.0)) / rows);
    let place = |pane: usize| {
        let (row, col) = (pane / usize::from(stage.layout.cols), pane % usize::from(stage.layout.cols));
        let corner = pos2(rect.min.x + (size.x + GAP) * col as f32, rect.min.y + (size.y + GAP) * row as f32);
        (pane, on_whole_pixels(Rect::from_min_size(corner, size), pixels_per_point))
    };
    stage.visible().map(place).collect()
}

/// Says which pane the keys act on.
fn frame_of_active(ui: &Ui, view: &mut ViewState, open: &StudyUid) {
    let stage = view.look_mut(open).stage.clone();
    let rect = view.transient.panes.rects.get(&stage.active).filter(|_| !stage.is_single());
    if let Some(rect) = rect {
        ui.painter().rect_stroke(*rect, 0.0, Stroke::new(1.5, theme().accent.main), StrokeKind::Inside);
    }
}

/// Marks and pixels agree only when the viewport starts and ends on a pixel.
pub fn on_whole_pixels(rect: Rect, pixels_per_point: f32) -> Rect {
    let whole = |point: Pos2| {
        let snap = |v: f32| (v * pixels_per_point).round() / pixels_per_point;
        Pos2::new(snap(point.x), snap(point.y))
    };
    Rect::from_min_max(whole(rect.min), whole(rect.max))
}
