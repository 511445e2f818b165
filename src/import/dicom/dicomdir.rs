//! DICOMDIR (PS3.3 annex F): an index of files beside it. What it names is joined with care, never with trust.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use dicom_dictionary_std::tags;

use crate::import::dicom::file::DicomFile;
use crate::import::dicom::object_kind::DICOMDIR_CLASS;
use crate::import::error::ImportError;

/// One entry of the index: a file inside the index's folder, or why it is not opened.
pub type Reference = Result<PathBuf, ImportError>;

pub fn is_index(file: &DicomFile) -> bool {
    file.media_class == DICOMDIR_CLASS || file.root().has(tags::DIRECTORY_RECORD_SEQUENCE)
}

/// The referenced files in the index's order, each once.
pub fn references(path: &Path, file: &DicomFile) -> Vec<Reference> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found: Vec<Reference> = Vec::new();
    // Records are read as they stand in the sequence: offsets that lie or run in circles lead nowhere
    let mut seen = BTreeSet::new();
    for record in file.root().items(tags::DIRECTORY_RECORD_SEQUENCE) {
        let parts = record.codes(tags::REFERENCED_FILE_ID);
        if parts.is_empty() || !seen.insert(parts.clone()) {
            continue;
        }
        found.push(joined(folder, &parts));
    }
    found
}

/// PS3.10 8.2: at most eight components.
const MAX_COMPONENTS: usize = 8;

/// Referenced File ID components below `folder`; nothing that leaves it, by name or by link.
fn joined(folder: &Path, parts: &[String]) -> Reference {
    if parts.len() > MAX_COMPONENTS {
        return Err(ImportError::UnsafeReference);
    }
    let mut path = folder.to_owned();
    for part in parts {
        let mut components = Path::new(part).components();
        let is_plain = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
            && !part.contains(['/', '\\', ':', '\0']);
        if !is_plain {
            return Err(ImportError::UnsafeReference);
        }
        path = existing_child(&path, part);
    }
    let Ok(real) = path.canonicalize() else { return Ok(path) };
    match folder.canonicalize().is_ok_and(|root| real.starts_with(root)) {
        true => Ok(path),
        false => Err(ImportError::UnsafeReference),
    }
}

/// The child as named, or the one whose name differs in case only: discs are often copied to lower case.
fn existing_child(folder: &Path, name: &str) -> PathBuf {
    let exact = folder.join(name);
    if exact.exists() {
        return exact;
    }
    let same_name = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().eq_ignore_ascii_case(name);
    let found = std::fs::read_dir(folder).ok().and_then(|entries| entries.flatten().find(same_name));
    found.map_or(exact, |entry| entry.path())
}
