//! The attributes that tell who somebody is, and what is to be done with each: PS3.15 table E.1-1 (2026c), as data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use crate::domain::deidentification::{Dates, Options};

/// `assets/deidentification/attributes.tsv`: tag, action of the Basic Profile, options that concern it, name.
const TABLE: &str = include_str!("../../../assets/deidentification/attributes.tsv");

/// What is done with one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    Keep,
    /// A value of the same kind that says nothing.
    Replace,
    /// Present without a value.
    Empty,
    Remove,
    /// Another UID, the same wherever the old one stands.
    MapUid,
    /// Dates are moved by the patient's own number of days, times stay.
    Shift,
    /// Free text keeps the words that are radiology's.
    CleanText,
    /// A sequence is kept and its items are treated by this table.
    Enter,
}

impl Act {
    pub fn word(self) -> &'static str {
        match self {
            Self::Keep => "kept",
            Self::Replace => "replaced",
            Self::Empty => "emptied",
            Self::Remove => "removed",
            Self::MapUid => "UID mapped",
            Self::Shift => "shifted",
            Self::CleanText => "cleaned",
            Self::Enter => "cleaned inside",
        }
    }
}

struct Entry {
    action: &'static str,
    options: &'static str,
    name: &'static str,
}

static ENTRIES: LazyLock<BTreeMap<Tag, Entry>> = LazyLock::new(|| TABLE.lines().filter_map(entry).collect());

fn entry(line: &'static str) -> Option<(Tag, Entry)> {
    let mut cells = line.split('\t');
    let number = u32::from_str_radix(cells.next()?, 16).ok()?;
    let [high, low] = [number >> 16, number & 0xFFFF].map(|half| u16::try_from(half).unwrap_or_default());
    let (action, options, name) = (cells.next()?, cells.next()?, cells.next()?);
    Some((Tag(high, low), Entry { action, options, name }))
}

/// Every attribute of the table, with its name; repeating groups by their first.
pub fn attributes() -> impl Iterator<Item = (Tag, &'static str)> {
    ENTRIES.iter().map(|(tag, entry)| (*tag, entry.name))
}

/// The attribute's name in the table.
pub fn name(tag: Tag) -> Option<&'static str> {
    ENTRIES.get(&tag).map(|entry| entry.name)
}

/// What the table and the options say of an attribute with this VR; `None` where the table does not name it.
pub fn act(tag: Tag, vr: VR, options: &Options) -> Option<Act> {
    let Tag(group, _) = tag;
    // Curves and overlays, whole groups: (50xx,xxxx), (60xx,3000) and what only describes them
    if matches!(group & 0xFF00, 0x5000 | 0x6000) && group & 1 == 0 {
        return Some(Act::Remove);
    }
    let Entry { action, options: concerned, .. } = ENTRIES.get(&tag)?;
    // The table removes them, and no presentation state is valid without (PS3.3 C.11.10)
    let is_required = matches!(tag, tags::PRESENTATION_CREATION_DATE | tags::PRESENTATION_CREATION_TIME);
    if is_required && options.dates == Dates::Remove {
        return Some(Act::Replace);
    }
    let concerns = |option: &str| concerned.split(',').any(|one| one == option);
    if concerns("dates") && options.dates != Dates::Remove {
        return Some(if options.dates == Dates::Keep { Act::Keep } else { Act::Shift });
    }
    if concerns("uids") && options.keeps_uids {
        return Some(if vr == VR::SQ { Act::Enter } else { Act::Keep });
    }
    let is_retained = concerns("device") && options.keeps_device
        || concerns("institution") && options.keeps_institution
        || concerns("patient") && options.keeps_patient_characteristics;
    if is_retained {
        return Some(if vr == VR::SQ { Act::Enter } else { Act::Keep });
    }
    let is_cleaned = concerns("descriptors") && options.cleans_descriptors
        || concerns("patient-clean") && options.keeps_patient_characteristics;
    if is_cleaned {
        return Some(if vr == VR::SQ { Act::Enter } else { Act::CleanText });
    }
    if concerns("content") && options.cleans_structured_content {
        return Some(Act::Enter);
    }
    Some(basic(action, vr))
}

