//! The peers: libraries in Python that stay for all rounds, and DCMTK's tools by their processes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::app::cli::bench::import::Setting;
use crate::app::cli::bench::measure::{Part, Way, clocked};
use crate::app::cli::bench::python::PythonPeer;

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
    let mut peer = PythonPeer::start(python, SCRIPT, &header, &[])?;
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

/// A way that reads every file whole, on two threads; `keep` says whether the bytes stay.
pub fn bare_read<'a>(id: &str, what: &str, files: &[PathBuf], keeps: bool) -> Way<'a> {
    let files = files.to_vec();
    Way::new(vec![Part::new(id, what)], move || {
        let (read, seconds) = clocked(|| if keeps { read_kept(&files) } else { read_over(&files) });
        drop(read?);
        Ok(vec![seconds])
    })
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

fn read_over(files: &[PathBuf]) -> Result<Bytes, String> {
    let into = |path: &Path, buffer: &mut Vec<u8>| -> std::io::Result<()> {
        use std::io::Read as _;
        buffer.clear();
        std::fs::File::open(path)?.read_to_end(buffer).map(drop)
    };
    halves(files, |files| {
        let mut buffer = Vec::new();
        files.iter().try_for_each(|path| into(path, &mut buffer))?;
        Ok(Vec::new())
    })
}
