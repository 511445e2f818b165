//! Writes the phantom as a DICOM study into a folder of its own, with the truth beside it.
//!
//! One study, two series: a chest CT and a PA radiograph of the same made-up patient. Each file appears whole or not at
//! all; `truth.json` comes last, so its presence means that the study is complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::domain::intake::Progress;
use crate::export::phantom_dicom::{self, PhantomUids};
use crate::imaging::phantom::{CtGrid, PHANTOM_VERSION, RadiographGrid, Scene, Truth, ct, radiograph, truth};

pub use crate::imaging::phantom::PhantomOptions;

/// Name of the file that holds the truth.
pub const TRUTH_FILE: &str = "truth.json";

/// A phantom on disk.
#[derive(Clone, Debug)]
pub struct PhantomStudy {
    /// The DICOM files, sorted: CT slices from the feet up, then the radiograph.
    pub files: Vec<PathBuf>,
    pub truth_file: PathBuf,
    pub truth: Truth,
    /// The files were there already.
    pub was_reused: bool,
}

#[derive(Debug, Error)]
pub enum PhantomError {
    #[error("stopped before the phantom was complete")]
    Cancelled,
    #[error("the phantom cannot be written to its folder: {0}")]
    Io(#[from] io::Error),
    #[error("the phantom's {what} does not make a DICOM file: {reason}")]
    Dicom { what: &'static str, reason: String },
}

impl PhantomError {
    /// Stable, for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Io(_) => "io",
            Self::Dicom { .. } => "dicom",
        }
    }
}

/// What `truth.json` says.
#[derive(Serialize)]
struct TruthDocument<'a> {
    schema: u32,
    phantom_version: &'a str,
    /// Of everything that shaped the pictures.
    fingerprint: &'a str,
    note: &'a str,
    study_instance_uid: String,
    files: &'a [FileRecord],
    #[serde(flatten)]
    truth: &'a Truth,
}

/// What is needed to see that a study is complete.
#[derive(Deserialize)]
struct CompletenessRecord {
    fingerprint: String,
    files: Vec<FileRecord>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct FileRecord {
    /// Relative to the folder, with `/`.
    path: String,
    bytes: u64,
}

/// Writes the study into `dir`, or leaves it when the same one is there already. Touches nothing outside `dir`.
pub fn write(
    dir: &Path,
    options: &PhantomOptions,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Result<PhantomStudy, PhantomError> {
    let fingerprint = fingerprint(options);
    let scene = options.scene();
    let truth = truth(options, &scene);
    let truth_file = dir.join(TRUTH_FILE);
    if let Some(records) = complete_study(dir, &fingerprint) {
        let files = records.iter().map(|record| dir.join(&record.path)).collect();
        return Ok(PhantomStudy { files, truth_file, truth, was_reused: true });
    }
    fs::create_dir_all(dir)?;
    // A study that is about to be replaced is no longer complete.
    remove_if_there(&truth_file)?;
    let mut writer =
        Writer { dir, uids: PhantomUids::new(&fingerprint), records: Vec::new(), n_total: n_files(options) };
    let report = |n_done: usize, n_total: usize| progress(Progress { n_done, n_total });
    report(0, writer.n_total);
    if let Some(grid) = &options.ct {
        writer.ct_series(&scene, grid, options, cancel, &report)?;
    }
    if let Some(grid) = &options.radiograph {
        writer.radiograph(&scene, grid, options, cancel)?;
        report(writer.n_total, writer.n_total);
    }
    let Writer { uids, records, .. } = writer;
    let document = TruthDocument {
        schema: 1,
        phantom_version: PHANTOM_VERSION,
        fingerprint: &fingerprint,
        note: "A made-up patient. Lesions in patient space (LPS, mm); widths at the patient's middle plane.",
        study_instance_uid: uids.study(),
        files: &records,
        truth: &truth,
    };
    let text = serde_json::to_vec_pretty(&document).map_err(io::Error::from)?;
    write_whole(&truth_file, &text)?;
    let files = records.iter().map(|record| dir.join(&record.path)).collect();
    Ok(PhantomStudy { files, truth_file, truth, was_reused: false })
}

/// A short hash of everything that shapes the pictures.
fn fingerprint(options: &PhantomOptions) -> String {
    let digest = Sha256::digest(format!("{PHANTOM_VERSION} {options:?}"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn n_files(options: &PhantomOptions) -> usize {
    let n_slices = options.ct.map_or(0, |grid| grid.n_slices as usize);
    n_slices + usize::from(options.radiograph.is_some())
}

/// The files of a complete study of this fingerprint, when one lies in `dir`.
fn complete_study(dir: &Path, fingerprint: &str) -> Option<Vec<FileRecord>> {
    let text = fs::read(dir.join(TRUTH_FILE)).ok()?;
    let record: CompletenessRecord = serde_json::from_slice(&text).ok()?;
    let is_there = |file: &FileRecord| fs::metadata(dir.join(&file.path)).is_ok_and(|meta| meta.len() == file.bytes);
    (record.fingerprint == fingerprint && record.files.iter().all(is_there)).then_some(record.files)
}

struct Writer<'a> {
    dir: &'a Path,
    uids: PhantomUids,
    records: Vec<FileRecord>,
    n_total: usize,
}

/// Slices made and written at a time: a cancel waits for no more than this.
const SLICES_PER_ROUND: u32 = 8;

impl Writer<'_> {
    fn ct_series(
        &mut self,
        scene: &Scene,
        grid: &CtGrid,
        options: &PhantomOptions,
        cancel: &dyn Fn() -> bool,
        report: &dyn Fn(usize, usize),
    ) -> Result<(), PhantomError> {
        fs::create_dir_all(self.dir.join("ct"))?;
        let mut next = 0;
        while next < grid.n_slices {
            if cancel() {
                return Err(PhantomError::Cancelled);
            }
            let end = (next + SLICES_PER_ROUND).min(grid.n_slices);
            let uids = &self.uids;
            let files: Result<Vec<Vec<u8>>, PhantomError> = (next..end)
                .into_par_iter()
                .map(|index| {
                    let values = ct::slice(scene, grid, index, options.seed, options.noise);
                    phantom_dicom::ct_file(uids, grid, index, &values)
                })
                .collect();
            for (index, bytes) in (next..).zip(files?) {
                self.keep(format!("ct/{:04}.dcm", index + 1), &bytes)?;
            }
            next = end;
            report(self.records.len(), self.n_total);
        }
        Ok(())
    }

    fn radiograph(
        &mut self,
        scene: &Scene,
        grid: &RadiographGrid,
        options: &PhantomOptions,
        cancel: &dyn Fn() -> bool,
    ) -> Result<(), PhantomError> {
        if cancel() {
            return Err(PhantomError::Cancelled);
        }
        fs::create_dir_all(self.dir.join("dx"))?;
        let values = radiograph::radiograph(scene, grid, options.seed, options.noise);
        let bytes = phantom_dicom::radiograph_file(&self.uids, grid, &values)?;
        self.keep("dx/0001.dcm".to_owned(), &bytes)
    }

    fn keep(&mut self, path: String, bytes: &[u8]) -> Result<(), PhantomError> {
        write_whole(&self.dir.join(&path), bytes)?;
        self.records.push(FileRecord { path, bytes: bytes.len() as u64 });
        Ok(())
    }
}

/// Under a passing name first, so that nobody ever reads half a file.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let passing = path.with_extension("part");
    fs::write(&passing, bytes)?;
    fs::rename(&passing, path)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
