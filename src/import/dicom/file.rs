//! One DICOM file opened: found, checked, its attributes as a tree, its pixels still on disk.

use std::path::Path;

use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::domain::intake::Notice;
use crate::domain::stored_pixels::PixelCoding;
use crate::import::dicom::contradictions;
use crate::import::dicom::dataset::{Coding, View};
use crate::import::dicom::inflate::inflate;
use crate::import::dicom::source::Source;
use crate::import::dicom::syntax::{EXPLICIT_BE_UID, EXPLICIT_LE_UID, IMPLICIT_LE_UID, Syntax};
use crate::import::dicom::text::{Charset, Understanding};
use crate::import::error::ImportError;
use crate::import::guard::{self, Input, PixelElement, Scanned, Stop, Until};
use crate::import::limits::Limits;
use crate::import::{reason, recognize};

/// Read first; most headers fit.
pub const FIRST_READ: usize = 16 << 10;

pub struct DicomFile {
    pub source: Source,
    pub syntax: Syntax,
    pub scanned: Scanned,
    /// Media Storage SOP Class and Instance UID (0002,0002) and (0002,0003); empty when absent.
    pub media_class: String,
    pub media_instance: String,
    pub notices: Vec<Notice>,
    bytes: Vec<u8>,
    charset: Charset,
}

/// What the file meta group said.
#[derive(Default)]
struct Meta {
    /// The file has one.
    is_present: bool,
    syntax_uid: String,
    class: String,
    instance: String,
    /// Where the data set starts.
    end: usize,
}

impl DicomFile {
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, ImportError> {
        let source = Source::open(path)?;
        let head = source.head(FIRST_READ)?;
        Self::read(source, head, limits)
    }

    /// From a source of which `head`, its first [`FIRST_READ`] bytes, has been read.
    pub fn read(source: Source, head: Vec<u8>, limits: &Limits) -> Result<Self, ImportError> {
        let mut notices = Vec::new();
        let mut bytes = head;
        let start = recognize::dicom_start(&bytes, &mut notices).ok_or(ImportError::NotAnImageFile)?;
        let meta = read_meta(&source, &mut bytes, start, limits, &mut notices)?;
        let (source, syntax, start) = match Syntax::from_uid(&meta.syntax_uid) {
            Some(syntax) if syntax.is_deflated => {
                let inflated = inflated(&source, meta.end, limits, &mut notices)?;
                bytes = inflated.get(..inflated.len().min(FIRST_READ)).unwrap_or_default().to_vec();
                (Source::Memory { bytes: inflated, stamp: source.stamp() }, syntax, 0)
            }
            Some(syntax) => {
                let syntax = settle(syntax, &bytes, meta.end, source.n_bytes(), &mut notices)?;
                (source, syntax, meta.end)
            }
            None if meta.is_present && meta.syntax_uid.is_empty() => {
                return Err(ImportError::MissingAttribute("Transfer Syntax UID"));
            }
            None if meta.syntax_uid.is_empty() => {
                let syntax = sniffed_syntax(&bytes, meta.end, source.n_bytes())?;
                (source, syntax, meta.end)
            }
            None => return Err(ImportError::UnknownTransferSyntax(printable_uid(&meta.syntax_uid))),
        };
        let mut scanned = scan_growing(&source, &mut bytes, start, syntax.coding, Until::PixelData, limits)?;
        adopt_unknown_sequences(&mut scanned, &bytes, limits);
        if scanned.was_repaired {
            notices.push(Notice::new(reason::STRUCTURE_REPAIRED, "Stray or missing delimiters were stepped over"));
        }
        let root = View { bytes: &bytes, set: &scanned.set, charset: Charset::default() };
        let (charset, understanding) = Charset::from_codes(&root.codes(tags::SPECIFIC_CHARACTER_SET));
        notices.extend(charset_notice(understanding));
        contradictions::check(&scanned, &bytes, &mut notices)?;
        if let Some(end) = scanned.pixels.as_ref().and_then(PixelElement::end) {
            let behind = contradictions::check_tail(&source, end, syntax.coding, &scanned, &bytes, limits)?;
            notices.extend(behind);
        }
        let Meta { class, instance, .. } = meta;
        notices.extend(contradictions::check_identity(&root, &class, &instance));
        Ok(Self { source, syntax, scanned, media_class: class, media_instance: instance, notices, bytes, charset })
    }

    pub fn root(&self) -> View<'_> {
        View { bytes: &self.bytes, set: &self.scanned.set, charset: self.charset }
    }

    /// The bytes before the pixels: what a missing UID is derived from.
    pub fn header_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn charset_notice(understanding: Understanding) -> Option<Notice> {
    let text = match understanding {
        Understanding::Exact => return None,
        Understanding::Misspelled => "The character set's name is misspelled; it was read as what it must mean",
        Understanding::Unknown => "The character set is not known; text was read as Latin-1",
    };
    Some(Notice::new(reason::CHARSET_GUESSED, text))
}

/// Scans, fetching more of the file as the guard asks for it.
fn scan_growing(
    source: &Source,
    bytes: &mut Vec<u8>,
    start: usize,
    coding: Coding,
    until: Until,
    limits: &Limits,
) -> Result<Scanned, ImportError> {
    loop {
        let input = Input { bytes, n_total: source.n_bytes(), start };
        match guard::scan(input, coding, until, limits) {
            Ok(scanned) => return Ok(scanned),
            Err(Stop::Refused(error)) => return Err(error),
            Err(Stop::NeedBytes(n)) => {
                let n_next = (n.max(bytes.len().saturating_mul(4)) as u64).min(source.n_bytes());
                let n_before = bytes.len() as u64;
                if n_next <= n_before {
                    return Err(ImportError::FileChanged);
                }
                source.append_at(n_before, n_next - n_before, bytes)?;
            }
        }
    }
}

