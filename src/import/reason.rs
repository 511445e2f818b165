//! Reason codes of this door: stable words for scripts and logs, never renamed once shipped.

// Why a file was refused.
pub const NOT_FOUND: &str = "not_found";
pub const UNREADABLE: &str = "unreadable";
pub const NOT_A_FILE: &str = "not_a_file";
pub const EMPTY: &str = "empty_file";
pub const TOO_LARGE: &str = "too_large";
pub const NOT_AN_IMAGE_FILE: &str = "not_an_image_file";
pub const NOT_AN_IMAGE: &str = "not_an_image";
pub const MALFORMED: &str = "malformed_structure";
pub const TOO_DEEP: &str = "nested_too_deep";
pub const TRUNCATED: &str = "truncated";
pub const MISSING_ATTRIBUTE: &str = "missing_attribute";
pub const INVALID_ATTRIBUTE: &str = "invalid_attribute";
pub const UNKNOWN_TRANSFER_SYNTAX: &str = "unknown_transfer_syntax";
pub const UNSUPPORTED_TRANSFER_SYNTAX: &str = "unsupported_transfer_syntax";
pub const UNSUPPORTED_PIXELS: &str = "unsupported_pixels";
pub const NO_PIXELS: &str = "no_pixels";
pub const FRAME_MISSING: &str = "frame_missing";
pub const CODESTREAM_MISMATCH: &str = "codestream_mismatch";
pub const DECODER_FAILED: &str = "decoder_failed";
pub const FILE_CHANGED: &str = "file_changed";
pub const PANICKED: &str = "reader_panicked";
pub const UNSAFE_REFERENCE: &str = "unsafe_reference";
pub const NOT_REACHED: &str = "not_reached";

// What to know about a file that was opened.
pub const NO_PREAMBLE: &str = "no_preamble";
pub const NO_META: &str = "no_meta_header";
pub const META_REPAIRED: &str = "meta_header_repaired";
pub const EXECUTABLE_PREAMBLE: &str = "executable_preamble";
pub const SYNTAX_CONTRADICTED: &str = "transfer_syntax_contradicted";
pub const STRUCTURE_REPAIRED: &str = "structure_repaired";
pub const ATTRIBUTE_DEFAULTED: &str = "attribute_defaulted";
pub const UID_MISSING: &str = "uid_missing";
pub const PIXELS_TRUNCATED: &str = "pixels_truncated";
pub const RESCALE_IGNORED: &str = "rescale_ignored";
pub const WINDOW_IGNORED: &str = "window_ignored";
pub const LUT_IGNORED: &str = "lut_ignored";
pub const PALETTE_IGNORED: &str = "palette_ignored";
pub const SPACING_IGNORED: &str = "spacing_ignored";
pub const SPACING_DETECTOR: &str = "spacing_at_detector";
pub const ORIENTATION_IGNORED: &str = "orientation_ignored";
pub const COLOR_REDUCED: &str = "color_reduced";
pub const LOSSY: &str = "lossy_compression";
pub const RASTER_FILE: &str = "raster_file";
pub const DUPLICATE_SOP: &str = "duplicate_sop_instance";
pub const CONFLICTING_SOP: &str = "conflicting_sop_instance";
pub const PATIENT_CONFLICT: &str = "patient_conflict";

// What to know about a series.
pub const SLICE_GAP: &str = "slice_gap";
pub const UNEVEN_SPACING: &str = "uneven_spacing";
pub const DUPLICATE_POSITION: &str = "duplicate_position";
pub const MIXED_ORIENTATION: &str = "mixed_orientation";
pub const GANTRY_TILT: &str = "gantry_tilt";
pub const MISSING_POSITION: &str = "missing_position";
pub const SERIES_SPLIT: &str = "series_split";
