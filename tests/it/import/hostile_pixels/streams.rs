//! Small valid codestreams of one picture, 12 rows × 16 columns, and ways to break them.

use overread::domain::frame::Samples;

use crate::import::synthetic::Written;

/// Written by imagecodecs from `grey12.raw` (12 bits), `grey8.raw` or a color picture made of the latter.
pub const GREY8_JPEG: &[u8] = include_bytes!("../../../cases/import/streams/grey8.jpg");
pub const PROGRESSIVE8_JPEG: &[u8] = include_bytes!("../../../cases/import/streams/progressive8.jpg");
pub const GREY12_JPEG: &[u8] = include_bytes!("../../../cases/import/streams/grey12.jpg");
pub const RGB8_JPEG: &[u8] = include_bytes!("../../../cases/import/streams/rgb8.jpg");
pub const LOSSLESS12_JPEG: &[u8] = include_bytes!("../../../cases/import/streams/lossless12.jpg");
pub const GREY12_JLS: &[u8] = include_bytes!("../../../cases/import/streams/grey12.jls");
pub const NEAR12_JLS: &[u8] = include_bytes!("../../../cases/import/streams/grey12_near.jls");
pub const GREY12_J2K: &[u8] = include_bytes!("../../../cases/import/streams/grey12.j2k");
pub const LOSSY12_J2K: &[u8] = include_bytes!("../../../cases/import/streams/grey12_97.j2k");
pub const RGB8_J2K: &[u8] = include_bytes!("../../../cases/import/streams/rgb8.j2k");
pub const GREY16_HTJ2K: &[u8] = include_bytes!("../../../cases/import/streams/grey16.htj2k");
pub const GREY12_JXL: &[u8] = include_bytes!("../../../cases/import/streams/grey16.jxl");
/// Made of the files of those names by `jpegtran -arithmetic`, which changes the coding and no coefficient; the
/// progressive one of `grey8.jpg`.
pub const ARITHMETIC8_JPEG: &[u8] = include_bytes!("../../../cases/import/streams/arithmetic8.jpg");
pub const ARITHMETIC_PROGRESSIVE8_JPEG: &[u8] =
    include_bytes!("../../../cases/import/streams/arithmetic_progressive8.jpg");
pub const ARITHMETIC_RGB8_JPEG: &[u8] = include_bytes!("../../../cases/import/streams/arithmetic_rgb8.jpg");
const GREY12: &[u8] = include_bytes!("../../../cases/import/streams/grey12.raw");

/// The picture's own values.
pub fn grey12() -> Samples {
    Samples::U16(GREY12.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
}

/// 12 × 16 pixels of 12 bits in 16, in one fragment.
pub fn file12(syntax: &str, stream: &[u8]) -> Written {
    let mut file = Written::ct("1.2.3.4");
    file.size(12, 16).syntax(syntax).encapsulated(&[stream]);
    file
}

/// As [`file12`], 8 bits.
pub fn file8(syntax: &str, stream: &[u8]) -> Written {
    let mut file = file12(syntax, stream);
    file.bits(8, 8, 7);
    file
}

/// As [`file8`], three samples.
pub fn color8(syntax: &str, photometric: &str, stream: &[u8]) -> Written {
    let mut file = file8(syntax, stream);
    file.word(0x0028_0002, 3).text(0x0028_0004, "CS", photometric).word(0x0028_0006, 0);
    file
}

/// `stream` with `bytes` written over what stands `at` bytes behind the first `marker`.
pub fn patched(stream: &[u8], marker: [u8; 2], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut patched = stream.to_vec();
    let place = find(stream, marker) + at;
    patched[place..place + bytes.len()].copy_from_slice(bytes);
    patched
}

/// `stream` without the segments of this marker.
pub fn without(stream: &[u8], marker: [u8; 2]) -> Vec<u8> {
    let mut rest = stream.to_vec();
    while let Some(at) = rest.windows(2).position(|pair| pair == marker) {
        let length = usize::from(u16::from_be_bytes([rest[at + 2], rest[at + 3]]));
        rest.drain(at..at + 2 + length);
    }
    rest
}

/// `stream` with `bytes` put in front of the first `marker`.
pub fn inserted(stream: &[u8], marker: [u8; 2], bytes: &[u8]) -> Vec<u8> {
    let (head, tail) = stream.split_at(find(stream, marker));
    [head, bytes, tail].concat()
}

/// The first half, as a copy that stopped leaves it.
pub fn half(stream: &[u8]) -> Vec<u8> {
    stream[..stream.len() / 2].to_vec()
}

fn find(stream: &[u8], marker: [u8; 2]) -> usize {
    stream.windows(2).position(|pair| pair == marker).unwrap()
}
