//! The whole program in four viewports: a drag of the window with masks and saliency on, scrolling, and idling.
//!
//! The peer is Cornerstone3D in headless Chromium with its software renderer: the same pictures, the same size.

mod desk;
mod idle;
mod scrolling;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::app::cli::bench::arguments::BenchViewerArguments;
use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::pictures;
use crate::app::cli::bench::sheet::Sheet;
use crate::app::cli::bench::viewer::desk::{ReadingDesk, SIZE};
use crate::domain::frame::{Frame, Samples};

/// Steps of a drag or of the wheel in one round, of which the median counts.
const N_STEPS: usize = 10;
const N_SLICES: u32 = 500;

pub fn measure(arguments: &BenchViewerArguments) -> Result<Sheet, String> {
    let BenchViewerArguments { repeats, peer_cornerstone, idle, .. } = arguments;
    let desk = RefCell::new(ReadingDesk::set_up()?);
    let before = desk.borrow().window.pictures();
    let own_most = Cell::new(0.0_f64);
    let peer = peer_cornerstone.as_deref();
    let window_peer = peer.map(|folder| window_peer(folder, &desk.borrow().radiograph)).transpose()?.map(RefCell::new);
    let scroll_peer = peer.map(scroll_peer).transpose()?.map(RefCell::new);
    let mut ways = vec![drag(&desk, &own_most)];
    ways.extend(scrolling::ways()?);
    if let Some(peer) = &window_peer {
        ways.push(peer_way(peer, "peer_window_step", "window step, Cornerstone3D, four viewports", "window"));
        let shown = "window step, Cornerstone3D, from one animation frame of the browser to the next";
        ways.push(peer_way(peer, "peer_window_step_shown", shown, "window_shown"));
    }
    if let Some(peer) = &scroll_peer {
        ways.push(peer_way(
            peer,
            "peer_scroll_step",
            "wheel step through 500 cached slices of 512², Cornerstone3D",
            "scroll",
        ));
    }
    let series = interleaved(*repeats, &mut ways)?;
    drop(ways);
    let after = desk.borrow().window.pictures();
    let own_ms = median_ms(&series, "window_step_own");
    let pairs = [
        ("window_step", "peer_window_step"),
        ("window_step", "peer_window_step_shown"),
        ("scroll_step_512", "peer_scroll_step"),
    ]
    .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()));
    let uploads = [("upload_512", 2.0), ("upload_2048", 12.0)].map(|(id, limit)| (id, limit, median_ms(&series, id)));
    let facts = |peer: &Option<RefCell<Peer>>| peer.as_ref().map(|peer| peer.borrow().facts.clone());
    let mut sheet = Sheet::new("viewer", *repeats, series, &pairs)
        .with_fact("adapter", desk.borrow().window.adapter_name())
        .with_fact("window", format!("{} × {}, four viewports", SIZE[0], SIZE[1]))
        .with_fact("peer", facts(&window_peer))
        .with_fact("nothing_uploaded_while_dragging", before.map(|b| b.0) == after.map(|a| a.0))
        .with_fact("no_layer_drawn_while_dragging", before.map(|b| b.1) == after.map(|a| a.1))
        .with_ratio_target("window_step", "peer_window_step", 0.5)
        .with_target("window_step_own, ms", 2.0, own_ms);
    for (id, at_most, measured) in uploads {
        sheet = sheet.with_target(format!("{id}, ms"), at_most, measured);
    }
    if *idle {
        sheet = sheet.with_target("processor while idle, percent", 1.0, idle::percent()?);
    }
    Ok(sheet)
}

fn median_ms(series: &[crate::app::cli::bench::measure::Series], id: &str) -> f64 {
    series.iter().find(|one| one.part.id == id).map_or(f64::NAN, |one| one.median() * 1e3)
}

/// The median step of a drag that the pointer makes in the first viewport, and all four follow.
fn drag<'a>(desk: &'a RefCell<ReadingDesk>, own_most: &'a Cell<f64>) -> Way<'a> {
    let parts = vec![
        Part::new("window_step", "window step, the whole program, four viewports"),
        Part::new("window_step_own", "  of that: processor time of our thread, rasterizer apart"),
    ];
    Way::new(parts, move || {
        let mut costs = Vec::new();
        for _ in 0..N_STEPS {
            costs.push(desk.borrow_mut().drag_step()?);
        }
        let median = |of: fn(&crate::app::startup::unseen::PassCost) -> f64| {
            let mut values: Vec<f64> = costs.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(0.0)
        };
        let own = median(|cost| cost.own);
        own_most.set(own_most.get().max(own));
        Ok(vec![median(|cost| cost.frame), own])
    })
}

fn peer_way<'a>(peer: &'a RefCell<Peer>, id: &str, what: &str, work: &'static str) -> Way<'a> {
    Way::new(vec![Part::new(id, what)], move || Ok(vec![peer.borrow_mut().ask(&format!("{work} {N_STEPS}"))?]))
}

fn window_peer(folder: &Path, radiograph: &Frame) -> Result<Peer, String> {
    let Samples::U16(samples) = radiograph.samples() else { return Err("the radiograph has 16 bits".to_owned()) };
    let header = json!({
        "size": radiograph.rows(), "n_slices": 1, "is_signed": false, "center": 2048, "width": 4096, "has_overlays": true,
    });
    let n_pixels = samples.len();
    let mut body = bytemuck::cast_slice(samples).to_vec();
    body.extend((0..n_pixels).map(|pixel| desk::label_at(pixel, radiograph.cols())));
    let saliency = (0..n_pixels).map(|pixel| desk::saliency_at(pixel, radiograph.cols()));
    body.extend(saliency.flat_map(|value| ((value * 65535.0) as u16).to_le_bytes()));
    Peer::start(node(folder), &header, &body)
}

fn scroll_peer(folder: &Path) -> Result<Peer, String> {
    let slice = pictures::ct_slice(512)?;
    let Samples::I16(samples) = slice.samples() else { return Err("a CT slice is signed".to_owned()) };
    let header = json!({
        "size": 512, "n_slices": N_SLICES, "is_signed": true, "center": 40, "width": 400, "has_overlays": false,
    });
    let mut body: Vec<u8> = bytemuck::cast_slice(samples).to_vec();
    body.resize(samples.len() * 5, 0);
    Peer::start(node(folder), &header, &body)
}

fn node(folder: &Path) -> Command {
    let mut command = Command::new("node");
    command.arg("driver.mjs").current_dir(folder);
    command
}
