//! Rows 47 to 60 and 63: the Image Pixel module against itself and against the bytes that are there.

use overread::domain::frame::Samples;
use overread::import::reason::{
    ATTRIBUTE_DEFAULTED, FRAME_MISSING, HIGH_BIT_UNUSUAL, INVALID_ATTRIBUTE, MALFORMED, MISSING_ATTRIBUTE, NO_PIXELS,
    NOT_AN_IMAGE, PHOTOMETRIC_ASSUMED, PIXELS_SURPLUS, PIXELS_TRUNCATED, SIGN_CONTRADICTED, TOO_LARGE,
    UNSUPPORTED_PIXELS,
};

use crate::import::hostile_pixels::table::{Case, case, check};
use crate::import::synthetic::Written;

const SAMPLES_PER_PIXEL: u32 = 0x0028_0002;
const PHOTOMETRIC: u32 = 0x0028_0004;
const PLANAR: u32 = 0x0028_0006;
const N_FRAMES: u32 = 0x0028_0008;
const ROWS: u32 = 0x0028_0010;
const COLS: u32 = 0x0028_0011;
const BITS_ALLOCATED: u32 = 0x0028_0100;
const BITS_STORED: u32 = 0x0028_0101;
const HIGH_BIT: u32 = 0x0028_0102;
const REPRESENTATION: u32 = 0x0028_0103;
const SMALLEST: u32 = 0x0028_0106;
const PIXELS: u32 = 0x7FE0_0010;

fn ct() -> Written {
    Written::ct("1.2.3.4")
}

fn with(change: impl FnOnce(&mut Written)) -> Written {
    let mut file = ct();
    change(&mut file);
    file
}

/// Three samples of 8 bits.
fn color(photometric: &str, rows: u16, cols: u16, pixels: &[u8]) -> Written {
    let mut file = ct();
    file.word(SAMPLES_PER_PIXEL, 3).text(PHOTOMETRIC, "CS", photometric).word(PLANAR, 0).bits(8, 8, 7);
    file.word(ROWS, rows).word(COLS, cols).raw(PIXELS, "OB", pixels);
    file
}

fn counting() -> Samples {
    Samples::U16((0..12).collect())
}

