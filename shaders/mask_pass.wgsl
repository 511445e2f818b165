// Masks: a light fill and an outline of constant width on the screen, inside the mask. One bit per segment.

const DIAGONAL: f32 = 0.70710678;

// 0 for the finest level of labels; else the level is a uniform.
override has_mask_level: bool = false;

fn mask_pass(under: vec4f, in_image: vec2f) -> vec4f {
    let here = labels(in_image) & bitcast<u32>(viewport.labels.w);
    // Turns and flips only exchange the eight probes, so they may be taken along the image's own axes.
    let reach = viewport.overlay.z * viewport.footprint.zw;
    let slant = reach * DIAGONAL;
    // Segments that all eight probes find are not left: no outline. A software adapter skips a loop that no pixel of
    // its group enters, but never a branch.
    var around = here;
    for (var turn = select(4, 0, here != 0u); turn < 4; turn++) {
        let step = select(select(vec2f(slant.x, -slant.y), slant, turn == 1),
            select(vec2f(0.0, reach.y), vec2f(reach.x, 0.0), turn == 0), (turn & 1) == 0);
        around &= labels(in_image + step) & labels(in_image - step);
    }
    var layer = under;
    var rest = here;
    while rest != 0u {
        let segment = firstTrailingBit(rest);
        rest &= rest - 1u;
        let is_outline = ((around >> segment) & 1u) == 0u;
        let of_mask = select(viewport.overlay.y, 1.0, is_outline) * viewport.overlay.x;
        let is_opaque = f32(segment) >= viewport.overlay.w;
        let color = viewport.segment_colors[segment];
        layer = blend(layer, color.rgb, select(of_mask * color.a, 1.0, is_opaque));
    }
    return layer;
}

// Bits of the segments at a point of the image; none off the image. Level n holds the bits of 2ⁿ × 2ⁿ pixels, so that
// a small mask does not slip between screen pixels.
fn labels(in_image: vec2f) -> u32 {
    let pixel = vec2i(floor(in_image));
    // A negative coordinate is a large unsigned one.
    let is_off = any(vec2u(pixel) >= vec2u(viewport.size.xy));
    let at = clamp(pixel, vec2i(0), viewport.size.xy - 1);
    var bits: u32;
    if has_mask_level {
        let level = viewport.labels.x;
        bits = textureLoad(label_texture, min(at >> vec2u(u32(level)), viewport.labels.yz), level).x;
    } else {
        bits = textureLoad(label_texture, at, 0).x;
    }
    return select(bits, 0u, is_off);
}
