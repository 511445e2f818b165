//! Under which circumstances a decision was taken, beyond the image itself: the pane, the reading, and how long it was
//! looked at. Fields are only ever added; what an older program did not note is absent, never guessed.

use serde::{Deserialize, Serialize};

use crate::domain::reading::{AiPresentation, ReadingMode};
use crate::domain::uid::StudyUid;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Circumstances {
    /// Physical pixels of the pane, width and height.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewport_px: Option<[u32; 2]>,
    /// The picture's middle away from the pane's, physical pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pan_px: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<SeenInterpolation>,
    /// Boxes and measured lines of the models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boxes_shown: Option<bool>,
    /// Name of the map's colors, when a map was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colormap: Option<String>,
    /// Other studies in panes on screen, such as a prior.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparison: Vec<StudyUid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading_mode: Option<ReadingMode>,
    /// The models' results were kept from the reader at that moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_ai_hidden: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presentation: Option<AiPresentation>,
    /// Where the list's threshold stood, away from the operating points; absent when at them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold_shift: Option<f64>,
    /// Decided together with others in one act.
    #[serde(skip_serializing_if = "is_false")]
    pub is_bulk: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attention: Option<Attention>,
}

impl Circumstances {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

/// How values between pixels were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenInterpolation {
    Nearest,
    Bilinear,
    Cubic,
}

/// A pause longer than this is not counted as looking, seconds.
pub const IDLE_AFTER_S: f64 = 30.0;

/// What was looked at until the decision, in this session. Seconds with a hand on keys or mouse: of a pause only the
/// first [`IDLE_AFTER_S`] count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attention {
    /// With this finding selected and its image on screen.
    pub finding_s: f64,
    /// With the study open.
    pub study_s: f64,
    /// Of the images of the finding's series, 0 to 1: those that were on screen.
    pub slices_seen: f64,
    /// Of `finding_s`: with a mask, box or line of a model over the picture.
    pub contour_s: f64,
    /// Of `finding_s`: with a saliency map over the picture.
    pub map_s: f64,
}
