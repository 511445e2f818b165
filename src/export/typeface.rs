//! Text on an exported picture: glyph outlines of the bundled fonts, filled by exact horizontal coverage.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

use crate::export::canvas::{Canvas, Color};
use crate::export::error::ExportError;

/// The program's own fonts, the second for what the first lacks.
pub struct Typeface {
    faces: Vec<FontRef<'static>>,
}

/// Scan lines per pixel row.
const N_SUBROWS: usize = 6;

impl Typeface {
    pub fn shipped() -> Result<Self, ExportError> {
        let fonts = [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::HACK_REGULAR];
        let faces: Result<Vec<_>, _> = fonts.into_iter().map(FontRef::new).collect();
        Ok(Self { faces: faces.map_err(|error| ExportError::Picture(error.to_string()))? })
    }

    /// Advance of the text, pixels.
    pub fn width(&self, text: &str, font_px: f64) -> f64 {
        text.chars().filter_map(|letter| self.glyph(letter)).map(|(face, glyph)| advance(face, glyph, font_px)).sum()
    }

    /// Draws the text from `x` on the baseline `y`.
    pub fn draw(&self, canvas: &mut Canvas, text: &str, [x, y]: [f64; 2], font_px: f64, color: Color) {
        let mut pen_x = x;
        for (face, glyph) in text.chars().filter_map(|letter| self.glyph(letter)) {
            let mut outline = Outline::new([pen_x, y]);
            let settings = DrawSettings::unhinted(Size::new(font_px as f32), LocationRef::default());
            let drawn = face.outline_glyphs().get(glyph).map(|glyph| glyph.draw(settings, &mut outline));
            if matches!(drawn, Some(Ok(_))) {
                fill(canvas, &outline.edges, color);
            }
            pen_x += advance(face, glyph, font_px);
        }
    }

    /// Breaks the text at blanks so that no line is wider than `max_width`; a longer word stays whole.
    pub fn wrap(&self, text: &str, font_px: f64, max_width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}"), font_px) <= max_width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// The letter, else a question mark.
    fn glyph(&self, letter: char) -> Option<(&FontRef<'static>, GlyphId)> {
        let find = |letter: char| self.faces.iter().find_map(|face| Some((face, face.charmap().map(letter)?)));
        find(letter).or_else(|| find('?'))
    }
}

fn advance(face: &FontRef<'_>, glyph: GlyphId, font_px: f64) -> f64 {
    let metrics = face.glyph_metrics(Size::new(font_px as f32), LocationRef::default());
    f64::from(metrics.advance_width(glyph).unwrap_or(0.0))
}

/// A glyph's outline as straight edges on the canvas.
struct Outline {
    origin: [f64; 2],
    start: [f64; 2],
    at: [f64; 2],
    edges: Vec<[[f64; 2]; 2]>,
}

impl Outline {
    fn new(origin: [f64; 2]) -> Self {
        Self { origin, start: origin, at: origin, edges: Vec::new() }
    }

    /// Font space has y up.
    fn place(&self, x: f32, y: f32) -> [f64; 2] {
        [self.origin[0] + f64::from(x), self.origin[1] - f64::from(y)]
    }

    fn edge_to(&mut self, to: [f64; 2]) {
        self.edges.push([self.at, to]);
        self.at = to;
    }

    /// Straight pieces along a curve given at shares of its way.
    fn curve(&mut self, point_at: impl Fn(f64) -> [f64; 2]) {
        const N_PIECES: u32 = 6;
        for i in 1..=N_PIECES {
            self.edge_to(point_at(f64::from(i) / f64::from(N_PIECES)));
        }
    }
}

impl OutlinePen for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.at = self.place(x, y);
        self.start = self.at;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.edge_to(self.place(x, y));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        let (from, control, to) = (self.at, self.place(cx0, cy0), self.place(x, y));
        self.curve(|t| mix(mix(from, control, t), mix(control, to, t), t));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (from, first, second, to) = (self.at, self.place(cx0, cy0), self.place(cx1, cy1), self.place(x, y));
        self.curve(|t| {
            let middle = mix(first, second, t);
            mix(mix(mix(from, first, t), middle, t), mix(middle, mix(second, to, t), t), t)
        });
    }

    fn close(&mut self) {
        self.edge_to(self.start);
    }
}

