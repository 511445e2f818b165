//! A picture with burned-in findings as a Secondary Capture Image (PS3.3 A.8.1).

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::instance::Instance;
use crate::domain::study::Study;
use crate::export::canvas::Canvas;
use crate::export::dicom::header::{Identity, date_time, header};
use crate::export::dicom::object::reference_item;
use crate::export::dicom::segmentation_frames::written;
use crate::export::error::ExportError;

pub const SECONDARY_CAPTURE: &str = uids::SECONDARY_CAPTURE_IMAGE_STORAGE;

/// `sheet` is the picture with its legend; `source` the image it shows.
pub fn file(study: &Study, identity: &Identity<'_>, source: &Instance, sheet: &Canvas) -> Result<Vec<u8>, ExportError> {
    let size = |length: usize| u16::try_from(length).map_err(|error| ExportError::Picture(error.to_string()));
    let (date, time) = date_time(identity.made_at);
    let mut data = header(study, identity);
    let mut bytes = sheet.pixels().as_flattened().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    data.words(tags::IMAGE_TYPE, VR::CS, &["DERIVED", "SECONDARY"])
        .text(tags::CONVERSION_TYPE, VR::CS, "WSD")
        .text(tags::DATE_OF_SECONDARY_CAPTURE, VR::DA, &date)
        .text(tags::TIME_OF_SECONDARY_CAPTURE, VR::TM, &time)
        .text(tags::LATERALITY, VR::CS, "")
        .text(tags::PATIENT_ORIENTATION, VR::CS, "")
        .text(tags::BURNED_IN_ANNOTATION, VR::CS, "YES")
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, if source.pixels.lossy.is_some() { "01" } else { "00" })
        .text(tags::DERIVATION_DESCRIPTION, VR::ST, &format!("Findings drawn over the image. {RESEARCH_USE_ONLY}"))
        .text(tags::IMAGE_COMMENTS, VR::LT, RESEARCH_USE_ONLY)
        .item(tags::SOURCE_IMAGE_SEQUENCE, reference_item(&source.sop_class, &written(source)))
        .u16(tags::SAMPLES_PER_PIXEL, 3)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB")
        .u16(tags::PLANAR_CONFIGURATION, 0)
        .u16(tags::ROWS, size(sheet.height())?)
        .u16(tags::COLUMNS, size(sheet.width())?)
        .u16(tags::BITS_ALLOCATED, 8)
        .u16(tags::BITS_STORED, 8)
        .u16(tags::HIGH_BIT, 7)
        .u16(tags::PIXEL_REPRESENTATION, 0)
        .value(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes.into()));
    data.to_file(identity.sop_class, identity.sop)
}
