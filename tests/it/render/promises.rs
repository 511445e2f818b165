//! What the renderer promises: overlays on their pixels, no upload while dragging, no former image after an error.

use std::sync::Arc;

use overread::domain::frame::Samples;
use overread::domain::mask::Mask;
use overread::domain::presentation::{ModalityLut, VoiFunction, Window};
use overread::imaging::presentation::GreyPresentation;
use overread::imaging::view::{ImageGrid, View};
use overread::imaging::voi_lut::Voi;
use overread::imaging::{pipeline, test_pattern};
use overread::render::cpu;
use overread::render::device_watch::pretend_out_of_memory;
use overread::render::error::RenderError;
use overread::render::offscreen::OffscreenRenderer;
use overread::render::renderer::{Renderer, TargetRect};
use overread::render::request::{DrawRequest, Interpolation, MAX_SEGMENTS, MaskLayer, OverlayRequest, PixelMeaning};
use overread::ui::dialogs::test_pattern::one_to_one;

use crate::render::cases::{self, Dice};
use crate::render::renderer;

const RED: [u8; 3] = [255, 0, 0];
const VIEWPORT: [f64; 2] = [120.0, 90.0];

fn one_pixel_mask(rows: u32, cols: u32, row: u32, col: u32) -> MaskLayer {
    let mut dense = vec![0; (rows * cols) as usize];
    dense[(row * cols + col) as usize] = 1;
    MaskLayer::new(cases::segment(0, RED, Mask::from_dense(rows, cols, &dense).unwrap()))
}

fn pixels_of(picture: &[u8], color: [u8; 3]) -> Vec<usize> {
    (0..picture.len() / 4).filter(|pixel| picture[pixel * 4..pixel * 4 + 3] == color).collect()
}

#[test]
fn a_one_pixel_mask_lands_on_its_image_pixel_at_every_zoom_and_orientation() {
    let Some(mut renderer) = renderer() else { return };
    let (rows, cols, row, col) = (31, 40, 12, 23);
    let mut values = vec![60; (rows * cols) as usize];
    values[(row * cols + col) as usize] = 255;
    for zoom in [1.0, 1.3, 2.0, 3.7, 8.0] {
        for orientation in 0..8 {
            let view = View { zoom, pan: [4.0, -3.5], quarter_turns: orientation % 4, flip_h: orientation > 3 };
            let mut request = cases::plain_request(rows, cols, values.clone(), view, VIEWPORT);
            let bare = renderer.draw(&request, 120, 90).unwrap();
            let image_pixel = pixels_of(&bare, [255; 3]);
            assert!(!image_pixel.is_empty(), "{view:?}: the pixel is not on screen");
            request.overlay.masks = vec![one_pixel_mask(rows, cols, row, col)];
            request.overlay.fill_opacity = 1.0;
            let masked = renderer.draw(&request, 120, 90).unwrap();
            assert_eq!(pixels_of(&masked, RED), image_pixel, "{view:?}");
            // And where the view itself says that the pixel is.
            let corners = [[0.0, 0.0], [1.0, 1.0]]
                .map(|[x, y]| request.transform.to_viewport([f64::from(col) + x, f64::from(row) + y]));
            for pixel in image_pixel {
                let center = [(pixel % 120) as f64 + 0.5, (pixel / 120) as f64 + 0.5];
                for axis in 0..2 {
                    let (a, b) = (corners[0][axis], corners[1][axis]);
                    assert!(center[axis] > a.min(b) - 1e-3 && center[axis] < a.max(b) + 1e-3, "{view:?} {pixel}");
                }
            }
        }
    }
}

