//! The command palette: everything by name. A few letters, then Enter.

use egui::{Button, Key, Modifiers, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};

use crate::ui::action::Action;
use crate::ui::commands::{self, Entry};
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Stay, modal};
use crate::ui::shortcuts::chord_words;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;

const WIDTH: f32 = 620.0;
const HEIGHT: f32 = 420.0;

/// The open palette.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PaletteDraft {
    pub query: String,
    /// Place among the found.
    pub chosen: usize,
}

pub(in crate::ui::dialogs) fn palette_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    draft: &mut PaletteDraft,
) -> Stay {
    let found = commands::found(commands::entries(context, view), &draft.query, &view.recent_commands);
    let (moved, is_entered) = ui.ctx().input_mut(|input| {
        let n = |key| input.events.iter().filter(|event| is_press(event, key)).count();
        let moved = (n(Key::ArrowDown), n(Key::ArrowUp));
        let is_entered = input.consume_key(Modifiers::NONE, Key::Enter);
        (moved, is_entered)
    });
    draft.chosen = (draft.chosen + moved.0).saturating_sub(moved.1).min(found.len().saturating_sub(1));
    let mut asked = is_entered.then_some(draft.chosen);
    let stay = modal(ui, "Commands", WIDTH, |ui| {
        let edit = TextEdit::singleline(&mut draft.query).hint_text("What do you want to do?");
        let response = ui.add(edit.desired_width(f32::INFINITY));
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Find a command"));
        if response.changed() {
            draft.chosen = 0;
        }
        response.request_focus();
        ui.add_space(6.0);
        let height = HEIGHT.min(ui.ctx().content_rect().height() - 170.0);
        let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false);
        area.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for (index, entry) in found.iter().enumerate() {
                if row_ui(ui, entry, index == draft.chosen, moved != (0, 0)) {
                    asked = Some(index);
                }
            }
            if found.is_empty() {
                ui.label(RichText::new("Nothing is called so").color(theme().text.weak));
            }
        });
        Stay::Open
    });
    let Some(entry) = asked.and_then(|index| found.into_iter().nth(index)) else { return stay };
    commands::run(ui.ctx(), context, view, actions, entry);
    Stay::Closed
}

/// Whether the row was clicked.
fn row_ui(ui: &mut Ui, entry: &Entry, is_chosen: bool, has_moved: bool) -> bool {
    let key = entry.chord.map_or_else(String::new, |chord| chord_words(ui.ctx(), &chord));
    let right = [entry.group, key.as_str()].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
    let button = Button::selectable(is_chosen, &entry.words).shortcut_text(right.join("   "));
    let response = ui.add(button.min_size(vec2(ui.available_width(), 25.0)));
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, is_chosen, &entry.words));
    if is_chosen && has_moved {
        response.scroll_to_me(None);
    }
    response.clicked()
}

fn is_press(event: &egui::Event, wanted: Key) -> bool {
    matches!(event, egui::Event::Key { key, pressed: true, .. } if *key == wanted)
}
