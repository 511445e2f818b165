//! `overread render`: one frame drawn to a PNG, by the shaders or by their CPU twin.

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::app::cli::arguments::{Common, OverlayChoice, RenderArguments, RendererChoice};
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::target;
use crate::app::places;
use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::finding::Finding;
use crate::domain::intake::Notice;
use crate::domain::mask::Segment;
use crate::domain::presentation::Window;
use crate::domain::uid::ModelId;
use crate::imaging::overlay::Colormap;
use crate::imaging::view::{ImageGrid, View};
use crate::imaging::voi_lut::Voi;
use crate::imaging::{graphics, presentation, presets};
use crate::import::Importer;
use crate::jobs::event::{AnalysisEvent, ModelEnd};
use crate::jobs::work::analysis::{self, AnalysisRequest, ModelShelf};
use crate::jobs::work::single::{self, OpenedFrame};
use crate::render::cpu;
use crate::render::offscreen::OffscreenRenderer;
use crate::render::request::{DrawRequest, MaskLayer, SaliencyLayer};

/// Larger pictures are a slip of the keyboard.
const MAX_SIDE: u32 = 16_384;
const MAX_PIXELS: u64 = 64 << 20;

pub fn run(arguments: &RenderArguments, common: &Common, importer: &Importer) -> Outcome {
    match render(arguments, common, importer) {
        Ok(()) => Outcome::Done,
        Err(notice) => output::failed(arguments.json, notice.code, &notice.text),
    }
}

fn render(arguments: &RenderArguments, common: &Common, importer: &Importer) -> Result<(), Notice> {
    let opened = single::open(importer, &arguments.file, arguments.frame)?;
    target::check(&arguments.file, &arguments.output, target::PNG_START)?;
    let (width, height) = match &arguments.size {
        Some(text) => parse_size(text)?,
        None => own_size(&opened),
    };
    let mut request = draw_request(&opened, arguments, [f64::from(width), f64::from(height)])?;
    if arguments.overlay != OverlayChoice::None {
        add_overlay(&mut request, &opened, arguments, common, importer)?;
    }
    let failed = |error: &dyn std::fmt::Display| Notice::new("not_drawn", error.to_string());
    let (rgba, drawn_by) = match arguments.renderer {
        RendererChoice::Cpu => (cpu::draw(&request, width, height), "cpu".to_owned()),
        RendererChoice::Gpu => {
            let mut renderer = OffscreenRenderer::new().map_err(|error| failed(&error))?;
            let adapter = renderer.adapter_name().to_owned();
            (renderer.draw(&request, width, height).map_err(|error| failed(&error))?, adapter)
        }
    };
    let png = encode_png(width, height, &rgba).map_err(|error| failed(&error))?;
    target::write(&arguments.output, &png)?;
    if arguments.json {
        let window = request.voi.window();
        output::print_document(&output::stamped(json!({
            "file": output::path(&arguments.file), "frame": arguments.frame, "out": output::path(&arguments.output),
            "width": width, "height": height, "renderer": drawn_by, "window": window,
            "inverted": request.invert, "notices": opened.notices,
        })));
    }
    Ok(())
}

/// The image's own pixels, stretched where they are not square.
fn own_size(opened: &OpenedFrame) -> (u32, u32) {
    let grid = ImageGrid::of(&opened.instance);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded and clamped to a picture's size"
    )]
    let height = (f64::from(grid.rows) * grid.aspect).round().clamp(1.0, f64::from(MAX_SIDE)) as u32;
    (grid.cols, height)
}

fn draw_request(opened: &OpenedFrame, arguments: &RenderArguments, viewport: [f64; 2]) -> Result<DrawRequest, Notice> {
    let grid = ImageGrid::of(&opened.instance);
    let transform = View::fit(&grid, viewport).transform(&grid, viewport);
    let mut grey = presentation::default_presentation(&opened.instance, arguments.frame, &opened.frame);
    if let Some(text) = &arguments.window {
        grey.voi = Voi::Window(parse_window(text)?);
    }
    if let Some(id) = &arguments.preset {
        let preset = presets::presets().iter().find(|preset| &preset.id == id);
        let list = || presets::presets().iter().map(|preset| preset.id.as_str()).collect::<Vec<_>>().join(", ");
        let preset = preset.ok_or_else(|| {
            Notice::new("unknown_preset", format!("There is no preset '{id}'; there are: {}", list()))
        })?;
        if !presets::presets_apply(&opened.series.modality, &opened.instance) {
            return Err(Notice::new("preset_needs_ct", "Presets are in Hounsfield units: this image is not CT"));
        }
        grey.voi = Voi::Window(preset.window);
    }
    let mut request = DrawRequest::new(Arc::clone(&opened.frame), &opened.instance, arguments.frame, &grey, transform);
    let graphics = graphics::segment(&opened.instance, arguments.frame, &opened.frame);
    request.overlay.graphics = graphics.map(MaskLayer::new);
    Ok(request)
}

