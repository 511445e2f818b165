// A plane cut out of a volume: eight voxels weighed for each sample, one or more samples across the plane.
//
// Draws modality values into a texture of the plane's own size; the grayscale pass takes it from there.

struct Plane {
    // Column, row and slice under the first pixel; samples to each side of the plane.
    origin: vec4f,
    // From pixel to pixel along a row, then down a column, then from sample to sample across the plane, in voxels.
    col_step: vec4f,
    row_step: vec4f,
    slab_step: vec4f,
    // Columns, rows, slices.
    size: vec4i,
    // Slope, intercept; lowest and highest stored value that is padding.
    values: vec4f,
}

const SINGLE: u32 = 0u;
const MIP: u32 = 1u;
const MIN_IP: u32 = 2u;
const MEAN: u32 = 3u;

// As frame textures have it.
const NO_VALUE: f32 = -3.4e38;
// What f32 loses on the way to a voxel's center or to the volume's edge, voxels.
const SNAP: f32 = 2e-4;
const LEAST_WEIGHT: f32 = 0.49999;

override is_signed: bool = false;
override has_padding: bool = false;
override projection: u32 = 0u;

@group(0) @binding(0) var<uniform> plane: Plane;
@group(0) @binding(1) var volume: texture_3d<u32>;

@vertex
fn vs_main(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    // One triangle that covers the target.
    return vec4f(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment
fn fs_main(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let pixel = floor(position.xy);
    let center = plane.origin.xyz + plane.col_step.xyz * pixel.x + plane.row_step.xyz * pixel.y;
    let n_each_side = i32(plane.origin.w);
    var result = 0.0;
    var n_samples = 0.0;
    for (var i = -n_each_side; i <= n_each_side; i++) {
        let found = value_at(center + plane.slab_step.xyz * f32(i));
        if found.y < LEAST_WEIGHT {
            continue;
        }
        let is_first = n_samples == 0.0;
        switch projection {
            case SINGLE: { result = found.x; }
            case MIP: { result = select(max(result, found.x), found.x, is_first); }
            case MIN_IP: { result = select(min(result, found.x), found.x, is_first); }
            case MEAN: { result += found.x; }
            default: { return vec4f(NO_VALUE); }
        }
        n_samples += 1.0;
    }
    if n_samples == 0.0 {
        return vec4f(NO_VALUE);
    }
    if projection == MEAN {
        result /= n_samples;
    }
    return vec4f(result, 0.0, 0.0, 1.0);
}

// The modality value at a place, and how much of its neighbors' weight is picture; 0 outside of the volume.
fn value_at(place: vec3f) -> vec2f {
    let nearest = round(place);
    let at = select(place, nearest, abs(place - nearest) < vec3f(SNAP));
    let last = vec3f(plane.size.xyz - 1);
    if any(at < vec3f(-0.5 - SNAP)) || any(at > last + 0.5 + SNAP) {
        return vec2f(0.0);
    }
    let inside = clamp(at, vec3f(0.0), last);
    let first = floor(inside);
    let share = inside - first;
    let a = vec3i(first);
    let b = min(a + 1, plane.size.xyz - 1);
    let near = mix(row(a.x, b.x, a.y, a.z, share.x), row(a.x, b.x, b.y, a.z, share.x), share.y);
    let far = mix(row(a.x, b.x, a.y, b.z, share.x), row(a.x, b.x, b.y, b.z, share.x), share.y);
    let sum = mix(near, far, share.z);
    return vec2f(sum.x / max(sum.y, 1e-6) * plane.values.x + plane.values.y, sum.y);
}

fn row(x0: i32, x1: i32, y: i32, z: i32, share: f32) -> vec2f {
    return mix(voxel(vec3i(x0, y, z)), voxel(vec3i(x1, y, z)), share);
}

// The stored value and 1; nothing for padding.
fn voxel(at: vec3i) -> vec2f {
    let bits = textureLoad(volume, at, 0).x;
    var stored = i32(bits);
    if is_signed {
        stored = i32(bits << 16u) >> 16u;
    }
    let value = f32(stored);
    if has_padding && value >= plane.values.z && value <= plane.values.w {
        return vec2f(0.0);
    }
    return vec2f(value, 1.0);
}
