//! Whole screens on a software adapter. Written to `OVERREAD_SCREENS` when that names a folder, to be looked at.

use egui::vec2;
use egui_kittest::Harness;
use egui_kittest::wgpu::{WgpuTestRenderer, create_render_state, default_wgpu_setup};
use overread::domain::geometry::SpacingKind;
use overread::domain::intake::Notice;
use overread::imaging::pipeline;
use overread::ui::context::{AnalysisState, Message, RefusedFile, Severity};
use overread::ui::dialogs::Dialog;
use overread::ui::dialogs::palette::PaletteDraft;
use overread::ui::dialogs::settings::{SettingsDraft, SettingsPage};
use overread::ui::dialogs::test_pattern::TestPatternDraft;
use overread::ui::theme;
use overread::ui::view_state::{MaskStyle, WindowChoice};
use overread::ui::viewport::paint_callback;

use crate::ui::desk::{Desk, job, model};

const LARGE: [f32; 2] = [1600.0, 1000.0];
pub const SMALL: [f32; 2] = [1200.0, 800.0];

/// Renders a screen; `None` (with the reason printed) without a graphics adapter.
pub fn picture(name: &str, size: [f32; 2], desk: Desk) -> Option<image::RgbaImage> {
    if std::env::var_os("WGPU_BACKEND").is_none() {
        println!("skipped: WGPU_BACKEND names no adapter to draw on");
        return None;
    }
    let state = create_render_state(default_wgpu_setup(), eframe::egui_wgpu::RendererOptions::PREDICTABLE);
    paint_callback::install(&state);
    // A larger text leaves fewer points on the same screen.
    let scale = desk.facts.preferences.display.text_scale;
    let mut harness = Harness::builder()
        .with_size(vec2(size[0], size[1]) / scale)
        .with_context_setup(theme::install)
        .renderer(WgpuTestRenderer::from_render_state(state))
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    harness.run_steps(2);
    for (key, modifiers) in std::mem::take(&mut harness.state_mut().press_at_start) {
        harness.key_press_modifiers(modifiers, key);
    }
    harness.run_steps(6);
    let picture = harness.render().unwrap();
    if let Some(folder) = std::env::var_os("OVERREAD_SCREENS") {
        picture.save(std::path::Path::new(&folder).join(format!("ui-{name}.png"))).unwrap();
    }
    Some(picture)
}

#[test]
fn a_radiograph_with_findings() {
    let mut desk = Desk::new();
    desk.view.overlay.saliency_shown = true;
    desk.facts.jobs = vec![job(1, "Chest findings", 1, 3)];
    let Some(picture) = picture("radiograph", LARGE, desk) else { return };
    // Gray where the left lung is: the viewport has drawn.
    let [red, green, blue, _] = picture.get_pixel(1000, 300).0;
    assert!(red > 20 && red.abs_diff(green) < 60 && green.abs_diff(blue) < 60, "{red} {green} {blue}");
}

#[test]
fn a_measured_heart_on_a_small_screen() {
    let mut desk = Desk::new();
    desk.view.overlay.masks = MaskStyle::OutlineAndFill;
    desk.select("heart");
    picture("heart-small", SMALL, desk);
}

#[test]
fn a_ct_with_decisions() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let study = desk.studies[0].clone();
    desk.view.look_mut(&study.uid).view_mut().window = WindowChoice::Preset("lung".into());
    for (id, verdict) in crate::ui::desk_decisions() {
        desk.apply(overread::review::command::Command::MarkDisplayed { finding: id.clone() });
        desk.apply(overread::review::command::Command::DecideWithoutScreen {
            finding: id,
            verdict,
            comment: String::new(),
            details: Default::default(),
        });
    }
    picture("ct", LARGE, desk);
}

#[test]
fn four_planes_of_a_ct() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    desk.view.overlay.masks = MaskStyle::OutlineAndFill;
    desk.press_at_start = vec![(egui::Key::M, egui::Modifiers::NONE)];
    picture("planes", LARGE, desk);
}

