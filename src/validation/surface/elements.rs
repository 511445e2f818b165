//! How much surface the eight voxels around a corner carry. Of the 256 patterns 14 are different; the others are turned,
//! mirrored or inverted. The normals of their triangles are those of DeepMind's table (Copyright 2018 Google Inc.,
//! Apache License 2.0), which marching cubes gives.

use crate::validation::overlap::MaskGrid;

/// In eighths of the unit cell: the pattern, and of each triangle the sides of its normal.
const PATTERNS: [(u8, &[[u8; 3]]); 13] = [
    (1, &[[1, 1, 1]]),
    (3, &[[2, 2, 0], [2, 2, 0]]),
    (6, &[[1, 1, 1], [1, 1, 1]]),
    (7, &[[4, 0, 0], [2, 2, 2], [1, 1, 1]]),
    (15, &[[4, 0, 0], [4, 0, 0]]),
    (22, &[[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
    (23, &[[1, 1, 1], [2, 2, 2], [2, 2, 2], [1, 1, 1]]),
    (24, &[[1, 1, 1], [1, 1, 1]]),
    (25, &[[0, 2, 2], [0, 2, 2], [1, 1, 1]]),
    (27, &[[1, 1, 1], [3, 3, 3], [0, 2, 2], [2, 0, 2]]),
    (30, &[[4, 0, 0], [1, 1, 1], [2, 2, 2], [1, 1, 1]]),
    (60, &[[2, 2, 0], [2, 2, 0], [2, 2, 0], [2, 2, 0]]),
    (105, &[[1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]),
];
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// mm² (of flat masks mm) by pattern.
#[derive(Debug)]
pub struct ElementSizes {
    table: [f64; 256],
}

impl ElementSizes {
    pub fn of(grid: &MaskGrid) -> Self {
        Self { table: if grid.is_flat { contour_lengths(grid.spacing_mm) } else { surface_areas(grid.spacing_mm) } }
    }

    pub fn of_code(&self, code: u8) -> f64 {
        self.table[usize::from(code)]
    }
}

fn surface_areas([depth, height, width]: [f64; 3]) -> [f64; 256] {
    let sides = [height * width, depth * width, depth * height];
    let mut table = [0.0; 256];
    for (code, normals) in PATTERNS {
        for order in ORDERS {
            let area = |normal: &[u8; 3]| {
                let squares = (0..3).map(|axis| (f64::from(normal[order[axis]]) / 8.0 * sides[axis]).powi(2));
                squares.sum::<f64>().sqrt()
            };
            let whole: f64 = normals.iter().map(area).sum();
            for mirrored in 0..8 {
                let turned = turned(code, order, mirrored);
                table[usize::from(turned)] = whole;
                table[usize::from(!turned)] = whole;
            }
        }
    }
    table
}

/// The pattern with its axes in another order, then mirrored along the axes of `mirrored`. Of a pattern the highest bit
/// is the voxel before the corner along all axes; a voxel's place is written as slice, row, column.
fn turned(code: u8, order: [usize; 3], mirrored: u8) -> u8 {
    let voxels = (0..8_u8).filter(|place| code & (0x80 >> place) != 0);
    voxels.fold(0, |turned, place| {
        let moved = (0..3).fold(0, |moved, axis| moved << 1 | (place >> (2 - order[axis])) & 1);
        turned | 0x80 >> (moved ^ mirrored)
    })
}

/// Of the four pixels around a corner: 8 and 4 in the row before, 2 and 1 in the row itself.
fn contour_lengths([_, vertical, horizontal]: [f64; 3]) -> [f64; 256] {
    let diagonal = 0.5 * (vertical * vertical + horizontal * horizontal).sqrt();
    let mut table = [0.0; 256];
    for (code, length) in table.iter_mut().enumerate().take(16) {
        *length = match code {
            0b0000 | 0b1111 => 0.0,
            0b0011 | 0b1100 => horizontal,
            0b0101 | 0b1010 => vertical,
            0b0110 | 0b1001 => 2.0 * diagonal,
            _ => diagonal,
        };
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_but_empty_and_full_carries_surface() {
        let table = surface_areas([3.0, 2.0, 1.0]);
        assert_eq!((table[0], table[255]), (0.0, 0.0));
        assert!(table[1..255].iter().all(|area| *area > 0.0));
        // Half spaces carry the cell's cut: across the slices, the rows, the columns.
        assert_eq!((table[0b1111_0000], table[0b1100_1100], table[0b1010_1010]), (2.0, 3.0, 6.0));
    }
}
