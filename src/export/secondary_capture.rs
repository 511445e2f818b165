//! One PNG per image that has findings or drawings, for people and slides; the numbers are in `report.json`.
//!
//! The gray levels come from the stored values through the file's own VOI transform, whatever a screen showed. No name
//! or number of the patient is drawn.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use sha2::{Digest as _, Sha256};

use crate::domain::annotation::Annotation;
use crate::domain::finding::Subject;
use crate::domain::frame::Frame;
use crate::domain::instance::Instance;
use crate::domain::intake::{Notice, Progress};
use crate::domain::report::{Report, ReportedFinding};
use crate::domain::uid::SopInstanceUid;
use crate::export::canvas::Canvas;
use crate::export::capture_legend::{self, Legend};
use crate::export::capture_picture::{self, Numbered};
use crate::export::error::ExportError;
use crate::export::staging::{self, Staging};
use crate::export::typeface::Typeface;

/// Decodes one frame of an instance, or says why it cannot be had.
pub type FrameProvider<'a> = dyn FnMut(&Instance, u32) -> Result<Arc<Frame>, Notice> + 'a;

/// What an export of pictures came to.
#[derive(Clone, Debug, Default)]
pub struct Captures {
    /// In the order of the report's findings.
    pub written: Vec<Capture>,
    /// Images with findings of which no picture could be made, and why.
    pub skipped: Vec<(Subject, Notice)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    pub path: PathBuf,
    /// Of the file, lower-case hex.
    pub sha256: String,
    pub subject: Subject,
}

/// Legends need this much width, so that a small picture is set into a wider sheet.
const MIN_WIDTH: usize = 480;

/// Writes the pictures into `folder`, all or none.
pub fn write(
    report: &Report,
    frames: &mut FrameProvider<'_>,
    folder: &Path,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Result<Captures, ExportError> {
    let face = Typeface::shipped()?;
    let subjects = subjects(report);
    let mut staging = Staging::new(folder)?;
    let mut staged = Vec::new();
    let mut skipped = Vec::new();
    for (n_done, subject) in subjects.iter().enumerate() {
        if cancel() {
            return Err(ExportError::Cancelled);
        }
        progress(Progress { n_done, n_total: subjects.len() });
        let instance = report.study.as_ref().and_then(|study| study.instance(&subject.sop));
        let Some((_, instance)) = instance else {
            skipped.push((subject.clone(), Notice::new("image_absent", "the image is not at hand")));
            continue;
        };
        match frames(instance, subject.frame) {
            Err(notice) => skipped.push((subject.clone(), notice)),
            Ok(frame) => {
                let png = encode(&draw(report, subject, instance, &frame, &face))?;
                let name = file_name(&subject.sop, subject.frame, instance.n_frames());
                staging::refuse_original(report, folder, &name)?;
                staging.add(&name, &png)?;
                staged.push((subject.clone(), sha256_hex(&png)));
            }
        }
    }
    let paths = staging.commit()?;
    progress(Progress { n_done: subjects.len(), n_total: subjects.len() });
    let written = paths.into_iter().zip(staged).map(|(path, (subject, sha256))| Capture { path, sha256, subject });
    Ok(Captures { written: written.collect(), skipped })
}

/// The images with findings or drawings, each once, in the report's order.
pub(crate) fn subjects(report: &Report) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    let of_findings = report.findings.iter().map(|reported| &reported.finding.subject);
    let of_drawings = report.annotations.iter().filter_map(|reported| reported.annotation.ground.subject());
    for subject in of_findings.chain(of_drawings) {
        if !subjects.iter().any(|known| known.sop == subject.sop && known.frame == subject.frame) {
            subjects.push(subject.clone());
        }
    }
    subjects
}

