//! Correcting masks: one store of voxels for all panes, tools that paint into it, and events that keep every stroke.
//!
//! [`desk`] holds a mask's voxels in step with the review; [`footing`] says how a pane's picture lies in them; [`stroke`]
//! is the pointer, [`acts`] what buttons and keys do, [`tiles`] and [`paint`] what is seen.

pub mod acts;
pub mod desk;
pub mod effort;
pub mod finishing;
pub mod footing;
pub mod keys;
pub mod outline;
pub mod outlining;
pub mod paint;
pub mod proposing;
pub mod segments;
pub mod stroke;
pub mod tasks;
pub mod templates;
pub mod tiles;

use std::fmt;
use std::sync::Arc;

use crate::domain::mask_edit::{MaskSubject, SegmentFigures};
use crate::domain::shape::Point;
use crate::segmentation::grid::VoxelBox;
use crate::segmentation::intensities::ValueRange;
use crate::segmentation::margin::Within;
use crate::segmentation::operation::{OperationError, Work};
use crate::segmentation::region_grow::Growth;
use crate::segmentation::segment_set::{SegmentSet, Sharing};
use crate::ui::action::Action;
use crate::ui::masks::desk::MaskDesk;
use crate::ui::masks::effort::HandAtWork;
use crate::ui::masks::outline::Ghosts;
use crate::ui::masks::proposing::SmartProposal;
use crate::ui::masks::stroke::Stroke;
use crate::ui::masks::tasks::TaskList;
use crate::ui::masks::tiles::PaneLabels;

/// What the main button does to a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum MaskTool {
    #[default]
    Brush,
    Eraser,
    /// A brush that only takes values within a range.
    RangeBrush,
    Lasso,
    Polygon,
    LiveWire,
    Fill,
    GrowRegion,
    Smart,
    Island,
}

impl MaskTool {
    pub const ALL: [Self; 10] = [
        Self::Brush,
        Self::Eraser,
        Self::RangeBrush,
        Self::Lasso,
        Self::Polygon,
        Self::LiveWire,
        Self::Fill,
        Self::GrowRegion,
        Self::Smart,
        Self::Island,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Brush => "Brush",
            Self::Eraser => "Eraser",
            Self::RangeBrush => "Threshold brush",
            Self::Lasso => "Lasso",
            Self::Polygon => "Polygon",
            Self::LiveWire => "Live-wire",
            Self::Fill => "Fill",
            Self::GrowRegion => "Grow region",
            Self::Smart => "Smart click",
            Self::Island => "Islands",
        }
    }

    pub fn instruction(self) -> &'static str {
        match self {
            Self::Brush => "Drag to add; Ctrl removes",
            Self::Eraser => "Drag to remove; Ctrl adds",
            Self::RangeBrush => "Drag to add what lies in the range; Ctrl removes it",
            Self::Lasso => "Drag around it",
            Self::Polygon => "Click corners; double-click or Enter closes",
            Self::LiveWire => "Click along the edge; double-click or Enter closes",
            Self::Fill => "Click into an empty region",
            Self::GrowRegion => "Click into the structure",
            Self::Smart => {
                "Click the structure, or drag a box around it; [ ] make the region smaller or larger, Enter takes it"
            }
            Self::Island => "Click an island to keep it alone; Ctrl removes it",
        }
    }

    /// Stable word for the record.
    pub fn code(self) -> &'static str {
        match self {
            Self::Brush => "brush",
            Self::Eraser => "eraser",
            Self::RangeBrush => "threshold_brush",
            Self::Lasso => "lasso",
            Self::Polygon => "polygon",
            Self::LiveWire => "live_wire",
            Self::Fill => "fill",
            Self::GrowRegion => "grow_region",
            Self::Smart => "smart_click",
            Self::Island => "island",
        }
    }

    /// It paints along the pointer's way.
    pub fn is_brush(self) -> bool {
        matches!(self, Self::Brush | Self::Eraser | Self::RangeBrush)
    }

    /// It draws an outline.
    pub fn is_outline(self) -> bool {
        matches!(self, Self::Lasso | Self::Polygon | Self::LiveWire)
    }
}

