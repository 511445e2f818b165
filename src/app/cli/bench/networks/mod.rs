//! Whole networks of the usual names with weights that say nothing, beside ONNX Runtime and PyTorch on the same weights
//! and input, on so many threads; and the memory that each takes.

use std::process::Command;

use clap::ValueEnum as _;
use serde_json::{Value, json};

use crate::app::cli::bench::arguments::{BenchNetworksArguments, NetworkChoice};
use crate::app::cli::bench::inference::TORCH_FORWARD;
use crate::app::cli::bench::measure::{Part, Series, Way, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::resident;
use crate::app::cli::bench::scratch::Scratch;
use crate::app::cli::bench::sheet::Sheet;
use crate::inference::cpu::isa::Isa;
use crate::inference::device::Threads;
use crate::inference::golden::relative_difference;
use crate::inference::hashed_weights;
use crate::inference::model_card::{ModelCard, Task};
use crate::inference::network::expected_tensors;
use crate::inference::registry;
use crate::inference::trial::Trial;

const ONNX: &str = include_str!("onnx_forward.py");
/// Outputs compared with the peer's: about so many, spread over all.
const N_COMPARED: usize = 4096;
const MIB: f64 = 1_048_576.0;

struct Case {
    name: &'static str,
    /// As a card has it.
    architecture: Value,
    channels: usize,
    /// Rows and columns of the input.
    side: usize,
    /// Of ONNX Runtime's time on one thread, and on more.
    at_most: [f64; 2],
}

fn case(choice: NetworkChoice) -> Case {
    let classes = |mut rest: Value, channels: usize| {
        rest["in_channels"] = json!(channels);
        // As many as the card of the program's own classifier, which stands around it
        rest["n_classes"] = json!(4);
        rest
    };
    let unet = |width: usize| {
        json!({ "network": "unet", "in_channels": 1, "out_channels": 4, "base_width": width, "depth": 5,
                "norm": "batch", "up": "transposed", "residual": false })
    };
    match choice {
        NetworkChoice::Densenet121 => Case {
            name: "densenet121",
            architecture: classes(
                json!({ "network": "densenet", "growth_rate": 32, "block_config": [6, 12, 24, 16],
                        "init_features": 64, "bn_size": 4 }),
                1,
            ),
            channels: 1,
            side: 224,
            at_most: [0.75, 0.82],
        },
        NetworkChoice::Resnet50 => Case {
            name: "resnet50",
            architecture: classes(
                json!({ "network": "resnet", "block": "bottleneck", "block_config": [3, 4, 6, 3], "base_width": 64 }),
                3,
            ),
            channels: 3,
            side: 224,
            at_most: [0.8, 0.8],
        },
        NetworkChoice::EfficientnetB0 => Case {
            name: "efficientnet-b0",
            architecture: classes(efficientnet_b0(), 3),
            channels: 3,
            side: 224,
            at_most: [1.2, 1.2],
        },
        NetworkChoice::Unet16 => {
            Case { name: "unet-16", architecture: unet(16), channels: 1, side: 256, at_most: [0.5, 0.5] }
        }
        NetworkChoice::Unet32 => {
            Case { name: "unet-32", architecture: unet(32), channels: 1, side: 512, at_most: [0.5, 0.5] }
        }
    }
}

/// Tan and Le 2019, table 1.
fn efficientnet_b0() -> Value {
    const STAGES: [[u32; 5]; 7] = [
        [1, 3, 1, 16, 1],
        [6, 3, 2, 24, 2],
        [6, 5, 2, 40, 2],
        [6, 3, 2, 80, 3],
        [6, 5, 1, 112, 3],
        [6, 5, 2, 192, 4],
        [6, 3, 1, 320, 1],
    ];
    let stages: Vec<Value> = STAGES
        .iter()
        .map(|[expansion, kernel, stride, width, n_blocks]| {
            json!({ "expansion": expansion, "kernel": kernel, "stride": stride, "width": width, "n_blocks": n_blocks })
        })
        .collect();
    json!({ "network": "efficientnet", "stem_width": 32, "head_width": 1280, "stages": stages })
}

pub fn measure(arguments: &BenchNetworksArguments) -> Result<Sheet, String> {
    let choices = match arguments.networks.as_slice() {
        [] => NetworkChoice::value_variants(),
        some => some,
    };
    let mut whole =
        Sheet::new("networks", arguments.repeats, Vec::new(), &[]).with_fact("instructions", Isa::detect().to_string());
    for case in choices.iter().copied().map(case) {
        let sheet = one(&case, arguments)?;
        whole.facts.extend(sheet.facts);
        whole.series.extend(sheet.series);
        whole.ratios.extend(sheet.ratios);
        whole.targets.extend(sheet.targets);
    }
    Ok(whole)
}

/// One network, on each number of threads.
fn one(case: &Case, arguments: &BenchNetworksArguments) -> Result<Sheet, String> {
    let card = card(case)?;
    let weights = hashed_weights::safetensors(&expected_tensors(&card.architecture));
    let values: Vec<f32> =
        hashed_weights::noise("input", case.channels * case.side * case.side).map(|value| value as f32).collect();
    let before = resident::begin_peak().map(|now| now.saturating_sub(weights.len() as u64));
    let trial = Trial::new(card, &weights, values.clone()).map_err(|error| error.to_string())?;
    let pools = arguments.threads.iter().map(|n| Threads::apart(*n as usize));
    let pools: Vec<Threads> = pools.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let first = pools.first().ok_or("no number of threads is named")?;
    let ours = run(case, &trial, first)?;
    let grown = resident::peak_bytes().zip(before).map(|(peak, before)| peak.saturating_sub(before) as f64 / MIB);
    let mut facts = Vec::new();
    facts.push((format!("{}.peak_mib", case.name), json!(grown.map(f64::round))));
    let mut peers = Peers::start(case, arguments, &weights, &values, &ours, &mut facts)?;
    let (mut all, mut pairs) = (Vec::new(), Pairs::new());
    for ((pool, peers), n_threads) in pools.iter().zip(&mut peers).zip(&arguments.threads) {
        let (series, more) = rounds(case, (arguments.repeats, *n_threads), (&trial, pool), peers)?;
        all.extend(series);
        pairs.extend(more);
    }
    let mut sheet = Sheet::new("networks", arguments.repeats, all, &pairs);
    sheet.facts.extend(facts);
    for (n, peers) in arguments.threads.iter().zip(&peers) {
        let [on_one, on_more] = case.at_most;
        let id = |who: &str| part_id(case, who, *n);
        sheet = sheet.with_ratio_target(&id("overread"), &id("onnx"), if *n == 1 { on_one } else { on_more });
        let alone = peers.onnx_mib.filter(|_| *n == 1).zip(peers.our_mib);
        if let Some((theirs, ours)) = alone {
            sheet = sheet.with_target(format!("{}: peak memory, of ONNX Runtime's", case.name), 0.75, ours / theirs);
        }
    }
    Ok(sheet)
}

/// A card of the program's own with this network in it: what a card says beside plays no part in a run.
fn card(case: &Case) -> Result<ModelCard, String> {
    let is_alike = |card: &ModelCard| (card.task == Task::Segmentation) == (case.architecture["network"] == "unet");
    let cards = registry::list_models(&[]).into_iter().filter_map(|entry| entry.source.read_card().ok());
    let mut card = cards.into_iter().find(is_alike).ok_or("the program has no model of its own")?;
    card.architecture = serde_json::from_value(case.architecture.clone()).map_err(|error| error.to_string())?;
    (card.input.rows, card.input.cols, card.input.channels) = (case.side, case.side, case.channels);
    Ok(card)
}

/// Ids of ours and theirs.
type Pairs = Vec<(String, String)>;

fn part_id(case: &Case, who: &str, n_threads: u32) -> String {
    format!("{}.{who}.{n_threads}", case.name)
}

/// The peers on one number of threads; none without a Python.
struct Peers {
    onnx: Option<Peer>,
    torch: Option<Peer>,
    onnx_mib: Option<f64>,
    our_mib: Option<f64>,
}

impl Peers {
    /// One set for each number of threads.
    fn start(
        case: &Case,
        arguments: &BenchNetworksArguments,
        weights: &[u8],
        values: &[f32],
        ours: &[f32],
        facts: &mut Vec<(String, Value)>,
    ) -> Result<Vec<Self>, String> {
        let Some(python) = &arguments.peer_python else {
            let none = || Self { onnx: None, torch: None, onnx_mib: None, our_mib: None };
            return Ok(arguments.threads.iter().map(|_| none()).collect());
        };
        let scratch = Scratch::within(&std::env::temp_dir())?;
        let onnx = scratch.path().join("network.onnx");
        let stride = (ours.len() / N_COMPARED).max(1);
        let compared: Vec<f32> = ours.iter().step_by(stride).copied().collect();
        let value_bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let body = [weights, value_bytes.as_slice()].concat();
        let our_mib = alone(case)?;
        let mut peers = Vec::new();
        for n_threads in &arguments.threads {
            let header = json!({
                "name": case.name, "architecture": case.architecture, "n_threads": n_threads, "onnx": onnx,
                "output_stride": stride, "shape": [1, case.channels, case.side, case.side],
                "n_weight_bytes": weights.len(), "n_value_bytes": value_bytes.len(),
            });
            let torch = Peer::python(python, TORCH_FORWARD, &header, &body)?;
            let onnx = Peer::python(python, ONNX, &header, &value_bytes)?;
            for (who, peer) in [("torch", &torch), ("onnx", &onnx)] {
                let theirs = peer.facts["outputs"].as_array().into_iter().flatten().filter_map(Value::as_f64);
                let theirs: Vec<f32> = theirs.map(|value| value as f32).collect();
                if theirs.len() != compared.len() {
                    return Err(format!("{}: {who} has another number of outputs", case.name));
                }
                let apart = relative_difference(&compared, &theirs);
                let fact = json!({ "version": peer.facts["version"], "relative_difference": apart });
                facts.push((part_id(case, who, *n_threads), fact));
            }
            let onnx_mib = onnx.facts["peak_mib"].as_f64();
            facts.push((format!("{}.peak_mib", part_id(case, "onnx", *n_threads)), json!(onnx_mib)));
            peers.push(Self { onnx: Some(onnx), torch: Some(torch), onnx_mib, our_mib });
        }
        facts.push((format!("{}.overread.peak_mib", case.name), json!(our_mib)));
        Ok(peers)
    }
}

/// What a run of the network alone takes in a process of its own, MiB: as the peer has one.
fn alone(case: &Case) -> Result<Option<f64>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(["bench", "networks", "--json", "--threads", "1", "--repeats", "2", "--network", case.name]);
    let output = command.output().map_err(|error| format!("the program does not start: {error}"))?;
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok(document["facts"][format!("{}.peak_mib", case.name)].as_f64())
}

