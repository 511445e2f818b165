//! Planes through a series' volume: which they are, where they meet, how thick they are. Kept with the study.
//!
//! The main planes stay as they are named; the oblique one is turned by the lines it leaves on them. All meet in one
//! point, the crosshair, which lies on a voxel's center: an upright plane shows voxels, not a mixture of two.

use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::finding::Finding;
use crate::domain::geometry::Vec3;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::SopInstanceUid;
use crate::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Projection, Slab};
use crate::imaging::plane_picture::PlaneRequest;
use crate::imaging::reslice_layers::VolumeLayers;
use crate::imaging::volume_space::VolumeSpace;
use crate::imaging::voxels::Volume;
use crate::ui::action::{Action, ViewAction};
use crate::ui::context::{UiContext, VolumeState};
use crate::ui::stage::{Layout, Pane, PaneContent, PlaneAxis, SeriesRef};
use crate::ui::transient::ASK_AGAIN_S;
use crate::ui::view_state::{LookAt, SeriesPart, SeriesView, ViewState};
use crate::ui::viewport::crosshair::CrosshairDrag;
use crate::ui::viewport::shown::{pixel_plane, series_in_pane};

/// How thick a plane can be.
pub const THICKNESS_MM: RangeInclusive<f64> = 1.0..=200.0;

/// How the planes of one series lie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanesView {
    /// Where all planes meet; the middle of the volume when not set.
    pub center_mm: Option<Vec3>,
    /// Of the oblique plane, once it was turned.
    pub oblique: Option<PlaneDirections>,
    pub slab: Slab,
}

impl PlaneAxis {
    pub const ALL: [Self; 4] = [Self::Axial, Self::Coronal, Self::Sagittal, Self::Oblique];

    pub fn words(self) -> &'static str {
        match self {
            Self::Axial => "Axial",
            Self::Coronal => "Coronal",
            Self::Sagittal => "Sagittal",
            Self::Oblique => "Oblique",
        }
    }

    fn main(self) -> Option<MainPlane> {
        match self {
            Self::Axial => Some(MainPlane::Axial),
            Self::Coronal => Some(MainPlane::Coronal),
            Self::Sagittal => Some(MainPlane::Sagittal),
            Self::Oblique => None,
        }
    }
}

impl PlanesView {
    pub fn center(&self, space: &VolumeSpace) -> Vec3 {
        self.center_mm.unwrap_or_else(|| space.center_mm())
    }

    pub fn directions(&self, axis: PlaneAxis, space: &VolumeSpace) -> PlaneDirections {
        match axis.main() {
            Some(main) => PlaneDirections::of(main, space),
            None => self.oblique.unwrap_or_else(|| first_oblique(space)),
        }
    }

    /// Moves the crosshair to the voxel nearest to a point.
    pub fn go_to(&mut self, space: &VolumeSpace, point_mm: Vec3) {
        self.center_mm = Some(space.voxel_center_near(point_mm));
    }

    /// Along a plane's normal by so many voxels.
    pub fn scroll(&mut self, space: &VolumeSpace, axis: PlaneAxis, n_steps: i64) {
        let normal = self.directions(axis, space).normal();
        let way = normal.scaled(space.voxel_step_mm(normal) * n_steps as f64);
        let wanted = self.center(space).plus(way);
        // An oblique step need not end on a voxel; upright ones do
        self.center_mm = Some(match axis {
            PlaneAxis::Oblique => within(space, wanted),
            _ => space.voxel_center_near(wanted),
        });
    }

    pub fn next_projection(&mut self) {
        self.slab.projection = match self.slab.projection {
            Projection::Single => Projection::Mip,
            Projection::Mip => Projection::MinIp,
            Projection::MinIp => Projection::Mean,
            Projection::Mean => Projection::Single,
        };
    }

