//! Rows 65 to 68, 71 and 72: codestreams that lie, are cut or are bombs. None becomes a picture.

use overread::domain::frame::Samples;
use overread::import::load_frame;
use overread::import::reason::{
    CODESTREAM_MISMATCH, DECODER_FAILED, MALFORMED, SYNTAX_CONTRADICTED, TOO_LARGE, UNSUPPORTED_TRANSFER_SYNTAX,
};

use crate::import::hostile_pixels::streams::{
    ARITHMETIC_PROGRESSIVE8_JPEG, ARITHMETIC_RGB8_JPEG, ARITHMETIC8_JPEG, GREY8_JPEG, GREY12_J2K, GREY12_JLS,
    GREY12_JPEG, GREY12_JXL, GREY16_HTJ2K, LOSSLESS12_JPEG, LOSSY12_J2K, NEAR12_JLS, PROGRESSIVE8_JPEG, RGB8_J2K,
    RGB8_JPEG, color8, file8, file12, grey12, half, inserted, patched, without,
};
use crate::import::hostile_pixels::table::{Case, case, check};
use crate::import::synthetic::{Written, only_instance, rle, rle_of_segments, scan_all};

const BASELINE: &str = "4.50";
const EXTENDED: &str = "4.51";
const ARITHMETIC: &str = "4.52";
const ARITHMETIC_PROGRESSIVE: &str = "4.56";
const LOSSLESS: &str = "4.70";
const JPEG_LS: &str = "4.80";
const JPEG_2000: &str = "4.90";
const HTJ2K: &str = "4.201";
const JPEG_XL: &str = "4.110";

const SOF0: [u8; 2] = [0xFF, 0xC0];
const SOF1: [u8; 2] = [0xFF, 0xC1];
const SOF3: [u8; 2] = [0xFF, 0xC3];
const SOF55: [u8; 2] = [0xFF, 0xF7];
const SOS: [u8; 2] = [0xFF, 0xDA];
const DHT: [u8; 2] = [0xFF, 0xC4];
const DQT: [u8; 2] = [0xFF, 0xDB];
const SIZ: [u8; 2] = [0xFF, 0x51];
const COD: [u8; 2] = [0xFF, 0x52];

/// 3 × 4 pixels of 16 bits behind an RLE header.
fn run_length(frame: &[u8]) -> Written {
    let mut file = Written::ct("1.2.3.4");
    file.syntax("5").encapsulated(&[frame]);
    file
}

fn planes() -> [Vec<u8>; 2] {
    [vec![0; 12], (0..12).collect()]
}

/// The RLE frame with one long of its header replaced.
fn with_header(index: usize, value: u32) -> Vec<u8> {
    let mut frame = rle(&planes());
    frame[4 * index..4 * index + 4].copy_from_slice(&value.to_le_bytes());
    frame
}

#[test]
fn run_lengths_that_lie_are_no_picture() {
    let literal_past_end = rle_of_segments(&[vec![127, 1], vec![127, 1, 2, 3]]);
    let repeat_past_end = rle_of_segments(&[vec![0x85], vec![0x85]]);
    let nothing_but_no_ops = rle_of_segments(&[vec![0x80; 64], vec![0x80; 64]]);
    let mut cases: Vec<Case> = [0, 1, 3, 15, 16, u32::MAX]
        .map(|n| case(65, &format!("{n} segments"), &run_length(&with_header(0, n))).frame_refused(DECODER_FAILED))
        .into();
    cases.extend([
        case(65, "as it should be", &run_length(&rle(&planes()))).kept().samples(Samples::U16((0..12).collect())),
        case(65, "an offset past the end", &run_length(&with_header(2, 100_000))).frame_refused(DECODER_FAILED),
        case(65, "an offset of 2^32 - 1", &run_length(&with_header(1, u32::MAX))).frame_refused(DECODER_FAILED),
        case(65, "an offset inside the header", &run_length(&with_header(1, 8))).frame_refused(DECODER_FAILED),
        case(65, "offsets in reverse", &run_length(&with_header(1, 90))).frame_refused(DECODER_FAILED),
        case(65, "two bytes", &run_length(&[2, 0])).frame_refused(DECODER_FAILED),
        case(65, "a header alone", &run_length(&rle(&planes())[..64])).frame_refused(DECODER_FAILED),
        case(65, "a plane of half the bytes", &run_length(&rle(&[vec![0; 6], vec![1; 12]])))
            .frame_refused(DECODER_FAILED),
        case(65, "a literal past the end", &run_length(&literal_past_end)).frame_refused(DECODER_FAILED),
        case(65, "a repeat past the end", &run_length(&repeat_past_end)).frame_refused(DECODER_FAILED),
        case(65, "runs of nothing", &run_length(&nothing_but_no_ops)).frame_refused(DECODER_FAILED),
        case(65, "a bomb", run_length(&rle(&planes())).word(0x0028_0010, 15_000).word(0x0028_0011, 15_000))
            .frame_refused(DECODER_FAILED),
        case(
            65,
            "three samples in planes of one",
            run_length(&rle(&planes())).word(0x0028_0002, 3).text(0x0028_0004, "CS", "RGB"),
        )
        .frame_refused(DECODER_FAILED),
        case(
            29,
            "a vendor's private run lengths cut at an escape",
            run_length(&rle(&planes())).raw(0x07A1_1011, "CS", b"PMSCT_RLE1").raw(0x07A1_100A, "OW", &[0x5A; 7]),
        )
        .kept(),
    ]);
    check(cases);
}

