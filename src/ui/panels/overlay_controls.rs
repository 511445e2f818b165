//! What lies over the picture: masks, the map of where the network looked, and the marks.

use egui::{Checkbox, Color32, ComboBox, Response, RichText, Role, Sense, Slider, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::domain::finding::Finding;
use crate::domain::intake::Progress;
use crate::domain::saliency::SaliencyMethod;
use crate::imaging::overlay::{Colormap, colormap};
use crate::review::session::FindingReview;
use crate::ui::action::{Action, AnalysisAction};
use crate::ui::context::{MapState, UiContext};
use crate::ui::deciding;
use crate::ui::masks::keys::MaskKey;
use crate::ui::masks::{acts, footing};
use crate::ui::shortcuts::{KeyCommand, ReviewKey, hint};
use crate::ui::theme::{from_srgb, theme};
use crate::ui::view_state::{MaskStyle, OverlayView, ViewState};
use crate::ui::viewport::laid_over::{self, LaidOver};
use crate::ui::viewport::shown::Shown;
use crate::ui::widgets::button::keyed_button;

pub fn overlay_controls_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let chosen = deciding::selected(context, view);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Overlays").color(theme().text.strong));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new("hold Q to hide").small().color(theme().text.weak));
        });
    });
    ui.checkbox(&mut view.overlay.marks_shown, "Boxes and lines");
    let over = laid_over(context, view, chosen);
    masks_ui(ui, chosen, &over, view);
    correcting_ui(ui, context, chosen, view);
    saliency_ui(ui, context, chosen, view, actions);
}

/// What the chosen finding lays over the image in the active pane.
fn laid_over(context: &UiContext<'_>, view: &mut ViewState, chosen: Option<&FindingReview>) -> LaidOver {
    let study = context.open_study.map(|study| &study.uid);
    let look = study.and_then(|study| view.looks.get(study));
    let shown = chosen.and_then(|_| Shown::of(context, look, &mut view.transient));
    let made =
        chosen.zip(shown).map(|(review, shown)| laid_over::of(context, &shown, &review.finding, &mut view.transient));
    made.unwrap_or_default()
}

fn masks_ui(ui: &mut Ui, chosen: Option<&FindingReview>, over: &LaidOver, view: &mut ViewState) {
    let segments = chosen.map_or(&[][..], |review| &review.finding.evidence.segments);
    let segments = if over.segments.is_empty() { segments } else { &over.segments };
    if segments.is_empty() {
        return;
    }
    ui.horizontal(|ui| {
        let tip = hint(ui.ctx(), "How masks are drawn", KeyCommand::Review(ReviewKey::CycleOverlay));
        ui.label(RichText::new("Masks").color(theme().text.normal)).on_hover_text(tip);
        let styles = [(MaskStyle::Off, "Off"), (MaskStyle::Outline, "Outline"), (MaskStyle::OutlineAndFill, "Fill")];
        for (style, word) in styles {
            let response = ui.selectable_value(&mut view.overlay.masks, style, word);
            response.widget_info(|| {
                WidgetInfo::selected(Role::RadioButton, true, view.overlay.masks == style, format!("Masks: {word}"))
            });
        }
    });
    ui.horizontal_wrapped(|ui| {
        for segment in segments {
            let mut is_shown = !view.overlay.hidden_segments.contains(&segment.id);
            swatch(ui, from_srgb(segment.color));
            if ui.add(Checkbox::new(&mut is_shown, RichText::new(&segment.name).small())).changed() {
                if is_shown {
                    view.overlay.hidden_segments.remove(&segment.id);
                } else {
                    view.overlay.hidden_segments.insert(segment.id.clone());
                }
            }
        }
    });
}

/// The way into the mask editor; a mask that other products brought cannot be changed in place.
fn correcting_ui(ui: &mut Ui, context: &UiContext<'_>, chosen: Option<&FindingReview>, view: &mut ViewState) {
    let Some(study) = context.open_study else { return };
    let has_mask = chosen.is_some_and(|review| footing::subject_of(study, &review.finding).is_some());
    let (words, about) = match has_mask {
        true => ("Correct mask", "Paint, erase and measure the finding's mask against the model's"),
        false => ("Draw mask", "Segment the picture or the whole stack from nothing"),
    };
    if keyed_button(ui, true, words, about, KeyCommand::Mask(MaskKey::Edit)).clicked() {
        acts::toggle(context, view);
    }
}

