//! The phantom's pictures as DICOM objects: CT Image, and Digital X-Ray Image for presentation.

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use sha2::{Digest as _, Sha256};

use crate::export::phantom_study::PhantomError;
use crate::imaging::phantom::{CtGrid, RadiographGrid, radiograph};

/// HU of stored value 0.
const CT_INTERCEPT: i32 = -1024;
const DATE: &str = "20260102";
const TIME: &str = "101500";

/// Every identifier of one phantom, derived from its fingerprint: the same phantom is the same study everywhere.
#[derive(Clone, Debug)]
pub struct PhantomUids {
    fingerprint: String,
}

impl PhantomUids {
    pub fn new(fingerprint: &str) -> Self {
        Self { fingerprint: fingerprint.to_owned() }
    }

    pub fn study(&self) -> String {
        self.derive("study")
    }

    fn series(&self, modality: &str) -> String {
        self.derive(&format!("series {modality}"))
    }

    fn instance(&self, modality: &str, index: u32) -> String {
        self.derive(&format!("instance {modality} {index}"))
    }

    fn frame_of_reference(&self) -> String {
        self.derive("frame of reference")
    }

    /// `2.25.` and a UUID of version 8 out of SHA-256 (PS3.5 B.2, RFC 9562).
    fn derive(&self, what: &str) -> String {
        uid_of(&format!("overread phantom {} {what}", self.fingerprint))
    }
}

fn uid_of(text: &str) -> String {
    let digest = Sha256::digest(text);
    let number = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let versioned = (number & !(0xF << 76)) | (0x8 << 76);
    let uuid = (versioned & !(0b11 << 62)) | (0b10 << 62);
    format!("2.25.{uuid}")
}

