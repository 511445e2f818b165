//! Rows 18, 47 to 50 and 90: how much memory a process needs at most, whatever is laid before it.
//!
//! A peak belongs to a whole process, so each case runs in a child, which says how much its peak lay above its start.

use std::cell::{Cell, RefCell};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Command;

use overread::domain::intake::Intake;
use overread::import::stack_loading::{StackRequest, outward};
use overread::import::{Importer, ScanOptions, load_frame, reason};

use crate::import::hostile::case::{claiming, ct};
use crate::import::hostile::harness::{bound_memory, instances, status_kib};
use crate::import::synthetic::{Written, codes, scan_all};

/// Names the folder to the child, and what to do with it.
const FOLDER: &str = "OVERREAD_MEMORY_FOLDER";
const TASK: &str = "OVERREAD_MEMORY_TASK";
const CHILD: &str = "import::hostile::memory::does_what_it_is_told_to";

/// Runs `task` on `folder` in a child: MiB of its peak above its start. `None` where the system does not tell.
fn extra_mib(task: &str, folder: &Path) -> Option<u64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([CHILD, "--exact", "--nocapture", "--test-threads=1"]).env(FOLDER, folder).env(TASK, task);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{task}: {words}{}", String::from_utf8_lossy(&output.stderr));
    let told = words.lines().find_map(|line| line.strip_prefix("EXTRA_KIB\t")?.parse::<u64>().ok());
    let Some(extra) = told else {
        println!("skipped: this system does not tell how much memory a process takes");
        return None;
    };
    println!("{task}: {} MiB", extra >> 10);
    Some(extra >> 10)
}

/// The child's part; without a folder it has nothing to do.
#[test]
fn does_what_it_is_told_to() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let before = bound_memory();
    match std::env::var(TASK).unwrap().as_str() {
        "a crowd" => read_a_crowd(&folder),
        "lies" => read_lies(&folder),
        "a long series" => load_a_long_series(&folder),
        "a long file" => load_a_long_file(&folder),
        other => panic!("{other}"),
    }
    if let (Some(before), Some(peak)) = (before, status_kib("VmHWM:")) {
        println!("\nEXTRA_KIB\t{}", peak.saturating_sub(before));
    }
}

fn n_images(intake: &Intake) -> usize {
    intake.studies.iter().map(|study| study.n_images()).sum()
}

/// Slices of the synthetic CT, each with identifiers and a place of its own; `n_series` share them.
fn write_slices(folder: &Path, (n_slices, n_series): (u32, u32), slice: &mut Written) {
    const MARKS: [&str; 3] = ["1.2.3.4.8888888", "1.2.3.2.7777777", "0\\0\\6666666"];
    slice.text(0x0008_0018, "UI", MARKS[0]).text(0x0020_000E, "UI", MARKS[1]).text(0x0020_0032, "DS", MARKS[2]);
    let mut bytes = slice.bytes();
    let places = MARKS.map(|mark| bytes.windows(mark.len()).position(|part| part == mark.as_bytes()).unwrap());
    let ends: Vec<usize> = places.into_iter().zip(MARKS).map(|(at, mark)| at + mark.len()).collect();
    for index in 0..n_slices {
        let series = index / n_slices.div_ceil(n_series);
        for (end, number) in ends.iter().zip([1_000_000 + index, 1_000_000 + series, index]) {
            bytes[end - 7..*end].copy_from_slice(format!("{number:07}").as_bytes());
        }
        std::fs::write(folder.join(format!("{index:06}")), &bytes).unwrap();
    }
}

/// Row 18: an answer for each of many files, the first of them long before the last, and an end when it is asked for.
#[test]
fn a_hundred_thousand_files_in_one_folder_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    write_slices(folder.path(), (100_000, 50), &mut ct());
    if let Some(extra) = extra_mib("a crowd", folder.path()) {
        assert!(extra < 512, "{extra} MiB");
    }
}

fn read_a_crowd(folder: &Path) {
    let shown = RefCell::new(Vec::new());
    let partial = |studies: Vec<_>| shown.borrow_mut().push(studies);
    let importer = Importer::in_process(ScanOptions::default());
    let intake = importer.scan_showing(&[folder.to_owned()], &|| false, &|_| {}, &partial);
    assert_eq!((intake.files.len(), n_images(&intake), codes(&intake).len()), (100_000, 100_000, 0));
    assert!(!shown.borrow().is_empty(), "nothing was shown before the end");
    drop((shown, intake));
    let asked = Cell::new(0);
    let cancel = || asked.replace(asked.get() + 1) > 100;
    let stopped = importer.scan(&[folder.to_owned()], &cancel, &|_| {});
    assert!(stopped.was_cancelled && stopped.files.len() < 100_000);
}

