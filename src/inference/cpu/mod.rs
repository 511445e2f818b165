//! Networks on the processor, faster than tensor by tensor: fused operators on pixel-major maps, chosen for the machine.
//!
//! Maps are stored pixel by pixel, channels side by side, so that a 1×1 convolution is a matrix product as it lies, a
//! k×k one reads contiguous runs, a dense block's layers write their channels in place, and pooling, depthwise and
//! Winograd steps take sixteen channels per instruction. Weights are folded, transformed and packed once, at load.
//! Work is forked once per layer over blocks of pixels. What this engine does not know runs on candle's operators,
//! [`crate::inference::graph::candle`], which is also what it is tested against.

pub mod activation;
pub mod conv;
pub mod depthwise;
pub mod gemm;
pub mod isa;
pub mod map;
pub mod plan;
pub mod pool;
pub mod program;
pub mod upconv;
pub mod winograd;
