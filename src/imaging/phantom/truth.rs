//! What is true of the phantom: nodules, and the widths that a cardiothoracic ratio is made of.

use serde::Serialize;

use crate::domain::geometry::Vec3;
use crate::imaging::phantom::PhantomOptions;
use crate::imaging::phantom::radiograph::{MAGNIFICATION, RadiographGrid};
use crate::imaging::phantom::scene::{Organ, Scene};

/// The list that lies beside the pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    pub lesions: Vec<LesionTruth>,
    pub silhouette: Silhouette,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LesionTruth {
    pub name: &'static str,
    /// Patient space (LPS).
    pub center_mm: [f64; 3],
    pub diameter_mm: f64,
    pub volume_mm3: f64,
    /// Column and row on the radiograph, pixel-centre coordinates; absent without a radiograph.
    pub radiograph_col_row: Option<[f64; 2]>,
}

/// Widths of the shadows, scaled to the patient's middle plane as the radiograph's Pixel Spacing is, mm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Silhouette {
    pub heart_width_mm: f64,
    /// From the right lung's outermost point to the left lung's.
    pub thorax_width_mm: f64,
    pub cardiothoracic_ratio: f64,
}

pub fn truth(options: &PhantomOptions, scene: &Scene) -> Truth {
    let lesions = options
        .nodules
        .iter()
        .map(|nodule| LesionTruth {
            name: nodule.name,
            center_mm: nodule.center_mm,
            diameter_mm: nodule.diameter_mm,
            volume_mm3: nodule.volume_mm3(),
            radiograph_col_row: options.radiograph.map(|grid| grid.project(Vec3(nodule.center_mm))),
        })
        .collect();
    Truth { lesions, silhouette: silhouette(scene) }
}

fn silhouette(scene: &Scene) -> Silhouette {
    let heart_width_mm = shadow_width_mm(scene, &[Organ::Heart]);
    let thorax_width_mm = shadow_width_mm(scene, &[Organ::RightLung, Organ::LeftLung]);
    Silhouette { heart_width_mm, thorax_width_mm, cardiothoracic_ratio: heart_width_mm / thorax_width_mm }
}

/// Columns that any ray through the organs darkens, on a detector of half a millimetre across and two down.
fn shadow_width_mm(scene: &Scene, organs: &[Organ]) -> f64 {
    let grid = RadiographGrid { rows: 800, cols: 800, pixel_mm: 0.5 };
    let shapes: Vec<_> =
        scene.bodies.iter().filter(|body| organs.contains(&body.organ)).map(|body| &body.shape).collect();
    let is_dark = |col: &u32| {
        (0..grid.rows).step_by(4).any(|row| {
            let ray = grid.ray(f64::from(*col), f64::from(row));
            shapes.iter().any(|shape| shape.interval(&ray).is_some())
        })
    };
    let first = (0..grid.cols).find(is_dark);
    let last = (0..grid.cols).rev().find(is_dark);
    first.zip(last).map_or(0.0, |(first, last)| f64::from(last - first + 1) * grid.pixel_mm / MAGNIFICATION)
}
