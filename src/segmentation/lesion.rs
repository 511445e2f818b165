//! What can be measured on a piece of a mask: axes in the picture, volume, mean value and middle in the patient.

use crate::domain::geometry::Vec3;
use crate::domain::mask::{Mask, Run};
use crate::imaging::voxels::Volume;
use crate::segmentation::volume_components::VolumeComponent;

/// The longest diameter within one picture and the widest extent across it (RECIST 1.1, Eisenhauer et al. 2009).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlanarAxes {
    pub long_mm: f64,
    pub short_mm: f64,
    /// Ends in pixel-center coordinates, column and row.
    pub long: [[f64; 2]; 2],
    pub short: [[f64; 2]; 2],
}

/// Of one piece in a volume.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionMeasures {
    pub volume_mm3: f64,
    /// Of modality values, such as Hounsfield units; `None` where no voxel has one.
    pub mean_value: Option<f64>,
    /// Patient space (LPS).
    pub center_mm: Vec3,
    /// The slice with the longest diameter.
    pub slice: usize,
    pub axes: PlanarAxes,
}

/// Axes of a mask with pixels of `row_mm` × `col_mm`; between the outer edges of pixels. `None` when it is empty.
pub fn planar_axes(mask: &Mask, row_mm: f64, col_mm: f64) -> Option<PlanarAxes> {
    let outline = convex_hull(edge_points(mask));
    let in_mm = |[x, y]: [f64; 2]| [x * col_mm, y * row_mm];
    let way = |a: [f64; 2], b: [f64; 2]| {
        let ([ax, ay], [bx, by]) = (in_mm(a), in_mm(b));
        [bx - ax, by - ay]
    };
    let mut long: Option<(f64, [[f64; 2]; 2])> = None;
    for (i, a) in outline.iter().enumerate() {
        for b in outline.iter().skip(i + 1) {
            let [dx, dy] = way(*a, *b);
            let length = dx.hypot(dy);
            if long.is_none_or(|(best, _)| length > best) {
                long = Some((length, [*a, *b]));
            }
        }
    }
    let (long_mm, [from, to]) = long?;
    let [dx, dy] = way(from, to).map(|d| d / long_mm);
    // Across: a quarter turn on
    let across = |point: &[f64; 2]| {
        let [x, y] = way(from, *point);
        dx * y - dy * x
    };
    let low = outline.iter().map(across).fold(f64::INFINITY, f64::min);
    let high = outline.iter().map(across).fold(f64::NEG_INFINITY, f64::max);
    let middle = [f64::midpoint(from[0], to[0]), f64::midpoint(from[1], to[1])];
    let at = |offset: f64| [middle[0] - dy * offset / col_mm, middle[1] + dx * offset / row_mm];
    Some(PlanarAxes { long_mm, short_mm: high - low, long: [from, to], short: [at(low), at(high)] })
}

/// The middles of the outer edges of every run's ends.
fn edge_points(mask: &Mask) -> Vec<[f64; 2]> {
    let mut points = Vec::new();
    let mut add = |row: u32, first: u32, last: u32| {
        let (y, x0, x1) = (f64::from(row), f64::from(first), f64::from(last));
        points.extend([[x0 - 0.5, y], [x1 + 0.5, y]]);
        points.extend([[x0, y - 0.5], [x0, y + 0.5], [x1, y - 0.5], [x1, y + 0.5]]);
    };
    for Run { start, len } in mask.runs() {
        let (mut at, end) = (*start, start + len);
        while at < end {
            let row = at / mask.cols();
            let stop = end.min((row + 1) * mask.cols());
            add(row, at % mask.cols(), (stop - 1) % mask.cols());
            at = stop;
        }
    }
    points
}

/// Andrew's monotone chain; the hull in order, without points on its sides.
fn convex_hull(mut points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    let turns_left = |hull: &[[f64; 2]], next: [f64; 2]| match hull {
        [.., a, b] => (b[0] - a[0]) * (next[1] - a[1]) - (b[1] - a[1]) * (next[0] - a[0]) > 0.0,
        _ => true,
    };
    let chain = |points: &mut dyn Iterator<Item = [f64; 2]>| {
        let mut hull: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while !turns_left(&hull, point) {
                hull.pop();
            }
            hull.push(point);
        }
        hull.pop();
        hull
    };
    if points.len() < 3 {
        return points;
    }
    let mut hull = chain(&mut points.iter().copied());
    hull.extend(chain(&mut points.iter().rev().copied()));
    hull
}

