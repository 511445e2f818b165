//! Modality and VOI transforms and palettes as facts of the file (PS3.3 C.11.1, C.11.2, C.7.9).

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::intake::Notice;
use crate::domain::presentation::{LookupTable, ModalityLut, VoiFunction, VoiTransform, Window};
use crate::import::dicom::dataset::{Coding, View, words};
use crate::import::reason;

/// Modality LUT of a data set or of a functional group; identity when it says nothing.
pub fn modality_lut(view: &View<'_>, is_signed: bool, notices: &mut Vec<Notice>) -> ModalityLut {
    if let Some(item) = view.first_item(tags::MODALITY_LUT_SEQUENCE) {
        match lookup_table(&item, is_signed) {
            Some(table) => return ModalityLut::Table(Arc::new(table)),
            None => {
                notices.push(Notice::new(reason::LUT_IGNORED, "The modality LUT is unreadable and was ignored"));
                let text = "The values are not those the file means, because its modality LUT is unreadable";
                notices.push(Notice::new(reason::RESCALE_IGNORED, text));
            }
        }
    }
    let (slope, intercept) = (view.numbers(tags::RESCALE_SLOPE), view.numbers(tags::RESCALE_INTERCEPT));
    if slope.is_empty() && intercept.is_empty() {
        return ModalityLut::Identity;
    }
    linear(slope.first().copied().unwrap_or(1.0), intercept.first().copied().unwrap_or(0.0), notices)
}

/// Identity with a notice when the numbers give no scale.
pub fn linear(slope: f64, intercept: f64, notices: &mut Vec<Notice>) -> ModalityLut {
    let is_usable = slope.is_finite() && intercept.is_finite() && slope != 0.0 && slope.abs() < 1e100;
    if !is_usable || intercept.abs() > 1e100 {
        let text = "Rescale Slope or Intercept is unusable; stored values are shown";
        notices.push(Notice::new(reason::RESCALE_IGNORED, text));
        return ModalityLut::Identity;
    }
    ModalityLut::Linear { slope, intercept }
}

/// Whether the output may fall below 0: VOI tables then count from a signed first value (PS3.3 C.11.2.1.1).
pub fn gives_negative(lut: &ModalityLut, is_signed: bool) -> bool {
    match lut {
        ModalityLut::Identity => is_signed,
        ModalityLut::Linear { intercept, slope } => is_signed || *intercept < 0.0 || *slope < 0.0,
        ModalityLut::Table(_) => false,
    }
}

/// VOI transforms: tables first, then windows, each in the file's order.
pub fn voi_transforms(view: &View<'_>, is_signed: bool, notices: &mut Vec<Notice>) -> Vec<VoiTransform> {
    let mut transforms = Vec::new();
    for item in view.items(tags::VOILUT_SEQUENCE) {
        match lookup_table(&item, is_signed) {
            Some(table) => transforms.push(VoiTransform::Table(Arc::new(table))),
            None => notices.push(Notice::new(reason::LUT_IGNORED, "A VOI LUT is unreadable and was ignored")),
        }
    }
    transforms.extend(windows(view, notices));
    transforms
}

/// More windows than this are a fault of the file.
const MAX_WINDOWS: usize = 64;