#[test]
fn a_one_pixel_mask_does_not_slip_between_screen_pixels() {
    let Some(mut renderer) = renderer() else { return };
    for zoom in [0.9, 0.5, 0.31, 0.12] {
        for (row, col) in [(0, 0), (57, 91), (100, 33), (198, 198), (200, 200)] {
            let view = View { zoom, ..View::default() };
            let mut request = cases::plain_request(201, 201, vec![60; 201 * 201], view, VIEWPORT);
            request.transform = view.transform(&ImageGrid::new(201, 201, 1.0), [200.0, 200.0]);
            request.overlay.masks = vec![one_pixel_mask(201, 201, row, col)];
            let picture = renderer.draw(&request, 200, 200).unwrap();
            let found = pixels_of(&picture, RED);
            assert!((1..=9).contains(&found.len()), "zoom {zoom}, {row}, {col}: {} pixels", found.len());
        }
    }
}

#[test]
fn dragging_window_zoom_opacity_and_visibility_uploads_nothing() {
    let Some(mut renderer) = renderer() else { return };
    let mut dice = Dice(5);
    let grid = ImageGrid::new(64, 80, 1.0);
    let values = (0..64 * 80).map(|i| (i % 256) as u8).collect();
    let mut request = cases::plain_request(64, 80, values, View::default(), VIEWPORT);
    request.overlay.masks = cases::masks(&mut dice, 64, 80, 5);
    request.overlay.saliency = Some(cases::saliency(&mut dice, 64, 80));
    let draw = |renderer: &mut OffscreenRenderer, request: &DrawRequest| renderer.draw(request, 120, 90).unwrap();
    let first = draw(&mut renderer, &request);
    let uploads = renderer.uploads();
    let mut pictures = vec![first];
    for step in 1..=20 {
        request.voi = Voi::Window(Window::linear(100.0 + f64::from(step), 200.0 - f64::from(step)));
        request.transform = View { zoom: 1.0 + f64::from(step) / 7.0, ..View::default() }.transform(&grid, VIEWPORT);
        request.interpolation = cases::INTERPOLATIONS[step as usize % 3];
        request.invert = step % 2 == 0;
        request.overlay.opacity = 1.0 - step as f32 / 40.0;
        request.overlay.hidden = step % 3 == 0;
        request.overlay.masks[0].is_visible = step % 2 == 0;
        pictures.push(draw(&mut renderer, &request));
    }
    assert_eq!(renderer.uploads(), uploads);
    assert!(pictures.windows(2).all(|pair| pair[0] != pair[1]), "dragging changed nothing on the screen");
    request.frame = cases::frame(64, 80, request.frame.samples().clone());
    draw(&mut renderer, &request);
    assert_eq!(renderer.uploads().frames, uploads.frames + 1);
}

#[test]
fn a_step_of_the_window_draws_no_layer_and_every_layer_is_drawn_only_for_what_it_shows() {
    let Some(mut renderer) = renderer() else { return };
    let mut dice = Dice(6);
    let grid = ImageGrid::new(64, 80, 1.0);
    let values = (0..64 * 80).map(|i| (i % 256) as u8).collect();
    let mut request = cases::plain_request(64, 80, values, View::default(), VIEWPORT);
    request.overlay.masks = cases::masks(&mut dice, 64, 80, 3);
    request.overlay.saliency = Some(cases::saliency(&mut dice, 64, 80));
    let mut drawn = |request: &DrawRequest| {
        let before = renderer.layers_drawn();
        let picture = renderer.draw(request, 120, 90).unwrap();
        let after = renderer.layers_drawn();
        // Whatever was kept, it is the picture that nothing kept would give.
        let fresh = OffscreenRenderer::new().unwrap().draw(request, 120, 90).unwrap();
        assert_eq!(picture, fresh, "a layer is out of date: {request:?}");
        (after.pictures - before.pictures, after.overlays - before.overlays)
    };
    drawn(&request);
    assert_eq!(drawn(&request), (0, 0));
    for function in [VoiFunction::Linear, VoiFunction::LinearExact, VoiFunction::Sigmoid] {
        request.voi = Voi::Window(Window { center: 90.0, width: 120.0, function });
        request.invert = !request.invert;
        assert_eq!(drawn(&request), (0, 0), "{function:?}");
    }
    request.overlay.opacity = 0.5;
    assert_eq!(drawn(&request), (0, 1));
    request.overlay.masks[1].is_visible = !request.overlay.masks[1].is_visible;
    assert_eq!(drawn(&request), (0, 1));
    request.overlay.hidden = true;
    assert_eq!(drawn(&request), (0, 0));
    request.overlay.hidden = false;
    assert_eq!(drawn(&request), (0, 1));
    request.transform = View { zoom: 1.5, ..View::default() }.transform(&grid, VIEWPORT);
    assert_eq!(drawn(&request), (1, 1));
    request.interpolation = Interpolation::Cubic;
    assert_eq!(drawn(&request), (1, 0));
    request.meaning.modality_lut = ModalityLut::Linear { slope: 0.5, intercept: 10.0 };
    assert_eq!(drawn(&request), (1, 0));
    request.frame = cases::frame(64, 80, request.frame.samples().clone());
    assert_eq!(drawn(&request), (1, 0));
    let rgb = (0..64 * 80 * 3).map(|i| (i % 251) as u8).collect::<Vec<_>>();
    request.frame = cases::frame(64, 80, Samples::Rgb8(rgb.into()));
    assert_eq!(drawn(&request), (1, 0));
}

