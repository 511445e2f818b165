//! The list of what readers drew: value and image, with the details of the selected one.

use std::sync::Arc;

use egui::{Align, CollapsingHeader, Label, Layout, Response, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};

use crate::domain::annotation::Annotation;
use crate::domain::shape::Shape;
use crate::domain::study::Study;
use crate::imaging::measure::region::{self, Histogram};
use crate::imaging::measure::{Values, words};
use crate::review::session::{AnnotationReview, Keeping};
use crate::ui::context::UiContext;
use crate::ui::theme::theme;
use crate::ui::tools::paint::plane_words;
use crate::ui::tools::{Tool, menu, pointer};
use crate::ui::view_state::ViewState;
use crate::ui::widgets::histogram_plot::histogram_ui;
use crate::ui::widgets::tool_icon::paint_tool;
use crate::ui::words::clipped;

pub fn measurements_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let (Some(study), Some(session)) = (context.open_study, context.session) else { return };
    let annotations = session.annotations();
    let title = match annotations.len() {
        0 => "Measurements".to_owned(),
        n => format!("Measurements  {n}"),
    };
    CollapsingHeader::new(RichText::new(title).color(theme().text.strong))
        .id_salt("measurements")
        .default_open(true)
        .show(ui, |ui| {
            if annotations.is_empty() {
                let words = RichText::new("None yet. Choose a tool beside the picture.").small();
                ui.label(words.color(theme().text.weak));
                return;
            }
            ui.checkbox(&mut view.overlay.drawings_shown, "On the pictures");
            ui.spacing_mut().item_spacing.y = 2.0;
            let height = (ui.ctx().content_rect().height() * 0.2).clamp(110.0, 330.0);
            ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
                for review in annotations {
                    row_ui(ui, context, study, review, view);
                }
            });
        });
}

fn row_ui(ui: &mut Ui, context: &UiContext<'_>, study: &Study, review: &AnnotationReview, view: &mut ViewState) {
    let annotation = &review.annotation;
    let is_selected = view.transient.tools.selected.as_ref() == Some(&annotation.id);
    let builder = UiBuilder::new().id_salt(&annotation.id).sense(Sense::click());
    let inner = ui.scope_builder(builder, |ui| {
        let ground = match (is_selected, ui.response().hovered()) {
            (true, _) => theme().surface.selected,
            (false, true) => theme().surface.hovered,
            (false, false) => theme().surface.raised,
        };
        egui::Frame::new().fill(ground.0).corner_radius(4).inner_margin(egui::Margin::symmetric(6, 3)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            line_ui(ui, study, review, view);
            if is_selected {
                details_ui(ui, context, study, review, view);
            }
        });
    });
    let label = format!("{}: {}", annotation.shape.word(), words::lines(annotation).join(", "));
    let response: Response = inner.response;
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_selected, &label));
    if response.clicked() {
        menu::jump(context, view, annotation);
    }
    let tools = &mut view.transient.tools;
    if is_selected && tools.list.scrolled_to.as_ref() != Some(&annotation.id) {
        tools.list.scrolled_to = Some(annotation.id.clone());
        response.scroll_to_me(None);
    }
    response.context_menu(|ui| menu::drawing_menu_ui(ui, context, view, None, annotation));
}

fn line_ui(ui: &mut Ui, study: &Study, review: &AnnotationReview, view: &mut ViewState) {
    let annotation = &review.annotation;
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
        paint_tool(ui.painter(), rect.center(), 6.0, tool_of(&annotation.shape), theme().marks.reader.into());
        let (headline, text) = (words::headline(annotation), annotation.text.lines().next().unwrap_or_default());
        let said = match (text, headline.as_str()) {
            ("", _) => headline,
            (text, same) if text == same => headline,
            (text, value) => format!("{text}  {value}"),
        };
        let said = if said.is_empty() { annotation.shape.word().to_owned() } else { said };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let remove = ui.small_button("×").on_hover_text("Remove this measurement");
            remove.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Remove this measurement"));
            if remove.clicked() {
                menu::remove(view, annotation);
            }
            if let Keeping::NotSaved(reason) = &review.keeping {
                let words = RichText::new("NOT SAVED").small().strong().color(theme().state.error);
                ui.label(words).on_hover_text(reason);
            }
            ui.label(RichText::new(place_words(study, annotation)).small().color(theme().text.weak));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(said).color(theme().text.normal)).truncate().selectable(false));
            });
        });
    });
}

