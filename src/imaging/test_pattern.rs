//! A picture for judging a display, in the manner of TG18-QC (AAPM On-line Report 03): gray squares, dark and bright
//! detail, letters of falling contrast, ramps and lines.
//!
//! Sizes follow the original on 1024 × 1024 pixels and grow with the picture; lines of one and two pixels stay.

/// Full scale: twelve bits.
pub const WHITE: u16 = 4095;
pub const N_BITS: u16 = 12;
/// Gray squares from the darkest to the brightest.
pub const N_PATCHES: usize = 16;
/// Letters of the line, the first ones with the most contrast.
pub const LETTERS: &str = "QUALITY CONTROL";

const BACKGROUND: u16 = 800;
const GRID_LINE: u16 = 1200;
/// Side of a square and the grid's pitch, on 1024 pixels.
const CELL: u32 = 102;
/// Corner squares differ by four of 256 levels.
const CORNER_CONTRAST: u16 = 64;
const CORNER: u32 = 10;
/// Of 256 levels, per letter from the last to the first.
const LETTER_CONTRAST: u16 = 16;
const LOW_CONTRAST_LINES: [u16; 2] = [1968, 2128];

/// `size` × `size` values of 0 to [`WHITE`], row-major. `size` is 1024 or a multiple of it.
pub fn pattern(size: u32) -> Vec<u16> {
    let mut canvas = Canvas::new(size);
    canvas.grid();
    for (place, level) in (0..N_PATCHES).map(|place| (place, patch_level(place))) {
        canvas.patch(ring_cell(place), level);
    }
    for (turn, [low, high]) in [[0, WHITE], LOW_CONTRAST_LINES].into_iter().enumerate() {
        let first = N_PATCHES + 2 * turn;
        canvas.lines(ring_cell(first), CELL, 1, [low, high]);
        canvas.lines(ring_cell(first + 1), CELL, 2, [low, high]);
    }
    for corner in [[0, 0], [9, 0], [0, 9], [9, 9]] {
        canvas.lines(corner, CELL, 1, [0, WHITE]);
    }
    canvas.square_in_square([3, 3], 0, percent(5));
    canvas.square_in_square([6, 3], WHITE, percent(95));
    canvas.lines([4, 3], CELL, 1, [0, WHITE]);
    canvas.lines([5, 3], CELL, 2, [0, WHITE]);
    for (row, ground) in [0, WHITE / 2, WHITE - LETTER_CONTRAST * 15].into_iter().enumerate() {
        canvas.letters(row as u32, ground);
    }
    canvas.ramps();
    canvas.values
}

/// The level of a gray square, 0 to 15: from 8 to 4088 in equal steps.
pub fn patch_level(place: usize) -> u16 {
    8 + 272 * place as u16
}

/// A strip of `n_steps` equal steps from black to white.
pub fn steps(width: u32, height: u32, n_steps: u32) -> Vec<u16> {
    let n_steps = n_steps.max(2);
    let level = |x: u32| {
        let step = (u64::from(x) * u64::from(n_steps) / u64::from(width.max(1))) as u32;
        (f64::from(step.min(n_steps - 1)) / f64::from(n_steps - 1) * f64::from(WHITE)).round() as u16
    };
    let row: Vec<u16> = (0..width).map(level).collect();
    row.repeat(height as usize)
}

fn percent(percent: u32) -> u16 {
    (f64::from(WHITE) * f64::from(percent) / 100.0).round() as u16
}

/// Cells of the ring around the middle, clockwise from its top left corner.
fn ring_cell(place: usize) -> [u32; 2] {
    let place = place as u32 % 20;
    match place {
        0..=5 => [2 + place, 2],
        6..=10 => [7, 2 + place - 5],
        11..=15 => [7 - (place - 10), 7],
        _ => [2, 7 - (place - 15)],
    }
}

struct Canvas {
    size: u32,
    /// Pixels per pixel of the original.
    scale: u32,
    values: Vec<u16>,
}

impl Canvas {
    fn new(size: u32) -> Self {
        Self { size, scale: (size / 1024).max(1), values: vec![BACKGROUND; size as usize * size as usize] }
    }

    fn set(&mut self, x: u32, y: u32, value: u16) {
        if x < self.size
            && let Some(pixel) = self.values.get_mut(y as usize * self.size as usize + x as usize)
        {
            *pixel = value;
        }
    }

    fn fill(&mut self, [x0, y0]: [u32; 2], [width, height]: [u32; 2], value: impl Fn(u32, u32) -> u16) {
        for y in 0..height {
            for x in 0..width {
                self.set(x0 + x, y0 + y, value(x, y));
            }
        }
    }

    /// The top left pixel of a cell of the grid, which is centered.
    fn cell(&self, [col, row]: [u32; 2]) -> [u32; 2] {
        let margin = (self.size - 10 * CELL * self.scale) / 2;
        [col, row].map(|place| margin + place * CELL * self.scale)
    }

    fn grid(&mut self) {
        for line in 0..=10 {
            let [at, _] = self.cell([line, 0]);
            let (size, at) = (self.size, at.min(self.size - 1));
            self.fill([at, 0], [1, size], |_, _| GRID_LINE);
            self.fill([0, at], [size, 1], |_, _| GRID_LINE);
        }
    }

    /// A gray square with a fainter and a stronger small one in its corners.
    fn patch(&mut self, cell: [u32; 2], level: u16) {
        let (side, corner) = (CELL * self.scale, CORNER * self.scale);
        let [x, y] = self.cell(cell);
        self.fill([x, y], [side, side], |_, _| level);
        let (up, down) = ((level + CORNER_CONTRAST).min(WHITE), level.saturating_sub(CORNER_CONTRAST));
        let far = side - corner;
        for ([dx, dy], value) in [([0, 0], up), ([far, 0], down), ([far, far], up), ([0, far], down)] {
            self.fill([x + dx, y + dy], [corner, corner], |_, _| value);
        }
    }

