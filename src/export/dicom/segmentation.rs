//! Segmentation objects (PS3.3 A.51): binary, label map and fractional, on the grid of the pictures they were made of.

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use crate::domain::codes::{Code, Codes};
use crate::domain::coding::CodedConcept;
use crate::domain::finding::Subject;
use crate::domain::mask::Mask;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::export::dicom::header::{Identity, VERSION, header};
use crate::export::dicom::object::{DataSet, code_item};
use crate::export::dicom::segmentation_frames::{self, Frames};
use crate::export::error::ExportError;

pub const LABEL_MAP_CLASS: &str = "1.2.840.10008.5.1.4.1.1.66.7";

/// How masks become pixels (Segmentation Type, 0062,0001).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentationKind {
    /// One bit a pixel, a frame for each segment and place.
    Binary,
    /// One number a pixel: segments must not overlap.
    LabelMap,
    /// 0 to 255 for probabilities of 0 to 1.
    Fractional,
}

/// Segment Algorithm Type (0062,0008).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Automatic(AlgorithmIdentity),
    /// Calculated, then edited by a person.
    SemiAutomatic(AlgorithmIdentity),
    Manual,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmIdentity {
    pub name: String,
    pub version: String,
    pub source: String,
    /// Such as the hash of the weights.
    pub parameters: String,
}

/// What a segment covers on one picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Coverage {
    Mask(Mask),
    /// Row-major, 0 to 255; only in fractional objects.
    Fractions(Vec<u8>),
}

#[derive(Clone, Debug)]
pub struct SegmentToWrite {
    pub label: String,
    /// Property type; its category follows from it.
    pub code: CodedConcept,
    pub algorithm: Algorithm,
    /// Tracking ID and UID.
    pub tracking: (String, String),
    /// Display color, sRGB.
    pub color: [u8; 3],
    /// Each picture at most once.
    pub frames: Vec<(Subject, Coverage)>,
}

/// One object: segments over pictures of one series.
pub struct SegmentationToWrite<'a> {
    pub study: &'a Study,
    pub series: &'a Series,
    pub kind: SegmentationKind,
    pub segments: &'a [SegmentToWrite],
    pub identity: Identity<'a>,
    pub label: &'a str,
    /// A person who drew or edited; `None` for a device.
    pub creator: Option<&'a str>,
    /// The segmentation that this one was edited from: class, instance.
    pub edited_from: Option<(String, String)>,
    pub codes: &'a Codes,
}

impl SegmentationKind {
    pub fn sop_class(self) -> &'static str {
        match self {
            Self::Binary | Self::Fractional => uids::SEGMENTATION_STORAGE,
            Self::LabelMap => LABEL_MAP_CLASS,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Binary => "BINARY",
            Self::LabelMap => "LABELMAP",
            Self::Fractional => "FRACTIONAL",
        }
    }
}

