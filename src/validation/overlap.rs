//! How far two masks cover one another: Dice and IoU.

use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Undefined, ratio};

/// The grid of two masks. A flat grid has one slice, and its contours are lines, not surfaces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MaskGrid {
    /// Slices, rows, columns.
    pub dims: [usize; 3],
    /// Between neighbors, along the same axes.
    pub spacing_mm: [f64; 3],
    pub is_flat: bool,
}

/// Steps along an axis are counted in 16 bits.
const MOST_ALONG_AXIS: usize = 65_000;

impl MaskGrid {
    pub fn volume(dims: [usize; 3], spacing_mm: [f64; 3]) -> Self {
        Self { dims, spacing_mm, is_flat: false }
    }

    /// Rows and columns.
    pub fn flat([rows, cols]: [usize; 2], [row_mm, col_mm]: [f64; 2]) -> Self {
        Self { dims: [1, rows, cols], spacing_mm: [1.0, row_mm, col_mm], is_flat: true }
    }

    pub fn n_voxels(&self) -> usize {
        self.dims.iter().product()
    }

    /// Refuses masks of another size and spacings that are none. In a mask anything but 0 is inside.
    pub fn check(&self, first: &[u8], second: &[u8]) -> Result<(), Undefined> {
        if first.len() != self.n_voxels() || second.len() != self.n_voxels() {
            return Err(Undefined::SizesDiffer);
        }
        if self.dims.iter().any(|n| *n > MOST_ALONG_AXIS) {
            return Err(Undefined::OutOfRange);
        }
        let is_spacing = |mm: &f64| mm.is_finite() && *mm > 0.0;
        if self.spacing_mm.iter().all(is_spacing) { Ok(()) } else { Err(Undefined::OutOfRange) }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlap {
    pub dice: Estimate,
    pub iou: Estimate,
    /// Volumes in mm³ of the first and second mask; of flat masks areas in mm².
    pub sizes: [f64; 2],
}

/// Both masks empty: not defined, and said so, rather than 1.
pub fn overlap(grid: &MaskGrid, first: &[u8], second: &[u8]) -> Result<Overlap, Undefined> {
    grid.check(first, second)?;
    let (mut n_first, mut n_second, mut n_both) = (0_usize, 0_usize, 0_usize);
    // Short enough that a count of bytes does not overflow its sum of 16 bits.
    for (a, b) in first.chunks(32_768).zip(second.chunks(32_768)) {
        let count = |of: &mut dyn Iterator<Item = bool>| of.map(u16::from).sum::<u16>();
        n_first += usize::from(count(&mut a.iter().map(|x| *x != 0)));
        n_second += usize::from(count(&mut b.iter().map(|x| *x != 0)));
        n_both += usize::from(count(&mut a.iter().zip(b).map(|(x, y)| *x != 0 && *y != 0)));
    }
    let count = Count { n: n_first + n_second, of: "voxels of both masks" };
    let both = n_both as f64;
    let dice = ratio(2.0 * both, (n_first + n_second) as f64, Undefined::BothEmpty);
    let iou = ratio(both, (n_first + n_second - n_both) as f64, Undefined::BothEmpty);
    let [slice_mm, row_mm, col_mm] = grid.spacing_mm;
    let voxel = slice_mm * row_mm * col_mm;
    Ok(Overlap {
        dice: Estimate::bare(dice, count, "Dice: twice the common voxels over the voxels of both"),
        iou: Estimate::bare(iou, count, "intersection over union"),
        sizes: [n_first as f64 * voxel, n_second as f64 * voxel],
    })
}
