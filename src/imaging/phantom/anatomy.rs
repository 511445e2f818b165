//! An adult thorax out of ellipsoids and tubes: torso, lungs, heart, great vessels, airways, upper abdomen.
//!
//! Patient space (LPS), mm; z = 0 lies at the level of the hila. Sizes follow anatomy textbooks' means for an adult.

use crate::domain::geometry::Vec3;
use crate::imaging::phantom::convex::{Axes, Convex};
use crate::imaging::phantom::nodules::Nodule;
use crate::imaging::phantom::scene::{Organ, Scene, Tissue};
use crate::imaging::phantom::skeleton;
use crate::imaging::phantom::vessels;

/// The inside of the rib cage.
pub const CAGE_CENTER: [f64; 3] = [0.0, 0.0, -44.0];
pub const CAGE_SEMI_AXES_MM: [f64; 3] = [142.0, 94.0, 180.0];
/// Between pleura and skin.
const FAT_MM: f64 = 11.0;

const LEFT: Vec3 = Vec3([1.0, 0.0, 0.0]);

/// Which side of the patient. Left is +x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Right,
    Left,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Right, Self::Left];

    pub fn sign(self) -> f64 {
        match self {
            Self::Right => -1.0,
            Self::Left => 1.0,
        }
    }
}

/// The whole patient, in painting order.
pub fn thorax(nodules: &[Nodule], seed: u64) -> Scene {
    let mut scene = Scene::default();
    torso(&mut scene);
    for side in Side::BOTH {
        let organ = if side == Side::Right { Organ::RightLung } else { Organ::LeftLung };
        scene.add_organ(organ, Tissue::Lung, lung(side));
    }
    vessels::lung_vessels(&mut scene, nodules, seed);
    for shape in abdomen() {
        scene.add(Tissue::Liver, shape);
    }
    scene.add(Tissue::Air, Convex::ellipsoid([58.0, -8.0, -132.0], [30.0, 26.0, 13.0]));
    for shape in mediastinum() {
        scene.add(Tissue::Mediastinum, shape);
    }
    for shape in heart() {
        scene.add_organ(Organ::Heart, Tissue::Heart, shape);
    }
    for shape in great_vessels() {
        scene.add(Tissue::Blood, shape);
    }
    skeleton::bones(&mut scene);
    airways(&mut scene);
    for nodule in nodules {
        scene.add(Tissue::Nodule, nodule.shape());
    }
    scene
}

/// Skin, fat, muscle, from outside in: trunk, shoulders, neck.
fn torso(scene: &mut Scene) {
    let layers = [(Tissue::Skin, 0.0), (Tissue::Fat, 2.0), (Tissue::Muscle, 2.0 + FAT_MM)];
    for (tissue, depth) in layers {
        let trunk = Convex::column([0.0, 4.0], [176.0 - depth, 122.0 - depth], [-420.0, 160.0])
            .and(Convex::ellipsoid([0.0, 4.0, -150.0], [190.0 - depth, 136.0 - depth, 296.0 - depth]));
        let loins = Convex::column([0.0, 4.0], [176.0 - depth, 122.0 - depth], [-420.0, -140.0]);
        let shoulders = Convex::ellipsoid([0.0, 22.0, 70.0], [246.0 - depth, 90.0 - depth, 92.0 - depth]);
        let trapezius = Convex::ellipsoid([0.0, 34.0, 122.0], [140.0 - depth, 66.0 - depth, 66.0 - depth]);
        let neck = Convex::column([0.0, 18.0], [60.0 - depth / 3.0, 64.0 - depth / 3.0], [80.0, 420.0]);
        for shape in [trunk, loins, shoulders, trapezius, neck] {
            scene.add(tissue, shape);
        }
    }
}

pub fn cage() -> Convex {
    Convex::ellipsoid(CAGE_CENTER, CAGE_SEMI_AXES_MM)
}

/// One lung before heart, mediastinum and diaphragm are laid over it: the cage, parted by a leaning ellipsoid.
pub fn lung(side: Side) -> Convex {
    let sign = side.sign();
    // The apex leans toward the midline by 11°.
    let axes = Axes::along(Vec3([-0.19 * sign, 0.05, 0.98]), LEFT);
    Convex::turned_ellipsoid([78.0 * sign, 4.0, -52.0], [76.0, 106.0, 196.0], axes)
        .and(cage())
        .cut([0.0, 60.0, -172.0], [0.0, -0.12, -1.0])
}

/// Both domes and what they cover; the right one stands higher, over the liver.
pub fn abdomen() -> Vec<Convex> {
    let inside = || Convex::column([0.0, 0.0], [150.0, 99.0], [-420.0, 0.0]);
    vec![
        Convex::ellipsoid([-66.0, -8.0, -190.0], [92.0, 114.0, 101.0]).and(inside()),
        Convex::ellipsoid([66.0, -8.0, -198.0], [92.0, 114.0, 96.0]).and(inside()),
        Convex::ellipsoid([0.0, -14.0, -210.0], [70.0, 90.0, 100.0]).and(inside()),
        Convex::column([0.0, 0.0], [146.0, 97.0], [-420.0, -205.0]),
    ]
}