#[test]
fn a_viewport_that_reaches_over_the_targets_edge_keeps_its_pixels_in_place() {
    let Some(mut renderer) = renderer() else { return };
    let rect = |x, y| TargetRect { x, y, width: 120.0, height: 90.0 };
    let values: Vec<u8> = (0..50 * 60).map(|i| (i * 7 % 251) as u8).collect();
    let one = cases::plain_request(50, 60, values.clone(), View { zoom: 1.5, ..View::default() }, VIEWPORT);
    let two = cases::plain_request(50, 60, values, View { quarter_turns: 1, ..View::default() }, VIEWPORT);
    let alone = [&one, &two].map(|request| renderer.draw(request, 120, 90).unwrap());
    // The first starts left of and above the target, the second ends right of and below it.
    let sheet = renderer.draw_sheet(&[(&one, rect(-50.0, -20.0)), (&two, rect(70.0, 70.0))], 150, 130).unwrap();
    let pixel = |picture: &[u8], width: usize, x: usize, y: usize| picture[(y * width + x) * 4..][..4].to_vec();
    for (x, y) in (0..130).flat_map(|y| (0..150).map(move |x| (x, y))) {
        let expected = match (x, y) {
            (0..70, 0..70) => pixel(&alone[0], 120, x + 50, y + 20),
            (70.., 70..) => pixel(&alone[1], 120, x - 70, y - 70),
            _ => vec![0, 0, 0, 255],
        };
        assert_eq!(pixel(&sheet, 150, x, y), expected, "{x}, {y}");
    }
}

#[test]
fn the_twin_at_one_to_one_is_the_pipelines_picture() {
    let mut dice = Dice(21);
    for kind in cases::KINDS {
        for voi in cases::VOIS {
            let mut request = cases::request(&mut dice, kind, voi, Interpolation::Nearest, VIEWPORT, None);
            let (rows, cols) = (request.frame.rows(), request.frame.cols());
            if request.meaning.palette.is_some() || request.frame.samples().is_color() {
                continue;
            }
            let grid = ImageGrid::new(rows, cols, 1.0);
            request.transform = View::default().transform(&grid, [cols.into(), rows.into()]);
            request.overlay = OverlayRequest::default();
            let presentation = GreyPresentation { voi: request.voi.clone(), invert: request.invert };
            let PixelMeaning { modality_lut, padding, .. } = &request.meaning;
            let picture = cpu::draw(&request, cols, rows);
            for (i, rgba) in picture.as_chunks::<4>().0.iter().enumerate() {
                let stored = request.frame.samples().at(i).unwrap();
                let gray = pipeline::gray_level(stored, modality_lut, *padding, &presentation);
                assert_eq!(*rgba, [gray, gray, gray, 255], "{kind:?} {voi:?} pixel {i}");
            }
        }
    }
}

