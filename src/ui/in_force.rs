//! Puts the reader's preferences in force on the whole screen: size, pictures, hand and keys.

use egui::{Context, Event, Plugin, PointerButton, RawInput};

use crate::ui::preferences::{DisplayPreferences, Preferences};
use crate::ui::shortcuts;
use crate::ui::theme;
use crate::ui::view_state::{DisplayChoice, ViewState};

/// Once a pass, before anything is drawn.
pub fn put_in_force(ctx: &Context, preferences: &Preferences, view: &mut ViewState) {
    // Asks for a new pass only when it is another.
    ctx.set_zoom_factor(preferences.display.text_scale);
    theme::set_warm(ctx, preferences.display.is_warm);
    ctx.plugin_or_default::<Hand>().lock().is_left = preferences.mouse.is_left_handed;
    shortcuts::put_on(ctx, &preferences.keys);
    let DisplayPreferences { smoothing, letters, .. } = preferences.display;
    view.display = DisplayChoice { interpolation: smoothing.into(), letters };
    view.transient.pointer.habits = preferences.mouse;
}

/// Exchanges the main and the second button for a mouse on the left side, before any control hears of them.
#[derive(Default)]
struct Hand {
    is_left: bool,
}

impl Plugin for Hand {
    fn debug_name(&self) -> &'static str {
        "hand of the reader"
    }

    fn input_hook(&mut self, _ctx: &Context, input: &mut RawInput) {
        if !self.is_left {
            return;
        }
        for event in &mut input.events {
            if let Event::PointerButton { button, .. } = event {
                *button = match *button {
                    PointerButton::Primary => PointerButton::Secondary,
                    PointerButton::Secondary => PointerButton::Primary,
                    other => other,
                };
            }
        }
    }
}
