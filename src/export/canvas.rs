//! A color picture in memory, and the few strokes an export draws on it.

use crate::imaging::overlay;

/// sRGB.
pub type Color = [u8; 3];

pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Color>,
}

/// State of a finding as a line, the same on screen and on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStyle {
    Solid,
    Dashed,
    Dotted,
    DashDot,
}

#[derive(Clone, Copy, Debug)]
pub struct Pen {
    pub style: LineStyle,
    pub width: f64,
    pub color: Color,
    /// 0 to 1.
    pub opacity: f32,
}

impl LineStyle {
    /// Lengths drawn and left out by turns, in line widths; nothing for solid.
    fn pattern(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[5.0, 3.5],
            Self::Dotted => &[1.0, 2.0],
            Self::DashDot => &[6.0, 2.5, 1.0, 2.5],
        }
    }

    /// Whether the line is drawn `along` line widths after its start.
    fn is_on(self, along: f64) -> bool {
        let pattern = self.pattern();
        let period: f64 = pattern.iter().sum();
        if period <= 0.0 {
            return true;
        }
        let mut left = along.rem_euclid(period);
        for (i, length) in pattern.iter().enumerate() {
            if left < *length {
                return i % 2 == 0;
            }
            left -= length;
        }
        false
    }
}

impl Canvas {
    pub fn new(width: usize, height: usize, color: Color) -> Self {
        Self { width, height, pixels: vec![color; width * height] }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn pixels(&self) -> &[Color] {
        &self.pixels
    }

    pub fn pixel_mut(&mut self, x: usize, y: usize) -> Option<&mut Color> {
        if x >= self.width {
            return None;
        }
        self.pixels.get_mut(y * self.width + x)
    }

    /// Lays `color` over one pixel; off the canvas nothing happens.
    pub fn blend(&mut self, x: i64, y: i64, color: Color, alpha: f32) {
        if alpha <= 0.0 {
            return;
        }
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if let Some(pixel) = self.pixel_mut(x, y) {
            let blended = overlay::blend(overlay::unit_color(*pixel), overlay::unit_color(color), alpha);
            *pixel = overlay::byte_color(blended);
        }
    }

    /// Copies a picture of `cols` columns so that its first pixel lies at `x, y`.
    pub fn paste(&mut self, picture: &[Color], cols: usize, x: usize, y: usize) {
        for (row, colors) in picture.chunks_exact(cols.max(1)).enumerate() {
            for (col, color) in colors.iter().enumerate() {
                if let Some(pixel) = self.pixel_mut(x + col, y + row) {
                    *pixel = *color;
                }
            }
        }
    }

    /// Fills the pixels whose centres lie in the rectangle.
    pub fn fill(&mut self, [x0, y0]: [f64; 2], [x1, y1]: [f64; 2], color: Color, alpha: f32) {
        for y in y0.round() as i64..y1.round() as i64 {
            for x in x0.round() as i64..x1.round() as i64 {
                self.blend(x, y, color, alpha);
            }
        }
    }

    /// Draws a line through the points, in pixel-edge coordinates; the pattern runs on around corners.
    pub fn stroke(&mut self, points: &[[f64; 2]], pen: Pen) {
        let mut along = 0.0;
        for pair in points.windows(2) {
            if let [from, to] = pair {
                self.stroke_piece(*from, *to, along, pen);
                along += distance(*from, *to);
            }
        }
    }

    /// The line on a dark rim, for contrast on bright pictures.
    pub fn stroke_with_rim(&mut self, points: &[[f64; 2]], pen: Pen) {
        self.stroke(
            points,
            Pen {
                style: LineStyle::Solid,
                width: pen.width + (pen.width * 0.6).max(2.0),
                color: [0; 3],
                opacity: 0.45,
            },
        );
        self.stroke(points, pen);
    }

    fn stroke_piece(&mut self, from: [f64; 2], to: [f64; 2], along: f64, pen: Pen) {
        let length = distance(from, to);
        if length <= 0.0 || pen.width <= 0.0 {
            return;
        }
        let (dir_x, dir_y) = ((to[0] - from[0]) / length, (to[1] - from[1]) / length);
        let half = pen.width / 2.0;
        let reach = half + 1.0;
        let min = |i: usize| (from[i].min(to[i]) - reach).floor() as i64;
        let max = |i: usize| (from[i].max(to[i]) + reach).ceil() as i64;
        let limit = |value: i64, size: usize| value.clamp(0, i64::try_from(size).unwrap_or(i64::MAX));
        for y in limit(min(1), self.height)..limit(max(1), self.height) {
            for x in limit(min(0), self.width)..limit(max(0), self.width) {
                let (px, py) = (x as f64 + 0.5 - from[0], y as f64 + 0.5 - from[1]);
                let on_line = px * dir_x + py * dir_y;
                let across = (px * dir_y - py * dir_x).abs();
                let beyond = (-on_line).max(on_line - length).max(0.0);
                // Square ends of half a width close the corners of a box.
                let coverage = (half + 0.5 - across).clamp(0.0, 1.0) * (half + 0.5 - beyond).clamp(0.0, 1.0);
                if coverage > 0.0 && pen.style.is_on((along + on_line.clamp(0.0, length)) / pen.width) {
                    self.blend(x, y, pen.color, coverage as f32 * pen.opacity);
                }
            }
        }
    }
}

fn distance(from: [f64; 2], to: [f64; 2]) -> f64 {
    (to[0] - from[0]).hypot(to[1] - from[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(style: LineStyle) -> usize {
        let mut canvas = Canvas::new(100, 5, [0; 3]);
        canvas.stroke(&[[0.0, 2.5], [100.0, 2.5]], Pen { style, width: 1.0, color: [255; 3], opacity: 1.0 });
        canvas.pixels()[200..300].iter().filter(|pixel| pixel[0] > 0).count()
    }

    #[test]
    fn line_styles_differ_in_how_much_is_drawn() {
        assert_eq!(drawn(LineStyle::Solid), 100);
        assert!((55..65).contains(&drawn(LineStyle::Dashed)));
        assert!((30..40).contains(&drawn(LineStyle::Dotted)));
        assert!((52..65).contains(&drawn(LineStyle::DashDot)));
    }

    #[test]
    fn strokes_and_fills_off_the_canvas_do_no_harm() {
        let mut canvas = Canvas::new(4, 4, [0; 3]);
        let pen = Pen { style: LineStyle::Solid, width: 2.0, color: [9; 3], opacity: 1.0 };
        canvas.stroke(&[[-1e6, -1e6], [1e6, 2.0], [f64::NAN, 0.0]], pen);
        canvas.fill([-5.0, -5.0], [99.0, 2.0], [255; 3], 1.0);
        assert_eq!(canvas.pixels()[0], [255; 3]);
        canvas.paste(&[[1; 3]; 4], 2, 3, 3);
        assert_eq!(canvas.pixels()[15], [1; 3]);
    }
}
