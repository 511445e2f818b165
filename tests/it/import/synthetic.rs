//! Small DICOM files written byte by byte, so that they can be wrong on purpose.

use std::path::{Path, PathBuf};

use overread::domain::instance::Instance;
use overread::domain::intake::{FileStatus, Intake};
use overread::import::{ScanOptions, scan};

pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// An Explicit VR little-endian file under construction.
#[derive(Clone)]
pub struct Written {
    pub syntax: String,
    /// Media Storage SOP Class UID.
    class: String,
    elements: Vec<(u32, Vec<u8>)>,
}

pub fn element(tag: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(u16::try_from(tag >> 16).unwrap().to_le_bytes());
    bytes.extend(u16::try_from(tag & 0xFFFF).unwrap().to_le_bytes());
    bytes.extend(vr.as_bytes());
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" || vr == "OB" { 0 } else { b' ' });
    }
    match vr {
        "OB" | "OD" | "OF" | "OL" | "OV" | "OW" | "SQ" | "SV" | "UC" | "UN" | "UR" | "UT" | "UV" => {
            bytes.extend([0, 0]);
            bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        }
        _ => bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes()),
    }
    bytes.extend(value);
    bytes
}

/// Items of explicit length around data sets, as the value of a sequence.
pub fn items(sets: &[Vec<u8>]) -> Vec<u8> {
    sets.iter().flat_map(|set| pixel_item(set)).collect()
}

/// One item header with its true length, and its bytes.
pub fn pixel_item(bytes: &[u8]) -> Vec<u8> {
    item_claiming(u32::try_from(bytes.len()).unwrap(), bytes)
}

/// An item whose header says `n_bytes` whatever follows.
pub fn item_claiming(n_bytes: u32, bytes: &[u8]) -> Vec<u8> {
    let mut item = vec![0xFE, 0xFF, 0x00, 0xE0];
    item.extend(n_bytes.to_le_bytes());
    item.extend(bytes);
    item
}

pub const SEQUENCE_END: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];

/// A frame of RLE Lossless (PS3.5 annex G) from its byte planes, most significant first.
pub fn rle(planes: &[Vec<u8>]) -> Vec<u8> {
    let segments: Vec<Vec<u8>> = planes.iter().map(|plane| literal_runs(plane)).collect();
    rle_of_segments(&segments)
}

/// A frame of RLE Lossless from segments as they stand.
pub fn rle_of_segments(segments: &[Vec<u8>]) -> Vec<u8> {
    let mut frame = u32::try_from(segments.len()).unwrap().to_le_bytes().to_vec();
    let mut at = 64;
    for segment in segments {
        frame.extend(u32::try_from(at).unwrap().to_le_bytes());
        at += segment.len();
    }
    frame.resize(64, 0);
    frame.extend(segments.concat());
    frame
}

/// PackBits without any packing, padded to an even length.
fn literal_runs(bytes: &[u8]) -> Vec<u8> {
    let run = |chunk: &[u8]| [&[u8::try_from(chunk.len() - 1).unwrap()], chunk].concat();
    let mut packed: Vec<u8> = bytes.chunks(128).flat_map(run).collect();
    if packed.len() % 2 == 1 {
        packed.push(0);
    }
    packed
}

impl Written {
    /// A 4 × 3 CT slice of 16 bits, 12 stored, at z = 0.
    pub fn ct(sop: &str) -> Self {
        let mut file = Self { syntax: EXPLICIT_LE.to_owned(), class: CT.to_owned(), elements: Vec::new() };
        file.text(0x0008_0016, "UI", CT).text(0x0008_0018, "UI", sop).text(0x0008_0060, "CS", "CT");
        file.text(0x0010_0010, "PN", "Test^Case").text(0x0010_0020, "LO", "T1");
        file.text(0x0020_000D, "UI", "1.2.3.1").text(0x0020_000E, "UI", "1.2.3.2");
        file.text(0x0020_0032, "DS", "0\\0\\0").text(0x0020_0037, "DS", "1\\0\\0\\0\\1\\0");
        file.word(0x0028_0002, 1).text(0x0028_0004, "CS", "MONOCHROME2").word(0x0028_0010, 3).word(0x0028_0011, 4);
        file.text(0x0028_0030, "DS", "0.5\\0.5").text(0x0028_1052, "DS", "0").text(0x0028_1053, "DS", "1");
        file.word(0x0028_0100, 16).word(0x0028_0101, 12).word(0x0028_0102, 11).word(0x0028_0103, 0);
        let pixels: Vec<u8> = (0..12_u16).flat_map(u16::to_le_bytes).collect();
        file.raw(0x7FE0_0010, "OW", &pixels);
        file
    }

    pub fn raw(&mut self, tag: u32, vr: &str, value: &[u8]) -> &mut Self {
        self.bytes_of(tag, element(tag, vr, value))
    }

