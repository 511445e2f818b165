//! Orientation letters at the four edges and the centimeter ruler.

use egui::{Align2, FontId, Painter, Rect, Stroke, pos2};

use crate::domain::geometry::SpacingKind;
use crate::imaging::orientation::{EdgeLetters, ViewOrientation, letters};
use crate::ui::preferences::LetterEdges;
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
pub fn letters_ui(painter: &Painter, area: Rect, top_edge: f32, letters: &EdgeLetters, edges: LetterEdges) {
    let EdgeLetters { left, right, top, bottom } = letters;
    let area = area.shrink(8.0);
    let font = FontId::proportional(17.0);
    let color = theme().text.strong;
    let center = area.center();
    let places = [
        (left, pos2(area.left(), center.y), Align2::LEFT_CENTER),
        (top, pos2(center.x, top_edge + 2.0), Align2::CENTER_TOP),
        (right, pos2(area.right(), center.y), Align2::RIGHT_CENTER),
        (bottom, pos2(center.x, area.bottom()), Align2::CENTER_BOTTOM),
    ];
    let n_edges = match edges {
        LetterEdges::All => 4,
        LetterEdges::Two => 2,
    };
    for (text, at, anchor) in places.into_iter().take(n_edges) {
        plated_text(painter, at, anchor, text, font.clone(), color);
    }
}

/// A ruler at the left edge, as long as fits into the middle of the viewport; in pixels where millimeters are not known.
pub fn ruler_ui(painter: &Painter, canvas: &Canvas, shown: &Shown<'_>) {
    let spacing = shown.spacing;
    let unit = if spacing.is_measurable() { RulerUnit::Millimeters } else { RulerUnit::Pixels };
    let units_per_pixel = if spacing.is_measurable() { spacing.col_mm } else { 1.0 };
    let points_per_unit = canvas.view.zoom / units_per_pixel / canvas.pixels_per_point;
    let room = f64::from(canvas.rect.height()) * 0.3;
    let Some(ruler) = Ruler::fitting(room, points_per_unit, unit) else { return };
    let length = (ruler.length * points_per_unit) as f32;
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
        SpacingKind::User => " (User)",
        _ => "",
    };
    let text = format!("{}{of_what}", ruler.words());
    let font = FontId::proportional(11.5);
    outlined_text(painter, pos2(x, top + length + 4.0), Align2::CENTER_TOP, &text, font, theme().text.on_picture);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RulerUnit {
    Millimeters,
    Pixels,
}

struct Ruler {
    /// In its unit.
    length: f64,
    n_ticks: u16,
    unit: RulerUnit,
}

impl Ruler {
    /// The longest round length within `room` points.
    fn fitting(room: f64, points_per_unit: f64, unit: RulerUnit) -> Option<Self> {
        const LENGTHS: [(f64, u16); 12] = [
            (2000.0, 20),
            (1000.0, 10),
            (500.0, 5),
            (200.0, 20),
            (100.0, 10),
            (50.0, 5),
            (20.0, 10),
            (10.0, 10),
            (5.0, 5),
            (2.0, 4),
            (1.0, 10),
            (0.5, 5),
        ];
        let least = if unit == RulerUnit::Pixels { 5.0 } else { 0.5 };
        let most = if unit == RulerUnit::Pixels { 2000.0 } else { 200.0 };
        let fits = |(length, _): &&(f64, u16)| *length <= most && *length >= least && *length * points_per_unit <= room;
        let (length, n_ticks) = *LENGTHS.iter().find(fits)?;
        (length * points_per_unit >= 16.0).then_some(Self { length, n_ticks, unit })
    }

    fn words(&self) -> String {
        match self.unit {
            RulerUnit::Pixels => format!("{} px", number(self.length)),
            RulerUnit::Millimeters if self.length >= 10.0 => format!("{} cm", number(self.length / 10.0)),
            RulerUnit::Millimeters => format!("{} mm", number(self.length)),
        }
    }
}
