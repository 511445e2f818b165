//! Coordinates of reports, states and structure sets brought onto the pictures of a study.

use std::f64::consts::TAU;
use std::sync::Arc;

use crate::domain::coding::CodedConcept;
use crate::domain::content_item::GraphicType;
use crate::domain::finding::Subject;
use crate::domain::geometry::{PixelBox, PixelPlane, Vec3};
use crate::domain::instance::Instance;
use crate::domain::mask::{Mask, Run, Segment};
use crate::domain::series::Series;
use crate::domain::shape::{MAX_OUTLINE_POINTS, Point, Shape};
use crate::domain::study::Study;
use crate::domain::uid::{FrameOfReferenceUid, SeriesUid, SopInstanceUid};
use crate::imaging::measure::region;
use crate::import::dicom::results::segments::PARAMETRIC_MAP;

/// A graphic on one picture, pixel-center coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct OnImage {
    pub subject: Subject,
    pub points: Vec<Point>,
    pub is_closed: bool,
}

/// A picture of the study with the place of its pixels.
pub struct PlacedImage<'a> {
    pub series: &'a Arc<Series>,
    pub instance: &'a Arc<Instance>,
    pub frame: u32,
    pub plane: PixelPlane,
    /// Half the distance to the next one: how far along the normal this picture speaks for.
    pub reach_mm: f64,
}

/// Where the pixels of an image lie.
pub fn pixel_plane(instance: &Instance, frame: u32) -> Option<PixelPlane> {
    let plane = instance.frame(frame)?.plane?;
    PixelPlane::of(&plane, &instance.spacing_of(frame))
}

/// All pictures with a place, of series that are no results themselves.
pub fn placed_images<'a>(
    study: &'a Study,
    frame_of_reference: Option<&FrameOfReferenceUid>,
    wanted: Option<&SeriesUid>,
) -> Vec<PlacedImage<'a>> {
    let is_meant = |series: &&Arc<Series>| {
        let is_frame = frame_of_reference.is_none_or(|frame| series.frame_of_reference.as_ref() == Some(frame));
        let is_result = |one: &Arc<Instance>| one.derivation.is_some() || one.sop_class == PARAMETRIC_MAP;
        let is_source = !series.instances.iter().any(is_result);
        is_frame && is_source && wanted.is_none_or(|wanted| &series.uid == wanted)
    };
    let mut images = Vec::new();
    for series in study.series.iter().filter(is_meant) {
        let reach_mm = series.geometry.slice_spacing_mm.map_or(DEFAULT_REACH_MM, |mm| mm.abs() / 2.0);
        for index in 0..series.stack.len() {
            let Some((instance, frame)) = series.image(index) else { continue };
            if let Some(plane) = pixel_plane(instance, frame) {
                images.push(PlacedImage { series, instance, frame, plane, reach_mm });
            }
        }
    }
    images
}

/// Of a picture without neighbors.
const DEFAULT_REACH_MM: f64 = 0.5;
/// What positions written with few digits lose.
const SLACK_MM: f64 = 0.05;

impl PlacedImage<'_> {
    pub fn subject(&self, study: &Study) -> Subject {
        let (series, sop) = (self.series.uid.clone(), self.instance.sop.clone());
        Subject { study: study.uid.clone(), series, sop, frame: self.frame }
    }

    /// Distance of a point along the normal, mm, when the picture speaks for it.
    pub fn distance_of(&self, point_mm: Vec3) -> Option<f64> {
        let distance = self.plane.distance_mm(point_mm).abs();
        (distance <= self.reach_mm + SLACK_MM).then_some(distance)
    }
}

/// The nearest picture that speaks for all of these points; they lie in its plane.
pub fn image_of_points<'a, 'b>(images: &'b [PlacedImage<'a>], points_mm: &[Vec3]) -> Option<&'b PlacedImage<'a>> {
    let fits = |image: &'b PlacedImage<'a>| {
        let distances: Option<Vec<f64>> = points_mm.iter().map(|point| image.distance_of(*point)).collect();
        Some((distances?.into_iter().fold(0.0, f64::max), image))
    };
    images.iter().filter_map(fits).min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, image)| image)
}

/// A graphic as points: circles and ellipses become many-sided.
pub fn outline(graphic: GraphicType, points: &[Point]) -> (Vec<Point>, bool) {
    const N_SIDES: usize = 72;
    let around = |center: Point, first: [f64; 2], second: [f64; 2]| {
        let corner = |index: usize| {
            let angle = TAU * (index % N_SIDES) as f64 / N_SIDES as f64;
            let (sin, cos) = angle.sin_cos();
            [center[0] + first[0] * cos + second[0] * sin, center[1] + first[1] * cos + second[1] * sin]
        };
        (0..=N_SIDES).map(corner).collect::<Vec<_>>()
    };
    match (graphic, points) {
        (GraphicType::Circle, [center, rim, ..]) => {
            let (x, y) = (rim[0] - center[0], rim[1] - center[1]);
            (around(*center, [x, y], [-y, x]), true)
        }
        (GraphicType::Ellipse, [a, b, c, d, ..]) => {
            let center = [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])];
            let half = |from: &Point, to: &Point| [(to[0] - from[0]) / 2.0, (to[1] - from[1]) / 2.0];
            (around(center, half(a, b), half(c, d)), true)
        }
        (GraphicType::Polygon, points) => {
            let closed = points.iter().chain(points.first()).copied().collect();
            (closed, points.len() > 2)
        }
        (_, points) => {
            let is_closed = points.len() > 3 && points.first() == points.last();
            (points.to_vec(), is_closed)
        }
    }
}

