//! Writing that is part of a picture: rows of small sharp marks of one extreme level, as scanners and digitizers burn
//! them in. A finder for people who make copies, not a reader: it says where, never what.

use crate::domain::geometry::PixelBox;
use crate::domain::mask::Mask;
use crate::segmentation::components::components;

/// Least and greatest height of a letter, pixels.
const MIN_HEIGHT: u32 = 5;
const MAX_HEIGHT: u32 = 96;
/// Marks in one row that make a line of writing.
const MIN_LETTERS: usize = 3;
/// Part of the picture's range within which a value counts as ink.
const INK_DEPTH: f32 = 0.04;
/// Part of the range by which ink stands out from what is beside it.
const MIN_CONTRAST: f32 = 0.3;

/// One connected mark of ink.
#[derive(Clone, Copy, Debug)]
struct Mark {
    x0: u32,
    y0: u32,
    /// Past the end.
    x1: u32,
    y1: u32,
    n_pixels: u32,
}

impl Mark {
    fn height(&self) -> u32 {
        self.y1 - self.y0
    }

    fn width(&self) -> u32 {
        self.x1 - self.x0
    }

    fn could_be_letter(&self) -> bool {
        let (height, width) = (self.height(), self.width());
        let fill = self.n_pixels as f32 / (height * width) as f32;
        // `l` and `1` are full boxes of their own
        (MIN_HEIGHT..=MAX_HEIGHT).contains(&height) && width <= 2 * height && (fill < 0.9 || width * 3 <= height + 3)
    }
}

/// Boxes around lines of writing, in pixel edges, from top to bottom. `values` are `rows` × `cols` gray values,
/// row-major; values that are not finite are no ink.
pub fn lines_of_writing(values: &[f32], rows: u32, cols: u32) -> Vec<PixelBox> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (least, most) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    let has_range = most > least;
    if !has_range || values.len() != rows as usize * cols as usize {
        return Vec::new();
    }
    let range = most - least;
    let depth = INK_DEPTH * range;
    let bright = |value: f32| value >= most - depth;
    let dark = |value: f32| value <= least + depth;
    let inks: [&dyn Fn(f32) -> bool; 2] = [&bright, &dark];
    let mut lines: Vec<PixelBox> = Vec::new();
    for ink in inks {
        let mut letters = marks(values, rows, cols, ink);
        letters.retain(|mark| mark.could_be_letter() && contrast(values, cols, mark, ink) >= MIN_CONTRAST * range);
        lines.extend(lines_of(letters).iter().map(|line| padded(line, rows, cols)));
    }
    lines.sort_by(|a, b| (a.y0, a.x0).partial_cmp(&(b.y0, b.x0)).unwrap_or(std::cmp::Ordering::Equal));
    lines
}

/// Connected marks (8 neighbours).
fn marks(values: &[f32], rows: u32, cols: u32, is_ink: &dyn Fn(f32) -> bool) -> Vec<Mark> {
    let ink: Vec<u8> = values.iter().map(|value| u8::from(value.is_finite() && is_ink(*value))).collect();
    let Ok(ink) = Mask::from_dense(rows, cols, &ink) else { return Vec::new() };
    components(&ink).iter().filter_map(mark).collect()
}

fn mark(component: &Mask) -> Option<Mark> {
    let bounds = component.bounds()?;
    let [x0, y0, x1, y1] = [bounds.x0, bounds.y0, bounds.x1, bounds.y1].map(|edge| edge as u32);
    Some(Mark { x0, y0, x1, y1, n_pixels: u32::try_from(component.n_pixels()).ok()? })
}

/// Mean step from ink to the picture's own pixels just outside the mark's box, left and right of each of its rows.
fn contrast(values: &[f32], cols: u32, mark: &Mark, is_ink: &dyn Fn(f32) -> bool) -> f32 {
    let (mut sum, mut n) = (0.0_f32, 0.0_f32);
    let at = |x: u32, y: u32| values.get(y as usize * cols as usize + x as usize).copied();
    for y in mark.y0..mark.y1 {
        let ink = (mark.x0..mark.x1).filter_map(|x| at(x, y)).find(|value| is_ink(*value));
        let sides = [mark.x0.checked_sub(2), Some(mark.x1 + 1).filter(|x| *x < cols)];
        for beside in sides.into_iter().flatten().filter_map(|x| at(x, y)) {
            if let Some(ink) = ink.filter(|_| beside.is_finite()) {
                sum += (ink - beside).abs();
                n += 1.0;
            }
        }
    }
    if n > 0.0 { sum / n } else { 0.0 }
}

