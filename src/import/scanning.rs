//! The scan itself: files read in parallel, outcomes gathered, pictures grouped into studies.

use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use sha2::{Digest as _, Sha256};

use crate::domain::intake::{FileOutcome, FileStatus, Intake, Notice, Progress};
use crate::domain::series::Regularity;
use crate::domain::study::Study;
use crate::import::ScanOptions;
use crate::import::dicom::attributes::{self, ImageObject};
use crate::import::dicom::dicomdir::{self, Reference};
use crate::import::dicom::file::{DicomFile, FIRST_READ};
use crate::import::dicom::grouping::{self, Grouped};
use crate::import::dicom::source::Source;
use crate::import::error::ImportError;
use crate::import::folder::{self, Listing};
use crate::import::limits::Limits;
use crate::import::recognize::{self, FileKind};
use crate::import::{raster, reason};

/// Decoders and parsers get the stack of a main thread.
const STACK_BYTES: usize = 8 << 20;

/// A scan that is through before this shows its result as a whole.
const FIRST_PARTIAL: Duration = Duration::from_millis(200);

/// Who follows a scan, on the thread that called for it.
pub struct Listener<'a> {
    pub cancel: &'a dyn Fn() -> bool,
    pub progress: &'a dyn Fn(Progress),
    /// Takes what has been read so far, when the whole lets itself be waited for.
    pub partial: &'a dyn Fn(Vec<Arc<Study>>),
}

/// What one file turned out to be.
pub enum Found {
    Image(Box<ImageObject>),
    Index(Vec<Reference>),
}

pub type Read = (PathBuf, Result<Found, ImportError>);

/// Who reads the files of a scan: threads of this process, or processes of their own.
pub trait Readers {
    /// Reads `files` elsewhere while `gather` takes in on the calling thread what they send; `gather` returns when the
    /// last sender has gone. Files not begun when `is_stopped` is set are left out.
    fn read(&self, files: &[PathBuf], limits: &Limits, is_stopped: &AtomicBool, gather: &mut dyn FnMut(Receiver<Read>));
}

pub fn scan(paths: &[PathBuf], options: &ScanOptions, readers: &dyn Readers, listener: &Listener<'_>) -> Intake {
    let Listener { cancel, .. } = listener;
    let limits = &options.limits;
    let Listing { files, failed } = folder::list(paths, limits, *cancel);
    let (n_total, was_cancelled) = (files.len(), cancel());
    let patience = FIRST_PARTIAL;
    let mut run = Run { limits, readers, listener, n_done: 0, n_total, was_cancelled, began: Instant::now(), patience };
    let mut reads = run.read_all(&files);
    let from_indexes = run.follow_indexes(paths, &files, &mut reads);
    let mut outcomes: Vec<FileOutcome> =
        failed.into_iter().map(|(path, error)| refused(path, &error)).chain(from_indexes).collect();
    let mut objects = Vec::new();
    for (path, result) in reads {
        match result {
            Ok(Found::Image(object)) => {
                outcomes.push(FileOutcome { path, status: status(&object.instance.notices) });
                objects.push(*object);
            }
            Ok(Found::Index(_)) => outcomes.push(FileOutcome { path, status: FileStatus::Read }),
            Err(error) => outcomes.push(refused(path, &error)),
        }
    }
    objects.sort_by(|a, b| a.instance.path.cmp(&b.instance.path));
    let Grouped { studies, refused, duplicates, warned } = grouping::group(objects, &digest);
    outcomes.sort_by(|a, b| a.path.cmp(&b.path));
    outcomes.dedup();
    for (path, notice) in refused {
        replace(&mut outcomes, &path, FileStatus::Refused(notice));
    }
    for path in duplicates {
        let notice = Notice::new(reason::DUPLICATE_SOP, "The same object is also in another file; it is shown once");
        replace(&mut outcomes, &path, FileStatus::Warned(vec![notice]));
    }
    for (path, notice) in warned {
        add(&mut outcomes, &path, notice);
    }
    Intake { studies, files: outcomes, was_cancelled: run.was_cancelled }
}