fn parse_window(text: &str) -> Result<Window, Notice> {
    let wrong = || Notice::new("usage", format!("'{text}' is not a window: center,width such as 40,400"));
    let (center, width) = text.split_once(',').ok_or_else(wrong)?;
    let center: f64 = center.trim().parse().map_err(|_| wrong())?;
    let width: f64 = width.trim().parse().map_err(|_| wrong())?;
    // PS3.3 C.11.2.1.2: a LINEAR window is at least 1 wide.
    if !center.is_finite() || !width.is_finite() || width < 1.0 {
        return Err(wrong());
    }
    Ok(Window::linear(center, width))
}

fn parse_size(text: &str) -> Result<(u32, u32), Notice> {
    let wrong = || {
        let limits = format!("at most {MAX_SIDE} a side and {MAX_PIXELS} pixels");
        Notice::new("usage", format!("'{text}' is not a size: such as 1024x768, {limits}"))
    };
    let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(wrong)?;
    let side = |text: &str| text.trim().parse::<u32>().ok().filter(|side| (1..=MAX_SIDE).contains(side));
    let (width, height) = (side(width).ok_or_else(wrong)?, side(height).ok_or_else(wrong)?);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(wrong());
    }
    Ok((width, height))
}

/// Runs the models on this study and lays over what they said of this very frame.
fn add_overlay(
    request: &mut DrawRequest,
    opened: &OpenedFrame,
    arguments: &RenderArguments,
    common: &Common,
    importer: &Importer,
) -> Result<(), Notice> {
    let shelf = ModelShelf::new(&places::model_roots(common.models_dir.as_ref()), common.device.unwrap_or_default());
    let models: Vec<ModelId> = shelf.entries().iter().map(|entry| entry.id.clone()).collect();
    let of_study = AnalysisRequest { importer, study: &opened.study, models: &models, is_forced: false };
    let findings = std::cell::RefCell::new(Vec::new());
    analysis::run(&Mutex::new(shelf), &of_study, &|| false, &|event| match event {
        AnalysisEvent::ModelEnded { end: ModelEnd::Findings(found), .. } => findings.borrow_mut().extend(found),
        AnalysisEvent::ModelEnded { end: ModelEnd::Partly { findings: found, missed }, .. } => {
            output::message(&missed);
            findings.borrow_mut().extend(found);
        }
        AnalysisEvent::ModelEnded {
            end: ModelEnd::OutOfScope(text) | ModelEnd::Unfit(text) | ModelEnd::HeldBack(text) | ModelEnd::Failed(text),
            ..
        } => {
            output::message(&text);
        }
        AnalysisEvent::ModelEnded { .. } | AnalysisEvent::Progress { .. } | AnalysisEvent::Finished => {}
    });
    let mut findings = findings.into_inner();
    let is_here = |finding: &Arc<Finding>| {
        let is_subject = finding.subject.sop == opened.instance.sop && finding.subject.frame == arguments.frame;
        is_subject || !finding.segments_on(&opened.instance.sop, arguments.frame).is_empty()
    };
    findings.retain(is_here);
    if findings.is_empty() {
        return Err(Notice::new("no_overlay", "No model has this image within its scope"));
    }
    if matches!(arguments.overlay, OverlayChoice::Masks | OverlayChoice::All) {
        let here = |finding: &'_ Arc<Finding>| -> Vec<Arc<Segment>> {
            finding.segments_on(&opened.instance.sop, arguments.frame).into_iter().cloned().collect()
        };
        let segments: Vec<Arc<Segment>> = findings.iter().flat_map(here).collect();
        request.overlay.masks = segments.into_iter().map(MaskLayer::new).collect();
    }
    if matches!(arguments.overlay, OverlayChoice::Saliency | OverlayChoice::All) {
        let is_meant =
            |finding: &&Arc<Finding>| arguments.label.as_ref().is_none_or(|label| &finding.label.id == label);
        let with_map = findings.iter().filter(is_meant).filter(|finding| finding.evidence.saliency.is_some());
        let margin = |finding: &Finding| {
            finding.assessment.as_ref().map_or(f64::MIN, |a| a.score.value() - a.operating_point.threshold)
        };
        let best = with_map.max_by(|a, b| margin(a).total_cmp(&margin(b)));
        let map = best.and_then(|finding| finding.evidence.saliency.clone());
        let map = map.ok_or_else(|| Notice::new("no_such_label", "No saliency map of that label"))?;
        request.overlay.saliency = Some(SaliencyLayer::new(map, Colormap::Inferno));
    }
    Ok(())
}

/// RGB, with the research-use sentence in the file's own text.
fn encode_png(width: u32, height: u32, rgba: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_text_chunk("Disclaimer".to_owned(), RESEARCH_USE_ONLY.to_owned())?;
    let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|pixel| pixel.iter().take(3).copied()).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}
