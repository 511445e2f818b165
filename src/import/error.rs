//! Why a file or a frame could not be had. Sentences name the fault, never the person and never the path.

use std::io;

use thiserror::Error;

use crate::domain::intake::Notice;
use crate::import::reason;

/// The one error of this door.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ImportError {
    #[error("There is nothing at this path")]
    NotFound,
    #[error("The file cannot be read ({0})")]
    Unreadable(io::ErrorKind),
    #[error("This is a device, pipe or socket, not a file")]
    NotAFile,
    #[error("The file is empty")]
    Empty,
    #[error("{what} is larger than the limit of {} MB", limit.div_ceil(1_000_000))]
    TooLarge { what: &'static str, limit: u64 },
    #[error("The image has more than {limit} frames, the most that are read")]
    TooManyFrames { limit: u32 },
    #[error("This is neither a DICOM file nor a PNG, JPEG, BMP or TIFF picture")]
    NotAnImageFile,
    /// A DICOM object of another kind, such as a report.
    #[error("This DICOM object is {0}, not an image")]
    NotAnImage(String),
    #[error("The file's structure is broken at byte {at}: {fault}")]
    Malformed { at: u64, fault: &'static str },
    #[error("Sequences are nested more than {limit} levels deep")]
    TooDeep { limit: usize },
    #[error("The file ends at byte {at}, in the middle of its attributes")]
    Truncated { at: u64 },
    #[error("{0} is missing")]
    MissingAttribute(&'static str),
    #[error("{name} is {fault}")]
    InvalidAttribute { name: &'static str, fault: String },
    #[error("The transfer syntax {0} is not a known one")]
    UnknownTransferSyntax(String),
    #[error("{0} cannot be decoded by this version")]
    UnsupportedTransferSyntax(&'static str),
    #[error("Pixels of this kind cannot be shown: {0}")]
    UnsupportedPixels(String),
    #[error("The image has no pixel data; the file may be cut short")]
    NoPixels,
    #[error("{}", missing_frame(*frame, *n_present))]
    FrameMissing { frame: u64, n_present: u64 },
    #[error("The compressed picture does not fit the object: {0}")]
    CodestreamMismatch(String),
    #[error("The compressed picture cannot be decoded: {0}")]
    DecoderFailed(String),
    #[error("The file has changed since it was opened")]
    FileChanged,
    #[error("The reader of this file failed unexpectedly; the file was left out")]
    Panicked,
    #[error("The index names a file outside its own folder; it was not opened")]
    UnsafeReference,
    #[error("This link leads out of the folder that was opened; it was not followed")]
    LinkOutside,
    #[error("Not reached: {0}")]
    NotReached(String),
    #[error("The reader of this file came to a sudden end; the file was left out")]
    ReaderCrashed,
    #[error("Reading this took longer than the limit; it was given up")]
    ReaderTimedOut,
    #[error("Reading this took more memory than the limit; it was given up")]
    ReaderOutOfMemory,
    /// As a worker process put it.
    #[error("{}", _0.text)]
    Reported(Notice),
}

impl ImportError {
    /// Stable, `snake_case`; one of [`reason`]'s words.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => reason::NOT_FOUND,
            Self::Unreadable(_) => reason::UNREADABLE,
            Self::NotAFile => reason::NOT_A_FILE,
            Self::Empty => reason::EMPTY,
            Self::TooLarge { .. } | Self::TooManyFrames { .. } => reason::TOO_LARGE,
            Self::NotAnImageFile => reason::NOT_AN_IMAGE_FILE,
            Self::NotAnImage(_) => reason::NOT_AN_IMAGE,
            Self::Malformed { .. } => reason::MALFORMED,
            Self::TooDeep { .. } => reason::TOO_DEEP,
            Self::Truncated { .. } => reason::TRUNCATED,
            Self::MissingAttribute(_) => reason::MISSING_ATTRIBUTE,
            Self::InvalidAttribute { .. } => reason::INVALID_ATTRIBUTE,
            Self::UnknownTransferSyntax(_) => reason::UNKNOWN_TRANSFER_SYNTAX,
            Self::UnsupportedTransferSyntax(_) => reason::UNSUPPORTED_TRANSFER_SYNTAX,
            Self::UnsupportedPixels(_) => reason::UNSUPPORTED_PIXELS,
            Self::NoPixels => reason::NO_PIXELS,
            Self::FrameMissing { .. } => reason::FRAME_MISSING,
            Self::CodestreamMismatch(_) => reason::CODESTREAM_MISMATCH,
            Self::DecoderFailed(_) => reason::DECODER_FAILED,
            Self::FileChanged => reason::FILE_CHANGED,
            Self::Panicked => reason::PANICKED,
            Self::UnsafeReference => reason::UNSAFE_REFERENCE,
            Self::LinkOutside => reason::LINK_OUTSIDE,
            Self::NotReached(_) => reason::NOT_REACHED,
            Self::ReaderCrashed => reason::READER_CRASHED,
            Self::ReaderTimedOut => reason::READER_TIMED_OUT,
            Self::ReaderOutOfMemory => reason::READER_OUT_OF_MEMORY,
            Self::Reported(notice) => notice.code,
        }
    }

    pub fn notice(&self) -> Notice {
        Notice::new(self.code(), self.to_string())
    }
}

fn missing_frame(frame: u64, n_present: u64) -> String {
    match n_present {
        0 => "The pixel data is cut short: the file holds no whole frame".to_owned(),
        _ => format!("Frame {frame} (counted from 1) is not in the file, which holds {n_present} whole frames"),
    }
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            kind => Self::Unreadable(kind),
        }
    }
}
