//! The bar at the side that shows and moves the place in the stack, with ticks where findings are.

use std::collections::BTreeSet;

use egui::{Rect, Response, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::domain::finding::Subject;
use crate::review::session::ReviewSession;
use crate::ui::theme::{faded, theme};
use crate::ui::viewport::marks::family_color;
use crate::ui::viewport::shown::Shown;

pub const WIDTH: f32 = 14.0;

/// Draws the bar; returns the image the reader moved to.
pub fn stack_bar_ui(
    ui: &mut Ui,
    rect: Rect,
    shown: &Shown<'_>,
    session: Option<&ReviewSession>,
    keys: &BTreeSet<Subject>,
) -> Option<usize> {
    let n_images = shown.series.stack.len();
    if n_images < 2 {
        return None;
    }
    let response = ui.interact(rect, ui.scope_id().with(("stack bar", shown.pane)), Sense::click_and_drag());
    response.widget_info(|| {
        WidgetInfo::slider(true, (shown.look.stack_index + 1) as f64, format!("Image in stack {}", shown.pane + 1))
    });
    let track = rect.shrink2(vec2(4.0, 8.0));
    let painter = ui.painter_at(rect);
    painter.rect_filled(track, 3.0, faded(theme().surface.raised, 0.9));
    for review in session.map_or(&[][..], ReviewSession::findings) {
        let finding = &review.finding;
        let place = (0..n_images).find(|index| {
            shown
                .series
                .image(*index)
                .is_some_and(|(instance, frame)| instance.sop == finding.subject.sop && frame == finding.subject.frame)
        });
        if let Some(index) = place.filter(|_| finding.is_flagged()) {
            let y = place_of(index, n_images, track);
            painter.hline(rect.x_range(), y, Stroke::new(2.0, family_color(finding)));
        }
    }
    for index in (0..n_images).filter(|_| !keys.is_empty()) {
        let is_key = shown
            .series
            .image(index)
            .is_some_and(|(instance, frame)| keys.iter().any(|key| key.sop == instance.sop && key.frame == frame));
        if is_key {
            let y = place_of(index, n_images, track);
            painter.circle_filled(pos2(track.center().x, y), 3.0, theme().marks.reader);
        }
    }
    let height = (track.height() / n_images as f32).max(14.0);
    let y = place_of(shown.look.stack_index, n_images, track);
    let handle = Rect::from_center_size(pos2(track.center().x, y), vec2(track.width() + 2.0, height));
    let is_active = response.hovered() || response.dragged();
    let color = if is_active { theme().accent.focus } else { theme().text.weak };
    painter.rect_filled(handle, 3.0, color);
    moved_to(&response, n_images, track)
        .or_else(|| stepped(ui, &response, shown.look.stack_index, n_images))
        .filter(|index| *index != shown.look.stack_index)
}

fn place_of(index: usize, n_images: usize, track: Rect) -> f32 {
    let share = index as f32 / (n_images - 1).max(1) as f32;
    track.top() + 6.0 + share * (track.height() - 12.0)
}

fn moved_to(response: &Response, n_images: usize, track: Rect) -> Option<usize> {
    let pos = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked())?;
    let share = ((pos.y - track.top() - 6.0) / (track.height() - 12.0)).clamp(0.0, 1.0);
    Some((share * (n_images - 1) as f32).round() as usize)
}

/// A screen reader's increment and decrement.
fn stepped(ui: &Ui, response: &Response, index: usize, n_images: usize) -> Option<usize> {
    use egui::accesskit::Action;
    let n = |action| ui.input(|input| input.num_accesskit_action_requests(response.id, action));
    let (up, down) = (n(Action::Increment), n(Action::Decrement));
    (up + down > 0).then(|| (index + up).saturating_sub(down).min(n_images - 1))
}
