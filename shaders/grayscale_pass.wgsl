// The image itself: stored values → modality LUT → interpolation, for the picture layer; then VOI → inversion, when it
// is composed. Color stands as it is.

const STORED_UNSIGNED: u32 = 0u;
const STORED_SIGNED: u32 = 1u;
const MODALITY_VALUES: u32 = 2u;

const KERNEL_NEAREST: u32 = 0u;
const KERNEL_BILINEAR: u32 = 1u;
const KERNEL_CUBIC: u32 = 2u;
const KERNEL_AREA: u32 = 3u;

const VOI_RAMP: u32 = 0u;
const VOI_SIGMOID: u32 = 1u;
const VOI_TABLE: u32 = 2u;

override pixel_kind: u32 = 0u;
override kernel: u32 = 0u;
override voi_kind: u32 = 0u;
override has_modality_table: bool = false;
override has_padding: bool = false;

// The modality value a screen pixel stands for.
fn grayscale_pass(in_image: vec2f) -> f32 {
    var value: vec2f;
    switch kernel {
        case KERNEL_NEAREST: { value = tap(vec2i(floor(in_image))); }
        case KERNEL_BILINEAR: { value = bilinear(in_image); }
        case KERNEL_CUBIC: { value = cubic(in_image); }
        case KERNEL_AREA: { value = area(in_image); }
        default: { return ERROR_VALUE; }
    }
    return select(clamp(value.x, -VALUE_LIMIT, VALUE_LIMIT), NO_VALUE, value.y < 0.5);
}

// What a value of the picture layer looks like.
fn tone(value: f32) -> vec3f {
    let shown = voi(value);
    let gray = select(shown, 1.0 - shown, viewport.voi.w == 1);
    // Mostly padding: black, whatever is inverted.
    let on_image = vec3f(select(gray, 0.0, value < NO_VALUE_BELOW));
    let off_image = select(ERROR_COLOR, BACKGROUND, value > OUTSIDE_ABOVE);
    return select(on_image, off_image, value > ERROR_ABOVE);
}

// One pixel: its modality value, and 1 for picture or 0 for padding. The edge pixel holds beyond the edge.
fn tap(pixel: vec2i) -> vec2f {
    let at = clamp(pixel, vec2i(0), viewport.size.xy - 1);
    if pixel_kind == MODALITY_VALUES {
        let value = textureLoad(value_texture, at, 0).x;
        return select(vec2f(value, 1.0), vec2f(0.0), value < NO_VALUE_BELOW);
    }
    let bits = textureLoad(stored_texture, at, 0).x;
    var stored = i32(bits);
    if pixel_kind == STORED_SIGNED {
        stored = i32(bits << 16u) >> 16u;
    }
    var value: f32;
    if has_modality_table {
        let index = clamp(stored - viewport.stored.x, 0, viewport.stored.y - 1);
        value = f32(textureLoad(modality_table, vec2i(index & 255, index >> 8u), 0).x);
    } else {
        value = f32(stored) * viewport.modality.x + viewport.modality.y;
    }
    if has_padding {
        let is_padding = stored >= viewport.stored.z && stored <= viewport.stored.w;
        return select(vec2f(value, 1.0), vec2f(0.0), is_padding);
    }
    return vec2f(value, 1.0);
}

// Weighted sum → weighted mean, and the share of the weight that is picture.
fn mean(sum: vec2f, weight: f32) -> vec2f {
    return vec2f(sum.x / max(sum.y, 1e-6), sum.y / weight);
}

fn bilinear(in_image: vec2f) -> vec2f {
    let first = floor(in_image - 0.5);
    let share = in_image - 0.5 - first;
    let at = vec2i(first);
    let top = tap(at) * (1.0 - share.x) + tap(at + vec2i(1, 0)) * share.x;
    let bottom = tap(at + vec2i(0, 1)) * (1.0 - share.x) + tap(at + vec2i(1, 1)) * share.x;
    return mean(top * (1.0 - share.y) + bottom * share.y, 1.0);
}

// Catmull-Rom, kept within the sixteen it reads; where any of them is padding, bilinear.
fn cubic(in_image: vec2f) -> vec2f {
    let first = floor(in_image - 0.5);
    let share = in_image - 0.5 - first;
    let weights_x = catmull_rom(share.x);
    let weights_y = catmull_rom(share.y);
    var sum = 0.0;
    var n_picture = 0.0;
    var least = 3.4e38;
    var greatest = -3.4e38;
    // By the four points of the middle, if it comes to that.
    var middle = vec2f(0.0);
    for (var j = 0; j < 4; j++) {
        let at = vec2i(first) + vec2i(-1, j - 1);
        let a = tap(at);
        let b = tap(at + vec2i(1, 0));
        let c = tap(at + vec2i(2, 0));
        let d = tap(at + vec2i(3, 0));
        n_picture += a.y + b.y + c.y + d.y;
        sum += dot(vec4f(a.x, b.x, c.x, d.x), weights_x) * weights_y[j];
        least = min(least, min(min(a.x, b.x), min(c.x, d.x)));
        greatest = max(greatest, max(max(a.x, b.x), max(c.x, d.x)));
        let linear_y = select(select(0.0, 1.0 - share.y, j == 1), share.y, j == 2);
        middle += (b * (1.0 - share.x) + c * share.x) * linear_y;
    }
    if n_picture < 15.5 {
        return mean(middle, 1.0);
    }
    return vec2f(clamp(sum, least, greatest), 1.0);
}

