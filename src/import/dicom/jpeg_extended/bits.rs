//! Entropy-coded bits and Huffman codes of JPEG (ITU-T T.81 annexes C and F).

use crate::import::dicom::jpeg_extended::Broken;

/// Bits of one scan, stuffing removed. Stops at the first marker.
pub struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    word: u8,
    n_left: u32,
}

impl<'a> Bits<'a> {
    pub fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, word: 0, n_left: 0 }
    }

    pub fn bit(&mut self) -> Result<i32, Broken> {
        if self.n_left == 0 {
            self.word = *self.data.get(self.at).ok_or(Broken)?;
            self.at += 1;
            if self.word == 0xFF {
                match self.data.get(self.at) {
                    Some(0) => self.at += 1,
                    _ => return Err(Broken),
                }
            }
            self.n_left = 8;
        }
        self.n_left -= 1;
        Ok(i32::from(self.word >> self.n_left & 1))
    }

    pub fn bits(&mut self, n: u32) -> Result<i32, Broken> {
        let mut value = 0;
        for _ in 0..n {
            value = value << 1 | self.bit()?;
        }
        Ok(value)
    }

    /// `n` bits as a signed difference (T.81 F.2.2.1, EXTEND).
    pub fn extended(&mut self, n: u32) -> Result<i32, Broken> {
        let value = self.bits(n)?;
        Ok(if n > 0 && value < 1 << (n - 1) { value - (1 << n) + 1 } else { value })
    }

    /// Steps over a restart marker.
    pub fn restart(&mut self) -> Result<(), Broken> {
        self.n_left = 0;
        while self.data.get(self.at) == Some(&0xFF) && self.data.get(self.at + 1) == Some(&0xFF) {
            self.at += 1;
        }
        match self.data.get(self.at..self.at + 2) {
            Some([0xFF, 0xD0..=0xD7]) => {
                self.at += 2;
                Ok(())
            }
            _ => Err(Broken),
        }
    }

    /// Where the next marker starts.
    pub fn end(&self) -> usize {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let is_marker = |pair: &[u8]| matches!(pair, [0xFF, second] if !matches!(second, 0 | 0xFF | 0xD0..=0xD7));
        rest.windows(2).position(is_marker).map_or(self.data.len(), |found| self.at + found)
    }
}

/// Canonical Huffman code, decoded length by length.
#[derive(Clone, Default)]
pub struct Huffman {
    /// Per length 1 to 16: first code, and index of its value.
    first: [(i32, usize); 16],
    counts: [u8; 16],
    values: Vec<u8>,
}

impl Huffman {
    pub fn new(counts: [u8; 16], values: &[u8]) -> Self {
        let (mut code, mut index) = (0, 0);
        let first = counts.map(|count| {
            let entry = (code, index);
            code = (code + i32::from(count)) << 1;
            index += usize::from(count);
            entry
        });
        Self { first, counts, values: values.to_vec() }
    }

    pub fn decode(&self, bits: &mut Bits<'_>) -> Result<u8, Broken> {
        let mut code = 0;
        for ((first, index), count) in self.first.iter().zip(self.counts) {
            code = code << 1 | bits.bit()?;
            let offset = code - first;
            if (0..i32::from(count)).contains(&offset) {
                let offset = usize::try_from(offset).map_err(|_| Broken)?;
                return self.values.get(index + offset).copied().ok_or(Broken);
            }
        }
        Err(Broken)
    }
}
