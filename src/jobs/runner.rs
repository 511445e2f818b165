//! All threads of the program, and the one channel on which they report.

mod copies;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::device::DeviceChoice;
use crate::domain::finding::Finding;
use crate::domain::frame::Frame;
use crate::domain::intake::Progress;
use crate::domain::mask_edit::MaskSubject;
use crate::domain::saliency::SaliencyMethod;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::{ModelId, StudyUid};
use crate::export::ExportError;
use crate::imaging::plane_picture::{self, PlaneRequest};
use crate::import::Importer;
use crate::import::stack_loading::StackRequest;
use crate::jobs::cancel::CancelToken;
use crate::jobs::event::{
    AnalysisEvent, AskedEvent, Chosen, ExportEvent, Generation, JobEvent, JobKind, MaskAnswer, MaskResult, ScanEvent,
    VolumeEvent,
};
use crate::jobs::in_order::InOrder;
use crate::jobs::latest::Latest;
use crate::jobs::store_hand::StoreHand;
use crate::jobs::wanted::{WantedFrame, WantedFrames};
use crate::jobs::wanted_planes::{PlaneSlot, WantedPlanes};
use crate::jobs::work::analysis::{AnalysisRequest, Insistence, ModelShelf};
use crate::jobs::work::explaining::Question;
use crate::jobs::work::handing_on::{self, ExportOrder};
use crate::jobs::work::record_place::RecordPlace;
use crate::jobs::work::volume::VolumeRequest;
use crate::jobs::work::{analysis, demo, explaining, masks, volume, watch};
use crate::segmentation::operation::{self, Work};

