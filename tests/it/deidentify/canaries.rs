//! A file with a word of its own in every attribute that PS3.15 table E.1-1 names, and in every corner of a file: which
//! of them leave under which option. What an option keeps by its design is named here; all else must be gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::open_file;
use overread::domain::deidentification::{BurnedIn, Dates, Options, Private};

use crate::deidentify::{all_bytes, copied, every_option, holds};
use crate::import::synthetic::{Written, element, items};

/// The table as the program has it: tag, action, options that concern the attribute, name.
const TABLE: &str = include_str!("../../../assets/deidentification/attributes.tsv");
/// Words that are in the file outside the table: in names, the preamble, private blocks, overlays, behind the data.
const EVERYWHERE: &str = "CANARY";
/// An institution below sequences: it stays where institutions stay.
const NESTED_INSTITUTION: &[u8] = b"NESTED-INSTITUTION";
/// In a private attribute that the standard lists as safe.
const SAFE: &str = "SAFE-PRIVATE";

/// Says where the clock stood, not when.
const TIME_ZONE: Tag = tags::TIMEZONE_OFFSET_FROM_UTC;

/// One attribute with what was put there.
struct Canary {
    tag: Tag,
    vr: VR,
    options: Vec<&'static str>,
    /// Bytes that stand nowhere else; too short ones are looked for in their own element alone.
    bytes: Vec<u8>,
}

impl Canary {
    fn is_searchable(&self) -> bool {
        self.bytes.len() >= 4 && !matches!(self.vr, VR::SQ | VR::AS)
    }

    fn concerns(&self, option: &str) -> bool {
        self.options.contains(&option)
    }
}

/// The VR as it is written where the dictionary leaves a choice.
fn vr_of(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::LO, |entry| entry.vr().relaxed())
}

/// A value of the VR that has the attribute's number in it.
fn value(vr: VR, number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let day = jiff::civil::date(1923, 1, 1) + jiff::Span::new().days(i64::from(number));
    let date = day.strftime("%Y%m%d").to_string();
    match vr {
        VR::DA => date.into_bytes(),
        // The fraction is the number's own
        VR::TM => format!("131307.77{number:04}").into_bytes(),
        VR::DT => format!("{date}131307.77{number:04}").into_bytes(),
        VR::UI => format!("1.2.7777777777.1{number:04}").into_bytes(),
        VR::DS | VR::IS => format!("17777{number:04}").into_bytes(),
        VR::PN => format!("{EVERYWHERE}{number:04}^Canary").into_bytes(),
        VR::FL | VR::UL | VR::SL | VR::OF | VR::OL | VR::AT => vec![0x77, 0x5A, high | 0x70, low],
        VR::FD | VR::OD | VR::UV | VR::SV | VR::OV => vec![0x77, 0x77, 0x5A, 0x5A, 0xA5, high, low, 0x40],
        VR::US | VR::SS => vec![high | 0x70, low],
        VR::AS => b"077Y".to_vec(),
        VR::UR => format!("http://{EVERYWHERE}{number:04}").into_bytes(),
        _ => format!("{EVERYWHERE}{number:04}").into_bytes(),
    }
}

/// Below a sequence: names, a date, an identifier, a private block, and a sequence again.
fn nested() -> Vec<u8> {
    let mut set = element(0x0008_0080, "LO", NESTED_INSTITUTION);
    set.extend(element(0x0008_0082, "SQ", &items(&[element(0x0008_0104, "LO", NESTED_INSTITUTION)])));
    set.extend(element(0x0009_0010, "LO", b"CANARY CREATOR"));
    set.extend(element(0x0009_1001, "LT", b"CANARY private"));
    set.extend(element(0x0010_0010, "PN", b"CANARY^Nested"));
    set.extend(element(0x0010_0020, "LO", b"CANARY-ID"));
    let inner = [element(0x0008_0090, "PN", b"CANARY^Deep"), element(0x0010_0030, "DA", b"18991231")].concat();
    set.extend(element(0x0040_A170, "SQ", &items(&[inner])));
    items(&[set])
}

