//! Stored values that a file's own attributes have no meaning for. They can be seen only once the pixels are decoded.

use crate::domain::frame::{Frame, Samples};
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::import::reason;

/// The frame, with a notice when samples of it lie outside of what the instance describes.
pub fn noted(frame: Frame, instance: &Instance) -> Frame {
    let mut notices = Vec::new();
    if let Some(palette) = &instance.palette {
        // PS3.3 C.7.6.3.1.5: such values take the first or the last entry
        let n_after = i64::try_from(palette.entries.len()).unwrap_or(i64::MAX);
        let first = palette.first_mapped;
        let n_outside = n_outside(frame.samples(), first, first.saturating_add(n_after) - 1);
        let text = format!("{n_outside} pixels have no color in the file's palette; they have that of its nearer end");
        notices.extend((n_outside > 0).then(|| Notice::new(reason::PALETTE_EXCEEDED, text)));
    }
    if let Some(most) = instance.derivation.as_ref().and_then(|derivation| derivation.max_fraction) {
        let n_outside = n_outside(frame.samples(), 0, i64::from(most));
        let text = format!("{n_outside} pixels of the segmentation are more than the whole: above {most}");
        notices.extend((n_outside > 0).then(|| Notice::new(reason::FRACTION_EXCEEDED, text)));
    }
    if notices.is_empty() { frame } else { frame.with_notices(notices) }
}

/// How many samples are not in `low..=high`. Colors and floats are none of this.
fn n_outside(samples: &Samples, low: i64, high: i64) -> usize {
    fn count<T: Copy + Into<i64>>(samples: &[T], low: i64, high: i64) -> usize {
        samples.iter().filter(|value| !(low..=high).contains(&(**value).into())).count()
    }
    match samples {
        Samples::U8(v) => count(v, low, high),
        Samples::I8(v) => count(v, low, high),
        Samples::U16(v) => count(v, low, high),
        Samples::I16(v) => count(v, low, high),
        Samples::U32(v) => count(v, low, high),
        Samples::I32(v) => count(v, low, high),
        _ => 0,
    }
}
