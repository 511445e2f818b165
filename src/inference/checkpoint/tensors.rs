//! From a pickle's inert values to tensors: state dicts, what wraps them, and whole modules.

use std::collections::{BTreeMap, HashMap};

use crate::inference::checkpoint::pickle::{Id, Program, Value};
use crate::inference::checkpoint::{CheckpointError, Result};

const MAX_TENSORS: usize = 100_000;
/// Modules within modules.
const MAX_DEPTH: usize = 100;
/// Values looked at on the way; modules that share modules may be met again and again.
const MAX_VISITS: usize = 5_000_000;
/// Samples of all tensors together.
const MAX_SAMPLES: usize = 1 << 28;
const MAX_DIMS: usize = 8;

/// One tensor by the path its framework gives it, as f32.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundTensor {
    pub path: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Bytes of one sample of a storage class; refuses what no weight is.
pub fn sample_bytes(kind: &str) -> Result<usize> {
    match kind {
        "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => Ok(8),
        "FloatStorage" | "IntStorage" => Ok(4),
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => Ok(2),
        "CharStorage" | "ByteStorage" | "BoolStorage" => Ok(1),
        _ => Err(CheckpointError::Unsupported(format!("storage of the class '{kind}'"))),
    }
}

/// Storage classes by key, of everything that is named anywhere in the pickle.
pub fn storage_kinds(program: &Program) -> HashMap<String, String> {
    let named = program.values().iter().filter_map(|value| match value {
        Value::Persistent(inner) => storage_of(program, *inner),
        _ => None,
    });
    named.map(|(kind, key)| (key, kind)).collect()
}

/// `("storage", class, key, place, count, …)`.
fn storage_of(program: &Program, id: Id) -> Option<(String, String)> {
    let Value::Tuple(parts) = program.get(id) else { return None };
    let part = |i: usize| parts.get(i).map(|id| program.get(*id));
    match (part(0)?, part(1)?, part(2)?) {
        (Value::Text(word), Value::Global(_, kind), Value::Text(key)) if word == "storage" => {
            Some((kind.clone(), key.clone()))
        }
        _ => None,
    }
}

/// All floating-point tensors, sorted by path; `storage` brings the samples of a key.
pub fn collect<'a>(program: &Program, storage: &dyn Fn(&str) -> Option<&'a [u8]>) -> Result<Vec<FoundTensor>> {
    let mut walk = Walk { program, storage, found: BTreeMap::new(), n_visits: 0, n_samples: 0 };
    walk.visit(program.top, String::new(), 0)?;
    Ok(walk.found.into_iter().map(|(path, (shape, values))| FoundTensor { path, shape, values }).collect())
}

/// Keys under which training scripts keep the weights beside other things; what lies beside them is no weight.
const WRAPPERS: [&str; 6] = ["state_dict", "model_state_dict", "model", "net", "weights", "ema"];

struct Walk<'p, 's, 'a> {
    program: &'p Program,
    storage: &'s dyn Fn(&str) -> Option<&'a [u8]>,
    found: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    n_visits: usize,
    n_samples: usize,
}

impl<'p> Walk<'p, '_, '_> {
    fn visit(&mut self, id: Id, path: String, depth: usize) -> Result<()> {
        self.n_visits += 1;
        if depth > MAX_DEPTH || self.n_visits > MAX_VISITS {
            return Err(CheckpointError::TooMuch("modules within modules"));
        }
        if let Some(tensor) = self.tensor(id)? {
            if self.found.len() >= MAX_TENSORS {
                return Err(CheckpointError::TooMuch("tensors"));
            }
            self.found.insert(path, tensor);
            return Ok(());
        }
        let program = self.program;
        match program.get(id) {
            Value::Dict(items) if path.is_empty() => self.visit_root(items, depth),
            Value::Dict(items) => self.visit_items(items, &path, depth),
            // An OrderedDict, or a module
            Value::Object { items, state, .. } if !items.is_empty() || state.is_none() => {
                if path.is_empty() {
                    self.visit_root(items, depth)
                } else {
                    self.visit_items(items, &path, depth)
                }
            }
            Value::Object { state: Some(state), .. } => self.visit_module(*state, &path, depth),
            _ => Ok(()),
        }
    }

    /// A state dict, or a dictionary that has one.
    fn visit_root(&mut self, items: &'p [(Id, Id)], depth: usize) -> Result<()> {
        for wrapper in WRAPPERS {
            let inner =
                items.iter().find(|(key, _)| matches!(self.program.get(*key), Value::Text(key) if key == wrapper));
            if let Some((_, inner)) = inner {
                self.visit(*inner, String::new(), depth + 1)?;
                if !self.found.is_empty() {
                    return Ok(());
                }
            }
        }
        self.visit_items(items, "", depth)
    }

    fn visit_items(&mut self, items: &'p [(Id, Id)], path: &str, depth: usize) -> Result<()> {
        for (key, value) in items {
            let Value::Text(key) = self.program.get(*key) else { continue };
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            // Paths that long are made to fill the memory.
            if inner.len() > 1000 {
                return Err(CheckpointError::TooMuch("names within names"));
            }
            self.visit(*value, inner, depth + 1)?;
        }
        Ok(())
    }

    /// `nn.Module`: its own weights, its running values, and the modules in it.
    fn visit_module(&mut self, state: Id, path: &str, depth: usize) -> Result<()> {
        let program = self.program;
        let Value::Dict(attributes) = program.get(state) else { return Ok(()) };
        for part in ["_parameters", "_buffers", "_modules"] {
            let of_part =
                attributes.iter().find(|(key, _)| matches!(program.get(*key), Value::Text(key) if key == part));
            let items = of_part.map(|(_, value)| program.get(*value));
            if let Some(Value::Dict(items) | Value::Object { items, .. }) = items {
                self.visit_items(items, path, depth)?;
            }
        }
        Ok(())
    }

