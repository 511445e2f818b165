//! What moves together: stacks by place in the patient, windows, zoom.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::geometry::PixelPlane;
use crate::domain::series::Series;
use crate::imaging::presets::presets_apply;
use crate::ui::context::UiContext;
use crate::ui::stage::{Pane, PaneContent, SeriesRef};
use crate::ui::view_state::{LookAt, SeriesView, ViewState};
use crate::ui::viewport::shown::{pixel_plane, series_in_pane};

/// Distance along the stacks' normal from a moving stack to one that keeps its distance, mm, by both.
pub type LinkOffsets = BTreeMap<(SeriesRef, SeriesRef), f64>;

/// Lets the other panes follow the one that this pass has moved. `before` is the look at the start of the pass.
pub fn follow(context: &UiContext<'_>, view: &mut ViewState, before: Option<&LookAt>) {
    let (Some(study), Some(before)) = (context.open_study, before) else { return };
    let Some(look) = view.looks.get_mut(&study.uid) else { return };
    let links = look.stage.links;
    if before.stage.links != links {
        view.transient.panes.link_offsets.clear();
    }
    let is_moved = |pane: &usize| {
        let (was, is) = (before.stage.panes.get(*pane), look.stage.panes.get(*pane));
        was.zip(is).is_some_and(|(was, is)| was.content == is.content && was.view != is.view)
    };
    let Some(source) = look.stage.visible().find(is_moved) else { return };
    let (Some(was), Some(is)) = (before.stage.panes.get(source), look.stage.panes.get(source).cloned()) else { return };
    let others: Vec<usize> = look.stage.visible().filter(|pane| *pane != source).collect();
    for pane in others {
        let pair = Pair::of(context, look, source, pane);
        let Some(pair) = pair else { continue };
        let Some(target) = look.stage.panes.get_mut(pane) else { continue };
        if links.scroll && was.view.stack_index != is.view.stack_index {
            let offsets = &mut view.transient.panes.link_offsets;
            if let Some(index) = pair.followed(was.view.stack_index, is.view.stack_index, target, offsets) {
                target.view.stack_index = index;
            }
        }
        let are_planes = matches!((&is.content, &target.content), (PaneContent::Plane(..), PaneContent::Plane(..)));
        if are_planes && pair.is_same_series() {
            // One volume, one window
            target.view.window.clone_from(&is.view.window);
            target.view.is_inverted = is.view.is_inverted;
        }
        if links.window && pair.shares_window() && was.view.window != is.view.window {
            target.view.window.clone_from(&is.view.window);
        }
        if links.zoom && (was.view.view != is.view.view || was.view.is_fit != is.view.is_fit) {
            pair.zoom(&is.view, &mut target.view);
        }
    }
}

/// The pane that moved and one that may follow.
struct Pair<'a> {
    source: (&'a Arc<Series>, SeriesRef),
    target: (&'a Arc<Series>, SeriesRef),
}

impl<'a> Pair<'a> {
    fn of(context: &UiContext<'a>, look: &LookAt, source: usize, target: usize) -> Option<Self> {
        let of_pane = |pane: usize| {
            let (study, index) = series_in_pane(context, Some(look), pane)?;
            let part = crate::ui::view_state::SeriesPart::of(study, index);
            Some((study.series.get(index)?, SeriesRef::new(study, part)))
        };
        Some(Self { source: of_pane(source)?, target: of_pane(target)? })
    }

    fn is_same_series(&self) -> bool {
        self.source.1 == self.target.1
    }

    fn shares_space(&self) -> bool {
        let (source, target) = (&self.source.0.frame_of_reference, &self.target.0.frame_of_reference);
        self.source.1.study == self.target.1.study && source.is_some() && source == target
    }

    /// Where the target goes when the source goes from one image to another; `None` when it stays.
    fn followed(&self, from: usize, to: usize, target: &Pane, offsets: &mut LinkOffsets) -> Option<usize> {
        if self.is_same_series() {
            return Some(to);
        }
        let (start, end) = (plane_at(self.source.0, from)?, plane_at(self.source.0, to)?);
        let here = plane_at(self.target.0, target.view.stack_index)?;
        if !start.is_parallel_to(&here) {
            return None;
        }
        // Positions along one axis for both
        let normal = start.normal();
        let place = |plane: &PixelPlane| plane.origin_mm.dot(normal);
        let offset = if self.shares_space() {
            0.0
        } else {
            let key = (self.source.1.clone(), self.target.1.clone());
            let back = (self.target.1.clone(), self.source.1.clone());
            let known = offsets.get(&key).copied().or_else(|| offsets.get(&back).map(|offset| -offset));
            let offset = known.unwrap_or_else(|| place(&here) - place(&start));
            *offsets.entry(key).or_insert(offset)
        };
        let wanted = place(&end) + offset;
        let distance =
            |index: usize| plane_at(self.target.0, index).map_or(f64::INFINITY, |plane| (place(&plane) - wanted).abs());
        let all = 0..self.target.0.stack.len();
        all.min_by(|a, b| distance(*a).total_cmp(&distance(*b)))
    }

    /// Windows mean the same in one series, and wherever values are Hounsfield units.
    fn shares_window(&self) -> bool {
        let is_ct =
            |series: &Series| series.image(0).is_some_and(|(instance, _)| presets_apply(&series.modality, instance));
        self.is_same_series() || is_ct(self.source.0) && is_ct(self.target.0)
    }

    /// The same size in the patient, where both know theirs; else the same magnification.
    fn zoom(&self, source: &SeriesView, target: &mut SeriesView) {
        let mm = |series: &Series, view: &SeriesView| {
            let (instance, frame) = series.image(view.stack_index)?;
            let spacing = instance.spacing_of(frame);
            spacing.is_measurable().then_some(spacing.col_mm)
        };
        let ratio = match (mm(self.source.0, source), mm(self.target.0, target)) {
            (Some(of_source), Some(of_target)) => of_target / of_source,
            _ => 1.0,
        };
        target.is_fit = source.is_fit;
        target.view.zoom = source.view.zoom * ratio;
        target.view.pan = source.view.pan;
    }
}

fn plane_at(series: &Series, index: usize) -> Option<PixelPlane> {
    let (instance, frame) = series.image(index)?;
    pixel_plane(instance, frame)
}
