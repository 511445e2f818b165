//! Planes through a volume of 512 × 512 × 500: upright, turned and thick, on the processor and by the adapter, beside
//! SimpleITK's resampling of the same voxels.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::sheet::Sheet;
use crate::domain::frame::{Buffer, SampleMemory};
use crate::domain::geometry::Vec3;
use crate::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Projection, Slab, SlabSteps};
use crate::imaging::plane_picture::PlaneRequest;
use crate::imaging::reslice::reslice;
use crate::imaging::volume::VolumeGrid;
use crate::imaging::volume_space::VolumeSpace;
use crate::imaging::voxels::{Rescale, Volume, VoxelSlices};
use crate::import::slab::{self, SLAB_BYTES};
use crate::render::offscreen::OffscreenRenderer;

const SCRIPT: &str = include_str!("volume_peer.py");
const COLS: u32 = 512;
const ROWS: u32 = 512;

pub fn measure(n_slices: u32, n_rounds: u32, peer_python: Option<&Path>) -> Result<Sheet, String> {
    let volume = Arc::new(volume(n_slices)?);
    let thick = Slab { projection: Projection::Mip, thickness_mm: 20.0 };
    let cases = [
        ("axial", MainPlane::Axial, 0.0, Slab::SINGLE),
        ("coronal", MainPlane::Coronal, 0.0, Slab::SINGLE),
        ("sagittal", MainPlane::Sagittal, 0.0, Slab::SINGLE),
        ("oblique", MainPlane::Coronal, 0.5, Slab::SINGLE),
        ("coronal_mip", MainPlane::Coronal, 0.0, thick),
        ("oblique_mip", MainPlane::Coronal, 0.5, thick),
    ];
    let adapter = OffscreenRenderer::new().ok().map(RefCell::new);
    let mut ways = Vec::new();
    let mut pairs = Vec::new();
    let mut facts = Vec::new();
    for (name, main, radians, slab) in cases {
        let space = volume.space();
        let directions = PlaneDirections::of(main, space).turned(Vec3([0.48, 0.6, 0.64]), radians);
        let center = space.center_mm();
        let plane = PlaneGrid::covering(space, &directions, center);
        let steps = SlabSteps::of(&slab, space, plane.normal());
        let n_across = steps.n_each_side * 2 + 1;
        facts.push((name, format!("{} × {} pixels, {n_across} across", plane.cols, plane.rows)));
        let ours = Arc::clone(&volume);
        let part = Part::new(name, format!("ours: {name}"));
        ways.push(Way::timed(part, move || {
            std::hint::black_box(reslice(&ours, &plane, &slab));
            Ok(())
        }));
        let request = PlaneRequest { volume: Arc::clone(&volume), grid: plane, slab, layers: None };
        ways.extend(adapter.as_ref().and_then(|adapter| by_adapter(adapter, name, request)));
        if let Some(python) = peer_python {
            let id = format!("simpleitk_{name}");
            ways.push(peer(python, &id, &volume, &plane, steps)?);
            pairs.push((name.to_owned(), id));
        }
        pairs.push((name.to_owned(), format!("adapter_{name}")));
    }
    let series = interleaved(n_rounds, &mut ways)?;
    drop(ways);
    let adapter = adapter.as_ref().map(RefCell::borrow);
    let mut sheet = Sheet::new("volume", n_rounds, series, &pairs)
        .with_fact("slices", n_slices)
        .with_fact("adapter", adapter.as_ref().map(|adapter| adapter.adapter_name()))
        .with_fact("adapter_is_software", adapter.as_ref().map(|adapter| adapter.is_software()));
    for (name, size) in facts {
        sheet = sheet.with_fact(name, size);
    }
    Ok(sheet)
}

/// The adapter's own cut out of its 3-D texture; `None` where the volume does not fit.
fn by_adapter<'a>(adapter: &'a RefCell<OffscreenRenderer>, name: &str, request: PlaneRequest) -> Option<Way<'a>> {
    // Sent a part at a time: until it is there no plane is cut
    while !adapter.borrow_mut().cut_plane(&request)? {}
    let part = Part::new(format!("adapter_{name}"), format!("the adapter: {name}"));
    Some(Way::timed(part, move || {
        adapter.borrow_mut().cut_plane(&request);
        Ok(())
    }))
}

/// Waves in CT's range: values do not matter to the time, but all must be read. In slabs, as series are loaded.
fn volume(n_slices: u32) -> Result<Volume, String> {
    let slice_bytes = (COLS * ROWS * 2) as usize;
    let mut slices: Vec<Buffer<i16>> = Vec::new();
    while slices.len() < n_slices as usize {
        let n_here = (SLAB_BYTES / slice_bytes).min(n_slices as usize - slices.len());
        let mut slab = slab::Slab::new(n_here * slice_bytes).ok_or("there is no memory for the volume")?;
        let first = slices.len();
        for (index, value) in slab.bytes_mut().chunks_exact_mut(2).take(n_here * slice_bytes / 2).enumerate() {
            let (slice, at) = (first + index / (COLS * ROWS) as usize, index % (COLS * ROWS) as usize);
            let (col, row) = (at % COLS as usize, at / COLS as usize);
            value.copy_from_slice(&(((col * 7 + row * 13 + slice * 29) % 4096) as i16 - 1024).to_ne_bytes());
        }
        let memory: Arc<dyn SampleMemory> = Arc::new(slab);
        let part = |at: usize| Buffer::part(Arc::clone(&memory), at * slice_bytes..(at + 1) * slice_bytes);
        slices.extend((0..n_here).filter_map(part));
    }
    let grid = VolumeGrid {
        dims: [COLS, ROWS, n_slices],
        origin_mm: Vec3([-180.0, -180.0, 0.0]),
        col_step_mm: Vec3([0.7, 0.0, 0.0]),
        row_step_mm: Vec3([0.0, 0.7, 0.0]),
        slice_step_mm: Vec3([0.0, 0.0, 1.0]),
    };
    Ok(Volume::new(VolumeSpace::even(grid), VoxelSlices::I16(slices), Rescale::Same([1.0, 0.0]), None))
}

/// SimpleITK on two threads, linear, onto the same pixels, into f32; a thick plane as so many planes and their maximum.
fn peer<'a>(python: &Path, id: &str, volume: &Volume, plane: &PlaneGrid, steps: SlabSteps) -> Result<Way<'a>, String> {
    let [cols, rows, n_slices] = volume.space().dims();
    let [across, down] = [plane.col_step_mm, plane.row_step_mm].map(|step| step.scaled(1.0 / plane.spacing_mm()).0);
    let header = json!({
        "dims": [cols, rows, n_slices], "spacing": [0.7, 0.7, 1.0], "origin": [-180.0, -180.0, 0.0],
        "plane": {
            "cols": plane.cols, "rows": plane.rows, "origin": plane.origin_mm.0, "spacing": plane.spacing_mm(),
            "across": across, "down": down, "normal": plane.normal().0,
            "n_each_side": steps.n_each_side, "step": steps.step_mm,
        },
    });
    let mut peer = Peer::python(python, SCRIPT, &header, &[])?;
    let version = peer.facts.get("version").and_then(Value::as_str).unwrap_or_default();
    let part =
        Part::new(id, format!("SimpleITK {version}: Resample, linear, two threads; of a thick plane its maximum"));
    Ok(Way::new(vec![part], move || peer.round().map(|seconds| vec![seconds])))
}
