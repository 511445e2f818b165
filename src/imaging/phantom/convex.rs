//! Convex bodies of quadrics and planes: where a ray enters and leaves, exactly.

use crate::domain::geometry::Vec3;

/// A straight line; `dir` has length 1, so its parameter is in mm.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    pub origin: Vec3,
    pub dir: Vec3,
}

impl Ray {
    pub fn at(&self, t_mm: f64) -> Vec3 {
        self.origin.plus(self.dir.scaled(t_mm))
    }
}

/// Axis-parallel box, mm.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub low: [f64; 3],
    pub high: [f64; 3],
}

impl Bounds {
    fn around(center: Vec3, reach: [f64; 3]) -> Self {
        let [x, y, z] = center.0;
        let [a, b, c] = reach;
        Self { low: [x - a, y - b, z - c], high: [x + a, y + b, z + c] }
    }

    fn intersected(self, other: Self) -> Self {
        let pair = |a: [f64; 3], b: [f64; 3], pick: fn(f64, f64) -> f64| {
            let ([ax, ay, az], [bx, by, bz]) = (a, b);
            [pick(ax, bx), pick(ay, by), pick(az, bz)]
        };
        Self { low: pair(self.low, other.low, f64::max), high: pair(self.high, other.high, f64::min) }
    }

    pub fn corners(&self) -> [Vec3; 8] {
        let ([x0, y0, z0], [x1, y1, z1]) = (self.low, self.high);
        [(x0, y0, z0), (x1, y0, z0), (x0, y1, z0), (x1, y1, z0), (x0, y0, z1), (x1, y0, z1), (x0, y1, z1), (x1, y1, z1)]
            .map(|(x, y, z)| Vec3([x, y, z]))
    }
}

/// Three orthonormal directions.
#[derive(Clone, Copy, Debug)]
pub struct Axes(pub [Vec3; 3]);

impl Axes {
    pub const PATIENT: Self = Self([Vec3([1.0, 0.0, 0.0]), Vec3([0.0, 1.0, 0.0]), Vec3([0.0, 0.0, 1.0])]);

    /// The last axis along `along`, the first as close to `hint` as it can be.
    pub fn along(along: Vec3, hint: Vec3) -> Self {
        let w = unit(along);
        let across = hint.minus(w.scaled(hint.dot(w)));
        // A hint along the axis leaves the choice open.
        let u = if across.length() > 1e-6 { unit(across) } else { unit(Vec3([w.0[1], w.0[2], -w.0[0]]).cross(w)) };
        Self([u, w.cross(u), w])
    }
}

pub fn unit(v: Vec3) -> Vec3 {
    v.scaled(1.0 / v.length().max(1e-12))
}

/// `(p − center)ᵀ M (p − center) ≤ 1`, M symmetric: xx, yy, zz, xy, xz, yz.
#[derive(Clone, Copy, Debug)]
struct Quadric {
    center: Vec3,
    matrix: [f64; 6],
}

impl Quadric {
    /// A semi-axis of infinity makes a cylinder along that direction.
    fn new(center: Vec3, semi_axes_mm: [f64; 3], axes: Axes) -> Self {
        let mut matrix = [0.0; 6];
        for (axis, semi) in axes.0.iter().zip(semi_axes_mm) {
            let [x, y, z] = axis.0;
            let weight = 1.0 / (semi * semi);
            for (sum, product) in matrix.iter_mut().zip([x * x, y * y, z * z, x * y, x * z, y * z]) {
                *sum += weight * product;
            }
        }
        Self { center, matrix }
    }

    fn times(&self, v: Vec3) -> Vec3 {
        let [xx, yy, zz, xy, xz, yz] = self.matrix;
        let [x, y, z] = v.0;
        Vec3([xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z])
    }

    fn value(&self, point: Vec3) -> f64 {
        let offset = point.minus(self.center);
        offset.dot(self.times(offset))
    }

    fn interval(&self, ray: &Ray) -> Option<(f64, f64)> {
        let offset = ray.origin.minus(self.center);
        let m_dir = self.times(ray.dir);
        let a = ray.dir.dot(m_dir);
        let b = offset.dot(m_dir);
        let c = offset.dot(self.times(offset)) - 1.0;
        if a < 1e-14 {
            return (c <= 0.0).then_some((f64::NEG_INFINITY, f64::INFINITY));
        }
        let discriminant = b * b - a * c;
        if discriminant <= 0.0 {
            return None;
        }
        let root = discriminant.sqrt();
        Some(((-b - root) / a, (-b + root) / a))
    }
}

/// `normal · p ≤ offset_mm`.
#[derive(Clone, Copy, Debug)]
struct HalfSpace {
    normal: Vec3,
    offset_mm: f64,
}

