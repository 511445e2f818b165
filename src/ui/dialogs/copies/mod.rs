//! A copy that names nobody: what it keeps, what it changes, the writing in its pictures, and where it goes.

mod changes;
mod choices;
mod ending;
mod writing;

use std::collections::BTreeMap;
use std::path::PathBuf;

use egui::{
    Align, Layout, ProgressBar, Rect, RichText, Role, Sense, Stroke, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::deidentification::{Options, WritingVerdict};
use crate::domain::uid::SopInstanceUid;
use crate::ui::action::Action;
use crate::ui::context::UiContext;
use crate::ui::copies::{CopiesAction, CopiesState, CopyWish, WritingState};
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;
use crate::ui::widgets::button::main_button;
use crate::ui::words::counted;

const WIDTH: f32 = 1120.0;
const CHOICES_WIDTH: f32 = 318.0;

/// The dialog as far as it is filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopiesDraft {
    pub options: Options,
    pub with_results: bool,
    /// A folder typed by hand or chosen.
    pub folder: String,
    pub verdicts: BTreeMap<SopInstanceUid, WritingVerdict>,
    pub page: Page,
    /// Of the images with writing, the one that is shown.
    pub shown: usize,
    /// Where a box is being drawn, image pixels.
    pub drawing: Option<[f64; 2]>,
    /// A preview of these options was asked for.
    asked: Option<Options>,
    has_asked_for_writing: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    Changes,
    Writing,
    Made,
}

pub(in crate::ui::dialogs) fn copies_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    draft: &mut CopiesDraft,
    actions: &mut Vec<Action>,
) -> Stay {
    let Some(state) = context.copies.filter(|_| context.open_study.is_some()) else { return Stay::Closed };
    ask(draft, state, actions);
    modal(ui, "De-identified copy", WIDTH, |ui| {
        let words = "Copies of this study's files that name nobody. The originals stay as they are.";
        ui.label(RichText::new(words).color(theme().text.weak));
        ui.add_space(8.0);
        let height = (ui.ctx().content_rect().height() - 270.0).clamp(200.0, 560.0);
        let is_running = state.running.is_some();
        let [mut left, mut right] = halves(ui, height);
        left.add_enabled_ui(!is_running, |ui| choices::choices_ui(ui, draft, height));
        pages_ui(&mut right, draft, state);
        let height = height - 40.0;
        match draft.page {
            Page::Changes => changes::changes_ui(&mut right, state, height),
            Page::Writing => writing::writing_ui(&mut right, draft, state, height),
            Page::Made => ending::ending_ui(&mut right, state, height),
        }
        ui.add_space(8.0);
        let stay = place_ui(ui, draft, state, actions);
        ui.add_space(4.0);
        ui.label(RichText::new(RESEARCH_USE_ONLY).small().color(theme().text.weak));
        stay
    })
}

/// Choices at the left, what they lead to at the right, with a line between.
fn halves(ui: &mut Ui, height: f32) -> [Ui; 2] {
    const GAP: f32 = 20.0;
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let left = Rect::from_min_size(area.min, vec2(CHOICES_WIDTH, height));
    let right = Rect::from_min_max(pos2(left.right() + GAP, area.top()), area.max);
    ui.painter().vline(left.right() + GAP / 2.0, area.y_range(), Stroke::new(1.0, theme().surface.line));
    [("choices", left), ("pages", right)].map(|(name, place)| {
        let layout = Layout::top_down(Align::Min);
        ui.new_child(UiBuilder::new().id_salt(name).max_rect(place).layout(layout))
    })
}

/// What the dialog shows it asks for, once.
fn ask(draft: &mut CopiesDraft, state: &CopiesState, actions: &mut Vec<Action>) {
    let is_here = state.preview.as_ref().is_some_and(|preview| preview.options == draft.options);
    if !is_here && draft.asked != Some(draft.options) {
        draft.asked = Some(draft.options);
        actions.push(CopiesAction::Preview(draft.options).into());
    }
    if matches!(state.writing, WritingState::NotLooked) && !draft.has_asked_for_writing {
        draft.has_asked_for_writing = true;
        actions.push(CopiesAction::LookForWriting.into());
    }
}

fn pages_ui(ui: &mut Ui, draft: &mut CopiesDraft, state: &CopiesState) {
    ui.horizontal(|ui| {
        ui.selectable_value(&mut draft.page, Page::Changes, "What changes");
        let n = state.writing.found().len();
        let words = match &state.writing {
            WritingState::Found(_) if n == 0 => "Writing in pictures: none found".to_owned(),
            WritingState::Found(_) => format!("Writing in pictures: {}", counted(n, "image")),
            WritingState::NotLooked | WritingState::Looking(_) => "Writing in pictures: looking…".to_owned(),
        };
        ui.selectable_value(&mut draft.page, Page::Writing, words);
        if state.end.is_some() {
            ui.selectable_value(&mut draft.page, Page::Made, "What was made");
        }
    });
    ui.add_space(4.0);
}

/// Where to, and the buttons.
fn place_ui(ui: &mut Ui, draft: &mut CopiesDraft, state: &CopiesState, actions: &mut Vec<Action>) -> Stay {
    if let Some(progress) = state.running {
        let share = if progress.n_total == 0 { 0.0 } else { progress.n_done as f32 / progress.n_total as f32 };
        let words = format!("{} of {} files", progress.n_done, progress.n_total);
        ui.horizontal(|ui| {
            ui.add(ProgressBar::new(share).text(words).desired_width(WIDTH - 260.0));
            if ui.button("Stop").on_hover_text("Copies that are whole stay").clicked() {
                actions.push(CopiesAction::Stop.into());
            }
        });
        return Stay::Open;
    }
    let edit = TextEdit::singleline(&mut draft.folder).desired_width(f32::INFINITY);
    let edit = ui.add(edit.hint_text("Folder for the copies, or choose one below"));
    edit.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Folder for the copies"));
    ui.add_space(6.0);
    let n_left = writing::n_unjudged(draft, state);
    let is_looking = !matches!(state.writing, WritingState::Found(_));
    let mut stay = Stay::Open;
    ui.horizontal(|ui| {
        let can_make = !draft.folder.trim().is_empty() && !is_looking;
        let tip = if is_looking { "Wait until all pictures were looked at" } else { "Name a folder first" };
        let button = ui.add_enabled(can_make, main_button("Make copies")).on_disabled_hover_text(tip);
        if button.clicked() {
            draft.page = Page::Made;
            actions.push(CopiesAction::Make(Box::new(wish(draft))).into());
        }
        if ui.button("Choose folder…").on_hover_text("Choose where the copies go").clicked() {
            actions.push(CopiesAction::ChooseFolder.into());
        }
        if ui.button("Close").clicked() {
            stay = Stay::Closed;
        }
        if n_left > 0 {
            let words = format!("{} with writing not judged: left out", counted(n_left, "image"));
            ui.label(RichText::new(words).small().color(theme().state.warning));
        }
    });
    stay
}

fn wish(draft: &CopiesDraft) -> CopyWish {
    let CopiesDraft { options, with_results, folder, verdicts, .. } = draft;
    CopyWish {
        folder: PathBuf::from(folder.trim()),
        options: *options,
        verdicts: verdicts.clone(),
        with_results: *with_results,
    }
}
