//! Section B of the catalog: lengths, nesting, order and kinds of the attributes.

use overread::import::limits::Limits;
use overread::import::{ScanOptions, reason, scan};

use crate::import::hostile::case::{Outcome, Table, claiming, ct, data_set_start, deflated, implicit, mark, tag_bytes};
use crate::import::hostile::harness::check;
use crate::import::synthetic::{Written, codes, element, items, rle};

const ITEM: u16 = 0xE000;
const ITEM_END: u16 = 0xE00D;
const SEQUENCE_END: u16 = 0xE0DD;
const UNDEFINED: u32 = u32::MAX;
const REFERENCED_IMAGES: u32 = 0x0008_1140;

#[test]
fn structure_has_the_outcome_of_its_row() {
    let mut table = Table::default();
    lengths(&mut table);
    nesting(&mut table);
    delimiters(&mut table);
    undefined_lengths(&mut table);
    value_representations(&mut table);
    check(&table.cases);
}

#[test]
fn order_and_amount_have_the_outcome_of_their_row() {
    let mut table = Table::default();
    wrong_kinds(&mut table);
    twice(&mut table);
    order(&mut table);
    amounts(&mut table);
    deflate(&mut table);
    check(&table.cases);
}

fn with(tag: u32, bytes: Vec<u8>) -> Vec<u8> {
    ct().bytes_of(tag, bytes).bytes()
}

/// The file with `bytes` behind its last attribute before the pixels.
fn before_pixels(bytes: Vec<u8>) -> Vec<u8> {
    with(0x7FDF_0000, bytes)
}

/// Rows 26 and 27.
fn lengths(table: &mut Table) {
    let mut lying = |name: &str, tag: u32, vr: &[u8; 2], n_bytes: u32| {
        table.refused(
            26,
            format!("{name} claiming {n_bytes}"),
            with(tag, claiming(tag, vr, n_bytes, b"ab")),
            reason::TRUNCATED,
        );
    };
    for vr in [b"UT", b"UC", b"UR", b"OB", b"OW", b"OD", b"OF", b"OL", b"OV", b"SV", b"UV", b"UN"] {
        let name = String::from_utf8_lossy(vr).into_owned();
        lying(&name, 0x0009_1001, vr, 0xFFFF_FFF0);
        lying(&name, 0x0009_1001, vr, 0x7FFF_FFFE);
    }
    for vr in [b"LO", b"PN", b"US", b"DS", b"FD", b"AT"] {
        lying(&String::from_utf8_lossy(vr), 0x0009_1001, vr, 0xFFFE);
    }
    lying("sequence", REFERENCED_IMAGES, b"SQ", 0xFFFF_FFF0);
    let pixels = with(0x7FE0_0010, claiming(0x7FE0_0010, b"OW", 1 << 30, &[7; 10]));
    table.refused(27, "1 GB of pixels in a small file", pixels, reason::FRAME_MISSING);
    let exact = claiming(0x0009_1001, b"UN", 1, &[]);
    let mut last = ct();
    last.without(0x7FE0_0010);
    let cut = [last.bytes(), exact].concat();
    table.refused(26, "one byte more than there is", cut, reason::TRUNCATED);
    let small = {
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        bytes.extend(element(0x0002_0010, "UI", b"1.2.840.10008.1.2.1"));
        bytes.extend(claiming(0x0008_0104, b"UT", 0xFFFF_FFF0, &[b'x'; 100]));
        bytes
    };
    table.refused(26, "4 GB of text in 276 bytes", small, reason::TRUNCATED);
    let mut in_implicit = implicit(&ct(), "1.2.840.10008.1.2");
    let start = data_set_start(&in_implicit);
    in_implicit[start + 4..start + 8].copy_from_slice(&0xFFFF_FFF0_u32.to_le_bytes());
    table.refused(26, "4 GB in implicit", in_implicit, reason::TRUNCATED);
}

fn nested(depth: usize, has_delimiters: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..depth {
        bytes.extend(claiming(REFERENCED_IMAGES, b"SQ", UNDEFINED, &[]));
        bytes.extend(mark(ITEM, UNDEFINED));
    }
    for _ in 0..if has_delimiters { depth } else { 0 } {
        bytes.extend(mark(ITEM_END, 0));
        bytes.extend(mark(SEQUENCE_END, 0));
    }
    bytes
}

