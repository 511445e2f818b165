//! What a report can be written as: one table, from which the command line and the dialog take their choices.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::codes::Codes;
use crate::domain::exported::ExportedObject;
use crate::domain::finding::Subject;
use crate::domain::intake::{Notice, Progress};
use crate::domain::report::Report;
use crate::export::dicom::structured_report::Attestation;
use crate::export::dicom::{assessments, result_set};
use crate::export::error::ExportError;
use crate::export::fhir;
use crate::export::json;
use crate::export::pdf::document::Picture;
use crate::export::pdf::report;
use crate::export::secondary_capture::{self, FrameProvider};
use crate::export::staging::{self, Staging};
use crate::export::tables;
use crate::export::typeface::Typeface;

/// One way to write a report.
pub struct Format {
    /// As the command line names it.
    pub id: &'static str,
    pub name: &'static str,
    /// What it holds, in a sentence without a full stop.
    pub about: &'static str,
    /// Nothing can be written without the study's files.
    pub needs_study: bool,
    /// Asked for when nothing is said.
    pub is_default: bool,
    pub write: fn(&Task<'_>, &mut Output<'_>) -> Result<(), ExportError>,
}

pub const FORMATS: &[Format] = &[
    Format {
        id: "json",
        name: "Report (JSON)",
        about: "Findings, decisions and measurements for other programs",
        needs_study: false,
        is_default: true,
        write: write_json,
    },
    Format {
        id: "png",
        name: "Pictures (PNG)",
        about: "Images with their findings drawn in",
        needs_study: true,
        is_default: true,
        write: write_pictures,
    },
    Format {
        id: "sr",
        name: "Structured report (DICOM SR)",
        about: "What the models found and what the reader says, TID 1500",
        needs_study: true,
        is_default: false,
        write: result_set::write_reports,
    },
    Format {
        id: "seg",
        name: "Segmentations (DICOM SEG)",
        about: "Masks as bits over their images",
        needs_study: true,
        is_default: false,
        write: result_set::write_segmentations,
    },
    Format {
        id: "labelmap",
        name: "Label maps (DICOM SEG)",
        about: "Masks that do not overlap as one number a pixel",
        needs_study: true,
        is_default: false,
        write: result_set::write_label_maps,
    },
    Format {
        id: "pm",
        name: "Saliency maps (DICOM Parametric Map)",
        about: "Where a network looked, as numbers over the image",
        needs_study: true,
        is_default: false,
        write: result_set::write_maps,
    },
    Format {
        id: "aira",
        name: "Assessment of AI results (DICOM SR, IHE AIRA)",
        about: "Accepted, rejected or unreviewed, result by result",
        needs_study: true,
        is_default: false,
        write: assessments::write_assessments,
    },
    Format {
        id: "sc",
        name: "Pictures (DICOM Secondary Capture)",
        about: "Images with their findings burned in",
        needs_study: true,
        is_default: false,
        write: result_set::write_captures,
    },
    Format {
        id: "gsps",
        name: "Presentation states (DICOM GSPS)",
        about: "Window, marks and measurements to lay over the images",
        needs_study: true,
        is_default: false,
        write: result_set::write_presentation_states,
    },
    Format {
        id: "ko",
        name: "Key images (DICOM Key Object Selection)",
        about: "References to the images that were marked",
        needs_study: true,
        is_default: false,
        write: result_set::write_key_objects,
    },
    Format {
        id: "fhir",
        name: "FHIR bundle (R4)",
        about: "Report, findings and measurements as FHIR resources",
        needs_study: false,
        is_default: false,
        write: write_fhir,
    },
    Format {
        id: "csv",
        name: "Tables (CSV)",
        about: "Findings, decisions and measurements for a spreadsheet",
        needs_study: false,
        is_default: false,
        write: write_csv,
    },
    Format {
        id: "tables",
        name: "Tables (JSON)",
        about: "The same rows as one document",
        needs_study: false,
        is_default: false,
        write: write_tables,
    },
    Format {
        id: "pdf",
        name: "Report for print (PDF)",
        about: "Findings, decisions, measurements and pictures on pages of A4",
        needs_study: false,
        is_default: false,
        write: write_pdf,
    },
];

