//! How an annotation lies on a pane: on its own image, or through the patient's space on another picture of it.
//!
//! Another picture shows it when it has the same frame of reference, is parallel within a degree, and lies no farther
//! than half the distance between its slices.

use egui::Pos2;

use crate::domain::annotation::{Annotation, Ground, PlaneInPatient, SlabProjection, ThickSlab};
use crate::domain::geometry::{PixelPlane, SpacingKind};
use crate::domain::shape::{Point, Shape};
use crate::domain::uid::AnnotationId;
use crate::imaging::measure::scale::Scale;
use crate::imaging::measure::{Values, measure};
use crate::imaging::plane_grid::{Projection, Slab};
use crate::ui::viewport::shown::{Canvas, Shown};

/// Reach along the normal where nothing says how far slices lie apart, mm.
const REACH_MM: f64 = 0.5;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lie {
    /// The picture it was drawn on: here it can be changed.
    Own,
    Through {
        drawn_on: PixelPlane,
        shown_on: PixelPlane,
    },
}

impl Lie {
    /// `None` when the pane does not show it.
    pub fn of(annotation: &Annotation, shown: &Shown<'_>) -> Option<Self> {
        let ground = ground_of(shown)?;
        if annotation.ground == ground || is_same_image(&annotation.ground, &ground) {
            return Some(Self::Own);
        }
        let (drawn, here) = (annotation.ground.plane()?, ground.plane()?);
        if !annotation.ground.shares_space_with(&ground) {
            return None;
        }
        let through = Self::Through { drawn_on: drawn.plane, shown_on: here.plane };
        drawn.is_within(here, reach_mm(shown)).then_some(through)
    }

    pub fn screen(&self, canvas: &Canvas, point: Point) -> Pos2 {
        let [col, row] = match self {
            Self::Own => point,
            Self::Through { drawn_on, shown_on } => shown_on.pixel(drawn_on.point_mm(point)),
        };
        // Shapes are in pixel-center coordinates, the canvas in pixel-edge coordinates
        canvas.screen_point([col + 0.5, row + 0.5])
    }

    pub fn point(&self, canvas: &Canvas, at: Pos2) -> Point {
        let [x, y] = canvas.image_point(at);
        let point = [x - 0.5, y - 0.5];
        match self {
            Self::Own => point,
            Self::Through { drawn_on, shown_on } => drawn_on.pixel(shown_on.point_mm(point)),
        }
    }
}

fn is_same_image(drawn: &Ground, here: &Ground) -> bool {
    match (drawn.subject(), here.subject()) {
        (Some(drawn), Some(here)) => drawn.sop == here.sop && drawn.frame == here.frame,
        _ => false,
    }
}

fn reach_mm(shown: &Shown<'_>) -> f64 {
    let cut = shown.cut.as_ref().and_then(|cut| cut.picture).zip(shown.plane);
    if let Some((picture, plane)) = cut {
        // As far as voxels reach, or the slab
        let voxel_mm = picture.request.volume.space().voxel_step_mm(plane.normal());
        let slab_mm = thick_slab(picture.request.slab).map_or(0.0, |slab| slab.thickness_mm);
        return voxel_mm.max(slab_mm) / 2.0;
    }
    let between = shown.series.geometry.slice_spacing_mm;
    between.or(shown.instance.acquisition.slice_thickness_mm).map_or(REACH_MM, |between| between.abs() / 2.0)
}

/// What is drawn on when one draws on this pane; `None` while a plane is still being cut.
pub fn ground_of(shown: &Shown<'_>) -> Option<Ground> {
    let frame_of_reference = shown.series.frame_of_reference.clone();
    let Some(cut) = &shown.cut else {
        let plane = shown.plane.map(|plane| PlaneInPatient { frame_of_reference, plane });
        return Some(Ground::Image { subject: shown.subject(), plane });
    };
    let (picture, plane) = cut.picture.zip(shown.plane)?;
    Some(Ground::Plane {
        study: shown.study.uid.clone(),
        series: shown.series.uid.clone(),
        plane: PlaneInPatient { frame_of_reference, plane },
        slab: thick_slab(picture.request.slab),
    })
}

fn thick_slab(Slab { projection, thickness_mm }: Slab) -> Option<ThickSlab> {
    let projection = match projection {
        Projection::Single => return None,
        Projection::Mip => SlabProjection::Maximum,
        Projection::MinIp => SlabProjection::Minimum,
        Projection::Mean => SlabProjection::Mean,
    };
    Some(ThickSlab { thickness_mm, projection })
}

pub fn scale_of(shown: &Shown<'_>, points: &[Point]) -> Scale {
    Scale::of(&shown.spacing, &shown.instance.regions, points)
}

/// A new drawing on this pane, measured. It gets its identity when it is placed.
pub fn drawn(shape: Shape, ground: Ground, shown: &Shown<'_>) -> Annotation {
    let blank = Annotation {
        id: AnnotationId::new(""),
        ground,
        shape: shape.clone(),
        text: String::new(),
        label_offset: None,
        measurements: Vec::new(),
        calibration: SpacingKind::None,
    };
    measured(&blank, shape, shown)
}

/// An annotation's shape with its measurements taken anew on this pane, which shows its own picture.
pub fn measured(annotation: &Annotation, shape: Shape, shown: &Shown<'_>) -> Annotation {
    let scale = scale_of(shown, &shape.points());
    let values = shown.frame().and_then(|frame| Values::of(shown.instance, shown.frame_idx, frame));
    let measurements = measure(&shape, &scale, values.as_ref());
    Annotation { shape, measurements, calibration: scale.kind(), ..annotation.clone() }
}

/// The point on the picture nearest to this one.
pub fn within(shown: &Shown<'_>, [col, row]: Point) -> Point {
    let grid = shown.grid();
    [col.clamp(-0.5, f64::from(grid.cols) - 0.5), row.clamp(-0.5, f64::from(grid.rows) - 0.5)]
}

/// How far a shape may be moved so that it stays on the picture.
pub fn step_within(shown: &Shown<'_>, shape: &Shape, [by_col, by_row]: [f64; 2]) -> [f64; 2] {
    let ([[x0, y0], [x1, y1]], grid) = (shape.bounds(), shown.grid());
    let limited = |by: f64, low: f64, high: f64, n: u32| {
        let (least, most) = (-0.5 - low, f64::from(n) - 0.5 - high);
        if least <= most { by.clamp(least, most) } else { 0.0 }
    };
    [limited(by_col, x0, x1, grid.cols), limited(by_row, y0, y1, grid.rows)]
}