/// Marks side by side, of like height, near each other.
fn lines_of(mut letters: Vec<Mark>) -> Vec<Mark> {
    letters.sort_by_key(|mark| (mark.x0, mark.y0));
    let mut lines: Vec<(Mark, Mark, usize)> = Vec::new();
    for letter in letters {
        let fits = |(_, last, _): &&mut (Mark, Mark, usize)| {
            let overlap = last.y1.min(letter.y1).saturating_sub(last.y0.max(letter.y0));
            let (low, high) = (last.height().min(letter.height()), last.height().max(letter.height()));
            let gap = letter.x0.saturating_sub(last.x1);
            overlap * 2 >= low && high <= 2 * low && gap <= high + high / 4 && letter.x1 > last.x1
        };
        match lines.iter_mut().rev().find(fits) {
            Some((line, last, n)) => {
                line.x1 = line.x1.max(letter.x1);
                line.y0 = line.y0.min(letter.y0);
                line.y1 = line.y1.max(letter.y1);
                *last = letter;
                *n += 1;
            }
            None => lines.push((letter, letter, 1)),
        }
    }
    let is_line = |(line, _, n): &(Mark, Mark, usize)| *n >= MIN_LETTERS && line.width() >= line.height();
    lines.into_iter().filter(is_line).map(|(line, ..)| line).collect()
}

/// With room for dots, accents and blurred edges.
fn padded(line: &Mark, rows: u32, cols: u32) -> PixelBox {
    let margin = line.height() / 2 + 2;
    PixelBox {
        x0: f64::from(line.x0.saturating_sub(margin)),
        y0: f64::from(line.y0.saturating_sub(margin)),
        x1: f64::from((line.x1 + margin).min(cols)),
        y1: f64::from((line.y1 + margin).min(rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5 × 7 letters: H, E, L, 8, at `scale` pixels a dot.
    fn written(values: &mut [f32], cols: usize, [x0, y0]: [usize; 2], scale: usize, level: f32) {
        let letters = [
            [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
            [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111],
            [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
            [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110_u8],
        ];
        for (n, letter) in letters.iter().enumerate() {
            for (row, bits) in letter.iter().enumerate() {
                for dot in (0..5).filter(|dot| bits >> (4 - dot) & 1 == 1) {
                    for (dy, dx) in (0..scale).flat_map(|dy| (0..scale).map(move |dx| (dy, dx))) {
                        let (y, x) = (y0 + row * scale + dy, x0 + (n * 6 + dot) * scale + dx);
                        values[y * cols + x] = level;
                    }
                }
            }
        }
    }

    fn ramp(rows: usize, cols: usize) -> Vec<f32> {
        (0..rows * cols).map(|at| 200.0 + (at % cols) as f32 + ((at * 7919) % 31) as f32).collect()
    }

    #[test]
    fn lines_are_found_bright_or_dark_large_or_small_and_covered_whole() {
        for (level, scale) in [(4000.0, 1), (4000.0, 4), (-500.0, 2)] {
            let (rows, cols) = (200_usize, 300_usize);
            let mut values = ramp(rows, cols);
            written(&mut values, cols, [20, 30], scale, level);
            let found = lines_of_writing(&values, 200, 300);
            assert_eq!(found.len(), 1, "level {level}, scale {scale}: {found:?}");
            let covered = found[0];
            let end = [20 + 23 * scale, 30 + 7 * scale].map(|edge| edge as f64);
            assert!(covered.x0 <= 20.0 && covered.y0 <= 30.0 && covered.x1 >= end[0] && covered.y1 >= end[1]);
            assert!(covered.width() < 23.0 * scale as f64 + 8.0 * scale as f64 + 10.0);
        }
    }

    #[test]
    fn a_picture_without_writing_has_none() {
        assert!(lines_of_writing(&ramp(200, 300), 200, 300).is_empty());
        assert!(lines_of_writing(&[7.0; 60], 6, 10).is_empty());
        assert!(lines_of_writing(&[f32::NAN; 60], 6, 10).is_empty());
        assert!(lines_of_writing(&[1.0, 2.0], 6, 10).is_empty());
        // A smooth bright disk, and single markers far apart
        let mut values = ramp(200, 300);
        for y in 0..200_i32 {
            for x in 0..300_i32 {
                let r2 = (x - 150).pow(2) + (y - 100).pow(2);
                values[(y * 300 + x) as usize] += 3000.0 * (-(r2 as f32) / 900.0).exp();
            }
        }
        assert!(lines_of_writing(&values, 200, 300).is_empty());
    }
}
