//! Where the reader looks: per study the panes and what stands in them, with image, window and zoom. Free to lose.
//!
//! [`LookAt`] is what reopening a study brings back; [`Transient`] lives for one session.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::presentation::Window;
use crate::domain::saliency::SaliencyMethod;
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, SopInstanceUid, StudyUid};
use crate::imaging::overlay::{Colormap, SALIENCY_OPACITY};
use crate::imaging::view::View;
use crate::render::request::Interpolation;
use crate::ui::arrangement::Arrangement;
use crate::ui::dialogs::Dialog;
use crate::ui::planes::PlanesView;
use crate::ui::preferences::LetterEdges;
use crate::ui::stage::{Pane, PaneContent, SeriesRef, Stage};
use crate::ui::transient::Transient;

/// All that the screen remembers between passes.
#[derive(Default)]
pub struct ViewState {
    pub looks: BTreeMap<StudyUid, LookAt>,
    pub overlay: OverlayView,
    pub display: DisplayChoice,
    /// Patient and institution are not drawn.
    pub is_identity_hidden: bool,
    /// The open dialogs, the topmost last.
    pub dialogs: Vec<Dialog>,
    /// Names of what was asked for in the palette, the latest first.
    pub recent_commands: Vec<String>,
    /// What comes back after a restart.
    pub arrangement: Arrangement,
    pub transient: Transient,
}

impl ViewState {
    pub fn look(&self, study: &StudyUid) -> Option<&LookAt> {
        self.looks.get(study)
    }

    /// The look at `study`, made when new.
    pub fn look_mut(&mut self, study: &StudyUid) -> &mut LookAt {
        self.looks.entry(study.clone()).or_default()
    }

    /// The finding selected in `study`.
    pub fn selected(&self, study: &StudyUid) -> Option<&FindingId> {
        self.looks.get(study)?.selected.as_ref()
    }

    /// What `store` keeps with the study; `None` when it was never looked at.
    pub fn to_json(&self, study: &StudyUid) -> Option<String> {
        serde_json::to_string(self.looks.get(study)?).ok()
    }

    /// Brings back a kept look. Text of another version is ignored: a look may be lost.
    pub fn restore(&mut self, study: &StudyUid, json: &str) {
        if let Ok(look) = serde_json::from_str(json) {
            self.looks.insert(study.clone(), look);
        }
    }
}

/// How one study is looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LookAt {
    pub stage: Stage,
    /// Each series as it was looked at last, for when it comes back into a pane.
    pub series: BTreeMap<SeriesPart, SeriesView>,
    /// How planes through a series' volume lie.
    pub planes: BTreeMap<SeriesPart, PlanesView>,
    pub selected: Option<FindingId>,
}

impl LookAt {
    /// Nobody has looked at the study yet.
    pub fn is_untouched(&self) -> bool {
        self.selected.is_none() && self.series.is_empty() && self.stage == Stage::default()
    }

    /// The place in the study of the active pane's series; the first when the pane shows none of this study.
    pub fn open_index(&self, study: &Study) -> usize {
        self.series_of_pane(study, self.stage.active).unwrap_or(0)
    }

    /// The place in `study` of the series that a pane shows.
    pub fn series_of_pane(&self, study: &Study, pane: usize) -> Option<usize> {
        match &self.stage.panes.get(pane)?.content {
            PaneContent::First => (!study.series.is_empty()).then_some(0),
            PaneContent::Series(shown) | PaneContent::Plane(shown, _) => shown.index_in(study),
            PaneContent::Empty => None,
        }
    }

    /// The active pane's view.
    pub fn view(&self) -> SeriesView {
        self.stage.active_pane().map(|pane| pane.view.clone()).unwrap_or_default()
    }

    pub fn view_mut(&mut self) -> &mut SeriesView {
        &mut self.stage.active_pane_mut().view
    }

    /// How a series is looked at: in the active pane, else in the first that shows it, else as it was last.
    pub fn series_view(&self, study: &Study, index: usize) -> SeriesView {
        let shows_it = |pane: &usize| self.series_of_pane(study, *pane) == Some(index);
        let active = Some(self.stage.active).filter(shows_it);
        let pane = active.or_else(|| (0..self.stage.panes.len()).find(shows_it));
        match pane.and_then(|pane| self.stage.panes.get(pane)) {
            Some(pane) => pane.view.clone(),
            None => self.series.get(&SeriesPart::of(study, index)).cloned().unwrap_or_default(),
        }
    }

    /// Puts a series of `study` into the active pane, as it was looked at last.
    pub fn open(&mut self, study: &Study, index: usize) {
        self.put(self.stage.active, study, index);
    }

    /// Puts a series into a pane, as it was looked at last.
    pub fn put(&mut self, pane: usize, study: &Study, index: usize) {
        if self.series_of_pane(study, pane) == Some(index) && !self.is_plane(pane) {
            return;
        }
        self.keep_view(pane, study);
        let part = SeriesPart::of(study, index);
        let view = self.series.get(&part).cloned().unwrap_or_default();
        if let Some(pane) = self.stage.panes.get_mut(pane) {
            *pane = Pane { content: PaneContent::Series(SeriesRef::new(study, part)), view };
        }
    }

