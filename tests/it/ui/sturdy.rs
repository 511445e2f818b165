//! Windows of every size and density, a screen at rest, and textures that are sent once.

use egui::{Key, Modifiers, MouseWheelUnit, TouchPhase, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::wgpu::{WgpuTestRenderer, create_render_state, default_wgpu_setup};
use overread::render::renderer::Renderer;
use overread::ui::stage::Layout;
use overread::ui::theme;
use overread::ui::viewport::paint_callback;

use crate::ui::desk::Desk;

/// Empty, a sliver, a tiny window, the least and an ordinary one, two that are wide or high, and 8K; points.
const SIZES: [[f32; 2]; 9] = [
    [0.0, 0.0],
    [1.0, 1.0],
    [1600.0, 3.0],
    [300.0, 200.0],
    [900.0, 600.0],
    [1600.0, 1000.0],
    [5120.0, 300.0],
    [400.0, 2000.0],
    [7680.0, 4320.0],
];

fn harness(desk: Desk) -> Harness<'static, Desk> {
    let mut harness = Harness::builder()
        .with_size(vec2(1600.0, 1000.0))
        .with_context_setup(theme::install)
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    harness.run_steps(4);
    harness
}

/// As when the window goes to another screen: the text's own scale stays.
fn set_density(harness: &mut Harness<'_, Desk>, density: f32) {
    let viewport = harness.input_mut().viewports.get_mut(&egui::ViewportId::ROOT).unwrap();
    viewport.native_pixels_per_point = Some(density);
}

fn is_sane(harness: &Harness<'_, Desk>, what: &str) {
    let view = &harness.state().view;
    for (pane, rect) in &view.transient.panes.rects {
        assert!(rect.min.is_finite() && rect.max.is_finite(), "{what}: pane {pane} lies at {rect:?}");
        assert!(rect.width() < 8000.0 && rect.height() < 8000.0, "{what}: pane {pane} lies at {rect:?}");
    }
    for look in view.looks.values() {
        for pane in &look.stage.panes {
            let seen = pane.view.view;
            let numbers = [seen.zoom, seen.pan[0], seen.pan[1]];
            assert!(numbers.iter().all(|number| number.is_finite()) && seen.zoom > 0.0, "{what}: {seen:?}");
        }
    }
}

#[test]
fn any_size_and_density_of_the_window_leaves_the_screen_sane_and_the_view_as_it_was() {
    for layout in [Layout::SINGLE, Layout { rows: 2, cols: 2 }, Layout { rows: 3, cols: 3 }] {
        let mut desk = Desk::new();
        desk.select("ct-nodule");
        let mut harness = harness(desk);
        let study = harness.state().studies[0].clone();
        harness.state_mut().view.look_mut(&study.uid).stage.lay_out(layout, &study);
        harness.run_steps(3);
        let before = harness.state().view.look(&study.uid).cloned();
        for density in [0.5, 1.0, 1.25, 2.0, 3.0] {
            set_density(&mut harness, density);
            for size in SIZES {
                harness.set_size(size.into());
                harness.run_steps(2);
                is_sane(&harness, &format!("{} at {size:?} × {density}", layout.words()));
            }
        }
        set_density(&mut harness, 1.0);
        harness.set_size(vec2(1600.0, 1000.0));
        harness.run_steps(4);
        assert_eq!(harness.state().view.look(&study.uid), before.as_ref(), "{}", layout.words());
        harness.get_by_label("Viewport 1");
    }
}

#[test]
fn a_window_that_goes_to_a_denser_screen_shows_the_same_place_with_more_pixels_and_back() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    let seen = |harness: &Harness<'_, Desk>| {
        let panes = &harness.state().view.transient.panes;
        (panes.painted[&0].seen.clone(), panes.rects[&0])
    };
    let (before, rect_before) = seen(&harness);
    for (density, factor) in [(2.0, 2.0), (1.25, 1.25), (1.0, 1.0)] {
        set_density(&mut harness, density);
        harness.run_steps(4);
        let (now, rect) = seen(&harness);
        assert!((rect.center() - rect_before.center()).length() < 1.0, "{rect:?} {rect_before:?}");
        assert!((now.zoom / before.zoom - factor).abs() < 0.01, "{} {} at {density}", now.zoom, before.zoom);
        assert_eq!((&now.sop, now.frame, now.window), (&before.sop, before.frame, before.window));
    }
}

