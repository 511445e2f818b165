//! The picture in the viewport: which image it is, through which window, under which map.

use std::sync::Arc;

use egui::{Pos2, Rect, pos2};

use crate::domain::finding::{Finding, Subject};
use crate::domain::frame::{Frame, FrameKey};
use crate::domain::geometry::{PixelPlane, Spacing};
use crate::domain::instance::Instance;
use crate::domain::mask::Segment;
use crate::domain::presentation::{VoiTransform, Window};
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::imaging::plane_picture::PlanePicture;
use crate::imaging::presets::{presets, presets_apply};
use crate::imaging::view::{ImageGrid, View, ViewTransform};
use crate::imaging::voi_lut::Voi;
use crate::imaging::{graphics, histogram, pipeline, presentation};
use crate::ui::context::{FrameState, UiContext, VolumeState};
use crate::ui::planes;
use crate::ui::stage::{PaneContent, PlaneAxis};
use crate::ui::transient::{Levels, Transient};
use crate::ui::view_state::{LookAt, SeriesPart, SeriesView, WindowChoice};

/// The image in a pane. Its pixels may still be on the way.
pub struct Shown<'a> {
    /// The pane's place on the stage of the open study.
    pub pane: usize,
    /// The image's own study: the open one, or another beside it.
    pub study: &'a Arc<Study>,
    pub series: &'a Arc<Series>,
    pub part: SeriesPart,
    pub instance: &'a Arc<Instance>,
    pub frame_idx: u32,
    pub state: FrameState,
    /// The size of its pixels: the reader's own, where one was set, else the file's.
    pub spacing: Spacing,
    /// Where its pixels lie in the patient; `None` where that is not known in millimeters.
    pub plane: Option<PixelPlane>,
    /// The kept look, its stack index within the stack.
    pub look: SeriesView,
    /// `None` until the pixels are here.
    pub tone: Option<Tone>,
    /// What the file lays over this image.
    pub graphics: Option<Arc<Segment>>,
    /// The pane shows a plane through the series' volume; then nothing is decided on what it shows.
    pub cut: Option<Cut<'a>>,
}

/// A plane in place of an image.
pub struct Cut<'a> {
    pub axis: PlaneAxis,
    /// The plane as it was cut last; `None` until the first is here.
    pub picture: Option<&'a Arc<PlanePicture>>,
}

/// How stored values become gray.
#[derive(Clone, Debug)]
pub struct Tone {
    pub voi: Voi,
    pub is_inverted: bool,
    /// In modality units.
    pub range: (f64, f64),
    /// What chose the window, such as `Lung`; empty when set by hand.
    pub name: String,
    /// Shown in its own colors: no window applies.
    pub is_color: bool,
}

impl Tone {
    /// The window lies wholly outside the image's values.
    pub fn is_outside(&self) -> bool {
        let Some(window) = self.voi.window() else { return false };
        let (low, high) = (window.center - window.width / 2.0, window.center + window.width / 2.0);
        !self.is_color && (low >= self.range.1 && low > self.range.0 || high <= self.range.0 && high < self.range.1)
    }
}

impl<'a> Shown<'a> {
    /// The image in the active pane of the open study's stage.
    pub fn of(context: &UiContext<'a>, look: Option<&LookAt>, transient: &mut Transient) -> Option<Self> {
        let pane = look.map_or(0, |look| look.stage.active);
        Self::of_pane(context, look, pane, transient)
    }

    /// The image in one pane; `None` when the pane holds none.
    pub fn of_pane(
        context: &UiContext<'a>,
        look: Option<&LookAt>,
        pane: usize,
        transient: &mut Transient,
    ) -> Option<Self> {
        let (study, index) = series_in_pane(context, look, pane)?;
        let series = study.series.get(index)?;
        let part = SeriesPart::of(study, index);
        if let Some(axis) = look.and_then(|look| planes::axis_of_pane(look, pane)) {
            let look = look.and_then(|look| look.stage.panes.get(pane)).map(|pane| pane.view.clone());
            return Self::of_plane(context, (study, series, part), (pane, axis), look.unwrap_or_default(), transient);
        }
        let mut view =
            look.and_then(|look| look.stage.panes.get(pane)).map(|pane| pane.view.clone()).unwrap_or_default();
        view.stack_index = view.stack_index.min(series.stack.len().saturating_sub(1));
        let (instance, frame_idx) = series.image(view.stack_index)?;
        let key = instance.frame_key(frame_idx);
        let state = context.frames.frame(&key);
        let tone = match &state {
            // What a preview's values say is not what the frame's will
            FrameState::Preview(frame) => Some(tone(&view, series, instance, frame_idx, frame, &mut Levels::default())),
            state => {
                let levels = transient.levels_of(&key);
                state.ready().map(|frame| tone(&view, series, instance, frame_idx, frame, levels))
            }
        };
        let graphics = state.ready().filter(|_| !instance.overlays.is_empty()).and_then(|frame| {
            let known = &mut transient.levels_of(&key).graphics;
            known.get_or_insert_with(|| graphics::segment(instance, frame_idx, frame)).clone()
        });
        let plane = pixel_plane(instance, frame_idx);
        let of_file = instance.spacing_of(frame_idx);
        let session = context.session.filter(|_| context.open_study_uid() == Some(&study.uid));
        let scale = session.and_then(|session| session.notes().scale(&instance.sop));
        let spacing = scale.map_or(of_file, |scale| scale.spacing(&of_file));
        let (look, cut) = (view, None);
        Some(Self { pane, study, series, part, instance, frame_idx, state, spacing, plane, look, tone, graphics, cut })
    }

