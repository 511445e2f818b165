// A picture of finished colors, as a GUI toolkit draws one: four texels weighted, background around it.
//
// Nothing on screen uses it; measurements compare the grayscale pass with it.

struct Picture {
    // image.x = dot(image_x.xyz, vec3(viewport.x, viewport.y, 1)).
    image_x: vec4f,
    image_y: vec4f,
    // Columns, rows.
    size: vec4f,
}

@group(0) @binding(0) var<uniform> picture: Picture;
@group(0) @binding(1) var colors: texture_2d<f32>;
@group(0) @binding(2) var bilinear: sampler;

// Outside of the image, 13 13 16.
const AROUND: vec4f = vec4f(0.050980393, 0.050980393, 0.0627451, 1.0);

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    // One triangle over the whole target.
    return vec4f(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn fs_main(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let at = vec3f(position.xy, 1.0);
    let in_image = vec2f(dot(picture.image_x.xyz, at), dot(picture.image_y.xyz, at));
    if any(in_image < vec2f(0.0)) || any(in_image >= picture.size.xy) {
        return AROUND;
    }
    return textureSampleLevel(colors, bilinear, in_image / picture.size.xy, 0.0);
}