#[test]
fn a_size_that_is_none_or_too_much_is_refused_before_anything_is_allocated() {
    let huge = |frames: &str| {
        with(|file| {
            file.word(ROWS, 65_535).word(COLS, 65_535).text(N_FRAMES, "IS", frames).raw(PIXELS, "OW", &[0; 512]);
        })
    };
    let long = |tag, value| {
        with(|file| {
            file.long(tag, value);
        })
    };
    check(vec![
        case(
            47,
            "no rows",
            &with(|file| {
                file.word(ROWS, 0);
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(
            47,
            "no columns",
            &with(|file| {
                file.word(COLS, 0);
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(
            47,
            "rows missing",
            &with(|file| {
                file.without(ROWS);
            }),
        )
        .refused(MISSING_ATTRIBUTE),
        case(
            47,
            "columns missing",
            &with(|file| {
                file.without(COLS);
            }),
        )
        .refused(MISSING_ATTRIBUTE),
        case(
            47,
            "rows empty",
            &with(|file| {
                file.raw(ROWS, "US", b"");
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(48, "4 gigapixels in 512 bytes", &huge("1")).refused(TOO_LARGE),
        case(48, "the same 2 billion times", &huge("2147483647")).refused(TOO_LARGE),
        case(
            48,
            "more frames than are read",
            &with(|file| {
                file.text(N_FRAMES, "IS", "2147483647");
            }),
        )
        .refused(TOO_LARGE),
        case(
            48,
            "exactly 2^32 bytes",
            &with(|file| {
                file.word(ROWS, 32_768).word(COLS, 65_535);
            }),
        )
        .refused(TOO_LARGE),
        case(
            48,
            "decoded size wraps 2^32 over frames",
            &with(|file| {
                file.word(ROWS, 8192).word(COLS, 8192).text(N_FRAMES, "IS", "64");
            }),
        )
        .refused(FRAME_MISSING),
        case(49, "rows as a 32-bit number that would fit", &long(ROWS, 3)).refused(INVALID_ATTRIBUTE),
        case(
            49,
            "rows as digits",
            &with(|file| {
                file.text(ROWS, "LO", "3");
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(49, "rows as a 32-bit number of 0x10000", &long(ROWS, 0x1_0000)).refused(INVALID_ATTRIBUTE),
        case(49, "columns as a 32-bit number of 0x10004", &long(COLS, 0x1_0004)).refused(INVALID_ATTRIBUTE),
        case(
            49,
            "rows as words",
            &with(|file| {
                file.text(ROWS, "LO", "sixteen!");
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(
            49,
            "two rows",
            &with(|file| {
                file.words(ROWS, "US", &[3, 3]);
            }),
        )
        .refused(INVALID_ATTRIBUTE),
    ]);
}

#[test]
fn a_number_of_frames_is_a_positive_whole_number_or_absent() {
    let frames = |text: &str| {
        with(|file| {
            file.text(N_FRAMES, "IS", text);
        })
    };
    let refused = ["0", "-1", "abc", "1e9", "3.5", "+", "0x10", "1 2", "99999999999999999999"];
    let mut cases: Vec<Case> =
        refused.iter().map(|text| case(50, text, &frames(text)).refused(INVALID_ATTRIBUTE)).collect();
    cases.push(case(50, "absent", &ct()).kept().samples(counting()));
    cases.push(case(50, "empty", &frames("")).kept().samples(counting()));
    cases.push(case(50, "padded", &frames(" 1 ")).kept().samples(counting()));
    cases.push(case(3, "three of which one is there", &frames("3")).warned(&[PIXELS_TRUNCATED]).stops_models());
    check(cases);
}

#[test]
fn bits_that_contradict_each_other_are_refused() {
    let allocated = |value| {
        with(|file| {
            file.word(BITS_ALLOCATED, value);
        })
    };
    let bits = |allocated, stored, high| {
        with(|file| {
            file.bits(allocated, stored, high);
        })
    };
    let mut cases: Vec<Case> = [0, 2, 7, 12, 24, 52, 64, 255, 65_535]
        .map(|value| case(51, &format!("{value} bits allocated"), &allocated(value)).refused(INVALID_ATTRIBUTE))
        .into();
    cases.extend([
        case(51, "52 allocated, 1 stored", &bits(52, 1, 0)).refused(INVALID_ATTRIBUTE),
        case(
            51,
            "none at all",
            &with(|file| {
                file.without(BITS_ALLOCATED);
            }),
        )
        .refused(MISSING_ATTRIBUTE),
        case(52, "0 stored", &bits(16, 0, 0)).refused(INVALID_ATTRIBUTE),
        case(52, "20 stored in 16", &bits(16, 20, 19)).refused(INVALID_ATTRIBUTE),
        case(52, "high bit 31 in 16", &bits(16, 16, 31)).refused(INVALID_ATTRIBUTE),
        case(52, "high bit 16 in 16", &bits(16, 12, 16)).refused(INVALID_ATTRIBUTE),
        case(52, "high bit below the stored ones", &bits(16, 12, 5)).refused(INVALID_ATTRIBUTE),
        case(52, "high bit 65535", &bits(16, 12, 65_535)).refused(INVALID_ATTRIBUTE),
        case(52, "left-aligned as of old", &bits(16, 12, 15))
            .warned(&[HIGH_BIT_UNUSUAL])
            .samples(Samples::U16([0; 12].into_iter().collect())),
        case(
            52,
            "bits stored missing",
            &with(|file| {
                file.without(BITS_STORED).without(HIGH_BIT);
            }),
        )
        .warned(&[ATTRIBUTE_DEFAULTED]),
    ]);
    check(cases);
}

#[test]
fn a_sign_that_is_neither_or_cannot_be_is_not_guessed() {
    let representation = |value| {
        with(|file| {
            file.word(REPRESENTATION, value);
        })
    };
    let smallest = |vr: &str, value: u16| {
        with(|file| {
            file.words(SMALLEST, vr, &[value]);
        })
    };
    check(vec![
        case(53, "representation 2", &representation(2)).refused(INVALID_ATTRIBUTE),
        case(53, "representation 65535", &representation(65_535)).refused(INVALID_ATTRIBUTE),
        case(
            53,
            "missing",
            &with(|file| {
                file.without(REPRESENTATION);
            }),
        )
        .warned(&[ATTRIBUTE_DEFAULTED]),
        case(53, "unsigned, smallest is negative", &smallest("SS", 0xFC00)).warned(&[SIGN_CONTRADICTED]).stops_models(),
        case(53, "unsigned, smallest is 0 as SS", &smallest("SS", 0)).kept(),
        case(53, "unsigned, smallest in its own VR", &smallest("US", 0xFC00)).kept(),
    ]);
}

#[test]
fn samples_and_their_meaning_must_agree() {
    let grey = |n| {
        with(|file| {
            file.word(SAMPLES_PER_PIXEL, n);
        })
    };
    let named = |code: &str| {
        with(|file| {
            file.text(PHOTOMETRIC, "CS", code);
        })
    };
    check(vec![
        case(54, "no sample", &grey(0)).refused(INVALID_ATTRIBUTE),
        case(54, "two samples", &grey(2)).refused(INVALID_ATTRIBUTE),
        case(54, "three samples of grey", &grey(3)).refused(INVALID_ATTRIBUTE),
        case(54, "65535 samples", &grey(65_535)).refused(INVALID_ATTRIBUTE),
        case(54, "one sample of color", &named("RGB")).refused(INVALID_ATTRIBUTE),
        case(57, "a word of no meaning", &named("XYZZY")).refused(UNSUPPORTED_PIXELS),
        case(57, "lower case", &named("monochrome2")).refused(UNSUPPORTED_PIXELS),
        case(57, "MONOCHROME3", &named("MONOCHROME3")).refused(UNSUPPORTED_PIXELS),
        case(57, "two at once", &named("MONOCHROME1\\MONOCHROME2")).refused(INVALID_ATTRIBUTE),
        case(57, "retired HSV", &named("HSV")).refused(UNSUPPORTED_PIXELS),
        case(57, "retired CMYK", &named("CMYK")).refused(UNSUPPORTED_PIXELS),
        case(
            57,
            "missing",
            &with(|file| {
                file.without(PHOTOMETRIC);
            }),
        )
        .warned(&[PHOTOMETRIC_ASSUMED])
        .stops_models(),
        case(57, "empty", &named("")).warned(&[PHOTOMETRIC_ASSUMED]).stops_models(),
        case(57, "padded", &named("MONOCHROME2  ")).kept().samples(counting()),
    ]);
}

#[test]
fn colors_short_odd_or_in_planes() {
    let rgb = color("RGB", 3, 3, &(0..27).collect::<Vec<u8>>());
    let without_planar = |mut file: Written| file.without(PLANAR).clone();
    let planar = |mut file: Written, value| file.word(PLANAR, value).clone();
    let halved = |cols: u16| color("YBR_FULL_422", 2, cols, &vec![128; 4 * usize::from(cols)]);
    let full = color("YBR_FULL", 2, 2, &[128; 12]);
    check(vec![
        case(55, "odd size, one byte of padding", &rgb).kept().samples(Samples::Rgb8((0..27).collect())),
        case(55, "color cut short", &color("RGB", 3, 3, &[0; 24])).refused(FRAME_MISSING),
        case(55, "one byte short", &planar(color("YBR_FULL", 3, 3, &[0; 26]), 1)).refused(FRAME_MISSING),
        case(55, "planes", &planar(color("RGB", 1, 2, &[1, 2, 3, 4, 5, 6]), 1))
            .kept()
            .samples(Samples::Rgb8(vec![1, 3, 5, 2, 4, 6].into())),
        case(55, "planes unsaid", &without_planar(rgb.clone())).warned(&[ATTRIBUTE_DEFAULTED]),
        case(55, "planar configuration 2", &planar(rgb, 2)).refused(INVALID_ATTRIBUTE),
        case(55, "halved colors", &halved(2)).kept().samples(Samples::Rgb8(vec![128; 12].into())),
        case(55, "halved colors of an odd width", &halved(3)).refused(INVALID_ATTRIBUTE),
        case(55, "halved colors in planes", &planar(halved(2), 1)).refused(INVALID_ATTRIBUTE),
        case(55, "full colors", &full).kept().samples(Samples::Rgb8(vec![128; 12].into())),
        case(55, "quartered colors uncompressed", &color("YBR_PARTIAL_420", 2, 2, &[128; 6])).refused(FRAME_MISSING),
    ]);
}

#[test]
fn pixel_data_that_is_not_there_short_or_too_long() {
    let pixels = |n: usize| {
        with(|file| {
            file.raw(PIXELS, "OW", &vec![0; n]);
        })
    };
    let both = with(|file| {
        file.raw(0x7FE0_0008, "OF", &[0; 48]);
    });
    let both_long = with(|file| {
        file.raw(0x7FE0_0009, "OD", &[0; 96]);
    });
    let mut double = both.clone();
    double.without(PIXELS).without(0x7FE0_0008).raw(0x7FE0_0009, "OD", &[0; 96]);
    let mut float = both.clone();
    float.without(PIXELS);
    let mut strange = with(|file| {
        file.text(0x0008_0016, "UI", "1.2.3.4.5");
    });
    strange.without(PIXELS).without(ROWS);
    let one_byte = color("MONOCHROME2", 3, 3, &[7; 10]).word(SAMPLES_PER_PIXEL, 1).without(PLANAR).clone();
    check(vec![
        case(
            58,
            "missing",
            &with(|file| {
                file.without(PIXELS);
            }),
        )
        .refused(NO_PIXELS),
        case(58, "empty", &pixels(0)).refused(NO_PIXELS),
        case(58, "of no image", &strange).refused(NOT_AN_IMAGE),
        case(6, "fewer than expected", &pixels(22)).refused(FRAME_MISSING),
        case(21, "not a multiple of a frame", &pixels(27)).warned(&[PIXELS_SURPLUS]),
        case(59, "one byte of padding", &one_byte).kept().samples(Samples::U8(vec![7; 9].into())),
        case(59, "two bytes too many", &pixels(26)).warned(&[PIXELS_SURPLUS]),
        case(59, "twice as many", &pixels(48)).warned(&[PIXELS_SURPLUS]),
        case(60, "integers and fractions", &both).refused(MALFORMED),
        case(60, "integers and long fractions", &both_long).refused(MALFORMED),
        case(60, "double fractions alone", &double).kept().samples(Samples::F64(vec![0.0; 12].into())),
        case(60, "fractions alone", &float).kept().samples(Samples::F32(vec![0.0; 12].into())),
    ]);
}
