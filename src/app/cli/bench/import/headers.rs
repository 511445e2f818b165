//! A folder of 1,000 CT slices into studies, beside the peers reading the same headers.

use crate::app::cli::bench::import::{Setting, peers, writing};
use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::sheet::Sheet;
use crate::import::{Importer, ScanOptions};
use crate::jobs::work::scan;

pub fn measure(setting: &Setting<'_>) -> Result<Sheet, String> {
    let n_files = setting.n(1000);
    // Small pictures: only headers are read, and the disk is spared
    let files = writing::ct_series(setting.folder, n_files, 128)?;
    let place = [setting.folder.to_owned()];
    let in_process = Importer::in_process(ScanOptions::default());
    let scanned = |importer: &Importer| -> Result<(), String> {
        let intake = scan::quietly(importer, &place);
        let n_images: usize = intake.studies.iter().map(|study| study.n_images()).sum();
        if n_images == n_files as usize { Ok(()) } else { Err(format!("{n_images} images were read")) }
    };
    let ours = Part::new("scan", "ours: walk, check, read, group into studies; worker processes");
    let inside = Part::new("scan_in_process", "ours, without worker processes");
    let mut ways = vec![Way::timed(ours, || scanned(setting.importer)), Way::timed(inside, || scanned(&in_process))];
    ways.extend(peers::python(setting, "pydicom_headers", "pydicom: dcmread(stop_before_pixels=True)", &files, 1)?);
    ways.extend(peers::python(setting, "gdcm_scanner", "gdcm: Scanner, 21 tags", &files, 1)?);
    let dcmtk = "DCMTK: dcmdump +P, one process, less its start";
    ways.extend(peers::dcmdump("dcmtk_headers", dcmtk, &[], &files));
    let series = interleaved(setting.n_rounds, &mut ways)?;
    let mut pairs = Vec::new();
    for theirs in ["pydicom_headers", "gdcm_scanner", "dcmtk_headers"] {
        pairs.extend(["scan", "scan_in_process"].map(|ours| (ours.to_owned(), theirs.to_owned())));
    }
    Ok(Sheet::new("import headers", setting.n_rounds, series, &pairs)
        .with_fact("files", n_files)
        .with_ratio_target("scan", "pydicom_headers", 1.0 / 20.0)
        .with_ratio_target("scan", "gdcm_scanner", 1.0 / 3.0))
}
