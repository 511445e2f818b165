//! libjpeg-turbo 3 behind safe functions: every JPEG process it knows, samples of 2 to 16 bits, in and out.
//!
//! Decides nothing: what the object says of its pixels is the caller's to compare.
#![expect(unsafe_code, reason = "the library speaks C")]

use std::ffi::{CStr, c_int};

use turbojpeg_sys::{
    TJINIT_TJINIT_COMPRESS, TJINIT_TJINIT_DECOMPRESS, TJPARAM_TJPARAM_JPEGHEIGHT, TJPARAM_TJPARAM_JPEGWIDTH,
    TJPARAM_TJPARAM_LOSSLESS, TJPARAM_TJPARAM_LOSSLESSPSV, TJPARAM_TJPARAM_PRECISION, TJPARAM_TJPARAM_QUALITY,
    TJPARAM_TJPARAM_SCANLIMIT, TJPARAM_TJPARAM_SUBSAMP, TJPF_TJPF_GRAY, TJPF_TJPF_RGB, TJSAMP_TJSAMP_444,
    TJSAMP_TJSAMP_GRAY, size_t, tj3Compress8, tj3Compress12, tj3Compress16, tj3Decompress8, tj3Decompress12,
    tj3Decompress16, tj3DecompressHeader, tj3Destroy, tj3Free, tj3Get, tj3GetErrorStr, tj3Init, tj3Set, tjhandle,
};

use crate::import::dicom::codecs::{Fault, Shape};
use crate::import::dicom::samples::Words;

impl Shape {
    fn n_samples(self) -> Option<usize> {
        (self.rows as usize).checked_mul(self.cols as usize)?.checked_mul(usize::from(self.n_components))
    }

    /// Samples per row, for the library; pictures are at most 65,535 wide.
    fn pitch(self) -> c_int {
        c_int::try_from(self.cols * u32::from(self.n_components)).unwrap_or(c_int::MAX)
    }

    fn pixel_format(self) -> c_int {
        if self.n_components == 1 { TJPF_TJPF_GRAY } else { TJPF_TJPF_RGB as c_int }
    }
}

/// More scans than this do not occur in one picture; each costs a pass over it.
const MAX_SCANS: c_int = 500;

struct Instance(tjhandle);

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: the handle came from tj3Init and is destroyed once.
        unsafe { tj3Destroy(self.0) }
    }
}

impl Instance {
    fn new(kind: c_int) -> Result<Self, Fault> {
        // SAFETY: no arguments but a number; a null handle is refused below.
        let handle = unsafe { tj3Init(kind) };
        if handle.is_null() { Err(Fault("the decoder does not start".to_owned())) } else { Ok(Self(handle)) }
    }

    fn set(&self, parameter: c_int, value: c_int) -> Result<(), Fault> {
        // SAFETY: the handle is alive.
        self.judged(unsafe { tj3Set(self.0, parameter, value) })
    }

    fn number(&self, parameter: c_int) -> c_int {
        // SAFETY: the handle is alive.
        unsafe { tj3Get(self.0, parameter) }
    }

    fn judged(&self, status: c_int) -> Result<(), Fault> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the handle is alive, and the library keeps its text, which ends in a zero, until the next call.
        let text = unsafe { CStr::from_ptr(tj3GetErrorStr(self.0)) };
        Err(Fault(text.to_string_lossy().into_owned()))
    }
}

