//! Segmentations and maps of other products over the pictures they belong to: by the place of every pixel in the
//! patient, never by the order of frames; by the picture a frame names only where it has no place.

use std::sync::Arc;

use crate::domain::coding::CodedConcept;
use crate::domain::derivation::{Derivation, SegmentFacts, SegmentationType};
use crate::domain::frame::Frame;
use crate::domain::geometry::PixelPlane;
use crate::domain::instance::Instance;
use crate::domain::mask::{Mask, Segment};
use crate::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};

/// One image that results are laid over.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub instance: &'a Instance,
    /// Zero-based.
    pub frame: u32,
    /// Half the distance to the next image of its stack, mm.
    pub reach_mm: f64,
}

/// What positions written with few digits lose, mm.
const SLACK_MM: f64 = 0.05;
/// Of a value that is a share of the whole: from here on it counts as inside.
const INSIDE_FROM: f64 = 0.5;

fn plane_of(instance: &Instance, frame: u32) -> Option<PixelPlane> {
    PixelPlane::of(&instance.frame(frame)?.plane?, &instance.spacing_of(frame))
}

impl Target<'_> {
    /// How far from its plane a frame may lie and still be of it: half a slice of the thicker of both.
    fn reach(&self, result: &Instance) -> f64 {
        let own = result.acquisition.slice_thickness_mm.filter(|mm| mm.is_finite() && *mm > 0.0).unwrap_or(0.0) / 2.0;
        // A slice as thick as the distance reaches to the border and not over it
        self.reach_mm.max(own) + SLACK_MM
    }

    /// Whether a frame was made of this very picture, by its own words.
    fn is_named(&self, source: Option<&(crate::domain::uid::SopInstanceUid, u32)>) -> bool {
        let written = self.instance.written_sop.as_ref().unwrap_or(&self.instance.sop);
        source.is_some_and(|(sop, frame)| sop == written && (*frame == self.frame || self.instance.n_frames() == 1))
    }
}

/// The frames of `result` that lie over the target: of each segment the nearest within reach. Ascending.
pub fn frames_over(result: &Instance, derivation: &Derivation, target: &Target<'_>) -> Vec<u32> {
    let place = plane_of(target.instance, target.frame);
    let reach = target.reach(result);
    // Of each segment: distance and frame
    let mut nearest: Vec<(Option<u32>, f64, u32)> = Vec::new();
    for frame in 0..result.n_frames() {
        let facts = derivation.frames.get(frame as usize);
        let distance = match (plane_of(result, frame), &place) {
            (Some(own), Some(place)) => {
                let is_parallel = own.is_parallel_to(place);
                let center = own.point_mm(middle(result));
                Some(place.distance_mm(center).abs()).filter(|mm| is_parallel && *mm <= reach)
            }
            _ => target.is_named(facts.and_then(|facts| facts.source.as_ref())).then_some(0.0),
        };
        let Some(distance) = distance else { continue };
        let segment = facts.and_then(|facts| facts.segment);
        match nearest.iter_mut().find(|(known, ..)| *known == segment) {
            // Frames of one segment may share a place where it is cut into tiles
            Some((_, least, at)) if distance < *least => (*least, *at) = (distance, frame),
            Some(_) => {}
            None => nearest.push((segment, distance, frame)),
        }
    }
    let mut frames: Vec<u32> = nearest.into_iter().map(|(_, _, frame)| frame).collect();
    frames.sort_unstable();
    frames
}

fn middle(instance: &Instance) -> [f64; 2] {
    [instance.pixels.cols, instance.pixels.rows].map(|n| (f64::from(n) - 1.0) / 2.0)
}

/// Segments as masks on the target's own pixels, in the order of the file; empty ones are left out. `decoded` holds
/// the frames of [`frames_over`].
pub fn segments_over(
    result: &Instance,
    derivation: &Derivation,
    target: &Target<'_>,
    decoded: &[(u32, Arc<Frame>)],
) -> Vec<Arc<Segment>> {
    let mut segments = Vec::new();
    for (index, facts) in derivation.segments.iter().enumerate() {
        let own = decoded.iter().find(|(frame, _)| match derivation.kind {
            SegmentationType::LabelMap => true,
            _ => derivation.frames.get(*frame as usize).and_then(|frame| frame.segment) == Some(facts.number),
        });
        let Some((frame_idx, frame)) = own else { continue };
        let wanted = match derivation.kind {
            SegmentationType::LabelMap => Inside::Is(f64::from(facts.number)),
            SegmentationType::Binary => Inside::AtLeast(1.0),
            SegmentationType::Fractional => {
                Inside::AtLeast(f64::from(derivation.max_fraction.unwrap_or(1)) * INSIDE_FROM)
            }
        };
        if let Some(mask) = mask(result, *frame_idx, frame, target, wanted).filter(|mask| !mask.is_empty()) {
            segments.push(segment(result, facts, index, derivation.kind, mask));
        }
    }
    segments
}

fn segment(result: &Instance, facts: &SegmentFacts, index: usize, kind: SegmentationType, mask: Mask) -> Arc<Segment> {
    let name = if facts.label.is_empty() { format!("Segment {}", facts.number) } else { facts.label.clone() };
    Arc::new(Segment {
        id: segment_id(result, facts.number),
        name: if kind == SegmentationType::Fractional { format!("{name}, at least half") } else { name },
        code: facts.code.clone().unwrap_or_else(|| CodedConcept::new("99OVERREAD", "segment", "Segment")),
        color: facts.color.filter(|color| *color != [0; 3]).unwrap_or_else(|| color_of(index)),
        mask,
    })
}

