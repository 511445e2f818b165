//! Masks and saliency maps carried into planes.

use std::sync::Arc;

use overread::domain::coding::CodedConcept;
use overread::domain::geometry::Vec3;
use overread::domain::mask::{Mask, Segment};
use overread::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use overread::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Projection, Slab};
use overread::imaging::reslice_layers::{VolumeLayers, masks, saliency};
use overread::imaging::volume::VolumeGrid;
use overread::imaging::volume_space::VolumeSpace;

const COLS: u32 = 24;
const ROWS: u32 = 20;
const N_SLICES: u32 = 9;

fn space() -> VolumeSpace {
    VolumeSpace::even(VolumeGrid {
        dims: [COLS, ROWS, N_SLICES],
        origin_mm: Vec3([10.0, -20.0, 5.0]),
        col_step_mm: Vec3([1.0, 0.0, 0.0]),
        row_step_mm: Vec3([0.0, 1.0, 0.0]),
        slice_step_mm: Vec3([0.0, 0.0, 2.0]),
    })
}

/// A ball of 6 mm around voxel (11, 9, 4), on the slices that `has_mask` names.
fn is_in_ball([col, row, slice]: [f64; 3]) -> bool {
    (col - 11.0).powi(2) + (row - 9.0).powi(2) + (2.0 * (slice - 4.0)).powi(2) <= 36.0
}

fn segment(slice: u32) -> Arc<Segment> {
    let inside: Vec<u8> = (0..ROWS * COLS)
        .map(|at| u8::from(is_in_ball([f64::from(at % COLS), f64::from(at / COLS), f64::from(slice)])))
        .collect();
    let code = CodedConcept::new("SCT", "1", "ball");
    let mask = Mask::from_dense(ROWS, COLS, &inside).unwrap();
    Arc::new(Segment { id: "ball".into(), name: "Ball".into(), code, color: [1, 2, 3], mask })
}

fn plane(main: MainPlane) -> PlaneGrid {
    PlaneGrid::covering(&space(), &PlaneDirections::of(main, &space()), space().point_mm([11.0, 9.0, 4.0]))
}

#[test]
fn a_mask_through_the_slices_is_the_same_body_in_every_plane() {
    let space = space();
    let layers = VolumeLayers::new(&space, (0..N_SLICES).map(|slice| (slice as usize, segment(slice))), []);
    let mut grids: Vec<PlaneGrid> = MainPlane::ALL.map(plane).into();
    let axial = PlaneDirections::of(MainPlane::Axial, &space);
    let oblique = axial.turned(Vec3([0.6, 0.8, 0.0]), 0.7);
    grids.push(PlaneGrid::covering(&space, &oblique, space.point_mm([11.0, 9.0, 4.0])));
    for grid in grids {
        let found = masks(&space, &layers, &grid, &Slab::SINGLE);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].id.as_str(), found[0].color), ("ball", [1, 2, 3]));
        let mut n_inside = 0;
        for row in 0..grid.rows {
            for col in 0..grid.cols {
                let across = grid.col_step_mm.scaled(f64::from(col)).plus(grid.row_step_mm.scaled(f64::from(row)));
                let voxel = space.place(grid.origin_mm.plus(across));
                // On the very border between two voxels either is the nearest
                let is_border = |at: &f64| (at - at.floor() - 0.5).abs() < 1e-6;
                if !voxel.iter().any(is_border) {
                    let expected = is_in_ball(voxel.map(|at| (at + 0.5).floor()));
                    assert_eq!(found[0].mask.contains(row, col), expected, "{voxel:?}");
                    n_inside += u32::from(expected);
                }
            }
        }
        assert!(n_inside > 40, "{n_inside}");
    }
}

#[test]
fn a_mask_of_one_slice_is_as_thick_as_that_slice() {
    let space = space();
    let layers = VolumeLayers::new(&space, [(4, segment(4))], []);
    let found = masks(&space, &layers, &plane(MainPlane::Coronal), &Slab::SINGLE);
    let bounds = found[0].mask.bounds().unwrap();
    assert_eq!((bounds.width(), bounds.height()), (13.0, 2.0));
    let other_slice =
        PlaneGrid::covering(&space, &PlaneDirections::of(MainPlane::Axial, &space), space.point_mm([0.0, 0.0, 5.0]));
    assert!(masks(&space, &layers, &other_slice, &Slab::SINGLE)[0].mask.is_empty());
    let thick = Slab { projection: Projection::Mip, thickness_mm: 4.0 };
    assert_eq!(masks(&space, &layers, &other_slice, &thick)[0].mask, segment(4).mask);
}

#[test]
fn masks_of_another_grid_are_left_out() {
    let mask = Mask::from_dense(2, 2, &[1; 4]).unwrap();
    let stray = Arc::new(Segment { mask, ..Segment::clone(&segment(4)) });
    assert!(VolumeLayers::new(&space(), [(4, stray), (99, segment(4))], []).is_empty());
}

fn map(value: f32) -> Arc<SaliencyMap> {
    let facts = SaliencyFacts {
        method: "grad-cam".into(),
        layer: "features".into(),
        raw_peak: 1.0,
        map_from_source: MapFromSource { scale_x: 0.25, offset_x: 0.0, scale_y: 0.25, offset_y: 0.0 },
        source_rows: ROWS,
        source_cols: COLS,
    };
    Arc::new(SaliencyMap::new(6, 7, vec![value; 42], facts).unwrap())
}

#[test]
fn maps_are_mixed_between_slices_that_have_them_and_end_half_a_slice_beyond() {
    let space = space();
    let layers = VolumeLayers::new(&space, [], [(3, map(0.2)), (4, map(0.8))]);
    let at = |slice: f64| {
        let directions = PlaneDirections::of(MainPlane::Axial, &space);
        let grid = PlaneGrid::covering(&space, &directions, space.point_mm([0.0, 0.0, slice]));
        saliency(&space, &layers, &grid, &Slab::SINGLE).unwrap().values()[0]
    };
    for (slice, expected) in [(3.0, 0.2), (3.5, 0.5), (3.75, 0.65), (4.0, 0.8), (4.4, 0.8), (4.6, 0.0), (2.4, 0.0)] {
        assert!((at(slice) - expected).abs() < 1e-6, "{slice}: {}", at(slice));
    }
    assert!(saliency(&space, &VolumeLayers::default(), &plane(MainPlane::Axial), &Slab::SINGLE).is_none());
}
