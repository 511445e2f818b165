//! What moves together: stacks and planes by place in the patient, windows, zoom.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::geometry::{PixelPlane, Vec3};
use crate::domain::series::Series;
use crate::imaging::presets::presets_apply;
use crate::ui::context::UiContext;
use crate::ui::planes;
use crate::ui::stage::{Pane, PaneContent, SeriesRef};
use crate::ui::view_state::{LookAt, SeriesPart, SeriesView, ViewState};
use crate::ui::viewport::shown::{pixel_plane, series_in_pane};

/// Distance along the stacks' normal from a moving stack to one that keeps its distance, mm, by both.
pub type LinkOffsets = BTreeMap<(SeriesRef, SeriesRef), f64>;

/// Lets the other panes follow the one that this pass has moved. `before` is the look at the start of the pass.
pub fn follow(context: &UiContext<'_>, view: &mut ViewState, before: Option<&LookAt>) {
    let (Some(study), Some(before)) = (context.open_study, before) else { return };
    let Some(look) = view.looks.get_mut(&study.uid) else { return };
    let links = look.stage.links;
    let is_set = std::mem::take(&mut view.transient.panes.has_set_offsets);
    if before.stage.links != links && !is_set {
        view.transient.panes.link_offsets.clear();
    }
    if links.scroll {
        planes_and_stacks(context, look, before);
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
        let is_stack = |pane: &Pane| !matches!(pane.content, PaneContent::Plane(..));
        if links.scroll && was.view.stack_index != is.view.stack_index && is_stack(&is) && is_stack(target) {
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

/// From now on stacks that lie alike keep the distance that they have now, also within one frame of reference: a
/// patient breathes and moves between two series.
pub fn as_they_stand(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study else { return };
    let look = view.look_mut(&study.uid);
    look.stage.links.scroll = true;
    let panes: Vec<usize> = look.stage.visible().filter(|pane| planes::axis_of_pane(look, *pane).is_none()).collect();
    let mut offsets = LinkOffsets::new();
    for source in &panes {
        for target in panes.iter().filter(|target| *target != source) {
            let Some(pair) = Pair::of(context, look, *source, *target).filter(|pair| !pair.is_same_series()) else {
                continue;
            };
            if let [Some(from), Some(to)] = pair.planes
                && from.is_parallel_to(&to)
            {
                let normal = from.normal();
                let offset = to.origin_mm.dot(normal) - from.origin_mm.dot(normal);
                offsets.insert((pair.source.1.clone(), pair.target.1.clone()), offset);
            }
        }
    }
    let words = if offsets.is_empty() {
        "No two stacks on screen lie alike: there is nothing to scroll together."
    } else {
        "Stacks scroll together from where they stand now. S twice: by their place in the patient again."
    };
    view.transient.hint = Some(words.to_owned());
    view.transient.panes.link_offsets = offsets;
    view.transient.panes.has_set_offsets = true;
}

/// A stack that was scrolled takes the crosshair of planes in its space along; a crosshair that was moved takes stacks
/// and the planes of other volumes there along.
fn planes_and_stacks(context: &UiContext<'_>, look: &mut LookAt, before: &LookAt) {
    let Some(study) = context.open_study else { return };
    let visible: Vec<usize> = look.stage.visible().collect();
    let (of_planes, of_stacks): (Vec<usize>, Vec<usize>) =
        visible.into_iter().partition(|pane| planes::axis_of_pane(look, *pane).is_some());
    if of_planes.is_empty() {
        return;
    }
    let series_of = |look: &LookAt, pane: usize| {
        let (of_pane, index) = series_in_pane(context, Some(look), pane)?;
        Some((of_pane.series.get(index)?, SeriesPart::of(of_pane, index))).filter(|_| of_pane.uid == study.uid)
    };
    let is_scrolled = |pane: &&usize| {
        let (was, is) = (before.stage.panes.get(**pane), look.stage.panes.get(**pane));
        was.zip(is).is_some_and(|(was, is)| was.content == is.content && was.view.stack_index != is.view.stack_index)
    };
    let moved = of_planes.iter().find_map(|pane| {
        let (series, part) = series_of(look, *pane)?;
        let (_, volume) = planes::volume_of_pane(context, look, *pane)?;
        let center = |look: &LookAt| look.planes.get(&part).cloned().unwrap_or_default().center(volume.space());
        let (was, is) = (center(before), center(look));
        (was != is).then_some((series, part, is))
    });
    if let Some(stack) = of_stacks.iter().find(is_scrolled) {
        let Some((series, _)) = series_of(look, *stack) else { return };
        let index = look.stage.panes.get(*stack).map_or(0, |pane| pane.view.stack_index);
        let Some(image) = plane_at(series, index) else { return };
        move_crosshairs(context, look, &of_planes, series, |center| {
            center.minus(image.normal().scaled(image.distance_mm(center)))
        });
    } else if let Some((source, part, center)) = moved {
        let others: Vec<usize> = of_planes
            .into_iter()
            .filter(|pane| series_of(look, *pane).is_some_and(|(_, other)| other != part))
            .collect();
        move_crosshairs(context, look, &others, source, |_| center);
        for pane in of_stacks {
            let Some((series, _)) = series_of(look, pane).filter(|(series, _)| shares_space(source, series)) else {
                continue;
            };
            let nearest = planes::nearest_image(series, center);
            if let (Some(nearest), Some(pane)) = (nearest, look.stage.panes.get_mut(pane)) {
                pane.view.stack_index = nearest;
            }
        }
    }
}

/// Moves the crosshairs of those panes that share the series' space.
fn move_crosshairs(
    context: &UiContext<'_>,
    look: &mut LookAt,
    panes: &[usize],
    series: &Arc<Series>,
    to: impl Fn(Vec3) -> Vec3,
) {
    let mut done: Vec<SeriesPart> = Vec::new();
    for pane in panes {
        let Some((study, index)) = series_in_pane(context, Some(look), *pane) else { continue };
        let is_near = study.series.get(index).is_some_and(|of_pane| shares_space(series, of_pane));
        let Some((part, volume)) = planes::volume_of_pane(context, look, *pane).filter(|_| is_near) else { continue };
        if !done.contains(&part) {
            let view = look.planes.entry(part.clone()).or_default();
            let wanted = to(view.center(volume.space()));
            view.go_to(volume.space(), wanted);
            done.push(part);
        }
    }
}

/// Of one study: the same series, or one frame of reference.
fn shares_space(a: &Arc<Series>, b: &Arc<Series>) -> bool {
    Arc::ptr_eq(a, b) || a.frame_of_reference.is_some() && a.frame_of_reference == b.frame_of_reference
}

/// The pane that moved and one that may follow.
struct Pair<'a> {
    source: (&'a Arc<Series>, SeriesRef),
    target: (&'a Arc<Series>, SeriesRef),
    /// Where their pictures lie, as far as that is known.
    planes: [Option<PixelPlane>; 2],
}

impl<'a> Pair<'a> {
    fn of(context: &UiContext<'a>, look: &LookAt, source: usize, target: usize) -> Option<Self> {
        let of_pane = |pane: usize| {
            let (study, index) = series_in_pane(context, Some(look), pane)?;
            let part = SeriesPart::of(study, index);
            Some((study.series.get(index)?, SeriesRef::new(study, part)))
        };
        let plane = |pane: usize| {
            if let Some(axis) = planes::axis_of_pane(look, pane) {
                let picture = context.frames.plane(planes::slot(pane, axis))?;
                return pixel_plane(&picture.instance, 0);
            }
            let (study, index) = series_in_pane(context, Some(look), pane)?;
            plane_at(study.series.get(index)?, look.stage.panes.get(pane)?.view.stack_index)
        };
        let planes = [plane(source), plane(target)];
        Some(Self { source: of_pane(source)?, target: of_pane(target)?, planes })
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
        let key = (self.source.1.clone(), self.target.1.clone());
        let back = (self.target.1.clone(), self.source.1.clone());
        let known = offsets.get(&key).copied().or_else(|| offsets.get(&back).map(|offset| -offset));
        let offset = match known {
            Some(offset) => offset,
            None if self.shares_space() => 0.0,
            None => *offsets.entry(key).or_insert(place(&here) - place(&start)),
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

    /// The same size in the patient, where both know theirs; else the same magnification. Pictures that lie across each
    /// other share no place.
    fn zoom(&self, source: &SeriesView, target: &mut SeriesView) {
        let (ratio, is_alike) = match self.planes {
            [Some(of_source), Some(of_target)] => {
                (of_target.col_step_mm.length() / of_source.col_step_mm.length(), of_source.is_parallel_to(&of_target))
            }
            _ => (1.0, true),
        };
        target.is_fit = source.is_fit;
        target.view.zoom = source.view.zoom * ratio;
        if is_alike {
            target.view.pan = source.view.pan;
        }
    }
}

fn plane_at(series: &Series, index: usize) -> Option<PixelPlane> {
    let (instance, frame) = series.image(index)?;
    pixel_plane(instance, frame)
}
