//! The whole screen: bars around, series on the left, picture in the middle, findings on the right.

use egui::Ui;

use crate::ui::action::Action;
use crate::ui::context::UiContext;
use crate::ui::view_state::ViewState;

/// Draws one pass and collects what the reader asked for.
pub fn screen_ui(ui: &mut Ui, context: &UiContext<'_>, _view: &mut ViewState, _actions: &mut Vec<Action>) {
    ui.label(context.app.version);
}
