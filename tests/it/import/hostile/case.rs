//! One hostile file: which row of the catalog it belongs to, its bytes, and what must become of it.

use crate::import::synthetic::Written;

/// Stands in every built file; a message that repeats it has told a patient's name.
pub const CANARY: &str = "CANARY^ZEBRA";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This file only, with this reason.
    Refused(&'static str),
    /// With exactly these words of warning, and every frame decodes.
    Opens(&'static [&'static str]),
    /// With these words of warning; its first frame is refused with this reason.
    NoFrame(&'static [&'static str], &'static str),
}

pub struct Case {
    pub row: u8,
    pub name: String,
    pub bytes: Vec<u8>,
    pub outcome: Outcome,
}

/// Cases of one section as they are written down.
#[derive(Default)]
pub struct Table {
    pub cases: Vec<Case>,
}

impl Table {
    pub fn add(&mut self, row: u8, name: impl Into<String>, bytes: Vec<u8>, outcome: Outcome) -> &mut Self {
        self.cases.push(Case { row, name: name.into(), bytes, outcome });
        self
    }

    pub fn refused(&mut self, row: u8, name: impl Into<String>, bytes: Vec<u8>, code: &'static str) -> &mut Self {
        self.add(row, name, bytes, Outcome::Refused(code))
    }

    pub fn opens(
        &mut self,
        row: u8,
        name: impl Into<String>,
        bytes: Vec<u8>,
        codes: &'static [&'static str],
    ) -> &mut Self {
        self.add(row, name, bytes, Outcome::Opens(codes))
    }
}

/// The small CT slice with the canary as its patient.
pub fn ct() -> Written {
    let mut file = Written::ct("1.2.3.4");
    file.text(0x0010_0010, "PN", CANARY).text(0x0010_0020, "LO", CANARY);
    file
}

/// An element's header with any length, and bytes that need not be as many.
pub fn claiming(tag: u32, vr: &[u8; 2], n_bytes: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = tag_bytes(tag);
    bytes.extend(vr);
    match is_long(vr) {
        true => {
            bytes.extend([0, 0]);
            bytes.extend(n_bytes.to_le_bytes());
        }
        false => bytes.extend(u16::try_from(n_bytes).unwrap().to_le_bytes()),
    }
    bytes.extend(value);
    bytes
}

fn is_long(vr: &[u8; 2]) -> bool {
    matches!(vr, b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV")
}

pub fn tag_bytes(tag: u32) -> Vec<u8> {
    let [group_a, group_b, a, b] = tag.to_be_bytes();
    vec![group_b, group_a, b, a]
}

/// A delimiter or item header: tag FFFE,`element` and a length.
pub fn mark(element: u16, n_bytes: u32) -> Vec<u8> {
    let mut bytes = tag_bytes(0xFFFE_0000 | u32::from(element));
    bytes.extend(n_bytes.to_le_bytes());
    bytes
}

/// Where the data set of `bytes` starts, as [`Written::bytes`] lays it out.
pub fn data_set_start(bytes: &[u8]) -> usize {
    let n_meta = bytes[140..144].first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    144 + n_meta
}

struct Plain {
    tag: u32,
    vr: [u8; 2],
    value: Vec<u8>,
}

fn plain_elements(data_set: &[u8]) -> Vec<Plain> {
    let mut elements = Vec::new();
    let mut at = 0;
    while at < data_set.len() {
        let word = |from: usize| u16::from_le_bytes([data_set[from], data_set[from + 1]]);
        let tag = u32::from(word(at)) << 16 | u32::from(word(at + 2));
        let vr = [data_set[at + 4], data_set[at + 5]];
        let (n_header, n_bytes) = match is_long(&vr) {
            true => (12, usize::from(word(at + 8)) | usize::from(word(at + 10)) << 16),
            false => (8, usize::from(word(at + 6))),
        };
        let start = at + n_header;
        elements.push(Plain { tag, vr, value: data_set[start..start + n_bytes].to_vec() });
        at = start + n_bytes;
    }
    elements
}

/// The file's data set in implicit little endian; the meta header says `syntax`.
pub fn implicit(file: &Written, syntax: &str) -> Vec<u8> {
    recoded(file, syntax, |element| {
        let mut bytes = tag_bytes(element.tag);
        bytes.extend(u32::try_from(element.value.len()).unwrap().to_le_bytes());
        bytes.extend(&element.value);
        bytes
    })
}

/// The file's data set in explicit big endian; the meta header says `syntax`.
pub fn big_endian(file: &Written, syntax: &str) -> Vec<u8> {
    recoded(file, syntax, |element| {
        let mut bytes = element.tag.to_be_bytes().to_vec();
        bytes.extend(element.vr);
        let n_bytes = u32::try_from(element.value.len()).unwrap();
        match is_long(&element.vr) {
            true => {
                bytes.extend([0, 0]);
                bytes.extend(n_bytes.to_be_bytes());
            }
            false => bytes.extend(u16::try_from(n_bytes).unwrap().to_be_bytes()),
        }
        match &element.vr {
            b"US" | b"OW" => bytes.extend(element.value.chunks(2).flat_map(|pair| [pair[1], pair[0]])),
            _ => bytes.extend(&element.value),
        }
        bytes
    })
}

fn recoded(file: &Written, syntax: &str, write: fn(&Plain) -> Vec<u8>) -> Vec<u8> {
    let mut file = file.clone();
    file.syntax = syntax.to_owned();
    let bytes = file.bytes();
    let (head, data_set) = bytes.split_at(data_set_start(&bytes));
    let mut recoded = head.to_vec();
    recoded.extend(plain_elements(data_set).iter().flat_map(write));
    recoded
}

/// The file with its data set deflated, and whatever `change` makes of the stream.
pub fn deflated(file: &Written, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    use std::io::Write as _;
    let mut file = file.clone();
    file.syntax = "1.2.840.10008.1.2.1.99".to_owned();
    let bytes = file.bytes();
    let (head, data_set) = bytes.split_at(data_set_start(&bytes));
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(data_set).unwrap();
    [head, &change(encoder.finish().unwrap())].concat()
}
