//! The menu of one drawing, and going to where it was drawn.

use std::sync::Arc;

use egui::{Button, Ui};

use crate::domain::annotation::Annotation;
use crate::domain::shape::Shape;
use crate::imaging::measure::words;
use crate::imaging::view::ImageGrid;
use crate::ui::action::ReviewAction;
use crate::ui::context::UiContext;
use crate::ui::dialogs::Dialog;
use crate::ui::planes;
use crate::ui::shortcuts::{KeyCommand, ToolKey, chord_text};
use crate::ui::tools::lie::Lie;
use crate::ui::tools::pointer::edit_text;
use crate::ui::user_scale;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::Shown;

/// `shown` is the picture under the pointer, where the menu belongs to one.
pub fn drawing_menu_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    shown: Option<&Shown<'_>>,
    annotation: &Arc<Annotation>,
) {
    ui.set_min_width(190.0);
    ui.label(annotation.shape.word());
    ui.separator();
    if ui.button("Write on it…").clicked() {
        edit_text(view, context, annotation);
        ui.close();
    }
    let said = words::lines(annotation);
    if ui.add_enabled(!said.is_empty(), Button::new("Copy value")).clicked() {
        ui.ctx().copy_text(said.join("\n"));
        ui.close();
    }
    if ui.button("Go to its image").clicked() {
        jump(context, view, annotation);
        ui.close();
    }
    let is_line = matches!(annotation.shape, Shape::Length { .. });
    if let Some(shown) = shown.filter(|shown| is_line && Lie::of(annotation, shown) == Some(Lie::Own)) {
        let obstacle = user_scale::obstacle(shown);
        let response = ui.add_enabled(obstacle.is_none(), Button::new("Set the scale by it…"));
        if response.on_disabled_hover_text(obstacle.unwrap_or_default()).clicked() {
            view.dialogs.push(Dialog::KnownLength { line: Arc::clone(annotation), text: String::new() });
            ui.close();
        }
    }
    let is_moved = annotation.label_offset.is_some();
    if ui.add_enabled(is_moved, Button::new("Label back to its place")).clicked() {
        let changed = Annotation { label_offset: None, ..Annotation::clone(annotation) };
        view.transient.tools.asked.push(ReviewAction::ChangeAnnotation(Arc::new(changed)));
        ui.close();
    }
    ui.separator();
    let key = chord_text(ui.ctx(), KeyCommand::Tool(ToolKey::Remove));
    if ui.add(Button::new("Remove").shortcut_text(key)).clicked() {
        remove(view, annotation);
        ui.close();
    }
}

/// Takes a drawing away and says how to have it back.
pub fn remove(view: &mut ViewState, annotation: &Annotation) {
    view.transient.tools.remove(&annotation.id);
    view.transient.hint = Some(format!("{} removed. Undo brings it back.", annotation.shape.word()));
}

/// Selects a drawing and shows its image; in a picture that is zoomed in, its place too.
pub fn jump(context: &UiContext<'_>, view: &mut ViewState, annotation: &Annotation) {
    let Some(study) = context.open_study else { return };
    view.transient.tools.tool = None;
    view.transient.tools.select(&annotation.id);
    let Some(subject) = annotation.ground.subject() else { return jump_to_plane(context, view, annotation) };
    let look = view.look_mut(&study.uid);
    if !look.show_image(study, &subject.sop, subject.frame) {
        return;
    }
    let Some((_, instance)) = study.instance(&subject.sop) else { return };
    let series = look.view_mut();
    if !series.is_fit {
        let [[x0, y0], [x1, y1]] = annotation.shape.bounds();
        let center = [f64::midpoint(x0, x1) + 0.5, f64::midpoint(y0, y1) + 0.5];
        series.view = series.view.centered_on(center, &ImageGrid::of(instance));
    }
}

/// The planes on screen go to where it was drawn.
fn jump_to_plane(context: &UiContext<'_>, view: &mut ViewState, annotation: &Annotation) {
    let Some(series) = context.open_study.and_then(|study| study.series(annotation.ground.series())) else { return };
    let [[x0, y0], [x1, y1]] = annotation.shape.bounds();
    let center = annotation.point_mm([f64::midpoint(x0, x1), f64::midpoint(y0, y1)]);
    if !center.is_some_and(|center| planes::jump(context, view, series, center)) {
        view.transient.hint = Some("It lies on a plane through the volume: show the planes of its series.".to_owned());
    }
}
