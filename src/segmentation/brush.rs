//! Brush and eraser: the voxels that a disc or a ball passes over on its way from one sample of the pointer to the next.

use crate::segmentation::grid::{Span, VoxelGrid};

/// Distances are compared with this much slack, as a part of the radius: what lies on the edge is inside.
const SLACK: f64 = 1e-9;

/// One sample of a stroke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sweep {
    /// Column, row and slice the way begins and ends at; whole numbers at voxel centers.
    pub from: [f64; 3],
    pub to: [f64; 3],
    /// Finite, not negative.
    pub radius_mm: f64,
    pub tip: Tip,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tip {
    Sphere,
    /// One layer of voxels: those within half a voxel of the plane through the pointer.
    Disc {
        /// Unit vector in millimeters along columns, rows and slices.
        normal: [f64; 3],
    },
}

/// An interval of a row, mm.
#[derive(Clone, Copy)]
struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    fn around(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self { low: self.low.min(other.low), high: self.high.max(other.high) })
    }
}

impl Sweep {
    /// The voxels whose centers lie within the radius of the way, and always those under the pointer.
    pub fn spans(&self, grid: &VoxelGrid) -> Vec<Span> {
        let [sx, sy, sz] = grid.spacing_mm;
        let mm = |[x, y, z]: [f64; 3]| [x * sx, y * sy, z * sz];
        let (a, b) = (mm(self.from), mm(self.to));
        let is_finite = a.iter().chain(&b).all(|at| at.is_finite()) && self.radius_mm.is_finite();
        if !is_finite {
            return Vec::new();
        }
        let radius = self.radius_mm.max(0.0) * (1.0 + SLACK) + SLACK;
        let reach = |axis: usize, spacing: f64, n: u32| {
            let low = (a[axis].min(b[axis]) - radius) / spacing;
            let high = (a[axis].max(b[axis]) + radius) / spacing;
            within(low.ceil(), high.floor(), n)
        };
        let mut spans = Vec::new();
        let rows = reach(1, sy, grid.rows);
        for slice in reach(2, sz, grid.slices) {
            for row in rows.clone() {
                let at = [f64::from(row) * sy, f64::from(slice) * sz];
                let Some(found) = capsule(a, b, radius, at).and_then(|found| self.in_layer(grid, a, at, found)) else {
                    continue;
                };
                let cols = within((found.low / sx - SLACK).ceil(), (found.high / sx + SLACK).floor(), grid.cols);
                if !cols.is_empty() {
                    spans.push(Span { slice, row, from: cols.start, to: cols.end });
                }
            }
        }
        for point in [self.from, self.to] {
            spans.extend(voxel_at(grid, point));
        }
        spans
    }

    /// The part of an interval that lies in a disc's layer of voxels.
    fn in_layer(&self, grid: &VoxelGrid, a: [f64; 3], [y, z]: [f64; 2], found: Interval) -> Option<Interval> {
        let Tip::Disc { normal: [nx, ny, nz] } = self.tip else { return Some(found) };
        let [sx, sy, sz] = grid.spacing_mm;
        // Half of what one voxel reaches along the normal: one layer, whatever way the plane lies
        let half = (nx.abs() * sx).max(ny.abs() * sy).max(nz.abs() * sz) / 2.0;
        let slack = half * 1e-6;
        // −half ≤ n·(p − a) < half, so that a plane midway between layers takes one of them
        let rest = ny * (y - a[1]) + nz * (z - a[2]) - nx * a[0];
        let (low, high) = (-half - slack - rest, half - slack - rest);
        if nx.abs() < 1e-9 {
            return (low <= 0.0 && high > 0.0).then_some(found);
        }
        let (p, q) = (low / nx, high / nx);
        let layer = Interval { low: p.min(q), high: p.max(q) };
        let both = Interval { low: found.low.max(layer.low), high: found.high.min(layer.high) };
        (both.low <= both.high).then_some(both)
    }
}

/// The voxel around a point; none off the grid.
pub fn voxel_at(grid: &VoxelGrid, point: [f64; 3]) -> Option<Span> {
    let index = |at: f64, n: u32| {
        let rounded = (at + 0.5).floor();
        (rounded >= 0.0 && rounded < f64::from(n)).then_some(rounded as u32)
    };
    let [x, y, z] = point;
    let (col, row, slice) = (index(x, grid.cols)?, index(y, grid.rows)?, index(z, grid.slices)?);
    Some(Span { slice, row, from: col, to: col + 1 })
}

/// Whole numbers from `low` to `high` on an axis of `n`.
fn within(low: f64, high: f64, n: u32) -> std::ops::Range<u32> {
    let last = f64::from(n) - 1.0;
    if low.is_nan() || high.is_nan() || low > high || high < 0.0 || low > last {
        return 0..0;
    }
    low.max(0.0) as u32..high.min(last) as u32 + 1
}

/// Where the row at `y`, `z` runs through the points within `radius` of the way from `a` to `b`. That body is convex, so
/// there is one interval.
fn capsule(a: [f64; 3], b: [f64; 3], radius: f64, [y, z]: [f64; 2]) -> Option<Interval> {
    let r2 = radius * radius;
    let ball = |center: [f64; 3]| {
        let rest = r2 - (y - center[1]).powi(2) - (z - center[2]).powi(2);
        let half = (rest >= 0.0).then(|| rest.sqrt())?;
        Some(Interval { low: center[0] - half, high: center[0] + half })
    };
    let parts = [ball(a), ball(b), cylinder(a, b, r2, [y, z])];
    parts.into_iter().flatten().fold(None, |all, part| Some(part.around(all)))
}

