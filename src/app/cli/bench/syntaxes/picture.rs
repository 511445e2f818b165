//! The radiograph and its DICOM files.

use crate::imaging::phantom::noise::SplitMix;
use crate::imaging::phantom::{PhantomOptions, RadiographGrid, radiograph};
use crate::imaging::resample::resize_triangle_antialias;
use crate::import::dicom::codecs::turbojpeg::Process;
use crate::import::dicom::codecs::{Fault, Shape};
use crate::import::dicom::codecs::{charls, rle, turbojpeg};
use crate::import::dicom::samples::Words;

pub const ROWS: u16 = 4096;
pub const COLS: u16 = 3328;
pub const N_BITS: u16 = 12;
/// Of a detector, in stored values.
const NOISE: f64 = 5.0;
const QUALITY: u8 = 92;

pub struct Radiograph(Vec<u16>);

impl Radiograph {
    pub fn new() -> Result<Self, String> {
        let options = PhantomOptions::default();
        let grid = RadiographGrid::SMALL;
        let coarse = radiograph::radiograph(&options.scene(), &grid, options.seed, 0.0);
        let coarse: Vec<f32> = coarse.iter().map(|stored| f32::from(*stored)).collect();
        let (rows, cols) = (usize::from(ROWS), usize::from(COLS));
        let fine = resize_triangle_antialias(&coarse, grid.rows as usize, grid.cols as usize, rows, cols);
        let mut noise = SplitMix::new(1);
        let peak = f64::from((1_u16 << N_BITS) - 1);
        let noisy =
            fine.iter().map(|value| (f64::from(*value) + NOISE * noise.normal()).round().clamp(0.0, peak) as u16);
        Ok(Self(noisy.collect()))
    }

    /// Little endian; 8-bit pictures keep the upper bits.
    pub fn native(&self, n_bits: u16) -> Vec<u8> {
        match n_bits {
            8 => self.upper_bits(),
            _ => self.0.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    fn upper_bits(&self) -> Vec<u8> {
        self.0.iter().map(|value| (value >> (N_BITS - 8)) as u8).collect()
    }

    /// By the codecs at hand.
    pub fn encoded(&self, id: &str) -> Result<Vec<u8>, String> {
        let shape = |precision| Shape { rows: ROWS.into(), cols: COLS.into(), n_components: 1, precision };
        let words = || Words::U16(self.0.clone());
        let encoded = match id {
            "rle" => {
                let plane = |shift: u32| self.0.iter().map(|value| (value >> shift) as u8).collect();
                Ok(rle::encode(&[plane(8), plane(0)]))
            }
            "jpeg_8" => turbojpeg::encode(&Words::U8(self.upper_bits()), shape(8), Process::Dct { quality: QUALITY }),
            "jpeg_12" => turbojpeg::encode(&words(), shape(N_BITS), Process::Dct { quality: QUALITY }),
            "jpeg_lossless" => turbojpeg::encode(&words(), shape(N_BITS), Process::Lossless),
            _ => charls::encode(&words(), shape(N_BITS)),
        };
        encoded.map_err(|Fault(text)| text)
    }

    /// A Digital X-Ray image; uncompressed unless there is a `fragment`.
    pub fn file(&self, syntax: &str, n_bits: u16, fragment: Option<&[u8]>) -> Vec<u8> {
        const CLASS: &str = "1.2.840.10008.5.1.4.1.1.1.1";
        let sop = format!("1.2.826.0.1.3680043.9.7433.8.{}", syntax.len());
        let mut meta = Vec::new();
        element(&mut meta, 0x0002_0002, b"UI", CLASS.as_bytes());
        element(&mut meta, 0x0002_0003, b"UI", sop.as_bytes());
        element(&mut meta, 0x0002_0010, b"UI", syntax.as_bytes());
        let mut file = vec![0; 128];
        file.extend(b"DICM");
        element(&mut file, 0x0002_0000, b"UL", &(meta.len() as u32).to_le_bytes());
        file.extend(meta);
        for (tag, vr, value) in [
            (0x0008_0016, b"UI", CLASS),
            (0x0008_0018, b"UI", sop.as_str()),
            (0x0008_0060, b"CS", "DX"),
            (0x0020_000D, b"UI", "1.2.826.0.1.3680043.9.7433.8.1"),
            (0x0020_000E, b"UI", "1.2.826.0.1.3680043.9.7433.8.2"),
        ] {
            element(&mut file, tag, vr, value.as_bytes());
        }
        let number = |file: &mut Vec<u8>, tag, value: u16| element(file, tag, b"US", &value.to_le_bytes());
        number(&mut file, 0x0028_0002, 1);
        element(&mut file, 0x0028_0004, b"CS", b"MONOCHROME2");
        number(&mut file, 0x0028_0010, ROWS);
        number(&mut file, 0x0028_0011, COLS);
        number(&mut file, 0x0028_0100, n_bits.next_multiple_of(8));
        number(&mut file, 0x0028_0101, n_bits);
        number(&mut file, 0x0028_0102, n_bits - 1);
        number(&mut file, 0x0028_0103, 0);
        match fragment {
            None => element(&mut file, 0x7FE0_0010, b"OW", &self.native(n_bits)),
            Some(fragment) => {
                file.extend([0xE0, 0x7F, 0x10, 0x00, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
                for item in [&[], fragment] {
                    file.extend([0xFE, 0xFF, 0x00, 0xE0]);
                    file.extend((item.len().next_multiple_of(2) as u32).to_le_bytes());
                    file.extend(item);
                    file.resize(file.len().next_multiple_of(2), 0);
                }
                file.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
            }
        }
        file
    }
}

/// Explicit VR little endian.
fn element(out: &mut Vec<u8>, tag: u32, vr: &[u8; 2], value: &[u8]) {
    let [g0, g1, e0, e1] = tag.to_be_bytes();
    out.extend([g1, g0, e1, e0]);
    out.extend(vr);
    let n_bytes = value.len().next_multiple_of(2) as u32;
    match vr {
        b"OW" => {
            out.extend([0, 0]);
            out.extend(n_bytes.to_le_bytes());
        }
        _ => out.extend((n_bytes as u16).to_le_bytes()),
    }
    out.extend(value);
    if value.len() % 2 == 1 {
        out.push(if vr == b"UI" { 0 } else { b' ' });
    }
}
