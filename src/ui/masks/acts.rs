//! What buttons and keys do to a mask: open and close it, operations in the background, revisions.

use std::sync::Arc;

use crate::domain::finding::Finding;
use crate::domain::mask_edit::{MaskGround, MaskSubject};
use crate::domain::uid::FindingId;
use crate::review::mask_acts::MaskReview;
use crate::segmentation::intensities::ValueRange;
use crate::segmentation::operation::{Operation, Work};
use crate::segmentation::region_grow::{Growth, meets_its_reach, seed_value};
use crate::segmentation::segment_set::SegmentSet;
use crate::ui::action::{MaskAction, ViewAction};
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::masks::desk::MaskDesk;
use crate::ui::masks::finishing;
use crate::ui::masks::footing::{self, ValuesMissing, base_of, own_ground, values_of};
use crate::ui::masks::segments;
use crate::ui::masks::stroke::{self, missing_words};
use crate::ui::masks::{InHand, MaskFiguresWork, MaskMemory, MaskTool, MaskWork, RunningWork, WorkDone, WorkResult};
use crate::ui::stage::SeriesRef;
use crate::ui::view_state::{MaskStyle, SeriesPart, ViewState};
use crate::ui::viewport::pointer::scrolled;
use crate::ui::viewport::shown::{Shown, series_in_pane};

/// Figures are asked for again after this long a rest, seconds: while a stroke is drawn they would be late anyway.
const FIGURES_REST_S: f64 = 0.25;

/// The review of the open mask.
pub fn review_of<'a>(context: &UiContext<'a>, subject: &MaskSubject) -> Option<&'a MaskReview> {
    context.session?.masks().iter().find(|mask| &mask.subject == subject)
}

/// Opens the mask of the selected finding, or the reader's own of the series on screen; closes the open one.
pub fn toggle(context: &UiContext<'_>, view: &mut ViewState) {
    if view.transient.masks.is_open() {
        return close(view);
    }
    let Some(study) = context.open_study else { return };
    let selected = deciding::selected(context, view).map(|review| Arc::clone(&review.finding));
    if let Some(finding) = selected.as_ref().filter(|finding| footing::subject_of(study, finding).is_some()) {
        return open_finding(context, view, &finding.id);
    }
    let look = view.look(&study.uid);
    let pane = look.map_or(0, |look| look.stage.active);
    let stack_index = look.map_or(0, |look| look.view().stack_index);
    let Some((of_pane, index)) = series_in_pane(context, look, pane).filter(|(of, _)| of.uid == study.uid) else {
        view.transient.hint = Some("Choose a picture of this study first.".to_owned());
        return;
    };
    let ground = of_pane.series.get(index).and_then(|series| own_ground(study, series, stack_index));
    let Some(ground) = ground else { return };
    open(context, view, MaskSubject { ground, finding: None });
}

/// Opens the mask of a finding, its picture on screen.
pub fn open_finding(context: &UiContext<'_>, view: &mut ViewState, id: &FindingId) {
    let finding = context.session.and_then(|session| session.finding(id)).map(|review| Arc::clone(&review.finding));
    let subject = context.open_study.zip(finding).and_then(|(study, finding)| footing::subject_of(study, &finding));
    if let Some(subject) = subject {
        deciding::open(context, view, id);
        open(context, view, subject);
    }
}