#[test]
fn jpeg_headers_that_contradict_the_object_are_no_picture() {
    let sized = |rows: u16, cols: u16| patched(GREY8_JPEG, SOF0, 5, &[rows.to_be_bytes(), cols.to_be_bytes()].concat());
    let refused =
        |name: &str, stream: &[u8]| case(66, name, &file8(BASELINE, stream)).frame_refused(CODESTREAM_MISMATCH);
    check(vec![
        case(66, "baseline as it should be", &file8(BASELINE, GREY8_JPEG)).kept(),
        case(66, "12 bits as they should be", &file12(EXTENDED, GREY12_JPEG)).kept(),
        case(66, "lossless as it should be", &file12(LOSSLESS, LOSSLESS12_JPEG)).kept().samples(grey12()),
        case(66, "progressive under baseline", &file8(BASELINE, PROGRESSIVE8_JPEG)).kept(),
        case(66, "color as it should be", &color8(BASELINE, "YBR_FULL_422", RGB8_JPEG)).kept(),
        refused("65535 x 65535 inside", &sized(65_535, 65_535)),
        refused("rows and columns swapped inside", &sized(16, 12)),
        refused("one row fewer inside", &sized(11, 16)),
        refused("one column more inside", &sized(12, 17)),
        case(
            66,
            "rows and columns swapped outside",
            file8(BASELINE, GREY8_JPEG).word(0x0028_0010, 16).word(0x0028_0011, 12),
        )
        .frame_refused(CODESTREAM_MISMATCH),
        case(66, "no rows inside", &file8(BASELINE, &sized(0, 16))).frame_refused(DECODER_FAILED),
        case(66, "no columns inside", &file8(BASELINE, &sized(12, 0))).frame_refused(CODESTREAM_MISMATCH),
        refused("color inside grey", RGB8_JPEG),
        case(66, "grey inside color", &color8(BASELINE, "RGB", GREY8_JPEG)).frame_refused(CODESTREAM_MISMATCH),
        case(66, "12 bits inside 8", &file8(EXTENDED, GREY12_JPEG)).frame_refused(CODESTREAM_MISMATCH),
        case(66, "12 bits of which 8 are called stored", file12(LOSSLESS, LOSSLESS12_JPEG).bits(16, 8, 7))
            .frame_refused(CODESTREAM_MISMATCH),
        case(66, "255 components", &file8(BASELINE, &patched(GREY8_JPEG, SOF0, 9, &[255])))
            .frame_refused(CODESTREAM_MISMATCH),
        case(66, "13 bits of DCT", &file12(EXTENDED, &patched(GREY12_JPEG, SOF1, 4, &[13])))
            .frame_refused(DECODER_FAILED),
        case(66, "17 bits without loss", &file12(LOSSLESS, &patched(LOSSLESS12_JPEG, SOF3, 4, &[17])))
            .frame_refused(CODESTREAM_MISMATCH),
    ]);
}