fn canaries() -> Vec<Canary> {
    let mut all = Vec::new();
    for (number, line) in (0_u16..).zip(TABLE.lines()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let tag = u32::from_str_radix(cells[0], 16).unwrap();
        let tag = Tag(u16::try_from(tag >> 16).unwrap(), u16::try_from(tag & 0xFFFF).unwrap());
        // File meta information and directories are not data sets of images; groups that repeat are made by hand, and
        // a file with a document inside stays behind as a whole
        if tag.0 < 0x0008 || tag.0 >= 0x5000 && tag.0 <= 0x60FF || tag.0 == 0xFFFC || tag == tags::ENCAPSULATED_DOCUMENT
        {
            continue;
        }
        let vr = vr_of(tag);
        let bytes = if vr == VR::SQ { nested() } else { value(vr, number) };
        all.push(Canary { tag, vr, options: cells[2].split(',').collect(), bytes });
    }
    all
}

/// A CT slice with all of them, and with canaries where no table reaches.
fn file_of_canaries(folder: &Path, canaries: &[Canary]) -> PathBuf {
    let mut file = Written::ct("1.2.7777777777.1");
    for Canary { tag: Tag(group, at), vr, bytes, .. } in canaries {
        file.raw(u32::from(*group) << 16 | u32::from(*at), &vr.to_string(), bytes);
    }
    file.raw(0x0008_2218, "SQ", &nested()).raw(0x0010_2201, "LO", b"seen with CANARY0000 Canary today");
    file.text(0x0011_0010, "LO", "CANARY CREATOR").text(0x0011_1001, "UT", "CANARY in a private text");
    file.raw(0x0011_1002, "SQ", &nested()).raw(0x0013_0010, "LO", b"GEMS_PARM_01").text(0x0013_1027, "LO", "CANARY");
    file.text(0x0043_0010, "LO", "GEMS_PARM_01").text(0x0043_1027, "SH", SAFE).text(0x0043_1028, "SH", "CANARY");
    file.word(0x5000_0010, 1).raw(0x5000_3000, "OW", b"CANARY..").text(0x5000_0022, "LO", "CANARY");
    file.word(0x6000_0010, 4).word(0x6000_0011, 8).raw(0x6000_3000, "OW", b"CANARY..");
    file.text(0x6000_1500, "LO", "CANARY").text(0x6000_4000, "LT", "CANARY");
    file.raw(0xFFFC_FFFC, "OB", b"CANARY behind the data");
    let path = file.write(folder, "CANARY^Name 7777777777.dcm");
    let mut bytes = fs::read(&path).unwrap();
    bytes[..12].copy_from_slice(b"CANARY inpre");
    fs::write(&path, bytes).unwrap();
    path
}

/// What one set of options may keep: by the option of the table's column, and of the kinds that it is about.
struct Case {
    name: &'static str,
    options: Options,
    /// Columns of the table whose attributes stay whole.
    kept: &'static [&'static str],
    /// Kinds of values in the date column that stay when dates are shifted: distances in days, not times of day.
    keeps_times: bool,
    keeps_safe_private: bool,
}

fn cases() -> Vec<Case> {
    let basic = Options::default();
    let case = |name, options, kept| Case { name, options, kept, keeps_times: false, keeps_safe_private: false };
    vec![
        case("basic", basic, &[]),
        case("blackened", Options { burned_in: BurnedIn::BlackOut, ..basic }, &[]),
        case("dates kept", Options { dates: Dates::Keep, ..basic }, &["dates"]),
        Case { keeps_times: true, ..case("dates shifted", Options { dates: Dates::Shift, ..basic }, &[]) },
        case("UIDs kept", Options { keeps_uids: true, ..basic }, &["uids"]),
        case("device kept", Options { keeps_device: true, ..basic }, &["device"]),
        case("institution kept", Options { keeps_institution: true, ..basic }, &["institution"]),
        case("patient kept", Options { keeps_patient_characteristics: true, ..basic }, &["patient"]),
        case("descriptors cleaned", Options { cleans_descriptors: true, ..basic }, &[]),
        case("content cleaned", Options { cleans_structured_content: true, ..basic }, &[]),
        Case { keeps_safe_private: true, ..case("private", Options { private: Private::KeepSafe, ..basic }, &[]) },
        Case { keeps_times: true, keeps_safe_private: true, ..case("all cleaned", every_option(), &[]) },
    ]
}

