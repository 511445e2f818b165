//! Hanging protocols: how a study's series, and those of a prior, are laid out when it opens (after PS3.3 C.23).
//!
//! The reader's own go before the built-in ones; the first that fits is hung.

mod builtin;
mod picks;
mod prior;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::study::Study;
use crate::domain::uid::StudyUid;
use crate::ui::context::UiContext;
use crate::ui::stage::{Layout, Links, Pane, PaneContent, PlaneAxis, SeriesRef, Stage};
use crate::ui::view_state::{LookAt, SeriesPart, SeriesView, ViewState, WindowChoice};

pub use builtin::built_in;
pub use prior::{prior_of, priors_of};

/// One way to hang a kind of study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// What the reader calls it; unique among the reader's own.
    pub name: String,
    /// Modalities (0008,0060) it is for; empty: any.
    #[serde(default)]
    pub modalities: Vec<String>,
    /// Body Part Examined (0018,0015), upper case; empty: any.
    #[serde(default)]
    pub body_parts: Vec<String>,
    pub layout: Layout,
    #[serde(default)]
    pub links: Links,
    /// Row by row. A pane whose series is not there stays empty.
    pub slots: Vec<Slot>,
}

/// What stands in one pane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    #[serde(default)]
    pub of: SlotStudy,
    pub pick: Pick,
    /// A plane through the series' volume in place of its own images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plane: Option<PlaneAxis>,
    /// Window; as the file says when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowChoice>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotStudy {
    #[default]
    Current,
    /// The latest earlier study of the patient of that kind.
    Prior,
}

/// Which series, or which image of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The one with most images, localizers last.
    Main,
    /// View Position (0018,5101), any of these.
    View(Vec<String>),
    /// Laterality (0020,0060) or (0020,0062), and view position.
    Breast { laterality: String, view: String },
    /// By its description, else the series at this place.
    Series { description: String, index: usize },
}

impl Protocol {
    /// Whether it is meant for a study like this, and every pane would have its picture.
    fn fits(&self, context: &UiContext<'_>, study: &Arc<Study>) -> bool {
        let said_by = |wanted: &[String], word: &dyn Fn(usize) -> String| {
            wanted.is_empty() || (0..study.series.len()).any(|index| wanted.contains(&word(index)))
        };
        let modality = |index: usize| study.series[index].modality.0.to_uppercase();
        let body_part = |index: usize| study.series[index].body_part.to_uppercase();
        said_by(&self.modalities, &modality)
            && said_by(&self.body_parts, &body_part)
            && self.slots.iter().all(|slot| slot.found(context, study).is_some())
    }

    /// The stage that it makes of a study; panes whose series is missing stay empty.
    pub fn hung(&self, context: &UiContext<'_>, study: &Arc<Study>) -> Stage {
        let pane = |slot: &Slot| match slot.found(context, study) {
            Some((of, index, stack_index)) => {
                let shown = SeriesRef::new(of, SeriesPart::of(of, index));
                let content = match slot.plane {
                    Some(axis) => PaneContent::Plane(shown, axis),
                    None => PaneContent::Series(shown),
                };
                let window = slot.window.clone().unwrap_or_default();
                Pane { content, view: SeriesView { stack_index, window, ..SeriesView::default() } }
            }
            None => Pane::default(),
        };
        let panes: Vec<Pane> = self.slots.iter().map(pane).collect();
        let is_of_current = |slot: &Slot| slot.of == SlotStudy::Current;
        let active = self.slots.iter().position(is_of_current).unwrap_or(0);
        let mut stage = Stage { layout: self.layout, panes, active, is_maximized: false, links: self.links };
        stage.mend();
        stage
    }

    /// The reader's own, of what stands on the stage now.
    pub fn of_stage(name: String, context: &UiContext<'_>, look: &LookAt) -> Option<Self> {
        let study = context.open_study?;
        let main = study.series.get(look.open_index(study))?;
        let slots = look.stage.panes.iter().take(look.stage.layout.n_panes()).enumerate();
        let slots = slots.map(|(place, pane)| slot_of(context, look, study, place, pane)).collect();
        let body_part = main.body_part.to_uppercase();
        Some(Self {
            name,
            modalities: vec![main.modality.0.to_uppercase()],
            body_parts: if body_part.is_empty() { Vec::new() } else { vec![body_part] },
            layout: look.stage.layout,
            links: look.stage.links,
            slots,
        })
    }
}

fn slot_of(context: &UiContext<'_>, look: &LookAt, study: &Arc<Study>, place: usize, pane: &Pane) -> Slot {
    let of_other = pane.content.series().is_some_and(|shown| shown.study != study.uid);
    let index = match pane.content.series() {
        Some(shown) => context.studies.iter().find_map(|study| Some((study, shown.index_in(study)?))),
        None => look.series_of_pane(study, place).map(|index| (study, index)),
    };
    let description = index.and_then(|(of, index)| Some(of.series.get(index)?.description.clone()));
    let pick = Pick::Series {
        description: description.unwrap_or_default(),
        index: index.map_or(usize::MAX, |(_, index)| index),
    };
    let plane = if let PaneContent::Plane(_, axis) = pane.content { Some(axis) } else { None };
    let window = match &pane.view.window {
        choice @ (WindowChoice::Preset(_) | WindowChoice::Auto | WindowChoice::FullRange) => Some(choice.clone()),
        _ => None,
    };
    Slot { of: if of_other { SlotStudy::Prior } else { SlotStudy::Current }, pick, plane, window }
}

impl Slot {
    /// The study, the series' place in it, and the image's place in its stack.
    fn found<'a>(&self, context: &UiContext<'a>, study: &'a Arc<Study>) -> Option<(&'a Arc<Study>, usize, usize)> {
        let of = match self.of {
            SlotStudy::Current => study,
            SlotStudy::Prior => prior_of(context.studies, study)?,
        };
        let (index, stack_index) = self.pick.found(of)?;
        Some((of, index, stack_index))
    }
}

/// All that fit the open study, the reader's own first.
pub fn fitting(context: &UiContext<'_>) -> Vec<Protocol> {
    let Some(study) = context.open_study else { return Vec::new() };
    let all = context.app.hangings.iter().chain(built_in());
    all.filter(|protocol| protocol.fits(context, study)).cloned().collect()
}

/// Hangs the open study when nobody has looked at it yet and all of it is here.
pub fn hang_untouched(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study.filter(|_| !context.is_reading) else { return };
    if !view.look_mut(&study.uid).is_untouched() {
        return;
    }
    if let Some(protocol) = fitting(context).first() {
        hang(context, view, protocol);
        let stage = view.look_mut(&study.uid).stage.clone();
        view.transient.panes.hung = Some((study.uid.clone(), stage));
    }
}

/// Whether the panes stand as the program put them.
pub fn is_untouched(view: &ViewState, study: &StudyUid) -> bool {
    let Some(look) = view.look(study) else { return true };
    let as_hung = view.transient.panes.hung.as_ref().is_some_and(|(of, stage)| of == study && stage == &look.stage);
    look.is_untouched() || as_hung && look.selected.is_none()
}

/// Lays the open study out as a protocol says.
pub fn hang(context: &UiContext<'_>, view: &mut ViewState, protocol: &Protocol) {
    let Some(study) = context.open_study else { return };
    let stage = protocol.hung(context, study);
    let look = view.look_mut(&study.uid);
    for pane in 0..look.stage.panes.len() {
        look.keep_view(pane, study);
    }
    look.stage = stage;
}
