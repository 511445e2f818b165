//! Modality LUT: stored values → values with a meaning, such as Hounsfield units (PS3.3 C.11.1).

use crate::domain::frame::{Frame, Samples};
use crate::domain::instance::FrameAttributes;
use crate::domain::presentation::ModalityLut;
use crate::imaging::lookup;

/// The modality value of one stored value.
pub fn apply(lut: &ModalityLut, stored: f64) -> f64 {
    match lut {
        ModalityLut::Identity => stored,
        // PS3.3 C.11.1.1.2
        ModalityLut::Linear { slope, intercept } => slope * stored + intercept,
        ModalityLut::Table(table) => f64::from(lookup::entry(table, stored)),
    }
}

/// The modality values of a whole frame, row-major, one per pixel.
///
/// Color has no modality LUT; its luma (BT.601) on the stored scale stands in, for networks that read gray.
pub fn modality_values(frame: &Frame, attrs: &FrameAttributes) -> Vec<f32> {
    let lut = &attrs.modality_lut;
    match frame.samples() {
        Samples::U8(v) => v.iter().map(|x| apply(lut, f64::from(*x)) as f32).collect(),
        Samples::I8(v) => v.iter().map(|x| apply(lut, f64::from(*x)) as f32).collect(),
        Samples::U16(v) => v.iter().map(|x| apply(lut, f64::from(*x)) as f32).collect(),
        Samples::I16(v) => v.iter().map(|x| apply(lut, f64::from(*x)) as f32).collect(),
        Samples::U32(v) => v.iter().map(|x| apply(lut, f64::from(*x)) as f32).collect(),
        Samples::I32(v) => v.iter().map(|x| apply(lut, f64::from(*x)) as f32).collect(),
        Samples::F32(v) => v.iter().map(|x| apply(lut, f64::from(*x)) as f32).collect(),
        Samples::F64(v) => v.iter().map(|x| apply(lut, *x) as f32).collect(),
        Samples::Rgb8(v) => v.as_chunks::<3>().0.iter().map(|rgb| luma(rgb.map(f64::from)) as f32).collect(),
        Samples::Rgb16(v) => v.as_chunks::<3>().0.iter().map(|rgb| luma(rgb.map(f64::from)) as f32).collect(),
        Samples::Rgb32(v) => v.as_chunks::<3>().0.iter().map(|rgb| luma(rgb.map(f64::from)) as f32).collect(),
    }
}

/// ITU-R BT.601 luma, the weights of PIL's "L".
fn luma([red, green, blue]: [f64; 3]) -> f64 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::presentation::LookupTable;

    #[test]
    fn a_linear_lut_gives_hounsfield_units() {
        let lut = ModalityLut::Linear { slope: 1.0, intercept: -1024.0 };
        assert_eq!(apply(&lut, 0.0), -1024.0);
        assert_eq!(apply(&lut, 1064.0), 40.0);
        assert_eq!(apply(&ModalityLut::Identity, -7.0), -7.0);
    }

    #[test]
    fn a_table_clamps_at_both_ends() {
        let table = LookupTable { first_mapped: -2, entries: vec![10, 20, 30], bits: 8, explanation: String::new() };
        let lut = ModalityLut::Table(Arc::new(table));
        let outputs: Vec<f64> = [-100.0, -2.0, -1.0, 0.0, 1.0, 9e9].map(|stored| apply(&lut, stored)).into();
        assert_eq!(outputs, [10.0, 10.0, 20.0, 30.0, 30.0, 30.0]);
        assert_eq!(apply(&lut, f64::NAN), 10.0);
    }
}
