//! The picture on screen, as it is seen: one pane or all, with everything drawn over it, and "research use only" burned in.

use std::sync::{Arc, Mutex, PoisonError};

use egui::{Align2, ColorImage, Context, FontId, Rect, Ui, pos2};

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::picture::CapturedPicture;
use crate::ui::action::{Action, ExportAction};
use crate::ui::context::UiContext;
use crate::ui::shortcuts::CaptureKey;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::outlined_text::plated_text;

/// A picture that is being taken.
#[derive(Default)]
pub struct CaptureMemory {
    wanted: Option<CaptureKey>,
    /// What came of it; written when the pass has been drawn.
    taken: Arc<Mutex<Option<Taken>>>,
}

/// The window's pixels, and which of them are wanted.
struct Taken {
    image: Arc<ColorImage>,
    rect: Rect,
    pixels_per_point: f32,
    what: CaptureKey,
}

/// Asks for a picture of the next pass, in which it says what it is for.
pub fn ask(ctx: &Context, view: &mut ViewState, what: CaptureKey) {
    view.transient.panes.capture.wanted = Some(what);
    ctx.request_repaint();
}

/// Hands on what was taken, and takes what was asked for. After the panes are drawn and before any dialog.
pub fn capture_ui(ui: &Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let taken = view.transient.panes.capture.taken.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(taken) = taken {
        hand_on(ui.ctx(), &taken, actions);
    }
    let Some(what) = view.transient.panes.capture.wanted.take() else { return };
    let active = context.open_study_uid().and_then(|study| view.look(study)).map_or(0, |look| look.stage.active);
    let rects = &view.transient.panes.rects;
    let of_all = || rects.values().copied().reduce(Rect::union);
    let rect = match what {
        CaptureKey::SaveAll => of_all(),
        CaptureKey::SavePane | CaptureKey::CopyPane => rects.get(&active).copied(),
    };
    let Some(rect) = rect else { return };
    let at = pos2(rect.center().x, rect.bottom() - 4.0);
    let font = FontId::proportional(13.0);
    plated_text(ui.painter(), at, Align2::CENTER_BOTTOM, RESEARCH_USE_ONLY, font, theme().state.warning);
    let (slot, ctx) = (Arc::clone(&view.transient.panes.capture.taken), ui.ctx().clone());
    let pixels_per_point = ui.pixels_per_point();
    ui.ctx().request_screenshot(move |image| {
        let taken = Taken { image, rect, pixels_per_point, what };
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
        ctx.request_repaint();
    });
}

fn hand_on(ctx: &Context, taken: &Taken, actions: &mut Vec<Action>) {
    let Some(picture) = cut_out(&taken.image, taken.rect, taken.pixels_per_point) else { return };
    match taken.what {
        CaptureKey::CopyPane => {
            let size = [picture.width as usize, picture.height as usize];
            ctx.copy_image(ColorImage::from_rgb(size, &picture.rgb));
            actions.push(ExportAction::PictureCopied.into());
        }
        CaptureKey::SavePane | CaptureKey::SaveAll => actions.push(ExportAction::SavePicture(picture).into()),
    }
}

/// The pixels of `rect`, points, as far as the image has them.
fn cut_out(image: &ColorImage, rect: Rect, pixels_per_point: f32) -> Option<CapturedPicture> {
    let [width, height] = image.size;
    let px = |points: f32, most: usize| ((points * pixels_per_point).round().max(0.0) as usize).min(most);
    let (left, right) = (px(rect.left(), width), px(rect.right(), width));
    let (top, bottom) = (px(rect.top(), height), px(rect.bottom(), height));
    let rows = (top..bottom).filter_map(|row| image.pixels.get(row * width + left..row * width + right));
    let rgb: Vec<u8> = rows.flatten().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
    let (cols, rows) = (u32::try_from(right - left.min(right)).ok()?, u32::try_from(bottom - top.min(bottom)).ok()?);
    let is_whole = rgb.len() == cols as usize * rows as usize * 3 && !rgb.is_empty();
    is_whole.then(|| CapturedPicture { width: cols, height: rows, rgb: rgb.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pane_is_cut_out_of_the_window_at_any_scale() {
        let mut image = ColorImage::filled([8, 6], theme().text.strong.into());
        image.pixels[2 * 8 + 4] = theme().state.error.into();
        let rect = Rect::from_min_max(pos2(2.0, 1.0), pos2(4.0, 3.0));
        let picture = cut_out(&image, rect, 2.0).unwrap();
        assert_eq!((picture.width, picture.height), (4, 4));
        let error: egui::Color32 = theme().state.error.into();
        assert_eq!(picture.rgb[..3], error.to_array()[..3]);
        let outside = Rect::from_min_max(pos2(90.0, 1.0), pos2(94.0, 3.0));
        assert!(cut_out(&image, outside, 2.0).is_none());
    }
}
