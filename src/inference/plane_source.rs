//! A picture or a volume as planes for a sliding window: which voxel lies where, what its scaled value is, where to look.

use crate::domain::geometry::Vec3;
use crate::imaging::voxels::Volume;
use crate::inference::error::InferenceError;
use crate::inference::model_card::sliding::SlidingAxis;
use crate::inference::model_card::{InputSpec, Intensity};
use crate::inference::preprocess::in_window;
use crate::segmentation::lung_field::LungField;

/// Planes of one size, one behind the other.
pub enum PlaneSource<'a> {
    /// One plane of scaled values, row-major.
    Picture {
        rows: usize,
        cols: usize,
        values: Vec<f32>,
        pixel_mm: Option<[f64; 2]>,
    },
    Volume {
        volume: &'a Volume,
        way: Way,
        low: f64,
        high: f64,
        region: Option<LungField>,
    },
}

/// How planes run through a volume: which of its axes (0 column, 1 row, 2 slice) are a plane's number, row and column,
/// and whether rows and columns run backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    plane: usize,
    row: usize,
    col: usize,
    is_row_backward: bool,
    is_col_backward: bool,
}

impl Way {
    const STACK: Self = Self { plane: 2, row: 1, col: 0, is_row_backward: false, is_col_backward: false };

    /// The volume's axis nearest to the plane's normal counts planes; rows run toward feet (or back), columns toward
    /// left (or back), as such planes are shown.
    fn of(axis: SlidingAxis, axes: [Vec3; 3]) -> Self {
        // LPS: left, posterior, head
        const LEFT: Vec3 = Vec3([1.0, 0.0, 0.0]);
        const BACK: Vec3 = Vec3([0.0, 1.0, 0.0]);
        const FEET: Vec3 = Vec3([0.0, 0.0, -1.0]);
        let (normal, down, across) = match axis {
            SlidingAxis::Stack => return Self::STACK,
            SlidingAxis::Axial => (FEET, BACK, LEFT),
            SlidingAxis::Coronal => (BACK, FEET, LEFT),
            SlidingAxis::Sagittal => (LEFT, FEET, BACK),
        };
        let along = |axis: &usize, direction: Vec3| axes.get(*axis).map_or(0.0, |own| own.dot(direction));
        let nearest = |among: &[usize], direction: Vec3| {
            let by_nearness = |a: &&usize, b: &&usize| along(a, direction).abs().total_cmp(&along(b, direction).abs());
            among.iter().max_by(by_nearness).copied().unwrap_or(2)
        };
        let plane = nearest(&[0, 1, 2], normal);
        let others: Vec<usize> = (0..3).filter(|axis| *axis != plane).collect();
        let row = nearest(&others, down);
        let col = others.into_iter().find(|axis| *axis != row).unwrap_or(0);
        let is_row_backward = along(&row, down) < 0.0;
        Self { plane, row, col, is_row_backward, is_col_backward: along(&col, across) < 0.0 }
    }
}

impl<'a> PlaneSource<'a> {
    /// `region` is where the network looks; all of the volume without one.
    pub fn of_volume(
        volume: &'a Volume,
        axis: SlidingAxis,
        input: &InputSpec,
        region: Option<LungField>,
    ) -> Result<Self, InferenceError> {
        let Intensity::Window { low, high } = input.intensity else {
            return Err(InferenceError::image("the model's card gives no window of values for volumes"));
        };
        Ok(Self::Volume { volume, way: Way::of(axis, volume.space().axes()), low, high, region })
    }

    /// Planes, rows and columns.
    pub fn size(&self) -> [usize; 3] {
        match self {
            Self::Picture { rows, cols, .. } => [1, *rows, *cols],
            Self::Volume { volume, way, .. } => {
                let dims = volume.space().dims().map(|n| n as usize);
                [way.plane, way.row, way.col].map(|axis| dims.get(axis).copied().unwrap_or(0))
            }
        }
    }

