//! The morphology gives what scipy.ndimage and SimpleITK give on the same voxels: on a mask that is kept with their
//! results, and, where `OVERREAD_PEER_PYTHON` names a Python that has both, on fresh masks.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use overread::segmentation::grid::{Span, VoxelGrid};
use overread::segmentation::islands::{self, Islands, Neighbors};
use overread::segmentation::margin::{Within, grow, shrink};
use overread::segmentation::smooth::{Kernel, median};
use overread::segmentation::voxel_mask::VoxelMask;
use serde_json::{Value, json};

use crate::segmentation::{Dice, blobs, dense};

const CASE: &str = "tests/cases/segmentation/morphology";

#[test]
fn morphology_is_that_of_scipy_and_simpleitk() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASE).join("scipy-simpleitk.json");
    check(&serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap());
}

#[test]
fn morphology_is_that_of_scipy_and_simpleitk_on_fresh_masks() {
    let Some(python) = std::env::var_os("OVERREAD_PEER_PYTHON") else {
        println!("skipped: OVERREAD_PEER_PYTHON names no Python with scipy and SimpleITK");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASE).join("make.py");
    let mut dice = Dice::new(77);
    for (cols, rows, slices, spacing_mm) in [(65, 20, 8, [0.9, 0.9, 2.0]), (40, 33, 12, [1.0, 1.2, 1.1])] {
        let grid = VoxelGrid { cols, rows, slices, spacing_mm };
        let mask = blobs(grid, &mut dice);
        let [x, y, z] = spacing_mm;
        let request = json!({ "dims": [slices, rows, cols], "spacing": [z, y, x], "mask": packed(&mask) });
        let mut command = Command::new(&python);
        let mut child = command.arg(&script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{request}").unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        check(&serde_json::from_slice(&output.stdout).unwrap());
    }
}

fn check(case: &Value) {
    let [slices, rows, cols] = [0, 1, 2].map(|axis| case["dims"][axis].as_u64().unwrap() as u32);
    let [z, y, x] = [0, 1, 2].map(|axis| case["spacing"][axis].as_f64().unwrap());
    let grid = VoxelGrid { cols, rows, slices, spacing_mm: [x, y, z] };
    let mask = unpacked(grid, case["mask"].as_str().unwrap());
    let results = case["results"].as_object().unwrap();
    let text = |name: &str| results[name].as_str().unwrap_or_else(|| panic!("{name}"));
    let is_same = |name: &str, made: &VoxelMask| assert_eq!(packed(made), text(name), "{name}");
    for mm in ["0.8", "1.7", "3.1"] {
        let distance: f64 = mm.parse().unwrap();
        let grown = grow(&mask, distance, Within::Volume);
        is_same(&format!("grow {mm}"), &grown);
        is_same(&format!("simpleitk grow {mm}"), &grown);
        is_same(&format!("shrink {mm}"), &shrink(&mask, distance, Within::Volume));
    }
    is_same("median 1 1 1", &median(&mask, Kernel { reach: [1, 1, 1] }));
    is_same("median 1 2 0", &median(&mask, Kernel { reach: [1, 2, 0] }));
    is_same("simpleitk median inner", &inner(&median(&mask, Kernel { reach: [1, 1, 1] })));
    for (name, neighbors) in [("faces", Neighbors::Faces), ("corners", Neighbors::Corners)] {
        let islands = Islands::of(&mask, neighbors);
        let mut sizes = islands.sizes.clone();
        sizes.sort_unstable();
        assert_eq!(json!(sizes), results[&format!("islands {name}")], "{name}");
        assert_eq!(json!(islands.len()), results[&format!("simpleitk islands {name}")], "{name}");
        is_same(&format!("largest {name}"), &islands::keep_largest(&mask, neighbors));
    }
    is_same("holes", &islands::fill_holes(&mask));
    is_same("holes by slice", &islands::fill_holes_by_slice(&mask));
}

/// Without the outermost voxels, where the packages differ on what lies beyond.
fn inner(mask: &VoxelMask) -> VoxelMask {
    let VoxelGrid { cols, rows, slices, spacing_mm } = *mask.grid();
    let grid = VoxelGrid { cols: cols - 2, rows: rows - 2, slices: slices - 2, spacing_mm };
    let mut made = VoxelMask::empty(grid);
    for slice in 0..grid.slices {
        for row in 0..grid.rows {
            for col in (0..grid.cols).filter(|col| mask.contains([col + 1, row + 1, slice + 1])) {
                made.fill(&Span { slice, row, from: col, to: col + 1 });
            }
        }
    }
    made
}

fn packed(mask: &VoxelMask) -> String {
    let bytes = dense(mask);
    let byte = |bits: &[bool]| bits.iter().enumerate().fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << at);
    bytes.chunks(8).map(byte).map(|byte| format!("{byte:02x}")).collect()
}

fn unpacked(grid: VoxelGrid, text: &str) -> VoxelMask {
    let bytes: Vec<u8> =
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect();
    let mut mask = VoxelMask::empty(grid);
    for slice in 0..grid.slices {
        for row in 0..grid.rows {
            for col in 0..grid.cols {
                let at = ((slice * grid.rows + row) * grid.cols + col) as usize;
                if bytes[at / 8] >> (at % 8) & 1 == 1 {
                    mask.fill(&Span { slice, row, from: col, to: col + 1 });
                }
            }
        }
    }
    mask
}
