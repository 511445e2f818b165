//! Upright, turned, thin and thick planes against the reference.

use overread::domain::presentation::PixelPadding;
use overread::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Projection, Slab};
use overread::imaging::reslice::{reslice, value_at};
use overread::imaging::volume::VolumeGrid;
use overread::imaging::voxels::{Rescale, Volume};

use crate::volume::{numbers, reference, sheared, upright, volume};

const DIMS: [u32; 3] = [23, 19, 11];
const CT: Rescale = Rescale::Same([1.0, -24.0]);

fn check(volume: &Volume, grid: &VolumeGrid, plane: &PlaneGrid, slab: &Slab) {
    let ours = reslice(volume, plane, slab);
    let expected = reference::plane(volume, grid, plane, slab);
    assert_eq!(ours.len(), expected.len());
    let mut n_values = 0;
    for (pixel, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
        let place = [pixel % plane.cols as usize, pixel / plane.cols as usize];
        match expected {
            // One part in a million of the range of values, which is what f32 can say
            Some(expected) => {
                n_values += 1;
                assert!((f64::from(*ours) - expected).abs() < 2e-3, "{place:?}: {ours} {expected} {slab:?} {plane:?}");
            }
            None => assert!(ours.is_nan(), "{place:?}: {ours} {slab:?} {plane:?}"),
        }
    }
    assert!(n_values > 20, "an empty plane proves nothing: {plane:?}");
}

fn slabs() -> [Slab; 4] {
    [Projection::Single, Projection::Mip, Projection::MinIp, Projection::Mean]
        .map(|projection| Slab { projection, thickness_mm: 6.0 })
}

fn main_planes(volume: &Volume) -> impl Iterator<Item = PlaneDirections> {
    MainPlane::ALL.map(|plane| PlaneDirections::of(plane, volume.space())).into_iter()
}

/// Every main plane through several places, on and between voxels, then planes turned any way.
fn check_all(volume: &Volume, grid: &VolumeGrid) {
    let mut next = numbers(3);
    let space = volume.space();
    for directions in main_planes(volume) {
        for slab in slabs() {
            let center = space.center_mm();
            check(volume, grid, &PlaneGrid::covering(space, &directions, center), &slab);
            let between = grid.point_mm([8.3, 7.6, 4.4]);
            check(volume, grid, &PlaneGrid::covering(space, &directions, between), &slab);
            let mut turned = directions;
            for axis in main_planes(volume) {
                turned = turned.turned(axis.normal(), next() * 6.0 - 3.0);
            }
            check(volume, grid, &PlaneGrid::covering(space, &turned, between), &slab);
        }
    }
}

#[test]
fn planes_are_trilinear_in_upright_and_sheared_volumes() {
    for grid in [upright(DIMS), sheared(DIMS)] {
        check_all(&volume(grid, CT, None), &grid);
    }
}

#[test]
fn padding_takes_no_part_and_makes_nothing_up() {
    let padding = Some(PixelPadding { low: -2000, high: -2000 });
    for grid in [upright(DIMS), sheared(DIMS)] {
        check_all(&volume(grid, CT, padding), &grid);
    }
}

#[test]
fn slices_with_a_slope_of_their_own_are_mixed_as_modality_values() {
    let mut next = numbers(5);
    let each = (0..DIMS[2]).map(|_| [0.1 + next(), next() * 10.0]).collect();
    check_all(&volume(upright(DIMS), Rescale::OfSlice(each), None), &upright(DIMS));
}

#[test]
fn a_series_taken_along_another_axis_is_cut_as_exactly() {
    let grid = upright(DIMS);
    let sagittal = VolumeGrid {
        col_step_mm: grid.row_step_mm,
        row_step_mm: grid.slice_step_mm.scaled(-0.36),
        slice_step_mm: grid.col_step_mm.scaled(-1.5),
        ..grid
    };
    check_all(&volume(sagittal, CT, None), &sagittal);
}

#[test]
fn an_upright_plane_through_voxels_shows_them_as_they_are() {
    let grid = VolumeGrid { row_step_mm: upright(DIMS).row_step_mm.scaled(0.8 / 0.9), ..upright(DIMS) };
    let volume = volume(grid, CT, None);
    let directions = PlaneDirections::of(MainPlane::Axial, volume.space());
    let plane = PlaneGrid::covering(volume.space(), &directions, grid.point_mm([0.0, 0.0, 6.0]));
    let values = reslice(&volume, &plane, &Slab::SINGLE);
    assert_eq!((plane.cols, plane.rows), (DIMS[0], DIMS[1]));
    for (pixel, value) in values.iter().enumerate() {
        assert_eq!(f64::from(*value), volume.slices().at(6, pixel) - 24.0);
    }
    assert_eq!(value_at(&volume, grid.point_mm([3.0, 2.0, 6.0])), Some(values[2 * 23 + 3]));
    assert_eq!(value_at(&volume, grid.point_mm([-2.0, 2.0, 6.0])), None);
}

#[test]
fn a_thick_plane_holds_the_strongest_voxel_of_those_it_covers() {
    let grid = upright(DIMS);
    let volume = volume(grid, CT, None);
    let directions = PlaneDirections::of(MainPlane::Axial, volume.space());
    let plane = PlaneGrid::covering(volume.space(), &directions, grid.point_mm([0.0, 0.0, 5.0]));
    // Two slices to each side: 10 mm
    let slab = Slab { projection: Projection::Mip, thickness_mm: 10.0 };
    let first = reslice(&volume, &plane, &slab)[0];
    let strongest = (3..=7).map(|slice| volume.slices().at(slice, 0) - 24.0).fold(f64::MIN, f64::max);
    assert_eq!(f64::from(first), strongest);
}
