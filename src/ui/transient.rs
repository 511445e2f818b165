//! What the screen forgets at the end of a session: drafts, drags, caches.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{PointerButton, Rect, TextureHandle};

use crate::domain::details::DecisionDetails;
use crate::domain::frame::FrameKey;
use crate::domain::geometry::PixelBox;
use crate::domain::mask::Segment;
use crate::domain::presentation::Window;
use crate::domain::uid::{FindingId, SopInstanceUid, StudyUid};
use crate::review::work_item::WorkFilter;
use crate::ui::attention::AttentionMemory;
use crate::ui::capture::CaptureMemory;
use crate::ui::cine::CineMemory;
use crate::ui::history::History;
use crate::ui::links::LinkOffsets;
use crate::ui::masks::MaskMemory;
use crate::ui::planes::PlaneMemory;
use crate::ui::preferences::MousePreferences;
use crate::ui::stage::Stage;
use crate::ui::tools::ToolMemory;
use crate::ui::view_state::{SeriesPart, SeriesView};
use crate::ui::viewport::laid_over::LaidOver;
use crate::ui::viewport::picture::{DrawingError, Painted};

#[derive(Default)]
pub struct Transient {
    /// Text while it is being typed.
    pub drafts: Drafts,
    pub pointer: Pointer,
    pub frames: FrameMemory,
    pub panes: PaneMemory,
    pub planes: PlaneMemory,
    /// Side panels are hidden to make room for the picture.
    pub is_maximized: bool,
    pub list: ListMemory,
    pub tools: ToolMemory,
    pub attention: AttentionMemory,
    pub worklist: WorklistMemory,
    /// The mask under correction and the tools for it.
    pub masks: MaskMemory,
    /// What can be taken back, by study.
    pub histories: BTreeMap<StudyUid, History>,
    /// A sentence for the reader about what was just done or could not be; stays until the next key or click.
    pub hint: Option<String>,
}

impl Transient {
    /// Forgets what belonged to an earlier window: its textures, what it painted, a drag that nobody ends any more.
    pub fn enter_window(&mut self) {
        self.frames.thumbnails.clear();
        self.frames.wanted = Default::default();
        self.panes.painted.clear();
        self.panes.errors.clear();
        self.pointer.drag = None;
        self.masks.seen.labels.clear();
    }

    /// Forgets all but what a reader has typed and could take back.
    pub fn forget(&mut self) {
        let (drafts, histories) = (std::mem::take(&mut self.drafts), std::mem::take(&mut self.histories));
        // How long was looked at what is told with decisions that are still to come.
        let attention = std::mem::take(&mut self.attention);
        *self = Self { drafts, histories, attention, ..Self::default() };
    }
}

/// What the pass before did in each pane.
#[derive(Default)]
pub struct PaneMemory {
    /// The pictures that were put on screen, by pane.
    pub painted: BTreeMap<usize, Painted>,
    /// Where the panes lay, points.
    pub rects: BTreeMap<usize, Rect>,
    /// Why a pane's last picture could not be drawn; written while painting.
    pub errors: BTreeMap<usize, DrawingError>,
    /// How far apart linked stacks were when they began to move together.
    pub link_offsets: LinkOffsets,
    /// Those were set in this pass, by the reader.
    pub has_set_offsets: bool,
    pub cine: CineMemory,
    pub capture: CaptureMemory,
    /// The stage as the program hung it last, and of which study.
    pub hung: Option<(StudyUid, Stage)>,
}

/// What was made of frames, and which are asked for.
#[derive(Default)]
pub struct FrameMemory {
    pub thumbnails: BTreeMap<SeriesPart, TextureHandle>,
    /// Windows and ranges by frame: each costs a pass over the frame.
    pub levels: BTreeMap<FrameKey, Levels>,
    /// What objects of other products lay over images, by object and image.
    pub laid_over: BTreeMap<(SopInstanceUid, FrameKey), LaidOver>,
    /// The frames asked for last, and when, seconds.
    pub wanted: (Vec<FrameKey>, f64),
}

