//! How long the reader looked at what, for the record of a decision. Counted from pass to pass; of a pause only the
//! first half minute counts.

use std::collections::{BTreeMap, BTreeSet};

use egui::Context;

use crate::domain::circumstances::{Attention, Circumstances, IDLE_AFTER_S};
use crate::domain::decision::Seen;
use crate::domain::finding::Finding;
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, StudyUid};
use crate::ui::context::UiContext;
use crate::ui::reading;
use crate::ui::view_state::{MaskStyle, SeriesPart, ViewState};

#[derive(Default)]
pub struct AttentionMemory {
    studies: BTreeMap<StudyUid, StudyAttention>,
    /// What the pass before showed, and when it was.
    before: Option<(Shown, f64)>,
    last_input: f64,
}

#[derive(Default)]
struct StudyAttention {
    study_s: f64,
    findings: BTreeMap<FindingId, FindingAttention>,
    /// Images of each series that were on screen.
    images: BTreeMap<SeriesPart, BTreeSet<usize>>,
}

#[derive(Default)]
struct FindingAttention {
    finding_s: f64,
    contour_s: f64,
    map_s: f64,
    /// The last time its image was on screen with it selected.
    seen: Option<Seen>,
}

/// What one pass showed.
#[derive(Clone)]
struct Shown {
    study: StudyUid,
    /// Selected, with its image on screen.
    finding: Option<FindingId>,
    has_contour: bool,
    has_map: bool,
}

/// Once a pass, after everything is drawn.
pub fn follow(ctx: &Context, context: &UiContext<'_>, view: &mut ViewState) {
    let (now, is_touched) = ctx.input(|input| (input.time, !input.events.is_empty() || input.pointer.any_down()));
    let shown = context.open_study.map(|study| shown_now(context, view, study));
    if let Some(study) = context.open_study {
        note_images(context, view, study);
    }
    let memory = &mut view.transient.attention;
    if let Some((before, at)) = memory.before.take() {
        memory.count(&before, counted_s(at, now, memory.last_input));
    }
    if is_touched {
        memory.last_input = now;
    }
    memory.before = shown.map(|shown| (shown, now));
}

/// Of the time between two passes what lies within the patience after the last touch.
fn counted_s(from: f64, to: f64, last_input: f64) -> f64 {
    (to.min(last_input + IDLE_AFTER_S) - from).max(0.0)
}

impl AttentionMemory {
    fn count(&mut self, shown: &Shown, seconds: f64) {
        let of_study = self.studies.entry(shown.study.clone()).or_default();
        of_study.study_s += seconds;
        if let Some(finding) = &shown.finding {
            let of_finding = of_study.findings.entry(finding.clone()).or_default();
            of_finding.finding_s += seconds;
            of_finding.contour_s += if shown.has_contour { seconds } else { 0.0 };
            of_finding.map_s += if shown.has_map { seconds } else { 0.0 };
        }
    }
}

fn shown_now(context: &UiContext<'_>, view: &ViewState, study: &Study) -> Shown {
    let selected = view.selected(&study.uid).and_then(|id| context.session?.finding(id));
    let on_screen = selected.filter(|review| painted_of(&review.finding, view).is_some());
    let overlay = reading::overlay_in_force(context, view);
    let is_shown = !overlay.is_held_hidden;
    let evidence = on_screen.map(|review| &review.finding.evidence);
    let has_masks = evidence.is_some_and(|evidence| !evidence.segments.is_empty()) && overlay.masks != MaskStyle::Off;
    let has_box = on_screen.is_some_and(|review| review.finding.place.region().is_some()) && overlay.marks_shown;
    Shown {
        study: study.uid.clone(),
        finding: on_screen.map(|review| review.finding.id.clone()),
        has_contour: is_shown && (has_masks || has_box),
        has_map: is_shown && overlay.saliency_shown && evidence.is_some_and(|evidence| evidence.saliency.is_some()),
    }
}

fn note_images(context: &UiContext<'_>, view: &mut ViewState, study: &Study) {
    let painted: Vec<(SeriesPart, usize)> = view
        .transient
        .panes
        .painted
        .values()
        .filter(|painted| painted.is_of(study))
        .map(|painted| (painted.part.clone(), painted.stack_index))
        .collect();
    let selected = view.selected(&study.uid).and_then(|id| context.session?.finding(id));
    let seen =
        selected.and_then(|review| Some((review.finding.id.clone(), painted_of(&review.finding, view)?.clone())));
    let of_study = view.transient.attention.studies.entry(study.uid.clone()).or_default();
    for (part, index) in painted {
        of_study.images.entry(part).or_default().insert(index);
    }
    if let Some((finding, seen)) = seen {
        of_study.findings.entry(finding).or_default().seen = Some(seen);
    }
}

