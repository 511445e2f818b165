//! A feature map in memory, pixel-major, perhaps within a wider buffer; and how a layer's work is split.

use std::cell::Cell;

use rayon::iter::{IndexedParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

/// Sizes and place of a map within a buffer whose pixels are `step` numbers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub rows: usize,
    pub cols: usize,
    pub channels: usize,
    /// First channel within the buffer's pixel.
    pub offset: usize,
    pub step: usize,
}

impl Layout {
    /// A map that has its buffer for itself.
    pub fn dense(rows: usize, cols: usize, channels: usize) -> Self {
        Self { rows, cols, channels, offset: 0, step: channels }
    }

    pub fn n_pixels(&self) -> usize {
        self.rows * self.cols
    }

    /// Numbers in the whole buffer.
    pub fn buffer_len(&self) -> usize {
        self.n_pixels() * self.step
    }
}

/// A map that is read.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    pub buffer: &'a [f32],
    pub layout: Layout,
}

impl<'a> Map<'a> {
    /// From the channels of one pixel on, to the end of the buffer.
    #[inline(always)]
    pub fn from_pixel(&self, pixel: usize) -> &'a [f32] {
        &self.buffer[pixel * self.layout.step + self.layout.offset..]
    }

    /// The channels of one pixel.
    #[inline(always)]
    pub fn pixel(&self, pixel: usize) -> &'a [f32] {
        let from = pixel * self.layout.step + self.layout.offset;
        &self.buffer[from..from + self.layout.channels]
    }
}

/// Splits a buffer that is written into blocks of whole rows of `row_len` numbers and works on them, each on a thread:
/// `work(first row, block)`.
pub fn for_blocks(buffer: &mut [f32], row_len: usize, rows_per_block: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    let block_len = (row_len * rows_per_block).max(1);
    if rayon::current_num_threads() == 1 || buffer.len() <= block_len {
        for (i, block) in buffer.chunks_mut(block_len).enumerate() {
            work(i * rows_per_block, block);
        }
        return;
    }
    buffer.par_chunks_mut(block_len).enumerate().for_each(|(i, block)| work(i * rows_per_block, block));
}

/// Rows per block so that every thread has some blocks, but none is larger than `at_most`.
pub fn rows_per_block(n_rows: usize, at_most: usize) -> usize {
    let n_threads = rayon::current_num_threads();
    if n_threads == 1 {
        return at_most.clamp(1, n_rows.max(1));
    }
    let n_blocks = n_rows.div_ceil(at_most.max(1)).next_multiple_of(n_threads);
    n_rows.div_ceil(n_blocks).max(1)
}

thread_local! {
    static SCRATCH: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Lends the thread's own scratch, whose content is left over from before.
pub fn with_scratch(len: usize, work: impl FnOnce(&mut [f32])) {
    // Taken, not borrowed: a nested loan gets a fresh one.
    let mut scratch = SCRATCH.take();
    if scratch.len() < len {
        scratch.resize(len, 0.0);
    }
    if let Some(lent) = scratch.get_mut(..len) {
        work(lent);
    }
    SCRATCH.set(scratch);
}
