//! A mask over a stack, one bit a voxel. Slices without a voxel take no memory, and copies share their slices until one
//! of them is written: a snapshot for a worker or for undo costs a few pointers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator as _};
use rayon::iter::{IntoParallelRefIterator as _, IntoParallelRefMutIterator as _};
use thiserror::Error;

use crate::domain::flipped::{FlippedSlice, FlippedVoxels};
use crate::domain::mask::{Mask, Run};
use crate::segmentation::grid::{Span, VoxelBox, VoxelGrid, words_of};

/// Bits of one slice, row by row; each row begins with a new word and bits past its end are 0.
pub type Plane = Arc<[u64]>;

/// Bit `col % 64` of word `col / 64` of a row is a voxel.
#[derive(Clone)]
pub struct VoxelMask {
    grid: VoxelGrid,
    /// `None` where a slice is empty.
    slices: Vec<Option<Plane>>,
    /// New whenever a slice is written: equal versions are equal bits. 0 for what was never written.
    versions: Vec<u64>,
}

/// An edit that does not fit the mask it is applied to.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MaskMismatch {
    #[error("the mask is on a grid of another size")]
    Grid,
    #[error("the edit leaves the image")]
    OutOfGrid,
}

impl VoxelMask {
    pub fn empty(grid: VoxelGrid) -> Self {
        let n_slices = grid.slices as usize;
        Self { grid, slices: vec![None; n_slices], versions: vec![0; n_slices] }
    }

    /// From bits that a computation made, a vector a slice; those of another size count as empty.
    pub fn from_words(
        grid: VoxelGrid,
        slices: impl IntoParallelIterator<Item = Option<Vec<u64>>, Iter: IndexedParallelIterator>,
    ) -> Self {
        let n_words = grid.words_per_slice();
        let kept = |words: Option<Vec<u64>>| {
            let is_some = |words: &Vec<u64>| words.len() == n_words && words.iter().any(|word| *word != 0);
            words.filter(is_some).map(Plane::from)
        };
        let mut slices: Vec<Option<Plane>> = slices.into_par_iter().map(kept).collect();
        slices.resize(grid.slices as usize, None);
        let versions = slices.iter().map(|plane| plane.as_ref().map_or(0, |_| fresh_version())).collect();
        Self { grid, slices, versions }
    }

    pub fn from_spans(grid: VoxelGrid, spans: &[Span]) -> Self {
        let mut mask = Self::empty(grid);
        spans.iter().for_each(|span| mask.fill(span));
        mask
    }

    /// Puts a picture's mask on its slice.
    pub fn with_slice(mut self, slice: u32, mask: &Mask) -> Result<Self, MaskMismatch> {
        if (mask.cols(), mask.rows()) != (self.grid.cols, self.grid.rows) || slice >= self.grid.slices {
            return Err(MaskMismatch::Grid);
        }
        for run in mask.runs() {
            for_rows(self.grid.cols, u64::from(run.start), u64::from(run.len), |row, from, to| {
                self.fill(&Span { slice, row, from, to });
            });
        }
        Ok(self)
    }

    /// One slice as a picture's mask.
    pub fn slice_mask(&self, slice: u32) -> Mask {
        let mut runs: Vec<Run> = Vec::new();
        for row in 0..self.grid.rows {
            for (from, to) in runs_of(self.row(slice, row)) {
                let start = row * self.grid.cols + from;
                match runs.last_mut() {
                    Some(before) if before.start + before.len == start => before.len += to - from,
                    _ => runs.push(Run { start, len: to - from }),
                }
            }
        }
        Mask::from_runs(self.grid.rows, self.grid.cols, runs).unwrap_or_else(|_| empty_picture(&self.grid))
    }

    pub fn grid(&self) -> &VoxelGrid {
        &self.grid
    }

    /// Words of a slice; `None` when it is empty.
    pub fn plane(&self, slice: u32) -> Option<&Plane> {
        self.slices.get(slice as usize).and_then(Option::as_ref)
    }

