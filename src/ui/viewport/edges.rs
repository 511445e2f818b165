//! Orientation letters at the four edges and the centimeter ruler.

use egui::{Align2, FontId, Painter, Rect, Stroke, pos2};

use crate::domain::geometry::SpacingKind;
use crate::imaging::orientation::{EdgeLetters, ViewOrientation, letters};
use crate::ui::theme::{faded, theme};
use crate::ui::viewport::shown::{Canvas, Shown};
use crate::ui::widgets::outlined_text::{outlined_text, plated_text};
use crate::ui::words::number;

/// The letters of the picture as it is turned now; `None` when its file says nothing.
pub fn edge_letters(canvas: &Canvas, shown: &Shown<'_>) -> Option<EdgeLetters> {
    let turned = ViewOrientation { rotation_quarter_turns: canvas.view.quarter_turns, flip_h: canvas.view.flip_h };
    letters(shown.instance, shown.frame_idx, &turned)
}

/// `top` is where the strip along the top ends.
pub fn letters_ui(painter: &Painter, area: Rect, top_edge: f32, letters: &EdgeLetters) {
    let EdgeLetters { left, right, top, bottom } = letters;
    let area = area.shrink(8.0);
    let font = FontId::proportional(17.0);
    let color = theme().text.strong;
    let center = area.center();
    let places = [
        (left, pos2(area.left(), center.y), Align2::LEFT_CENTER),
        (right, pos2(area.right(), center.y), Align2::RIGHT_CENTER),
        (top, pos2(center.x, top_edge + 2.0), Align2::CENTER_TOP),
        (bottom, pos2(center.x, area.bottom()), Align2::CENTER_BOTTOM),
    ];
    for (text, at, anchor) in places {
        plated_text(painter, at, anchor, text, font.clone(), color);
    }
}

/// A ruler at the left edge, as long as fits into the middle of the viewport. None without a spacing.
pub fn ruler_ui(painter: &Painter, canvas: &Canvas, shown: &Shown<'_>) {
    let spacing = shown.instance.spacing_of(shown.frame_idx);
    if !spacing.is_measurable() {
        return;
    }
    let pixels_per_mm = canvas.view.zoom / spacing.col_mm / canvas.pixels_per_point;
    let room = f64::from(canvas.rect.height()) * 0.3;
    let Some(ruler) = Ruler::fitting(room, pixels_per_mm) else { return };
    let length = (ruler.length_mm * pixels_per_mm) as f32;
    let x = canvas.rect.left() + 34.0;
    let top = canvas.rect.center().y - length / 2.0;
    let shadow = Stroke::new(3.0, theme().text.outline);
    let stroke = Stroke::new(1.0, faded(theme().marks.ruler, 0.9));
    for stroke in [shadow, stroke] {
        painter.line_segment([pos2(x, top), pos2(x, top + length)], stroke);
        for tick in 0..=ruler.n_ticks {
            let y = top + length * tick as f32 / ruler.n_ticks as f32;
            let is_long = tick == 0 || tick == ruler.n_ticks || tick * 2 == ruler.n_ticks;
            painter.line_segment([pos2(x, y), pos2(x + if is_long { 8.0 } else { 5.0 }, y)], stroke);
        }
    }
    let of_what = match spacing.kind {
        SpacingKind::Projection => " (Proj)",
        SpacingKind::Magnified => " (ERMF)",
        _ => "",
    };
    let text = format!("{}{of_what}", ruler.words());
    let font = FontId::proportional(11.5);
    outlined_text(painter, pos2(x, top + length + 4.0), Align2::CENTER_TOP, &text, font, theme().text.on_picture);
}

struct Ruler {
    length_mm: f64,
    n_ticks: u16,
}

impl Ruler {
    /// The longest round length within `room` points.
    fn fitting(room: f64, points_per_mm: f64) -> Option<Self> {
        const LENGTHS_MM: [(f64, u16); 9] =
            [(200.0, 20), (100.0, 10), (50.0, 5), (20.0, 10), (10.0, 10), (5.0, 5), (2.0, 4), (1.0, 10), (0.5, 5)];
        let fits = |(length_mm, _): &&(f64, u16)| *length_mm * points_per_mm <= room;
        let (length_mm, n_ticks) = *LENGTHS_MM.iter().find(fits)?;
        (length_mm * points_per_mm >= 16.0).then_some(Self { length_mm, n_ticks })
    }

    fn words(&self) -> String {
        if self.length_mm >= 10.0 {
            format!("{} cm", number(self.length_mm / 10.0))
        } else {
            format!("{} mm", number(self.length_mm))
        }
    }
}
