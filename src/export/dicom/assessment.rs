//! Assessment of AI results (IHE RAD AIRA, draft): accepted, rejected, modified or unreviewed, finding by finding.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::domain::codes::Code;
use crate::domain::content_item::{ContentItem, ContentValue, ObjectReference, Relationship};
use crate::domain::decision::{Acceptance, Decision, Verdict};
use crate::domain::report::ReportedFinding;
use crate::export::dicom::content_tree::PlaceOfObject;
use crate::export::dicom::header::{MANUFACTURER, VERSION, dicom_date_time, person_name};
use crate::export::dicom::object::{DataSet, reference_item};
use crate::export::dicom::report_items::Items;
use crate::export::dicom::structured_report::{Document, data_set};
use crate::export::error::ExportError;

use Relationship::{Contains, HasConceptMod, HasObsContext};

/// What a reader thinks of one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Accepted,
    AcceptedAfterModification,
    Rejected,
    Unreviewed,
    /// Looked at, without a yes or no.
    Unknown,
}

/// One result and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// The object the result came in.
    pub object: ObjectReference,
    /// Of the content item or segment that was assessed.
    pub observation_uid: String,
    pub status: Status,
}

/// The maker of the result that was assessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    pub manufacturer: String,
    pub model: String,
    pub version: String,
}

/// By the decision in force: an adjudicator's, else the readers' last.
pub fn status_of(reported: &ReportedFinding) -> Status {
    let decision = reported.result();
    match decision.map(|decision| &decision.verdict) {
        None => Status::Unreviewed,
        Some(Verdict::Accepted) => match decision.and_then(Decision::acceptance) {
            Some(Acceptance::AfterModification) => Status::AcceptedAfterModification,
            _ => Status::Accepted,
        },
        Some(Verdict::Rejected { .. }) => Status::Rejected,
        Some(Verdict::Uncertain | Verdict::NotAssessable) => Status::Unknown,
    }
}

/// The content tree.
pub fn tree(items: &Items<'_>, reader: &str, results: &[Assessed]) -> ContentItem {
    let codes = items.codes;
    let (resource, identifier) = &codes.assessment_template;
    let mut root = ContentItem::root(codes.concept(Code::AssessmentTitle), resource, identifier);
    root.push(items.code(HasObsContext, Code::ObserverType, Code::Person));
    let name = ContentValue::PersonName(person_name(reader));
    root.push(ContentItem::new(HasObsContext, codes.concept(Code::PersonObserverName), name));
    root.push(items.code(HasConceptMod, Code::Language, Code::English));
    root.children.extend(results.iter().map(|assessed| result(items, assessed)));
    root
}

fn result(items: &Items<'_>, Assessed { object, observation_uid, status }: &Assessed) -> ContentItem {
    let composite = ContentValue::Composite(object.clone());
    items
        .container(Code::AssessmentResult)
        .with(items.code(Contains, Code::AssessmentResultType, Code::AssessmentReferencedObservation))
        .with(ContentItem::new(Contains, items.codes.concept(Code::AssessmentReferencedInstance), composite))
        .with(items.uid(Contains, Code::AssessmentObservationUid, observation_uid))
        .with(assessment(items, *status))
}

fn assessment(items: &Items<'_>, status: Status) -> ContentItem {
    let said = |code| items.code(Contains, Code::AssessmentStatus, code);
    let accepted = |how| {
        said(Code::AssessmentAccepted)
            .with(items.code(HasConceptMod, Code::AssessmentScope, Code::AssessmentClinicallyRelevant))
            .with(items.code(HasConceptMod, Code::AssessmentModification, how))
    };
    match status {
        Status::Accepted => accepted(Code::AssessmentUnmodified),
        Status::AcceptedAfterModification => accepted(Code::AssessmentModified),
        Status::Rejected => said(Code::AssessmentRejected),
        Status::Unreviewed => said(Code::AssessmentUnreviewed),
        Status::Unknown => said(Code::AssessmentUnknown),
    }
}

/// The file: `original` is the model's object, `assessed` the one that was looked at, mostly the same.
pub fn file(
    items: &Items<'_>,
    document: &Document<'_>,
    original: &PlaceOfObject,
    assessed: &PlaceOfObject,
    maker: &Maker,
) -> Result<Vec<u8>, ExportError> {
    let mut data = data_set(document);
    let referred = |place: &PlaceOfObject, purpose| {
        let mut item = reference_item(&place.sop_class, place.sop.as_str());
        item.code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &items.codes.concept(purpose));
        item
    };
    data.sequence(
        tags::REFERENCED_INSTANCE_SEQUENCE,
        vec![referred(assessed, Code::AssessmentAssessedObject), referred(original, Code::AssessmentOriginalObject)],
    );
    let equipment = |Maker { manufacturer, model, version }: &Maker| {
        let mut item = DataSet::new();
        item.text(tags::MANUFACTURER, VR::LO, manufacturer)
            .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, model)
            .text(tags::SOFTWARE_VERSIONS, VR::LO, version)
            .code(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &items.codes.concept(Code::ProcessingEquipment));
        item
    };
    let (own, at) = (MANUFACTURER.to_owned(), document.identity.made_at);
    let mut workstation = equipment(&Maker { manufacturer: own.clone(), model: own, version: VERSION.to_owned() });
    workstation.text(tags::CONTRIBUTION_DATE_TIME, VR::DT, &dicom_date_time(at)).text(
        tags::CONTRIBUTION_DESCRIPTION,
        VR::ST,
        "Assessment of the results by a reader",
    );
    data.sequence(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE, vec![equipment(maker), workstation]);
    data.to_file(document.identity.sop_class, document.identity.sop)
}
