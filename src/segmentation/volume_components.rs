//! Connected pieces of a mask that goes through the slices of a volume.

use crate::domain::mask::{Mask, Run};

/// One piece: its masks by slice, slices ascending, never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeComponent {
    pub slices: Vec<(usize, Mask)>,
}

impl VolumeComponent {
    pub fn n_voxels(&self) -> u64 {
        self.slices.iter().map(|(_, mask)| mask.n_pixels()).sum()
    }
}

/// A run within one row of one slice.
#[derive(Clone, Copy)]
struct Piece {
    slice: usize,
    row: u32,
    first: u32,
    last: u32,
}

/// Every 26-connected piece of the masks, one for each slice and all of one size, ordered by first slice and pixel.
pub fn components(masks: &[Mask]) -> Vec<VolumeComponent> {
    let mut pieces = Vec::new();
    let mut rows_of = Vec::with_capacity(masks.len());
    for (slice, mask) in masks.iter().enumerate() {
        rows_of.push(append_pieces(&mut pieces, slice, mask));
    }
    let mut sets = DisjointSets::new(pieces.len());
    for (i, piece) in pieces.iter().enumerate() {
        let above = (piece.slice, piece.row.checked_sub(1));
        let before = piece.slice.checked_sub(1);
        let behind = [piece.row.checked_sub(1), Some(piece.row), piece.row.checked_add(1)];
        let neighbors = behind.into_iter().filter_map(|row| Some((before?, row)));
        for (slice, row) in neighbors.chain([above]) {
            let range = row.and_then(|row| rows_of.get(slice)?.get(row as usize).copied());
            let (start, end) = range.unwrap_or((0, 0));
            let Some(candidates) = pieces.get(start..end) else { continue };
            let reaching = candidates.partition_point(|other| other.last + 1 < piece.first);
            let touching = candidates.iter().enumerate().skip(reaching);
            for (offset, _) in touching.take_while(|(_, other)| other.first <= piece.last + 1) {
                sets.join(i, start + offset);
            }
        }
    }
    gathered(&pieces, &mut sets, masks)
}

/// Adds the pieces of one slice; returns where those of each row are.
fn append_pieces(pieces: &mut Vec<Piece>, slice: usize, mask: &Mask) -> Vec<(usize, usize)> {
    let cols = mask.cols();
    let mut rows = vec![(0, 0); mask.rows() as usize];
    for run in mask.runs() {
        let (mut start, end) = (run.start, run.start + run.len);
        while start < end {
            let row = start / cols;
            let stop = end.min((row + 1) * cols);
            if let Some(range) = rows.get_mut(row as usize) {
                if range.1 == 0 {
                    range.0 = pieces.len();
                }
                range.1 = pieces.len() + 1;
            }
            pieces.push(Piece { slice, row, first: start % cols, last: (stop - 1) % cols });
            start = stop;
        }
    }
    rows
}

fn gathered(pieces: &[Piece], sets: &mut DisjointSets, masks: &[Mask]) -> Vec<VolumeComponent> {
    let mut of_root: Vec<Vec<usize>> = vec![Vec::new(); pieces.len()];
    for i in 0..pieces.len() {
        // The root is the first piece of its component.
        if let Some(members) = of_root.get_mut(sets.root(i)) {
            members.push(i);
        }
    }
    let component = |members: Vec<usize>| {
        let mut slices: Vec<(usize, Vec<Run>)> = Vec::new();
        for piece in members.into_iter().filter_map(|i| pieces.get(i)) {
            let cols = masks.get(piece.slice).map_or(1, Mask::cols);
            let run = Run { start: piece.row * cols + piece.first, len: piece.last - piece.first + 1 };
            match slices.last_mut() {
                Some((slice, runs)) if *slice == piece.slice => match runs.last_mut() {
                    Some(before) if before.start + before.len == run.start => before.len += run.len,
                    _ => runs.push(run),
                },
                _ => slices.push((piece.slice, vec![run])),
            }
        }
        let masked = slices.into_iter().filter_map(|(slice, runs)| {
            let like = masks.get(slice)?;
            Some((slice, Mask::from_runs(like.rows(), like.cols(), runs).ok()?))
        });
        VolumeComponent { slices: masked.collect() }
    };
    of_root.into_iter().filter(|members| !members.is_empty()).map(component).collect()
}

