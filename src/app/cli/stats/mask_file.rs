//! Masks from NumPy (.npy) and NIfTI-1 (.nii, .nii.gz); anything but 0 is inside.

use std::fs::File;
use std::io::{Read as _, Take};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use thiserror::Error;

/// A mask of 2048 × 2048 × 1024 in bytes fits.
const MAX_BYTES: u64 = 4 << 30;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum MaskFileError {
    #[error("a mask cannot be read ({0})")]
    Unreadable(String),
    #[error("a mask is larger than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("a mask is neither .npy nor .nii nor .nii.gz")]
    Unknown,
    #[error("a mask's header is not understood: {0}")]
    Header(String),
    #[error("a mask ends after {found} of {expected} bytes")]
    Short { found: usize, expected: usize },
}

/// A mask with its last axis running fastest: slices, rows, columns.
#[derive(Clone, Debug, PartialEq)]
pub struct MaskFile {
    pub dims: Vec<usize>,
    /// Along `dims`; a NumPy file has none.
    pub spacing_mm: Option<Vec<f64>>,
    /// One byte per voxel; 0 outside.
    pub inside: Vec<u8>,
}

impl MaskFile {
    pub fn read(path: &Path) -> Result<Self, MaskFileError> {
        let name = path.to_string_lossy().to_lowercase();
        let unreadable = |error: std::io::Error| MaskFileError::Unreadable(error.kind().to_string());
        let file = File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        let mut fill = |source: &mut Take<&mut dyn std::io::Read>| source.read_to_end(&mut bytes).map_err(unreadable);
        let limit = MAX_BYTES + 1;
        if name.ends_with(".gz") {
            fill(&mut (&mut MultiGzDecoder::new(file) as &mut dyn std::io::Read).take(limit))?;
        } else {
            let mut file = file;
            fill(&mut (&mut file as &mut dyn std::io::Read).take(limit))?;
        }
        if bytes.len() as u64 > MAX_BYTES {
            return Err(MaskFileError::TooLarge);
        }
        if bytes.starts_with(b"\x93NUMPY") {
            return numpy(&bytes);
        }
        if name.ends_with(".nii") || name.ends_with(".nii.gz") { nifti(&bytes) } else { Err(MaskFileError::Unknown) }
    }
}

/// Voxels of `width` bytes: inside where any byte but the sign of a floating zero is set.
fn inside(voxels: &[u8], width: usize, sign_byte: Option<usize>) -> Vec<u8> {
    if width == 1 {
        return voxels.iter().map(|byte| u8::from(*byte != 0)).collect();
    }
    let is_set = |voxel: &[u8]| {
        voxel.iter().enumerate().any(|(at, byte)| if sign_byte == Some(at) { byte & 0x7f != 0 } else { *byte != 0 })
    };
    voxels.chunks_exact(width).map(|voxel| u8::from(is_set(voxel))).collect()
}

fn voxels<'a>(bytes: &'a [u8], start: usize, dims: &[usize], width: usize) -> Result<&'a [u8], MaskFileError> {
    let too_large = || MaskFileError::Header("its size is out of range".to_owned());
    let n = dims.iter().try_fold(width, |n, dim| n.checked_mul(*dim)).ok_or_else(too_large)?;
    let end = start.checked_add(n).ok_or_else(too_large)?;
    let found = bytes.len().saturating_sub(start);
    bytes.get(start..end).ok_or(MaskFileError::Short { found, expected: n })
}

