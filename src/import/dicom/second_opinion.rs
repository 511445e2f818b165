//! The same frame by another decoder: dicom-pixeldata's reading beside ours, for whoever must defend a number.
//!
//! Only asked for by name. It reads files our own structure check has passed, and what it says is never shown as a
//! picture.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_pixeldata::{ConvertOptions, ModalityLutOption, PixelDecoder as _};
use serde::Serialize;

use crate::domain::frame::Frame;
use crate::domain::instance::Instance;

/// What the other decoder made of the frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SecondOpinion {
    /// Every stored value is the same.
    Agrees,
    Differs {
        n_values: usize,
        largest: f64,
    },
    /// It could not decode the frame, or decodes it into something else than stored values: why.
    NotComparable {
        why: String,
    },
}

/// Compares grayscale stored values; color passes through different conversions and is not compared.
pub fn second_opinion(instance: &Instance, frame: &Frame) -> SecondOpinion {
    let not_comparable = |why: &str| SecondOpinion::NotComparable { why: why.to_owned() };
    if frame.samples().is_color() || instance.palette.is_some() {
        return not_comparable("color is converted differently");
    }
    let decode = || decode(instance, frame.key().index);
    // Its decoders are known to panic on files that ours refuses.
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(theirs)) => compare(frame, &theirs),
        Ok(Err(why)) => SecondOpinion::NotComparable { why },
        Err(_) => not_comparable("its decoder failed"),
    }
}

fn decode(instance: &Instance, frame_idx: u32) -> Result<Vec<f64>, String> {
    let object = dicom_object::open_file(&instance.path).map_err(|error| error.to_string())?;
    let decoded = object.decode_pixel_data_frame(frame_idx).map_err(|error| error.to_string())?;
    let stored = ConvertOptions::new().with_modality_lut(ModalityLutOption::None);
    decoded.to_vec_with_options::<f64>(&stored).map_err(|error| error.to_string())
}

fn compare(frame: &Frame, theirs: &[f64]) -> SecondOpinion {
    let ours = frame.samples();
    if ours.len() != theirs.len() {
        let why = format!("it gives {} values for {} pixels", theirs.len(), ours.len());
        return SecondOpinion::NotComparable { why };
    }
    let differences = theirs
        .iter()
        .enumerate()
        .map(|(index, theirs)| ours.at(index).map_or(f64::INFINITY, |ours| (ours - theirs).abs()));
    let (n_values, largest) =
        differences.filter(|difference| *difference != 0.0).fold((0, 0.0), |(n, most), d| (n + 1, f64::max(most, d)));
    if n_values == 0 { SecondOpinion::Agrees } else { SecondOpinion::Differs { n_values, largest } }
}
