//! One pane: its image, what lies over it, and what is said in its corners.

use std::sync::Arc;

use egui::{
    Align2, CursorIcon, EventFilter, FontId, Painter, PointerButton, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2,
};

use crate::domain::frame::FrameKey;
use crate::domain::intake::Progress;
use crate::domain::uid::StudyUid;
use crate::imaging::orientation::EdgeLetters;
use crate::render::request::Minification;
use crate::ui::cine;
use crate::ui::context::{FrameState, UiContext, VolumeState};
use crate::ui::key_images;
use crate::ui::masks;
use crate::ui::planes;
use crate::ui::reading;
use crate::ui::shortcuts::{KeyCommand, ToolKey, chord_text};
use crate::ui::theme::theme;
use crate::ui::tools;
use crate::ui::transient::ViewDrag;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::annotations::CornerFacts;
use crate::ui::viewport::laid_over::{self, LaidOver};
use crate::ui::viewport::picture::Painted;
use crate::ui::viewport::shown::{Canvas, Shown};
use crate::ui::viewport::{
    DraggedSeries, ai_strip, annotations, context_menu, cross_reference, crosshair, edges, identity, lens, marks,
    notices, paint_callback, picture, plane_marks, pointer, render_id, stack_bar, viewport_id,
};
use crate::ui::widgets::outlined_text::{outlined_text, plated_text};

/// Images fetched ahead in the direction of both ends.
const N_AHEAD: usize = 6;

/// What the pointer does in a pane, before anything is drawn.
pub fn sense_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    open: &StudyUid,
    pane: usize,
    rect: Rect,
) -> Response {
    let shown = shown(context, view, pane);
    let n_images = shown.as_ref().map_or(0, n_scrolled);
    let is_active = view.look_mut(open).stage.active == pane;
    let response = sense(ui, rect.with_max_x(bar_rect(rect, n_images).min.x), pane, is_active, view);
    take_dropped(context, view, open, pane, &response);
    let is_pressed = ui.input(|input| input.pointer.any_pressed()) && response.contains_pointer();
    let stage = &mut view.look_mut(open).stage;
    if is_pressed || response.clicked() {
        stage.active = pane;
    }
    if is_pressed {
        cine::stop(view, pane);
    }
    if let Some(shown) = &shown {
        let canvas = Canvas::new(rect, ui.pixels_per_point(), shown);
        if !masks::stroke::mask_pointer_ui(ui, &response, &canvas, shown, context, view) {
            tools::pointer::tools_pointer_ui(ui, &response, &canvas, shown, context, view);
        }
    }
    let is_double = response.double_clicked_by(PointerButton::Primary) && !view.transient.tools.owns_press;
    let stage = &mut view.look_mut(open).stage;
    if is_double {
        if stage.layout.n_panes() > 1 {
            stage.is_maximized = !stage.is_maximized;
        } else {
            view.transient.is_maximized = !view.transient.is_maximized;
        }
    }
    if let Some(shown) = shown {
        let canvas = Canvas::new(rect, ui.pixels_per_point(), &shown);
        // What is drawn over the crosshair is not its drag
        let is_free = !view.transient.tools.owns_press;
        let is_taken = is_free && crosshair::pointer_ui(ui, context, view, open, (&canvas, &shown), &response);
        if !is_taken {
            pointer::pointer_ui(ui, &response, &canvas, &shown, open, view);
            planes::follow_wheel(context, view, pane);
        }
        let is_jump = is_free && shown.cut.is_none() && response.clicked_by(PointerButton::Primary);
        if let Some((at, plane)) = response.interact_pointer_pos().filter(|_| is_jump).zip(shown.plane)
            && ui.input(|input| input.modifiers.shift)
        {
            let point = plane.point_mm(canvas.image_point(at).map(|at| at - 0.5));
            planes::jump(context, view, shown.series, point);
        }
    }
    response
}

/// Images that the bar at the side moves through: planes have none.
fn n_scrolled(shown: &Shown<'_>) -> usize {
    if shown.cut.is_some() { 0 } else { shown.series.stack.len() }
}

