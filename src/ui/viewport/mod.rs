//! The picture and everything on it.

pub mod ai_strip;
pub mod annotations;
pub mod context_menu;
pub mod edges;
pub mod marks;
pub mod notices;
pub mod paint_callback;
pub mod picture;
pub mod pointer;
pub mod shown;
pub mod stack_bar;
pub mod thumbnail;

use egui::{
    Align2, CursorIcon, EventFilter, FontId, Id, Painter, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2,
};

use crate::domain::frame::FrameKey;
use crate::imaging::orientation::EdgeLetters;
use crate::render::request::Minification;
use crate::ui::context::{FrameState, UiContext};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::annotations::CornerFacts;
use crate::ui::viewport::picture::Painted;
use crate::ui::viewport::shown::{Canvas, Shown};
use crate::ui::widgets::outlined_text::{outlined_text, plated_text};

/// Names the renderer's target.
const VIEWPORT_ID: u64 = 1;
/// Images fetched ahead in the direction of both ends.
const N_AHEAD: usize = 6;

/// The viewport's identity: it has the keyboard whenever nothing else has.
pub fn viewport_id() -> Id {
    Id::unique("viewport 1")
}

/// Draws the open image and lists the frames it misses, the most urgent first.
pub fn viewport_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, wanted: &mut Vec<FrameKey>) {
    let rect = on_whole_pixels(ui.available_rect_before_wrap(), ui.pixels_per_point());
    ui.advance_cursor_after_rect(rect);
    view.transient.viewport = Some(rect);
    view.transient.painted = None;
    let Some(before) = shown(context, view) else {
        message(ui, rect, "This study has no images");
        return;
    };
    let bar = bar_rect(rect, &before);
    let is_drawing = view.transient.pointer.is_drawing_finding;
    let response = sense(ui, rect.with_max_x(bar.min.x), is_drawing);
    let canvas = Canvas::new(rect, ui.pixels_per_point(), &before);
    pointer::pointer_ui(ui, &response, &canvas, &before, view);
    // The pointer may have scrolled or zoomed: what is drawn is where it has got to.
    let Some(shown) = shown(context, view) else { return };
    let canvas = Canvas::new(rect, ui.pixels_per_point(), &shown);
    want(context, &shown, wanted);
    view.transient.painted = draw(ui, context, view, &canvas, &shown);
    describe(ui, &canvas, &shown);
    let moved = stack_bar::stack_bar_ui(ui, bar, &shown, context.session);
    if let Some(stack_index) = moved {
        view.look_mut(&shown.study.uid).series.entry(shown.part.clone()).or_default().stack_index = stack_index;
    }
    response.context_menu(|ui| context_menu::context_menu_ui(ui, context, &shown, view));
}

fn shown<'a>(context: &UiContext<'a>, view: &mut ViewState) -> Option<Shown<'a>> {
    let study = context.open_study?;
    Shown::of(context, view.looks.get(&study.uid), &mut view.transient)
}

fn bar_rect(rect: Rect, shown: &Shown<'_>) -> Rect {
    let width = if shown.series.stack.len() > 1 { stack_bar::WIDTH } else { 0.0 };
    rect.with_min_x(rect.max.x - width)
}

fn sense(ui: &Ui, rect: Rect, is_drawing: bool) -> Response {
    let response = ui.interact(rect, viewport_id(), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Viewport 1"));
    let has_nobody_focus = ui.memory(|memory| memory.focused().is_none());
    let response = if is_drawing { response.on_hover_cursor(CursorIcon::Crosshair) } else { response };
    if has_nobody_focus || response.drag_started() || response.clicked() {
        response.request_focus();
    }
    // Tab, arrows and Escape mean something to the picture; F6 leaves it.
    let filter = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(viewport_id(), filter));
    response
}