/// Sends events and wakes the screen.
#[derive(Clone)]
pub struct Outbox {
    sender: Sender<JobEvent>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Outbox {
    pub fn send(&self, event: JobEvent) {
        if self.sender.send(event).is_err() {
            log::debug!("an event arrived after the screen had gone");
        }
        (self.wake)();
    }
}

/// A dialog's answer to come: made on the main thread, awaited here.
pub type Choice = Pin<Box<dyn Future<Output = Option<Vec<PathBuf>>> + Send>>;

pub struct Runner {
    outbox: Outbox,
    events: Receiver<JobEvent>,
    scan: Latest,
    analysis: Latest,
    asked: Latest,
    frames: WantedFrames,
    ahead: Latest,
    volumes: Latest,
    /// Models and first images of studies that come next.
    next_studies: Latest,
    next_images: Latest,
    watch: Latest,
    planes: WantedPlanes,
    masks: Latest,
    mask_figures: Latest,
    headers: Latest,
    /// What anonymous copies would change, and where writing is.
    previews: Latest,
    writing: Latest,
    exports: InOrder<()>,
    /// Of the exports that wait or run.
    export_token: Mutex<CancelToken>,
    store: InOrder<StoreHand>,
    shelf: Arc<Mutex<ModelShelf>>,
    /// The shelf's own.
    device: Arc<Mutex<DeviceChoice>>,
    importer: Importer,
}

/// What the threads need to start.
pub struct RunnerOptions {
    pub importer: Importer,
    pub store: RecordPlace,
    pub model_roots: Vec<PathBuf>,
    /// Where distances of images from the training images are remembered; `None`: nowhere.
    pub history: Option<PathBuf>,
    /// Where models run.
    pub device: DeviceChoice,
    /// Called after every event, from any thread.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

impl Runner {
    pub fn start(options: RunnerOptions) -> std::io::Result<Self> {
        let (sender, events) = channel();
        let outbox = Outbox { sender, wake: options.wake };
        let panicked = |kind| {
            let outbox = outbox.clone();
            move || outbox.send(JobEvent::Panicked(kind))
        };
        let deliver = {
            let outbox = outbox.clone();
            move |wanted: &WantedFrame, result| {
                outbox.send(JobEvent::Frame { generation: wanted.generation, key: wanted.key(), result });
            }
        };
        let decode = {
            let (importer, outbox) = (options.importer.clone(), outbox.clone());
            move |wanted: &WantedFrame| {
                send_preview(&importer, wanted, &outbox);
                importer.load_frame(&wanted.instance, wanted.frame).map_err(|error| error.to_string())
            }
        };
        let of_store = outbox.clone();
        let cut = {
            let outbox = outbox.clone();
            move |slot, request| match plane_picture::cut(request) {
                Ok(picture) => outbox.send(JobEvent::Plane { slot, picture: Arc::new(picture) }),
                Err(error) => log::error!("a plane was cut amiss: {error}"),
            }
        };
        let shelf = ModelShelf::new(&options.model_roots, options.device);
        let shelf = match &options.history {
            Some(file) => shelf.with_history(file),
            None => shelf,
        };
        Ok(Self {
            scan: Latest::spawn("scan", panicked(JobKind::Scan))?,
            analysis: Latest::spawn("analysis", panicked(JobKind::Analysis))?,
            asked: Latest::spawn("asked", || log::error!("a map failed by a fault of the program"))?,
            frames: WantedFrames::spawn(2, decode, deliver)?,
            ahead: Latest::spawn("ahead", || log::error!("loading ahead failed by a fault of the program"))?,
            volumes: Latest::spawn("volume", || log::error!("building a volume failed by a fault of the program"))?,
            next_studies: Latest::spawn("next studies", panicked(JobKind::Analysis))?,
            next_images: Latest::spawn("next images", || log::error!("loading the next studies failed by a fault"))?,
            watch: Latest::spawn("watch", || log::error!("watching folders failed by a fault of the program"))?,
            planes: WantedPlanes::spawn(cut)?,
            masks: Latest::spawn("masks", || log::error!("an operation on a mask failed by a fault of the program"))?,
            mask_figures: Latest::spawn("mask figures", || log::error!("figures of a mask failed by a fault"))?,
            headers: Latest::spawn("header", || log::error!("reading a header failed by a fault of the program"))?,
            previews: Latest::spawn("copy preview", || {
                log::error!("previewing copies failed by a fault of the program")
            })?,
            writing: Latest::spawn("writing", || log::error!("looking for writing failed by a fault of the program"))?,
            exports: InOrder::spawn("export", || (), panicked(JobKind::Export))?,
            export_token: Mutex::new(CancelToken::default()),
            store: InOrder::spawn("store", move || StoreHand::open(options.store, of_store), panicked(JobKind::Store))?,
            device: shelf.device(),
            shelf: Arc::new(Mutex::new(shelf)),
            importer: options.importer,
            outbox,
            events,
        })
    }

    /// The next event, if one has come.
    pub fn next_event(&self) -> Option<JobEvent> {
        self.events.try_recv().ok()
    }

    pub fn shelf(&self) -> Arc<Mutex<ModelShelf>> {
        Arc::clone(&self.shelf)
    }

    /// Models run there from the next analysis on.
    pub fn use_device(&self, device: DeviceChoice) {
        *self.device.lock().unwrap_or_else(PoisonError::into_inner) = device;
    }

    pub fn scan(&self, generation: Generation, paths: Vec<PathBuf>) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        self.scan.submit(Box::new(move |token| {
            let reading = progress_sender(&outbox, generation, "Reading files");
            let partial = |studies| outbox.send(JobEvent::Scan { generation, event: ScanEvent::Partial(studies) });
            let intake = importer.scan_showing(&paths, &|| token.is_cancelled(), &reading, &partial);
            outbox.send(JobEvent::Scan { generation, event: ScanEvent::Done(intake) });
        }));
    }

    pub fn demo(&self, generation: Generation, folder: PathBuf) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        self.scan.submit(Box::new(move |token| {
            let cancel = || token.is_cancelled();
            let writing = progress_sender(&outbox, generation, "Generating the phantom study");
            let series = match demo::write(&folder, &cancel, &writing) {
                Ok(series) => series,
                Err(text) => {
                    outbox.send(JobEvent::Scan { generation, event: ScanEvent::DemoFailed(text) });
                    return;
                }
            };
            let intake = importer.scan(&series, &cancel, &progress_sender(&outbox, generation, "Reading files"));
            outbox.send(JobEvent::Scan { generation, event: ScanEvent::Done(intake) });
        }));
    }

