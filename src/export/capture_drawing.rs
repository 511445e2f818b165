//! What readers drew, on an exported picture: the lines and values of the record, at their place.

use crate::domain::annotation::Annotation;
use crate::export::canvas::{Canvas, LineStyle, Pen};
use crate::export::capture_picture::{READER_COLOR, plate};
use crate::export::typeface::Typeface;
use crate::imaging::measure::{scale, strokes, words};

/// Draws an annotation of this very image. `scale` is the width of a line, `font_px` the size of the values.
pub fn draw(canvas: &mut Canvas, annotation: &Annotation, line_scale: f64, font_px: f64, face: &Typeface) {
    let shape = &annotation.shape;
    let is_in_pixels = !scale::is_calibrated(annotation.calibration);
    let is_size =
        annotation.measurements.iter().any(|found| matches!(found.id.as_str(), "length" | "long_axis" | "area"));
    let style = if is_in_pixels && is_size { LineStyle::Dashed } else { LineStyle::Solid };
    let pen = Pen { style, width: (1.6 * line_scale).max(1.5), color: READER_COLOR, opacity: 1.0 };
    // Pixel-center to pixel-edge coordinates
    let edge = |[col, row]: [f64; 2]| [col + 0.5, row + 0.5];
    for line in strokes::strokes(shape) {
        let line: Vec<[f64; 2]> = line.into_iter().map(edge).collect();
        canvas.stroke_with_rim(&line, pen);
    }
    let [[x0, y0], [x1, y1]] = shape.bounds();
    let beside = edge([x1, f64::midpoint(y0, y1)]);
    let [x, y] = match annotation.label_offset {
        Some([dx, dy]) => edge([shape.anchor()[0] + dx, shape.anchor()[1] + dy]),
        None if x0 == x1 && y0 == y1 => [beside[0] + font_px * 0.5, beside[1]],
        None => [beside[0] + font_px * 0.7, beside[1]],
    };
    let lines = words::lines(annotation);
    let top = y - font_px * 0.65 * (lines.len() as f64 - 1.0);
    for (index, line) in lines.iter().enumerate() {
        let baseline = top + font_px * 1.3 * index as f64 + font_px * 0.35;
        plate(canvas, line, [x, baseline], font_px, READER_COLOR, face);
    }
}
