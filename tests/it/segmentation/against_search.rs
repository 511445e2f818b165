//! Operations on bits and runs give what a search over all voxels gives.

use overread::segmentation::grid::VoxelGrid;
use overread::segmentation::islands::{self, Islands, Neighbors};
use overread::segmentation::margin::{Within, grow, shrink};
use overread::segmentation::smooth::{Kernel, joint, median};
use overread::segmentation::voxel_mask::VoxelMask;

use crate::segmentation::{Dice, blobs, dense};

const GRIDS: [VoxelGrid; 4] = [
    VoxelGrid { cols: 37, rows: 15, slices: 7, spacing_mm: [0.7, 0.7, 2.0] },
    VoxelGrid { cols: 64, rows: 17, slices: 5, spacing_mm: [1.0, 0.8, 1.0] },
    VoxelGrid { cols: 70, rows: 12, slices: 4, spacing_mm: [0.5, 0.5, 0.6] },
    VoxelGrid { cols: 90, rows: 30, slices: 1, spacing_mm: [0.4, 0.4, 1.0] },
];

struct Voxels {
    grid: VoxelGrid,
    inside: Vec<bool>,
}

impl Voxels {
    fn of(mask: &VoxelMask) -> Self {
        Self { grid: *mask.grid(), inside: dense(mask) }
    }

    fn all(&self) -> impl Iterator<Item = [i64; 3]> + use<> {
        let [x, y, z] = [self.grid.cols, self.grid.rows, self.grid.slices].map(i64::from);
        (0..z).flat_map(move |k| (0..y).flat_map(move |j| (0..x).map(move |i| [i, j, k])))
    }

    fn at(&self, [x, y, z]: [i64; 3]) -> Option<bool> {
        let [nx, ny, nz] = [self.grid.cols, self.grid.rows, self.grid.slices].map(i64::from);
        let is_on = (0..nx).contains(&x) && (0..ny).contains(&y) && (0..nz).contains(&z);
        is_on.then(|| self.inside[((z * ny + y) * nx + x) as usize])
    }

    /// The nearest voxel of the grid.
    fn nearest(&self, [x, y, z]: [i64; 3]) -> bool {
        let last = [self.grid.cols, self.grid.rows, self.grid.slices].map(|n| i64::from(n) - 1);
        self.at([x.clamp(0, last[0]), y.clamp(0, last[1]), z.clamp(0, last[2])]).unwrap()
    }
}

fn masks() -> impl Iterator<Item = VoxelMask> {
    GRIDS.into_iter().enumerate().flat_map(|(at, grid)| {
        let mut dice = Dice::new(at as u64 + 11);
        (0..2).map(move |_| blobs(grid, &mut dice))
    })
}

#[test]
fn growing_takes_in_what_lies_within_the_distance_and_nothing_else() {
    for mask in masks() {
        let voxels = Voxels::of(&mask);
        let inside: Vec<[i64; 3]> = voxels.all().filter(|at| voxels.at(*at) == Some(true)).collect();
        for mm in [0.7, 2.3] {
            for within in [Within::Volume, Within::Slice] {
                let grown = Voxels::of(&grow(&mask, mm, within));
                for at in voxels.all() {
                    let is_near = inside.iter().any(|other| {
                        let way =
                            (0..3).map(|axis| ((at[axis] - other[axis]) as f64 * voxels.grid.spacing_mm[axis]).powi(2));
                        let is_in_plane = within == Within::Volume || at[2] == other[2];
                        is_in_plane && way.sum::<f64>() <= mm * mm * (1.0 + 1e-9) + 1e-12
                    });
                    assert_eq!(grown.at(at), Some(is_near), "{at:?} {mm} {within:?} {:?}", voxels.grid);
                }
            }
        }
    }
}

#[test]
fn shrinking_is_growing_of_what_is_outside() {
    for mask in masks() {
        for mm in [0.7, 1.5] {
            for within in [Within::Volume, Within::Slice] {
                let expected = grow(&mask.inverted(), mm, within).inverted();
                assert!(shrink(&mask, mm, within).is_same(&expected), "{mm} {within:?} {:?}", mask.grid());
            }
        }
    }
}

#[test]
fn the_median_is_what_most_of_the_box_says() {
    for mask in masks() {
        let voxels = Voxels::of(&mask);
        for reach in [[1, 1, 1], [2, 1, 0], [0, 3, 2]] {
            let kernel = Kernel { reach };
            let smoothed = Voxels::of(&median(&mask, kernel));
            let half = kernel.n_voxels() as usize / 2;
            for at in voxels.all() {
                assert_eq!(smoothed.at(at), Some(around(&voxels, at, reach) > half), "{at:?} {reach:?}");
            }
        }
    }
}

