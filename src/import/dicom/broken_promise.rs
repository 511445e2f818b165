//! Pictures that were compressed with loss under a transfer syntax that promises none: told from the first bytes of
//! the first frame, so that the reader is told before anything is decoded.

use crate::domain::stored_pixels::{PixelCoding, PixelPlace, StoredPixels};
use crate::import::dicom::codestream;
use crate::import::dicom::source::Source;

/// Headers of codestreams are shorter; what is hidden further behind is not looked for.
const HEAD_BYTES: u64 = 4096;

/// The method by which the first frame lost information; `None` when it kept all, or does not say.
pub fn lossy_method(source: &Source, stored: &StoredPixels) -> Option<&'static str> {
    if !matches!(stored.coding, PixelCoding::Jpeg | PixelCoding::JpegLs | PixelCoding::Jpeg2000) {
        return None;
    }
    let PixelPlace::Fragments(frames) = &stored.place else { return None };
    let first = frames.first()?.first()?;
    let head = source.read_at(first.offset, first.n_bytes.min(HEAD_BYTES)).ok()?;
    method_of_stream(stored.coding, &head)
}

/// The method by which a codestream lost information, by its header.
pub fn method_of_stream(coding: PixelCoding, stream: &[u8]) -> Option<&'static str> {
    match coding {
        PixelCoding::Jpeg => {
            let is_dct = matches!(codestream::jpeg(stream).ok()?.process, 0xC0..=0xC2 | 0xC9 | 0xCA);
            is_dct.then_some("JPEG")
        }
        PixelCoding::JpegLs => (codestream::jpeg(stream).ok()?.near > 0).then_some("JPEG-LS"),
        PixelCoding::Jpeg2000 => is_irreversible(stream)?.then_some("JPEG 2000"),
        _ => None,
    }
}

/// The wavelet of the COD segment (ITU-T T.800 A.6.1): 0 is the irreversible 9-7.
fn is_irreversible(head: &[u8]) -> Option<bool> {
    let be16 = |at: usize| head.get(at..)?.first_chunk().map(|pair| u16::from_be_bytes(*pair));
    let mut at = head.windows(4).position(|bytes| bytes == [0xFF, 0x4F, 0xFF, 0x51])? + 2;
    loop {
        match be16(at)? {
            0xFF52 => return Some(*head.get(at + 13)? == 0),
            0xFF90 => return None,
            _ => at += 2 + usize::from(be16(at + 2)?),
        }
    }
}
