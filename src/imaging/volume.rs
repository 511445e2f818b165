//! A stack as a volume: where each voxel lies in the patient, or why the stack is none.

use std::sync::Arc;

use thiserror::Error;

use crate::domain::geometry::{ImagePlane, Spacing, Vec3};
use crate::domain::instance::{Instance, PixelDescription};
use crate::domain::intake::Notice;
use crate::domain::series::{Regularity, Series};

/// Slices may lie off their computed place by this part of the slice spacing, and pixels may differ in size by it.
const TOLERANCE: f64 = 1e-3;
/// What positions lose when they are written as text, mm.
const WRITTEN_MM: f64 = 0.01;
/// Slices must move along their normal by this part of the way between them: less is no stack of slices.
const LEAST_ADVANCE: f64 = 0.2;

/// Columns, rows and slices on a regular grid in the patient's space (LPS, mm). The steps need not be at right angles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeGrid {
    /// Columns, rows, slices; each at least 1, slices at least 2.
    pub dims: [u32; 3],
    /// Center of the first voxel.
    pub origin_mm: Vec3,
    /// From one column to the next, along a row.
    pub col_step_mm: Vec3,
    /// From one row to the next, down a column.
    pub row_step_mm: Vec3,
    /// From one slice to the next.
    pub slice_step_mm: Vec3,
}

/// Why a stack is not a volume.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum NotAVolume {
    #[error("A single image is not a volume")]
    SingleImage,
    #[error("The images do not say where they lie")]
    NoPositions,
    #[error("The images have no pixel spacing in millimeters")]
    NoMillimeters,
    #[error("The images differ in size")]
    MixedSizes,
    #[error("Color images make no volume")]
    Color,
    #[error("Image {image} of {n_images} is missing")]
    MissingImage { image: usize, n_images: usize },
    /// An even stack otherwise: [`VolumeGrid::sheared`] has it.
    #[error("The slices are sheared by {degrees:.1}° (gantry tilt)")]
    Sheared { degrees: f64 },
    #[error("{}", .0.text)]
    Irregular(Notice),
}

impl VolumeGrid {
    /// The grid of an even, upright stack.
    pub fn of(series: &Series) -> Result<Self, NotAVolume> {
        match series.geometry.tilt_degrees {
            Some(degrees) if !is_uneven(series) => Err(NotAVolume::Sheared { degrees }),
            _ => Self::sheared(series),
        }
    }

    /// As [`VolumeGrid::of`], for callers that can resample a sheared stack.
    pub fn sheared(series: &Series) -> Result<Self, NotAVolume> {
        let (images, spacing) = slices(series)?;
        let (Some(first), Some(last)) = (images.first(), images.last()) else { return Err(NotAVolume::SingleImage) };
        let (Some(plane), Some(last_plane)) = (first.plane, last.plane) else { return Err(NotAVolume::NoPositions) };
        if is_uneven(series) {
            return Err(irregular(series));
        }
        let way = last_plane.position_mm.minus(plane.position_mm);
        let grid = Self::of_slices(&images, &plane, spacing, way.scaled(1.0 / (images.len() - 1) as f64));
        grid.holds(&images, &plane).then_some(grid).ok_or_else(|| irregular(series))
    }

    /// For slices that lie unevenly on one line: the slice step is 1 mm along that line, and with the grid comes where
    /// each slice lies on it, mm, ascending from 0.
    pub fn uneven(series: &Series) -> Result<(Self, Vec<f64>), NotAVolume> {
        let (images, spacing) = slices(series)?;
        let planes: Option<Vec<ImagePlane>> = images.iter().map(|slice| slice.plane).collect();
        let planes = planes.ok_or(NotAVolume::NoPositions)?;
        let (Some(first), Some(last)) = (planes.first(), planes.last()) else { return Err(NotAVolume::SingleImage) };
        let way = last.position_mm.minus(first.position_mm);
        if way.length() < WRITTEN_MM {
            return Err(irregular(series));
        }
        let along = way.scaled(1.0 / way.length());
        let places: Vec<f64> =
            planes.iter().map(|plane| plane.position_mm.minus(first.position_mm).dot(along)).collect();
        let allowed = (10.0 * TOLERANCE * way.length() / (images.len() - 1) as f64).max(WRITTEN_MM);
        let is_on_line = |(plane, place): (&ImagePlane, &f64)| {
            let off = plane.position_mm.minus(first.position_mm.plus(along.scaled(*place))).length();
            off <= allowed && has_same_directions(plane, first)
        };
        let is_ascending = places.windows(2).all(|pair| matches!(pair, [a, b] if b - a > WRITTEN_MM));
        let grid = Self::of_slices(&images, first, spacing, along);
        let [_, _, advance] = grid.spacing_mm();
        if !is_ascending || !planes.iter().zip(&places).all(is_on_line) || advance < LEAST_ADVANCE {
            return Err(irregular(series));
        }
        Ok((grid, places))
    }

