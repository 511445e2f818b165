//! The scan itself: the walk finds files, readers read them meanwhile, outcomes are gathered, pictures grouped into
//! studies. What comes out depends on the files alone, never on who was quicker.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};
use sha2::{Digest as _, Sha256};

use crate::domain::intake::{FileOutcome, FileStatus, Intake, Notice, Progress};
use crate::domain::series::Regularity;
use crate::domain::study::Study;
use crate::import::ScanOptions;
use crate::import::dicom::attributes::{self, ImageObject};
use crate::import::dicom::dicomdir::{self, Reference};
use crate::import::dicom::file::{DicomFile, FIRST_READ};
use crate::import::dicom::grouping::{self, Grouped};
use crate::import::dicom::results::{self, DocumentObject, attach};
use crate::import::dicom::source::Source;
use crate::import::dicom::sources;
use crate::import::error::ImportError;
use crate::import::feed::Feed;
use crate::import::folder::{self, Failed};
use crate::import::limits::Limits;
use crate::import::recognize::{self, FileKind};
use crate::import::repeated_facts::RepeatedFacts;
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
    Image(ImageObject),
    /// A result of another product: no picture.
    Document(Box<DocumentObject>),
    Index(Vec<Reference>),
}

pub type Read = (PathBuf, Result<Found, ImportError>);

/// Who reads the files of a scan: threads of this process, or processes of their own.
pub trait Readers {
    /// Reads the files of `feed` elsewhere, until it is at its end, while `gather` takes in on the calling thread what
    /// they send; `gather` returns when the last sender has gone.
    fn read(&self, feed: &Feed, limits: &Limits, gather: &mut dyn FnMut(Receiver<Read>));
}

pub fn scan(paths: &[PathBuf], options: &ScanOptions, readers: &dyn Readers, listener: &Listener<'_>) -> Intake {
    let limits = &options.limits;
    let mut run = Run {
        limits,
        readers,
        listener,
        gathered: Gathered { named: paths.iter().cloned().collect(), ..Gathered::default() },
        n_before: 0,
        was_cancelled: (listener.cancel)(),
        began: Instant::now(),
        patience: FIRST_PARTIAL,
    };
    let failed = run.read_all(&|feed| folder::walk(paths, limits, feed));
    run.gathered.outcomes.extend(failed.into_iter().map(|(path, error)| refused(path, &error)));
    run.follow_indexes();
    let Run { gathered, was_cancelled, .. } = run;
    gathered.intake(was_cancelled)
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

/// What has been read, in the order in which it came.
#[derive(Default)]
struct Gathered {
    outcomes: Vec<FileOutcome>,
    objects: Vec<ImageObject>,
    documents: Vec<DocumentObject>,
    repeated: RepeatedFacts,
    /// What the scan was asked for. An index among it stands for the files it lists; one met in a folder adds nothing.
    named: BTreeSet<PathBuf>,
    /// Of the indexes that count, each with the path of its own.
    references: Vec<(PathBuf, Vec<Reference>)>,
}

impl Gathered {
    fn add(&mut self, (path, found): Read) {
        match found {
            Ok(Found::Image(object)) => {
                self.outcomes.push(FileOutcome { path, status: status(&object.instance.notices) });
                self.objects.push(self.repeated.shared(object));
            }
            Ok(Found::Document(document)) => {
                self.outcomes.push(FileOutcome { path, status: status(&document.notices) });
                self.documents.push(*document);
            }
            Ok(Found::Index(references)) => {
                if self.named.contains(&path) {
                    self.references.push((path.clone(), references));
                }
                self.outcomes.push(FileOutcome { path, status: FileStatus::Read });
            }
            Err(error) => self.outcomes.push(refused(path, &error)),
        }
    }

    /// In the order of their paths, as the final result has them.
    fn sorted_objects(&mut self) -> &[ImageObject] {
        self.objects.sort_by(|a, b| a.instance.path.cmp(&b.instance.path));
        &self.objects
    }

    fn intake(mut self, was_cancelled: bool) -> Intake {
        self.sorted_objects();
        let Self { mut outcomes, mut objects, documents, .. } = self;
        let of_sources = sources::check(&mut objects);
        let Grouped { mut studies, refused, duplicates, warned } = grouping::group(objects, &digest);
        let attached = attach::attach(&mut studies, documents);
        outcomes.sort_by(|a, b| a.path.cmp(&b.path));
        outcomes.dedup();
        for (path, notice) in refused {
            replace(&mut outcomes, &path, FileStatus::Refused(notice));
        }
        for path in duplicates {
            let notice =
                Notice::new(reason::DUPLICATE_SOP, "The same object is also in another file; it is shown once");
            replace(&mut outcomes, &path, FileStatus::Warned(vec![notice]));
        }
        for document in &attached.orphans {
            replace(&mut outcomes, &document.path, FileStatus::Refused(attach::refusal(document)));
        }
        for (path, notice) in warned.into_iter().chain(of_sources).chain(attached.warned) {
            add(&mut outcomes, &path, notice);
        }
        let documents = attached.orphans.into_iter().map(Arc::new).collect();
        Intake { studies, documents, files: outcomes, was_cancelled }
    }
}

/// One scan under way on the calling thread.
struct Run<'a> {
    limits: &'a Limits,
    readers: &'a dyn Readers,
    listener: &'a Listener<'a>,
    gathered: Gathered,
    /// Files of earlier feeds.
    n_before: usize,
    was_cancelled: bool,
    began: Instant,
    /// From the beginning to the next partial result.
    patience: Duration,
}

