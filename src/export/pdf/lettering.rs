//! Letters on paper: which bundled face has them, how wide they are, where lines break.

use krilla::text::Font;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

use crate::imaging::typefaces;

struct Face {
    metrics: FontRef<'static>,
    font: Font,
}

/// The bundled faces in the order in which they are asked for a letter.
pub struct Lettering {
    faces: Vec<Face>,
}

/// A part of a text that one face draws.
pub struct Piece<'a> {
    pub text: &'a str,
    pub font: Font,
    /// From the start of the text, points.
    pub x: f32,
}

impl Lettering {
    pub fn bundled() -> Self {
        let all = [
            typefaces::DEJAVU_SANS,
            typefaces::NOTO_SANS_THAI,
            typefaces::DROID_SANS_FALLBACK,
            typefaces::NANUM_GOTHIC,
        ];
        let face = |bytes: &'static [u8]| {
            let metrics = FontRef::new(bytes).ok()?;
            Some(Face { metrics, font: Font::new(bytes.into(), 0)? })
        };
        Self { faces: all.into_iter().filter_map(face).collect() }
    }

    fn face(&self, letter: char) -> Option<(usize, &Face)> {
        let has = |face: &Face| face.metrics.charmap().map(letter).is_some();
        let found = self.faces.iter().position(has).unwrap_or(0);
        Some((found, self.faces.get(found)?))
    }

    fn advance(&self, letter: char, size: f32) -> f32 {
        let Some((_, face)) = self.face(letter) else { return 0.0 };
        // A letter no face has is drawn as the first face's box
        let glyph = face.metrics.charmap().map(letter).unwrap_or_default();
        face.metrics.glyph_metrics(Size::new(size), LocationRef::default()).advance_width(glyph).unwrap_or(0.0)
    }

    /// Points.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.advance(letter, size)).sum()
    }

    pub fn pieces<'a>(&self, text: &'a str, size: f32) -> Vec<Piece<'a>> {
        let mut pieces: Vec<(usize, usize, f32)> = Vec::new();
        let mut x = 0.0;
        let mut before = None;
        for (at, letter) in text.char_indices() {
            let face = self.face(letter).map_or(0, |(index, _)| index);
            if before != Some(face) {
                pieces.push((at, face, x));
                before = Some(face);
            }
            x += self.advance(letter, size);
        }
        let ends = pieces.iter().skip(1).map(|(at, ..)| *at).chain([text.len()]);
        let piece = |((start, face, x), end): (&(usize, usize, f32), usize)| {
            Some(Piece { text: text.get(*start..end)?, font: self.faces.get(*face)?.font.clone(), x: *x })
        };
        pieces.iter().zip(ends).filter_map(piece).collect()
    }

    /// Lines no wider than `width`: broken at blanks, and inside a word only where it fits no line.
    pub fn wrapped(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&joined, size) <= width {
                    line = joined;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.broken(word, size, width, &mut lines);
            }
            lines.push(line);
        }
        if lines.is_empty() { vec![String::new()] } else { lines }
    }

    /// Full lines of a long word go to `lines`; the rest is returned.
    fn broken(&self, word: &str, size: f32, width: f32, lines: &mut Vec<String>) -> String {
        let mut line = String::new();
        let mut used = 0.0;
        for letter in word.chars() {
            let advance = self.advance(letter, size);
            if used + advance > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push(letter);
            used += advance;
        }
        line
    }
}
