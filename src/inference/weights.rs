//! Weights files: hash, names, shapes and values are checked before a network is built from them.

use std::collections::{BTreeMap, HashMap};

use candle_core::safetensors::SliceSafetensors;
use candle_core::{DType, Device, Tensor};
use sha2::{Digest as _, Sha256};

use crate::inference::error::{ModelError, first_line};

/// No model this program can run on a processor is larger.
pub const MAX_WEIGHTS_BYTES: u64 = 1 << 30;

/// Tensor names and the shapes they must have.
pub type ExpectedTensors = BTreeMap<String, Vec<usize>>;

/// Lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses bytes that are not the ones the card describes.
pub fn check_sha256(file: &str, bytes: &[u8], expected: &str) -> Result<(), ModelError> {
    let found = sha256_hex(bytes);
    if found == expected {
        return Ok(());
    }
    Err(ModelError::Hash { file: file.to_owned(), expected: expected.to_owned(), found })
}

/// Reads exactly the expected f32 tensors: none missing, none extra, every value finite.
///
/// They stay on the processor, where batch norm is folded; the network moves them to its device.
pub fn read_tensors(bytes: &[u8], expected: &ExpectedTensors) -> Result<HashMap<String, Tensor>, ModelError> {
    let file = SliceSafetensors::new(bytes).map_err(format_error)?;
    let mut names: Vec<String> = file.tensors().into_iter().map(|(name, _)| name).collect();
    names.sort();
    if let Some(tensor) = expected.keys().find(|name| names.binary_search(name).is_err()) {
        return Err(ModelError::MissingTensor { tensor: tensor.clone() });
    }
    if let Some(tensor) = names.into_iter().find(|name| !expected.contains_key(name)) {
        return Err(ModelError::ExtraTensor { tensor });
    }
    let mut tensors = HashMap::new();
    for (name, shape) in expected {
        tensors.insert(name.clone(), read_tensor(&file, name, shape)?);
    }
    Ok(tensors)
}

/// Reads every tensor of a file, finite f32; for golden files, whose names are few.
pub fn read_any_tensors(bytes: &[u8]) -> Result<HashMap<String, Tensor>, ModelError> {
    let file = SliceSafetensors::new(bytes).map_err(format_error)?;
    let shapes: ExpectedTensors =
        file.tensors().into_iter().map(|(name, view)| (name, view.shape().to_vec())).collect();
    shapes.iter().map(|(name, shape)| Ok((name.clone(), read_tensor(&file, name, shape)?))).collect()
}

/// Every f32 tensor of a file, whatever its values; those of other kinds are left out.
pub fn read_raw_tensors(bytes: &[u8]) -> Result<HashMap<String, Tensor>, ModelError> {
    let file = SliceSafetensors::new(bytes).map_err(format_error)?;
    let names = file.tensors().into_iter();
    let floats = names.filter(|(_, view)| DType::try_from(view.dtype()).ok() == Some(DType::F32));
    floats.map(|(name, _)| Ok((name.clone(), file.load(&name, &Device::Cpu).map_err(format_error)?))).collect()
}

fn read_tensor(file: &SliceSafetensors<'_>, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
    let view = file.get(name).map_err(format_error)?;
    if DType::try_from(view.dtype()).ok() != Some(DType::F32) {
        return Err(ModelError::TensorKind { tensor: name.to_owned(), found: format!("{:?}", view.dtype()) });
    }
    if view.shape() != shape {
        return Err(ModelError::TensorShape {
            tensor: name.to_owned(),
            expected: shape.to_vec(),
            found: view.shape().to_vec(),
        });
    }
    let tensor = file.load(name, &Device::Cpu).map_err(format_error)?;
    let values = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).map_err(format_error)?;
    // A variance below zero would give a NaN only once a picture is in.
    let is_variance = name.ends_with("running_var");
    if values.iter().all(|value| value.is_finite() && !(is_variance && *value < 0.0)) {
        return Ok(tensor);
    }
    Err(ModelError::NotFinite { tensor: name.to_owned() })
}

fn format_error(error: candle_core::Error) -> ModelError {
    ModelError::WeightsFormat { reason: first_line(&error.to_string()) }
}
