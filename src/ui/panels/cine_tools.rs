//! The film's controls in the row above the picture: play, the rate, and which way.

use egui::{Button, Response, RichText, Role, Slider, Ui, WidgetInfo};

use crate::ui::cine::{self, RATES};
use crate::ui::context::UiContext;
use crate::ui::keys::cine_key;
use crate::ui::shortcuts::{CineKey, KeyCommand, hint};
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::Shown;

pub fn cine_tools_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, shown: &Shown<'_>) {
    let Some(rate) = cine::rate(context, view).filter(|_| shown.series.stack.len() > 1) else { return };
    let is_playing = cine::state(context, view, shown.pane).is_some();
    let words = "Play as a film";
    let tip = hint(ui.ctx(), words, KeyCommand::Cine(CineKey::Play));
    let sign = if is_playing { "■" } else { "▶" };
    let response = ui.add(Button::new(RichText::new(sign).small()).selected(is_playing)).on_hover_text(tip);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_playing, words));
    if response.clicked() {
        cine_key(ui.ctx(), context, view, CineKey::Play);
    }
    let response: Response = ui
        .menu_button(RichText::new(format!("{rate:.0}/s")).small(), |ui| rate_ui(ui, context, view, shown, rate))
        .response
        .on_hover_text("Rate of the film, and which way");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Film: {rate:.0} images a second")));
}

fn rate_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, shown: &Shown<'_>, rate: f64) {
    ui.set_min_width(230.0);
    ui.label("Images a second");
    let mut wanted = rate;
    let response = ui.add(Slider::new(&mut wanted, RATES).fixed_decimals(0).step_by(1.0));
    response.widget_info(|| WidgetInfo::slider(true, rate, "Images a second"));
    if response.changed() {
        cine::set_rate(context, view, wanted);
    }
    let said = cine::rate_of(shown.series);
    let label = match shown.instance.acquisition.frame_rate_hz {
        Some(_) => format!("As the file says: {said:.0}"),
        None => format!("The file says nothing: {said:.0}"),
    };
    if ui.button(label).clicked() {
        cine::set_rate(context, view, said);
    }
    ui.separator();
    let bounces = &mut view.transient.panes.cine.bounces;
    ui.radio_value(bounces, false, "Round and round");
    ui.radio_value(bounces, true, "There and back");
}