/// What lies in all of its quadrics and half-spaces.
#[derive(Clone, Debug)]
pub struct Convex {
    quadrics: Vec<Quadric>,
    half_spaces: Vec<HalfSpace>,
    bounds: Bounds,
}

impl Convex {
    pub fn ellipsoid(center: [f64; 3], semi_axes_mm: [f64; 3]) -> Self {
        Self::turned_ellipsoid(center, semi_axes_mm, Axes::PATIENT)
    }

    pub fn turned_ellipsoid(center: [f64; 3], semi_axes_mm: [f64; 3], axes: Axes) -> Self {
        let center = Vec3(center);
        let reach = [0, 1, 2].map(|k| {
            let squares = axes.0.iter().zip(semi_axes_mm).map(|(axis, semi)| (axis.0[k] * semi).powi(2));
            squares.sum::<f64>().sqrt()
        });
        Self {
            quadrics: vec![Quadric::new(center, semi_axes_mm, axes)],
            half_spaces: Vec::new(),
            bounds: Bounds::around(center, reach),
        }
    }

    /// An elliptic column along the body, from `z_mm[0]` up to `z_mm[1]`.
    pub fn column(center_xy: [f64; 2], semi_xy_mm: [f64; 2], z_mm: [f64; 2]) -> Self {
        let [x, y] = center_xy;
        Self::tube([x, y, z_mm[0]], [x, y, z_mm[1]], semi_xy_mm, Vec3([1.0, 0.0, 0.0]))
    }

    /// A straight elliptic tube; its first semi-axis lies as close to `hint` as it can.
    pub fn tube(from: [f64; 3], to: [f64; 3], semi_axes_mm: [f64; 2], hint: Vec3) -> Self {
        let (from, to) = (Vec3(from), Vec3(to));
        let axes = Axes::along(to.minus(from), hint);
        let [_, _, w] = axes.0;
        let [a, b] = semi_axes_mm;
        let reach = a.max(b);
        let (low, high) = (from.0, to.0);
        let bounds = Bounds {
            low: [0, 1, 2].map(|k| low[k].min(high[k]) - reach),
            high: [0, 1, 2].map(|k| low[k].max(high[k]) + reach),
        };
        Self {
            quadrics: vec![Quadric::new(from, [a, b, f64::INFINITY], axes)],
            half_spaces: vec![
                HalfSpace { normal: w, offset_mm: w.dot(to) },
                HalfSpace { normal: w.scaled(-1.0), offset_mm: -w.dot(from) },
            ],
            bounds,
        }
    }

    pub fn and(mut self, other: Self) -> Self {
        self.quadrics.extend(other.quadrics);
        self.half_spaces.extend(other.half_spaces);
        self.bounds = self.bounds.intersected(other.bounds);
        self
    }

    /// Keeps the side that `normal` points away from, through `point`.
    pub fn cut(mut self, point: [f64; 3], normal: [f64; 3]) -> Self {
        let normal = unit(Vec3(normal));
        self.half_spaces.push(HalfSpace { normal, offset_mm: normal.dot(Vec3(point)) });
        self
    }

    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    pub fn contains(&self, point: Vec3) -> bool {
        self.quadrics.iter().all(|quadric| quadric.value(point) <= 1.0)
            && self.half_spaces.iter().all(|half| half.normal.dot(point) <= half.offset_mm)
    }

    /// Entry and exit along the ray, mm; `None` when it misses.
    pub fn interval(&self, ray: &Ray) -> Option<(f64, f64)> {
        let (mut start, mut end) = (f64::NEG_INFINITY, f64::INFINITY);
        for quadric in &self.quadrics {
            let (enters, leaves) = quadric.interval(ray)?;
            (start, end) = (start.max(enters), end.min(leaves));
        }
        for half in &self.half_spaces {
            let speed = half.normal.dot(ray.dir);
            let room = half.offset_mm - half.normal.dot(ray.origin);
            if speed > 1e-12 {
                end = end.min(room / speed);
            } else if speed < -1e-12 {
                start = start.max(room / speed);
            } else if room < 0.0 {
                return None;
            }
        }
        (start < end && start.is_finite() && end.is_finite()).then_some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_through_a_ball_and_a_half_ball_is_as_long_as_geometry_says() {
        let ball = Convex::ellipsoid([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]);
        let ray = Ray { origin: Vec3([-100.0, 5.0, 3.0]), dir: Vec3([1.0, 0.0, 0.0]) };
        let (start, end) = ball.interval(&ray).unwrap();
        assert!((end - start - 8.0).abs() < 1e-9);
        let half = ball.cut([1.0, 0.0, 0.0], [1.0, 0.0, 0.0]);
        let (start, end) = half.interval(&ray).unwrap();
        assert!((end - start - 4.0).abs() < 1e-9);
        assert!(half.contains(Vec3([0.0, 2.0, 3.0])) && !half.contains(Vec3([2.0, 2.0, 3.0])));
    }
}
