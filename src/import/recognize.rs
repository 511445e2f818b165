//! What a file is, told from its bytes and never from its name.

use dicom_core::VR;

use crate::domain::intake::Notice;
use crate::import::dicom::dataset::Coding;
use crate::import::{guard, reason};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Dicom,
    Raster(image::ImageFormat),
    Other,
}

/// From the first bytes of a file; 1 KiB is enough.
pub fn file_kind(bytes: &[u8]) -> FileKind {
    let has_magic = bytes.get(128..132) == Some(b"DICM") || bytes.starts_with(b"DICM");
    if has_magic {
        return FileKind::Dicom;
    }
    if let Some(format) = raster_format(bytes) {
        return FileKind::Raster(format);
    }
    match dicom_start(bytes, &mut Vec::new()) {
        Some(_) => FileKind::Dicom,
        None => FileKind::Other,
    }
}

fn raster_format(bytes: &[u8]) -> Option<image::ImageFormat> {
    use image::ImageFormat::{Bmp, Jpeg, Png, Tiff};
    let magics: [(&[u8], image::ImageFormat); 5] =
        [(b"\x89PNG\r\n\x1a\n", Png), (b"\xff\xd8\xff", Jpeg), (b"BM", Bmp), (b"II*\0", Tiff), (b"MM\0*", Tiff)];
    magics.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, format)| format)
}

/// Where the meta header, or a data set without one, begins. `None`: not DICOM.
pub fn dicom_start(bytes: &[u8], notices: &mut Vec<Notice>) -> Option<usize> {
    if bytes.get(128..132) == Some(b"DICM") {
        if bytes.starts_with(b"MZ") || bytes.starts_with(b"\x7fELF") {
            let text = "The file also begins like a program; it was read as DICOM only";
            notices.push(Notice::new(reason::EXECUTABLE_PREAMBLE, text));
        }
        return Some(132);
    }
    let start = if bytes.starts_with(b"DICM") { 4 } else { 0 };
    if start == 0 && !looks_like_data_set(bytes) {
        return None;
    }
    notices.push(Notice::new(reason::NO_PREAMBLE, "The file lacks the DICOM preamble"));
    Some(start)
}

/// Two elements of a plausible beginning: nothing else is called DICOM without its magic word.
fn looks_like_data_set(bytes: &[u8]) -> bool {
    let Some(coding) = sniff_coding(bytes, 0, u64::MAX) else { return false };
    let Some((first, next)) = element_at(bytes, 0, coding) else { return false };
    let is_usual_group = matches!(first >> 16, 0x0002 | 0x0004 | 0x0008);
    is_usual_group
        && element_at(bytes, next, coding).is_some_and(|(second, _)| second > first && second >> 16 <= 0x7FE0)
}

/// The tag at `at` and where the following element starts.
fn element_at(bytes: &[u8], at: usize, coding: Coding) -> Option<(u32, usize)> {
    let [group_a, group_b, element_a, element_b, a, b, c, d] = *bytes.get(at..)?.first_chunk::<8>()?;
    let tag = u32::from(coding.u16([group_a, group_b])) << 16 | u32::from(coding.u16([element_a, element_b]));
    let (n_header, n_bytes) = match coding.is_explicit {
        true if guard::has_long_length(VR::from_binary([a, b])?) => {
            (12, coding.u32(*bytes.get(at.checked_add(8)?..)?.first_chunk()?))
        }
        true => (8, u32::from(coding.u16([c, d]))),
        false => (8, coding.u32([a, b, c, d])),
    };
    Some((tag, at.checked_add(n_header)?.checked_add(usize::try_from(n_bytes).ok()?)?))
}

/// The layout of the data set that starts at `start`; `None` when its first element does not tell.
pub fn sniff_coding(bytes: &[u8], start: usize, n_total: u64) -> Option<Coding> {
    let [group_a, group_b, _, _, a, b, c, d] = *bytes.get(start..)?.first_chunk::<8>()?;
    // Groups of a first element are small: the larger byte is the low one
    let is_big_endian = match (group_a, group_b) {
        (1.., 0) => false,
        (0, 1..) => true,
        _ => return None,
    };
    if VR::from_binary([a, b]).is_some() {
        return Some(Coding { is_explicit: true, is_big_endian });
    }
    let coding = Coding { is_explicit: false, is_big_endian };
    let n_bytes = coding.u32([a, b, c, d]);
    let fits = n_bytes == u32::MAX || start as u64 + 8 + u64::from(n_bytes) <= n_total;
    (fits && !is_big_endian && !a.is_ascii_uppercase()).then_some(coding)
}
