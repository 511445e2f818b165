//! JPEG-LS (ITU-T T.87), lossless and near-lossless.

use crate::domain::stored_pixels::{ColorModel, PixelLayout};
use crate::import::dicom::codecs::Fault;
use crate::import::dicom::codecs::{Decoded, charls, check, failed, shape, with_end};
use crate::import::dicom::codestream;
use crate::import::error::ImportError;

pub fn decode(data: &[u8], layout: &PixelLayout) -> Result<Decoded, ImportError> {
    let info = codestream::jpeg(data)?;
    check(&info, layout)?;
    if info.process != 0xF7 {
        return Err(failed("the stream is not JPEG-LS"));
    }
    // Without its end marker the library looks for it for a long time
    let stream = with_end(data);
    let decode = |stream: &[u8]| charls::decode(stream, shape(&info)).map_err(|Fault(text)| failed(text));
    let words = decode(&stream).or_else(|error| decode(&without_padding(&stream).ok_or(error)?))?;
    Ok(Decoded {
        words,
        precision: info.precision,
        is_signed: false,
        is_planar: info.n_components == 3 && info.interleave == 0,
        is_rgb: layout.color == ColorModel::Rgb,
    })
}

/// The stream without zero bytes before its end marker, which some encoders left there; `None` when it has none.
fn without_padding(data: &[u8]) -> Option<Vec<u8>> {
    let end = data.windows(2).rposition(|pair| pair == [0xFF, 0xD9])?;
    let scan = data.get(..end)?;
    let n_zeros = scan.iter().rev().take_while(|byte| **byte == 0).count();
    (n_zeros > 0).then(|| [scan.get(..end - n_zeros).unwrap_or_default(), &[0xFF, 0xD9]].concat())
}
