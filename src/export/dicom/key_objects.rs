//! Key Object Selection (PS3.3 A.35.4, TID 2010): the images that a reader marked.

use dicom_dictionary_std::{tags, uids};

use crate::domain::codes::Code;
use crate::domain::content_item::{ContentItem, ContentValue, Relationship};
use crate::domain::finding::Subject;
use crate::export::dicom::content_tree::{PlaceOfObject, evidence, put_tree};
use crate::export::dicom::header::{Identity, header, person_name};
use crate::export::dicom::report_items::Items;
use crate::export::error::ExportError;

pub const KEY_OBJECT_SELECTION: &str = uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE;

/// The content tree; images that are not at hand are left out.
pub fn tree(items: &Items<'_>, reader: Option<&str>, images: &[Subject]) -> ContentItem {
    let codes = items.codes;
    let mut root = ContentItem::root(codes.concept(Code::OfInterest), "DCMR", "2010");
    root.push(items.code(Relationship::HasConceptMod, Code::Language, Code::English));
    if let Some(reader) = reader {
        root.children.extend(items.person_observer(&person_name(reader)));
    }
    let description = format!("Marked for a second look. {}", crate::domain::RESEARCH_USE_ONLY);
    root.push(items.text(Relationship::Contains, Code::KeyObjectDescription, &description));
    for object in images.iter().filter_map(|subject| items.image(subject)) {
        let image = ContentItem::new(Relationship::Contains, codes.concept(Code::Source), ContentValue::Image(object));
        root.push(ContentItem { name: None, ..image });
    }
    root
}

pub fn file(
    items: &Items<'_>,
    identity: &Identity<'_>,
    root: &ContentItem,
    places: &[PlaceOfObject],
) -> Result<Vec<u8>, ExportError> {
    let mut data = header(items.study, identity);
    data.sequence(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new())
        .sequence(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, evidence(places));
    put_tree(&mut data, root);
    data.to_file(identity.sop_class, identity.sop)
}