    /// `None` for what is no tensor, or one of whole numbers, such as a count of batches.
    fn tensor(&mut self, id: Id) -> Result<Option<(Vec<usize>, Vec<f32>)>> {
        let Value::Object { callee, arguments, .. } = self.program.get(id) else { return Ok(None) };
        let (Value::Global(module, name), Value::Tuple(arguments)) =
            (self.program.get(*callee), self.program.get(*arguments))
        else {
            return Ok(None);
        };
        if module != "torch._utils" {
            return Ok(None);
        }
        match (name.as_str(), arguments.as_slice()) {
            ("_rebuild_parameter" | "_rebuild_parameter_with_state", [inner, ..]) if *inner < id => self.tensor(*inner),
            ("_rebuild_tensor" | "_rebuild_tensor_v2", [storage, offset, shape, stride, ..]) => {
                self.rebuild(*storage, *offset, *shape, *stride)
            }
            _ => Err(CheckpointError::Unsupported(format!("a tensor made by '{name}'"))),
        }
    }

    fn rebuild(&mut self, storage: Id, offset: Id, shape: Id, stride: Id) -> Result<Option<(Vec<usize>, Vec<f32>)>> {
        let damaged = || CheckpointError::Damaged("a tensor");
        let Value::Persistent(inner) = self.program.get(storage) else { return Err(damaged()) };
        let (kind, key) = storage_of(self.program, *inner).ok_or_else(damaged)?;
        let n_bytes = sample_bytes(&kind)?;
        let read: fn(&[u8]) -> f32 = match kind.as_str() {
            "FloatStorage" => |bytes| f32::from_le_bytes(bytes.try_into().unwrap_or_default()),
            "DoubleStorage" => |bytes| f64::from_le_bytes(bytes.try_into().unwrap_or_default()) as f32,
            "HalfStorage" => |bytes| of_half(u16::from_le_bytes(bytes.try_into().unwrap_or_default())),
            "BFloat16Storage" => {
                |bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes.try_into().unwrap_or_default())) << 16)
            }
            _ => return Ok(None),
        };
        let Value::Int(offset) = self.program.get(offset) else { return Err(damaged()) };
        let (shape, stride) = (self.sizes(shape)?, self.sizes(stride)?);
        if shape.len() != stride.len() || shape.len() > MAX_DIMS {
            return Err(damaged());
        }
        let n_samples = shape.iter().try_fold(1_usize, |n, size| n.checked_mul(*size)).ok_or_else(damaged)?;
        self.n_samples = self.n_samples.saturating_add(n_samples);
        if self.n_samples > MAX_SAMPLES {
            return Err(CheckpointError::TooMuch("weights"));
        }
        let bytes = (self.storage)(&key).ok_or(CheckpointError::Damaged("a storage is missing"))?;
        let start = usize::try_from(*offset).map_err(|_| damaged())?;
        let mut values = Vec::with_capacity(n_samples);
        for flat in 0..n_samples {
            let at = place(flat, start, &shape, &stride).and_then(|at| at.checked_mul(n_bytes)).ok_or_else(damaged)?;
            let sample = at.checked_add(n_bytes).and_then(|end| bytes.get(at..end));
            values.push(read(sample.ok_or(CheckpointError::Damaged("a tensor reaches past its storage"))?));
        }
        Ok(Some((shape, values)))
    }

    fn sizes(&self, id: Id) -> Result<Vec<usize>> {
        let damaged = || CheckpointError::Damaged("a tensor's shape");
        let (Value::Tuple(parts) | Value::List(parts)) = self.program.get(id) else { return Err(damaged()) };
        let size = |id: &Id| match self.program.get(*id) {
            Value::Int(size) => usize::try_from(*size).map_err(|_| damaged()),
            _ => Err(damaged()),
        };
        parts.iter().map(size).collect()
    }
}

/// Where a sample lies in its storage, counted in samples.
fn place(flat: usize, start: usize, shape: &[usize], stride: &[usize]) -> Option<usize> {
    let (mut rest, mut at) = (flat, start);
    for (size, step) in shape.iter().zip(stride).rev() {
        at = at.checked_add((rest % size).checked_mul(*step)?)?;
        rest /= size;
    }
    Some(at)
}

/// IEEE 754 binary16.
fn of_half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (bits >> 15, bits >> 10 & 0x1f, bits & 0x3ff);
    let size = match exponent {
        0 => f32::from(fraction) * 2_f32.powi(-24),
        0x1f if fraction == 0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1.0 + f32::from(fraction) / 1024.0) * 2_f32.powi(i32::from(exponent) - 15),
    };
    if sign == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_ieee_says() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960_464_5e-8), (0x3555, 0.333_251_95)]
        {
            assert_eq!(of_half(bits), value);
        }
        assert!(of_half(0x7e00).is_nan() && of_half(0x7c00).is_infinite());
    }

    #[test]
    fn samples_lie_where_strides_say() {
        // A transposed 2 × 3 matrix
        let places: Vec<usize> = (0..6).filter_map(|flat| place(flat, 1, &[3, 2], &[1, 3])).collect();
        assert_eq!(places, [1, 4, 2, 5, 3, 6]);
        assert_eq!(place(1, 0, &[2], &[usize::MAX]), Some(usize::MAX));
        assert_eq!(place(1, 1, &[2], &[usize::MAX]), None);
    }
}
