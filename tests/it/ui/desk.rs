//! A desk to test the screen on: a made-up study, a real review session, and a list of what was asked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use overread::domain::annotation::Annotation;
use overread::domain::frame::{Frame, FrameKey};
use overread::domain::intake::Progress;
use overread::domain::series::Series;
use overread::domain::study::Study;
use overread::domain::uid::{AnnotationId, EventId, FindingId, ModelId, ReaderName};
use overread::imaging::plane_picture::{PlanePicture, cut};
use overread::imaging::voxels::Volume;
use overread::jobs::work::masks;
use overread::review::command::{Command, ReadingCommand, Stamp};
use overread::review::session::ReviewSession;
use overread::segmentation::operation;
use overread::ui::action::{Action, AppAction, CourseAction, MaskAction, ReviewAction, StudyAction, ViewAction};
use overread::ui::context::{
    AlsoOpen, AnalysisState, AppFacts, Asked, ConflictNotice, FrameSource, FrameState, JobStatus, Message, ModelStatus,
    RecordWords, RefusedFile, StoreState, UiContext, VolumeState, WorklistFacts,
};
use overread::ui::masks::{WorkDone, WorkResult};
use overread::ui::preferences::Preferences;
use overread::ui::screen::screen_ui;
use overread::ui::stage::SeriesRef;
use overread::ui::view_state::ViewState;

use crate::ui::study::{chest_study, findings};

pub struct Desk {
    pub view: ViewState,
    pub studies: Vec<Arc<Study>>,
    pub is_open: bool,
    pub frames: Frames,
    pub session: ReviewSession,
    pub facts: Facts,
    /// Everything asked for since the start, but wanted frames.
    pub asked: Vec<Action>,
    /// Each list of frames that was asked for.
    pub wanted: Vec<Vec<FrameKey>>,
    /// The record refuses this many events.
    pub n_not_saved: usize,
    n_events: u64,
    /// Files whose attributes were asked for.
    pub headers: Vec<PathBuf>,
    /// Pressed before a picture is taken.
    pub press_at_start: Vec<(egui::Key, egui::Modifiers)>,
}

pub struct Facts {
    pub reader: ReaderName,
    pub has_accepted_terms: bool,
    pub store: StoreState,
    pub refused: Vec<RefusedFile>,
    pub recent: Vec<PathBuf>,
    pub models: Vec<ModelStatus>,
    pub jobs: Vec<JobStatus>,
    pub messages: Vec<Message>,
    pub worklist: WorklistFacts,
    pub preferences: Preferences,
    pub asked: Asked,
    pub how_kept: Option<RecordWords>,
    pub conflicts: Vec<ConflictNotice>,
    pub also_open: Vec<AlsoOpen>,
}

/// Frames by key, and what was made of them.
pub struct Frames(pub BTreeMap<FrameKey, Arc<Frame>>, Volumes);

#[derive(Default)]
struct Volumes {
    built: Vec<(Arc<Series>, VolumeState)>,
    planes: BTreeMap<u64, Arc<PlanePicture>>,
}

impl FrameSource for Frames {
    fn frame(&self, key: &FrameKey) -> FrameState {
        self.0.get(key).map_or(FrameState::Loading, |frame| FrameState::Ready(Arc::clone(frame)))
    }

    fn volume(&self, series: &Arc<Series>) -> VolumeState {
        let known = self.1.built.iter().find(|(known, _)| Arc::ptr_eq(known, series));
        known.map_or(VolumeState::Absent, |(_, state)| state.clone())
    }

    fn plane(&self, slot: u64) -> Option<&Arc<PlanePicture>> {
        self.1.planes.get(&slot)
    }
}

impl Desk {
    /// A reader at the open study, with what the models suggested.
    pub fn new() -> Self {
        let (study, frames) = chest_study();
        let mut desk = Self {
            view: ViewState::default(),
            session: ReviewSession::new(study.uid.clone()),
            studies: vec![study],
            is_open: true,
            frames: Frames(frames, Volumes::default()),
            facts: Facts {
                reader: ReaderName::new("Dr. Reader"),
                has_accepted_terms: true,
                store: StoreState::Ready,
                refused: Vec::new(),
                recent: vec![PathBuf::from("/data/studies/2026-05"), PathBuf::from("/media/cdrom/DICOMDIR")],
                models: vec![
                    model("chest-findings", "Chest findings", AnalysisState::Done),
                    model("chest-anatomy", "Chest anatomy", AnalysisState::Done),
                ],
                jobs: Vec::new(),
                messages: Vec::new(),
                worklist: WorklistFacts::default(),
                preferences: Preferences::default(),
                asked: Asked::default(),
                how_kept: None,
                conflicts: Vec::new(),
                also_open: Vec::new(),
            },
            asked: Vec::new(),
            wanted: Vec::new(),
            n_not_saved: 0,
            n_events: 0,
            headers: Vec::new(),
            press_at_start: Vec::new(),
        };
        let suggested = findings(&desk.studies[0]);
        desk.apply(Command::AddSuggestions(suggested));
        desk
    }

