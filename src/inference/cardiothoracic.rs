//! The cardiothoracic ratio: columns spanned by the heart over columns spanned by both lungs.
//!
//! Not measured when it would mislead: a structure missing, cut off at the side of the picture, or too small.

use std::sync::Arc;

use crate::domain::finding::{MeasuredLine, Measurement};
use crate::domain::geometry::{PixelBox, Spacing};
use crate::domain::intake::Notice;
use crate::domain::mask::{Mask, Segment};
use crate::segmentation::measure::{HorizontalExtent, horizontal_extent};

/// One measured ratio and the two lines it rests on.
#[derive(Clone, Debug)]
pub struct Cardiothoracic {
    pub ratio: f64,
    pub lines: Vec<MeasuredLine>,
    pub measurements: Vec<Measurement>,
    pub heart: Option<PixelBox>,
    /// Doubts that do not forbid the measurement.
    pub notices: Vec<Notice>,
}

/// Why there is no ratio, one notice per reason, never empty.
pub type NotMeasured = Vec<Notice>;

pub fn measure(
    segments: &[Arc<Segment>],
    spacing: &Spacing,
    min_area_fraction: f64,
) -> Result<Cardiothoracic, NotMeasured> {
    let structures = ["right_lung", "left_lung", "heart"].map(|id| Structure::find(segments, id));
    let reasons: Vec<Notice> =
        structures.iter().filter_map(|structure| structure.reason_against(min_area_fraction)).collect();
    if !reasons.is_empty() {
        return Err(reasons);
    }
    let [right_lung, left_lung, heart] = structures.map(|structure| structure.mask);
    let extent = |masks: [Option<&Mask>; 2]| horizontal_extent(&masks.into_iter().flatten().collect::<Vec<_>>());
    let (Some(heart_extent), Some(thorax)) = (extent([heart, None]), extent([right_lung, left_lung])) else {
        return Err(vec![missing("heart or a lung")]);
    };
    let ratio = heart_extent.width_px() / thorax.width_px();
    if ratio > 1.0 {
        let text = "Cardiothoracic ratio not measured: the heart's outline is wider than the lungs'";
        return Err(vec![Notice::new("ratio_implausible", text)]);
    }
    Ok(Cardiothoracic {
        ratio,
        lines: vec![line("Heart width", &heart_extent), line("Thorax width", &thorax)],
        measurements: measurements(ratio, &heart_extent, &thorax, spacing),
        heart: heart.and_then(Mask::bounds),
        notices: [right_lung, left_lung].into_iter().flatten().find_map(cut_above_or_below).into_iter().collect(),
    })
}

struct Structure<'a> {
    name: String,
    mask: Option<&'a Mask>,
}

impl<'a> Structure<'a> {
    fn find(segments: &'a [Arc<Segment>], id: &str) -> Self {
        match segments.iter().find(|segment| segment.id == id) {
            Some(segment) => Self { name: segment.name.to_lowercase(), mask: Some(&segment.mask) },
            None => Self { name: id.replace('_', " "), mask: None },
        }
    }

    fn reason_against(&self, min_area_fraction: f64) -> Option<Notice> {
        let Self { name, mask } = self;
        let Some(mask) = mask.filter(|mask| !mask.is_empty()) else { return Some(missing(name)) };
        let n_pixels = f64::from(mask.rows()) * f64::from(mask.cols());
        if (mask.n_pixels() as f64) < min_area_fraction * n_pixels {
            let text = format!("Cardiothoracic ratio not measured: the outline of the {name} is too small to believe");
            return Some(Notice::new("segment_tiny", text));
        }
        let bounds = mask.bounds()?;
        if bounds.x0 <= 0.0 || bounds.x1 >= f64::from(mask.cols()) {
            let text = format!("Cardiothoracic ratio not measured: the {name} is cut off at the side of the picture");
            return Some(Notice::new("segment_at_border", text));
        }
        None
    }
}

fn missing(name: &str) -> Notice {
    Notice::new("segment_missing", format!("Cardiothoracic ratio not measured: the {name} was not found"))
}

/// A lung cut off above or below keeps its width, mostly.
fn cut_above_or_below(mask: &Mask) -> Option<Notice> {
    let bounds = mask.bounds()?;
    let is_cut = bounds.y0 <= 0.0 || bounds.y1 >= f64::from(mask.rows());
    let text = "A lung is cut off at the upper or lower edge of the picture; the thorax may be wider than measured";
    is_cut.then(|| Notice::new("lung_cut_off", text))
}

/// Level, so that its length is the width that counts, at the mean height of the two ends.
fn line(name: &str, extent: &HorizontalExtent) -> MeasuredLine {
    let [_, left_y] = extent.left;
    let [_, right_y] = extent.right;
    let y = f64::midpoint(left_y, right_y);
    // From outer edge to outer edge, in pixel-centre coordinates.
    let from = [f64::from(extent.col_min) - 0.5, y];
    MeasuredLine { name: name.to_owned(), from, to: [f64::from(extent.col_max) + 0.5, y] }
}

fn measurements(
    ratio: f64,
    heart: &HorizontalExtent,
    thorax: &HorizontalExtent,
    spacing: &Spacing,
) -> Vec<Measurement> {
    let width = |id: &str, name: &str, extent: &HorizontalExtent| {
        let (value, unit) = if spacing.is_measurable() {
            (extent.width_px() * spacing.col_mm, "mm")
        } else {
            (extent.width_px(), "{pixels}")
        };
        Measurement { id: id.to_owned(), name: name.to_owned(), value, unit: unit.to_owned() }
    };
    let ratio = Measurement {
        id: "cardiothoracic_ratio".to_owned(),
        name: "Cardiothoracic ratio".to_owned(),
        value: ratio,
        unit: "1".to_owned(),
    };
    vec![ratio, width("heart_width", "Heart width", heart), width("thorax_width", "Thorax width", thorax)]
}
