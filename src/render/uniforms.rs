//! The `Viewport` struct of the shaders, field by field: all that may change from draw to draw without an upload.

use std::ops::Range;

use crate::domain::presentation::{LookupTable, ModalityLut};
use crate::imaging::overlay;
use crate::render::request::{DrawRequest, MAX_SEGMENTS};
use crate::render::{grayscale_pass, mask_pass};

/// Four words each, as uniforms are laid out.
pub(crate) type Words = [[u32; 4]; N_WORDS];

const N_FIELDS: usize = 13;
const N_WORDS: usize = N_FIELDS + MAX_SEGMENTS;

/// Which fields a layer reads: it is as it was while they are.
pub(crate) const GEOMETRY: Range<usize> = 0..4;
pub(crate) const STORED: Range<usize> = 4..6;
pub(crate) const OVERLAY: Range<usize> = 8..N_WORDS;

/// `left` and `top` are the viewport's place on the target, physical pixels.
pub(crate) fn words(request: &DrawRequest, [left, top]: [f32; 2]) -> Words {
    let image = &request.transform.image_from_viewport;
    let [footprint_x, footprint_y] = request.footprint();
    let [scale_x, scale_y] = request.image_px_per_screen_px();
    let layers = request.overlay.shown_looks();
    let overlay = &request.overlay;
    let [center, window_width] = grayscale_pass::center_and_width(&request.voi);
    let [map_from_source, saliency, map_size] = saliency_fields(request);
    let fields: [[u32; 4]; N_FIELDS] = [
        floats([image.x[0] as f32, image.x[1] as f32, image.x[2] as f32, 0.0]),
        floats([image.y[0] as f32, image.y[1] as f32, image.y[2] as f32, 0.0]),
        ints([int(request.frame.cols().into()), int(request.frame.rows().into()), 0, 0]),
        floats([footprint_x as f32, footprint_y as f32, scale_x as f32, scale_y as f32]),
        modality_field(request),
        stored_field(request),
        floats([center as f32, window_width as f32, left, top]),
        voi_field(request),
        floats([
            overlay.opacity.clamp(0.0, 1.0),
            overlay.fill_opacity.clamp(0.0, 1.0),
            overlay.outline_px.max(0.0),
            overlay.first_opaque() as f32,
        ]),
        map_from_source,
        saliency,
        map_size,
        label_field(request, mask_pass::visible_bits(&layers)),
    ];
    let mut words = [[0; 4]; N_WORDS];
    let colors = layers.iter().map(|layer| {
        let [red, green, blue] = overlay::unit_color(layer.color);
        floats([red, green, blue, layer.opacity.clamp(0.0, 1.0)])
    });
    words.iter_mut().zip(fields.into_iter().chain(colors)).for_each(|(word, field)| *word = field);
    words
}

fn modality_field(request: &DrawRequest) -> [u32; 4] {
    let (slope, intercept) = match request.meaning.modality_lut {
        ModalityLut::Linear { slope, intercept } => (slope, intercept),
        ModalityLut::Identity | ModalityLut::Table(_) => (1.0, 0.0),
    };
    floats([slope as f32, intercept as f32, 0.0, 0.0])
}

fn stored_field(request: &DrawRequest) -> [u32; 4] {
    let [first, n_entries] = first_and_length(grayscale_pass::modality_table(request).map(AsRef::as_ref));
    let (low, high) = request.meaning.padding.map_or((0, -1), |padding| (int(padding.low), int(padding.high)));
    ints([first, n_entries, low, high])
}

fn voi_field(request: &DrawRequest) -> [u32; 4] {
    let table = grayscale_pass::voi_table(request).map(AsRef::as_ref);
    let [first, n_entries] = first_and_length(table);
    let max_entry = table.map_or(1, |table| 2_i32.pow(u32::from(table.bits.clamp(1, 16))) - 1);
    ints([first, n_entries, max_entry, i32::from(request.invert)])
}

fn first_and_length(table: Option<&LookupTable>) -> [i32; 2] {
    table.map_or([0, 1], |table| [int(table.first_mapped), int(table.entries.len().try_into().unwrap_or(1))])
}

fn saliency_fields(request: &DrawRequest) -> [[u32; 4]; 3] {
    let Some(layer) = request.overlay.shown_saliency() else { return [[0; 4], [0; 4], ints([1, 1, 0, 0])] };
    let place = layer.map.facts().map_from_source;
    let numbers = [place.scale_x, place.offset_x, place.scale_y, place.offset_y];
    [
        floats(numbers.map(|number| number as f32)),
        floats([
            layer.threshold,
            layer.opacity.clamp(0.0, 1.0),
            layer.contour_fraction.unwrap_or(0.0),
            layer.contour_px,
        ]),
        ints([int(layer.map.cols().into()), int(layer.map.rows().into()), 0, 0]),
    ]
}

fn label_field(request: &DrawRequest, visible: u32) -> [u32; 4] {
    let level = mask_pass::level(request);
    let [last_col, last_row] = mask_pass::last_texel(request, level).map(|last| int(last.into()));
    let [level, last_col, last_row, _] = ints([i32::try_from(level).unwrap_or(0), last_col, last_row, 0]);
    [level, last_col, last_row, visible]
}

fn floats(values: [f32; 4]) -> [u32; 4] {
    values.map(f32::to_bits)
}

fn ints(values: [i32; 4]) -> [u32; 4] {
    values.map(i32::cast_unsigned)
}

/// Far enough from the ends for the shader to add and subtract sixteen-bit values.
fn int(value: i64) -> i32 {
    i32::try_from(value.clamp(-1_000_000_000, 1_000_000_000)).unwrap_or(0)
}
