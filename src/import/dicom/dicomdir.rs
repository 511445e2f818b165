//! DICOMDIR (PS3.3 annex F): an index of files beside it. What it names is joined with care, never with trust.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use dicom_dictionary_std::tags;

use crate::import::dicom::dataset::View;
use crate::import::dicom::file::DicomFile;
use crate::import::dicom::object_kind::DICOMDIR_CLASS;
use crate::import::error::ImportError;

/// One entry of the index: a file inside the index's folder, or why it is not opened.
pub type Reference = Result<PathBuf, ImportError>;

/// Records of one index; a full DVD of single slices has a tenth.
const MAX_RECORDS: usize = 200_000;
/// Components of a file's name (PS3.10 8.2).
const MAX_COMPONENTS: usize = 8;

pub fn is_index(file: &DicomFile) -> bool {
    file.media_class == DICOMDIR_CLASS || file.root().has(tags::DIRECTORY_RECORD_SEQUENCE)
}

/// The referenced files in the index's order, each once. Faults of the index itself come last.
pub fn references(path: &Path, file: &DicomFile) -> Vec<Reference> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let root = file.root();
    let mut records = records(&root);
    let is_cut = records.len() > MAX_RECORDS;
    records.truncate(MAX_RECORDS);
    let walked = walk(&records, offset(&root, tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY));
    let mut listing = Listing { folder, children: BTreeMap::new() };
    let mut seen: BTreeSet<Vec<String>> = BTreeSet::new();
    let mut found: Vec<Reference> = Vec::new();
    for record in walked.order.iter().filter_map(|index| records.get(*index)) {
        if !record.file.is_empty() && seen.insert(record.file.clone()) {
            found.push(listing.joined(&record.file));
        }
    }
    if let Some(at) = walked.circle {
        found.push(Err(ImportError::Malformed { at, fault: "the index's records run in a circle" }));
    }
    if is_cut {
        found.push(Err(ImportError::NotReached(format!("more than {MAX_RECORDS} records in the index"))));
    }
    found
}

/// One directory record with its links, which are offsets from the start of the file; 0 is none.
struct Record {
    offset: u64,
    next: u64,
    lower: u64,
    is_in_use: bool,
    /// Referenced File ID (0004,1500); empty for records above the images.
    file: Vec<String>,
}

/// The records in the order of the sequence, one more than the limit at most.
fn records(root: &View<'_>) -> Vec<Record> {
    let items = root.items(tags::DIRECTORY_RECORD_SEQUENCE);
    items.iter().take(MAX_RECORDS + 1).map(record).collect()
}

fn record(item: &View<'_>) -> Record {
    // The first element of a record has a short header, and the item's own is as long (PS3.5 7.1 and 7.5)
    let start = item.set.elements.first().map_or(0, |element| element.value.start.saturating_sub(16));
    let file = item.codes(tags::REFERENCED_FILE_ID);
    Record {
        offset: start as u64,
        next: offset(item, tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD),
        lower: offset(item, tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY),
        is_in_use: item.integer(tags::RECORD_IN_USE_FLAG) != Some(0),
        file: if file.iter().all(String::is_empty) { Vec::new() } else { file },
    }
}

fn offset(view: &View<'_>, tag: dicom_core::Tag) -> u64 {
    view.integer(tag).and_then(|offset| u64::try_from(offset).ok()).unwrap_or(0)
}

struct Walked {
    /// Indices of all records in use, those that the links reach first.
    order: Vec<usize>,
    /// Where a link led back to a record that was already there.
    circle: Option<u64>,
}

/// Follows the links from `first`, without recursion. What they do not reach, because they are wrong or were never
/// written, follows in the order of the sequence: an index lists files, and none of them shall be lost.
fn walk(records: &[Record], first: u64) -> Walked {
    let by_offset: BTreeMap<u64, usize> = records.iter().map(|record| record.offset).zip(0..).collect();
    let mut is_seen = vec![false; records.len()];
    let mut walked = Walked { order: Vec::new(), circle: None };
    let mut open = vec![first];
    while let Some(at) = open.pop() {
        let Some((index, record)) = by_offset.get(&at).and_then(|index| Some((*index, records.get(*index)?))) else {
            continue;
        };
        if is_seen.get(index).copied().unwrap_or(true) {
            walked.circle = walked.circle.or(Some(at));
            continue;
        }
        if let Some(seen) = is_seen.get_mut(index) {
            *seen = true;
        }
        if record.is_in_use {
            walked.order.push(index);
        }
        // What lies below comes before what comes next
        open.extend([record.next, record.lower].into_iter().filter(|offset| *offset != 0));
    }
    let missed =
        (0..).zip(records).filter(|(index, record)| record.is_in_use && !is_seen.get(*index).is_some_and(|s| *s));
    walked.order.extend(missed.map(|(index, _)| index));
    walked
}

