//! The stage: a grid of panes, what stands in each, and what moves together. Kept with the study, free to lose.

use serde::{Deserialize, Serialize};

use crate::domain::study::Study;
use crate::domain::uid::StudyUid;
use crate::ui::view_state::{SeriesPart, SeriesView};

/// Rows and columns of panes, each 1 to 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Layout {
    pub rows: u8,
    pub cols: u8,
}

impl Layout {
    pub const SINGLE: Self = Self { rows: 1, cols: 1 };
    /// Those with a key and a place in the menu.
    pub const ALL: [Self; 7] = [
        Self::SINGLE,
        Self { rows: 1, cols: 2 },
        Self { rows: 2, cols: 1 },
        Self { rows: 2, cols: 2 },
        Self { rows: 1, cols: 3 },
        Self { rows: 2, cols: 3 },
        Self { rows: 3, cols: 3 },
    ];

    pub fn n_panes(self) -> usize {
        usize::from(self.rows.clamp(1, 3)) * usize::from(self.cols.clamp(1, 3))
    }

    /// `2 × 3`: rows, then columns.
    pub fn words(self) -> String {
        format!("{} × {}", self.rows, self.cols)
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::SINGLE
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stage {
    pub layout: Layout,
    /// Row by row; those past the layout's end are kept for when it grows again. Never empty.
    pub panes: Vec<Pane>,
    /// What keys act on; always a visible pane.
    pub active: usize,
    /// The active pane stands alone; the others come back.
    pub is_maximized: bool,
    pub links: Links,
}

impl Default for Stage {
    fn default() -> Self {
        Self {
            layout: Layout::SINGLE,
            panes: vec![Pane { content: PaneContent::First, view: SeriesView::default() }],
            active: 0,
            is_maximized: false,
            links: Links::default(),
        }
    }
}

impl Stage {
    /// Places of the panes on screen.
    pub fn visible(&self) -> impl Iterator<Item = usize> + use<> {
        let alone = self.is_maximized.then_some(self.active);
        match alone {
            Some(pane) => pane..pane + 1,
            None => 0..self.layout.n_panes().min(self.panes.len()),
        }
    }

    pub fn is_single(&self) -> bool {
        self.is_maximized || self.layout.n_panes() == 1
    }

    pub fn active_pane(&self) -> Option<&Pane> {
        self.panes.get(self.active)
    }

    pub fn active_pane_mut(&mut self) -> &mut Pane {
        self.mend();
        let active = self.active;
        &mut self.panes[active]
    }

    /// Shows this many panes. New ones take the series of `study` that stand in none yet, and stay empty when all do.
    pub fn lay_out(&mut self, layout: Layout, study: &Study) {
        self.layout = layout;
        self.is_maximized = false;
        while self.panes.len() < layout.n_panes() {
            let content = self.next_series(study).map_or(PaneContent::Empty, PaneContent::Series);
            self.panes.push(Pane { content, view: SeriesView::default() });
        }
        for pane in 0..layout.n_panes() {
            if self.panes[pane].content == PaneContent::Empty
                && let Some(next) = self.next_series(study)
            {
                self.panes[pane] = Pane { content: PaneContent::Series(next), view: SeriesView::default() };
            }
        }
        self.mend();
    }

    /// The first series after those that stand in panes already.
    fn next_series(&self, study: &Study) -> Option<SeriesRef> {
        let stands = |index: &usize| {
            let part = SeriesPart::of(study, *index);
            self.panes.iter().any(|pane| match &pane.content {
                PaneContent::First => *index == 0,
                PaneContent::Series(shown) | PaneContent::Plane(shown, _) => {
                    shown.part == part && shown.study == study.uid
                }
                PaneContent::Empty => false,
            })
        };
        let index = (0..study.series.len()).find(|index| !stands(index))?;
        Some(SeriesRef::new(study, SeriesPart::of(study, index)))
    }

    /// What a kept or edited stage must hold for the screen to rely on it.
    pub fn mend(&mut self) {
        let Layout { rows, cols } = self.layout;
        self.layout = Layout { rows: rows.clamp(1, 3), cols: cols.clamp(1, 3) };
        let n_panes = self.layout.n_panes();
        if self.panes.len() < n_panes {
            self.panes.resize_with(n_panes, Pane::default);
        }
        if self.active >= n_panes {
            self.active = 0;
        }
    }
}

/// One viewport: what it shows, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pane {
    pub content: PaneContent,
    pub view: SeriesView,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaneContent {
    /// The study's first series, until something is chosen.
    First,
    #[default]
    Empty,
    Series(SeriesRef),
    /// A plane through the series' volume.
    Plane(SeriesRef, PlaneAxis),
}

impl PaneContent {
    pub fn series(&self) -> Option<&SeriesRef> {
        match self {
            Self::Series(shown) | Self::Plane(shown, _) => Some(shown),
            Self::First | Self::Empty => None,
        }
    }
}

/// A series of this or of another study on the worklist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesRef {
    pub study: StudyUid,
    pub part: SeriesPart,
}

impl SeriesRef {
    pub fn new(study: &Study, part: SeriesPart) -> Self {
        Self { study: study.uid.clone(), part }
    }

    /// Its place in `study`; `None` when it is another study's.
    pub fn index_in(&self, study: &Study) -> Option<usize> {
        let is_it = |index: &usize| SeriesPart::of(study, *index) == self.part;
        (0..study.series.len()).filter(|_| self.study == study.uid).find(is_it)
    }
}

/// Which of a volume's planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaneAxis {
    Axial,
    Coronal,
    Sagittal,
    Oblique,
}

/// What moves together in the panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    /// Panes of one frame of reference go to the same place; those of another keep their distance.
    pub scroll: bool,
    /// Panes of one series, and CT beside CT, share their window.
    pub window: bool,
    /// Zoom and pan.
    pub zoom: bool,
    /// The active pane's plane is drawn as a line on those that cross it.
    pub lines: bool,
}

impl Default for Links {
    fn default() -> Self {
        Self { scroll: true, window: false, zoom: false, lines: true }
    }
}
