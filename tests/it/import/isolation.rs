//! Worker processes, real ones: the same answers as without them, and whatever befalls one costs the file it had in hand.

mod measure;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use overread::domain::frame::Samples;
use overread::domain::instance::Instance;
use overread::domain::intake::{FileStatus, Intake};
use overread::import::worker::{CrewOptions, Drill};
use overread::import::{Importer, ScanOptions, reason};
use rustix::process::{Pid, Signal, kill_process};

use crate::data;
use crate::import::synthetic::{Written, only_instance, rle, rle_of_segments};

/// A crew of workers that no other test uses: the program goes by a name of its own.
struct Crew {
    importer: Importer,
    name: PathBuf,
    _folder: tempfile::TempDir,
}

impl Crew {
    fn new(options: CrewOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("overread");
        symlink(env!("CARGO_BIN_EXE_overread"), &name).unwrap();
        Self { importer: Importer::isolated(&name, options), name, _folder: folder }
    }

    fn small() -> Self {
        Self::new(CrewOptions { n_workers: 2, ..CrewOptions::default() })
    }

    fn scan(&self, paths: &[PathBuf]) -> Intake {
        self.importer.scan(paths, &|| false, &|_| {})
    }

    fn pids(&self) -> Vec<i32> {
        workers_of(&self.name)
    }

    fn signal(&self, signal: Signal) -> usize {
        let pids = self.pids();
        pids.iter().filter(|pid| kill_process(Pid::from_raw(**pid).unwrap(), signal).is_ok()).count()
    }

    /// Stops all, and waits until every thread of theirs has heard of it.
    fn stop(&self) -> usize {
        let n_stopped = self.signal(Signal::STOP);
        for pid in self.pids() {
            await_that("all threads stop", || {
                let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
                let status = |task: fs::DirEntry| fs::read_to_string(task.path().join("status")).unwrap();
                tasks.map(status).all(|status| status.contains("State:\tT"))
            });
        }
        n_stopped
    }
}

/// Processes that were started as `name`, dead ones that nobody has awaited among them.
fn workers_of(name: &Path) -> Vec<i32> {
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|pid| pid.parse().ok()) else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if line.starts_with(name.as_os_str().as_encoded_bytes()) {
            pids.push(pid);
        }
    }
    pids
}

fn await_that(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(180), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn instances(intake: &Intake) -> Vec<&Instance> {
    let series = intake.studies.iter().flat_map(|study| &study.series);
    series.flat_map(|series| &series.instances).map(AsRef::as_ref).collect()
}

fn sum(samples: &Samples) -> u64 {
    match samples {
        Samples::U16(v) => v.iter().map(|value| u64::from(*value)).sum(),
        _ => 0,
    }
}

fn bits(samples: &Samples) -> Vec<u64> {
    (0..samples.len()).map(|index| samples.at(index).unwrap().to_bits()).collect()
}

/// `n` files of one compressed frame each.
fn compressed(folder: &Path, n: usize) -> Vec<PathBuf> {
    let write = |index: usize| {
        let mut file = Written::ct(&format!("1.2.3.{index}"));
        let plane = |shift: usize| (0..12_usize).map(|at| ((at + index) >> shift & 0xF) as u8).collect();
        file.syntax("5").encapsulated(&[&rle(&[plane(8), plane(0)])]);
        file.write(folder, &format!("{index:05}.dcm"))
    };
    (0..n).map(write).collect()
}

fn compare(places: &[PathBuf]) {
    let apart = Crew::new(CrewOptions { n_workers: 3, ..CrewOptions::default() });
    let here = Importer::in_process(ScanOptions::default());
    let expected = here.scan(places, &|| false, &|_| {});
    let found = apart.scan(places);
    assert_eq!(found.files, expected.files);
    assert_eq!(found.studies.len(), expected.studies.len());
    for (found, expected) in found.studies.iter().zip(&expected.studies) {
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    }
    let (found, expected) = (instances(&found), instances(&expected));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.into_iter().zip(expected) {
        let path = expected.path.display();
        assert_eq!(serde_json::to_string(found).unwrap(), serde_json::to_string(expected).unwrap(), "{path}");
        assert_eq!(found.path, expected.path);
        for frame in [0, expected.n_frames() - 1] {
            let (found, expected) = (apart.importer.load_frame(found, frame), here.load_frame(expected, frame));
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    assert_eq!(found.key(), expected.key(), "{path}");
                    // NaN is not equal to itself, but its bits are
                    let is_same = found == expected || bits(found.samples()) == bits(expected.samples());
                    assert!(is_same, "{path}");
                }
                (found, expected) => assert_eq!(
                    found.map(|_| ()).map_err(|error| error.notice()),
                    expected.map(|_| ()).map_err(|error| error.notice()),
                    "{path}"
                ),
            }
        }
    }
}

