//! How one image is shown: its VOI transform and whether black and white change places.

use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::presentation::Photometric;
use crate::imaging::histogram;
use crate::imaging::voi_lut::Voi;

/// What stands between modality values and gray levels.
#[derive(Clone, Debug, PartialEq)]
pub struct GreyPresentation {
    pub voi: Voi,
    /// Black and white change places, after the VOI transform.
    pub invert: bool,
}

/// Whether the file itself asks for inversion, before the reader's own.
///
/// MONOCHROME1 and Presentation LUT Shape INVERSE say the same thing: an image that gives the shape gives INVERSE
/// with MONOCHROME1 (PS3.3 C.7.6.1), so both together still invert once. The reader's own inversion comes on top.
pub fn file_inverts(instance: &Instance) -> bool {
    instance.pixels.photometric == Photometric::Monochrome1 || instance.presentation_inverse
}

/// The file's first VOI transform, else the automatic window.
pub fn default_voi(instance: &Instance, frame_idx: u32, frame: &Frame) -> Voi {
    let Some(attrs) = instance.frame(frame_idx) else {
        return Voi::Window(histogram::color_window(frame));
    };
    match attrs.voi.first() {
        Some(transform) => Voi::from(transform),
        None => Voi::Window(histogram::auto_window(frame, attrs, instance.padding)),
    }
}

/// The image as its file wants it shown: [`default_voi`] and [`file_inverts`].
pub fn default_presentation(instance: &Instance, frame_idx: u32, frame: &Frame) -> GreyPresentation {
    GreyPresentation { voi: default_voi(instance, frame_idx, frame), invert: file_inverts(instance) }
}
