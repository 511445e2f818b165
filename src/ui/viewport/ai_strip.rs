//! The line at the top of the picture that says what the models did with this study, and that it is research.

use egui::{Align2, FontId, Painter, Rect, pos2};

use crate::review::session::ReviewSession;
use crate::ui::context::{AnalysisState, ModelStatus, UiContext};
use crate::ui::reading;
use crate::ui::theme::theme;
use crate::ui::widgets::outlined_text::plated_text;
use crate::ui::words::counted;

/// One model's line, such as `AI: Chest findings 1.0 | 3 findings, 1 unreviewed | research use only`.
pub fn strip_words(model: &ModelStatus, session: Option<&ReviewSession>) -> String {
    format!("AI: {} {} | {} | research use only", model.name, model.version, state_words(model, session))
}

/// What the model did with the open study, in a few words.
pub fn state_words(model: &ModelStatus, session: Option<&ReviewSession>) -> String {
    match &model.state {
        AnalysisState::Unavailable(_) => "not available".to_owned(),
        AnalysisState::NotRun => "not run".to_owned(),
        AnalysisState::Running(progress) if progress.n_total > 0 => {
            format!("running {} / {}", progress.n_done, progress.n_total)
        }
        AnalysisState::Running(_) => "running".to_owned(),
        AnalysisState::OutOfScope(_) => "outside intended use, not run".to_owned(),
        AnalysisState::Unfit(_) => "image faulty, not run".to_owned(),
        AnalysisState::HeldBack(_) => "out of distribution, findings held back".to_owned(),
        AnalysisState::Failed(_) => "failed".to_owned(),
        AnalysisState::Done => {
            let of_model = session.map_or(&[][..], ReviewSession::findings).iter().filter(|review| {
                review.finding.is_flagged() && review.finding.model_run().is_some_and(|run| run.model.id == model.id)
            });
            let (mut n_flagged, mut n_open) = (0, 0);
            for review in of_model {
                n_flagged += 1;
                n_open += usize::from(review.is_unreviewed());
            }
            match n_flagged {
                0 => "nothing flagged (does not exclude)".to_owned(),
                _ => format!("{}, {n_open} unreviewed", counted(n_flagged, "finding")),
            }
        }
    }
}

/// All models in a few words.
fn summary(models: &[ModelStatus], session: Option<&ReviewSession>) -> String {
    let is_any = |wanted: fn(&AnalysisState) -> bool| models.iter().any(|model| wanted(&model.state));
    if is_any(|state| matches!(state, AnalysisState::Running(_))) {
        return "running".to_owned();
    }
    if is_any(|state| matches!(state, AnalysisState::Failed(_))) {
        return "failed".to_owned();
    }
    if is_any(|state| matches!(state, AnalysisState::Unfit(_))) {
        return "image faulty, not run".to_owned();
    }
    if is_any(|state| matches!(state, AnalysisState::HeldBack(_))) {
        return "findings held back".to_owned();
    }
    if !is_any(|state| matches!(state, AnalysisState::Done)) {
        return "not run".to_owned();
    }
    let findings = session.map_or(&[][..], ReviewSession::findings).iter();
    let flagged = findings.filter(|review| review.finding.is_flagged() && review.finding.model_run().is_some());
    let (n_flagged, n_open) =
        flagged.fold((0, 0), |(all, open), review| (all + 1, open + usize::from(review.is_unreviewed())));
    match n_flagged {
        0 => "nothing flagged (does not exclude)".to_owned(),
        _ => format!("{}, {n_open} unreviewed", counted(n_flagged, "finding")),
    }
}

/// Below this width all models share one line.
const NARROW: f32 = 640.0;

/// Draws the lines centered at the top and returns where they end. More models than fit are left out.
pub fn ai_strip_ui(painter: &Painter, area: Rect, context: &UiContext<'_>) -> f32 {
    let font = FontId::proportional(if area.width() < 760.0 { 11.0 } else { 12.0 });
    let (models, session) = (context.models, context.session);
    if reading::is_ai_hidden(context) {
        let mode = reading::mode(context).word();
        let line = format!("{mode}: AI hidden | research use only");
        let at = pos2(area.center().x, area.top() + 8.0);
        plated_text(painter, at, Align2::CENTER_TOP, &line, font.clone(), theme().state.uncertain);
        return area.top() + 8.0 + font.size + 6.0;
    }
    let color = theme().marks.ai;
    let says_something = |model: &&ModelStatus| {
        !matches!(model.state, AnalysisState::Unavailable(_) | AnalysisState::NotRun | AnalysisState::OutOfScope(_))
    };
    let mut lines: Vec<String> =
        models.iter().filter(says_something).map(|model| strip_words(model, session)).collect();
    if lines.is_empty() {
        let is_refused = models.iter().any(|model| matches!(model.state, AnalysisState::OutOfScope(_)));
        let said = if is_refused { "outside intended use, not run" } else { "not run" };
        lines.push(format!("AI: {said} | research use only"));
    }
    const MOST: usize = 2;
    if lines.len() > MOST {
        lines.truncate(MOST);
        lines.push("…".to_owned());
    }
    if area.width() < NARROW {
        // Beside the corners there is room for one short line
        lines = vec![format!("AI: {}", summary(models, session)), "Research use only".to_owned()];
    }
    let mut bottom = area.top() + 8.0;
    for line in &lines {
        let at = pos2(area.center().x, bottom);
        plated_text(painter, at, Align2::CENTER_TOP, line, font.clone(), color);
        bottom += font.size + 6.0;
    }
    bottom
}