    /// Remembers how the series in a pane is looked at.
    pub fn keep_view(&mut self, pane: usize, study: &Study) {
        let Some(index) = self.series_of_pane(study, pane).filter(|_| !self.is_plane(pane)) else { return };
        if let Some(pane) = self.stage.panes.get(pane) {
            self.series.insert(SeriesPart::of(study, index), pane.view.clone());
        }
    }

    fn is_plane(&self, pane: usize) -> bool {
        self.stage.panes.get(pane).is_some_and(|pane| matches!(pane.content, PaneContent::Plane(..)))
    }

    /// Scrolls to the image of `sop` and `frame`: in the active pane if it shows the series, else in another that does,
    /// which becomes active; else the active pane shows it. False when the study does not hold it.
    pub fn show_image(&mut self, study: &Study, sop: &SopInstanceUid, frame: u32) -> bool {
        let found = study.series.iter().enumerate().find_map(|(series_idx, series)| {
            let is_it = |stack_idx: &usize| {
                series.image(*stack_idx).is_some_and(|(instance, index)| &instance.sop == sop && index == frame)
            };
            (0..series.stack.len()).find(is_it).map(|stack_idx| (series_idx, stack_idx))
        });
        let Some((series_idx, stack_index)) = found else { return false };
        let shows_it = |pane: &usize| !self.is_plane(*pane) && self.series_of_pane(study, *pane) == Some(series_idx);
        let pane = Some(self.stage.active).filter(shows_it).or_else(|| self.stage.visible().find(shows_it));
        match pane {
            Some(pane) => self.stage.active = pane,
            None => self.put(self.stage.active, study, series_idx),
        }
        self.view_mut().stack_index = stack_index;
        true
    }
}

/// Names a series within its study: its UID, with a number behind it when the importer split the series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeriesPart(String);

impl SeriesPart {
    pub fn of(study: &Study, index: usize) -> Self {
        let Some(series) = study.series.get(index) else { return Self(String::new()) };
        let n_before = study.series.iter().take(index).filter(|other| other.uid == series.uid).count();
        Self(if n_before == 0 { series.uid.to_string() } else { format!("{}/{n_before}", series.uid) })
    }
}

/// How one series is looked at: survives scrolling and the way to another series and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeriesView {
    /// Index into `Series::stack`.
    pub stack_index: usize,
    pub window: WindowChoice,
    pub is_inverted: bool,
    /// The whole image is kept as large as the viewport allows; turns and flip of `view` still hold.
    pub is_fit: bool,
    pub view: View,
}

impl Default for SeriesView {
    fn default() -> Self {
        let window = WindowChoice::FromFile;
        Self { stack_index: 0, window, is_inverted: false, is_fit: true, view: View::default() }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowChoice {
    /// The file's first VOI LUT or window, else [`WindowChoice::Auto`].
    #[default]
    FromFile,
    /// This one of the file's VOI LUTs and windows; the first where an image has fewer.
    FromFileAt(usize),
    /// Percentiles 0.5 to 99.5 of each image.
    Auto,
    FullRange,
    /// `imaging::presets` id.
    Preset(String),
    /// Set by hand.
    Manual(Window),
}

/// How pictures are brought to the screen; one choice for all series, from the reader's settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisplayChoice {
    /// Between pixels when the image is magnified. Measurements never use it.
    pub interpolation: Interpolation,
    pub letters: LetterEdges,
}

/// What is laid over the picture; one choice for all series.
#[derive(Clone, Debug, PartialEq)]
pub struct OverlayView {
    pub masks: MaskStyle,
    /// Names of segments that are switched off.
    pub hidden_segments: BTreeSet<String>,
    pub saliency_shown: bool,
    /// How the map is made; `None`: as it was suggested.
    pub saliency_method: Option<SaliencyMethod>,
    /// 0 to 1.
    pub saliency_opacity: f32,
    pub colormap: Colormap,
    /// Boxes and measured lines.
    pub marks_shown: bool,
    /// What readers drew and measured.
    pub drawings_shown: bool,
    /// Graphics that the file brings along.
    pub graphics_shown: bool,
    /// Held down: everything of the model is hidden for a moment.
    pub is_held_hidden: bool,
}

impl Default for OverlayView {
    fn default() -> Self {
        Self {
            masks: MaskStyle::Outline,
            hidden_segments: BTreeSet::new(),
            saliency_shown: false,
            saliency_method: None,
            saliency_opacity: SALIENCY_OPACITY,
            colormap: Colormap::Inferno,
            marks_shown: true,
            drawings_shown: true,
            graphics_shown: true,
            is_held_hidden: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskStyle {
    Off,
    Outline,
    OutlineAndFill,
}