fn refused(path: PathBuf, error: &ImportError) -> FileOutcome {
    FileOutcome { path, status: FileStatus::Refused(error.notice()) }
}

fn status(notices: &[Notice]) -> FileStatus {
    if notices.is_empty() { FileStatus::Read } else { FileStatus::Warned(notices.to_vec()) }
}

/// `outcomes` are in path order.
fn replace(outcomes: &mut [FileOutcome], path: &Path, status: FileStatus) {
    let found = outcomes.binary_search_by(|outcome| outcome.path.as_path().cmp(path));
    if let Some(outcome) = found.ok().and_then(|index| outcomes.get_mut(index)) {
        outcome.status = status;
    }
}

/// Says `notice` of a file before all else that is said of it; `outcomes` are in path order.
fn add(outcomes: &mut [FileOutcome], path: &Path, notice: Notice) {
    let found = outcomes.binary_search_by(|outcome| outcome.path.as_path().cmp(path));
    match found.ok().and_then(|index| outcomes.get_mut(index)).map(|outcome| &mut outcome.status) {
        Some(FileStatus::Warned(notices)) => notices.insert(0, notice),
        Some(status) => *status = FileStatus::Warned(vec![notice]),
        None => {}
    }
}

/// A study of which not all has been read: nothing is said yet of what its series lack.
fn without_judgement(study: &mut Study) {
    for series in study.series.iter_mut().filter_map(Arc::get_mut) {
        series.notices.retain(|notice| notice.code == reason::PATIENT_CONFLICT);
        series.geometry.regularity = Regularity::NotAStack;
    }
}

/// One scan under way on the calling thread.
struct Run<'a> {
    limits: &'a Limits,
    readers: &'a dyn Readers,
    listener: &'a Listener<'a>,
    n_done: usize,
    n_total: usize,
    was_cancelled: bool,
    began: Instant,
    /// From the beginning to the next partial result.
    patience: Duration,
}

