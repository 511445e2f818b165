//! The hall: the one loop. `logic` takes in what the jobs report and carries out what the screen asked for; `ui` draws.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock, PoisonError};
use std::time::{Duration, Instant};

use egui::Color32;

use crate::app::dispatch;
use crate::app::frame_cache::FrameCache;
use crate::app::on_job_event::on_job_event;
use crate::app::settings::{self, Settings};
use crate::app::state::desk::Desk;
use crate::app::state::library::Library;
use crate::app::state::record::{ANNOUNCED_EVERY, RecordState};
use crate::app::state::voice::Voice;
use crate::app::{VERSION, memory_budget, model_about, places};
use crate::domain::device::DeviceChoice;
use crate::domain::frame::FrameKey;
use crate::domain::series::Series;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::export::formats::{FORMATS, Format};
use crate::imaging::plane_picture::PlanePicture;
use crate::import::Importer;
use crate::jobs::runner::{Runner, RunnerOptions};
use crate::jobs::work::keys::KeyRing;
use crate::jobs::work::record_place::{NewRecord, RecordPlace};
use crate::ui::action::{Action, ViewAction};
use crate::ui::arrangement::{Arrangement, KeptOverlay, WindowPlace};
use crate::ui::context::{
    AnalysisState, AppFacts, Asked, ExportChoice, FrameSource, FrameState, JobStatus, ModelStatus, UiContext,
    VolumeState,
};
use crate::ui::screen::screen_ui;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;

/// A frame's worth of job events; the rest waits for the next frame.
const EVENT_BUDGET: Duration = Duration::from_millis(10);

/// Ids of jobs in the status bar.
pub mod job_id {
    pub const SCAN: u64 = 1;
    pub const ANALYSIS: u64 = 2;
    pub const EXPORT: u64 = 3;
}

/// Where the program keeps its things, and what to open first.
#[derive(Clone, Debug, Default)]
pub struct AppOptions {
    pub importer: Importer,
    /// A file, or the address of a server.
    pub store: PathBuf,
    pub keys: KeyRing,
    pub new_record: NewRecord,
    pub settings: PathBuf,
    pub demo_dir: PathBuf,
    pub model_roots: Vec<PathBuf>,
    /// Where models run; as the settings say when absent.
    pub device: Option<DeviceChoice>,
    pub open: Vec<PathBuf>,
    pub starts_demo: bool,
}

/// Preferences and the file they are kept in.
pub struct Preferences {
    pub settings: Settings,
    pub path: PathBuf,
    pub reader: ReaderName,
    pub demo_dir: PathBuf,
    /// As they were written last.
    pub written: Option<Settings>,
}

pub struct App {
    pub library: Library,
    pub desks: std::collections::BTreeMap<StudyUid, Desk>,
    pub frames: FrameCache,
    pub view: ViewState,
    pub runner: Runner,
    pub voice: Voice,
    pub record: RecordState,
    pub preferences: Preferences,
    pub models: Vec<ModelStatus>,
    pub actions: Vec<Action>,
}

impl App {
    /// Starts the threads and asks for what the command line named. `wake` asks the screen for a new pass.
    pub fn start(options: AppOptions, wake: Arc<dyn Fn() + Send + Sync>) -> std::io::Result<Self> {
        let AppOptions { importer, store, keys, new_record, settings: settings_path, device, .. } = options;
        let AppOptions { demo_dir, model_roots, open, starts_demo, .. } = options;
        let (mut settings, warnings) = settings::read(&settings_path);
        let history = Some(places::history_beside(&store));
        let store = RecordPlace { name: store, keys, new: new_record };
        let device = device.unwrap_or(settings.screen.device);
        let runner = Runner::start(RunnerOptions { importer, store, history, model_roots, device, wake })?;
        let shelf = runner.shelf();
        let models =
            shelf.lock().unwrap_or_else(PoisonError::into_inner).entries().iter().map(model_about::status).collect();
        drop(shelf);
        if settings.reader.trim().is_empty() {
            settings.reader = login_name();
        }
        let reader = ReaderName::new(&settings.reader);
        let mut app = Self {
            library: Library::default(),
            desks: std::collections::BTreeMap::new(),
            frames: FrameCache::new(memory_budget::frame_bytes()),
            view: brought_back(&settings.arrangement),
            runner,
            voice: Voice::default(),
            record: RecordState::default(),
            preferences: Preferences { settings, path: settings_path, reader, demo_dir, written: None },
            models,
            actions: Vec::new(),
        };
        for warning in warnings {
            app.voice.warn(warning);
        }
        app.runner.store(|store| store.worklist());
        dispatch::worklist::watch(&app);
        if starts_demo {
            dispatch::open::demo(&mut app);
        } else if !open.is_empty() {
            dispatch::open::paths(&mut app, open);
        }
        Ok(app)
    }