#[test]
fn no_canary_of_any_attribute_leaves_but_those_an_option_keeps_by_its_design() {
    let place = tempfile::tempdir().unwrap();
    let originals = place.path().join("CANARY folder");
    fs::create_dir(&originals).unwrap();
    let canaries = canaries();
    assert!(canaries.len() > 640, "{}", canaries.len());
    let original = file_of_canaries(&originals, &canaries);
    let before = fs::read(&original).unwrap();
    for canary in &canaries {
        assert!(holds(&before, &canary.bytes), "the original lacks {}", canary.tag);
    }
    for case in cases() {
        let to = place.path().join(case.name);
        let copies = copied(&originals, &to, case.options);
        assert_eq!(copies.written.len(), 1, "{}: {:?}", case.name, copies.left_out);
        look_for_all(&case, &canaries, &to, &to.join(&copies.written[0].path));
    }
    assert_eq!(fs::read(&original).unwrap(), before, "the original was changed");
}

fn look_for_all(case: &Case, canaries: &[Canary], to: &Path, copy: &Path) {
    let copied = open_file(copy).unwrap();
    let element = |tag: Tag| copied.get(tag).and_then(|element| element.value().to_bytes().ok());
    let files = all_bytes(to);
    let mut kept = BTreeSet::new();
    for canary in canaries.iter().filter(|canary| canary.vr != VR::SQ) {
        let stays = match canary.is_searchable() {
            true => files.iter().any(|(_, bytes)| holds(bytes, &canary.bytes)),
            false => element(canary.tag).is_some_and(|bytes| bytes.starts_with(&canary.bytes)),
        };
        if stays {
            kept.insert(canary.tag);
        }
    }
    let by_design = |canary: &&Canary| {
        case.kept.iter().any(|option| canary.concerns(option))
            || case.keeps_times && (canary.concerns("dates") && canary.vr == VR::TM || canary.tag == TIME_ZONE)
    };
    let expected: BTreeSet<Tag> =
        canaries.iter().filter(by_design).filter(|canary| canary.vr != VR::SQ).map(|canary| canary.tag).collect();
    let too_many: Vec<String> = kept.difference(&expected).map(Tag::to_string).collect();
    let too_few: Vec<String> = expected.difference(&kept).map(Tag::to_string).collect();
    assert!(too_many.is_empty(), "{}: these leave: {too_many:?}", case.name);
    assert!(too_few.is_empty(), "{}: these should stay: {too_few:?}", case.name);
    // What stays may say CANARY and its number; no other does
    let numbered: Vec<&[u8]> = canaries
        .iter()
        .filter(|canary| expected.contains(&canary.tag) && holds(&canary.bytes, EVERYWHERE.as_bytes()))
        .map(|canary| canary.bytes.as_slice())
        .collect();
    for (path, bytes) in &files {
        let name = path.strip_prefix(to).unwrap().to_string_lossy().into_owned();
        assert!(!name.to_uppercase().contains(EVERYWHERE) && !name.contains("7777777"), "{}: {name}", case.name);
        let rest = without(bytes, &numbered);
        for word in [EVERYWHERE.as_bytes(), b"Canary", b"18991231"] {
            let at = rest.windows(word.len()).position(|window| window == word);
            let around = at.map(|at| String::from_utf8_lossy(&rest[at.saturating_sub(40)..at + 12]).into_owned());
            assert_eq!(around, None, "{}: {name}", case.name);
        }
        let is_account = name.ends_with(".json");
        let keeps_institution = case.options.keeps_institution && !is_account;
        assert_eq!(holds(bytes, NESTED_INSTITUTION), keeps_institution, "{}: {name}", case.name);
        assert_eq!(holds(bytes, SAFE.as_bytes()), case.keeps_safe_private && !is_account, "{}: {name}", case.name);
    }
}

/// The bytes with every occurrence of these left out.
fn without(bytes: &[u8], words: &[&[u8]]) -> Vec<u8> {
    let mut rest = bytes.to_vec();
    for word in words {
        while let Some(at) = rest.windows(word.len()).position(|window| &window == word) {
            rest.drain(at..at + word.len());
        }
    }
    rest
}