#[test]
fn a_full_disk_running_work_and_a_model_out_of_scope() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    desk.facts.models[1].state = AnalysisState::OutOfScope("Only frontal chest radiographs.".into());
    desk.facts.models.push(model("lung-nodules", "Lung nodules", AnalysisState::NotRun));
    desk.facts.jobs = vec![job(1, "Reading files", 120, 480), job(2, "Chest findings", 1, 3)];
    let text = "The decision could not be kept: no space left on the device.".to_owned();
    desk.facts.messages = vec![Message { id: 1, severity: Severity::Error, text }];
    desk.n_not_saved = 1;
    let finding = overread::domain::uid::FindingId::new("ct-nodule");
    desk.apply(overread::review::command::Command::DecideWithoutScreen {
        finding,
        verdict: overread::domain::decision::Verdict::Uncertain,
        comment: String::new(),
        details: Default::default(),
    });
    desk.view.transient.pointer.is_drawing_finding = true;
    let study = desk.studies[0].clone();
    let look = desk.view.look_mut(&study.uid).view_mut();
    look.view = look.view.flipped_left_right();
    picture("troubles", SMALL, desk);
}

#[test]
fn the_start_page_with_refused_files() {
    let mut desk = Desk::empty();
    let refused = |name: &str, text: &str| RefusedFile { path: name.into(), notice: Notice::new("x", text) };
    desk.facts.refused = vec![
        refused("IM0001", "The file ends in the middle of its pixels."),
        refused("notes.txt", "This is not a DICOM file."),
    ];
    let text = "2 files could not be opened.".to_owned();
    desk.facts.messages = vec![Message { id: 1, severity: Severity::Warning, text }];
    picture("start", LARGE, desk);
}

#[test]
fn the_terms_before_all_else() {
    let mut desk = Desk::empty();
    desk.facts.has_accepted_terms = false;
    picture("terms", SMALL, desk);
}

/// Every page of a dialog at the sizes and scales a reader may have.
fn at_every_size(name: &str, dialog: &Dialog) {
    for (size, of) in [([1280.0, 800.0], "small"), ([1920.0, 1080.0], "large")] {
        for scale in [0.8, 1.0, 2.0] {
            let mut desk = Desk::new();
            desk.facts.preferences.display.text_scale = scale;
            desk.view.dialogs.push(dialog.clone());
            picture(&format!("{name}-{of}-{:.0}", scale * 100.0), size, desk);
        }
    }
}

#[test]
fn the_settings_at_every_size() {
    for page in SettingsPage::ALL {
        at_every_size(&format!("settings-{}", page.word()), &Dialog::Settings(SettingsDraft::at(page)));
    }
}

#[test]
fn the_palette_and_the_sheet_at_every_size() {
    at_every_size("palette", &Dialog::Palette(PaletteDraft { query: "wi".to_owned(), chosen: 1 }));
    at_every_size("sheet", &Dialog::Shortcuts);
}

#[test]
fn a_ct_under_the_magnifier_with_a_film() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    desk.facts.preferences.display.text_scale = 2.0;
    picture("large-text", [1280.0, 800.0], desk);
}

#[test]
fn the_dialogs() {
    let mut desk = Desk::new();
    desk.view.dialogs.push(Dialog::Shortcuts);
    picture("shortcuts", SMALL, desk);
    let mut desk = Desk::new();
    let finding = overread::domain::uid::FindingId::new("nodule");
    let chosen = vec![overread::domain::decision::RejectReason::CompositeShadow];
    desk.view.dialogs.push(Dialog::RejectReasons { finding, chosen, text: String::new() });
    picture("reject", LARGE, desk);
}

#[test]
fn a_radiograph_with_measurements_and_a_ct_with_regions() {
    let mut desk = Desk::new();
    crate::ui::tools::draw_on_radiograph(&mut desk, SpacingKind::Projection);
    picture("measured-radiograph", LARGE, desk);
    let mut desk = Desk::new();
    crate::ui::tools::draw_on_radiograph(&mut desk, SpacingKind::None);
    picture("measured-uncalibrated", SMALL, desk);
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    crate::ui::tools::draw_on_ct(&mut desk);
    picture("measured-ct", LARGE, desk);
}

#[test]
fn a_test_pattern_at_its_own_pixels() {
    let mut desk = Desk::new();
    desk.view.dialogs.push(Dialog::TestPattern(TestPatternDraft::default()));
    let Some(picture) = picture("test-pattern", [1920.0, 1200.0], desk) else { return };
    // The darkest and the brightest squares are there; value by value the renderer's own test looks at it.
    let count = |gray: u8| picture.pixels().filter(|pixel| pixel.0[..3] == [gray; 3]).count();
    assert!(count(0) > 10_000 && count(255) > 10_000 && count(pipeline::to_u8(800.0 / 4095.0)) > 100_000);
}
