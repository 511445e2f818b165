//! Saliency maps as Parametric Map objects (PS3.3 A.75): 32-bit floats on the grid of the picture they belong to.

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use crate::domain::codes::{Code, Codes};
use crate::domain::finding::Finding;
use crate::domain::geometry::{ImagePlane, Vec3};
use crate::domain::instance::Instance;
use crate::domain::model::ModelRun;
use crate::domain::saliency::SaliencyMap;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::export::dicom::header::{Identity, header};
use crate::export::dicom::object::{DataSet, code_item, reference_item};
use crate::export::dicom::segmentation::{AlgorithmIdentity, algorithm_item};
use crate::export::dicom::segmentation_frames::written;
use crate::export::dicom::uids::{uid_of, valid_uid};
use crate::export::error::ExportError;
use crate::imaging::saliency;

const ORIGIN: ImagePlane =
    ImagePlane { position_mm: Vec3([0.0; 3]), row_dir: Vec3([1.0, 0.0, 0.0]), col_dir: Vec3([0.0, 1.0, 0.0]) };

pub const PARAMETRIC_MAP: &str = uids::PARAMETRIC_MAP_STORAGE;

/// One map over one picture.
pub struct MapToWrite<'a> {
    pub study: &'a Study,
    pub series: &'a Series,
    pub instance: &'a Instance,
    /// Zero-based.
    pub frame: u32,
    pub finding: &'a Finding,
    pub run: &'a ModelRun,
    pub map: &'a SaliencyMap,
    pub identity: Identity<'a>,
    pub codes: &'a Codes,
}

