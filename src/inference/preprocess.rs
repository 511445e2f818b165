//! From stored values to what a network sees. It depends on the file and the card alone, never on the screen.
//!
//! Modality LUT, polarity, percentiles (padding excluded) to 0..1, letterbox with a triangle kernel, mean and deviation.

use crate::domain::frame::{Frame, Samples};
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::presentation::{Palette, Photometric, PixelPadding};
use crate::imaging::modality_lut;
use crate::imaging::resample::resize_triangle_antialias;
use crate::inference::error::InferenceError;
use crate::inference::letterbox::Letterbox;
use crate::inference::model_card::{InputSpec, Intensity, Polarity};

/// A network's input, one channel of rows × cols, and how it came about.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub values: Vec<f32>,
    pub letterbox: Letterbox,
    pub notices: Vec<Notice>,
}

pub fn prepare(input: &InputSpec, instance: &Instance, frame: &Frame) -> Result<Prepared, InferenceError> {
    let letterbox = Letterbox::new(frame.rows(), frame.cols(), input)?;
    let Picture { mut values, is_padding, notices } = picture(instance, frame)?;
    if !values.iter().all(|value| value.is_finite()) {
        return Err(InferenceError::NotFinite { stage: "the image" });
    }
    if is_inverted(input.polarity, instance, frame) {
        values.iter_mut().for_each(|value| *value = -*value);
    }
    stretch(&mut values, &is_padding, input.intensity)?;
    let Letterbox { source_rows, source_cols, height, width, .. } = letterbox;
    let resized = resize_triangle_antialias(&values, source_rows, source_cols, height, width);
    if resized.len() != height * width {
        return Err(InferenceError::image("it could not be resized"));
    }
    Ok(Prepared { values: framed(&resized, &letterbox, input), letterbox, notices })
}

/// One value per pixel, before any scaling.
struct Picture {
    values: Vec<f32>,
    /// Empty when the file declares no padding.
    is_padding: Vec<bool>,
    notices: Vec<Notice>,
}

fn picture(instance: &Instance, frame: &Frame) -> Result<Picture, InferenceError> {
    if (frame.rows(), frame.cols()) != (instance.pixels.rows, instance.pixels.cols) {
        return Err(InferenceError::image("its pixels do not fit its description"));
    }
    let Some(attrs) = instance.frame(frame.key().index) else {
        return Err(InferenceError::image("it has no such frame"));
    };
    let luminance = || Notice::new("color_luminance", "The picture is in color; the network was given its luminance");
    if let (Photometric::PaletteColor, Some(palette)) = (instance.pixels.photometric, &instance.palette) {
        let values = palette_luminance(frame.samples(), palette);
        return Ok(Picture { values, is_padding: Vec::new(), notices: vec![luminance()] });
    }
    let values = modality_lut::modality_values(frame, attrs);
    if frame.samples().is_color() {
        return Ok(Picture { values, is_padding: Vec::new(), notices: vec![luminance()] });
    }
    let is_padding = instance.padding.map(|padding| padding_mask(frame.samples(), padding)).unwrap_or_default();
    Ok(Picture { values, is_padding, notices: Vec::new() })
}

fn palette_luminance(samples: &Samples, palette: &Palette) -> Vec<f32> {
    let last = palette.entries.len().saturating_sub(1);
    let of_index = |stored: f64| {
        // PS3.3 C.7.6.3.1.5: below the first mapped value the first entry, past the end the last.
        let index = ((stored - palette.first_mapped as f64).max(0.0) as usize).min(last);
        let [red, green, blue] = palette.entries.get(index).copied().unwrap_or_default().map(f64::from);
        // ITU-R BT.601, as for every other color picture.
        (0.299 * red + 0.587 * green + 0.114 * blue) as f32
    };
    (0..samples.len()).filter_map(|i| samples.at(i)).map(of_index).collect()
}

fn padding_mask(samples: &Samples, padding: PixelPadding) -> Vec<bool> {
    let range = padding.low as f64..=padding.high as f64;
    (0..samples.len()).map(|i| samples.at(i).is_some_and(|stored| range.contains(&stored))).collect()
}

/// MONOCHROME1 and Presentation LUT Shape INVERSE say the same thing: a DX image with the one must have the other
/// (PS3.3 C.8.11.3.1.2), so both together invert once.
fn is_inverted(polarity: Polarity, instance: &Instance, frame: &Frame) -> bool {
    let Polarity::BrightIsDense = polarity;
    match instance.pixels.photometric {
        Photometric::Monochrome1 => true,
        Photometric::Monochrome2 => instance.presentation_inverse && !frame.samples().is_color(),
        Photometric::PaletteColor | Photometric::Rgb => false,
    }
}

/// Maps the two percentiles to 0 and 1 and clips; padding becomes 0, like the letterbox around the picture.
fn stretch(values: &mut [f32], is_padding: &[bool], intensity: Intensity) -> Result<(), InferenceError> {
    let Intensity::Percentile { low, high } = intensity;
    let pads = |i: usize| is_padding.get(i).copied().unwrap_or(false);
    let mut picture: Vec<f32> = values.iter().enumerate().filter(|(i, _)| !pads(*i)).map(|(_, value)| *value).collect();
    let (Some(at_low), Some(at_high)) = (percentile(&mut picture, low), percentile(&mut picture, high)) else {
        return Err(InferenceError::image("it is all padding"));
    };
    if at_high <= at_low {
        return Err(InferenceError::image("it has no contrast"));
    }
    for (i, value) in values.iter_mut().enumerate() {
        let unit = ((f64::from(*value) - at_low) / (at_high - at_low)).clamp(0.0, 1.0);
        *value = if pads(i) { 0.0 } else { unit as f32 };
    }
    Ok(())
}

/// numpy's default: linear between the two nearest ranks. Reorders `values`.
pub fn percentile(values: &mut [f32], percent: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let rank = percent / 100.0 * last as f64;
    let below = (rank.floor() as usize).min(last);
    let (_, at, above) = values.select_nth_unstable_by(below, f32::total_cmp);
    let at = f64::from(*at);
    let next = above.iter().copied().min_by(f32::total_cmp).map_or(at, f64::from);
    Some(at + (next - at) * (rank - below as f64))
}

/// The resized picture in its padding, both normalized.
fn framed(resized: &[f32], letterbox: &Letterbox, input: &InputSpec) -> Vec<f32> {
    let normalized = |unit: f32| ((f64::from(unit) - input.mean) / input.std) as f32;
    let mut values = vec![normalized(0.0); letterbox.rows * letterbox.cols];
    let rows = values.chunks_exact_mut(letterbox.cols).skip(letterbox.top);
    for (row, picture_row) in rows.zip(resized.chunks_exact(letterbox.width)) {
        for (value, unit) in row.iter_mut().skip(letterbox.left).zip(picture_row) {
            *value = normalized(*unit);
        }
    }
    values
}
