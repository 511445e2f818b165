//! What the reader may choose for good. Every change holds at once and is kept by `app`.

mod general;
mod key_capture;
mod key_table;
mod mouse;
mod picture;
mod reading;
mod worklist;

use egui::{RichText, Role, ScrollArea, Ui, WidgetInfo};

use crate::ui::action::{Action, AppAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::settings::key_capture::Capture;
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;

const WIDTH: f32 = 780.0;
/// Of a page, where the screen allows it: every page has the same.
const HEIGHT: f32 = 470.0;

/// The open dialog, until it is closed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsDraft {
    pub page: SettingsPage,
    /// Typed over the table of keys.
    pub search: String,
    /// Waiting for a key, or for what to do about the command that has it.
    pub capture: Option<Capture>,
    pub reader: Option<String>,
    /// A folder to watch, while it is being typed.
    pub folder: String,
}

impl SettingsDraft {
    pub fn at(page: SettingsPage) -> Self {
        Self { page, ..Self::default() }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SettingsPage {
    #[default]
    General,
    Reading,
    Worklist,
    Picture,
    Mouse,
    Keys,
}

impl SettingsPage {
    pub const ALL: [Self; 6] = [Self::General, Self::Reading, Self::Worklist, Self::Picture, Self::Mouse, Self::Keys];

    pub fn word(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Reading => "Reading",
            Self::Worklist => "Worklist",
            Self::Picture => "Picture",
            Self::Mouse => "Mouse",
            Self::Keys => "Keys",
        }
    }
}

pub(in crate::ui::dialogs) fn settings_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    actions: &mut Vec<Action>,
    draft: &mut SettingsDraft,
) -> Stay {
    let mut wanted = context.app.preferences.clone();
    // Before the dialog itself hears Escape.
    key_capture::take_key(ui.ctx(), &mut wanted, draft);
    let stay = modal(ui, "Settings", WIDTH, |ui| {
        pages_ui(ui, draft);
        ui.separator();
        let height = HEIGHT.min(ui.ctx().content_rect().height() - 190.0);
        match draft.page {
            SettingsPage::Keys => key_table::keys_ui(ui, &mut wanted, draft, height),
            page => {
                let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false);
                area.id_salt(page.word()).show(ui, |ui| match page {
                    SettingsPage::General => general::general_ui(ui, context, &mut wanted, draft, actions),
                    SettingsPage::Reading => reading::reading_ui(ui, context, &mut wanted, actions),
                    SettingsPage::Worklist => worklist::worklist_ui(ui, &mut wanted, draft),
                    SettingsPage::Picture => picture::picture_ui(ui, &mut wanted),
                    SettingsPage::Mouse | SettingsPage::Keys => mouse::mouse_ui(ui, &mut wanted),
                });
            }
        }
        ui.add_space(8.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    });
    if wanted != *context.app.preferences {
        actions.push(AppAction::Prefer(Box::new(wanted)).into());
    }
    stay
}

fn pages_ui(ui: &mut Ui, draft: &mut SettingsDraft) {
    ui.horizontal(|ui| {
        for page in SettingsPage::ALL {
            let is_open = draft.page == page;
            let response = ui.selectable_label(is_open, page.word());
            response.widget_info(|| {
                WidgetInfo::selected(Role::Tab, true, is_open, format!("Settings page {}", page.word()))
            });
            if response.clicked() {
                draft.page = page;
                draft.capture = None;
            }
        }
    });
}

/// A heading over what belongs together.
fn heading(ui: &mut Ui, word: &str) {
    ui.add_space(6.0);
    ui.label(RichText::new(word).color(theme().accent.main));
}

/// What a choice means, below it.
fn remark(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).small().color(theme().text.weak));
}

/// One of several, all in sight.
fn choice<T: Copy + PartialEq>(ui: &mut Ui, of_what: &str, chosen: &mut T, offered: &[(T, &str)]) {
    ui.horizontal_wrapped(|ui| {
        for (value, word) in offered {
            let is_chosen = chosen == value;
            let response = ui.selectable_label(is_chosen, *word);
            response
                .widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, format!("{of_what}: {word}")));
            if response.clicked() {
                *chosen = *value;
            }
        }
    });
}
