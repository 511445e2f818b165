//! What the record keeps of a DICOM object that left.

use serde::{Deserialize, Serialize};

/// Enough to name it as a predecessor, and to tell later whether a file is that object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedObject {
    /// Id of the format, such as `sr`.
    pub format: String,
    /// The file's name without its folder.
    pub file: String,
    pub sop_class: String,
    pub series: String,
    pub sop: String,
    /// Of the file, lower-case hex.
    pub sha256: String,
}