    /// By so many steps of a tenth, at least a millimeter; a plane that was thin becomes a MIP.
    pub fn thicken(&mut self, n_steps: f64) {
        if self.slab.projection == Projection::Single {
            self.slab.projection = Projection::Mip;
            return;
        }
        let wanted = self.slab.thickness_mm + n_steps * (self.slab.thickness_mm * 0.1).max(1.0);
        self.slab.thickness_mm = wanted.round().clamp(*THICKNESS_MM.start(), *THICKNESS_MM.end());
    }

    /// To the first or the last plane along an axis: as far as the volume goes.
    pub fn scroll_to_end(&mut self, space: &VolumeSpace, axis: PlaneAxis, sign: i64) {
        const FAR: i64 = 100_000;
        self.scroll(space, axis, sign * FAR);
    }
}

/// Between coronal and sagittal.
fn first_oblique(space: &VolumeSpace) -> PlaneDirections {
    let head = PlaneDirections::of(MainPlane::Axial, space).normal();
    PlaneDirections::of(MainPlane::Coronal, space).turned(head, std::f64::consts::FRAC_PI_4)
}

/// The point, or where the volume ends on the way to it.
fn within(space: &VolumeSpace, point_mm: Vec3) -> Vec3 {
    let nearest = space.voxel_center_near(point_mm);
    let [x, y, z] = space.spacing_mm();
    let is_near = point_mm.minus(nearest).length() <= x.max(y).max(z);
    if is_near { point_mm } else { nearest }
}

/// Names a pane's plane for whoever cuts it.
pub fn slot(pane: usize, axis: PlaneAxis) -> u64 {
    pane as u64 * 8 + axis as u64
}

/// The plane that a pane shows; `None` when it shows none.
pub fn axis_of_pane(look: &LookAt, pane: usize) -> Option<PlaneAxis> {
    match look.stage.panes.get(pane)?.content {
        PaneContent::Plane(_, axis) => Some(axis),
        _ => None,
    }
}

/// The volume of a pane that shows a plane, when it is here.
pub fn volume_of_pane(context: &UiContext<'_>, look: &LookAt, pane: usize) -> Option<(SeriesPart, Arc<Volume>)> {
    axis_of_pane(look, pane)?;
    let (study, index) = series_in_pane(context, Some(look), pane)?;
    match context.frames.volume(study.series.get(index)?) {
        VolumeState::Ready(volume) => Some((SeriesPart::of(study, index), volume)),
        _ => None,
    }
}

/// Changes how the planes of a pane's volume lie.
pub fn change(
    context: &UiContext<'_>,
    view: &mut ViewState,
    pane: usize,
    change: impl FnOnce(&mut PlanesView, &VolumeSpace, PlaneAxis),
) {
    let Some(study) = context.open_study_uid() else { return };
    let look = view.look_mut(study);
    let Some(axis) = axis_of_pane(look, pane) else { return };
    let Some((part, volume)) = volume_of_pane(context, look, pane) else { return };
    change(look.planes.entry(part).or_default(), volume.space(), axis);
}

/// Lets a pane's plane follow the wheel.
pub fn follow_wheel(context: &UiContext<'_>, view: &mut ViewState, pane: usize) {
    let PlaneWheel { n_steps, thicker } = std::mem::take(&mut view.transient.planes.wheel);
    if n_steps != 0 {
        change(context, view, pane, |planes, space, axis| planes.scroll(space, axis, n_steps));
    }
    if thicker != 0.0 {
        change(context, view, pane, |planes, _, _| planes.thicken(f64::from(thicker)));
    }
}

/// Whether planes can be cut through the active pane's series; else why not.
pub fn obstacle(context: &UiContext<'_>, view: &ViewState) -> Option<String> {
    let Some(study) = context.open_study else { return Some("No study is open".to_owned()) };
    let look = view.look(&study.uid);
    let pane = look.map_or(0, |look| look.stage.active);
    let found = series_in_pane(context, look, pane).filter(|(of_pane, _)| of_pane.uid == study.uid);
    let Some((study, index)) = found else { return Some("No series is open".to_owned()) };
    let series = study.series.get(index)?;
    VolumeSpace::of(series).err().map(|error| error.to_string())
}

