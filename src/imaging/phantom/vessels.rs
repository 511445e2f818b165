//! Arteries and veins of the lung as a branching tree: what gives a lung its texture.

use crate::domain::geometry::Vec3;
use crate::imaging::phantom::anatomy::{self, Side};
use crate::imaging::phantom::convex::{Convex, unit};
use crate::imaging::phantom::nodules::Nodule;
use crate::imaging::phantom::noise::SplitMix;
use crate::imaging::phantom::scene::{Scene, Tissue};

const SMALLEST_RADIUS_MM: f64 = 0.5;
/// Wider than this, and this near the hilum, a vessel is still leaving the mediastinum.
const TRUNK_RADIUS_MM: f64 = 2.9;
const ROOT_MM: f64 = 24.0;
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

pub fn lung_vessels(scene: &mut Scene, nodules: &[Nodule], seed: u64) {
    for (side, lane) in Side::BOTH.into_iter().zip(101..) {
        // Nodules stay free of vessels, so that their volume is theirs alone.
        let kept_free = nodules.iter().map(|nodule| nodule.shape_with_margin(3.5)).collect();
        let covered_by = [anatomy::abdomen(), anatomy::heart(), kept_free].concat();
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
        ([0.40, 0.05, 0.90], 4.2),
        ([0.70, -0.35, 0.65], 3.4),
        ([0.55, 0.50, 0.65], 3.4),
        ([0.90, -0.40, 0.10], 3.4),
        ([0.90, 0.30, 0.10], 3.6),
        ([0.45, 0.30, -0.85], 5.2),
        ([0.70, 0.50, -0.55], 3.8),
        ([0.60, -0.45, -0.60], 3.4),
        ([0.30, 0.65, -0.65], 3.8),
        ([0.55, 0.05, -0.80], 4.6),
    ]
    .into_iter()
    .map(|([x, y, z], radius)| (Vec3([s * x, y, z]), radius))
    .collect()
}

/// One stretch of vessel, then its two children (Murray's law: r³ = r₁³ + r₂³).
fn grow(scene: &mut Scene, field: &Field, tips: &mut Vec<Tip>, tip: Tip, hilum: Vec3, random: &mut SplitMix) {
    let Tip { mut at, mut dir, radius_mm } = tip;
    let piece_mm = (3.0 + 1.5 * radius_mm) * (0.7 + 0.6 * random.uniform());
    for _ in 0..2 {
        let outward = unit(at.minus(hilum).plus(dir.scaled(4.0)));
        let is_root = radius_mm > TRUNK_RADIUS_MM && at.minus(hilum).length() < ROOT_MM;
        let wanted = unit(dir.plus(outward.scaled(0.10)).plus(jitter(random, 0.12)));
        let Some((turned, to)) = free_way(field, at, wanted, piece_mm, is_root, random) else { return };
        dir = turned;
        let overlap = dir.scaled(0.4 * radius_mm);
        let shape = Convex::tube(at.minus(overlap).0, to.plus(overlap).0, [radius_mm; 2], Vec3([1.0, 0.0, 0.0]));
        scene.add(Tissue::Blood, shape);
        at = to;
    }
    let share = 0.5 + 0.36 * random.uniform();
    let plane = unit(dir.cross(jitter(random, 1.0)));
    for (share, turn) in [(share, 0.5 * (1.0 - share) + 0.08), (1.0 - share, -0.95 * share - 0.05)] {
        let radius_mm = radius_mm * share.cbrt();
        if radius_mm >= SMALLEST_RADIUS_MM {
            let bent = unit(dir.scaled(turn.cos()).plus(plane.scaled(turn.sin())));
            tips.push(Tip { at, dir: bent, radius_mm });
        }
    }
}

/// The wanted direction, or one near it, that stays inside the lung; roots pass everywhere.
fn free_way(
    field: &Field,
    at: Vec3,
    wanted: Vec3,
    piece_mm: f64,
    is_root: bool,
    random: &mut SplitMix,
) -> Option<(Vec3, Vec3)> {
    let n_tries = 5_u32;
    (0..n_tries).find_map(|attempt| {
        let dir = unit(wanted.plus(jitter(random, 0.18 * f64::from(attempt))));
        let to = at.plus(dir.scaled(piece_mm));
        let is_free = field.allows(to.plus(dir.scaled(PLEURAL_MARGIN_MM))) && field.allows(to);
        (is_free || is_root).then_some((dir, to))
    })
}

fn jitter(random: &mut SplitMix, size: f64) -> Vec3 {
    Vec3([random.normal(), random.normal(), random.normal()]).scaled(size)
}
