//! Planes cut by the adapter against those cut on the CPU, and what is sent for them.

use std::sync::Arc;

use overread::domain::presentation::{ModalityLut, PixelPadding, Window};
use overread::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Projection, Slab};
use overread::imaging::plane_picture::{PlaneRequest, announced, cut};
use overread::imaging::view::{ImageGrid, View};
use overread::imaging::voi_lut::Voi;
use overread::imaging::voxels::{Rescale, Volume};
use overread::render::cpu;
use overread::render::device_watch::pretend_out_of_memory;
use overread::render::offscreen::OffscreenRenderer;
use overread::render::request::{DrawRequest, Interpolation, PixelMeaning};

use crate::render::{cases, renderer};
use crate::volume::{sheared, upright, volume};

const SIZE: [u32; 2] = [160, 120];

/// The plane as a picture, its values from the CPU.
fn request(plane: PlaneRequest) -> DrawRequest {
    let picture = cut(plane).unwrap();
    let viewport = SIZE.map(f64::from);
    let grid = ImageGrid::new(picture.frame.rows(), picture.frame.cols(), 1.0);
    let mut request = cases::plain_request(1, 1, vec![0], View::default(), viewport);
    request.frame = Arc::clone(&picture.frame);
    request.meaning =
        PixelMeaning { modality_lut: ModalityLut::Identity, palette: None, bits_stored: 32, padding: None };
    request.voi = Voi::Window(Window::linear(300.0, 2500.0));
    request.interpolation = Interpolation::Nearest;
    request.transform = View::fit(&grid, viewport).transform(&grid, viewport);
    request
}

fn check(renderer: &mut OffscreenRenderer, plane: PlaneRequest) {
    let mut request = request(plane.clone());
    let expected = cpu::draw(&request, SIZE[0], SIZE[1]);
    // Without the values: what is drawn can only be the adapter's own
    request.frame = Arc::clone(&announced(plane.clone(), None).unwrap().frame);
    request.plane = Some(plane.clone());
    let before = renderer.renderer_mut().n_planes_cut();
    let drawn = renderer.draw(&request, SIZE[0], SIZE[1]).unwrap();
    assert_eq!(renderer.renderer_mut().n_planes_cut(), before + 1);
    let worst = drawn.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(1), "{worst:?} {plane:?}");
}

fn planes(volume: &Arc<Volume>) -> Vec<PlaneRequest> {
    let space = volume.space();
    let mut all = Vec::new();
    for main in MainPlane::ALL {
        let upright = PlaneDirections::of(main, space);
        let turned = upright.turned(overread::domain::geometry::Vec3([0.36, 0.48, 0.8]), 0.7);
        for directions in [upright, turned] {
            for projection in [Projection::Single, Projection::Mip, Projection::MinIp, Projection::Mean] {
                let grid = PlaneGrid::covering(space, &directions, space.point_mm([7.3, 6.6, 4.4]));
                let slab = Slab { projection, thickness_mm: 7.0 };
                all.push(PlaneRequest { volume: Arc::clone(volume), grid, slab, layers: None });
            }
        }
    }
    all
}

#[test]
fn planes_cut_by_the_adapter_are_those_cut_on_the_cpu() {
    let Some(mut renderer) = renderer() else { return };
    renderer.cut_planes();
    let padding = Some(PixelPadding { low: -2000, high: -2000 });
    for grid in [upright([23, 19, 11]), sheared([23, 19, 11])] {
        for padding in [None, padding] {
            let volume = Arc::new(volume(grid, Rescale::Same([1.0, -24.0]), padding));
            for plane in planes(&volume) {
                check(&mut renderer, plane);
            }
        }
    }
}

#[test]
fn a_window_on_a_plane_sends_nothing_and_cuts_nothing() {
    let Some(mut renderer) = renderer() else { return };
    let resident = renderer.cut_planes();
    let volume = Arc::new(volume(upright([23, 19, 11]), Rescale::Same([1.0, 0.0]), None));
    let plane = planes(&volume).swap_remove(0);
    let mut request = request(plane.clone());
    request.plane = Some(plane);
    assert!(!resident.has(&volume));
    renderer.draw(&request, SIZE[0], SIZE[1]).unwrap();
    assert!(resident.has(&volume));
    let (uploads, n_cut) = (renderer.uploads(), renderer.renderer_mut().n_planes_cut());
    for step in 1..5 {
        request.voi = Voi::Window(Window::linear(300.0, 2500.0 - f64::from(step)));
        renderer.draw(&request, SIZE[0], SIZE[1]).unwrap();
    }
    assert_eq!((renderer.uploads(), renderer.renderer_mut().n_planes_cut()), (uploads, n_cut));
}

#[test]
fn an_adapter_without_memory_leaves_planes_to_the_cpu() {
    let Some(mut renderer) = renderer() else { return };
    let resident = renderer.cut_planes();
    let volume = Arc::new(volume(upright([23, 19, 11]), Rescale::Same([1.0, 0.0]), None));
    let plane = planes(&volume).swap_remove(0);
    let mut request = request(plane.clone());
    request.plane = Some(plane);
    renderer.draw(&request, SIZE[0], SIZE[1]).unwrap();
    assert!(resident.has(&volume));
    pretend_out_of_memory(1);
    let drawn = renderer.draw(&request, SIZE[0], SIZE[1]).unwrap();
    assert!(!resident.has(&volume));
    assert_eq!(drawn, cpu::draw(&request, SIZE[0], SIZE[1]));
}

#[test]
fn volumes_that_no_texture_holds_are_cut_on_the_cpu() {
    let Some(mut renderer) = renderer() else { return };
    let resident = renderer.cut_planes();
    let each = Rescale::OfSlice((0..11).map(|slice| [1.0 + f64::from(slice), 0.0]).collect());
    let volume = Arc::new(volume(upright([23, 19, 11]), each, None));
    let plane = planes(&volume).swap_remove(0);
    let mut request = request(plane.clone());
    let expected = cpu::draw(&request, SIZE[0], SIZE[1]);
    request.plane = Some(plane);
    assert_eq!(renderer.draw(&request, SIZE[0], SIZE[1]).unwrap(), expected);
    assert!(!resident.has(&volume));
}
