//! DeLong, the bootstrap by patient and distances between surfaces, beside scikit-learn, a DeLong in Python and
//! DeepMind's surface-distance on the same numbers.

use std::hint::black_box;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::cli::bench::measure::{Part, Series, Way, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::sheet::{Ratio, Sheet};
use crate::validation::overlap::MaskGrid;
use crate::validation::random::Random;
use crate::validation::resampling::{AreaBootstrap, BootstrapPlan, Patients};
use crate::validation::roc;
use crate::validation::scores::Ranked;
use crate::validation::surface::SurfaceDistances;

const PEERS: &str = include_str!("stats_peers.py");
const N_DELONG: usize = 1_000_000;
const N_BOOTSTRAP: usize = 100_000;
/// The peer draws this part of our draws in a round, or a round would take minutes.
const PEER_SHARE: u32 = 20;
const N_REPLICATES: u32 = 2_000;
const SPACING_MM: [f64; 3] = [1.0, 0.7, 0.7];

/// Scores whose area is about 0.8.
fn scores(n: usize, seed: u64) -> (Vec<f64>, Vec<bool>) {
    let mut random = Random::of(seed, 0);
    let mut one = || {
        let is_positive = random.unit() < 0.3;
        // Twelve uniform numbers are nearly normal.
        let noise: f64 = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
        (noise + if is_positive { 1.2 } else { 0.0 }, is_positive)
    };
    (0..n).map(|_| one()).unzip()
}

/// An ellipsoid of the size of a lung in a volume of 500 slices of 512 × 512.
fn ellipsoid(grid: &MaskGrid, center: [f64; 3], radii: [f64; 3]) -> Vec<u8> {
    let [slices, rows, cols] = grid.dims;
    let part = |at: usize, axis: usize| ((at as f64 - center[axis]) / radii[axis]).powi(2);
    let row = |slice: usize, row: usize| {
        let rest = 1.0 - part(slice, 0) - part(row, 1);
        (0..cols).map(move |col| u8::from(part(col, 2) <= rest))
    };
    (0..slices).flat_map(|slice| (0..rows).flat_map(move |at| row(slice, at))).collect()
}

struct Peers<'a> {
    python: Option<&'a Path>,
    facts: Vec<(String, Value)>,
}

impl Peers<'_> {
    /// Another contestant, where there is a Python.
    fn add<'b>(
        &mut self,
        ways: &mut Vec<Way<'b>>,
        part: Part,
        header: &Value,
        body: &[u8],
        times: f64,
    ) -> Result<(), String> {
        let Some(python) = self.python else { return Ok(()) };
        let mut peer = Peer::python(python, PEERS, header, body)?;
        self.facts.push((format!("{} found", part.id), peer.facts["values"].clone()));
        ways.push(Way::new(vec![part], move || peer.round().map(|seconds| vec![seconds * times])));
        Ok(())
    }
}

fn body(scores: &[f64], truth: &[bool]) -> Vec<u8> {
    let numbers = scores.iter().flat_map(|score| score.to_le_bytes());
    numbers.chain(truth.iter().map(|truth| u8::from(*truth))).collect()
}

/// Each subject has rounds of its own, so that no peer's memory is in another's way.
pub fn measure(n_rounds: u32, peer_python: Option<&Path>) -> Result<Sheet, String> {
    let mut peers = Peers { python: peer_python, facts: Vec::new() };
    let mut series: Vec<Series> = Vec::new();
    series.extend(delong(n_rounds, &mut peers)?);
    series.extend(bootstrap(n_rounds, &mut peers)?);
    series.extend(surfaces(n_rounds, &mut peers)?);
    let pairs = [
        ("delong", "delong.rankdata"),
        ("delong", "delong.loop"),
        ("bootstrap", "bootstrap.sklearn"),
        ("surfaces", "surfaces.deepmind"),
    ];
    let pairs = pairs.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()));
    let mut sheet = Sheet::new("stats", n_rounds, series, &pairs)
        .with_ratio_target("delong", "delong.rankdata", 0.05)
        .with_ratio_target("bootstrap", "bootstrap.sklearn", 0.05)
        .with_ratio_target("surfaces", "surfaces.deepmind", 1.0 / 3.0)
        .with_fact("threads", rayon::current_num_threads());
    let speed = |ratio: &Ratio| {
        (format!("{} against {}", ratio.ours, ratio.theirs), json!(format!("{:.1} times", 1.0 / ratio.median)))
    };
    let speeds: Vec<(String, Value)> = sheet.ratios.iter().map(speed).collect();
    sheet.facts.extend(peers.facts.into_iter().chain(speeds));
    Ok(sheet)
}

