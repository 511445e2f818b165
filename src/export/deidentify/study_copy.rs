//! A folder of anonymous copies: file by file, each new, none over another, with an account that names nobody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::file::ReadPreamble;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject, OpenFileOptions};
use serde::Serialize;

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::deidentification::{BurnedIn, CopySummary, Options, WritingVerdict};
use crate::domain::frame::Frame;
use crate::domain::geometry::PixelBox;
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::uid::SopInstanceUid;
use crate::export::deidentify::dataset::{self, Changes, put};
use crate::export::deidentify::pseudonyms::Secret;
use crate::export::deidentify::{pixels, profile, streams};
use crate::export::error::ExportError;
use crate::export::staging::Staging;

/// Retired, and still met with.
const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

pub const ACCOUNT_FILE_NAME: &str = "deidentification.json";

/// Decodes all frames of an instance, or says why they cannot be had.
pub type FramesOf<'a> = dyn FnMut(&Instance) -> Result<Vec<Arc<Frame>>, Notice> + 'a;

/// Makes copies into one folder and keeps the account of them.
pub struct Copier {
    options: Options,
    secret: Secret,
    folder: PathBuf,
    /// What somebody said of images they have looked at.
    agreed: BTreeMap<SopInstanceUid, WritingVerdict>,
    files: Vec<CopiedFile>,
    left_out: BTreeMap<&'static str, LeftOut>,
    changes: Changes,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CopiedFile {
    /// Below the folder.
    pub path: PathBuf,
    pub sop_class_uid: String,
    /// What was blacked out, `[x0, y0, x1, y1]` in pixel edges.
    pub blacked_out: Vec<[f64; 4]>,
}

#[derive(Clone, Debug, Serialize)]
struct LeftOut {
    reason: String,
    n_files: u64,
}

#[derive(Serialize)]
struct Account<'a> {
    schema: &'static str,
    research_use_only: &'static str,
    profile: Vec<CodeLine>,
    files: &'a [CopiedFile],
    left_out: &'a BTreeMap<&'static str, LeftOut>,
    attributes: Vec<AttributeLine>,
}

#[derive(Serialize)]
struct CodeLine {
    scheme: &'static str,
    value: &'static str,
    meaning: &'static str,
}

#[derive(Serialize)]
struct AttributeLine {
    tag: String,
    name: &'static str,
    what: &'static str,
    n: u64,
}

impl Copier {
    /// `agreed`: what somebody said of the writing in images they have looked at; the options speak for all others.
    pub fn new(
        options: Options,
        secret: Secret,
        folder: &Path,
        agreed: BTreeMap<SopInstanceUid, WritingVerdict>,
    ) -> Self {
        let (folder, left_out, changes) = (folder.to_owned(), BTreeMap::new(), Changes::new());
        Self { options, secret, folder, agreed, files: Vec::new(), left_out, changes }
    }

    pub fn files(&self) -> &[CopiedFile] {
        &self.files
    }

    /// Copies one file. `instance`: what the importer knows of it, where it holds pictures. A file that cannot be made
    /// anonymous is left out and said; an error means that nothing can be written at all.
    pub fn copy(
        &mut self,
        path: &Path,
        instance: Option<&Instance>,
        frames: &mut FramesOf<'_>,
    ) -> Result<Result<CopiedFile, Notice>, ExportError> {
        let made = self.anonymous(path, instance, frames);
        let Anonymous { bytes, name, sop_class_uid, blacked_out, changes } = match made {
            Ok(made) => made,
            Err(notice) => {
                self.leave_out(&notice);
                return Ok(Err(notice));
            }
        };
        let target = self.folder.join(&name);
        if target.exists() {
            let notice = Notice::new("already_there", "A file of this name is in the folder and stays as it is");
            self.leave_out(&notice);
            return Ok(Err(notice));
        }
        let parent = target.parent().unwrap_or(&self.folder);
        let file_name = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let mut staging = Staging::new(parent)?;
        staging.add(file_name, &bytes)?;
        staging.commit()?;
        for (what, n) in changes {
            *self.changes.entry(what).or_default() += n;
        }
        let copied = CopiedFile { path: name, sop_class_uid, blacked_out };
        self.files.push(copied.clone());
        Ok(Ok(copied))
    }

    /// For the account: a file that somebody else refused.
    pub fn leave_out(&mut self, notice: &Notice) {
        let fresh = || LeftOut { reason: reason(notice), n_files: 0 };
        self.left_out.entry(notice.code).or_insert_with(fresh).n_files += 1;
    }

