//! DICOM files for measuring, written byte by byte: headers as a scanner writes them, noise for pixels.

use std::fs;
use std::path::{Path, PathBuf};

use crate::imaging::phantom::noise::SplitMix;

const CT_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
const MULTI_FRAME_WORD: &str = "1.2.840.10008.5.1.4.1.1.7.3";
pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
pub const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const ROOT: &str = "1.2.826.0.1.3680043.9.7433.9";

/// A data set under construction, explicit VR little endian; elements in the order of their tags.
#[derive(Default)]
pub struct Elements(Vec<u8>);

impl Elements {
    fn header(&mut self, tag: u32, vr: &[u8; 2], n_bytes: u32) {
        let [g0, g1, e0, e1] = tag.to_be_bytes();
        self.0.extend([g1, g0, e1, e0]);
        self.0.extend(vr);
        match vr {
            b"OB" | b"OW" | b"SQ" | b"UN" | b"UT" => {
                self.0.extend([0, 0]);
                self.0.extend(n_bytes.to_le_bytes());
            }
            _ => self.0.extend((n_bytes as u16).to_le_bytes()),
        }
    }

    pub fn raw(&mut self, tag: u32, vr: &[u8; 2], value: &[u8]) {
        self.header(tag, vr, value.len().next_multiple_of(2) as u32);
        self.0.extend(value);
        if value.len() % 2 == 1 {
            self.0.push(if vr == b"UI" || vr == b"OB" { 0 } else { b' ' });
        }
    }

    pub fn text(&mut self, tag: u32, vr: &[u8; 2], value: &str) {
        self.raw(tag, vr, value.as_bytes());
    }

    pub fn words(&mut self, tag: u32, values: &[u16]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.raw(tag, b"US", &bytes);
    }

    /// A sequence of one item.
    fn sequence(&mut self, tag: u32, item: &Self) {
        self.header(tag, b"SQ", item.0.len() as u32 + 8);
        self.0.extend([0xFE, 0xFF, 0x00, 0xE0]);
        self.0.extend((item.0.len() as u32).to_le_bytes());
        self.0.extend(&item.0);
    }

    /// Encapsulated Pixel Data with a basic offset table.
    fn fragments(&mut self, fragments: &[Vec<u8>]) {
        let mut offset = 0;
        let mut table = Vec::new();
        for fragment in fragments {
            table.extend(u32::to_le_bytes(offset));
            offset += fragment.len().next_multiple_of(2) as u32 + 8;
        }
        self.header(0x7FE0_0010, b"OB", u32::MAX);
        for item in std::iter::once(&table).chain(fragments) {
            self.0.extend([0xFE, 0xFF, 0x00, 0xE0]);
            self.0.extend((item.len().next_multiple_of(2) as u32).to_le_bytes());
            self.0.extend(item);
            self.0.resize(self.0.len().next_multiple_of(2), 0);
        }
        self.0.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    }
}

fn meta(syntax: &str, class: &str, sop: &str) -> Vec<u8> {
    let mut rest = Elements::default();
    rest.raw(0x0002_0001, b"OB", &[0, 1]);
    rest.text(0x0002_0002, b"UI", class);
    rest.text(0x0002_0003, b"UI", sop);
    rest.text(0x0002_0010, b"UI", syntax);
    rest.text(0x0002_0012, b"UI", ROOT);
    let mut all = Elements(vec![0; 128]);
    all.0.extend(b"DICM");
    all.raw(0x0002_0000, b"UL", &(rest.0.len() as u32).to_le_bytes());
    all.0.extend(rest.0);
    all.0
}

/// Which slice of which series of which study; each from 0, series and slices counted over all.
#[derive(Clone, Copy)]
struct Slot {
    study: u32,
    series: u32,
    slice: u32,
    /// Along its series.
    place: u32,
}

impl Slot {
    fn sop(self) -> String {
        format!("{ROOT}.3.{}", self.slice + 1)
    }
}

