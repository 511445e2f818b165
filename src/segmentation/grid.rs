//! The grid a mask lies on: one picture, or the slices of a stack.

/// Columns, rows and slices, and how far apart they are. A single picture has one slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoxelGrid {
    /// Each at least 1.
    pub cols: u32,
    pub rows: u32,
    pub slices: u32,
    /// Between columns, rows and slices; finite and positive. 1 where no millimeters are known.
    pub spacing_mm: [f64; 3],
}

/// A run of one row: columns `from..to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub slice: u32,
    pub row: u32,
    pub from: u32,
    pub to: u32,
}

/// Columns, rows and slices `low..high`, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoxelBox {
    pub low: [u32; 3],
    pub high: [u32; 3],
}

impl VoxelGrid {
    pub fn flat(cols: u32, rows: u32, [col_mm, row_mm]: [f64; 2]) -> Self {
        Self { cols, rows, slices: 1, spacing_mm: [col_mm, row_mm, 1.0] }
    }

    pub fn is_flat(&self) -> bool {
        self.slices == 1
    }

    /// Words of 64 voxels a row takes.
    pub fn words_per_row(&self) -> usize {
        (self.cols as usize).div_ceil(64)
    }

    pub fn words_per_slice(&self) -> usize {
        self.words_per_row() * self.rows as usize
    }

    pub fn n_voxels(&self) -> u64 {
        u64::from(self.cols) * u64::from(self.rows) * u64::from(self.slices)
    }

    /// Of a flat grid the area of a pixel, mm².
    pub fn voxel_mm(&self) -> f64 {
        let [x, y, z] = self.spacing_mm;
        if self.is_flat() { x * y } else { x * y * z }
    }

    pub fn whole(&self) -> VoxelBox {
        VoxelBox { low: [0; 3], high: [self.cols, self.rows, self.slices] }
    }

    /// The valid bits of the last word of a row.
    pub fn last_word(&self) -> u64 {
        match self.cols % 64 {
            0 => u64::MAX,
            n => (1 << n) - 1,
        }
    }
}

impl VoxelBox {
    /// The smallest box around both.
    #[must_use]
    pub fn around(self, other: Self) -> Self {
        let low = std::array::from_fn(|axis| self.low[axis].min(other.low[axis]));
        let high = std::array::from_fn(|axis| self.high[axis].max(other.high[axis]));
        Self { low, high }
    }

    /// Wider by so many voxels on each side, within the grid.
    #[must_use]
    pub fn widened(self, by: [u32; 3], grid: &VoxelGrid) -> Self {
        let whole = grid.whole();
        let low = std::array::from_fn(|axis| self.low[axis].saturating_sub(by[axis]));
        let high = std::array::from_fn(|axis| self.high[axis].saturating_add(by[axis]).min(whole.high[axis]));
        Self { low, high }
    }

    pub fn of_span(span: &Span) -> Self {
        Self { low: [span.from, span.row, span.slice], high: [span.to, span.row + 1, span.slice + 1] }
    }

    /// Around all spans; `None` when there are none.
    pub fn of_spans(spans: &[Span]) -> Option<Self> {
        spans.iter().map(Self::of_span).reduce(Self::around)
    }

    pub fn size(&self) -> [u32; 3] {
        std::array::from_fn(|axis| self.high[axis] - self.low[axis])
    }
}

/// The words that columns `from..to` of a row touch, each with its bits among them.
pub fn words_of(from: u32, to: u32) -> impl Iterator<Item = (usize, u64)> {
    let (first, last) = (from as usize / 64, (to.max(1) as usize - 1) / 64);
    let n_words = if to > from { last + 1 - first } else { 0 };
    (first..first + n_words).map(move |word| {
        let low = if word == first { u64::MAX << (from % 64) } else { u64::MAX };
        let high = if word == last { u64::MAX >> (63 - (to - 1) % 64) } else { u64::MAX };
        (word, low & high)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_span_hold_its_voxels_and_no_other() {
        for (from, to) in [(0, 0), (5, 5), (0, 1), (63, 64), (63, 65), (0, 64), (10, 200), (128, 192)] {
            let mut found = Vec::new();
            for (word, bits) in words_of(from, to) {
                found.extend((0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| word as u32 * 64 + bit));
            }
            assert_eq!(found, (from..to).collect::<Vec<_>>());
        }
    }
}