    /// Scans places and opens what they hold.
    pub fn open(&mut self, places: Vec<PathBuf>) {
        dispatch::open::paths(self, places);
    }

    /// The open series' image number `index` becomes the shown one, as a wheel step would have it.
    pub fn scroll_to(&mut self, index: usize) {
        let Some(study) = self.library.open_study().cloned() else { return };
        self.view.look_mut(&study.uid).view_mut().stack_index = index;
        self.actions.push(ViewAction::Changed(study.uid.clone()).into());
    }

    /// Whether the shown image is here, decoded.
    pub fn has_shown_image(&self) -> bool {
        let Some((series, at)) = dispatch::ahead::shown(self) else { return false };
        let key = series.image(at).map(|(instance, frame)| instance.frame_key(frame));
        key.is_some_and(|key| matches!(self.frames.get(&key), Some(Ok(_))))
    }

    pub fn open_desk(&self) -> Option<&Desk> {
        self.desks.get(self.library.open.as_ref()?)
    }

    /// Everything but drawing, once a pass: job events within their budget, then the screen's wishes.
    pub fn work(&mut self) {
        // One at a time: a fault in one of them loses none of the others
        let start = Instant::now();
        while start.elapsed() < EVENT_BUDGET
            && let Some(event) = self.runner.next_event()
        {
            on_job_event(self, event);
        }
        for _ in 0..self.actions.len() {
            let action = self.actions.remove(0);
            dispatch::dispatch(self, action);
        }
        dispatch::worklist::refresh(self);
        dispatch::access::displayed(self);
        dispatch::access::searched(self);
        dispatch::access::announce(self);
        if let Some(study) = self.record.settled_look() {
            self.keep_look(&study);
            self.keep_settings();
        }
    }

    pub fn keep_look(&self, study: &StudyUid) {
        if let Some(json) = self.view.to_json(study) {
            let study = study.clone();
            self.runner.store(move |store| store.save_view(&study, &json));
        }
    }

    /// Writes the settings and how the screen is arranged, if anything has changed.
    pub fn keep_settings(&mut self) {
        let overlay = KeptOverlay::of(&self.view.overlay);
        self.preferences.settings.arrangement = Arrangement { overlay, ..self.view.arrangement.clone() };
        if self.preferences.written.as_ref() == Some(&self.preferences.settings) {
            return;
        }
        self.preferences.written = Some(self.preferences.settings.clone());
        if let Err(error) = settings::write(&self.preferences.path, &self.preferences.settings) {
            self.voice.warn(format!("The settings could not be kept: {error}"));
        }
    }

    /// What the status bar shows.
    pub fn job_statuses(&self) -> Vec<JobStatus> {
        let mut jobs = Vec::new();
        if let Some(scan) = self.library.running {
            let name = scan.step.to_owned();
            jobs.push(JobStatus { id: job_id::SCAN, name, progress: scan.progress, can_cancel: true });
        }
        let running = self.open_desk().into_iter().flat_map(|desk| &desk.analysis);
        for (model, state) in running {
            if let AnalysisState::Running(progress) = state {
                let name = format!("AI: {model}");
                jobs.push(JobStatus { id: job_id::ANALYSIS, name, progress: *progress, can_cancel: true });
            }
        }
        let copying = self.desks.values().filter_map(|desk| desk.copies.running);
        jobs.extend(copying.map(|progress| {
            let name = "Making copies".to_owned();
            JobStatus { id: job_id::EXPORT, name, progress, can_cancel: true }
        }));
        for progress in self.voice.exports.values() {
            let name = "Exporting".to_owned();
            jobs.push(JobStatus { id: job_id::EXPORT, name, progress: *progress, can_cancel: true });
        }
        jobs
    }