#[test]
fn generated_files_are_read_the_same_by_workers_and_without() {
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 40);
    fs::write(folder.path().join("none.dcm"), b"nothing of the kind").unwrap();
    compare(&[folder.path().to_owned()]);
    let phantom = tempfile::tempdir().unwrap();
    data::write_small_phantom(phantom.path());
    compare(&[phantom.path().to_owned()]);
}

#[test]
fn frames_of_every_size_come_whole() {
    let folder = tempfile::tempdir().unwrap();
    // 2, 8 and 12.5 million bytes: in words, in one slab, in two pieces
    for size in [1000, 2000, 2500] {
        measure::picture(size, true).write(folder.path(), &format!("{size}.dcm"));
    }
    compare(&[folder.path().to_owned()]);
}

#[test]
fn public_files_are_read_the_same_by_workers_and_without() {
    let Some(root) = data::shared("dicom") else { return };
    for folder in ["conformance", "hostile", "head-ct-gantry-tilt"] {
        compare(&[root.join(folder)]);
    }
    compare(&[root.join("conformance/pydicom/src/pydicom/data/test_files/dicomdirtests/DICOMDIR")]);
}

#[test]
fn workers_killed_during_a_scan_take_one_file_each() {
    let folder = tempfile::tempdir().unwrap();
    let files = compressed(folder.path(), 2000);
    let crew = Crew::small();
    let n_killed = AtomicUsize::new(0);
    let is_due = AtomicBool::new(true);
    let progress = |progress: overread::domain::intake::Progress| {
        if progress.n_done > 100 && is_due.swap(false, Ordering::Relaxed) {
            n_killed.fetch_add(crew.signal(Signal::KILL), Ordering::Relaxed);
        }
    };
    let intake = crew.importer.scan(&[folder.path().to_owned()], &|| false, &progress);
    let n_refused = intake.refused().count();
    assert!(n_killed.load(Ordering::Relaxed) > 0);
    assert!(n_refused <= n_killed.load(Ordering::Relaxed), "{n_refused} lost");
    assert!(intake.refused().all(|(_, notice)| notice.code == reason::READER_CRASHED));
    assert_eq!(intake.files.len(), files.len());
    let again = crew.scan(&[folder.path().to_owned()]);
    assert_eq!(again.refused().count(), 0);
    assert_eq!(instances(&again).len(), files.len());
}

#[test]
fn a_worker_killed_before_it_began_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 1);
    let crew = Crew::new(CrewOptions { n_workers: 1, ..CrewOptions::default() });
    let intake = crew.scan(&[folder.path().to_owned()]);
    let instance = only_instance(&intake);
    // Idle
    assert_eq!(crew.signal(Signal::KILL), 1);
    assert!(crew.importer.load_frame(instance, 0).is_ok());
    // Asked, but not yet awake
    assert_eq!(crew.stop(), 1);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| crew.importer.load_frame(instance, 0));
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(crew.signal(Signal::KILL), 1);
        assert!(asked.join().unwrap().is_ok());
    });
    assert_eq!(crew.pids().len(), 1);
}

#[test]
fn a_worker_killed_at_work_costs_what_it_had_in_hand() {
    let crew = Crew::new(CrewOptions { n_workers: 1, ..CrewOptions::default() });
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| crew.importer.drill(&Drill::EndlessLoop).unwrap());
        await_that("a worker starts", || crew.pids().len() == 1);
        let stat = || fs::read_to_string(format!("/proc/{}/stat", crew.pids()[0])).unwrap_or_default();
        // The fourteenth field: processor time in ticks of 10 ms
        await_that("it works", || stat().split(' ').nth(13).is_some_and(|ticks| ticks.parse::<u64>().unwrap() > 10));
        assert_eq!(crew.signal(Signal::KILL), 1);
        assert_eq!(asked.join().unwrap().unwrap_err().code(), reason::READER_CRASHED);
    });
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 1);
    assert_eq!(crew.scan(&[folder.path().to_owned()]).refused().count(), 0);
}