    pub fn planes(&self) -> &[Option<Plane>] {
        &self.slices
    }

    /// Names the bits of a slice: another number after every write, the same in copies.
    pub fn version(&self, slice: u32) -> u64 {
        self.versions.get(slice as usize).copied().unwrap_or(0)
    }

    /// Puts a slice in place of another; bits of another size count as empty.
    pub fn set_plane(&mut self, slice: u32, plane: Option<Plane>) {
        let n_words = self.grid.words_per_slice();
        let version = if plane.is_some() { fresh_version() } else { 0 };
        if let (Some(place), Some(of)) = (self.slices.get_mut(slice as usize), self.versions.get_mut(slice as usize)) {
            *place = plane.filter(|plane| plane.len() == n_words);
            *of = version;
        }
    }

    /// Words of a row; none when its slice is empty.
    pub fn row(&self, slice: u32, row: u32) -> &[u64] {
        let n_words = self.grid.words_per_row();
        let start = row as usize * n_words;
        self.plane(slice).and_then(|plane| plane.get(start..start + n_words)).unwrap_or_default()
    }

    pub fn contains(&self, [col, row, slice]: [u32; 3]) -> bool {
        col < self.grid.cols
            && self.row(slice, row).get(col as usize / 64).is_some_and(|word| word >> (col % 64) & 1 == 1)
    }

    pub fn is_empty(&self) -> bool {
        self.slices.iter().flatten().all(|plane| plane.iter().all(|word| *word == 0))
    }

    pub fn n_voxels(&self) -> u64 {
        self.slices.par_iter().with_min_len(8).map(|plane| plane.as_ref().map_or(0, count)).sum()
    }

    /// The tight box around all voxels; `None` when empty.
    pub fn bounds(&self) -> Option<VoxelBox> {
        let n_words = self.grid.words_per_row();
        let of_slice = |(slice, plane): (usize, &Option<Plane>)| {
            let plane = plane.as_ref()?;
            let mut across = vec![0_u64; n_words];
            let (mut first_row, mut last_row) = (None, 0);
            for (row, words) in (0_u32..).zip(plane.chunks_exact(n_words)) {
                if words.iter().any(|word| *word != 0) {
                    first_row = first_row.or(Some(row));
                    last_row = row;
                    across.iter_mut().zip(words).for_each(|(all, word)| *all |= word);
                }
            }
            let first = across.iter().position(|word| *word != 0)?;
            let last = across.iter().rposition(|word| *word != 0)?;
            let from = first as u32 * 64 + across[first].trailing_zeros();
            let to = last as u32 * 64 + 64 - across[last].leading_zeros();
            let slice = slice as u32;
            Some(VoxelBox { low: [from, first_row?, slice], high: [to, last_row + 1, slice + 1] })
        };
        self.slices.par_iter().enumerate().with_min_len(8).filter_map(of_slice).reduce_with(VoxelBox::around)
    }

    pub fn fill(&mut self, span: &Span) {
        self.change(span, |word, bits| *word |= bits);
    }

    pub fn clear(&mut self, span: &Span) {
        if self.plane(span.slice).is_some() {
            self.change(span, |word, bits| *word &= !bits);
        }
    }

    /// Changes the words a span touches; what reaches past the grid is cut off.
    pub fn change(&mut self, span: &Span, change: impl Fn(&mut u64, u64)) {
        let to = span.to.min(self.grid.cols);
        if span.row >= self.grid.rows || span.from >= to {
            return;
        }
        let start = span.row as usize * self.grid.words_per_row();
        if let Some(plane) = self.plane_mut(span.slice) {
            for (word, bits) in words_of(span.from, to) {
                change(&mut plane[start + word], bits);
            }
        }
    }

    /// The slice for writing: made when it is empty, copied when it is shared.
    pub fn plane_mut(&mut self, slice: u32) -> Option<&mut [u64]> {
        let n_words = self.grid.words_per_slice();
        let place = self.slices.get_mut(slice as usize)?;
        *self.versions.get_mut(slice as usize)? = fresh_version();
        Some(Arc::make_mut(place.get_or_insert_with(|| vec![0; n_words].into())))
    }

