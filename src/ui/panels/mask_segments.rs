//! The segments of the open mask: name, code, color, lock, visibility, opacity.

use egui::{Align, ComboBox, DragValue, Layout, RichText, Role, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, vec2};

use crate::domain::mask_edit::SegmentInfo;
use crate::segmentation::operation::Operation;
use crate::segmentation::segment_set::Sharing;
use crate::ui::context::UiContext;
use crate::ui::masks::keys::MaskKey;
use crate::ui::masks::templates::templates;
use crate::ui::masks::{acts, segments};
use crate::ui::shortcuts::{KeyCommand, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;

/// What a click in the list asks for, done after it is drawn.
enum Wish {
    Choose(usize),
    Define(SegmentInfo),
    Lock(usize),
    Remove(usize),
    MergeInto(usize),
}

pub fn segments_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    head_ui(ui, view);
    let Some(n) = view.transient.masks.open.as_ref().map(|desk| desk.segments.len()) else { return };
    let mut wish = None;
    for index in 0..n {
        row_ui(ui, view, index, &mut wish);
    }
    if n == 0 {
        ui.label(RichText::new("No segment yet: add one, or take a template.").small().color(theme().text.weak));
    }
    match wish {
        Some(Wish::Choose(index)) => {
            if let Some(desk) = &mut view.transient.masks.open {
                desk.active = index;
            }
        }
        Some(Wish::Define(info)) => segments::define(&mut view.transient.masks, info),
        Some(Wish::Lock(index)) => segments::toggle_lock(&mut view.transient.masks, index),
        Some(Wish::Remove(index)) => segments::remove_segment(view, index),
        Some(Wish::MergeInto(other)) => acts::run(context, view, Operation::MergeFrom { other }),
        None => {}
    }
}

fn head_ui(ui: &mut Ui, view: &mut ViewState) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Segments").color(theme().text.strong));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let tip = hint(ui.ctx(), "A new segment", KeyCommand::Mask(MaskKey::NewSegment));
            if ui.small_button("Add").on_hover_text(tip).clicked() {
                let n = view.transient.masks.open.as_ref().map_or(1, |desk| desk.segments.len() + 1);
                segments::add_segment(view, &format!("Segment {n}"), None, None);
            }
            let mut chosen = None;
            let response =
                ComboBox::from_id_salt("segment template").width(84.0).selected_text("Template").show_ui(ui, |ui| {
                    for template in templates() {
                        if ui.selectable_label(false, &template.name).clicked() {
                            chosen = Some(template);
                        }
                    }
                });
            response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Segments of a template"));
            for segment in chosen.into_iter().flat_map(|template| &template.segments) {
                add_from_template(view, segment);
            }
            let mut is_overlapping = view.transient.masks.settings.sharing == Sharing::Overlapping;
            let words = RichText::new("Overlap").small();
            let tip = "Off: what one segment gains the others lose. On: a voxel may belong to several";
            if ui.checkbox(&mut is_overlapping, words).on_hover_text(tip).changed() {
                let sharing = if is_overlapping { Sharing::Overlapping } else { Sharing::Exclusive };
                segments::set_sharing(&mut view.transient.masks, sharing);
            }
        });
    });
}

/// Those that are there already are passed over.
fn add_from_template(view: &mut ViewState, segment: &crate::ui::masks::templates::TemplateSegment) {
    let masks = &mut view.transient.masks;
    let Some(desk) = &masks.open else { return };
    if desk.segments.iter().any(|known| known.info.name == segment.name) {
        return;
    }
    // Several are defined before the review has the first
    let n = desk.segments.len() + masks.asked.len();
    let mut info = desk.fresh_segment(&segment.name, Some(segment.code()), Some(segment.color));
    info.id = format!("{}-{n}", info.id);
    segments::define(masks, info);
}

