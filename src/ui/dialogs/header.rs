//! The attributes of the file on screen, to be searched.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Align, FontId, Label, Layout, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};

use crate::domain::header::HeaderLine;
use crate::ui::action::{Action, ViewAction};
use crate::ui::context::UiContext;
use crate::ui::dialogs::{Dialog, Stay, modal};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::Shown;
use crate::ui::words::counted;

/// From one line to the next, points.
const LINE: f32 = 18.0;
const WIDTH: f32 = 900.0;

/// The open list.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderDraft {
    path: PathBuf,
    wanted: String,
    is_asked: bool,
    /// `None` while the file is read.
    lines: Option<Result<Arc<[HeaderLine]>, String>>,
}

impl HeaderDraft {
    pub fn new(path: PathBuf) -> Self {
        Self { path, wanted: String::new(), is_asked: false, lines: None }
    }

    /// What came of reading a file, if it is this one.
    pub fn take(&mut self, path: &Path, lines: &Result<Vec<HeaderLine>, String>) {
        if self.path == path {
            self.lines = Some(lines.clone().map(Arc::from));
        }
    }
}

/// Opens the list for the image in the active pane, or says why not.
pub fn open(context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study_uid() else { return };
    let Some(shown) = Shown::of(context, view.looks.get(study), &mut view.transient) else { return };
    let obstacle = if view.is_identity_hidden {
        Some("Identity is hidden, and the file's attributes would show it.")
    } else if shown.cut.is_some() {
        Some("A plane through a volume is no file: choose an image of the series.")
    } else {
        None
    };
    match obstacle {
        Some(reason) => view.transient.hint = Some(reason.to_owned()),
        None => {
            let path = shown.instance.path.clone();
            view.dialogs.push(Dialog::Header(HeaderDraft::new(path)));
        }
    }
}

pub(in crate::ui::dialogs) fn header_ui(
    ui: &Ui,
    view: &ViewState,
    actions: &mut Vec<Action>,
    draft: &mut HeaderDraft,
) -> Stay {
    if !draft.is_asked {
        draft.is_asked = true;
        actions.push(ViewAction::WantHeader(draft.path.clone()).into());
    }
    if view.is_identity_hidden {
        return Stay::Closed;
    }
    modal(ui, "Attributes of the file", WIDTH, |ui| {
        let name = draft.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ui.label(RichText::new(name).small().color(theme().text.weak));
        let edit = TextEdit::singleline(&mut draft.wanted).hint_text("Name, tag or value").desired_width(260.0);
        let edit = ui.add(edit);
        edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Search attributes"));
        if !edit.has_focus() && !edit.lost_focus() {
            edit.request_focus();
        }
        ui.add_space(6.0);
        match &draft.lines {
            None => _ = ui.label("Reading…"),
            Some(Err(reason)) => _ = ui.label(RichText::new(reason).color(theme().state.warning)),
            Some(Ok(lines)) => lines_ui(ui, lines, &draft.wanted),
        }
        ui.add_space(10.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    })
}

fn lines_ui(ui: &mut Ui, lines: &[HeaderLine], wanted: &str) {
    let found: Vec<&HeaderLine> =
        lines.iter().filter(|line| wanted.trim().is_empty() || line.tag != 0 && line.holds(wanted)).collect();
    let n_found = found.iter().filter(|line| line.tag != 0).count();
    ui.label(RichText::new(counted(n_found, "attribute")).small().color(theme().text.weak));
    let height = (ui.ctx().content_rect().height() - 260.0).clamp(120.0, 620.0);
    ScrollArea::vertical().auto_shrink([false, false]).max_height(height).show_rows(
        ui,
        LINE,
        found.len(),
        |ui, rows| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for line in found.get(rows).unwrap_or_default() {
                line_ui(ui, line);
            }
        },
    );
}

/// In columns: tag, kind, name by depth, value.
fn line_ui(ui: &mut Ui, line: &HeaderLine) {
    let HeaderLine { depth, vr, name, value, .. } = line;
    let mono = |text: String| RichText::new(text).font(FontId::monospace(12.0));
    ui.horizontal(|ui| {
        ui.set_height(LINE);
        let column = |ui: &mut Ui, width: f32, text: RichText| {
            let layout = Layout::left_to_right(Align::Center);
            ui.allocate_ui_with_layout(vec2(width, LINE), layout, |ui| {
                ui.set_min_width(width);
                ui.add(Label::new(text).truncate());
            });
        };
        column(ui, 92.0, mono(line.tag_words()).color(theme().text.weak));
        column(ui, 26.0, mono(vr.clone()).color(theme().text.weak));
        ui.add_space(f32::from(*depth) * 14.0);
        column(ui, 250.0, RichText::new(name).color(theme().text.strong));
        let value = ui.add(Label::new(RichText::new(value)).truncate().selectable(true));
        value.on_hover_text(&line.value);
    });
}