/// NEP 1: magic, version, length of the header, the header as a Python literal.
fn numpy(bytes: &[u8]) -> Result<MaskFile, MaskFileError> {
    let bad = |what: &str| MaskFileError::Header(what.to_owned());
    let byte = |at: usize| bytes.get(at).map(|byte| usize::from(*byte)).ok_or_else(|| bad("it is too short"));
    let (start, n_header) = match byte(6)? {
        1 => (10, byte(8)? + (byte(9)? << 8)),
        _ => (12, byte(8)? + (byte(9)? << 8) + (byte(10)? << 16) + (byte(11)? << 24)),
    };
    let header = bytes.get(start..start + n_header).and_then(|part| std::str::from_utf8(part).ok());
    let header = header.ok_or_else(|| bad("it is too short"))?;
    let after = |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start_matches([' ', ':']));
    let kind = after("'descr'").and_then(|rest| rest.strip_prefix('\'')).and_then(|rest| rest.split('\'').next());
    let kind = kind.ok_or_else(|| bad("it names no type"))?;
    let (width, sign_byte) = match kind.trim_start_matches(['<', '|', '=', '>']) {
        "b1" | "u1" | "i1" => (1, None),
        "u2" | "i2" => (2, None),
        "u4" | "i4" => (4, None),
        "u8" | "i8" => (8, None),
        "f4" => (4, Some(if kind.starts_with('>') { 0 } else { 3 })),
        "f8" => (8, Some(if kind.starts_with('>') { 0 } else { 7 })),
        other => return Err(bad(&format!("values of type '{other}'"))),
    };
    if after("'fortran_order'").is_some_and(|rest| rest.starts_with("True")) {
        return Err(bad("the array is in Fortran order; save it with numpy.ascontiguousarray"));
    }
    let shape = after("'shape'").and_then(|rest| rest.strip_prefix('(')).and_then(|rest| rest.split(')').next());
    let parts = shape.unwrap_or("").split(',').map(str::trim).filter(|part| !part.is_empty());
    let dims = parts.map(|part| part.parse().map_err(|_| bad("it has no shape"))).collect::<Result<Vec<usize>, _>>()?;
    if !(2..=3).contains(&dims.len()) {
        return Err(bad(&format!("{} axes; a mask has two or three", dims.len())));
    }
    let voxels = voxels(bytes, start + n_header, &dims, width)?;
    Ok(MaskFile { inside: inside(voxels, width, sign_byte), dims, spacing_mm: None })
}

/// NIfTI-1: the first axis runs fastest, so the axes in reverse are slices, rows, columns.
fn nifti(bytes: &[u8]) -> Result<MaskFile, MaskFileError> {
    let bad = |what: &str| MaskFileError::Header(what.to_owned());
    let two = |at: usize| -> Option<[u8; 2]> { bytes.get(at..at + 2)?.try_into().ok() };
    let four = |at: usize| -> Option<[u8; 4]> { bytes.get(at..at + 4)?.try_into().ok() };
    let is_little = match four(0).map(i32::from_le_bytes) {
        Some(348) => true,
        Some(_) if four(0).map(i32::from_be_bytes) == Some(348) => false,
        _ => return Err(bad("it is not NIfTI-1")),
    };
    let short = |at: usize| two(at).map(|b| if is_little { i16::from_le_bytes(b) } else { i16::from_be_bytes(b) });
    let float = |at: usize| four(at).map(|b| if is_little { f32::from_le_bytes(b) } else { f32::from_be_bytes(b) });
    let n_axes = short(40).and_then(|n| usize::try_from(n).ok()).filter(|n| (2..=7).contains(n));
    let n_axes = n_axes.ok_or_else(|| bad("its number of axes is out of range"))?;
    let dim = |axis: usize| short(40 + 2 * axis).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let dims = (1..=n_axes).map(dim).collect::<Option<Vec<usize>>>().ok_or_else(|| bad("an axis has no length"))?;
    if dims.iter().skip(3).any(|n| *n > 1) {
        return Err(bad("it has more than three axes"));
    }
    let n_axes = n_axes.min(3);
    let (width, is_float) = match short(70) {
        Some(2 | 256) => (1, false),
        Some(4 | 512) => (2, false),
        Some(8 | 768) => (4, false),
        Some(16) => (4, true),
        Some(64) => (8, true),
        Some(1024 | 1280) => (8, false),
        other => return Err(bad(&format!("values of type {other:?}"))),
    };
    let start =
        float(108).filter(|at| (348.0..1e9).contains(at)).ok_or_else(|| bad("it does not say where voxels begin"))?;
    let dims: Vec<usize> = dims.into_iter().take(n_axes).rev().collect();
    let spacing =
        (1..=n_axes).rev().map(|axis| float(76 + 4 * axis).map(|mm| f64::from(mm).abs()).filter(|mm| *mm > 0.0));
    let spacing_mm = spacing.collect::<Option<Vec<f64>>>();
    let voxels = voxels(bytes, start as usize, &dims, width)?;
    let sign_byte = is_float.then_some(if is_little { width - 1 } else { 0 });
    Ok(MaskFile { inside: inside(voxels, width, sign_byte), dims, spacing_mm })
}