fn saliency_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    chosen: Option<&FindingReview>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
) {
    let Some(finding) = chosen.map(|review| &review.finding) else { return };
    let suggested = finding.evidence.saliency.as_ref().map(|map| map.facts().method.as_str());
    let is_imported_map = finding.evidence.volume.as_ref().is_some_and(|volume| volume.number == 0);
    if suggested.is_none() && !is_imported_map {
        return;
    }
    let overlay = &mut view.overlay;
    ui.horizontal(|ui| {
        let tip = hint(ui.ctx(), "The heat map of this finding", KeyCommand::Review(ReviewKey::ToggleSaliency));
        ui.checkbox(&mut overlay.saliency_shown, "Where the network looked").on_hover_text(tip);
    });
    if !overlay.saliency_shown {
        return;
    }
    let of_model = suggested.filter(|_| finding.model_run().is_some());
    let in_force = overlay.saliency_method.filter(|_| of_model.is_some()).map(|method| method.word());
    let method = method_name(in_force.or(suggested).unwrap_or("Map"));
    let caution = format!("{method}: where the network looked, not where disease is.");
    ui.label(RichText::new(caution).small().color(theme().state.warning));
    if let Some(suggested) = of_model {
        method_ui(ui, context, finding, suggested, overlay, actions);
    }
    ui.horizontal(|ui| {
        ui.label(RichText::new("Opacity").small().color(theme().text.weak));
        ui.spacing_mut().slider_width = 90.0;
        let slider = Slider::new(&mut overlay.saliency_opacity, 0.0..=1.0).fixed_decimals(2);
        let response = ui.add(slider);
        let opacity = overlay.saliency_opacity;
        response.widget_info(|| WidgetInfo::slider(true, f64::from(opacity), "Map opacity"));
        let choice = ComboBox::from_id_salt("colormap").width(86.0).selected_text(overlay.colormap.name());
        let response = choice.show_ui(ui, |ui| {
            for map in Colormap::ALL {
                ui.selectable_value(&mut overlay.colormap, map, map.name());
            }
        });
        response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Map colors"));
    });
    color_bar(ui, overlay.colormap);
}

/// As papers write it.
fn method_name(word: &str) -> &str {
    match word {
        "grad-cam" => "Grad-CAM",
        "grad-cam++" => "Grad-CAM++",
        "cam" => "CAM",
        "occlusion" => "Occlusion",
        other => other,
    }
}

/// Which map is drawn; one that is not here is asked for.
fn method_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    finding: &Finding,
    suggested: &str,
    overlay: &mut OverlayView,
    actions: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Method").small().color(theme().text.weak));
        let shown = overlay.saliency_method.map_or(suggested, |method| method.word());
        let choice = ComboBox::from_id_salt("saliency method").width(120.0).selected_text(method_name(shown));
        let response = choice.show_ui(ui, |ui| {
            for method in SaliencyMethod::ALL {
                let name = method_name(method.word());
                let words =
                    if method == SaliencyMethod::Occlusion { format!("{name} (slow)") } else { name.to_owned() };
                let is_suggested = method.word() == suggested;
                if ui.selectable_label(shown == method.word(), words).clicked() {
                    overlay.saliency_method = (!is_suggested).then_some(method);
                }
            }
        });
        response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Map method"));
        let Some(method) = overlay.saliency_method.filter(|method| method.word() != suggested) else { return };
        match context.asked.maps.get(&(finding.id.clone(), method)) {
            None => actions.push(AnalysisAction::Explain(finding.id.clone(), method).into()),
            Some(MapState::Running(Progress { n_done, n_total })) => {
                ui.spinner();
                if *n_total > 0 {
                    ui.label(RichText::new(format!("{n_done} / {n_total}")).small().color(theme().text.weak));
                }
            }
            Some(MapState::Failed(reason)) => {
                ui.label(RichText::new("failed").small().color(theme().state.error)).on_hover_text(reason);
            }
            Some(MapState::Ready(_)) => {}
        }
    });
}

/// The map's colors from 0 to 1, with what they mean.
fn color_bar(ui: &mut Ui, map: Colormap) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 10.0), Sense::hover());
    const N_STEPS: u16 = 64;
    let step = rect.width() / f32::from(N_STEPS);
    for index in 0..N_STEPS {
        let t = f32::from(index) / f32::from(N_STEPS - 1);
        let left = rect.left() + step * f32::from(index);
        let cell = egui::Rect::from_min_max(pos2(left, rect.top()), pos2(left + step + 0.5, rect.bottom()));
        ui.painter().rect_filled(cell, 0.0, from_srgb(colormap(map, t)));
    }
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme().surface.line), egui::StrokeKind::Outside);
    ui.horizontal(|ui| {
        let weak = |text: &str| RichText::new(text).small().color(theme().text.weak);
        ui.label(weak("0"));
        ui.label(weak("relative activation 0–1, per image"));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(weak("1")));
    });
    response
}

fn swatch(ui: &mut Ui, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, color);
}