/// Group 0002 by its tags; its declared length is never needed, so a wrong one costs nothing.
fn read_meta(
    source: &Source,
    bytes: &mut Vec<u8>,
    start: usize,
    limits: &Limits,
    notices: &mut Vec<Notice>,
) -> Result<Meta, ImportError> {
    let is_meta = bytes.get(start..start + 2) == Some(&[0x02, 0x00]);
    if !is_meta {
        notices.push(Notice::new(reason::NO_META, "The file has no meta header; its layout was told from its bytes"));
        return Ok(Meta { end: start, ..Meta::default() });
    }
    let scanned = scan_growing(source, bytes, start, Coding::EXPLICIT_LE, Until::EndOfMeta, limits)?;
    let view = View { bytes, set: &scanned.set, charset: Charset::default() };
    let meta = Meta {
        is_present: true,
        syntax_uid: view.code(tags::TRANSFER_SYNTAX_UID),
        class: view.code(tags::MEDIA_STORAGE_SOP_CLASS_UID),
        instance: view.code(tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
        end: scanned.end,
    };
    let declared = view.integer(tags::FILE_META_INFORMATION_GROUP_LENGTH);
    let actual = i64::try_from(scanned.end.saturating_sub(start + 12)).ok();
    if declared != actual {
        notices.push(Notice::new(
            reason::META_REPAIRED,
            "The length of the meta header is wrong; it was read by its tags",
        ));
    }
    Ok(meta)
}

/// The data set behind the meta header, inflated; the stream must be whole.
fn inflated(source: &Source, start: usize, limits: &Limits, notices: &mut Vec<Notice>) -> Result<Vec<u8>, ImportError> {
    let start = start as u64;
    let n_compressed = source.n_bytes().saturating_sub(start);
    if n_compressed > limits.max_inflated_bytes {
        return Err(ImportError::TooLarge { what: "The deflated data", limit: limits.max_inflated_bytes });
    }
    let compressed = source.read_at(start, n_compressed)?;
    let inflated = inflate(&compressed, u64::MAX, limits)?;
    // PS3.5 A.5: one NUL pads the stream to even length
    if compressed.len() > inflated.n_consumed + 1 {
        let text = "Bytes stand behind the deflated data; they were not read";
        notices.push(Notice::new(reason::TRAILING_BYTES, text));
    }
    Ok(inflated.bytes)
}

/// The declared syntax, if the bytes do not speak against it.
fn settle(
    syntax: Syntax,
    bytes: &[u8],
    start: usize,
    n_total: u64,
    notices: &mut Vec<Notice>,
) -> Result<Syntax, ImportError> {
    let Some(coding) = recognize::sniff_coding(bytes, start, n_total).filter(|coding| *coding != syntax.coding) else {
        return Ok(syntax);
    };
    // Fragments are laid out the same in both, and so are the samples in them: only the attributes are implicit
    let is_harmless = syntax.pixels != PixelCoding::Native && coding == Coding::IMPLICIT_LE;
    if !is_harmless {
        let fault = "the attributes are not laid out as the transfer syntax says";
        return Err(ImportError::Malformed { at: start as u64, fault });
    }
    let text = "The attributes are not laid out as the transfer syntax says; they were read as they stand";
    notices.push(Notice::new(reason::SYNTAX_CONTRADICTED, text));
    Ok(Syntax { coding, ..syntax })
}

fn sniffed_syntax(bytes: &[u8], start: usize, n_total: u64) -> Result<Syntax, ImportError> {
    let coding =
        recognize::sniff_coding(bytes, start, n_total).ok_or_else(|| unreadable_start(bytes, start, n_total))?;
    let uid = match coding {
        Coding { is_explicit: false, .. } => IMPLICIT_LE_UID,
        Coding { is_big_endian: true, .. } => EXPLICIT_BE_UID,
        _ => EXPLICIT_LE_UID,
    };
    Syntax::from_uid(uid).ok_or(ImportError::NotAnImageFile)
}

/// Why no data set begins at `start`: behind the magic word the file is DICOM all the same.
fn unreadable_start(bytes: &[u8], start: usize, n_total: u64) -> ImportError {
    match bytes.get(128..132) == Some(b"DICM") {
        true if n_total < start as u64 + 8 => ImportError::Truncated { at: n_total },
        true => ImportError::Malformed { at: start as u64, fault: "no DICOM attribute begins here" },
        false => ImportError::NotAnImageFile,
    }
}

/// Sequences stored as UN with a length (CP-246): read as implicit little endian, left alone when they are not.
fn adopt_unknown_sequences(scanned: &mut Scanned, bytes: &[u8], limits: &Limits) {
    for element in &mut scanned.set.elements {
        let is_unknown = element.vr.is_some_and(|vr| &vr == b"UN");
        if is_unknown && element.items.is_none() && element.tag.dictionary_vr() == VR::SQ {
            let input = Input { bytes, n_total: bytes.len() as u64, start: element.value.start };
            element.items = guard::scan_items(input, element.tag, element.value.end, limits);
        }
    }
}

/// Digits and dots only, at most 64: safe to show whatever the file holds.
fn printable_uid(uid: &str) -> String {
    uid.chars().filter(|c| c.is_ascii_digit() || *c == '.').take(64).collect()
}