fn delong(n_rounds: u32, peers: &mut Peers<'_>) -> Result<Vec<Series>, String> {
    let (scores, truth) = scores(N_DELONG, 3);
    let work = || Ranked::of(&scores, &truth).and_then(|ranked| roc::area(&ranked)).map_err(|why| why.to_string());
    let found = work()?;
    peers.facts.push(("delong found".to_owned(), json!([found.auc, found.variance])));
    let part = Part::new("delong", "area and DeLong's variance of 1,000,000 scores");
    let mut ways = vec![Way::timed(part, || work().map(black_box).map(|_| ()))];
    let body = body(&scores, &truth);
    let rankdata = Part::new("delong.rankdata", "scikit-learn and a DeLong by scipy's ranks");
    peers.add(&mut ways, rankdata, &json!({ "task": "delong_rankdata", "n": N_DELONG }), &body, 1.0)?;
    let by_loop = Part::new("delong.loop", "scikit-learn and the public DeLong in Python");
    peers.add(&mut ways, by_loop, &json!({ "task": "delong_loop", "n": N_DELONG }), &body, 1.0)?;
    interleaved(n_rounds, &mut ways)
}

fn bootstrap(n_rounds: u32, peers: &mut Peers<'_>) -> Result<Vec<Series>, String> {
    let (scores, truth) = scores(N_BOOTSTRAP, 4);
    let patients = Patients::one_case_each(&truth);
    let plan = BootstrapPlan { n_replicates: N_REPLICATES, ..BootstrapPlan::default() };
    let work = || {
        let drawn = AreaBootstrap::new(&scores, &truth, &patients).and_then(|areas| areas.interval(&plan));
        drawn.map_err(|why| why.to_string())
    };
    let found = work()?;
    peers.facts.push(("bootstrap found".to_owned(), json!([found.low, found.high])));
    let part = Part::new("bootstrap", "2,000 draws of 100,000 patients, the area of each");
    let mut ways = vec![Way::timed(part, || work().map(black_box).map(|_| ()))];
    let header = json!({ "task": "bootstrap", "n": N_BOOTSTRAP, "n_replicates": N_REPLICATES / PEER_SHARE });
    let part = Part::new("bootstrap.sklearn", "scikit-learn's roc_auc_score on 100 draws, its time times 20");
    peers.add(&mut ways, part, &header, &body(&scores, &truth), f64::from(PEER_SHARE))?;
    interleaved(n_rounds, &mut ways)
}

fn surfaces(n_rounds: u32, peers: &mut Peers<'_>) -> Result<Vec<Series>, String> {
    let grid = MaskGrid::volume([500, 512, 512], SPACING_MM);
    let first = ellipsoid(&grid, [250.0, 256.0, 256.0], [180.0, 120.0, 150.0]);
    let second = ellipsoid(&grid, [253.0, 254.0, 260.0], [178.0, 124.0, 149.0]);
    let work = || SurfaceDistances::between(&grid, &first, &second).map_err(|why| why.to_string());
    let found = work()?;
    let values = || Ok((found.averages()?, found.hausdorff(1.0)?, found.hausdorff(0.95)?, found.surface_dice(1.0)?));
    let ([one, two], whole, most, dice) =
        values().map_err(|why: crate::validation::estimate::Undefined| why.to_string())?;
    peers.facts.push(("surfaces found".to_owned(), json!([one, two, whole, most, dice])));
    let part = Part::new("surfaces", "distances between two surfaces in 512 × 512 × 500");
    let mut ways = vec![Way::timed(part, || work().map(black_box).map(|_| ()))];
    let header = json!({ "task": "surfaces", "dims": grid.dims, "spacing_mm": SPACING_MM });
    let part = Part::new("surfaces.deepmind", "DeepMind's surface-distance");
    peers.add(&mut ways, part, &header, &[first.as_slice(), second.as_slice()].concat(), 1.0)?;
    interleaved(n_rounds, &mut ways)
}