/// The picture of this finding's own image that was painted in the pass before.
pub fn painted_of<'a>(finding: &Finding, view: &'a ViewState) -> Option<&'a Seen> {
    let panes = &view.transient.panes;
    let is_drawn = |pane: &usize| panes.errors.get(pane).is_none_or(|error| error.sentence().is_none());
    let mut drawn = panes.painted.iter().filter(|(pane, _)| is_drawn(pane)).map(|(_, painted)| &painted.seen);
    drawn.find(|seen| seen.sop == finding.subject.sop && seen.frame == finding.subject.frame)
}

/// What a decision on a finding may say of how it was looked at.
pub fn attention(view: &ViewState, study: &Study, finding: &Finding) -> Option<Attention> {
    let of_study = view.transient.attention.studies.get(&study.uid)?;
    let of_finding = of_study.findings.get(&finding.id);
    let seconds = |of: fn(&FindingAttention) -> f64| of_finding.map_or(0.0, of);
    let series_idx = study.series.iter().position(|series| {
        let has_it = |index: usize| {
            let image = series.image(index);
            image.is_some_and(|(instance, at)| instance.sop == finding.subject.sop && at == finding.subject.frame)
        };
        series.uid == finding.subject.series && (0..series.stack.len()).any(has_it)
    });
    let seen = series_idx.and_then(|index| {
        let n_images = study.series.get(index)?.stack.len();
        let n_seen = of_study.images.get(&SeriesPart::of(study, index)).map_or(0, BTreeSet::len);
        (n_images > 0).then(|| n_seen as f64 / n_images as f64)
    });
    let tenths = |seconds: f64| (seconds * 10.0).round() / 10.0;
    Some(Attention {
        finding_s: tenths(seconds(|one| one.finding_s)),
        study_s: tenths(of_study.study_s),
        slices_seen: seen.map_or(0.0, |share| (share * 1000.0).round() / 1000.0),
        contour_s: tenths(seconds(|one| one.contour_s)),
        map_s: tenths(seconds(|one| one.map_s)),
    })
}

/// What was on screen when this finding's image was last seen with it selected, as a decision in bulk records it.
pub fn last_seen(context: &UiContext<'_>, view: &ViewState, study: &Study, finding: &Finding) -> Option<Seen> {
    let seen = view.transient.attention.studies.get(&study.uid)?.findings.get(&finding.id)?.seen.clone()?;
    Some(complete(context, view, study, finding, seen))
}

/// Adds to what was on screen how it was looked at and read.
pub fn complete(context: &UiContext<'_>, view: &ViewState, study: &Study, finding: &Finding, seen: Seen) -> Seen {
    let look = view.look(&study.uid);
    let panes = look.map(|look| look.stage.visible().filter_map(|pane| look.stage.panes.get(pane)));
    let mut comparison: Vec<StudyUid> = panes
        .into_iter()
        .flatten()
        .filter_map(|pane| pane.content.series())
        .map(|series| series.study.clone())
        .filter(|shown| shown != &study.uid)
        .collect();
    comparison.sort();
    comparison.dedup();
    let shift = view.transient.list.threshold_shift;
    let circumstances = Circumstances {
        comparison,
        reading_mode: Some(reading::mode(context)),
        is_ai_hidden: Some(reading::is_ai_hidden(context)),
        presentation: Some(reading::presentation(context)),
        threshold_shift: (shift != 0.0).then_some(shift),
        attention: attention(view, study, finding),
        ..*seen.circumstances.clone()
    };
    Seen { circumstances: Box::new(circumstances), ..seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_counts_for_half_a_minute_and_no_longer() {
        assert_eq!(counted_s(10.0, 12.0, 10.0), 2.0);
        assert_eq!(counted_s(10.0, 400.0, 10.0), 30.0);
        assert_eq!(counted_s(45.0, 50.0, 10.0), 0.0);
        assert_eq!(counted_s(30.0, 50.0, 10.0), 10.0);
    }
}