/// The file. Refuses segments of another grid than their pictures, and overlapping ones as a label map.
pub fn file(wanted: &SegmentationToWrite<'_>) -> Result<Vec<u8>, ExportError> {
    let SegmentationToWrite { study, series, kind, segments, identity, label, creator, edited_from, codes } = wanted;
    let frames = Frames::lay_out(series, *kind, segments)?;
    let mut data = header(study, identity);
    data.words(tags::IMAGE_TYPE, VR::CS, &["DERIVED", "PRIMARY"])
        .text(tags::CONTENT_LABEL, VR::CS, &content_label(label))
        .text(tags::CONTENT_DESCRIPTION, VR::LO, label)
        .text(tags::CONTENT_CREATOR_NAME, VR::PN, creator.unwrap_or_default())
        .text(tags::CONTENT_QUALIFICATION, VR::CS, "RESEARCH")
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00")
        .text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO")
        .text(tags::SEGMENTATION_TYPE, VR::CS, kind.word())
        .text(tags::SEGMENTS_OVERLAP, VR::CS, if frames.overlaps { "YES" } else { "NO" })
        .text(tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    if let Some(first) = frames.unplaced_source() {
        // PS3.3 C.7.6.1.1.1: where no plane says it
        let words = first.patient_orientation.as_ref().map(|[row, column]| [row.as_str(), column.as_str()]);
        data.words(tags::PATIENT_ORIENTATION, VR::CS, words.as_ref().map_or(&[][..], |words| &words[..]));
    }
    if let Some(frame_of_reference) = &series.frame_of_reference {
        data.uid(tags::FRAME_OF_REFERENCE_UID, frame_of_reference.as_str());
    }
    if *kind == SegmentationKind::Fractional {
        data.text(tags::SEGMENTATION_FRACTIONAL_TYPE, VR::CS, "PROBABILITY").u16(tags::MAXIMUM_FRACTIONAL_VALUE, 255);
    }
    if let Some((sop_class, sop)) = edited_from {
        let source = crate::export::dicom::object::reference_item(sop_class, sop);
        data.item(tags::SOURCE_IMAGE_SEQUENCE, source);
    }
    let numbered = segments.iter().zip(1_u16..);
    let items = numbered.map(|(segment, number)| segment_item(segment, number, codes)).collect();
    data.sequence(tags::SEGMENT_SEQUENCE, items);
    segmentation_frames::put_dimensions(&mut data, &frames);
    segmentation_frames::put_groups(&mut data, &frames, codes);
    segmentation_frames::put_references(&mut data, series, &frames);
    put_pixels(&mut data, *kind, &frames);
    data.to_file(identity.sop_class, identity.sop)
}

/// CS: capitals, digits, blank and underscore.
fn content_label(label: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let cleaned: String = label.chars().map(word).take(16).collect();
    if cleaned.is_empty() { "SEGMENTATION".to_owned() } else { cleaned }
}

fn segment_item(segment: &SegmentToWrite, number: u16, codes: &Codes) -> DataSet {
    let SegmentToWrite { label, code, algorithm, tracking: (tracking_id, tracking_uid), color, frames: _ } = segment;
    let category = if codes.is_anatomy(code) { Code::AnatomicalStructure } else { Code::AbnormalStructure };
    let (word, identity) = match algorithm {
        Algorithm::Automatic(identity) => ("AUTOMATIC", Some(identity)),
        Algorithm::SemiAutomatic(identity) => ("SEMIAUTOMATIC", Some(identity)),
        Algorithm::Manual => ("MANUAL", None),
    };
    let mut item = DataSet::new();
    item.u16(tags::SEGMENT_NUMBER, number)
        .text(tags::SEGMENT_LABEL, VR::LO, label)
        .text(tags::SEGMENT_ALGORITHM_TYPE, VR::CS, word)
        .item(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, code_item(&codes.concept(category)))
        .item(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, code_item(code))
        .text(tags::TRACKING_ID, VR::UT, tracking_id)
        .uid(tags::TRACKING_UID, tracking_uid)
        .value(
            tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE,
            VR::US,
            PrimitiveValue::U16(cie_lab(*color).into_iter().collect()),
        );
    if let Some(identity) = identity {
        item.text(tags::SEGMENT_ALGORITHM_NAME, VR::LO, &identity.name)
            .item(tags::SEGMENTATION_ALGORITHM_IDENTIFICATION_SEQUENCE, algorithm_item(identity, codes));
    }
    item
}

/// Algorithm Identification macro (PS3.3 10.16).
pub fn algorithm_item(identity: &AlgorithmIdentity, codes: &Codes) -> DataSet {
    let AlgorithmIdentity { name, version, source, parameters } = identity;
    let mut item = DataSet::new();
    item.code(tags::ALGORITHM_FAMILY_CODE_SEQUENCE, &codes.concept(Code::ArtificialIntelligence))
        .text(tags::ALGORITHM_NAME, VR::LO, name)
        .text(tags::ALGORITHM_VERSION, VR::LO, if version.is_empty() { VERSION } else { version });
    if !source.is_empty() {
        item.text(tags::ALGORITHM_SOURCE, VR::LO, source);
    }
    if !parameters.is_empty() {
        item.text(tags::ALGORITHM_PARAMETERS, VR::LT, parameters);
    }
    item
}

fn put_pixels(data: &mut DataSet, kind: SegmentationKind, frames: &Frames<'_>) {
    let bits: u16 = if kind == SegmentationKind::Binary { 1 } else { 8 };
    let size = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    data.u16(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
        .integer(tags::NUMBER_OF_FRAMES, i64::try_from(frames.planes.len()).unwrap_or(i64::MAX))
        .u16(tags::ROWS, size(frames.rows))
        .u16(tags::COLUMNS, size(frames.cols))
        .u16(tags::BITS_ALLOCATED, bits)
        .u16(tags::BITS_STORED, bits)
        .u16(tags::HIGH_BIT, bits - 1)
        .u16(tags::PIXEL_REPRESENTATION, 0);
    let mut bytes = match kind {
        SegmentationKind::Binary => packed(frames),
        SegmentationKind::LabelMap | SegmentationKind::Fractional => {
            frames.planes.iter().flat_map(|plane| plane.samples.iter().copied()).collect()
        }
    };
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    data.value(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes.into()));
}

/// One bit a pixel, the lowest of a byte first, frames one behind the other without a gap (PS3.5 8.1.1).
fn packed(frames: &Frames<'_>) -> Vec<u8> {
    let n_pixels: usize = frames.planes.iter().map(|plane| plane.samples.len()).sum();
    let mut bytes = vec![0_u8; n_pixels.div_ceil(8)];
    let samples = frames.planes.iter().flat_map(|plane| &plane.samples);
    for (at, _) in samples.enumerate().filter(|(_, sample)| **sample != 0) {
        if let Some(byte) = bytes.get_mut(at / 8) {
            *byte |= 1 << (at % 8);
        }
    }
    bytes
}

/// sRGB as PCS values (PS3.3 C.10.7.1.1): L* 0 to 100 and a*, b* -128 to 127 in 16 bits, white point D50.
fn cie_lab(color: [u8; 3]) -> [u16; 3] {
    let linear = color.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    // sRGB to XYZ with Bradford's adaptation from D65 to D50 (ICC.1:2010, Lindbloom)
    const TO_XYZ: [[f64; 3]; 3] = [
        [0.436_074_7, 0.385_064_9, 0.143_080_4],
        [0.222_504_5, 0.716_878_6, 0.060_616_9],
        [0.013_932_2, 0.097_104_5, 0.714_173_3],
    ];
    const WHITE: [f64; 3] = [0.964_22, 1.0, 0.825_21];
    let [r, g, b] = linear;
    let [x, y, z] = TO_XYZ.map(|[of_r, of_g, of_b]| of_r * r + of_g * g + of_b * b);
    let [white_x, white_y, white_z] = WHITE;
    let bent =
        |value: f64| if value > 216.0 / 24_389.0 { value.cbrt() } else { (24_389.0 / 27.0 * value + 16.0) / 116.0 };
    let [fx, fy, fz] = [bent(x / white_x), bent(y / white_y), bent(z / white_z)];
    let word =
        |value: f64, low: f64, high: f64| (((value - low) / (high - low)).clamp(0.0, 1.0) * 65_535.0).round() as u16;
    [
        word(116.0 * fy - 16.0, 0.0, 100.0),
        word(500.0 * (fx - fy), -128.0, 127.0),
        word(200.0 * (fy - fz), -128.0, 127.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_black_and_red_are_where_cie_lab_has_them() {
        let [l, a, b] = cie_lab([255, 255, 255]);
        assert!(l > 65_500 && a.abs_diff(32_896) < 40 && b.abs_diff(32_896) < 40, "{l} {a} {b}");
        assert_eq!(cie_lab([0, 0, 0])[0], 0);
        // L* 54.29, a* 80.8, b* 69.9 under D50
        let [l, a, b] = cie_lab([255, 0, 0]).map(f64::from);
        assert!((l / 655.35 - 54.29).abs() < 0.2, "{l}");
        assert!((a / 257.0 - 128.0 - 80.8).abs() < 0.5 && (b / 257.0 - 128.0 - 69.9).abs() < 0.5, "{a} {b}");
    }
}
