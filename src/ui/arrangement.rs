//! What comes back after a restart without anybody having set it: the window's place, the panels' widths, the overlays
//! last chosen, the study last open. Kept by `app` with the settings; may be lost without harm.

use std::path::PathBuf;

use egui::{Rect, ViewportInfo, pos2, vec2};
use serde::{Deserialize, Serialize};

use crate::domain::uid::StudyUid;
use crate::imaging::overlay::Colormap;
use crate::ui::view_state::{MaskStyle, OverlayView};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Arrangement {
    pub window: Option<WindowPlace>,
    pub panels: PanelWidths,
    pub overlay: KeptOverlay,
    pub last: Option<LastStudy>,
}

/// Of the program's window, in points at a text scale of 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowPlace {
    /// Left, top; `None` where the platform does not tell.
    pub position: Option<[f32; 2]>,
    pub size: [f32; 2],
    pub is_maximized: bool,
}

impl WindowPlace {
    /// Where the window is now. While it is maximized or minimized the size before stays: it is what comes back.
    pub fn of(info: &ViewportInfo, text_scale: f32, before: Option<Self>) -> Option<Self> {
        let is_whole_screen = info.maximized == Some(true) || info.fullscreen == Some(true);
        if info.minimized == Some(true) {
            return before;
        }
        if let Some(before) = before.filter(|_| is_whole_screen) {
            return Some(Self { is_maximized: true, ..before });
        }
        let size = info.inner_rect?.size() * text_scale;
        let position = info.outer_rect.map(|rect| [rect.min.x * text_scale, rect.min.y * text_scale]);
        let is_sane = size.x >= 100.0 && size.y >= 100.0;
        is_sane.then_some(Self { position, size: size.into(), is_maximized: is_whole_screen })
    }

    /// The place for a new window, when it is one that a screen can have.
    pub fn rect(&self) -> Option<Rect> {
        let Self { position, size: [width, height], .. } = *self;
        let [left, top] = position.unwrap_or_default();
        let is_sane = [left, top, width, height].into_iter().all(|v| v.is_finite() && v.abs() < 30_000.0);
        (is_sane && width >= 300.0 && height >= 200.0)
            .then(|| Rect::from_min_size(pos2(left, top), vec2(width, height)))
    }
}

/// Points; `None` is the width that fits the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PanelWidths {
    pub series: Option<f32>,
    pub findings: Option<f32>,
}

impl PanelWidths {
    /// A panel that opened with `given` is `shown` wide now: what the reader made of it, else what was kept.
    pub fn made(kept: Option<f32>, given: f32, shown: f32) -> Option<f32> {
        if (shown - given).abs() < 1.0 { kept } else { Some(shown.round()) }
    }
}

/// Of the overlays. Whether the map of where a network looked is shown is not kept: it never shows unasked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptOverlay {
    pub masks: MaskStyle,
    /// 0 to 1.
    pub saliency_opacity: f32,
    /// By name.
    pub colormap: String,
    pub marks_shown: bool,
    pub graphics_shown: bool,
}

impl Default for KeptOverlay {
    fn default() -> Self {
        Self::of(&OverlayView::default())
    }
}

impl KeptOverlay {
    pub fn of(overlay: &OverlayView) -> Self {
        let OverlayView { masks, saliency_opacity, colormap, marks_shown, graphics_shown, .. } = overlay;
        Self {
            masks: *masks,
            saliency_opacity: *saliency_opacity,
            colormap: colormap.name().to_owned(),
            marks_shown: *marks_shown,
            graphics_shown: *graphics_shown,
        }
    }

    pub fn put_back(&self, overlay: &mut OverlayView) {
        overlay.masks = self.masks;
        if self.saliency_opacity.is_finite() {
            overlay.saliency_opacity = self.saliency_opacity.clamp(0.0, 1.0);
        }
        overlay.colormap =
            Colormap::ALL.into_iter().find(|map| map.name() == self.colormap).unwrap_or(overlay.colormap);
        overlay.marks_shown = self.marks_shown;
        overlay.graphics_shown = self.graphics_shown;
    }
}

/// The study last on screen, and the places whose reading brought it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastStudy {
    pub places: Vec<PathBuf>,
    pub study: StudyUid,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(size: [f32; 2], maximized: bool) -> ViewportInfo {
        let rect = Rect::from_min_size(pos2(40.0, 30.0), size.into());
        ViewportInfo {
            inner_rect: Some(rect),
            outer_rect: Some(rect),
            maximized: Some(maximized),
            ..ViewportInfo::default()
        }
    }

    #[test]
    fn a_maximized_window_remembers_the_size_it_had_before() {
        let before = WindowPlace::of(&info([800.0, 600.0], false), 1.0, None).unwrap();
        assert_eq!((before.position, before.size), (Some([40.0, 30.0]), [800.0, 600.0]));
        let large = WindowPlace::of(&info([1900.0, 1000.0], true), 1.0, Some(before)).unwrap();
        assert_eq!((large.size, large.is_maximized), ([800.0, 600.0], true));
    }

    #[test]
    fn a_larger_text_does_not_shrink_the_window() {
        let place = WindowPlace::of(&info([400.0, 300.0], false), 2.0, None).unwrap();
        assert_eq!(place.size, [800.0, 600.0]);
    }

    #[test]
    fn a_place_that_no_screen_has_is_none() {
        let place = WindowPlace { position: None, size: [f32::NAN, 500.0], is_maximized: false };
        assert_eq!(place.rect(), None);
        assert_eq!(WindowPlace { size: [10.0, 10.0], ..place }.rect(), None);
    }

    #[test]
    fn overlays_come_back_but_the_map_never_shows_unasked() {
        let mut chosen = OverlayView { masks: MaskStyle::Off, saliency_shown: true, ..OverlayView::default() };
        chosen.colormap = Colormap::Viridis;
        let text = serde_json::to_string(&KeptOverlay::of(&chosen)).unwrap();
        let mut overlay = OverlayView::default();
        serde_json::from_str::<KeptOverlay>(&text).unwrap().put_back(&mut overlay);
        assert_eq!((overlay.masks, overlay.colormap), (MaskStyle::Off, Colormap::Viridis));
        assert!(!overlay.saliency_shown);
    }
}