    pub fn text(&mut self, tag: u32, vr: &str, value: &str) -> &mut Self {
        self.raw(tag, vr, value.as_bytes())
    }

    pub fn word(&mut self, tag: u32, value: u16) -> &mut Self {
        self.raw(tag, "US", &value.to_le_bytes())
    }

    pub fn long(&mut self, tag: u32, value: u32) -> &mut Self {
        self.raw(tag, "UL", &value.to_le_bytes())
    }

    pub fn words(&mut self, tag: u32, vr: &str, values: &[u16]) -> &mut Self {
        self.raw(tag, vr, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// A sequence of items, each given as its elements.
    pub fn sequence(&mut self, tag: u32, sets: &[Vec<u8>]) -> &mut Self {
        self.raw(tag, "SQ", &items(sets))
    }

    /// Rows, Columns and unsigned 16-bit pixels that count from 0.
    pub fn size(&mut self, rows: u16, cols: u16) -> &mut Self {
        let n = u32::from(rows) * u32::from(cols);
        let pixels: Vec<u16> = (0..n).map(|value| u16::try_from(value % 4096).unwrap()).collect();
        self.word(0x0028_0010, rows).word(0x0028_0011, cols).words(0x7FE0_0010, "OW", &pixels)
    }

    /// Bits Allocated, Bits Stored and High Bit.
    pub fn bits(&mut self, allocated: u16, stored: u16, high: u16) -> &mut Self {
        self.word(0x0028_0100, allocated).word(0x0028_0101, stored).word(0x0028_0102, high)
    }

    /// The same SOP class in the meta header and in the data set.
    pub fn class(&mut self, uid: &str) -> &mut Self {
        self.class = uid.to_owned();
        self.text(0x0008_0016, "UI", uid)
    }

    /// The last parts of a transfer syntax after `1.2.840.10008.1.2.`, such as `4.50`.
    pub fn syntax(&mut self, tail: &str) -> &mut Self {
        self.syntax = format!("1.2.840.10008.1.2.{tail}");
        self
    }

    /// Encapsulated pixel data: an empty offset table, then one item per fragment.
    pub fn encapsulated(&mut self, fragments: &[&[u8]]) -> &mut Self {
        self.encapsulated_with(&[], fragments)
    }

    /// Encapsulated pixel data behind an offset table.
    pub fn encapsulated_with(&mut self, table: &[u32], fragments: &[&[u8]]) -> &mut Self {
        let table: Vec<u8> = table.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let mut value = pixel_item(&table);
        for fragment in fragments {
            let mut even = fragment.to_vec();
            even.resize(even.len().next_multiple_of(2), 0);
            value.extend(pixel_item(&even));
        }
        value.extend(SEQUENCE_END);
        self.encapsulated_value(&value)
    }

    /// Pixel Data of undefined length, whatever stands in it.
    pub fn encapsulated_value(&mut self, value: &[u8]) -> &mut Self {
        let mut bytes = element(0x7FE0_0010, "OB", b"");
        bytes.splice(8.., [0xFF; 4]);
        bytes.extend(value);
        self.bytes_of(0x7FE0_0010, bytes)
    }

    /// A whole element as it shall stand in the file, header included.
    pub fn bytes_of(&mut self, tag: u32, bytes: Vec<u8>) -> &mut Self {
        self.without(tag);
        self.elements.push((tag, bytes));
        self
    }

    pub fn without(&mut self, tag: u32) -> &mut Self {
        self.elements.retain(|(present, _)| *present != tag);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut meta = element(0x0002_0002, "UI", self.class.as_bytes());
        meta.extend(element(0x0002_0010, "UI", self.syntax.as_bytes()));
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM");
        bytes.extend(element(0x0002_0000, "UL", &u32::try_from(meta.len()).unwrap().to_le_bytes()));
        bytes.extend(meta);
        let mut elements = self.elements.clone();
        elements.sort_by_key(|(tag, _)| *tag);
        elements.into_iter().for_each(|(_, element)| bytes.extend(element));
        bytes
    }

    pub fn write(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, self.bytes()).unwrap();
        path
    }
}

pub fn scan_all(path: &Path) -> Intake {
    scan(&[path.to_owned()], &ScanOptions::default(), &|| false, &|_| {})
}

/// Codes of the one file's notices or refusal.
pub fn codes(intake: &Intake) -> Vec<&'static str> {
    let codes = intake.files.iter().flat_map(|file| match &file.status {
        FileStatus::Read => Vec::new(),
        FileStatus::Warned(notices) => notices.iter().map(|notice| notice.code).collect(),
        FileStatus::Refused(notice) => vec![notice.code],
    });
    codes.collect()
}

pub fn only_instance(intake: &Intake) -> &Instance {
    let series = intake.studies.first().and_then(|study| study.series.first());
    series.and_then(|series| series.instances.first()).unwrap_or_else(|| panic!("no instance: {:?}", codes(intake)))
}
