//! Planes through a volume of 512 × 512 × 500: upright, turned and thick, beside SimpleITK's resampling of the same voxels.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::sheet::Sheet;
use crate::domain::frame::Buffer;
use crate::domain::geometry::Vec3;
use crate::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Projection, Slab};
use crate::imaging::reslice::reslice;
use crate::imaging::volume::VolumeGrid;
use crate::imaging::volume_space::VolumeSpace;
use crate::imaging::voxels::{Rescale, Volume, VoxelSlices};

const SCRIPT: &str = include_str!("volume_peer.py");
const COLS: u32 = 512;
const ROWS: u32 = 512;

pub fn measure(n_slices: u32, n_rounds: u32, peer_python: Option<&Path>) -> Result<Sheet, String> {
    let volume = Arc::new(volume(n_slices));
    let thick = Slab { projection: Projection::Mip, thickness_mm: 20.0 };
    let cases = [
        ("axial", MainPlane::Axial, 0.0, Slab::SINGLE),
        ("coronal", MainPlane::Coronal, 0.0, Slab::SINGLE),
        ("sagittal", MainPlane::Sagittal, 0.0, Slab::SINGLE),
        ("oblique", MainPlane::Coronal, 0.5, Slab::SINGLE),
        ("coronal_mip", MainPlane::Coronal, 0.0, thick),
        ("oblique_mip", MainPlane::Coronal, 0.5, thick),
    ];
    let mut ways = Vec::new();
    let mut pairs = Vec::new();
    let mut facts = Vec::new();
    for (name, main, radians, slab) in cases {
        let space = volume.space();
        let directions = PlaneDirections::of(main, space).turned(Vec3([0.48, 0.6, 0.64]), radians);
        let center = space.center_mm();
        let plane = PlaneGrid::covering(space, &directions, center);
        facts.push((name, format!("{} × {} pixels", plane.cols, plane.rows)));
        let ours = Arc::clone(&volume);
        let part = Part::new(name, format!("ours: {name}"));
        ways.push(Way::timed(part, move || {
            std::hint::black_box(reslice(&ours, &plane, &slab));
            Ok(())
        }));
        if let Some(python) = peer_python.filter(|_| slab.projection == Projection::Single) {
            let id = format!("simpleitk_{name}");
            ways.push(peer(python, &id, &volume, &plane)?);
            pairs.push((name.to_owned(), id));
        }
    }
    let series = interleaved(n_rounds, &mut ways)?;
    drop(ways);
    let mut sheet = Sheet::new("volume", n_rounds, series, &pairs).with_fact("slices", n_slices);
    for (name, size) in facts {
        sheet = sheet.with_fact(name, size);
    }
    Ok(sheet)
}

/// Waves in CT's range: values do not matter to the time, but all must be read.
fn volume(n_slices: u32) -> Volume {
    let slice = |slice: u32| -> Buffer<i16> {
        let value = |at: u32| ((at % COLS * 7 + at / COLS * 13 + slice * 29) % 4096) as i16 - 1024;
        (0..COLS * ROWS).map(value).collect()
    };
    let grid = VolumeGrid {
        dims: [COLS, ROWS, n_slices],
        origin_mm: Vec3([-180.0, -180.0, 0.0]),
        col_step_mm: Vec3([0.7, 0.0, 0.0]),
        row_step_mm: Vec3([0.0, 0.7, 0.0]),
        slice_step_mm: Vec3([0.0, 0.0, 1.0]),
    };
    let slices = VoxelSlices::I16((0..n_slices).map(slice).collect());
    Volume::new(VolumeSpace::even(grid), slices, Rescale::Same([1.0, 0.0]), None)
}

/// SimpleITK on two threads, linear, onto the same pixels, into f32.
fn peer<'a>(python: &Path, id: &str, volume: &Volume, plane: &PlaneGrid) -> Result<Way<'a>, String> {
    let [cols, rows, n_slices] = volume.space().dims();
    let [across, down] = [plane.col_step_mm, plane.row_step_mm].map(|step| step.scaled(1.0 / plane.spacing_mm()).0);
    let header = json!({
        "dims": [cols, rows, n_slices], "spacing": [0.7, 0.7, 1.0], "origin": [-180.0, -180.0, 0.0],
        "plane": {
            "cols": plane.cols, "rows": plane.rows, "origin": plane.origin_mm.0, "spacing": plane.spacing_mm(),
            "across": across, "down": down, "normal": plane.normal().0,
        },
    });
    let mut peer = Peer::python(python, SCRIPT, &header, &[])?;
    let version = peer.facts.get("version").and_then(Value::as_str).unwrap_or_default();
    let part = Part::new(id, format!("SimpleITK {version}: Resample, linear, two threads"));
    Ok(Way::new(vec![part], move || peer.round().map(|seconds| vec![seconds])))
}
