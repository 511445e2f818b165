//! Both networks give what PyTorch gave.

use std::time::Instant;

use candle_core::{Device, Tensor};
use overread::inference::device::DeviceChoice;
use overread::inference::golden;
use overread::inference::registry::{list_models, load_model};
use overread::inference::saliency::{grad_cam, grad_cam_closed_form};

use crate::inference::cases;

#[test]
fn every_built_in_model_meets_its_golden_output() {
    let entries = list_models(&[]);
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["chest-anatomy", "chest-findings"]);
    for entry in &entries {
        assert!(entry.hash_ok, "{}: {:?}", entry.id, entry.card.as_ref().err());
        let model = load_model(entry, &DeviceChoice::Cpu).unwrap();
        let began = Instant::now();
        let report = golden::check(&model, &entry.source).unwrap();
        println!(
            "{}: {:.1e} in {:.2} s on {}",
            entry.id,
            report.difference,
            began.elapsed().as_secs_f64(),
            model.device()
        );
        assert!(report.difference <= 1e-4);
    }
}

#[test]
fn tiny_random_networks_give_what_pytorch_gives() {
    for entry in list_models(&[cases().join("tiny")]).iter().filter(|entry| !entry.id.as_str().starts_with("chest")) {
        let model = load_model(entry, &DeviceChoice::Cpu).unwrap();
        let report = golden::check(&model, &entry.source).unwrap();
        println!("{}: {:.1e}", entry.id, report.difference);
        assert!(report.difference <= 1e-5);
    }
}

#[test]
fn grad_cam_in_closed_form_equals_the_gradient() {
    let features = Tensor::randn(0.3_f32, 1.0, (1, 12, 5, 7), &Device::Cpu).unwrap().relu().unwrap();
    let weight = Tensor::randn(0.0_f32, 1.0, (3, 12), &Device::Cpu).unwrap();
    let bias = Tensor::randn(0.0_f32, 1.0, 3, &Device::Cpu).unwrap();
    let head = |features: &Tensor| features.mean((2, 3))?.matmul(&weight.t()?)?.broadcast_add(&bias);
    let closed = grad_cam_closed_form(&features, &weight).unwrap();
    for (label_idx, closed) in closed.iter().enumerate() {
        let by_gradient = grad_cam(&features, &head, label_idx).unwrap();
        assert_eq!((closed.rows, closed.cols), (5, 7));
        assert!(golden::relative_difference(&by_gradient.values, &closed.values) < 1e-5);
    }
}