fn row_ui(ui: &mut Ui, view: &mut ViewState, index: usize, wish: &mut Option<Wish>) {
    let masks = &mut view.transient.masks;
    let Some(desk) = &mut masks.open else { return };
    let is_active = desk.active == index;
    let is_locked = desk.set.layers.get(index).is_some_and(|layer| layer.is_locked);
    let is_empty = desk.set.layers.get(index).is_none_or(|layer| layer.mask.is_empty());
    let active_has = index != desk.active;
    let Some(segment) = desk.segments.get_mut(index) else { return };
    let info = segment.info.clone();
    let ground = if is_active { theme().surface.selected.into() } else { egui::Color32::TRANSPARENT };
    let frame = egui::Frame::NONE.fill(ground).corner_radius(4.0).inner_margin(egui::Margin::symmetric(4, 2));
    // The row senses clicks below what stands in it
    let builder = UiBuilder::new().id_salt(("segment row", index)).sense(Sense::click());
    let row = ui.scope_builder(builder, |ui| {
        frame.show(ui, |ui| {
            ui.horizontal(|ui| {
                color_ui(ui, &info, wish);
                name_ui(ui, &mut masks.renaming, &info, is_empty, wish);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.menu_button("…", |ui| {
                        ui.set_min_width(170.0);
                        if ui.button("Rename").clicked() {
                            masks.renaming = Some((info.id.clone(), info.name.clone()));
                            ui.close();
                        }
                        if ui.add_enabled(active_has, egui::Button::new("Merge into the active segment")).clicked() {
                            *wish = Some(Wish::MergeInto(index));
                            ui.close();
                        }
                        if ui.button("Remove").clicked() {
                            *wish = Some(Wish::Remove(index));
                            ui.close();
                        }
                    })
                    .response
                    .on_hover_text("Rename, merge, remove");
                    let lock = if is_locked { "Locked" } else { "Lock" };
                    let response = ui.selectable_label(is_locked, RichText::new(lock).small());
                    response.widget_info(|| {
                        WidgetInfo::selected(Role::CheckBox, true, is_locked, format!("Lock {}", info.name))
                    });
                    if response.on_hover_text("A locked segment keeps every voxel").clicked() {
                        *wish = Some(Wish::Lock(index));
                    }
                    let opacity = DragValue::new(&mut segment.opacity)
                        .range(0.05..=1.0)
                        .speed(0.01)
                        .custom_formatter(|share, _| format!("{:.0} %", share * 100.0))
                        .custom_parser(|text| {
                            text.trim().trim_end_matches('%').trim().parse().ok().map(|n: f64| n / 100.0)
                        });
                    let response = ui.add_sized(vec2(36.0, 18.0), opacity).on_hover_text("Opacity: drag");
                    let value = f64::from(segment.opacity);
                    response.widget_info(|| WidgetInfo::slider(true, value, format!("Opacity of {}", info.name)));
                    let mut is_shown = segment.is_visible;
                    let response = ui.checkbox(&mut is_shown, "");
                    response.widget_info(|| {
                        WidgetInfo::selected(Role::CheckBox, true, is_shown, format!("Show {}", info.name))
                    });
                    response.on_hover_text("Show or hide");
                    segment.is_visible = is_shown;
                });
            });
        })
    });
    let sense = row.response;
    sense.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_active, format!("Segment {}", info.name)));
    let tip = info.code.as_ref().map(|code| format!("{} ({} {})", code.meaning, code.scheme, code.value));
    let sense = match tip {
        Some(tip) => sense.on_hover_text(tip),
        None => sense,
    };
    if sense.clicked() && wish.is_none() {
        *wish = Some(Wish::Choose(index));
    }
}

fn color_ui(ui: &mut Ui, info: &SegmentInfo, wish: &mut Option<Wish>) {
    let mut color = info.color;
    let response = ui.color_edit_button_srgb(&mut color);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Color of {}", info.name)));
    if color != info.color {
        *wish = Some(Wish::Define(SegmentInfo { color, ..info.clone() }));
    }
}

fn name_ui(
    ui: &mut Ui,
    renaming: &mut Option<(String, String)>,
    info: &SegmentInfo,
    is_empty: bool,
    wish: &mut Option<Wish>,
) {
    if let Some((_, text)) = renaming.as_mut().filter(|(id, _)| id == &info.id) {
        let response = ui.add(TextEdit::singleline(text).desired_width(110.0).char_limit(64));
        response.request_focus();
        let is_done = response.lost_focus() || ui.input(|input| input.key_pressed(egui::Key::Enter));
        if is_done {
            let name = text.trim().to_owned();
            *renaming = None;
            if !name.is_empty() && name != info.name {
                *wish = Some(Wish::Define(SegmentInfo { name, ..info.clone() }));
            }
        }
        return;
    }
    let color = if is_empty { theme().text.weak } else { theme().text.normal };
    ui.add(egui::Label::new(RichText::new(&info.name).color(color)).truncate().selectable(false));
}
