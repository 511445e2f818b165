//! The picture that is cut out of a volume: where its pixels lie, and how thick it is.

use serde::{Deserialize, Serialize};

use crate::domain::geometry::{ImagePlane, Spacing, SpacingKind, Vec3};
use crate::imaging::volume_space::VolumeSpace;

/// Pixels along a side at most; wider volumes get larger pixels.
const MAX_SIDE: f64 = 4096.0;

/// Square pixels in the patient's space (LPS, mm).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaneGrid {
    /// At least 1.
    pub cols: u32,
    /// At least 1.
    pub rows: u32,
    /// Center of the first pixel.
    pub origin_mm: Vec3,
    /// From one column to the next, along a row.
    pub col_step_mm: Vec3,
    /// From one row to the next, down a column; at a right angle to the other and as long.
    pub row_step_mm: Vec3,
}

/// How the samples across a thick plane become one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Projection {
    /// The plane itself, however thick the slab is set.
    #[default]
    Single,
    /// Maximum intensity projection.
    Mip,
    /// Minimum intensity projection.
    MinIp,
    Mean,
}

/// A thick plane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slab {
    pub projection: Projection,
    /// Across the plane, half to each side; finite, not negative.
    pub thickness_mm: f64,
}

impl Default for Slab {
    fn default() -> Self {
        Self { projection: Projection::Single, thickness_mm: 10.0 }
    }
}

impl Slab {
    pub const SINGLE: Self = Self { projection: Projection::Single, thickness_mm: 0.0 };
}

/// Samples across a plane: so many to each side of it, this far apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlabSteps {
    pub n_each_side: u32,
    pub step_mm: f64,
}

impl SlabSteps {
    /// At most one voxel on from step to step, so that no voxel is passed over.
    pub fn of(slab: &Slab, space: &VolumeSpace, normal: Vec3) -> Self {
        const MOST: f64 = 2048.0;
        let step_mm = space.voxel_step_mm(normal);
        let n_each_side = match slab.projection {
            Projection::Single => 0.0,
            _ => (slab.thickness_mm.max(0.0) / 2.0 / step_mm + 1e-6).floor().min(MOST),
        };
        Self { n_each_side: n_each_side as u32, step_mm }
    }

    /// Distances from the plane, mm.
    pub fn offsets_mm(self) -> impl Iterator<Item = f64> {
        let n = i64::from(self.n_each_side);
        (-n..=n).map(move |index| index as f64 * self.step_mm)
    }
}

/// The three planes every reader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MainPlane {
    Axial,
    Coronal,
    Sagittal,
}

impl MainPlane {
    pub const ALL: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];
}

/// Directions of a plane's rows and columns; unit vectors at a right angle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaneDirections {
    /// Of increasing column index.
    pub row_dir: Vec3,
    /// Of increasing row index.
    pub col_dir: Vec3,
}

impl PlaneDirections {
    pub fn normal(&self) -> Vec3 {
        self.row_dir.cross(self.col_dir)
    }

    /// A main plane along the volume's own axes, each named by the nearest of the patient's: an upright series is cut
    /// along its voxels, a tilted gantry's along the table. Patient-left is right, anterior up or left, head up.
    pub fn of(plane: MainPlane, space: &VolumeSpace) -> Self {
        let [left, posterior, head] = patient_axes(space);
        let feet = head.scaled(-1.0);
        match plane {
            MainPlane::Axial => Self { row_dir: left, col_dir: posterior },
            MainPlane::Coronal => Self { row_dir: left, col_dir: feet },
            MainPlane::Sagittal => Self { row_dir: posterior, col_dir: feet },
        }
    }

    /// Turned by `radians` about `axis` (a unit vector), counterclockwise for who looks against it.
    #[must_use]
    pub fn turned(&self, axis: Vec3, radians: f64) -> Self {
        let turn = |v: Vec3| {
            // Rodrigues
            let along = axis.scaled(axis.dot(v) * (1.0 - radians.cos()));
            v.scaled(radians.cos()).plus(axis.cross(v).scaled(radians.sin())).plus(along)
        };
        Self { row_dir: turn(self.row_dir), col_dir: turn(self.col_dir) }.upright()
    }

