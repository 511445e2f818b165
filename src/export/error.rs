//! Why something did not leave, in sentences without patient data.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

#[derive(Debug, Error)]
pub enum ExportError {
    #[error("the folder cannot be written to: {}", .0.display())]
    NotWritable(PathBuf),
    #[error("the disk is full; nothing was exported to {}", .0.display())]
    DiskFull(PathBuf),
    #[error("{problem}; nothing was exported to {}", .path.display())]
    Io { problem: String, path: PathBuf },
    #[error("there is a folder, link, device or pipe of this name; it is left alone: {}", .0.display())]
    NotAFile(PathBuf),
    #[error("an original image has this name and is never written over: {}", .0.display())]
    IsAnOriginal(PathBuf),
    #[error("{n_values} values do not fill an array of shape {shape:?}")]
    Shape { shape: Vec<usize>, n_values: usize },
    #[error("the picture could not be made: {0}")]
    Picture(String),
    #[error("the DICOM object could not be made: {0}")]
    Dicom(String),
    #[error("'{0}' is not one of: {known}", known = crate::export::formats::ids().join(", "))]
    UnknownFormat(String),
    #[error("the report could not be put into JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the export was stopped; nothing was written")]
    Cancelled,
}

impl ExportError {
    /// Stable, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotWritable(_) => "not_writable",
            Self::DiskFull(_) => "disk_full",
            Self::Io { .. } => "io",
            Self::NotAFile(_) => "not_a_file",
            Self::IsAnOriginal(_) => "is_an_original",
            Self::Shape { .. } => "shape",
            Self::Picture(_) => "picture",
            Self::Dicom(_) => "dicom",
            Self::UnknownFormat(_) => "unknown_format",
            Self::Json(_) => "json",
            Self::Cancelled => "cancelled",
        }
    }

    /// What went wrong while writing to `path`.
    pub(crate) fn writing(error: &io::Error, path: &Path) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotFound
            | io::ErrorKind::ReadOnlyFilesystem
            // A file lies where the folder should be.
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::AlreadyExists => Self::NotWritable(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(path),
            kind => Self::Io { problem: kind.to_string(), path },
        }
    }
}
