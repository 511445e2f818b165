// One viewport: its uniforms, its textures, and the one draw that composes the passes.
//
// Every pass is a function from a color to a color, so that masks and saliency lie over the image without a second
// rounding to eight bits. Overrides choose at pipeline creation what is compiled; a software adapter would execute
// both branches of a uniform flag.

struct Viewport {
    // image.x = dot(image_x.xyz, vec3(viewport.x, viewport.y, 1)); w is the viewport's left edge on the target.
    image_x: vec4f,
    // Likewise y; w is the viewport's top edge.
    image_y: vec4f,
    // Columns, rows; the level of the label texture; 1 when black and white change places.
    size: vec4i,
    // What a screen pixel covers along x and y, for the area kernel; then image pixels per screen pixel as they are.
    footprint: vec4f,
    // Slope, intercept; center and width of the VOI function as the shader's formula takes them.
    values: vec4f,
    // First mapped value and number of entries of the modality table, then of the VOI table.
    tables: vec4i,
    // Padding low and high; largest entry of the VOI table; bits of the visible segments.
    stored: vec4i,
    // Opacity of everything; opacity of a mask's fill; width of its outline; the first segment that is opaque.
    overlay: vec4f,
    // Scale and offset along x, then y, from source pixel centers to map pixel centers.
    map_from_source: vec4f,
    // Threshold, opacity, fraction of the contour, width of the contour.
    saliency: vec4f,
    // Columns and rows of the map; last column and row of the label texture's level.
    map_size: vec4i,
    segment_colors: array<vec4f, 32>,
}

// Outside of the image, 13 13 16.
const BACKGROUND: vec3f = vec3f(0.050980393, 0.050980393, 0.0627451);
// What no enum value leads to.
const ERROR_COLOR: vec3f = vec3f(1.0, 0.0, 1.0);

override has_saliency: bool = false;
override has_contour: bool = false;
override has_masks: bool = false;
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

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    // One triangle that covers the target.
    let corner = vec2f(f32(index & 1u), f32(index >> 1u));
    return vec4f(corner * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn fs_main(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let in_viewport = position.xy - vec2f(viewport.image_x.w, viewport.image_y.w);
    var color = BACKGROUND;
    let in_image = image_from_viewport(in_viewport);
    if is_inside(in_image) {
        color = grayscale_pass(in_image);
        if has_saliency {
            color = saliency_pass(color, in_image);
        }
        if has_masks {
            color = mask_pass(color, in_image);
        }
    }
    if is_srgb_target {
        color = linear_from_srgb(color);
    }
    return vec4f(color, 1.0);
}

fn image_from_viewport(in_viewport: vec2f) -> vec2f {
    let p = vec3f(in_viewport, 1.0);
    return vec2f(dot(viewport.image_x.xyz, p), dot(viewport.image_y.xyz, p));
}

fn is_inside(in_image: vec2f) -> bool {
    return all(in_image >= vec2f(0.0)) && all(in_image < vec2f(viewport.size.xy));
}

// `base` under `color` of the given opacity; sRGB values blend as they stand.
fn blend(base: vec3f, color: vec3f, alpha: f32) -> vec3f {
    return base + (color - base) * alpha;
}

// Undone by the target when it stores, so that the bytes are the same on every format.
fn linear_from_srgb(color: vec3f) -> vec3f {
    let low = color / 12.92;
    let high = pow((color + 0.055) / 1.055, vec3f(2.4));
    return select(high, low, color <= vec3f(0.04045));
}
