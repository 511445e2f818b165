//! Huffman-coded DCT JPEG of 8 or 12 bits, sequential and progressive (ITU-T T.81), without subsampling.
//!
//! Exists for 12-bit files, which the 8-bit decoders at hand refuse. Nothing is guessed: a stream that ends early or
//! leaves its tables is an error.

mod bits;
mod idct;

use crate::import::dicom::jpeg_extended::bits::{Bits, Huffman};

/// The stream does not follow the standard, or ends too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// Natural position of each coefficient in zigzag order (T.81 figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

struct Component {
    id: u8,
    quantization: usize,
    blocks: Vec<[i32; 64]>,
    dc_table: usize,
    ac_table: usize,
    prediction: i32,
}

#[derive(Clone, Copy)]
struct Scan {
    is_progressive: bool,
    start: usize,
    end: usize,
    high: u32,
    low: u32,
}

#[derive(Default)]
struct Decoder {
    precision: u32,
    rows: usize,
    cols: usize,
    is_progressive: bool,
    components: Vec<Component>,
    quantization: [Vec<i32>; 4],
    dc: [Huffman; 4],
    ac: [Huffman; 4],
    restart_interval: usize,
    n_scans: usize,
}

/// More scans than this do not occur; each costs a pass over the picture.
const MAX_SCANS: usize = 256;

/// Decodes to interleaved samples.
pub fn decode(data: &[u8]) -> Result<Vec<u16>, Broken> {
    let mut decoder = Decoder::default();
    let mut at = data.windows(2).position(|pair| pair == [0xFF, 0xD8]).ok_or(Broken)? + 2;
    loop {
        let Some([0xFF, marker]) = data.get(at..at + 2) else { return Err(Broken) };
        if *marker == 0xFF {
            at += 1;
            continue;
        }
        if *marker == 0xD9 {
            return decoder.samples();
        }
        let length = usize::from(be16(data, at + 2)?);
        let segment = data.get(at + 4..at + 2 + length).ok_or(Broken)?;
        at += 2 + length;
        match marker {
            0xC0..=0xC2 => decoder.frame(segment, *marker == 0xC2)?,
            0xC4 => decoder.huffman_tables(segment)?,
            0xDB => decoder.quantization_tables(segment)?,
            0xDD => decoder.restart_interval = usize::from(be16(segment, 0)?),
            0xDA => at = decoder.scan(segment, data, at)?,
            _ => {}
        }
    }
}

fn be16(bytes: &[u8], at: usize) -> Result<u16, Broken> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|pair| u16::from_be_bytes(*pair)).ok_or(Broken)
}

impl Decoder {
    fn frame(&mut self, segment: &[u8], is_progressive: bool) -> Result<(), Broken> {
        let [precision, _, _, _, _, n, facts @ ..] = segment else { return Err(Broken) };
        (self.rows, self.cols) = (usize::from(be16(segment, 1)?), usize::from(be16(segment, 3)?));
        self.precision = u32::from(*precision);
        self.is_progressive = is_progressive;
        let is_known = matches!(self.precision, 8 | 12) && matches!(n, 1 | 3) && self.rows > 0 && self.cols > 0;
        if !is_known || !self.components.is_empty() || facts.len() < 3 * usize::from(*n) {
            return Err(Broken);
        }
        let n_blocks = self.rows.div_ceil(8) * self.cols.div_ceil(8);
        for [id, sampling, table] in facts.as_chunks::<3>().0.iter().take(usize::from(*n)) {
            if *n == 3 && *sampling != 0x11 {
                return Err(Broken);
            }
            self.components.push(Component {
                id: *id,
                quantization: usize::from(table & 3),
                blocks: vec![[0; 64]; n_blocks],
                dc_table: 0,
                ac_table: 0,
                prediction: 0,
            });
        }
        Ok(())
    }

