//! Whatever a reader does: undo is exact, no voxel leaves the image, exclusive segments stay apart, locked ones stay.

use overread::domain::flipped::{FlippedSlice, FlippedVoxels};
use overread::domain::frame::Buffer;
use overread::imaging::voxels::{Rescale, VoxelSlices};
use overread::segmentation::brush::{Sweep, Tip};
use overread::segmentation::grid::{Span, VoxelGrid};
use overread::segmentation::intensities::{Intensities, ValueRange};
use overread::segmentation::islands::{self, Neighbors};
use overread::segmentation::margin::{Within, grow, shrink};
use overread::segmentation::polygon::{PicturePose, enclosed, on_picture};
use overread::segmentation::region_grow::{Growth, region};
use overread::segmentation::segment_set::{EditRefusal, Paint, SegmentLayer, SegmentSet, Sharing};
use overread::segmentation::smooth::{Kernel, median};
use overread::segmentation::voxel_mask::VoxelMask;
use overread::segmentation::{interpolate, moves};

use crate::segmentation::{Dice, assert_within_grid, blobs};

const GRIDS: [VoxelGrid; 3] = [
    VoxelGrid { cols: 130, rows: 60, slices: 1, spacing_mm: [0.5, 0.5, 1.0] },
    VoxelGrid { cols: 64, rows: 40, slices: 12, spacing_mm: [0.7, 0.7, 2.5] },
    VoxelGrid { cols: 33, rows: 20, slices: 30, spacing_mm: [1.0, 1.0, 1.0] },
];

fn segments(grid: VoxelGrid, sharing: Sharing, dice: &mut Dice) -> SegmentSet {
    let mut set = SegmentSet::new(grid, sharing);
    let mut taken = VoxelMask::empty(grid);
    for _ in 0..3 {
        let mask = blobs(grid, dice).minus(&taken);
        taken = taken.union(&mask);
        set.layers.push(SegmentLayer { mask, is_locked: false });
    }
    set
}

fn values(grid: VoxelGrid) -> Intensities {
    let slice = |slice: u32| -> Buffer<i16> {
        (0..grid.cols * grid.rows).map(|at| ((at * 7 + slice * 31) % 400) as i16 - 200).collect()
    };
    Intensities::new(grid, VoxelSlices::I16((0..grid.slices).map(slice).collect()), Rescale::Same([1.0, 0.0]))
}

fn sweep(grid: &VoxelGrid, dice: &mut Dice) -> Sweep {
    let mut point = || [grid.cols, grid.rows, grid.slices].map(|n| dice.unit() * (f64::from(n) + 20.0) - 10.0);
    let (from, to) = (point(), point());
    let tip = match dice.below(4) {
        0 => Tip::Sphere,
        1 => Tip::Disc { normal: [0.0, 1.0, 0.0] },
        2 => Tip::Disc { normal: [0.6, 0.0, 0.8] },
        _ => Tip::Disc { normal: [0.0, 0.0, 1.0] },
    };
    Sweep { from, to, radius_mm: dice.unit() * 8.0, tip }
}

/// One random edit of a random kind.
fn edit(set: &mut SegmentSet, dice: &mut Dice) -> Result<(), EditRefusal> {
    let grid = *set.grid();
    let segment = dice.below(set.layers.len() as u64) as usize;
    let mask = set.layers[segment].mask.clone();
    let within = if dice.below(2) == 0 { Within::Volume } else { Within::Slice };
    let voxel = [grid.cols, grid.rows, grid.slices].map(|n| dice.below(u64::from(n)) as u32);
    let slice = voxel[2];
    let made = match dice.below(14) {
        0 | 1 => return set.paint(segment, &sweep(&grid, dice).spans(&grid), Paint::Add),
        2 => return set.paint(segment, &sweep(&grid, dice).spans(&grid), Paint::Remove),
        3 => {
            let outline: Vec<[f64; 2]> =
                (0..6).map(|_| [dice.unit() * 160.0 - 20.0, dice.unit() * 80.0 - 10.0]).collect();
            let pixels = enclosed(&outline, grid.cols, grid.rows);
            let spans = on_picture(&grid, &PicturePose::of_slice(&grid, slice), &pixels);
            return set.paint(segment, &spans, Paint::Add);
        }
        4 => grow(&mask, dice.unit() * 3.0, within),
        5 => shrink(&mask, dice.unit() * 2.0, within),
        6 => median(&mask, Kernel::of_mm(&grid, 3.0)),
        7 => islands::keep_largest(&mask, Neighbors::Faces),
        8 => islands::remove_small(&mask, 5, Neighbors::Corners),
        9 => islands::fill_holes(&mask),
        10 => interpolate::between_slices(&mask),
        11 => moves::mirrored(&mask, f64::from(grid.cols - 1) / 2.0),
        12 => moves::copied_to_slice(&mask, slice, slice + 1),
        _ => {
            let growth = Growth { seed: voxel, tolerance: 60.0, guard_mm: 1.0, reach_mm: 20.0, within };
            mask.union(&region(&values(grid), &growth))
        }
    };
    set.replace(segment, &made)
}