pub fn open(context: &UiContext<'_>, view: &mut ViewState, subject: MaskSubject) {
    let Some(study) = context.open_study else { return };
    let Some(base) = base_of(study, &subject.ground) else {
        view.transient.hint = Some("The images this mask was made on are not here.".to_owned());
        return;
    };
    close(view);
    let on_shelf = view.transient.masks.shelf.iter().position(|desk| desk.subject == subject);
    let mut desk = match on_shelf {
        Some(at) => view.transient.masks.shelf.swap_remove(at),
        None => {
            let finding = finding_of(context, &subject);
            MaskDesk::new(study, subject, base, finding.as_deref(), view.transient.masks.settings.sharing)
        }
    };
    desk.follow(review_of(context, &desk.subject));
    // A tool in hand for measuring would draw over the mask
    view.transient.tools.tool = None;
    view.transient.tools.selected = None;
    if view.overlay.masks == MaskStyle::Off {
        view.overlay.masks = MaskStyle::Outline;
    }
    let masks = &mut view.transient.masks;
    masks.settings.radius_mm = usual_radius(&masks.settings.radius_mm, &desk);
    let is_empty = desk.segments.is_empty();
    masks.open = Some(desk);
    masks.touch(None);
    view.transient.hint = None;
    if is_empty {
        segments::add_segment(view, "Segment 1", None, None);
    }
}

/// A brush that is seen on the picture: kept where it was sensible already.
fn usual_radius(known: &f64, desk: &MaskDesk) -> f64 {
    let [x, y, _] = desk.base.grid.spacing_mm;
    let pixel = x.min(y);
    known.clamp(pixel * 1.5, pixel * 200.0)
}

pub fn finding_of(context: &UiContext<'_>, subject: &MaskSubject) -> Option<Arc<Finding>> {
    let id = subject.finding.as_ref()?;
    context.session?.finding(id).map(|review| Arc::clone(&review.finding))
}

pub fn close(view: &mut ViewState) {
    let masks = &mut view.transient.masks;
    stroke::finish_stroke(masks);
    let asked = std::mem::take(&mut masks.asked);
    let mut shelf = std::mem::take(&mut masks.shelf);
    shelf.extend(masks.open.take().map(|mut desk| {
        desk.looks_at = None;
        desk
    }));
    *masks = MaskMemory { settings: masks.settings.clone(), asked, shelf, ..MaskMemory::default() };
}

/// Esc: what was begun is left; with nothing begun the mask is closed.
pub fn cancel(view: &mut ViewState) -> bool {
    let masks = &mut view.transient.masks;
    if !masks.is_open() {
        return false;
    }
    if masks.has_in_hand() {
        stroke::cancel_stroke(masks);
        masks.in_hand = InHand::default();
    } else if masks.work.running.take().is_some() {
        masks.asked.push(MaskAction::Cancel.into());
    } else {
        close(view);
    }
    true
}

/// Once a pass: the voxels follow the review, answers from the background are taken in, and what is missing is asked for.
pub fn follow(context: &UiContext<'_>, view: &mut ViewState, now_s: f64) {
    let study = context.open_study_uid();
    if view.transient.masks.open.as_ref().is_some_and(|desk| study != Some(desk.subject.ground.study())) {
        close(view);
    }
    follow_selection(context, view);
    follow_shelf(context, &mut view.transient.masks);
    segments::split_when_ready(context, view);
    let masks = &mut view.transient.masks;
    if masks.in_hand.stroke.is_none()
        && let Some(desk) = &mut masks.open
    {
        desk.set.sharing = masks.settings.sharing;
        desk.follow(review_of(context, &desk.subject));
    }
    if masks.is_open() {
        masks.tasks.follow(context);
    }
    for done in std::mem::take(&mut masks.work.done) {
        take_in(context, view, done);
    }
    want_figures(&mut view.transient.masks, now_s);
    view.transient.masks.begin_pass();
}

/// Another finding was selected: its mask is the one to correct, where it has one.
fn follow_selection(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study else { return };
    let open = view.transient.masks.open.as_ref().and_then(|desk| desk.subject.finding.clone());
    let (Some(open), Some(selected)) = (open, view.selected(&study.uid).cloned()) else { return };
    if open == selected || view.transient.masks.has_in_hand() || view.transient.masks.work.finishing.is_some() {
        return;
    }
    let finding = context.session.and_then(|session| session.finding(&selected)).map(|review| &review.finding);
    match finding.and_then(|finding| footing::subject_of(study, finding)) {
        Some(subject) => self::open(context, view, subject),
        None => close(view),
    }
}