/// Rows 47 to 50: sizes that are absent, nothing, enormous or no numbers cost no memory.
#[test]
fn sizes_that_lie_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, cols, frames) = (0x0028_0010, 0x0028_0011, 0x0028_0008);
    let with = |change: &dyn for<'a> Fn(&'a mut Written) -> &'a mut Written| {
        let mut file = ct();
        change(&mut file);
        file
    };
    let long = |tag: u32| with(&|file| file.bytes_of(tag, claiming(tag, b"UL", 4, &[0, 0, 1, 0])));
    let mut files = vec![
        with(&|file| file.without(rows)),
        with(&|file| file.word(rows, 0)),
        with(&|file| file.word(cols, 0)),
        with(&|file| file.word(rows, 65_535).word(cols, 65_535)),
        with(&|file| file.word(rows, 65_535).word(cols, 65_535).text(frames, "IS", "2147483647")),
        with(&|file| file.word(rows, 8_192).word(cols, 8_192)),
        with(&|file| file.text(frames, "IS", "2147483647")),
        long(rows),
        long(cols),
    ];
    files.extend(["0", "-1", "abc", "1e9", "3.5"].map(|text| with(&|file| file.text(frames, "IS", text))));
    for (index, file) in files.iter().enumerate() {
        file.write(folder.path(), &format!("{index:02}"));
    }
    if let Some(extra) = extra_mib("lies", folder.path()) {
        assert!(extra < 16, "{extra} MiB");
    }
}

fn read_lies(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let intake = scan_all(&entry.path());
        // What opens has no frame to give
        for instance in instances(&intake) {
            let frame = load_frame(instance, instance.n_frames() - 1);
            assert!(instance.n_frames() == 1 || frame.is_err(), "{}", entry.path().display());
        }
        assert!(!codes(&intake).is_empty(), "{}", entry.path().display());
    }
}

/// Row 90: 10,000 slices, 80 MB of pixels, looked at one after the other without being kept.
#[test]
fn ten_thousand_slices_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    write_slices(folder.path(), (10_000, 1), ct().size(64, 64));
    if let Some(extra) = extra_mib("a long series", folder.path()) {
        assert!(extra < 128, "{extra} MiB");
    }
}

fn load_a_long_series(folder: &Path) {
    let importer = Importer::in_process(ScanOptions::default());
    let intake = importer.scan(&[folder.to_owned()], &|| false, &|_| {});
    let series = intake.studies.first().and_then(|study| study.series.first()).unwrap();
    assert_eq!((n_images(&intake), series.stack.len()), (10_000, 10_000));
    let request = StackRequest { series, order: &outward(10_000, 5_000), n_threads: 2 };
    importer.load_stack(&request, &|| false, &|_, frame| assert!(frame.is_ok()));
}

/// Row 90: 100,000 frames in a file of 400 MB, of which only those that are wanted are read.
#[test]
fn a_hundred_thousand_frames_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = ct();
    file.word(0x0028_0010, 64).word(0x0028_0011, 64).bits(8, 8, 7).text(0x0028_0008, "IS", "100000");
    let n_pixels = 64 * 64 * 100_000;
    file.bytes_of(0x7FE0_0010, claiming(0x7FE0_0010, b"OB", n_pixels, &[]));
    let path = file.write(folder.path(), "file");
    let n_header = std::fs::metadata(&path).unwrap().len();
    // A hole where the pixels are: nothing is written
    OpenOptions::new().write(true).open(&path).unwrap().set_len(n_header + u64::from(n_pixels)).unwrap();
    if let Some(extra) = extra_mib("a long file", folder.path()) {
        assert!(extra < 64, "{extra} MiB");
    }
}

fn load_a_long_file(folder: &Path) {
    let intake = scan_all(folder);
    assert_eq!((n_images(&intake), codes(&intake)), (100_000, Vec::new()));
    let instance = instances(&intake).next().unwrap();
    for frame in [0, 1, 49_999, 99_999] {
        assert_eq!(load_frame(instance, frame).unwrap().samples().len(), 64 * 64);
    }
    assert_eq!(load_frame(instance, 100_000).map_err(|error| error.code()), Err(reason::FRAME_MISSING));
}
