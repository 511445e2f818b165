//! Which faults of a file keep every model away from its picture: such an image is shown and never analyzed, not even
//! by force, because its values, its size or its identity cannot be relied on.

use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::series::Series;

/// Codes of the notices that stop the models.
pub const STOPPING_CODES: [&str; 10] = [
    // Values of another scale, sign or polarity than the model was made for
    "rescale_ignored",
    "photometric_assumed",
    "pixel_sign_contradicted",
    "palette_ignored",
    // A picture of unknown shape or direction
    "spacing_ignored",
    "orientation_contradicted",
    "laterality_contradicted",
    // Not the whole object, or not surely this object
    "pixels_truncated",
    "conflicting_sop_instance",
    // Of one patient among several who share a study identifier
    "patient_conflict",
];

/// The first fault that keeps models away from this image; `None` when it may be analyzed.
pub fn stopping_fault<'a>(series: &'a Series, instance: &'a Instance) -> Option<&'a Notice> {
    instance.notices.iter().chain(&series.notices).find(|notice| STOPPING_CODES.contains(&notice.code))
}

/// Codes that say how a file is made or a series laid out. They harm no picture and limit no measurement.
const ASIDE_CODES: [&str; 14] = [
    "no_preamble",
    "no_meta_header",
    "meta_header_repaired",
    "structure_repaired",
    "uid_missing",
    "uid_not_valid",
    "date_not_valid",
    "high_bit_unusual",
    "pixels_longer_than_needed",
    "duplicate_sop_instance",
    // Nothing is drawn over what is not there
    "source_images_missing",
    "series_split",
    "slices_overlap",
    "slices_apart",
];

/// Whether a notice is good to know and no more: it stands behind the others.
pub fn is_aside(notice: &Notice) -> bool {
    ASIDE_CODES.contains(&notice.code)
}
