//! The peers: libraries in Python that stay for all rounds, and DCMTK's tools by their processes.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::app::cli::bench::import::Setting;
use crate::app::cli::bench::measure::{Part, Way, clocked};
use crate::app::cli::bench::peer::Peer;
use crate::import::slab::Slab;

const SCRIPT: &str = include_str!("peers.py");
/// Compiled by the script where DCMTK's headers are.
const DCMTK_SOURCE: &str = include_str!("dcmtk_volume.cc");

/// One library at one kind of work, by its function in the script. Nothing without a Python.
pub fn python<'a>(
    setting: &Setting<'_>,
    work: &str,
    what: &str,
    files: &[PathBuf],
    n_frames: u32,
) -> Result<Option<Way<'a>>, String> {
    let Some(python) = setting.peer_python else { return Ok(None) };
    let header = json!({
        "work": work, "n_frames": n_frames, "files": files.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        "source": DCMTK_SOURCE,
        "folder": files.first().and_then(|file| file.parent()).map(|folder| folder.to_string_lossy()),
    });
    let mut peer = Peer::python(python, SCRIPT, &header, &[])?;
    let version = peer.facts.get("version").and_then(Value::as_str).unwrap_or_default();
    let part = Part::new(work, format!("{what} ({version})"));
    Ok(Some(Way::new(vec![part], move || peer.round().map(|seconds| vec![seconds]))))
}

/// DCMTK's `dcmdump` over all files in one process, less its start on one small file. `None` where it is not installed.
pub fn dcmdump<'a>(id: &str, what: &str, extra: &[&str], files: &[PathBuf]) -> Option<Way<'a>> {
    let one = files.first()?.clone();
    let run = |options: &[String], files: &[PathBuf]| -> Result<(), String> {
        let mut command = Command::new("dcmdump");
        command.args(options).args(files).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().map(drop).map_err(|error| format!("dcmdump does not start: {error}"))
    };
    let options: Vec<String> =
        ["-q", "+P", "0020,0032"].iter().chain(extra).map(|option| (*option).to_owned()).collect();
    run(&options, std::slice::from_ref(&one)).ok()?;
    let files = files.to_vec();
    Some(Way::new(vec![Part::new(id, what)], move || {
        let (all, seconds) = clocked(|| run(&options, &files));
        let (start, start_seconds) = clocked(|| run(&options, std::slice::from_ref(&one)));
        all.and(start)?;
        Ok(vec![(seconds - start_seconds).max(1e-6)])
    }))
}

/// A way that reads every file whole, on two threads, each into memory of its own.
pub fn bare_read<'a>(id: &str, what: &str, files: &[PathBuf]) -> Way<'a> {
    let files = files.to_vec();
    Way::new(vec![Part::new(id, what)], move || {
        let (read, seconds) = clocked(|| read_kept(&files));
        drop(read?);
        Ok(vec![seconds])
    })
}

/// A way that reads every file whole, on two threads, into one block that stays and holds them all.
pub fn bare_read_standing<'a>(id: &str, what: &str, files: &[PathBuf]) -> Result<Way<'a>, String> {
    let failed = |error: std::io::Error| format!("the series cannot be read: {error}");
    let sizes = files.iter().map(|file| Ok(file.metadata()?.len() as usize)).collect::<std::io::Result<Vec<_>>>();
    let files: Vec<(PathBuf, usize)> = files.iter().cloned().zip(sizes.map_err(failed)?).collect();
    let n_total = files.iter().map(|(_, size)| size).sum();
    let mut block = Slab::new(n_total).ok_or("no memory to read into")?;
    Ok(Way::new(vec![Part::new(id, what)], move || {
        let (first, second) = files.split_at(files.len() / 2);
        let n_first = first.iter().map(|(_, size)| size).sum();
        let (left, right) = block.bytes_mut().split_at_mut(n_first);
        let read = || rayon::join(|| read_in_row(first, left), || read_in_row(second, right));
        let ((a, b), seconds) = clocked(read);
        a.and(b).map_err(failed)?;
        Ok(vec![seconds])
    }))
}

fn read_in_row(files: &[(PathBuf, usize)], mut place: &mut [u8]) -> std::io::Result<()> {
    use std::io::Read as _;
    for (file, size) in files {
        let (here, rest) = std::mem::take(&mut place).split_at_mut(*size);
        std::fs::File::open(file)?.read_exact(here)?;
        place = rest;
    }
    Ok(())
}

type Bytes = Vec<Vec<u8>>;

fn halves(files: &[PathBuf], read: impl Fn(&[PathBuf]) -> std::io::Result<Bytes> + Sync) -> Result<Bytes, String> {
    let (a, b) = files.split_at(files.len() / 2);
    let (a, b) = rayon::join(|| read(a), || read(b));
    let both = a.and_then(|a| b.map(|b| [a, b].concat()));
    both.map_err(|error| format!("the series cannot be read: {error}"))
}

fn read_kept(files: &[PathBuf]) -> Result<Bytes, String> {
    halves(files, |files| files.iter().map(std::fs::read).collect())
}
