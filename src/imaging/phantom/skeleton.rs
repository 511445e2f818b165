//! Ribs, spine, sternum, collar bones, shoulder blades.

use std::f64::consts::TAU;

use crate::domain::geometry::Vec3;
use crate::imaging::phantom::anatomy::{CAGE_CENTER, CAGE_SEMI_AXES_MM, Side};
use crate::imaging::phantom::convex::{Axes, Convex, unit};
use crate::imaging::phantom::scene::{Scene, Tissue};

const UP: Vec3 = Vec3([0.0, 0.0, 1.0]);
const LEFT: Vec3 = Vec3([1.0, 0.0, 0.0]);
/// Height of a vertebra with its disc.
const VERTEBRA_MM: f64 = 23.0;
/// Centre of the first thoracic vertebra.
const T1_Z_MM: f64 = 128.0;

/// The centre line of the spine: a gentle kyphosis.
fn spine_y_mm(z: f64) -> f64 {
    74.0 - 24.0 * ((z + 20.0) / 170.0).powi(2).min(1.4)
}

pub fn bones(scene: &mut Scene) {
    spine(scene);
    for side in Side::BOTH {
        for index in 0..RIB_DROP_MM.len() {
            rib(scene, side, index);
        }
        clavicle(scene, side);
        scapula(scene, side);
    }
    sternum(scene);
}

fn spine(scene: &mut Scene) {
    for index in -5_i32..=17 {
        let z = T1_Z_MM - VERTEBRA_MM * f64::from(index);
        let y = spine_y_mm(z);
        // Bodies grow downward.
        let size = (0.92 + 0.016 * f64::from(index)).clamp(0.75, 1.15);
        let (a, b) = (18.0 * size, 15.0 * size);
        let half = VERTEBRA_MM / 2.0 - 2.6;
        scene.add(Tissue::CorticalBone, Convex::column([0.0, y], [a, b], [z - half, z + half]));
        let inside = Convex::column([0.0, y], [a - 0.9, b - 0.9], [z - half + 0.6, z + half - 0.6]);
        scene.add(Tissue::CancellousBone, inside);
        scene.add(Tissue::Cartilage, Convex::column([0.0, y], [a - 1.0, b - 1.0], [z + half, z + half + 5.2]));
        let arch = y + b + 8.0;
        for (tissue, shrink) in [(Tissue::CorticalBone, 0.0), (Tissue::CancellousBone, 1.3)] {
            scene.add(tissue, Convex::ellipsoid([0.0, arch + 2.0, z], [14.0 - shrink, 10.0 - shrink, 8.0 - shrink]));
            let wing = [30.0 - shrink, 5.0 - shrink, 5.0 - shrink];
            scene.add(tissue, Convex::ellipsoid([0.0, arch + 2.0, z + 2.0], wing));
        }
        scene.add(
            Tissue::Muscle,
            Convex::column([0.0, arch], [8.5, 7.0], [z - VERTEBRA_MM / 2.0, z + VERTEBRA_MM / 2.0]),
        );
    }
}

/// Fall from the spine to the front end, rib by rib, mm.
const RIB_DROP_MM: [f64; 12] = [34.0, 58.0, 76.0, 88.0, 96.0, 102.0, 104.0, 102.0, 94.0, 82.0, 56.0, 42.0];
/// From beside the spine (90° is straight back) round the flank to the front.
const RIB_FROM_DEG: f64 = 80.0;
const RIB_TO_DEG: f64 = -58.0;

/// On the cage's wall, `out_mm` outside it.
fn wall_point(side: Side, angle_deg: f64, z: f64, out_mm: f64) -> Vec3 {
    let [half_width, half_depth, half_height] = CAGE_SEMI_AXES_MM;
    let level = ((z - CAGE_CENTER[2]) / (half_height + out_mm)).clamp(-0.96, 0.96);
    let width = (1.0 - level * level).sqrt();
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let x = ((half_width + out_mm) * width * cos).max(17.0);
    Vec3([side.sign() * x, CAGE_CENTER[1] + (half_depth + out_mm) * width * sin, z])
}

