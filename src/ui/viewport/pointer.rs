//! Mouse and trackpad in the viewport. Drags are measured from where they began, so slow frames lose nothing.

use egui::{Event, Modifiers, MouseWheelUnit, PointerButton, Response, Ui};

use crate::domain::finding::Place;
use crate::domain::geometry::PixelBox;
use crate::domain::presentation::{VoiFunction, Window};
use crate::domain::uid::StudyUid;
use crate::imaging::histogram;
use crate::imaging::view::ImageGrid;
use crate::ui::dialogs::Dialog;
use crate::ui::preferences::DragAction;
use crate::ui::transient::{DragKind, ViewDrag};
use crate::ui::view_state::{SeriesView, ViewState, WindowChoice};
use crate::ui::viewport::lens::FACTORS;
use crate::ui::viewport::shown::{Canvas, Shown};

/// Trackpad points for one image.
const POINTS_PER_IMAGE: f32 = 30.0;
/// The same while scrolling with a button down.
const POINTS_PER_DRAGGED_IMAGE: f32 = 8.0;
/// Zoom factor of one wheel line.
const ZOOM_PER_LINE: f64 = 1.15;
/// Factor of the zoom by dragging, per point.
const ZOOM_PER_POINT: f64 = 1.006;
/// `4 × range / 1024` modality units a point, as cornerstone does.
const WINDOW_SENSITIVITY: f64 = 4.0 / 1024.0;

/// Applies this pass's pointer input to a pane of the stage of `open`.
pub fn pointer_ui(
    ui: &Ui,
    response: &Response,
    canvas: &Canvas,
    shown: &Shown<'_>,
    open: &StudyUid,
    view: &mut ViewState,
) {
    let mut look = SeriesView { view: canvas.view, ..shown.look.clone() };
    if let Some(pos) = response.hover_pos() {
        view.transient.pointer.hovered = Some((shown.pane, canvas.image_point(pos)));
    }
    let is_changed =
        drag(ui, response, canvas, shown, view, &mut look) | wheel(ui, response, canvas, shown, view, &mut look);
    if is_changed && let Some(pane) = view.look_mut(open).stage.panes.get_mut(shown.pane) {
        pane.view = look;
    }
}

fn drag(
    ui: &Ui,
    response: &Response,
    canvas: &Canvas,
    shown: &Shown<'_>,
    view: &mut ViewState,
    look: &mut SeriesView,
) -> bool {
    let (origin, latest) = ui.input(|input| (input.pointer.press_origin(), input.pointer.latest_pos()));
    let habits = view.transient.pointer.habits;
    let buttons = [PointerButton::Primary, PointerButton::Middle, PointerButton::Secondary];
    // The main button may have taken hold of a drawing, or draw one
    let is_free = |button: &PointerButton| *button != PointerButton::Primary || !view.transient.tools.owns_press;
    for button in buttons.into_iter().filter(is_free).filter(|button| response.drag_started_by(*button)) {
        let kind = match button {
            PointerButton::Primary if view.transient.pointer.is_drawing_finding => DragKind::Box(None),
            PointerButton::Primary if ui.input(|input| input.modifiers.shift_only()) => DragKind::Region(None),
            PointerButton::Primary => kind_of(habits.main),
            PointerButton::Middle => kind_of(habits.middle),
            _ => kind_of(habits.second),
        };
        let range = shown.tone.as_ref().map_or((0.0, 0.0), |tone| tone.range);
        let start_window = shown.window().or(shown.tone.as_ref().map(|tone| range_window(tone.range)));
        let (pane, start_view) = (shown.pane, look.clone());
        view.transient.pointer.drag = Some(ViewDrag { pane, kind, button, start_view, start_window, range });
    }
    let Some(drag) = view.transient.pointer.drag.clone().filter(|drag| drag.pane == shown.pane) else { return false };
    if let (Some(origin), Some(latest)) = (origin, latest) {
        let delta = latest - origin;
        let delta_px = [delta.x, delta.y].map(|points| f64::from(points) * canvas.pixels_per_point);
        let ViewDrag { kind, start_view, start_window, range, .. } = &drag;
        match kind {
            DragKind::Window => {
                if let Some(start) = start_window {
                    let down = if habits.inverts_level { -delta.y } else { delta.y };
                    let [right, down] = [delta.x, down].map(|points| f64::from(points) * habits.window_sensitivity);
                    let window = dragged_window(start, *range, right, down);
                    *look = SeriesView { window: WindowChoice::Manual(window), ..look.clone() };
                }
            }
            DragKind::Pan => {
                *look = SeriesView { view: start_view.view.panned(delta_px), is_fit: false, ..look.clone() };
            }
            DragKind::Zoom => {
                // Up is nearer.
                let factor = ZOOM_PER_POINT.powf(f64::from(-delta.y));
                let at = canvas.viewport_point(origin);
                let zoomed = start_view.view.zoomed_about(at, factor, canvas.size_px());
                *look = SeriesView { view: zoomed, is_fit: false, ..look.clone() };
            }
            DragKind::Scroll => {
                let n_images = (delta.y / POINTS_PER_DRAGGED_IMAGE) as i64;
                look.stack_index = scrolled(start_view.stack_index, n_images, shown.series.stack.len());
            }
            DragKind::Box(_) | DragKind::Region(_) => {
                let drawn = drawn_box(canvas.image_point(origin), canvas.image_point(latest), &shown.grid());
                if let Some(drag) = &mut view.transient.pointer.drag {
                    let is_region = matches!(kind, DragKind::Region(_));
                    drag.kind = if is_region { DragKind::Region(drawn) } else { DragKind::Box(drawn) };
                }
            }
        }
    }
    let is_over = response.drag_stopped_by(drag.button) || !ui.input(|input| input.pointer.button_down(drag.button));
    if is_over {
        return finish(shown, view, look);
    }
    !matches!(drag.kind, DragKind::Box(_) | DragKind::Region(_))
}

