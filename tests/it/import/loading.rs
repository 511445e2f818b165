//! Whole series at once: the same samples as frame by frame, the wanted one first, and nothing of a changed file.

use std::path::Path;
use std::sync::{Arc, Mutex};

use overread::domain::frame::Frame;
use overread::domain::series::Series;
use overread::domain::stored_pixels::PixelCoding;
use overread::import::stack_loading::{StackRequest, outward};
use overread::import::{ImportError, Importer, load_frame};

use crate::import::synthetic::{Written, scan_all};

type Loaded = Vec<(usize, Result<Frame, ImportError>)>;

fn load(series: &Series, order: &[usize], n_threads: usize) -> Loaded {
    let loaded = Mutex::new(Vec::new());
    let request = StackRequest { series, order, n_threads };
    Importer::default().load_stack(&request, &|| false, &|index, result| loaded.lock().unwrap().push((index, result)));
    loaded.into_inner().unwrap()
}

fn series_of(folder: &Path) -> Vec<Arc<Series>> {
    scan_all(folder).studies.iter().flat_map(|study| study.series.clone()).collect()
}

/// Every image of every series in `folder`, at once and one by one.
fn check(folder: &Path) -> usize {
    let mut n_images = 0;
    let is_native = |series: &&Arc<Series>| {
        let stored = series.instances[0].stored.as_ref();
        stored.is_some_and(|stored| stored.coding == PixelCoding::Native)
    };
    for series in series_of(folder).iter().filter(is_native) {
        let order: Vec<usize> = (0..series.stack.len().min(20)).collect();
        let mut loaded = load(series, &order, 3);
        loaded.sort_by_key(|(index, _)| *index);
        assert_eq!(loaded.iter().map(|(index, _)| *index).collect::<Vec<_>>(), order, "every image once");
        for (index, result) in loaded {
            let (instance, frame) = series.image(index).unwrap();
            // NaN differs from itself; its bytes do not
            let (ours, single) =
                (format!("{:?}", facts(&result)), format!("{:?}", facts(&load_frame(instance, frame))));
            assert!(ours == single, "{} frame {frame}", instance.path.display());
            n_images += 1;
        }
    }
    n_images
}

/// Kind and bits: NaN differs from itself.
fn facts(result: &Result<Frame, ImportError>) -> Result<String, ImportError> {
    let samples = result.as_ref().map_err(Clone::clone)?.samples();
    let bits: Vec<u64> = (0..samples.len()).map(|index| samples.at(index).unwrap().to_bits()).collect();
    Ok(format!("{:?} {bits:?}", std::mem::discriminant(samples)))
}