    /// Nothing open.
    pub fn empty() -> Self {
        Self { is_open: false, studies: Vec::new(), ..Self::new() }
    }

    pub fn pass(&mut self, ui: &mut egui::Ui) {
        let mut actions = Vec::new();
        let context = UiContext {
            studies: &self.studies,
            open_study: self.studies.first().filter(|_| self.is_open),
            is_reading: false,
            refused: &self.facts.refused,
            frames: &self.frames,
            session: self.is_open.then_some(&self.session),
            models: &self.facts.models,
            asked: &self.facts.asked,
            copies: None,
            jobs: &self.facts.jobs,
            messages: &self.facts.messages,
            worklist: &self.facts.worklist,
            app: AppFacts {
                version: "0.1.0",
                reader: &self.facts.reader,
                has_accepted_terms: self.facts.has_accepted_terms,
                recent_places: &self.facts.recent,
                hangings: &[],
                store: &self.facts.store,
                how_kept: self.facts.how_kept.as_ref(),
                conflicts: &self.facts.conflicts,
                also_open: &self.facts.also_open,
                device: "CPU, 2 threads",
                preferences: &self.facts.preferences,
                export_choices: &[],
            },
        };
        screen_ui(ui, &context, &mut self.view, &mut actions);
        for action in actions {
            self.carry_out(&action);
            if !matches!(action, Action::View(_)) {
                self.asked.push(action);
            }
        }
    }

    fn carry_out(&mut self, action: &Action) {
        match action {
            Action::View(ViewAction::WantFrames(keys)) => self.wanted.push(keys.clone()),
            Action::View(ViewAction::WantHeader(path)) => self.headers.push(path.clone()),
            Action::View(ViewAction::WantVolume(wanted)) => self.build_volume(wanted),
            Action::View(ViewAction::WantPlanes(planes)) => {
                for (slot, request) in planes.clone() {
                    self.frames.1.planes.insert(slot, Arc::new(cut(request).unwrap()));
                }
            }
            Action::Review(review) => self.review(review),
            Action::Mask(mask) => self.mask(mask),
            Action::App(AppAction::SetReader(reader)) => self.facts.reader = reader.clone(),
            Action::App(AppAction::Prefer(preferences)) => self.facts.preferences = preferences.as_ref().clone(),
            Action::App(AppAction::AcceptTerms) => self.facts.has_accepted_terms = true,
            Action::Study(StudyAction::Close(_)) => self.is_open = false,
            _ => {}
        }
    }

    fn build_volume(&mut self, wanted: &SeriesRef) {
        let study = &self.studies[0];
        let series = Arc::clone(&study.series[wanted.index_in(study).unwrap()]);
        let frame = |index: usize| {
            let (instance, frame) = series.image(index)?;
            self.frames.0.get(&instance.frame_key(frame)).cloned()
        };
        let frames: Vec<_> = (0..series.stack.len()).map(frame).collect();
        let state = match Volume::of(&series, &frames) {
            Ok(volume) => VolumeState::Ready(Arc::new(volume)),
            Err(error) => VolumeState::Failed(error.to_string()),
        };
        self.frames.1.built.push((series, state));
    }

    /// What a worker would do, at once.
    fn mask(&mut self, action: &MaskAction) {
        match action {
            MaskAction::Change(change) => self.apply(Command::ChangeMask(Arc::clone(change))),
            MaskAction::Work(work) => {
                let result = WorkResult::Edited(operation::run(&work.work));
                let done = WorkDone { subject: work.subject.clone(), number: work.number, result };
                self.view.transient.masks.work.done.push(done);
            }
            MaskAction::Figures(work) => {
                let figures = masks::figures(&work.segments, work.has_mm, &|| false).unwrap();
                let voxels_sha256 = masks::voxels_sha256(&work.segments);
                let result = WorkResult::Figures { version: work.version, figures, voxels_sha256 };
                let done = WorkDone { subject: work.subject.clone(), number: work.version, result };
                self.view.transient.masks.work.done.push(done);
            }
            MaskAction::Cancel => {}
        }
    }