/// Sequences of stated length inside one another, from the innermost out.
fn nested_with_lengths(depth: usize) -> Vec<u8> {
    let mut inner = element(0x0008_1155, "UI", b"1.2.3");
    for _ in 0..depth {
        inner = element(REFERENCED_IMAGES, "SQ", &items(&[inner]));
    }
    inner
}

/// Rows 28 and 29.
fn nesting(table: &mut Table) {
    for depth in [1, 2, 16, 63, 64] {
        table.opens(28, format!("depth {depth}"), with(REFERENCED_IMAGES, nested(depth, true)), &[]);
        table.opens(28, format!("depth {depth} by lengths"), with(REFERENCED_IMAGES, nested_with_lengths(depth)), &[]);
    }
    for depth in [65, 256, 257, 1_164, 4_674] {
        let bytes = with(REFERENCED_IMAGES, nested(depth, true));
        table.refused(28, format!("depth {depth}"), bytes, reason::TOO_DEEP);
        let bytes = with(REFERENCED_IMAGES, nested_with_lengths(depth));
        table.refused(28, format!("depth {depth} by lengths"), bytes, reason::TOO_DEEP);
    }
    for depth in [100_000, 1_000_000] {
        table.refused(28, format!("depth {depth}"), with(REFERENCED_IMAGES, nested(depth, false)), reason::TOO_DEEP);
    }
    let mut unfinished = ct();
    unfinished.without(0x7FE0_0010);
    for depth in [1, 10, 64] {
        let bytes = [unfinished.bytes(), nested(depth, false)].concat();
        table.refused(29, format!("depth {depth} without an end"), bytes, reason::TRUNCATED);
    }
    let implicit_levels = |depth: usize| {
        let mut bytes = Vec::new();
        for _ in 0..depth {
            bytes.extend(tag_bytes(0x0009_1001));
            bytes.extend(UNDEFINED.to_le_bytes());
            bytes.extend(mark(ITEM, UNDEFINED));
        }
        [claiming(0x0009_1001, b"UN", UNDEFINED, &mark(ITEM, UNDEFINED)), bytes].concat()
    };
    table.refused(28, "depth 5,000 of unknown kind", with(0x0009_1001, implicit_levels(5_000)), reason::TOO_DEEP);
}

#[test]
fn nesting_can_be_allowed_up_to_256_levels_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let code = |depth: usize, allowed: usize| {
        let path = folder.path().join("file");
        std::fs::write(&path, with(REFERENCED_IMAGES, nested(depth, true))).unwrap();
        let options = ScanOptions { limits: Limits::default().with_nesting(allowed) };
        codes(&scan(&[path], &options, &|| false, &|_| {}))
    };
    assert!(code(256, 256).is_empty() && code(200, 200).is_empty());
    assert_eq!(code(201, 200), [reason::TOO_DEEP]);
    assert_eq!(code(257, 10_000), [reason::TOO_DEEP]);
}