/// Picture above, legend below.
pub(crate) fn draw(report: &Report, subject: &Subject, instance: &Instance, frame: &Frame, face: &Typeface) -> Canvas {
    let on_image = report.findings.iter().filter(|reported| {
        let other = &reported.finding.subject;
        other.sop == subject.sop && other.frame == subject.frame
    });
    let (shown, quiet): (Vec<&ReportedFinding>, Vec<&ReportedFinding>) =
        on_image.partition(|reported| reported.finding.is_flagged() || reported.decision.is_some());
    let numbered: Vec<Numbered<'_>> =
        (1..).zip(shown).map(|(number, reported)| Numbered { number, reported }).collect();
    let drawings = report.annotations.iter().map(|reported| reported.annotation.as_ref());
    let drawings: Vec<&Annotation> = drawings
        .filter(|annotation| {
            let other = annotation.ground.subject();
            other.is_some_and(|other| other.sop == subject.sop && other.frame == subject.frame)
        })
        .collect();
    let picture = capture_picture::draw(frame, instance, &numbered, &drawings, face);
    let width = picture.width().max(MIN_WIDTH);
    let legend = Legend::new(width, &numbered, &quiet, &report.made_by, face);
    let mut sheet = Canvas::new(width, picture.height() + legend.height(), capture_legend::BACKGROUND);
    sheet.paste(picture.pixels(), picture.width(), (width - picture.width()) / 2, 0);
    legend.draw(&mut sheet, picture.height());
    sheet
}

pub(crate) fn encode(sheet: &Canvas) -> Result<Vec<u8>, ExportError> {
    let failed = |error: image::ImageError| ExportError::Picture(error.to_string());
    let size = |length: usize| u32::try_from(length).map_err(|error| ExportError::Picture(error.to_string()));
    let (width, height) = (size(sheet.width())?, size(sheet.height())?);
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive)
        .write_image(sheet.pixels().as_flattened(), width, height, ExtendedColorType::Rgb8)
        .map_err(failed)?;
    Ok(png)
}

/// `<SOP Instance UID>.png`, with `_frame-<n>` (from 1) for a frame of several.
///
/// A UID comes from outside and is never trusted as a path: only digits and single dots stay, at most 64; where that
/// changed it, a piece of its hash keeps two such files apart.
pub(crate) fn file_name(sop: &SopInstanceUid, frame: u32, n_frames: u32) -> String {
    let mut kept = String::new();
    for letter in sop.as_str().chars().filter(|letter| letter.is_ascii_digit() || *letter == '.').take(64) {
        if !(letter == '.' && (kept.is_empty() || kept.ends_with('.'))) {
            kept.push(letter);
        }
    }
    let mut name = kept.trim_end_matches('.').to_owned();
    if name.is_empty() || name != sop.as_str() {
        let hash = sha256_hex(sop.as_str().as_bytes());
        let separator = if name.is_empty() { "image-" } else { "-" };
        name = format!("{name}{separator}{}", hash.get(..8).unwrap_or_default());
    }
    if n_frames > 1 || frame > 0 {
        name = format!("{name}_frame-{}", u64::from(frame) + 1);
    }
    name + ".png"
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _infallible = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_never_leads_out_of_the_folder() {
        let check = |uid: &str, frame: u32, n_frames: u32, expected: &str| {
            assert_eq!(file_name(&SopInstanceUid::new(uid), frame, n_frames), expected);
        };
        check("1.2.840.10008", 0, 1, "1.2.840.10008.png");
        check("1.2.3", 2, 9, "1.2.3_frame-3.png");
        for uid in ["../../etc/passwd", "..", "", "1.2/../3", "C:\\x", "1..2", ".1", "1.2.", &"1.".repeat(200)] {
            let name = file_name(&SopInstanceUid::new(uid), 0, 1);
            assert!(!name.contains("..") && !name.contains(['/', '\\', ':']) && !name.starts_with('.'), "{name}");
            assert!(name.len() < 90 && name.len() > 10, "{name}");
        }
        let both = ["1.2x", "1.2y"].map(|uid| file_name(&SopInstanceUid::new(uid), 0, 1));
        assert_ne!(both[0], both[1]);
    }

    #[test]
    fn the_hash_is_lower_case_hex() {
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
