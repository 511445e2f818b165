//! Runs hostile files where they can do no harm: in a child process with a bound on its memory and a watchdog.
//!
//! Every file is read twice, so that a second run can be seen to say the same; afterwards no byte on disk is another.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use overread::domain::instance::Instance;
use overread::domain::intake::{FileStatus, Intake};
use overread::import::load_frame;
use sha2::{Digest as _, Sha256};

use crate::import::hostile::case::{Case, Outcome};
use crate::import::synthetic::scan_all;

/// Names the folder of cases to the child.
const FOLDER: &str = "OVERREAD_HOSTILE_FOLDER";
/// Far more than the two seconds a file may take: what is caught here hangs.
const WATCHDOG: Duration = Duration::from_secs(60);
/// Resident memory that a batch may add to the process.
const MAX_EXTRA_KIB: u64 = 512 << 10;
/// Address space beyond what the process has: threads and their heaps reserve more than they use.
const EXTRA_ADDRESS_SPACE: u64 = 2 << 30;

/// What one file came to: status, codes, frames, and the sentences that were said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub status: String,
    pub codes: Vec<String>,
    /// `whole`, `none`, or the code of the first frame that could not be had.
    pub frames: String,
    pub texts: String,
}

impl Seen {
    pub fn of(path: &Path) -> Self {
        let intake = scan_all(path);
        let notices = intake.files.iter().flat_map(|file| match &file.status {
            FileStatus::Read => Vec::new(),
            FileStatus::Warned(notices) => notices.clone(),
            FileStatus::Refused(notice) => vec![notice.clone()],
        });
        let notices: Vec<_> = notices.collect();
        let is_refused = intake.refused().next().is_some();
        Self {
            status: if is_refused { "refused" } else { "opens" }.to_owned(),
            codes: notices.iter().map(|notice| notice.code.to_owned()).collect(),
            frames: frames(&intake),
            texts: notices.iter().map(|notice| notice.text.as_str()).collect::<Vec<_>>().join(" | "),
        }
    }

    pub fn from_line(line: &str) -> Option<(String, Self)> {
        let mut fields = line.strip_prefix("CASE\t")?.split('\t').map(str::to_owned);
        let name = fields.next()?;
        let (status, codes, frames, texts) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let codes = codes.split('+').filter(|code| !code.is_empty()).map(str::to_owned).collect();
        Some((name, Self { status, codes, frames, texts }))
    }

    fn line(&self, name: &str) -> String {
        format!("CASE\t{name}\t{}\t{}\t{}\t{:?}", self.status, self.codes.join("+"), self.frames, self.texts)
    }
}

pub fn instances(intake: &Intake) -> impl Iterator<Item = &Instance> {
    intake.studies.iter().flat_map(|study| &study.series).flat_map(|series| &series.instances).map(AsRef::as_ref)
}

/// The first frames and the last.
fn frames(intake: &Intake) -> String {
    let Some(instance) = instances(intake).next() else { return "none".to_owned() };
    let n_frames = instance.n_frames();
    let chosen = (0..n_frames.min(4)).chain([n_frames - 1]);
    let mut results = chosen.map(|frame| load_frame(instance, frame).map_err(|error| error.code()));
    results.find_map(Result::err).unwrap_or("whole").to_owned()
}

/// Puts every case through the child and holds what it saw against the table.
pub fn check(cases: &[Case]) {
    let folder = tempfile::tempdir().unwrap();
    for (index, case) in cases.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{index:04}")), &case.bytes).unwrap();
    }
    let before = hashes(folder.path());
    let seen = run_child(folder.path());
    assert_eq!(before, hashes(folder.path()), "a file was written, changed or removed");
    let mut wrong = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let what = format!("row {} {}", case.row, case.name);
        match seen.get(&format!("{index:04}")) {
            None => wrong.push(format!("{what}: the process did not survive it")),
            Some(seen) => wrong.extend(fault(case, seen).map(|fault| format!("{what}: {fault}"))),
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn fault(case: &Case, seen: &Seen) -> Option<String> {
    let (status, codes, frames) = match case.outcome {
        Outcome::Refused(code) => ("refused", vec![code], "none"),
        Outcome::Opens(codes) => ("opens", codes.to_vec(), "whole"),
        Outcome::NoFrame(codes, frame) => ("opens", codes.to_vec(), frame),
    };
    let mut found: Vec<&str> = seen.codes.iter().map(String::as_str).collect();
    found.sort_unstable();
    let mut expected = codes;
    expected.sort_unstable();
    if (seen.status.as_str(), &found, seen.frames.as_str()) != (status, &expected, frames) {
        return Some(format!("{seen:?} instead of {:?}", case.outcome));
    }
    let has_told = seen.texts.contains("CANARY") || seen.texts.contains("ZEBRA");
    has_told.then(|| format!("a message tells the patient's name: {}", seen.texts))
}

pub fn hashes(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => pending.push(entry.path()),
                false => {
                    let digest = Sha256::digest(std::fs::read(entry.path()).unwrap());
                    found.insert(entry.path(), format!("{digest:x?}"));
                }
            }
        }
    }
    found
}

/// What the child saw, by file name. A file that ends the child is not in it, nor are those behind it.
fn run_child(folder: &Path) -> BTreeMap<String, Seen> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["import::hostile::harness::reads_what_it_is_told_to", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, receiver) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let mut seen = BTreeMap::new();
    let mut extra_kib = None;
    while let Ok(line) = receiver.recv_timeout(WATCHDOG) {
        if let Some((name, case)) = Seen::from_line(&line) {
            seen.insert(name, case);
        }
        if let Some(kib) = line.strip_prefix("EXTRA_KIB\t") {
            extra_kib = kib.parse::<u64>().ok();
        }
    }
    // Ended already, unless the watchdog barked
    child.kill().ok();
    child.wait().unwrap();
    reader.join().unwrap();
    if let Some(kib) = extra_kib {
        assert!(kib < MAX_EXTRA_KIB, "{kib} KiB more than before");
    }
    seen
}

/// The child's part; without a folder to read, it has nothing to do.
#[test]
fn reads_what_it_is_told_to() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let before_kib = bound_memory();
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    println!();
    for name in names {
        let path = folder.join(&name);
        let seen = Seen::of(&path);
        assert_eq!(seen, Seen::of(&path), "the second run saw another thing");
        println!("{}", seen.line(&name.to_string_lossy()));
    }
    if let (Some(before), Some(peak)) = (before_kib, status_kib("VmHWM:")) {
        println!("EXTRA_KIB\t{}", peak.saturating_sub(before));
    }
}

/// Bounds the address space; resident memory now, where the system tells it.
#[cfg(target_os = "linux")]
pub fn bound_memory() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let bound = status_kib("VmSize:")? * 1024 + EXTRA_ADDRESS_SPACE;
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(bound), maximum }).unwrap();
    status_kib("VmRSS:")
}

#[cfg(not(target_os = "linux"))]
pub fn bound_memory() -> Option<u64> {
    None
}

pub fn status_kib(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