/// As screens and lists name a segment of an object.
pub fn segment_id(result: &Instance, number: u32) -> String {
    format!("{}#{number}", result.sop)
}

/// Colors that stay apart (Okabe and Ito), for segments that bring none.
pub fn color_of(index: usize) -> [u8; 3] {
    const COLORS: [[u8; 3]; 7] =
        [[86, 180, 233], [230, 159, 0], [0, 158, 115], [204, 121, 167], [240, 228, 66], [213, 94, 0], [0, 114, 178]];
    COLORS.get(index % COLORS.len()).copied().unwrap_or([255; 3])
}

/// Which samples count as inside.
#[derive(Clone, Copy)]
enum Inside {
    Is(f64),
    AtLeast(f64),
}

impl Inside {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::Is(wanted) => (value - wanted).abs() < 0.5,
            Self::AtLeast(least) => value >= least,
        }
    }
}

/// Nearest sample for every pixel of the target; outside of the frame is outside of the segment.
fn mask(result: &Instance, frame_idx: u32, frame: &Frame, target: &Target<'_>, wanted: Inside) -> Option<Mask> {
    let (rows, cols) = (target.instance.pixels.rows, target.instance.pixels.cols);
    let map = frame_from_target(result, frame_idx, target)?;
    let samples = frame.samples();
    let (own_rows, own_cols) = (i64::from(frame.rows()), i64::from(frame.cols()));
    let mut dense = Vec::with_capacity(rows as usize * cols as usize);
    for row in 0..rows {
        for col in 0..cols {
            let [x, y] = map.at([f64::from(col), f64::from(row)]);
            let (x, y) = ((x + 0.5).floor() as i64, (y + 0.5).floor() as i64);
            let is_within = (0..own_cols).contains(&x) && (0..own_rows).contains(&y);
            let value = usize::try_from(y * own_cols + x).ok().filter(|_| is_within).and_then(|at| samples.at(at));
            dense.push(u8::from(value.is_some_and(|value| wanted.holds(value))));
        }
    }
    Mask::from_dense(rows, cols, &dense).ok()
}

/// From pixels of the target to those of a frame, both in pixel-center coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Affine {
    origin: [f64; 2],
    per_col: [f64; 2],
    per_row: [f64; 2],
}

impl Affine {
    const SAME: Self = Self { origin: [0.0, 0.0], per_col: [1.0, 0.0], per_row: [0.0, 1.0] };

    fn at(&self, [col, row]: [f64; 2]) -> [f64; 2] {
        let Self { origin, per_col, per_row } = self;
        [origin[0] + per_col[0] * col + per_row[0] * row, origin[1] + per_col[1] * col + per_row[1] * row]
    }
}

/// `None` where neither place nor size say how both lie to each other.
fn frame_from_target(result: &Instance, frame_idx: u32, target: &Target<'_>) -> Option<Affine> {
    let same_size =
        (result.pixels.rows, result.pixels.cols) == (target.instance.pixels.rows, target.instance.pixels.cols);
    let (Some(own), Some(place)) = (plane_of(result, frame_idx), plane_of(target.instance, target.frame)) else {
        return same_size.then_some(Affine::SAME);
    };
    let [origin, right, down] = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]].map(|point| own.pixel(place.point_mm(point)));
    let step = |to: [f64; 2]| [to[0] - origin[0], to[1] - origin[1]];
    Some(Affine { origin, per_col: step(right), per_row: step(down) })
}

/// The frame of a parametric map over the target, if one is.
pub fn map_frame_over(result: &Instance, target: &Target<'_>) -> Option<u32> {
    let Some(place) = plane_of(target.instance, target.frame) else {
        return (result.n_frames() == 1).then_some(0);
    };
    let reach = target.reach(result);
    let distance = |frame: u32| {
        let own = plane_of(result, frame)?;
        let distance = place.distance_mm(own.point_mm(middle(result))).abs();
        (own.is_parallel_to(&place) && distance <= reach).then_some((distance, frame))
    };
    let placed = (0..result.n_frames()).filter_map(distance).min_by(|(a, _), (b, _)| a.total_cmp(b));
    placed.map(|(_, frame)| frame)
}

/// A parametric map as a heat map of its own range; `None` where it is turned against the target.
pub fn map_over(result: &Instance, frame_idx: u32, frame: &Frame, target: &Target<'_>) -> Option<Arc<SaliencyMap>> {
    let Affine { origin, per_col, per_row } = frame_from_target(result, frame_idx, target)?;
    if per_col[1].abs() > 1e-3 || per_row[0].abs() > 1e-3 {
        return None;
    }
    let samples = frame.samples();
    let values: Vec<f64> =
        (0..samples.len()).map(|at| samples.at(at).filter(|v| v.is_finite()).unwrap_or(0.0)).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min).min(0.0);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = (high - low).max(f64::MIN_POSITIVE);
    let facts = SaliencyFacts {
        method: "parametric map".to_owned(),
        layer: String::new(),
        raw_peak: high as f32,
        map_from_source: MapFromSource {
            scale_x: per_col[0],
            offset_x: origin[0],
            scale_y: per_row[1],
            offset_y: origin[1],
        },
        source_rows: target.instance.pixels.rows,
        source_cols: target.instance.pixels.cols,
    };
    let shares = values.into_iter().map(|value| ((value - low) / span).clamp(0.0, 1.0) as f32).collect();
    SaliencyMap::new(frame.rows(), frame.cols(), shares, facts).ok().map(Arc::new)
}