/// Draws a pane and lists the frames it misses.
pub fn pane_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    open: &StudyUid,
    (pane, rect): (usize, Rect),
    response: &Response,
    wanted: &mut Vec<FrameKey>,
) {
    let Some(shown) = shown(context, view, pane) else {
        let is_empty = view.look_mut(open).stage.panes.get(pane).is_none_or(|pane| pane.content.series().is_none());
        let has_images = context.open_study.is_some_and(|study| !study.series.is_empty());
        let text = match (is_empty, has_images) {
            (_, false) => "This study has no images",
            (true, true) => "Drag a series here, or click and choose one",
            (false, true) => "The series that stood here is not open any more",
        };
        message(ui, rect, text);
        return;
    };
    let canvas = Canvas::new(rect, ui.pixels_per_point(), &shown);
    if shown.cut.is_none() {
        want(context, &shown, wanted);
        let chosen = view.selected(open).filter(|_| &shown.study.uid == open);
        if let Some(review) = chosen.and_then(|id| context.session?.finding(id)) {
            laid_over::want(context, &shown, &review.finding, wanted);
        }
    }
    if let Some(painted) = draw(ui, context, view, open, &canvas, &shown) {
        view.transient.panes.painted.insert(pane, painted);
    }
    describe(ui, &canvas, &shown);
    let bar = bar_rect(rect, n_scrolled(&shown));
    let keys = key_images::marked(context);
    let of_review = context.session.filter(|_| &shown.study.uid == open);
    let moved = match shown.cut {
        None => stack_bar::stack_bar_ui(ui, bar, &shown, of_review, keys),
        Some(_) => None,
    };
    if let (Some(stack_index), Some(pane)) = (moved, view.look_mut(open).stage.panes.get_mut(pane)) {
        pane.view.stack_index = stack_index;
    }
    let drawing = view.transient.tools.traces.menu_for.clone();
    let drawing = drawing.and_then(|id| Some(Arc::clone(&context.session?.annotation(&id)?.annotation)));
    response.context_menu(|ui| match &drawing {
        Some(drawing) => tools::menu::drawing_menu_ui(ui, context, view, Some(&shown), drawing),
        None => context_menu::context_menu_ui(ui, context, &shown, view),
    });
}

fn shown<'a>(context: &UiContext<'a>, view: &mut ViewState, pane: usize) -> Option<Shown<'a>> {
    let study = context.open_study?;
    Shown::of_pane(context, view.looks.get(&study.uid), pane, &mut view.transient)
}

fn bar_rect(rect: Rect, n_images: usize) -> Rect {
    let width = if n_images > 1 { stack_bar::WIDTH } else { 0.0 };
    rect.with_min_x(rect.max.x - width)
}