#[test]
fn slabs_hold_what_single_frames_hold_for_every_native_layout() {
    let folder = tempfile::tempdir().unwrap();
    let noise: Vec<u8> = (0..4 * 35 * 3_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut n_files = 0;
    for (allocated, stored, high) in [
        (8, 8, 7),
        (8, 5, 4),
        (8, 5, 7),
        (16, 16, 15),
        (16, 12, 11),
        (16, 12, 15),
        (16, 10, 12),
        (32, 32, 31),
        (32, 20, 25),
    ] {
        for is_signed in [0, 1] {
            for n_frames in [1, 3] {
                n_files += 1;
                let mut file = Written::ct(&format!("1.2.9.{n_files}"));
                file.text(0x0020_000E, "UI", &format!("1.2.8.{n_files}")).word(0x0028_0103, is_signed);
                file.word(0x0028_0010, 7).word(0x0028_0011, 5).bits(allocated, stored, high);
                file.text(0x0028_0008, "IS", &n_frames.to_string());
                let n_bytes = usize::from(allocated / 8) * 35 * n_frames;
                file.raw(0x7FE0_0010, if allocated == 8 { "OB" } else { "OW" }, &noise[..n_bytes]);
                file.write(folder.path(), &format!("{n_files}.dcm"));
            }
        }
    }
    assert_eq!(check(folder.path()), n_files * 2);
}

#[test]
fn slabs_hold_what_single_frames_hold_for_public_files() {
    let Some(root) = crate::data::shared("dicom/conformance") else { return };
    assert!(check(&root) > 50);
}

#[test]
fn the_wanted_image_comes_first_then_both_sides_and_frames_share_memory() {
    let folder = tempfile::tempdir().unwrap();
    for z in 0..60 {
        let mut file = Written::ct(&format!("1.2.9.{z}"));
        file.text(0x0020_0032, "DS", &format!("0\\0\\{z}")).write(folder.path(), &format!("{z}.dcm"));
    }
    let series = series_of(folder.path()).remove(0);
    let order = outward(series.stack.len(), 30);
    let loaded = load(&series, &order, 1);
    assert_eq!(loaded.iter().map(|(index, _)| *index).collect::<Vec<_>>(), order);
    let memory = |at: usize| loaded[at].1.as_ref().unwrap().samples().memory();
    assert_ne!(memory(0).id, memory(1).id, "the first one waits for nobody");
    assert_eq!(memory(1), memory(2));
    // As many bytes as the samples, not more
    assert_eq!(memory(1).n_bytes, 59 * 24);
}

#[test]
fn a_file_that_changed_or_went_is_refused_and_the_others_come() {
    let folder = tempfile::tempdir().unwrap();
    for z in 0..6 {
        let mut file = Written::ct(&format!("1.2.9.{z}"));
        file.text(0x0020_0032, "DS", &format!("0\\0\\{z}")).write(folder.path(), &format!("{z}.dcm"));
    }
    let series = series_of(folder.path()).remove(0);
    let bytes = std::fs::read(folder.path().join("2.dcm")).unwrap();
    std::fs::write(folder.path().join("2.dcm"), &bytes[..bytes.len() - 6]).unwrap();
    std::fs::remove_file(folder.path().join("4.dcm")).unwrap();
    let loaded = load(&series, &outward(6, 0), 2);
    for (index, result) in loaded {
        match index {
            2 => assert_eq!(result.unwrap_err(), ImportError::FileChanged),
            4 => assert_eq!(result.unwrap_err(), ImportError::NotFound),
            _ => assert!(result.is_ok()),
        }
    }
}

#[test]
fn loading_stops_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    Written::ct("1.2.9").write(folder.path(), "a.dcm");
    let series = series_of(folder.path()).remove(0);
    let request = StackRequest { series: &series, order: &[0], n_threads: 1 };
    Importer::default().load_stack(&request, &|| true, &|_, _| panic!("nothing was to be loaded"));
}

/// Bytes this thread has asked the kernel for; `None` where it does not say.
fn n_bytes_read() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/io").ok()?;
    text.lines().find_map(|line| line.strip_prefix("rchar: ")?.trim().parse().ok())
}

#[test]
fn a_frame_of_a_long_compressed_file_reads_its_own_fragment_only() {
    let folder = tempfile::tempdir().unwrap();
    let plane = |value: u8| vec![value; 64 * 64];
    let frames: Vec<Vec<u8>> = (0..300_u16)
        .map(|index| crate::import::synthetic::rle(&[plane((index >> 8) as u8), plane(index as u8)]))
        .collect();
    let fragments: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let mut file = Written::ct("1.2.9");
    file.size(64, 64).bits(16, 16, 15).text(0x0028_0008, "IS", "300").syntax("5").encapsulated(&fragments);
    let n_of_file = file.bytes().len() as u64;
    file.write(folder.path(), "long.dcm");
    let series = series_of(folder.path()).remove(0);
    let Some(before) = n_bytes_read() else { return println!("skipped: this system does not count reads") };
    let frame = load_frame(&series.instances[0], 270).unwrap();
    let n_read = n_bytes_read().unwrap() - before;
    assert_eq!(frame.samples().at(0), Some(270.0));
    assert!(n_read < 3 * n_of_file / 300, "{n_read} of {n_of_file} bytes were read");
}

#[test]
fn a_long_scan_shows_what_it_has_and_ends_with_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    for z in 0..60 {
        let mut file = Written::ct(&format!("1.2.9.{z}"));
        file.text(0x0020_0032, "DS", &format!("0\\0\\{z}")).write(folder.path(), &format!("{z}.dcm"));
    }
    let shown = std::cell::RefCell::new(Vec::new());
    let place = [folder.path().to_owned()];
    // The listener is slow, and so the scan is
    let slowly = |_| std::thread::sleep(std::time::Duration::from_millis(8));
    let partial = |studies: Vec<Arc<overread::domain::study::Study>>| shown.borrow_mut().push(studies);
    let intake = Importer::default().scan_showing(&place, &|| false, &slowly, &partial);
    assert_eq!(intake.studies[0].n_images(), 60);
    let shown = shown.into_inner();
    assert!(!shown.is_empty());
    for studies in shown {
        assert_eq!(studies[0].uid, intake.studies[0].uid);
        assert!((1..60).contains(&studies[0].n_images()));
    }
}