/// Names of the index's folder and those below by their plain names, each folder read once.
struct Listing<'a> {
    folder: &'a Path,
    children: BTreeMap<PathBuf, BTreeMap<String, String>>,
}

impl Listing<'_> {
    /// Referenced File ID components below the folder; nothing that leaves it, by name or by link.
    fn joined(&mut self, parts: &[String]) -> Reference {
        if parts.len() > MAX_COMPONENTS {
            return Err(ImportError::UnsafeReference);
        }
        let mut path = self.folder.to_owned();
        for part in parts {
            let mut components = Path::new(part).components();
            let is_plain = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
                && !part.contains(['/', '\\', ':', '\0']);
            if !is_plain {
                return Err(ImportError::UnsafeReference);
            }
            path = self.existing_child(&path, part);
        }
        let Ok(real) = path.canonicalize() else { return Ok(path) };
        match self.folder.canonicalize().is_ok_and(|root| real.starts_with(root)) {
            true => Ok(path),
            false => Err(ImportError::UnsafeReference),
        }
    }

    /// The child as named, or the one whose name differs only as discs make names differ: in case, by a version
    /// (`IM1;1`), by a dot at the end.
    fn existing_child(&mut self, folder: &Path, name: &str) -> PathBuf {
        let exact = folder.join(name);
        if exact.exists() {
            return exact;
        }
        let children = self.children.entry(folder.to_owned()).or_insert_with(|| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .map(|name| (plain_name(&name), name))
                .collect()
        });
        children.get(&plain_name(name)).map_or(exact, |child| folder.join(child))
    }
}

/// A name without what ISO 9660 adds to it, in lower case.
fn plain_name(name: &str) -> String {
    let (stem, version) = name.split_once(';').unwrap_or((name, ""));
    let is_version = version.chars().all(|c| c.is_ascii_digit());
    let stem = if is_version { stem } else { name };
    stem.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(links: &[(u64, u64, u64)]) -> Vec<Record> {
        let record = |(offset, next, lower): &(u64, u64, u64)| Record {
            offset: *offset,
            next: *next,
            lower: *lower,
            is_in_use: true,
            file: Vec::new(),
        };
        links.iter().map(record).collect()
    }

    fn order(links: &[(u64, u64, u64)]) -> (Vec<usize>, Option<u64>) {
        let Walked { order, circle } = walk(&records(links), 100);
        (order, circle)
    }

    #[test]
    fn links_are_followed_downward_first_wherever_the_records_stand() {
        assert_eq!(order(&[(100, 300, 400), (300, 0, 0), (400, 0, 0)]), (vec![0, 2, 1], None));
        assert_eq!(order(&[(300, 0, 0), (200, 300, 0), (100, 0, 200)]), (vec![2, 1, 0], None));
    }

    #[test]
    fn circles_end_and_links_to_nowhere_lose_no_record() {
        assert_eq!(order(&[(100, 100, 0), (200, 0, 0)]), (vec![0, 1], Some(100)));
        assert_eq!(order(&[(100, 200, 0), (200, 100, 100)]), (vec![0, 1], Some(100)));
        assert_eq!(order(&[(100, 7, 1 << 40), (200, 0, 0)]), (vec![0, 1], None));
        assert_eq!(order(&[(10, 0, 0), (20, 0, 0)]), (vec![0, 1], None));
    }

    #[test]
    fn a_long_chain_is_walked_without_recursion() {
        let links: Vec<(u64, u64, u64)> = (0..100_000).map(|n| (100 + n, 0, 101 + n)).collect();
        assert_eq!(order(&links).0.len(), 100_000);
    }

    #[test]
    fn names_of_discs_match_in_any_dress() {
        assert_eq!(plain_name("IM1;1"), plain_name("im1"));
        assert_eq!(plain_name("IM1."), plain_name("IM1"));
        assert_ne!(plain_name("IM1;x"), plain_name("IM1"));
    }
}
