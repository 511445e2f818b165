//! Masks under correction: changes to the open review, work to the background, and answers back to the screen.

use crate::app::dispatch::review;
use crate::app::hall::App;
use crate::jobs::event::{MaskAnswer, MaskResult};
use crate::review::command::Command;
use crate::ui::action::MaskAction;
use crate::ui::masks::{MaskFiguresWork, MaskWork, WorkDone, WorkResult};

pub fn dispatch(app: &mut App, action: MaskAction) {
    match action {
        MaskAction::Change(change) => {
            let Some(study) = app.library.open.clone() else { return };
            review::apply(app, &study, Command::ChangeMask(change));
        }
        MaskAction::Work(work) => {
            let MaskWork { subject, number, work } = *work;
            app.runner.edit_mask(subject, number, work);
        }
        MaskAction::Figures(work) => {
            let MaskFiguresWork { subject, version, segments, has_mm } = *work;
            app.runner.mask_figures(subject, version, segments, has_mm);
        }
        MaskAction::Cancel => app.runner.cancel_mask(),
    }
}

/// The screen takes it in with its next pass, if the mask is still open.
pub fn on_answer(app: &mut App, answer: MaskAnswer) {
    let MaskAnswer { mask, number, result } = answer;
    let result = match result {
        MaskResult::Edited(result) => WorkResult::Edited(result),
        MaskResult::Figures { figures, voxels_sha256 } => {
            WorkResult::Figures { version: number, figures, voxels_sha256 }
        }
    };
    app.view.transient.masks.work.done.push(WorkDone { subject: mask, number, result });
}
