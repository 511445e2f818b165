//! CharLS behind safe functions: JPEG-LS streams, in and out.
#![expect(unsafe_code, reason = "the library speaks C")]

use std::ffi::{CStr, c_int};

use charls_sys::{
    charls_frame_info, charls_get_error_message, charls_jpegls_decoder, charls_jpegls_decoder_create,
    charls_jpegls_decoder_decode_to_buffer, charls_jpegls_decoder_destroy, charls_jpegls_decoder_get_destination_size,
    charls_jpegls_decoder_get_frame_info, charls_jpegls_decoder_read_header, charls_jpegls_decoder_set_source_buffer,
    charls_jpegls_encoder_create, charls_jpegls_encoder_destroy, charls_jpegls_encoder_encode_from_buffer,
    charls_jpegls_encoder_get_bytes_written, charls_jpegls_encoder_set_destination_buffer,
    charls_jpegls_encoder_set_frame_info,
};

use crate::import::dicom::codecs::{Fault, Shape};
use crate::import::dicom::samples::Words;

fn judged(code: c_int) -> Result<(), Fault> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: the library answers every code with a text of its own that lives forever.
    let text = unsafe { CStr::from_ptr(charls_get_error_message(code)) };
    Err(Fault(text.to_string_lossy().into_owned()))
}

struct Decoder(*mut charls_jpegls_decoder);

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: made by the library and destroyed once; null is allowed.
        unsafe { charls_jpegls_decoder_destroy(self.0) }
    }
}

/// Decodes a stream whose header says `shape`: `U8` up to 8 bits, `U16` above, in the order the stream has.
pub fn decode(data: &[u8], shape: Shape) -> Result<Words, Fault> {
    // SAFETY: takes nothing; a null decoder is refused.
    let decoder = Decoder(unsafe { charls_jpegls_decoder_create() });
    if decoder.0.is_null() {
        return Err(Fault("the decoder does not start".to_owned()));
    }
    let mut facts = charls_frame_info { width: 0, height: 0, bits_per_sample: 0, component_count: 0 };
    let mut n_wanted = 0;
    // SAFETY: the decoder is alive, the bytes outlive it, and the places written to are ours.
    unsafe {
        judged(charls_jpegls_decoder_set_source_buffer(decoder.0, data.as_ptr().cast(), data.len()))?;
        judged(charls_jpegls_decoder_read_header(decoder.0))?;
        judged(charls_jpegls_decoder_get_frame_info(decoder.0, &raw mut facts))?;
        judged(charls_jpegls_decoder_get_destination_size(decoder.0, 0, &raw mut n_wanted))?;
    }
    let is_same = (facts.height, facts.width) == (shape.rows, shape.cols)
        && facts.bits_per_sample == i32::from(shape.precision)
        && facts.component_count == i32::from(shape.n_components);
    let n_samples = shape.rows as usize * shape.cols as usize * usize::from(shape.n_components);
    let width = if shape.precision > 8 { 2 } else { 1 };
    if !is_same || n_wanted != n_samples * width {
        return Err(Fault("the header is ambiguous".to_owned()));
    }
    let mut words = match width {
        1 => Words::U8(vec![0; n_samples]),
        _ => Words::U16(vec![0; n_samples]),
    };
    let place = match &mut words {
        Words::U8(v) => v.as_mut_ptr().cast(),
        Words::U16(v) => v.as_mut_ptr().cast(),
        Words::U32(v) => v.as_mut_ptr().cast(),
    };
    // SAFETY: the decoder is alive, and the vector holds exactly the bytes it asked for.
    judged(unsafe { charls_jpegls_decoder_decode_to_buffer(decoder.0, place, n_wanted, 0) })?;
    Ok(words)
}

/// Compresses one grey plane without loss: for pictures to measure and to test with.
pub fn encode(words: &Words, shape: Shape) -> Result<Vec<u8>, Fault> {
    let (place, n_bytes) = match words {
        Words::U8(v) if shape.precision <= 8 => (v.as_ptr().cast(), v.len()),
        Words::U16(v) if shape.precision > 8 => (v.as_ptr().cast(), 2 * v.len()),
        _ => return Err(Fault("the samples have another width".to_owned())),
    };
    if shape.n_components != 1 || words.n_words() != shape.rows as usize * shape.cols as usize {
        return Err(Fault("the samples do not fill the picture".to_owned()));
    }
    let facts = charls_frame_info {
        width: shape.cols,
        height: shape.rows,
        bits_per_sample: i32::from(shape.precision),
        component_count: 1,
    };
    // Noise may grow under compression
    let mut out = vec![0_u8; n_bytes + n_bytes / 2 + 1024];
    let mut n_written = 0;
    // SAFETY: the encoder is made and destroyed here; it reads the samples and writes the vector within their lengths.
    let status = unsafe {
        let encoder = charls_jpegls_encoder_create();
        if encoder.is_null() {
            return Err(Fault("the encoder does not start".to_owned()));
        }
        let status = judged(charls_jpegls_encoder_set_frame_info(encoder, &raw const facts))
            .and_then(|()| {
                judged(charls_jpegls_encoder_set_destination_buffer(encoder, out.as_mut_ptr().cast(), out.len()))
            })
            .and_then(|()| judged(charls_jpegls_encoder_encode_from_buffer(encoder, place, n_bytes, 0)))
            .and_then(|()| judged(charls_jpegls_encoder_get_bytes_written(encoder, &raw mut n_written)));
        charls_jpegls_encoder_destroy(encoder);
        status
    };
    out.truncate(n_written);
    status.map(|()| out)
}