fn windows(view: &View<'_>, notices: &mut Vec<Notice>) -> Vec<VoiTransform> {
    let (centers, widths) = (view.numbers(tags::WINDOW_CENTER), view.numbers(tags::WINDOW_WIDTH));
    let explanations: Vec<String> = match view.raw(tags::WINDOW_CENTER_WIDTH_EXPLANATION) {
        Some(_) => view.text(tags::WINDOW_CENTER_WIDTH_EXPLANATION).split('\\').map(|s| s.trim().to_owned()).collect(),
        None => Vec::new(),
    };
    let function = match view.code(tags::VOILUT_FUNCTION).as_str() {
        "LINEAR_EXACT" => VoiFunction::LinearExact,
        "SIGMOID" => VoiFunction::Sigmoid,
        "" | "LINEAR" => VoiFunction::Linear,
        _ => {
            let text = "The VOI LUT function is not known; the window is taken as linear";
            notices.push(Notice::new(reason::WINDOW_IGNORED, text));
            VoiFunction::Linear
        }
    };
    let n_pairs = centers.len().min(widths.len());
    let mut found = Vec::new();
    for (index, (center, width)) in centers.iter().zip(&widths).take(MAX_WINDOWS).enumerate() {
        let least = if function == VoiFunction::Linear { 1.0 } else { f64::MIN_POSITIVE };
        if center.is_finite() && width.is_finite() && center.abs() < 1e100 && (least..1e100).contains(width) {
            let explanation = explanations.get(index).cloned().unwrap_or_default();
            found.push(VoiTransform::Window {
                window: Window { center: *center, width: *width, function },
                explanation,
            });
        }
    }
    if centers.len() > MAX_WINDOWS {
        let text = format!("The file has {} windows; the first {MAX_WINDOWS} are offered", centers.len());
        notices.push(Notice::new(reason::WINDOW_IGNORED, text));
    } else if found.len() < centers.len().max(n_pairs) {
        notices.push(Notice::new(reason::WINDOW_IGNORED, "A window with an unusable center or width was ignored"));
    }
    found
}

/// LUT Descriptor (0028,3002) and LUT Data (0028,3006) of one item.
fn lookup_table(item: &View<'_>, is_signed: bool) -> Option<LookupTable> {
    let descriptor = Descriptor::read(item, tags::LUT_DESCRIPTOR, is_signed)?;
    let entries = entries(item, tags::LUT_DATA, &descriptor)?;
    // A stated depth that the entries exceed is too small, a common fault
    let needed = entries.iter().map(|entry| 16 - entry.leading_zeros()).max().unwrap_or(0);
    let bits = u32::from(descriptor.bits).clamp(8, 16).max(needed);
    let explanation = item.text(tags::LUT_EXPLANATION);
    Some(LookupTable { first_mapped: descriptor.first, entries, bits: u8::try_from(bits).unwrap_or(16), explanation })
}

pub struct Descriptor {
    pub n_entries: usize,
    pub first: i64,
    pub bits: u16,
}

impl Descriptor {
    /// Three words; the second as signed as the pixels are, or as its VR says (PS3.3 C.11.1.1.1).
    pub fn read(view: &View<'_>, tag: Tag, is_signed: bool) -> Option<Self> {
        let element = view.element(tag)?;
        let coding = Coding { is_explicit: true, is_big_endian: element.is_big_endian };
        let values: Vec<u16> = words(view.raw(tag)?, coding).take(3).collect();
        let [n_entries, first, bits] = values.as_slice() else { return None };
        let is_signed = is_signed || element.vr.is_some_and(|vr| &vr == b"SS");
        let first = if is_signed { i64::from(first.cast_signed()) } else { i64::from(*first) };
        let n_entries = if *n_entries == 0 { 65_536 } else { usize::from(*n_entries) };
        Some(Self { n_entries, first, bits: *bits })
    }
}

/// Entries in 16-bit words, or packed two to a word when 8 bits deep. `None` when there are too few.
pub fn entries(view: &View<'_>, tag: Tag, descriptor: &Descriptor) -> Option<Vec<u16>> {
    let element = view.element(tag)?;
    let bytes = view.raw(tag)?;
    let coding = Coding { is_explicit: true, is_big_endian: element.is_big_endian };
    let n = descriptor.n_entries;
    let entries: Vec<u16> = match bytes.len() {
        n_bytes if n_bytes >= 2 * n => words(bytes, coding).take(n).collect(),
        n_bytes if n_bytes >= n && descriptor.bits <= 8 => {
            packed_bytes(bytes, element.vr, coding).into_iter().take(n).map(u16::from).collect()
        }
        _ => return None,
    };
    (!entries.is_empty()).then_some(entries)
}

/// Bytes in their order: OW of a big-endian file swaps each pair.
pub fn packed_bytes(bytes: &[u8], vr: Option<[u8; 2]>, coding: Coding) -> Vec<u8> {
    let is_swapped = coding.is_big_endian && vr.is_none_or(|vr| &vr != b"OB");
    match is_swapped {
        true => bytes.chunks(2).flat_map(|pair| pair.iter().rev().copied()).collect(),
        false => bytes.to_vec(),
    }
}
