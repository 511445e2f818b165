//! The order of a stack and what its geometry allows.

use std::cmp::Ordering;

use crate::domain::geometry::{ImagePlane, Vec3};
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::series::{Regularity, SeriesGeometry, SortRule};
use crate::import::dicom::parts::{Image, is_parallel, tie};
use crate::import::dicom::repeats::in_time;
use crate::import::dicom::slice_spacing::{self, SAME_POSITION_MM, Slice, mm};
use crate::import::reason;

/// A sideways drift of more than this part of the way means a sheared stack.
const TILT: f64 = 1e-3;
/// What positions may drift by rounding, mm.
const DRIFT_MM: f64 = 0.05;
/// Directions of one stack that differ by more than this are no longer one direction.
const SAME_DIRECTION: f64 = 1e-3;

/// What was found out about images in scrolling order.
pub struct Stack {
    pub geometry: SeriesGeometry,
    /// All there is to say, the gravest first.
    pub notices: Vec<Notice>,
}

/// Sorts `images` into scrolling order.
pub fn stack(images: &mut [Image<'_>]) -> Stack {
    let planes = planes(images);
    let sort = sort_rule(images, planes.as_deref());
    match (sort, planes.as_deref().and_then(<[ImagePlane]>::first)) {
        (SortRule::Position, Some(first)) => {
            // One normal for all: cosines that differ in the last digit must not reorder neighbors
            let normal = first.normal();
            let distance = |image: &Image<'_>| image.plane.map_or(0.0, |plane| plane.position_mm.dot(normal));
            images.sort_by(|a, b| distance(a).total_cmp(&distance(b)).then_with(|| tie(a, b)));
            order_within_places(images, normal);
            positioned(images, normal)
        }
        _ => {
            images.sort_by(|a, b| by_rule(sort, a, b).then_with(|| tie(a, b)));
            unpositioned(images, sort)
        }
    }
}

/// The planes, when all images have one and look the same way.
fn planes(images: &[Image<'_>]) -> Option<Vec<ImagePlane>> {
    let planes: Vec<ImagePlane> = images.iter().map(|image| image.plane).collect::<Option<_>>()?;
    let first = planes.first()?;
    planes.iter().all(|plane| is_parallel(plane, first)).then_some(planes)
}

fn sort_rule(images: &[Image<'_>], planes: Option<&[ImagePlane]>) -> SortRule {
    let differs = |key: &dyn Fn(&Image<'_>) -> Option<f64>| {
        let keys: Option<Vec<f64>> = images.iter().map(key).collect();
        keys.is_some_and(|keys| keys.iter().any(|value| Some(value) != keys.first()))
    };
    let in_stack = |image: &Image<'_>| image.attributes.setting.in_stack_position.map(|position| position as f64);
    let has_planes = images.iter().any(|image| image.plane.is_some());
    if let Some(planes) = planes.filter(|_| images.len() > 1) {
        return if is_one_place(planes) { SortRule::Time } else { SortRule::Position };
    }
    if !has_planes && differs(&in_stack) {
        SortRule::InStackPosition
    } else if !has_planes && differs(&|image| image.instance.acquisition.slice_location_mm) {
        SortRule::SliceLocation
    } else if images.iter().any(|image| image.instance.number.is_some()) {
        SortRule::InstanceNumber
    } else {
        SortRule::FileName
    }
}

fn is_one_place(planes: &[ImagePlane]) -> bool {
    let Some(first) = planes.first() else { return true };
    let normal = first.normal();
    planes.iter().all(|plane| plane.position_mm.minus(first.position_mm).dot(normal).abs() <= SAME_POSITION_MM)
}

/// Images that lie at the same place follow one another in time.
fn order_within_places(images: &mut [Image<'_>], normal: Vec3) {
    let distance = |image: &Image<'_>| image.plane.map_or(0.0, |plane| plane.position_mm.dot(normal));
    let mut start = 0;
    while let Some(first) = images.get(start) {
        let at = distance(first);
        let n = images.iter().skip(start).take_while(|image| distance(image) - at <= SAME_POSITION_MM).count().max(1);
        if let Some(place) = images.get_mut(start..start + n) {
            place.sort_by(in_time);
        }
        start += n;
    }
}

fn by_rule(rule: SortRule, a: &Image<'_>, b: &Image<'_>) -> Ordering {
    let location = |image: &Image<'_>| image.instance.acquisition.slice_location_mm.unwrap_or(0.0);
    let in_stack = |image: &Image<'_>| image.attributes.setting.in_stack_position.unwrap_or(0);
    match rule {
        SortRule::Time => in_time(a, b),
        SortRule::SliceLocation => location(a).total_cmp(&location(b)),
        SortRule::InStackPosition => in_stack(a).cmp(&in_stack(b)).then_with(|| in_time(a, b)),
        SortRule::Position | SortRule::InstanceNumber | SortRule::FileName => Ordering::Equal,
    }
}

fn orientation(plane: &ImagePlane) -> [f64; 6] {
    let (Vec3([a, b, c]), Vec3([d, e, f])) = (plane.row_dir, plane.col_dir);
    [a, b, c, d, e, f]
}

/// Images without a common row of places.
fn unpositioned(images: &[Image<'_>], sort: SortRule) -> Stack {
    let first = images.first().and_then(|image| image.plane);
    let is_shared = planes(images).is_some();
    let notices: Vec<Notice> = unsorted(images, sort).into_iter().collect();
    let regularity = match notices.first() {
        Some(gravest) => Regularity::Irregular(gravest.clone()),
        None => Regularity::NotAStack,
    };
    let orientation = first.filter(|_| is_shared).as_ref().map(orientation);
    Stack { geometry: SeriesGeometry { sort, orientation, regularity, ..SeriesGeometry::default() }, notices }
}

/// Why images that should lie in a row could not be put into one.
fn unsorted(images: &[Image<'_>], sort: SortRule) -> Option<Notice> {
    if images.len() < 2 || sort == SortRule::Time {
        return None;
    }
    if images.iter().any(|image| image.plane.is_some()) {
        let text = "The images lie in different directions; they are in the order of their numbers";
        return Some(Notice::new(reason::MIXED_ORIENTATION, text));
    }
    // Projections, films and captures have no places to miss
    let is_sectional = |instance: &Instance| instance.n_frames() == 1;
    let modality = images.first().map_or("", |image| image.facts.modality.0.as_str());
    let is_expected = matches!(modality, "CT" | "MR" | "PT") && images.iter().all(|image| is_sectional(image.instance));
    let order = match sort {
        SortRule::SliceLocation => "their slice locations",
        SortRule::InStackPosition => "their places in the object",
        SortRule::InstanceNumber => "their numbers",
        _ => "their file names",
    };
    let text = format!("The images do not say where they lie; they are in the order of {order}");
    is_expected.then(|| Notice::new(reason::MISSING_POSITION, text))
}

/// Geometry and faults of images in the order of their places.
fn positioned(images: &[Image<'_>], normal: Vec3) -> Stack {
    let slice = |image: &Image<'_>| Slice {
        distance_mm: image.plane.map_or(0.0, |plane| plane.position_mm.dot(normal)),
        thickness_mm: image.instance.acquisition.slice_thickness_mm.filter(|mm| *mm > 0.0),
    };
    let slices: Vec<Slice> = images.iter().map(slice).collect();
    let spaced = slice_spacing::spaced(&slices);
    let mut faults = spaced.faults;
    faults.extend(different_directions(images));
    let way = Way::of(images, normal);
    let tilt_degrees = way.as_ref().and_then(Way::tilt_degrees);
    if let Some(degrees) = tilt_degrees {
        let text = format!("The slices are sheared by {degrees:.1}° (gantry tilt); this was not corrected");
        faults.push(Notice::new(reason::GANTRY_TILT, text));
    }
    faults.extend(way.as_ref().and_then(|way| way.shifted(images)));
    let step = way.as_ref().zip(spaced.spacing_mm).map(|(way, spacing)| way.per_mm.scaled(spacing).0);
    let regularity = match faults.first() {
        Some(gravest) => Regularity::Irregular(gravest.clone()),
        None => Regularity::Regular,
    };
    let geometry = SeriesGeometry {
        sort: SortRule::Position,
        orientation: images.first().and_then(|image| image.plane).as_ref().map(orientation),
        slice_spacing_mm: spaced.spacing_mm,
        slice_step_mm: step,
        tilt_degrees,
        regularity,
    };
    Stack { geometry, notices: faults.into_iter().chain(spaced.facts).collect() }
}

fn different_directions(images: &[Image<'_>]) -> Option<Notice> {
    let first = images.first()?.plane?;
    let apart = |plane: &ImagePlane| {
        let row = plane.row_dir.minus(first.row_dir).length();
        row.max(plane.col_dir.minus(first.col_dir).length())
    };
    let most = images.iter().filter_map(|image| image.plane).map(|plane| apart(&plane)).fold(0.0, f64::max);
    let text = format!("The images are turned against one another by up to {:.2}°", most.to_degrees());
    (most > SAME_DIRECTION).then(|| Notice::new(reason::MIXED_ORIENTATION, text))
}

/// The straight line from the first to the last slice.
struct Way {
    start: Vec3,
    /// Movement for each millimeter along the normal.
    per_mm: Vec3,
    normal: Vec3,
    along_mm: f64,
    sideways_mm: f64,
}

impl Way {
    fn of(images: &[Image<'_>], normal: Vec3) -> Option<Self> {
        let (first, last) = (images.first()?.plane?, images.last()?.plane?);
        let way = last.position_mm.minus(first.position_mm);
        let along_mm = way.dot(normal);
        let sideways_mm = way.minus(normal.scaled(along_mm)).length();
        let per_mm = way.scaled(1.0 / along_mm);
        (along_mm > SAME_POSITION_MM).then_some(Self {
            start: first.position_mm,
            per_mm,
            normal,
            along_mm,
            sideways_mm,
        })
    }

    fn tilt_degrees(&self) -> Option<f64> {
        let is_tilted = self.sideways_mm > TILT * self.along_mm && self.sideways_mm > DRIFT_MM;
        is_tilted.then(|| self.sideways_mm.atan2(self.along_mm).to_degrees())
    }

    /// Slices that lie beside the line.
    fn shifted(&self, images: &[Image<'_>]) -> Option<Notice> {
        let beside = |image: &Image<'_>| {
            let way = image.plane?.position_mm.minus(self.start);
            Some(way.minus(self.per_mm.scaled(way.dot(self.normal))).length())
        };
        let most = images.iter().filter_map(beside).fold(0.0, f64::max);
        let text = format!("The slices are shifted sideways against one another by up to {} mm", mm(most));
        (most > 2.0 * DRIFT_MM).then(|| Notice::new(reason::SHIFTED_SLICES, text))
    }
}