/// The four planes of the active pane's series; or, when they are there already, the series again.
pub fn toggle(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study else { return };
    if let Some(reason) = obstacle(context, view) {
        view.transient.hint = Some(format!("No planes: {reason}"));
        return;
    }
    let look = view.look_mut(&study.uid);
    look.stage.mend();
    let active = look.stage.active;
    let Some(index) = look.series_of_pane(study, active) else { return };
    if axis_of_pane(look, active).is_some() {
        close(look, study, index);
    } else {
        open(context, look, study, index);
    }
}

fn open(context: &UiContext<'_>, look: &mut LookAt, study: &Study, index: usize) {
    let active = look.stage.active;
    let part = SeriesPart::of(study, index);
    let before = look.view();
    look.keep_view(active, study);
    // Where the reader was looking; who has not scrolled yet starts in the middle
    let at = Some(before.stack_index).filter(|at| *at > 0);
    let center = at.zip(study.series.get(index)).and_then(|(at, series)| image_center(series, at));
    if center.is_some() {
        look.planes.entry(part.clone()).or_default().center_mm = center;
    }
    let like = SeriesView { window: before.window, is_inverted: before.is_inverted, ..SeriesView::default() };
    look.stage.layout = Layout { rows: 2, cols: 2 };
    look.stage.is_maximized = false;
    look.stage.mend();
    for (pane, axis) in look.stage.panes.iter_mut().zip(PlaneAxis::ALL) {
        let content = PaneContent::Plane(SeriesRef::new(study, part.clone()), axis);
        *pane = Pane { content, view: like.clone() };
    }
    look.stage.active = 0;
    // Its own voxel, when the volume is here already
    if let Some((part, volume)) = volume_of_pane(context, look, 0)
        && let Some(known) = look.planes.get_mut(&part)
    {
        let center = known.center(volume.space());
        known.go_to(volume.space(), center);
    }
}

/// The series alone, at the image nearest to the crosshair.
fn close(look: &mut LookAt, study: &Study, index: usize) {
    let part = SeriesPart::of(study, index);
    let center = look.planes.get(&part).and_then(|planes| planes.center_mm);
    let of_plane = look.view();
    let mut view = look.series.get(&part).cloned().unwrap_or_default();
    (view.window, view.is_inverted) = (of_plane.window, of_plane.is_inverted);
    if let Some(nearest) =
        center.zip(study.series.get(index)).and_then(|(center, series)| nearest_image(series, center))
    {
        view.stack_index = nearest;
    }
    look.stage.layout = Layout::SINGLE;
    look.stage.is_maximized = false;
    let content = PaneContent::Series(SeriesRef::new(study, part));
    look.stage.panes = vec![Pane { content, view }];
    look.stage.active = 0;
}

/// The middle of an image of the stack.
fn image_center(series: &Series, index: usize) -> Option<Vec3> {
    let (instance, frame) = series.image(index)?;
    let plane = pixel_plane(instance, frame)?;
    let middle = |n: u32| f64::from((n.max(1) - 1) / 2);
    Some(plane.point_mm([middle(instance.pixels.cols), middle(instance.pixels.rows)]))
}