    /// A plane through the volume, as far as it is cut.
    fn of_plane(
        context: &UiContext<'a>,
        (study, series, part): (&'a Arc<Study>, &'a Arc<Series>, SeriesPart),
        (pane, axis): (usize, PlaneAxis),
        look: SeriesView,
        transient: &mut Transient,
    ) -> Option<Self> {
        let frames = context.frames;
        let volume = frames.volume(series);
        let picture = frames.plane(planes::slot(pane, axis)).filter(|picture| match &volume {
            VolumeState::Ready(volume) => Arc::ptr_eq(volume, &picture.request.volume),
            _ => false,
        });
        let cut = Some(Cut { axis, picture });
        let Some(picture) = picture else {
            let (instance, frame_idx) = series.image(look.stack_index.min(series.stack.len().saturating_sub(1)))?;
            let state = match volume {
                VolumeState::Failed(reason) => FrameState::Failed(reason),
                _ => FrameState::Loading,
            };
            let (plane, tone, graphics) = (None, None, None);
            let spacing = instance.spacing_of(frame_idx);
            return Some(Self {
                pane,
                study,
                series,
                part,
                instance,
                frame_idx,
                state,
                spacing,
                plane,
                look,
                tone,
                graphics,
                cut,
            });
        };
        let (instance, frame) = (&picture.instance, &picture.frame);
        let levels = transient.levels_of(frame.key());
        let of_volume = picture.request.volume.levels();
        levels.range = Some(of_volume.range);
        levels.auto = Some(of_volume.auto);
        let tone = Some(tone(&look, series, instance, 0, frame, levels));
        let (plane, state) = (pixel_plane(instance, 0), FrameState::Ready(Arc::clone(frame)));
        let (graphics, frame_idx, spacing) = (None, 0, instance.spacing_of(0));
        Some(Self { pane, study, series, part, instance, frame_idx, state, spacing, plane, look, tone, graphics, cut })
    }

    pub fn frame(&self) -> Option<&Arc<Frame>> {
        self.state.ready()
    }

    pub fn key(&self) -> FrameKey {
        self.instance.frame_key(self.frame_idx)
    }

    pub fn grid(&self) -> ImageGrid {
        ImageGrid::of(self.instance)
    }

    pub fn subject(&self) -> Subject {
        Subject {
            study: self.study.uid.clone(),
            series: self.series.uid.clone(),
            sop: self.instance.sop.clone(),
            frame: self.frame_idx,
        }
    }

    /// Whether `finding` is about this image.
    pub fn is_subject_of(&self, finding: &Finding) -> bool {
        finding.subject.sop == self.instance.sop && finding.subject.frame == self.frame_idx
    }

    pub fn window(&self) -> Option<Window> {
        self.tone.as_ref().and_then(|tone| tone.voi.window().copied())
    }
}

/// The series that a pane shows, and its study.
pub fn series_in_pane<'a>(
    context: &UiContext<'a>,
    look: Option<&LookAt>,
    pane: usize,
) -> Option<(&'a Arc<Study>, usize)> {
    let open = context.open_study?;
    let Some(look) = look else { return Some((open, 0)) };
    if let Some(index) = look.series_of_pane(open, pane) {
        return Some((open, index));
    }
    let PaneContent::Series(shown) = &look.stage.panes.get(pane)?.content else { return None };
    let study = context.studies.iter().find(|study| study.uid == shown.study)?;
    Some((study, shown.index_in(study)?))
}

/// Where an image's pixels lie in the patient.
pub fn pixel_plane(instance: &Instance, frame_idx: u32) -> Option<PixelPlane> {
    let plane = instance.frame(frame_idx)?.plane?;
    PixelPlane::of(&plane, &instance.spacing_of(frame_idx))
}

/// A viewport's place on the screen, and the map between it and the image.
#[derive(Clone, Copy)]
pub struct Canvas {
    /// Points, on whole pixels.
    pub rect: Rect,
    pub pixels_per_point: f64,
    /// As drawn: fitted when the look says so.
    pub view: View,
    pub transform: ViewTransform,
}

