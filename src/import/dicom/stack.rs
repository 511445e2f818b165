//! The order of a stack and what its geometry allows.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::domain::geometry::{ImagePlane, Vec3};
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::series::{Regularity, SeriesGeometry, SortRule, StackImage};
use crate::import::reason;

/// Images in scrolling order with what was found out about them.
pub struct Stack {
    pub images: Vec<StackImage>,
    pub geometry: SeriesGeometry,
    /// All that is irregular, the gravest first.
    pub notices: Vec<Notice>,
}

/// Positions closer than this are the same, mm.
const SAME_POSITION_MM: f64 = 1e-3;
/// A neighbor further than this many spacings means that one is missing.
const GAP: f64 = 1.5;
/// Spacing may differ by this part of itself.
const UNEVEN: f64 = 0.01;
/// A sideways drift of more than this part of the way means a sheared stack: half a degree.
const TILT: f64 = 0.0087;

struct Candidate<'a> {
    image: StackImage,
    instance: &'a Instance,
    plane: Option<ImagePlane>,
    distance_mm: f64,
}

/// Sorts every frame of `instances` (which are in path order).
pub fn stack(instances: &[Arc<Instance>]) -> Stack {
    let mut candidates: Vec<Candidate<'_>> = instances
        .iter()
        .enumerate()
        .flat_map(|(index, instance)| {
            (0..instance.n_frames()).map(move |frame| Candidate {
                image: StackImage { instance: index, frame },
                instance,
                plane: instance.frame(frame).and_then(|attributes| attributes.plane),
                distance_mm: 0.0,
            })
        })
        .collect();
    let orientation = shared_orientation(&candidates);
    let sort = sort_rule(&candidates, orientation);
    if let Some((row_dir, col_dir)) = orientation {
        // One normal for all: cosines that differ in the last digit must not reorder neighbors
        let normal = row_dir.cross(col_dir);
        for candidate in &mut candidates {
            candidate.distance_mm = candidate.plane.map_or(0.0, |plane| plane.position_mm.dot(normal));
        }
    }
    candidates.sort_by(|a, b| by_rule(sort, a, b).then_with(|| tie(a, b)));
    let (slice_spacing_mm, notices) = match sort {
        SortRule::Position => faults(&candidates, orientation),
        _ => (None, unsorted(&candidates)),
    };
    let regularity = match notices.first() {
        Some(gravest) => Regularity::Irregular(gravest.clone()),
        None if sort == SortRule::Position => Regularity::Regular,
        None => Regularity::NotAStack,
    };
    let orientation = orientation.map(|(Vec3([a, b, c]), Vec3([d, e, f]))| [a, b, c, d, e, f]);
    let images = candidates.iter().map(|candidate| candidate.image).collect();
    Stack {
        images,
        geometry: SeriesGeometry { sort, orientation, slice_spacing_mm, regularity, ..SeriesGeometry::default() },
        notices,
    }
}

/// Whether two planes look the same way.
pub fn is_parallel(a: &ImagePlane, b: &ImagePlane) -> bool {
    a.row_dir.dot(b.row_dir) > 0.9995 && a.col_dir.dot(b.col_dir) > 0.9995
}

