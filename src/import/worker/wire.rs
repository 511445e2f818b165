//! What this process and a worker say to each other.

use serde::{Deserialize, Serialize};

use crate::domain::header::HeaderLine;
use crate::domain::instance::PixelDescription;
use crate::domain::intake::Notice;
use crate::domain::stored_pixels::StoredPixels;
use crate::import::dicom::attributes::ImageObject;
use crate::import::dicom::results::DocumentObject;
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::sample_type::SampleType;
use crate::import::worker::{Detail, Drill};

/// To a worker. Paths are the bytes the system uses: they need not be text.
#[derive(Serialize, Deserialize)]
pub enum Request {
    /// The first message of all, with the room for samples: what the worker may use. It answers `Ready`.
    Terms { max_memory_bytes: u64 },
    /// One `Described` for each path, in order.
    Describe { paths: Vec<Vec<u8>>, limits: Limits, max_seconds: u64 },
    /// One `Decoded`.
    Decode { frame: WantedFrame, limits: Limits, max_seconds: u64 },
    /// One `Header`.
    Header { path: Vec<u8>, limits: Limits, max_seconds: u64 },
    /// The next piece of the frame just decoded: one `Laid`.
    NextPiece,
    /// One `Drilled`, if the worker lives.
    Drill { drill: Drill, max_seconds: u64 },
}

#[derive(Serialize, Deserialize)]
pub struct WantedFrame {
    pub path: Vec<u8>,
    pub pixels: PixelDescription,
    pub stored: Option<StoredPixels>,
    /// Zero-based, in `stored`.
    pub frame_idx: u32,
    pub detail: Detail,
}

/// From a worker; to be checked, never trusted.
#[derive(Serialize, Deserialize)]
pub enum Reply {
    Ready {
        version: String,
    },
    Described(Result<Described, Fault>),
    /// `None` when there is no preview of this frame.
    Decoded(Result<Option<Filled>, Fault>),
    Laid,
    Header(Result<Vec<HeaderLine>, Fault>),
    Drilled(Result<Vec<String>, Fault>),
}

#[derive(Serialize, Deserialize)]
pub enum Described {
    Image(ImageObject),
    Document(Box<DocumentObject>),
    /// Paths below the index's folder.
    Index(Vec<Result<Vec<u8>, Fault>>),
}

/// A frame, of which the first piece now lies in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    pub sample_type: SampleType,
    pub n_samples: u64,
}

/// An [`ImportError`] in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault(Notice);

impl From<&ImportError> for Fault {
    fn from(error: &ImportError) -> Self {
        Self(error.notice())
    }
}

impl From<Fault> for ImportError {
    fn from(Fault(notice): Fault) -> Self {
        Self::Reported(notice)
    }
}