fn kind_of(action: DragAction) -> DragKind {
    match action {
        DragAction::Window => DragKind::Window,
        DragAction::Pan => DragKind::Pan,
        DragAction::Zoom => DragKind::Zoom,
        DragAction::Scroll => DragKind::Scroll,
    }
}

/// Lets go of the drag; a drawn box asks for its name, a region becomes a window. Says whether the look has changed.
fn finish(shown: &Shown<'_>, view: &mut ViewState, look: &mut SeriesView) -> bool {
    let Some(drag) = view.transient.pointer.drag.take() else { return false };
    match drag.kind {
        DragKind::Box(Some(region)) => {
            view.transient.pointer.is_drawing_finding = false;
            let place = Place::Region { region };
            view.dialogs.push(Dialog::NewFinding { subject: shown.subject(), place, label: String::new() });
            false
        }
        DragKind::Region(Some(region)) => {
            let attrs = shown.instance.frame(shown.frame_idx);
            let window = shown
                .frame()
                .zip(attrs)
                .and_then(|(frame, attrs)| histogram::region_window(frame, attrs, shown.instance.padding, &region));
            if let Some(window) = window {
                look.window = WindowChoice::Manual(window);
            }
            window.is_some()
        }
        DragKind::Box(None) | DragKind::Region(None) => false,
        DragKind::Window | DragKind::Pan | DragKind::Zoom | DragKind::Scroll => true,
    }
}

fn wheel(
    ui: &Ui,
    response: &Response,
    canvas: &Canvas,
    shown: &Shown<'_>,
    view: &mut ViewState,
    look: &mut SeriesView,
) -> bool {
    let Some(cursor) = response.hover_pos() else { return false };
    let mut lines = 0.0;
    let mut factor = 1.0;
    // Of a plane through a volume, in steps
    let mut thicker = 0.0;
    ui.input(|input| {
        for event in &input.events {
            match event {
                Event::MouseWheel { unit, delta, modifiers, .. } => {
                    let along = if delta.y == 0.0 { delta.x } else { delta.y };
                    let step = match unit {
                        MouseWheelUnit::Line => along,
                        MouseWheelUnit::Point => along / POINTS_PER_IMAGE,
                        MouseWheelUnit::Page => along * 10.0,
                    };
                    if shown.cut.is_some() && is_zoom(*modifiers) && modifiers.shift {
                        thicker += step;
                    } else if is_zoom(*modifiers) {
                        factor *= ZOOM_PER_LINE.powf(f64::from(step));
                    } else {
                        // Toward the reader is the next image.
                        lines -= if modifiers.shift { step * 10.0 } else { step };
                    }
                }
                Event::Zoom(pinch) => factor *= f64::from(*pinch),
                _ => {}
            }
        }
    });
    if view.transient.pointer.is_magnifying {
        let wanted = view.transient.pointer.lens_factor * ZOOM_PER_LINE.powf(f64::from(-lines));
        view.transient.pointer.lens_factor = wanted.clamp(*FACTORS.start(), *FACTORS.end());
        return false;
    }
    let mut is_changed = false;
    if factor != 1.0 {
        look.view = look.view.zoomed_about(canvas.viewport_point(cursor), factor, canvas.size_px());
        look.is_fit = false;
        is_changed = true;
    }
    let total = view.transient.pointer.wheel_rest + lines;
    let n_images = total.trunc();
    view.transient.pointer.wheel_rest = total - n_images;
    if shown.cut.is_some() {
        view.transient.planes.wheel.n_steps += n_images as i64;
        view.transient.planes.wheel.thicker += thicker;
    } else if n_images != 0.0 {
        look.stack_index = scrolled(look.stack_index, n_images as i64, shown.series.stack.len());
        is_changed = true;
    }
    is_changed
}

