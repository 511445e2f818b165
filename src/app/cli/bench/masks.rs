//! Correcting masks: a sample of a stroke, undo, and operations on 512 × 512 × 500, beside scipy.ndimage and SimpleITK on
//! the same voxels.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::cli::bench::measure::{Part, Way, clocked, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::sheet::Sheet;
use crate::segmentation::brush::{Sweep, Tip};
use crate::segmentation::grid::{Span, VoxelBox, VoxelGrid};
use crate::segmentation::margin::Within;
use crate::segmentation::operation::{Operation, Work, run};
use crate::segmentation::polygon::PicturePose;
use crate::segmentation::segment_set::{Paint, SegmentFlips, SegmentLayer, SegmentSet, Sharing};
use crate::segmentation::voxel_mask::VoxelMask;
use crate::ui::masks::tiles::{PaneLabels, Wanted};

const SCRIPT: &str = include_str!("masks_peer.py");
const SPACING: [f64; 3] = [0.7, 0.7, 1.0];
/// 1,000 strokes are measured together.
const N_STROKES: u32 = 1000;

pub fn measure(n_slices: u32, n_rounds: u32, peer_python: Option<&Path>) -> Result<Sheet, String> {
    let volume = Arc::new(organ(n_slices));
    let operations = [
        ("islands", Operation::KeepLargestIsland),
        ("margin", Operation::Grow { mm: 3.0, within: Within::Volume }),
        ("smooth", Operation::Median { mm: 3.0 }),
        ("interpolate", Operation::InterpolateSlices),
    ];
    let mut ways = vec![stroke_2d(), stroke_3d(n_slices), history(n_slices)?.0];
    let mut pairs = Vec::new();
    let every_tenth = Arc::new(every_nth(&volume, 10));
    for (name, operation) in operations {
        let mask = if name == "interpolate" { &every_tenth } else { &volume };
        let work = Work { set: alone(mask.as_ref().clone()), segment: 0, operation, values: None };
        ways.push(Way::timed(Part::new(name, format!("ours: {name}, 512 × 512 × {n_slices}")), move || {
            run(&work).map(|made| drop(std::hint::black_box(made))).map_err(|error| error.to_string())
        }));
        if let Some(python) = peer_python {
            let id = format!("peer_{name}");
            ways.push(peer(python, &id, name, mask)?);
            pairs.push((name.to_owned(), id));
        }
    }
    let whole = whole_step(&volume)?;
    ways.push(whole);
    let series = interleaved(n_rounds, &mut ways)?;
    drop(ways);
    let least = |id: &str| series.iter().find(|one| one.part.id == id).map_or(f64::NAN, |one| one.median() * 1e3);
    let targets = [
        ("a sample of a 40 px brush on 2048², ms", 1.0, least("brush_sample")),
        ("a sample of a ball in the volume, ms", 5.0, least("sphere_sample")),
        ("undo of a stroke, ms", 5.0, least("undo_stroke")),
        ("undo of a step over the whole volume, ms", 5.0, least("undo_whole")),
        ("islands, ms", 1000.0, least("islands")),
        ("margin, ms", 1000.0, least("margin")),
        ("smooth, ms", 1000.0, least("smooth")),
        ("interpolate, ms", 1000.0, least("interpolate")),
    ];
    let (_, n_bytes) = history(n_slices)?;
    let mib = n_bytes as f64 / f64::from(1 << 20);
    let mut sheet = Sheet::new("masks", n_rounds, series, &pairs)
        .with_fact("slices", n_slices)
        .with_fact("voxels_of_the_organ", volume.n_voxels())
        .with_fact("threads", rayon::current_num_threads())
        .with_target("1,000 strokes of history, MiB", 100.0, mib);
    for (what, at_most, measured) in targets {
        sheet = sheet.with_target(what, at_most, measured);
    }
    for (ours, theirs) in pairs {
        sheet = sheet.with_ratio_target(&ours, &theirs, 0.5);
    }
    Ok(sheet)
}

fn alone(mask: VoxelMask) -> SegmentSet {
    let mut set = SegmentSet::new(*mask.grid(), Sharing::Exclusive);
    set.layers.push(SegmentLayer { mask, is_locked: false });
    set
}