/// Rows 30 and 31.
fn delimiters(table: &mut Table) {
    let sequence = |value: Vec<u8>| element(REFERENCED_IMAGES, "SQ", &value);
    let inner = element(0x0008_1155, "UI", b"1.2.3.4.");
    let n_inner = u32::try_from(inner.len()).unwrap();
    for (name, n_bytes) in [("two bytes", n_inner + 2), ("much", 5_000), ("all there is", 0xFFFF_FFF0)] {
        let item = [mark(ITEM, n_bytes), inner.clone()].concat();
        let code = if n_bytes > 1_000 { reason::TRUNCATED } else { reason::MALFORMED };
        table.refused(
            30,
            format!("item longer than its sequence by {name}"),
            with(REFERENCED_IMAGES, sequence(item)),
            code,
        );
    }
    let short = [mark(ITEM, n_inner - 2), inner.clone()].concat();
    table.refused(30, "value longer than its item", with(REFERENCED_IMAGES, sequence(short)), reason::MALFORMED);
    let open = claiming(REFERENCED_IMAGES, b"SQ", UNDEFINED, &[mark(ITEM, UNDEFINED), inner.clone()].concat());
    let escaping = sequence([mark(ITEM, u32::try_from(open.len()).unwrap()), open].concat());
    table.refused(30, "open sequence in a closed item", with(REFERENCED_IMAGES, escaping), reason::TRUNCATED);
    for (name, element) in [("item", ITEM), ("item end", ITEM_END), ("sequence end", SEQUENCE_END)] {
        table.refused(31, format!("stray {name}"), before_pixels(mark(element, 0)), reason::MALFORMED);
        let first = with(0x0000_0001, mark(element, 0));
        table.refused(31, format!("{name} first of all"), first, reason::MALFORMED);
    }
    let twice = [mark(ITEM_END, 0), mark(ITEM, 0)].concat();
    table.refused(31, "delimiter, then item", before_pixels(twice), reason::MALFORMED);
    let in_item = [mark(ITEM, UNDEFINED), inner.clone(), mark(ITEM, UNDEFINED), inner.clone()].concat();
    let tail = [mark(ITEM_END, 0), mark(SEQUENCE_END, 0)].concat();
    let bytes = claiming(REFERENCED_IMAGES, b"SQ", UNDEFINED, &[in_item, tail].concat());
    table.refused(31, "item inside an item", with(REFERENCED_IMAGES, bytes), reason::MALFORMED);
    let bytes = sequence([mark(ITEM, n_inner + 8), inner.clone(), mark(ITEM_END, 0)].concat());
    // Real segmentations have it: the length counts the delimiter, so that nothing is ambiguous
    let repaired = &[reason::STRUCTURE_REPAIRED];
    table.opens(31, "delimiter at the end of an item of stated length", with(REFERENCED_IMAGES, bytes), repaired);
    let bytes = sequence([items(std::slice::from_ref(&inner)), mark(SEQUENCE_END, 0), inner.clone()].concat());
    table.refused(31, "delimiter in the middle of a sequence", with(REFERENCED_IMAGES, bytes), reason::MALFORMED);
    let bytes = sequence(inner.clone());
    table.refused(31, "attribute in place of an item", with(REFERENCED_IMAGES, bytes), reason::MALFORMED);
    let value = [mark(ITEM, UNDEFINED), inner, mark(SEQUENCE_END, 0)].concat();
    let bytes = claiming(REFERENCED_IMAGES, b"SQ", UNDEFINED, &value);
    table.opens(31, "item without its own delimiter", with(REFERENCED_IMAGES, bytes), &[reason::STRUCTURE_REPAIRED]);
    table.opens(31, "sequence without items", with(REFERENCED_IMAGES, sequence(Vec::new())), &[]);
}

/// Rows 33 and 34.
fn undefined_lengths(table: &mut Table) {
    let fragment = [mark(ITEM, 0), mark(ITEM, 4), b"abcd".to_vec(), mark(SEQUENCE_END, 0)].concat();
    for vr in [b"OB", b"OW", b"UT", b"UC", b"UR", b"OF"] {
        let bytes = claiming(0x0009_1001, vr, UNDEFINED, &fragment);
        let name = String::from_utf8_lossy(vr);
        table.refused(33, format!("{name} without a length"), with(0x0009_1001, bytes), reason::MALFORMED);
    }
    let mut native = ct();
    native.encapsulated_value(&fragment);
    table.refused(33, "native pixels without a length", native.bytes(), reason::MALFORMED);
    let mut bytes = implicit(&ct(), "1.2.840.10008.1.2");
    let start = data_set_start(&bytes);
    bytes[start + 4..start + 8].fill(0xFF);
    table.refused(33, "a UID without a length, in implicit", bytes, reason::MALFORMED);
    let icon = claiming(0x7FE0_0010, b"OB", UNDEFINED, &fragment);
    let with_icon = element(0x0088_0200, "SQ", &items(&[icon]));
    table.opens(33, "an icon in fragments", with(0x0088_0200, with_icon), &[]);
    let plain_icon = element(0x0088_0200, "SQ", &items(&[element(0x7FE0_0010, "OW", &[1; 8])]));
    table.opens(33, "an icon of native pixels", with(0x0088_0200, plain_icon), &[]);
    let implicit_item = [tag_bytes(0x0009_1002), 4_u32.to_le_bytes().to_vec(), b"abcd".to_vec()].concat();
    let n_item = u32::try_from(implicit_item.len()).unwrap();
    let value = [mark(ITEM, n_item), implicit_item.clone(), mark(SEQUENCE_END, 0)].concat();
    let unknown = claiming(0x0009_1001, b"UN", UNDEFINED, &value);
    table.opens(34, "unknown kind of undefined length", with(0x0009_1001, unknown), &[]);
    let open_item = [mark(ITEM, UNDEFINED), implicit_item, mark(ITEM_END, 0), mark(SEQUENCE_END, 0)].concat();
    let unknown = claiming(0x0009_1001, b"UN", UNDEFINED, &open_item);
    table.opens(34, "unknown kind with an open item", with(0x0009_1001, unknown), &[]);
}