    fn of_slices(images: &[Slice<'_>], first: &ImagePlane, spacing: Spacing, slice_step_mm: Vec3) -> Self {
        let [cols, rows] = images.first().map_or([0, 0], |slice| [slice.pixels.cols, slice.pixels.rows]);
        let n_slices = u32::try_from(images.len()).unwrap_or(u32::MAX);
        Self {
            dims: [cols, rows, n_slices],
            origin_mm: first.position_mm,
            col_step_mm: first.row_dir.scaled(spacing.col_mm),
            row_step_mm: first.col_dir.scaled(spacing.row_mm),
            slice_step_mm,
        }
    }

    /// Center of a voxel, or a point between voxels, given as column, row, slice.
    pub fn point_mm(&self, [col, row, slice]: [f64; 3]) -> Vec3 {
        let across = self.col_step_mm.scaled(col).plus(self.row_step_mm.scaled(row));
        self.origin_mm.plus(across).plus(self.slice_step_mm.scaled(slice))
    }

    /// Column, row and slice of a point; whole numbers at voxel centers, outside the grid too.
    pub fn voxel(&self, point_mm: Vec3) -> [f64; 3] {
        let from_origin = point_mm.minus(self.origin_mm);
        let (a, b, c) = (self.col_step_mm, self.row_step_mm, self.slice_step_mm);
        // Cramer's rule; the steps are never in one plane
        let volume = a.dot(b.cross(c));
        let share = |u: Vec3, v: Vec3| from_origin.dot(u.cross(v)) / volume;
        [share(b, c), share(c, a), share(a, b)]
    }

    /// How many columns, rows and slices a way in the patient is.
    pub fn steps(&self, way_mm: Vec3) -> [f64; 3] {
        self.voxel(self.origin_mm.plus(way_mm))
    }

    /// Distances between columns, rows and slices; of slices along their normal, mm.
    pub fn spacing_mm(&self) -> [f64; 3] {
        let normal = self.col_step_mm.cross(self.row_step_mm);
        let along = self.slice_step_mm.dot(normal) / normal.length();
        [self.col_step_mm.length(), self.row_step_mm.length(), along]
    }

    /// Angle between the slice step and the slice normal; 0 in an upright stack.
    pub fn shear_degrees(&self) -> f64 {
        let normal = self.col_step_mm.cross(self.row_step_mm);
        let (along, across) = (self.slice_step_mm.dot(normal), self.slice_step_mm.cross(normal).length());
        across.atan2(along).to_degrees()
    }

    /// Whether every image lies where the grid says, and looks its way.
    fn holds(&self, images: &[Slice<'_>], first: &ImagePlane) -> bool {
        let [_, _, spacing] = self.spacing_mm();
        // Importers call slices even within 1 %; each single one may be off by that much, their sum may not
        let allowed = (10.0 * TOLERANCE * spacing).max(WRITTEN_MM);
        spacing > 0.0
            && (0..).zip(images).all(|(index, slice)| {
                slice.plane.is_some_and(|plane| {
                    let off = plane.position_mm.minus(self.point_mm([0.0, 0.0, f64::from(index)])).length();
                    off <= allowed && has_same_directions(&plane, first)
                })
            })
    }
}

/// Irregular in another way than by a tilt alone.
fn is_uneven(series: &Series) -> bool {
    match &series.geometry.regularity {
        Regularity::Regular => false,
        Regularity::NotAStack => true,
        Regularity::Irregular(gravest) => gravest.code != "gantry_tilt",
    }
}

fn irregular(series: &Series) -> NotAVolume {
    match &series.geometry.regularity {
        Regularity::Irregular(gravest) if gravest.code != "gantry_tilt" => NotAVolume::Irregular(gravest.clone()),
        Regularity::NotAStack => NotAVolume::NoPositions,
        _ => NotAVolume::Irregular(Notice::new("uneven_spacing", "The slices are not evenly spaced")),
    }
}

/// At least two slices of one size with millimeters, and the size of their pixels.
fn slices(series: &Series) -> Result<(Vec<Slice<'_>>, Spacing), NotAVolume> {
    let images: Vec<Slice<'_>> =
        (0..series.stack.len()).filter_map(|index| series.image(index)).map(Slice::of).collect();
    let first = images.first().filter(|_| images.len() >= 2).ok_or(NotAVolume::SingleImage)?;
    if !first.spacing.is_measurable() {
        return Err(NotAVolume::NoMillimeters);
    }
    if !images.iter().all(|slice| has_same_pixels(first, slice)) {
        return Err(NotAVolume::MixedSizes);
    }
    let spacing = first.spacing;
    Ok((images, spacing))
}

/// What a grid needs of one image.
struct Slice<'a> {
    pixels: &'a PixelDescription,
    spacing: Spacing,
    plane: Option<ImagePlane>,
}

impl<'a> Slice<'a> {
    fn of((instance, frame): (&'a Arc<Instance>, u32)) -> Self {
        let plane = instance.frame(frame).and_then(|frame| frame.plane);
        Self { pixels: &instance.pixels, spacing: instance.spacing_of(frame), plane }
    }
}

fn has_same_directions(a: &ImagePlane, b: &ImagePlane) -> bool {
    a.row_dir.minus(b.row_dir).length() + a.col_dir.minus(b.col_dir).length() <= 2.0 * TOLERANCE
}

fn has_same_pixels(a: &Slice<'_>, b: &Slice<'_>) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= TOLERANCE * a;
    (a.pixels.rows, a.pixels.cols, a.pixels.samples_per_pixel)
        == (b.pixels.rows, b.pixels.cols, b.pixels.samples_per_pixel)
        && close(a.spacing.row_mm, b.spacing.row_mm)
        && close(a.spacing.col_mm, b.spacing.col_mm)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(slice_step_mm: Vec3) -> VolumeGrid {
        VolumeGrid {
            dims: [10, 20, 30],
            origin_mm: Vec3([-100.0, -50.0, 7.0]),
            col_step_mm: Vec3([0.5, 0.0, 0.0]),
            row_step_mm: Vec3([0.0, 0.75, 0.0]),
            slice_step_mm,
        }
    }

