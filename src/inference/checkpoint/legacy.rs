//! Checkpoints of PyTorch before 1.6: pickles one behind the other, then the storages' samples.

use std::collections::HashMap;

use crate::inference::checkpoint::pickle::{self, Value};
use crate::inference::checkpoint::reader::Reader;
use crate::inference::checkpoint::tensors::{self, FoundTensor, sample_bytes};
use crate::inference::checkpoint::{CheckpointError, Result};

/// 0x1950a86a20f9469cfc6c, as `LONG1` writes it.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

pub fn read(bytes: &[u8]) -> Result<Vec<FoundTensor>> {
    if !bytes.get(..32).unwrap_or(bytes).windows(MAGIC.len()).any(|window| window == MAGIC) {
        return Err(CheckpointError::Unknown);
    }
    let mut at = 0;
    // Magic number, protocol, system
    for _ in 0..3 {
        pickle::run(bytes, &mut at)?;
    }
    let program = pickle::run(bytes, &mut at)?;
    let keys = pickle::run(bytes, &mut at)?;
    let sizes = tensors::storage_kinds(&program);
    let Value::List(list) = keys.get(keys.top) else { return Err(CheckpointError::Damaged("its list of storages")) };
    let mut reader = Reader::new(bytes, at);
    let mut storages = HashMap::new();
    for id in list {
        let Value::Text(key) = keys.get(*id) else { return Err(CheckpointError::Damaged("its list of storages")) };
        let kind = sizes.get(key).ok_or(CheckpointError::Damaged("a storage that nobody names"))?;
        let n_samples = reader.size(8)?;
        let n_bytes = n_samples.checked_mul(sample_bytes(kind)?).ok_or(CheckpointError::Damaged("a size"))?;
        storages.insert(key.clone(), reader.take(n_bytes)?);
    }
    tensors::collect(&program, &|key| storages.get(key).copied())
}