/// Decodes into pixel-interleaved samples, `U8` up to 8 bits and `U16` above. A picture whose header says anything but
/// `shape` is refused before a sample is written.
///
/// Warnings are faults: `tolerated` is asked about each.
pub fn decode(data: &[u8], shape: Shape, tolerated: fn(&str) -> bool) -> Result<Words, Fault> {
    let instance = Instance::new(TJINIT_TJINIT_DECOMPRESS as c_int)?;
    instance.set(TJPARAM_TJPARAM_SCANLIMIT as c_int, MAX_SCANS)?;
    // SAFETY: the handle is alive, and the library reads the bytes within their length only.
    instance.judged(unsafe { tj3DecompressHeader(instance.0, data.as_ptr(), data.len() as size_t) })?;
    let number = |parameter| u32::try_from(instance.number(parameter)).unwrap_or(0);
    let read = (number(TJPARAM_TJPARAM_JPEGHEIGHT as c_int), number(TJPARAM_TJPARAM_JPEGWIDTH as c_int));
    let precision = number(TJPARAM_TJPARAM_PRECISION as c_int);
    if read != (shape.rows, shape.cols) || precision != u32::from(shape.precision) {
        return Err(Fault("the header is ambiguous".to_owned()));
    }
    let n_samples = shape.n_samples().ok_or_else(|| Fault("the picture is too large".to_owned()))?;
    let (handle, start, n_bytes) = (instance.0, data.as_ptr(), data.len() as size_t);
    let (pitch, format) = (shape.pitch(), shape.pixel_format());
    // SAFETY, for all three: the handle is alive; rows × pitch samples are what the vectors hold, and the header, which
    // the library reads again from the same bytes, was found to promise no more rows or columns than that.
    let (words, status) = match shape.precision {
        0..=8 => {
            let mut samples = vec![0_u8; n_samples];
            let status = unsafe { tj3Decompress8(handle, start, n_bytes, samples.as_mut_ptr(), pitch, format) };
            (Words::U8(samples), status)
        }
        9..=12 => {
            let mut samples = vec![0_u16; n_samples];
            let place = samples.as_mut_ptr().cast();
            let status = unsafe { tj3Decompress12(handle, start, n_bytes, place, pitch, format) };
            (Words::U16(samples), status)
        }
        _ => {
            let mut samples = vec![0_u16; n_samples];
            let status = unsafe { tj3Decompress16(handle, start, n_bytes, samples.as_mut_ptr(), pitch, format) };
            (Words::U16(samples), status)
        }
    };
    match instance.judged(status) {
        Err(Fault(text)) if !tolerated(&text) => Err(Fault(text)),
        _ => Ok(words),
    }
}

/// How to write a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Sequential DCT of 8 or 12 bits; quality 1 to 100.
    Dct { quality: u8 },
    /// First-order prediction.
    Lossless,
}

/// Compresses `U8` (2 to 8 bits) or `U16` (9 to 16 bits) samples: for pictures to measure and to test with.
pub fn encode(words: &Words, shape: Shape, process: Process) -> Result<Vec<u8>, Fault> {
    let instance = Instance::new(TJINIT_TJINIT_COMPRESS as c_int)?;
    instance.set(TJPARAM_TJPARAM_PRECISION as c_int, c_int::from(shape.precision))?;
    match process {
        Process::Dct { quality } => {
            let sampling = if shape.n_components == 1 { TJSAMP_TJSAMP_GRAY } else { TJSAMP_TJSAMP_444 };
            instance.set(TJPARAM_TJPARAM_SUBSAMP as c_int, sampling as c_int)?;
            instance.set(TJPARAM_TJPARAM_QUALITY as c_int, c_int::from(quality))?;
        }
        Process::Lossless => {
            instance.set(TJPARAM_TJPARAM_LOSSLESS as c_int, 1)?;
            instance.set(TJPARAM_TJPARAM_LOSSLESSPSV as c_int, 1)?;
        }
    }
    let size = |n: u32| c_int::try_from(n).unwrap_or(c_int::MAX);
    let (cols, rows, pitch, format) = (size(shape.cols), size(shape.rows), shape.pitch(), shape.pixel_format());
    if Some(words.n_words()) != shape.n_samples() {
        return Err(Fault("the samples do not fill the picture".to_owned()));
    }
    let (mut start, mut n_bytes) = (std::ptr::null_mut(), 0);
    let (handle, place, length) = (instance.0, &raw mut start, &raw mut n_bytes);
    // SAFETY, for all three: the handle is alive, rows × pitch samples were found to be there, and the library
    // allocates what it writes to.
    let status = match (words, shape.precision) {
        (Words::U8(v), 2..=8) => unsafe { tj3Compress8(handle, v.as_ptr(), cols, pitch, rows, format, place, length) },
        (Words::U16(v), 9..=12) => unsafe {
            tj3Compress12(handle, v.as_ptr().cast(), cols, pitch, rows, format, place, length)
        },
        (Words::U16(v), 13..=16) => unsafe {
            tj3Compress16(handle, v.as_ptr(), cols, pitch, rows, format, place, length)
        },
        _ => return Err(Fault("the samples have another width".to_owned())),
    };
    let judged = instance.judged(status);
    if start.is_null() {
        return judged.and(Err(Fault("nothing was written".to_owned())));
    }
    // SAFETY: the library reports so many bytes at this place; they are copied before it gets them back.
    let bytes = unsafe { std::slice::from_raw_parts(start, n_bytes as usize) }.to_vec();
    // SAFETY: the buffer is the library's own and not used afterwards.
    unsafe { tj3Free(start.cast()) };
    judged.map(|()| bytes)
}
