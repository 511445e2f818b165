// Masks: a light fill and an outline of constant width on the screen, inside the mask. One bit per segment.

const DIAGONAL: f32 = 0.70710678;

fn mask_pass(base: vec3f, in_viewport: vec2f) -> vec3f {
    let here = labels(in_viewport) & bitcast<u32>(viewport.stored.w);
    if here == 0u {
        return base;
    }
    let reach = viewport.overlay.z;
    let slant = reach * DIAGONAL;
    // Segments that all eight probes find are not left: no outline.
    let around = labels(in_viewport + vec2f(reach, 0.0))
        & labels(in_viewport + vec2f(slant, slant))
        & labels(in_viewport + vec2f(0.0, reach))
        & labels(in_viewport + vec2f(-slant, slant))
        & labels(in_viewport + vec2f(-reach, 0.0))
        & labels(in_viewport + vec2f(-slant, -slant))
        & labels(in_viewport + vec2f(0.0, -reach))
        & labels(in_viewport + vec2f(slant, -slant));
    var color = base;
    var rest = here;
    while rest != 0u {
        let segment = firstTrailingBit(rest);
        rest &= rest - 1u;
        let is_outline = ((around >> segment) & 1u) == 0u;
        let alpha = select(viewport.overlay.y, 1.0, is_outline);
        color = blend(color, viewport.segment_colors[segment].rgb, alpha * viewport.overlay.x);
    }
    return color;
}

// Bits of the segments at a point of the viewport; none off the image. Level n holds the bits of 2ⁿ × 2ⁿ pixels, so
// that a small mask does not slip between screen pixels.
fn labels(in_viewport: vec2f) -> u32 {
    let in_image = image_from_viewport(in_viewport);
    if !is_inside(in_image) {
        return 0u;
    }
    let level = viewport.size.z;
    let last = vec2i(textureDimensions(label_texture, level)) - 1;
    let at = vec2i(in_image) >> vec2u(u32(level));
    return textureLoad(label_texture, min(at, last), level).x;
}
