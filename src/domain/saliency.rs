//! Where a network looked: a smooth map over one frame, for one label.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where the source pixel grid lies on the map's grid. Pixel-centre coordinates: the first pixel's centre is 0.
///
/// `map_x = scale_x · source_x + offset_x`, likewise y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapFromSource {
    pub scale_x: f64,
    pub offset_x: f64,
    pub scale_y: f64,
    pub offset_y: f64,
}

/// A saliency map, normalised to its own peak. It shows where the network looked, not where disease is.
#[derive(Clone, PartialEq)]
pub struct SaliencyMap {
    rows: u32,
    cols: u32,
    values: Vec<f32>,
    facts: SaliencyFacts,
}

/// All but the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct SaliencyFacts {
    /// `grad-cam`.
    pub method: String,
    /// Weight path of the feature map, such as `features.norm5`.
    pub layer: String,
    /// Value that was scaled to 1; 0 when the map is empty.
    pub raw_peak: f32,
    pub map_from_source: MapFromSource,
    pub source_rows: u32,
    pub source_cols: u32,
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("a saliency map of {rows} × {cols} needs as many finite values in 0 to 1")]
pub struct SaliencyError {
    pub rows: u32,
    pub cols: u32,
}

impl SaliencyMap {
    /// `values` row-major, each in 0 to 1.
    pub fn new(rows: u32, cols: u32, values: Vec<f32>, facts: SaliencyFacts) -> Result<Self, SaliencyError> {
        let is_full = u64::from(rows) * u64::from(cols) == values.len() as u64 && !values.is_empty();
        if !is_full || !values.iter().all(|value| (0.0..=1.0).contains(value)) {
            return Err(SaliencyError { rows, cols });
        }
        Ok(Self { rows, cols, values, facts })
    }

    pub fn rows(&self) -> u32 {
        self.rows
    }

    pub fn cols(&self) -> u32 {
        self.cols
    }

    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub fn facts(&self) -> &SaliencyFacts {
        &self.facts
    }
}

impl fmt::Debug for SaliencyMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaliencyMap({} × {}, {})", self.rows, self.cols, self.facts.method)
    }
}

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SaliencyMethod {
    /// Selvaraju et al. 2017, <https://arxiv.org/abs/1610.02391>.
    GradCam,
    /// Chattopadhay et al. 2018, <https://arxiv.org/abs/1710.11063>.
    #[serde(rename = "grad-cam++")]
    GradCamPlusPlus,
    /// Zhou et al. 2016, <https://arxiv.org/abs/1512.04150>.
    Cam,
    /// A gray patch is moved over the picture (Zeiler and Fergus 2014, <https://arxiv.org/abs/1311.2901>).
    Occlusion,
}

impl SaliencyMethod {
    pub const ALL: [Self; 4] = [Self::GradCam, Self::GradCamPlusPlus, Self::Cam, Self::Occlusion];

    pub fn word(self) -> &'static str {
        match self {
            Self::GradCam => "grad-cam",
            Self::GradCamPlusPlus => "grad-cam++",
            Self::Cam => "cam",
            Self::Occlusion => "occlusion",
        }
    }
}
