//! Each model on a radiograph of the phantom, stage by stage, beside PyTorch on the same weights and input.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::scratch::Scratch;
use crate::app::cli::bench::sheet::Sheet;
use crate::domain::finding::Subject;
use crate::export::phantom_study::{self, PhantomOptions};
use crate::import::Importer;
use crate::inference::device::DeviceChoice;
use crate::inference::model::Model;
use crate::inference::network::Output;
use crate::inference::preprocess;
use crate::inference::registry::{self, ModelEntry};
use crate::inference::weights::MAX_WEIGHTS_BYTES;
use crate::jobs::work::single::{self, OpenedFrame};

/// The networks as they were trained, and behind them the peer's loop.
pub const TORCH_FORWARD: &str =
    concat!(include_str!("../../../../models/training/networks.py"), "\n", include_str!("torch_forward.py"));
/// Outputs compared with the peer's: about so many, spread over all.
const N_COMPARED: usize = 4096;

pub fn measure(
    importer: &Importer,
    roots: &[PathBuf],
    device: DeviceChoice,
    n_rounds: u32,
    peer_python: Option<&Path>,
) -> Result<Sheet, String> {
    let entries: Vec<ModelEntry> = registry::list_models(roots).into_iter().filter(|entry| entry.hash_ok).collect();
    let models = entries.iter().map(|entry| registry::load_model(entry, &device));
    let models = models.collect::<Result<Vec<Model>, _>>().map_err(|error| error.to_string())?;
    let opened = radiograph(importer)?;
    let (mut ways, mut pairs, mut facts) = (Vec::new(), Vec::new(), Vec::new());
    for (entry, model) in entries.iter().zip(&models) {
        let id = entry.id.as_str();
        ways.push(stages(id, model, &opened));
        let Some(python) = peer_python else { continue };
        let (mut peer, fact) = torch_peer(python, entry, model, &opened)?;
        facts.push((format!("{id} on torch"), fact));
        let part = Part::new(format!("{id}.torch"), format!("{id}: PyTorch's network alone, as many threads"));
        ways.push(Way::new(vec![part], move || peer.round().map(|seconds| vec![seconds])));
        pairs.push((format!("{id}.forward"), format!("{id}.torch")));
    }
    let series = interleaved(n_rounds, &mut ways)?;
    let mut sheet = Sheet::new("inference", n_rounds, series, &pairs)
        .with_fact("device", models.first().map(Model::device))
        .with_fact("rows", opened.frame.rows())
        .with_fact("cols", opened.frame.cols());
    sheet.facts.extend(facts);
    Ok(sheet)
}

/// The phantom's radiograph as a file gives it.
pub fn radiograph(importer: &Importer) -> Result<OpenedFrame, String> {
    let scratch = Scratch::within(&std::env::temp_dir())?;
    let options = PhantomOptions { ct: None, ..PhantomOptions::default() };
    let written = phantom_study::write(scratch.path(), &options, &|| false, &|_| {});
    let files = written.map_err(|error| error.to_string())?.files;
    let file = files.first().ok_or_else(|| "the phantom has no file".to_owned())?;
    single::open(importer, file, 0).map_err(|notice| notice.text)
}

fn stages<'a>(id: &str, model: &'a Model, opened: &'a OpenedFrame) -> Way<'a> {
    let part = |stage: &str, what: &str| Part::new(format!("{id}.{stage}"), format!("{id}: {what}"));
    let parts = vec![
        part("total", "from decoded frame to findings"),
        part("preprocess", "stored values to the network's input"),
        part("forward", "the network, its checks and its saliency maps"),
        part("postprocess", "findings, masks, measurements"),
    ];
    let subject = Subject {
        study: opened.study.uid.clone(),
        series: opened.series.uid.clone(),
        sop: opened.instance.sop.clone(),
        frame: 0,
    };
    Way::new(parts, move || {
        // The model reports progress at every border between stages.
        let borders = RefCell::new(Vec::new());
        let progress = |_| borders.borrow_mut().push(Instant::now());
        let findings = model.analyze(&subject, &opened.instance, &opened.frame, &|| false, &progress);
        std::hint::black_box(findings.map_err(|error| error.to_string())?);
        match borders.into_inner().as_slice() {
            [began, prepared, ran, ended] => {
                let spans = [(began, ended), (began, prepared), (prepared, ran), (ran, ended)];
                Ok(spans.map(|(from, to)| to.duration_since(*from).as_secs_f64()).to_vec())
            }
            others => Err(format!("the model has {} borders between its stages, not 4", others.len())),
        }
    })
}

/// A network in PyTorch with this model's weights and input, and how far its outputs are from ours.
fn torch_peer(python: &Path, entry: &ModelEntry, model: &Model, opened: &OpenedFrame) -> Result<(Peer, Value), String> {
    let card = model.card();
    let weights = entry.source.read(&card.weights.file, MAX_WEIGHTS_BYTES).map_err(|error| error.to_string())?;
    let prepared = preprocess::prepare(&card.input, &opened.instance, &opened.frame);
    let values = prepared.map_err(|error| error.to_string())?.values;
    let ours = match model.run(values.clone()).map_err(|error| error.to_string())? {
        Output::Classes { logits, .. } | Output::Channels { logits } => logits,
    };
    let stride = (ours.len() / N_COMPARED).max(1);
    let value_bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let header = json!({
        "architecture": card.architecture, "n_threads": rayon::current_num_threads(), "output_stride": stride,
        "shape": [1, card.input.channels, card.input.rows, card.input.cols],
        "n_weight_bytes": weights.len(), "n_value_bytes": value_bytes.len(),
    });
    let body = [weights.as_ref(), value_bytes.as_slice()].concat();
    let peer = Peer::python(python, TORCH_FORWARD, &header, &body)?;
    let theirs: Vec<f64> =
        peer.facts["outputs"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).collect();
    let compared: Vec<f64> = ours.iter().step_by(stride).map(|logit| f64::from(*logit)).collect();
    if theirs.len() != compared.len() {
        return Err("PyTorch's network has another number of outputs".to_owned());
    }
    let furthest = compared.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let fact = json!({ "version": peer.facts["version"], "largest_logit_difference": furthest });
    Ok((peer, fact))
}
