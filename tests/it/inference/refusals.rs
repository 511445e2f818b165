//! A damaged or wrong model says what is wrong with it, and never loads.

use std::fs;

use candle_core::{DType, Device, Tensor};
use overread::inference::device::DeviceChoice;
use overread::inference::error::ModelError;
use overread::inference::golden;

use crate::inference::{Copied, entry};

#[test]
fn weights_that_are_not_the_described_ones_are_refused() {
    let model = Copied::of("densenet");
    let mut bytes = fs::read(model.path("model.safetensors")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(model.path("model.safetensors"), bytes).unwrap();
    assert!(!entry(model.root.path(), "densenet").hash_ok);
    assert!(matches!(model.load(), Err(ModelError::Hash { file, .. }) if file == "model.safetensors"));
}

#[test]
fn files_that_are_no_safetensors_are_refused() {
    let whole = fs::read(Copied::of("unet").path("model.safetensors")).unwrap();
    let endless = [&u64::MAX.to_le_bytes()[..], &[0; 64]].concat();
    let damaged = [&whole[..whole.len() - 5], &whole[..4], &[], &endless, b"PK\x03\x04 a pickle"];
    for bytes in damaged {
        let model = Copied::of("unet");
        model.write_weights(bytes);
        assert!(matches!(model.load(), Err(ModelError::WeightsFormat { .. })), "{} bytes", bytes.len());
    }
}

#[test]
fn tensors_that_do_not_fit_the_network_are_refused_by_name() {
    let norm = "features.norm5.running_var";
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let check = |edit: &dyn Fn(&Tensor) -> Option<Tensor>, expected: ModelError| {
        let model = Copied::of("densenet");
        model.edit_weights(|tensors| {
            let old = tensors.remove(norm).unwrap();
            tensors.extend(edit(&old).map(|tensor| (norm.to_owned(), tensor)));
        });
        assert_eq!(model.load().unwrap_err(), expected);
    };
    let tensor = || norm.to_owned();
    check(&|_| None, ModelError::MissingTensor { tensor: tensor() });
    let shape = ModelError::TensorShape { tensor: tensor(), expected: vec![20], found: vec![20, 1] };
    check(&|_| Some(zeros(&[20, 1])), shape);
    let halves = |old: &Tensor| old.to_dtype(DType::F16).ok();
    check(&halves, ModelError::TensorKind { tensor: tensor(), found: "F16".into() });
    for wrong in [f64::NAN, f64::INFINITY, -1.0] {
        check(&|old| old.affine(0.0, wrong).ok(), ModelError::NotFinite { tensor: tensor() });
    }
    let model = Copied::of("densenet");
    model.edit_weights(|tensors| {
        tensors.insert("../../etc/x".into(), zeros(&[1]));
    });
    assert_eq!(model.load().unwrap_err(), ModelError::ExtraTensor { tensor: "../../etc/x".into() });
}

#[test]
fn a_model_that_misses_its_golden_output_is_told_from_a_damaged_golden_file() {
    let model = Copied::of("unet");
    model.edit_weights(|tensors| {
        let moved = tensors["head.bias"].affine(1.0, 0.5).unwrap();
        tensors.insert("head.bias".into(), moved);
    });
    let loaded = model.load().unwrap();
    let source = entry(model.root.path(), "unet").source;
    assert!(matches!(golden::check(&loaded, &source), Err(ModelError::Golden { .. })));
    fs::write(model.path("golden.safetensors"), b"").unwrap();
    assert!(matches!(golden::check(&loaded, &source), Err(ModelError::Hash { .. })));
}

#[test]
fn a_device_this_build_lacks_is_named() {
    assert_eq!(DeviceChoice::try_from("cuda:1"), Ok(DeviceChoice::Cuda(1)));
    assert_eq!(DeviceChoice::try_from("cpu"), Ok(DeviceChoice::Cpu));
    assert!(DeviceChoice::try_from("tpu").is_err());
    if !cfg!(feature = "metal") {
        let error = DeviceChoice::Metal(0).open().unwrap_err();
        assert_eq!(error.code(), "device_unavailable");
        assert!(error.to_string().contains("metal:0"), "{error}");
    }
}
