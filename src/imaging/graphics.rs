//! The file's own overlays (PS3.3 C.9.2) as one mask on the picture's grid. For eyes only: no network sees them.

use std::sync::Arc;

use crate::domain::coding::CodedConcept;
use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::mask::{Mask, Segment};
use crate::domain::overlay::{Overlay, OverlayPlane};

/// Display color of a file's graphics, sRGB: apart from the marks of models and readers.
pub const COLOR: [u8; 3] = [255, 205, 150];

/// All overlays that lie over this frame, cut to the picture; `None` when none does or nothing is set.
pub fn segment(instance: &Instance, frame_idx: u32, frame: &Frame) -> Option<Arc<Segment>> {
    let mask = mask(instance, frame_idx, frame)?;
    Some(Arc::new(Segment {
        id: "file_graphics".to_owned(),
        name: "Graphics of the file".to_owned(),
        code: CodedConcept::new("99OVERREAD", "file-graphics", "Graphics of the file"),
        color: COLOR,
        mask,
    }))
}

fn mask(instance: &Instance, frame_idx: u32, frame: &Frame) -> Option<Mask> {
    if instance.overlays.is_empty() {
        return None;
    }
    let (rows, cols) = (frame.rows(), frame.cols());
    let mut grid = Grid { rows, cols, set: vec![0; rows as usize * cols as usize] };
    for overlay in &instance.overlays {
        match &overlay.plane {
            OverlayPlane::Packed(bytes) => grid.add_packed(overlay, bytes, frame_idx),
            OverlayPlane::Embedded { bit } => {
                let planes = frame.embedded().iter().filter(|plane| plane.bit == *bit);
                planes.for_each(|plane| grid.add_embedded(&plane.set));
            }
        }
    }
    Mask::from_dense(rows, cols, &grid.set).ok().filter(|mask| !mask.is_empty())
}

struct Grid {
    rows: u32,
    cols: u32,
    /// One byte per pixel of the picture.
    set: Vec<u8>,
}

impl Grid {
    fn add_packed(&mut self, overlay: &Overlay, bytes: &[u8], frame_idx: u32) {
        let Some(own_frame) = overlay.frame_over(frame_idx) else { return };
        let n_pixels = u64::from(overlay.rows) * u64::from(overlay.cols);
        let (start, cols) = (n_pixels * u64::from(own_frame), u64::from(overlay.cols));
        let end = start + n_pixels;
        let (Ok(first), Ok(last)) = (usize::try_from(start / 8), usize::try_from(end.div_ceil(8))) else { return };
        let own = bytes.get(first..last.min(bytes.len())).unwrap_or_default();
        // Most bytes of graphics are empty
        for (index, byte) in own.iter().enumerate().filter(|(_, byte)| **byte != 0) {
            for bit in (0..8).filter(|bit| byte >> bit & 1 == 1) {
                let at = (first + index) as u64 * 8 + bit;
                if (start..end).contains(&at) {
                    let pixel = at - start;
                    self.set_at(overlay.origin, (pixel / cols) as i64, (pixel % cols) as i64);
                }
            }
        }
    }

    fn set_at(&mut self, [row0, col0]: [i32; 2], row: i64, col: i64) {
        let (row, col) = (i64::from(row0) + row, i64::from(col0) + col);
        if !(0..i64::from(self.rows)).contains(&row) || !(0..i64::from(self.cols)).contains(&col) {
            return;
        }
        let at = row * i64::from(self.cols) + col;
        if let Some(place) = usize::try_from(at).ok().and_then(|at| self.set.get_mut(at)) {
            *place = 1;
        }
    }

    fn add_embedded(&mut self, set: &[u8]) {
        self.set.iter_mut().zip(set).for_each(|(place, value)| *place |= value);
    }
}