fn draw(ui: &Ui, context: &UiContext<'_>, view: &ViewState, canvas: &Canvas, shown: &Shown<'_>) -> Option<Painted> {
    let painter = ui.painter_at(canvas.rect);
    let study = &shown.study.uid;
    let selected = view.selected(study);
    let chosen = selected.and_then(|id| context.session?.finding(id));
    let painted = match &shown.state {
        FrameState::Ready(frame) => {
            let mut request = picture::request(frame, canvas, shown, chosen, &view.overlay, view.display);
            if view.transient.pointer.saves_work && view.transient.pointer.drag.is_some() {
                request.minification = Minification::Point;
            }
            let error = view.transient.drawing_error.clone();
            if let Some(sentence) = error.sentence() {
                message(ui, canvas.rect, &sentence);
            }
            painter.add(paint_callback::picture(VIEWPORT_ID, canvas.rect, request, error));
            Some(picture::painted(canvas, shown, selected, &view.overlay))
        }
        // Not painted in the sense of the record: nothing is decided on a preview
        FrameState::Preview(frame) => {
            let request = picture::request(frame, canvas, shown, None, &view.overlay, view.display);
            painter.add(paint_callback::picture(
                VIEWPORT_ID,
                canvas.rect,
                request,
                view.transient.drawing_error.clone(),
            ));
            preview_mark(&painter, canvas.rect);
            None
        }
        FrameState::Loading => {
            message(ui, canvas.rect, "Loading image…");
            None
        }
        FrameState::Failed(reason) => {
            message(ui, canvas.rect, &format!("This image cannot be shown: {reason}"));
            None
        }
    };
    edges::ruler_ui(&painter, canvas, shown);
    if let Some(session) = context.session.filter(|_| painted.is_some()) {
        let shows_ai = view.overlay.marks_shown && !view.overlay.is_held_hidden;
        marks::marks_ui(&painter, canvas, shown, session, selected, shows_ai);
    }
    marks::drawing_ui(&painter, canvas, view.transient.pointer.drag.as_ref());
    let area = canvas.rect.with_max_x(bar_rect(canvas.rect, shown).min.x);
    let top_edge = ai_strip::ai_strip_ui(&painter, area, context.models, context.session);
    if let Some(letters) = edges::edge_letters(canvas, shown) {
        edges::letters_ui(&painter, area, top_edge, &letters);
    }
    hint_ui(&painter, area, view);
    let hovered = view.transient.pointer.hovered;
    let facts = CornerFacts { area, is_identity_hidden: view.is_identity_hidden, hovered };
    annotations::annotations_ui(ui, &painter, canvas, shown, &facts);
    painted
}

/// Says that the picture is coarse, where nobody can miss it.
fn preview_mark(painter: &Painter, rect: Rect) {
    let at = pos2(rect.center().x, rect.top() + 90.0);
    let text = "PREVIEW – full resolution is loading";
    plated_text(painter, at, Align2::CENTER_TOP, text, FontId::proportional(18.0), theme().accent.focus);
}

/// What the reader should know about the last key, where the reader looks.
fn hint_ui(painter: &Painter, area: Rect, view: &ViewState) {
    let drawing = "Drag a box around the finding. N: whole image. Esc: cancel.";
    let is_drawing = view.transient.pointer.is_drawing_finding;
    let (text, color) = match &view.transient.hint {
        Some(hint) => (hint.as_str(), theme().accent.focus),
        None if is_drawing => (drawing, theme().marks.drawing),
        None => return,
    };
    let at = pos2(area.center().x, area.bottom() - 44.0);
    plated_text(painter, at, Align2::CENTER_BOTTOM, text, FontId::proportional(15.0), color);
}

/// Says to a screen reader what the picture shows and which side of the patient lies where.
fn describe(ui: &Ui, canvas: &Canvas, shown: &Shown<'_>) {
    ui.ctx().accesskit_node_builder(viewport_id(), |node| {
        let image = format!("Image {} of {}", shown.look.stack_index + 1, shown.series.stack.len());
        let sides = edges::edge_letters(canvas, shown).map_or_else(
            || "orientation unknown".to_owned(),
            |EdgeLetters { left, right, top, bottom }| {
                format!("left {left}, right {right}, top {top}, bottom {bottom}")
            },
        );
        let remarks = notices::remarks(shown);
        let said = remarks.iter().map(|remark| remark.text.as_str()).collect::<Vec<_>>().join(". ");
        let said = if said.is_empty() { said } else { format!("; {said}") };
        node.set_description(format!("{image}; {sides}{said}"));
    });
}

/// The shown frame, then its neighbors, as far as they are not here.
fn want(context: &UiContext<'_>, shown: &Shown<'_>, wanted: &mut Vec<FrameKey>) {
    let at = shown.look.stack_index;
    let around = (1..=N_AHEAD).flat_map(|step| [at.checked_add(step), at.checked_sub(step)]).flatten();
    for index in std::iter::once(at).chain(around) {
        let Some((instance, frame)) = shown.series.image(index) else { continue };
        let key = instance.frame_key(frame);
        if matches!(context.frames.frame(&key), FrameState::Loading | FrameState::Preview(_)) {
            wanted.push(key);
        }
    }
}

fn message(ui: &Ui, rect: Rect, text: &str) {
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, theme().surface.picture);
    outlined_text(
        &painter,
        rect.center(),
        Align2::CENTER_CENTER,
        text,
        FontId::proportional(14.0),
        theme().text.normal,
    );
}

/// Marks and pixels agree only when the viewport starts and ends on a pixel.
fn on_whole_pixels(rect: Rect, pixels_per_point: f32) -> Rect {
    let whole = |point: Pos2| {
        let snap = |v: f32| (v * pixels_per_point).round() / pixels_per_point;
        Pos2::new(snap(point.x), snap(point.y))
    };
    Rect::from_min_max(whole(rect.min), whole(rect.max))
}