#[test]
fn a_renderer_may_live_in_callback_resources() {
    fn is_shared<T: Send + Sync + 'static>() {}
    is_shared::<Renderer>();
    is_shared::<DrawRequest>();
}

#[test]
fn hidden_overlays_leave_the_bare_image() {
    let mut dice = Dice(8);
    let mut request = cases::plain_request(64, 80, vec![60; 64 * 80], View::default(), VIEWPORT);
    let bare = cpu::draw(&request, 120, 90);
    request.overlay.masks = cases::masks(&mut dice, 64, 80, 5);
    request.overlay.saliency = Some(cases::saliency(&mut dice, 64, 80));
    assert_ne!(cpu::draw(&request, 120, 90), bare);
    request.overlay.hidden = true;
    assert_eq!(cpu::draw(&request, 120, 90), bare);
    let Some(mut renderer) = renderer() else { return };
    assert_eq!(renderer.draw(&request, 120, 90).unwrap(), bare);
}

#[test]
fn what_cannot_be_drawn_is_refused_with_a_sentence_and_nothing_is_painted() {
    let Some(mut renderer) = renderer() else { return };
    let good = cases::plain_request(8, 8, vec![200; 64], View { zoom: 10.0, ..View::default() }, VIEWPORT);
    renderer.draw(&good, 120, 90).unwrap();
    let mut wide = cases::plain_request(1, 70_000, vec![200; 70_000], View::default(), VIEWPORT);
    let refused = renderer.draw(&wide, 120, 90);
    assert!(matches!(refused, Err(RenderError::TooLarge { cols: 70_000, .. })), "{refused:?}");
    wide.frame = Arc::clone(&good.frame);
    wide.overlay.masks = vec![one_pixel_mask(9, 8, 1, 1)];
    assert_eq!(renderer.draw(&wide, 120, 90), Err(RenderError::MaskGrid { rows: 9, cols: 8 }));
    wide.overlay.masks = vec![one_pixel_mask(8, 8, 1, 1); MAX_SEGMENTS + 1];
    let too_many = RenderError::TooManySegments { n_segments: MAX_SEGMENTS + 1 };
    assert_eq!(renderer.draw(&wide, 120, 90), Err(too_many));
    // With one of them invisible the others fit.
    wide.overlay.masks[3].is_visible = false;
    assert!(renderer.draw(&wide, 120, 90).is_ok());
}

#[test]
fn an_adapter_that_runs_out_of_memory_is_asked_again_and_then_says_so_and_shows_no_former_image() {
    let Some(mut renderer) = renderer() else { return };
    let request = cases::plain_request(9, 9, (0..81).collect(), View::default(), VIEWPORT);
    let expected = renderer.draw(&request, 120, 90).unwrap();
    let n_sent = renderer.uploads().frames;
    pretend_out_of_memory(1);
    assert_eq!(renderer.draw(&request, 120, 90).unwrap(), expected);
    assert_eq!(renderer.uploads().frames, n_sent + 1, "all textures were given back before the second try");
    pretend_out_of_memory(2);
    let error = renderer.draw(&request, 120, 90).unwrap_err();
    assert!(matches!(error, RenderError::OutOfMemory), "{error}");
    assert_eq!(renderer.draw(&request, 120, 90).unwrap(), expected, "and when there is memory again, it is drawn");
}

#[test]
fn memory_stays_within_its_budget() {
    let Some(mut renderer) = renderer() else { return };
    renderer.renderer_mut().set_budget_bytes(100_000);
    let requests: Vec<DrawRequest> = (0..20)
        .map(|i| {
            let mut request = cases::plain_request(100, 100, vec![0; 10_000], View::default(), VIEWPORT);
            request.frame = cases::frame(100, 100, Samples::U16(vec![i; 10_000].into()));
            request
        })
        .collect();
    for request in &requests {
        renderer.draw(request, 120, 90).unwrap();
        assert!(renderer.renderer_mut().held_bytes() <= 100_000);
    }
    let uploads = renderer.uploads().frames;
    renderer.draw(&requests[19], 120, 90).unwrap();
    assert_eq!(renderer.uploads().frames, uploads, "the newest frame was dropped");
    renderer.draw(&requests[0], 120, 90).unwrap();
    assert_eq!(renderer.uploads().frames, uploads + 1, "the oldest frame was kept");
    renderer.renderer_mut().set_budget_bytes(512 << 20);
}