    fn quantization_tables(&mut self, mut segment: &[u8]) -> Result<(), Broken> {
        while let Some((head, rest)) = segment.split_first() {
            let n_bytes = if head >> 4 == 0 { 64 } else { 128 };
            let (values, after) = rest.split_at_checked(n_bytes).ok_or(Broken)?;
            let table = match n_bytes {
                64 => values.iter().map(|value| i32::from(*value)).collect(),
                _ => values.as_chunks::<2>().0.iter().map(|pair| i32::from(u16::from_be_bytes(*pair))).collect(),
            };
            self.quantization[usize::from(head & 3)] = table;
            segment = after;
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut segment: &[u8]) -> Result<(), Broken> {
        while let Some((head, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(Broken)?;
            let n_values = counts.iter().map(|count| usize::from(*count)).sum();
            let (values, after) = rest.split_at_checked(n_values).ok_or(Broken)?;
            let tables = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            tables[usize::from(head & 3)] = Huffman::new(*counts, values);
            segment = after;
        }
        Ok(())
    }

    /// Decodes one scan; returns where the next marker is.
    fn scan(&mut self, segment: &[u8], data: &[u8], at: usize) -> Result<usize, Broken> {
        self.n_scans += 1;
        let (n, facts) = segment.split_first().ok_or(Broken)?;
        let (selectors, tail) = facts.split_at_checked(2 * usize::from(*n)).ok_or(Broken)?;
        let [start, end, approximation, ..] = tail else { return Err(Broken) };
        let scan = Scan {
            is_progressive: self.is_progressive,
            start: usize::from(*start),
            end: if self.is_progressive { usize::from(*end) } else { 63 },
            high: u32::from(approximation >> 4),
            low: u32::from(approximation & 15),
        };
        if scan.end > 63 || scan.start > scan.end || self.n_scans > MAX_SCANS || scan.low > 13 {
            return Err(Broken);
        }
        let mut chosen = Vec::new();
        for [id, tables] in selectors.as_chunks::<2>().0 {
            let index = self.components.iter().position(|component| component.id == *id).ok_or(Broken)?;
            let component = &mut self.components[index];
            (component.dc_table, component.ac_table) = (usize::from(tables >> 4 & 3), usize::from(tables & 3));
            component.prediction = 0;
            chosen.push(index);
        }
        let mut bits = Bits::new(data, at);
        let mut end_of_band = 0;
        let n_blocks = self.components.first().ok_or(Broken)?.blocks.len();
        for block in 0..n_blocks {
            if self.restart_interval > 0 && block > 0 && block % self.restart_interval == 0 {
                bits.restart()?;
                end_of_band = 0;
                chosen.iter().for_each(|index| self.components[*index].prediction = 0);
            }
            for index in &chosen {
                let component = &mut self.components[*index];
                let (dc, ac) = (&self.dc[component.dc_table], &self.ac[component.ac_table]);
                let mut coder = BlockCoder { bits: &mut bits, dc, ac, scan, end_of_band: &mut end_of_band };
                coder.block(&mut component.blocks[block], &mut component.prediction)?;
            }
        }
        Ok(bits.end())
    }

    fn samples(&self) -> Result<Vec<u16>, Broken> {
        let n_components = self.components.len();
        let blocks_per_row = self.cols.div_ceil(8);
        let mut samples = vec![0; self.rows * self.cols * n_components];
        if samples.is_empty() || self.n_scans == 0 {
            return Err(Broken);
        }
        for (plane, component) in self.components.iter().enumerate() {
            let table = &self.quantization[component.quantization];
            if table.len() != 64 {
                return Err(Broken);
            }
            for (index, block) in component.blocks.iter().enumerate() {
                let mut natural = [0; 64];
                for ((coefficient, step), place) in block.iter().zip(table).zip(ZIGZAG) {
                    natural[place] = coefficient.saturating_mul(*step).clamp(-(1 << 20), 1 << 20);
                }
                let (top, left) = (index / blocks_per_row * 8, index % blocks_per_row * 8);
                let values = idct::inverse(&natural, self.precision);
                for (y, row) in values.as_chunks::<8>().0.iter().enumerate().take(self.rows - top) {
                    let first = (top + y) * self.cols + left;
                    for (x, value) in row.iter().enumerate().take(self.cols - left) {
                        samples[(first + x) * n_components + plane] = *value;
                    }
                }
            }
        }
        Ok(samples)
    }
}

/// Decodes one block of one scan into zigzag coefficients (T.81 F.2.2, G.2).
struct BlockCoder<'a, 'b> {
    bits: &'a mut Bits<'b>,
    dc: &'a Huffman,
    ac: &'a Huffman,
    scan: Scan,
    end_of_band: &'a mut u32,
}

impl BlockCoder<'_, '_> {
    fn block(&mut self, block: &mut [i32; 64], prediction: &mut i32) -> Result<(), Broken> {
        let Scan { is_progressive, start, high, low, .. } = self.scan;
        if start == 0 {
            match high {
                0 => {
                    let n = u32::from(self.dc.decode(self.bits)?);
                    *prediction = prediction.wrapping_add(self.bits.extended(n.min(16))?);
                    block[0] = prediction.wrapping_shl(low);
                }
                _ => block[0] |= self.bits.bit()? << low,
            }
            if is_progressive {
                return Ok(());
            }
        }
        match high {
            0 => self.first_ac(block),
            _ => self.refined_ac(block),
        }
    }

    fn first_ac(&mut self, block: &mut [i32; 64]) -> Result<(), Broken> {
        if *self.end_of_band > 0 {
            *self.end_of_band -= 1;
            return Ok(());
        }
        let mut k = self.scan.start.max(1);
        while k <= self.scan.end {
            let code = self.ac.decode(self.bits)?;
            let (run, size) = (u32::from(code >> 4), u32::from(code & 15));
            match (run, size) {
                (15, 0) => k += 16,
                (_, 0) => {
                    *self.end_of_band = (1 << run) - 1 + self.bits.bits(run)?.cast_unsigned();
                    return Ok(());
                }
                _ => {
                    k += run as usize;
                    *block.get_mut(k).ok_or(Broken)? = self.bits.extended(size)? << self.scan.low;
                    k += 1;
                }
            }
        }
        Ok(())
    }

    fn refined_ac(&mut self, block: &mut [i32; 64]) -> Result<(), Broken> {
        let step = 1 << self.scan.low;
        let mut k = self.scan.start.max(1);
        while k <= self.scan.end && *self.end_of_band == 0 {
            let code = self.ac.decode(self.bits)?;
            let (run, size) = (u32::from(code >> 4), code & 15);
            let fresh = match size {
                0 if run < 15 => {
                    *self.end_of_band = (1 << run) + self.bits.bits(run)?.cast_unsigned();
                    break;
                }
                0 => 0,
                _ => {
                    if self.bits.bit()? == 1 {
                        step
                    } else {
                        -step
                    }
                }
            };
            k = self.skip_and_refine(block, k, run, step)?;
            if fresh != 0 {
                *block.get_mut(k).filter(|_| k <= self.scan.end).ok_or(Broken)? = fresh;
            }
            k += 1;
        }
        if *self.end_of_band > 0 {
            self.skip_and_refine(block, k, u32::MAX, step)?;
            *self.end_of_band -= 1;
        }
        Ok(())
    }

    /// Refines what is not zero from `k` on, until `n_zeros` zeros were passed; returns the place of the next zero.
    fn skip_and_refine(
        &mut self,
        block: &mut [i32; 64],
        mut k: usize,
        n_zeros: u32,
        step: i32,
    ) -> Result<usize, Broken> {
        let mut n_left = n_zeros;
        while k <= self.scan.end {
            let coefficient = block.get_mut(k).ok_or(Broken)?;
            if *coefficient == 0 {
                if n_left == 0 {
                    break;
                }
                n_left -= 1;
            } else if self.bits.bit()? == 1 && *coefficient & step == 0 {
                *coefficient += if *coefficient > 0 { step } else { -step };
            }
            k += 1;
        }
        Ok(k)
    }
}