fn cylinder(a: [f64; 3], b: [f64; 3], r2: f64, [y, z]: [f64; 2]) -> Option<Interval> {
    let d = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
    let length2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
    if length2 < 1e-18 {
        return None;
    }
    // With u = x − a.x, w the way from a: |w|² − (w·d)²/|d|² ≤ r², a quadratic in u
    let c = (y - a[1]) * d[1] + (z - a[2]) * d[2];
    let q = (y - a[1]).powi(2) + (z - a[2]).powi(2);
    let leading = 1.0 - d[0] * d[0] / length2;
    let middle = -2.0 * d[0] * c / length2;
    let last = q - c * c / length2 - r2;
    let mut found = if leading < 1e-12 {
        // Along the row: all of it or nothing
        if last > 0.0 {
            return None;
        }
        Interval { low: f64::MIN, high: f64::MAX }
    } else {
        let root = middle * middle - 4.0 * leading * last;
        if root < 0.0 {
            return None;
        }
        let root = root.sqrt();
        Interval { low: (-middle - root) / (2.0 * leading), high: (-middle + root) / (2.0 * leading) }
    };
    // Between the two ends: 0 ≤ u·d.x + c ≤ |d|²
    if d[0].abs() < 1e-12 {
        if !(0.0..=length2).contains(&c) {
            return None;
        }
    } else {
        let (p, q) = (-c / d[0], (length2 - c) / d[0]);
        found = Interval { low: found.low.max(p.min(q)), high: found.high.min(p.max(q)) };
    }
    (found.low <= found.high).then(|| Interval { low: found.low + a[0], high: found.high + a[0] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segmentation::voxel_mask::VoxelMask;

    fn distance2_to_way(p: [f64; 3], a: [f64; 3], b: [f64; 3]) -> f64 {
        let d: Vec<f64> = (0..3).map(|i| b[i] - a[i]).collect();
        let w: Vec<f64> = (0..3).map(|i| p[i] - a[i]).collect();
        let length2: f64 = d.iter().map(|v| v * v).sum();
        let dot: f64 = (0..3).map(|i| w[i] * d[i]).sum();
        let t = if length2 > 0.0 { (dot / length2).clamp(0.0, 1.0) } else { 0.0 };
        (0..3).map(|i| (w[i] - t * d[i]).powi(2)).sum()
    }

    #[test]
    fn a_swept_ball_holds_exactly_the_voxels_within_its_radius() {
        let grid = VoxelGrid { cols: 70, rows: 40, slices: 12, spacing_mm: [0.7, 0.8, 2.5] };
        let cases = [
            ([20.3, 15.0, 5.0], [20.3, 15.0, 5.0], 4.0),
            ([5.0, 5.0, 5.0], [60.2, 30.7, 6.0], 3.3),
            ([30.0, 10.0, 2.0], [50.0, 10.0, 2.0], 2.0),
            ([-10.0, 20.0, 0.0], [3.0, 60.0, 11.0], 5.0),
        ];
        for (from, to, radius_mm) in cases {
            let spans = Sweep { from, to, radius_mm, tip: Tip::Sphere }.spans(&grid);
            let mask = VoxelMask::from_spans(grid, &spans);
            let mm = |p: [f64; 3]| [p[0] * 0.7, p[1] * 0.8, p[2] * 2.5];
            for z in 0..12 {
                for y in 0..40 {
                    for x in 0..70 {
                        let point = mm([f64::from(x), f64::from(y), f64::from(z)]);
                        let d2 = distance2_to_way(point, mm(from), mm(to));
                        let is_under = [from, to]
                            .iter()
                            .any(|at| voxel_at(&grid, *at).is_some_and(|v| (v.from, v.row, v.slice) == (x, y, z)));
                        let is_inside = d2 <= radius_mm * radius_mm + 1e-9 || is_under;
                        if (d2.sqrt() - radius_mm).abs() > 1e-6 {
                            assert_eq!(mask.contains([x, y, z]), is_inside, "{x} {y} {z}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_disc_takes_one_layer_in_every_main_plane() {
        let grid = VoxelGrid { cols: 64, rows: 50, slices: 40, spacing_mm: [0.7, 0.7, 1.5] };
        for (axis, normal) in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].into_iter().enumerate() {
            for off in [0.0, 0.25, 0.5, -0.5] {
                let mut at = [30.0, 25.0, 20.0];
                at[axis] += off;
                let sweep = Sweep { from: at, to: at, radius_mm: 6.0, tip: Tip::Disc { normal } };
                let bounds = VoxelMask::from_spans(grid, &sweep.spans(&grid)).bounds().unwrap();
                assert!(bounds.size()[axis] <= 2, "{axis} {off}: {bounds:?}");
                if off.abs() < 0.5 {
                    assert_eq!(bounds.size()[axis], 1, "{axis} {off}");
                }
            }
        }
    }
}
