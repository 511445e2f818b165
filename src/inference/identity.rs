//! Names that repeat: the hash of what went in, and a finding's id from model, picture and label.

use bytemuck::NoUninit;
use sha2::{Digest as _, Sha256};
use uuid::Builder;

use crate::domain::finding::Subject;
use crate::domain::frame::{Frame, Samples};
use crate::domain::uid::FindingId;
use crate::imaging::voxels::VoxelSlices;
use crate::inference::weights::hex;

/// SHA-256 of the frame's stored values, little endian, lower-case hex.
pub fn pixels_sha256(frame: &Frame) -> String {
    let mut hasher = Sha256::new();
    match frame.samples() {
        Samples::U8(v) | Samples::Rgb8(v) => hasher.update(&**v),
        Samples::I8(v) => update(&mut hasher, v, i8::to_le_bytes),
        Samples::U16(v) | Samples::Rgb16(v) => update(&mut hasher, v, u16::to_le_bytes),
        Samples::I16(v) => update(&mut hasher, v, i16::to_le_bytes),
        Samples::U32(v) | Samples::Rgb32(v) => update(&mut hasher, v, u32::to_le_bytes),
        Samples::I32(v) => update(&mut hasher, v, i32::to_le_bytes),
        Samples::F32(v) => update(&mut hasher, v, f32::to_le_bytes),
        Samples::F64(v) => update(&mut hasher, v, f64::to_le_bytes),
    }
    hex(&hasher.finalize())
}

/// The same of one slice of a volume; `None` past its end. Slices that were made float have no stored values of their
/// own, and the hash is of the floats.
pub fn slice_sha256(slices: &VoxelSlices, slice: usize) -> Option<String> {
    let mut hasher = Sha256::new();
    match slices {
        VoxelSlices::U8(all) => hasher.update(&**all.get(slice)?),
        VoxelSlices::I8(all) => update(&mut hasher, all.get(slice)?, i8::to_le_bytes),
        VoxelSlices::U16(all) => update(&mut hasher, all.get(slice)?, u16::to_le_bytes),
        VoxelSlices::I16(all) => update(&mut hasher, all.get(slice)?, i16::to_le_bytes),
        VoxelSlices::F32(all) => update(&mut hasher, all.get(slice)?, f32::to_le_bytes),
    }
    Some(hex(&hasher.finalize()))
}

fn update<T: NoUninit, const N: usize>(hasher: &mut Sha256, values: &[T], to_le_bytes: fn(T) -> [u8; N]) {
    if cfg!(target_endian = "little") {
        hasher.update(bytemuck::cast_slice::<T, u8>(values));
        return;
    }
    let mut buffer = Vec::with_capacity(4096 * N);
    for chunk in values.chunks(4096) {
        buffer.clear();
        buffer.extend(chunk.iter().flat_map(|value| to_le_bytes(*value)));
        hasher.update(&buffer);
    }
}

/// The same model, picture and label give the same id on every run and every machine (a UUID of version 8).
pub fn finding_id(weights_sha256: &str, subject: &Subject, label_id: &str) -> FindingId {
    let mut hasher = Sha256::new();
    let frame = subject.frame.to_string();
    for part in [weights_sha256, subject.sop.as_str(), frame.as_str(), label_id] {
        hasher.update(part.as_bytes());
        // A separator that no part can hold.
        hasher.update([0]);
    }
    let mut bytes = [0_u8; 16];
    for (byte, digest) in bytes.iter_mut().zip(hasher.finalize()) {
        *byte = digest;
    }
    FindingId::new(Builder::from_custom_bytes(bytes).into_uuid().to_string())
}
