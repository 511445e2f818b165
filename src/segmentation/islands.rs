//! Islands of a volume mask: connected components found on runs, to keep, drop or part.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::segmentation::grid::{Span, VoxelGrid};
use crate::segmentation::voxel_mask::{VoxelMask, runs_of};

/// Which voxels are neighbors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Neighbors {
    /// Those that share a face: 4 in a picture, 6 in a volume.
    #[default]
    Faces,
    /// Those that share a corner too: 8, 26.
    Corners,
}

/// The islands of a mask, each a list of spans in the order of slices, rows and columns.
#[derive(Clone, Debug)]
pub struct Islands {
    grid: VoxelGrid,
    spans: Vec<Span>,
    /// For each span the island it belongs to.
    island_of: Vec<u32>,
    /// Voxels of each island, in the order of their first voxels.
    pub sizes: Vec<u64>,
}

impl Islands {
    pub fn of(mask: &VoxelMask, neighbors: Neighbors) -> Self {
        let grid = *mask.grid();
        let by_slice: Vec<Vec<Span>> = (0..grid.slices).into_par_iter().map(|slice| spans_of(mask, slice)).collect();
        let spans: Vec<Span> = by_slice.concat();
        let mut joined = Joined::new(spans.len());
        let rows = RowIndex::new(&grid, &spans);
        let reach = u32::from(neighbors == Neighbors::Corners);
        for slice in 0..grid.slices {
            for row in 0..grid.rows {
                let own = rows.of(slice, row);
                if own.is_empty() {
                    continue;
                }
                let mut join = |before: std::ops::Range<usize>, reach: u32| {
                    join_rows(&spans, own.clone(), before, reach, &mut joined);
                };
                if row > 0 {
                    join(rows.of(slice, row - 1), reach);
                }
                if slice > 0 {
                    join(rows.of(slice - 1, row), reach);
                    if neighbors == Neighbors::Corners {
                        join(rows.of(slice - 1, row.wrapping_sub(1)), reach);
                        join(rows.of(slice - 1, row + 1), reach);
                    }
                }
            }
        }
        let (island_of, n_islands) = joined.numbered();
        let mut sizes = vec![0_u64; n_islands];
        for (span, island) in spans.iter().zip(&island_of) {
            sizes[*island as usize] += u64::from(span.to - span.from);
        }
        Self { grid, spans, island_of, sizes }
    }

    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The island at a voxel.
    pub fn at(&self, [col, row, slice]: [u32; 3]) -> Option<usize> {
        let after = self.spans.partition_point(|span| (span.slice, span.row, span.from) <= (slice, row, col));
        let place = after.checked_sub(1)?;
        let span = self.spans.get(place)?;
        let is_inside = span.slice == slice && span.row == row && col < span.to;
        is_inside.then(|| self.island_of.get(place).map(|island| *island as usize)).flatten()
    }

    /// The largest; of equals the first.
    pub fn largest(&self) -> Option<usize> {
        let largest = self.sizes.iter().copied().max()?;
        self.sizes.iter().position(|size| *size == largest)
    }

    /// Only the islands that are wanted.
    pub fn keep(&self, is_wanted: impl Fn(usize) -> bool + Sync) -> VoxelMask {
        let n_words = self.grid.words_per_slice();
        let words_per_row = self.grid.words_per_row();
        let first_of = |slice: u32| self.spans.partition_point(|span| span.slice < slice);
        let of_slice = |slice: u32| {
            let range = first_of(slice)..first_of(slice + 1);
            let chosen = self.spans[range.clone()].iter().zip(&self.island_of[range]);
            let mut words: Option<Vec<u64>> = None;
            for (span, _) in chosen.filter(|(_, island)| is_wanted(**island as usize)) {
                let words = words.get_or_insert_with(|| vec![0; n_words]);
                let start = span.row as usize * words_per_row;
                for (word, bits) in crate::segmentation::grid::words_of(span.from, span.to) {
                    words[start + word] |= bits;
                }
            }
            words
        };
        VoxelMask::from_words(self.grid, (0..self.grid.slices).into_par_iter().map(of_slice))
    }
}

/// The largest island alone.
pub fn keep_largest(mask: &VoxelMask, neighbors: Neighbors) -> VoxelMask {
    let islands = Islands::of(mask, neighbors);
    let largest = islands.largest();
    islands.keep(|island| Some(island) == largest)
}

/// Without islands of fewer than `n_voxels`.
pub fn remove_small(mask: &VoxelMask, n_voxels: u64, neighbors: Neighbors) -> VoxelMask {
    let islands = Islands::of(mask, neighbors);
    islands.keep(|island| islands.sizes[island] >= n_voxels)
}

/// The island at a voxel alone; `None` where there is none.
pub fn keep_at(mask: &VoxelMask, voxel: [u32; 3], neighbors: Neighbors) -> Option<VoxelMask> {
    let islands = Islands::of(mask, neighbors);
    let wanted = islands.at(voxel)?;
    Some(islands.keep(|island| island == wanted))
}