impl Canvas {
    pub fn new(rect: Rect, pixels_per_point: f32, shown: &Shown<'_>) -> Self {
        let pixels_per_point = f64::from(pixels_per_point);
        let size = size_px(rect, pixels_per_point);
        let grid = shown.grid();
        let SeriesView { is_fit, view, .. } = shown.look;
        let view = if is_fit { view.fitted(&grid, size) } else { view };
        Self { rect, pixels_per_point, view, transform: view.transform(&grid, size) }
    }

    /// Physical pixels.
    pub fn size_px(&self) -> [f64; 2] {
        size_px(self.rect, self.pixels_per_point)
    }

    /// Physical pixels from the viewport's corner.
    pub fn viewport_point(&self, point: Pos2) -> [f64; 2] {
        let from_corner = point - self.rect.min;
        [f64::from(from_corner.x) * self.pixels_per_point, f64::from(from_corner.y) * self.pixels_per_point]
    }

    /// Pixel-edge coordinates.
    pub fn image_point(&self, point: Pos2) -> [f64; 2] {
        self.transform.to_image(self.viewport_point(point))
    }

    pub fn screen_point(&self, point_in_image: [f64; 2]) -> Pos2 {
        let [x, y] = self.transform.to_viewport(point_in_image).map(|v| (v / self.pixels_per_point) as f32);
        pos2(self.rect.min.x + x, self.rect.min.y + y)
    }
}

fn size_px(rect: Rect, pixels_per_point: f64) -> [f64; 2] {
    [rect.width(), rect.height()].map(|points| (f64::from(points) * pixels_per_point).max(1.0))
}

impl Transient {
    /// What is known of a frame's values; forgets the rest when many are known.
    pub fn levels_of(&mut self, key: &FrameKey) -> &mut Levels {
        const MOST: usize = 2048;
        if self.frames.levels.len() > MOST {
            self.frames.levels.clear();
        }
        self.frames.levels.entry(key.clone()).or_default()
    }
}

fn tone(
    look: &SeriesView,
    series: &Series,
    instance: &Instance,
    frame_idx: u32,
    frame: &Frame,
    levels: &mut Levels,
) -> Tone {
    let is_color = pipeline::shows_color(frame, instance);
    let (voi, name) = voi(look, series, instance, frame_idx, frame, levels);
    let range = match (levels.range, instance.frame(frame_idx)) {
        (Some(range), _) => range,
        (None, Some(attrs)) => *levels.range.insert(histogram::value_range(frame, attrs)),
        (None, None) => (0.0, 0.0),
    };
    Tone { voi, is_inverted: presentation::file_inverts(instance) ^ look.is_inverted, range, name, is_color }
}

fn voi(
    look: &SeriesView,
    series: &Series,
    instance: &Instance,
    frame_idx: u32,
    frame: &Frame,
    levels: &mut Levels,
) -> (Voi, String) {
    let preset = |id: &str| {
        presets_apply(&series.modality, instance).then(|| presets().iter().find(|preset| preset.id == id)).flatten()
    };
    let auto = |levels: &mut Levels| match (levels.auto, instance.frame(frame_idx)) {
        (Some(window), _) => window,
        (None, Some(attrs)) => *levels.auto.insert(histogram::auto_window(frame, attrs, instance.padding)),
        (None, None) => histogram::color_window(frame),
    };
    match &look.window {
        WindowChoice::Manual(window) => (Voi::Window(*window), String::new()),
        WindowChoice::Preset(id) if preset(id).is_some() => match preset(id) {
            Some(preset) => (Voi::Window(preset.window), preset.name.clone()),
            None => (Voi::Window(auto(levels)), "Auto".to_owned()),
        },
        WindowChoice::FullRange => {
            let window = match (levels.full, instance.frame(frame_idx)) {
                (Some(window), _) => window,
                (None, Some(attrs)) => {
                    *levels.full.insert(histogram::full_range_window(frame, attrs, instance.padding))
                }
                (None, None) => histogram::color_window(frame),
            };
            (Voi::Window(window), "Full range".to_owned())
        }
        WindowChoice::Auto => (Voi::Window(auto(levels)), "Auto".to_owned()),
        WindowChoice::FromFile | WindowChoice::FromFileAt(_) | WindowChoice::Preset(_) => {
            let place = if let WindowChoice::FromFileAt(place) = look.window { place } else { 0 };
            let offered = instance.frame(frame_idx).map_or(&[][..], |attrs| attrs.voi.as_slice());
            match offered.get(place).or_else(|| offered.first()) {
                Some(transform) => (Voi::from(transform), explanation(transform)),
                None => (Voi::Window(auto(levels)), "Auto".to_owned()),
            }
        }
    }
}

/// What the file calls it.
pub fn explanation(transform: &VoiTransform) -> String {
    let said = match transform {
        VoiTransform::Window { explanation, .. } => explanation,
        VoiTransform::Table(table) => &table.explanation,
    };
    if said.is_empty() { "From file".to_owned() } else { said.clone() }
}