/// Union by the smaller index, paths halved.
struct DisjointSets {
    parents: Vec<usize>,
}

impl DisjointSets {
    fn new(n: usize) -> Self {
        Self { parents: (0..n).collect() }
    }

    fn root(&mut self, mut i: usize) -> usize {
        while let Some(parent) = self.parents.get(i).copied().filter(|parent| *parent != i) {
            let grandparent = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(own) = self.parents.get_mut(i) {
                *own = grandparent;
            }
            i = grandparent;
        }
        i
    }

    fn join(&mut self, i: usize, j: usize) {
        let (a, b) = (self.root(i), self.root(j));
        if let Some(parent) = self.parents.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random_masks(density: u64, seed: &mut u64) -> Vec<Mask> {
        let mut dense = || -> Vec<u8> {
            let mut value = || {
                *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                u8::from((*seed >> 33) % 20 < density)
            };
            (0..11 * 13).map(|_| value()).collect()
        };
        (0..7).map(|_| Mask::from_dense(11, 13, &dense()).unwrap()).collect()
    }

    fn flood_sizes(masks: &[Mask]) -> Vec<u64> {
        let mut open: Vec<Vec<u8>> = masks.iter().map(Mask::to_dense).collect();
        let mut sizes = Vec::new();
        for z in 0..7_i32 {
            for at in 0..11 * 13_i32 {
                let mut stack = vec![(z, at / 13, at % 13)];
                let mut size = 0;
                while let Some((z, y, x)) = stack.pop() {
                    if !(0..7).contains(&z) || !(0..11).contains(&y) || !(0..13).contains(&x) {
                        continue;
                    }
                    if std::mem::take(&mut open[z as usize][(y * 13 + x) as usize]) == 0 {
                        continue;
                    }
                    size += 1;
                    let steps = || -1..=1;
                    stack
                        .extend(steps().flat_map(|dz| {
                            steps().flat_map(move |dy| steps().map(move |dx| (z + dz, y + dy, x + dx)))
                        }));
                }
                if size > 0 {
                    sizes.push(size);
                }
            }
        }
        sizes.sort_unstable();
        sizes
    }

    #[test]
    fn pieces_agree_with_a_flood_fill_on_random_volumes() {
        let mut seed = 11;
        for density in [1, 2, 3, 6] {
            let masks = random_masks(density, &mut seed);
            let found = components(&masks);
            let mut sizes: Vec<u64> = found.iter().map(VolumeComponent::n_voxels).collect();
            sizes.sort_unstable();
            assert_eq!(sizes, flood_sizes(&masks));
            // Together they are the masks again.
            let mut dense: Vec<Vec<u8>> = masks.iter().map(|mask| vec![0; mask.to_dense().len()]).collect();
            for (slice, mask) in found.iter().flat_map(|component| &component.slices) {
                dense[*slice].iter_mut().zip(mask.to_dense()).for_each(|(all, one)| *all += one);
            }
            assert!(dense.iter().zip(&masks).all(|(all, mask)| *all == mask.to_dense()));
        }
    }

    #[test]
    fn a_diagonal_step_to_the_next_slice_joins_and_a_gap_does_not() {
        let one = |pixel: usize| {
            let mut dense = vec![0; 16];
            dense[pixel] = 1;
            Mask::from_dense(4, 4, &dense).unwrap()
        };
        let empty = Mask::from_dense(4, 4, &[0; 16]).unwrap();
        assert_eq!(components(&[one(5), one(10)]).len(), 1);
        assert_eq!(components(&[one(5), one(11)]).len(), 2);
        assert_eq!(components(&[one(5), empty, one(5)]).len(), 2);
        // The end of a row is no neighbor of the next row's start.
        assert_eq!(components(&[one(3), one(4)]).len(), 2);
        assert!(components(&[]).is_empty());
    }
}