/// Each island for itself, the largest first, at most `n_most`; the rest stays with the last.
pub fn split(mask: &VoxelMask, neighbors: Neighbors, n_most: usize) -> Vec<VoxelMask> {
    let islands = Islands::of(mask, neighbors);
    let mut by_size: Vec<usize> = (0..islands.len()).collect();
    by_size.sort_by_key(|island| (std::cmp::Reverse(islands.sizes[*island]), *island));
    let mut rank = vec![0; islands.len()];
    for (at, island) in by_size.iter().enumerate() {
        rank[*island] = at.min(n_most.saturating_sub(1));
    }
    let n_parts = by_size.len().min(n_most);
    (0..n_parts).map(|part| islands.keep(|island| rank[island] == part)).collect()
}

/// Holes filled: what cannot be reached from the grid's edge without crossing the mask. In a volume a tunnel is no hole.
pub fn fill_holes(mask: &VoxelMask) -> VoxelMask {
    let grid = *mask.grid();
    let outside = Islands::of(&mask.inverted(), Neighbors::Faces);
    let mut is_open = vec![false; outside.len()];
    for (span, island) in outside.spans.iter().zip(&outside.island_of) {
        let is_at_row_edge = span.row == 0 || span.row + 1 == grid.rows;
        let is_at_slice_edge = !grid.is_flat() && (span.slice == 0 || span.slice + 1 == grid.slices);
        if span.from == 0 || span.to == grid.cols || is_at_row_edge || is_at_slice_edge {
            is_open[*island as usize] = true;
        }
    }
    mask.union(&outside.keep(|island| !is_open[island]))
}

/// Holes filled slice by slice: what is closed within its own picture.
pub fn fill_holes_by_slice(mask: &VoxelMask) -> VoxelMask {
    let grid = *mask.grid();
    let flat = VoxelGrid { slices: 1, ..grid };
    let of_slice = |slice: u32| {
        let plane = mask.plane(slice)?;
        let mut alone = VoxelMask::empty(flat);
        alone.set_plane(0, Some(std::sync::Arc::clone(plane)));
        fill_holes(&alone).plane(0).map(|plane| plane.to_vec())
    };
    VoxelMask::from_words(grid, (0..grid.slices).into_par_iter().map(of_slice))
}

/// Everything of `allowed` that hangs together with a voxel in it; empty where the voxel is not.
pub fn connected(allowed: &VoxelMask, voxel: [u32; 3], neighbors: Neighbors) -> VoxelMask {
    keep_at(allowed, voxel, neighbors).unwrap_or_else(|| VoxelMask::empty(*allowed.grid()))
}

fn spans_of(mask: &VoxelMask, slice: u32) -> Vec<Span> {
    if mask.plane(slice).is_none() {
        return Vec::new();
    }
    let of_row = |row: u32| runs_of(mask.row(slice, row)).map(move |(from, to)| Span { slice, row, from, to });
    (0..mask.grid().rows).flat_map(of_row).collect()
}

/// Where the spans of each row lie in their list.
struct RowIndex {
    rows: u32,
    /// The first span of each row, one entry past the last row.
    firsts: Vec<u32>,
}

impl RowIndex {
    fn new(grid: &VoxelGrid, spans: &[Span]) -> Self {
        let n_rows = grid.rows as usize * grid.slices as usize;
        let mut firsts = vec![0_u32; n_rows + 1];
        for span in spans {
            firsts[span.slice as usize * grid.rows as usize + span.row as usize + 1] += 1;
        }
        for row in 0..n_rows {
            firsts[row + 1] += firsts[row];
        }
        Self { rows: grid.rows, firsts }
    }

    /// Nothing off the grid.
    fn of(&self, slice: u32, row: u32) -> std::ops::Range<usize> {
        if row >= self.rows {
            return 0..0;
        }
        let at = slice as usize * self.rows as usize + row as usize;
        self.firsts[at] as usize..self.firsts[at + 1] as usize
    }
}

/// Joins the spans of two rows that touch, columns counted `reach` further.
fn join_rows(
    spans: &[Span],
    own: std::ops::Range<usize>,
    before: std::ops::Range<usize>,
    reach: u32,
    joined: &mut Joined,
) {
    let (mut a, mut b) = (own.start, before.start);
    while a < own.end && b < before.end {
        let (x, y) = (&spans[a], &spans[b]);
        if x.from < y.to + reach && y.from < x.to + reach {
            joined.join(a as u32, b as u32);
        }
        if x.to < y.to { a += 1 } else { b += 1 }
    }
}

/// Sets that are merged; the smallest member names its set.
struct Joined {
    parents: Vec<u32>,
}

impl Joined {
    fn new(n: usize) -> Self {
        Self { parents: (0..u32::try_from(n).unwrap_or(u32::MAX)).collect() }
    }

    fn root(&mut self, mut at: u32) -> u32 {
        loop {
            let parent = self.parents[at as usize];
            if parent == at {
                return at;
            }
            let above = self.parents[parent as usize];
            self.parents[at as usize] = above;
            at = above;
        }
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }

    /// The set of each member, numbered by first member, and how many there are.
    fn numbered(mut self) -> (Vec<u32>, usize) {
        let n = self.parents.len();
        let mut numbers = vec![0_u32; n];
        let mut n_sets = 0;
        for at in 0..n {
            let root = self.root(at as u32) as usize;
            numbers[at] = if root == at {
                n_sets += 1;
                n_sets - 1
            } else {
                numbers[root]
            };
        }
        (numbers, n_sets as usize)
    }
}
