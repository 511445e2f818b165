//! OpenJPEG behind a safe function: JPEG 2000 and HTJ2K codestreams to planes, on several threads.
#![expect(unsafe_code, reason = "the library speaks C")]

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{NonNull, null_mut};

use openjpeg_sys::{
    OPJ_CODEC_FORMAT, OPJ_OFF_T, OPJ_SIZE_T, opj_codec_set_threads, opj_codec_t, opj_create_decompress, opj_decode,
    opj_destroy_codec, opj_end_decompress, opj_image_comp_t, opj_image_destroy, opj_image_t, opj_read_header,
    opj_set_default_decoder_parameters, opj_set_error_handler, opj_setup_decoder, opj_stream_create,
    opj_stream_destroy, opj_stream_set_read_function, opj_stream_set_seek_function, opj_stream_set_skip_function,
    opj_stream_set_user_data, opj_stream_set_user_data_length, opj_stream_t,
};

use crate::import::dicom::codecs::Fault;

/// A decoded picture in the library's memory.
pub struct Picture(NonNull<opj_image_t>);

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the image came from the library and is destroyed once.
        unsafe { opj_image_destroy(self.0.as_ptr()) }
    }
}

/// One component: `rows` × `cols` values, one for `step_x` × `step_y` pixels of the picture.
#[derive(Clone, Copy)]
pub struct Plane<'a> {
    pub rows: u32,
    pub cols: u32,
    pub step_x: u32,
    pub step_y: u32,
    pub values: &'a [i32],
}

impl Picture {
    pub fn planes(&self) -> Vec<Plane<'_>> {
        // SAFETY: the library's image lives as long as `self`; it holds `numcomps` components, and each holds w × h
        // values unless its data is null.
        unsafe {
            let image = self.0.as_ref();
            let components: &[opj_image_comp_t] = match image.comps.is_null() {
                true => &[],
                false => std::slice::from_raw_parts(image.comps, image.numcomps as usize),
            };
            components
                .iter()
                .map(|component| {
                    let n_values = component.w as usize * component.h as usize;
                    let values = match component.data.is_null() {
                        true => &[][..],
                        false => std::slice::from_raw_parts(component.data, n_values),
                    };
                    let (rows, cols) = (component.h, component.w);
                    Plane { rows, cols, step_x: component.dx, step_y: component.dy, values }
                })
                .collect()
        }
    }
}

/// The bytes and how far the library has read: what its stream functions are handed.
struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

unsafe extern "C" fn read(place: *mut c_void, n_bytes: OPJ_SIZE_T, user: *mut c_void) -> OPJ_SIZE_T {
    // SAFETY: the library hands back the cursor it was given, which outlives the stream, and room for `n_bytes`.
    unsafe {
        let cursor = &mut *user.cast::<Cursor<'_>>();
        let rest = cursor.data.get(cursor.at..).unwrap_or_default();
        let n = rest.len().min(n_bytes);
        if n == 0 {
            // End of data, in the library's terms
            return OPJ_SIZE_T::MAX;
        }
        std::ptr::copy_nonoverlapping(rest.as_ptr(), place.cast(), n);
        cursor.at += n;
        n
    }
}

unsafe extern "C" fn skip(n_bytes: OPJ_OFF_T, user: *mut c_void) -> OPJ_OFF_T {
    // SAFETY: as in `read`.
    let cursor = unsafe { &mut *user.cast::<Cursor<'_>>() };
    let n = usize::try_from(n_bytes).unwrap_or(0).min(cursor.data.len().saturating_sub(cursor.at));
    cursor.at += n;
    if n == 0 { -1 } else { OPJ_OFF_T::try_from(n).unwrap_or(-1) }
}

unsafe extern "C" fn seek(offset: OPJ_OFF_T, user: *mut c_void) -> i32 {
    // SAFETY: as in `read`.
    let cursor = unsafe { &mut *user.cast::<Cursor<'_>>() };
    match usize::try_from(offset) {
        Ok(offset) if offset <= cursor.data.len() => {
            cursor.at = offset;
            1
        }
        _ => 0,
    }
}

/// Keeps the first complaint: what follows are its consequences.
unsafe extern "C" fn complain(text: *const c_char, user: *mut c_void) {
    // SAFETY: the library hands back the string it was given, which outlives the codec, and a text that ends in a
    // zero; it holds a lock while it calls.
    unsafe {
        let fault = &mut *user.cast::<String>();
        if fault.is_empty() {
            fault.push_str(CStr::from_ptr(text).to_string_lossy().trim());
        }
    }
}

struct Codec {
    codec: *mut opj_codec_t,
    stream: *mut opj_stream_t,
}

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: both were made by the library and are destroyed once; null is allowed.
        unsafe {
            opj_stream_destroy(self.stream);
            opj_destroy_codec(self.codec);
        }
    }
}

/// Decodes a codestream that begins with its SOC marker. `reduction`: how often to halve the size; `n_threads` beyond 1
/// help with large pictures. A stream that ends early is refused.
pub fn decode(codestream: &[u8], reduction: u32, n_threads: usize) -> Result<Picture, Fault> {
    let mut fault = String::new();
    let mut cursor = Cursor { data: codestream, at: 0 };
    run(&mut cursor, &mut fault, reduction, n_threads).ok_or_else(|| match fault.is_empty() {
        true => Fault("the decoder gave up".to_owned()),
        false => Fault(fault),
    })
}

fn run(cursor: &mut Cursor<'_>, fault: &mut String, reduction: u32, n_threads: usize) -> Option<Picture> {
    let n_bytes = cursor.data.len();
    // The library keeps a buffer of this size and copies through it
    let chunk = n_bytes.clamp(64, 1 << 20);
    // SAFETY: the codec and the stream are made here and destroyed by `Codec`, before `cursor` and `fault` end; the
    // parameters are plain numbers which the library fills first; the image belongs to `Picture` as soon as it exists.
    unsafe {
        let codec = opj_create_decompress(OPJ_CODEC_FORMAT::OPJ_CODEC_J2K);
        let library = Codec { codec, stream: opj_stream_create(chunk, 1) };
        let (codec, stream) = (library.codec, library.stream);
        if codec.is_null() || stream.is_null() {
            return None;
        }
        opj_set_error_handler(codec, Some(complain), std::ptr::from_mut(fault).cast());
        opj_stream_set_read_function(stream, Some(read));
        opj_stream_set_skip_function(stream, Some(skip));
        opj_stream_set_seek_function(stream, Some(seek));
        opj_stream_set_user_data(stream, std::ptr::from_mut(cursor).cast(), None);
        opj_stream_set_user_data_length(stream, n_bytes as u64);
        let mut parameters = std::mem::zeroed();
        opj_set_default_decoder_parameters(&raw mut parameters);
        parameters.cp_reduce = reduction;
        // As made, the codec is strict and mends wrong counts of tile-parts; asked to be strict, it no longer mends
        if opj_setup_decoder(codec, &raw mut parameters) != 1 {
            return None;
        }
        if n_threads > 1 && opj_codec_set_threads(codec, i32::try_from(n_threads).unwrap_or(1)) != 1 {
            log::debug!("JPEG 2000 is decoded on one thread");
        }
        let mut image = null_mut();
        let has_header = opj_read_header(stream, codec, &raw mut image) == 1;
        let picture = Picture(NonNull::new(image)?);
        let is_whole = has_header && opj_decode(codec, stream, image) == 1 && opj_end_decompress(codec, stream) == 1;
        is_whole.then_some(picture)
    }
}
