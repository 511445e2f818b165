//! What a process of their own costs good files: `cargo test --release --test it isolation::measure -- --ignored
//! --nocapture`. Nothing is asserted.

use std::path::PathBuf;
use std::time::Instant;

use overread::import::worker::CrewOptions;
use overread::import::{Importer, ScanOptions};

use crate::data;
use crate::import::isolation::{Crew, compressed, instances};
use crate::import::synthetic::{Written, rle};

/// Processor time of this process and of its workers, milliseconds: what other programs do does not count.
fn cpu_ms(crew: &Crew) -> f64 {
    let own = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let mut nanoseconds = own.tv_sec as f64 * 1e9 + own.tv_nsec as f64;
    for pid in crew.pids() {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let of_task = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("schedstat"));
        nanoseconds += tasks.filter_map(|task| of_task(task).ok()?.split(' ').next()?.parse::<f64>().ok()).sum::<f64>();
    }
    nanoseconds / 1e6
}

/// Milliseconds, of runs of both ways in turn.
fn in_turn(crew: &Crew, what: &str, n: usize, ways: [(&str, &dyn Fn()); 2]) {
    let mut measured = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for _ in 0..n {
        for ((_, run), (times, costs)) in ways.iter().zip(&mut measured) {
            let (cpu, start) = (cpu_ms(crew), Instant::now());
            run();
            times.push(start.elapsed().as_secs_f64() * 1e3);
            costs.push(cpu_ms(crew) - cpu);
        }
    }
    for ((name, _), (times, costs)) in ways.iter().zip(&mut measured) {
        times.sort_by(f64::total_cmp);
        costs.sort_by(f64::total_cmp);
        let (least, median, cpu) = (times[0], times[n / 2], costs[n / 2]);
        println!("{what}, {name}: least {least:.3} ms, median {median:.3} ms; processor time, median {cpu:.3} ms");
    }
}

/// Of 16 bits; the size makes its name.
pub fn picture(size: u16, is_compressed: bool) -> Written {
    let mut file = Written::ct(&format!("1.2.3.{size}"));
    // Of few runs, as noise of four bits has
    let noise = |shift: u32| {
        (0..u32::from(size) * u32::from(size)).map(move |i| (i.wrapping_mul(2_654_435_761) >> shift) as u8)
    };
    file.word(0x0028_0010, size).word(0x0028_0011, size);
    let (low, high): (Vec<u8>, Vec<u8>) = (noise(24).collect(), noise(30).collect());
    match is_compressed {
        true => file.syntax("5").encapsulated(&[&rle(&[high, low])]),
        false => {
            let values: Vec<u16> = low.iter().zip(&high).map(|(low, high)| u16::from_be_bytes([*high, *low])).collect();
            file.words(0x7FE0_0010, "OW", &values)
        }
    };
    file
}

#[test]
#[ignore = "measures, asserts nothing"]
fn what_isolation_costs() {
    let crew = Crew::small();
    let start = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let one = compressed(folder.path(), 1);
    println!("one file written in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    for _ in 0..5 {
        let fresh = Crew::new(CrewOptions { n_workers: 1, ..CrewOptions::default() });
        let start = Instant::now();
        fresh.scan(&one);
        println!("first file of a fresh worker: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    }
    let here = Importer::in_process(ScanOptions::default());
    let scan = |importer: &Importer, places: &[PathBuf]| drop(importer.scan(places, &|| false, &|_| {}));
    let many = tempfile::tempdir().unwrap();
    let places = match data::shared("dicom/chest-ct") {
        Some(real) => copies(&real, many.path(), 1000),
        None => compressed(many.path(), 1000),
    };
    crew.scan(&places);
    in_turn(
        &crew,
        "scan of 1,000 headers",
        15,
        [("in this process", &|| scan(&here, &places)), ("by workers", &|| scan(&crew.importer, &places))],
    );
    in_turn(
        &crew,
        "scan of one header",
        50,
        [("in this process", &|| scan(&here, &one)), ("by workers", &|| scan(&crew.importer, &one))],
    );
    for (what, size, is_compressed, n) in [
        ("native 512²", 512, false, 200),
        ("RLE 512²", 512, true, 200),
        ("RLE 2048²", 2048, true, 20),
        ("RLE 4096²", 4096, true, 10),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = picture(size, is_compressed).write(folder.path(), "picture.dcm");
        let intake = crew.scan(&[file]);
        let instance = instances(&intake)[0];
        let load = |importer: &Importer| {
            let frame = importer.load_frame(instance, 0).unwrap();
            // Touches all of it, as whoever shows it does
            std::hint::black_box(crate::import::isolation::sum(frame.samples()));
        };
        in_turn(&crew, what, n, [("in this process", &|| load(&here)), ("by workers", &|| load(&crew.importer))]);
    }
}

/// Files of `real` under other names, `n` of them.
fn copies(real: &std::path::Path, folder: &std::path::Path, n: usize) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(real).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let link = |index: usize| {
        let copy = folder.join(format!("{index:04}.dcm"));
        std::fs::copy(&files[index % files.len()], &copy).unwrap();
        copy
    };
    (0..n).map(link).collect()
}