#[test]
fn every_way_to_fail_costs_the_request_and_says_why() {
    let options = CrewOptions {
        n_workers: 1,
        max_memory_bytes: 512 << 20,
        max_frame_time: Duration::from_secs(6),
        ..CrewOptions::default()
    };
    let crew = Crew::new(options);
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 3);
    for (drill, code) in [
        (Drill::Panic, reason::PANICKED),
        (Drill::Abort, reason::READER_CRASHED),
        (Drill::EndlessRecursion, reason::READER_CRASHED),
        (Drill::EndlessLoop, reason::READER_TIMED_OUT),
        (Drill::EndlessMemory, reason::READER_OUT_OF_MEMORY),
    ] {
        let end = crew.importer.drill(&drill).unwrap();
        assert_eq!(end.unwrap_err().code(), code, "{drill:?}");
        let intake = crew.scan(&[folder.path().to_owned()]);
        assert_eq!(intake.refused().count(), 0, "after {drill:?}");
        assert!(crew.importer.load_frame(instances(&intake)[1], 0).is_ok(), "after {drill:?}");
        assert!(crew.pids().len() <= 1, "{drill:?}");
    }
}

#[test]
fn a_worker_that_keeps_memory_is_replaced_before_a_file_pays_for_it() {
    let options = CrewOptions { n_workers: 1, max_memory_bytes: 1 << 30, ..CrewOptions::default() };
    let crew = Crew::new(options);
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 1);
    let intake = crew.scan(&[folder.path().to_owned()]);
    for _ in 0..6 {
        assert_eq!(crew.importer.drill(&Drill::Leak { n_bytes: 300 << 20 }), Some(Ok(Vec::new())));
        assert!(crew.importer.load_frame(only_instance(&intake), 0).is_ok());
    }
}

#[test]
fn a_wanted_frame_does_not_wait_for_workers_that_are_busy() {
    let options = CrewOptions { n_workers: 1, max_frame_time: Duration::from_secs(60), ..CrewOptions::default() };
    let crew = Crew::new(options);
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 1);
    let intake = crew.scan(&[folder.path().to_owned()]);
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| crew.importer.drill(&Drill::EndlessLoop));
        std::thread::sleep(Duration::from_millis(100));
        assert!(crew.importer.load_frame(only_instance(&intake), 0).is_ok());
        assert!(!busy.is_finished());
        crew.signal(Signal::KILL);
    });
}

#[test]
fn a_worker_that_hangs_is_ended_and_its_file_refused() {
    let options = CrewOptions { n_workers: 1, max_file_time: Duration::from_secs(1), ..CrewOptions::default() };
    let crew = Crew::new(options);
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 3);
    crew.scan(&[folder.path().to_owned()]);
    assert_eq!(crew.stop(), 1);
    let start = Instant::now();
    let intake = crew.scan(&[folder.path().to_owned()]);
    let refused: Vec<_> = intake.refused().map(|(_, notice)| notice.code).collect();
    assert_eq!(refused, [reason::READER_TIMED_OUT]);
    // Not of a time limit: of a scan that ends at all
    assert!(start.elapsed() < Duration::from_secs(180));
    assert_eq!(crew.scan(&[folder.path().to_owned()]).refused().count(), 0);
}

#[test]
fn a_cancel_is_heard_at_once_even_when_a_worker_hangs() {
    let options = CrewOptions { n_workers: 2, max_file_time: Duration::from_secs(1800), ..CrewOptions::default() };
    let crew = Crew::new(options);
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 50);
    crew.scan(&[folder.path().to_owned()]);
    crew.stop();
    let start = Instant::now();
    let cancel = || start.elapsed() > Duration::from_millis(200);
    let intake = crew.importer.scan(&[folder.path().to_owned()], &cancel, &|_| {});
    println!("cancelled {:?} after it was asked for", start.elapsed().saturating_sub(Duration::from_millis(200)));
    assert!(intake.was_cancelled);
    // Deaf, it would wait for the deadline of an hour
    assert!(start.elapsed() < Duration::from_secs(180));
    assert_eq!(crew.scan(&[folder.path().to_owned()]).refused().count(), 0);
}

#[test]
fn a_picture_beyond_the_memory_limit_is_refused_and_the_next_one_shown() {
    let folder = tempfile::tempdir().unwrap();
    let n_pixels = 12_000 * 12_000;
    let mut large = Written::ct("1.2.3.4");
    // 128 zeros in two bytes
    let plane: Vec<u8> = [129_u8, 0].repeat(n_pixels / 128);
    let frame = rle_of_segments(&[plane.clone(), plane]);
    large.size(1, 1).word(0x0028_0010, 12_000).word(0x0028_0011, 12_000).syntax("5").encapsulated(&[&frame]);
    large.write(folder.path(), "large.dcm");
    compressed(folder.path(), 1);
    let crew = Crew::new(CrewOptions { n_workers: 1, max_memory_bytes: 256 << 20, ..CrewOptions::default() });
    let intake = crew.scan(&[folder.path().to_owned()]);
    let found = instances(&intake);
    assert_eq!(found.len(), 2);
    for instance in found {
        let frame = crew.importer.load_frame(instance, 0);
        match instance.path.ends_with("large.dcm") {
            true => assert_eq!(frame.unwrap_err().code(), reason::READER_OUT_OF_MEMORY),
            false => assert!(frame.is_ok()),
        }
    }
}