    /// Word by word with another mask on the same grid. `combine(0, 0)` must be 0.
    #[must_use]
    pub fn combined(&self, other: &Self, combine: impl Fn(u64, u64) -> u64 + Sync) -> Self {
        let one = |(a, b): (&Option<Plane>, &Option<Plane>)| {
            let words: Option<Vec<u64>> = match (a, b) {
                (None, None) => None,
                (Some(a), Some(b)) => Some(a.iter().zip(b.iter()).map(|(a, b)| combine(*a, *b)).collect()),
                (Some(a), None) => Some(a.iter().map(|a| combine(*a, 0)).collect()),
                (None, Some(b)) => Some(b.iter().map(|b| combine(0, *b)).collect()),
            };
            words
        };
        Self::from_words(self.grid, self.slices.par_iter().zip(&other.slices).map(one))
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a | b)
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a & b)
    }

    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.combined(other, |a, b| a & !b)
    }

    /// Everything on the grid that is not inside.
    #[must_use]
    pub fn inverted(&self) -> Self {
        let (n_words, last) = (self.grid.words_per_row(), self.grid.last_word());
        let n_all = self.grid.words_per_slice();
        let one = |plane: &Option<Plane>| {
            let mut words: Vec<u64> = match plane {
                Some(plane) => plane.iter().map(|word| !word).collect(),
                None => vec![u64::MAX; n_all],
            };
            words.chunks_exact_mut(n_words).filter_map(<[u64]>::last_mut).for_each(|word| *word &= last);
            Some(words)
        };
        Self::from_words(self.grid, self.slices.par_iter().map(one))
    }

    /// What flips this mask into `other`, and back.
    pub fn flips_to(&self, other: &Self) -> FlippedVoxels {
        let n_words = self.grid.words_per_row();
        let cols = self.grid.cols;
        let one = |(slice, (before, after)): (usize, (&Option<Plane>, &Option<Plane>))| {
            let is_same = self.version(slice as u32) == other.version(slice as u32);
            if is_same || before.is_none() && after.is_none() {
                return None;
            }
            let row_of = |plane: &Option<Plane>, row: usize, word: usize| {
                plane.as_ref().and_then(|plane| plane.get(row * n_words + word)).copied().unwrap_or(0)
            };
            let (mut n_added, mut n_removed) = (0_u64, 0_u64);
            let mut runs: Vec<(u32, u32)> = Vec::new();
            let mut flipped = vec![0_u64; n_words];
            for row in 0..self.grid.rows as usize {
                let mut any = 0;
                for (word, flip) in flipped.iter_mut().enumerate() {
                    let (a, b) = (row_of(before, row, word), row_of(after, row, word));
                    *flip = a ^ b;
                    any |= *flip;
                    n_added += u64::from((b & !a).count_ones());
                    n_removed += u64::from((a & !b).count_ones());
                }
                if any == 0 {
                    continue;
                }
                let first = row as u32 * cols;
                runs.extend(runs_of(&flipped).map(|(from, to)| (first + from, to - from)));
            }
            Some((FlippedSlice::new(slice as u32, runs), n_added, n_removed))
        };
        let found: Vec<_> =
            self.slices.par_iter().zip(&other.slices).enumerate().with_min_len(4).filter_map(one).collect();
        let n_added = found.iter().map(|(_, added, _)| added).sum();
        let n_removed = found.iter().map(|(_, _, removed)| removed).sum();
        FlippedVoxels::new(found.into_iter().map(|(slice, _, _)| slice), n_added, n_removed)
    }

    /// Flips voxels, in place. Refused as a whole, with nothing changed, when they leave the grid.
    pub fn flip(&mut self, flips: &FlippedVoxels) -> Result<(), MaskMismatch> {
        let n_pixels = u64::from(self.grid.cols) * u64::from(self.grid.rows);
        let fits = |slice: &FlippedSlice| {
            slice.slice() < self.grid.slices && slice.runs().all(|(start, len)| start + len <= n_pixels)
        };
        if !flips.slices().iter().all(fits) {
            return Err(MaskMismatch::OutOfGrid);
        }
        let (n_words, n_all, cols) = (self.grid.words_per_row(), self.grid.words_per_slice(), self.grid.cols);
        let one = |place: &mut Option<Plane>, version: &mut u64, flipped: &FlippedSlice| {
            *version = fresh_version();
            let plane = Arc::make_mut(place.get_or_insert_with(|| vec![0; n_all].into()));
            for (start, len) in flipped.runs() {
                for_rows(cols, start, len, |row, from, to| {
                    for (word, bits) in words_of(from, to) {
                        plane[row as usize * n_words + word] ^= bits;
                    }
                });
            }
        };
        // A stroke is quicker than the handing out of work
        if flips.n_bytes() < 1 << 16 {
            for flipped in flips.slices() {
                let at = flipped.slice() as usize;
                if let (Some(place), Some(version)) = (self.slices.get_mut(at), self.versions.get_mut(at)) {
                    one(place, version, flipped);
                }
            }
            return Ok(());
        }
        let mut by_slice: Vec<Option<&FlippedSlice>> = vec![None; self.slices.len()];
        flips.slices().iter().for_each(|flipped| by_slice[flipped.slice() as usize] = Some(flipped));
        let pairs = self.slices.par_iter_mut().zip(self.versions.par_iter_mut()).zip(by_slice);
        pairs.for_each(|((place, version), flipped)| {
            flipped.into_iter().for_each(|flipped| one(place, version, flipped));
        });
        Ok(())
    }

    /// Whether two masks hold the same voxels.
    pub fn is_same(&self, other: &Self) -> bool {
        self.grid == other.grid && self.flips_to(other).is_empty()
    }

    /// Memory of the slices that are not empty.
    pub fn n_bytes(&self) -> usize {
        self.slices.iter().flatten().map(|plane| size_of_val::<[u64]>(plane)).sum()
    }
}