/// Measures a piece of `volume`; `None` when it is empty or not of this volume.
pub fn measure(component: &VolumeComponent, volume: &Volume) -> Option<LesionMeasures> {
    let [col_mm, row_mm, _] = volume.space().spacing_mm();
    let mut volume_mm3 = 0.0;
    let mut weighted = Vec3([0.0; 3]);
    let (mut sum, mut n_values) = (0.0, 0_u64);
    let mut best: Option<(usize, PlanarAxes)> = None;
    for (slice, mask) in &component.slices {
        let voxel_mm3 = voxel_mm3(volume, *slice);
        let [slope, intercept] = volume.rescale().of_slice(*slice);
        for Run { start, len } in mask.runs() {
            for pixel in *start..start + len {
                let (col, row) = (f64::from(pixel % mask.cols()), f64::from(pixel / mask.cols()));
                weighted = weighted.plus(volume.space().point_mm([col, row, *slice as f64]).scaled(voxel_mm3));
                let value = volume.slices().at(*slice, pixel as usize) * slope + intercept;
                if value.is_finite() {
                    sum += value;
                    n_values += 1;
                }
            }
        }
        volume_mm3 += voxel_mm3 * mask.n_pixels() as f64;
        let axes = planar_axes(mask, row_mm, col_mm)?;
        if best.as_ref().is_none_or(|(_, other)| axes.long_mm > other.long_mm) {
            best = Some((*slice, axes));
        }
    }
    let (slice, axes) = best?;
    let mean_value = (n_values > 0).then(|| sum / n_values as f64);
    Some(LesionMeasures { volume_mm3, mean_value, center_mm: weighted.scaled(1.0 / volume_mm3), slice, axes })
}

/// Of a voxel of that slice: its area times half the way to both neighbors, along the normal.
fn voxel_mm3(volume: &Volume, slice: usize) -> f64 {
    let space = volume.space();
    let last = space.dims()[2].max(1) - 1;
    let at = |col: f64, row: f64, slice: f64| space.point_mm([col, row, slice]);
    let here = slice as f64;
    let (before, after) = ((here - 1.0).max(0.0), (here + 1.0).min(f64::from(last)));
    let origin = at(0.0, 0.0, here);
    let normal = at(1.0, 0.0, here).minus(origin).cross(at(0.0, 1.0, here).minus(origin));
    let n_steps = (after - before).max(1.0);
    let step = at(0.0, 0.0, after).minus(at(0.0, 0.0, before)).scaled(1.0 / n_steps);
    step.dot(normal).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(rows: u32, cols: u32, [cx, cy]: [f64; 2], [rx, ry]: [f64; 2]) -> Mask {
        let inside = |i: u32| {
            let (x, y) = (f64::from(i % cols) - cx, f64::from(i / cols) - cy);
            u8::from((x / rx).powi(2) + (y / ry).powi(2) <= 1.0)
        };
        Mask::from_dense(rows, cols, &(0..rows * cols).map(inside).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn axes_of_an_ellipse_are_its_axes() {
        let axes = planar_axes(&disk(80, 80, [40.0, 37.0], [25.0, 12.0]), 1.0, 1.0).unwrap();
        assert!((axes.long_mm - 51.0).abs() < 0.1 && (axes.short_mm - 25.0).abs() < 0.6, "{axes:?}");
        // Pixels twice as high as wide
        let axes = planar_axes(&disk(80, 80, [40.0, 37.0], [12.0, 20.0]), 2.0, 1.0).unwrap();
        assert!((axes.long_mm - 82.0).abs() < 0.2 && (axes.short_mm - 25.0).abs() < 0.8, "{axes:?}");
        let [[x0, _], [x1, _]] = axes.short;
        assert!((x1 - x0).abs() > 23.0);
    }

    #[test]
    fn one_pixel_has_its_own_size_and_nothing_has_none() {
        let axes = planar_axes(&Mask::from_dense(3, 3, &[0, 0, 0, 0, 1, 0, 0, 0, 0]).unwrap(), 0.5, 0.5).unwrap();
        assert!((axes.long_mm - 0.5).abs() < 1e-12 && (axes.short_mm - 0.5).abs() < 1e-12, "{axes:?}");
        assert!(planar_axes(&Mask::from_dense(2, 2, &[0; 4]).unwrap(), 1.0, 1.0).is_none());
    }
}