/// Masks that were changed and are not open lie on the shelf, in step with the review; those of other studies do not.
fn follow_shelf(context: &UiContext<'_>, masks: &mut MaskMemory) {
    let Some((study, session)) = context.open_study.zip(context.session) else { return masks.shelf.clear() };
    masks.shelf.retain(|desk| desk.subject.ground.study() == &study.uid);
    for review in session.masks() {
        if masks.shelf.iter().chain(&masks.open).any(|desk| desk.subject == review.subject) {
            continue;
        }
        if let Some(base) = base_of(study, &review.subject.ground) {
            let finding = finding_of(context, &review.subject);
            let desk = MaskDesk::new(study, review.subject.clone(), base, finding.as_deref(), masks.settings.sharing);
            masks.shelf.push(desk);
        }
    }
    for desk in &mut masks.shelf {
        desk.follow(session.masks().iter().find(|review| review.subject == desk.subject));
    }
}

fn take_in(context: &UiContext<'_>, view: &mut ViewState, done: WorkDone) {
    let masks = &mut view.transient.masks;
    let Some(desk) = masks.open.as_mut().filter(|desk| desk.subject == done.subject) else { return };
    match done.result {
        WorkResult::Edited(result) => {
            let Some(running) = masks.work.running.take_if(|running| running.number == done.number) else { return };
            if running.version != desk.version {
                view.transient.hint = Some("The mask was changed meanwhile: do it again.".to_owned());
                return;
            }
            match result {
                Ok(set) => {
                    for (layer, made) in desk.set.layers.iter_mut().zip(set.layers) {
                        layer.mask = made.mask;
                    }
                    let had_changed = !desk.set.flips_since(&running.before).is_empty();
                    masks.touch(None);
                    stroke::commit(masks, &running.before, running.code);
                    let has_leaked = running.growth.is_some_and(|growth| has_leaked(masks, &running.before, &growth));
                    view.transient.hint = match (had_changed, has_leaked) {
                        (false, _) => Some("Nothing to change.".to_owned()),
                        (true, true) => Some(LEAKED.to_owned()),
                        (true, false) => None,
                    };
                }
                Err(error) => view.transient.hint = Some(error.to_string()),
            }
        }
        WorkResult::Figures { version, figures, voxels_sha256 } => {
            if version != desk.version {
                return;
            }
            masks.work.figures = Some((version, figures.clone()));
            if let Some(finishing) = masks.work.finishing.take() {
                finishing::finish_with(context, view, finishing, figures, voxels_sha256);
            }
        }
    }
}

const LEAKED: &str = "The region ends where it may reach no farther: it may have leaked. Undo, and lower the tolerance or \
                      raise the leak guard.";

fn has_leaked(masks: &MaskMemory, before: &SegmentSet, growth: &Growth) -> bool {
    let Some(desk) = &masks.open else { return false };
    let pair = desk.set.mask(desk.active).zip(before.mask(desk.active));
    pair.is_some_and(|(now, then)| meets_its_reach(&now.minus(then), growth))
}

/// Asks for surface distances when the voxels have come to rest.
fn want_figures(masks: &mut MaskMemory, now_s: f64) {
    let Some(desk) = &masks.open else { return };
    let version = desk.version;
    let is_known = masks.work.figures.as_ref().is_some_and(|(known, _)| *known == version);
    if is_known && masks.work.finishing.is_none() || masks.in_hand.stroke.is_some() {
        return;
    }
    let is_asked = masks.work.figures_asked.is_some_and(|(asked, at)| asked == version && now_s - at < 10.0);
    let was_changed_just_now = masks.seen.changed.is_some();
    if is_asked || was_changed_just_now && masks.work.finishing.is_none() {
        return;
    }
    let is_resting = masks.work.figures_asked.is_none_or(|(_, at)| now_s - at >= FIGURES_REST_S);
    if !is_resting && masks.work.finishing.is_none() {
        return;
    }
    masks.work.figures_asked = Some((version, now_s));
    let pairs = desk.segments.iter().zip(&desk.set.layers);
    let segments = pairs.map(|(segment, layer)| (segment.info.id.clone(), segment.ghost.clone(), layer.mask.clone()));
    let work = MaskFiguresWork {
        subject: desk.subject.clone(),
        version,
        segments: segments.collect(),
        has_mm: desk.base.has_mm,
    };
    masks.asked.push(MaskAction::Figures(Box::new(work)).into());
}

