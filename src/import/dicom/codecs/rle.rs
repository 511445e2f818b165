//! RLE Lossless (PS3.5 annex G): PackBits per byte plane, most significant plane first.
//!
//! All planes are unpacked side by side, a short stretch at a time, so that bytes meet in their words while the
//! processor still holds them.

use crate::import::dicom::samples::{Word, Words};
use crate::import::error::ImportError;

fn broken(fault: &str) -> ImportError {
    ImportError::DecoderFailed(format!("RLE: {fault}"))
}

/// Pixels that are unpacked at a time.
const STRETCH: usize = 4096;

/// Pixel-interleaved words of `n_bytes` (1, 2 or 4) each.
pub fn decode(data: &[u8], n_pixels: usize, n_samples: usize, n_bytes: usize) -> Result<Words, ImportError> {
    let planes = planes(data, n_pixels, n_samples * n_bytes)?;
    let n_words = n_pixels * n_samples;
    Ok(match n_bytes {
        1 => Words::U8(words(planes, n_words, n_samples)?),
        2 => Words::U16(words(planes, n_words, n_samples)?),
        _ => Words::U32(words(planes, n_words, n_samples)?),
    })
}

fn planes(data: &[u8], n_pixels: usize, n_expected: usize) -> Result<Vec<PackBits<'_>>, ImportError> {
    let header: Vec<u32> =
        data.get(..64).unwrap_or_default().as_chunks::<4>().0.iter().map(|c| u32::from_le_bytes(*c)).collect();
    let Some((n_segments, offsets)) = header.split_first() else { return Err(broken("the header is cut off")) };
    if usize::try_from(*n_segments) != Ok(n_expected) || n_expected > offsets.len() {
        return Err(broken("the number of segments does not fit the samples"));
    }
    // Two bytes make 128 at most: what promises more is a bomb
    if n_pixels.saturating_mul(n_expected) > data.len().saturating_mul(64) {
        return Err(broken("a segment is too short"));
    }
    let place = |at: &u32| usize::try_from(*at).unwrap_or(usize::MAX);
    let starts = offsets.iter().take(n_expected).map(place);
    let ends = offsets.iter().take(n_expected).skip(1).map(place).chain([data.len()]);
    starts
        .zip(ends)
        .map(|(start, end)| {
            let bytes = data.get(start..end).filter(|_| start >= 64).ok_or_else(|| broken("a segment lies outside"))?;
            Ok(PackBits { bytes, n_literal: 0, n_repeats: 0, value: 0 })
        })
        .collect()
}

fn words<T: Word + Default>(
    mut planes: Vec<PackBits<'_>>,
    n_words: usize,
    n_samples: usize,
) -> Result<Vec<T>, ImportError> {
    let mut out = vec![T::default(); n_words];
    let mut bytes = [0; STRETCH];
    let n_planes = planes.len() / n_samples.max(1);
    let push = |word: &mut T, byte: u8| *word = T::cut(word.wide().wrapping_shl(8) | u32::from(byte));
    for stretch in out.chunks_mut(STRETCH * n_samples) {
        let bytes = bytes.get_mut(..stretch.len() / n_samples).unwrap_or_default();
        for (sample, of_sample) in planes.chunks_mut(n_planes).enumerate() {
            for plane in of_sample {
                plane.unpack(bytes).ok_or_else(|| broken("a segment is too short"))?;
                match n_samples {
                    1 => stretch.iter_mut().zip(&*bytes).for_each(|(word, byte)| push(word, *byte)),
                    _ => {
                        let places = stretch.iter_mut().skip(sample).step_by(n_samples);
                        places.zip(&*bytes).for_each(|(word, byte)| push(word, *byte));
                    }
                }
            }
        }
    }
    Ok(out)
}

/// A segment and what is left of the run that the last stretch ended in.
struct PackBits<'a> {
    bytes: &'a [u8],
    n_literal: usize,
    n_repeats: usize,
    value: u8,
}