impl Run<'_> {
    /// Progress and cancel stay on this thread.
    fn read_all(&mut self, files: &[PathBuf]) -> Vec<Read> {
        (self.listener.progress)(Progress { n_done: self.n_done, n_total: self.n_total });
        if files.is_empty() || self.was_cancelled {
            return Vec::new();
        }
        let mut reads = Vec::with_capacity(files.len());
        let is_stopped = AtomicBool::new(false);
        let (readers, limits) = (self.readers, self.limits);
        readers.read(files, limits, &is_stopped, &mut |receiver| self.gather(&receiver, &is_stopped, &mut reads));
        reads
    }

    fn gather(&mut self, receiver: &Receiver<Read>, is_stopped: &AtomicBool, reads: &mut Vec<Read>) {
        loop {
            match receiver.recv_timeout(Duration::from_millis(20)) {
                Ok(read) => {
                    reads.push(read);
                    self.n_done += 1;
                    (self.listener.progress)(Progress { n_done: self.n_done, n_total: self.n_total });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if !self.was_cancelled && (self.listener.cancel)() {
                self.was_cancelled = true;
                is_stopped.store(true, Ordering::Relaxed);
            }
            if self.n_done < self.n_total && !self.was_cancelled && self.began.elapsed() >= self.patience {
                self.show(reads);
            }
        }
    }

    /// Hands out what has been read so far; each time more of it, so that all together costs little more than once.
    fn show(&mut self, reads: &[Read]) {
        let images = reads.iter().filter_map(|(_, found)| match found {
            Ok(Found::Image(object)) => Some(object.as_ref().clone()),
            Ok(Found::Index(_)) | Err(_) => None,
        });
        let mut objects: Vec<ImageObject> = images.collect();
        objects.sort_by(|a, b| a.instance.path.cmp(&b.instance.path));
        // Files of one identifier are compared at the end, and what is missing may still come
        let Grouped { mut studies, .. } = grouping::group(objects, &|_| Some(Vec::new()));
        studies.iter_mut().filter_map(Arc::get_mut).for_each(without_judgement);
        if !studies.is_empty() {
            (self.listener.partial)(studies);
        }
        self.patience = self.began.elapsed() * 3;
    }

    /// A DICOMDIR that was named itself stands for the files it lists; one met in a folder adds nothing new.
    fn follow_indexes(&mut self, paths: &[PathBuf], files: &[PathBuf], reads: &mut Vec<Read>) -> Vec<FileOutcome> {
        let mut more: Vec<PathBuf> = Vec::new();
        let mut outcomes = Vec::new();
        for (path, result) in reads.iter().filter(|(path, _)| paths.contains(path)) {
            let Ok(Found::Index(references)) = result else { continue };
            for reference in references {
                match reference {
                    Ok(file) if file.is_file() => more.push(file.clone()),
                    Ok(file) => outcomes.push(refused(file.clone(), &ImportError::NotFound)),
                    Err(error) => outcomes.push(refused(path.clone(), error)),
                }
            }
        }
        // The listing is sorted
        more.retain(|file| files.binary_search(file).is_err());
        more.sort();
        more.dedup();
        self.n_total += more.len();
        let mut found = self.read_all(&more);
        reads.append(&mut found);
        outcomes
    }
}

/// Threads of this process.
pub struct InProcess;

impl Readers for InProcess {
    fn read(
        &self,
        files: &[PathBuf],
        limits: &Limits,
        is_stopped: &AtomicBool,
        gather: &mut dyn FnMut(Receiver<Read>),
    ) {
        let pool =
            rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).thread_name(|index| format!("import {index}"));
        let Ok(pool) = pool.build() else {
            // No threads to be had: one file after the other
            for path in files.iter().take_while(|_| !is_stopped.load(Ordering::Relaxed)) {
                let (sender, receiver) = mpsc::channel();
                sender.send((path.clone(), read_file(path, limits))).unwrap_or_default();
                drop(sender);
                gather(receiver);
            }
            return;
        };
        let (sender, receiver) = mpsc::channel();
        pool.in_place_scope(|scope| {
            scope.spawn(move |_| {
                files.par_iter().for_each_with(sender, |sender, path| {
                    if !is_stopped.load(Ordering::Relaxed) {
                        // The receiver outlives every sender
                        sender.send((path.clone(), read_file(path, limits))).unwrap_or_default();
                    }
                });
            });
            gather(receiver);
        });
    }
}

/// Reads one file, opened once; what it makes fail costs that file only.
pub fn read_file(path: &Path, limits: &Limits) -> Result<Found, ImportError> {
    let read = || -> Result<Found, ImportError> {
        let source = Source::open(path)?;
        let head = source.head(FIRST_READ)?;
        match recognize::file_kind(&head) {
            FileKind::Dicom => dicom_file(path, &DicomFile::read(source, head, limits)?, limits),
            FileKind::Raster(format) => {
                let object = raster::image_object(path, format, limits)?;
                Ok(Found::Image(Box::new(object)))
            }
            FileKind::Other => Err(ImportError::NotAnImageFile),
        }
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(ImportError::Panicked))
}

/// Looks at the first bytes of a regular file.
pub fn kind_of(path: &Path) -> Result<FileKind, ImportError> {
    Ok(recognize::file_kind(&Source::open(path)?.head(1024)?))
}

fn dicom_file(path: &Path, file: &DicomFile, limits: &Limits) -> Result<Found, ImportError> {
    if dicomdir::is_index(file) {
        return Ok(Found::Index(dicomdir::references(path, file)));
    }
    Ok(Found::Image(Box::new(attributes::image_object(path, file, limits)?)))
}

/// SHA-256 of a file's bytes; `None` when it cannot be read any more.
fn digest(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk).ok()? {
            0 => return Some(hasher.finalize().to_vec()),
            n => hasher.update(chunk.get(..n)?),
        }
    }
}
