//! A small plot of counts: bars from the lowest value to the highest, with both written under it.

use egui::{Align2, FontId, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::imaging::measure::region::Histogram;
use crate::imaging::measure::words::digits;
use crate::ui::theme::{faded, theme};

const HEIGHT: f32 = 44.0;
const WORDS: f32 = 14.0;

/// `ends` are the lowest and the highest value in words.
pub fn histogram_ui(ui: &mut Ui, histogram: &Histogram, ends: &[String; 2]) -> Response {
    let Histogram { low, high, counts } = histogram;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT + WORDS), Sense::hover());
    let [low_words, high_words] = ends.clone();
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Image, true, format!("Histogram from {low_words} to {high_words}"))
    });
    let plot = rect.with_max_y(rect.min.y + HEIGHT);
    let painter = ui.painter();
    painter.rect_filled(plot, 2.0, theme().surface.field);
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let width = plot.width() / counts.len().max(1) as f32;
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = plot.min.x + width * bin as f32;
        // Whatever is there is seen
        let height = ((plot.height() - 3.0) * *count as f32 / most).max(1.0);
        let bar = Rect::from_min_max(pos2(left, plot.max.y - height), pos2(left + (width - 0.5).max(0.5), plot.max.y));
        painter.rect_filled(bar, 0.0, faded(theme().marks.reader, 0.85));
    }
    let font = FontId::proportional(10.5);
    let color = theme().text.weak;
    painter.text(pos2(rect.min.x, rect.max.y), Align2::LEFT_BOTTOM, low_words, font.clone(), color.into());
    painter.text(pos2(rect.max.x, rect.max.y), Align2::RIGHT_BOTTOM, high_words, font, color.into());
    let pointed = response.hover_pos().filter(|at| plot.contains(*at)).map(|at| ((at.x - plot.min.x) / width) as usize);
    match pointed.and_then(|bin| Some((bin, *counts.get(bin)?))) {
        Some((bin, count)) => {
            let step = (high - low) / counts.len() as f64;
            let from = low + step * bin as f64;
            response.on_hover_text(format!("{} to {}: {count} px", digits(from), digits(from + step)))
        }
        None => response,
    }
}