    /// Models with their state on the open study.
    fn model_statuses(&self) -> Vec<ModelStatus> {
        let desk = self.open_desk();
        let with_state = self.models.iter().map(|model| {
            let known = desk.and_then(|desk| desk.analysis.get(&model.id));
            known.map_or_else(|| model.clone(), |state| ModelStatus { state: state.clone(), ..model.clone() })
        });
        with_state.collect()
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        if self.record.came_back(ctx.input(|input| input.focused)) {
            dispatch::study::read_record(self);
        }
        if self.library.first_image.told() {
            dispatch::ahead::follow(self);
        }
        let (before, scale) = (self.view.arrangement.window, ctx.zoom_factor());
        self.view.arrangement.window = ctx.input(|input| WindowPlace::of(input.viewport(), scale, before)).or(before);
        self.work();
        if self.record.has_unsettled_look() || self.record.access.has_unsettled_search() {
            ctx.request_repaint_after(Duration::from_secs(1));
        }
        if self.library.open.is_some() {
            ctx.request_repaint_after(ANNOUNCED_EVERY);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let (models, jobs) = (self.model_statuses(), self.job_statuses());
        let desk = self.library.open.as_ref().and_then(|uid| self.desks.get(uid));
        let nothing_asked = Asked::default();
        let context = UiContext {
            studies: &self.library.studies,
            open_study: self.library.open_study(),
            is_reading: self.library.open.as_ref().is_some_and(|uid| self.library.is_partial(uid)),
            refused: &self.library.refused,
            frames: &CachedFrames(&self.frames),
            session: desk.filter(|desk| desk.is_record_read).map(|desk| &desk.session),
            models: &models,
            asked: desk.map_or(&nothing_asked, |desk| &desk.asked),
            copies: desk.map(|desk| &desk.copies),
            jobs: &jobs,
            messages: self.voice.messages(),
            worklist: self.library.worklist.facts(),
            app: AppFacts {
                version: VERSION,
                reader: &self.preferences.reader,
                has_accepted_terms: self.preferences.settings.has_accepted_research_use,
                recent_places: &self.record.recent_places,
                hangings: &self.preferences.settings.hangings,
                store: &self.record.store,
                how_kept: self.record.how_kept.as_ref(),
                conflicts: &self.record.conflicts,
                also_open: &self.record.also_open,
                device: "CPU",
                preferences: &self.preferences.settings.screen,
                export_choices: export_choices(),
            },
        };
        screen_ui(ui, &context, &mut self.view, &mut self.actions);
        let is_first = !self.view.transient.panes.painted.is_empty() && self.library.first_image.drawn();
        if is_first || !self.actions.is_empty() {
            ui.ctx().request_repaint();
        }
    }

    /// The ground of pictures: what is painted over the whole window costs a software adapter dearly.
    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        Color32::from(theme().surface.picture).to_normalized_gamma_f32()
    }

    fn on_exit(&mut self) {
        self.runner.store(|store| store.leave());
        if let Some(study) = self.record.take_look() {
            self.keep_look(&study);
        }
        self.keep_settings();
    }
}

/// The cache as the screen may see it.
struct CachedFrames<'a>(&'a FrameCache);

impl FrameSource for CachedFrames<'_> {
    fn frame(&self, key: &FrameKey) -> FrameState {
        match self.0.get(key) {
            Some(Ok(frame)) => FrameState::Ready(Arc::clone(frame)),
            Some(Err(text)) => FrameState::Failed(text.clone()),
            None => self.0.preview(key).cloned().map_or(FrameState::Loading, FrameState::Preview),
        }
    }

    fn volume(&self, series: &Arc<Series>) -> VolumeState {
        self.0.volumes.state(series)
    }

    fn plane(&self, slot: u64) -> Option<&Arc<PlanePicture>> {
        self.0.volumes.plane(slot)
    }
}

/// The screen as it was left.
fn brought_back(arrangement: &Arrangement) -> ViewState {
    let mut view = ViewState { arrangement: arrangement.clone(), ..ViewState::default() };
    arrangement.overlay.put_back(&mut view.overlay);
    view
}

/// What a report can be written as, for the screen.
fn export_choices() -> &'static [ExportChoice] {
    static CHOICES: LazyLock<Vec<ExportChoice>> = LazyLock::new(|| {
        let choice = |format: &Format| {
            let Format { id, name, about, is_default, needs_study: _, write: _ } = format;
            ExportChoice { id, name, about, is_default: *is_default }
        };
        FORMATS.iter().map(choice).collect()
    });
    &CHOICES
}

/// Who is logged in: a name to start with, which the reader may change.
fn login_name() -> String {
    let of_system = ["USER", "USERNAME", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    of_system.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "Reader".to_owned())
}

/// The default places, for a window opened without further words.
pub fn default_options() -> AppOptions {
    AppOptions {
        importer: Importer::default(),
        store: places::default_store(),
        keys: KeyRing::default().patient(),
        new_record: NewRecord::EncryptedOrAsked,
        settings: places::settings_file(),
        demo_dir: places::demo_dir(),
        model_roots: places::model_roots(None),
        device: None,
        open: Vec::new(),
        starts_demo: false,
    }
}