impl Run<'_> {
    /// Reads what `find` puts into a feed while it still looks for more. Progress and cancel stay on this thread.
    fn read_all(&mut self, find: &(dyn Fn(&Feed) -> Failed + Sync)) -> Failed {
        if self.was_cancelled {
            return Failed::new();
        }
        let feed = Feed::default();
        self.tell(&feed, self.n_before);
        let mut failed = Failed::new();
        let mut walk = || {
            let _end = Completing(&feed);
            failed = find(&feed);
        };
        match threads("walk", Some(1)) {
            Some(pool) => pool.in_place_scope(|scope| {
                scope.spawn(|_| walk());
                self.read(&feed);
            }),
            // No thread to be had: one after the other
            None => {
                walk();
                self.read(&feed);
            }
        }
        self.n_before += feed.n_total().unwrap_or(0);
        failed
    }

    fn read(&mut self, feed: &Feed) {
        let (readers, limits) = (self.readers, self.limits);
        let mut n_done = self.n_before;
        readers.read(feed, limits, &mut |receiver| n_done = self.gather(&receiver, feed, n_done));
    }

    /// `n_done` and all that came since.
    fn gather(&mut self, receiver: &Receiver<Read>, feed: &Feed, mut n_done: usize) -> usize {
        loop {
            match receiver.recv_timeout(Duration::from_millis(20)) {
                Ok(read) => {
                    self.gathered.add(read);
                    n_done += 1;
                    self.tell(feed, n_done);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return n_done,
            }
            if !self.was_cancelled && (self.listener.cancel)() {
                self.was_cancelled = true;
                feed.stop();
            }
            let is_over = || feed.n_total().is_some_and(|n_found| n_done >= self.n_before + n_found);
            if !self.was_cancelled && self.began.elapsed() >= self.patience && !is_over() {
                self.show();
            }
        }
    }

    fn tell(&self, feed: &Feed, n_done: usize) {
        // Not known before the walk is at its end
        let n_total = feed.n_total().map_or(0, |n_found| self.n_before + n_found);
        (self.listener.progress)(Progress { n_done, n_total });
    }

    /// Hands out what has been read so far; each time more of it, so that all together costs little more than once.
    fn show(&mut self) {
        // Files of one identifier are compared at the end, and what is missing may still come
        let Grouped { mut studies, .. } =
            grouping::group(self.gathered.sorted_objects().to_vec(), &|_| Some(Vec::new()));
        studies.iter_mut().filter_map(Arc::get_mut).for_each(without_judgement);
        if !studies.is_empty() {
            (self.listener.partial)(studies);
        }
        self.patience = self.began.elapsed() * 3;
    }

    /// Reads what the indexes list and the walk has not found.
    fn follow_indexes(&mut self) {
        let mut indexes = std::mem::take(&mut self.gathered.references);
        if indexes.is_empty() {
            return;
        }
        indexes.sort_by(|(a, _), (b, _)| a.cmp(b));
        let known: BTreeSet<&Path> = self.gathered.outcomes.iter().map(|outcome| outcome.path.as_path()).collect();
        let mut more: BTreeSet<PathBuf> = BTreeSet::new();
        let mut outcomes = Vec::new();
        for (path, references) in indexes {
            for reference in references {
                match reference {
                    Ok(file) if !file.is_file() => outcomes.push(refused(file, &ImportError::NotFound)),
                    Ok(file) if known.contains(file.as_path()) => {}
                    Ok(file) => drop(more.insert(file)),
                    Err(error) => outcomes.push(refused(path.clone(), &error)),
                }
            }
        }
        drop(known);
        self.gathered.outcomes.append(&mut outcomes);
        self.read_all(&|feed| {
            feed.put(more.iter().cloned());
            Failed::new()
        });
    }
}

/// However the walk ends, nobody waits for it any longer.
struct Completing<'a>(&'a Feed);

impl Drop for Completing<'_> {
    fn drop(&mut self) {
        self.0.complete();
    }
}

/// `None`: as many as the machine has.
fn threads(name: &'static str, n_threads: Option<usize>) -> Option<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(n_threads.unwrap_or(0)).stack_size(STACK_BYTES);
    pool.thread_name(move |index| format!("{name} {index}")).build().ok()
}

/// Threads of this process.
pub struct InProcess;

/// More at once saves nothing.
const BATCH: usize = 16;

impl Readers for InProcess {
    fn read(&self, feed: &Feed, limits: &Limits, gather: &mut dyn FnMut(Receiver<Read>)) {
        let Some(pool) = threads("import", None) else {
            // No threads to be had: some files after the others
            loop {
                let (sender, receiver) = mpsc::channel();
                let batch = feed.take(BATCH, 1);
                let is_last = batch.is_empty();
                batch.into_iter().for_each(|path| send(path, &sender, limits));
                drop(sender);
                gather(receiver);
                if is_last {
                    return;
                }
            }
        };
        let n_threads = pool.current_num_threads();
        pool.in_place_scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for _ in 0..n_threads {
                let sender = sender.clone();
                scope.spawn(move |_| {
                    loop {
                        let batch = feed.take(BATCH, n_threads);
                        if batch.is_empty() {
                            return;
                        }
                        let wanted = batch.into_iter().take_while(|_| !feed.is_stopped());
                        wanted.for_each(|path| send(path, &sender, limits));
                    }
                });
            }
            drop(sender);
            gather(receiver);
        });
    }
}

fn send(path: PathBuf, sender: &Sender<Read>, limits: &Limits) {
    let found = read_file(&path, limits);
    // The receiver outlives every sender
    sender.send((path, found)).unwrap_or_default();
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
                Ok(Found::Image(object))
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
    if let Some(document) = results::document_object(path, file) {
        return Ok(Found::Document(Box::new(document)));
    }
    Ok(Found::Image(attributes::image_object(path, file, limits)?))
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
