//! Transposed 2×2 convolutions of stride 2: every input pixel becomes four, each by its own matrix product.

use crate::inference::cpu::gemm::{Gemm, Packed, Source, Steps};
use crate::inference::cpu::isa::Isa;
use crate::inference::cpu::map::{Layout, Map, for_blocks, rows_per_block};
use crate::inference::graph::Up;

const BLOCK_INPUTS: usize = 48 * 1024;

#[derive(Clone, Debug)]
pub struct PackedUp {
    /// Upper left, upper right, lower left, lower right.
    corners: [Packed; 4],
    n_in: usize,
}

impl PackedUp {
    pub fn new(up: &Up) -> Self {
        let Up { n_in, n_out, .. } = *up;
        // PyTorch's order is input, output, row, col.
        let corner = |corner: usize| {
            Packed::new(n_out, n_in, &up.bias, |output, input| up.weight[(input * n_out + output) * 4 + corner])
        };
        Self { corners: [corner(0), corner(1), corner(2), corner(3)], n_in }
    }

    pub fn run(&self, isa: Isa, input: Map<'_>, out: &mut [f32], to: Layout) {
        let from = input.layout;
        let block = rows_per_block(from.rows, BLOCK_INPUTS / (from.cols * self.n_in));
        let row_len = to.cols * to.step;
        for_blocks(out, 2 * row_len, block, |first_row, out| {
            let n_rows = out.len() / (2 * row_len);
            for (corner, weights) in self.corners.iter().enumerate() {
                let gemm = Gemm {
                    source: Source {
                        values: input.from_pixel(first_row * from.cols),
                        steps: Steps { row: from.cols * from.step, pixel: from.step },
                        taps: &[0],
                        run: self.n_in,
                    },
                    weights,
                    n_rows,
                    n_cols: from.cols,
                    residual: None,
                    relu: false,
                    out: &mut out[corner / 2 * row_len + corner % 2 * to.step + to.offset..],
                    out_steps: Steps { row: 2 * row_len, pixel: 2 * to.step },
                };
                gemm.run(isa);
            }
        });
    }
}
