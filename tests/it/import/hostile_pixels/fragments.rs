//! Rows 69 and 70: offset tables and fragments that lie.

use overread::domain::frame::Samples;
use overread::import::load_frame;
use overread::import::reason::{DECODER_FAILED, FRAME_MISSING, MALFORMED, PIXELS_TRUNCATED, UNSUPPORTED_PIXELS};

use crate::import::hostile_pixels::table::{case, check};
use crate::import::synthetic::{SEQUENCE_END, Written, item_claiming, only_instance, pixel_item, rle, scan_all};

const N_FRAMES: u32 = 0x0028_0008;
const EXTENDED_OFFSETS: u32 = 0x7FE0_0001;
const EXTENDED_LENGTHS: u32 = 0x7FE0_0002;

/// 90 bytes of RLE whose every value is `value`.
fn frame(value: u8) -> Vec<u8> {
    let mut frame = rle(&[vec![0; 12], vec![value; 12]]);
    frame.resize(92, 0);
    frame
}

fn all(value: u16) -> Samples {
    Samples::U16(vec![value; 12].into())
}

fn many(n_frames: &str) -> Written {
    let mut file = Written::ct("1.2.3.4");
    file.syntax("5").text(N_FRAMES, "IS", n_frames);
    file
}

/// Three frames behind this offset table.
fn with_table(table: &[u32]) -> Written {
    let mut file = many("3");
    file.encapsulated_with(table, &[&frame(1), &frame(2), &frame(3)]);
    file
}

fn with_value(n_frames: &str, value: &[u8]) -> Written {
    let mut file = many(n_frames);
    file.encapsulated_value(value);
    file
}

#[test]
fn an_offset_table_that_lies_is_not_followed() {
    let longs = |values: &[u64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let extended = |offsets: &[u64], lengths: &[u64]| {
        let mut file = with_table(&[]);
        file.raw(EXTENDED_OFFSETS, "OV", &longs(offsets)).raw(EXTENDED_LENGTHS, "OV", &longs(lengths));
        file
    };
    let mut odd = pixel_item(&[0; 7]);
    [1, 2, 3].iter().for_each(|value| odd.extend(pixel_item(&frame(*value))));
    odd.extend(SEQUENCE_END);
    check(vec![
        case(69, "as it should be", &with_table(&[0, 100, 200])).kept().samples(all(1)),
        case(69, "empty", &with_table(&[])).kept().samples(all(1)),
        case(69, "past the end", &with_table(&[0, 100, 0xFFFF_FFF0])).kept().samples(all(1)),
        case(69, "into the middle of a fragment", &with_table(&[0, 50, 150])).kept().samples(all(1)),
        case(69, "falling", &with_table(&[200, 100, 0])).kept().samples(all(1)),
        case(69, "all the same", &with_table(&[0, 0, 0])).kept().samples(all(1)),
        case(69, "too few", &with_table(&[0, 100])).kept().samples(all(1)),
        case(69, "too many", &with_table(&[0, 100, 200, 300, 400])).kept().samples(all(1)),
        case(69, "of odd length", &with_value("3", &odd)).kept().samples(all(1)),
        case(69, "extended, as it should be", &extended(&[0, 100, 200], &[92; 3])).kept().samples(all(1)),
        case(69, "extended, past the end", &extended(&[0, 100, u64::MAX], &[92; 3])).kept().samples(all(1)),
        case(69, "extended, lengths that lie", &extended(&[0, 100, 200], &[u64::MAX, 0, 1])).kept().samples(all(1)),
        case(69, "extended, one of three", &extended(&[0], &[92])).kept().samples(all(1)),
    ]);
}

#[test]
fn every_frame_is_its_own_whatever_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    for (index, table) in [&[0, 100, 200][..], &[], &[200, 100, 0], &[0, 50, 150]].into_iter().enumerate() {
        let path = with_table(table).write(folder.path(), &format!("{index}"));
        let intake = scan_all(&path);
        for (number, value) in [(0, 1), (1, 2), (2, 3)] {
            let frame = load_frame(only_instance(&intake), number).unwrap();
            assert_eq!(frame.samples(), &all(value), "{table:?}");
        }
    }
}