#[test]
fn bytes_are_the_same_on_a_target_that_encodes_srgb() {
    let Some(mut renderer) = renderer() else { return };
    let Ok(mut encoding) = OffscreenRenderer::with_format(wgpu::TextureFormat::Rgba8UnormSrgb) else { return };
    let values = (0..=255).collect();
    let request = cases::plain_request(16, 16, values, View { zoom: 4.0, ..View::default() }, VIEWPORT);
    let (plain, encoded) = (renderer.draw(&request, 120, 90).unwrap(), encoding.draw(&request, 120, 90).unwrap());
    let worst = plain.iter().zip(&encoded).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(1), "{worst:?}");
}

#[test]
fn interpolation_keeps_flat_images_flat() {
    let mut dice = Dice(11);
    for _ in 0..20 {
        let view = View { zoom: dice.between(0.1, 4.0), ..View::default() };
        for interpolation in cases::INTERPOLATIONS {
            let mut request = cases::plain_request(50, 70, vec![93; 3500], view, VIEWPORT);
            request.interpolation = interpolation;
            let picture = cpu::draw(&request, 120, 90);
            let [red, green, blue] = cpu::BACKGROUND;
            let is_known = |rgba: &[u8; 4]| *rgba == [93, 93, 93, 255] || *rgba == [red, green, blue, 255];
            assert!(picture.as_chunks::<4>().0.iter().all(is_known), "{view:?} {interpolation:?}");
        }
    }
    assert_eq!(Interpolation::default(), Interpolation::Cubic);
}

#[test]
fn the_sharp_kernel_is_sharper_than_the_smooth_one_and_shows_no_value_beyond_its_pixels() {
    let edge: Vec<u8> = (0..64 * 64).map(|i| if i % 64 < 32 { 80 } else { 120 }).collect();
    let mut request = cases::plain_request(64, 64, edge, View { zoom: 31.3, ..View::default() }, VIEWPORT);
    let mut levels_between = Vec::new();
    for interpolation in [Interpolation::Cubic, Interpolation::Bilinear] {
        request.interpolation = interpolation;
        let picture = cpu::draw(&request, 120, 90);
        let row: Vec<u8> = picture.as_chunks::<4>().0[45 * 120..][..120].iter().map(|rgba| rgba[0]).collect();
        assert!(row.iter().all(|gray| (80..=120).contains(gray)), "{interpolation:?}: {row:?}");
        assert!(row.windows(2).all(|pair| pair[0] <= pair[1]), "{interpolation:?}: {row:?}");
        levels_between.push(row.iter().filter(|gray| (90..=110).contains(*gray)).count());
    }
    assert!(levels_between[0] < levels_between[1], "{levels_between:?}");
}

#[test]
fn the_test_pattern_goes_through_both_twins_value_by_value() {
    let Some(mut renderer) = renderer() else { return };
    let values = test_pattern::pattern(1024);
    let frame = cases::frame(1024, 1024, Samples::U16(values.clone().into()));
    let request = one_to_one(&frame, [1024.0, 1024.0]);
    let expected: Vec<u8> = values
        .iter()
        .map(|value| pipeline::to_u8(f64::from(*value) / f64::from(test_pattern::WHITE)))
        .flat_map(|gray| [gray, gray, gray, 255])
        .collect();
    assert!(cpu::draw(&request, 1024, 1024) == expected, "the CPU twin shows another gray");
    assert!(renderer.draw(&request, 1024, 1024).unwrap() == expected, "the shader shows another gray");
}