    pub fn cancel_scan(&self) {
        self.scan.cancel();
    }

    /// Replaces the list of frames to decode, most wanted first.
    pub fn want_frames(&self, frames: Vec<WantedFrame>) {
        self.frames.want(frames);
    }

    /// Reads a file's attributes to be looked at; a newer call goes before.
    pub fn read_header(&self, path: PathBuf) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        self.headers.submit(Box::new(move |_| {
            let lines = importer.header(&path).map_err(|error| error.to_string());
            outbox.send(JobEvent::Header { path, lines });
        }));
    }

    /// Loads images of series in this order; a newer call ends this one.
    pub fn load_ahead(&self, generation: Generation, parts: Vec<(Arc<Series>, Vec<usize>)>) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        self.ahead.submit(Box::new(move |token| {
            let n_threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
            for (series, order) in &parts {
                let request = StackRequest { series, order, n_threads };
                importer.load_stack(&request, &|| token.is_cancelled(), &|index, result| {
                    let Some((instance, frame)) = series.image(index) else { return };
                    let result = result.map(Arc::new).map_err(|error| error.to_string());
                    outbox.send(JobEvent::Frame { generation, key: instance.frame_key(frame), result });
                });
            }
        }));
    }

    /// Builds the volume of a series from the frames that are here and those that must be loaded; a newer call cancels
    /// this one. What is loaded goes out as frames, too, which share its memory.
    pub fn build_volume(&self, generation: Generation, series: Arc<Series>, here: Vec<Option<Arc<Frame>>>) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        self.volumes.submit(Box::new(move |token| {
            let tell = |event| outbox.send(JobEvent::Volume { generation, series: Arc::clone(&series), event });
            let told = Mutex::new(Instant::now());
            let progress = |progress| {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                if told.elapsed() >= Duration::from_millis(50) {
                    *told = Instant::now();
                    tell(VolumeEvent::Progress(progress));
                }
            };
            let loaded = |index: usize, frame: &Arc<Frame>| {
                let Some((instance, at)) = series.image(index) else { return };
                let (key, result) = (instance.frame_key(at), Ok(Arc::clone(frame)));
                outbox.send(JobEvent::Frame { generation, key, result });
            };
            let n_threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
            let request = VolumeRequest { series: &series, here, n_threads };
            let built = volume::build(&importer, request, &|| token.is_cancelled(), &progress, &loaded);
            tell(match built {
                Some(result) => VolumeEvent::Built(result.map(Arc::new)),
                None => VolumeEvent::Cancelled,
            });
        }));
    }

    /// Replaces the list of planes to cut, one for each place on the screen.
    pub fn want_planes(&self, planes: Vec<(PlaneSlot, PlaneRequest)>) {
        self.planes.want(planes);
    }

    /// An operation on a mask; a newer one cancels it.
    pub fn edit_mask(&self, mask: MaskSubject, number: u64, work: Work) {
        let outbox = self.outbox.clone();
        self.masks.submit(Box::new(move |token| {
            let made = operation::run(&work);
            if !token.is_cancelled() {
                outbox.send(JobEvent::Mask(MaskAnswer { mask, number, result: MaskResult::Edited(made) }));
            }
        }));
    }

    pub fn cancel_mask(&self) {
        self.masks.cancel();
    }

    /// What a mask has become against the model's; a newer request cancels it.
    pub fn mask_figures(&self, mask: MaskSubject, number: u64, segments: Vec<masks::SegmentPair>, has_mm: bool) {
        let outbox = self.outbox.clone();
        self.mask_figures.submit(Box::new(move |token| {
            let Some(figures) = masks::figures(&segments, has_mm, &|| token.is_cancelled()) else { return };
            let result = MaskResult::Figures { figures, voxels_sha256: masks::voxels_sha256(&segments) };
            outbox.send(JobEvent::Mask(MaskAnswer { mask, number, result }));
        }));
    }

    /// Runs models on a study; a newer call cancels this one.
    pub fn analyze(&self, generation: Generation, study: Arc<Study>, models: Vec<ModelId>, insistence: Insistence) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        let shelf = self.shelf();
        self.analysis.submit(Box::new(move |token| {
            let uid = study.uid.clone();
            let send = |event| outbox.send(JobEvent::Analysis { generation, study: uid.clone(), event });
            let is_forced = insistence == Insistence::Forced;
            let request = AnalysisRequest { importer: &importer, study: &study, models: &models, is_forced };
            analysis::run(&shelf, &request, &|| token.is_cancelled(), &send);
            send(AnalysisEvent::Finished);
        }));
    }

    /// A map of a finding by another method; a newer wish cancels this one.
    pub fn explain(&self, study: Arc<Study>, finding: Arc<Finding>, method: SaliencyMethod) {
        let (outbox, importer, shelf) = (self.outbox.clone(), self.importer.clone(), self.shelf());
        self.asked.submit(Box::new(move |token| {
            let tell = |event| {
                outbox.send(JobEvent::Asked { study: study.uid.clone(), finding: finding.id.clone(), event });
            };
            let told = std::cell::Cell::new(Instant::now());
            let progress = |progress| {
                if told.get().elapsed() >= Duration::from_millis(100) {
                    told.set(Instant::now());
                    tell(AskedEvent::MapProgress(method, progress));
                }
            };
            let question = Question { importer: &importer, study: &study, finding: &finding };
            let made = explaining::map(&shelf, &question, method, &|| token.is_cancelled(), &progress);
            tell(match made {
                Some(made) => AskedEvent::Map(method, made.map(Arc::new)),
                None => AskedEvent::MapCancelled(method),
            });
        }));
    }

    /// What a finding's model was given.
    pub fn show_input(&self, study: Arc<Study>, finding: Arc<Finding>) {
        let (outbox, importer, shelf) = (self.outbox.clone(), self.importer.clone(), self.shelf());
        self.asked.submit(Box::new(move |_| {
            let question = Question { importer: &importer, study: &study, finding: &finding };
            let made = explaining::input(&shelf, &question).map(Box::new);
            let (study, finding) = (study.uid.clone(), finding.id.clone());
            outbox.send(JobEvent::Asked { study, finding, event: AskedEvent::Input(made) });
        }));
    }

    pub fn cancel_analysis(&self) {
        self.analysis.cancel();
    }

    /// The same beside it, for a study that comes next; a newer call cancels this one.
    pub fn analyze_ahead(&self, generation: Generation, study: Arc<Study>, models: Vec<ModelId>) {
        let (outbox, importer, shelf) = (self.outbox.clone(), self.importer.clone(), self.shelf());
        self.next_studies.submit(Box::new(move |token| {
            let uid = study.uid.clone();
            let send = |event| outbox.send(JobEvent::Analysis { generation, study: uid.clone(), event });
            let request = AnalysisRequest { importer: &importer, study: &study, models: &models, is_forced: false };
            analysis::run(&shelf, &request, &|| token.is_cancelled(), &send);
            send(AnalysisEvent::Finished);
        }));
    }

    pub fn cancel_analysis_ahead(&self) {
        self.next_studies.cancel();
    }

    /// Loads images of studies that come next, in this order; a newer call ends this one.
    pub fn load_next(&self, generation: Generation, parts: Vec<(Arc<Series>, Vec<usize>)>) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        self.next_images.submit(Box::new(move |token| {
            for (series, order) in &parts {
                let request = StackRequest { series, order, n_threads: 1 };
                importer.load_stack(&request, &|| token.is_cancelled(), &|index, result| {
                    let Some((instance, frame)) = series.image(index) else { return };
                    let result = result.map(Arc::new).map_err(|error| error.to_string());
                    outbox.send(JobEvent::Frame { generation, key: instance.frame_key(frame), result });
                });
            }
        }));
    }

    /// Looks at these folders from now on, and at no others.
    pub fn watch(&self, folders: Vec<PathBuf>) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        self.watch.submit(Box::new(move |token| {
            if folders.is_empty() {
                return;
            }
            let cancel = || token.is_cancelled();
            watch::run(&folders, &cancel, &|| {
                let intake = importer.scan(&folders, &cancel, &|_| {});
                if !intake.was_cancelled {
                    outbox.send(JobEvent::Watched(intake));
                }
            });
        }));
    }

    /// A queued task on the store's own thread, in order, never dropped.
    pub fn store(&self, task: impl FnOnce(&mut StoreHand) + Send + 'static) {
        self.store.submit(task);
    }

    pub fn export(&self, study: StudyUid, order: ExportOrder, folder: PathBuf) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        let token = self.export_token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.exports.submit(move |()| {
            let send = |event| outbox.send(JobEvent::Export { study: study.clone(), event });
            let progress = |progress| send(ExportEvent::Progress(progress));
            let written = handing_on::run(&order, &importer, &folder, &|| token.is_cancelled(), &progress);
            send(match written {
                Ok(written) => ExportEvent::Done { folder: folder.clone(), formats: order.formats.clone(), written },
                Err(ExportError::Cancelled) => ExportEvent::Cancelled,
                Err(error) => ExportEvent::Failed(error.to_string()),
            });
        });
    }

    /// Stops the exports that wait or run; what was not whole leaves nothing behind.
    pub fn cancel_exports(&self) {
        std::mem::take(&mut *self.export_token.lock().unwrap_or_else(PoisonError::into_inner)).cancel();
    }

    /// Waits for a dialog on a thread of its own; `tell` says what the choice means.
    pub fn await_choice(&self, choice: Choice, tell: impl FnOnce(Vec<PathBuf>) -> Chosen + Send + 'static) {
        let outbox = self.outbox.clone();
        let waiting = std::thread::Builder::new().name("dialog".to_owned()).spawn(move || {
            let start = Instant::now();
            let chosen = match pollster::block_on(choice) {
                Some(paths) if !paths.is_empty() => tell(paths),
                // Without a portal and without zenity rfd answers within some 20 ms; no person is that quick.
                _ => Chosen::Nothing { at_once: start.elapsed() < Duration::from_millis(200) },
            };
            outbox.send(JobEvent::Chosen(chosen));
        });
        if let Err(error) = waiting {
            log::error!("no thread for the file dialog: {error}");
        }
    }
}

