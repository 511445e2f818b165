//! Editing: a handle, the whole, or the label follows the pointer; letting go is one change.

use std::sync::Arc;

use egui::Pos2;

use crate::domain::annotation::Annotation;
use crate::domain::shape::Point;
use crate::ui::tools::lie::{Lie, measured, scale_of, step_within, within};
use crate::ui::tools::{form, placing};
use crate::ui::viewport::shown::{Canvas, Shown};

/// What of an annotation is under the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    Handle(usize),
    Body,
    /// With its middle, from the shape's anchor.
    Label([f64; 2]),
}

/// An annotation in hand.
#[derive(Clone, Debug)]
pub struct Grab {
    pub pane: usize,
    pub part: Part,
    pub start: Arc<Annotation>,
    pub current: Arc<Annotation>,
    pressed_at: Pos2,
    is_moved: bool,
}

impl Grab {
    pub fn start(pane: usize, part: Part, annotation: Arc<Annotation>, at: Pos2) -> Self {
        Self { pane, part, current: Arc::clone(&annotation), start: annotation, pressed_at: at, is_moved: false }
    }

    /// Follows the pointer. A press that never leaves its place moves nothing.
    pub fn moved(&mut self, canvas: &Canvas, shown: &Shown<'_>, at: Pos2) {
        self.is_moved |= at.distance(self.pressed_at) >= placing::CLICK_REACH;
        if !self.is_moved {
            return;
        }
        let (from, to) = (Lie::Own.point(canvas, self.pressed_at), Lie::Own.point(canvas, at));
        let by = [to[0] - from[0], to[1] - from[1]];
        let start = &self.start;
        self.current = Arc::new(match self.part {
            Part::Label([col, row]) => {
                Annotation { label_offset: Some([col + by[0], row + by[1]]), ..Annotation::clone(start) }
            }
            Part::Body => {
                let by = step_within(shown, &start.shape, by);
                measured(start, start.shape.moved(by), shown)
            }
            Part::Handle(handle) => {
                let Some([col, row]) = form::handles(&start.shape).get(handle).copied() else { return };
                let target: Point = within(shown, [col + by[0], row + by[1]]);
                let scale = scale_of(shown, &start.shape.points());
                let shape = form::with_handle(&start.shape, handle, target, &scale);
                // What has lost its size stays as it was the moment before
                if !shape.is_sound() {
                    return;
                }
                measured(start, shape, shown)
            }
        });
    }

    /// What to ask for when the button goes up; `None` when nothing has changed.
    pub fn released(self) -> Option<Arc<Annotation>> {
        (self.is_moved && self.current != self.start).then_some(self.current)
    }
}
