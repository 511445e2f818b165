//! The test pattern at its own pixels, with what to look for: is this display fit to read on?

use std::sync::Arc;

use egui::{Painter, Rect, RichText, Role, Sense, Slider, Ui, WidgetInfo, vec2};

use crate::domain::frame::{Frame, FrameKey, Samples};
use crate::domain::presentation::{ModalityLut, VoiFunction, Window};
use crate::domain::uid::SopInstanceUid;
use crate::imaging::test_pattern;
use crate::imaging::view::{ImageGrid, View};
use crate::imaging::voi_lut::Voi;
use crate::render::request::{DrawRequest, Interpolation, Minification, OverlayRequest, PixelMeaning};
use crate::ui::dialogs::{Stay, modal};
use crate::ui::theme::theme;
use crate::ui::viewport::on_whole_pixels;
use crate::ui::viewport::paint_callback;
use crate::ui::viewport::picture::DrawingError;

/// Names the renderer's targets, past those of panes.
const PATTERN_ID: u64 = 1000;
const STRIP_ID: u64 = 1001;
const COLUMN_WIDTH: f32 = 320.0;
const STRIP_HEIGHT: u32 = 48;
/// Steps of the strip.
const N_STEPS: u32 = 32;

const CHECKS: [&str; 7] = [
    "The dark square shows a smaller one inside (0 and 5 %), and so does the bright one (100 and 95 %)",
    "Each of the sixteen gray squares shows four small squares in its corners",
    "QUALITY CONT can be read on the dark, the middle and the bright ground",
    "Both ramps run evenly, without bands, jumps or color",
    "The finest lines are separate lines, nowhere plain gray",
    "Lines are straight, squares are square, the edges of the picture are sharp",
    "The screen is clean, no lamp or window is reflected in it",
];

/// The open pattern.
#[derive(Clone, Debug)]
pub struct TestPatternDraft {
    pattern: Option<Arc<Frame>>,
    strip: Option<Arc<Frame>>,
    /// Steps of the strip that the reader can tell apart, once said.
    n_seen: u32,
}

impl Default for TestPatternDraft {
    fn default() -> Self {
        Self { pattern: pattern(1024), strip: None, n_seen: 0 }
    }
}

impl PartialEq for TestPatternDraft {
    fn eq(&self, other: &Self) -> bool {
        let Self { pattern, strip: _, n_seen } = self;
        let size = |pattern: &Option<Arc<Frame>>| pattern.as_ref().map(|frame| frame.rows());
        (size(pattern), n_seen) == (size(&other.pattern), &other.n_seen)
    }
}

