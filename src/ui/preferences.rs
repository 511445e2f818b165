//! What a reader set once and expects to find again, as far as the screen is concerned. `app` keeps it with the settings.
//!
//! Reading never fails: a field that is missing or of another version gets its default, and [`Preferences::sane`] puts
//! numbers back into their ranges.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::device::DeviceChoice;
use crate::domain::reading::{AiPresentation, ReadingMode, Role};
use crate::render::request::Interpolation;
use crate::review::command::ReadingPlan;
use crate::review::urgency::UrgencyRules;
use crate::review::work_item::AuditSample;
use crate::ui::shortcuts::KeyMap;

/// Text scales on offer.
pub const TEXT_SCALES: RangeInclusive<f32> = 0.8..=2.0;
/// The steps between.
pub const TEXT_STEPS: [f32; 8] = [0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0];
/// Factors of the window drag on offer.
pub const SENSITIVITIES: RangeInclusive<f64> = 0.25..=4.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// The reader's own keys.
    pub keys: Arc<KeyMap>,
    pub display: DisplayPreferences,
    pub mouse: MousePreferences,
    /// Models run when a study opens.
    pub analyzes_on_open: bool,
    /// Where they run.
    pub device: DeviceChoice,
    pub reading: ReadingPreferences,
    pub worklist: WorklistPreferences,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            keys: Arc::default(),
            display: DisplayPreferences::default(),
            mouse: MousePreferences::default(),
            analyzes_on_open: true,
            device: DeviceChoice::default(),
            reading: ReadingPreferences::default(),
            worklist: WorklistPreferences::default(),
        }
    }
}

impl Preferences {
    /// The next of [`TEXT_STEPS`], larger or smaller; the last when there is none.
    #[must_use]
    pub fn with_text_step(mut self, direction: Step) -> Self {
        let scale = self.display.text_scale;
        let next = match direction {
            Step::Up => TEXT_STEPS.into_iter().find(|step| *step > scale + 0.001),
            Step::Down => TEXT_STEPS.into_iter().rev().find(|step| *step < scale - 0.001),
        };
        self.display.text_scale = next.unwrap_or(scale);
        self
    }

    /// The same with every number within its range.
    #[must_use]
    pub fn sane(mut self) -> Self {
        let scale = self.display.text_scale;
        self.display.text_scale =
            if scale.is_finite() { scale.clamp(*TEXT_SCALES.start(), *TEXT_SCALES.end()) } else { 1.0 };
        let rate = self.reading.audit.rate;
        self.reading.audit.rate = if rate.is_finite() { rate.clamp(0.0, 1.0) } else { AuditSample::default().rate };
        let factor = self.mouse.window_sensitivity;
        self.mouse.window_sensitivity =
            if factor.is_finite() { factor.clamp(*SENSITIVITIES.start(), *SENSITIVITIES.end()) } else { 1.0 };
        self
    }
}

/// How studies are read that are opened from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadingPreferences {
    pub mode: ReadingMode,
    pub presentation: AiPresentation,
    pub role: Role,
    /// What other readers decided is not shown until the reader has signed.
    pub is_independent: bool,
    pub audit: AuditSample,
    /// A signature opens the next study of the worklist.
    pub goes_on_after_signing: bool,
}

impl ReadingPreferences {
    pub fn plan(&self) -> ReadingPlan {
        let Self { mode, presentation, role, is_independent, audit, .. } = *self;
        let audit_seed = (mode == ReadingMode::Audit).then_some(audit.seed);
        ReadingPlan { mode, presentation, role, is_independent, audit_seed }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorklistPreferences {
    /// What comes first.
    pub rules: UrgencyRules,
    /// Folders whose studies join the worklist as they come.
    pub watched: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Up,
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DisplayPreferences {
    /// Of everything on the screen, 0.8 to 2.0.
    pub text_scale: f32,
    /// Less blue in all that surrounds pictures.
    pub is_warm: bool,
    /// Of magnified pictures; measurements never depend on it.
    pub smoothing: Smoothing,
    pub letters: LetterEdges,
    /// Who computes the pictures; heard at the next start.
    pub drawn_by: DrawnBy,
}

impl Default for DisplayPreferences {
    fn default() -> Self {
        Self {
            text_scale: 1.0,
            is_warm: false,
            smoothing: Smoothing::default(),
            letters: LetterEdges::default(),
            drawn_by: DrawnBy::default(),
        }
    }
}

/// How values between pixels are found when a picture is magnified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Smoothing {
    /// Pixels as they are.
    Nearest,
    Bilinear,
    #[default]
    Cubic,
}

impl Smoothing {
    pub const ALL: [Self; 3] = [Self::Nearest, Self::Bilinear, Self::Cubic];

    pub fn word(self) -> &'static str {
        match self {
            Self::Nearest => "Pixels as they are",
            Self::Bilinear => "Smooth",
            Self::Cubic => "Smooth and sharp",
        }
    }
}

impl From<Smoothing> for Interpolation {
    fn from(smoothing: Smoothing) -> Self {
        match smoothing {
            Smoothing::Nearest => Self::Nearest,
            Smoothing::Bilinear => Self::Bilinear,
            Smoothing::Cubic => Self::Cubic,
        }
    }
}

/// Where the orientation letters stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterEdges {
    #[default]
    All,
    /// Left and top.
    Two,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawnBy {
    /// The graphics card, where there is one.
    #[default]
    Graphics,
    /// The processor, for machines whose graphics driver fails.
    Processor,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MousePreferences {
    /// The left and the right button change places, on the whole screen.
    pub is_left_handed: bool,
    /// What dragging with the main button does while no tool is chosen.
    pub main: DragAction,
    pub middle: DragAction,
    /// A click without a drag opens the menu.
    pub second: DragAction,
    /// A measuring tool stays in hand after it has drawn.
    pub keeps_tool: bool,
    /// Window drag: screen-down lowers the center, so the image brightens.
    pub inverts_level: bool,
    /// Factor of the window drag, 1 as other workstations have it.
    pub window_sensitivity: f64,
}

impl Default for MousePreferences {
    fn default() -> Self {
        Self {
            is_left_handed: false,
            main: DragAction::Window,
            middle: DragAction::Pan,
            second: DragAction::Zoom,
            keeps_tool: false,
            inverts_level: false,
            window_sensitivity: 1.0,
        }
    }
}

/// What dragging on a picture does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DragAction {
    Window,
    Pan,
    Zoom,
    Scroll,
}

impl DragAction {
    pub const ALL: [Self; 4] = [Self::Window, Self::Pan, Self::Zoom, Self::Scroll];

    pub fn word(self) -> &'static str {
        match self {
            Self::Window => "Window width and level",
            Self::Pan => "Pan",
            Self::Zoom => "Zoom",
            Self::Scroll => "Scroll images",
        }
    }
}