/// Their ids, in the table's order.
pub fn ids() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.id).collect()
}

/// What an export is made of.
pub struct Task<'a> {
    pub report: &'a Report,
    /// Brings images for the pictures.
    pub frames: &'a RefCell<&'a mut FrameProvider<'a>>,
    pub codes: &'a Codes,
    /// The signature under the study, if a person has signed.
    pub attestation: Option<Attestation>,
    /// Who stands behind what leaves now; empty when nobody has named themselves.
    pub reader: &'a str,
    /// What left before, oldest first.
    pub exported: &'a [ExportedObject],
    /// Ids of all formats that are written together: objects refer to each other where both leave.
    pub formats: &'a [&'static str],
    pub cancel: &'a dyn Fn() -> bool,
    pub progress: &'a dyn Fn(Progress),
}

impl Task<'_> {
    pub fn writes(&self, format: &str) -> bool {
        self.formats.contains(&format)
    }
}

/// Files under way, none of them in sight before all are there.
pub struct Output<'a> {
    report: &'a Report,
    folder: &'a Path,
    staging: Staging,
    /// With the place of its file among those staged.
    objects: Vec<(usize, ExportedObject)>,
    /// Of each file, lower-case hex.
    hashes: Vec<String>,
    pub skipped: Vec<(Option<Subject>, Notice)>,
}

impl Output<'_> {
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        staging::refuse_original(self.report, self.folder, name)?;
        self.staging.add(name, bytes)?;
        self.hashes.push(secondary_capture::sha256_hex(bytes));
        Ok(())
    }

    /// A DICOM object with what the record keeps of it. The name is made safe.
    pub fn object(&mut self, stem: &str, bytes: &[u8], object: ExportedObject) -> Result<(), ExportError> {
        let at = self.hashes.len();
        self.file(&format!("{}.dcm", safe_stem(stem)), bytes)?;
        let sha256 = self.hashes.get(at).cloned().unwrap_or_default();
        self.objects.push((at, ExportedObject { sha256, ..object }));
        Ok(())
    }

    pub fn skip(&mut self, subject: Option<Subject>, notice: Notice) {
        self.skipped.push((subject, notice));
    }
}

/// Letters, digits and single hyphens, at most 60: nothing in it means anything to a file system.
fn safe_stem(stem: &str) -> String {
    let mut safe = String::new();
    for letter in stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(60) {
        if letter != '-' || !(safe.is_empty() || safe.ends_with('-')) {
            safe.push(letter);
        }
    }
    let safe = safe.trim_end_matches('-').to_owned();
    if safe.is_empty() { "object".to_owned() } else { safe }
}

/// What an export left in its folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// In the order of writing.
    pub files: Vec<PathBuf>,
    /// SHA-256 of each file, lower-case hex.
    pub hashes: Vec<String>,
    /// The DICOM objects among them.
    pub objects: Vec<ExportedObject>,
    /// What has no file, and why.
    #[serde(skip)]
    pub skipped: Vec<(Option<Subject>, Notice)>,
}

