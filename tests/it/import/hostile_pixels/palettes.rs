//! Row 56: palettes that are missing, short or nonsense. Indices are never shown as if they were gray.

use overread::domain::presentation::Photometric;
use overread::imaging::pipeline::rgb_u8;
use overread::imaging::presentation::default_presentation;
use overread::import::reason::{INVALID_ATTRIBUTE, PALETTE_EXCEEDED};
use overread::import::stack_loading::StackRequest;
use overread::import::{Importer, load_frame};

use crate::import::hostile_pixels::table::{case, check};
use crate::import::synthetic::{Written, only_instance, scan_all};

const DESCRIPTORS: [u32; 3] = [0x0028_1101, 0x0028_1102, 0x0028_1103];
const TABLES: [u32; 3] = [0x0028_1201, 0x0028_1202, 0x0028_1203];
const SEGMENTED: [u32; 3] = [0x0028_1221, 0x0028_1222, 0x0028_1223];

/// Three channels of the same descriptor and entries.
fn palette(descriptor: [u16; 3], entries: &[u16]) -> Written {
    let mut file = Written::ct("1.2.3.4");
    file.text(0x0028_0004, "CS", "PALETTE COLOR");
    for (descriptor_tag, table_tag) in DESCRIPTORS.into_iter().zip(TABLES) {
        file.words(descriptor_tag, "US", &descriptor).words(table_tag, "OW", entries);
    }
    file
}

fn segmented(codes: &[u16]) -> Written {
    let mut file = palette([16, 0, 16], &[]);
    for (table, segment) in TABLES.into_iter().zip(SEGMENTED) {
        file.without(table).words(segment, "OW", codes);
    }
    file
}

#[test]
fn a_palette_that_cannot_be_read_refuses_the_picture() {
    let whole: Vec<u16> = (0..16).map(|entry| entry * 4096).collect();
    let good = palette([16, 0, 16], &whole);
    let changed = |change: &dyn Fn(&mut Written)| {
        let mut file = good.clone();
        change(&mut file);
        file
    };
    check(vec![
        case(56, "as it should be", &good).kept(),
        case(56, "65,536 entries written as 0", &palette([0, 0, 16], &vec![7; 65_536])).kept(),
        case(56, "no palette", Written::ct("1.2.3.4").text(0x0028_0004, "CS", "PALETTE COLOR"))
            .refused(INVALID_ATTRIBUTE),
        case(
            56,
            "no blue",
            &changed(&|file| {
                file.without(TABLES[2]);
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(
            56,
            "no descriptor of green",
            &changed(&|file| {
                file.without(DESCRIPTORS[1]);
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(
            56,
            "a descriptor of two numbers",
            &changed(&|file| {
                file.words(DESCRIPTORS[0], "US", &[16, 0]);
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(
            56,
            "an empty table",
            &changed(&|file| {
                file.raw(TABLES[0], "OW", b"");
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(19, "a table shorter than its descriptor", &palette([256, 0, 16], &whole)).refused(INVALID_ATTRIBUTE),
        case(19, "65,536 entries of which 16 are there", &palette([0, 0, 16], &whole)).refused(INVALID_ATTRIBUTE),
        case(
            56,
            "channels of different lengths",
            &changed(&|file| {
                file.words(DESCRIPTORS[1], "US", &[8, 0, 16]);
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(
            56,
            "three samples of palette",
            &changed(&|file| {
                file.word(0x0028_0002, 3);
            }),
        )
        .refused(INVALID_ATTRIBUTE),
        case(56, "segments as they should be", &segmented(&[0, 1, 0, 1, 15, 60_000])).kept(),
        case(56, "segments of garbage", &segmented(&[0xFFFF; 32])).refused(INVALID_ATTRIBUTE),
        case(56, "segments that end early", &segmented(&[0, 4, 1, 2, 3, 4])).refused(INVALID_ATTRIBUTE),
        case(56, "a segment longer than the table", &segmented(&[0, 60_000, 1])).refused(INVALID_ATTRIBUTE),
        case(56, "a line from nowhere", &segmented(&[1, 16, 9])).refused(INVALID_ATTRIBUTE),
        case(56, "a line of no length", &segmented(&[0, 1, 5, 1, 0, 9, 1, 0, 9])).refused(INVALID_ATTRIBUTE),
        case(56, "a segment that points at itself", &segmented(&[2, 60_000, 0, 0])).refused(INVALID_ATTRIBUTE),
        case(56, "a segment that points outside", &segmented(&[0, 1, 5, 2, 9, 0xFFFF, 0xFFFF]))
            .refused(INVALID_ATTRIBUTE),
        case(56, "a segment that repeats nothing for ever", &segmented(&[0, 1, 5, 2, 0, 0, 0]))
            .refused(INVALID_ATTRIBUTE),
    ]);
}

/// Rows 56 and 31 would have such a picture refused. The standard says what it is: what lies below the table takes its
/// first color, what lies above its last (PS3.3 C.7.6.3.1.5), and files are made in reliance on that. So the picture is
/// shown, the entry is never looked up beyond the table, and the frame says how many of its pixels are concerned.
#[test]
fn an_index_out_of_the_palette_takes_the_color_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = palette([4, 4, 16], &[0x1000, 0x2000, 0x3000, 0xFF00]).write(folder.path(), "file");
    let intake = scan_all(&path);
    let instance = only_instance(&intake);
    assert_eq!(instance.pixels.photometric, Photometric::PaletteColor);
    let frame = load_frame(instance, 0).unwrap();
    let colors = rgb_u8(&frame, instance, 0, &default_presentation(instance, 0, &frame));
    let told: Vec<&str> = frame.notices().iter().map(|notice| notice.code).collect();
    assert_eq!(told, [PALETTE_EXCEEDED]);
    assert!(frame.notices()[0].text.starts_with("8 pixels"), "{:?}", frame.notices());
    let red: Vec<u8> = colors.iter().map(|[red, ..]| *red).collect();
    assert_eq!(red, [0x10, 0x10, 0x10, 0x10, 0x10, 0x20, 0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
}

/// The same words when the series is loaded as a whole, and none where every index has a color.
#[test]
fn a_stack_says_the_same_and_a_whole_palette_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (n_entries, codes) in [(4_u16, &[PALETTE_EXCEEDED][..]), (16, &[])] {
        let entries: Vec<u16> = (0..n_entries).map(|entry| entry * 4096 + 256).collect();
        let intake = scan_all(&palette([n_entries, 0, 16], &entries).write(folder.path(), "file"));
        let series = &intake.studies[0].series[0];
        let request = StackRequest { series, order: &[0], n_threads: 1 };
        Importer::default().load_stack(&request, &|| false, &|_, frame| {
            let told: Vec<&str> = frame.unwrap().notices().iter().map(|notice| notice.code).collect();
            assert_eq!(told, codes);
        });
    }
}