/// What an outline or a region does to the segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combine {
    #[default]
    Add,
    Subtract,
    /// Only what both have stays, within the picture drawn on.
    Intersect,
}

impl Combine {
    pub const ALL: [Self; 3] = [Self::Add, Self::Subtract, Self::Intersect];

    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Subtract => "Subtract",
            Self::Intersect => "Intersect",
        }
    }

    /// With Ctrl held.
    #[must_use]
    pub fn inverted(self) -> Self {
        match self {
            Self::Add | Self::Intersect => Self::Subtract,
            Self::Subtract => Self::Add,
        }
    }
}

/// How the tools are set; kept for the session, and for all masks.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSettings {
    pub tool: MaskTool,
    /// The one before, for the key that exchanges the two.
    pub former_tool: MaskTool,
    pub radius_mm: f64,
    /// Through the stack too; else in the picture alone.
    pub is_sphere: bool,
    pub combine: Combine,
    /// Of the threshold brush and the threshold, modality units; `None` until a picture says what is usual.
    pub range: Option<ValueRange>,
    pub tolerance: f64,
    pub guard_mm: f64,
    /// A region grows no farther than this from its seed, mm.
    pub reach_mm: f64,
    pub amounts: Amounts,
    pub sharing: Sharing,
    /// Margins and regions in the volume, or in each slice alone.
    pub within: Within,
    pub is_ghost_shown: bool,
    /// After a mask is accepted the next one opens.
    pub goes_on: bool,
    /// The next slice comes after an outline was closed.
    pub advances_slice: bool,
    /// A pen that is pressed less paints less.
    pub heeds_pressure: bool,
}

/// How much the operations do, mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amounts {
    pub margin_mm: f64,
    pub smooth_mm: f64,
    /// Volume of an island in mm³, of a picture area in mm².
    pub island_mm: f64,
}

impl Default for ToolSettings {
    fn default() -> Self {
        Self {
            tool: MaskTool::Brush,
            former_tool: MaskTool::Eraser,
            radius_mm: 5.0,
            is_sphere: false,
            combine: Combine::Add,
            range: None,
            tolerance: 0.0,
            guard_mm: 2.0,
            reach_mm: 60.0,
            amounts: Amounts { margin_mm: 2.0, smooth_mm: 3.0, island_mm: 50.0 },
            sharing: Sharing::Exclusive,
            within: Within::Volume,
            is_ghost_shown: true,
            goes_on: true,
            advances_slice: false,
            heeds_pressure: true,
        }
    }
}

/// What the screen remembers of masks. Free to lose but for a stroke in hand.
#[derive(Default)]
pub struct MaskMemory {
    /// The mask under correction.
    pub open: Option<MaskDesk>,
    /// Masks of the study that are not under correction: shown as readers left them.
    pub shelf: Vec<MaskDesk>,
    pub settings: ToolSettings,
    pub in_hand: InHand,
    pub seen: Seen,
    pub work: WorkMemory,
    pub hand: HandAtWork,
    pub tasks: TaskList,
    /// Collected while a pane was sensed; handed on at the end of the pass.
    pub asked: Vec<Action>,
    /// Name of the segment being renamed.
    pub renaming: Option<(String, String)>,
}

/// What was begun and not yet done.
#[derive(Default)]
pub struct InHand {
    pub stroke: Option<Stroke>,
    /// Corners or way of an outline, in the picture's pixel-center coordinates, and where it is drawn.
    pub outline: Option<OutlineInHand>,
    pub proposal: Option<SmartProposal>,
    /// Where the button went down with Ctrl held: a click picks, a drag paints.
    pub pick_from: Option<egui::Pos2>,
}

#[derive(Clone, Debug)]
pub struct OutlineInHand {
    pub pane: usize,
    pub pose: crate::segmentation::polygon::PicturePose,
    pub points: Vec<Point>,
    /// Of the live-wire: how many of the points are fixed by a corner.
    pub n_fixed: usize,
    pub wire: Option<Arc<crate::segmentation::live_wire::LiveWire>>,
    pub combine: Combine,
    pub started: f64,
    /// Drawn with the button held.
    pub is_dragged: bool,
}

