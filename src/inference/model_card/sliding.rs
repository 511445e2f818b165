//! What a card says of a network that is moved over a picture or a volume, and of the pieces it finds.

use serde::{Deserialize, Serialize};

use crate::domain::score::OperatingPoint;

/// Of `input.fit = "tiles"`: the network sees tiles of `input.rows` × `input.cols` that overlap, and context slices as
/// channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlidingSpec {
    /// Tiles overlap by this part of their side, 0 to 0.9.
    pub overlap: f64,
    /// Standard deviation of the Gaussian weights, as a part of the tile's side.
    #[serde(default = "default_sigma")]
    pub sigma: f64,
    /// Tiles that go through the network together.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Which planes of a volume are the network's pictures.
    #[serde(default)]
    pub axis: SlidingAxis,
    /// Size of the network's pixels, mm; absent: those of the file.
    pub pixel_mm: Option<f64>,
    /// From one context slice to the next, mm; absent: those of the file. The number of slices is `input.channels`.
    pub context_mm: Option<f64>,
    /// Planes closer together than this are not all run; those between are mixed. Absent: every plane.
    pub min_step_mm: Option<f64>,
    /// Where the network looks at all.
    #[serde(default)]
    pub region: SlidingRegion,
    /// The region grows by this, mm.
    #[serde(default)]
    pub region_margin_mm: f64,
}

fn default_sigma() -> f64 {
    0.125
}

fn default_batch() -> usize {
    4
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlidingAxis {
    /// The slices as they were taken.
    #[default]
    Stack,
    /// The planes of the volume's own grid that come nearest to the patient's: no resampling at an angle.
    Axial,
    Coronal,
    Sagittal,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlidingRegion {
    #[default]
    Whole,
    /// The lung field of a CT volume, found by the program.
    Lungs,
}

/// How connected pieces of one segment become findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentSpec {
    /// Id of the segment.
    pub segment: String,
    /// Voxels of at least this probability belong to a piece, 0 to 1.
    pub threshold: f64,
    /// Smaller pieces are not told, mm³; of a single image mm².
    #[serde(default)]
    pub min_size: f64,
    /// Of more pieces those with the highest scores stay.
    #[serde(default = "default_max_findings")]
    pub max_findings: usize,
    /// What a piece's score is.
    #[serde(default)]
    pub score: ComponentScore,
    pub operating_point: OperatingPoint,
}

fn default_max_findings() -> usize {
    20
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComponentScore {
    /// The highest probability in it.
    #[default]
    Peak,
    /// The mean of its probabilities.
    Mean,
}