fn is_zoom(modifiers: Modifiers) -> bool {
    modifiers.command || modifiers.ctrl
}

/// `index` moved by `n_images`, kept within a stack of `n_stack`.
pub fn scrolled(index: usize, n_images: i64, n_stack: usize) -> usize {
    let steps = usize::try_from(n_images.unsigned_abs()).unwrap_or(usize::MAX);
    let moved = if n_images < 0 { index.saturating_sub(steps) } else { index.saturating_add(steps) };
    moved.min(n_stack.saturating_sub(1))
}

/// Right widens, down raises the center (the image darkens).
pub fn dragged_window(start: &Window, range: (f64, f64), right: f64, down: f64) -> Window {
    let unit = ((range.1 - range.0) * WINDOW_SENSITIVITY).max(f64::EPSILON);
    // LINEAR has no width below 1 (PS3.3 C.11.2.1.2.1); images of small numbers need one.
    let is_small = range.1 - range.0 <= 8.0;
    let smallest = if is_small { (range.1 - range.0).max(1e-6) / 1024.0 } else { 1.0 };
    let function = if is_small { VoiFunction::LinearExact } else { start.function };
    Window { center: start.center + down * unit, width: (start.width + right * unit).max(smallest), function }
}

fn range_window((low, high): (f64, f64)) -> Window {
    Window::linear((low + high) / 2.0, (high - low).max(1.0))
}

/// The box between two corners, within the image; `None` when it is a mere click.
fn drawn_box([x0, y0]: [f64; 2], [x1, y1]: [f64; 2], grid: &ImageGrid) -> Option<PixelBox> {
    let clamp = |v: f64, size: u32| v.clamp(0.0, f64::from(size));
    let (x0, x1) = (clamp(x0.min(x1), grid.cols), clamp(x0.max(x1), grid.cols));
    let (y0, y1) = (clamp(y0.min(y1), grid.rows), clamp(y0.max(y1), grid.rows));
    (x1 - x0 >= 1.0 && y1 - y0 >= 1.0).then_some(PixelBox { x0, y0, x1, y1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dragging_right_widens_and_down_raises_the_center() {
        let start = Window::linear(40.0, 400.0);
        let window = dragged_window(&start, (-1024.0, 3072.0), 10.0, 5.0);
        assert_eq!((window.width, window.center), (560.0, 120.0));
        assert_eq!(dragged_window(&start, (-1024.0, 3072.0), -1000.0, 0.0).width, 1.0);
    }

    #[test]
    fn scrolling_stays_within_the_stack() {
        assert_eq!(scrolled(3, -10, 20), 0);
        assert_eq!(scrolled(3, 10, 8), 7);
        assert_eq!(scrolled(0, 5, 0), 0);
    }

    #[test]
    fn a_box_stays_in_the_image_and_a_click_is_none() {
        let grid = ImageGrid::new(10, 20, 1.0);
        let drawn = drawn_box([15.0, -3.0], [30.0, 4.0], &grid).unwrap();
        assert_eq!((drawn.x0, drawn.y0, drawn.x1, drawn.y1), (15.0, 0.0, 20.0, 4.0));
        assert_eq!(drawn_box([5.0, 5.0], [5.2, 5.1], &grid), None);
    }
}
