//! The phantom: its pictures hold what its truth says, and its files are DICOM.

use std::fs;

use overread::domain::geometry::Vec3;
use overread::export::phantom_study::{self, PhantomError, PhantomOptions};
use overread::imaging::phantom::convex::Ray;
use overread::imaging::phantom::scene::{Span, Tracer};
use overread::imaging::phantom::{CtGrid, RadiographGrid, Scene, Tissue, ct, nodules, radiograph, truth};

fn quiet() -> PhantomOptions {
    PhantomOptions { noise: 0.0, ..PhantomOptions::small() }
}

fn mean_hu(scene: &Scene, grid: &CtGrid, center_mm: [f64; 3]) -> f64 {
    let [x, y, z] = center_mm;
    let index = ((z - grid.first_z_mm) / grid.slice_mm).round() as u32;
    let slice = ct::quiet_slice(scene, grid, index);
    let [x0, y0, _] = grid.plane(index).position_mm.0;
    let (col, row) = ((x - x0) / grid.pixel_mm, (y - y0) / grid.pixel_mm);
    f64::from(slice[row.round() as usize * grid.cols as usize + col.round() as usize])
}

#[test]
fn known_places_have_the_hounsfield_units_of_their_tissue() {
    let scene = quiet().scene();
    let places = [
        ("outside", [0.0, -170.0, 0.0], -1000.0, 1.0),
        ("right lung", [-100.0, -40.0, 20.0], -855.0, 60.0),
        ("trachea", [0.0, 10.0, 90.0], -1000.0, 1.0),
        ("liver", [-70.0, 0.0, -150.0], 60.0, 5.0),
        ("left ventricle", [40.0, -35.0, -60.0], 42.0, 5.0),
        ("stomach bubble", [58.0, -8.0, -132.0], -1000.0, 30.0),
    ];
    for (name, place, expected, tolerance) in places {
        let found = mean_hu(&scene, &CtGrid::SMALL, place);
        assert!((found - expected).abs() <= tolerance, "{name}: {found} HU, expected {expected}");
    }
    let lung = |y: f64| Tissue::Lung.hounsfield(Vec3([80.0, y, 0.0]));
    assert!(lung(60.0) > lung(-60.0), "a supine lung is denser in the back");
}

#[test]
fn nodules_keep_their_volume_on_the_voxel_grid() {
    let options = quiet();
    let with = options.scene();
    let without = without_nodules(&with);
    for nodule in &options.nodules {
        let [x, y, z] = nodule.center_mm;
        // Slices of the clinical spacing, around the nodule.
        let around =
            CtGrid { rows: 64, cols: 64, n_slices: 10, first_z_mm: z - 18.0, center_xy_mm: [x, y], ..CtGrid::FULL };
        let contrast: f64 = (0..around.n_slices).map(|index| excess(&with, &without, &around, index)).sum();
        let lung = Tissue::Lung.hounsfield(Vec3(nodule.center_mm));
        let per_mm3 = Tissue::Nodule.hounsfield(Vec3(nodule.center_mm)) - lung;
        let volume = contrast * around.pixel_mm.powi(2) * around.slice_mm / per_mm3;
        let share = volume / nodule.volume_mm3();
        assert!((0.97..1.03).contains(&share), "{}: {volume:.0} mm³, truth {:.0}", nodule.name, nodule.volume_mm3());
    }
}

fn without_nodules(scene: &Scene) -> Scene {
    let bodies = scene.bodies.iter().filter(|body| body.tissue != Tissue::Nodule).cloned().collect();
    Scene { bodies }
}

/// Sum of HU that the nodules add to one slice.
fn excess(with: &Scene, without: &Scene, grid: &CtGrid, index: u32) -> f64 {
    let (with, without) = (ct::quiet_slice(with, grid, index), ct::quiet_slice(without, grid, index));
    with.iter().zip(without).map(|(a, b)| f64::from(a - b)).sum()
}

#[test]
fn the_radiograph_shows_the_patients_right_on_the_image_left() {
    let options = quiet();
    let scene = options.scene();
    let grid = RadiographGrid::SMALL;
    let picture = radiograph::radiograph(&scene, &grid, options.seed, 0.0);
    let at = |place: [f64; 3]| {
        let [col, row] = grid.project(Vec3(place));
        picture[row.round() as usize * grid.cols as usize + col.round() as usize]
    };
    let [apex_col, apex_row] = grid.project(Vec3([85.0, -55.0, -90.0]));
    assert!(apex_col > f64::from(grid.cols) / 2.0 && apex_row > f64::from(grid.rows) / 2.0);
    let (heart_apex, its_mirror) = (at([75.0, -50.0, -75.0]), at([-75.0, -50.0, -75.0]));
    assert!(heart_apex > its_mirror + 300, "heart {heart_apex}, right lung at its height {its_mirror}");
    let (lung, mediastinum, outside) = (at([-90.0, 0.0, 40.0]), at([0.0, 0.0, -30.0]), at([-200.0, 0.0, 170.0]));
    assert!(mediastinum > lung + 1000 && lung > outside, "{mediastinum} {lung} {outside}");
    let (liver, stomach) = (at([-70.0, 0.0, -140.0]), at([58.0, -8.0, -132.0]));
    assert!(liver > stomach, "{liver} {stomach}");
}

