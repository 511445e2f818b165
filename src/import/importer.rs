//! The one handle on this door: what runs the reading, and under which limits.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::frame::{Frame, Samples};
use crate::domain::header::HeaderLine;
use crate::domain::instance::Instance;
use crate::domain::intake::{Intake, Progress};
use crate::domain::stored_pixels::{PixelCoding, PixelPlace};
use crate::domain::study::Study;
use crate::import::dicom::{header, overlays};
use crate::import::error::ImportError;
use crate::import::scanning::{InProcess, Listener};
use crate::import::stack_loading::{self, Deliver, StackRequest};
use crate::import::worker::{self, Crew, CrewOptions, Detail, Drill, Urgency};
use crate::import::{ScanOptions, load_frame, load_preview, place_of_frame, scanning, whole_frame};

/// Reads files for whoever holds it; clones share what stands behind it.
#[derive(Clone, Default)]
pub struct Importer {
    options: ScanOptions,
    /// `None`: everything in this process.
    crew: Option<Arc<Crew>>,
}

impl Importer {
    /// Everything in this process: for tests, and where no other process can be had.
    pub fn in_process(options: ScanOptions) -> Self {
        Self { options, crew: None }
    }

    /// Parsing and decoding in processes of `program`, which must answer to [`worker::ARGUMENT`]. They are started
    /// when first needed and end with the last clone. Elsewhere than on Linux: in this process.
    pub fn isolated(program: &Path, options: CrewOptions) -> Self {
        Self { options: ScanOptions::default(), crew: worker::crew(program, options).map(Arc::new) }
    }

    /// [`Importer::isolated`] in processes of this very program.
    pub fn for_this_program() -> Self {
        // Not by its path: that may hold another version by now
        Self::isolated(Path::new("/proc/self/exe"), CrewOptions::default())
    }

    /// Starts all workers ahead of need, in the background.
    pub fn prepare(&self) {
        if let Some(crew) = &self.crew {
            crew.prepare();
        }
    }

    /// Reads folders, files and DICOMDIR indexes into studies. Every file has an outcome; nothing is written.
    pub fn scan(&self, paths: &[PathBuf], cancel: &dyn Fn() -> bool, progress: &dyn Fn(Progress)) -> Intake {
        self.scan_showing(paths, cancel, progress, &|_| {})
    }

    /// The same; when it takes long, `partial` takes the studies as far as they have been read, some times over.
    pub fn scan_showing(
        &self,
        paths: &[PathBuf],
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
        partial: &dyn Fn(Vec<Arc<Study>>),
    ) -> Intake {
        let listener = Listener { cancel, progress, partial };
        match &self.crew {
            Some(crew) => scanning::scan(paths, &self.options, crew.as_ref(), &listener),
            None => scanning::scan(paths, &self.options, &InProcess, &listener),
        }
    }

    /// Decodes frame `frame_idx` (zero-based) of `instance` into canonical samples, before all that is not urgent.
    pub fn load_frame(&self, instance: &Instance, frame_idx: u32) -> Result<Frame, ImportError> {
        self.load(instance, frame_idx, Urgency::Now)
    }

    /// The same for a frame that nobody waits for yet.
    pub fn load_frame_ahead(&self, instance: &Instance, frame_idx: u32) -> Result<Frame, ImportError> {
        self.load(instance, frame_idx, Urgency::Ahead)
    }

    /// Loads many frames of a series in parallel, the most wanted first; see [`stack_loading`].
    pub fn load_stack(&self, request: &StackRequest<'_>, cancel: &(dyn Fn() -> bool + Sync), deliver: &Deliver<'_>) {
        stack_loading::load(self, request, cancel, deliver);
    }

    /// A coarse picture in a fraction of the time where that pays: see [`crate::import::load_preview`].
    pub fn load_preview(&self, instance: &Instance, frame_idx: u32) -> Result<Option<Frame>, ImportError> {
        if is_plain(instance) {
            return Ok(None);
        }
        match self.by_worker(instance, frame_idx, Detail::Preview, Urgency::Now) {
            Some(samples) => samples?.map(|samples| whole_frame(instance, frame_idx, samples)).transpose(),
            None => load_preview(instance, frame_idx),
        }
    }

    /// What a DICOM file says of itself, attribute by attribute, for somebody who wants to look.
    pub fn header(&self, path: &Path) -> Result<Vec<HeaderLine>, ImportError> {
        let limits = &self.options.limits;
        let by_worker = self.crew.as_ref().and_then(|crew| crew.header(path, limits));
        by_worker.unwrap_or_else(|| header::lines(path, limits))
    }

    /// Has a worker fail on purpose: what it could do nevertheless, or how it ended. `None` without workers.
    pub fn drill(&self, drill: &Drill) -> Option<Result<Vec<String>, ImportError>> {
        self.crew.as_ref()?.drill(drill)
    }

    fn load(&self, instance: &Instance, frame_idx: u32, urgency: Urgency) -> Result<Frame, ImportError> {
        if is_plain(instance) {
            return load_frame(instance, frame_idx);
        }
        match self.by_worker(instance, frame_idx, Detail::Full, urgency) {
            Some(samples) => {
                let frame = whole_frame(instance, frame_idx, samples?.ok_or(ImportError::ReaderCrashed)?)?;
                let load = |only_bit: &Instance| self.load(only_bit, frame_idx, urgency);
                Ok(overlays::with_embedded(frame, instance, &load))
            }
            None => load_frame(instance, frame_idx),
        }
    }

    /// `None` without a worker.
    fn by_worker(
        &self,
        instance: &Instance,
        frame_idx: u32,
        detail: Detail,
        urgency: Urgency,
    ) -> Option<Result<Option<Samples>, ImportError>> {
        let crew = self.crew.as_ref()?;
        match place_of_frame(instance, frame_idx) {
            Ok(place) => crew.decode(&place, detail, &self.options.limits, urgency),
            Err(error) => Some(Err(error)),
        }
    }
}

/// Uncompressed pixels at known places: nothing to parse, nothing to decode, so no worker.
fn is_plain(instance: &Instance) -> bool {
    instance
        .stored
        .as_ref()
        .is_some_and(|stored| stored.coding == PixelCoding::Native && matches!(stored.place, PixelPlace::Flat { .. }))
}

impl fmt::Debug for Importer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.crew.is_some() { "worker processes" } else { "this process" };
        write!(f, "Importer(in {place})")
    }
}