#[test]
fn a_screen_at_rest_asks_for_no_pass() {
    for select in [None, Some("ct-nodule")] {
        let mut desk = Desk::new();
        select.into_iter().for_each(|finding| desk.select(finding));
        let mut harness = harness(desk);
        harness.run_steps(30);
        harness.step();
        let root = &harness.output().viewport_output[&egui::ViewportId::ROOT];
        let causes = harness.ctx.repaint_causes();
        assert_eq!(root.repaint_delay, std::time::Duration::MAX, "asked for by {causes:?}");
    }
    let mut harness = harness(Desk::empty());
    harness.run_steps(30);
    let root = &harness.output().viewport_output[&egui::ViewportId::ROOT];
    assert_eq!(root.repaint_delay, std::time::Duration::MAX, "on the first page");
}

#[test]
fn a_wheel_step_shows_its_image_in_the_very_next_pass_and_misses_nothing_that_is_here() {
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = harness(desk);
    let image = |harness: &Harness<'_, Desk>| {
        let node = harness.get_by_label("Viewport 1");
        node.accesskit_node().description().unwrap().split("; ").next().unwrap().to_owned()
    };
    assert!(image(&harness).starts_with("Image 10 of"));
    let center = harness.get_by_label("Viewport 1").rect().center();
    harness.hover_at(center);
    harness.run_steps(2);
    harness.state_mut().wanted.clear();
    for number in 11..=14 {
        harness.event(egui::Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, -1.0),
            phase: TouchPhase::Move,
            modifiers: Modifiers::NONE,
            source: egui::MouseWheelSource::Unknown,
        });
        harness.step();
        assert!(image(&harness).starts_with(&format!("Image {number} of")), "{}", image(&harness));
    }
    assert!(harness.state().wanted.is_empty(), "all of it is here");
}

#[test]
fn a_step_of_the_window_sends_no_texture_and_panes_that_are_gone_give_theirs_back() {
    if std::env::var_os("WGPU_BACKEND").is_none() {
        return println!("skipped: WGPU_BACKEND names no adapter to draw on");
    }
    let state = create_render_state(default_wgpu_setup(), eframe::egui_wgpu::RendererOptions::PREDICTABLE);
    paint_callback::install(&state);
    let mut desk = Desk::new();
    desk.select("ct-nodule");
    let mut harness = Harness::builder()
        .with_size(vec2(1600.0, 1000.0))
        .with_context_setup(theme::install)
        .renderer(WgpuTestRenderer::from_render_state(state.clone()))
        .build_ui_state(|ui, desk: &mut Desk| desk.pass(ui), desk);
    let of_renderer = || {
        let guard = state.renderer.read();
        let renderer: &Renderer = guard.callback_resources.get().unwrap();
        (renderer.uploads(), renderer.n_viewports())
    };
    harness.run_steps(4);
    harness.render().unwrap();
    let (before, _) = of_renderer();
    assert!(before.frames > 0);
    for key in [Key::Num1, Key::Num2, Key::Num3, Key::I, Key::Plus, Key::H] {
        harness.key_press(key);
        harness.run_steps(2);
        harness.render().unwrap();
    }
    assert_eq!(of_renderer(), (before, 1));

    let study = harness.state().studies[0].clone();
    let lay_out = |harness: &mut Harness<'_, Desk>, layout| {
        harness.state_mut().view.look_mut(&study.uid).stage.lay_out(layout, &study);
        harness.run_steps(3);
        harness.render().unwrap();
    };
    lay_out(&mut harness, Layout { rows: 1, cols: 2 });
    assert_eq!(of_renderer().1, 2);
    lay_out(&mut harness, Layout::SINGLE);
    assert_eq!(of_renderer().1, 1);
    harness.state_mut().is_open = false;
    harness.run_steps(2);
    harness.render().unwrap();
    assert_eq!(of_renderer().1, 0);
}
