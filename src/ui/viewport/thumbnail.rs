//! A small gray picture of a series, made once from its middle image.

use std::sync::Arc;

use egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::domain::frame::{Frame, FrameKey, Samples};
use crate::domain::instance::Instance;
use crate::domain::series::Series;
use crate::imaging::{pipeline, presentation};
use crate::ui::context::{FrameState, UiContext};
use crate::ui::transient::Transient;
use crate::ui::view_state::SeriesPart;

/// Longest side, pixels.
const SIZE: u32 = 160;
/// Kept at a time, over all studies.
const MOST: usize = 400;

pub enum Thumbnail {
    Ready(TextureHandle),
    Loading,
    Failed,
}

/// The thumbnail of a series; while it is missing its frame is put among the wanted.
pub fn thumbnail(
    ctx: &Context,
    context: &UiContext<'_>,
    series: &Series,
    part: &SeriesPart,
    transient: &mut Transient,
    wanted: &mut Vec<FrameKey>,
) -> Thumbnail {
    if let Some(texture) = transient.frames.thumbnails.get(part) {
        return Thumbnail::Ready(texture.clone());
    }
    let Some((instance, frame_idx)) = series.image(series.stack.len() / 2) else { return Thumbnail::Failed };
    let key = instance.frame_key(frame_idx);
    match context.frames.frame(&key) {
        FrameState::Ready(frame) => {
            if transient.frames.thumbnails.len() > MOST {
                transient.frames.thumbnails.clear();
            }
            let Some(image) = small_picture(&frame, instance, frame_idx) else { return Thumbnail::Failed };
            let texture = ctx.load_texture("thumbnail", image, TextureOptions::LINEAR);
            transient.frames.thumbnails.insert(part.clone(), texture.clone());
            Thumbnail::Ready(texture)
        }
        FrameState::Loading | FrameState::Preview(_) => {
            wanted.push(key);
            Thumbnail::Loading
        }
        FrameState::Failed(_) => Thumbnail::Failed,
    }
}

fn small_picture(frame: &Arc<Frame>, instance: &Instance, frame_idx: u32) -> Option<ColorImage> {
    let small = thinned(frame)?;
    let shown = presentation::default_presentation(instance, frame_idx, &small);
    let pixels = pipeline::rgb_u8(&small, instance, frame_idx, &shown);
    let bytes: Vec<u8> = pixels.into_iter().flatten().collect();
    Some(ColorImage::from_rgb([small.cols() as usize, small.rows() as usize], &bytes))
}

/// Every n-th pixel: values stay stored values, so windows and padding still hold.
fn thinned(frame: &Frame) -> Option<Frame> {
    let step = frame.rows().max(frame.cols()).div_ceil(SIZE).max(1);
    let (rows, cols) = (frame.rows().div_ceil(step), frame.cols().div_ceil(step));
    let n_channels = frame.samples().samples_per_pixel();
    let mut places = Vec::with_capacity(rows as usize * cols as usize * n_channels);
    for row in 0..rows {
        for col in 0..cols {
            let pixel = (row * step) as usize * frame.cols() as usize + (col * step) as usize;
            places.extend((0..n_channels).map(|channel| pixel * n_channels + channel));
        }
    }
    let samples = picked(frame.samples(), &places);
    Frame::new(frame.key().clone(), rows, cols, samples).ok()
}

fn picked(samples: &Samples, places: &[usize]) -> Samples {
    fn pick<T: Copy + Default>(values: &[T], places: &[usize]) -> Vec<T> {
        places.iter().map(|place| values.get(*place).copied().unwrap_or_default()).collect()
    }
    match samples {
        Samples::U8(v) => Samples::U8(pick(v, places).into()),
        Samples::I8(v) => Samples::I8(pick(v, places).into()),
        Samples::U16(v) => Samples::U16(pick(v, places).into()),
        Samples::I16(v) => Samples::I16(pick(v, places).into()),
        Samples::U32(v) => Samples::U32(pick(v, places).into()),
        Samples::I32(v) => Samples::I32(pick(v, places).into()),
        Samples::F32(v) => Samples::F32(pick(v, places).into()),
        Samples::F64(v) => Samples::F64(pick(v, places).into()),
        Samples::Rgb8(v) => Samples::Rgb8(pick(v, places).into()),
        Samples::Rgb16(v) => Samples::Rgb16(pick(v, places).into()),
        Samples::Rgb32(v) => Samples::Rgb32(pick(v, places).into()),
    }
}
