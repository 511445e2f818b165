//! How measurements are written: digits by size, units a reader knows, and what the millimeters mean.

use crate::domain::annotation::Annotation;
use crate::domain::finding::Measurement;
use crate::domain::geometry::SpacingKind;
use crate::imaging::measure::{HOUNSFIELD, PIXELS, SQUARE_PIXELS};

/// Three digits that count: none behind the point from 100, one from 10, two from 1, three below; whole from there on.
pub fn digits(value: f64) -> String {
    let decimals = |size: f64| match size {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.*}", decimals(value.abs()));
    // 9.996 is 10.0, not 10.00
    let rounded = text.parse::<f64>().map_or(value, f64::abs);
    let text = format!("{value:.*}", decimals(rounded));
    if rounded == 0.0 { "0".to_owned() } else { text }
}

/// As [`digits`], but a whole number has nothing behind the point: for values that a pixel has, not for a mean.
pub fn pixel_value(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { digits(value) }
}

/// A number with its unit; `22.5 mm`, `40 HU`, `31.2°`.
pub fn quantity(measurement: &Measurement) -> String {
    let Measurement { id, value, unit, .. } = measurement;
    let is_of_pixel = matches!(id.as_str(), "value" | "min" | "max" | "red" | "green" | "blue" | "n_pixels");
    let number = if is_of_pixel { pixel_value(*value) } else { digits(*value) };
    match unit.as_str() {
        "deg" => format!("{number}°"),
        "1" => number,
        named => format!("{number} {}", self::unit(named)),
    }
}

/// A UCUM unit as a reader knows it; nothing for a number without one.
pub fn unit(ucum: &str) -> &str {
    match ucum {
        "deg" => "°",
        "1" => "",
        "mm2" => "mm²",
        PIXELS => "px",
        SQUARE_PIXELS => "px²",
        HOUNSFIELD => "HU",
        named => named,
    }
}

/// Behind a length or an area: what its unit means. Empty for plain millimeters in the patient.
pub fn suffix(kind: SpacingKind) -> &'static str {
    match kind {
        SpacingKind::Patient | SpacingKind::Calibrated | SpacingKind::Region => "",
        SpacingKind::Projection => " (Proj)",
        SpacingKind::Magnified => " (ERMF)",
        SpacingKind::User => " (User)",
        SpacingKind::Detector | SpacingKind::None => " (Uncal)",
    }
}

/// The lines of an annotation's label: the reader's words, then what was measured.
pub fn lines(annotation: &Annotation) -> Vec<String> {
    let words = annotation.text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned);
    words.chain(values(annotation)).collect()
}

/// What was measured, in the order Area, Mean, Max, Min, SD for regions.
pub fn values(annotation: &Annotation) -> Vec<String> {
    let Annotation { measurements, calibration, .. } = annotation;
    let suffix = suffix(*calibration);
    let is_size =
        |measurement: &Measurement| matches!(measurement.unit.as_str(), "mm" | "mm2" | PIXELS | SQUARE_PIXELS);
    match measurements.as_slice() {
        [] => Vec::new(),
        [long, short] if long.id == "long_axis" => {
            let unit = if long.unit == PIXELS { "px" } else { "mm" };
            vec![format!("{} × {} {unit}{suffix}", digits(long.value), digits(short.value))]
        }
        [red, green, blue] if red.id == "red" => {
            vec![format!("RGB {} {} {}", quantity(red), quantity(green), quantity(blue))]
        }
        [only] if only.id != "area" => {
            vec![format!("{}{}", quantity(only), if is_size(only) { suffix } else { "" })]
        }
        of_region => {
            let told = of_region.iter().filter(|measurement| measurement.id != "n_pixels");
            told.map(|found| {
                let suffix = if is_size(found) { suffix } else { "" };
                format!("{}: {}{suffix}", found.name, quantity(found))
            })
            .collect()
        }
    }
}

/// What a list shows of it: its first value, or its words.
pub fn headline(annotation: &Annotation) -> String {
    values(annotation).into_iter().next().unwrap_or_else(|| annotation.text.lines().next().unwrap_or("").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_count() {
        let said = [1234.4, 123.4, 99.96, 22.54, 9.996, 1.234, 0.1234, 0.0, -0.0001, -600.2].map(digits);
        assert_eq!(said, ["1234", "123", "100", "22.5", "10.0", "1.23", "0.123", "0", "0", "-600"]);
        assert_eq!(["40", "0.500"], [40.0, 0.5].map(pixel_value));
    }
}
