//! Text on a picture: bright, with a dark outline, readable on air and on bone.

use std::sync::Arc;

use egui::{Align2, Color32, FontId, Galley, Painter, Pos2, Rect, Vec2, vec2};

use crate::ui::theme::{faded, theme};

/// Four are enough around strokes of one or two pixels, and half of what eight would cost.
const OUTLINE: [Vec2; 4] = [vec2(-0.9, -0.9), vec2(0.9, -0.9), vec2(-0.9, 0.9), vec2(0.9, 0.9)];

/// The same on a dark plate: for text that often lies on bright tissue.
pub fn plated_text(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    color: impl Into<Color32>,
) -> Rect {
    let Some((galley, rect)) = laid_out(painter, at, anchor, text, font, color.into()) else {
        return Rect::from_min_size(at, vec2(0.0, 0.0));
    };
    painter.rect_filled(rect.expand2(vec2(5.0, 1.0)), 3.0, faded(theme().text.outline, 0.6));
    painter.galley(rect.min, galley, Color32::PLACEHOLDER);
    rect
}

/// Draws `text` with its `anchor` at `at` and returns where it stands.
pub fn outlined_text(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    color: impl Into<Color32>,
) -> Rect {
    let Some((galley, rect)) = laid_out(painter, at, anchor, text, font, color.into()) else {
        return Rect::from_min_size(at, vec2(0.0, 0.0));
    };
    paint_outlined(painter, rect.min, galley);
    rect
}

/// Draws laid-out text with its outline.
pub fn paint_outlined(painter: &Painter, at: Pos2, galley: Arc<Galley>) {
    let outline = theme().text.outline.into();
    for offset in OUTLINE {
        painter.galley_with_override_text_color(at + offset, Arc::clone(&galley), outline);
    }
    painter.galley(at, galley, Color32::PLACEHOLDER);
}

/// The text and the place its anchor gives it; `None` where there is nothing to draw.
fn laid_out(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    color: Color32,
) -> Option<(Arc<Galley>, Rect)> {
    if text.is_empty() {
        return None;
    }
    let galley = painter.layout_no_wrap(text.to_owned(), font, color);
    let rect = anchor.anchor_size(at, galley.size());
    Some((galley, rect))
}
