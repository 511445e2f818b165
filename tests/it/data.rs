//! Where tests find pictures: generated ones, and real ones beside the repository when they are there.

use std::path::{Path, PathBuf};

use overread::export::phantom_study::{self, PhantomOptions};

/// A folder of the shared real data, or `None` with a printed reason.
pub fn shared(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let root = std::env::var_os("OVERREAD_DATA").map_or_else(beside, PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {name} is not beside the repository");
    None
}

/// The generated study on a coarse grid: a CT series and a radiograph.
pub fn write_small_phantom(folder: &Path) {
    let study = phantom_study::write(folder, &PhantomOptions::small(), &|| false, &|_| {}).unwrap();
    // The truth beside the pictures is no picture: a scan would list it as refused.
    std::fs::remove_file(study.truth_file).unwrap();
}

/// Another patient's study of the same kind, without a CT series.
pub fn write_other_phantom(folder: &Path) {
    let options = PhantomOptions { seed: 7, ct: None, ..PhantomOptions::small() };
    let study = phantom_study::write(folder, &options, &|| false, &|_| {}).unwrap();
    std::fs::remove_file(study.truth_file).unwrap();
}