/// Everything before the pixels of one axial slice: some 4 kB, a hundred elements, sequences and private groups.
fn ct_header(slot: Slot, size: u16) -> Elements {
    let mut set = Elements::default();
    set.text(0x0008_0005, b"CS", "ISO_IR 100");
    set.text(0x0008_0008, b"CS", "ORIGINAL\\PRIMARY\\AXIAL\\CT_SOM5 SPI");
    set.text(0x0008_0016, b"UI", CT_IMAGE);
    set.text(0x0008_0018, b"UI", &slot.sop());
    for tag in [0x0008_0020, 0x0008_0021, 0x0008_0022, 0x0008_0023] {
        set.text(tag, b"DA", "20260102");
    }
    for tag in [0x0008_0030, 0x0008_0031, 0x0008_0032, 0x0008_0033] {
        set.text(tag, b"TM", "101500.123000");
    }
    set.text(0x0008_0050, b"SH", "ACC0001");
    set.text(0x0008_0060, b"CS", "CT");
    set.text(0x0008_0070, b"LO", "Overread");
    set.text(0x0008_0080, b"LO", "Bench");
    set.text(0x0008_0090, b"PN", "Referring^Physician");
    set.text(0x0008_1030, b"LO", "Thorax with contrast");
    set.text(0x0008_103E, b"LO", "Thorax 1.0 B31f");
    set.text(0x0008_1090, b"LO", "Bench CT");
    let mut reference = Elements::default();
    reference.text(0x0008_1150, b"UI", CT_IMAGE);
    reference.text(0x0008_1155, b"UI", &format!("{ROOT}.3.1"));
    set.sequence(0x0008_1140, &reference);
    set.text(0x0010_0010, b"PN", "Bench^Series");
    set.text(0x0010_0020, b"LO", &format!("BENCH{}", slot.study + 1));
    set.text(0x0010_0030, b"DA", "19700101");
    set.text(0x0010_0040, b"CS", "O");
    set.text(0x0010_1010, b"AS", "055Y");
    for (element, value) in [(0x15, "CHEST"), (0x50, "1"), (0x60, "120"), (0x90, "500"), (0x1020, "syngo CT 2012B")] {
        set.text(0x0018_0000 | element, if element == 0x15 { b"CS" } else { b"DS" }, value);
    }
    for element in [0x1100_u32, 0x1110, 0x1111, 0x1120, 0x1130, 0x1140, 0x1150, 0x1151, 0x1152, 0x1160, 0x1170, 0x1190]
    {
        set.text(0x0018_0000 | element, b"DS", "0");
    }
    set.text(0x0018_1210, b"SH", "B31f");
    set.text(0x0018_5100, b"CS", "HFS");
    private_group(&mut set, 0x0019_0000, 24);
    set.text(0x0020_000D, b"UI", &format!("{ROOT}.1.{}", slot.study + 1));
    set.text(0x0020_000E, b"UI", &format!("{ROOT}.2.{}", slot.series + 1));
    set.text(0x0020_0010, b"SH", "1");
    set.text(0x0020_0011, b"IS", &(slot.series + 2).to_string());
    set.text(0x0020_0012, b"IS", "1");
    set.text(0x0020_0013, b"IS", &(slot.place + 1).to_string());
    let z_mm = f64::from(slot.place) * 0.7;
    set.text(0x0020_0032, b"DS", &format!("-170.5\\-310.25\\{z_mm:.1}"));
    set.text(0x0020_0037, b"DS", "1\\0\\0\\0\\1\\0");
    set.text(0x0020_0052, b"UI", &format!("{ROOT}.4.{}", slot.study + 1));
    set.text(0x0020_1041, b"DS", &format!("{z_mm:.1}"));
    private_group(&mut set, 0x0021_0000, 16);
    set.words(0x0028_0002, &[1]);
    set.text(0x0028_0004, b"CS", "MONOCHROME2");
    set.words(0x0028_0010, &[size]);
    set.words(0x0028_0011, &[size]);
    set.text(0x0028_0030, b"DS", "0.6640625\\0.6640625");
    for (tag, value) in [(0x0100, 16), (0x0101, 16), (0x0102, 15), (0x0103, 1)] {
        set.words(0x0028_0000 | tag, &[value]);
    }
    set.text(0x0028_1050, b"DS", "40\\-600");
    set.text(0x0028_1051, b"DS", "400\\1500");
    set.text(0x0028_1052, b"DS", "-1024");
    set.text(0x0028_1053, b"DS", "1");
    set.text(0x0028_1055, b"LO", "WINDOW1\\WINDOW2");
    private_group(&mut set, 0x0029_0000, 40);
    set
}