    #[test]
    fn points_and_voxels_are_inverse_in_upright_and_sheared_grids() {
        for step in [Vec3([0.0, 0.0, 2.0]), Vec3([0.0, 1.0, 2.0]), Vec3([0.0, 0.0, -2.0])] {
            let grid = grid(step);
            assert_eq!(grid.point_mm([0.0; 3]), grid.origin_mm);
            for voxel in [[0.0, 0.0, 0.0], [9.0, 19.0, 29.0], [3.25, -1.5, 40.0]] {
                let back = grid.voxel(grid.point_mm(voxel));
                assert!(back.iter().zip(voxel).all(|(a, b)| (a - b).abs() < 1e-9), "{back:?} {voxel:?}");
            }
        }
    }

    #[test]
    fn shear_is_an_angle_and_spacing_runs_along_the_normal() {
        let upright = grid(Vec3([0.0, 0.0, 2.0]));
        assert_eq!((upright.spacing_mm(), upright.shear_degrees()), ([0.5, 0.75, 2.0], 0.0));
        let leaning = grid(Vec3([0.0, 2.0, 2.0]));
        assert!((leaning.shear_degrees() - 45.0).abs() < 1e-9);
        assert!((leaning.spacing_mm()[2] - 2.0).abs() < 1e-12);
    }
}
