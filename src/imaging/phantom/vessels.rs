//! Arteries and veins of the lung as a branching tree: what gives a lung its texture.

use crate::domain::geometry::Vec3;
use crate::imaging::phantom::anatomy::{self, Side};
use crate::imaging::phantom::convex::{Convex, unit};
use crate::imaging::phantom::noise::SplitMix;
use crate::imaging::phantom::scene::{Scene, Tissue};

const SMALLEST_RADIUS_MM: f64 = 0.55;
/// Free of vessels under the pleura.
const PLEURAL_MARGIN_MM: f64 = 5.0;

/// A tip that still grows.
struct Tip {
    at: Vec3,
    dir: Vec3,
    radius_mm: f64,
}

/// Where vessels may run in one lung.
struct Field {
    lung: Convex,
    covered_by: Vec<Convex>,
}

impl Field {
    fn allows(&self, point: Vec3) -> bool {
        self.lung.contains(point) && !self.covered_by.iter().any(|shape| shape.contains(point))
    }
}

pub fn lung_vessels(scene: &mut Scene, seed: u64) {
    for (side, lane) in Side::BOTH.into_iter().zip(101..) {
        let covered_by = [anatomy::abdomen(), anatomy::heart()].concat();
        let field = Field { lung: anatomy::lung(side), covered_by };
        let mut random = SplitMix::lane(seed, lane);
        let hilum = hilum(side);
        let mut tips: Vec<Tip> = lobar_directions(side)
            .into_iter()
            .map(|(dir, radius_mm)| Tip { at: hilum, dir: unit(dir), radius_mm })
            .collect();
        while let Some(tip) = tips.pop() {
            grow(scene, &field, &mut tips, tip, hilum, &mut random);
        }
    }
}

fn hilum(side: Side) -> Vec3 {
    match side {
        Side::Right => Vec3([-34.0, 12.0, 6.0]),
        // The left hilum stands higher.
        Side::Left => Vec3([36.0, 14.0, 18.0]),
    }
}

/// First branches with their radius: arteries and veins to each lobe.
fn lobar_directions(side: Side) -> Vec<(Vec3, f64)> {
    let s = side.sign();
    [
        ([0.45, 0.10, 0.85], 3.6),
        ([0.75, -0.35, 0.60], 3.0),
        ([0.60, 0.55, 0.50], 2.8),
        ([0.90, -0.40, 0.05], 3.0),
        ([0.85, 0.35, -0.20], 3.2),
        ([0.45, 0.30, -0.85], 4.4),
        ([0.70, 0.50, -0.55], 3.8),
        ([0.60, -0.45, -0.60], 3.4),
        ([0.25, 0.65, -0.65], 3.6),
        ([0.55, 0.05, -0.80], 3.8),
    ]
    .into_iter()
    .map(|([x, y, z], radius)| (Vec3([s * x, y, z]), radius))
    .collect()
}

/// One stretch of vessel, then its two children (Murray's law: r³ = r₁³ + r₂³).
fn grow(scene: &mut Scene, field: &Field, tips: &mut Vec<Tip>, tip: Tip, hilum: Vec3, random: &mut SplitMix) {
    let Tip { mut at, mut dir, radius_mm } = tip;
    let n_pieces = 2;
    let length = (5.0 + 2.6 * radius_mm) * (0.7 + 0.6 * random.uniform());
    for _ in 0..n_pieces {
        let outward = unit(at.minus(hilum).plus(dir.scaled(4.0)));
        dir = unit(dir.plus(outward.scaled(0.12)).plus(jitter(random, 0.14)));
        let to = at.plus(dir.scaled(length / f64::from(n_pieces)));
        if !field.allows(to.plus(dir.scaled(PLEURAL_MARGIN_MM))) && radius_mm < 2.8 {
            return;
        }
        let overlap = dir.scaled(0.4 * radius_mm);
        let shape = Convex::tube(at.minus(overlap).0, to.plus(overlap).0, [radius_mm; 2], Vec3([1.0, 0.0, 0.0]));
        scene.add(Tissue::Blood, shape);
        at = to;
    }
    let share = 0.5 + 0.32 * random.uniform();
    let plane = unit(dir.cross(jitter(random, 1.0)));
    for (share, turn) in [(share, 0.55 * (1.0 - share) + 0.1), (1.0 - share, -0.95 * share - 0.05)] {
        let radius_mm = radius_mm * share.cbrt();
        if radius_mm >= SMALLEST_RADIUS_MM {
            let bent = unit(dir.scaled(turn.cos()).plus(plane.scaled(turn.sin())));
            tips.push(Tip { at, dir: bent, radius_mm });
        }
    }
}

fn jitter(random: &mut SplitMix, size: f64) -> Vec3 {
    Vec3([random.normal(), random.normal(), random.normal()]).scaled(size)
}