#[test]
fn fragments_that_lie_are_refused_or_said() {
    let table = pixel_item(&[]);
    let joined = |parts: &[&[u8]]| parts.concat();
    let one = pixel_item(&frame(1));
    let split = joined(&[&table, &pixel_item(&frame(1)[..46]), &pixel_item(&frame(1)[46..]), &SEQUENCE_END]);
    let empties: Vec<u8> = (0..1_000_001).flat_map(|_| pixel_item(&[])).collect();
    let some_empties: Vec<u8> = (0..1_000).flat_map(|_| pixel_item(&[])).collect();
    let mut native = Written::ct("1.2.3.4");
    native.encapsulated_value(&joined(&[&table, &pixel_item(&[7; 24]), &SEQUENCE_END]));
    let mut flat = Written::ct("1.2.3.4");
    flat.syntax("5").raw(0x7FE0_0010, "OB", &frame(1));
    check(vec![
        case(70, "one frame in two fragments", &with_value("1", &split)).kept().samples(all(1)),
        case(70, "no delimiter at the end", &with_value("1", &joined(&[&table, &one]))).refused(FRAME_MISSING),
        case(
            70,
            "a fragment longer than the file",
            &with_value("1", &joined(&[&table, &item_claiming(4_000, &frame(1))])),
        )
        .refused(FRAME_MISSING),
        case(70, "a fragment of 4 GB", &with_value("1", &joined(&[&table, &item_claiming(0xFFFF_FFF0, &frame(1))])))
            .refused(FRAME_MISSING),
        case(
            70,
            "a fragment of undefined length",
            &with_value("1", &joined(&[&table, &item_claiming(u32::MAX, &frame(1)), &SEQUENCE_END])),
        )
        .refused(MALFORMED),
        case(
            70,
            "a fragment that swallows the next",
            &with_value("2", &joined(&[&table, &item_claiming(192, &frame(1)), &one, &SEQUENCE_END])),
        )
        .warned(&[PIXELS_TRUNCATED])
        .stops_models(),
        case(
            70,
            "a fragment shorter than it is",
            &with_value("1", &joined(&[&table, &item_claiming(40, &frame(1)), &SEQUENCE_END])),
        )
        .refused(MALFORMED),
        case(70, "no item at all", &with_value("1", &SEQUENCE_END)).refused(MALFORMED),
        case(70, "an offset table alone", &with_value("1", &joined(&[&table, &SEQUENCE_END]))).refused(FRAME_MISSING),
        case(70, "an empty fragment", &with_value("1", &joined(&[&table, &pixel_item(&[]), &SEQUENCE_END])))
            .frame_refused(DECODER_FAILED),
        case(70, "a million empty fragments", &with_value("1", &joined(&[&table, &empties, &SEQUENCE_END])))
            .refused(MALFORMED),
        case(
            70,
            "a thousand empty ones before the frame",
            &with_value("1", &joined(&[&table, &some_empties, &one, &SEQUENCE_END])),
        )
        .kept()
        .samples(all(1)),
        case(70, "one fragment for 1000 frames", &with_value("1000", &joined(&[&table, &one, &SEQUENCE_END])))
            .warned(&[PIXELS_TRUNCATED])
            .samples(all(1))
            .stops_models(),
        case(
            70,
            "five fragments for two frames",
            &with_value("2", &joined(&[&table, &one, &one, &one, &one, &one, &SEQUENCE_END])),
        )
        .refused(UNSUPPORTED_PIXELS),
        case(
            23,
            "words of nothing between the items",
            &with_value("1", &joined(&[&table, &[0xAA; 8], &one, &SEQUENCE_END])),
        )
        .refused(MALFORMED),
        case(70, "fragments under an uncompressed syntax", &native).refused(MALFORMED),
        case(70, "compressed pixels without fragments", &flat).refused(MALFORMED),
    ]);
}
