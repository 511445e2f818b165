//! Writing in pictures: each image that has some, with boxes around it. A person says what is blacked out.

use egui::{
    ColorImage, Id, Image, Label, Pos2, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Ui, vec2,
};

use crate::domain::deidentification::{WritingFound, WritingVerdict};
use crate::domain::geometry::PixelBox;
use crate::domain::uid::SopInstanceUid;
use crate::ui::copies::{CopiesState, WritingState};
use crate::ui::dialogs::copies::CopiesDraft;
use crate::ui::theme::{faded, theme};
use crate::ui::words::counted;

const TOOLS_WIDTH: f32 = 232.0;
/// Smaller boxes are clicks, image pixels.
const LEAST_BOX: f64 = 3.0;

/// Images with writing that nobody has judged: they stay behind.
pub fn n_unjudged(draft: &CopiesDraft, state: &CopiesState) -> usize {
    state.writing.found().iter().filter(|found| !draft.verdicts.contains_key(&found.sop)).count()
}

pub fn writing_ui(ui: &mut Ui, draft: &mut CopiesDraft, state: &CopiesState, height: f32) {
    match &state.writing {
        WritingState::NotLooked => {}
        WritingState::Looking(progress) => {
            ui.horizontal(|ui| {
                ui.spinner();
                let words = format!("{} of {} files", progress.n_done, progress.n_total);
                ui.label(RichText::new(words).color(theme().text.weak));
            });
        }
        WritingState::Found(search) if search.found.is_empty() => {
            let words = "No writing was found in the pictures. The finder sees rows of small sharp letters; \
                         look at pictures whose maker burns in text.";
            ui.add(Label::new(RichText::new(words).color(theme().text.normal)).wrap());
        }
        WritingState::Found(search) => found_ui(ui, draft, &search.found, height),
    }
}

fn found_ui(ui: &mut Ui, draft: &mut CopiesDraft, all: &[WritingFound], height: f32) {
    draft.shown = draft.shown.min(all.len().saturating_sub(1));
    let Some(found) = all.get(draft.shown) else { return };
    let side = (ui.available_width() - TOOLS_WIDTH - 16.0).min(height).max(160.0);
    ui.horizontal_top(|ui| {
        picture_ui(ui, draft, found, side);
        ui.add_space(8.0);
        ui.vertical(|ui| {
            ui.set_width(TOOLS_WIDTH);
            tools_ui(ui, draft, all, found);
            ui.add_space(6.0);
            list_ui(ui, draft, all, (height - 250.0).max(60.0));
        });
    });
}

/// Sent once an image.
fn texture(ui: &Ui, found: &WritingFound) -> TextureHandle {
    let id = Id::unique("writing texture");
    let known = ui.ctx().data(|data| data.get_temp::<(SopInstanceUid, TextureHandle)>(id));
    if let Some((_, texture)) = known.filter(|(sop, _)| *sop == found.sop) {
        return texture;
    }
    let size = [found.picture.width as usize, found.picture.height as usize];
    let image = ColorImage::from_rgb(size, &found.picture.rgb);
    let texture = ui.ctx().load_texture("writing", image, TextureOptions::LINEAR);
    ui.ctx().data_mut(|data| data.insert_temp(id, (found.sop.clone(), texture.clone())));
    texture
}

fn picture_ui(ui: &mut Ui, draft: &mut CopiesDraft, found: &WritingFound, side: f32) {
    let [cols, rows] = found.size.map(|n| n.max(1) as f32);
    let scale = side / cols.max(rows);
    let image = Image::new((texture(ui, found).id(), vec2(cols * scale, rows * scale)));
    let image = image.alt_text(format!("{} with boxes around its writing", found.title));
    let response = ui.add(image.sense(Sense::click_and_drag()));
    let rect = response.rect;
    let to_screen = |x: f64, y: f64| rect.min + vec2(x as f32 * scale, y as f32 * scale);
    let to_image = |at: Pos2| {
        let inside = rect.clamp(at) - rect.min;
        [f64::from(inside.x / scale), f64::from(inside.y / scale)]
    };
    let painter = ui.painter_at(rect);
    let on_screen = |one: &PixelBox| Rect::from_two_pos(to_screen(one.x0, one.y0), to_screen(one.x1, one.y1));
    let blacked = match draft.verdicts.get(&found.sop) {
        Some(WritingVerdict::BlackOut(boxes)) => boxes.clone(),
        _ => Vec::new(),
    };
    blacked.iter().for_each(|one| {
        painter.rect_filled(on_screen(one), 0.0, egui::Color32::from(theme().surface.picture));
    });
    for one in found.boxes.iter().chain(&blacked) {
        let is_black = blacked.contains(one);
        let color = if is_black { theme().state.accepted } else { theme().state.warning };
        painter.rect_stroke(on_screen(one).expand(1.0), 0.0, Stroke::new(1.5, color), StrokeKind::Outside);
    }
    if response.drag_started() {
        draft.drawing = ui.input(|input| input.pointer.press_origin()).map(to_image);
    }
    let now = response.interact_pointer_pos().map(to_image);
    if let (Some([x, y]), Some([to_x, to_y])) = (draft.drawing, now) {
        let new = PixelBox { x0: x.min(to_x), y0: y.min(to_y), x1: x.max(to_x), y1: y.max(to_y) };
        painter.rect_filled(on_screen(&new), 0.0, faded(theme().state.accepted, 0.3));
        if response.drag_stopped() {
            draft.drawing = None;
            if new.width() >= LEAST_BOX && new.height() >= LEAST_BOX {
                let whole = PixelBox { x0: new.x0.floor(), y0: new.y0.floor(), x1: new.x1.ceil(), y1: new.y1.ceil() };
                set_boxes(draft, found, [blacked.clone(), vec![whole]].concat());
            }
        }
    }
    if response.clicked()
        && let Some([x, y]) = now
    {
        toggle_at(draft, found, &blacked, [x, y]);
    }
    response.on_hover_text("Click a box to black it out or not; drag to draw another");
}

