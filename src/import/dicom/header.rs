//! A file's attributes as lines to read: every one before the pixels, sequences with their items.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use dicom_core::{DataDictionary as _, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

use crate::domain::header::HeaderLine;
use crate::import::dicom::dataset::{Coding, Element, TagNumber, View, vr_of, words};
use crate::import::dicom::file::DicomFile;
use crate::import::error::ImportError;
use crate::import::limits::Limits;

/// More than anybody reads; a file of 100,000 frames has more.
const MAX_LINES: usize = 20_000;
/// Of a value.
const MAX_CHARS: usize = 240;
/// Numbers of a value.
const MAX_NUMBERS: usize = 32;

/// Of a DICOM file; pictures of other kinds have none.
pub fn lines(path: &Path, limits: &Limits) -> Result<Vec<HeaderLine>, ImportError> {
    catch_unwind(AssertUnwindSafe(|| read(path, limits))).unwrap_or(Err(ImportError::Panicked))
}

fn read(path: &Path, limits: &Limits) -> Result<Vec<HeaderLine>, ImportError> {
    let file = DicomFile::open(path, limits)?;
    let meta = [
        (tags::MEDIA_STORAGE_SOP_CLASS_UID, file.media_class.as_str()),
        (tags::MEDIA_STORAGE_SOP_INSTANCE_UID, file.media_instance.as_str()),
        (tags::TRANSFER_SYNTAX_UID, file.syntax.uid.as_str()),
    ];
    let of_meta = meta.into_iter().filter(|(_, value)| !value.is_empty()).map(|(tag, value)| HeaderLine {
        depth: 0,
        tag: TagNumber::from(tag).0,
        vr: "UI".to_owned(),
        name: name(TagNumber::from(tag)),
        value: value.to_owned(),
    });
    let mut lines: Vec<HeaderLine> = of_meta.collect();
    add(file.root(), 0, &mut lines);
    if lines.len() == MAX_LINES {
        let value = format!("The first {MAX_LINES} lines are shown");
        lines.push(HeaderLine { depth: 0, tag: 0, vr: String::new(), name: "…".to_owned(), value });
    }
    Ok(lines)
}

fn add(view: View<'_>, depth: u8, lines: &mut Vec<HeaderLine>) {
    for element in &view.set.elements {
        if lines.len() >= MAX_LINES {
            return;
        }
        let vr = vr_of(element);
        let items = view.items(element.tag.tag());
        let value = match &element.items {
            Some(items) if items.len() == 1 => "1 item".to_owned(),
            Some(items) => format!("{} items", items.len()),
            None => value(view, element, vr),
        };
        let vr = vr.to_string().to_owned();
        lines.push(HeaderLine { depth, tag: element.tag.0, vr, name: name(element.tag), value });
        for (index, item) in items.into_iter().enumerate() {
            if lines.len() >= MAX_LINES {
                return;
            }
            let name = format!("Item {}", index + 1);
            let depth = depth.saturating_add(1);
            lines.push(HeaderLine { depth, tag: 0, vr: String::new(), name, value: String::new() });
            add(item, depth, lines);
        }
    }
}

fn name(tag: TagNumber) -> String {
    let is_private = tag.0 >> 16 & 1 == 1;
    let known = StandardDataDictionary.by_tag(tag.tag()).filter(|_| !is_private);
    known.map_or(if is_private { "Private" } else { "Unknown" }, |entry| entry.alias).to_owned()
}

fn value(view: View<'_>, element: &Element, vr: VR) -> String {
    let tag = element.tag.tag();
    let n_bytes = element.value.len();
    match vr {
        VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV | VR::UN => format!("{n_bytes} bytes"),
        VR::US | VR::SS | VR::UL | VR::SL | VR::FL | VR::FD => {
            let numbers = view.numbers(tag);
            let mut words: Vec<String> = numbers.iter().take(MAX_NUMBERS).map(ToString::to_string).collect();
            if numbers.len() > MAX_NUMBERS {
                words.push(format!("… ({} in all)", numbers.len()));
            }
            words.join("\\")
        }
        VR::AT => {
            let bytes = view.raw(tag).unwrap_or_default();
            let coding = Coding { is_explicit: true, is_big_endian: element.is_big_endian };
            let words: Vec<u16> = words(bytes, coding).take(2 * MAX_NUMBERS).collect();
            let pairs = words.as_chunks::<2>().0;
            pairs.iter().map(|[group, element]| format!("({group:04X},{element:04X})")).collect::<Vec<_>>().join("\\")
        }
        _ => shortened(view.text(tag)),
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
