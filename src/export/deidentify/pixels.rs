//! Writing in pictures: found, and blacked out in what leaves (PS3.15 E.3.1).

use std::ops::Range;
use std::sync::Arc;

use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::domain::frame::{Frame, Samples};
use crate::domain::geometry::PixelBox;
use crate::domain::instance::Instance;
use crate::domain::presentation::Photometric;
use crate::export::deidentify::dataset::put;
use crate::imaging::modality_lut;
use crate::segmentation::burned_in_text::lines_of_writing;

/// Where writing stands on any of the frames.
pub fn writing(instance: &Instance, frames: &[Arc<Frame>]) -> Vec<PixelBox> {
    let mut boxes: Vec<PixelBox> = Vec::new();
    for (index, frame) in (0..).zip(frames) {
        for found in writing_of_frame(instance, index, frame) {
            if !boxes.contains(&found) {
                boxes.push(found);
            }
        }
    }
    boxes
}

/// Where writing stands on one frame.
pub fn writing_of_frame(instance: &Instance, index: u32, frame: &Frame) -> Vec<PixelBox> {
    let Some(attributes) = instance.frame(index) else { return Vec::new() };
    let values = gray(frame, || modality_lut::modality_values(frame, attributes));
    lines_of_writing(&values, frame.rows(), frame.cols())
}

/// Of a color pixel its brightest channel.
fn gray(frame: &Frame, modality_values: impl FnOnce() -> Vec<f32>) -> Vec<f32> {
    let brightest = |pixel: &[f32]| pixel.iter().copied().fold(0.0, f32::max);
    let color = |values: Vec<f32>| values.chunks_exact(3).map(brightest).collect();
    match frame.samples() {
        Samples::Rgb8(values) => color(values.iter().map(|value| f32::from(*value)).collect()),
        Samples::Rgb16(values) => color(values.iter().map(|value| f32::from(*value)).collect()),
        Samples::Rgb32(values) => color(values.iter().map(|value| *value as f32).collect()),
        _ => modality_values(),
    }
}

/// Puts the frames into the object uncompressed, with the boxes black on every one. `None` for kinds of samples that
/// hold no writing (float, single bits) or would not fit one object.
pub fn black_out(
    object: &mut InMemDicomObject,
    instance: &Instance,
    frames: &[Arc<Frame>],
    boxes: &[PixelBox],
) -> Option<()> {
    let first = frames.first()?;
    let photometric = instance.pixels.photometric;
    let is_color = first.samples().is_color();
    let is_inverted = photometric == Photometric::Monochrome1;
    let mut words: Vec<u8> = Vec::new();
    let mut bits = 0;
    for frame in frames {
        bits = append(&mut words, frame, boxes, is_inverted)?;
    }
    if u32::try_from(words.len()).ok()? == u32::MAX {
        return None;
    }
    let number = |object: &mut InMemDicomObject, tag, value: u16| {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    };
    number(object, tags::BITS_ALLOCATED, bits);
    let stored = instance.pixels.bits_stored.min(bits);
    number(object, tags::BITS_STORED, stored);
    number(object, tags::HIGH_BIT, stored.saturating_sub(1));
    number(object, tags::SAMPLES_PER_PIXEL, if is_color { 3 } else { 1 });
    if is_color {
        put(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB");
        number(object, tags::PLANAR_CONFIGURATION, 0);
    }
    if words.len() % 2 == 1 {
        words.push(0);
    }
    let vr = if bits > 8 { VR::OW } else { VR::OB };
    let value = match bits {
        16 => PrimitiveValue::U16(words.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]])).collect()),
        _ => PrimitiveValue::U8(words.into()),
    };
    for tag in [tags::PIXEL_DATA, tags::EXTENDED_OFFSET_TABLE, tags::EXTENDED_OFFSET_TABLE_LENGTHS] {
        object.remove_element(tag);
    }
    object.put(DataElement::new(tags::PIXEL_DATA, vr, value));
    Some(())
}

/// The frame's samples, little endian; returns bits per sample.
fn append(words: &mut Vec<u8>, frame: &Frame, boxes: &[PixelBox], is_inverted: bool) -> Option<u16> {
    let spans = spans(frame, boxes);
    macro_rules! blackened {
        ($values:expr) => {{
            let mut values = $values.to_vec();
            let extreme = if is_inverted { values.iter().copied().max() } else { values.iter().copied().min() };
            let black = if frame.samples().is_color() { Some(0) } else { extreme };
            for span in &spans {
                values.get_mut(span.clone())?.fill(black?);
            }
            values.iter().for_each(|value| words.extend(value.to_le_bytes()));
        }};
    }
    Some(match frame.samples() {
        Samples::U8(values) | Samples::Rgb8(values) => {
            blackened!(values);
            8
        }
        Samples::I8(values) => {
            blackened!(values);
            8
        }
        Samples::U16(values) | Samples::Rgb16(values) => {
            blackened!(values);
            16
        }
        Samples::I16(values) => {
            blackened!(values);
            16
        }
        _ => return None,
    })
}

/// The boxes as ranges of samples.
fn spans(frame: &Frame, boxes: &[PixelBox]) -> Vec<Range<usize>> {
    let (rows, cols) = (frame.rows() as usize, frame.cols() as usize);
    let n = frame.samples().samples_per_pixel();
    let mut spans = Vec::new();
    for PixelBox { x0, y0, x1, y1 } in boxes {
        let clamped = |edge: f64, most: usize| (edge.max(0.0) as usize).min(most);
        let (x0, x1) = (clamped(x0.floor(), cols), clamped(x1.ceil(), cols));
        for y in clamped(y0.floor(), rows)..clamped(y1.ceil(), rows) {
            spans.push((y * cols + x0) * n..(y * cols + x1) * n);
        }
    }
    spans
}