/// Whether the values under the mask are here; else they are asked for, and the reader is told.
pub fn has_values(context: &UiContext<'_>, view: &mut ViewState) -> bool {
    let Some(desk) = &view.transient.masks.open else { return false };
    match values_of(context, &desk.subject.ground, &desk.base) {
        Ok(_) => true,
        Err(missing) => {
            ask_for_values(context, view, missing);
            false
        }
    }
}

pub fn ask_for_values(context: &UiContext<'_>, view: &mut ViewState, missing: ValuesMissing) {
    view.transient.hint = Some(missing_words(missing).to_owned());
    let Some((study, desk)) = context.open_study.zip(view.transient.masks.open.as_ref()) else { return };
    let MaskGround::Stack { .. } = &desk.subject.ground else { return };
    let found = desk.subject.ground.series_in(study);
    let index = found.and_then(|found| study.series.iter().position(|series| Arc::ptr_eq(series, found)));
    if let Some(index) = index {
        let series = SeriesRef::new(study, SeriesPart::of(study, index));
        view.transient.masks.asked.push(ViewAction::WantVolume(series).into());
    }
}

/// Hands an operation on the active segment to a worker.
pub fn run(context: &UiContext<'_>, view: &mut ViewState, operation: Operation) {
    view.transient.hint = None;
    if let Some(reason) = stroke::obstacle(context, &view.transient.masks, None) {
        view.transient.hint = Some(reason);
        return;
    }
    let needs_values =
        matches!(operation, Operation::Threshold { .. } | Operation::KeepWithin { .. } | Operation::GrowRegion(_));
    if needs_values && !has_values(context, view) {
        return;
    }
    let masks = &mut view.transient.masks;
    let Some(desk) = &masks.open else { return };
    let values = values_of(context, &desk.subject.ground, &desk.base).ok().filter(|_| needs_values);
    masks.work.next += 1;
    let number = masks.work.next;
    let (words, code) = (operation.words(), operation.code());
    let growth = match &operation {
        Operation::GrowRegion(growth) => Some(*growth),
        _ => None,
    };
    let (before, version) = (desk.set.clone(), desk.version);
    let work = Work { set: desk.set.clone(), segment: desk.active, operation, values };
    masks.work.running = Some(RunningWork { number, words, before, version, code, growth });
    let work = MaskWork { subject: desk.subject.clone(), number, work };
    masks.asked.push(MaskAction::Work(Box::new(work)).into());
}

/// A click of a tool that works on a place.
pub fn click(context: &UiContext<'_>, view: &mut ViewState, voxel: [u32; 3], is_inverted: bool) {
    let settings = view.transient.masks.settings.clone();
    let operation = match settings.tool {
        MaskTool::Fill => Operation::FillAt { voxel },
        MaskTool::Island if is_inverted => Operation::RemoveIslandAt { voxel },
        MaskTool::Island => Operation::KeepIslandAt { voxel },
        MaskTool::GrowRegion => {
            if !has_values(context, view) {
                return;
            }
            let tolerance = tolerance(context, view);
            Operation::GrowRegion(Growth {
                seed: voxel,
                tolerance,
                guard_mm: settings.guard_mm,
                reach_mm: settings.reach_mm,
                within: settings.within,
            })
        }
        _ => return,
    };
    run(context, view, operation);
}