impl FrameMemory {
    /// Whether these must be asked for now: they are others than before, or the last request has had its time.
    pub fn must_ask(&mut self, wanted: &[FrameKey], now: f64) -> bool {
        let (asked, at) = &self.wanted;
        let is_due = asked != wanted || now - at >= ASK_AGAIN_S;
        if is_due {
            self.wanted = (wanted.to_vec(), now);
        }
        is_due && !wanted.is_empty()
    }
}

/// After this long a request for frames is repeated, seconds.
pub const ASK_AGAIN_S: f64 = 1.0;

/// The worklist as it is looked at.
#[derive(Default)]
pub struct WorklistMemory {
    /// In place of the study.
    pub is_open: bool,
    pub filter: WorkFilter,
    pub selected: Option<StudyUid>,
    /// The row that was last scrolled to.
    pub scrolled_to: Option<StudyUid>,
    /// The field for words is to have the keyboard.
    pub wants_search: bool,
}

/// The list of findings as it stands.
#[derive(Default)]
pub struct ListMemory {
    /// Findings below their operating point are listed.
    pub below_threshold_open: bool,
    /// How far above or below its operating point a finding must lie to be listed on top; decided ones always are.
    pub threshold_shift: f64,
    /// The finding that the list last scrolled to, and the list's height then, points.
    pub scrolled_to: Option<(FindingId, f32)>,
}

#[derive(Default)]
pub struct Drafts {
    pub reader: Option<String>,
    /// Comment of this finding.
    pub comment: Option<(FindingId, String)>,
    /// Details of this finding, to go with the decision that is still to come.
    pub details: Option<(FindingId, DecisionDetails)>,
}

pub struct Pointer {
    pub drag: Option<ViewDrag>,
    /// Waiting for the reader to draw a box for a new finding.
    pub is_drawing_finding: bool,
    /// Pictures are computed by the processor: while the image is moved, one point is taken for a screen pixel.
    pub saves_work: bool,
    /// Fractions of a wheel step not yet scrolled, lines.
    pub wheel_rest: f32,
    /// The pane under the pointer, and the image point there in pixel-edge coordinates.
    pub hovered: Option<(usize, [f64; 2])>,
    /// What the buttons do; the reader's preferences of this pass.
    pub habits: MousePreferences,
    /// The key of the magnifier is held.
    pub is_magnifying: bool,
    /// How much larger the magnifier shows, 2 to 4.
    pub lens_factor: f64,
}

impl Default for Pointer {
    fn default() -> Self {
        Self {
            drag: None,
            is_drawing_finding: false,
            saves_work: false,
            wheel_rest: 0.0,
            hovered: None,
            habits: MousePreferences::default(),
            is_magnifying: false,
            lens_factor: 3.0,
        }
    }
}

/// A drag in the viewport: what it does, and what it started from.
#[derive(Clone, Debug)]
pub struct ViewDrag {
    /// Where it began.
    pub pane: usize,
    pub kind: DragKind,
    pub button: PointerButton,
    pub start_view: SeriesView,
    pub start_window: Option<Window>,
    /// Value range of the image, for the sensitivity.
    pub range: (f64, f64),
}

impl ViewDrag {
    /// Every step samples the image anew.
    pub fn moves_image(&self) -> bool {
        matches!(self.kind, DragKind::Pan | DragKind::Zoom)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DragKind {
    Window,
    Pan,
    Zoom,
    Scroll,
    /// A box for a new finding, in pixel-edge coordinates; `None` until it has a size.
    Box(Option<PixelBox>),
    /// The same for a window over the values there.
    Region(Option<PixelBox>),
}

/// What was measured of a frame so far.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    pub auto: Option<Window>,
    pub full: Option<Window>,
    pub range: Option<(f64, f64)>,
    /// The file's own graphics over it; `Some(None)` when there are none.
    pub graphics: Option<Option<Arc<Segment>>>,
}