/// The Basic Profile's own action. Where it offers several, the one with which an object is valid whatever the type of
/// the attribute in its IOD.
fn basic(action: &str, vr: VR) -> Act {
    match action {
        "X" => Act::Remove,
        "U" => Act::MapUid,
        "X/Z/U*" => Act::Enter,
        "Z" | "X/Z" => Act::Empty,
        // A sequence of nothing but stand-ins says less than none
        "X/D" | "X/Z/D" if vr == VR::SQ => Act::Empty,
        _ => Act::Replace,
    }
}

/// Private attributes the standard lists as safe (PS3.15 table E.3.10-1): creator, group, low byte of the element.
const SAFE_PRIVATE: [(&str, u16, u8); 19] = [
    ("Philips PET Private Group", 0x7053, 0x00),
    ("Philips PET Private Group", 0x7053, 0x09),
    ("ELSCINT1", 0x00E1, 0x21),
    ("ELSCINT1", 0x01E1, 0x26),
    ("ELSCINT1", 0x01E1, 0x50),
    ("ELSCINT1", 0x01F1, 0x01),
    ("ELSCINT1", 0x01F1, 0x07),
    ("ELSCINT1", 0x01F1, 0x26),
    ("ELSCINT1", 0x01F1, 0x27),
    ("GEMS_ACQU_01", 0x0019, 0x23),
    ("GEMS_ACQU_01", 0x0019, 0x24),
    ("GEMS_ACQU_01", 0x0019, 0x27),
    ("GEMS_SERS_01", 0x0025, 0x07),
    ("GEMS_PARM_01", 0x0043, 0x27),
    ("GEMS_HELIOS_01", 0x0045, 0x01),
    ("SIEMENS MR HEADER", 0x0019, 0x0C),
    ("SIEMENS MR HEADER", 0x0019, 0x0D),
    ("SIEMENS MR HEADER", 0x0019, 0x0E),
    ("SIEMENS MR HEADER", 0x0019, 0x27),
];

/// Whether a private attribute of this creator is listed as safe.
pub fn is_safe_private(creator: &str, Tag(group, element): Tag) -> bool {
    let [_, low] = element.to_be_bytes();
    SAFE_PRIVATE.contains(&(creator, group, low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table_is_read_and_the_options_change_what_they_concern() {
        assert_eq!(ENTRIES.len(), TABLE.lines().count());
        assert!(ENTRIES.len() > 600);
        let basic = Options::default();
        let keeps = Options { dates: Dates::Keep, keeps_uids: true, keeps_institution: true, ..basic };
        let cases = [
            (tags::STUDY_DATE, VR::DA, Act::Empty, Act::Keep),
            (tags::SOP_INSTANCE_UID, VR::UI, Act::MapUid, Act::Keep),
            (tags::INSTITUTION_NAME, VR::LO, Act::Replace, Act::Keep),
            // No option keeps a birth date or a name
            (tags::PATIENT_BIRTH_DATE, VR::DA, Act::Empty, Act::Empty),
            (tags::PATIENT_NAME, VR::PN, Act::Empty, Act::Empty),
            (Tag(0x6002, 0x3000), VR::OW, Act::Remove, Act::Remove),
        ];
        for (tag, vr, by_default, kept) in cases {
            assert_eq!(act(tag, vr, &basic), Some(by_default), "{tag}");
            assert_eq!(act(tag, vr, &keeps), Some(kept), "{tag}");
        }
        assert_eq!(act(tags::SERIES_DATE, VR::DA, &Options { dates: Dates::Shift, ..basic }), Some(Act::Shift));
        assert_eq!(act(tags::ROWS, VR::US, &basic), None);
    }
}
