// Where the network looked: a color map of constant opacity above the threshold, and a contour.

fn saliency_pass(base: vec3f, in_viewport: vec2f) -> vec3f {
    let value = saliency_at(in_viewport);
    let opacity = viewport.overlay.x;
    let alpha = select(0.0, viewport.saliency.y, value >= viewport.saliency.x);
    var color = blend(base, colormap(value), alpha * opacity);
    if has_contour {
        let dx = saliency_at(in_viewport + vec2f(0.5, 0.0)) - saliency_at(in_viewport - vec2f(0.5, 0.0));
        let dy = saliency_at(in_viewport + vec2f(0.0, 0.5)) - saliency_at(in_viewport - vec2f(0.0, 0.5));
        let coverage = contour_coverage(value, viewport.saliency.z, length(vec2f(dx, dy)), viewport.saliency.w);
        color = blend(color, colormap(1.0), coverage * opacity);
    }
    return color;
}

// The map at a point of the viewport, bilinear between map pixel centers, 0 off the map.
fn saliency_at(in_viewport: vec2f) -> f32 {
    let in_source = image_from_viewport(in_viewport) - 0.5;
    let in_map = in_source * viewport.map_from_source.xz + viewport.map_from_source.yw;
    let last = vec2f(viewport.map_size.xy - 1);
    if any(in_map < vec2f(-0.5)) || any(in_map > last + 0.5) {
        return 0.0;
    }
    let clamped = clamp(in_map, vec2f(0.0), last);
    let share = fract(clamped);
    let first = vec2i(clamped);
    let second = min(first + 1, viewport.map_size.xy - 1);
    let top = map_value(first.x, first.y) * (1.0 - share.x) + map_value(second.x, first.y) * share.x;
    let bottom = map_value(first.x, second.y) * (1.0 - share.x) + map_value(second.x, second.y) * share.x;
    return top * (1.0 - share.y) + bottom * share.y;
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
