//! The report as one JSON file.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::domain::report::Report;
use crate::export::error::ExportError;
use crate::export::json_document::ReportDocument;
use crate::export::staging::{self, Staging};

pub const REPORT_FILE_NAME: &str = "report.json";

/// The report as one JSON value, for a caller that sets it into a document of its own.
pub fn report_value(report: &Report) -> Result<Value, ExportError> {
    Ok(serde_json::to_value(ReportDocument::new(report))?)
}

/// The report as the text of a file.
pub(crate) fn bytes(report: &Report) -> Result<Vec<u8>, ExportError> {
    let mut text = serde_json::to_vec_pretty(&ReportDocument::new(report))?;
    text.push(b'\n');
    Ok(text)
}

/// Writes `<folder>/report.json` whole, replacing an earlier export; returns its path.
pub fn write_json(report: &Report, folder: &Path) -> Result<PathBuf, ExportError> {
    let text = bytes(report)?;
    staging::refuse_original(report, folder, REPORT_FILE_NAME)?;
    let mut staging = Staging::new(folder)?;
    staging.add(REPORT_FILE_NAME, &text)?;
    staging.commit()?;
    Ok(folder.join(REPORT_FILE_NAME))
}