fn private_group(set: &mut Elements, group: u32, n_elements: u32) {
    set.text(group | 0x10, b"LO", "OVERREAD BENCH");
    for element in 0..n_elements {
        set.text(group | 0x1000 | element, b"LO", "a value that a scanner left here");
    }
}

/// Writes slices `0..n_slices` of one series, `size` × `size`, 16 bits, signed; the files in order.
pub fn ct_series(folder: &Path, n_slices: u32, size: u16) -> Result<Vec<PathBuf>, String> {
    ct_slices(folder, n_slices, size, |slice| Slot { study: 0, series: 0, slice, place: slice })
}

/// Writes `n_files` small slices into one folder: series of 500, studies of 8 series.
pub fn crowd(folder: &Path, n_files: u32) -> Result<Vec<PathBuf>, String> {
    ct_slices(folder, n_files, 16, |slice| Slot { study: slice / 4000, series: slice / 500, slice, place: slice % 500 })
}

fn ct_slices(folder: &Path, n_slices: u32, size: u16, slot: impl Fn(u32) -> Slot) -> Result<Vec<PathBuf>, String> {
    fs::create_dir_all(folder).map_err(|error| format!("no folder to measure in: {error}"))?;
    let n_samples = usize::from(size) * usize::from(size);
    // One field of noise, seen further along in every slice: no slice is like its neighbor
    let noise = noise_bytes(n_samples + n_slices as usize * 8);
    let mut files = Vec::new();
    for index in 0..n_slices {
        let slot = slot(index);
        let mut bytes = meta(EXPLICIT_LE, CT_IMAGE, &slot.sop());
        let mut set = ct_header(slot, size);
        let start = index as usize * 16;
        set.raw(0x7FE0_0010, b"OW", noise.get(start..start + 2 * n_samples).unwrap_or_default());
        bytes.extend(set.0);
        let path = folder.join(format!("{index:06}.dcm"));
        fs::write(&path, bytes).map_err(|error| format!("the series cannot be written: {error}"))?;
        files.push(path);
    }
    Ok(files)
}

/// Soft tissue with noise, little endian.
fn noise_bytes(n_samples: usize) -> Vec<u8> {
    let mut noise = SplitMix::new(1);
    (0..n_samples).flat_map(|_| ((40.0 + 30.0 * noise.normal()).round() as i16).to_le_bytes()).collect()
}

/// Smooth pictures with some noise, 16 bits.
pub fn smooth_frame(index: u32, size: u16) -> Vec<u16> {
    let mut noise = SplitMix::new(u64::from(index) + 7);
    let n = u32::from(size) * u32::from(size);
    let value = |at: u32| {
        let (row, col) = (f64::from(at / u32::from(size)), f64::from(at % u32::from(size)));
        1000.0 + 600.0 * ((row + f64::from(index)) / 40.0).sin() * (col / 55.0).cos() + 6.0 * noise.normal()
    };
    (0..n).map(value).map(|value| value.round() as u16).collect()
}

/// One file of many compressed frames.
pub fn multi_frame(path: &Path, size: u16, fragments: &[Vec<u8>]) -> Result<(), String> {
    let sop = format!("{ROOT}.5.1");
    let mut set = Elements::default();
    set.text(0x0008_0016, b"UI", MULTI_FRAME_WORD);
    set.text(0x0008_0018, b"UI", &sop);
    set.text(0x0008_0060, b"CS", "OT");
    set.text(0x0010_0010, b"PN", "Bench^Frames");
    set.text(0x0010_0020, b"LO", "BENCH1");
    set.text(0x0020_000D, b"UI", &format!("{ROOT}.6"));
    set.text(0x0020_000E, b"UI", &format!("{ROOT}.7"));
    set.words(0x0028_0002, &[1]);
    set.text(0x0028_0004, b"CS", "MONOCHROME2");
    set.text(0x0028_0008, b"IS", &fragments.len().to_string());
    set.words(0x0028_0010, &[size]);
    set.words(0x0028_0011, &[size]);
    for (tag, value) in [(0x0100, 16), (0x0101, 16), (0x0102, 15), (0x0103, 0)] {
        set.words(0x0028_0000 | tag, &[value]);
    }
    set.fragments(fragments);
    let mut bytes = meta(JPEG_LOSSLESS, MULTI_FRAME_WORD, &sop);
    bytes.extend(set.0);
    fs::write(path, bytes).map_err(|error| format!("the file cannot be written: {error}"))
}