fn details_ui(ui: &mut Ui, context: &UiContext<'_>, study: &Study, review: &AnnotationReview, view: &mut ViewState) {
    let annotation = &review.annotation;
    for line in words::values(annotation).into_iter().skip(1) {
        ui.label(RichText::new(line).small().color(theme().text.normal));
    }
    if let Some(pixels) = annotation.measurement("n_pixels") {
        let words = format!("{} in the region", words::quantity(pixels));
        ui.label(RichText::new(words).small().color(theme().text.weak));
    }
    if let Some(histogram) = histogram(context, study, annotation, view) {
        let ends = ["min", "max"].map(|id| annotation.measurement(id).map(words::quantity).unwrap_or_default());
        histogram_ui(ui, &histogram, &ends);
    }
    let by = match &review.changed {
        Some(changed) if changed.reader != review.placed.reader => {
            format!("{}, changed by {}", review.placed.reader, changed.reader)
        }
        _ => review.placed.reader.to_string(),
    };
    ui.horizontal(|ui| {
        if ui.small_button("Write on it…").clicked() {
            pointer::edit_text(view, context, annotation);
        }
        let said = words::lines(annotation);
        if !said.is_empty() && ui.small_button("Copy value").clicked() {
            ui.ctx().copy_text(said.join("\n"));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(clipped(&by, 30)).small().color(theme().text.weak));
        });
    });
}

/// Of the selected region, counted once while it stays as it is and its image is here.
fn histogram(
    context: &UiContext<'_>,
    study: &Study,
    annotation: &Arc<Annotation>,
    view: &mut ViewState,
) -> Option<Arc<Histogram>> {
    let known = &mut view.transient.tools.list.histogram;
    if let Some((_, histogram)) = known.as_ref().filter(|(of, _)| Arc::ptr_eq(of, annotation)) {
        return Some(Arc::clone(histogram));
    }
    let subject = annotation.ground.subject().filter(|_| annotation.shape.is_region())?;
    let (_, instance) = study.instance(&subject.sop)?;
    let state = context.frames.frame(&instance.frame_key(subject.frame));
    let values = Values::of(instance, subject.frame, state.ready()?)?;
    let histogram = Arc::new(region::statistics(&annotation.shape, &values)?.histogram);
    *known = Some((Arc::clone(annotation), Arc::clone(&histogram)));
    Some(histogram)
}

/// `Image 12`, with its series where the study has several; a plane of its own has none.
fn place_words(study: &Study, annotation: &Annotation) -> String {
    if let Some(words) = plane_words(&annotation.ground) {
        return words;
    }
    let Some(subject) = annotation.ground.subject() else { return String::new() };
    let of_series = study.series.iter().filter(|series| series.uid == subject.series);
    let found = of_series.into_iter().find_map(|series| {
        let is_it = |index: &usize| {
            series.image(*index).is_some_and(|(image, frame)| image.sop == subject.sop && frame == subject.frame)
        };
        (0..series.stack.len()).find(is_it).map(|index| (series, index + 1))
    });
    match found {
        Some((series, image)) => match series.number {
            Some(number) if study.series.len() > 1 => format!("Series {number}, image {image}"),
            _ => format!("Image {image}"),
        },
        None => "Image not open".to_owned(),
    }
}

fn tool_of(shape: &Shape) -> Tool {
    match shape {
        Shape::Probe { .. } => Tool::Probe,
        Shape::Length { .. } => Tool::Length,
        Shape::Bidirectional { .. } => Tool::Bidirectional,
        Shape::Angle { .. } => Tool::Angle,
        Shape::Cobb { .. } => Tool::Cobb,
        Shape::Rectangle { .. } => Tool::Rectangle,
        Shape::Ellipse { .. } => Tool::Ellipse,
        Shape::Freehand { .. } => Tool::Freehand,
        Shape::Arrow { .. } => Tool::Arrow,
        Shape::Text { .. } => Tool::Text,
    }
}
