//! The magnifier: while its key is held, the part of the picture under the pointer, larger, in place.

use egui::{Painter, Rect, Stroke, StrokeKind, Ui, vec2};

use crate::imaging::view::View;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::paint_callback;
use crate::ui::viewport::picture::DrawingError;
use crate::ui::viewport::shown::{Canvas, Shown};

/// Side of the magnifier, points; less in a small pane.
const SIDE: f32 = 260.0;
/// How much larger, by the wheel.
pub const FACTORS: std::ops::RangeInclusive<f64> = 2.0..=4.0;
/// Apart from the panes' own targets.
pub const TARGET: u64 = 1000;

/// Draws the magnifier in the pane under the pointer. `request` is what the pane draws, for the magnifier's own canvas.
pub fn lens_ui(
    ui: &Ui,
    painter: &Painter,
    view: &ViewState,
    canvas: &Canvas,
    shown: &Shown<'_>,
    request: impl FnOnce(&Canvas) -> crate::render::request::DrawRequest,
) {
    let pointer = &view.transient.pointer;
    let Some((_, point)) = pointer.hovered.filter(|(pane, _)| pointer.is_magnifying && *pane == shown.pane) else {
        return;
    };
    let side = SIDE.min(canvas.rect.width() * 0.6).min(canvas.rect.height() * 0.6);
    let whole = |points: f32| (points * ui.pixels_per_point()).round() / ui.pixels_per_point();
    let center = canvas.screen_point(point);
    // It stays within its pane, and then the point is no longer under the pointer but still in the middle.
    let corner = (center - vec2(side, side) / 2.0).clamp(canvas.rect.min, canvas.rect.max - vec2(side, side));
    let corner = egui::pos2(whole(corner.x), whole(corner.y));
    let rect = Rect::from_min_size(corner, vec2(whole(side), whole(side)));
    let grid = shown.grid();
    let zoomed = canvas.view.zoomed_to(canvas.view.zoom * pointer.lens_factor);
    let lens_view: View = zoomed.centered_on(point, &grid);
    let mut lens = Canvas { rect, view: lens_view, ..*canvas };
    lens.transform = lens_view.transform(&grid, lens.size_px());
    painter.rect_filled(rect, 0.0, theme().surface.picture);
    painter.add(paint_callback::picture(TARGET, rect, request(&lens), DrawingError::default()));
    painter.rect_stroke(rect, 0.0, Stroke::new(3.0, theme().text.outline), StrokeKind::Outside);
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, theme().accent.focus), StrokeKind::Outside);
}