/// Tight box around points in pixel-center coordinates, in pixel-edge coordinates; a point has a box of its own.
pub fn bounds(points: &[Point]) -> Option<PixelBox> {
    const AROUND_A_POINT: f64 = 4.0;
    let pick = |axis: usize, better: fn(f64, f64) -> f64| {
        points.iter().filter_map(|point| point.get(axis).copied()).reduce(better)
    };
    let [x0, y0] = [pick(0, f64::min)?, pick(1, f64::min)?];
    let [x1, y1] = [pick(0, f64::max)?, pick(1, f64::max)?];
    let widened = |low: f64, high: f64| {
        let missing = (AROUND_A_POINT - (high - low)).max(0.0) / 2.0;
        (low + 0.5 - missing, high + 0.5 + missing)
    };
    let ((x0, x1), (y0, y1)) = (widened(x0, x1), widened(y0, y1));
    Some(PixelBox { x0, y0, x1, y1 })
}

/// The pixels whose centers lie inside an odd number of the outlines.
pub fn filled(outlines: &[Vec<Point>], rows: u32, cols: u32) -> Option<Mask> {
    let mut dense = vec![0_u8; usize::try_from(u64::from(rows) * u64::from(cols)).ok()?];
    for outline in outlines.iter().filter(|outline| outline.len() >= 3) {
        let outline: Vec<Point> = outline.iter().take(MAX_OUTLINE_POINTS).copied().collect();
        for span in region::spans(&Shape::Freehand { outline }, rows, cols) {
            dense.get_mut(span)?.iter_mut().for_each(|pixel| *pixel ^= 1);
        }
    }
    Mask::from_dense(rows, cols, &dense).ok().filter(|mask| !mask.is_empty())
}

/// What both cover.
pub fn union(a: &Mask, b: &Mask) -> Option<Mask> {
    if (a.rows(), a.cols()) != (b.rows(), b.cols()) {
        return None;
    }
    let mut runs: Vec<Run> = a.runs().iter().chain(b.runs()).copied().collect();
    runs.sort_by_key(|run| run.start);
    let mut joined: Vec<Run> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last) if last.start + last.len >= run.start => {
                last.len = last.len.max(run.start + run.len - last.start);
            }
            _ => joined.push(run),
        }
    }
    Mask::from_runs(a.rows(), a.cols(), joined).ok()
}

/// Colors that stay apart, for what brings none of its own.
pub fn color_of(number: usize) -> [u8; 3] {
    const COLORS: [[u8; 3]; 8] = [
        [86, 180, 233],
        [230, 159, 0],
        [0, 158, 115],
        [204, 121, 167],
        [240, 228, 66],
        [213, 94, 0],
        [150, 150, 230],
        [170, 220, 140],
    ];
    COLORS.get(number % COLORS.len()).copied().unwrap_or([255; 3])
}

pub fn segment(id: String, name: &str, code: Option<CodedConcept>, color: [u8; 3], mask: Mask) -> Arc<Segment> {
    let code = code.unwrap_or_else(|| CodedConcept::new("99OVERREAD", "region", "Region"));
    Arc::new(Segment { id, name: name.to_owned(), code, color, mask })
}

/// The picture that a report names, with the frame it names, if it is here.
pub fn named_image<'a>(
    study: &'a Study,
    sop: &SopInstanceUid,
    frames: &[u32],
) -> Option<(&'a Arc<Series>, &'a Arc<Instance>, u32)> {
    let (series, instance) = study.written_instance(sop)?;
    let frame = frames.first().map_or(0, |frame| frame.saturating_sub(1));
    (frame < instance.n_frames()).then_some((series, instance, frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_and_an_ellipse_become_outlines_of_their_size() {
        let (circle, is_closed) = outline(GraphicType::Circle, &[[10.0, 10.0], [10.0, 15.0]]);
        assert!(is_closed && circle.first() == circle.last());
        let radius = |[x, y]: &Point| (x - 10.0).hypot(y - 10.0);
        assert!(circle.iter().all(|point| (radius(point) - 5.0).abs() < 1e-9));
        let ends = [[0.0, 5.0], [20.0, 5.0], [10.0, 2.0], [10.0, 8.0]];
        let (ellipse, _) = outline(GraphicType::Ellipse, &ends);
        let bounds = bounds(&ellipse).unwrap();
        assert!((bounds.width() - 20.0).abs() < 0.05 && (bounds.height() - 6.0).abs() < 0.05, "{bounds:?}");
    }

    #[test]
    fn what_two_outlines_enclose_both_is_outside_and_a_union_is_whole() {
        let square = |from: f64, to: f64| vec![[from, from], [to, from], [to, to], [from, to]];
        let ring = filled(&[square(0.5, 8.5), square(2.5, 6.5)], 10, 10).unwrap();
        assert_eq!(ring.n_pixels(), 64 - 16);
        let hole = filled(&[square(2.5, 6.5)], 10, 10).unwrap();
        assert_eq!(union(&ring, &hole).unwrap().n_pixels(), 64);
        assert!(filled(&[], 10, 10).is_none());
    }
}
