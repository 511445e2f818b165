//! Words that hide in pixel data: comments and application segments of JPEG and JPEG 2000 streams, and overlays in the
//! bits above the samples (PS3.3 C.9.2, retired). What is overwritten keeps its length, so that offsets stay true.

use dicom_core::value::Value;
use dicom_core::{PrimitiveValue, Tag};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::domain::intake::Notice;

/// Overwrites what is no picture in the pixel data. Refuses where an overlay lies in compressed samples.
pub fn silence(object: &mut InMemDicomObject, syntax: &str) -> Result<(), Notice> {
    let has_overlay = has_embedded_overlay(object);
    let bits = SampleBits::of(object);
    let is_compressed =
        object.get(tags::PIXEL_DATA).is_some_and(|element| matches!(element.value(), Value::PixelSequence(_)));
    if is_compressed && has_overlay {
        let text = "An overlay lies in the bits of compressed samples and cannot be taken out";
        return Err(Notice::new("overlay_in_pixels", text));
    }
    object.update_value(tags::PIXEL_DATA, |value| match value {
        Value::PixelSequence(sequence) => {
            sequence.fragments_mut().iter_mut().for_each(|fragment| silence_fragment(fragment, syntax));
        }
        Value::Primitive(samples) if has_overlay => {
            if let Some(cleaned) = bits.and_then(|bits| bits.cleaned(samples)) {
                *samples = cleaned;
            }
        }
        _ => {}
    });
    Ok(())
}

fn number(object: &InMemDicomObject, tag: Tag) -> Option<u16> {
    object.get(tag)?.to_int().ok()
}

/// Overlay groups whose bits are not in Overlay Data.
fn has_embedded_overlay(object: &InMemDicomObject) -> bool {
    let groups = (0x6000..=0x601E).step_by(2);
    groups.into_iter().any(|group| {
        let has_rows = object.get(Tag(group, 0x0010)).is_some();
        has_rows && object.get(Tag(group, 0x3000)).is_none()
    })
}

/// Where in 16 bits a sample lies.
#[derive(Clone, Copy)]
struct SampleBits {
    stored: u16,
    high: u16,
    is_signed: bool,
}

impl SampleBits {
    /// `None` where nothing lies beside the sample, or the description is none.
    fn of(object: &InMemDicomObject) -> Option<Self> {
        let (allocated, stored) = (number(object, tags::BITS_ALLOCATED)?, number(object, tags::BITS_STORED)?);
        let high = number(object, tags::HIGH_BIT).unwrap_or(stored.saturating_sub(1));
        let is_signed = number(object, tags::PIXEL_REPRESENTATION) == Some(1);
        let has_room = allocated == 16 && high < 15 && stored > 0 && stored <= high + 1;
        has_room.then_some(Self { stored, high, is_signed })
    }

    /// Nothing above High Bit and below the sample; negative ones keep their sign.
    fn cleaned(&self, samples: &PrimitiveValue) -> Option<PrimitiveValue> {
        let above = u16::MAX << (self.high + 1);
        let below = (1_u16 << (self.high + 1 - self.stored)) - 1;
        let cleaned = |sample: u16| {
            let value = sample & !above & !below;
            let is_negative = self.is_signed && sample >> self.high & 1 == 1;
            if is_negative { value | above } else { value }
        };
        let bytes = samples.to_bytes();
        let words = bytes.as_chunks::<2>().0.iter().map(|pair| cleaned(u16::from_le_bytes(*pair)));
        Some(PrimitiveValue::U16(words.collect()))
    }
}

/// One fragment's comments and application segments are overwritten.
fn silence_fragment(fragment: &mut [u8], syntax: &str) {
    const JPEG: &str = "1.2.840.10008.1.2.4.";
    match fragment.get(..4) {
        _ if !syntax.starts_with(JPEG) => {}
        // SOC and SIZ
        Some([0xFF, 0x4F, 0xFF, 0x51]) => silence_segments(fragment, 2, &JPEG_2000),
        Some([0xFF, 0xD8, 0xFF, _]) => silence_segments(fragment, 2, &JPEG_SEGMENTS),
        _ => {}
    }
}

/// Which markers of a family hold words, from which byte of their segment on, and which one ends the head.
struct Family {
    /// The first byte of words within the segment, counted from its length.
    words_from: fn(u8) -> Option<usize>,
    end: &'static [u8],
}

/// ISO 10918-1: COM and APPn but JFIF (0), SPIFF (8) and Adobe (14), which say how to decode. JPEG-LS the same.
const JPEG_SEGMENTS: Family = Family {
    words_from: |marker| match marker {
        0xFE | 0xE1..=0xE7 | 0xE9..=0xED | 0xEF => Some(2),
        _ => None,
    },
    end: &[0xDA, 0xD9],
};

/// ISO 15444-1: COM after its registration.
const JPEG_2000: Family = Family { words_from: |marker| (marker == 0x64).then_some(4), end: &[0x90, 0x93, 0xD9] };

fn silence_segments(stream: &mut [u8], mut at: usize, family: &Family) {
    while let Some([0xFF, marker]) = stream.get(at..at + 2).map(|pair| [pair[0], pair[1]]) {
        if family.end.contains(&marker) {
            return;
        }
        let Some(length) = stream.get(at + 2..at + 4).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]))
        else {
            return;
        };
        let segment = at + 2..at + 2 + length.max(2);
        if let Some(from) = (family.words_from)(marker)
            && let Some(words) = stream.get_mut(segment.start + from..segment.end.max(segment.start + from))
        {
            words.fill(0);
        }
        at = segment.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_exif_are_overwritten_and_what_decodes_stays() {
        let mut stream = vec![0xFF, 0xD8, 0xFF, 0xEE, 0, 4, b'A', b'd', 0xFF, 0xE1, 0, 6, b'J', b'a', b'n', b'e'];
        stream.extend([0xFF, 0xFE, 0, 4, b'D', b'o', 0xFF, 0xDA, 0, 4, b'x', b'y', 0xFF, 0xD9]);
        let silent = |stream: &[u8], syntax: &str| {
            let mut stream = stream.to_vec();
            silence_fragment(&mut stream, syntax);
            stream
        };
        let (jpeg, jpeg_2000) = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90");
        let cleaned = silent(&stream, jpeg);
        assert_eq!(cleaned[..12], stream[..12]);
        assert_eq!(cleaned[12..16], [0; 4]);
        assert_eq!(cleaned[20..22], [0; 2]);
        assert_eq!(cleaned[22..], stream[22..]);
        let mut codestream = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 3, 9, 0xFF, 0x64, 0, 7, 0, 1, b'a', b'b', b'c'];
        codestream.extend([0xFF, 0x90, 0, 10]);
        let cleaned = silent(&codestream, jpeg_2000);
        assert_eq!(cleaned[..13], codestream[..13]);
        assert_eq!(cleaned[13..16], [0; 3]);
        assert_eq!(cleaned[16..], codestream[16..]);
        // A length beyond the end harms nothing
        let cut = vec![0xFF, 0xD8, 0xFF, 0xFE, 0xFF, 0xFF, b'x'];
        assert_eq!(silent(&cut, jpeg), cut);
    }
}