    fn review(&mut self, action: &ReviewAction) {
        match action.clone() {
            ReviewAction::MarkDisplayed(finding) => self.apply(Command::MarkDisplayed { finding }),
            ReviewAction::Decide(request) => {
                let request = *request;
                let (finding, verdict, seen) = (request.finding, request.verdict, request.seen);
                let (comment, details) = (request.comment, request.details);
                self.apply(Command::Decide { finding, verdict, seen, comment, details });
            }
            ReviewAction::PlaceAnnotation(drawn) => {
                self.n_events += 1;
                let id = AnnotationId::new(format!("m{}", self.n_events));
                self.apply(Command::PlaceAnnotation(Arc::new(Annotation { id, ..Arc::unwrap_or_clone(drawn) })));
            }
            ReviewAction::ChangeAnnotation(changed) => self.apply(Command::ChangeAnnotation(changed)),
            ReviewAction::RemoveAnnotation(annotation) => self.apply(Command::RemoveAnnotation { annotation }),
            ReviewAction::DecideMany(requests) => {
                for request in requests {
                    self.review(&ReviewAction::Decide(Box::new(request)));
                }
            }
            ReviewAction::Course(act) => self.course(act),
            ReviewAction::ToggleKeyImage(image) => self.apply(Command::ToggleKeyImage { image }),
            ReviewAction::ScaleImage(scaled) => self.apply(Command::ScaleImage(scaled)),
            ReviewAction::Undo => self.apply(Command::Undo),
            ReviewAction::Redo => self.apply(Command::Redo),
            ReviewAction::AddFinding(_) | ReviewAction::Withdraw(_) | ReviewAction::RetrySaving => {}
        }
    }

    fn course(&mut self, act: CourseAction) {
        match act {
            CourseAction::Start(plan) => self.apply(Command::Reading(ReadingCommand::Start(plan))),
            CourseAction::Present(shown) => self.apply(Command::Reading(ReadingCommand::Present(shown))),
            CourseAction::LockAndReveal(answer) => {
                self.apply(Command::Reading(ReadingCommand::Lock(answer)));
                self.apply(Command::Reading(ReadingCommand::Reveal));
            }
            CourseAction::Sign(request) => self.apply(Command::Reading(ReadingCommand::Sign(request))),
            CourseAction::Amend(reason) => self.apply(Command::Reading(ReadingCommand::Amend { reason })),
            CourseAction::Adjudicate(adjudication) => self.apply(Command::Adjudicate(adjudication)),
        }
    }

    pub fn apply(&mut self, command: Command) {
        let Self { session, n_events, facts, .. } = self;
        let mut stamps = || {
            *n_events += 1;
            Stamp {
                reader: facts.reader.clone(),
                at: "2026-11-21T10:00:00+01:00".to_owned(),
                event: EventId::new(format!("e{n_events}")),
            }
        };
        let events = session.apply(command, &mut stamps).unwrap_or_default();
        for event in events {
            if self.n_not_saved > 0 {
                self.n_not_saved -= 1;
                self.session.mark_not_saved(&event.id, "No space left on the device.");
            } else {
                self.session.mark_kept(&event.id);
            }
        }
    }

    pub fn select(&mut self, id: &str) {
        let study = Arc::clone(&self.studies[0]);
        let id = FindingId::new(id);
        let subject = self.session.finding(&id).unwrap().finding.subject.clone();
        let look = self.view.look_mut(&study.uid);
        look.selected = Some(id);
        assert!(look.show_image(&study, &subject.sop, subject.frame));
    }

    pub fn selected(&self) -> Option<&str> {
        self.view.selected(&self.studies[0].uid).map(FindingId::as_str)
    }

    /// `accepted`, `rejected`… or nothing.
    pub fn verdict(&self, id: &str) -> Option<&'static str> {
        let review = self.session.finding(&FindingId::new(id)).unwrap();
        review.decision.as_ref().map(|decision| decision.verdict.word())
    }
}

pub fn model(id: &str, name: &str, state: AnalysisState) -> ModelStatus {
    ModelStatus { id: ModelId::new(id), name: name.into(), version: "1.0".into(), state, about: None }
}

pub fn job(id: u64, name: &str, n_done: usize, n_total: usize) -> JobStatus {
    JobStatus { id, name: name.into(), progress: Progress { n_done, n_total }, can_cancel: true }
}
