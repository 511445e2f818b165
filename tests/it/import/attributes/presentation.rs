//! Tables, windows, palettes and padding as files write them, the odd ways included.

use overread::domain::instance::Instance;
use overread::domain::presentation::{ModalityLut, PixelPadding, VoiFunction, VoiTransform};
use overread::import::reason;

use crate::import::synthetic::{Written, codes, element, only_instance, scan_all};

fn opened(change: impl FnOnce(&mut Written)) -> (Instance, Vec<&'static str>) {
    let folder = tempfile::tempdir().unwrap();
    let mut file = Written::ct("1.2.3.90");
    change(&mut file);
    let path = file.write(folder.path(), "a.dcm");
    let intake = scan_all(&path);
    (only_instance(&intake).clone(), codes(&intake))
}

fn words(tag: u32, vr: &str, values: &[u16]) -> Vec<u8> {
    element(tag, vr, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

/// A VOI LUT of `entries` values that starts at `first`.
fn table(first: u16, vr: &str, entries: &[u16], bits: u16) -> Vec<u8> {
    let n_entries = u16::try_from(entries.len()).unwrap_or(0);
    let descriptor = words(0x0028_3002, vr, &[n_entries, first, bits]);
    [descriptor, element(0x0028_3003, "LO", b"Curve"), words(0x0028_3006, "OW", entries)].concat()
}

#[test]
fn every_table_and_window_is_offered_in_order() {
    let whole: Vec<u16> = (0..=u16::MAX).collect();
    let (instance, notices) = opened(|file| {
        file.sequence(0x0028_3010, &[table(0, "US", &whole, 16), table(0xFC18, "SS", &[0, 255], 8)]);
        file.text(0x0028_1050, "DS", "40\\50").text(0x0028_1051, "DS", "400\\1500");
        file.text(0x0028_1055, "LO", "SOFT\\LUNG");
    });
    assert_eq!(notices, Vec::<&str>::new());
    let words = instance.frames[0].voi.iter().map(|transform| match transform {
        VoiTransform::Table(table) => format!("{} from {}", table.entries.len(), table.first_mapped),
        VoiTransform::Window { window, explanation } => format!("{explanation} {}", window.center),
    });
    assert_eq!(words.collect::<Vec<_>>(), ["65536 from 0", "2 from -1000", "SOFT 40", "LUNG 50"]);
}

#[test]
fn a_table_behind_a_falling_rescale_may_start_below_zero_whatever_its_type() {
    let first = |intercept: &str| {
        let (instance, _) = opened(|file| {
            file.text(0x0028_1052, "DS", intercept).text(0x0028_1053, "DS", "1");
            file.sequence(0x0028_3010, &[table(0xFC00, "US", &[0, 255], 8)]);
        });
        match &instance.frames[0].voi[0] {
            VoiTransform::Table(table) => table.first_mapped,
            VoiTransform::Window { .. } => 0,
        }
    };
    assert_eq!(first("-1024"), -1024);
    assert_eq!(first("0"), 0xFC00);
}

#[test]
fn windows_that_mean_nothing_are_left_out_and_unknown_functions_are_linear() {
    for width in ["0", "-100", "NaN"] {
        let (instance, notices) = opened(|file| _ = file.text(0x0028_1050, "DS", "40").text(0x0028_1051, "DS", width));
        assert!(instance.frames[0].voi.is_empty());
        assert_eq!(notices, [reason::WINDOW_IGNORED]);
    }
    let (instance, notices) = opened(|file| {
        file.text(0x0028_1050, "DS", "40").text(0x0028_1051, "DS", "400").text(0x0028_1056, "CS", "LOGARITHM");
    });
    let VoiTransform::Window { window, .. } = &instance.frames[0].voi[0] else { panic!("no window") };
    assert_eq!((window.function, notices), (VoiFunction::Linear, vec![reason::WINDOW_IGNORED]));
}

#[test]
fn a_rescale_of_unknown_type_is_read_by_the_dictionary() {
    let (instance, _) = opened(|file| {
        file.raw(0x0028_1052, "UN", b"-1024 ").raw(0x0028_1053, "UN", b"2 ");
    });
    assert_eq!(instance.frames[0].modality_lut, ModalityLut::Linear { slope: 2.0, intercept: -1024.0 });
}

#[test]
fn padding_may_be_reversed_and_written_as_the_other_type() {
    let (instance, _) = opened(|file| {
        file.word(0x0028_0103, 1).bits(16, 16, 15).word(0x0028_0120, 0xF830).raw(
            0x0028_0121,
            "SS",
            &(-2047_i16).to_le_bytes(),
        );
    });
    assert_eq!(instance.padding, Some(PixelPadding { low: -2047, high: -2000 }));
    let (instance, _) = opened(|file| _ = file.word(0x0028_0120, 100).word(0x0028_0121, 90));
    assert_eq!(instance.padding, Some(PixelPadding { low: 90, high: 100 }));
}

fn with_palette(file: &mut Written, first: u16, entries: &[u16], bits: u16) {
    for channel in 0..3 {
        file.words(0x0028_1101 + channel, "US", &[u16::try_from(entries.len()).unwrap(), first, bits]);
        file.words(0x0028_1201 + channel, "OW", entries);
    }
}

#[test]
fn a_palette_said_to_be_deep_may_fill_eight_bits_only() {
    let palette = |entries: &[u16], first| {
        let (instance, _) = opened(|file| {
            file.text(0x0028_0004, "CS", "PALETTE COLOR").word(0x0028_0103, 1).bits(16, 16, 15);
            with_palette(file, first, entries, 16);
        });
        instance.palette.unwrap()
    };
    assert_eq!(palette(&[0, 128, 255], 0).entries, [[0; 3], [128 * 257; 3], [0xFFFF; 3]]);
    assert_eq!(palette(&[0, 128, 256], 0).entries, [[0; 3], [128; 3], [256; 3]]);
    assert_eq!(palette(&[0, 128, 256], 0xFFFF).first_mapped, -1);
}

#[test]
fn colors_that_are_not_followed_are_said() {
    let (_, notices) = opened(|file| {
        with_palette(file, 100, &[0, 255], 8);
        file.text(0x0008_9205, "CS", "MIXED");
    });
    assert_eq!(notices, [reason::COLORS_NOT_SHOWN]);
    let profiled = |profile: &[u8]| {
        let (_, notices) = opened(|file| {
            file.word(0x0028_0002, 3).text(0x0028_0004, "CS", "RGB").word(0x0028_0006, 0).bits(8, 8, 7);
            file.raw(0x7FE0_0010, "OB", &[9; 36]).raw(0x0028_2000, "OB", profile);
        });
        notices
    };
    assert_eq!(profiled(b"....sRGB IEC61966-2.1...."), Vec::<&str>::new());
    assert_eq!(profiled(b"....s\0R\0G\0B\0...."), Vec::<&str>::new());
    assert_eq!(profiled(b"....Adobe RGB (1998)...."), [reason::COLOR_PROFILE]);
}
