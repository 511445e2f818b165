//! The first markers of a compressed picture, read before a decoder is let near it.

pub mod jpeg_2000;

use crate::import::error::ImportError;

/// What the header of a JPEG, JPEG-LS, JPEG 2000 or JPEG XL stream says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamInfo {
    pub rows: u32,
    pub cols: u32,
    pub n_components: u16,
    /// Bits per sample of the first component.
    pub precision: u16,
    pub is_signed: bool,
    /// SOF marker's second byte (JPEG family).
    pub process: u8,
    pub component_ids: Vec<u8>,
    pub has_jfif: bool,
    /// Color transform of an Adobe APP14 segment.
    pub adobe_transform: Option<u8>,
    /// JPEG-LS interleave mode: 0 is planar.
    pub interleave: u8,
    /// JPEG-LS: by how much a sample may differ from the original.
    pub near: u8,
    /// Components of the first scan.
    pub n_scan_components: u16,
    /// Spectral selection and approximation of the first scan (DCT processes).
    pub scan_parameters: [u8; 3],
    /// Where the first SOS marker stands.
    pub scan_at: usize,
    /// Multiple component transform (JPEG 2000): the decoder turns it back.
    pub has_component_transform: bool,
}

pub(crate) fn broken() -> ImportError {
    ImportError::DecoderFailed("the compressed picture has no readable header".to_owned())
}

/// JPEG and JPEG-LS (ITU-T T.81 annex B, T.87 annex C).
pub fn jpeg(data: &[u8]) -> Result<StreamInfo, ImportError> {
    let mut info = StreamInfo::default();
    let mut at = data.windows(2).position(|pair| pair == [0xFF, 0xD8]).ok_or_else(broken)? + 2;
    loop {
        let Some([0xFF, marker]) = data.get(at..at + 2) else { return Err(broken()) };
        if *marker == 0xFF {
            at += 1;
            continue;
        }
        let length = be16(data, at + 2).ok_or_else(broken)?;
        let segment = data.get(at + 4..at + 2 + usize::from(length)).ok_or_else(broken)?;
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7 => {
                info.process = *marker;
                frame_header(segment, &mut info).ok_or_else(broken)?;
            }
            0xE0 => info.has_jfif |= segment.starts_with(b"JFIF"),
            0xEE if segment.starts_with(b"Adobe") => info.adobe_transform = segment.get(11).copied(),
            0xDA => {
                let n = usize::from(*segment.first().ok_or_else(broken)?);
                info.n_scan_components = n as u16;
                info.near = segment.get(1 + 2 * n).copied().unwrap_or(0);
                info.interleave = segment.get(2 + 2 * n).copied().unwrap_or(0);
                info.scan_parameters =
                    segment.get(1 + 2 * n..).and_then(|rest| rest.first_chunk().copied()).unwrap_or_default();
                info.scan_at = at;
                return if info.rows > 0 { Ok(info) } else { Err(broken()) };
            }
            _ => {}
        }
        at += 2 + usize::from(length);
    }
}

fn frame_header(segment: &[u8], info: &mut StreamInfo) -> Option<()> {
    info.precision = u16::from(*segment.first()?);
    info.rows = u32::from(be16(segment, 1)?);
    info.cols = u32::from(be16(segment, 3)?);
    info.n_components = u16::from(*segment.get(5)?);
    info.component_ids = segment.get(6..)?.chunks(3).filter_map(|component| component.first().copied()).collect();
    Some(())
}

/// The marker segments between SOI and the scan at `end`, each with its marker and length.
pub fn jpeg_segments(data: &[u8], end: usize) -> Vec<(u8, &[u8])> {
    let mut segments = Vec::new();
    let mut at = data.windows(2).position(|pair| pair == [0xFF, 0xD8]).map_or(end, |soi| soi + 2);
    while at < end {
        let Some([0xFF, marker]) = data.get(at..at + 2) else { break };
        if *marker == 0xFF {
            at += 1;
            continue;
        }
        let n_bytes = 2 + be16(data, at + 2).map_or(0, usize::from);
        segments.push((*marker, data.get(at..at + n_bytes).unwrap_or_default()));
        at += n_bytes;
    }
    segments
}

/// Whether the scans together bring every coefficient of every component to its last bit. What was cut between two
/// scans decodes without a complaint, to a coarser picture.
pub fn has_all_scans(data: &[u8], info: &StreamInfo) -> bool {
    let is_progressive = matches!(info.process, 0xC2 | 0xCA);
    let is_dct = !matches!(info.process, 0xC3 | 0xCB);
    let n_coefficients = if is_progressive { 64 } else { 1 };
    // Lowest bit that was sent, by component and coefficient
    let mut lowest = vec![[u8::MAX; 64]; info.component_ids.len()];
    let mut at = info.scan_at;
    while let Some([0xFF, marker]) = data.get(at..at + 2) {
        match marker {
            0xD9 => break,
            0xFF => {
                at += 1;
                continue;
            }
            _ => {}
        }
        let Some(length) = be16(data, at + 2) else { break };
        let segment = data.get(at + 4..at + 2 + usize::from(length)).unwrap_or_default();
        at += 2 + usize::from(length);
        if *marker != 0xDA {
            continue;
        }
        let n = usize::from(segment.first().copied().unwrap_or(0));
        let Some([start, end, bits]) = segment.get(1 + 2 * n..).and_then(|rest| rest.first_chunk()) else { break };
        let (start, end, low) = match is_progressive && is_dct {
            true => (usize::from(*start), usize::from(*end).min(63), bits & 15),
            false => (0, 0, 0),
        };
        for [id, _] in segment.get(1..1 + 2 * n).unwrap_or_default().as_chunks::<2>().0 {
            let component = info.component_ids.iter().position(|known| known == id);
            let sent = component.and_then(|index| lowest.get_mut(index)?.get_mut(start..=end));
            sent.unwrap_or_default().iter_mut().for_each(|lowest| *lowest = (*lowest).min(low));
        }
        at += entropy_coded(data.get(at..).unwrap_or_default());
    }
    lowest.iter().all(|component| component.iter().take(n_coefficients).all(|bit| *bit == 0))
}

/// Bytes up to the next marker that is neither a stuffed zero nor a restart.
fn entropy_coded(data: &[u8]) -> usize {
    let mut at = 0;
    while let Some(step) = data.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0xFF)) {
        at += step;
        match data.get(at + 1) {
            Some(0x00 | 0xD0..=0xD7) => at += 2,
            _ => return at,
        }
    }
    data.len()
}

pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|pair| u16::from_be_bytes(*pair))
}
