//! 500 CT slices of 512 × 512 in 16 bits, from a folder's name to all pixels in order.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::app::cli::bench::import::{Setting, peers, writing};
use crate::app::cli::bench::measure::{Part, Way, clocked, interleaved};
use crate::app::cli::bench::sheet::Sheet;
use crate::domain::frame::Frame;
use crate::domain::series::Series;
use crate::import::stack_loading::{StackRequest, outward};
use crate::import::{Importer, slab};
use crate::jobs::work::scan;

/// Two threads, whatever the machine has: what the targets speak of.
pub const N_THREADS: usize = 2;
pub const SIZE: u16 = 512;

pub fn measure(setting: &Setting<'_>) -> Result<Sheet, String> {
    let n_slices = setting.n(500);
    let files = writing::ct_series(setting.folder, n_slices, SIZE)?;
    let parts = vec![
        Part::new("volume", "ours: scan, then all slices into slabs, two threads"),
        Part::new("volume_scan", "  of that: the scan"),
        Part::new("volume_load", "  of that: the pixels"),
    ];
    let mut ways = vec![Way::new(parts, || {
        let (series, scan_s) = clocked(|| only_series(setting.importer, setting.folder));
        let (frames, load_s) = clocked(|| load(setting.importer, &*series?));
        drop(frames?);
        Ok(vec![scan_s + load_s, scan_s, load_s])
    })];
    let fresh = Part::new("volume_fresh", "ours, all slabs asked of the system anew");
    ways.push(Way::new(vec![fresh], || {
        slab::give_back_spare();
        let (frames, seconds) = clocked(|| load(setting.importer, &*only_series(setting.importer, setting.folder)?));
        drop(frames?);
        Ok(vec![seconds])
    }));
    let kept = "the same files' bytes into memory that is kept, two threads";
    ways.push(peers::bare_read("bare_read", kept, &files));
    let standing = "the same files' bytes into one block that stays, two threads";
    ways.push(peers::bare_read_standing("bare_read_standing", standing, &files)?);
    let gdcm = "gdcm: IPPSorter, ImageReader; pixels left in gdcm's memory";
    for (work, what) in [
        ("pydicom_volume", "pydicom: dcmread, sorted, pixel_array, one array"),
        ("gdcm_volume", gdcm),
        ("simpleitk_volume", "SimpleITK: GetGDCMSeriesFileNames, ImageSeriesReader"),
    ] {
        ways.extend(peers::python(setting, work, what, &files, 1)?);
    }
    match peers::python(setting, "dcmtk_volume", "DCMTK: DcmFileFormat, sorted, copied into one array", &files, 1) {
        Ok(way) => ways.extend(way),
        // Its headers or a compiler are missing: the tool, which loads all values but builds no volume
        Err(_) => {
            let what = "DCMTK: dcmdump with all values loaded, no volume built, less its start";
            ways.extend(peers::dcmdump("dcmtk_volume", what, &["-M"], &files));
        }
    }
    let series = interleaved(setting.n_rounds, &mut ways)?;
    drop(ways);
    let theirs =
        ["bare_read", "bare_read_standing", "pydicom_volume", "gdcm_volume", "simpleitk_volume", "dcmtk_volume"];
    let mut pairs = theirs.map(|theirs| ("volume".to_owned(), theirs.to_owned())).to_vec();
    pairs.push(("volume_fresh".to_owned(), "bare_read".to_owned()));
    pairs.push(("volume_load".to_owned(), "bare_read_standing".to_owned()));
    Ok(Sheet::new("import volume", setting.n_rounds, series, &pairs)
        .with_fact("slices", n_slices)
        .with_fact(
            "memory",
            "ours, gdcm, SimpleITK and DCMTK use that of the round before; `volume_fresh` and `bare_read` do not",
        )
        .with_fact("raw_bytes", u64::from(n_slices) * u64::from(SIZE) * u64::from(SIZE) * 2)
        .with_ratio_target("volume_fresh", "bare_read", 1.5)
        .with_ratio_target("volume", "bare_read_standing", 1.5)
        .with_ratio_target("volume", "gdcm_volume", 1.0 / 3.0)
        .with_ratio_target("volume", "dcmtk_volume", 1.0 / 3.0)
        .with_ratio_target("volume", "simpleitk_volume", 1.0 / 3.0))
}

/// The one series of a folder.
pub fn only_series(importer: &Importer, folder: &Path) -> Result<Arc<Series>, String> {
    let intake = scan::quietly(importer, &[folder.to_owned()]);
    let series = intake.studies.first().and_then(|study| study.series.first());
    series.cloned().ok_or_else(|| "the series cannot be read".to_owned())
}

/// Every frame, in the order of the stack.
pub fn load(importer: &Importer, series: &Series) -> Result<Vec<Arc<Frame>>, String> {
    let places: Mutex<Vec<Option<Arc<Frame>>>> = Mutex::new(vec![None; series.stack.len()]);
    let order = outward(series.stack.len(), 0);
    let request = StackRequest { series, order: &order, n_threads: N_THREADS };
    importer.load_stack(&request, &|| false, &|index, result| {
        let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(place), Ok(frame)) = (places.get_mut(index), result) {
            *place = Some(Arc::new(frame));
        }
    });
    let places = places.into_inner().unwrap_or_else(PoisonError::into_inner);
    places.into_iter().collect::<Option<_>>().ok_or_else(|| "a slice cannot be read".to_owned())
}
