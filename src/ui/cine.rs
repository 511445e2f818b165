//! Cine: a pane's stack played as a film, at the rate its file asks for. Only images that are here are shown: one that
//! is not is waited for, none is left out, and the rate that was reached is said beside the one that was asked for.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use egui::Context;

use crate::domain::series::Series;
use crate::ui::action::{Action, ViewAction};
use crate::ui::context::{FrameState, UiContext};
use crate::ui::stage::SeriesRef;
use crate::ui::view_state::{LookAt, SeriesPart, ViewState};
use crate::ui::viewport::shown::series_in_pane;

/// Images a second where the file says nothing.
const USUAL_RATE: f64 = 10.0;
/// Rates on offer, images a second.
pub const RATES: std::ops::RangeInclusive<f64> = 1.0..=60.0;
/// The reached rate is measured over this long, seconds.
const MEASURED_OVER_S: f64 = 2.0;

/// What plays, and how.
#[derive(Default)]
pub struct CineMemory {
    /// By pane.
    playing: BTreeMap<usize, Playing>,
    /// Images a second, where the reader chose another rate than the file's.
    rates: BTreeMap<SeriesRef, f64>,
    /// There and back instead of round and round.
    pub bounces: bool,
}

struct Playing {
    series: SeriesRef,
    /// The image put on screen last: at another one somebody else has scrolled.
    at: usize,
    is_backward: bool,
    /// When the next image is due, seconds.
    due_s: f64,
    /// When images were put on screen, seconds.
    shown_s: VecDeque<f64>,
    is_waiting: bool,
}

/// What a pane says of its film.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CineState {
    /// Images a second.
    pub wanted: f64,
    /// The same, as it was reached; `None` until it can be told.
    pub reached: Option<f64>,
    /// The next image is not here yet.
    pub is_waiting: bool,
}

impl CineState {
    /// `9.8 of 10 images/s`.
    pub fn words(&self) -> String {
        let reached = self.reached.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}"));
        let waiting = if self.is_waiting { ", loading" } else { "" };
        format!("Playing {reached} of {:.0} images/s{waiting}", self.wanted)
    }
}

/// Starts or stops the film in the active pane.
pub fn toggle(ctx: &Context, context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study else { return };
    let pane = view.look_mut(&study.uid).stage.active;
    if view.transient.panes.cine.playing.remove(&pane).is_some() {
        return;
    }
    let Some((series, reference, at)) = stack_in_pane(context, view.look(&study.uid), pane) else { return };
    if series.stack.len() < 2 {
        return;
    }
    let now = ctx.input(|input| input.time);
    let playing =
        Playing { series: reference, at, is_backward: false, due_s: now, shown_s: VecDeque::new(), is_waiting: false };
    view.transient.panes.cine.playing.insert(pane, playing);
    ctx.request_repaint();
}

pub fn stop_all(view: &mut ViewState) {
    view.transient.panes.cine.playing.clear();
}

/// Stops the film in one pane: somebody takes the picture in hand.
pub fn stop(view: &mut ViewState, pane: usize) {
    view.transient.panes.cine.playing.remove(&pane);
}

/// The film in a pane, if one plays.
pub fn state(context: &UiContext<'_>, view: &ViewState, pane: usize) -> Option<CineState> {
    let cine = &view.transient.panes.cine;
    let playing = cine.playing.get(&pane)?;
    let look = context.open_study_uid().and_then(|study| view.look(study));
    let (series, reference, _) = stack_in_pane(context, look, pane)?;
    let wanted = cine.rates.get(&reference).copied().unwrap_or_else(|| rate_of(series));
    Some(CineState { wanted, reached: reached(&playing.shown_s), is_waiting: playing.is_waiting })
}

/// Images a second of the active pane's stack, as its film plays or would.
pub fn rate(context: &UiContext<'_>, view: &ViewState) -> Option<f64> {
    let look = context.open_study_uid().and_then(|study| view.look(study));
    let (series, reference, _) = stack_in_pane(context, look, look.map_or(0, |look| look.stage.active))?;
    Some(view.transient.panes.cine.rates.get(&reference).copied().unwrap_or_else(|| rate_of(series)))
}

/// Plays the active pane's stack at another rate.
pub fn set_rate(context: &UiContext<'_>, view: &mut ViewState, rate: f64) {
    let look = context.open_study_uid().and_then(|study| view.look(study));
    let Some((_, reference, _)) = stack_in_pane(context, look, look.map_or(0, |look| look.stage.active)) else {
        return;
    };
    let cine = &mut view.transient.panes.cine;
    cine.rates.insert(reference, rate.clamp(*RATES.start(), *RATES.end()));
    cine.playing.values_mut().for_each(|playing| playing.shown_s.clear());
}

/// What the file asks for, within the rates on offer.
pub fn rate_of(series: &Series) -> f64 {
    let said = series.image(0).and_then(|(instance, _)| instance.acquisition.frame_rate_hz);
    said.unwrap_or(USUAL_RATE).clamp(*RATES.start(), *RATES.end())
}

