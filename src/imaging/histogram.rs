//! The spread of a frame's modality values: percentiles, automatic and full-range windows.
//!
//! Padding and values that are not finite never count.

use std::ops::Range;

use crate::domain::frame::{Frame, Samples};
use crate::domain::geometry::PixelBox;
use crate::domain::instance::FrameAttributes;
use crate::domain::presentation::{ModalityLut, PixelPadding, VoiFunction, Window};
use crate::imaging::modality_lut;

/// Percentiles of the automatic window.
pub const AUTO_WINDOW_PERCENTILES: (f64, f64) = (0.5, 99.5);

/// The window from the 0.5th to the 99.5th percentile. Color frames get [`color_window`].
pub fn auto_window(frame: &Frame, attrs: &FrameAttributes, padding: Option<PixelPadding>) -> Window {
    let (low, high) = AUTO_WINDOW_PERCENTILES;
    window_of(frame, attrs, percentiles(frame, attrs, padding, low, high))
}

/// The window from the lowest to the highest value.
pub fn full_range_window(frame: &Frame, attrs: &FrameAttributes, padding: Option<PixelPadding>) -> Window {
    window_of(frame, attrs, percentiles(frame, attrs, padding, 0.0, 100.0))
}

/// The window over the mean and two standard deviations to either side of the values in `region`: what lies there fills
/// the grays, and single bright or dark pixels do not count. `None` when no pixel counts.
pub fn region_window(
    frame: &Frame,
    attrs: &FrameAttributes,
    padding: Option<PixelPadding>,
    region: &PixelBox,
) -> Option<Window> {
    let (rows, cols) = (frame.rows() as usize, frame.cols() as usize);
    // A pixel counts whose center lies within
    let span = |low: f64, high: f64, n: usize| {
        let first = (low - 0.5).ceil().max(0.0) as usize;
        first..((high + 0.5).floor().max(0.0) as usize).min(n)
    };
    let across = span(region.x0, region.x1, cols);
    let runs: Vec<Range<usize>> =
        span(region.y0, region.y1, rows).map(|row| row * cols + across.start..row * cols + across.end).collect();
    if across.is_empty() || frame.samples().is_color() {
        return None;
    }
    let counted = counted_values_in(frame, attrs, padding, &runs);
    let n_values: u64 = counted.iter().map(|(_, count)| count).sum();
    let n = n_values as f64;
    let mean = counted.iter().map(|(value, count)| value * *count as f64).sum::<f64>() / n;
    let variance = counted.iter().map(|(value, count)| (value - mean).powi(2) * *count as f64).sum::<f64>() / n;
    let reach = 2.0 * variance.sqrt();
    (n_values > 0).then(|| window_of(frame, attrs, Some((mean - reach, mean + reach))))
}

/// Lowest and highest finite modality value, padding included; (0, 0) when there is none.
pub fn value_range(frame: &Frame, attrs: &FrameAttributes) -> (f64, f64) {
    percentiles(frame, attrs, None, 0.0, 100.0).unwrap_or((0.0, 0.0))
}

/// Two percentiles (0 to 100) of the modality values, linear between neighbors as NumPy's default.
/// `None` when no pixel counts.
pub fn percentiles(
    frame: &Frame,
    attrs: &FrameAttributes,
    padding: Option<PixelPadding>,
    low: f64,
    high: f64,
) -> Option<(f64, f64)> {
    let counted = counted_values(frame, attrs, padding);
    let n_values: u64 = counted.iter().map(|(_, count)| count).sum();
    (n_values > 0).then(|| (percentile(&counted, n_values, low), percentile(&counted, n_values, high)))
}

/// The window that leaves color as it is: 0 to the largest sample.
pub fn color_window(frame: &Frame) -> Window {
    match frame.samples() {
        Samples::Rgb16(_) => Window::linear(32768.0, 65536.0),
        Samples::Rgb32(_) => Window::linear(2_147_483_648.0, 4_294_967_296.0),
        _ => Window::linear(128.0, 256.0),
    }
}

fn window_of(frame: &Frame, attrs: &FrameAttributes, range: Option<(f64, f64)>) -> Window {
    if frame.samples().is_color() {
        return color_window(frame);
    }
    let Some((low, high)) = range else {
        return Window::linear(0.5, 1.0);
    };
    if steps_are_integers(frame, attrs) {
        // PS3.3 C.11.2.1.2.1 solved for the limits: black at `low`, white at `high`.
        Window::linear(f64::midpoint(low, high) + 0.5, high - low + 1.0)
    } else {
        let width = if high > low { high - low } else { 1.0 };
        Window { center: f64::midpoint(low, high), width, function: VoiFunction::LinearExact }
    }
}