#[test]
fn a_known_ball_casts_a_shadow_of_its_thickness() {
    let options = quiet();
    let scene = options.scene();
    let bare = without_nodules(&scene);
    let grid = RadiographGrid::FULL;
    for nodule in &options.nodules {
        let [col, row] = grid.project(Vec3(nodule.center_mm));
        let ray = grid.ray(col, row);
        let added = water_mm(&scene, &ray) - water_mm(&bare, &ray);
        let lung = Tissue::Lung.hounsfield(Vec3(nodule.center_mm));
        let expected = nodule.diameter_mm * (Tissue::Nodule.hounsfield(Vec3(nodule.center_mm)) - lung) / 1000.0;
        assert!((added / expected - 1.0).abs() < 0.02, "{}: {added:.2} of {expected:.2} mm", nodule.name);
    }
}

fn water_mm(scene: &Scene, ray: &Ray) -> f64 {
    let mut tracer = Tracer::default();
    let spans = tracer.trace(scene.bodies.iter(), ray);
    let of_span = |span: &Span| {
        let middle = ray.at((span.start_mm + span.end_mm) / 2.0);
        (span.end_mm - span.start_mm) * (1.0 + span.tissue.hounsfield(middle) / 1000.0)
    };
    spans.iter().map(of_span).sum()
}

#[test]
fn the_truth_lists_every_nodule_and_an_enlarged_heart() {
    let options = quiet();
    let truth = truth(&options, &options.scene());
    let diameters: Vec<f64> = truth.lesions.iter().map(|lesion| lesion.diameter_mm).collect();
    assert_eq!(diameters, [8.0, 14.0, 22.0]);
    assert!((truth.lesions[0].volume_mm3 - 268.08).abs() < 0.01);
    let silhouette = truth.silhouette;
    assert!((0.52..0.60).contains(&silhouette.cardiothoracic_ratio), "{silhouette:?}");
    assert!((250.0..320.0).contains(&silhouette.thorax_width_mm), "{silhouette:?}");
}

#[test]
fn the_same_options_give_the_same_files_and_a_complete_study_is_left_alone() {
    let options = PhantomOptions::small();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let write = |folder: &std::path::Path| phantom_study::write(folder, &options, &|| false, &|_| ()).unwrap();
    let (one, other) = (write(first.path()), write(second.path()));
    assert_eq!(one.files.len(), 41);
    assert!(!one.was_reused);
    for (a, b) in one.files.iter().zip(&other.files) {
        assert!(fs::read(a).unwrap() == fs::read(b).unwrap(), "{} differs", a.display());
    }
    assert_eq!(fs::read(&one.truth_file).unwrap(), fs::read(&other.truth_file).unwrap());
    assert!(write(first.path()).was_reused);
    fs::write(&one.files[3], b"half").unwrap();
    assert!(!write(first.path()).was_reused);
    let names = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut found: Vec<String> = fs::read_dir(first.path()).unwrap().map(|entry| names(entry.unwrap())).collect();
    found.sort();
    assert_eq!(found, ["ct", "dx", "truth.json"]);
}

#[test]
fn a_cancelled_phantom_is_not_taken_for_a_complete_one() {
    let folder = tempfile::tempdir().unwrap();
    let error = phantom_study::write(folder.path(), &PhantomOptions::small(), &|| true, &|_| ()).unwrap_err();
    assert!(matches!(error, PhantomError::Cancelled));
    assert!(!folder.path().join(phantom_study::TRUTH_FILE).exists());
}

#[test]
fn scattered_nodules_lie_inside_the_lungs_and_are_the_same_again() {
    let scattered = nodules::scattered(5, 8);
    assert_eq!(scattered.len(), 8);
    assert_eq!(scattered, nodules::scattered(5, 8));
    assert_ne!(scattered, nodules::scattered(6, 8));
    assert!(nodules::scattered(5, 0).is_empty());
    let scene = PhantomOptions { seed: 5, nodules: scattered.clone(), ..PhantomOptions::default() }.scene();
    for nodule in &scattered {
        let [x, y, z] = nodule.center_mm;
        assert_eq!(scene.tissue_at(Vec3([x, y, z])), Tissue::Nodule, "{}", nodule.name);
        let reach = nodule.diameter_mm / 2.0 + 0.5;
        for (dx, dy, dz) in
            [(1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)]
        {
            let beside = Vec3([x + dx * reach, y + dy * reach, z + dz * reach]);
            assert_eq!(scene.tissue_at(beside), Tissue::Lung, "{} touches something", nodule.name);
        }
    }
}
