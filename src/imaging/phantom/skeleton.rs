//! Ribs, spine, sternum, collar bones, shoulder blades.

use std::f64::consts::{PI, TAU};

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
        for number in 1..=12 {
            rib(scene, side, number);
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
        scene.add(
            Tissue::CancellousBone,
            Convex::column([0.0, y], [a - 1.4, b - 1.4], [z - half + 1.2, z + half - 1.2]),
        );
        scene.add(Tissue::Cartilage, Convex::column([0.0, y], [a - 1.0, b - 1.0], [z + half, z + half + 5.2]));
        let arch = y + b + 8.0;
        for (tissue, shrink) in [(Tissue::CorticalBone, 0.0), (Tissue::CancellousBone, 1.3)] {
            scene.add(tissue, Convex::ellipsoid([0.0, arch + 2.0, z], [14.0 - shrink, 10.0 - shrink, 8.0 - shrink]));
            scene.add(tissue, Convex::ellipsoid([0.0, arch + 22.0, z - 9.0], [3.6 - shrink, 17.0, 9.0 - shrink]));
            let wing = [30.0 - shrink, 5.0 - shrink, 5.0 - shrink];
            scene.add(tissue, Convex::ellipsoid([0.0, arch + 2.0, z + 2.0], wing));
        }
        scene.add(
            Tissue::Muscle,
            Convex::column([0.0, arch], [8.5, 7.0], [z - VERTEBRA_MM / 2.0, z + VERTEBRA_MM / 2.0]),
        );
    }
}

/// Where a rib runs: `turn` 0 at the spine, 1 at its front end.
fn rib_point(side: Side, number: i32, turn: f64) -> Vec3 {
    let n = f64::from(number);
    let head_z = T1_Z_MM - VERTEBRA_MM * (n - 1.0) + 6.0;
    // From beside the spine round the flank to the front.
    let reach = if number >= 11 { 0.52 } else { 0.90 - 0.015 * (n - 1.0) };
    let angle = (0.93 - 1.03 * turn * reach / 0.9) * PI / 2.0 * 1.04;
    // Ribs slope down from the spine to the flank and on to the front; the first lies flattest.
    let slope = 38.0 + 5.0 * n.min(7.0);
    let drop = slope * (0.9 * turn + 0.62 * turn * turn);
    let z = head_z - drop;
    let level = ((z - CAGE_CENTER[2]) / (CAGE_SEMI_AXES_MM[2] + 6.0)).clamp(-0.97, 0.97);
    let width = (1.0 - level * level).sqrt();
    let (a, b) = ((CAGE_SEMI_AXES_MM[0] + 5.0) * width, (CAGE_SEMI_AXES_MM[1] + 5.0) * width);
    let angle = angle * 1.0;
    Vec3([side.sign() * (a * angle.cos()).max(20.0), CAGE_CENTER[1] + b * angle.sin(), z])
}

/// Bone to the front end, then cartilage toward the sternum for the true and false ribs.
fn rib(scene: &mut Scene, side: Side, number: i32) {
    let n_pieces = 26;
    let step = 1.0 / f64::from(n_pieces);
    let height = if number == 1 { 6.5 } else { 6.2 };
    for (tissue, shrink) in [(Tissue::CorticalBone, 0.0), (Tissue::CancellousBone, 1.0)] {
        for piece in 0..n_pieces {
            let from = rib_point(side, number, f64::from(piece) * step);
            let to = rib_point(side, number, f64::from(piece + 1) * step);
            let along = unit(to.minus(from)).scaled(0.8);
            let semi = [height - shrink, 3.3 - shrink];
            scene.add(tissue, Convex::tube(from.minus(along).0, to.plus(along).0, semi, UP));
        }
    }
    if (2..=7).contains(&number) {
        let from = rib_point(side, number, 1.0);
        let to = [side.sign() * 16.0, -88.0, (from.0[2] + 10.0).clamp(-60.0, 90.0)];
        scene.add(Tissue::Cartilage, Convex::tube(from.0, to, [6.0, 4.0], UP));
    }
}

fn clavicle(scene: &mut Scene, side: Side) {
    let s = side.sign();
    // An S: forward near the sternum, back near the shoulder.
    let points: Vec<[f64; 3]> = (0..=10)
        .map(|i| {
            let t = f64::from(i) / 10.0;
            let y = -62.0 + 66.0 * t - 9.0 * (TAU * t).sin();
            [s * (20.0 + 142.0 * t), y, 98.0 + 34.0 * t - 10.0 * t * t]
        })
        .collect();
    for (tissue, shrink) in [(Tissue::CorticalBone, 0.0), (Tissue::CancellousBone, 1.8)] {
        for (from, to) in points.iter().zip(points.iter().skip(1)) {
            let along = unit(Vec3(*to).minus(Vec3(*from)));
            let radius = 6.0 - shrink;
            let (from, to) = (Vec3(*from).minus(along), Vec3(*to).plus(along));
            scene.add(tissue, Convex::tube(from.0, to.0, [radius, radius * 0.85], UP));
        }
    }
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
        let manubrium = Convex::tube([0.0, -78.0, 94.0], [0.0, -90.0, 50.0], [24.0 - shrink, 6.5 - shrink], LEFT);
        let corpus = Convex::tube([0.0, -90.0, 48.0], [0.0, -102.0, -58.0], [17.0 - shrink, 6.0 - shrink], LEFT);
        scene.add(tissue, manubrium);
        scene.add(tissue, corpus);
    }
}