/// The image of the stack that lies nearest to a point.
pub fn nearest_image(series: &Series, point_mm: Vec3) -> Option<usize> {
    let distance = |index: &usize| {
        let place = series.image(*index).and_then(|(instance, frame)| pixel_plane(instance, frame));
        place.map_or(f64::INFINITY, |plane| plane.distance_mm(point_mm).abs())
    };
    let nearest = (0..series.stack.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    distance(&nearest).is_finite().then_some(nearest)
}

/// Brings the crosshair to a finding where planes of its series are on screen and the series itself is not. False when
/// its image must be opened.
pub fn go_to_finding(context: &UiContext<'_>, look: &mut LookAt, study: &Study, finding: &Finding) -> bool {
    let Some((index, series, stack_index)) = image_of(study, &finding.subject.sop, finding.subject.frame) else {
        return false;
    };
    let panes: Vec<usize> =
        look.stage.visible().filter(|pane| look.series_of_pane(study, *pane) == Some(index)).collect();
    let is_plane = |pane: &usize| axis_of_pane(look, *pane).is_some();
    if panes.is_empty() || !panes.iter().all(is_plane) {
        return false;
    }
    let Some((instance, frame)) = series.image(stack_index) else { return false };
    let Some(plane) = pixel_plane(instance, frame) else { return false };
    let place = match finding.place.region() {
        // Edge to center coordinates
        Some(region) => plane.point_mm(region.center().map(|at| at - 0.5)),
        None => match image_center(series, stack_index) {
            Some(center) => center,
            None => return false,
        },
    };
    let VolumeState::Ready(volume) = context.frames.volume(series) else { return false };
    look.planes.entry(SeriesPart::of(study, index)).or_default().go_to(volume.space(), place);
    true
}

fn image_of<'a>(study: &'a Study, sop: &SopInstanceUid, frame: u32) -> Option<(usize, &'a Arc<Series>, usize)> {
    study.series.iter().enumerate().find_map(|(index, series)| {
        let is_it = |at: &usize| series.image(*at).is_some_and(|(instance, of)| &instance.sop == sop && of == frame);
        (0..series.stack.len()).find(is_it).map(|at| (index, series, at))
    })
}

/// Asks for the volumes and planes that the panes lack.
pub fn ask(ui: &egui::Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let Some(study) = context.open_study else { return };
    let Some(look) = view.looks.get(&study.uid) else { return };
    let mut wanted = Vec::new();
    for pane in look.stage.visible() {
        let Some(PaneContent::Plane(series_ref, axis)) = look.stage.panes.get(pane).map(|pane| &pane.content) else {
            continue;
        };
        let Some((_, index)) = series_in_pane(context, Some(look), pane) else { continue };
        let Some(series) = study.series.get(index) else { continue };
        match context.frames.volume(series) {
            VolumeState::Absent => {
                actions.push(ViewAction::WantVolume(series_ref.clone()).into());
                ui.ctx().request_repaint_after(std::time::Duration::from_millis(100));
            }
            VolumeState::Ready(volume) => {
                let planes = look.planes.get(&series_ref.part).cloned().unwrap_or_default();
                let layers =
                    view.transient.planes.layers_of(context, view.looks.get(&study.uid), study, series, &volume);
                let request = request(&planes, *axis, volume, layers);
                let slot = slot(pane, *axis);
                if context.frames.plane(slot).is_none_or(|plane| plane.request != request) {
                    wanted.push((slot, request));
                }
            }
            VolumeState::Loading(_) | VolumeState::Failed(_) => {}
        }
    }
    if view.transient.planes.must_ask(&wanted, ui.ctx().time()) {
        actions.push(ViewAction::WantPlanes(wanted).into());
    }
}

fn request(
    planes: &PlanesView,
    axis: PlaneAxis,
    volume: Arc<Volume>,
    layers: Option<Arc<VolumeLayers>>,
) -> PlaneRequest {
    let space = volume.space();
    let grid = PlaneGrid::covering(space, &planes.directions(axis, space), planes.center(space));
    PlaneRequest { grid, slab: planes.slab, layers, volume }
}

/// What is asked for, and what lies on the volume.
#[derive(Default)]
pub struct PlaneMemory {
    asked: (Vec<(u64, PlaneRequest)>, f64),
    /// Made of these findings' masks and maps, for this volume.
    layers: Option<LayersMade>,
    pub wheel: PlaneWheel,
    /// What the pointer has hold of.
    pub drag: Option<CrosshairDrag>,
}

/// What the wheel asked of the plane under the pointer, in steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlaneWheel {
    pub n_steps: i64,
    pub thicker: f32,
}

struct LayersMade {
    volume: Arc<Volume>,
    findings: Vec<Arc<Finding>>,
    layers: Option<Arc<VolumeLayers>>,
}

