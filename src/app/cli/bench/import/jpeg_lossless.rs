//! Lossless JPEG, process 14, first-order prediction (ITU-T T.81 annex H): just enough of an encoder to measure with.

/// Differences fall into these many categories (T.81 table H.2); each gets a code of five bits.
const N_CATEGORIES: u8 = 17;
const CODE_BITS: u32 = 5;

/// One component of 16 bits, `rows` × `cols`.
pub fn encode(samples: &[u16], rows: u16, cols: u16) -> Vec<u8> {
    let mut stream = vec![0xFF, 0xD8];
    stream.extend([0xFF, 0xC4, 0, 19 + N_CATEGORIES, 0, 0, 0, 0, 0, N_CATEGORIES]);
    stream.extend([0; 11]);
    stream.extend(0..N_CATEGORIES);
    let ([r0, r1], [c0, c1]) = (rows.to_be_bytes(), cols.to_be_bytes());
    stream.extend([0xFF, 0xC3, 0, 11, 16, r0, r1, c0, c1, 1, 1, 0x11, 0]);
    stream.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, 0]);
    let mut bits = Bits { stream, held: 0, n_held: 0 };
    let mut above_first = 1_u16 << 15;
    for row in samples.chunks(usize::from(cols)) {
        // H.1.2.1: the first sample of a row is predicted from above, all others from the left
        let mut left = above_first;
        for sample in row {
            bits.difference(sample.wrapping_sub(left));
            left = *sample;
        }
        above_first = row.first().copied().unwrap_or(above_first);
    }
    bits.end()
}

struct Bits {
    stream: Vec<u8>,
    held: u64,
    n_held: u32,
}

impl Bits {
    fn difference(&mut self, difference: u16) {
        let signed = i32::from(difference.cast_signed());
        let category = 32 - signed.unsigned_abs().leading_zeros();
        self.put(category, CODE_BITS);
        // 32768 needs no further bits (H.1.2.2)
        if category > 0 && category < 16 {
            let extra = if signed < 0 { signed - 1 } else { signed };
            self.put(extra.cast_unsigned() & ((1 << category) - 1), category);
        }
    }

    fn put(&mut self, value: u32, n_bits: u32) {
        self.held = self.held << n_bits | u64::from(value);
        self.n_held += n_bits;
        while self.n_held >= 8 {
            self.n_held -= 8;
            let byte = (self.held >> self.n_held & 0xFF) as u8;
            self.stream.push(byte);
            if byte == 0xFF {
                self.stream.push(0);
            }
        }
        self.held &= (1 << self.n_held) - 1;
    }

    fn end(mut self) -> Vec<u8> {
        let n_missing = (8 - self.n_held) % 8;
        self.put((1 << n_missing) - 1, n_missing);
        self.stream.extend([0xFF, 0xD9]);
        self.stream
    }
}
