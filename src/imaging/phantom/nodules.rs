//! Solid lung nodules of known place and size: the truth that a finding is held against.

use std::f64::consts::PI;

use serde::Serialize;

use crate::imaging::phantom::convex::Convex;

/// A ball of soft tissue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Nodule {
    pub name: &'static str,
    /// Patient space (LPS).
    pub center_mm: [f64; 3],
    pub diameter_mm: f64,
}

impl Nodule {
    pub fn volume_mm3(&self) -> f64 {
        PI / 6.0 * self.diameter_mm.powi(3)
    }

    pub fn shape(&self) -> Convex {
        self.shape_with_margin(0.0)
    }

    pub fn shape_with_margin(&self, margin_mm: f64) -> Convex {
        Convex::ellipsoid(self.center_mm, [self.diameter_mm / 2.0 + margin_mm; 3])
    }
}

/// The demonstration's nodules, none of them touching pleura, heart or diaphragm.
pub fn demonstration() -> Vec<Nodule> {
    vec![
        Nodule { name: "right upper lobe", center_mm: [-72.0, -6.0, 60.0], diameter_mm: 8.0 },
        Nodule { name: "left mid zone", center_mm: [98.0, 14.0, 2.0], diameter_mm: 14.0 },
        Nodule { name: "right lower lobe", center_mm: [-92.0, 30.0, -42.0], diameter_mm: 22.0 },
    ]
}