/// Row 35.
fn value_representations(table: &mut Table) {
    for vr in [b"ZZ", b"\0\0", b"lo", b"Lo", b"??", b"  ", b"US", b"\xFF\xFF", b"XX", b"O\0"] {
        let bytes = [tag_bytes(0x0009_1001), vr.to_vec(), 4_u16.to_le_bytes().to_vec(), b"abcd".to_vec()].concat();
        let file = with(0x0009_1001, bytes);
        match vr == b"US" {
            true => table.opens(35, "kind US", file, &[]),
            false => table.refused(35, format!("kind {vr:?}"), file, reason::MALFORMED),
        };
    }
    let unknown = [tag_bytes(0x0009_1001), b"ZZ\0\0".to_vec(), u32::MAX.to_le_bytes().to_vec()].concat();
    table.refused(35, "kind ZZ of undefined length", with(0x0009_1001, unknown), reason::MALFORMED);
}

/// Row 36.
fn wrong_kinds(table: &mut Table) {
    let fields: [(u32, &str); 8] = [
        (0x0028_0002, "samples"),
        (0x0028_0010, "rows"),
        (0x0028_0011, "columns"),
        (0x0028_0100, "bits allocated"),
        (0x0028_0101, "bits stored"),
        (0x0028_0102, "high bit"),
        (0x0028_0103, "representation"),
        (0x0028_0006, "planar configuration"),
    ];
    for (tag, name) in fields {
        let mut text = ct();
        table.refused(
            36,
            format!("{name} as text"),
            text.text(tag, "LO", "sixteen!").bytes(),
            reason::INVALID_ATTRIBUTE,
        );
        let mut long = ct();
        table.refused(36, format!("{name} as UL"), long.long(tag, 4).bytes(), reason::INVALID_ATTRIBUTE);
        let mut digits = ct();
        table.refused(36, format!("{name} as IS"), digits.text(tag, "IS", "4").bytes(), reason::INVALID_ATTRIBUTE);
    }
    let mut huge = ct();
    table.refused(36, "rows as UL 65,536", huge.long(0x0028_0010, 0x1_0000).bytes(), reason::INVALID_ATTRIBUTE);
    let mut frames = ct();
    table.refused(36, "frames as US", frames.word(0x0028_0008, 1).bytes(), reason::INVALID_ATTRIBUTE);
    let mut photometric = ct();
    photometric.text(0x0028_0004, "LO", "MONOCHROME2");
    table.refused(36, "photometric as LO", photometric.bytes(), reason::INVALID_ATTRIBUTE);
    let mut unknown = ct();
    unknown.raw(0x0028_0010, "UN", &3_u16.to_le_bytes());
    table.opens(36, "rows as unknown", unknown.bytes(), &[]);
}

