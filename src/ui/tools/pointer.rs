//! The main button over drawings: takes hold of what lies under it, or draws with the tool in hand. What it leaves is
//! the picture's.

use std::sync::Arc;

use egui::{CursorIcon, PointerButton, Pos2, Response, Ui, Vec2};

use crate::domain::annotation::Annotation;
use crate::domain::shape::{Point, Shape};
use crate::review::session::ReviewSession;
use crate::ui::action::ReviewAction;
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::Dialog;
use crate::ui::tools::editing::{Grab, Part};
use crate::ui::tools::hit::{Hit, hit};
use crate::ui::tools::lie::{self, Lie};
use crate::ui::tools::placing::{Draft, Placed};
use crate::ui::tools::{Expected, Tool, ToolMemory};
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::{Canvas, Shown};

/// What the pointer did in this pass.
struct Moves {
    at: Pos2,
    is_pressed: bool,
    is_released: bool,
    is_menu_pressed: bool,
    /// With the tool held back: it stays after it has drawn.
    is_shift: bool,
    has_moved: bool,
}

/// Once a pass, before any pane: what was let go of is in the session now.
pub fn settle(context: &UiContext<'_>, view: &mut ViewState) {
    let tools = &mut view.transient.tools;
    let annotations = context.session.map_or(&[][..], ReviewSession::annotations);
    if let Some(Expected::Placed { n_before, .. }) = tools.expected.take()
        && annotations.len() > n_before
    {
        tools.selected = annotations.last().map(|review| review.annotation.id.clone());
    }
    let is_there = |id: &_| annotations.iter().any(|review| &review.annotation.id == id);
    tools.selected = tools.selected.take().filter(is_there);
    tools.traces.hovered = None;
    tools.traces.labels.retain(|(_, id, _)| is_there(id));
}

/// Lets tools and drawings have the pointer in one pane.
pub fn tools_pointer_ui(
    ui: &Ui,
    response: &Response,
    canvas: &Canvas,
    shown: &Shown<'_>,
    context: &UiContext<'_>,
    view: &mut ViewState,
) {
    let Some(moves) = moves(ui) else { return };
    let is_inside = response.contains_pointer();
    let is_seen = view.overlay.drawings_shown && is_inside && is_of_open(context, shown);
    let session = context.session.filter(|_| is_seen);
    let found = session.and_then(|session| hit(&view.transient.tools, session, canvas, shown, moves.at));
    let tools = &mut view.transient.tools;
    if is_inside && moves.is_menu_pressed {
        tools.traces.menu_for = found.as_ref().map(|hit| hit.annotation.id.clone());
    }
    if moves.is_pressed && is_inside && tools.draft.is_none() {
        tools.owns_press = false;
        press(context, shown, canvas, view, &moves, found.as_ref());
    } else {
        go_on(shown, canvas, context, view, &moves, is_inside);
    }
    let tools = &mut view.transient.tools;
    if moves.is_released && tools.grab.as_ref().is_some_and(|grab| grab.pane == shown.pane) {
        let_go(shown, canvas, tools, moves.at);
    }
    let found = found.as_ref();
    if response.double_clicked_by(PointerButton::Primary) {
        double_click(view, context, shown, found);
    } else if response.clicked_by(PointerButton::Primary) && !view.transient.tools.owns_press {
        view.transient.tools.selected = None;
    }
    hover(ui, response, &mut view.transient.tools, found);
}

fn moves(ui: &Ui) -> Option<Moves> {
    ui.input(|input| {
        Some(Moves {
            at: input.pointer.latest_pos()?,
            is_pressed: input.pointer.button_pressed(PointerButton::Primary),
            is_released: input.pointer.button_released(PointerButton::Primary),
            is_menu_pressed: input.pointer.button_pressed(PointerButton::Secondary),
            is_shift: input.modifiers.shift,
            has_moved: input.pointer.delta() != Vec2::ZERO,
        })
    })
}

fn is_of_open(context: &UiContext<'_>, shown: &Shown<'_>) -> bool {
    context.open_study_uid() == Some(&shown.study.uid)
}