/// Pictures smaller than this are here before a preview would be, pixels.
const MIN_PREVIEWED: u64 = 4 << 20;

/// A failed preview says nothing: the frame itself will.
fn send_preview(importer: &Importer, wanted: &WantedFrame, outbox: &Outbox) {
    let pixels = &wanted.instance.pixels;
    let is_large = u64::from(pixels.rows) * u64::from(pixels.cols) >= MIN_PREVIEWED;
    if !wanted.is_awaited || !is_large {
        return;
    }
    if let Ok(Some(frame)) = importer.load_preview(&wanted.instance, wanted.frame) {
        let (generation, frame) = (wanted.generation, Arc::new(frame));
        outbox.send(JobEvent::Preview { generation, key: wanted.key(), frame });
    }
}

/// At most some 30 reports a second, and always the last.
fn progress_sender(outbox: &Outbox, generation: Generation, step: &'static str) -> impl Fn(Progress) + Sync + use<> {
    let outbox = Mutex::new((outbox.clone(), Instant::now()));
    move |progress| {
        let Ok(mut guard) = outbox.lock() else { return };
        let is_last = progress.n_total > 0 && progress.n_done >= progress.n_total;
        if !is_last && guard.1.elapsed() < Duration::from_millis(33) {
            return;
        }
        guard.1 = Instant::now();
        guard.0.send(JobEvent::Scan { generation, event: ScanEvent::Progress { step, progress } });
    }
}