pub(in crate::ui::dialogs) fn test_pattern_ui(ui: &Ui, draft: &mut TestPatternDraft) -> Stay {
    let screen = ui.ctx().content_rect().size();
    modal(ui, "Test pattern", screen.x, |ui| {
        let size = vec2(ui.available_width(), (screen.y - 120.0).max(200.0));
        ui.allocate_ui(size, |ui| {
            ui.horizontal_top(|ui| {
                let picture = vec2((size.x - COLUMN_WIDTH - 16.0).max(200.0), size.y);
                let (rect, response) = ui.allocate_exact_size(picture, Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Test pattern, one to one"));
                fit_pattern(draft, rect, ui.pixels_per_point());
                if let Some(pattern) = &draft.pattern {
                    show(ui.painter(), rect, ui.pixels_per_point(), PATTERN_ID, pattern);
                }
                ui.add_space(8.0);
                ui.vertical(|ui| checks_ui(ui, draft)).inner
            })
            .inner
        })
        .inner
    })
}

fn checks_ui(ui: &mut Ui, draft: &mut TestPatternDraft) -> Stay {
    ui.set_width(COLUMN_WIDTH);
    ui.label(RichText::new("Look for").color(theme().text.strong));
    for (number, check) in (1..).zip(CHECKS) {
        ui.label(format!("{number}  {check}"));
        ui.add_space(2.0);
    }
    ui.add_space(12.0);
    ui.label(RichText::new(format!("A strip of {N_STEPS} steps from black to white")).color(theme().text.strong));
    let (rect, response) = ui.allocate_exact_size(vec2(COLUMN_WIDTH, STRIP_HEIGHT as f32), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Strip of gray steps"));
    let scale = ui.pixels_per_point();
    let width_px = (on_whole_pixels(rect, scale).width() * scale).round() as u32;
    let is_fitting = draft.strip.as_ref().is_some_and(|strip| strip.cols() == width_px);
    if !is_fitting {
        let height_px = (STRIP_HEIGHT as f32 * scale).ceil() as u32 + 1;
        let values = test_pattern::steps(width_px.max(1), height_px, N_STEPS);
        draft.strip = frame(width_px.max(1), height_px, values);
    }
    if let Some(strip) = &draft.strip {
        show(ui.painter(), rect, scale, STRIP_ID, strip);
    }
    ui.add_space(4.0);
    ui.add(Slider::new(&mut draft.n_seen, 0..=N_STEPS).text("steps I can tell apart"));
    let verdict = match draft.n_seen {
        0 => "Count them, then say how many",
        N_STEPS => "Every step shows: the gray scale is in order",
        n if n + 3 >= N_STEPS => "The ends run together: check brightness, contrast and the light in the room",
        _ => "Too few for reading: have the display calibrated",
    };
    let color = if draft.n_seen == N_STEPS || draft.n_seen == 0 { theme().text.weak } else { theme().state.warning };
    ui.label(RichText::new(verdict).color(color));
    ui.add_space(12.0);
    ui.label(
        RichText::new("Made after TG18-QC; does not replace a measurement of luminance")
            .small()
            .color(theme().text.weak),
    );
    ui.add_space(8.0);
    if ui.button("Close").on_hover_text("Close the test pattern (Esc)").clicked() { Stay::Closed } else { Stay::Open }
}

/// The larger pattern where it has room.
fn fit_pattern(draft: &mut TestPatternDraft, rect: Rect, pixels_per_point: f32) {
    let room = rect.width().min(rect.height()) * pixels_per_point;
    let size = if room >= 2048.0 { 2048 } else { 1024 };
    if draft.pattern.as_ref().is_none_or(|pattern| pattern.rows() != size) {
        draft.pattern = pattern(size);
    }
}

fn pattern(size: u32) -> Option<Arc<Frame>> {
    frame(size, size, test_pattern::pattern(size))
}

fn frame(cols: u32, rows: u32, values: Vec<u16>) -> Option<Arc<Frame>> {
    let key = FrameKey { sop: SopInstanceUid::new("test pattern"), index: rows, origin: 0 };
    Frame::new(key, rows, cols, Samples::U16(values.into())).ok().map(Arc::new)
}

/// One pixel of the frame on one of the screen, from black to white.
fn show(painter: &Painter, rect: Rect, pixels_per_point: f32, id: u64, frame: &Arc<Frame>) {
    let rect = on_whole_pixels(rect, pixels_per_point);
    let request = one_to_one(frame, [rect.width(), rect.height()].map(|points| f64::from(points * pixels_per_point)));
    painter.add(paint_callback::picture(id, rect, request, DrawingError::default()));
}

/// `frame` of twelve bits at full range, its middle in the middle of `viewport` physical pixels.
pub fn one_to_one(frame: &Arc<Frame>, viewport: [f64; 2]) -> DrawRequest {
    let white = f64::from(test_pattern::WHITE);
    let grid = ImageGrid::new(frame.rows(), frame.cols(), 1.0);
    DrawRequest {
        frame: Arc::clone(frame),
        meaning: PixelMeaning {
            modality_lut: ModalityLut::Identity,
            palette: None,
            bits_stored: test_pattern::N_BITS,
            padding: None,
        },
        voi: Voi::Window(Window { center: white / 2.0, width: white, function: VoiFunction::LinearExact }),
        invert: false,
        interpolation: Interpolation::Nearest,
        minification: Minification::Point,
        transform: View::default().transform(&grid, viewport),
        overlay: OverlayRequest::default(),
        plane: None,
    }
}