    /// Unit vectors at a right angle again, after many turns.
    fn upright(&self) -> Self {
        let row_dir = unit(self.row_dir);
        Self { row_dir, col_dir: unit(self.col_dir.minus(row_dir.scaled(row_dir.dot(self.col_dir)))) }
    }
}

/// The volume's axes at right angles, ordered and signed as patient-left, posterior and head are nearest.
fn patient_axes(space: &VolumeSpace) -> [Vec3; 3] {
    let [columns, _, slices] = space.axes();
    let slices = unit(slices);
    let columns = unit(columns.minus(slices.scaled(slices.dot(columns))));
    let axes = [columns, slices.cross(columns), slices];
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let part =
        |axis: usize, patient: usize| axes.get(axis).and_then(|axis| axis.0.get(patient)).copied().unwrap_or(0.0);
    let agreement = |order: &[usize; 3]| -> f64 {
        order.iter().enumerate().map(|(patient, axis)| part(*axis, patient).abs()).sum()
    };
    let best = ORDERS.iter().max_by(|a, b| agreement(a).total_cmp(&agreement(b))).copied().unwrap_or([0, 1, 2]);
    let signed = |patient: usize, axis: usize| {
        let sign = if part(axis, patient) < 0.0 { -1.0 } else { 1.0 };
        axes.get(axis).copied().unwrap_or(Vec3([0.0; 3])).scaled(sign)
    };
    let [l, p, _] = best;
    let (left, posterior) = (signed(0, l), signed(1, p));
    // Right-handed, as the patient is: three signs chosen alone need not be
    [left, posterior, left.cross(posterior)]
}

impl PlaneGrid {
    /// The plane through `center_mm` with pixels of the smallest voxel spacing, as wide as the volume seen from there.
    /// Where it runs along voxels, pixels lie on their centers.
    pub fn covering(space: &VolumeSpace, directions: &PlaneDirections, center_mm: Vec3) -> Self {
        let PlaneDirections { row_dir, col_dir } = *directions;
        let corners = space.corners_mm();
        let anchor = space.point_mm([0.0; 3]);
        let [cols_mm, rows_mm, slices_mm] = space.spacing_mm();
        let finest = cols_mm.min(rows_mm).min(slices_mm);
        let extent = |direction: Vec3| {
            let along = corners.map(|corner| corner.dot(direction));
            [along.into_iter().fold(f64::MAX, f64::min), along.into_iter().fold(f64::MIN, f64::max)]
        };
        let (across, down) = (extent(row_dir), extent(col_dir));
        let widest = (across[1] - across[0]).max(down[1] - down[0]);
        let spacing = finest.max(widest / MAX_SIDE);
        let pixels = |[low, high]: [f64; 2], direction: Vec3| {
            let phase = anchor.dot(direction);
            let first = ((low - phase) / spacing - 1e-6).ceil();
            let last = ((high - phase) / spacing + 1e-6).floor();
            (phase + first * spacing, ((last - first).max(0.0) as u32) + 1)
        };
        let (x_mm, cols) = pixels(across, row_dir);
        let (y_mm, rows) = pixels(down, col_dir);
        let normal = directions.normal();
        let origin_mm = row_dir.scaled(x_mm).plus(col_dir.scaled(y_mm)).plus(normal.scaled(center_mm.dot(normal)));
        Self { cols, rows, origin_mm, col_step_mm: row_dir.scaled(spacing), row_step_mm: col_dir.scaled(spacing) }
    }

    /// Side of a pixel.
    pub fn spacing_mm(&self) -> f64 {
        self.col_step_mm.length()
    }

    /// Unit vector: columns across rows.
    pub fn normal(&self) -> Vec3 {
        unit(self.col_step_mm.cross(self.row_step_mm))
    }

    pub fn plane(&self) -> ImagePlane {
        ImagePlane { position_mm: self.origin_mm, row_dir: unit(self.col_step_mm), col_dir: unit(self.row_step_mm) }
    }

    pub fn spacing(&self) -> Spacing {
        let side = self.spacing_mm();
        Spacing { kind: SpacingKind::Patient, row_mm: side, col_mm: side, aspect: 1.0 }
    }

    pub fn n_pixels(&self) -> usize {
        self.cols as usize * self.rows as usize
    }
}