/// The button goes down where nothing is being drawn yet.
fn press(
    context: &UiContext<'_>,
    shown: &Shown<'_>,
    canvas: &Canvas,
    view: &mut ViewState,
    moves: &Moves,
    found: Option<&Hit>,
) {
    let tool = view.transient.tools.tool;
    let takes_hold = |hit: &&Hit| tool.is_none() || matches!(hit.part, Part::Handle(_));
    if let Some(hit) = found.filter(takes_hold) {
        view.transient.tools.owns_press = true;
        view.transient.tools.select(&hit.annotation.id);
        let is_free = hit.lie == Lie::Own && deciding::obstacle(context).is_none() && shown.frame().is_some();
        view.transient.hint = (!is_free).then(|| obstacle_words(context, hit));
        if is_free {
            let grab = Grab::start(shown.pane, hit.part, Arc::clone(&hit.annotation), moves.at);
            view.transient.tools.grab = Some(grab);
        }
        return;
    }
    let Some(tool) = tool else { return };
    view.transient.tools.owns_press = true;
    view.transient.tools.cross = None;
    let point = point(shown, canvas, moves.at);
    let Some((draft, placed)) = begun(context, view, shown, tool, moves.at, point) else { return };
    view.transient.tools.draft = Some(draft);
    self::placed(shown, context, view, placed, moves.is_shift);
    if moves.is_released {
        // A quick click comes in one pass
        go_on(shown, canvas, context, view, &Moves { is_pressed: false, ..*moves }, true);
    }
}

/// A drawing's first point; `None` where nothing can be drawn, which is said.
pub(crate) fn begun(
    context: &UiContext<'_>,
    view: &mut ViewState,
    shown: &Shown<'_>,
    tool: Tool,
    at: Pos2,
    point: Point,
) -> Option<(Draft, Placed)> {
    view.transient.hint = obstacle(context, shown);
    if view.transient.hint.is_some() {
        return None;
    }
    // What one draws one sees
    view.overlay.drawings_shown = true;
    let ground = lie::ground_of(shown)?;
    Some(Draft::start(tool, (shown.pane, ground), at, point).after_start())
}

/// Why nothing can be drawn here, in a sentence.
fn obstacle(context: &UiContext<'_>, shown: &Shown<'_>) -> Option<String> {
    if let Some(reason) = deciding::obstacle(context) {
        return Some(reason);
    }
    if context.session.is_none() {
        return Some("The study's record is still being read.".to_owned());
    }
    if !is_of_open(context, shown) {
        return Some("This picture is of another study: open that study to measure in it.".to_owned());
    }
    shown.frame().is_none().then(|| "The image is still loading.".to_owned())
}

fn obstacle_words(context: &UiContext<'_>, hit: &Hit) -> String {
    deciding::obstacle(context).unwrap_or_else(|| match hit.lie {
        Lie::Own => "The image is still loading.".to_owned(),
        Lie::Through { .. } => "Drawn on another picture: it is changed there. Right click: go there.".to_owned(),
    })
}

/// The pointer goes on with what it has in hand.
fn go_on(
    shown: &Shown<'_>,
    canvas: &Canvas,
    context: &UiContext<'_>,
    view: &mut ViewState,
    moves: &Moves,
    is_inside: bool,
) {
    leave_what_is_gone(shown, view);
    let tools = &mut view.transient.tools;
    if let Some(grab) = tools.grab.as_mut().filter(|grab| grab.pane == shown.pane) {
        grab.moved(canvas, shown, moves.at);
        return;
    }
    let Some(draft) = tools.draft.as_mut().filter(|draft| draft.pane == shown.pane) else { return };
    if tools.cross.is_some() && !moves.has_moved && !moves.is_pressed {
        // Drawn by keys: the pointer lies where it was left
        return;
    }
    tools.cross = None;
    let point = point(shown, canvas, moves.at);
    draft.moved(moves.at, point);
    if moves.is_pressed && is_inside {
        tools.owns_press = true;
        let placed = draft.pressed(moves.at, point);
        self::placed(shown, context, view, placed, moves.is_shift);
    }
    if moves.is_released
        && let Some(draft) = view.transient.tools.draft.as_mut()
    {
        let placed = draft.released(moves.at, point);
        self::placed(shown, context, view, placed, moves.is_shift);
    }
}

/// Nothing goes on over another picture than it began on.
fn leave_what_is_gone(shown: &Shown<'_>, view: &mut ViewState) {
    let tools = &mut view.transient.tools;
    let here = lie::ground_of(shown);
    if tools.draft.as_ref().is_some_and(|draft| draft.pane == shown.pane && Some(&draft.ground) != here.as_ref()) {
        tools.draft = None;
        view.transient.hint = Some("Another picture is shown: what was begun is left.".to_owned());
    }
    let is_gone = |grab: &Grab| grab.pane == shown.pane && Lie::of(&grab.start, shown) != Some(Lie::Own);
    if tools.grab.as_ref().is_some_and(is_gone) {
        tools.grab = None;
    }
}