/// Row 66: the same coefficients in arithmetic coding are the same picture, under the retired syntaxes made for it.
#[test]
fn jpeg_in_arithmetic_coding_is_the_picture_that_it_is_in_huffman_coding() {
    let huffman = |file: &Written| {
        let folder = tempfile::tempdir().unwrap();
        let intake = scan_all(&file.write(folder.path(), "file"));
        load_frame(only_instance(&intake), 0).unwrap().samples().clone()
    };
    let grey = huffman(&file8(BASELINE, GREY8_JPEG));
    let color = huffman(&color8(BASELINE, "YBR_FULL_422", RGB8_JPEG));
    let arithmetic = file8(ARITHMETIC, ARITHMETIC8_JPEG);
    let in_color = color8(ARITHMETIC, "YBR_FULL_422", ARITHMETIC_RGB8_JPEG);
    let progressive = file8(ARITHMETIC_PROGRESSIVE, ARITHMETIC_PROGRESSIVE8_JPEG);
    check(vec![
        case(66, "arithmetic", &arithmetic).kept().samples(grey.clone()),
        case(66, "arithmetic under baseline", &file8(BASELINE, ARITHMETIC8_JPEG)).kept().samples(grey.clone()),
        case(66, "arithmetic, progressive", &progressive).kept().samples(grey),
        case(66, "arithmetic, color", &in_color).kept().samples(color),
        case(66, "arithmetic, half of it", &file8(ARITHMETIC, &half(ARITHMETIC8_JPEG))).frame_refused(DECODER_FAILED),
        case(66, "arithmetic, another size", file8(ARITHMETIC, ARITHMETIC8_JPEG).word(0x0028_0010, 11))
            .frame_refused(CODESTREAM_MISMATCH),
    ]);
}

#[test]
fn jpeg_streams_cut_or_damaged_are_no_picture() {
    let refused = |name: &str, stream: &[u8]| case(66, name, &file8(BASELINE, stream)).frame_refused(DECODER_FAILED);
    let scan_at = GREY8_JPEG.windows(2).position(|pair| pair == SOS).unwrap();
    let restarts: Vec<u8> = (0..100_000_u32).flat_map(|n| [0xFF, 0xD0 + u8::try_from(n % 8).unwrap()]).collect();
    let flooded = [&GREY8_JPEG[..scan_at + 10], &restarts, &GREY8_JPEG[scan_at + 10..]].concat();
    let turned = inserted(
        GREY8_JPEG,
        DQT,
        b"\xFF\xE1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
    );
    let comments: Vec<u8> = (0..2_000).flat_map(|_| [0xFF, 0xFE, 0, 2]).collect();
    let mut huffman = patched(GREY8_JPEG, DHT, 5, &[255; 16]);
    huffman.truncate(huffman.len() - 20);
    let without_end = &GREY8_JPEG[..GREY8_JPEG.len() - 2];
    check(vec![
        refused("empty", &[]),
        refused("zeros", &[0; 64]),
        refused("start of image alone", &[0xFF, 0xD8]),
        refused("start and end", &[0xFF, 0xD8, 0xFF, 0xD9]),
        refused("half of it", &half(GREY8_JPEG)),
        refused("its header alone", &GREY8_JPEG[..scan_at]),
        refused("without Huffman tables", &without(GREY8_JPEG, DHT)),
        refused("without quantization", &without(GREY8_JPEG, DQT)),
        refused("a Huffman table of 4080 codes", &huffman),
        refused("a hundred thousand restarts", &flooded),
        refused("a scan of no component", &patched(GREY8_JPEG, SOS, 4, &[0])),
        refused("a scan of another component", &patched(GREY8_JPEG, SOS, 5, &[77])),
        refused("a segment longer than the file", &patched(GREY8_JPEG, DQT, 2, &[0xFF, 0xFF])),
        refused("a segment of no length", &patched(GREY8_JPEG, DQT, 2, &[0, 0])),
        refused("progressive, half of it", &half(PROGRESSIVE8_JPEG)),
        case(66, "12 bits, half of it", &file12(EXTENDED, &half(GREY12_JPEG))).frame_refused(DECODER_FAILED),
        case(66, "lossless, half of it", &file12(LOSSLESS, &half(LOSSLESS12_JPEG))).frame_refused(DECODER_FAILED),
        case(66, "hierarchical", &file8(BASELINE, &patched(GREY8_JPEG, SOF0, 1, &[0xC5])))
            .frame_refused(UNSUPPORTED_TRANSFER_SYNTAX),
        case(66, "JPEG 2000 under JPEG", &file12(LOSSLESS, GREY12_J2K)).frame_refused(DECODER_FAILED),
        case(66, "turned by a camera's tag", &file8(BASELINE, &turned)).kept(),
        case(66, "thousands of comments", &file8(BASELINE, &inserted(GREY8_JPEG, DQT, &comments))).kept(),
        case(66, "without its end marker", &file8(BASELINE, without_end)).kept(),
    ]);
}

