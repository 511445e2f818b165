//! Modal dialogs: one file each, kept as a stack in the view state.

mod about;
mod annotation_text;
mod assign;
pub mod copies;
pub mod differences;
mod document;
pub mod export;
pub mod finding_details;
pub mod header;
mod known_length;
mod lock_answer;
mod model_card;
pub mod network_input;
mod new_finding;
pub mod new_record;
pub mod palette;
mod path;
mod problems;
mod reject_reasons;
mod save_hanging;
pub mod settings;
mod shortcut_sheet;
pub mod sign;
mod terms;
pub mod test_pattern;
pub mod unlock;

use std::sync::Arc;

use egui::{Align2, Frame, Id, Margin, Modal, Response, RichText, Stroke, Ui, vec2};

use crate::domain::annotation::Annotation;
use crate::domain::decision::RejectReason;
use crate::domain::finding::{Place, Subject};
use crate::domain::picture::CapturedPicture;
use crate::domain::reading::Answer;
use crate::domain::uid::{FindingId, ModelId, SopInstanceUid, StudyUid};
use crate::ui::action::Action;
use crate::ui::context::UiContext;
use crate::ui::dialogs::copies::CopiesDraft;
use crate::ui::dialogs::differences::DifferencesDraft;
use crate::ui::dialogs::export::ExportDraft;
use crate::ui::dialogs::finding_details::DetailsDraft;
use crate::ui::dialogs::header::HeaderDraft;
use crate::ui::dialogs::network_input::InputDraft;
use crate::ui::dialogs::new_record::NewRecordDraft;
use crate::ui::dialogs::palette::PaletteDraft;
use crate::ui::dialogs::settings::SettingsDraft;
use crate::ui::dialogs::sign::SignDraft;
use crate::ui::dialogs::test_pattern::TestPatternDraft;
use crate::ui::dialogs::unlock::UnlockDraft;
use crate::ui::theme::{faded, theme};
use crate::ui::view_state::ViewState;

#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// A path typed by hand, for machines without a file dialog.
    OpenPath(String),
    Export(ExportDraft),
    /// A copy that names nobody.
    Copies(Box<CopiesDraft>),
    /// The words of an object that came in.
    Document(SopInstanceUid),
    /// Files of the last intake that were not opened.
    Problems,
    RejectReasons {
        finding: FindingId,
        chosen: Vec<RejectReason>,
        text: String,
    },
    NewFinding {
        subject: Subject,
        place: Place,
        label: String,
    },
    /// Of a drawing that is placed, or of one that has no identity yet and is placed with them.
    AnnotationText {
        annotation: Arc<Annotation>,
        text: String,
    },
    Header(HeaderDraft),
    /// Of a line on an image that has no scale to rely on.
    KnownLength {
        line: Arc<Annotation>,
        text: String,
    },
    Shortcuts,
    /// A file typed by hand for a picture of the screen.
    SavePicture {
        picture: CapturedPicture,
        path: String,
    },
    Settings(SettingsDraft),
    Palette(PaletteDraft),
    About,
    /// The cards of models; the one that is shown, or the first.
    Models(Option<ModelId>),
    /// What a model was given of a picture.
    NetworkInput(InputDraft),
    TestPattern(TestPatternDraft),
    /// The record's passphrase or recovery key.
    Unlock(UnlockDraft),
    /// How a record that is not there yet is to be protected.
    NewRecord(NewRecordDraft),
    /// A name for the panes as they stand.
    SaveHanging(String),
    FindingDetails(DetailsDraft),
    /// The reader's own answer before the AI.
    LockAnswer(Answer),
    Sign(SignDraft),
    /// The reason for opening a signed study again.
    Amend(String),
    Differences(DifferencesDraft),
    /// Who is to read a study of the worklist.
    Assign {
        study: StudyUid,
        to: String,
    },
}

/// What becomes of a dialog after a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    Open,
    Closed,
}