pub fn file(wanted: &MapToWrite<'_>) -> Result<Vec<u8>, ExportError> {
    let MapToWrite { study, series, instance, finding, map, identity, codes, .. } = wanted;
    let mut data = header(study, identity);
    let grad_cam = codes.concept(Code::GradCam);
    let label = format!("{} map, {}", map.facts().method, finding.label.name);
    data.words(tags::IMAGE_TYPE, VR::CS, &["DERIVED", "PRIMARY", "OTHER", "NONE"])
        .text(tags::CONTENT_LABEL, VR::CS, "GRAD_CAM")
        .text(tags::CONTENT_DESCRIPTION, VR::LO, &label)
        .text(tags::CONTENT_CREATOR_NAME, VR::PN, "")
        .text(tags::CONTENT_QUALIFICATION, VR::CS, "RESEARCH")
        .text(tags::LATERALITY, VR::CS, "")
        .text(tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, "NO")
        .text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO")
        .text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00")
        .text(tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY")
        .text(tags::DERIVATION_DESCRIPTION, VR::ST, &derivation_words(wanted))
        .text(tags::POSITION_REFERENCE_INDICATOR, VR::LO, "")
        .u16(tags::SAMPLES_PER_PIXEL, 1)
        .text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2")
        .integer(tags::NUMBER_OF_FRAMES, 1)
        .u16(tags::ROWS, u16::try_from(instance.pixels.rows).unwrap_or(u16::MAX))
        .u16(tags::COLUMNS, u16::try_from(instance.pixels.cols).unwrap_or(u16::MAX))
        .u16(tags::BITS_ALLOCATED, 32);
    data.sequence(tags::ACQUISITION_CONTEXT_SEQUENCE, Vec::new());
    let is_placed = instance.frame(wanted.frame).is_some_and(|frame| frame.plane.is_some());
    if let Some(frame_of_reference) = series.frame_of_reference.as_ref().filter(|_| is_placed) {
        data.uid(tags::FRAME_OF_REFERENCE_UID, frame_of_reference.as_str());
    } else {
        data.uid(tags::FRAME_OF_REFERENCE_UID, &uid_of(&["frame of reference of", instance.sop.as_str()]));
    }
    put_dimension(&mut data);
    put_groups(&mut data, wanted, &grad_cam);
    let mut item = DataSet::new();
    item.uid(tags::SERIES_INSTANCE_UID, &valid_uid(series.uid.as_str()))
        .item(tags::REFERENCED_INSTANCE_SEQUENCE, reference_item(&instance.sop_class, &written(instance)));
    data.item(tags::REFERENCED_SERIES_SEQUENCE, item);
    // At the picture's own pixels
    let values = saliency::saliency_on_source_grid(map);
    let n_pixels = u64::from(instance.pixels.rows) * u64::from(instance.pixels.cols);
    if values.len() as u64 != n_pixels {
        return Err(ExportError::Dicom("a map does not fit its picture".to_owned()));
    }
    data.value(tags::FLOAT_PIXEL_DATA, VR::OF, PrimitiveValue::F32(values.into()));
    data.to_file(identity.sop_class, identity.sop)
}

/// Which layer, which class, how it was scaled and brought onto the picture.
fn derivation_words(wanted: &MapToWrite<'_>) -> String {
    let facts = wanted.map.facts();
    let model = &wanted.run.model;
    format!(
        "{} of {} {} for class {}, layer {}; {} x {} values divided by their peak {:.6}, interpolated onto the image. \
         Shows where the network looked, not where disease is. {}",
        facts.method,
        model.name,
        model.version,
        wanted.finding.label.name,
        facts.layer,
        wanted.map.cols(),
        wanted.map.rows(),
        facts.raw_peak,
        crate::domain::RESEARCH_USE_ONLY,
    )
}

fn put_dimension(data: &mut DataSet) {
    let organization = uid_of(&["dimensions of maps"]);
    let mut named = DataSet::new();
    named.uid(tags::DIMENSION_ORGANIZATION_UID, &organization);
    let tag = |tag| PrimitiveValue::Tags(vec![tag].into());
    let mut index = DataSet::new();
    index
        .value(tags::DIMENSION_INDEX_POINTER, VR::AT, tag(tags::FRAME_LABEL))
        .value(tags::FUNCTIONAL_GROUP_POINTER, VR::AT, tag(tags::FRAME_CONTENT_SEQUENCE))
        .uid(tags::DIMENSION_ORGANIZATION_UID, &organization)
        .text(tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, "Class");
    data.item(tags::DIMENSION_ORGANIZATION_SEQUENCE, named).item(tags::DIMENSION_INDEX_SEQUENCE, index);
}

fn put_groups(data: &mut DataSet, wanted: &MapToWrite<'_>, grad_cam: &crate::domain::coding::CodedConcept) {
    let MapToWrite { instance, frame, run, codes, .. } = wanted;
    let mut shared = DataSet::new();
    let spacing = instance.spacing_of(*frame);
    // A projection lies nowhere in the patient: the map has a frame of reference of its own, and lies at its origin
    let plane = instance.frame(*frame).and_then(|frame| frame.plane).unwrap_or(ORIGIN);
    let mut measures = DataSet::new();
    let [row_mm, col_mm] = if spacing.is_measurable() { [spacing.row_mm, spacing.col_mm] } else { [1.0, 1.0] };
    measures.decimals(tags::PIXEL_SPACING, &[row_mm, col_mm]).decimals(
        tags::SLICE_THICKNESS,
        &[instance.acquisition.slice_thickness_mm.filter(|mm| *mm > 0.0).unwrap_or(1.0)],
    );
    shared.item(tags::PIXEL_MEASURES_SEQUENCE, measures);
    let (mut position, mut orientation) = (DataSet::new(), DataSet::new());
    position.decimals(tags::IMAGE_POSITION_PATIENT, &plane.position_mm.0);
    orientation.decimals(tags::IMAGE_ORIENTATION_PATIENT, &[plane.row_dir.0, plane.col_dir.0].concat());
    shared.item(tags::PLANE_POSITION_SEQUENCE, position).item(tags::PLANE_ORIENTATION_SEQUENCE, orientation);
    let mut frame_type = DataSet::new();
    frame_type.words(tags::FRAME_TYPE, VR::CS, &["DERIVED", "PRIMARY", "OTHER", "NONE"]);
    shared.item(tags::PARAMETRIC_MAP_FRAME_TYPE_SEQUENCE, frame_type);
    shared.item(tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE, value_mapping(wanted, grad_cam));
    let mut window = DataSet::new();
    window.decimals(tags::WINDOW_CENTER, &[0.5]).decimals(tags::WINDOW_WIDTH, &[1.0]).text(
        tags::VOILUT_FUNCTION,
        VR::CS,
        "LINEAR_EXACT",
    );
    shared.item(tags::FRAME_VOILUT_SEQUENCE, window);
    let mut transformation = DataSet::new();
    transformation.decimals(tags::RESCALE_INTERCEPT, &[0.0]).decimals(tags::RESCALE_SLOPE, &[1.0]).text(
        tags::RESCALE_TYPE,
        VR::LO,
        "US",
    );
    shared.item(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, transformation);
    data.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, shared);
    let mut source = reference_item(&instance.sop_class, &written(instance));
    source.code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &codes.concept(Code::SourceForProcessing)).text(
        tags::SPATIAL_LOCATIONS_PRESERVED,
        VR::CS,
        "YES",
    );
    if instance.n_frames() > 1 {
        source.integer(tags::REFERENCED_FRAME_NUMBER, i64::from(*frame) + 1);
    }
    let mut derivation = DataSet::new();
    derivation
        .code(tags::DERIVATION_CODE_SEQUENCE, grad_cam)
        .text(tags::DERIVATION_DESCRIPTION, VR::ST, &derivation_words(wanted))
        .item(tags::SOURCE_IMAGE_SEQUENCE, source);
    let mut content = DataSet::new();
    content.value(tags::DIMENSION_INDEX_VALUES, VR::UL, PrimitiveValue::from(1_u32)).text(
        tags::FRAME_LABEL,
        VR::LO,
        &wanted.finding.label.name,
    );
    let mut per_frame = DataSet::new();
    per_frame.item(tags::FRAME_CONTENT_SEQUENCE, content).item(tags::DERIVATION_IMAGE_SEQUENCE, derivation);
    let model = &run.model;
    let identity = AlgorithmIdentity {
        name: model.name.clone(),
        version: model.version.clone(),
        source: crate::export::dicom::header::MANUFACTURER.to_owned(),
        parameters: format!("weights SHA-256 {}", model.weights_sha256),
    };
    data.item(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, per_frame);
    let mut equipment = algorithm_item(&identity, codes);
    equipment
        .text(tags::MANUFACTURER, VR::LO, crate::export::dicom::header::MANUFACTURER)
        .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, &model.name)
        .text(tags::SOFTWARE_VERSIONS, VR::LO, &model.version)
        .code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &codes.concept(Code::ProcessingEquipment));
    data.item(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE, equipment);
}

