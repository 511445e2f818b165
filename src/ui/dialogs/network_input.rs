//! What a network was given of a picture: its own values as gray, from the lowest to the highest, beside the picture.

use egui::{ColorImage, Grid, Id, Image, Label, RichText, TextureHandle, TextureOptions, Ui, vec2};

use crate::domain::uid::FindingId;
use crate::ui::context::{InputPicture, InputState, UiContext};
use crate::ui::dialogs::{Stay, modal_beside};
use crate::ui::theme::theme;

/// Longest side on the screen, points.
const SIDE: f32 = 380.0;

/// Which finding's input, and which channel of it.
#[derive(Clone, Debug, PartialEq)]
pub struct InputDraft {
    pub finding: FindingId,
    pub channel: usize,
}

pub(in crate::ui::dialogs) fn network_input_ui(ui: &Ui, context: &UiContext<'_>, draft: &mut InputDraft) -> Stay {
    modal_beside(ui, "Network input", 420.0, |ui| {
        match context.asked.input.as_ref().filter(|(finding, _)| finding == &draft.finding) {
            Some((_, InputState::Ready(picture))) => picture_ui(ui, picture, draft),
            Some((_, InputState::Failed(reason))) => {
                ui.add(Label::new(RichText::new(reason).color(theme().state.error)).wrap());
            }
            Some((_, InputState::Loading)) | None => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label(RichText::new("Preparing the picture as the network sees it").color(theme().text.weak));
                });
            }
        }
        ui.add_space(10.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    })
}

/// Sent once, not on every pass.
fn texture(ui: &Ui, picture: &InputPicture, draft: &InputDraft, gray: &[u8]) -> TextureHandle {
    let id = Id::unique("network input texture");
    let known = ui.ctx().data(|data| data.get_temp::<(InputDraft, TextureHandle)>(id));
    let size = [picture.cols, picture.rows];
    if let Some((_, texture)) = known.filter(|(of, texture)| of == draft && texture.size() == size) {
        return texture;
    }
    let image = ColorImage::from_gray(size, gray);
    // Its own pixels, not smoothed: what is shown is what went in.
    let texture = ui.ctx().load_texture("network input", image, TextureOptions::NEAREST);
    ui.ctx().data_mut(|data| data.insert_temp(id, (draft.clone(), texture.clone())));
    texture
}

fn picture_ui(ui: &mut Ui, picture: &InputPicture, draft: &mut InputDraft) {
    if picture.channels > 1 {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Channel").color(theme().text.weak));
            for channel in 0..picture.channels {
                ui.selectable_value(&mut draft.channel, channel, format!("{}", channel + 1));
            }
        });
    }
    draft.channel = draft.channel.min(picture.channels.saturating_sub(1));
    let gray = picture.gray(draft.channel);
    if gray.len() == picture.rows * picture.cols && !gray.is_empty() {
        let texture = texture(ui, picture, draft, &gray);
        let scale = SIDE / picture.rows.max(picture.cols) as f32;
        let size = vec2(picture.cols as f32 * scale, picture.rows as f32 * scale);
        let name = format!("What the network saw, {} by {} pixels", picture.cols, picture.rows);
        ui.add(Image::new((texture.id(), size)).alt_text(name));
    }
    let [low, high] = picture.range();
    ui.add_space(4.0);
    Grid::new("network input").num_columns(2).spacing([12.0, 2.0]).show(ui, |ui| {
        let mut row = |name: &str, value: String| {
            ui.label(RichText::new(name).small().color(theme().text.weak));
            ui.add(Label::new(RichText::new(value).small().color(theme().text.normal)).wrap());
            ui.end_row();
        };
        row("Values", format!("{low:.3} (black) to {high:.3} (white)"));
        row("Size", format!("{} × {} × {}", picture.channels, picture.rows, picture.cols));
        for (name, value) in &picture.facts {
            row(name, value.clone());
        }
    });
    let words = "Made from the file and the model's card alone; window, zoom and marks on the screen change nothing.";
    ui.add(Label::new(RichText::new(words).small().color(theme().text.weak)).wrap());
}
