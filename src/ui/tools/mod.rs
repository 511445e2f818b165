//! Drawing on pictures: one machine that places ([`placing`]), one that edits ([`editing`]), for every tool.
//!
//! What a tool draws is a [`crate::domain::shape::Shape`]; where it may be taken hold of, and what moving a handle does,
//! says [`form`]. What is let go of becomes one action, and through it one event of the review.

pub mod editing;
pub mod form;
pub mod hit;
pub mod keyboard;
pub mod label;
pub mod lie;
pub mod menu;
pub mod paint;
pub mod placing;
pub mod pointer;

use std::sync::Arc;

use egui::Rect;

use crate::domain::annotation::Annotation;
use crate::domain::uid::AnnotationId;
use crate::imaging::measure::region::Histogram;
use crate::ui::action::ReviewAction;
use crate::ui::tools::editing::Grab;
use crate::ui::tools::keyboard::KeyboardCross;
use crate::ui::tools::placing::Draft;

/// What the main button draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    Probe,
    Length,
    Bidirectional,
    Angle,
    Cobb,
    Rectangle,
    Ellipse,
    Freehand,
    Arrow,
    Text,
}

impl Tool {
    pub const ALL: [Self; 10] = [
        Self::Length,
        Self::Bidirectional,
        Self::Angle,
        Self::Cobb,
        Self::Probe,
        Self::Rectangle,
        Self::Ellipse,
        Self::Freehand,
        Self::Arrow,
        Self::Text,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Probe => "Probe",
            Self::Length => "Length",
            Self::Bidirectional => "Bidirectional",
            Self::Angle => "Angle",
            Self::Cobb => "Cobb angle",
            Self::Rectangle => "Rectangle",
            Self::Ellipse => "Ellipse",
            Self::Freehand => "Freehand region",
            Self::Arrow => "Arrow",
            Self::Text => "Text",
        }
    }

    /// What to do with it, in one line.
    pub fn instruction(self) -> &'static str {
        match self {
            Self::Probe => "Click a pixel",
            Self::Length => "Drag from end to end",
            Self::Bidirectional => "Drag along the longest diameter, then move the short one",
            Self::Angle => "Drag along one arm, then click the end of the other",
            Self::Cobb => "Drag along one end plate, then along the other",
            Self::Rectangle | Self::Ellipse => "Drag from corner to corner",
            Self::Freehand => "Drag around it, or click corners and double-click the last",
            Self::Arrow => "Press at the place, drag away from it",
            Self::Text => "Click where the text begins",
        }
    }
}

/// What the tools remember between passes; forgotten at the end of a session.
#[derive(Default)]
pub struct ToolMemory {
    /// `None`: the main button does what the mouse settings say.
    pub tool: Option<Tool>,
    pub draft: Option<Draft>,
    pub grab: Option<Grab>,
    /// While something is drawn by keys.
    pub cross: Option<KeyboardCross>,
    /// The button that is down, or went down last, is the tools': the picture does nothing with it.
    pub owns_press: bool,
    pub selected: Option<AnnotationId>,
    pub traces: Traces,
    /// What the session will say in the next pass.
    pub expected: Option<Expected>,
    pub asked: Vec<ReviewAction>,
    pub list: ListMemory,
}

/// What lay where in the pass before.
#[derive(Default)]
pub struct Traces {
    /// Under the pointer.
    pub hovered: Option<AnnotationId>,
    /// What the open menu is about; `None` for the picture.
    pub menu_for: Option<AnnotationId>,
    /// Where labels stood, by pane.
    pub labels: Vec<(usize, AnnotationId, Rect)>,
}

/// The list of drawings as it stands.
#[derive(Default)]
pub struct ListMemory {
    /// The drawing that the list scrolled to last.
    pub scrolled_to: Option<AnnotationId>,
    /// Of the region whose details were shown last.
    pub histogram: Option<(Arc<Annotation>, Arc<Histogram>)>,
}

/// A drawing that was let go of, until the session has it.
#[derive(Clone, Debug)]
pub enum Expected {
    Placed { drawn: Arc<Annotation>, n_before: usize },
    Changed(Arc<Annotation>),
}

impl ToolMemory {
    /// Takes up a tool, or lays it down when it is in hand already.
    pub fn choose(&mut self, tool: Tool) {
        let is_in_hand = self.tool == Some(tool);
        (self.draft, self.cross) = (None, None);
        self.tool = (!is_in_hand).then_some(tool);
        self.selected = None;
    }

    /// Steps back by one: what is being drawn, then what is being moved, then the tool, then the selection. False when
    /// there was nothing to step back from.
    pub fn cancel(&mut self) -> bool {
        self.draft.take().is_some()
            || self.cross.take().is_some()
            || self.grab.take().is_some()
            || self.tool.take().is_some()
            || self.selected.take().is_some()
    }

    /// Whether the main button is theirs.
    pub fn holds_pointer(&self) -> bool {
        self.grab.is_some() || self.draft.is_some() || self.tool.is_some()
    }

    pub fn select(&mut self, id: &AnnotationId) {
        self.selected = Some(id.clone());
    }

    pub fn remove(&mut self, id: &AnnotationId) {
        if self.selected.as_ref() == Some(id) {
            self.selected = None;
        }
        self.asked.push(ReviewAction::RemoveAnnotation(id.clone()));
    }
}