fn run(case: &Case, trial: &Trial, threads: &Threads) -> Result<Vec<f32>, String> {
    threads.run(|| trial.run()).map_err(|error| format!("{}: {error}", case.name))
}

/// Interleaved rounds on one number of threads.
fn rounds(
    case: &Case,
    (n_rounds, n_threads): (u32, u32),
    (trial, pool): (&Trial, &Threads),
    peers: &mut Peers,
) -> Result<(Vec<Series>, Pairs), String> {
    let part = |who: &str, what: &str| {
        Part::new(part_id(case, who, n_threads), format!("{} by {what}, threads: {n_threads}", case.name))
    };
    let ours = Way::timed(part("overread", "Overread"), || {
        run(case, trial, pool).map(|logits| {
            std::hint::black_box(logits);
        })
    });
    let mut ways = vec![ours];
    let mut pairs = Vec::new();
    let others = [("onnx", "ONNX Runtime", &mut peers.onnx), ("torch", "PyTorch", &mut peers.torch)];
    for (who, what, peer) in others {
        let Some(peer) = peer else { continue };
        ways.push(Way::new(vec![part(who, what)], move || peer.round().map(|seconds| vec![seconds])));
        pairs.push((part_id(case, "overread", n_threads), part_id(case, who, n_threads)));
    }
    Ok((interleaved(n_rounds, &mut ways)?, pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_of_the_list_has_a_card_that_loads() {
        for choice in NetworkChoice::value_variants() {
            let case = case(*choice);
            let card = card(&case).unwrap();
            assert!(expected_tensors(&card.architecture).len() > 50, "{}", case.name);
            assert_eq!(choice.to_possible_value().unwrap().get_name(), case.name);
        }
    }
}
