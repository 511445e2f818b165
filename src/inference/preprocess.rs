//! From stored values to what a network sees. It depends on the file and the card alone, never on the screen.
//!
//! Modality LUT, polarity, the card's intensity rule (padding excluded), its fit with a triangle kernel, mean and
//! deviation.

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
    let (values, notices) = scaled(input, instance, frame)?;
    let Letterbox { crop_rows, crop_cols, height, width, .. } = letterbox;
    let resized = resize_triangle_antialias(&letterbox.cut(&values), crop_rows, crop_cols, height, width);
    if resized.len() != height * width {
        return Err(InferenceError::image("it could not be resized"));
    }
    Ok(Prepared { values: framed(&resized, &letterbox, input), letterbox, notices })
}

/// The whole picture on its own grid, scaled by the card's intensity rule, before mean and deviation.
pub fn scaled(
    input: &InputSpec,
    instance: &Instance,
    frame: &Frame,
) -> Result<(Vec<f32>, Vec<Notice>), InferenceError> {
    let Picture { mut values, is_padding, notices } = picture(instance, frame)?;
    if !values.iter().all(|value| value.is_finite()) {
        return Err(InferenceError::NotFinite { stage: "the image" });
    }
    let is_inverted = is_inverted(input.polarity, instance, frame);
    if is_inverted {
        values.iter_mut().for_each(|value| *value = -*value);
    }
    match input.intensity {
        Intensity::Percentile { low, high } => stretch(&mut values, &is_padding, low, high)?,
        Intensity::Window { low, high } => {
            let pads = |i: usize| is_padding.get(i).copied().unwrap_or(false);
            for (i, value) in values.iter_mut().enumerate() {
                *value = if pads(i) { 0.0 } else { in_window(*value, low, high) };
            }
        }
        Intensity::BitRange => {
            let largest = largest_value(instance, frame);
            let base = if is_inverted { largest } else { 0.0 };
            let unit = |value: f32| ((f64::from(value) + base) / largest).clamp(0.0, 1.0) as f32;
            values.iter_mut().for_each(|value| *value = unit(*value));
        }
        Intensity::ZScore { clip } => standardize(&mut values, &is_padding, clip)?,
    }
    Ok((values, notices))
}

/// A modality value between the window's ends as 0 to 1, clipped; what is no number is the lower end.
pub fn in_window(value: f32, low: f64, high: f64) -> f32 {
    let unit = ((f64::from(value) - low) / (high - low)).clamp(0.0, 1.0) as f32;
    if unit.is_nan() { 0.0 } else { unit }
}

/// The largest value that so many bits can hold; color samples fill theirs.
fn largest_value(instance: &Instance, frame: &Frame) -> f64 {
    let n_bits = if frame.samples().is_color() { instance.pixels.bits_allocated } else { instance.pixels.bits_stored };
    2_f64.powi(i32::from(n_bits.clamp(1, 32))) - 1.0
}

/// The picture's own mean and deviation to 0 and 1; padding becomes the mean.
fn standardize(values: &mut [f32], is_padding: &[bool], clip: f64) -> Result<(), InferenceError> {
    let pads = |i: usize| is_padding.get(i).copied().unwrap_or(false);
    let picture = || values.iter().enumerate().filter(|(i, _)| !pads(*i)).map(|(_, value)| f64::from(*value));
    let n = picture().count() as f64;
    let mean = picture().sum::<f64>() / n;
    let deviation = (picture().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    if n < 1.0 {
        return Err(InferenceError::image("it is all padding"));
    }
    if deviation <= 0.0 {
        return Err(InferenceError::image("it has no contrast"));
    }
    for (i, value) in values.iter_mut().enumerate() {
        let score = ((f64::from(*value) - mean) / deviation).clamp(-clip, clip);
        *value = if pads(i) { 0.0 } else { score as f32 };
    }
    Ok(())
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
    if polarity == Polarity::AsStored {
        return false;
    }
    match instance.pixels.photometric {
        Photometric::Monochrome1 => true,
        Photometric::Monochrome2 => instance.presentation_inverse && !frame.samples().is_color(),
        Photometric::PaletteColor | Photometric::Rgb => false,
    }
}

/// Maps the two percentiles to 0 and 1 and clips; padding becomes 0, like the letterbox around the picture.
fn stretch(values: &mut [f32], is_padding: &[bool], low: f64, high: f64) -> Result<(), InferenceError> {
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

/// The resized picture in its padding, both normalized; once for each channel.
fn framed(resized: &[f32], letterbox: &Letterbox, input: &InputSpec) -> Vec<f32> {
    let n_pixels = letterbox.rows * letterbox.cols;
    let mut all = Vec::with_capacity(n_pixels * input.channels);
    for channel in 0..input.channels {
        let mut values = vec![normalized(input, channel, 0.0); n_pixels];
        let rows = values.chunks_exact_mut(letterbox.cols).skip(letterbox.top);
        for (row, picture_row) in rows.zip(resized.chunks_exact(letterbox.width)) {
            for (value, unit) in row.iter_mut().skip(letterbox.left).zip(picture_row) {
                *value = normalized(input, channel, *unit);
            }
        }
        all.append(&mut values);
    }
    all
}

/// A scaled value as the network's channel takes it.
pub fn normalized(input: &InputSpec, channel: usize, unit: f32) -> f32 {
    ((f64::from(unit) - input.mean.of(channel)) / input.std.of(channel)) as f32
}