/// Black or not: the box under the pointer.
fn toggle_at(draft: &mut CopiesDraft, found: &WritingFound, blacked: &[PixelBox], [x, y]: [f64; 2]) {
    let holds = |one: &&PixelBox| (one.x0..=one.x1).contains(&x) && (one.y0..=one.y1).contains(&y);
    if let Some(under) = blacked.iter().find(holds) {
        let rest = blacked.iter().filter(|one| *one != under).copied().collect();
        set_boxes(draft, found, rest);
    } else if let Some(under) = found.boxes.iter().find(holds) {
        set_boxes(draft, found, [blacked.to_vec(), vec![*under]].concat());
    }
}

fn set_boxes(draft: &mut CopiesDraft, found: &WritingFound, boxes: Vec<PixelBox>) {
    if boxes.is_empty() {
        draft.verdicts.remove(&found.sop);
    } else {
        draft.verdicts.insert(found.sop.clone(), WritingVerdict::BlackOut(boxes));
    }
}

fn tools_ui(ui: &mut Ui, draft: &mut CopiesDraft, all: &[WritingFound], found: &WritingFound) {
    ui.add(Label::new(RichText::new(&found.title).color(theme().text.strong)).wrap());
    if found.boxes.is_empty() {
        let words = "The file says that writing is burned in, and none was found: draw boxes, or leave it out.";
        ui.add(Label::new(RichText::new(words).small().color(theme().state.warning)).wrap());
    }
    ui.add_space(4.0);
    let verdict = draft.verdicts.get(&found.sop).cloned();
    let is_black = matches!(verdict, Some(WritingVerdict::BlackOut(_)));
    let has_boxes = !found.boxes.is_empty();
    let black = ui.add_enabled(has_boxes || is_black, egui::Button::selectable(is_black, "Black out"));
    if black.on_hover_text("Black out every box that was found").clicked() {
        draft.verdicts.insert(found.sop.clone(), WritingVerdict::BlackOut(found.boxes.to_vec()));
    }
    let is_harmless = verdict == Some(WritingVerdict::Harmless);
    let tip = "What was found is no writing, or says nothing about anybody: the image is copied as it is";
    if ui.selectable_label(is_harmless, "Harmless: copy as it is").on_hover_text(tip).clicked() {
        draft.verdicts.insert(found.sop.clone(), WritingVerdict::Harmless);
    }
    let is_left = verdict == Some(WritingVerdict::LeaveOut);
    if ui.selectable_label(is_left, "Leave the image out").clicked() {
        draft.verdicts.insert(found.sop.clone(), WritingVerdict::LeaveOut);
    }
    ui.add_space(6.0);
    let n = all.iter().filter(|other| other.series == found.series).count();
    let words = format!("Same for {} of this series", counted(n, "image"));
    let tip = "With its own boxes on each; boxes you drew are drawn on all";
    if ui.add_enabled(n > 1 && verdict.is_some(), egui::Button::new(words)).on_hover_text(tip).clicked()
        && let Some(verdict) = verdict
    {
        for other in all.iter().filter(|other| other.series == found.series) {
            draft.verdicts.insert(other.sop.clone(), same_for(&verdict, found, other));
        }
    }
    let n_with = all.iter().filter(|other| !other.boxes.is_empty()).count();
    let words = format!("Black out in all {}", counted(n_with, "image"));
    if n_with > 1 && ui.button(words).on_hover_text("Every box that was found, on every image").clicked() {
        for other in all.iter().filter(|other| !other.boxes.is_empty()) {
            draft.verdicts.insert(other.sop.clone(), WritingVerdict::BlackOut(other.boxes.to_vec()));
        }
    }
}

fn same_for(verdict: &WritingVerdict, of: &WritingFound, other: &WritingFound) -> WritingVerdict {
    let WritingVerdict::BlackOut(boxes) = verdict else { return verdict.clone() };
    let drawn = boxes.iter().filter(|one| !of.boxes.contains(one)).copied();
    WritingVerdict::BlackOut(other.boxes.iter().copied().chain(drawn).collect())
}

/// Every image with writing, and what was said of it.
fn list_ui(ui: &mut Ui, draft: &mut CopiesDraft, all: &[WritingFound], height: f32) {
    ScrollArea::vertical().id_salt("images with writing").max_height(height).auto_shrink(false).show(ui, |ui| {
        for (index, found) in all.iter().enumerate() {
            let said = match draft.verdicts.get(&found.sop) {
                None => "not judged",
                Some(WritingVerdict::BlackOut(_)) => "black",
                Some(WritingVerdict::Harmless) => "as it is",
                Some(WritingVerdict::LeaveOut) => "left out",
            };
            let words = RichText::new(format!("{}: {said}", found.title)).small();
            if ui.add(egui::Button::selectable(index == draft.shown, words).truncate()).clicked() {
                draft.shown = index;
            }
        }
    });
}