    /// Upright lines in the upper half, level ones in the lower, each `width` pixels.
    fn lines(&mut self, cell: [u32; 2], side: u32, width: u32, [low, high]: [u16; 2]) {
        let side = side * self.scale;
        let value = |x: u32, y: u32| {
            let across = if y < side / 2 { x } else { y };
            if (across / width).is_multiple_of(2) { low } else { high }
        };
        let at = self.cell(cell);
        self.fill(at, [side, side], value);
    }

    fn square_in_square(&mut self, cell: [u32; 2], outer: u16, inner: u16) {
        let side = CELL * self.scale;
        let middle = side / 4..side - side / 4;
        let value = |x, y| if middle.contains(&x) && middle.contains(&y) { inner } else { outer };
        let at = self.cell(cell);
        self.fill(at, [side, side], value);
    }

    /// One of three lines of letters below the middle.
    fn letters(&mut self, row: u32, ground: u16) {
        let (width, height) = (4 * CELL * self.scale, 62 * self.scale);
        let [x, y] = self.cell([3, 4]);
        let y = y + 10 * self.scale + row * (height + 4 * self.scale);
        self.fill([x, y], [width, height], |_, _| ground);
        let dot = 4 * self.scale;
        let n_letters = LETTERS.len() as u32;
        let (left, top) = (x + (width - n_letters * 6 * dot) / 2, y + (height - 7 * dot) / 2);
        for (place, letter) in (0..n_letters).zip(LETTERS.chars()) {
            let level = ground + LETTER_CONTRAST * (n_letters - place) as u16;
            for (line, bits) in (0..).zip(glyph(letter)) {
                for column in (0..5).filter(|column| bits >> (4 - column) & 1 == 1) {
                    let at = [left + (place * 6 + column) * dot, top + line * dot];
                    self.fill(at, [dot, dot], |_, _| level);
                }
            }
        }
    }

    /// From black to white above, from white to black below.
    fn ramps(&mut self) {
        let (width, height) = (8 * CELL * self.scale, 64 * self.scale);
        let level = move |x: u32| (u64::from(x) * u64::from(WHITE) / u64::from(width - 1)) as u16;
        let ([left, top], [_, bottom]) = (self.cell([1, 0]), self.cell([1, 9]));
        let inset = 19 * self.scale;
        self.fill([left, top + inset], [width, height], |x, _| level(x));
        self.fill([left, bottom + inset], [width, height], |x, _| WHITE - level(x));
    }
}

/// Five by seven dots, the leftmost in the highest bit.
fn glyph(letter: char) -> [u8; 7] {
    match letter {
        'Q' => [0b01110, 0b10001, 0b10001, 0b10001, 0b10101, 0b10010, 0b01101],
        'U' => [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        'A' => [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
        'L' => [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
        'I' => [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        'T' => [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
        'Y' => [0b10001, 0b10001, 0b01010, 0b00100, 0b00100, 0b00100, 0b00100],
        'C' => [0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110],
        'O' => [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        'N' => [0b10001, 0b11001, 0b10101, 0b10011, 0b10001, 0b10001, 0b10001],
        'R' => [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001],
        _ => [0; 7],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_holds_every_square_the_letters_the_lines_and_the_ramps() {
        for size in [1024, 2048] {
            let values = pattern(size);
            let canvas = Canvas::new(size);
            let scale = canvas.scale;
            let at = |[x, y]: [u32; 2]| values[(y * size + x) as usize];
            assert_eq!(values.len(), (size * size) as usize);
            assert!(values.iter().all(|value| *value <= WHITE));
            for place in 0..N_PATCHES {
                let [x, y] = canvas.cell(ring_cell(place));
                let level = patch_level(place);
                assert_eq!(at([x + 51 * scale, y + 51 * scale]), level);
                assert_eq!(at([x + 4 * scale, y + 4 * scale]), (level + 64).min(WHITE), "patch {place}");
                assert_eq!(at([x + 98 * scale, y + 4 * scale]), level.saturating_sub(64), "patch {place}");
            }
            let middle_of = |cell| canvas.cell(cell).map(|edge| edge + 51 * scale);
            let edge_of = |cell| canvas.cell(cell).map(|edge| edge + 8 * scale);
            assert_eq!((at(edge_of([3, 3])), at(middle_of([3, 3]))), (0, 205));
            assert_eq!((at(edge_of([6, 3])), at(middle_of([6, 3]))), (4095, 3890));
            // Lines of one pixel: neighbors are black and white, whatever the size.
            let [x, y] = canvas.cell([0, 0]);
            assert_eq!([0, 1, 2, 3].map(|i| at([x + i, y])), [0, 4095, 0, 4095]);
            assert_eq!(
                [0, 1, 2, 3].map(|i| at([x, y + 51 * scale + i]) == 4095),
                if scale == 1 { [true, false, true, false] } else { [false, true, false, true] }
            );
            let [x, y] = canvas.cell([1, 0]);
            let ramp: Vec<u16> = (0..816 * scale).map(|i| at([x + i, y + 40 * scale])).collect();
            assert!(ramp.windows(2).all(|pair| pair[0] <= pair[1]) && ramp[0] == 0 && ramp.last() == Some(&WHITE));
        }
    }

    #[test]
    fn steps_run_evenly_from_black_to_white() {
        let strip = steps(90, 2, 3);
        assert_eq!(strip.len(), 180);
        assert_eq!([strip[0], strip[29], strip[30], strip[60], strip[89]], [0, 0, 2048, 4095, 4095]);
    }
}