    /// Writes the account beside the copies: which options, which files, how often which attribute was treated how.
    pub fn finish(&self) -> Result<PathBuf, ExportError> {
        let line = |((tag, act), n): (&(Tag, profile::Act), &u64)| AttributeLine {
            tag: format!("({:04X},{:04X})", tag.0, tag.1),
            name: attribute_name(*tag),
            what: act.word(),
            n: *n,
        };
        let codes = self.options.codes().into_iter();
        let account = Account {
            schema: "overread-deidentification",
            research_use_only: RESEARCH_USE_ONLY,
            profile: codes.map(|(value, meaning)| CodeLine { scheme: "DCM", value, meaning }).collect(),
            files: &self.files,
            left_out: &self.left_out,
            attributes: self.changes.iter().map(line).collect(),
        };
        let mut text = serde_json::to_vec_pretty(&account)?;
        text.push(b'\n');
        let mut staging = Staging::new(&self.folder)?;
        staging.add(ACCOUNT_FILE_NAME, &text)?;
        staging.commit()?;
        Ok(self.folder.join(ACCOUNT_FILE_NAME))
    }

    fn anonymous(
        &self,
        path: &Path,
        instance: Option<&Instance>,
        frames: &mut FramesOf<'_>,
    ) -> Result<Anonymous, Notice> {
        let file = OpenFileOptions::new().read_preamble(ReadPreamble::Auto).open_file(path);
        let file = file.map_err(|_| Notice::new("not_rewritable", "The file's structure cannot be written anew"))?;
        let syntax = file.meta().transfer_syntax().trim_end_matches('\0').to_owned();
        let mut object = file.into_inner();
        let text = |object: &InMemDicomObject, tag: Tag| {
            let value = object.get(tag).and_then(|element| element.to_str().ok());
            value.map(|text| text.trim_end_matches(['\0', ' ']).to_owned()).unwrap_or_default()
        };
        let sop_class_uid = text(&object, tags::SOP_CLASS_UID);
        refuse_unreadable_content(&object, &sop_class_uid)?;
        let blackened = self.pixels(&mut object, instance, frames)?;
        streams::silence(&mut object, &syntax)?;
        object.convert_to_utf8();
        let changes = dataset::deidentify(&mut object, &self.options, &self.secret);
        if !blackened.is_empty() {
            put(&mut object, tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
        }
        let is_native = matches!(
            syntax.as_str(),
            EXPLICIT_VR_BIG_ENDIAN | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN | uids::IMPLICIT_VR_LITTLE_ENDIAN
        ) || !blackened.is_empty();
        let syntax = if is_native { uids::EXPLICIT_VR_LITTLE_ENDIAN } else { &syntax };
        let sop = text(&object, tags::SOP_INSTANCE_UID);
        let meta = FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(&sop_class_uid)
            .media_storage_sop_instance_uid(&sop)
            .transfer_syntax(syntax);
        let folder = |tag: Tag, kind: &str| format!("{kind}-{}", tail(&text(&object, tag)));
        let name = Path::new(&text(&object, tags::PATIENT_ID))
            .join(folder(tags::STUDY_INSTANCE_UID, "study"))
            .join(folder(tags::SERIES_INSTANCE_UID, "series"))
            .join(format!("{}.dcm", tail(&sop)));
        let mut bytes = Vec::new();
        let written = object
            .with_meta(meta)
            .map_err(|error| error.to_string())
            .and_then(|file| file.write_all(&mut bytes).map_err(|error| error.to_string()));
        written.map_err(|_| Notice::new("not_rewritable", "The file's structure cannot be written anew"))?;
        let blacked_out = blackened.iter().map(|PixelBox { x0, y0, x1, y1 }| [*x0, *y0, *x1, *y1]).collect();
        Ok(Anonymous { bytes, name, sop_class_uid, blacked_out, changes })
    }

    /// What was done so far, in words.
    pub fn summary(&self) -> CopySummary {
        let change = |((tag, act), n): (&(Tag, profile::Act), &u64)| (attribute_name(*tag).to_owned(), act.word(), *n);
        let left_out = self.left_out.values().map(|left| (left.reason.clone(), left.n_files as usize));
        CopySummary {
            n_files: self.files.len(),
            n_blacked_out: self.files.iter().filter(|file| !file.blacked_out.is_empty()).count(),
            left_out: left_out.collect(),
            changes: self.changes.iter().map(change).collect(),
        }
    }

    /// Looks for writing where nobody has looked, and blacks it out where that is asked for.
    fn pixels(
        &self,
        object: &mut InMemDicomObject,
        instance: Option<&Instance>,
        frames: &mut FramesOf<'_>,
    ) -> Result<Vec<PixelBox>, Notice> {
        let Some(instance) = instance else { return Ok(Vec::new()) };
        let agreed = self.agreed.get(&instance.sop);
        let is_kept = agreed.is_none() && self.options.burned_in == BurnedIn::Keep;
        if is_kept || agreed == Some(&WritingVerdict::Harmless) {
            return Ok(Vec::new());
        }
        if agreed == Some(&WritingVerdict::LeaveOut) {
            return Err(Notice::new("burned_in", WRITING));
        }
        let frames = frames(instance)?;
        if let Some(WritingVerdict::BlackOut(boxes)) = agreed {
            return blackened(object, instance, &frames, boxes);
        }
        let found = pixels::writing(instance, &frames);
        match (self.options.burned_in, found.is_empty()) {
            // The file says there is some, and none was found: somebody must look
            (_, true) if says_burned_in(object) => {
                Err(Notice::new("burned_in_not_found", "The file says that writing is burned in, and none was found"))
            }
            (_, true) => Ok(Vec::new()),
            (BurnedIn::BlackOut, false) => blackened(object, instance, &frames, &found),
            (_, false) => Err(Notice::new("burned_in", WRITING)),
        }
    }
}

const WRITING: &str = "There seems to be writing in the picture";

fn blackened(
    object: &mut InMemDicomObject,
    instance: &Instance,
    frames: &[Arc<Frame>],
    boxes: &[PixelBox],
) -> Result<Vec<PixelBox>, Notice> {
    let refused = || Notice::new("not_blackened", "Writing in this kind of pixels cannot be blacked out");
    pixels::black_out(object, instance, frames, boxes).ok_or_else(refused)?;
    Ok(boxes.to_vec())
}

fn says_burned_in(object: &InMemDicomObject) -> bool {
    let said = object.get(tags::BURNED_IN_ANNOTATION).and_then(|element| element.to_str().ok());
    said.is_some_and(|text| text.trim() == "YES")
}

struct Anonymous {
    bytes: Vec<u8>,
    name: PathBuf,
    sop_class_uid: String,
    blacked_out: Vec<[f64; 4]>,
    changes: Changes,
}

/// What cannot be looked into cannot be made anonymous.
pub fn refuse_unreadable_content(object: &InMemDicomObject, sop_class: &str) -> Result<(), Notice> {
    // Encapsulated PDF, CDA, STL …: one family of UIDs (PS3.4 B.5)
    if sop_class.starts_with("1.2.840.10008.5.1.4.1.1.104.") || object.get(tags::ENCAPSULATED_DOCUMENT).is_some() {
        return Err(Notice::new("encapsulated_document", "A document inside the file cannot be made anonymous"));
    }
    let is_raw = sop_class == uids::RAW_DATA_STORAGE || sop_class.is_empty();
    if is_raw {
        return Err(Notice::new("unknown_content", "The file does not say what it holds, or holds raw data"));
    }
    Ok(())
}

/// The last twelve digits: enough to tell apart, short enough for a name.
fn tail(uid: &str) -> &str {
    uid.get(uid.len().saturating_sub(12)..).unwrap_or(uid)
}

pub fn attribute_name(tag: Tag) -> &'static str {
    use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
    let Tag(group, _) = tag;
    if group & 1 == 1 {
        return "Private attribute";
    }
    let of_dictionary = || dicom_dictionary_std::StandardDataDictionary.by_tag(tag).map(|entry| entry.alias());
    profile::name(tag).or_else(of_dictionary).unwrap_or("Unknown attribute")
}

/// The reason as the account may say it: the code's own sentence, never a file's words.
fn reason(notice: &Notice) -> String {
    let own = ["not_rewritable", "burned_in", "burned_in_not_found", "not_blackened", "encapsulated_document"];
    let more = ["unknown_content", "already_there", "overlay_in_pixels"];
    let is_own = own.iter().chain(&more).any(|code| *code == notice.code);
    if is_own { notice.text.clone() } else { "The importer refused the file".to_owned() }
}
