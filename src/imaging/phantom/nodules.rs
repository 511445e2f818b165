//! Solid lung nodules of known place and size: the truth that a finding is held against.

use std::f64::consts::PI;

use serde::Serialize;

use crate::domain::geometry::Vec3;
use crate::imaging::phantom::anatomy;
use crate::imaging::phantom::convex::Convex;
use crate::imaging::phantom::noise::SplitMix;
use crate::imaging::phantom::scene::{Scene, Tissue};

/// A ball of soft tissue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Nodule {
    pub name: &'static str,
    /// Patient space (LPS).
    pub center_mm: [f64; 3],
    pub diameter_mm: f64,
}

impl Nodule {
    pub fn volume_mm3(&self) -> f64 {
        PI / 6.0 * self.diameter_mm.powi(3)
    }

    pub fn shape(&self) -> Convex {
        self.shape_with_margin(0.0)
    }

    pub fn shape_with_margin(&self, margin_mm: f64) -> Convex {
        Convex::ellipsoid(self.center_mm, [self.diameter_mm / 2.0 + margin_mm; 3])
    }
}

/// The demonstration's nodules, none of them touching pleura, heart or diaphragm.
pub fn demonstration() -> Vec<Nodule> {
    vec![
        Nodule { name: "right upper lobe", center_mm: [-72.0, -6.0, 60.0], diameter_mm: 8.0 },
        Nodule { name: "left mid zone", center_mm: [98.0, 14.0, 2.0], diameter_mm: 14.0 },
        Nodule { name: "right lower lobe", center_mm: [-92.0, 30.0, -42.0], diameter_mm: 22.0 },
    ]
}

const NAMES: [&str; 12] = [
    "nodule 1",
    "nodule 2",
    "nodule 3",
    "nodule 4",
    "nodule 5",
    "nodule 6",
    "nodule 7",
    "nodule 8",
    "nodule 9",
    "nodule 10",
    "nodule 11",
    "nodule 12",
];
/// As many as [`scattered`] can name.
pub const MAX_SCATTERED: usize = NAMES.len();
/// Diameters are drawn evenly on a logarithmic scale.
const SMALLEST_MM: f64 = 5.0;
const LARGEST_MM: f64 = 28.0;
/// Lung that must lie around a nodule, and between two.
const CLEARANCE_MM: f64 = 2.5;
const N_TRIES: usize = 20_000;

/// Up to `n` nodules (at most [`MAX_SCATTERED`]) at random places wholly inside the lungs, the same for the same seed.
pub fn scattered(seed: u64, n: usize) -> Vec<Nodule> {
    let scene = anatomy::thorax(&[], seed);
    let mut random = SplitMix::lane(seed, 211);
    let mut nodules: Vec<Nodule> = Vec::new();
    let mut names = NAMES.iter().take(n);
    let mut name = names.next();
    for _ in 0..N_TRIES {
        let Some(next) = name else { break };
        let center_mm: [f64; 3] = [0, 1, 2]
            .map(|axis| anatomy::CAGE_CENTER[axis] + (2.0 * random.uniform() - 1.0) * anatomy::CAGE_SEMI_AXES_MM[axis]);
        let diameter_mm = SMALLEST_MM * (LARGEST_MM / SMALLEST_MM).powf(random.uniform());
        let nodule = Nodule { name: next, center_mm, diameter_mm };
        if is_inside_lung(&scene, &nodule) && nodules.iter().all(|other| are_apart(other, &nodule)) {
            nodules.push(nodule);
            name = names.next();
        }
    }
    nodules
}

/// Lung all around; small vessels do not count, they grow around nodules.
fn is_inside_lung(scene: &Scene, nodule: &Nodule) -> bool {
    let reach_mm = nodule.diameter_mm / 2.0 + CLEARANCE_MM;
    let mut n_blood = 0;
    for direction in directions() {
        let at = Vec3([0, 1, 2].map(|axis| nodule.center_mm[axis] + reach_mm * direction[axis]));
        match scene.tissue_at(at) {
            Tissue::Lung => {}
            Tissue::Blood => n_blood += 1,
            _ => return false,
        }
    }
    n_blood <= 3
}

/// The middle, and the 26 neighbors of a cube's middle brought onto a sphere.
fn directions() -> Vec<[f64; 3]> {
    const STEPS: [f64; 3] = [-1.0, 0.0, 1.0];
    let mut all = Vec::with_capacity(27);
    for x in STEPS {
        for y in STEPS {
            for z in STEPS {
                let length = (x * x + y * y + z * z).sqrt().max(1.0);
                all.push([x / length, y / length, z / length]);
            }
        }
    }
    all
}

fn are_apart(a: &Nodule, b: &Nodule) -> bool {
    let squared: f64 = a.center_mm.iter().zip(&b.center_mm).map(|(x, y)| (x - y).powi(2)).sum();
    squared.sqrt() > (a.diameter_mm + b.diameter_mm) / 2.0 + 2.0 * CLEARANCE_MM
}