#[test]
fn jpeg_ls_that_lies_is_no_picture() {
    let refused = |name: &str, stream: &[u8]| case(67, name, &file12(JPEG_LS, stream)).frame_refused(DECODER_FAILED);
    let mismatch =
        |name: &str, stream: &[u8]| case(67, name, &file12(JPEG_LS, stream)).frame_refused(CODESTREAM_MISMATCH);
    check(vec![
        case(67, "as it should be", &file12(JPEG_LS, GREY12_JLS)).kept().samples(grey12()),
        case(67, "near-lossless under its own syntax", &file12("4.81", NEAR12_JLS)).kept(),
        case(67, "near-lossless under lossless", &file12(JPEG_LS, NEAR12_JLS)).warned(&[SYNTAX_CONTRADICTED]),
        refused("empty", &[]),
        refused("half of it", &half(GREY12_JLS)),
        refused("its header alone", &GREY12_JLS[..20]),
        refused("interleave 7", &patched(GREY12_JLS, SOS, 8, &[7])),
        refused("NEAR 255", &patched(GREY12_JLS, SOS, 7, &[255])),
        refused("a point transform of 15", &patched(GREY12_JLS, SOS, 9, &[15])),
        refused("a scan of four components", &patched(GREY12_JLS, SOS, 4, &[4])),
        refused(
            "preset parameters of nonsense",
            &inserted(GREY12_JLS, SOS, b"\xFF\xF8\x00\x0D\x01\x00\x01\xFF\xFF\x00\x03\x00\x00\x00\x00"),
        ),
        refused("a mapping table of nothing", &inserted(GREY12_JLS, SOS, b"\xFF\xF8\x00\x05\x02\x01\x00")),
        refused("JPEG under JPEG-LS", LOSSLESS12_JPEG),
        mismatch("65535 x 65535 inside", &patched(GREY12_JLS, SOF55, 5, &[0xFF; 4])),
        mismatch("swapped inside", &patched(GREY12_JLS, SOF55, 5, &[0, 16, 0, 12])),
        mismatch("three components inside", &patched(GREY12_JLS, SOF55, 9, &[3])),
        mismatch("24 bits inside", &patched(GREY12_JLS, SOF55, 4, &[24])),
        refused("one bit inside", &patched(GREY12_JLS, SOF55, 4, &[1])),
    ]);
}

#[test]
fn jpeg_2000_that_lies_is_no_picture() {
    let refused = |name: &str, stream: &[u8]| case(68, name, &file12(JPEG_2000, stream)).frame_refused(DECODER_FAILED);
    let mismatch =
        |name: &str, stream: &[u8]| case(68, name, &file12(JPEG_2000, stream)).frame_refused(CODESTREAM_MISMATCH);
    let siz = |at: usize, bytes: &[u8]| patched(GREY12_J2K, SIZ, at, bytes);
    let cod = |at: usize, bytes: &[u8]| patched(GREY12_J2K, COD, at, bytes);
    let swapped = |stream: &[u8]| {
        let sides = [0, 0, 0, 12, 0, 0, 0, 16];
        patched(&patched(stream, SIZ, 6, &sides), SIZ, 22, &sides)
    };
    let huge = [0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF];
    let one_by_one = patched(&siz(22, &[0, 0, 0, 1, 0, 0, 0, 1]), SIZ, 6, &huge);
    let cut = |percent: usize| GREY12_J2K[..GREY12_J2K.len() * percent / 100].to_vec();
    check(vec![
        case(68, "as it should be", &file12(JPEG_2000, GREY12_J2K)).kept().samples(grey12()),
        case(68, "lossy under its own syntax", &file12("4.91", LOSSY12_J2K)).kept(),
        case(68, "lossy under lossless", &file12(JPEG_2000, LOSSY12_J2K)).warned(&[SYNTAX_CONTRADICTED]),
        case(68, "color", &color8(JPEG_2000, "YBR_RCT", RGB8_J2K)).kept(),
        mismatch("color inside grey", RGB8_J2K),
        case(68, "grey inside color", &color8(JPEG_2000, "RGB", GREY12_J2K)).frame_refused(CODESTREAM_MISMATCH),
        case(68, "12 bits inside 8", &file8(JPEG_2000, GREY12_J2K)).frame_refused(CODESTREAM_MISMATCH),
        mismatch("24 bits inside 16", &siz(40, &[23])),
        mismatch("swapped inside", &swapped(GREY12_J2K)),
        refused("65535 x 65535 of tiles of one pixel", &one_by_one),
        refused("tiles of one pixel", &siz(22, &[0, 0, 0, 1, 0, 0, 0, 1])),
        refused("tiles of no pixel", &siz(22, &[0; 8])),
        refused("16384 components", &siz(38, &[0x40, 0])),
        mismatch("no component", &siz(38, &[0, 0])),
        refused("an origin beyond the picture", &siz(14, &[0, 0, 0xFF, 0xFF])),
        refused("steps of none", &siz(41, &[0, 0])),
        refused("33 resolutions", &cod(9, &[33])),
        refused("65535 layers", &cod(6, &[0xFF, 0xFF])),
        refused("code blocks of 2^30", &cod(10, &[15, 15])),
        refused("cut at 30 %", &cut(30)),
        refused("cut at 60 %", &cut(60)),
        refused("cut at 95 %", &cut(95)),
        refused("its markers alone", &GREY12_J2K[..60]),
        refused("JPEG under JPEG 2000", GREY8_JPEG),
        refused("empty", &[]),
        case(68, "high throughput as it should be", &file12(HTJ2K, GREY16_HTJ2K)).kept().samples(grey12()),
        case(68, "high throughput, half of it", &file12(HTJ2K, &half(GREY16_HTJ2K))).frame_refused(DECODER_FAILED),
        case(68, "high throughput, swapped", &file12(HTJ2K, &swapped(GREY16_HTJ2K))).frame_refused(CODESTREAM_MISMATCH),
    ]);
}

