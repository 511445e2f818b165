// One viewport: its uniforms, its textures, and the three draws that make its picture.
//
// fs_picture leaves modality values (or colors) at screen pixels in a layer, fs_overlay all that lies over them, and
// fs_main composes the two through the VOI function. A layer is drawn again only when something it reads has changed:
// a window drag draws fs_main alone. Layers are of sixteen bits and more, so that nothing is rounded to eight twice.
// Overrides choose at pipeline creation what is compiled; a software adapter would execute both branches of a flag.

struct Viewport {
    // Geometry, read by both layers.
    // image.x = dot(image_x.xyz, vec3(viewport.x, viewport.y, 1)).
    image_x: vec4f,
    image_y: vec4f,
    // Columns, rows.
    size: vec4i,
    // What a screen pixel covers along x and y, for the area kernel; then image pixels per screen pixel as they are.
    footprint: vec4f,

    // Stored values, read by the picture layer.
    // Slope, intercept.
    modality: vec4f,
    // First mapped value and number of entries of the modality table; padding low and high.
    stored: vec4i,

    // Tone, read by the composition.
    // Center and width of the VOI function as the shader's formula takes them; left and top of the viewport.
    tone: vec4f,
    // First mapped value, number of entries and largest entry of the VOI table; 1 when black and white change places.
    voi: vec4i,

    // Read by the overlay layer.
    // Opacity of everything; opacity of a mask's fill; width of its outline; the first segment that is opaque.
    overlay: vec4f,
    // Scale and offset along x, then y, from source pixel centers to map pixel centers.
    map_from_source: vec4f,
    // Threshold, opacity, fraction of the contour, width of the contour.
    saliency: vec4f,
    // Columns and rows of the map.
    map_size: vec4i,
    // Level of the label texture; last column and row of that level; bits of the visible segments.
    labels: vec4i,
    segment_colors: array<vec4f, 32>,
}

// Outside of the image, 13 13 16.
const BACKGROUND: vec3f = vec3f(0.050980393, 0.050980393, 0.0627451);
// What no enum value leads to.
const ERROR_COLOR: vec3f = vec3f(1.0, 0.0, 1.0);

// In a layer of values, which are kept within VALUE_LIMIT: padding, no image, and what no enum value leads to.
const VALUE_LIMIT: f32 = 3.0e38;
const NO_VALUE: f32 = -3.4e38;
const NO_VALUE_BELOW: f32 = -3.3e38;
const OUTSIDE: f32 = 3.4e38;
const OUTSIDE_ABOVE: f32 = 3.38e38;
const ERROR_VALUE: f32 = 3.36e38;
const ERROR_ABOVE: f32 = 3.3e38;

override is_color: bool = false;
override has_saliency: bool = false;
override has_contour: bool = false;
override has_masks: bool = false;
override has_overlay: bool = false;
override is_srgb_target: bool = false;

@group(0) @binding(0) var<uniform> viewport: Viewport;
// Stored values of 16 bits.
@group(0) @binding(1) var stored_texture: texture_2d<u32>;
// Modality values, or colors.
@group(0) @binding(2) var value_texture: texture_2d<f32>;
// Tables lie in rows of 256 entries.
@group(0) @binding(3) var modality_table: texture_2d<u32>;
@group(0) @binding(4) var voi_table: texture_2d<u32>;
@group(0) @binding(5) var saliency_texture: texture_2d<f32>;
@group(0) @binding(6) var colormap_texture: texture_2d<f32>;
@group(0) @binding(7) var label_texture: texture_2d<u32>;
@group(0) @binding(8) var picture_layer: texture_2d<f32>;
@group(0) @binding(9) var overlay_layer: texture_2d<f32>;

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    // One triangle that covers the target.
    let corner = vec2f(f32(index & 1u), f32(index >> 1u));
    return vec4f(corner * 4.0 - 1.0, 0.0, 1.0);
}

// A value in x, or a color that is opaque on the image.
@fragment
fn fs_picture(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let in_image = image_from_viewport(position.xy);
    if !is_inside(in_image) {
        return select(vec4f(OUTSIDE, 0.0, 0.0, 0.0), vec4f(0.0), is_color);
    }
    if is_color {
        return vec4f(color(in_image), 1.0);
    }
    return vec4f(grayscale_pass(in_image), 0.0, 0.0, 1.0);
}

// Color times opacity, and opacity.
@fragment
fn fs_overlay(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let in_image = image_from_viewport(position.xy);
    var layer = vec4f(0.0);
    if is_inside(in_image) {
        if has_saliency {
            layer = saliency_pass(layer, in_image);
        }
        if has_masks {
            layer = mask_pass(layer, in_image);
        }
    }
    return layer;
}

@fragment
fn fs_main(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let pixel = vec2i(position.xy - viewport.tone.zw);
    let picture = textureLoad(picture_layer, pixel, 0);
    var shown: vec3f;
    if is_color {
        shown = mix(BACKGROUND, picture.rgb, picture.a);
    } else {
        shown = tone(picture.x);
    }
    if has_overlay {
        let over = textureLoad(overlay_layer, pixel, 0);
        shown = shown * (1.0 - over.a) + over.rgb;
    }
    if is_srgb_target {
        shown = linear_from_srgb(shown);
    }
    return vec4f(shown, 1.0);
}

fn image_from_viewport(in_viewport: vec2f) -> vec2f {
    let p = vec3f(in_viewport, 1.0);
    return vec2f(dot(viewport.image_x.xyz, p), dot(viewport.image_y.xyz, p));
}

fn is_inside(in_image: vec2f) -> bool {
    return all(in_image >= vec2f(0.0)) && all(in_image < vec2f(viewport.size.xy));
}

// A layer under `color` of the given opacity; sRGB values blend as they stand.
fn blend(under: vec4f, color: vec3f, alpha: f32) -> vec4f {
    return under + (vec4f(color, 1.0) - under) * alpha;
}

// Undone by the target when it stores, so that the bytes are the same on every format.
fn linear_from_srgb(color: vec3f) -> vec3f {
    let low = color / 12.92;
    let high = pow((color + 0.055) / 1.055, vec3f(2.4));
    return select(high, low, color <= vec3f(0.04045));
}