/// Two lobes with ripples and a hundred specks: an organ with what a network leaves around it.
fn organ(n_slices: u32) -> VoxelMask {
    let grid = VoxelGrid { cols: 512, rows: 512, slices: n_slices, spacing_mm: SPACING };
    let mut mask = VoxelMask::empty(grid);
    let depth = f64::from(n_slices);
    for slice in 0..n_slices {
        let z = (f64::from(slice) - depth / 2.0) / (depth * 0.45);
        for row in 0..512 {
            let y = (f64::from(row) - 256.0) / 190.0;
            for (center, half) in [(160.0, 95.0), (350.0, 90.0)] {
                let rest = 1.0 - z * z - y * y;
                if rest <= 0.0 {
                    continue;
                }
                let ripple = 4.0 * (f64::from(row) / 7.0).sin() + 3.0 * (f64::from(slice) / 5.0).cos();
                let reach = half * rest.sqrt() + ripple;
                if reach >= 1.0 {
                    let (from, to) = ((center - reach).max(0.0), (center + reach).min(511.0));
                    mask.fill(&Span { slice, row, from: from as u32, to: to as u32 + 1 });
                }
            }
        }
    }
    let mut seed = 7_u64;
    for _ in 0..100 {
        let mut next = |n: u32| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((seed >> 33) % u64::from(n.max(1))) as u32
        };
        let (slice, row, from) = (next(n_slices), next(508), next(508));
        for row in row..row + 4 {
            mask.fill(&Span { slice, row, from, to: from + 4 });
        }
    }
    mask
}

fn every_nth(mask: &VoxelMask, n: u32) -> VoxelMask {
    let mut kept = VoxelMask::empty(*mask.grid());
    for slice in (0..mask.grid().slices).step_by(n as usize) {
        kept.set_plane(slice, mask.plane(slice).cloned());
    }
    kept
}

/// Everything the processor does for one sample: the voxels under the brush, three segments that may lose them, and the
/// labels of the tiles it touched, coarser levels included.
fn stroke_2d<'a>() -> Way<'a> {
    let grid = VoxelGrid::flat(2048, 2048, [0.15, 0.15]);
    let mut set = SegmentSet::new(grid, Sharing::Exclusive);
    for segment in 0..3_u32 {
        let spans: Vec<Span> =
            (200..1800).map(|row| Span { slice: 0, row, from: 200 + segment * 500, to: 600 + segment * 500 }).collect();
        set.layers.push(SegmentLayer { mask: VoxelMask::from_spans(grid, &spans), is_locked: false });
    }
    let mut labels = PaneLabels::default();
    let pose = PicturePose::of_slice(&grid, 0);
    let (mut pass, mut at) = (0, 0.0_f64);
    let part = Part::new("brush_sample", "ours: one sample of a 40 px brush, 2048 × 2048, three segments");
    Way::new(vec![part], move || {
        const N: u32 = 200;
        let (_, seconds) = clocked(|| {
            for _ in 0..N {
                at += 0.11;
                let place = |at: f64| [1000.0 + 700.0 * at.cos(), 1000.0 + 700.0 * (at * 1.3).sin(), 0.0];
                let sweep = Sweep {
                    from: place(at - 0.02),
                    to: place(at),
                    radius_mm: 20.0 * 0.15,
                    tip: Tip::Disc { normal: [0.0, 0.0, 1.0] },
                };
                let spans = sweep.spans(&grid);
                let changed = VoxelBox::of_spans(&spans);
                // A refusal cannot come: nothing is locked
                let _ = set.paint(0, &spans, Paint::Add);
                pass += 1;
                let masks: Vec<&VoxelMask> = set.layers.iter().map(|layer| &layer.mask).collect();
                let wanted =
                    Wanted { pane: 0, desk: 1, pose, space: None, masks: &masks, layers: Vec::new(), changed, pass };
                std::hint::black_box(labels.of(wanted));
            }
        });
        Ok(vec![seconds / f64::from(N)])
    })
}