impl PackBits<'_> {
    /// Fills `out`; `None` when the segment ends early. Surplus is left alone.
    fn unpack(&mut self, mut out: &mut [u8]) -> Option<()> {
        while !out.is_empty() {
            if self.n_literal > 0 {
                let n = self.n_literal.min(out.len());
                let (literal, rest) = self.bytes.split_at_checked(n)?;
                let (target, after) = out.split_at_mut(n);
                target.copy_from_slice(literal);
                (self.bytes, self.n_literal, out) = (rest, self.n_literal - n, after);
            } else if self.n_repeats > 0 {
                let n = self.n_repeats.min(out.len());
                let (target, after) = out.split_at_mut(n);
                target.fill(self.value);
                (self.n_repeats, out) = (self.n_repeats - n, after);
            } else {
                let (control, rest) = self.bytes.split_first()?;
                self.bytes = rest;
                match control {
                    0..=127 => self.n_literal = usize::from(*control) + 1,
                    128 => {}
                    129..=255 => {
                        let (value, rest) = rest.split_first()?;
                        (self.bytes, self.value, self.n_repeats) = (rest, *value, 257 - usize::from(*control));
                    }
                }
            }
        }
        Some(())
    }
}

/// Packs `planes` (of one byte each, most significant first) as a frame: for pictures to measure and to test with.
pub fn encode(planes: &[Vec<u8>]) -> Vec<u8> {
    let segments: Vec<Vec<u8>> = planes.iter().map(|plane| packed(plane)).collect();
    let mut at = 64_u32;
    let mut header = vec![u32::try_from(segments.len()).unwrap_or(0)];
    for segment in &segments {
        header.push(at);
        at = at.saturating_add(u32::try_from(segment.len()).unwrap_or(u32::MAX));
    }
    header.resize(16, 0);
    header.iter().flat_map(|word| word.to_le_bytes()).chain(segments.into_iter().flatten()).collect()
}

fn packed(plane: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plane.len() + plane.len() / 64);
    let mut literal: &[u8] = &[];
    let mut rest = plane;
    let flush = |literal: &[u8], out: &mut Vec<u8>| {
        for part in literal.chunks(128) {
            out.push((part.len() - 1) as u8);
            out.extend_from_slice(part);
        }
    };
    while let Some(first) = rest.first() {
        let n_same = rest.iter().take(128).take_while(|byte| *byte == first).count();
        if n_same < 3 {
            let n_literal = literal.len() + n_same;
            let start = plane.len() - rest.len() - literal.len();
            literal = plane.get(start..start + n_literal).unwrap_or_default();
        } else {
            flush(literal, &mut out);
            literal = &[];
            out.extend([(257 - n_same) as u8, *first]);
        }
        rest = rest.get(n_same..).unwrap_or_default();
    }
    flush(literal, &mut out);
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(segments: &[&[u8]]) -> Vec<u8> {
        let mut data = u32::try_from(segments.len()).unwrap().to_le_bytes().to_vec();
        let mut at = 64;
        for segment in segments {
            data.extend(u32::try_from(at).unwrap().to_le_bytes());
            at += segment.len();
        }
        data.resize(64, 0);
        segments.iter().for_each(|segment| data.extend_from_slice(segment));
        data
    }

    #[test]
    fn two_byte_planes_become_words() {
        let data = framed(&[&[0xFE, 0x01], &[0x02, 0x0A, 0x0B, 0x0C]]);
        assert_eq!(decode(&data, 3, 1, 2).unwrap(), Words::U16(vec![0x10A, 0x10B, 0x10C]));
    }

    #[test]
    fn what_was_packed_comes_back_over_many_stretches() {
        let plane = |seed: usize| -> Vec<u8> {
            (0..3 * STRETCH + 7).map(|i| if i % 300 < 170 { 9 } else { (i * seed % 251) as u8 }).collect()
        };
        let planes: Vec<Vec<u8>> = (1..=6).map(plane).collect();
        let Words::U16(words) = decode(&encode(&planes), planes[0].len(), 3, 2).unwrap() else { panic!("width") };
        for (at, word) in words.iter().enumerate() {
            let (pixel, sample) = (at / 3, at % 3);
            assert_eq!(word.to_be_bytes(), [planes[2 * sample][pixel], planes[2 * sample + 1][pixel]]);
        }
    }

    #[test]
    fn lies_about_segments_are_refused() {
        assert!(decode(&[], 3, 1, 1).is_err());
        assert!(decode(&[0xFF; 64], 3, 1, 1).is_err());
        assert!(decode(&framed(&[&[0x02, 0x0A]]), 3, 1, 1).is_err());
        assert!(decode(&framed(&[&[0xFF, 0x0A]]), 3, 1, 1).is_err());
        assert!(decode(&framed(&[&[0xFE, 0x01]]), 3, 1, 2).is_err());
    }
}
