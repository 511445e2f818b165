//! What shapes measure: lengths, angles and areas by the size of a pixel, and the values inside.
//!
//! Everything counts stored values through the modality LUT at the picture's own grid: never what was shown, never what
//! was interpolated. A region holds the pixels whose centers lie in it; an area is that of the outline itself.

pub mod bidirectional;
pub mod region;
pub mod scale;
pub mod strokes;
pub mod words;

use crate::domain::finding::Measurement;
use crate::domain::frame::Frame;
use crate::domain::instance::{FrameAttributes, Instance};
use crate::domain::presentation::{PixelPadding, ValueUnit};
use crate::domain::shape::{Point, Shape};
use crate::imaging::measure::region::Statistics;
use crate::imaging::measure::scale::Scale;
use crate::imaging::{modality_lut, pipeline};

/// UCUM for whole pixels.
pub const PIXELS: &str = "{pixels}";
/// UCUM for squared widths of a pixel.
pub const SQUARE_PIXELS: &str = "{square_pixels}";
/// UCUM for Hounsfield units.
pub const HOUNSFIELD: &str = "[hnsf'U]";

/// The values of one picture, as files have them.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    pub frame: &'a Frame,
    pub attrs: &'a FrameAttributes,
    pub padding: Option<PixelPadding>,
    pub unit: &'a ValueUnit,
    /// In its own colors: a mean of red, green and blue means nothing.
    pub is_color: bool,
}

impl<'a> Values<'a> {
    /// `None` when the instance has no such frame.
    pub fn of(instance: &'a Instance, frame_idx: u32, frame: &'a Frame) -> Option<Self> {
        Some(Self {
            frame,
            attrs: instance.frame(frame_idx)?,
            padding: instance.padding,
            unit: &instance.value_unit,
            is_color: pipeline::shows_color(frame, instance),
        })
    }

    /// The pixel that holds the point; `None` outside of the picture.
    pub fn index_at(&self, [col, row]: Point) -> Option<usize> {
        let inside = |value: f64, n: u32| {
            let nearest = (value + 0.5).floor();
            (0.0..f64::from(n)).contains(&nearest).then_some(nearest as usize)
        };
        let (col, row) = (inside(col, self.frame.cols())?, inside(row, self.frame.rows())?);
        Some(row * self.frame.cols() as usize + col)
    }

    fn unit_word(&self) -> String {
        match self.unit {
            ValueUnit::Hounsfield => HOUNSFIELD.to_owned(),
            ValueUnit::Named(name) => name.clone(),
            ValueUnit::Unspecified => "1".to_owned(),
        }
    }
}

/// What a shape measures, in the order of its label. Values only where `values` are at hand; nothing for marks.
pub fn measure(shape: &Shape, scale: &Scale, values: Option<&Values<'_>>) -> Vec<Measurement> {
    let degrees = |name: &str, value| measurement("angle", name, value, "deg");
    let length =
        |id: &str, name: &str, line: &[Point; 2]| measurement(id, name, scale.length(line), scale.length_unit());
    match shape {
        Shape::Probe { at } => values.map(|values| probe(values, *at)).unwrap_or_default(),
        Shape::Length { ends } => vec![length("length", "Length", ends)],
        Shape::Bidirectional { long, short } => {
            let is_in_order = scale.length(long) >= scale.length(short);
            let (long, short) = if is_in_order { (long, short) } else { (short, long) };
            vec![length("long_axis", "Long axis", long), length("short_axis", "Short axis", short)]
        }
        Shape::Angle { first, vertex, second } => vec![degrees("Angle", scale.angle_deg(*first, *vertex, *second))],
        Shape::Cobb { lines: [a, b] } => vec![degrees("Cobb angle", scale.angle_between_deg(a, b))],
        Shape::Rectangle { .. } | Shape::Ellipse { .. } | Shape::Freehand { .. } => {
            let mut all = vec![measurement("area", "Area", scale.area(region::area(shape)), scale.area_unit())];
            let statistics = values.and_then(|values| region::statistics(shape, values));
            all.extend(statistics.iter().flat_map(|found| of_region(found, values)));
            all
        }
        Shape::Arrow { .. } | Shape::Text { .. } => Vec::new(),
    }
}

/// The same measurements under another scale of the same image: lengths and areas change, values and angles do not.
pub fn rescaled(measurements: &[Measurement], from: &Scale, to: &Scale) -> Vec<Measurement> {
    let ratio = from.ratio_to(to);
    let one = |found: &Measurement| match found.id.as_str() {
        "length" | "long_axis" | "short_axis" => {
            Measurement { value: found.value * ratio, unit: to.length_unit().to_owned(), ..found.clone() }
        }
        "area" => Measurement { value: found.value * ratio * ratio, unit: to.area_unit().to_owned(), ..found.clone() },
        _ => found.clone(),
    };
    measurements.iter().map(one).collect()
}

fn measurement(id: &str, name: &str, value: f64, unit: &str) -> Measurement {
    Measurement { id: id.to_owned(), name: name.to_owned(), value, unit: unit.to_owned() }
}

fn probe(values: &Values<'_>, at: Point) -> Vec<Measurement> {
    let Some(index) = values.index_at(at) else { return Vec::new() };
    let samples = values.frame.samples();
    if samples.is_color() {
        let channels = [("red", "Red"), ("green", "Green"), ("blue", "Blue")];
        let of_channel = |(channel, (id, name)): (usize, (&str, &str))| {
            samples.at(index * 3 + channel).map(|value| measurement(id, name, value, "1"))
        };
        return channels.into_iter().enumerate().filter_map(of_channel).collect();
    }
    let value = samples.at(index).map(|stored| modality_lut::apply(&values.attrs.modality_lut, stored));
    let value = value.filter(|value| value.is_finite());
    value.map(|value| measurement("value", "Value", value, &values.unit_word())).into_iter().collect()
}

fn of_region(found: &Statistics, values: Option<&Values<'_>>) -> Vec<Measurement> {
    let unit = values.map(Values::unit_word).unwrap_or_default();
    let Statistics { n_pixels, mean, max, min, sd, .. } = found;
    let mut all = vec![
        measurement("mean", "Mean", *mean, &unit),
        measurement("max", "Max", *max, &unit),
        measurement("min", "Min", *min, &unit),
    ];
    all.extend(sd.map(|sd| measurement("sd", "SD", sd, &unit)));
    all.push(measurement("n_pixels", "Pixels", *n_pixels as f64, PIXELS));
    all
}
