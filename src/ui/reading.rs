//! What the reader may see of the models now: by the reading that is under way, else by the plan for the next.

use crate::domain::reading::{AiPresentation, ReadingMode};
use crate::ui::context::UiContext;
use crate::ui::view_state::{MaskStyle, OverlayView, ViewState};

/// Of the open study; before its record is read, of the plan.
pub fn mode(context: &UiContext<'_>) -> ReadingMode {
    let reading = context.session.and_then(|session| session.reading());
    reading.map_or(context.app.preferences.reading.mode, |reading| reading.mode)
}

/// Nothing of the models may be seen.
pub fn is_ai_hidden(context: &UiContext<'_>) -> bool {
    match context.session {
        Some(session) => session.is_ai_hidden(),
        // Not yet known: better nothing than too much.
        None => context.app.preferences.reading.mode.begins_without_ai(),
    }
}

/// Which parts of the models' results are shown.
pub fn presentation(context: &UiContext<'_>) -> AiPresentation {
    let reading = context.session.and_then(|session| session.reading());
    reading.map_or(context.app.preferences.reading.presentation, |reading| reading.presentation)
}

/// The overlays as they may be drawn: the reader's choice within what the reading allows.
pub fn overlay_in_force(context: &UiContext<'_>, view: &ViewState) -> OverlayView {
    let AiPresentation { contour, map, .. } = presentation(context);
    let is_hidden = is_ai_hidden(context);
    let mut overlay = view.overlay.clone();
    if !contour || is_hidden {
        overlay.masks = MaskStyle::Off;
        overlay.marks_shown = false;
    }
    overlay.saliency_shown &= map && !is_hidden;
    overlay
}

/// In a few words, such as `Second reader · AI hidden`.
pub fn words(context: &UiContext<'_>) -> String {
    let mode = mode(context).word();
    let presentation = presentation(context);
    match (is_ai_hidden(context), presentation.is_whole()) {
        (true, _) => format!("{mode} · AI hidden"),
        (false, true) => mode.to_owned(),
        (false, false) => format!("{mode} · AI: {}", presentation.words()),
    }
}