/// Draws the topmost dialog, if any. The research-use statement comes before all else.
pub fn dialogs_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    if !context.app.has_accepted_terms {
        terms::terms_ui(ui, actions);
        return;
    }
    let Some(mut dialog) = view.dialogs.pop() else { return };
    let depth = view.dialogs.len();
    let stay = match &mut dialog {
        Dialog::OpenPath(path) => path::open_path_ui(ui, path, actions),
        Dialog::Document(sop) => document::document_ui(ui, context, sop),
        Dialog::Export(draft) => export::export_ui(ui, context, draft, actions),
        Dialog::Copies(draft) => copies::copies_ui(ui, context, draft, actions),
        Dialog::Problems => problems::problems_ui(ui, context),
        Dialog::RejectReasons { finding, chosen, text } => {
            reject_reasons::reject_reasons_ui(ui, context, view, actions, finding, chosen, text)
        }
        Dialog::NewFinding { subject, place, label } => {
            new_finding::new_finding_ui(ui, context, actions, subject, place, label)
        }
        Dialog::AnnotationText { annotation, text } => {
            annotation_text::annotation_text_ui(ui, context, view, annotation, text)
        }
        Dialog::Header(draft) => header::header_ui(ui, view, actions, draft),
        Dialog::KnownLength { line, text } => known_length::known_length_ui(ui, context, view, line, text),
        Dialog::Shortcuts => shortcut_sheet::shortcut_sheet_ui(ui),
        Dialog::SavePicture { picture, path } => path::save_picture_ui(ui, picture, path, actions),
        Dialog::Settings(draft) => settings::settings_ui(ui, context, actions, draft),
        Dialog::Palette(draft) => palette::palette_ui(ui, context, view, actions, draft),
        Dialog::SaveHanging(name) => save_hanging::save_hanging_ui(ui, context, view, actions, name),
        Dialog::FindingDetails(draft) => finding_details::details_ui(ui, context, view, actions, draft),
        Dialog::LockAnswer(answer) => lock_answer::lock_answer_ui(ui, context, actions, answer),
        Dialog::Sign(draft) => sign::sign_ui(ui, context, view, actions, draft),
        Dialog::Amend(reason) => sign::amend_ui(ui, context, actions, reason),
        Dialog::Differences(draft) => differences::differences_ui(ui, context, view, actions, draft),
        Dialog::Assign { study, to } => assign::assign_ui(ui, actions, study, to),
        Dialog::About => about::about_ui(ui, context),
        Dialog::Models(chosen) => model_card::model_card_ui(ui, context, chosen),
        Dialog::NetworkInput(draft) => network_input::network_input_ui(ui, context, draft),
        Dialog::Unlock(draft) => unlock::unlock_ui(ui, actions, draft),
        Dialog::NewRecord(draft) => new_record::new_record_ui(ui, actions, draft),
        Dialog::TestPattern(draft) => test_pattern::test_pattern_ui(ui, draft),
    };
    if stay == Stay::Open {
        view.dialogs.insert(depth, dialog);
    }
}

/// Gives a field the keyboard when its dialog has just opened; after that the reader moves it.
fn focus_at_first(ui: &Ui, field: &Response) {
    let (id, pass) = (field.id.with("had the keyboard at first"), ui.ctx().cumulative_pass_nr());
    let before = ui.data(|data| data.get_temp::<u64>(id));
    if before.is_none_or(|before| pass.saturating_sub(before) > 2) {
        field.request_focus();
    }
    ui.data_mut(|data| data.insert_temp(id, pass));
}

/// A modal in the house's dress. Escape and a click beside it close it.
fn modal(ui: &Ui, title: &str, width: f32, add_contents: impl FnOnce(&mut Ui) -> Stay) -> Stay {
    show(sheet(title), ui, title, width, add_contents)
}

/// The same beside the picture, which stays in sight: for what is said about the picture.
fn modal_beside(ui: &Ui, title: &str, width: f32, add_contents: impl FnOnce(&mut Ui) -> Stay) -> Stay {
    let area = Modal::default_area(dialog_id(title)).anchor(Align2::RIGHT_CENTER, vec2(-6.0, 0.0));
    let sheet = sheet(title).area(area).backdrop_color(faded(theme().surface.backdrop, 0.25));
    show(sheet, ui, title, width, add_contents)
}

fn show(sheet: Modal, ui: &Ui, title: &str, width: f32, add_contents: impl FnOnce(&mut Ui) -> Stay) -> Stay {
    let response = sheet.show(ui.ctx(), |ui| {
        ui.set_width(width.min(ui.ctx().content_rect().width() - 80.0));
        ui.label(RichText::new(title).heading().color(theme().text.strong));
        ui.add_space(8.0);
        add_contents(ui)
    });
    if response.should_close() { Stay::Closed } else { response.inner }
}

fn dialog_id(title: &str) -> Id {
    Id::unique(("dialog", title))
}

fn sheet(title: &str) -> Modal {
    let frame = Frame::new()
        .fill(theme().surface.panel.into())
        .stroke(Stroke::new(1.0, theme().surface.pressed))
        .corner_radius(8)
        .inner_margin(Margin::same(18));
    Modal::new(dialog_id(title)).frame(frame).backdrop_color(theme().surface.backdrop.into())
}
