// A plane cut out of a volume: eight voxels weighed for each sample, one or more samples across the plane.
//
// Draws modality values into a texture of the plane's own size; the grayscale pass takes it from there.

struct Plane {
    // The first sample of the first pixel; then the steps to the next pixel of a row, to the next row, and to the next
    // sample across the plane: columns, rows and slices in units of 2^-40 voxel, high and low halves. Whole numbers, as
    // the CPU has them: all adapters see the same edge.
    first_high: vec4i,
    first_low: vec4u,
    col_high: vec4i,
    col_low: vec4u,
    row_high: vec4i,
    row_low: vec4u,
    slab_high: vec4i,
    slab_low: vec4u,
    // Columns, rows, slices; samples across the plane.
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
// Places are read at the nearest 2^-23 voxel, within half a voxel of the outer centers and 2^-20 more.
const SHARE_BITS: u32 = 23u;
const ONE: u32 = 1u << SHARE_BITS;
const EDGE: u32 = (ONE >> 1u) + 8u;
// Half, less 2^-20.
const LEAST_WEIGHT: f32 = 0.49999905;

// Sixty-four bits each.
struct Place {
    high: vec3i,
    low: vec3u,
}

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
    let pixel = vec2u(position.xy);
    let along = times(Place(plane.col_high.xyz, plane.col_low.xyz), pixel.x);
    let down = times(Place(plane.row_high.xyz, plane.row_low.xyz), pixel.y);
    var place = sum(Place(plane.first_high.xyz, plane.first_low.xyz), sum(along, down));
    let across = Place(plane.slab_high.xyz, plane.slab_low.xyz);
    var result = 0.0;
    var n_samples = 0.0;
    for (var i = 0; i < plane.size.w; i++) {
        let found = value_at(place);
        place = sum(place, across);
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

fn sum(a: Place, b: Place) -> Place {
    let low = a.low + b.low;
    return Place(a.high + b.high + select(vec3i(0), vec3i(1), low < a.low), low);
}

// `n` below 2^16.
fn times(step: Place, n: u32) -> Place {
    let lower = (step.low & vec3u(0xffffu)) * n;
    let upper = (step.low >> vec3u(16u)) * n;
    let low = lower + (upper << vec3u(16u));
    let carry = (upper >> vec3u(16u)) + select(vec3u(0u), vec3u(1u), low < lower);
    return Place(step.high * i32(n) + vec3i(carry), low);
}

// The modality value at a place, and how much of its neighbors' weight is picture; 0 outside of the volume.
fn value_at(place: Place) -> vec2f {
    let at = sum(place, Place(vec3i(0), vec3u(1u << 16u)));
    var first = at.high >> vec3u(8u);
    var part = ((vec3u(at.high) & vec3u(0xffu)) << vec3u(15u)) | (at.low >> vec3u(17u));
    let last = plane.size.xyz - 1;
    let is_before = (first < vec3i(-1)) | ((first == vec3i(-1)) & (part < vec3u(ONE - EDGE)));
    let is_beyond = (first > last) | ((first == last) & (part > vec3u(EDGE)));
    if any(is_before | is_beyond) {
        return vec2f(0.0);
    }
    // Beyond the outer centers the edge holds
    let is_at_end = (first < vec3i(0)) | (first >= last);
    part = select(part, vec3u(0u), is_at_end);
    let a = clamp(first, vec3i(0), last);
    let b = min(a + 1, last);
    let share = vec3f(part) / f32(ONE);
    let near = mix(row(a.x, b.x, a.y, a.z, share.x), row(a.x, b.x, b.y, a.z, share.x), share.y);
    let far = mix(row(a.x, b.x, a.y, b.z, share.x), row(a.x, b.x, b.y, b.z, share.x), share.y);
    let mixed = mix(near, far, share.z);
    return vec2f(mixed.x / max(mixed.y, 1e-6) * plane.values.x + plane.values.y, mixed.y);
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