    /// From plane to plane, row to row and column to column; `None` where millimeters are not known.
    pub fn spacing_mm(&self) -> Option<[f64; 3]> {
        match self {
            Self::Picture { pixel_mm, .. } => pixel_mm.map(|[row_mm, col_mm]| [1.0, row_mm, col_mm]),
            Self::Volume { volume, way, .. } => {
                let spacing = volume.space().spacing_mm().map(f64::abs);
                Some([way.plane, way.row, way.col].map(|axis| spacing.get(axis).copied().unwrap_or(1.0)))
            }
        }
    }

    /// Column, row and slice of a place on a plane.
    pub fn voxel(&self, plane: usize, row: usize, col: usize) -> [usize; 3] {
        let Self::Volume { way, .. } = self else { return [col, row, plane] };
        let [_, n_rows, n_cols] = self.size();
        let turned = |at: usize, n: usize, is_backward: bool| if is_backward { (n - 1).saturating_sub(at) } else { at };
        let mut voxel = [0; 3];
        let places = [
            (way.plane, plane),
            (way.row, turned(row, n_rows, way.is_row_backward)),
            (way.col, turned(col, n_cols, way.is_col_backward)),
        ];
        for (axis, at) in places {
            if let Some(place) = voxel.get_mut(axis) {
                *place = at;
            }
        }
        voxel
    }

    /// Scaled values of one plane, row-major.
    pub fn scaled(&self, plane: usize) -> Vec<f32> {
        match self {
            Self::Picture { values, .. } => values.clone(),
            Self::Volume { volume, low, high, .. } => {
                let [_, n_rows, n_cols] = self.size();
                let cols = volume.space().dims()[0] as usize;
                let padding = volume.padding();
                let value = |row: usize, col: usize| {
                    let [x, y, slice] = self.voxel(plane, row, col);
                    let stored = volume.slices().at(slice, y * cols + x);
                    if padding.is_some_and(|pad| (pad.low as f64..=pad.high as f64).contains(&stored)) {
                        return 0.0;
                    }
                    let [slope, intercept] = volume.rescale().of_slice(slice);
                    in_window((stored * slope + intercept) as f32, *low, *high)
                };
                (0..n_rows)
                    .flat_map(|row| (0..n_cols).map(move |col| (row, col)))
                    .map(|(row, col)| value(row, col))
                    .collect()
            }
        }
    }

    /// Which pixels of a plane are looked at, row-major; `None`: all.
    pub fn inside(&self, plane: usize) -> Option<Vec<bool>> {
        let Self::Volume { region: Some(region), .. } = self else { return None };
        let [_, n_rows, n_cols] = self.size();
        let is_inside = |row: usize, col: usize| {
            let [x, y, slice] = self.voxel(plane, row, col);
            let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return false };
            region.contains(x, y, slice)
        };
        Some((0..n_rows * n_cols).map(|i| is_inside(i / n_cols, i % n_cols)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_run_as_they_are_shown_whatever_way_the_slices_were_taken() {
        // Columns toward left, rows toward back, slices toward head: the usual axial stack
        let axial = [Vec3([1.0, 0.0, 0.0]), Vec3([0.0, 1.0, 0.0]), Vec3([0.0, 0.0, 1.0])];
        let coronal = Way::of(SlidingAxis::Coronal, axial);
        assert_eq!((coronal.plane, coronal.row, coronal.col), (1, 2, 0));
        assert!(coronal.is_row_backward && !coronal.is_col_backward);
        let sagittal = Way::of(SlidingAxis::Sagittal, axial);
        assert_eq!((sagittal.plane, sagittal.row, sagittal.col), (0, 2, 1));
        assert_eq!(Way::of(SlidingAxis::Axial, axial), Way::STACK);
        // A stack of coronal slices: rows toward feet, slices toward front
        let taken = [Vec3([1.0, 0.0, 0.0]), Vec3([0.0, 0.0, -1.0]), Vec3([0.0, -1.0, 0.0])];
        let axial = Way::of(SlidingAxis::Axial, taken);
        assert_eq!((axial.plane, axial.row, axial.col), (1, 2, 0));
        assert!(axial.is_row_backward);
        assert_eq!(Way::of(SlidingAxis::Coronal, taken), Way::STACK);
    }
}