#[test]
fn a_worker_can_read_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"as it was").unwrap();
    let crew = Crew::small();
    let possible = crew.importer.drill(&Drill::BreakOut { folder: folder.path().to_owned() }).unwrap().unwrap();
    if !has_landlock() {
        println!("skipped: this kernel has no Landlock");
        return;
    }
    assert_eq!(possible, [""; 0]);
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"as it was");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Version 4 and later bar the network too (Linux 6.7).
fn has_landlock() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut parts = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let is_new = (parts.next(), parts.next()) >= (Some(6), Some(7));
    let lsm = fs::read_to_string("/sys/kernel/security/lsm");
    // Where the list is not shown, a kernel of this age is taken to have it
    is_new && lsm.map_or(true, |names| names.contains("landlock"))
}

#[test]
fn workers_end_with_their_crew_and_with_their_parent() {
    let crew = Crew::small();
    crew.importer.prepare();
    await_that("two workers", || crew.pids().len() == 2);
    let name = crew.name.clone();
    let Crew { importer, .. } = crew;
    drop(importer);
    assert_eq!(workers_of(&name), [0; 0]);

    // The program itself, killed in the middle of a long scan
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 3000);
    let mut program = Command::new(env!("CARGO_BIN_EXE_overread"));
    program.args(["inspect", "--json"]).arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut parent = program.spawn().unwrap();
    let children = || {
        let path = format!("/proc/{0}/task", parent.id());
        let tasks = fs::read_dir(path).into_iter().flatten().flatten();
        let of_task = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
        let lists: Vec<String> = tasks.map(of_task).collect();
        lists.iter().flat_map(|list| list.split_whitespace()).map(|pid| pid.parse().unwrap()).collect::<Vec<i32>>()
    };
    let start = Instant::now();
    while children().is_empty() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let orphans = children();
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(!orphans.is_empty(), "no worker was seen");
    let is_gone = |pid: &i32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.is_empty() || status.contains("State:\tZ")
    };
    await_that("orphans end", || orphans.iter().all(is_gone));
}

#[test]
fn a_thousand_frames_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 20);
    let crew = Crew::small();
    let intake = crew.scan(&[folder.path().to_owned()]);
    let found = instances(&intake);
    let load = |n: usize| (0..n).for_each(|i| drop(crew.importer.load_frame(found[i % found.len()], 0).unwrap()));
    load(20);
    let n_files = |pid: i32| fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |list| list.count());
    let count = || -> BTreeMap<i32, usize> { crew.pids().into_iter().map(|pid| (pid, n_files(pid))).collect() };
    let most = count().into_values().max().unwrap_or(0);
    load(1000);
    // A worker opens a file of its own now and then, to see how large it has become; on a busy machine another may have
    // been hired, never more than one above the crew
    await_that("few workers with the same files", || {
        let after = count();
        (1..=3).contains(&after.len()) && after.values().all(|n| *n <= most)
    });
    // One piece of memory for each worker; those of other tests of this process may just be at work
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.lines().filter(|line| line.contains("overread samples")).count() < 20);
}

#[test]
fn a_program_that_is_no_worker_leaves_the_reading_to_this_process() {
    let folder = tempfile::tempdir().unwrap();
    compressed(folder.path(), 30);
    for program in ["/bin/false", "/bin/cat", "/nowhere/at/all"] {
        let importer = Importer::isolated(Path::new(program), CrewOptions { n_workers: 2, ..CrewOptions::default() });
        let intake = importer.scan(&[folder.path().to_owned()], &|| false, &|_| {});
        assert_eq!((intake.refused().count(), intake.files.len()), (0, 30), "{program}");
        assert!(importer.load_frame(instances(&intake)[0], 0).is_ok());
        assert_eq!(importer.drill(&Drill::Panic), None);
    }
}

#[test]
fn files_refused_for_their_own_faults_say_the_same_through_a_worker() {
    let folder = tempfile::tempdir().unwrap();
    let mut cut = Written::ct("1.2.3");
    let bytes = cut.text(0x0010_0010, "PN", "Nobody").bytes();
    fs::write(folder.path().join("cut.dcm"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(folder.path().join("empty.dcm"), b"").unwrap();
    let (apart, here) = (Crew::small(), Importer::default());
    let statuses = |importer: &Importer| -> Vec<FileStatus> {
        let intake = importer.scan(&[folder.path().to_owned()], &|| false, &|_| {});
        intake.files.into_iter().map(|file| file.status).collect()
    };
    assert_eq!(statuses(&apart.importer), statuses(&here));
}
