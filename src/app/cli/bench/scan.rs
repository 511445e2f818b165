//! Scanning a folder into studies, beside reading the same files' headers with dicom-object and pydicom.

use std::path::{Path, PathBuf};

use dicom_object::OpenFileOptions;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::json;

use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::sheet::Sheet;
use crate::import::Importer;
use crate::jobs::work::scan;

const PYDICOM_HEADERS: &str = include_str!("pydicom_headers.py");
/// (7FE0,0010)
const PIXEL_DATA: (u16, u16) = (0x7FE0, 0x0010);

pub fn measure(importer: &Importer, dir: &Path, n_rounds: u32, peer_python: Option<&Path>) -> Result<Sheet, String> {
    let place = [dir.to_owned()];
    let intake = scan::quietly(importer, &place);
    let files: Vec<PathBuf> = intake.files.iter().map(|file| file.path.clone()).collect();
    let n_refused = intake.refused().count();
    if files.len() == n_refused {
        return Err("the folder holds no picture to measure with".to_owned());
    }
    let peer = peer_python.map(|python| {
        let header = json!({ "files": files.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>() });
        Peer::python(python, PYDICOM_HEADERS, &header, &[])
    });
    let peer = peer.transpose()?;
    let pydicom_facts = peer.as_ref().map(|peer| peer.facts.clone());
    let mut ways = ways(importer, &place, &files);
    if let Some(mut peer) = peer {
        let part = Part::new("pydicom_headers", "pydicom: dcmread(stop_before_pixels=True), one thread");
        ways.push(Way::new(vec![part], move || peer.round().map(|seconds| vec![seconds])));
    }
    let series = interleaved(n_rounds, &mut ways)?;
    let pairs = ["dicom_object_headers", "dicom_object_headers_parallel", "pydicom_headers"]
        .map(|theirs| ("scan".to_owned(), theirs.to_owned()));
    let n_read_by_dicom_object = files.iter().filter(|path| reads_header(path)).count();
    Ok(Sheet::new("scan", n_rounds, series, &pairs)
        .with_fact("files", files.len())
        .with_fact("studies", intake.studies.len())
        .with_fact("files_read", files.len() - n_refused)
        .with_fact("files_read_by_dicom_object", n_read_by_dicom_object)
        .with_fact("threads", rayon::current_num_threads())
        .with_fact("pydicom", pydicom_facts))
}

fn ways<'a>(importer: &'a Importer, place: &'a [PathBuf], files: &'a [PathBuf]) -> Vec<Way<'a>> {
    let scan = Part::new("scan", "scan: walk, check, read, group into studies; all threads");
    let one = Part::new("dicom_object_headers", "dicom-object: open_file, read_until pixel data; one thread");
    let all = Part::new("dicom_object_headers_parallel", "dicom-object: the same; all threads");
    vec![
        Way::timed(scan, || {
            std::hint::black_box(scan::quietly(importer, place));
            Ok(())
        }),
        Way::timed(one, || {
            std::hint::black_box(files.iter().filter(|path| reads_header(path)).count());
            Ok(())
        }),
        Way::timed(all, || {
            std::hint::black_box(files.par_iter().filter(|path| reads_header(path)).count());
            Ok(())
        }),
    ]
}

fn reads_header(path: &Path) -> bool {
    OpenFileOptions::new().read_until(PIXEL_DATA.into()).open_file(path).is_ok()
}