/// What lies between the lungs around heart and vessels, with the hila's connective tissue.
pub fn mediastinum() -> Vec<Convex> {
    vec![
        Convex::column([0.0, -20.0], [11.0, 80.0], [-300.0, 120.0]).and(cage()),
        Convex::ellipsoid([0.0, 12.0, 108.0], [33.0, 56.0, 80.0]),
        Convex::ellipsoid([-2.0, -20.0, 36.0], [30.0, 48.0, 60.0]),
        Convex::ellipsoid([3.0, 42.0, -80.0], [20.0, 34.0, 130.0]),
        Convex::ellipsoid([0.0, 78.0, -20.0], [20.0, 22.0, 200.0]),
        Convex::ellipsoid([-36.0, 14.0, 8.0], [11.0, 13.0, 18.0]),
        Convex::ellipsoid([38.0, 12.0, 18.0], [10.0, 13.0, 17.0]),
    ]
}

/// Ventricles, right atrium, left atrium and the root of the great vessels. The apex points left, forward and down.
///
/// Enlarged on purpose, with a cardiothoracic ratio above 0.5, so that there is something to measure and to accept.
pub fn heart() -> Vec<Convex> {
    let axes = Axes::along(Vec3([0.74, -0.38, -0.55]), LEFT);
    vec![
        Convex::turned_ellipsoid([30.0, -32.0, -66.0], [56.0, 54.0, 86.0], axes),
        Convex::turned_ellipsoid(
            [38.0, -36.0, -78.0],
            [46.0, 50.0, 76.0],
            Axes::along(Vec3([0.90, -0.30, -0.30]), LEFT),
        ),
        Convex::ellipsoid([-14.0, -22.0, -54.0], [36.0, 38.0, 50.0]),
        Convex::ellipsoid([6.0, 2.0, -22.0], [38.0, 30.0, 34.0]),
        Convex::ellipsoid([16.0, -26.0, -8.0], [31.0, 30.0, 38.0]),
    ]
}

fn great_vessels() -> Vec<Convex> {
    vec![
        // Ascending aorta, arch, descending aorta
        Convex::tube([-8.0, -26.0, -10.0], [-12.0, -22.0, 48.0], [16.0, 16.0], LEFT),
        Convex::turned_ellipsoid(
            [10.0, 4.0, 58.0],
            [14.0, 15.0, 40.0],
            Axes::along(Vec3([0.6, 0.8, 0.0]), Vec3([0.0, 0.0, 1.0])),
        ),
        Convex::ellipsoid([28.0, 24.0, 56.0], [15.0, 20.0, 17.0]),
        Convex::tube([27.0, 36.0, 58.0], [18.0, 46.0, -300.0], [12.5, 12.5], LEFT),
        // Pulmonary trunk and main arteries
        Convex::tube([22.0, -34.0, -20.0], [30.0, -6.0, 30.0], [14.5, 14.5], LEFT),
        Convex::tube([28.0, -4.0, 22.0], [-40.0, 10.0, 12.0], [11.0, 11.0], Vec3([0.0, 1.0, 0.0])),
        Convex::tube([30.0, -6.0, 26.0], [46.0, 16.0, 24.0], [11.0, 11.0], Vec3([0.0, 1.0, 0.0])),
        // Superior vena cava and the vessels of the neck
        Convex::tube([-25.0, -16.0, -20.0], [-27.0, -12.0, 84.0], [9.5, 9.5], LEFT),
        Convex::tube([-27.0, -12.0, 84.0], [-38.0, 2.0, 150.0], [8.0, 8.0], LEFT),
        Convex::tube([24.0, 8.0, 66.0], [36.0, 4.0, 150.0], [6.5, 6.5], LEFT),
        // Inferior vena cava
        Convex::tube([-24.0, 0.0, -80.0], [-26.0, 10.0, -260.0], [12.0, 10.0], LEFT),
    ]
}

/// Trachea and bronchi: wall first, then what is breathed.
fn airways(scene: &mut Scene) {
    let carina = [-2.0, 20.0, 40.0];
    let tubes: [([f64; 3], [f64; 3], f64); 7] = [
        ([0.0, 2.0, 230.0], [0.0, 10.0, 110.0], 8.5),
        ([0.0, 10.0, 112.0], carina, 8.5),
        (carina, [-32.0, 22.0, 16.0], 7.0),
        (carina, [40.0, 24.0, 8.0], 6.0),
        ([-32.0, 22.0, 16.0], [-42.0, 24.0, -24.0], 5.0),
        ([-30.0, 22.0, 18.0], [-52.0, 20.0, 30.0], 4.0),
        ([40.0, 24.0, 8.0], [50.0, 28.0, -28.0], 4.5),
    ];
    for (tissue, wall_mm) in [(Tissue::Mediastinum, 1.6), (Tissue::Air, 0.0)] {
        for (from, to, radius) in tubes {
            let radius = radius + wall_mm;
            scene.add(tissue, Convex::tube(from, to, [radius, radius], LEFT));
            scene.add(tissue, Convex::ellipsoid(to, [radius; 3]));
        }
    }
}
