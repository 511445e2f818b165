//! Counting neighbors 64 voxels at a time: sums are kept as planes of bits, the lowest first, and added as hardware adds.

/// A row of numbers, one for each voxel, as planes of bits: plane `b` of word `w` at `b * n_words + w`.
#[derive(Clone, Debug, Default)]
pub struct BitRow {
    pub n_words: usize,
    pub planes: Vec<u64>,
}

impl BitRow {
    pub fn zero(n_words: usize, n_bits: usize) -> Self {
        Self { n_words, planes: vec![0; n_words * n_bits] }
    }

    pub fn n_bits(&self) -> usize {
        self.planes.len().checked_div(self.n_words).unwrap_or(0)
    }

    /// Adds; what does not fit into this row's bits is lost.
    pub fn add(&mut self, other: &[u64]) {
        let (n_words, n_bits, n_added) = (self.n_words, self.n_bits(), other.len() / self.n_words);
        for word in 0..n_words {
            let mut carry = 0;
            for bit in 0..n_bits {
                let place = bit * n_words + word;
                let added = if bit < n_added { other[place] } else { 0 };
                if bit >= n_added && carry == 0 {
                    break;
                }
                let sum = self.planes[place];
                self.planes[place] = sum ^ added ^ carry;
                carry = sum & added | carry & (sum ^ added);
            }
        }
    }

    /// Subtracts what was added before.
    pub fn subtract(&mut self, other: &[u64]) {
        let (n_words, n_bits, n_taken) = (self.n_words, self.n_bits(), other.len() / self.n_words);
        for word in 0..n_words {
            let mut borrow = 0;
            for bit in 0..n_bits {
                let place = bit * n_words + word;
                let taken = if bit < n_taken { other[place] } else { 0 };
                if bit >= n_taken && borrow == 0 {
                    break;
                }
                let sum = self.planes[place];
                self.planes[place] = sum ^ taken ^ borrow;
                borrow = !sum & (taken | borrow) | taken & borrow;
            }
        }
    }

    /// Voxels whose number is greater than `number`.
    pub fn above(&self, number: u32, word: usize) -> u64 {
        let (mut above, mut equal) = (0, u64::MAX);
        for bit in (0..self.n_bits()).rev() {
            let plane = self.planes[bit * self.n_words + word];
            if number >> bit & 1 == 0 {
                above |= equal & plane;
                equal &= !plane;
            } else {
                equal &= plane;
            }
        }
        if u64::from(number) >> self.n_bits() != 0 { 0 } else { above }
    }

    /// Voxels whose number is greater than the other row's; both have as many bits.
    pub fn above_row(&self, other: &Self, word: usize) -> u64 {
        let (mut above, mut equal) = (0, u64::MAX);
        for bit in (0..self.n_bits()).rev() {
            let place = bit * self.n_words + word;
            let (a, b) = (self.planes[place], other.planes.get(place).copied().unwrap_or(0));
            above |= equal & a & !b;
            equal &= !(a ^ b);
        }
        above
    }

    /// Takes the other row's numbers at these voxels.
    pub fn take(&mut self, other: &Self, at: u64, word: usize) {
        for bit in 0..self.n_bits() {
            let place = bit * self.n_words + word;
            let taken = other.planes.get(place).copied().unwrap_or(0);
            self.planes[place] = self.planes[place] & !at | taken & at;
        }
    }
}

/// How many of the `2 reach + 1` voxels around each one along the row are inside. Past the row's ends its outermost
/// voxels go on. `cols` is the row's length.
pub fn row_sums(words: &[u64], cols: u32, reach: u32, out: &mut BitRow) {
    out.planes.fill(0);
    // Sums of three are two bits; adding single rows keeps the ripple short
    out.add(words);
    let mut moved = vec![0_u64; words.len()];
    for step in 1..=reach {
        shifted(words, cols, step, Side::Low, &mut moved);
        out.add(&moved);
        shifted(words, cols, step, Side::High, &mut moved);
        out.add(&moved);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Each voxel sees the one `step` columns before it.
    Low,
    /// The one after it.
    High,
}

fn shifted(words: &[u64], cols: u32, step: u32, side: Side, out: &mut [u64]) {
    let n = words.len();
    let (whole, bits) = (step as usize / 64, step % 64);
    let edge = |col: u32| words[col as usize / 64] >> (col % 64) & 1 == 1;
    match side {
        Side::Low => {
            let fill = if edge(0) { u64::MAX } else { 0 };
            let at = |index: usize, back: usize| if index >= back { words[index - back] } else { fill };
            for (index, out) in out.iter_mut().enumerate() {
                let low = if bits == 0 { 0 } else { at(index, whole + 1) >> (64 - bits) };
                *out = at(index, whole) << bits | low;
            }
        }
        Side::High => {
            let is_set = edge(cols - 1);
            // Bits past the row's end stand for its last voxel
            let past = if cols.is_multiple_of(64) { 0 } else { u64::MAX << (cols % 64) };
            let fill = if is_set { u64::MAX } else { 0 };
            let at = |index: usize| match index.cmp(&(n - 1)) {
                std::cmp::Ordering::Less => words[index],
                std::cmp::Ordering::Equal => words[index] | past & fill,
                std::cmp::Ordering::Greater => fill,
            };
            for (index, out) in out.iter_mut().enumerate() {
                let high = if bits == 0 { 0 } else { at(index + whole + 1) << (64 - bits) };
                *out = at(index + whole) >> bits | high;
            }
        }
    }
}

/// Bits that hold numbers up to `most`.
pub fn bits_for(most: u32) -> usize {
    (32 - most.leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_along_a_row_count_neighbors_and_go_on_past_its_ends() {
        let mut seed = 3_u64;
        for cols in [1_u32, 5, 63, 64, 65, 130] {
            let inside: Vec<bool> = (0..cols)
                .map(|_| {
                    seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    seed >> 62 != 0
                })
                .collect();
            let mut words = vec![0_u64; cols.div_ceil(64) as usize];
            inside.iter().enumerate().filter(|(_, x)| **x).for_each(|(at, _)| words[at / 64] |= 1 << (at % 64));
            for reach in [1_u32, 2, 5, 70] {
                let mut sums = BitRow::zero(words.len(), bits_for(2 * reach + 1));
                row_sums(&words, cols, reach, &mut sums);
                for col in 0..cols as i64 {
                    let near = (-i64::from(reach)..=i64::from(reach))
                        .filter(|d| inside[(col + d).clamp(0, i64::from(cols) - 1) as usize])
                        .count() as u64;
                    let (word, bit) = (col as usize / 64, col % 64);
                    let found: u64 =
                        (0..sums.n_bits()).map(|b| (sums.planes[b * words.len() + word] >> bit & 1) << b).sum();
                    assert_eq!(found, near, "{cols} {reach} {col}");
                    let above = sums.above(reach, word) >> bit & 1 == 1;
                    assert_eq!(above, near > u64::from(reach));
                }
            }
        }
    }

    #[test]
    fn what_is_added_and_subtracted_is_as_before() {
        let mut sums = BitRow::zero(1, 5);
        sums.add(&[0b1011, 0b0110]);
        let kept = sums.clone();
        sums.add(&[0b1111, 0b1001, 0b0011]);
        sums.subtract(&[0b1111, 0b1001, 0b0011]);
        assert_eq!(sums.planes, kept.planes);
    }
}
