//! VOI LUT: modality values → 0 to 1, where 1 is the brightest a display shows (PS3.3 C.11.2).

use std::sync::Arc;

use crate::domain::presentation::{LookupTable, VoiFunction, VoiTransform, Window};
use crate::imaging::lookup;

/// The VOI transform in force.
#[derive(Clone, Debug, PartialEq)]
pub enum Voi {
    Window(Window),
    Table(Arc<LookupTable>),
}

impl Voi {
    /// The window, when it is one.
    pub fn window(&self) -> Option<&Window> {
        match self {
            Self::Window(window) => Some(window),
            Self::Table(_) => None,
        }
    }
}

impl From<&VoiTransform> for Voi {
    fn from(transform: &VoiTransform) -> Self {
        match transform {
            VoiTransform::Window { window, .. } => Self::Window(*window),
            VoiTransform::Table(table) => Self::Table(Arc::clone(table)),
        }
    }
}

/// Where the modality value `x` lies between black (0) and white (1). Not-a-number is black.
pub fn apply(voi: &Voi, x: f64) -> f64 {
    match voi {
        Voi::Window(window) => apply_window(window, x),
        Voi::Table(table) => (f64::from(lookup::entry(table, x)) / lookup::max_entry(table)).min(1.0),
    }
}

/// [`apply`] for a window.
pub fn apply_window(window: &Window, x: f64) -> f64 {
    if x.is_nan() {
        return 0.0;
    }
    let Window { center: c, width: w, function } = *window;
    match function {
        // PS3.3 C.11.2.1.2.1; with w = 1 both limits meet and no division happens.
        VoiFunction::Linear => {
            if x <= c - 0.5 - (w - 1.0) / 2.0 {
                0.0
            } else if x > c - 0.5 + (w - 1.0) / 2.0 {
                1.0
            } else {
                (x - (c - 0.5)) / (w - 1.0) + 0.5
            }
        }
        // PS3.3 C.11.2.1.3.2
        VoiFunction::LinearExact => {
            if x <= c - w / 2.0 {
                0.0
            } else if x > c + w / 2.0 {
                1.0
            } else {
                (x - c) / w + 0.5
            }
        }
        // PS3.3 C.11.2.1.3.1
        VoiFunction::Sigmoid => 1.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(function: VoiFunction, center: f64, width: f64, cases: &[(f64, f64)]) {
        let voi = Voi::Window(Window { center, width, function });
        for (x, expected) in cases {
            let actual = apply(&voi, *x);
            assert!(
                (actual - expected).abs() < 1e-12,
                "{function:?} {center}/{width} of {x}: {actual}, not {expected}"
            );
        }
    }

    #[test]
    fn linear_has_the_half_and_the_minus_one_of_the_standard() {
        // C = 40, W = 400: limits 39.5 ∓ 199.5.
        let cases = [
            (-1000.0, 0.0),
            (-160.0, 0.0),
            (-159.0, 1.0 / 399.0),
            (39.5, 0.5),
            (40.0, 0.5 / 399.0 + 0.5),
            (238.0, 398.0 / 399.0),
            (239.0, 1.0),
            (240.0, 1.0),
            (f64::INFINITY, 1.0),
        ];
        check(VoiFunction::Linear, 40.0, 400.0, &cases);
        // The standard's own example: C = 2048, W = 4096 is the identity over 0 to 4095.
        check(VoiFunction::Linear, 2048.0, 4096.0, &[(0.0, 0.0), (1024.0, 1024.0 / 4095.0), (4095.0, 1.0)]);
    }

    #[test]
    fn a_linear_width_of_one_is_a_step_at_center_minus_half() {
        check(VoiFunction::Linear, 2048.0, 1.0, &[(2047.0, 0.0), (2047.5, 0.0), (2047.6, 1.0), (2048.0, 1.0)]);
        check(VoiFunction::Linear, 0.0, 1.0, &[(-1.0, 0.0), (0.0, 1.0)]);
    }

    #[test]
    fn linear_exact_has_neither() {
        let cases = [(-160.0, 0.0), (-159.0, 1.0 / 400.0), (40.0, 0.5), (240.0, 1.0), (240.5, 1.0)];
        check(VoiFunction::LinearExact, 40.0, 400.0, &cases);
        check(VoiFunction::LinearExact, 0.5, 0.5, &[(0.25, 0.0), (0.5, 0.5), (0.75, 1.0)]);
    }

    #[test]
    fn sigmoid_is_half_at_the_center() {
        let at_edge = 1.0 / (1.0 + (-2.0_f64).exp());
        check(VoiFunction::Sigmoid, 40.0, 400.0, &[(40.0, 0.5), (240.0, at_edge), (-160.0, 1.0 - at_edge)]);
        check(VoiFunction::Sigmoid, 0.0, 1.0, &[(-1e9, 0.0), (1e9, 1.0)]);
    }

    #[test]
    fn a_table_is_read_on_its_own_bit_depth_and_nan_is_black() {
        let table =
            LookupTable { first_mapped: 100, entries: vec![0, 2048, 4095], bits: 12, explanation: String::new() };
        let voi = Voi::Table(Arc::new(table));
        assert_eq!(apply(&voi, -5.0), 0.0);
        assert_eq!(apply(&voi, 101.0), 2048.0 / 4095.0);
        assert_eq!(apply(&voi, 101.5), 1.0);
        assert_eq!(apply(&voi, 1e6), 1.0);
        assert_eq!(apply(&voi, f64::NAN), 0.0);
        assert_eq!(apply(&Voi::Window(Window::linear(40.0, 400.0)), f64::NAN), 0.0);
    }
}
