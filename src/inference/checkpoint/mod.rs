//! PyTorch checkpoints as tensors, without running anything that is in them.
//!
//! A pickle is a program for a stack machine. Here its opcodes only build inert values: a call becomes a note of who
//! would have been called with what, and of those notes only the few that rebuild a tensor are understood. Opcodes,
//! values, depth and tensors are counted against limits, and sizes are checked against the file. Meant to run in a
//! process of its own all the same.

mod legacy;
mod pickle;
mod reader;
mod tensors;
mod zip;

use thiserror::Error;

pub use crate::inference::checkpoint::tensors::FoundTensor;

/// Larger checkpoints hold no network of this program.
pub const MAX_CHECKPOINT_BYTES: u64 = 1 << 30;

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CheckpointError {
    #[error("it is neither a PyTorch checkpoint nor a safetensors file")]
    Unknown,
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    #[error("it holds more than is read: {0}")]
    TooMuch(&'static str),
    #[error("it uses what is not read: {0}")]
    Unsupported(String),
    /// A model without a single weight would load and say nothing.
    #[error("it holds no tensor")]
    Empty,
}

pub type Result<T> = std::result::Result<T, CheckpointError>;

/// Every floating-point tensor of a checkpoint by its path, sorted: a zip archive (PyTorch 1.6 and later) or the older
/// stream of pickles; a state dict, one inside a dictionary of other things, or a whole pickled module.
pub fn read(bytes: &[u8]) -> Result<Vec<FoundTensor>> {
    let found = if bytes.starts_with(b"PK\x03\x04") {
        let archive = zip::Archive::open(bytes)?;
        let (folder, program) = archive.pickle()?;
        let value = pickle::run(program, &mut 0)?;
        tensors::collect(&value, &|key| archive.file(&format!("{folder}/data/{key}")))?
    } else if bytes.first() == Some(&0x80) {
        legacy::read(bytes)?
    } else {
        return Err(CheckpointError::Unknown);
    };
    if found.is_empty() { Err(CheckpointError::Empty) } else { Ok(found) }
}