impl PlaneMemory {
    fn must_ask(&mut self, wanted: &[(u64, PlaneRequest)], now: f64) -> bool {
        let (asked, at) = &self.asked;
        let is_due = asked != wanted || now - at >= ASK_AGAIN_S;
        if is_due {
            self.asked = (wanted.to_vec(), now);
        }
        is_due && !wanted.is_empty()
    }

    /// The masks and maps of the selected finding's kind on all slices of the series.
    fn layers_of(
        &mut self,
        context: &UiContext<'_>,
        look: Option<&LookAt>,
        study: &Study,
        series: &Series,
        volume: &Arc<Volume>,
    ) -> Option<Arc<VolumeLayers>> {
        let findings = findings_of_kind(context, look, series);
        if findings.is_empty() {
            return None;
        }
        let is_known = self.layers.as_ref().is_some_and(|made| {
            Arc::ptr_eq(&made.volume, volume)
                && made.findings.len() == findings.len()
                && made.findings.iter().zip(&findings).all(|(a, b)| Arc::ptr_eq(a, b))
        });
        if !is_known {
            let layers = layers(study, series, volume.space(), &findings);
            self.layers = Some(LayersMade { volume: Arc::clone(volume), findings, layers });
        }
        self.layers.as_ref().and_then(|made| made.layers.clone())
    }
}

/// Findings of the selected one's model and label on this series.
fn findings_of_kind(context: &UiContext<'_>, look: Option<&LookAt>, series: &Series) -> Vec<Arc<Finding>> {
    let Some(session) = context.session else { return Vec::new() };
    let selected = look.and_then(|look| look.selected.as_ref()).and_then(|id| session.finding(id));
    let Some(selected) = selected.map(|review| &review.finding) else { return Vec::new() };
    let model = |finding: &Finding| finding.model_run().map(|run| run.model.id.clone());
    let is_of_kind = |finding: &Arc<Finding>| {
        finding.subject.series == series.uid
            && finding.label.id == selected.label.id
            && model(finding) == model(selected)
            && (!finding.evidence.segments.is_empty() || finding.evidence.saliency.is_some())
    };
    session.findings().iter().map(|review| &review.finding).filter(|finding| is_of_kind(finding)).cloned().collect()
}

fn layers(study: &Study, series: &Series, space: &VolumeSpace, findings: &[Arc<Finding>]) -> Option<Arc<VolumeLayers>> {
    let slice_of = |sop: &SopInstanceUid, frame: u32| {
        let (_, found, at) = image_of(study, sop, frame)?;
        std::ptr::eq(found.as_ref(), series).then_some(at)
    };
    let masks = findings.iter().flat_map(|finding| {
        finding.placed_segments().filter_map(|(sop, frame, one)| Some((slice_of(sop, frame)?, Arc::clone(one))))
    });
    let maps = findings.iter().filter_map(|finding| {
        let at = slice_of(&finding.subject.sop, finding.subject.frame)?;
        Some((at, finding.evidence.saliency.clone()?))
    });
    let layers = VolumeLayers::new(space, masks, maps);
    (!layers.is_empty()).then(|| Arc::new(layers))
}

/// The center that a jump to a point of another picture of the same series, or of its frame of reference, leads to.
pub fn jump(context: &UiContext<'_>, view: &mut ViewState, series: &Series, point_mm: Vec3) -> bool {
    let Some(study) = context.open_study else { return false };
    let look = view.look_mut(&study.uid);
    let planes: Vec<usize> = look.stage.visible().filter(|pane| axis_of_pane(look, *pane).is_some()).collect();
    let mut has_moved = false;
    for pane in planes {
        let Some(index) = look.series_of_pane(study, pane) else { continue };
        let shares_space = study.series.get(index).is_some_and(|of_pane| {
            of_pane.uid == series.uid
                || of_pane.frame_of_reference.is_some() && of_pane.frame_of_reference == series.frame_of_reference
        });
        if let Some((part, volume)) = volume_of_pane(context, look, pane).filter(|_| shares_space) {
            look.planes.entry(part).or_default().go_to(volume.space(), point_mm);
            has_moved = true;
        }
    }
    has_moved
}
