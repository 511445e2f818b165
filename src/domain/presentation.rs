//! How stored values become values for eyes: the attributes, as parsed and checked at the door.
//!
//! The arithmetic lives in `imaging`; these are only the facts of the file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Photometric Interpretation (0028,0004) after decoding: YBR and its kin have become RGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Photometric {
    /// Lowest value is white.
    Monochrome1,
    /// Lowest value is black.
    Monochrome2,
    /// Indices into the instance's palette.
    PaletteColor,
    Rgb,
}

/// Modality LUT (PS3.3 C.11.1): stored value → output value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum ModalityLut {
    #[default]
    Identity,
    /// `output = slope · stored + intercept`; slope and intercept finite, slope not 0.
    Linear { slope: f64, intercept: f64 },
    /// Modality LUT Sequence (0028,3000).
    Table(Arc<LookupTable>),
}

/// A LUT of PS3.3 C.11.1.1.1: input below `first_mapped` takes the first entry, input past the end the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookupTable {
    /// Second value of LUT Descriptor, as signed or unsigned as the pixels are.
    pub first_mapped: i64,
    /// 1 to 65,536 entries.
    pub entries: Vec<u16>,
    /// Third value of LUT Descriptor, 8 to 16: the range of the entries is 0 to 2^bits − 1.
    pub bits: u8,
    pub explanation: String,
}

/// VOI LUT Function (0028,1056), PS3.3 C.11.2.1.2 and C.11.2.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VoiFunction {
    #[default]
    Linear,
    LinearExact,
    Sigmoid,
}

/// A window in modality units. `width` is finite and ≥ 1 for LINEAR, > 0 otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub center: f64,
    pub width: f64,
    pub function: VoiFunction,
}

impl Window {
    pub const fn linear(center: f64, width: f64) -> Self {
        Self { center, width, function: VoiFunction::Linear }
    }
}

/// One choice of VOI transform offered by the file, in the file's order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum VoiTransform {
    Window {
        window: Window,
        explanation: String,
    },
    /// VOI LUT Sequence (0028,3010): input is the modality LUT's output.
    Table(Arc<LookupTable>),
}

/// Red, green and blue palette (PS3.3 C.7.9), each entry scaled to 16 bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Palette {
    pub first_mapped: i64,
    /// `[red, green, blue]` per entry, at least one.
    pub entries: Vec<[u16; 3]>,
}

/// Stored values that are not picture (Pixel Padding Value and Range Limit, PS3.3 C.7.5.1.1.2), inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelPadding {
    pub low: i64,
    pub high: i64,
}

/// Unit of the modality LUT's output (Rescale Type 0028,1054), as shown behind values.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ValueUnit {
    Hounsfield,
    Named(String),
    #[default]
    Unspecified,
}

impl ValueUnit {
    /// `HU`, the file's own word, or nothing.
    pub fn suffix(&self) -> &str {
        match self {
            Self::Hounsfield => "HU",
            Self::Named(name) => name,
            Self::Unspecified => "",
        }
    }
}