/// Row 37.
fn twice(table: &mut Table) {
    let pair = |tag, vr, a: &[u8], b: &[u8]| with(tag, [element(tag, vr, a), element(tag, vr, b)].concat());
    let refused = reason::MALFORMED;
    table.refused(37, "two Rows", pair(0x0028_0010, "US", &[3, 0], &[4, 0]), refused);
    table.refused(37, "two names", pair(0x0010_0010, "PN", b"CANARY^ZEBRA", b"OTHER^NAME"), refused);
    table.refused(37, "two instances", pair(0x0008_0018, "UI", b"1.2.3.4", b"1.2.3.5"), refused);
    table.refused(37, "two slopes", pair(0x0028_1053, "DS", b"1", b"2"), refused);
    table.refused(37, "two positions", pair(0x0020_0032, "DS", b"0\\0\\0 ", b"0\\0\\1 "), refused);
    table.opens(37, "Rows twice the same", pair(0x0028_0010, "US", &[3, 0], &[3, 0]), &[reason::DUPLICATE_ATTRIBUTE]);
    let private = pair(0x0009_1001, "LO", b"a", b"b");
    table.opens(37, "two private values", private, &[reason::DUPLICATE_ATTRIBUTE]);
    let item = [element(0x0008_1155, "UI", b"1.2.3"), element(0x0008_1155, "UI", b"1.2.4")].concat();
    let inside = element(REFERENCED_IMAGES, "SQ", &items(&[item]));
    table.refused(37, "twice inside an item", with(REFERENCED_IMAGES, inside), refused);
    let sequences = element(REFERENCED_IMAGES, "SQ", &items(&[element(0x0008_1155, "UI", b"1.2.3")]));
    table.refused(37, "a sequence twice", with(REFERENCED_IMAGES, [sequences.clone(), sequences].concat()), refused);
}

/// Rows 38, 39 and 40.
fn order(table: &mut Table) {
    let late = with(0x7FDF_0000, element(0x0008_0070, "LO", b"Maker"));
    table.opens(38, "a tag out of order", late, &[reason::TAGS_OUT_OF_ORDER]);
    let behind = [ct().bytes(), element(0x0008_0070, "LO", b"Maker")].concat();
    table.opens(38, "a tag behind the pixels", behind, &[reason::TAGS_OUT_OF_ORDER]);
    let mut moved = ct();
    let rows = moved.without(0x0028_0010).bytes();
    let behind = [rows, element(0x0028_0010, "US", &[3, 0])].concat();
    table.refused(38, "Rows behind the pixels", behind, reason::MISSING_ATTRIBUTE);
    let other = [ct().bytes(), element(0x0028_0010, "US", &[4, 0])].concat();
    table.refused(38, "other Rows behind the pixels", other, reason::MALFORMED);
    let vendor = [ct().bytes(), element(0x7FE1_0010, "LO", b"Vendor"), element(0x7FE1_1001, "OB", &[1; 64])].concat();
    table.opens(38, "a vendor's group behind the pixels", vendor, &[]);
    let signature = element(0xFFFA_FFFA, "SQ", &items(&[element(0x0400_0005, "US", &[1, 0])]));
    table.opens(38, "a signature behind the pixels", [ct().bytes(), signature].concat(), &[]);
    for (tag, vr, value) in
        [(0x0008_0070, b"LO", b"Maker".as_slice()), (0x0020_0013, b"IS", b"1"), (0x0009_1001, b"UN", b"abc")]
    {
        let odd = claiming(tag, vr, u32::try_from(value.len()).unwrap(), value);
        table.opens(39, format!("odd length of {tag:08x}"), with(tag, odd), &[reason::ODD_LENGTH]);
    }
    let unpadded = claiming(0x0008_0070, b"LO", 5, b"Maker\0");
    table.refused(39, "odd length with a byte too many", with(0x0008_0070, unpadded), reason::MALFORMED);
    for n in [0_u32, 7, 0xFFFF_FFF0] {
        let lying = element(0x0008_0000, "UL", &n.to_le_bytes());
        table.opens(40, format!("group length {n}"), with(0x0008_0000, lying), &[]);
        let lying = element(0x0028_0000, "UL", &n.to_le_bytes());
        table.opens(40, format!("length of the pixels' group {n}"), with(0x0028_0000, lying), &[]);
    }
}

