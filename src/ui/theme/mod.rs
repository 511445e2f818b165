//! Colors, type sizes and spacing, read from `assets/theme`. The only file that makes a color.

use std::cell::Cell;
use std::sync::LazyLock;

use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::style::{HandleShape, ScrollStyle, WidgetVisuals, Widgets};
use egui::{
    Color32, Context, CornerRadius, FontData, FontFamily, FontId, Frame, Margin, Shadow, Stroke, Style, TextStyle,
    Visuals, vec2,
};
use serde::{Deserialize, Deserializer};

use crate::imaging::typefaces;

/// The colors of `assets/theme/dark.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Theme {
    pub surface: Surface,
    pub text: Text,
    pub accent: Accent,
    pub marks: Marks,
    pub state: States,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Surface {
    pub window: Hex,
    pub picture: Hex,
    pub panel: Hex,
    pub raised: Hex,
    pub hovered: Hex,
    pub pressed: Hex,
    pub selected: Hex,
    pub line: Hex,
    pub field: Hex,
    pub backdrop: Hex,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Text {
    pub strong: Hex,
    pub normal: Hex,
    pub weak: Hex,
    /// Around text that lies on a picture.
    pub outline: Hex,
    pub on_picture: Hex,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Accent {
    pub main: Hex,
    pub fill: Hex,
    pub fill_hovered: Hex,
    pub focus: Hex,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Marks {
    pub ai: Hex,
    pub ai_second: Hex,
    pub reader: Hex,
    pub reader_selected: Hex,
    pub ruler: Hex,
    pub drawing: Hex,
    pub reference: Hex,
    pub other_study: Hex,
    pub axial: Hex,
    pub coronal: Hex,
    pub sagittal: Hex,
    pub oblique: Hex,
    pub proposal: Hex,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct States {
    pub accepted: Hex,
    pub rejected: Hex,
    pub uncertain: Hex,
    pub unreviewed: Hex,
    pub warning: Hex,
    pub error: Hex,
    pub good: Hex,
    pub alarm: Hex,
}

/// A color written `#rrggbb` or `#rrggbbaa`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hex(pub Color32);

impl From<Hex> for Color32 {
    fn from(hex: Hex) -> Self {
        hex.0
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let color = Color32::from_hex(&text);
        color.map(Self).map_err(|_| serde::de::Error::custom(format!("'{text}' is not a color")))
    }
}

static THEME: LazyLock<Theme> = LazyLock::new(|| {
    // The file is part of the program and a test reads it; colorless is what a broken build would look like.
    toml::from_str(include_str!("../../../assets/theme/dark.toml")).unwrap_or_default()
});

static WARM_THEME: LazyLock<Theme> = LazyLock::new(|| warmed(&THEME));

thread_local! {
    /// Of the thread that draws the screen.
    static IS_WARM: Cell<bool> = const { Cell::new(false) };
}

pub fn theme() -> &'static Theme {
    if IS_WARM.get() { &WARM_THEME } else { &THEME }
}

/// Less blue in all that surrounds pictures, for reading at night. Pictures, and the hues that mean something on them,
/// stay as they are.
pub fn set_warm(ctx: &Context, is_warm: bool) {
    if IS_WARM.replace(is_warm) != is_warm {
        ctx.all_styles_mut(apply);
    }
}

fn warmed(theme: &Theme) -> Theme {
    let warm = |hex: Hex| {
        let [red, green, blue, alpha] = hex.0.to_srgba_unmultiplied();
        let part = |value: u8, share: f32| (f32::from(value) * share).round() as u8;
        Hex(Color32::from_rgba_unmultiplied(red, part(green, 0.93), part(blue, 0.68), alpha))
    };
    let Theme { surface, text, accent, marks, state } = theme.clone();
    let surface = Surface {
        // The ground of pictures is the picture's own
        picture: surface.picture,
        window: warm(surface.window),
        panel: warm(surface.panel),
        raised: warm(surface.raised),
        hovered: warm(surface.hovered),
        pressed: warm(surface.pressed),
        selected: warm(surface.selected),
        line: warm(surface.line),
        field: warm(surface.field),
        backdrop: surface.backdrop,
    };
    let text = Text {
        strong: warm(text.strong),
        normal: warm(text.normal),
        weak: warm(text.weak),
        outline: text.outline,
        on_picture: warm(text.on_picture),
    };
    let accent = Accent {
        main: warm(accent.main),
        fill: warm(accent.fill),
        fill_hovered: warm(accent.fill_hovered),
        focus: warm(accent.focus),
    };
    Theme { surface, text, accent, marks, state }
}

/// A color that a file or a model card brought along.
pub fn from_srgb([red, green, blue]: [u8; 3]) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// The same color with `opacity` of 0 to 1.
pub fn faded(color: impl Into<Color32>, opacity: f32) -> Color32 {
    color.into().gamma_multiply(opacity)
}

/// Puts the theme on, once at start and again when the text scale changes.
pub fn install(ctx: &Context) {
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(apply);
    for font in name_fonts() {
        ctx.add_font(font);
    }
    ctx.options_mut(|options| {
        // A right button that moves less than this opens the menu, more zooms.
        options.input_options.max_click_dist = 3.0;
        // The screen's own table of keys has it.
        options.quit_shortcuts.clear();
        // So has it the text's size, which the settings keep.
        options.zoom_with_keyboard = false;
    });
}

/// Letters that egui's own fonts lack: a patient's name must never be a row of boxes. First alphabets, then ideographs
/// and syllables.
fn name_fonts() -> [FontInsert; 4] {
    let last = |family| InsertFontFamily { family, priority: FontPriority::Lowest };
    let fonts = [
        ("DejaVu Sans", typefaces::DEJAVU_SANS),
        ("Noto Sans Thai", typefaces::NOTO_SANS_THAI),
        ("Droid Sans Fallback", typefaces::DROID_SANS_FALLBACK),
        ("Nanum Gothic", typefaces::NANUM_GOTHIC),
    ];
    fonts.map(|(name, bytes)| {
        let families = vec![last(FontFamily::Proportional), last(FontFamily::Monospace)];
        FontInsert::new(name, FontData::from_static(bytes), families)
    })
}

fn apply(style: &mut Style) {
    let size = |size: f32| FontId::new(size, FontFamily::Proportional);
    style.text_styles = [
        (TextStyle::Small, size(11.5)),
        (TextStyle::Body, size(13.5)),
        (TextStyle::Button, size(13.5)),
        (TextStyle::Heading, size(17.0)),
        (TextStyle::Monospace, FontId::new(12.5, FontFamily::Monospace)),
    ]
    .into();
    // Nothing moves beside a picture.
    style.animation_time = 0.0;
    style.scroll_animation = egui::style::ScrollAnimation::none();
    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.button_padding = vec2(9.0, 4.0);
    style.spacing.menu_margin = Margin::same(6);
    style.spacing.window_margin = Margin::same(16);
    style.spacing.interact_size = vec2(32.0, 24.0);
    style.spacing.scroll = ScrollStyle { bar_width: 8.0, ..ScrollStyle::solid() };
    style.spacing.tooltip_width = 380.0;
    style.interaction.tooltip_delay = 0.45;
    style.interaction.selectable_labels = false;
    style.visuals = visuals(theme());
}

fn visuals(theme: &Theme) -> Visuals {
    let Theme { surface, text, accent, state, .. } = theme;
    let mut visuals = Visuals::dark();
    visuals.widgets = widgets(theme);
    visuals.selection.bg_fill = accent.fill.0;
    visuals.selection.stroke = Stroke::new(1.0, text.strong.0);
    visuals.weak_text_color = Some(text.weak.0);
    visuals.hyperlink_color = accent.main.0;
    visuals.faint_bg_color = surface.raised.0;
    visuals.extreme_bg_color = surface.field.0;
    visuals.text_edit_bg_color = Some(surface.field.0);
    visuals.code_bg_color = surface.raised.0;
    visuals.warn_fg_color = state.warning.0;
    visuals.error_fg_color = state.error.0;
    visuals.window_fill = surface.panel.0;
    visuals.window_stroke = Stroke::new(1.0, surface.pressed.0);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.window_shadow = Shadow { offset: [0, 8], blur: 24, spread: 0, color: surface.backdrop.0 };
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 12, spread: 0, color: surface.backdrop.0 };
    visuals.panel_fill = surface.panel.0;
    visuals.text_cursor.blink = false;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    visuals
}

fn widgets(theme: &Theme) -> Widgets {
    let Theme { surface, text, accent, .. } = theme;
    let look = |fill: Hex, line: Hex, front: Hex| WidgetVisuals {
        bg_fill: fill.0,
        weak_bg_fill: fill.0,
        bg_stroke: Stroke::new(1.0, line.0),
        corner_radius: CornerRadius::same(4),
        fg_stroke: Stroke::new(1.0, front.0),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: look(surface.panel, surface.line, text.normal),
        inactive: look(surface.raised, surface.line, text.normal),
        hovered: look(surface.hovered, surface.pressed, text.strong),
        active: look(surface.pressed, accent.focus, text.strong),
        open: look(surface.hovered, surface.pressed, text.strong),
    }
}

/// A panel at a side of the screen.
pub fn panel_frame() -> Frame {
    Frame::new().fill(theme().surface.panel.0).inner_margin(Margin::symmetric(10, 8))
}

/// A slim bar at the top or bottom.
pub fn bar_frame() -> Frame {
    Frame::new().fill(theme().surface.panel.0).inner_margin(Margin::symmetric(10, 5))
}

/// A box that groups what belongs together.
pub fn card_frame() -> Frame {
    Frame::new()
        .fill(theme().surface.raised.0)
        .stroke(Stroke::new(1.0, theme().surface.line.0))
        .corner_radius(CornerRadius::same(6))
        .inner_margin(Margin::same(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_file_is_read_whole_and_stays_dark() {
        let theme: Theme = toml::from_str(include_str!("../../../assets/theme/dark.toml")).unwrap();
        for ground in [theme.surface.window, theme.surface.panel, theme.surface.picture] {
            let [red, green, blue, _] = ground.0.to_array();
            assert!(red <= 0x10 && green <= 0x10 && blue <= 0x14);
        }
        let [red, green, blue, _] = theme.text.strong.0.to_array();
        assert!(red.max(green).max(blue) <= 0xd0, "text stays below three quarters of white or so");
    }

    #[test]
    fn every_text_is_read_on_every_ground_it_stands_on() {
        is_readable(&THEME);
        is_readable(&WARM_THEME);
    }

    #[test]
    fn at_night_there_is_less_blue_and_pictures_stay_as_they_are() {
        let blue = |hex: Hex| u32::from(hex.0.b());
        assert!(blue(WARM_THEME.text.normal) < blue(THEME.text.normal) * 3 / 4);
        assert_eq!(WARM_THEME.surface.picture, THEME.surface.picture);
        assert_eq!(WARM_THEME.marks.ai, THEME.marks.ai);
    }

    fn is_readable(theme: &Theme) {
        let texts = [theme.text.strong, theme.text.normal, theme.state.error, theme.state.warning, theme.marks.ai];
        for ground in [theme.surface.panel, theme.surface.raised, theme.surface.field] {
            for text in texts {
                assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}");
            }
        }
        assert!(contrast(theme.text.weak, theme.surface.panel) >= 4.5);
    }

    /// WCAG 2.1 contrast ratio.
    fn contrast(front: Hex, ground: Hex) -> f32 {
        let luminance = |hex: Hex| {
            let color = egui::Rgba::from(hex.0);
            0.2126 * color.r() + 0.7152 * color.g() + 0.0722 * color.b()
        };
        let (a, b) = (luminance(front), luminance(ground));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}
