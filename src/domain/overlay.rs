//! Graphics that a file lays over its own picture (groups 6000 to 601E, PS3.3 C.9.2): one bit per pixel.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One overlay plane of an instance. Immutable, checked by the importer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// 0x6000 to 0x601E, even.
    pub group: u16,
    pub kind: OverlayKind,
    /// At least 1, as all sizes here; need not be the picture's.
    pub rows: u32,
    pub cols: u32,
    /// Row and column of the picture's pixel under the overlay's first one, zero-based; negative when it lies outside.
    pub origin: [i32; 2],
    /// Overlay Label (60xx,1500); empty when absent.
    pub label: String,
    /// Overlay Description (60xx,0022); empty when absent.
    pub description: String,
    /// Zero-based frame of the picture that the first overlay frame belongs to.
    pub first_frame: u32,
    /// An overlay of one frame lies over every frame of the picture.
    pub n_frames: u32,
    pub plane: OverlayPlane,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverlayKind {
    Graphics,
    RegionOfInterest,
}

/// Where the bits are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverlayPlane {
    /// Row-major without gaps, frame behind frame, the lowest bit of a byte first. Holds all frames.
    Packed(Arc<[u8]>),
    /// In this bit of every pixel's own word, outside of the stored bits; comes with each frame.
    Embedded { bit: u16 },
}

impl fmt::Debug for OverlayPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packed(bytes) => write!(f, "Packed({} bytes)", bytes.len()),
            Self::Embedded { bit } => write!(f, "Embedded(bit {bit})"),
        }
    }
}

impl Overlay {
    /// Whether the numbers are within what a file can say.
    pub fn is_sound(&self) -> bool {
        let sides = 1..=u32::from(u16::MAX);
        sides.contains(&self.rows) && sides.contains(&self.cols) && self.n_frames > 0
    }

    /// The overlay's own frame that belongs to frame `frame_idx` of the picture; `None` when none does.
    pub fn frame_over(&self, frame_idx: u32) -> Option<u32> {
        match self.n_frames {
            1 => Some(0),
            n => frame_idx.checked_sub(self.first_frame).filter(|frame| *frame < n),
        }
    }
}

/// An overlay that came in unused bits of one frame's pixels: the bit, and one byte per pixel that is not 0 where the
/// overlay is set.
#[derive(Clone, PartialEq, Eq)]
pub struct EmbeddedPlane {
    pub bit: u16,
    pub set: Arc<[u8]>,
}

impl fmt::Debug for EmbeddedPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmbeddedPlane(bit {}, {} pixels)", self.bit, self.set.len())
    }
}