// The mean of what a screen pixel covers.
fn area(in_image: vec2f) -> vec2f {
    let low = in_image - viewport.footprint.xy * 0.5;
    let high = in_image + viewport.footprint.xy * 0.5;
    let first = vec2i(floor(low));
    let end = vec2i(ceil(high));
    var sum = vec2f(0.0);
    for (var y = first.y; y < end.y; y++) {
        let weight_y = min(high.y, f32(y + 1)) - max(low.y, f32(y));
        var row = vec2f(0.0);
        for (var x = first.x; x < end.x; x++) {
            row += tap(vec2i(x, y)) * (min(high.x, f32(x + 1)) - max(low.x, f32(x)));
        }
        sum += row * weight_y;
    }
    return mean(sum, viewport.footprint.x * viewport.footprint.y);
}

// The same kernels for color, which has no padding.
fn color(in_image: vec2f) -> vec3f {
    let first = floor(in_image - 0.5);
    let share = in_image - 0.5 - first;
    let at = vec2i(first);
    var sum = vec3f(0.0);
    switch kernel {
        case KERNEL_NEAREST: { return color_tap(vec2i(floor(in_image))); }
        case KERNEL_BILINEAR: {
            let top = mix(color_tap(at), color_tap(at + vec2i(1, 0)), share.x);
            let bottom = mix(color_tap(at + vec2i(0, 1)), color_tap(at + vec2i(1, 1)), share.x);
            return mix(top, bottom, share.y);
        }
        case KERNEL_CUBIC: {
            let weights_x = catmull_rom(share.x);
            let weights_y = catmull_rom(share.y);
            var least = vec3f(1.0);
            var greatest = vec3f(0.0);
            for (var j = 0; j < 4; j++) {
                for (var i = 0; i < 4; i++) {
                    let tapped = color_tap(at + vec2i(i - 1, j - 1));
                    sum += tapped * (weights_x[i] * weights_y[j]);
                    least = min(least, tapped);
                    greatest = max(greatest, tapped);
                }
            }
            return clamp(sum, least, greatest);
        }
        case KERNEL_AREA: {
            let low = in_image - viewport.footprint.xy * 0.5;
            let high = in_image + viewport.footprint.xy * 0.5;
            for (var y = i32(floor(low.y)); y < i32(ceil(high.y)); y++) {
                let weight_y = min(high.y, f32(y + 1)) - max(low.y, f32(y));
                for (var x = i32(floor(low.x)); x < i32(ceil(high.x)); x++) {
                    let weight_x = min(high.x, f32(x + 1)) - max(low.x, f32(x));
                    sum += color_tap(vec2i(x, y)) * (weight_x * weight_y);
                }
            }
            return sum / (viewport.footprint.x * viewport.footprint.y);
        }
        default: { return ERROR_COLOR; }
    }
}

fn color_tap(pixel: vec2i) -> vec3f {
    return textureLoad(value_texture, clamp(pixel, vec2i(0), viewport.size.xy - 1), 0).rgb;
}

fn catmull_rom(t: f32) -> vec4f {
    return vec4f(
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    );
}

// Modality value → 0 to 1 (PS3.3 C.11.2).
fn voi(x: f32) -> f32 {
    let center = viewport.tone.x;
    let width = viewport.tone.y;
    switch voi_kind {
        case VOI_RAMP: {
            // LINEAR with center − 0.5 and width − 1, or LINEAR_EXACT with both as they are.
            if x <= center - width / 2.0 {
                return 0.0;
            }
            if x > center + width / 2.0 {
                return 1.0;
            }
            return (x - center) / width + 0.5;
        }
        case VOI_SIGMOID: {
            return 1.0 / (1.0 + exp(clamp(-4.0 * (x - center) / width, -80.0, 80.0)));
        }
        case VOI_TABLE: {
            let nearest = i32(clamp(floor(x + 0.5), -2.0e9, 2.0e9));
            // Clamped before the subtraction, which could leave 32 bits.
            let first = viewport.voi.x;
            let index = clamp(nearest, first, first + viewport.voi.y - 1) - first;
            let entry = textureLoad(voi_table, vec2i(index & 255, index >> 8u), 0).x;
            return min(f32(entry) / f32(viewport.voi.z), 1.0);
        }
        default: { return 0.0; }
    }
}