#[test]
fn any_row_of_edits_is_taken_back_exactly_and_done_again_exactly() {
    for (at, grid) in GRIDS.into_iter().enumerate() {
        for sharing in [Sharing::Exclusive, Sharing::Overlapping] {
            let mut dice = Dice::new(at as u64 + 100);
            let mut set = segments(grid, sharing, &mut dice);
            let mut states = vec![set.clone()];
            let mut steps = Vec::new();
            for _ in 0..60 {
                let before = set.clone();
                edit(&mut set, &mut dice).unwrap();
                let flips = set.flips_since(&before);
                let json = serde_json::to_string(&flips.iter().map(|flips| &flips.flips).collect::<Vec<_>>()).unwrap();
                let read: Vec<FlippedVoxels> = serde_json::from_str(&json).unwrap();
                assert!(flips.iter().zip(&read).all(|(a, b)| &a.flips == b));
                set.layers.iter().for_each(|layer| assert_within_grid(&layer.mask));
                if sharing == Sharing::Exclusive {
                    assert_apart(&set);
                }
                steps.push(flips);
                states.push(set.clone());
            }
            for (step, state) in steps.iter().zip(&states).rev() {
                set.flip(step).unwrap();
                assert_same(&set, state);
            }
            for (step, state) in steps.iter().zip(states.iter().skip(1)) {
                set.flip(step).unwrap();
                assert_same(&set, state);
            }
        }
    }
}

fn assert_apart(set: &SegmentSet) {
    for (at, a) in set.layers.iter().enumerate() {
        for b in set.layers.iter().skip(at + 1) {
            assert!(a.mask.intersection(&b.mask).is_empty(), "two segments share a voxel");
        }
    }
}

fn assert_same(set: &SegmentSet, expected: &SegmentSet) {
    for (a, b) in set.layers.iter().zip(&expected.layers) {
        assert!(a.mask.is_same(&b.mask));
    }
}

#[test]
fn a_locked_segment_refuses_with_a_sentence_and_loses_nothing_to_others() {
    let mut dice = Dice::new(3);
    let mut set = segments(GRIDS[1], Sharing::Exclusive, &mut dice);
    set.layers[1].is_locked = true;
    let kept = set.layers[1].mask.clone();
    let everything = [Span { slice: 4, row: 10, from: 0, to: 64 }];
    assert_eq!(set.paint(1, &everything, Paint::Add), Err(EditRefusal::Locked));
    assert!(EditRefusal::Locked.to_string().ends_with('.'));
    assert_eq!(set.paint(9, &everything, Paint::Add), Err(EditRefusal::NoSegment));
    for _ in 0..40 {
        let _ = edit(&mut set, &mut dice);
        set.replace(0, &set.layers[0].mask.union(&blobs(GRIDS[1], &mut dice))).unwrap();
        assert!(set.layers[1].mask.is_same(&kept));
        assert_apart(&set);
    }
}

#[test]
fn a_stroke_over_nothing_flips_nothing() {
    let grid = GRIDS[0];
    let mut set = SegmentSet::new(grid, Sharing::Exclusive);
    set.layers.push(SegmentLayer { mask: VoxelMask::empty(grid), is_locked: false });
    let before = set.clone();
    let spans = [Span { slice: 0, row: 5, from: 3, to: 9 }];
    set.paint(0, &spans, Paint::Remove).unwrap();
    assert!(set.flips_since(&before).is_empty());
    set.paint(0, &spans, Paint::Add).unwrap();
    let painted = set.clone();
    set.paint(0, &spans, Paint::Add).unwrap();
    assert!(set.flips_since(&painted).is_empty());
    assert_eq!(set.flips_since(&before)[0].flips.n_added(), 6);
}

#[test]
fn flips_that_leave_the_grid_are_refused_and_change_nothing() {
    let grid = GRIDS[1];
    let mut mask = blobs(grid, &mut Dice::new(9));
    let before = mask.clone();
    let n_pixels = grid.cols * grid.rows;
    for slice in [FlippedSlice::new(12, [(0, 1)]), FlippedSlice::new(0, [(3, 5), (n_pixels - 2, 3)])] {
        assert!(mask.flip(&FlippedVoxels::new([slice], 1, 0)).is_err());
        assert!(mask.is_same(&before));
    }
}

#[test]
fn values_within_a_range_are_those_a_search_finds() {
    let grid = VoxelGrid { cols: 70, rows: 9, slices: 3, spacing_mm: [1.0; 3] };
    let samples = |slice: u32| -> Vec<i64> {
        (0..i64::from(grid.cols * grid.rows)).map(|at| (at * 37 + i64::from(slice) * 11) % 251 - 100).collect()
    };
    let slices: Vec<Vec<i64>> = (0..3).map(samples).collect();
    let kinds = [
        VoxelSlices::I16(slices.iter().map(|s| s.iter().map(|v| *v as i16).collect()).collect()),
        VoxelSlices::F32(slices.iter().map(|s| s.iter().map(|v| *v as f32).collect()).collect()),
    ];
    for kind in kinds {
        for [slope, intercept] in [[1.0, 0.0], [0.5, -3.25], [-2.0, 10.0], [0.1, 0.0]] {
            let values = Intensities::new(grid, kind.clone(), Rescale::Same([slope, intercept]));
            for (low, high) in
                [(-20.0, 40.5), (1000.0, 2000.0), (-1e9, 1e9), (5.0, 4.0), (3.0 * 0.1, 7.0 * 0.1), (-0.7, -0.3)]
            {
                let found = values.within(ValueRange { low, high }, grid.whole());
                assert_within_grid(&found);
                for slice in 0..3 {
                    for row in 0..9 {
                        for col in 0..70 {
                            let stored = slices[slice as usize][(row * 70 + col) as usize] as f64;
                            let is_inside = (low..=high).contains(&(stored * slope + intercept));
                            assert_eq!(found.contains([col, row, slice]), is_inside, "{stored} {slope} {low} {high}");
                        }
                    }
                }
            }
        }
    }
}
