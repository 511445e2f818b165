//! The `Viewport` struct of the shaders, field by field: all that may change from draw to draw without an upload.

use crate::domain::presentation::{LookupTable, ModalityLut};
use crate::imaging::overlay;
use crate::render::request::{DrawRequest, MAX_SEGMENTS};
use crate::render::{grayscale_pass, mask_pass};

/// Four words each, as uniforms are laid out.
pub(crate) type Words = [[u32; 4]; N_FIELDS + MAX_SEGMENTS];

const N_FIELDS: usize = 11;

/// `left` and `top` are the viewport's place on the target, physical pixels.
pub(crate) fn words(request: &DrawRequest, left: f32, top: f32) -> Words {
    let image = &request.transform.image_from_viewport;
    let [footprint_x, footprint_y] = request.footprint();
    let [scale_x, scale_y] = request.image_px_per_screen_px();
    let layers = request.overlay.shown_masks();
    let level = i32::try_from(mask_pass::level(request)).unwrap_or(0);
    let (cols, rows) = (int(request.frame.cols().into()), int(request.frame.rows().into()));
    let overlay = &request.overlay;
    let [map_from_source, saliency, map_size] = saliency_fields(request);
    let fields: [[u32; 4]; N_FIELDS] = [
        floats([image.x[0] as f32, image.x[1] as f32, image.x[2] as f32, left]),
        floats([image.y[0] as f32, image.y[1] as f32, image.y[2] as f32, top]),
        ints([cols, rows, level, i32::from(request.invert)]),
        floats([footprint_x as f32, footprint_y as f32, scale_x as f32, scale_y as f32]),
        value_field(request),
        table_field(request),
        stored_field(request, mask_pass::visible_bits(&layers)),
        floats([
            overlay.opacity.clamp(0.0, 1.0),
            overlay.fill_opacity.clamp(0.0, 1.0),
            overlay.outline_px.max(0.0),
            overlay.first_opaque() as f32,
        ]),
        map_from_source,
        saliency,
        map_size,
    ];
    let mut words = [[0; 4]; N_FIELDS + MAX_SEGMENTS];
    let colors = layers.iter().map(|layer| {
        let [red, green, blue] = overlay::unit_color(layer.color);
        floats([red, green, blue, 1.0])
    });
    words.iter_mut().zip(fields.into_iter().chain(colors)).for_each(|(word, field)| *word = field);
    words
}

fn value_field(request: &DrawRequest) -> [u32; 4] {
    let (slope, intercept) = match request.meaning.modality_lut {
        ModalityLut::Linear { slope, intercept } => (slope, intercept),
        ModalityLut::Identity | ModalityLut::Table(_) => (1.0, 0.0),
    };
    let [center, width] = grayscale_pass::center_and_width(&request.voi);
    floats([slope as f32, intercept as f32, center as f32, width as f32])
}

fn table_field(request: &DrawRequest) -> [u32; 4] {
    let first_and_length = |table: Option<&LookupTable>| {
        table.map_or([0, 1], |table| [int(table.first_mapped), int(table.entries.len().try_into().unwrap_or(1))])
    };
    let [modality, voi] = grayscale_pass::tables(request).map(|table| first_and_length(table.map(AsRef::as_ref)));
    ints([modality[0], modality[1], voi[0], voi[1]])
}

fn stored_field(request: &DrawRequest, visible: u32) -> [u32; 4] {
    let (low, high) = request.meaning.padding.map_or((0, -1), |padding| (int(padding.low), int(padding.high)));
    let [_, voi] = grayscale_pass::tables(request);
    let max_entry = voi.map_or(1, |table| 2_i32.pow(u32::from(table.bits.clamp(1, 16))) - 1);
    let [low, high, max_entry, _] = ints([low, high, max_entry, 0]);
    [low, high, max_entry, visible]
}

fn saliency_fields(request: &DrawRequest) -> [[u32; 4]; 3] {
    let level = mask_pass::level(request);
    let last = [request.frame.cols(), request.frame.rows()].map(|n| int((n >> level).max(1).into()) - 1);
    let Some(layer) = request.overlay.shown_saliency() else {
        return [[0; 4], [0; 4], ints([1, 1, last[0], last[1]])];
    };
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
        ints([int(layer.map.cols().into()), int(layer.map.rows().into()), last[0], last[1]]),
    ]
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
