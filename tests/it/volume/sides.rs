//! Markers and letters in every plane, after every flip and turn: a bright point of the patient stands at the side whose
//! letter names it.

use std::sync::Arc;

use overread::domain::frame::Buffer;
use overread::domain::geometry::Vec3;
use overread::domain::presentation::Window;
use overread::imaging::orientation::letters;
use overread::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Projection, Slab};
use overread::imaging::plane_picture::{PlanePicture, PlaneRequest, cut};
use overread::imaging::presentation::GreyPresentation;
use overread::imaging::view::{ImageGrid, View};
use overread::imaging::voi_lut::Voi;
use overread::imaging::volume::VolumeGrid;
use overread::imaging::volume_space::VolumeSpace;
use overread::imaging::voxels::{Rescale, Volume, VoxelSlices};
use overread::render::cpu;
use overread::render::request::DrawRequest;

const N: u32 = 21;
const SIZE: u32 = 90;

/// A cube of air around the origin with one bright block far out along `toward`.
fn volume(steps: [[f64; 3]; 3], toward: [f64; 3]) -> Arc<Volume> {
    let [col, row, slice] = steps.map(Vec3);
    let middle = f64::from(N / 2);
    let origin_mm = col.plus(row).plus(slice).scaled(-middle);
    let grid = VolumeGrid { dims: [N; 3], origin_mm, col_step_mm: col, row_step_mm: row, slice_step_mm: slice };
    let center = Vec3(toward).scaled(7.0);
    let voxel = |slice: u32| -> Buffer<i16> {
        let value = |at: u32| {
            let point = grid.point_mm([f64::from(at % N), f64::from(at / N), f64::from(slice)]);
            if point.minus(center).length() < 2.0 { 1000 } else { 0 }
        };
        (0..N * N).map(value).collect()
    };
    let slices = VoxelSlices::I16((0..N).map(voxel).collect());
    Arc::new(Volume::new(VolumeSpace::even(grid), slices, Rescale::Same([1.0, 0.0]), None))
}

/// Where the block stands on the screen, from the viewport's middle; `None` when it is not seen.
fn bright(picture: &PlanePicture, view: View) -> Option<[f64; 2]> {
    let grid = ImageGrid::new(picture.frame.rows(), picture.frame.cols(), 1.0);
    let viewport = [f64::from(SIZE); 2];
    let gray = GreyPresentation { voi: Voi::Window(Window::linear(500.0, 1000.0)), invert: false };
    let transform = view.fitted(&grid, viewport).transform(&grid, viewport);
    let request = DrawRequest::new(Arc::clone(&picture.frame), &picture.instance, 0, &gray, transform);
    let pixels = cpu::draw(&request, SIZE, SIZE);
    let (mut sum, mut n) = ([0.0, 0.0], 0.0);
    for (at, rgba) in (0_u32..).zip(pixels.as_chunks::<4>().0) {
        if rgba[0] > 128 {
            sum = [sum[0] + f64::from(at % SIZE), sum[1] + f64::from(at / SIZE)];
            n += 1.0;
        }
    }
    (n > 0.0).then(|| sum.map(|sum| sum / n - f64::from(SIZE) / 2.0))
}

fn check(volume: &Arc<Volume>, directions: &PlaneDirections, letter: char) {
    let grid = PlaneGrid::covering(volume.space(), directions, Vec3([0.0; 3]));
    let slab = Slab { projection: Projection::Mip, thickness_mm: 100.0 };
    let picture = cut(PlaneRequest { volume: Arc::clone(volume), grid, slab, layers: None }).unwrap();
    for turn in 0..8 {
        let view = View { quarter_turns: turn % 4, flip_h: turn >= 4, ..View::default() };
        let edges = letters(&picture.instance, 0, &view.orientation()).unwrap();
        let [x, y] = bright(&picture, view).unwrap();
        // The letter that leads at an edge is the one the edge is nearest to
        let leads = |text: &str| text.starts_with(letter);
        let sides =
            [(leads(&edges.right), x), (leads(&edges.left), -x), (leads(&edges.bottom), y), (leads(&edges.top), -y)];
        for (is_named, distance) in sides {
            assert!(!is_named || distance > 8.0, "{letter} {view:?} {edges:?}: {x} {y}");
        }
    }
}

#[test]
fn a_point_of_the_patient_stands_at_the_side_that_its_letter_names_in_all_planes_and_turns() {
    let series = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]],
        [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]],
        [[1.0, 0.0, 0.0], [0.0, 0.94, 0.34], [0.0, 0.0, 1.0]],
    ];
    let sides = [
        ('L', [1.0, 0.0, 0.0]),
        ('R', [-1.0, 0.0, 0.0]),
        ('P', [0.0, 1.0, 0.0]),
        ('A', [0.0, -1.0, 0.0]),
        ('H', [0.0, 0.0, 1.0]),
        ('F', [0.0, 0.0, -1.0]),
    ];
    for steps in series {
        for (letter, toward) in sides {
            let volume = volume(steps, toward);
            for main in MainPlane::ALL {
                let directions = PlaneDirections::of(main, volume.space());
                check(&volume, &directions, letter);
                check(&volume, &directions.turned(Vec3([0.0, 0.0, 1.0]), 0.5), letter);
                check(&volume, &directions.turned(Vec3([0.6, 0.8, 0.0]), -0.6), letter);
            }
        }
    }
}