/// Writes the task's formats into `folder`, all of it or nothing, over no file that lies there.
pub fn write(task: &Task<'_>, folder: &Path) -> Result<Written, ExportError> {
    let staging = Staging::keeping(folder)?;
    let mut output =
        Output { report: task.report, folder, staging, objects: Vec::new(), hashes: Vec::new(), skipped: Vec::new() };
    let n_total = task.formats.len();
    for (n_done, id) in task.formats.iter().enumerate() {
        if (task.cancel)() {
            return Err(ExportError::Cancelled);
        }
        (task.progress)(Progress { n_done, n_total });
        let format = FORMATS.iter().find(|format| format.id == *id);
        let format = format.ok_or_else(|| ExportError::UnknownFormat((*id).to_owned()))?;
        if format.needs_study && task.report.study.is_none() {
            let text = format!("{}: the study's files are not at hand", format.name);
            output.skip(None, Notice::new("no_study", text));
            continue;
        }
        (format.write)(task, &mut output)?;
    }
    if (task.cancel)() {
        return Err(ExportError::Cancelled);
    }
    let Output { staging, objects, hashes, skipped, .. } = output;
    let files = staging.commit()?;
    (task.progress)(Progress { n_done: n_total, n_total });
    let named = |(at, object): (usize, ExportedObject)| {
        let name = files.get(at).and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        ExportedObject { file: name.unwrap_or_default(), ..object }
    };
    let objects = objects.into_iter().map(named).collect();
    Ok(Written { files, hashes, objects, skipped })
}

fn write_json(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    output.file(json::REPORT_FILE_NAME, &json::bytes(task.report)?)
}

fn write_fhir(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    output.file(fhir::FHIR_FILE_NAME, &fhir::bytes(task.report)?)
}

fn write_csv(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    tables::csv_files(task.report).iter().try_for_each(|(name, bytes)| output.file(name, bytes))
}

fn write_tables(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    output.file(tables::TABLES_FILE_NAME, &tables::json_bytes(task.report)?)
}

fn write_pdf(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    let mut pictures = Vec::new();
    if task.report.study.is_some() {
        for_each_sheet(task, output, &mut |_, subject, _, sheet| {
            if pictures.len() < report::MAX_PICTURES {
                let size = |length: usize| u32::try_from(length).unwrap_or(0);
                let rgb = sheet.pixels().as_flattened().to_vec();
                let picture = Picture { width: size(sheet.width()), height: size(sheet.height()), rgb };
                pictures.push((subject.clone(), picture));
            }
            Ok(())
        })?;
    }
    output.file(report::PDF_FILE_NAME, &report::bytes(task.report, pictures)?)
}

/// One sheet for each image with findings or drawings.
fn write_pictures(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    for_each_sheet(task, output, &mut |output, subject, instance, sheet| {
        let png = secondary_capture::encode(sheet)?;
        let name = secondary_capture::file_name(&subject.sop, subject.frame, instance.n_frames());
        output.file(&name, &png)
    })
}

/// What is done with one drawn image.
pub(crate) type WithSheet<'a, 'b> = &'a mut dyn FnMut(
    &mut Output<'b>,
    &Subject,
    &crate::domain::instance::Instance,
    &crate::export::canvas::Canvas,
) -> Result<(), ExportError>;

/// Draws every image with findings or drawings; one that cannot be had is skipped with its reason.
pub(crate) fn for_each_sheet<'b>(
    task: &Task<'_>,
    output: &mut Output<'b>,
    with: WithSheet<'_, 'b>,
) -> Result<(), ExportError> {
    let face = Typeface::shipped()?;
    for subject in secondary_capture::subjects(task.report) {
        if (task.cancel)() {
            return Err(ExportError::Cancelled);
        }
        let Some((_, instance)) = task.report.study.as_ref().and_then(|study| study.instance(&subject.sop)) else {
            output.skip(Some(subject), Notice::new("image_absent", "the image is not at hand"));
            continue;
        };
        let frame = (task.frames.borrow_mut())(instance, subject.frame);
        match frame {
            Err(notice) => output.skip(Some(subject), notice),
            Ok(frame) => {
                let sheet = secondary_capture::draw(task.report, &subject, instance, &frame, &face);
                with(output, &subject, instance, &sheet)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stem_means_anything_to_a_file_system() {
        for (given, safe) in
            [("SR Chest findings", "sr-chest-findings"), ("../..//x", "x"), ("", "object"), ("é\u{202e}", "object")]
        {
            assert_eq!(safe_stem(given), safe);
        }
        assert!(safe_stem(&"a".repeat(500)).len() <= 60);
    }
}