fn shared_orientation(candidates: &[Candidate<'_>]) -> Option<(Vec3, Vec3)> {
    let first = candidates.first()?.plane?;
    let is_shared = candidates.iter().all(|c| c.plane.is_some_and(|plane| is_parallel(&plane, &first)));
    is_shared.then_some((first.row_dir, first.col_dir))
}

fn sort_rule(candidates: &[Candidate<'_>], orientation: Option<(Vec3, Vec3)>) -> SortRule {
    let differs = |key: fn(&Instance) -> Option<f64>| {
        let keys: Option<Vec<f64>> = candidates.iter().map(|candidate| key(candidate.instance)).collect();
        keys.is_some_and(|keys| keys.iter().any(|value| Some(value) != keys.first()))
    };
    if orientation.is_some() && candidates.len() > 1 {
        SortRule::Position
    } else if candidates.iter().all(|c| c.plane.is_none()) && differs(|instance| instance.acquisition.slice_location_mm)
    {
        SortRule::SliceLocation
    } else if candidates.iter().any(|candidate| candidate.instance.number.is_some()) {
        SortRule::InstanceNumber
    } else {
        SortRule::FileName
    }
}

fn by_rule(rule: SortRule, a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    let location = |c: &Candidate<'_>| c.instance.acquisition.slice_location_mm.unwrap_or(0.0);
    match rule {
        SortRule::Position if (a.distance_mm - b.distance_mm).abs() < SAME_POSITION_MM / 10.0 => Ordering::Equal,
        SortRule::Position => a.distance_mm.total_cmp(&b.distance_mm),
        SortRule::SliceLocation => location(a).total_cmp(&location(b)),
        _ => Ordering::Equal,
    }
}

/// Instance number, then path, then frame.
fn tie(a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    let number = |c: &Candidate<'_>| c.instance.number.unwrap_or(i64::MAX);
    number(a).cmp(&number(b)).then(a.image.instance.cmp(&b.image.instance)).then(a.image.frame.cmp(&b.image.frame))
}

/// Why images with planes could not be sorted by them.
fn unsorted(candidates: &[Candidate<'_>]) -> Vec<Notice> {
    let has_planes = candidates.iter().any(|candidate| candidate.plane.is_some());
    if candidates.len() < 2 || !has_planes {
        return Vec::new();
    }
    let is_missing = candidates.iter().any(|candidate| candidate.plane.is_none());
    let notice = match is_missing {
        true => Notice::new(reason::MISSING_POSITION, "Some images have no position; volume tools are off"),
        false => Notice::new(reason::MIXED_ORIENTATION, "The images lie in different directions; volume tools are off"),
    };
    vec![notice]
}

/// Median spacing, and everything that keeps the stack from being an even volume, the gravest first.
fn faults(candidates: &[Candidate<'_>], orientation: Option<(Vec3, Vec3)>) -> (Option<f64>, Vec<Notice>) {
    let distances = candidates.iter().map(|candidate| candidate.distance_mm);
    let steps: Vec<f64> = distances.clone().skip(1).zip(distances).map(|(next, this)| next - this).collect();
    let mut sorted: Vec<f64> = steps.iter().copied().filter(|step| *step > SAME_POSITION_MM).collect();
    sorted.sort_by(f64::total_cmp);
    let mut notices = Vec::new();
    if sorted.len() < steps.len() {
        let text = "Several images lie at the same position; volume tools are off";
        notices.push(Notice::new(reason::DUPLICATE_POSITION, text));
    }
    let Some(median) = sorted.get(sorted.len() / 2).copied() else { return (None, notices) };
    let wide: Vec<usize> = (0..).zip(&steps).filter(|(_, step)| **step > GAP * median).map(|(at, _)| at).collect();
    // A few wide steps are missing slices; many are another spacing
    if let Some(first) = wide.first().filter(|_| wide.len() * 5 <= steps.len().max(5)) {
        let more = if wide.len() > 1 { format!(" and in {} more places", wide.len() - 1) } else { String::new() };
        let text = format!("A slice is missing between images {} and {}{more}", first + 1, first + 2);
        notices.push(Notice::new(reason::SLICE_GAP, text));
    } else if steps.iter().any(|step| *step > SAME_POSITION_MM && (step - median).abs() > UNEVEN * median) {
        notices.push(Notice::new(reason::UNEVEN_SPACING, "The slices are not evenly spaced"));
    }
    if let Some(degrees) = tilt_degrees(candidates, orientation) {
        let text = format!("The slices are sheared by {degrees:.1}° (gantry tilt)");
        notices.push(Notice::new(reason::GANTRY_TILT, text));
    }
    (Some(median), notices)
}

/// How far the stack leans, from the first to the last slice.
fn tilt_degrees(candidates: &[Candidate<'_>], orientation: Option<(Vec3, Vec3)>) -> Option<f64> {
    let (row_dir, col_dir) = orientation?;
    let (first, last) = (candidates.first()?.plane?, candidates.last()?.plane?);
    let way = last.position_mm.minus(first.position_mm);
    let along = way.dot(row_dir.cross(col_dir));
    let sideways = way.dot(row_dir).hypot(way.dot(col_dir));
    (along > 0.0 && sideways > TILT * along).then(|| sideways.atan2(along).to_degrees())
}