/// What a stored value means: the quantity, without a unit.
fn value_mapping(wanted: &MapToWrite<'_>, grad_cam: &crate::domain::coding::CodedConcept) -> DataSet {
    let codes = wanted.codes;
    let mut quantity = DataSet::new();
    quantity
        .text(tags::VALUE_TYPE, VR::CS, "CODE")
        .item(tags::CONCEPT_NAME_CODE_SEQUENCE, code_item(&codes.concept(Code::Quantity)))
        .item(tags::CONCEPT_CODE_SEQUENCE, code_item(grad_cam));
    let double = |value: f64| PrimitiveValue::from(value);
    let mut item = DataSet::new();
    item.text(tags::LUT_EXPLANATION, VR::LO, "Gradient-weighted class activation, 0 to 1 of its own peak")
        .text(tags::LUT_LABEL, VR::SH, "GRAD_CAM")
        .value(tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_FIRST_VALUE_MAPPED, VR::FD, double(0.0))
        .value(tags::DOUBLE_FLOAT_REAL_WORLD_VALUE_LAST_VALUE_MAPPED, VR::FD, double(1.0))
        .value(tags::REAL_WORLD_VALUE_INTERCEPT, VR::FD, double(0.0))
        .value(tags::REAL_WORLD_VALUE_SLOPE, VR::FD, double(1.0))
        .code(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, &codes.concept(Code::NoUnits))
        .item(tags::QUANTITY_DEFINITION_SEQUENCE, quantity);
    item
}
