//! Structured reports as findings: measurement groups of TID 1500 and what is like them, findings of CAD reports.

use std::sync::Arc;

use crate::domain::codes::{Code, Codes};
use crate::domain::coding::CodedConcept;
use crate::domain::content_item::{ContentItem, ContentValue, Relationship};
use crate::domain::document::DocumentKind;
use crate::domain::finding::{DocumentSource, Finding, Speaker};
use crate::domain::intake::Notice;
use crate::domain::study::Study;
use crate::import::dicom::attributes::SeriesFacts;
use crate::import::dicom::results::report_group::{self, Group};
use crate::import::dicom::results::report_lines::n_unread;
use crate::import::dicom::results::{DocumentHead, regions};
use crate::import::reason;

/// (111059, DCM), a finding of a CAD report on one image; (111034) is a composite of several.
const SINGLE_IMAGE_FINDING: [&str; 2] = ["DCM", "111059"];

/// What a report came to.
#[derive(Default)]
pub struct Understood {
    pub findings: Vec<Arc<Finding>>,
    pub notices: Vec<Notice>,
}

/// Every finding of the report, each with its picture where that is here.
pub fn understand(head: &DocumentHead, series: &SeriesFacts, root: &ContentItem, study: &Study) -> Understood {
    let codes = Codes::shipped();
    let source = source(head, series, root, codes);
    let mut groups = Vec::new();
    collect(root, codes, &mut groups);
    let images = regions::placed_images(study, None, None);
    let context = report_group::Context { codes, study, images: &images, source: &source, root };
    let mut understood = Understood::default();
    for (index, item) in groups.into_iter().enumerate() {
        let group = Group { item, number: index + 1 };
        understood.findings.push(Arc::new(report_group::finding(&context, &group, &mut understood.notices)));
    }
    // An assessment speaks of findings in another report
    let is_assessment = root.name.as_ref().is_some_and(|name| codes.means(name, Code::AssessmentTitle));
    if understood.findings.is_empty() && !is_assessment {
        let text = "The report holds no findings this program can place on pictures; its words are listed";
        understood.notices.push(Notice::new(reason::RESULT_NOT_UNDERSTOOD, text));
    }
    let n_unread = n_unread(root);
    if n_unread > 0 {
        let text = format!("{n_unread} items of the report could not be read");
        understood.notices.push(Notice::new(reason::RESULT_NOT_UNDERSTOOD, text));
    }
    understood
}

/// Groups in the order of the document; a group within a group belongs to the outer one.
fn collect<'a>(item: &'a ContentItem, codes: &Codes, groups: &mut Vec<&'a ContentItem>) {
    let name = item.name.as_ref();
    let is_group = item.value == ContentValue::Container
        && (name.is_some_and(|name| codes.means(name, Code::MeasurementGroup))
            || item.template.as_ref().is_some_and(|template| is_group_template(&template.identifier)));
    let is_cad = name.is_some_and(|name| is(name, SINGLE_IMAGE_FINDING)) && item.code().is_some();
    if is_group || is_cad {
        groups.push(item);
        return;
    }
    item.children.iter().for_each(|child| collect(child, codes, groups));
}

/// Planar, volumetric and other measurement groups (PS3.16 TID 1410, 1411, 1501).
fn is_group_template(identifier: &str) -> bool {
    matches!(identifier, "1410" | "1411" | "1501")
}

pub fn is(concept: &CodedConcept, [scheme, value]: [&str; 2]) -> bool {
    concept.scheme == scheme && concept.value == value
}

/// Who speaks: the observer of the tree, else the equipment.
fn source(head: &DocumentHead, series: &SeriesFacts, root: &ContentItem, codes: &Codes) -> DocumentSource {
    let mut source = head.source(series, DocumentKind::StructuredReport);
    let context = |code: Code| {
        let is_it = |item: &&ContentItem| {
            item.relationship == Some(Relationship::HasObsContext)
                && item.name.as_ref().is_some_and(|name| codes.means(name, code))
        };
        root.children.iter().find(is_it)
    };
    let kind = context(Code::ObserverType).and_then(ContentItem::code);
    source.speaker = match kind {
        Some(kind) if codes.means(kind, Code::Device) => Speaker::Device,
        Some(kind) if codes.means(kind, Code::Person) => Speaker::Person,
        _ => Speaker::Unsaid,
    };
    let said = |code: Code| context(code).and_then(ContentItem::text).filter(|text| !text.is_empty());
    match source.speaker {
        Speaker::Person => {
            if let Some(name) = said(Code::PersonObserverName) {
                source.name = name.replace('^', " ").trim().to_owned();
                source.manufacturer = said(Code::PersonObserverOrganization).unwrap_or_default().to_owned();
                source.version = String::new();
            }
        }
        Speaker::Device | Speaker::Unsaid => {
            if let Some(name) = said(Code::DeviceObserverName).or_else(|| said(Code::DeviceObserverModel)) {
                name.clone_into(&mut source.name);
            }
            if let Some(manufacturer) = said(Code::DeviceObserverManufacturer) {
                manufacturer.clone_into(&mut source.manufacturer);
            }
        }
    }
    source
}