/// In pixel-center coordinates, on the picture.
fn point(shown: &Shown<'_>, canvas: &Canvas, at: Pos2) -> Point {
    lie::within(shown, Lie::Own.point(canvas, at))
}

/// When all points are there, the drawing is asked for; a text asks for its words first.
pub(crate) fn placed(
    shown: &Shown<'_>,
    context: &UiContext<'_>,
    view: &mut ViewState,
    placed: Placed,
    keeps_tool: bool,
) {
    let Placed::Done(points) = placed else { return };
    let tools = &mut view.transient.tools;
    let Some(draft) = tools.draft.take() else { return };
    if !context.app.preferences.mouse.keeps_tool && !keeps_tool {
        tools.tool = None;
    }
    let Some(shape) = draft.tool.shape(&points, &lie::scale_of(shown, &points)) else { return };
    let drawn = lie::drawn(shape, draft.ground, shown);
    if matches!(drawn.shape, Shape::Text { .. }) {
        view.dialogs.push(Dialog::AnnotationText { annotation: Arc::new(drawn), text: String::new() });
    } else {
        place(context, tools, drawn);
    }
}

/// Asks for a new drawing, and shows it until the session has it.
pub fn place(context: &UiContext<'_>, tools: &mut ToolMemory, drawn: Annotation) {
    let drawn = Arc::new(drawn);
    let n_before = context.session.map_or(0, |session| session.annotations().len());
    tools.expected = Some(Expected::Placed { drawn: Arc::clone(&drawn), n_before });
    tools.asked.push(ReviewAction::PlaceAnnotation(drawn));
}

fn let_go(shown: &Shown<'_>, canvas: &Canvas, tools: &mut ToolMemory, at: Pos2) {
    let Some(mut grab) = tools.grab.take() else { return };
    grab.moved(canvas, shown, at);
    if let Some(changed) = grab.released() {
        tools.expected = Some(Expected::Changed(Arc::clone(&changed)));
        tools.asked.push(ReviewAction::ChangeAnnotation(changed));
    }
}

/// Closes an outline, or writes on what lies there.
fn double_click(view: &mut ViewState, context: &UiContext<'_>, shown: &Shown<'_>, found: Option<&Hit>) {
    let draft = view.transient.tools.draft.as_ref().filter(|draft| draft.pane == shown.pane);
    if let Some(placed) = draft.map(Draft::closed) {
        return self::placed(shown, context, view, placed, false);
    }
    let tools = &view.transient.tools;
    if let Some(hit) = found.filter(|_| tools.tool.is_none() && tools.expected.is_none()) {
        edit_text(view, context, &hit.annotation);
    }
}

/// Asks for an annotation's words.
pub fn edit_text(view: &mut ViewState, context: &UiContext<'_>, annotation: &Arc<Annotation>) {
    if let Some(reason) = deciding::obstacle(context) {
        view.transient.hint = Some(reason);
        return;
    }
    view.transient.tools.grab = None;
    let text = annotation.text.clone();
    view.dialogs.push(Dialog::AnnotationText { annotation: Arc::clone(annotation), text });
}

fn hover(ui: &Ui, response: &Response, tools: &mut ToolMemory, found: Option<&Hit>) {
    let takes_hold = |hit: &&Hit| tools.tool.is_none() || matches!(hit.part, Part::Handle(_));
    let found = found.filter(takes_hold);
    if let Some(hit) = found {
        tools.traces.hovered = Some(hit.annotation.id.clone());
    }
    if !response.contains_pointer() {
        return;
    }
    let icon = match (&tools.grab, found.map(|hit| (hit.part, hit.lie)), tools.tool) {
        (Some(grab), ..) if matches!(grab.part, Part::Handle(_)) => CursorIcon::Grabbing,
        (Some(_), ..) => CursorIcon::Move,
        (None, Some((_, Lie::Through { .. })), _) => CursorIcon::PointingHand,
        (None, Some((Part::Handle(_), Lie::Own)), _) => CursorIcon::Grab,
        (None, Some(_), _) => CursorIcon::Move,
        (None, None, Some(Tool::Text)) => CursorIcon::Text,
        (None, None, Some(_)) => CursorIcon::Crosshair,
        (None, None, None) => return,
    };
    ui.ctx().set_cursor_icon(icon);
}