/// Puts the images on screen that are due. Nothing happens, and nothing is repainted, while nothing plays.
pub fn advance(ctx: &Context, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    if view.transient.panes.cine.playing.is_empty() {
        return;
    }
    let Some(study) = context.open_study else { return stop_all(view) };
    let now = ctx.input(|input| input.time);
    let (mut playing, bounces) = {
        let cine = &mut view.transient.panes.cine;
        (std::mem::take(&mut cine.playing), cine.bounces)
    };
    let is_visible = |pane: usize, view: &ViewState| {
        view.look(&study.uid).is_some_and(|look| look.stage.visible().any(|visible| visible == pane))
    };
    playing.retain(|pane, film| {
        let found = stack_in_pane(context, view.look(&study.uid), *pane);
        let Some((series, reference, at)) = found.filter(|_| is_visible(*pane, view)) else { return false };
        if reference != film.series || at != film.at {
            return false;
        }
        let rate = view.transient.panes.cine.rates.get(&reference).copied().unwrap_or_else(|| rate_of(series));
        if let Some(next) = film.next(context, series, now, 1.0 / rate, bounces)
            && let Some(shown) = view.look_mut(&study.uid).stage.panes.get_mut(*pane)
        {
            shown.view.stack_index = next;
        }
        ctx.request_repaint_after(Duration::from_secs_f64((film.due_s - now).clamp(0.001, 1.0)));
        true
    });
    if playing.is_empty() {
        // Where a film ended is where the reader is now.
        actions.push(ViewAction::Changed(study.uid.clone()).into());
    }
    view.transient.panes.cine.playing = playing;
}

impl Playing {
    /// The image that is due and here.
    fn next(
        &mut self,
        context: &UiContext<'_>,
        series: &Series,
        now: f64,
        period: f64,
        bounces: bool,
    ) -> Option<usize> {
        if now + 1e-4 < self.due_s {
            return None;
        }
        let mut is_backward = self.is_backward;
        let next = stepped(self.at, series.stack.len(), bounces, &mut is_backward);
        let key = series.image(next).map(|(instance, frame)| instance.frame_key(frame))?;
        self.is_waiting = !matches!(context.frames.frame(&key), FrameState::Ready(_) | FrameState::Failed(_));
        if self.is_waiting {
            // What comes wakes the screen; this is for a wake that was lost.
            self.due_s = now + 0.1;
            return None;
        }
        (self.at, self.is_backward) = (next, is_backward);
        // A film that is late goes on from here: it plays slower, and says so, rather than leaving images out.
        self.due_s = if now - self.due_s > period { now + period } else { self.due_s + period };
        self.shown_s.push_back(now);
        while self.shown_s.front().is_some_and(|first| now - first > MEASURED_OVER_S) && self.shown_s.len() > 2 {
            self.shown_s.pop_front();
        }
        Some(next)
    }
}

/// The image after `at` in a stack of `n_images`.
fn stepped(at: usize, n_images: usize, bounces: bool, is_backward: &mut bool) -> usize {
    let last = n_images.saturating_sub(1);
    if !bounces {
        return if at >= last { 0 } else { at + 1 };
    }
    if at >= last {
        *is_backward = true;
    } else if at == 0 {
        *is_backward = false;
    }
    if *is_backward { at.saturating_sub(1) } else { (at + 1).min(last) }
}

fn reached(shown_s: &VecDeque<f64>) -> Option<f64> {
    let (first, last) = (shown_s.front()?, shown_s.back()?);
    let n_steps = shown_s.len() - 1;
    (n_steps >= 2 && last > first).then(|| n_steps as f64 / (last - first))
}

/// The stack that a pane shows, what it is called, and the image it is at.
fn stack_in_pane<'a>(
    context: &UiContext<'a>,
    look: Option<&LookAt>,
    pane: usize,
) -> Option<(&'a Series, SeriesRef, usize)> {
    let (study, index) = series_in_pane(context, look, pane)?;
    let view = look.and_then(|look| look.stage.panes.get(pane)).map(|pane| pane.view.stack_index).unwrap_or_default();
    let series = study.series.get(index)?;
    let at = view.min(series.stack.len().saturating_sub(1));
    Some((series, SeriesRef::new(study, SeriesPart::of(study, index)), at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_goes_round_and_a_bounce_there_and_back() {
        let walk = |bounces: bool| {
            let (mut at, mut is_backward) = (0, false);
            let step = |_| {
                at = stepped(at, 3, bounces, &mut is_backward);
                at
            };
            (0..7).map(step).collect::<Vec<_>>()
        };
        assert_eq!(walk(false), [1, 2, 0, 1, 2, 0, 1]);
        assert_eq!(walk(true), [1, 2, 1, 0, 1, 2, 1]);
    }

    #[test]
    fn the_reached_rate_is_that_of_the_images_shown() {
        assert_eq!(reached(&[0.0, 0.1].into()), None);
        let rate = reached(&[0.0, 0.1, 0.2, 0.3, 0.4].into()).unwrap();
        assert!((rate - 10.0).abs() < 1e-9);
    }
}