/// How far values may lie from the seed's: as set, or what is usual for the picture's own range.
pub fn tolerance(context: &UiContext<'_>, view: &mut ViewState) -> f64 {
    if view.transient.masks.settings.tolerance <= 0.0 {
        let range = usual_range(context, view).unwrap_or(ValueRange { low: 0.0, high: 255.0 });
        view.transient.masks.settings.tolerance = ((range.high - range.low) * 0.04).max(1e-6);
    }
    view.transient.masks.settings.tolerance
}

/// The values of the picture on screen, from the lowest to the highest.
pub fn usual_range(context: &UiContext<'_>, view: &mut ViewState) -> Option<ValueRange> {
    let study = context.open_study?;
    let shown = Shown::of(context, view.looks.get(&study.uid), &mut view.transient)?;
    let (low, high) = shown.tone.as_ref()?.range;
    (high > low).then_some(ValueRange { low, high })
}

/// The range takes the values around a voxel.
pub fn range_around(context: &UiContext<'_>, view: &mut ViewState, voxel: [u32; 3]) {
    let tolerance = tolerance(context, view);
    let Some(desk) = &view.transient.masks.open else { return };
    if let Ok(values) = values_of(context, &desk.subject.ground, &desk.base) {
        let middle = seed_value(&values, voxel);
        if middle.is_finite() {
            view.transient.masks.settings.range =
                Some(ValueRange { low: middle - tolerance, high: middle + tolerance });
        }
    }
}

/// The slice of the mask that the active pane shows.
pub fn slice_on_screen(context: &UiContext<'_>, view: &mut ViewState) -> Option<u32> {
    let study = context.open_study?;
    let shown = Shown::of(context, view.looks.get(&study.uid), &mut view.transient)?;
    let desk = view.transient.masks.open.as_ref()?;
    footing::footing(&shown, &desk.subject.ground, &desk.base)?.pose.slice()
}

/// Scrolls the active pane.
pub fn step_slice(context: &UiContext<'_>, view: &mut ViewState, step: i64) {
    let Some(study) = context.open_study else { return };
    let look = view.look_mut(&study.uid);
    let Some(index) = look.series_of_pane(study, look.stage.active) else { return };
    let n_images = study.series.get(index).map_or(0, |series| series.stack.len());
    let shown = look.view_mut();
    shown.stack_index = scrolled(shown.stack_index, step, n_images);
}

/// The slice on screen is copied onto the next, which comes on screen.
pub fn copy_to_next(context: &UiContext<'_>, view: &mut ViewState, step: i64) {
    let Some(from) = slice_on_screen(context, view) else {
        view.transient.hint = Some("Slices are copied on the images themselves.".to_owned());
        return;
    };
    let Some(to) = u32::try_from(i64::from(from) + step).ok() else { return };
    if view.transient.masks.open.as_ref().is_none_or(|desk| to >= desk.base.grid.slices) {
        view.transient.hint = Some("There is no slice after this one.".to_owned());
        return;
    }
    run(context, view, Operation::CopyToSlice { from, to });
    step_slice(context, view, step);
}

/// About the middle of the picture.
pub fn mirror(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(cols) = view.transient.masks.open.as_ref().map(|desk| desk.base.grid.cols) else { return };
    run(context, view, Operation::Mirror { about: f64::from(cols - 1) / 2.0 });
}

/// Looks at an earlier revision; `None`: at the mask as it is.
pub fn look_at(context: &UiContext<'_>, view: &mut ViewState, revision: Option<usize>) {
    let masks = &mut view.transient.masks;
    let Some(desk) = &mut masks.open else { return };
    desk.looks_at = revision;
    masks.work.looked_at =
        revision.map(|revision| (revision, desk.at_revision(review_of(context, &desk.subject), revision)));
    masks.touch(None);
}
