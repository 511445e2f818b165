//! Masks: Dice, IoU and the distances between surfaces, as DeepMind's package has them.

use overread::validation::estimate::Undefined;
use overread::validation::overlap::{MaskGrid, overlap};
use overread::validation::surface::SurfaceDistances;

use crate::validation::{frozen, near, numbers, printed};

fn filled(dims: [usize; 3], is_inside: impl Fn([usize; 3]) -> bool) -> Vec<u8> {
    let [slices, rows, cols] = dims;
    let places = (0..slices).flat_map(|z| (0..rows).flat_map(move |y| (0..cols).map(move |x| [z, y, x])));
    places.map(|place| u8::from(is_inside(place))).collect()
}

#[test]
fn two_voxels_two_apart() {
    let dims = [10, 10, 10];
    let grid = MaskGrid::volume(dims, [3.0, 2.0, 1.0]);
    let (a, b) = (filled(dims, |at| at == [5, 5, 4]), filled(dims, |at| at == [5, 5, 6]));
    let found = SurfaceDistances::between(&grid, &a, &b).unwrap();
    let [one, two] = found.averages().unwrap();
    printed(one, "1.5");
    printed(two, "1.5");
    printed(found.hausdorff(1.0).unwrap(), "2");
    printed(found.surface_dice(1.0).unwrap(), "0.5");
    assert_eq!(overlap(&grid, &a, &b).unwrap().dice.value, Ok(0.0));
}

#[test]
fn two_half_spaces() {
    let dims = [100, 100, 100];
    let grid = MaskGrid::volume(dims, [2.0, 1.0, 1.0]);
    let (a, b) = (filled(dims, |[z, _, _]| z < 50), filled(dims, |[z, _, _]| z < 51));
    let found = SurfaceDistances::between(&grid, &a, &b).unwrap();
    let [one, two] = found.averages().unwrap();
    printed(one, "0.322447");
    printed(two, "0.339396");
    printed(found.hausdorff(1.0).unwrap(), "2");
    printed(found.hausdorff(0.95).unwrap(), "2");
    let [one, two] = found.overlap_at(1.0).unwrap();
    printed(one, "0.842066");
    printed(two, "0.830302");
    printed(found.surface_dice(1.0).unwrap(), "0.836145");
    printed(overlap(&grid, &a, &b).unwrap().dice.value.unwrap(), "0.990099");
}

#[test]
fn a_cube_moved_by_three() {
    let dims = [40, 40, 40];
    let cube = |from: usize| {
        filled(dims, move |[z, y, x]| (from..from + 20).contains(&z) && [y, x].iter().all(|at| (8..28).contains(at)))
    };
    let check = |spacing_mm, asd: &str, hd: &str, dice: &str| {
        let grid = MaskGrid::volume(dims, spacing_mm);
        let found = SurfaceDistances::between(&grid, &cube(8), &cube(11)).unwrap();
        printed(found.averages().unwrap()[0], asd);
        printed(found.hausdorff(1.0).unwrap(), hd);
        printed(found.surface_dice(1.0).unwrap(), dice);
        printed(overlap(&grid, &cube(8), &cube(11)).unwrap().dice.value.unwrap(), "0.85");
    };
    check([1.0, 1.0, 1.0], "1.012603", "3", "0.663611");
    check([2.5, 1.0, 1.0], "1.342172", "7.5", "0.754357");
}

#[test]
fn a_flat_square_moved_by_five() {
    let square =
        |from: usize| filled([1, 80, 80], move |[_, y, x]| (20..60).contains(&y) && (from..from + 40).contains(&x));
    let grid = MaskGrid::flat([80, 80], [1.0, 1.0]);
    let found = SurfaceDistances::between(&grid, &square(15), &square(20)).unwrap();
    printed(found.hausdorff(0.95).unwrap(), "5");
    printed(found.surface_dice(1.0).unwrap(), "0.474816");
    printed(overlap(&grid, &square(15), &square(20)).unwrap().dice.value.unwrap(), "0.875");
}

#[test]
fn random_masks_agree_with_the_reference_package() {
    for case in frozen("surfaces.json").as_array().unwrap() {
        let bits = case["first"].as_str().unwrap().bytes().zip(case["second"].as_str().unwrap().bytes());
        let (a, b): (Vec<u8>, Vec<u8>) = bits.map(|(a, b)| (a - b'0', b - b'0')).unzip();
        let (dims, spacing) = (numbers(&case["dims"]), numbers(&case["spacing"]));
        let grid = match (dims.as_slice(), spacing.as_slice()) {
            ([rows, cols], [row_mm, col_mm]) => MaskGrid::flat([*rows as usize, *cols as usize], [*row_mm, *col_mm]),
            _ => {
                MaskGrid::volume([dims[0], dims[1], dims[2]].map(|n| n as usize), [spacing[0], spacing[1], spacing[2]])
            }
        };
        let found = SurfaceDistances::between(&grid, &a, &b).unwrap();
        let value = |key: &str| case[key].as_f64().unwrap();
        near(found.averages().unwrap()[0], value("asd_first"), 1e-12);
        near(found.averages().unwrap()[1], value("asd_second"), 1e-12);
        near(found.hausdorff(1.0).unwrap(), value("hd"), 1e-12);
        near(found.hausdorff(0.95).unwrap(), value("hd95"), 1e-12);
        near(found.surface_dice(1.0).unwrap(), value("nsd1"), 1e-12);
        near(found.surface_dice(2.0).unwrap(), value("nsd2"), 1e-12);
        near(found.first.iter().map(|one| one.size).sum(), value("size"), 1e-12);
        near(overlap(&grid, &a, &b).unwrap().dice.value.unwrap(), value("dice"), 1e-12);
    }
}

#[test]
fn empty_masks_have_reasons() {
    let grid = MaskGrid::volume([4, 4, 4], [1.0; 3]);
    let (empty, full) = (vec![0; 64], vec![1; 64]);
    let both = SurfaceDistances::between(&grid, &empty, &empty).unwrap();
    assert_eq!(both.hausdorff(1.0), Err(Undefined::BothEmpty));
    assert_eq!(both.surface_dice(1.0), Err(Undefined::BothEmpty));
    assert_eq!(overlap(&grid, &empty, &empty).unwrap().dice.value, Err(Undefined::BothEmpty));
    let one = SurfaceDistances::between(&grid, &full, &empty).unwrap();
    assert_eq!(one.hausdorff(0.95), Err(Undefined::OneEmpty));
    assert_eq!(one.average_symmetric(), Err(Undefined::OneEmpty));
    assert_eq!(one.surface_dice(1.0), Ok(0.0));
    assert_eq!(overlap(&grid, &full, &empty).unwrap().iou.value, Ok(0.0));
    assert_eq!(SurfaceDistances::between(&grid, &full, &full[1..]), Err(Undefined::SizesDiffer));
    let no_grid = MaskGrid::volume([4, 4, 4], [0.0, 1.0, 1.0]);
    assert_eq!(SurfaceDistances::between(&no_grid, &full, &full), Err(Undefined::OutOfRange));
    let figures = one.figures(1.0);
    assert_eq!(figures.hausdorff.value, Err(Undefined::OneEmpty));
    assert_eq!(SurfaceDistances::between(&grid, &full, &full).unwrap().hausdorff(1.0), Ok(0.0));
}
