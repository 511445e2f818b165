//! RLE Lossless (PS3.5 annex G): PackBits per byte plane, most significant plane first.

use crate::import::error::ImportError;

fn broken(fault: &str) -> ImportError {
    ImportError::DecoderFailed(format!("RLE: {fault}"))
}

/// Samples of `n_bytes` (1, 2 or 4) each, little endian, pixel-interleaved.
pub fn decode(data: &[u8], n_pixels: usize, n_samples: usize, n_bytes: usize) -> Result<Vec<u8>, ImportError> {
    let header: Vec<u32> =
        data.get(..64).unwrap_or_default().as_chunks::<4>().0.iter().map(|c| u32::from_le_bytes(*c)).collect();
    let Some((n_segments, offsets)) = header.split_first() else { return Err(broken("the header is cut off")) };
    let n_expected = n_samples * n_bytes;
    if usize::try_from(*n_segments) != Ok(n_expected) || n_expected > offsets.len() {
        return Err(broken("the number of segments does not fit the samples"));
    }
    // Two bytes make 128 at most: what promises more is a bomb
    if n_pixels.saturating_mul(n_expected) > data.len().saturating_mul(64) {
        return Err(broken("a segment is too short"));
    }
    let mut out = vec![0; n_pixels * n_expected];
    for segment in 0..n_expected {
        let start = offsets.get(segment).and_then(|at| usize::try_from(*at).ok()).unwrap_or(usize::MAX);
        let next = offsets.get(segment + 1).filter(|_| segment + 1 < n_expected);
        let end = next.and_then(|at| usize::try_from(*at).ok()).unwrap_or(data.len());
        let bytes = data.get(start..end).filter(|_| start >= 64).ok_or_else(|| broken("a segment lies outside"))?;
        let (sample, plane) = (segment / n_bytes, segment % n_bytes);
        let first = sample * n_bytes + (n_bytes - 1 - plane);
        unpack(bytes, out.iter_mut().skip(first).step_by(n_expected), n_pixels)?;
    }
    Ok(out)
}

/// PackBits into every place of `out`; a segment that ends early is refused, surplus is ignored.
fn unpack<'a>(bytes: &[u8], mut out: impl Iterator<Item = &'a mut u8>, n_wanted: usize) -> Result<(), ImportError> {
    let (mut at, mut n_done) = (0, 0);
    while n_done < n_wanted {
        let control = *bytes.get(at).ok_or_else(|| broken("a segment is too short"))?;
        at += 1;
        match control {
            0..=127 => {
                let n = usize::from(control) + 1;
                let literal = bytes.get(at..).unwrap_or_default();
                let literal =
                    literal.get(..n.min(n_wanted - n_done)).ok_or_else(|| broken("a segment is too short"))?;
                literal.iter().zip(&mut out).for_each(|(value, place)| *place = *value);
                n_done += literal.len();
                at += n;
            }
            129..=255 => {
                let value = *bytes.get(at).ok_or_else(|| broken("a segment is too short"))?;
                let n = (257 - usize::from(control)).min(n_wanted - n_done);
                (&mut out).take(n).for_each(|place| *place = value);
                n_done += n;
                at += 1;
            }
            128 => {}
        }
    }
    Ok(())
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
    fn two_byte_planes_become_little_endian_words() {
        let data = framed(&[&[0xFE, 0x01], &[0x02, 0x0A, 0x0B, 0x0C]]);
        assert_eq!(decode(&data, 3, 1, 2).unwrap(), [0x0A, 1, 0x0B, 1, 0x0C, 1]);
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
