//! Attributes held against one another: what stands twice, in the wrong place or in the wrong kind.
//!
//! Two values for one attribute are never chosen between where the picture or the person depends on it.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use crate::domain::intake::Notice;
use crate::import::dicom::dataset::{Coding, DataSet, Element, TagNumber, View};
use crate::import::dicom::source::Source;
use crate::import::error::ImportError;
use crate::import::guard::{self, Input, Scanned, Stop, Until};
use crate::import::limits::Limits;
use crate::import::reason;

/// Read of what follows the pixel data; more is not looked at.
const TAIL_BYTES: u64 = 64 << 10;

/// What the size and meaning of every sample depends on, with the VR of the standard (PS3.3 C.7.6.3).
const PIXEL_DESCRIPTION: [(Tag, VR, &str); 10] = [
    (tags::SAMPLES_PER_PIXEL, VR::US, "Samples per Pixel"),
    (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "Photometric Interpretation"),
    (tags::PLANAR_CONFIGURATION, VR::US, "Planar Configuration"),
    (tags::NUMBER_OF_FRAMES, VR::IS, "Number of Frames"),
    (tags::ROWS, VR::US, "Rows"),
    (tags::COLUMNS, VR::US, "Columns"),
    (tags::BITS_ALLOCATED, VR::US, "Bits Allocated"),
    (tags::BITS_STORED, VR::US, "Bits Stored"),
    (tags::HIGH_BIT, VR::US, "High Bit"),
    (tags::PIXEL_REPRESENTATION, VR::US, "Pixel Representation"),
];

/// Looks at the whole tree before the pixels; `bytes` are what its values lie in.
pub fn check(scanned: &Scanned, bytes: &[u8], notices: &mut Vec<Notice>) -> Result<(), ImportError> {
    for (tag, vr, name) in PIXEL_DESCRIPTION {
        let number = TagNumber::from(tag);
        let of_tag = scanned.set.elements.iter().filter(|element| element.tag == number);
        let mut written = of_tag.filter_map(|element| element.vr.and_then(VR::from_binary));
        if written.any(|written| written != vr && written != VR::UN) {
            let fault = "stored as another kind of value than the standard's".to_owned();
            return Err(ImportError::InvalidAttribute { name, fault });
        }
    }
    if scanned.has_odd_length {
        notices.push(Notice::new(reason::ODD_LENGTH, "An attribute has an odd length; it was read as it stands"));
    }
    if scanned.is_unordered {
        let text = match duplicates(&scanned.set, bytes)? {
            true => Notice::new(reason::DUPLICATE_ATTRIBUTE, "An attribute stands twice"),
            false => out_of_order("The attributes are not in ascending order"),
        };
        notices.push(text);
    }
    Ok(())
}

fn out_of_order(text: &str) -> Notice {
    Notice::new(reason::TAGS_OUT_OF_ORDER, text)
}

/// Whether a tag stands twice in one set. Standard attributes must say the same both times.
fn duplicates(root: &DataSet, bytes: &[u8]) -> Result<bool, ImportError> {
    let mut has_duplicates = false;
    let mut pending = vec![root];
    while let Some(set) = pending.pop() {
        let mut elements: Vec<&Element> = set.elements.iter().collect();
        elements.sort_by_key(|element| element.tag);
        for pair in elements.windows(2) {
            let [first, second] = pair else { continue };
            if first.tag != second.tag {
                continue;
            }
            has_duplicates = true;
            let is_standard = first.tag.tag().group() % 2 == 0;
            if is_standard && !is_same(first, second, bytes) {
                return Err(twice(second.value.start));
            }
        }
        pending.extend(set.elements.iter().filter_map(|element| element.items.as_deref()).flatten());
    }
    Ok(has_duplicates)
}

fn twice(at: usize) -> ImportError {
    ImportError::Malformed { at: at as u64, fault: "an attribute stands twice, with different values" }
}

fn is_same(a: &Element, b: &Element, bytes: &[u8]) -> bool {
    match (&a.items, &b.items) {
        (None, None) => bytes.get(a.value.clone()) == bytes.get(b.value.clone()),
        (Some(a), Some(b)) => a.is_empty() && b.is_empty(),
        _ => false,
    }
}

/// The meta header's word on what the object is, held against the data set's; the data set's counts.
pub fn check_identity(root: &View<'_>, media_class: &str, media_instance: &str) -> Option<Notice> {
    let differs = |media: &str, tag| {
        let own = root.code(tag);
        !media.is_empty() && !own.is_empty() && own != media
    };
    let text = "The meta header names another object than the data set; the data set's identifier counts";
    let is_other = differs(media_instance, tags::SOP_INSTANCE_UID) || differs(media_class, tags::SOP_CLASS_UID);
    is_other.then(|| Notice::new(reason::SOP_CONTRADICTED, text))
}

/// Looks at what stands behind the pixel data, which ends at `end`.
pub fn check_tail(
    source: &Source,
    end: u64,
    coding: Coding,
    scanned: &Scanned,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Option<Notice>, ImportError> {
    // A header has eight bytes: less is padding
    let n_total = source.n_bytes().saturating_sub(end);
    if n_total < 8 {
        return Ok(None);
    }
    let tail = source.read_at(end, n_total.min(TAIL_BYTES))?;
    let foreign = Notice::new(
        reason::TRAILING_BYTES,
        "Bytes that are no attributes stand behind the pixel data; they were not read",
    );
    let behind = match guard::scan(Input { bytes: &tail, n_total, start: 0 }, coding, Until::PixelData, limits) {
        Ok(behind) => behind,
        // One long value, such as padding or a vendor's own
        Err(Stop::NeedBytes(_)) => return Ok(None),
        Err(Stop::Refused(_)) => return Ok(Some(foreign)),
    };
    let Some(pixels) = &scanned.pixels else { return Ok(None) };
    if behind.pixels.is_some() {
        return Err(twice(usize::try_from(end).unwrap_or(usize::MAX)));
    }
    let mut is_late = false;
    for element in &behind.set.elements {
        if element.tag.0 == 0 {
            return Ok(Some(foreign));
        }
        is_late |= element.tag < pixels.tag;
        let before = scanned.set.elements.iter().find(|before| before.tag == element.tag);
        let is_same = |before: &Element| bytes.get(before.value.clone()) == tail.get(element.value.clone());
        if before.is_some_and(|before| before.items.is_some() || !is_same(before)) {
            return Err(twice(usize::try_from(end).unwrap_or(usize::MAX)));
        }
    }
    Ok(is_late.then(|| out_of_order("Attributes stand behind the pixel data; they were not read")))
}
