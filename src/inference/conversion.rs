//! From another framework's tensors to this program's: names as the network's card expects them, nothing left over,
//! nothing missing, written as safetensors.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Tensor};

use crate::inference::checkpoint::FoundTensor;
use crate::inference::error::ModelError;
use crate::inference::model_card::Architecture;
use crate::inference::network::expected_tensors;

/// What wraps a network's own names in checkpoints: data-parallel training, CheXNet's class, common attributes.
const PREFIXES: [&str; 7] = ["module.", "densenet121.", "densenet169.", "model.", "net.", "backbone.", "encoder."];
/// Parts of a checkpoint that no prediction depends on.
const IDLE: [&str; 3] = ["num_batches_tracked", "op_threshs", "total_ops"];

/// A path as torchvision writes it today.
///
/// Prefixes of wrappers go; the names of DenseNets from before PyTorch 0.4 (`norm.1`, `conv.2`) become `norm1`, `conv2`;
/// a classifier in a `Sequential` of one (`classifier.0`) becomes itself.
pub fn modern_path(path: &str) -> String {
    let mut rest = path;
    while let Some(inner) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = inner;
    }
    let parts: Vec<&str> = rest.split('.').collect();
    let mut modern: Vec<String> = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let follows = parts.peek().copied().unwrap_or_default();
        let is_in_layer = modern.last().is_some_and(|before| before.starts_with("denselayer"));
        if is_in_layer && matches!(part, "norm" | "conv" | "relu") && matches!(follows, "1" | "2") {
            modern.push(format!("{part}{follows}"));
            parts.next();
        } else if matches!(part, "classifier" | "fc") && follows == "0" {
            modern.push(part.to_owned());
            parts.next();
        } else {
            modern.push(part.to_owned());
        }
    }
    modern.join(".")
}

/// The safetensors file of a network, from tensors under any of the names that are known.
pub fn convert(found: Vec<FoundTensor>, architecture: &Architecture) -> Result<Vec<u8>, ModelError> {
    let expected = expected_tensors(architecture);
    let mut by_path: BTreeMap<String, FoundTensor> = BTreeMap::new();
    for tensor in found {
        if IDLE.iter().any(|idle| tensor.path.ends_with(idle)) {
            continue;
        }
        let path = if expected.contains_key(&tensor.path) { tensor.path.clone() } else { modern_path(&tensor.path) };
        if by_path.insert(path.clone(), tensor).is_some() {
            return Err(ModelError::WeightsFormat { reason: format!("two tensors mean '{path}'") });
        }
    }
    if let Some(path) = by_path.keys().find(|path| !expected.contains_key(*path)) {
        return Err(ModelError::ExtraTensor { tensor: path.clone() });
    }
    let mut tensors = HashMap::new();
    for (path, shape) in &expected {
        let tensor = by_path.remove(path).ok_or_else(|| ModelError::MissingTensor { tensor: path.clone() })?;
        if &tensor.shape != shape {
            return Err(ModelError::TensorShape { tensor: path.clone(), expected: shape.clone(), found: tensor.shape });
        }
        if !tensor.values.iter().all(|value| value.is_finite()) {
            return Err(ModelError::NotFinite { tensor: path.clone() });
        }
        tensors.insert(path.clone(), Tensor::from_vec(tensor.values, shape.as_slice(), &Device::Cpu)?);
    }
    safetensors_bytes(&tensors)
}

/// Tensors as the bytes of a safetensors file: names sorted, so that the same tensors give the same file.
pub fn safetensors_bytes(tensors: &HashMap<String, Tensor>) -> Result<Vec<u8>, ModelError> {
    let sorted: BTreeMap<&String, &Tensor> = tensors.iter().collect();
    let mut header = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    for (name, tensor) in sorted {
        let start = data.len();
        data.extend(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().flat_map(f32::to_le_bytes));
        let about = serde_json::json!({ "dtype": "F32", "shape": tensor.dims(), "data_offsets": [start, data.len()] });
        header.insert(name.clone(), about);
    }
    let mut text = serde_json::Value::Object(header).to_string();
    // Data begins at a multiple of eight, as the format's own writer has it.
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend(text.into_bytes());
    bytes.append(&mut data);
    Ok(bytes)
}

/// Tensors as one message between processes: safetensors again, whose reader checks every size.
pub fn packed(found: Vec<FoundTensor>) -> Result<Vec<u8>, ModelError> {
    let tensors = found.into_iter().map(|FoundTensor { path, shape, values }| {
        Ok((path, Tensor::from_vec(values, shape.as_slice(), &Device::Cpu)?))
    });
    safetensors_bytes(&tensors.collect::<Result<HashMap<_, _>, ModelError>>()?)
}

/// What [`packed`] made, or any safetensors file of f32.
pub fn unpacked(bytes: &[u8]) -> Result<Vec<FoundTensor>, ModelError> {
    let tensors = crate::inference::weights::read_raw_tensors(bytes)?;
    let of = |(path, tensor): (String, Tensor)| {
        let shape = tensor.dims().to_vec();
        Ok(FoundTensor { path, shape, values: tensor.flatten_all()?.to_vec1::<f32>()? })
    };
    let mut found = tensors.into_iter().map(of).collect::<Result<Vec<FoundTensor>, ModelError>>()?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_wrapped_names_become_todays() {
        let cases = [
            ("module.densenet121.features.conv0.weight", "features.conv0.weight"),
            (
                "module.densenet121.features.denseblock1.denselayer1.norm.1.weight",
                "features.denseblock1.denselayer1.norm1.weight",
            ),
            ("features.denseblock4.denselayer16.conv.2.weight", "features.denseblock4.denselayer16.conv2.weight"),
            ("module.densenet121.classifier.0.bias", "classifier.bias"),
            ("features.transition1.norm.weight", "features.transition1.norm.weight"),
            ("features.norm5.running_var", "features.norm5.running_var"),
            ("model.layer1.0.conv1.weight", "layer1.0.conv1.weight"),
        ];
        for (old, today) in cases {
            assert_eq!(modern_path(old), today);
        }
    }
}