fn stroke_3d<'a>(n_slices: u32) -> Way<'a> {
    let grid = VoxelGrid { cols: 512, rows: 512, slices: n_slices, spacing_mm: SPACING };
    let mut set = alone(VoxelMask::empty(grid));
    let mut at = 0.0_f64;
    let part = Part::new("sphere_sample", format!("ours: one sample of a ball of 15 mm, 512 × 512 × {n_slices}"));
    Way::new(vec![part], move || {
        const N: u32 = 50;
        let (_, seconds) = clocked(|| {
            for _ in 0..N {
                at += 0.2;
                let middle = f64::from(n_slices) / 2.0;
                let place = |at: f64| [256.0 + 150.0 * at.cos(), 256.0 + 150.0 * at.sin(), middle];
                let sweep = Sweep { from: place(at - 0.1), to: place(at), radius_mm: 15.0, tip: Tip::Sphere };
                let _ = set.paint(0, &sweep.spans(&grid), Paint::Add);
            }
        });
        Ok(vec![seconds / f64::from(N)])
    })
}

/// 1,000 strokes of a ball, kept as what they flipped; undone and done again one by one. With the bytes they take.
fn history<'a>(n_slices: u32) -> Result<(Way<'a>, usize), String> {
    let grid = VoxelGrid { cols: 512, rows: 512, slices: n_slices, spacing_mm: SPACING };
    let mut set = alone(VoxelMask::empty(grid));
    let mut steps: Vec<Vec<SegmentFlips>> = Vec::new();
    for stroke in 0..N_STROKES {
        let before = set.clone();
        let at = f64::from(stroke) * 0.37;
        let place =
            |at: f64| [256.0 + 170.0 * at.cos(), 256.0 + 170.0 * (at * 1.7).sin(), f64::from(stroke * 7 % n_slices)];
        let sweep = Sweep { from: place(at), to: place(at + 0.2), radius_mm: 8.0, tip: Tip::Sphere };
        let paint = if stroke % 5 == 4 { Paint::Remove } else { Paint::Add };
        set.paint(0, &sweep.spans(&grid), paint).map_err(|refusal| refusal.to_string())?;
        steps.push(set.flips_since(&before));
    }
    let n_bytes = steps.iter().flatten().map(|flips| flips.flips.n_bytes()).sum();
    let part = Part::new("undo_stroke", "ours: undo of one of 1,000 strokes of a ball");
    let way = Way::new(vec![part], move || {
        let (result, seconds) = clocked(|| {
            steps.iter().rev().chain(&steps).try_for_each(|step| set.flip(step)).map_err(|error| error.to_string())
        });
        result.map(|()| vec![seconds / f64::from(2 * N_STROKES)])
    });
    Ok((way, n_bytes))
}

/// A step that changed the whole volume: the organ smoothed.
fn whole_step<'a>(organ: &VoxelMask) -> Result<Way<'a>, String> {
    let mut set = alone(organ.clone());
    let before = set.clone();
    let work = Work {
        set: set.clone(),
        segment: 0,
        operation: Operation::Grow { mm: 3.0, within: Within::Volume },
        values: None,
    };
    set = run(&work).map_err(|error| error.to_string())?;
    let step = set.flips_since(&before);
    let part = Part::new("undo_whole", "ours: undo of a margin over the whole volume");
    Ok(Way::timed(part, move || set.flip(&step).map_err(|error| error.to_string())))
}

/// The same voxels and the same question, by the way the field's own packages have it.
fn peer<'a>(python: &Path, id: &str, name: &str, mask: &VoxelMask) -> Result<Way<'a>, String> {
    let VoxelGrid { cols, rows, slices, spacing_mm: [x, y, z] } = *mask.grid();
    let header = json!({ "work": name, "dims": [slices, rows, cols], "spacing": [z, y, x] });
    let mut bytes = Vec::with_capacity(mask.grid().n_voxels() as usize / 8);
    for slice in 0..slices {
        for row in 0..rows {
            let words = mask.row(slice, row);
            let n_bytes = (cols / 8) as usize;
            let of_row = words.iter().flat_map(|word| word.to_le_bytes()).take(n_bytes);
            bytes.extend(of_row.chain(std::iter::repeat(0)).take(n_bytes));
        }
    }
    let mut peer = Peer::python(python, SCRIPT, &header, &bytes)?;
    let what = peer.facts.get("what").and_then(Value::as_str).unwrap_or_default().to_owned();
    let part = Part::new(id, what);
    Ok(Way::new(vec![part], move || peer.round().map(|seconds| vec![seconds])))
}
