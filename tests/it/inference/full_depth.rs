//! Whole networks, as deep as they are used, give what PyTorch gives for the same weights.
//!
//! Weights and input are hashed, here and in `tests/cases/inference/full/hashed.py`; only PyTorch's outputs are kept.

use std::fs;

use candle_core::{Device, Tensor};
use overread::inference::cpu::isa::Isa;
use overread::inference::golden::relative_difference;
use overread::inference::hashed_weights;
use overread::inference::model_card::{Architecture, ModelCard, load_card};
use overread::inference::network::{Engine, Network, Output, expected_tensors};
use serde_json::Value;

use crate::inference::cases;

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().into_iter().flatten().map(|number| number.as_f64().unwrap() as f32).collect()
}

/// A tiny model's card with this network in it.
fn card(case: &Value) -> ModelCard {
    let architecture: Architecture = serde_json::from_value(case["architecture"].clone()).unwrap();
    let tiny = if matches!(architecture, Architecture::Unet(_)) { "unet" } else { "densenet" };
    let mut card = load_card(&cases().join("tiny").join(tiny)).unwrap();
    let size = |key: &str| usize::try_from(case[key].as_u64().unwrap()).unwrap();
    (card.input.rows, card.input.cols) = (size("rows"), size("cols"));
    card.input.channels = usize::try_from(case["architecture"]["in_channels"].as_u64().unwrap()).unwrap();
    card.architecture = architecture;
    card
}

fn check(name: &str) {
    let text = fs::read(cases().join("full").join(format!("{name}.json"))).unwrap();
    let case: Value = serde_json::from_slice(&text).unwrap();
    let card = card(&case);
    let weights = hashed_weights::safetensors(&expected_tensors(&card.architecture));
    let shape = (1, card.input.channels, card.input.rows, card.input.cols);
    let n = shape.1 * shape.2 * shape.3;
    let picture: Vec<f32> = hashed_weights::noise("input", n).map(|value| value as f32).collect();
    let x = Tensor::from_vec(picture, shape, &Device::Cpu).unwrap();
    let network = Network::load(&card, &weights, &Device::Cpu, Engine::Fast(Isa::detect())).unwrap();
    assert!(network.is_fast(), "{name} runs on the program's own operators");
    let stride = usize::try_from(case["output_stride"].as_u64().unwrap()).unwrap();
    let apart = match network.run(&card, &x, &|| false).unwrap() {
        Output::Channels { logits } => {
            let logits: Vec<f32> = logits.into_iter().step_by(stride).collect();
            relative_difference(&logits, &numbers(&case["output"]))
        }
        Output::Classes { logits, maps } => {
            let maps: Vec<f32> = maps.into_iter().flat_map(|map| map.values).collect();
            let of_logits = relative_difference(&logits, &numbers(&case["output"]));
            of_logits.max(relative_difference(&maps, &numbers(&case["maps"])))
        }
    };
    println!("{name}: {apart:.1e}");
    assert!(apart <= 1e-4, "{name}: {apart:.1e}");
}

#[test]
fn densenets_as_torchvision_and_torchxrayvision_have_them() {
    check("densenet121");
    check("densenet169");
}

#[test]
fn resnets_18_34_and_50() {
    check("resnet18");
    check("resnet34");
    check("resnet50");
}

#[test]
fn efficientnet_b0_and_a_plain_network() {
    check("efficientnet-b0");
    check("plain-cnn");
}

#[test]
fn u_nets_of_several_depths_widths_and_norms() {
    check("unet-batch");
    check("unet-instance");
    check("unet-none");
    check("unet-residual");
}
