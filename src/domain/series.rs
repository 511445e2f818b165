//! A series: its instances, the order in which they are scrolled, and what its geometry allows.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::uid::{FrameOfReferenceUid, SeriesUid};

/// Modality (0008,0060), such as `CT`; empty when absent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Modality(pub String);

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One series, or one geometrically coherent part of it. Never without an instance.
#[derive(Clone, Debug)]
pub struct Series {
    pub uid: SeriesUid,
    /// Series Number (0020,0011).
    pub number: Option<i64>,
    pub modality: Modality,
    pub description: String,
    /// What tells this part from the others of its series, such as `Echo 2, TE 80 ms`; empty when the series is whole.
    pub part: String,
    pub body_part: String,
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    pub instances: Vec<Arc<Instance>>,
    /// The images in scrolling order. Every frame of every instance stands in exactly one part of the series.
    pub stack: Vec<StackImage>,
    pub geometry: SeriesGeometry,
    pub notices: Vec<Notice>,
}

/// One image of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackImage {
    /// Index into `Series::instances`.
    pub instance: usize,
    /// Zero-based frame of that instance.
    pub frame: u32,
}

impl Series {
    /// The instance and frame shown at `index` of the stack.
    pub fn image(&self, index: usize) -> Option<(&Arc<Instance>, u32)> {
        let image = self.stack.get(index)?;
        Some((self.instances.get(image.instance)?, image.frame))
    }
}

/// What the importer found out about the stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesGeometry {
    pub sort: SortRule,
    /// Row then column direction cosines, when all images share them.
    pub orientation: Option<[f64; 6]>,
    /// Distance between neighbours, median, mm; `None` with fewer than two positions.
    pub slice_spacing_mm: Option<f64>,
    /// From each slice to the next (LPS, mm), the mean of the whole stack; `None` with fewer than two positions.
    pub slice_step_mm: Option<[f64; 3]>,
    /// Angle between that step and the slice normal: a gantry tilt that was not corrected. `None` when there is none.
    pub tilt_degrees: Option<f64>,
    pub regularity: Regularity,
}

/// What decided the order of the stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SortRule {
    /// Image Position (Patient) along the slice normal.
    Position,
    SliceLocation,
    /// The frames of one object, by their own numbers.
    InStackPosition,
    /// One place at many moments.
    Time,
    InstanceNumber,
    #[default]
    FileName,
}

/// Whether the stack is an evenly spaced volume.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Regularity {
    Regular,
    /// One image, one place, or no positions: nothing to be regular.
    #[default]
    NotAStack,
    Irregular(Notice),
}
