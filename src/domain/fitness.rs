//! Which faults of a file keep every model away from its picture: such an image is shown and never analyzed, not even
//! by force, because its values, its size or its identity cannot be relied on.

use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::series::Series;

/// Codes of the notices that stop the models.
pub const STOPPING_CODES: [&str; 9] = [
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
];

/// The first fault that keeps models away from this image; `None` when it may be analyzed.
pub fn stopping_fault<'a>(series: &'a Series, instance: &'a Instance) -> Option<&'a Notice> {
    instance.notices.iter().chain(&series.notices).find(|notice| STOPPING_CODES.contains(&notice.code))
}