fn unit(v: Vec3) -> Vec3 {
    v.scaled(1.0 / v.length().max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imaging::orientation::{ViewOrientation, letters_of_plane};
    use crate::imaging::volume::VolumeGrid;

    fn space(steps: [[f64; 3]; 3], dims: [u32; 3]) -> VolumeSpace {
        let [col, row, slice] = steps.map(Vec3);
        let origin_mm = Vec3([-12.0, 31.0, 7.0]);
        VolumeSpace::even(VolumeGrid { dims, origin_mm, col_step_mm: col, row_step_mm: row, slice_step_mm: slice })
    }

    fn letters(plane: MainPlane, space: &VolumeSpace) -> [String; 4] {
        let directions = PlaneDirections::of(plane, space);
        let grid = PlaneGrid::covering(space, &directions, space.center_mm());
        let found = letters_of_plane(&grid.plane(), &ViewOrientation::default()).unwrap();
        [found.left, found.right, found.top, found.bottom]
    }

    #[test]
    fn the_main_planes_stand_as_in_a_textbook_however_the_series_was_taken() {
        let axial = [[0.7, 0.0, 0.0], [0.0, 0.7, 0.0], [0.0, 0.0, 3.0]];
        let from_head = [[0.7, 0.0, 0.0], [0.0, 0.7, 0.0], [0.0, 0.0, -3.0]];
        let sagittal = [[0.0, 0.9, 0.0], [0.0, 0.0, -0.9], [-1.2, 0.0, 0.0]];
        let coronal = [[0.9, 0.0, 0.0], [0.0, 0.0, -0.9], [0.0, 1.2, 0.0]];
        let prone = [[-0.7, 0.0, 0.0], [0.0, -0.7, 0.0], [0.0, 0.0, 3.0]];
        let tilted = [[0.5, 0.0, 0.0], [0.0, 0.48, -0.13], [0.0, 0.0, 4.0]];
        for steps in [axial, from_head, sagittal, coronal, prone, tilted] {
            let space = space(steps, [20, 30, 10]);
            assert_eq!(letters(MainPlane::Axial, &space), ["R", "L", "A", "P"], "{steps:?}");
            assert_eq!(letters(MainPlane::Coronal, &space), ["R", "L", "H", "F"], "{steps:?}");
            assert_eq!(letters(MainPlane::Sagittal, &space), ["A", "P", "H", "F"], "{steps:?}");
        }
    }

    #[test]
    fn a_plane_along_the_voxels_has_its_pixels_on_their_centers_and_covers_them_all() {
        let space = space([[0.7, 0.0, 0.0], [0.0, 0.7, 0.0], [0.0, 0.0, 2.1]], [20, 30, 10]);
        let axial = PlaneDirections::of(MainPlane::Axial, &space);
        let grid = PlaneGrid::covering(&space, &axial, space.center_mm());
        assert_eq!((grid.cols, grid.rows), (20, 30));
        assert_eq!(space.place(grid.origin_mm), [0.0, 0.0, 4.0]);
        let coronal = PlaneDirections::of(MainPlane::Coronal, &space);
        let grid = PlaneGrid::covering(&space, &coronal, space.center_mm());
        // Ten slices of 2.1 mm in pixels of 0.7 mm, from edge to edge
        assert_eq!((grid.cols, grid.rows), (20, 30));
        let [col, row, slice] = space.place(grid.origin_mm);
        assert_eq!((col, row), (0.0, 14.0));
        assert!((slice - 9.0 - 1.0 / 3.0).abs() < 1e-9, "{slice}");
    }

    #[test]
    fn turning_keeps_right_angles_and_a_full_turn_comes_back() {
        let start = PlaneDirections { row_dir: Vec3([1.0, 0.0, 0.0]), col_dir: Vec3([0.0, 0.0, -1.0]) };
        let axis = Vec3([0.0, 0.0, 1.0]);
        let quarter = start.turned(axis, std::f64::consts::FRAC_PI_2);
        assert!(quarter.row_dir.minus(Vec3([0.0, 1.0, 0.0])).length() < 1e-12);
        let mut turned = start;
        for _ in 0..360 {
            turned = turned.turned(axis, 1_f64.to_radians());
            assert!(turned.row_dir.dot(turned.col_dir).abs() < 1e-12);
        }
        assert!(turned.row_dir.minus(start.row_dir).length() < 1e-9);
    }
}
