//! How much one file may ask of us. Every number is a refusal, never a crash.

use serde::{Deserialize, Serialize};

/// Bounds that hold while one file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Levels of sequence items inside one another.
    pub max_nesting: usize,
    /// Items of one sequence.
    pub max_items: usize,
    /// Elements and items of all levels together, up to the pixel data.
    pub max_elements: usize,
    /// Bytes of everything before the pixel data.
    pub max_header_bytes: u64,
    /// Bytes of the file meta group (0002,xxxx).
    pub max_meta_bytes: u64,
    /// Bytes a deflated data set may always grow to; beyond, by [`Limits::MAX_INFLATE_RATIO`] only.
    pub min_inflated_bytes: u64,
    /// Bytes a deflated data set may never exceed.
    pub max_inflated_bytes: u64,
    /// Decoded bytes of one frame.
    pub max_frame_bytes: u64,
    /// Compressed bytes of one frame.
    pub max_codestream_bytes: u64,
    /// Frames of one instance.
    pub max_frames: u32,
    /// Fragments of one encapsulated pixel data element.
    pub max_fragments: usize,
    /// Folders inside one another.
    pub max_folder_depth: usize,
    /// Files of one scan.
    pub max_files: usize,
}

impl Limits {
    /// What deflate reaches on pictures stays far below: one value all over gives 1,000.
    pub const MAX_INFLATE_RATIO: u64 = 200;
    /// Deeper sequences are never followed, whatever was asked for.
    pub const MAX_NESTING: usize = 256;

    /// These limits with `n_levels` of nesting, at most [`Limits::MAX_NESTING`].
    pub fn with_nesting(self, n_levels: usize) -> Self {
        Self { max_nesting: n_levels.min(Self::MAX_NESTING), ..self }
    }

    /// Bytes that `n_compressed` may become.
    pub fn max_inflated(&self, n_compressed: u64) -> u64 {
        let by_ratio = n_compressed.saturating_mul(Self::MAX_INFLATE_RATIO);
        by_ratio.max(self.min_inflated_bytes).min(self.max_inflated_bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_nesting: 64,
            max_items: 100_000,
            max_elements: 2_000_000,
            max_header_bytes: 256 << 20,
            max_meta_bytes: 64 << 10,
            min_inflated_bytes: 64 << 20,
            max_inflated_bytes: 512 << 20,
            max_frame_bytes: 512 << 20,
            max_codestream_bytes: 512 << 20,
            max_frames: 100_000,
            max_fragments: 1_000_000,
            max_folder_depth: 64,
            max_files: 1_000_000,
        }
    }
}