/// Whether LINEAR fits, whose arithmetic counts in whole steps; fractional values take LINEAR_EXACT.
fn steps_are_integers(frame: &Frame, attrs: &FrameAttributes) -> bool {
    let has_integer_samples = !matches!(frame.samples(), Samples::F32(_) | Samples::F64(_));
    let has_integer_slope = match &attrs.modality_lut {
        ModalityLut::Identity | ModalityLut::Table(_) => true,
        ModalityLut::Linear { slope, .. } => slope.fract() == 0.0,
    };
    has_integer_samples && has_integer_slope
}

/// A modality value and how many pixels have it.
pub type Counted = (f64, u64);

/// Distinct modality values in ascending order with their counts; equal values may appear twice.
fn counted_values(frame: &Frame, attrs: &FrameAttributes, padding: Option<PixelPadding>) -> Vec<Counted> {
    let whole = 0..frame.samples().len();
    counted_values_in(frame, attrs, padding, std::slice::from_ref(&whole))
}

/// As [`counted_values`], of these runs of samples only.
pub fn counted_values_in(
    frame: &Frame,
    attrs: &FrameAttributes,
    padding: Option<PixelPadding>,
    runs: &[Range<usize>],
) -> Vec<Counted> {
    let mut counted: Vec<Counted> = stored_counts(frame, runs)
        .into_iter()
        .filter(|(stored, _)| !is_padding(padding, *stored))
        .map(|(stored, count)| (modality_lut::apply(&attrs.modality_lut, stored), count))
        .filter(|(value, _)| value.is_finite())
        .collect();
    counted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    counted
}

/// Whether a stored value is padding (PS3.3 C.7.5.1.1.2).
pub fn is_padding(padding: Option<PixelPadding>, stored: f64) -> bool {
    padding.is_some_and(|PixelPadding { low, high }| (low as f64..=high as f64).contains(&stored))
}

/// Stored values with their counts: one entry per distinct value up to 16 bits, one per sample beyond.
fn stored_counts(frame: &Frame, runs: &[Range<usize>]) -> Vec<Counted> {
    match frame.samples() {
        Samples::U8(v) | Samples::Rgb8(v) => dense_counts(v, runs, 0),
        Samples::I8(v) => dense_counts(v, runs, i32::from(i8::MIN)),
        Samples::U16(v) | Samples::Rgb16(v) => dense_counts(v, runs, 0),
        Samples::I16(v) => dense_counts(v, runs, i32::from(i16::MIN)),
        Samples::U32(v) | Samples::Rgb32(v) => each(v, runs),
        Samples::I32(v) => each(v, runs),
        Samples::F32(v) => each(v, runs),
        Samples::F64(v) => each(v, runs),
    }
}

fn dense_counts<T: Copy + Into<i32>>(samples: &[T], runs: &[Range<usize>], lowest: i32) -> Vec<Counted> {
    let mut counts = vec![0_u64; 1 << 16];
    for run in runs {
        for value in samples.get(run.clone()).unwrap_or_default() {
            if let Some(count) = counts.get_mut(((*value).into() - lowest) as usize) {
                *count += 1;
            }
        }
    }
    (lowest..).zip(counts).filter(|(_, count)| *count > 0).map(|(value, count)| (f64::from(value), count)).collect()
}

fn each<T: Copy + Into<f64>>(samples: &[T], runs: &[Range<usize>]) -> Vec<Counted> {
    let run = |run: &Range<usize>| samples.get(run.clone()).unwrap_or_default();
    runs.iter().flat_map(run).map(|value| ((*value).into(), 1)).collect()
}

fn percentile(counted: &[(f64, u64)], n_values: u64, percent: f64) -> f64 {
    let rank = percent / 100.0 * (n_values - 1) as f64;
    let below = value_at(counted, rank.floor() as u64);
    let above = value_at(counted, rank.ceil() as u64);
    below + (above - below) * rank.fract()
}

/// The value of 0-based `rank` among the sorted samples.
fn value_at(counted: &[(f64, u64)], rank: u64) -> f64 {
    let mut n_passed = 0;
    for (value, count) in counted {
        n_passed += count;
        if rank < n_passed {
            return *value;
        }
    }
    counted.last().map_or(0.0, |(value, _)| *value)
}
