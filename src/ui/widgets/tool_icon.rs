//! The icons of the tools, drawn with the strokes that the tools draw.

use egui::{Color32, Painter, Pos2, Stroke, StrokeKind, Vec2, vec2};

use crate::ui::tools::Tool;

/// Draws a tool's icon within a square of twice `radius` about `center`.
pub fn paint_tool(painter: &Painter, center: Pos2, radius: f32, tool: Tool, color: Color32) {
    let stroke = Stroke::new(1.4, color);
    let at = |x: f32, y: f32| center + vec2(x, y) * radius;
    let line = |points: &[(f32, f32)]| {
        painter.line(points.iter().map(|(x, y)| at(*x, *y)).collect(), stroke);
    };
    let dot = |x: f32, y: f32| {
        painter.circle_filled(at(x, y), 1.7, color);
    };
    match tool {
        Tool::Probe => {
            painter.circle_stroke(center, radius * 0.42, stroke);
            for (from, to) in [((0.0, -1.0), (0.0, -0.42)), ((0.0, 0.42), (0.0, 1.0))] {
                line(&[from, to]);
                line(&[(from.1, from.0), (to.1, to.0)]);
            }
        }
        Tool::Length => {
            line(&[(-0.8, 0.6), (0.8, -0.6)]);
            line(&[(-1.0, 0.3), (-0.6, 0.9)]);
            line(&[(0.6, -0.9), (1.0, -0.3)]);
        }
        Tool::Bidirectional => {
            line(&[(-0.9, 0.7), (0.9, -0.7)]);
            line(&[(-0.4, -0.5), (0.4, 0.5)]);
        }
        Tool::Angle => {
            line(&[(0.7, -0.8), (-0.8, 0.7), (0.9, 0.7)]);
            line(&[(-0.1, -0.0), (0.12, 0.3), (0.15, 0.7)]);
        }
        Tool::Cobb => {
            line(&[(-0.9, -0.35), (0.8, -0.85)]);
            line(&[(-0.9, 0.35), (0.8, 0.85)]);
            dot(-0.05, -0.6);
            dot(-0.05, 0.6);
        }
        Tool::Rectangle => {
            let rect = egui::Rect::from_center_size(center, Vec2::new(1.8, 1.4) * radius);
            painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Middle);
        }
        Tool::Ellipse => {
            painter.add(egui::Shape::ellipse_stroke(center, vec2(0.95, 0.7) * radius, stroke));
        }
        Tool::Freehand => line(&[
            (-0.2, 0.8),
            (-0.8, 0.5),
            (-0.9, -0.2),
            (-0.4, -0.8),
            (0.1, -0.5),
            (0.6, -0.8),
            (0.95, -0.2),
            (0.7, 0.4),
            (0.2, 0.4),
            (-0.2, 0.8),
        ]),
        Tool::Arrow => {
            line(&[(0.9, -0.8), (-0.8, 0.7)]);
            line(&[(-0.75, 0.0), (-0.8, 0.7), (-0.1, 0.7)]);
        }
        Tool::Text => {
            line(&[(-0.7, -0.75), (0.7, -0.75)]);
            line(&[(0.0, -0.75), (0.0, 0.85)]);
            line(&[(-0.25, 0.85), (0.25, 0.85)]);
        }
    }
}