/// Where a rib runs: `turn` 0 at the spine, 1 at its front end.
fn rib_point(side: Side, index: usize, turn: f64) -> Vec3 {
    let n = index as f64;
    // The lowest two end in the flank.
    let reach = if index >= 10 { 0.55 } else { 1.0 };
    let drop = RIB_DROP_MM.get(index).copied().unwrap_or(0.0);
    let z = T1_Z_MM - VERTEBRA_MM * n + 7.0 - drop * turn;
    wall_point(side, RIB_FROM_DEG + (RIB_TO_DEG - RIB_FROM_DEG) * reach * turn, z, 4.8)
}

/// A bent rod through `points`: tubes that overlap a little.
fn rod(scene: &mut Scene, tissue: Tissue, points: &[Vec3], semi_axes_mm: [f64; 2]) {
    for (from, to) in points.iter().zip(points.iter().skip(1)) {
        let along = unit(to.minus(*from)).scaled(0.8);
        scene.add(tissue, Convex::tube(from.minus(along).0, to.plus(along).0, semi_axes_mm, UP));
    }
}

/// Bone to the front end, then cartilage that climbs to the breastbone.
fn rib(scene: &mut Scene, side: Side, index: usize) {
    let n_pieces = 28;
    let bone: Vec<Vec3> =
        (0..=n_pieces).map(|piece| rib_point(side, index, f64::from(piece) / f64::from(n_pieces))).collect();
    rod(scene, Tissue::CorticalBone, &bone, [6.4, 4.2]);
    rod(scene, Tissue::CancellousBone, &bone, [5.0, 2.8]);
    if index < 7 {
        let end = rib_point(side, index, 1.0);
        let climb = 8.0 * index as f64;
        let cartilage: Vec<Vec3> = (0..=4)
            .map(|piece| {
                let t = f64::from(piece) / 4.0;
                wall_point(side, RIB_TO_DEG - 22.0 * t, end.0[2] + climb * t, 5.0)
            })
            .collect();
        rod(scene, Tissue::Cartilage, &cartilage, [6.0, 3.6]);
    }
}

fn clavicle(scene: &mut Scene, side: Side) {
    let s = side.sign();
    // An S: forward near the sternum, back near the shoulder.
    let points: Vec<Vec3> = (0..=12)
        .map(|i| {
            let t = f64::from(i) / 12.0;
            let y = -66.0 + 66.0 * t - 10.0 * (TAU * t).sin();
            Vec3([s * (18.0 + 140.0 * t), y, 84.0 + 44.0 * t - 8.0 * (TAU * t).sin()])
        })
        .collect();
    rod(scene, Tissue::CorticalBone, &points, [6.4, 5.6]);
    rod(scene, Tissue::CancellousBone, &points, [4.4, 3.6]);
}

fn scapula(scene: &mut Scene, side: Side) {
    let s = side.sign();
    // Rolled out of the lung fields, as the technologist asks for.
    let axes = Axes::along(Vec3([s * 0.30, 0.12, 0.94]), Vec3([s * 0.80, -0.60, 0.0]));
    for (tissue, shrink) in [(Tissue::CorticalBone, 0.0), (Tissue::CancellousBone, 1.0)] {
        let blade =
            Convex::turned_ellipsoid([s * 158.0, 66.0, 52.0], [30.0 - shrink, 3.2 - shrink, 66.0 - shrink], axes);
        scene.add(tissue, blade);
        let crest = Convex::tube([s * 140.0, 76.0, 88.0], [s * 190.0, 44.0, 128.0], [6.0 - shrink, 5.0 - shrink], UP);
        scene.add(tissue, crest);
        scene.add(tissue, Convex::ellipsoid([s * 200.0, 22.0, 98.0], [24.0 - shrink, 24.0 - shrink, 24.0 - shrink]));
    }
}

fn sternum(scene: &mut Scene) {
    for (tissue, shrink) in [(Tissue::CorticalBone, 0.0), (Tissue::CancellousBone, 1.2)] {
        let manubrium = Convex::tube([0.0, -78.0, 84.0], [0.0, -90.0, 44.0], [24.0 - shrink, 6.5 - shrink], LEFT);
        let corpus = Convex::tube([0.0, -90.0, 42.0], [0.0, -102.0, -58.0], [17.0 - shrink, 6.0 - shrink], LEFT);
        scene.add(tissue, manubrium);
        scene.add(tissue, corpus);
    }
}