#[test]
fn jpeg_xl_that_lies_is_no_picture() {
    let refused = |name: &str, stream: &[u8]| case(68, name, &file12(JPEG_XL, stream)).frame_refused(DECODER_FAILED);
    check(vec![
        case(68, "JPEG XL as it should be", &file12(JPEG_XL, GREY12_JXL)).kept().samples(grey12()),
        refused("JPEG XL, half of it", &half(GREY12_JXL)),
        refused("JPEG XL, its signature alone", &GREY12_JXL[..2]),
        refused("JPEG XL of ones", &[&[0xFF, 0x0A][..], &[0xFF; 200]].concat()),
        refused("JPEG XL of zeros", &[&[0xFF, 0x0A][..], &[0; 200]].concat()),
        refused("JPEG XL, empty", &[]),
        case(68, "JPEG XL, swapped outside", file12(JPEG_XL, GREY12_JXL).word(0x0028_0010, 16).word(0x0028_0011, 12))
            .frame_refused(CODESTREAM_MISMATCH),
        case(68, "JPEG XL, grey inside color", &color8(JPEG_XL, "RGB", GREY12_JXL)).frame_refused(CODESTREAM_MISMATCH),
    ]);
}

#[test]
fn video_is_refused_by_name_and_sizes_that_do_not_fit_are_refused() {
    let mut cases: Vec<Case> = ["4.100", "4.101", "4.102", "4.103", "4.104", "4.105", "4.107", "4.108", "4.94"]
        .map(|tail| case(71, tail, &file8(tail, &[0, 0, 1, 0xB3])).refused(UNSUPPORTED_TRANSFER_SYNTAX))
        .into();
    let plain = |n: usize| file12("1.98", &vec![1; n]);
    let deflated = |n: usize| {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &vec![1; n]).unwrap();
        file12("8.1", &encoder.finish().unwrap())
    };
    cases.extend([
        case(72, "uncompressed in a fragment", &plain(384)).kept(),
        case(72, "too few bytes in a fragment", &plain(382)).frame_refused(DECODER_FAILED),
        case(72, "too many bytes in a fragment", &plain(400)).frame_refused(CODESTREAM_MISMATCH),
        case(72, "deflated", &deflated(384)).kept(),
        case(72, "deflated, too few bytes", &deflated(382)).frame_refused(DECODER_FAILED),
        case(72, "deflated, too many bytes", &deflated(500)).frame_refused(CODESTREAM_MISMATCH),
        case(72, "deflated, a bomb", &deflated(600 << 20)).frame_refused(TOO_LARGE),
        case(72, "deflated, garbage", &file12("8.1", &[0xFF; 64])).frame_refused(MALFORMED),
    ]);
    check(cases);
}
