//! Real series: against ITK where there is one truth, and what is said of stacks that need resampling.

use std::sync::Arc;

use overread::domain::frame::Frame;
use overread::domain::geometry::Vec3;
use overread::domain::series::Series;
use overread::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Slab};
use overread::imaging::reslice::reslice;
use overread::imaging::voxels::{Volume, VoxelSlices};
use overread::import::stack_loading::{StackRequest, outward};
use overread::import::{Importer, ScanOptions};

use crate::data;

/// SimpleITK 2.5.7: `ImageSeriesReader`, cast to f64, `Resample` with `sitkLinear` onto the grid below.
const BY_ITK: [f64; 14 * 11] = [
    -146.5535, -879.3315, -958.3861, -913.9075, -809.3706, -391.0827, -838.4249, 413.7974, 36.5428, 300.5795, 18.3903,
    -67.1369, -80.9983, -399.7729, 299.9511, -887.5228, -782.5307, -858.0223, -899.9744, -809.8285, -932.0077,
    119.5326, 245.9677, -19.8754, -884.6304, -829.7469, 208.7028, -11.7117, -935.7238, -867.2360, -902.9092, -903.0736,
    -82.5104, -574.7163, -905.9492, -803.5285, 42.6158, 160.1232, -808.4724, -828.8379, -836.3283, -164.6828,
    -937.9490, -833.1797, -860.0032, -906.9309, 19.9605, -409.8576, -494.0614, -964.7537, 205.3738, 102.6805,
    -780.0246, -900.6343, -873.6226, 49.3801, -843.1452, -800.6899, -899.0843, -867.0129, 187.4093, 122.6164, -21.7150,
    84.4558, -463.8882, -855.4172, -903.3451, -902.4413, -898.6492, 266.6660, -898.8038, -873.7308, -880.6414,
    -478.7783, -779.1316, 69.5186, 196.4379, 144.0023, 124.6435, -489.5053, -843.8437, -892.4823, -860.6007, 73.5209,
    -836.1408, -897.5664, -884.6606, -861.0445, 165.4664, 177.1718, 114.1336, 116.7594, 119.5787, -130.7720, -837.8052,
    -855.6751, -853.6963, 183.9424, -872.1226, -848.5827, -667.7493, -834.6477, 107.9014, 57.0571, 34.0320, 168.3761,
    61.1819, -857.5917, -846.5754, -885.7952, -841.9097, -114.6810, -893.1936, -858.5102, -165.5827, -452.8692,
    151.2447, 93.4358, 93.1780, 207.6979, 108.3387, -889.6715, -72.2789, -859.1971, -840.2350, -100.7719, -871.3425,
    15.3782, 167.7802, 178.8644, 181.2994, -69.9781, -171.3076, -4.8415, -123.8769, -862.5226, -839.6798, -857.9166,
    -900.3510, 25.7131, 99.3943, -93.7737, 179.8205, 91.4627, 20.7852, 125.8713, 148.0568, 119.7139, 149.4303, 77.9414,
    155.3229, -179.5194, -921.3517, -35.9004,
];

/// In stack order.
type Frames = Vec<Option<Arc<Frame>>>;

fn open(name: &str) -> Option<(Arc<Series>, Frames)> {
    let root = data::shared(name)?;
    let importer = Importer::in_process(ScanOptions::default());
    let intake = importer.scan(&[root], &|| false, &|_| {});
    let series = Arc::clone(&intake.studies[0].series[0]);
    let frames = std::sync::Mutex::new(vec![None; series.stack.len()]);
    let order = outward(series.stack.len(), 0);
    let request = StackRequest { series: &series, order: &order, n_threads: 2 };
    importer.load_stack(&request, &|| false, &|index, frame| {
        frames.lock().unwrap()[index] = Some(Arc::new(frame.unwrap()));
    });
    Some((series, frames.into_inner().unwrap()))
}

#[test]
fn an_oblique_plane_through_a_chest_is_what_itk_computes() {
    let Some((series, frames)) = open("dicom/chest-ct") else { return };
    let volume = Volume::of(&series, &frames).unwrap();
    assert_eq!(volume.space().warning(), None);
    let plane = PlaneGrid {
        cols: 14,
        rows: 11,
        origin_mm: Vec3([-120.1, -168.95, -71.8]),
        col_step_mm: Vec3([13.84, 10.38, 0.0]),
        row_step_mm: Vec3([6.228, -8.304, -13.84]),
    };
    let values = reslice(&volume, &plane, &Slab::SINGLE);
    for (pixel, (ours, theirs)) in values.iter().zip(&BY_ITK).enumerate() {
        assert!((f64::from(*ours) - theirs).abs() < 2e-3, "pixel {pixel}: {ours} {theirs}");
    }
}

#[test]
fn the_volume_shares_the_memory_of_its_frames() {
    let Some((series, frames)) = open("dicom/chest-ct") else { return };
    let volume = Volume::of(&series, &frames).unwrap();
    assert_eq!(volume.slices().n_bytes(), 99 * 512 * 512 * 2);
    let memories: Vec<_> = match volume.slices() {
        VoxelSlices::I16(slices) => slices.iter().map(|slice| slice.memory()).collect(),
        VoxelSlices::U16(slices) => slices.iter().map(|slice| slice.memory()).collect(),
        _ => panic!("16 bits stay 16 bits"),
    };
    for (memory, frame) in memories.iter().zip(&frames) {
        assert_eq!(*memory, frame.as_ref().unwrap().samples().memory());
    }
}

#[test]
fn a_tilted_head_with_two_spacings_is_cut_upright_and_says_so() {
    let Some((series, frames)) = open("dicom/head-ct-gantry-tilt") else { return };
    let volume = Volume::of(&series, &frames).unwrap();
    assert_eq!(volume.space().warning(), Some("Resampled (slice spacing changes, gantry tilt 18.5°)"));
    let coronal = PlaneDirections::of(MainPlane::Coronal, volume.space());
    let grid = PlaneGrid::covering(volume.space(), &coronal, volume.space().center_mm());
    let values = reslice(&volume, &grid, &Slab::SINGLE);
    let n_picture = values.iter().filter(|value| !value.is_nan()).count();
    assert!(n_picture * 2 > values.len(), "{n_picture} of {}", values.len());
    let (instance, frame) = series.image(20).unwrap();
    let attrs = instance.frame(frame).unwrap();
    let at = attrs.plane.unwrap().position_mm;
    // The slices lie on their line within what the importer calls even, 0.05 mm
    let [col, row, place] = volume.space().place(at);
    assert!(col.abs() < 0.1 && row.abs() < 0.1, "{col} {row}");
    assert_eq!(volume.space().nearest_slice(place), Some(20));
}
