//! What a loaded series of 500 slices takes, beside its raw bytes.

use crate::app::cli::bench::import::{Setting, volume, writing};
use crate::app::cli::bench::resident;
use crate::app::cli::bench::sheet::Sheet;

pub fn measure(setting: &Setting<'_>) -> Result<Sheet, String> {
    let n_slices = setting.n(500);
    writing::ct_series(setting.folder, n_slices, volume::SIZE)?;
    let before = resident::bytes();
    let series = volume::only_series(setting.importer, setting.folder)?;
    let scanned = resident::bytes();
    let frames = volume::load(setting.importer, &series)?;
    let loaded = resident::bytes();
    let n_raw = u64::from(n_slices) * u64::from(volume::SIZE) * u64::from(volume::SIZE) * 2;
    let grown = |from: Option<u64>, to: Option<u64>| from.zip(to).map(|(from, to)| to.saturating_sub(from));
    let mut sheet = Sheet::new("import memory", 1, Vec::new(), &[])
        .with_fact("slices", frames.len())
        .with_fact("raw_bytes", n_raw)
        .with_fact("bytes_of_attributes", grown(before, scanned))
        .with_fact("bytes_of_attributes_and_pixels", grown(before, loaded));
    if let Some(n_bytes) = grown(before, loaded) {
        let ratio = n_bytes as f64 / n_raw as f64;
        sheet = sheet.with_target("resident memory / raw bytes", 1.2, ratio);
    }
    Ok(sheet)
}