impl fmt::Debug for VoxelMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VoxelGrid { cols, rows, slices, .. } = self.grid;
        write!(f, "VoxelMask({cols} × {rows} × {slices}, {} voxels)", self.n_voxels())
    }
}

fn fresh_version() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Voxels of one slice.
pub fn count(plane: &Plane) -> u64 {
    plane.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// Runs `from..to` of a row's bits, ascending.
pub fn runs_of(words: &[u64]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let n_bits = words.len() as u32 * 64;
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = next_bit(words, at, 0, n_bits)?;
        let to = next_bit(words, from, u64::MAX, n_bits).unwrap_or(n_bits);
        at = to;
        Some((from, to))
    })
}

/// The first bit from `at` on that is set once `flip` is applied.
fn next_bit(words: &[u64], at: u32, flip: u64, n_bits: u32) -> Option<u32> {
    if at >= n_bits {
        return None;
    }
    let mut word = at as usize / 64;
    let mut bits = (words.get(word)? ^ flip) & (u64::MAX << (at % 64));
    while bits == 0 {
        word += 1;
        bits = words.get(word)? ^ flip;
    }
    Some(word as u32 * 64 + bits.trailing_zeros())
}

/// Cuts a run of the row-major grid at the ends of rows.
fn for_rows(cols: u32, start: u64, len: u64, mut each: impl FnMut(u32, u32, u32)) {
    let cols = u64::from(cols);
    let (mut at, end) = (start, start + len);
    while at < end {
        let (row, from) = (at / cols, at % cols);
        let to = (from + end - at).min(cols);
        each(row as u32, from as u32, to as u32);
        at += to - from;
    }
}

fn empty_picture(grid: &VoxelGrid) -> Mask {
    Mask::from_runs(grid.rows, grid.cols, Vec::new()).unwrap_or_else(|_| unreachable!("no runs leave no grid"))
}