/// One axial slice; `hounsfield` row-major.
pub fn ct_file(uids: &PhantomUids, grid: &CtGrid, index: u32, hounsfield: &[i16]) -> Result<Vec<u8>, PhantomError> {
    let plane = grid.plane(index);
    let mut object = InMemDicomObject::new_empty();
    let sop = uids.instance("CT", index);
    patient_and_study(&mut object, uids);
    put(&mut object, tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE);
    put(&mut object, tags::SOP_INSTANCE_UID, VR::UI, &sop);
    put(&mut object, tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL");
    put(&mut object, tags::MODALITY, VR::CS, "CT");
    put(&mut object, tags::SERIES_INSTANCE_UID, VR::UI, &uids.series("CT"));
    put(&mut object, tags::SERIES_NUMBER, VR::IS, "2");
    put(&mut object, tags::SERIES_DESCRIPTION, VR::LO, "Chest CT");
    put(&mut object, tags::PATIENT_POSITION, VR::CS, "HFS");
    put(&mut object, tags::INSTANCE_NUMBER, VR::IS, &(index + 1).to_string());
    put(&mut object, tags::ACQUISITION_NUMBER, VR::IS, "1");
    put(&mut object, tags::FRAME_OF_REFERENCE_UID, VR::UI, &uids.frame_of_reference());
    put(&mut object, tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    let [x, y, z] = plane.position_mm.0;
    put(&mut object, tags::IMAGE_POSITION_PATIENT, VR::DS, &decimals(&[x, y, z]));
    put(&mut object, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0");
    put(&mut object, tags::SLICE_LOCATION, VR::DS, &decimals(&[z]));
    put(&mut object, tags::SLICE_THICKNESS, VR::DS, &decimals(&[grid.slice_mm]));
    put(&mut object, tags::PIXEL_SPACING, VR::DS, &decimals(&[grid.pixel_mm, grid.pixel_mm]));
    put(&mut object, tags::KVP, VR::DS, "120");
    put(&mut object, tags::CONVOLUTION_KERNEL, VR::SH, "SOFT");
    put(&mut object, tags::RESCALE_INTERCEPT, VR::DS, &CT_INTERCEPT.to_string());
    put(&mut object, tags::RESCALE_SLOPE, VR::DS, "1");
    put(&mut object, tags::RESCALE_TYPE, VR::LO, "HU");
    put(&mut object, tags::WINDOW_CENTER, VR::DS, "-600\\40");
    put(&mut object, tags::WINDOW_WIDTH, VR::DS, "1500\\400");
    put(&mut object, tags::WINDOW_CENTER_WIDTH_EXPLANATION, VR::LO, "Lung\\Soft tissue");
    let stored = hounsfield.iter().map(|hu| u16::try_from(i32::from(*hu) - CT_INTERCEPT).unwrap_or(0));
    pixels(&mut object, grid.rows, grid.cols, stored.collect());
    file(object, uids::CT_IMAGE_STORAGE, &sop, "CT slice")
}

/// The PA radiograph; `values` of 12 bits, row-major.
pub fn radiograph_file(uids: &PhantomUids, grid: &RadiographGrid, values: &[u16]) -> Result<Vec<u8>, PhantomError> {
    let mut object = InMemDicomObject::new_empty();
    let sop = uids.instance("DX", 0);
    let sop_class = uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    patient_and_study(&mut object, uids);
    put(&mut object, tags::SOP_CLASS_UID, VR::UI, sop_class);
    put(&mut object, tags::SOP_INSTANCE_UID, VR::UI, &sop);
    put(&mut object, tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY");
    put(&mut object, tags::DERIVATION_DESCRIPTION, VR::ST, "Projected from an analytic phantom");
    put(&mut object, tags::MODALITY, VR::CS, "DX");
    put(&mut object, tags::SERIES_INSTANCE_UID, VR::UI, &uids.series("DX"));
    put(&mut object, tags::SERIES_NUMBER, VR::IS, "1");
    put(&mut object, tags::SERIES_DESCRIPTION, VR::LO, "Chest PA");
    put(&mut object, tags::INSTANCE_NUMBER, VR::IS, "1");
    put(&mut object, tags::PRESENTATION_INTENT_TYPE, VR::CS, "FOR PRESENTATION");
    put(&mut object, tags::PATIENT_ORIENTATION, VR::CS, "L\\F");
    put(&mut object, tags::IMAGE_LATERALITY, VR::CS, "U");
    put(&mut object, tags::VIEW_POSITION, VR::CS, "PA");
    projection_geometry(&mut object, grid);
    put(&mut object, tags::KVP, VR::DS, "120");
    put(&mut object, tags::POSITIONER_TYPE, VR::CS, "");
    put(&mut object, tags::DETECTOR_TYPE, VR::CS, "SCINTILLATOR");
    put(&mut object, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00");
    put(&mut object, tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    put(&mut object, tags::PIXEL_INTENSITY_RELATIONSHIP, VR::CS, "LOG");
    number(&mut object, tags::PIXEL_INTENSITY_RELATIONSHIP_SIGN, VR::SS, PrimitiveValue::from(-1_i16));
    put(&mut object, tags::RESCALE_INTERCEPT, VR::DS, "0");
    put(&mut object, tags::RESCALE_SLOPE, VR::DS, "1");
    put(&mut object, tags::RESCALE_TYPE, VR::LO, "US");
    put(&mut object, tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY");
    put(&mut object, tags::WINDOW_CENTER, VR::DS, "2048");
    put(&mut object, tags::WINDOW_WIDTH, VR::DS, "4096");
    sequence(&mut object, tags::ANATOMIC_REGION_SEQUENCE, vec![code("51185008", "SCT", "Chest")]);
    let mut view = code("272479007", "SCT", "postero-anterior");
    sequence(&mut view, tags::VIEW_MODIFIER_CODE_SEQUENCE, Vec::new());
    sequence(&mut object, tags::VIEW_CODE_SEQUENCE, vec![view]);
    sequence(&mut object, tags::ACQUISITION_CONTEXT_SEQUENCE, Vec::new());
    pixels(&mut object, grid.rows, grid.cols, values.to_vec());
    file(object, sop_class, &sop, "radiograph")
}

/// The detector's spacing, and the same at the patient's middle plane.
fn projection_geometry(object: &mut InMemDicomObject, grid: &RadiographGrid) {
    let in_patient = grid.pixel_mm / radiograph::MAGNIFICATION;
    put(object, tags::IMAGER_PIXEL_SPACING, VR::DS, &decimals(&[grid.pixel_mm, grid.pixel_mm]));
    put(object, tags::PIXEL_SPACING, VR::DS, &decimals(&[in_patient, in_patient]));
    put(object, tags::PIXEL_SPACING_CALIBRATION_TYPE, VR::CS, "GEOMETRY");
    put(object, tags::PIXEL_SPACING_CALIBRATION_DESCRIPTION, VR::LO, "At the patient's middle plane");
    put(object, tags::DISTANCE_SOURCE_TO_DETECTOR, VR::DS, &decimals(&[radiograph::SOURCE_TO_DETECTOR_MM]));
    let to_patient = radiograph::SOURCE_TO_DETECTOR_MM / radiograph::MAGNIFICATION;
    put(object, tags::DISTANCE_SOURCE_TO_PATIENT, VR::DS, &decimals(&[to_patient]));
    put(object, tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR, VR::DS, &decimals(&[radiograph::MAGNIFICATION]));
}

fn patient_and_study(object: &mut InMemDicomObject, uids: &PhantomUids) {
    let texts = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::PATIENT_NAME, VR::PN, "Phantom^Thorax"),
        (tags::PATIENT_ID, VR::LO, "OVERREAD-DEMO"),
        (tags::PATIENT_BIRTH_DATE, VR::DA, ""),
        (tags::PATIENT_SEX, VR::CS, "O"),
        (tags::PATIENT_COMMENTS, VR::LT, "Computed from geometry. Not a person."),
        (tags::STUDY_DATE, VR::DA, DATE),
        (tags::SERIES_DATE, VR::DA, DATE),
        (tags::ACQUISITION_DATE, VR::DA, DATE),
        (tags::CONTENT_DATE, VR::DA, DATE),
        (tags::STUDY_TIME, VR::TM, TIME),
        (tags::SERIES_TIME, VR::TM, TIME),
        (tags::ACQUISITION_TIME, VR::TM, TIME),
        (tags::CONTENT_TIME, VR::TM, TIME),
        (tags::ACCESSION_NUMBER, VR::SH, ""),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, ""),
        (tags::STUDY_ID, VR::SH, "PHANTOM"),
        (tags::STUDY_DESCRIPTION, VR::LO, "Chest phantom"),
        (tags::MANUFACTURER, VR::LO, "Overread"),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Analytic thorax phantom"),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, "0"),
        (tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION")),
        (tags::BODY_PART_EXAMINED, VR::CS, "CHEST"),
    ];
    for (tag, vr, text) in texts {
        put(object, tag, vr, text);
    }
    put(object, tags::STUDY_INSTANCE_UID, VR::UI, &uids.study());
}

/// Image Pixel module (PS3.3 C.7.6.3): 12 bits in 16, unsigned.
fn pixels(object: &mut InMemDicomObject, rows: u32, cols: u32, values: Vec<u16>) {
    put(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    let size = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    let numbers = [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, size(rows)),
        (tags::COLUMNS, size(cols)),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ];
    for (tag, value) in numbers {
        number(object, tag, VR::US, PrimitiveValue::from(value));
    }
    number(object, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(values.into()));
}

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, text: &str) {
    let value = if text.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(text) };
    object.put(DataElement::new(tag, vr, value));
}

fn number(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: PrimitiveValue) {
    object.put(DataElement::new(tag, vr, value));
}

fn sequence(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put(&mut item, tags::CODE_VALUE, VR::SH, value);
    put(&mut item, tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
    put(&mut item, tags::CODE_MEANING, VR::LO, meaning);
    item
}

/// Decimal strings of at most 16 characters (PS3.5 6.2).
fn decimals(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(|value| format!("{}", (value * 1e6).round() / 1e6)).collect();
    texts.join("\\")
}

fn file(object: InMemDicomObject, sop_class: &str, sop: &str, what: &'static str) -> Result<Vec<u8>, PhantomError> {
    let refused = |reason: String| PhantomError::Dicom { what, reason };
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(sop_class)
        .media_storage_sop_instance_uid(sop)
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .implementation_class_uid(uid_of("overread implementation class"))
        .implementation_version_name("OVERREAD");
    let with_meta = object.with_meta(meta).map_err(|error| refused(error.to_string()))?;
    let mut bytes = Vec::new();
    with_meta.write_all(&mut bytes).map_err(|error| refused(error.to_string()))?;
    Ok(bytes)
}