fn sense(ui: &Ui, rect: Rect, pane: usize, is_active: bool, view: &ViewState) -> Response {
    let id = viewport_id(pane);
    let response = ui.interact(rect, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Viewport {}", pane + 1)));
    let has_nobody_focus = ui.memory(|memory| memory.focused().is_none());
    let is_drawing = view.transient.pointer.is_drawing_finding;
    let response = if is_drawing { response.on_hover_cursor(CursorIcon::Crosshair) } else { response };
    if has_nobody_focus && is_active || response.drag_started() || response.clicked() {
        response.request_focus();
    }
    // Tab, arrows and Escape mean something to the picture; F6 leaves it.
    let filter = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    response
}

/// A series let go over the pane stands in it.
fn take_dropped(context: &UiContext<'_>, view: &mut ViewState, open: &StudyUid, pane: usize, response: &Response) {
    let Some(dropped) = response.dnd_release_payload::<DraggedSeries>() else { return };
    let study = context.studies.iter().find(|study| study.uid == dropped.0.study);
    if let Some((study, index)) = study.and_then(|study| Some((study, dropped.0.index_in(study)?))) {
        let look = view.look_mut(open);
        look.put(pane, study, index);
        look.stage.active = pane;
    }
}

fn draw(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    open: &StudyUid,
    canvas: &Canvas,
    shown: &Shown<'_>,
) -> Option<Painted> {
    let painter = ui.painter_at(canvas.rect);
    let is_of_open = &shown.study.uid == open;
    let session = context.session.filter(|_| is_of_open);
    let selected = view.selected(open).cloned();
    let overlay = reading::overlay_in_force(context, view);
    let of_open = selected.as_ref().filter(|_| is_of_open);
    let painted = picture_ui(ui, &painter, context, view, canvas, shown, of_open);
    // Of a plane that is not cut yet nothing is known but its name
    let is_cut = shown.cut.as_ref().is_none_or(|cut| cut.picture.is_some());
    if is_cut {
        edges::ruler_ui(&painter, canvas, shown);
    }
    // Boxes and lines would lie over the edge that is being corrected
    let is_corrected = view.transient.masks.is_open();
    if let Some(session) = session.filter(|_| painted.is_some()) {
        let shows_ai = overlay.marks_shown && !overlay.is_held_hidden && !is_corrected;
        marks::marks_ui(&painter, canvas, shown, session, selected.as_ref(), shows_ai);
    }
    if let Some(session) = session.filter(|_| shown.cut.is_some()) {
        let shows_ai = view.overlay.marks_shown && !view.overlay.is_held_hidden && !is_corrected;
        plane_marks::plane_marks_ui(&painter, canvas, shown, session, selected.as_ref(), shows_ai);
    }
    if let Some(session) = session.filter(|_| view.overlay.drawings_shown) {
        tools::paint::drawings_ui(&painter, canvas, shown, session, &mut view.transient.tools);
    }
    let hovered_here = view.transient.pointer.hovered.filter(|(pane, _)| *pane == shown.pane).map(|(_, point)| point);
    let is_hidden = view.overlay.is_held_hidden;
    masks::paint::marks_ui(&painter, canvas, shown, &mut view.transient.masks, hovered_here, is_hidden);
    match shown.cut {
        None => cross_reference::lines_ui(&painter, context, view, open, canvas, shown),
        Some(_) => crosshair::lines_ui(&painter, context, view, open, (canvas, shown)),
    }
    let drag = view.transient.pointer.drag.as_ref().filter(|drag| drag.pane == shown.pane);
    marks::drawing_ui(&painter, canvas, drag);
    let area = canvas.rect.with_max_x(bar_rect(canvas.rect, n_scrolled(shown)).min.x);
    let top_edge = match is_of_open {
        true => ai_strip::ai_strip_ui(&painter, area, context),
        false => identity::other_study_ui(&painter, area, context, shown.study),
    };
    if let Some(letters) = edges::edge_letters(canvas, shown).filter(|_| is_cut) {
        edges::letters_ui(&painter, area, top_edge, &letters, view.display.letters);
    }
    crosshair::name_ui(&painter, area, top_edge, shown);
    if view.look_mut(open).stage.active == shown.pane {
        hint_ui(&painter, area, view);
    }
    let hovered = view.transient.pointer.hovered.filter(|(pane, _)| *pane == shown.pane).map(|(_, point)| point);
    let film = cine::state(context, view, shown.pane);
    let facts = CornerFacts { area, is_identity_hidden: view.is_identity_hidden, hovered, film };
    annotations::annotations_ui(ui, &painter, canvas, shown, &facts);
    if let FrameState::Ready(frame) = &shown.state {
        let chosen = selected.filter(|_| is_of_open).and_then(|id| context.session?.finding(&id));
        let over = chosen.map(|review| picture::above(context, shown, &review.finding, &overlay, &mut view.transient));
        let over = over.unwrap_or_default();
        lens::lens_ui(ui, &painter, view, canvas, shown, |lens| {
            picture::request(frame, lens, shown, chosen, &over, &overlay, view.display)
        });
    }
    painted
}

/// The picture itself, or why there is none.
fn picture_ui(
    ui: &Ui,
    painter: &Painter,
    context: &UiContext<'_>,
    view: &mut ViewState,
    canvas: &Canvas,
    shown: &Shown<'_>,
    selected: Option<&crate::domain::uid::FindingId>,
) -> Option<Painted> {
    let overlay = &reading::overlay_in_force(context, view);
    let error = view.transient.panes.errors.entry(shown.pane).or_default().clone();
    let target = render_id(shown.pane);
    match &shown.state {
        FrameState::Ready(frame) => {
            let chosen = selected.and_then(|id| context.session?.finding(id));
            let over =
                chosen.map(|review| picture::above(context, shown, &review.finding, overlay, &mut view.transient));
            let over = over.unwrap_or_default();
            let mut request = picture::request(frame, canvas, shown, chosen, &over, overlay, view.display);
            masks::paint::lay_over(&mut request, shown, &mut view.transient.masks, overlay, selected);
            let pointer = &view.transient.pointer;
            let moves_planes = view.transient.planes.drag.is_some();
            if pointer.saves_work && (moves_planes || pointer.drag.as_ref().is_some_and(ViewDrag::moves_image)) {
                request.minification = Minification::Point;
            }
            let has_failed = error.sentence().inspect(|sentence| message(ui, canvas.rect, sentence)).is_some();
            painter.add(paint_callback::picture(target, canvas.rect, request, error));
            // Nor on a plane: what was suggested was suggested on an image
            let is_image = shown.cut.is_none();
            let presentation = reading::presentation(context);
            (!has_failed && is_image)
                .then(|| picture::painted(canvas, shown, selected, overlay, view.display, presentation))
        }
        // Not painted in the sense of the record: nothing is decided on a preview
        FrameState::Preview(frame) => {
            let request = picture::request(frame, canvas, shown, None, &LaidOver::default(), overlay, view.display);
            painter.add(paint_callback::picture(target, canvas.rect, request, error));
            preview_mark(painter, canvas.rect);
            None
        }
        FrameState::Loading => {
            message(ui, canvas.rect, &loading_words(context, shown));
            None
        }
        FrameState::Failed(reason) => {
            message(ui, canvas.rect, &format!("This image cannot be shown: {reason}"));
            None
        }
    }
}

fn loading_words(context: &UiContext<'_>, shown: &Shown<'_>) -> String {
    match context.frames.volume(shown.series) {
        _ if shown.cut.is_none() => "Loading image…".to_owned(),
        VolumeState::Loading(Progress { n_done, n_total }) => format!("Loading volume: {n_done} of {n_total} images"),
        _ => "Loading volume…".to_owned(),
    }
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
    let tools = tools_hint(painter, view);
    let (text, color) = match (&view.transient.hint, &tools) {
        (Some(hint), _) => (hint.as_str(), theme().accent.focus),
        (None, _) if is_drawing => (drawing, theme().marks.drawing),
        (None, Some(tools)) => (tools.as_str(), theme().marks.reader_selected),
        (None, None) => return,
    };
    // What stands for long stands small, at the rim
    let is_lasting = view.transient.hint.is_none() && !is_drawing;
    let (up, size) = if is_lasting { (32.0, 12.0) } else { (44.0, 15.0) };
    let at = pos2(area.center().x, area.bottom() - up);
    plated_text(painter, at, Align2::CENTER_BOTTOM, text, FontId::proportional(size), color);
}

/// What the tool in hand wants, or what keys do to the selected drawing.
fn tools_hint(painter: &Painter, view: &ViewState) -> Option<String> {
    let tools = &view.transient.tools;
    // A mask's tools say it in the panel, where it covers nothing
    if view.transient.masks.is_open() {
        return None;
    }
    match (tools.tool, &tools.selected) {
        (Some(_), _) if tools.cross.is_some() => {
            Some("Arrows move the cross, Shift farther; Enter sets a point. Esc: cancel.".to_owned())
        }
        (Some(tool), _) => {
            let words = tool.instruction().to_lowercase();
            Some(format!("{}: {words}. Enter: by keys. Esc: cancel.", tool.word()))
        }
        (None, Some(_)) => {
            let key = chord_text(painter.ctx(), KeyCommand::Tool(ToolKey::Remove));
            Some(format!("{key} removes the measurement, not the finding. Esc: leave it."))
        }
        (None, None) => None,
    }
}

/// Says to a screen reader what the picture shows and which side of the patient lies where.
fn describe(ui: &Ui, canvas: &Canvas, shown: &Shown<'_>) {
    ui.ctx().accesskit_node_builder(viewport_id(shown.pane), |node| {
        let image = match &shown.cut {
            None => format!("Image {} of {}", shown.look.stack_index + 1, shown.series.stack.len()),
            Some(cut) => format!("{} plane", cut.axis.words()),
        };
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
