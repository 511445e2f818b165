// Where the network looked: a color map of constant opacity above the threshold, and a contour.

fn saliency_pass(under: vec4f, in_image: vec2f) -> vec4f {
    let value_and_slope = saliency_at(in_image);
    let value = value_and_slope.x;
    let opacity = viewport.overlay.x;
    let alpha = select(0.0, viewport.saliency.y, value >= viewport.saliency.x);
    var layer = blend(under, colormap(value), alpha * opacity);
    if has_contour {
        let gradient = length(value_and_slope.yz * viewport.footprint.zw);
        let coverage = contour_coverage(value, viewport.saliency.z, gradient, viewport.saliency.w);
        layer = blend(layer, colormap(1.0), coverage * opacity);
    }
    return layer;
}

// The map at a point of the image, bilinear between map pixel centers, 0 off the map; then its slope per image pixel.
fn saliency_at(in_image: vec2f) -> vec3f {
    let scale = viewport.map_from_source.xz;
    let in_map = (in_image - 0.5) * scale + viewport.map_from_source.yw;
    let last = vec2f(viewport.map_size.xy - 1);
    let clamped = clamp(in_map, vec2f(0.0), last);
    let share = fract(clamped);
    let first = vec2i(clamped);
    let second = min(first + 1, viewport.map_size.xy - 1);
    let a = map_value(first.x, first.y);
    let b = map_value(second.x, first.y);
    let c = map_value(first.x, second.y);
    let d = map_value(second.x, second.y);
    let top = a * (1.0 - share.x) + b * share.x;
    let bottom = c * (1.0 - share.x) + d * share.x;
    let slope_x = (b - a) * (1.0 - share.y) + (d - c) * share.y;
    let found = vec3f(top * (1.0 - share.y) + bottom * share.y, slope_x * scale.x, (bottom - top) * scale.y);
    let is_off = any(in_map < vec2f(-0.5)) || any(in_map > last + 0.5);
    return select(found, vec3f(0.0), is_off);
}

fn map_value(x: i32, y: i32) -> f32 {
    return textureLoad(saliency_texture, vec2i(x, y), 0).x;
}

fn colormap(t: f32) -> vec3f {
    return textureLoad(colormap_texture, vec2i(clamp(i32(floor(t * 256.0)), 0, 255), 0), 0).rgb;
}

// Distance to the line, in pixels, is the difference of values over the gradient.
fn contour_coverage(value: f32, fraction: f32, gradient: f32, line_px: f32) -> f32 {
    let distance_px = abs(value - fraction) / max(gradient, 1e-6);
    return clamp(line_px * 0.5 + 0.5 - distance_px, 0.0, 1.0);
}