fn mix(from: [f64; 2], to: [f64; 2], share: f64) -> [f64; 2] {
    [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
}

/// Fills by the nonzero winding rule.
fn fill(canvas: &mut Canvas, edges: &[[[f64; 2]; 2]], color: Color) {
    let xs = || edges.iter().flatten().map(|point| point[0]);
    let ys = || edges.iter().flatten().map(|point| point[1]);
    let left = xs().fold(f64::INFINITY, f64::min).floor();
    let right = xs().fold(f64::NEG_INFINITY, f64::max).ceil();
    let top = ys().fold(f64::INFINITY, f64::min).floor();
    let bottom = ys().fold(f64::NEG_INFINITY, f64::max).ceil();
    if !(right > left && bottom > top) {
        return;
    }
    for y in top as i64..bottom as i64 {
        let mut coverage = vec![0.0_f64; (right - left) as usize];
        for subrow in 0..N_SUBROWS {
            let scan_y = y as f64 + (subrow as f64 + 0.5) / N_SUBROWS as f64;
            for [from, to] in spans(edges, scan_y) {
                cover(&mut coverage, from - left, to - left);
            }
        }
        for (x, covered) in (left as i64..).zip(coverage) {
            if covered > 0.0 {
                // A light face on dark ground needs a little more ink than its outline has.
                let ink = (covered / N_SUBROWS as f64).min(1.0).powf(0.75);
                canvas.blend(x, y, color, ink as f32);
            }
        }
    }
}

/// What of one scan line lies inside.
fn spans(edges: &[[[f64; 2]; 2]], y: f64) -> Vec<[f64; 2]> {
    let mut crossings: Vec<(f64, i32)> = edges
        .iter()
        .filter(|[from, to]| (from[1] <= y) != (to[1] <= y))
        .map(|[from, to]| {
            let x = from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0]);
            (x, if from[1] < to[1] { 1 } else { -1 })
        })
        .collect();
    crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut winding = 0;
    let mut opened = 0.0;
    let mut spans = Vec::new();
    for (x, direction) in crossings {
        let was_inside = winding != 0;
        winding += direction;
        match (was_inside, winding != 0) {
            (false, true) => opened = x,
            (true, false) => spans.push([opened, x]),
            _ => {}
        }
    }
    spans
}

/// Adds to each cell the share of it that lies between `from` and `to`.
fn cover(coverage: &mut [f64], from: f64, to: f64) {
    let first = from.floor().max(0.0) as usize;
    for (i, cell) in coverage.iter_mut().enumerate().skip(first) {
        let cell_left = i as f64;
        if cell_left >= to {
            break;
        }
        *cell += (to.min(cell_left + 1.0) - from.max(cell_left)).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_fills_about_its_own_area() {
        let face = Typeface::shipped().unwrap();
        let mut canvas = Canvas::new(60, 60, [0; 3]);
        face.draw(&mut canvas, "l", [20.0, 50.0], 50.0, [255; 3]);
        let ink: f64 = canvas.pixels().iter().map(|pixel| f64::from(pixel[0]) / 255.0).sum();
        assert!((60.0..400.0).contains(&ink), "{ink}");
        assert!(face.width("mm", 20.0) > face.width("ll", 20.0));
    }

    #[test]
    fn text_wraps_at_blanks_and_unknown_letters_become_question_marks() {
        let face = Typeface::shipped().unwrap();
        let lines = face.wrap("one two three four", 10.0, face.width("one two", 10.0) + 1.0);
        assert_eq!(lines, ["one two", "three", "four"]);
        assert_eq!(face.width("\u{10FFFD}", 10.0), face.width("?", 10.0));
    }
}