/// What is drawn, and what of it changed in this pass.
#[derive(Default)]
pub struct Seen {
    pub labels: PaneLabels,
    pub ghosts: Ghosts,
    /// Counts passes.
    pub pass: u64,
    /// Where voxels were written in this pass; with `all`, anywhere.
    pub changed: Option<VoxelBox>,
    pub all_changed: bool,
    version: u64,
}

/// Work on its way in the background, and what came of it.
#[derive(Default)]
pub struct WorkMemory {
    next: u64,
    pub running: Option<RunningWork>,
    /// Put in by `app`.
    pub done: Vec<WorkDone>,
    /// Of this version of the voxels.
    pub figures: Option<(u64, Vec<SegmentFigures>)>,
    pub figures_asked: Option<(u64, f64)>,
    /// The mask is to be closed as a revision when its figures are here.
    pub finishing: Option<Finishing>,
    /// A segment whose islands are to come apart once so many empty segments are there.
    pub split: Option<(usize, usize)>,
    /// Voxels of the revision looked at, and which that is.
    pub looked_at: Option<(usize, Vec<crate::segmentation::voxel_mask::VoxelMask>)>,
}

pub struct RunningWork {
    pub number: u64,
    pub words: &'static str,
    /// As it was handed out: the answer counts from here.
    before: SegmentSet,
    version: u64,
    code: &'static str,
    growth: Option<Growth>,
}

/// What comes after the revision is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finishing {
    /// Accepts the finding as modified and goes on to the next mask.
    AcceptAndGoOn,
    /// Only the revision.
    Revise,
}

/// An answer from the background.
pub struct WorkDone {
    pub subject: MaskSubject,
    pub number: u64,
    pub result: WorkResult,
}

pub enum WorkResult {
    Edited(Result<SegmentSet, OperationError>),
    Figures { version: u64, figures: Vec<SegmentFigures>, voxels_sha256: String },
}

/// An operation for a worker.
#[derive(Clone)]
pub struct MaskWork {
    pub subject: MaskSubject,
    pub number: u64,
    pub work: Work,
}

/// Figures against the model's mask, for a worker.
#[derive(Clone)]
pub struct MaskFiguresWork {
    pub subject: MaskSubject,
    pub version: u64,
    pub segments: Vec<(String, crate::segmentation::voxel_mask::VoxelMask, crate::segmentation::voxel_mask::VoxelMask)>,
    pub has_mm: bool,
}

impl PartialEq for MaskWork {
    fn eq(&self, other: &Self) -> bool {
        (&self.subject, self.number) == (&other.subject, other.number)
    }
}

impl fmt::Debug for MaskWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskWork({}, {:?})", self.number, self.work.operation)
    }
}

impl PartialEq for MaskFiguresWork {
    fn eq(&self, other: &Self) -> bool {
        (&self.subject, self.version) == (&other.subject, other.version)
    }
}

impl fmt::Debug for MaskFiguresWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskFiguresWork({})", self.version)
    }
}

impl MaskMemory {
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Something that a key may cancel before the mask is closed.
    pub fn has_in_hand(&self) -> bool {
        let InHand { stroke, outline, proposal, pick_from: _ } = &self.in_hand;
        stroke.is_some() || outline.is_some() || proposal.is_some()
    }

    /// Voxels were written here.
    pub fn touch(&mut self, changed: Option<VoxelBox>) {
        match (self.seen.changed, changed) {
            (_, None) => self.seen.all_changed = true,
            (Some(known), Some(changed)) => self.seen.changed = Some(known.around(changed)),
            (None, changed) => self.seen.changed = changed,
        }
    }

    /// Once a pass, before panes are drawn.
    pub fn begin_pass(&mut self) {
        self.seen.pass += 1;
        self.seen.changed = None;
        self.seen.all_changed = false;
        let version = self.open.as_ref().map_or(0, |desk| desk.version);
        if version != self.seen.version {
            self.seen.version = version;
            self.seen.all_changed = true;
        }
    }

    /// The tool in hand; what was begun with another is left.
    pub fn choose(&mut self, tool: MaskTool) {
        if self.settings.tool != tool {
            self.settings.former_tool = self.settings.tool;
            self.settings.tool = tool;
        }
        self.in_hand.outline = None;
        self.in_hand.proposal = None;
    }
}
