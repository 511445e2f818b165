//! Drawing without a pointer: with a tool in hand Enter shows a cross, arrows move it, Enter sets a point.
//!
//! The points go the same way as those of presses and releases ([`placing`]).
//!
//! [`placing`]: crate::ui::tools::placing

use egui::{Context, Event, Key, Modifiers, Pos2, Vec2, vec2};

use crate::ui::context::UiContext;
use crate::ui::tools::lie::{self, Lie};
use crate::ui::tools::placing::{Draft, Placed};
use crate::ui::tools::pointer;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::{Canvas, Shown};

/// With Shift the cross goes so many steps.
const MANY: f32 = 10.0;

/// Where the cross stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyboardCross {
    pub pane: usize,
    /// In pixel-edge coordinates of the picture: it stays on its place under any zoom.
    pub point_in_image: [f64; 2],
}

enum Press {
    Move(Vec2),
    Set,
}

/// Takes the keys of this pass that draw: Enter while a tool is in hand, and then arrows.
pub fn keys_ui(ctx: &Context, context: &UiContext<'_>, view: &mut ViewState) {
    let tools = &mut view.transient.tools;
    if tools.tool.is_none() && tools.draft.is_none() {
        tools.cross = None;
        return;
    }
    let presses = taken(ctx, tools.cross.is_some());
    if presses.is_empty() {
        return;
    }
    let Some(study) = context.open_study_uid() else { return };
    let Some(shown) = Shown::of(context, view.looks.get(study), &mut view.transient) else { return };
    let Some(rect) = view.transient.panes.rects.get(&shown.pane).copied() else { return };
    let canvas = Canvas::new(rect, ctx.pixels_per_point(), &shown);
    for press in presses {
        let cross = view.transient.tools.cross.filter(|cross| cross.pane == shown.pane);
        let Some(cross) = cross else {
            view.transient.tools.cross = Some(first_cross(view, &canvas, &shown));
            continue;
        };
        match press {
            Press::Move(way) => {
                let moved = moved(&canvas, &shown, cross, way);
                view.transient.tools.cross = Some(moved);
                let at = canvas.screen_point(moved.point_in_image);
                let point = lie::within(&shown, Lie::Own.point(&canvas, at));
                if let Some(draft) = view.transient.tools.draft.as_mut() {
                    draft.pointed(point);
                }
            }
            Press::Set => set(context, view, &canvas, &shown, cross),
        }
    }
}

/// Arrows are the picture's until the cross is there.
fn taken(ctx: &Context, is_drawing: bool) -> Vec<Press> {
    let mut presses = Vec::new();
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, pressed: true, modifiers, .. } = event else { return true };
            let step = if *modifiers == Modifiers::SHIFT { MANY } else { 1.0 };
            let is_plain = modifiers.is_none() || *modifiers == Modifiers::SHIFT;
            let press = match key {
                Key::Enter if modifiers.is_none() => Press::Set,
                _ if !is_drawing || !is_plain => return true,
                Key::ArrowLeft => Press::Move(vec2(-step, 0.0)),
                Key::ArrowRight => Press::Move(vec2(step, 0.0)),
                Key::ArrowUp => Press::Move(vec2(0.0, -step)),
                Key::ArrowDown => Press::Move(vec2(0.0, step)),
                _ => return true,
            };
            presses.push(press);
            false
        });
    });
    presses
}

/// Under the pointer, else in the middle of what is seen.
fn first_cross(view: &ViewState, canvas: &Canvas, shown: &Shown<'_>) -> KeyboardCross {
    let hovered = view.transient.pointer.hovered.filter(|(pane, _)| *pane == shown.pane).map(|(_, point)| point);
    let middle = canvas.image_point(canvas.rect.center());
    on_picture(shown, KeyboardCross { pane: shown.pane, point_in_image: hovered.unwrap_or(middle) })
}

/// A pixel of the image or a point of the screen, whichever is more.
fn moved(canvas: &Canvas, shown: &Shown<'_>, cross: KeyboardCross, way: Vec2) -> KeyboardCross {
    let points_per_pixel = (canvas.view.zoom / canvas.pixels_per_point) as f32;
    let at: Pos2 = canvas.screen_point(cross.point_in_image) + way * points_per_pixel.max(1.0);
    on_picture(shown, KeyboardCross { point_in_image: canvas.image_point(at), ..cross })
}

fn on_picture(shown: &Shown<'_>, cross: KeyboardCross) -> KeyboardCross {
    let ([x, y], grid) = (cross.point_in_image, shown.grid());
    let point_in_image = [x.clamp(0.0, f64::from(grid.cols)), y.clamp(0.0, f64::from(grid.rows))];
    KeyboardCross { point_in_image, ..cross }
}

/// A press and a release where the cross stands; twice at one place closes an outline.
fn set(context: &UiContext<'_>, view: &mut ViewState, canvas: &Canvas, shown: &Shown<'_>, cross: KeyboardCross) {
    let at = canvas.screen_point(cross.point_in_image);
    let point = lie::within(shown, Lie::Own.point(canvas, at));
    let placed = match (view.transient.tools.draft.as_mut(), view.transient.tools.tool) {
        (Some(draft), _) if draft.is_set_twice(point) => draft.closed(),
        (Some(draft), _) => match draft.pressed(at, point) {
            Placed::Going => draft.released(at, point),
            done => done,
        },
        (None, Some(tool)) => {
            let Some((draft, placed)) = pointer::begun(context, view, shown, tool, at, point) else { return };
            let mut draft: Draft = draft;
            let placed = if placed == Placed::Going { draft.released(at, point) } else { placed };
            view.transient.tools.draft = Some(draft);
            placed
        }
        (None, None) => return,
    };
    if matches!(placed, Placed::Done(_)) {
        view.transient.tools.cross = None;
        pointer::placed(shown, context, view, placed, false);
    }
}
