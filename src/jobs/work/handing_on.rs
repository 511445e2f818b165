//! Writing a report into a folder, in the formats that were asked for.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::codes::Codes;
use crate::domain::exported::ExportedObject;
use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::{Notice, Progress};
use crate::domain::report::Report;
use crate::export::ExportError;
use crate::export::dicom::structured_report::Attestation;
use crate::export::formats::{self, FORMATS, Task, Written};
use crate::import::Importer;
use crate::store::access_note::{AccessNote, ExportedFile};

/// What to write, and what is known beside the report.
#[derive(Clone, Debug)]
pub struct ExportOrder {
    pub report: Report,
    /// Ids of the table; written in its order.
    pub formats: Vec<String>,
    /// Who hands it on; empty when nobody is named.
    pub reader: String,
    /// What left of this study before, oldest first.
    pub exported: Vec<ExportedObject>,
    /// Another table of codes than the shipped one.
    pub codes: Option<Arc<Codes>>,
}

/// What the record keeps of an export: where it went, and what.
pub fn note(folder: &Path, formats: &[String], written: &Written) -> AccessNote {
    let files = written.files.iter().zip(&written.hashes);
    let file = |(path, sha256): (&PathBuf, &String)| ExportedFile { name: name_of(path), sha256: sha256.clone() };
    AccessNote::ReportExported {
        folder: folder.display().to_string(),
        formats: formats.to_vec(),
        files: files.map(file).collect(),
    }
}

/// A picture of the screen that was written to a file.
pub fn note_of_picture(path: &Path, sha256: String) -> AccessNote {
    AccessNote::ReportExported {
        folder: path.parent().map(|folder| folder.display().to_string()).unwrap_or_default(),
        formats: vec!["picture".to_owned()],
        files: vec![ExportedFile { name: name_of(path), sha256 }],
    }
}

/// A picture of the screen that another program can take from here.
pub fn note_of_clipboard() -> AccessNote {
    let formats = vec!["picture".to_owned()];
    AccessNote::ReportExported { folder: "clipboard".to_owned(), formats, files: Vec::new() }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

pub fn run(
    order: &ExportOrder,
    importer: &Importer,
    folder: &Path,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Result<Written, ExportError> {
    let ExportOrder { report, formats, reader, exported, codes } = order;
    if let Some(unknown) = formats.iter().find(|id| !formats::ids().contains(&id.as_str())) {
        return Err(ExportError::UnknownFormat(unknown.clone()));
    }
    let chosen = FORMATS.iter().map(|format| format.id).filter(|id| formats.iter().any(|wanted| wanted == id));
    let mut load = |instance: &Instance, frame_idx: u32| -> Result<Arc<Frame>, Notice> {
        importer
            .load_frame_ahead(instance, frame_idx)
            .map(Arc::new)
            .map_err(|error| Notice::new(error.code(), error.to_string()))
    };
    let task = Task {
        report,
        frames: &RefCell::new(&mut load),
        codes: codes.as_deref().unwrap_or_else(|| Codes::shipped()),
        // Only what a person has signed is verified
        attestation: report
            .course
            .signature()
            .map(|signed| Attestation { name: signed.name.clone(), at: signed.at.clone() }),
        reader,
        exported,
        formats: &chosen.collect::<Vec<_>>(),
        cancel,
        progress,
    };
    let written = formats::write(&task, folder)?;
    for (_, notice) in &written.skipped {
        log::warn!("something is not part of the export: {}", notice.text);
    }
    Ok(written)
}
