//! Overlays 60xx: where their bits are, where they lie, and what happens to one that lies about itself.

use overread::domain::instance::Instance;
use overread::domain::overlay::{OverlayKind, OverlayPlane};
use overread::imaging::graphics;
use overread::import::{Importer, load_frame, reason};

use crate::import::synthetic::{Written, codes, only_instance, scan_all};

/// The 4 × 3 slice with an overlay of its size, given as packed bytes.
fn with_overlay(group: u32, rows: u16, cols: u16, origin: [i16; 2], packed: &[u8]) -> Written {
    let mut file = Written::ct("1.2.3.60");
    let base = group << 16;
    file.word(base | 0x10, rows).word(base | 0x11, cols).text(base | 0x40, "CS", "G");
    let origin: Vec<u8> = origin.iter().flat_map(|v| v.to_le_bytes()).collect();
    file.raw(base | 0x50, "SS", &origin).word(base | 0x100, 1).word(base | 0x102, 0);
    file.raw(base | 0x3000, "OW", packed).text(base | 0x1500, "LO", "Ruler");
    file
}

fn opened(file: &Written) -> (Instance, Vec<&'static str>) {
    let folder = tempfile::tempdir().unwrap();
    let path = file.write(folder.path(), "a.dcm");
    let intake = scan_all(&path);
    (only_instance(&intake).clone(), codes(&intake))
}

/// Set pixels of the frame's graphics, row-major.
fn shown(file: &Written, frame: u32) -> Vec<usize> {
    let folder = tempfile::tempdir().unwrap();
    let path = file.write(folder.path(), "a.dcm");
    let intake = scan_all(&path);
    let instance = only_instance(&intake);
    let frame_of = load_frame(instance, frame).unwrap();
    let by_importer = Importer::default().load_frame(instance, frame).unwrap();
    assert_eq!(by_importer.embedded(), frame_of.embedded());
    let Some(segment) = graphics::segment(instance, frame, &frame_of) else { return Vec::new() };
    let dense = segment.mask.to_dense();
    (0..dense.len()).filter(|at| dense[*at] == 1).collect()
}

#[test]
fn packed_bits_run_on_without_gaps_lowest_first() {
    // Pixels 0, 3 and 9 of 12
    let file = with_overlay(0x6000, 3, 4, [1, 1], &[0b0000_1001, 0b0000_0010]);
    assert_eq!(shown(&file, 0), [0, 3, 9]);
    let (instance, notices) = opened(&file);
    let overlay = &instance.overlays[0];
    assert_eq!((overlay.group, overlay.kind, overlay.origin), (0x6000, OverlayKind::Graphics, [0, 0]));
    assert_eq!(overlay.label, "Ruler");
    assert_eq!(notices, Vec::<&str>::new());
}

#[test]
fn an_overlay_may_begin_outside_and_end_outside_of_the_picture() {
    // 2 × 2, all set: its last pixel lies on the first of the picture; then its first on the last
    assert_eq!(shown(&with_overlay(0x6002, 2, 2, [0, 0], &[0b1111, 0]), 0), [0]);
    assert_eq!(shown(&with_overlay(0x601E, 2, 2, [3, 4], &[0b1111, 0]), 0), [11]);
}

#[test]
fn several_overlays_lie_over_one_another() {
    let mut file = with_overlay(0x6000, 3, 4, [1, 1], &[0b0000_0001, 0]);
    file.word(0x6004_0010, 3).word(0x6004_0011, 4).text(0x6004_0040, "CS", "R").raw(0x6004_3000, "OB", &[0b10, 0]);
    assert_eq!(shown(&file, 0), [0, 1]);
    assert_eq!(opened(&file).0.overlays[1].kind, OverlayKind::RegionOfInterest);
}

#[test]
fn unused_bits_of_the_pixels_are_an_overlay_and_not_the_picture() {
    let mut file = Written::ct("1.2.3.61");
    file.word(0x6000_0010, 3).word(0x6000_0011, 4).text(0x6000_0040, "CS", "G");
    file.word(0x6000_0100, 16).word(0x6000_0102, 15);
    let pixels: Vec<u16> = (0..12).map(|value| value | if value % 5 == 0 { 0x8000 } else { 0 }).collect();
    file.words(0x7FE0_0010, "OW", &pixels);
    assert_eq!(shown(&file, 0), [0, 5, 10]);
    let (instance, notices) = opened(&file);
    assert_eq!(instance.overlays[0].plane, OverlayPlane::Embedded { bit: 15 });
    assert_eq!(notices, Vec::<&str>::new());
}

#[test]
fn frames_of_an_overlay_belong_to_frames_of_the_picture() {
    let mut file = with_overlay(0x6000, 3, 4, [1, 1], &[0b0000_0001, 0b0010_0000, 0]);
    file.text(0x0028_0008, "IS", "3").text(0x6000_0015, "IS", "2").word(0x6000_0051, 2);
    file.words(0x7FE0_0010, "OW", &[0; 36]);
    assert_eq!(shown(&file, 0), Vec::<usize>::new());
    assert_eq!(shown(&file, 1), [0]);
    // The second frame of the overlay begins within a byte
    assert_eq!(shown(&file, 2), [1]);
}

#[test]
fn an_overlay_that_lies_is_dropped_and_the_image_stays() {
    let check = |mut file: Written, change: &dyn Fn(&mut Written)| {
        change(&mut file);
        let (instance, notices) = opened(&file);
        assert!(instance.overlays.is_empty(), "{:?}", instance.overlays);
        assert_eq!(notices, [reason::OVERLAY_IGNORED]);
    };
    let whole = || with_overlay(0x6000, 3, 4, [1, 1], &[1, 0]);
    check(whole(), &|file| _ = file.word(0x6000_0010, 3000));
    check(whole(), &|file| _ = file.word(0x6000_0011, 0));
    check(whole(), &|file| _ = file.without(0x6000_0010));
    check(whole(), &|file| _ = file.text(0x6000_0015, "IS", "2147483647"));
    check(whole(), &|file| _ = file.text(0x6000_0015, "IS", "none"));
    check(with_overlay(0x6000, 3, 4, [32767, 1], &[1, 0]), &|_| {});
    check(with_overlay(0x6000, 3, 4, [1, -4], &[1, 0]), &|_| {});
    // Embedded in bits that hold the picture, or beyond the word
    for bit in [3, 11, 16, 99] {
        check(whole(), &|file| _ = file.without(0x6000_3000).word(0x6000_0100, 16).word(0x6000_0102, bit));
    }
    check(whole(), &|file| _ = file.without(0x6000_3000));
}
