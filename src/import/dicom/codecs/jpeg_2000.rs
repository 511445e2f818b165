//! JPEG 2000 and HTJ2K (ITU-T T.800, T.814), whole or as a coarse preview.

use std::borrow::Cow;

use rayon::iter::{IndexedParallelIterator as _, ParallelIterator as _};
use rayon::slice::{ParallelSlice as _, ParallelSliceMut as _};

use crate::domain::stored_pixels::{ColorModel, PixelLayout};
use crate::import::dicom::codecs::Fault;
use crate::import::dicom::codecs::openjpeg::{self, Plane};
use crate::import::dicom::codecs::{Decoded, check, failed};
use crate::import::dicom::codestream::jpeg_2000::{self, Codestream};
use crate::import::dicom::samples::Words;
use crate::import::error::ImportError;

/// Smaller pictures gain nothing from a second thread.
const MIN_PIXELS_FOR_THREADS: usize = 1 << 18;
/// A preview is made of larger pictures only, from a quarter of the rows and columns.
const MIN_PIXELS_FOR_PREVIEW: usize = 4_000_000;
const PREVIEW_REDUCTION: u32 = 2;
/// What one thread narrows before it takes the next.
const VALUES_AT_ONCE: usize = 1 << 18;

pub fn decode(data: &[u8], layout: &PixelLayout) -> Result<Decoded, ImportError> {
    let stream = jpeg_2000::read(data)?;
    check(&stream.info, layout)?;
    decode_reduced(&stream, layout, 0)
}

/// As [`decode`], from a quarter of the resolution each way; `None` when that would gain little or is not to be had.
pub fn preview(data: &[u8], layout: &PixelLayout) -> Result<Option<Decoded>, ImportError> {
    let stream = jpeg_2000::read(data)?;
    check(&stream.info, layout)?;
    if layout.n_pixels() <= MIN_PIXELS_FOR_PREVIEW || stream.n_levels < PREVIEW_REDUCTION {
        return Ok(None);
    }
    decode_reduced(&stream, layout, PREVIEW_REDUCTION).map(Some)
}

fn decode_reduced(stream: &Codestream<'_>, layout: &PixelLayout, reduction: u32) -> Result<Decoded, ImportError> {
    let bytes = match stream.has_end {
        true => Cow::Borrowed(stream.bytes),
        false => Cow::Owned([stream.bytes, &[0xFF, 0xD9]].concat()),
    };
    let is_large = layout.n_pixels() >= MIN_PIXELS_FOR_THREADS;
    let n_threads = if is_large { rayon::current_num_threads().min(8) } else { 1 };
    let picture = openjpeg::decode(&bytes, reduction, n_threads).map_err(|Fault(text)| failed(text))?;
    let words = interleaved(&picture.planes(), layout, 1 << reduction)?;
    let info = &stream.info;
    let is_rgb = info.has_component_transform || !is_plain_ybr(layout.color);
    Ok(Decoded { words, precision: info.precision, is_signed: info.is_signed, is_planar: false, is_rgb })
}

/// Words of the layout's width; what is above it in a plane is sign.
fn interleaved(planes: &[Plane<'_>], layout: &PixelLayout, scale: u32) -> Result<Words, ImportError> {
    if planes.len() != usize::from(layout.samples_per_pixel) {
        return Err(ImportError::CodestreamMismatch(format!("{} components came out", planes.len())));
    }
    let fits = |plane: &Plane<'_>| {
        let covers =
            |n: u32, step: u32, extent: u32| u64::from(n) * u64::from(step) * u64::from(scale) >= u64::from(extent);
        !plane.values.is_empty()
            && covers(plane.cols, plane.step_x, layout.cols)
            && covers(plane.rows, plane.step_y, layout.rows)
    };
    if !planes.iter().all(fits) {
        return Err(ImportError::CodestreamMismatch("a component has another size".to_owned()));
    }
    Ok(match layout.bits_allocated {
        0..=8 => Words::U8(woven(planes, layout, scale, |value| value as u8)),
        9..=16 => Words::U16(woven(planes, layout, scale, |value| value as u16)),
        _ => Words::U32(woven(planes, layout, scale, i32::cast_unsigned)),
    })
}

/// A `cut` of its own for each width, so that many values go at once.
fn woven<T: Copy + Default + Send>(
    planes: &[Plane<'_>],
    layout: &PixelLayout,
    scale: u32,
    cut: impl Fn(i32) -> T + Copy + Sync,
) -> Vec<T> {
    let (cols, n) = (layout.cols as usize, planes.len());
    let is_full = |plane: &Plane<'_>| plane.values.len() == layout.n_pixels() && plane.cols == layout.cols;
    if let [plane] = planes
        && is_full(plane)
    {
        let mut out = vec![T::default(); plane.values.len()];
        let pieces = out.par_chunks_mut(VALUES_AT_ONCE).zip(plane.values.par_chunks(VALUES_AT_ONCE));
        pieces.for_each(|(places, values)| {
            places.iter_mut().zip(values).for_each(|(place, value)| *place = cut(*value));
        });
        return out;
    }
    let mut out = vec![T::default(); layout.n_samples()];
    for (index, plane) in planes.iter().enumerate() {
        let (step_x, step_y) = ((plane.step_x * scale) as usize, (plane.step_y * scale) as usize);
        for (y, row) in out.chunks_exact_mut(cols * n).enumerate() {
            let first = y / step_y * plane.cols as usize;
            let values = plane.values.get(first..first + plane.cols as usize).unwrap_or_default();
            let places = row.iter_mut().skip(index).step_by(n);
            match step_x {
                1 => places.zip(values).for_each(|(place, value)| *place = cut(*value)),
                // Coarser components are repeated
                _ => places
                    .enumerate()
                    .for_each(|(x, place)| *place = values.get(x / step_x).copied().map_or_else(T::default, cut)),
            }
        }
    }
    out
}

/// YBR whose transform is the object's, not the codestream's.
fn is_plain_ybr(color: ColorModel) -> bool {
    use ColorModel::{YbrFull, YbrFull422, YbrPartial420, YbrPartial422};
    matches!(color, YbrFull | YbrFull422 | YbrPartial420 | YbrPartial422)
}