/// Rows 32, 41, 42 and 43.
fn amounts(table: &mut Table) {
    let empty_items = |n: usize| with(REFERENCED_IMAGES, element(REFERENCED_IMAGES, "SQ", &mark(ITEM, 0).repeat(n)));
    table.opens(32, "1,000 empty items", empty_items(1_000), &[]);
    table.opens(32, "100,000 empty items", empty_items(100_000), &[]);
    table.refused(32, "100,001 empty items", empty_items(100_001), reason::MALFORMED);
    table.refused(32, "1,000,000 empty items", empty_items(1_000_000), reason::MALFORMED);
    let sequences = |n: u32| {
        let one = |k: u32| element(0x0009_1000 + k, "SQ", &mark(ITEM, 0).repeat(90_000));
        before_pixels((0..n).flat_map(one).collect())
    };
    table.refused(32, "30 sequences of 90,000 empty items", sequences(30), reason::MALFORMED);
    let long_name = "N".repeat(60_000);
    table.opens(41, "name of 60,000 bytes", ct().text(0x0010_0010, "PN", &long_name).bytes(), &[]);
    table.opens(41, "address of 1 MB", ct().raw(0x0009_1001, "UR", &vec![b'u'; 1 << 20]).bytes(), &[]);
    table.opens(41, "text of 4 MB", ct().raw(0x0040_A160, "UT", &vec![b't'; 4 << 20]).bytes(), &[]);
    table.opens(42, "no private creator", with(0x0009_1001, element(0x0009_1001, "LO", b"lost")), &[]);
    let creators = [element(0x0009_0010, "LO", b"ONE"), element(0x0009_0011, "LO", b"ONE")].concat();
    table.opens(42, "one creator for two blocks", with(0x0009_0010, creators), &[]);
    let creators = [element(0x0009_0010, "LO", b"ONE"), element(0x0009_0010, "LO", b"TWO")].concat();
    table.opens(42, "two creators of one block", with(0x0009_0010, creators), &[reason::DUPLICATE_ATTRIBUTE]);
    let many = (0..2_500_u32).flat_map(|k| element(0x0009_1000 + k, "LO", b"value")).collect();
    table.opens(43, "2,500 private values", with(0x0009_1000, many), &[]);
    let odd = (0x0029..0x7FDF_u32).step_by(2);
    let groups = odd.flat_map(|group| element(group << 16 | 0x10, "LO", b"g")).collect();
    table.opens(43, "16,000 private groups", with(0x0028_F000, groups), &[]);
    let two_million = (0..2_000_100_u32).flat_map(|k| element(0x0029_0000 + k, "US", b"")).collect();
    table.refused(43, "two million values", with(0x0028_F000, two_million), reason::MALFORMED);
}

/// Row 44.
fn deflate(table: &mut Table) {
    let garbage = |stream: Vec<u8>| stream.iter().map(|byte| byte ^ 0x5A).collect();
    table.refused(44, "deflated garbage", deflated(&ct(), garbage), reason::MALFORMED);
    table.refused(44, "nothing deflated", deflated(&ct(), |_| Vec::new()), reason::MALFORMED);
    for percent in [10, 50, 90, 99] {
        let cut = |stream: Vec<u8>| stream[..stream.len() * percent / 100].to_vec();
        table.refused(44, format!("{percent} % of the stream"), deflated(&ct(), cut), reason::MALFORMED);
    }
    let mut bomb = ct();
    bomb.raw(0x0009_1001, "UN", &vec![0; 300 << 20]);
    table.refused(44, "a bomb of 300 MB", deflated(&bomb, |stream| stream), reason::TOO_LARGE);
    let mut pixels = ct();
    pixels.raw(0x7FE0_0010, "OW", &vec![0; 200 << 20]);
    table.refused(44, "a bomb of pixels", deflated(&pixels, |stream| stream), reason::TOO_LARGE);
    let chained = deflated(&ct(), |stream| {
        let inner = deflated(&ct(), move |_| stream.clone());
        inner[data_set_start(&inner)..].to_vec()
    });
    table.opens(44, "deflated once", chained, &[]);
    let twice = deflated(&ct(), |stream| {
        use std::io::Write as _;
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&stream).unwrap();
        encoder.finish().unwrap()
    });
    table.refused(44, "deflated twice", twice, reason::MALFORMED);
    let frame = {
        use std::io::Write as _;
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 100 << 20]).unwrap();
        encoder.finish().unwrap()
    };
    let mut deflated_frames = ct();
    deflated_frames.syntax("8.1").encapsulated(&[&frame]);
    let outcome = Outcome::NoFrame(&[], reason::TOO_LARGE);
    table.add(44, "a bomb for one frame", deflated_frames.bytes(), outcome);
    let mut packed = Written::ct("1.2.3.4");
    packed.syntax("5").encapsulated(&[&rle(&[vec![0; 12], vec![9; 12]])]);
    table.opens(44, "the same without a bomb", packed.bytes(), &[]);
}
