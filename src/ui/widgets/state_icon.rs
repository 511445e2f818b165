//! The icon and the line sample of a finding's state.

use egui::{Painter, Pos2, Response, Sense, Stroke, Ui, pos2, vec2};

use crate::ui::widgets::line_style::{MarkState, styled_path};

/// A drawn icon of about one line's height.
pub fn state_icon(ui: &mut Ui, state: MarkState) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
    paint_icon(ui.painter(), rect.center(), 6.0, state);
    response.on_hover_text(state.word())
}

/// A short piece of the line that marks the finding on the image.
pub fn line_sample(ui: &mut Ui, state: MarkState, stroke: Stroke) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(30.0, 12.0), Sense::hover());
    let y = rect.center().y;
    styled_path(ui.painter(), &[pos2(rect.left(), y), pos2(rect.right(), y)], stroke, state);
    response
}

pub fn paint_icon(painter: &Painter, center: Pos2, radius: f32, state: MarkState) {
    let stroke = Stroke::new(1.5, state.color());
    let at = |x: f32, y: f32| center + vec2(x, y) * radius;
    painter.circle_stroke(center, radius, stroke);
    match state {
        MarkState::Unreviewed => {}
        MarkState::Accepted => {
            painter.line(vec![at(-0.45, 0.0), at(-0.1, 0.4), at(0.5, -0.4)], stroke);
        }
        // A pencil: the model's result, by the reader's hand.
        MarkState::Modified => {
            painter.line(vec![at(-0.5, 0.55), at(-0.4, 0.2), at(0.3, -0.5), at(0.55, -0.25), at(-0.15, 0.45)], stroke);
            painter.line_segment([at(-0.15, 0.45), at(-0.5, 0.55)], stroke);
        }
        MarkState::Rejected => {
            painter.line_segment([at(-0.7, 0.7), at(0.7, -0.7)], stroke);
        }
        MarkState::Uncertain => {
            let curve = [at(-0.3, -0.35), at(0.0, -0.55), at(0.3, -0.35), at(0.0, 0.0), at(0.0, 0.2)];
            painter.line(curve.to_vec(), stroke);
            painter.circle_filled(at(0.0, 0.55), 1.0, stroke.color);
        }
        MarkState::NotAssessable => {
            painter.line_segment([at(-0.5, 0.0), at(0.5, 0.0)], stroke);
        }
        MarkState::Added => {
            painter.line_segment([at(-0.5, 0.0), at(0.5, 0.0)], stroke);
            painter.line_segment([at(0.0, -0.5), at(0.0, 0.5)], stroke);
        }
    }
}
