//! The first markers of a compressed picture, read before a decoder is let near it.

use crate::import::error::ImportError;

/// What a JPEG, JPEG-LS or JPEG 2000 header says.
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
    /// Multiple component transform (JPEG 2000): the decoder turns it back.
    pub has_component_transform: bool,
}

fn broken() -> ImportError {
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
                info.interleave = segment.get(2 + 2 * n).copied().unwrap_or(0);
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

/// JPEG 2000 and HTJ2K, bare or inside a JP2 box (ITU-T T.800 annex A).
pub fn jpeg_2000(data: &[u8]) -> Result<StreamInfo, ImportError> {
    let soc = data.windows(4).take(1 << 16).position(|bytes| bytes == [0xFF, 0x4F, 0xFF, 0x51]).ok_or_else(broken)?;
    let siz = data.get(soc + 4..).ok_or_else(broken)?;
    let long = |at: usize| siz.get(at..).and_then(|s| s.first_chunk()).map(|b| u32::from_be_bytes(*b));
    let header = || Some((long(4)?, long(8)?, long(12)?, long(16)?, be16(siz, 36)?, *siz.get(38)?));
    let (x_size, y_size, x_offset, y_offset, n_components, depth) = header().ok_or_else(broken)?;
    let is_subsampled = siz.get(38..).unwrap_or_default().chunks_exact(3).take(usize::from(n_components));
    if is_subsampled.clone().any(|component| !matches!(component, [_, 1, 1])) {
        return Err(ImportError::UnsupportedPixels("JPEG 2000 with subsampled components".to_owned()));
    }
    Ok(StreamInfo {
        rows: y_size.checked_sub(y_offset).ok_or_else(broken)?,
        cols: x_size.checked_sub(x_offset).ok_or_else(broken)?,
        n_components,
        precision: u16::from(depth & 0x7F) + 1,
        is_signed: depth & 0x80 != 0,
        has_component_transform: component_transform(siz).unwrap_or(false),
        ..StreamInfo::default()
    })
}

/// The transform byte of the COD segment that follows SIZ.
fn component_transform(siz: &[u8]) -> Option<bool> {
    let mut at = usize::from(be16(siz, 0)?);
    loop {
        let marker = be16(siz, at)?;
        match marker {
            0xFF52 => return Some(*siz.get(at + 8)? != 0),
            0xFF90 => return None,
            _ => at += 2 + usize::from(be16(siz, at + 2)?),
        }
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|pair| u16::from_be_bytes(*pair))
}
