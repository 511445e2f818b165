//! Structured reports: the document around a content tree (PS3.3 A.35.13), what a model found, what a reader says.

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::codes::Code;
use crate::domain::content_item::{ContentItem, ContentValue, ObjectReference, Relationship};
use crate::domain::model::ModelIdentity;
use crate::domain::study::Study;
use crate::export::dicom::content_tree::{PlaceOfObject, evidence, put_tree};
use crate::export::dicom::header::{Identity, MANUFACTURER, dicom_date_time, header, person_name};
use crate::export::dicom::object::{DataSet, reference_item};
use crate::export::dicom::report_items::Items;
use crate::export::dicom::uids::uid_of;
use crate::export::error::ExportError;

/// Who speaks in a document.
#[derive(Clone, Copy, Debug)]
pub enum Author<'a> {
    Device(&'a ModelIdentity),
    /// As typed.
    Person(&'a str),
}

/// A person's signature under a document: only then is it verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// As typed.
    pub name: String,
    /// RFC 3339.
    pub at: String,
}

/// A report and all that stands around its tree.
pub struct Document<'a> {
    pub study: &'a Study,
    pub identity: Identity<'a>,
    pub root: &'a ContentItem,
    pub author: Author<'a>,
    pub attestation: Option<&'a Attestation>,
    /// A newer version may follow.
    pub is_preliminary: bool,
    /// Everything the tree refers to.
    pub evidence: &'a [PlaceOfObject],
    /// Earlier versions of this document.
    pub predecessors: &'a [PlaceOfObject],
}

/// The file.
pub fn file(document: &Document<'_>) -> Result<Vec<u8>, ExportError> {
    let identity = &document.identity;
    data_set(document).to_file(identity.sop_class, identity.sop)
}

/// The data set, for documents that add to it.
pub fn data_set(document: &Document<'_>) -> DataSet {
    let Document { study, identity, root, author, attestation, is_preliminary, evidence: places, predecessors } =
        document;
    let mut data = header(study, identity);
    data.sequence(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .sequence(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new())
        .text(tags::COMPLETION_FLAG, VR::CS, "COMPLETE")
        .text(tags::PRELIMINARY_FLAG, VR::CS, if *is_preliminary { "PRELIMINARY" } else { "FINAL" })
        .text(tags::VERIFICATION_FLAG, VR::CS, if attestation.is_some() { "VERIFIED" } else { "UNVERIFIED" })
        .item(tags::AUTHOR_OBSERVER_SEQUENCE, author_item(*author, study));
    if let Some(attestation) = attestation {
        data.item(tags::VERIFYING_OBSERVER_SEQUENCE, verifying_item(attestation, study));
    }
    if !places.is_empty() {
        data.sequence(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, evidence(places));
    }
    if !predecessors.is_empty() {
        data.sequence(tags::PREDECESSOR_DOCUMENTS_SEQUENCE, evidence(predecessors));
    }
    put_tree(&mut data, root);
    data
}

fn author_item(author: Author<'_>, study: &Study) -> DataSet {
    let mut item = DataSet::new();
    match author {
        Author::Device(model) => {
            item.text(tags::OBSERVER_TYPE, VR::CS, "DEV")
                .text(tags::STATION_NAME, VR::SH, "")
                .uid(tags::DEVICE_UID, &uid_of(&["device", model.id.as_str(), &model.version]))
                .text(tags::MANUFACTURER, VR::LO, MANUFACTURER)
                .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, &format!("{} {}", model.name, model.version));
        }
        Author::Person(name) => {
            item.text(tags::OBSERVER_TYPE, VR::CS, "PSN")
                .text(tags::PERSON_NAME, VR::PN, &person_name(name))
                .sequence(tags::PERSON_IDENTIFICATION_CODE_SEQUENCE, Vec::new());
        }
    }
    item.text(tags::INSTITUTION_NAME, VR::LO, &study.institution).sequence(tags::INSTITUTION_CODE_SEQUENCE, Vec::new());
    item
}

fn verifying_item(attestation: &Attestation, study: &Study) -> DataSet {
    let organization = if study.institution.trim().is_empty() { "Not stated" } else { study.institution.as_str() };
    let mut item = DataSet::new();
    item.text(tags::VERIFYING_ORGANIZATION, VR::LO, organization)
        .text(tags::VERIFICATION_DATE_TIME, VR::DT, &dicom_date_time(&attestation.at))
        .text(tags::VERIFYING_OBSERVER_NAME, VR::PN, &person_name(&attestation.name))
        .sequence(tags::VERIFYING_OBSERVER_IDENTIFICATION_CODE_SEQUENCE, Vec::new());
    item
}

/// The root of an imaging measurement report (TID 1500) with `groups`, and all it must say before them.
pub fn measurement_report(
    items: &Items<'_>,
    author: Author<'_>,
    library: &[ObjectReference],
    groups: Vec<ContentItem>,
) -> ContentItem {
    let codes = items.codes;
    let mut root = ContentItem::root(codes.concept(Code::ImagingMeasurementReport), "DCMR", "1500");
    root.push(items.code(Relationship::HasConceptMod, Code::Language, Code::English));
    root.children.extend(match author {
        Author::Device(model) => items.device_observer(model),
        Author::Person(name) => items.person_observer(&person_name(name)),
    });
    root.push(items.code(Relationship::HasConceptMod, Code::ProcedureReported, Code::ImagingProcedure));
    let mut group = items.container(Code::ImageLibraryGroup).with_template("1601");
    for object in library {
        let image = ContentValue::Image(object.clone());
        group.push(ContentItem {
            name: None,
            ..ContentItem::new(Relationship::Contains, codes.concept(Code::Source), image)
        });
    }
    root.push(items.container(Code::ImageLibrary).with_template("1600").with(group));
    let mut measurements = items.container(Code::ImagingMeasurements);
    measurements.children = groups;
    root.push(measurements);
    root.push(items.text(Relationship::Contains, Code::Comment, RESEARCH_USE_ONLY));
    root
}

/// Where the objects lie that a tree refers to: pictures of the study, and `others` that are written beside it.
pub fn places(study: &Study, root: &ContentItem, others: &[PlaceOfObject]) -> Vec<PlaceOfObject> {
    let mut found: Vec<PlaceOfObject> = Vec::new();
    for reference in root.references() {
        let of_others = others.iter().find(|place| place.sop == reference.sop).cloned();
        let of_study = || {
            study.series.iter().find_map(|series| {
                let is_meant = |instance: &std::sync::Arc<crate::domain::instance::Instance>| {
                    instance.written_sop.as_ref().unwrap_or(&instance.sop) == &reference.sop
                };
                let instance = series.instances.iter().find(|instance| is_meant(instance))?;
                Some(PlaceOfObject {
                    study: study.uid.clone(),
                    series: series.uid.clone(),
                    sop_class: instance.sop_class.clone(),
                    sop: reference.sop.clone(),
                })
            })
        };
        if let Some(place) = of_others.or_else(of_study)
            && !found.contains(&place)
        {
            found.push(place);
        }
    }
    found
}

/// An object to be referred to.
pub fn object(sop_class: &str, sop: &str) -> DataSet {
    reference_item(sop_class, sop)
}

pub const COMPREHENSIVE_3D: &str = uids::COMPREHENSIVE3_DSR_STORAGE;
pub const COMPREHENSIVE: &str = uids::COMPREHENSIVE_SR_STORAGE;