fn around(voxels: &Voxels, [x, y, z]: [i64; 3], reach: [u32; 3]) -> usize {
    let [rx, ry, rz] = reach.map(i64::from);
    let near = (-rz..=rz).flat_map(|k| (-ry..=ry).flat_map(move |j| (-rx..=rx).map(move |i| [i, j, k])));
    near.filter(|[i, j, k]| voxels.nearest([x + i, y + j, z + k])).count()
}

#[test]
fn smoothed_together_each_voxel_goes_to_the_fullest_of_its_box() {
    let grid = VoxelGrid { cols: 66, rows: 15, slices: 6, spacing_mm: [1.0; 3] };
    let mut dice = Dice::new(5);
    let first = blobs(grid, &mut dice);
    let second = blobs(grid, &mut dice).minus(&first);
    let third = blobs(grid, &mut dice).minus(&first).minus(&second);
    let masks = [first, second, third];
    let reach = [1, 2, 1];
    let made = joint(&masks, Kernel { reach });
    let before: Vec<Voxels> = masks.iter().map(Voxels::of).collect();
    let after: Vec<Voxels> = made.iter().map(Voxels::of).collect();
    let ground = Voxels::of(&masks[0].union(&masks[1]).union(&masks[2]).inverted());
    for at in ground.all() {
        let counts: Vec<usize> =
            std::iter::once(&ground).chain(&before).map(|voxels| 2 * around(voxels, at, reach)).collect();
        let own = std::iter::once(&ground).chain(&before).position(|voxels| voxels.at(at) == Some(true)).unwrap();
        let score = |label: usize| counts[label] + usize::from(label == own);
        let best = (0..4).map(score).max().unwrap();
        let expected = (0..4).find(|label| score(*label) == best).unwrap();
        for (label, voxels) in after.iter().enumerate() {
            assert_eq!(voxels.at(at), Some(label + 1 == expected), "{at:?}");
        }
    }
}

#[test]
fn islands_and_holes_are_those_of_a_flood() {
    for mask in masks() {
        let voxels = Voxels::of(&mask);
        for neighbors in [Neighbors::Faces, Neighbors::Corners] {
            let islands = Islands::of(&mask, neighbors);
            let mut sizes = islands.sizes.clone();
            sizes.sort_unstable();
            let flooded = floods(&voxels, true, neighbors);
            let mut expected: Vec<u64> = flooded.iter().map(|island| island.len() as u64).collect();
            expected.sort_unstable();
            assert_eq!(sizes, expected);
            let largest = islands::keep_largest(&mask, neighbors);
            assert_eq!(largest.n_voxels(), expected.last().copied().unwrap_or(0));
            let [x, y, z] = flooded[0][0].map(|at| at as u32);
            let own = islands::keep_at(&mask, [x, y, z], neighbors).unwrap();
            assert_eq!(own.n_voxels(), flooded[0].len() as u64);
            assert!(flooded[0].iter().all(|at| own.contains(at.map(|at| at as u32))));
            let parts = islands::split(&mask, neighbors, 3);
            assert_eq!(parts.iter().map(VoxelMask::n_voxels).sum::<u64>(), mask.n_voxels());
        }
        let filled = Voxels::of(&islands::fill_holes(&mask));
        let is_at_edge = |[x, y, z]: [i64; 3]| {
            let grid = voxels.grid;
            let is_outer = |at: i64, n: u32| at == 0 || at + 1 == i64::from(n);
            is_outer(x, grid.cols) || is_outer(y, grid.rows) || grid.slices > 1 && is_outer(z, grid.slices)
        };
        let holes: Vec<[i64; 3]> = floods(&voxels, false, Neighbors::Faces)
            .into_iter()
            .filter(|hole| !hole.iter().any(|at| is_at_edge(*at)))
            .flatten()
            .collect();
        for at in voxels.all() {
            assert_eq!(filled.at(at), Some(voxels.at(at) == Some(true) || holes.contains(&at)));
        }
    }
}

fn floods(voxels: &Voxels, of: bool, neighbors: Neighbors) -> Vec<Vec<[i64; 3]>> {
    let mut seen = std::collections::HashSet::new();
    let mut found = Vec::new();
    for start in voxels.all() {
        if voxels.at(start) != Some(of) || !seen.insert(start) {
            continue;
        }
        let mut island = Vec::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            island.push(at);
            for dz in -1..=1_i64 {
                for dy in -1..=1_i64 {
                    for dx in -1..=1_i64 {
                        let n_steps = dx.abs() + dy.abs() + dz.abs();
                        let next = [at[0] + dx, at[1] + dy, at[2] + dz];
                        let is_neighbor = n_steps == 1 || neighbors == Neighbors::Corners && n_steps > 0;
                        if is_neighbor && voxels.at(next) == Some(of) && seen.insert(next) {
                            open.push(next);
                        }
                    }
                }
            }
        }
        found.push(island);
    }
    found
}
