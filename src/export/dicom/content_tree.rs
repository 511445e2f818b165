//! A content tree as a data set (PS3.3 C.17.3), and the evidence it needs (C.17.2.3).

use std::collections::BTreeMap;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::tags;

use crate::domain::content_item::{ContentItem, ContentValue, MeasuredNumber, ObjectReference};
use crate::domain::uid::{SeriesUid, SopInstanceUid, StudyUid};
use crate::export::dicom::object::{DataSet, code_item, decimal_string};
use crate::export::dicom::uids::valid_uid;

/// The root's attributes into the document's own data set, all else below it.
pub fn put_tree(data: &mut DataSet, root: &ContentItem) {
    put_item(data, root);
}

fn put_item(data: &mut DataSet, item: &ContentItem) {
    let ContentItem { relationship, name, value, observation_uid, template, children } = item;
    if let Some(relationship) = relationship {
        data.text(tags::RELATIONSHIP_TYPE, VR::CS, relationship.word());
    }
    if let Some(uid) = observation_uid {
        data.uid(tags::OBSERVATION_UID, uid);
    }
    // An item by reference has no value of its own
    if !matches!(value, ContentValue::ByReference(_)) {
        data.text(tags::VALUE_TYPE, VR::CS, value_type(value));
        if let Some(name) = name {
            data.code(tags::CONCEPT_NAME_CODE_SEQUENCE, name);
        }
    }
    put_value(data, value);
    if let Some(template) = template {
        let mut item = DataSet::new();
        item.text(tags::MAPPING_RESOURCE, VR::CS, &template.resource).text(
            tags::TEMPLATE_IDENTIFIER,
            VR::CS,
            &template.identifier,
        );
        data.item(tags::CONTENT_TEMPLATE_SEQUENCE, item);
    }
    if !children.is_empty() {
        let items = children.iter().map(|child| {
            let mut item = DataSet::new();
            put_item(&mut item, child);
            item
        });
        data.sequence(tags::CONTENT_SEQUENCE, items.collect());
    }
}

fn value_type(value: &ContentValue) -> &str {
    match value {
        ContentValue::Container => "CONTAINER",
        ContentValue::Code(_) => "CODE",
        ContentValue::Text(_) => "TEXT",
        ContentValue::Number(_) => "NUM",
        ContentValue::UidRef(_) => "UIDREF",
        ContentValue::PersonName(_) => "PNAME",
        ContentValue::Date(_) => "DATE",
        ContentValue::Time(_) => "TIME",
        ContentValue::DateTime(_) => "DATETIME",
        ContentValue::Image(_) => "IMAGE",
        ContentValue::Composite(_) => "COMPOSITE",
        ContentValue::Coordinates(..) => "SCOORD",
        ContentValue::Coordinates3d { .. } => "SCOORD3D",
        ContentValue::ByReference(_) => "",
        ContentValue::Other(word) => word,
    }
}

fn put_value(data: &mut DataSet, value: &ContentValue) {
    match value {
        ContentValue::Container => {
            data.text(tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE");
        }
        ContentValue::Code(code) => {
            data.code(tags::CONCEPT_CODE_SEQUENCE, code);
        }
        ContentValue::Text(text) => {
            data.text(tags::TEXT_VALUE, VR::UT, text);
        }
        ContentValue::Number(number) => put_number(data, number),
        ContentValue::UidRef(uid) => {
            data.uid(tags::UID, uid);
        }
        ContentValue::PersonName(name) => {
            data.text(tags::PERSON_NAME, VR::PN, name);
        }
        ContentValue::Date(date) => {
            data.text(tags::DATE, VR::DA, date);
        }
        ContentValue::Time(time) => {
            data.text(tags::TIME, VR::TM, time);
        }
        ContentValue::DateTime(at) => {
            data.text(tags::DATE_TIME, VR::DT, at);
        }
        ContentValue::Image(object) | ContentValue::Composite(object) => {
            data.item(tags::REFERENCED_SOP_SEQUENCE, object_item(object));
        }
        ContentValue::Coordinates(graphic, points) => {
            let numbers = points.iter().flatten().map(|value| *value as f32).collect();
            data.text(tags::GRAPHIC_TYPE, VR::CS, graphic.word()).value(
                tags::GRAPHIC_DATA,
                VR::FL,
                PrimitiveValue::F32(numbers),
            );
        }
        ContentValue::Coordinates3d { graphic, points, frame_of_reference } => {
            let numbers = points.iter().flatten().map(|value| *value as f32).collect();
            let frame = frame_of_reference.as_ref().map_or("", |uid| uid.as_str());
            data.text(tags::GRAPHIC_TYPE, VR::CS, graphic.word())
                .value(tags::GRAPHIC_DATA, VR::FL, PrimitiveValue::F32(numbers))
                .uid(tags::REFERENCED_FRAME_OF_REFERENCE_UID, &valid_uid(frame));
        }
        ContentValue::ByReference(path) => {
            let path = path.iter().copied().collect();
            data.value(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER, VR::UL, PrimitiveValue::U32(path));
        }
        ContentValue::Other(_) => {}
    }
}

fn put_number(data: &mut DataSet, MeasuredNumber { value, unit }: &MeasuredNumber) {
    let measured = value.map(|value| {
        let mut item = DataSet::new();
        item.item(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, code_item(unit)).text(
            tags::NUMERIC_VALUE,
            VR::DS,
            &decimal_string(value),
        );
        // Where a decimal string could not hold all of it
        if decimal_string(value).parse::<f64>().ok() != Some(value) {
            item.value(tags::FLOATING_POINT_VALUE, VR::FD, PrimitiveValue::from(value));
        }
        item
    });
    data.sequence(tags::MEASURED_VALUE_SEQUENCE, measured.into_iter().collect());
}

fn object_item(object: &ObjectReference) -> DataSet {
    let ObjectReference { sop_class, sop, frames, segments } = object;
    let mut item = DataSet::new();
    item.uid(tags::REFERENCED_SOP_CLASS_UID, sop_class)
        .uid(tags::REFERENCED_SOP_INSTANCE_UID, &valid_uid(sop.as_str()));
    if !frames.is_empty() {
        let words: Vec<String> = frames.iter().map(u32::to_string).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        item.words(tags::REFERENCED_FRAME_NUMBER, VR::IS, &words);
    }
    if !segments.is_empty() {
        let numbers = segments.iter().map(|number| u16::try_from(*number).unwrap_or(u16::MAX)).collect();
        item.value(tags::REFERENCED_SEGMENT_NUMBER, VR::US, PrimitiveValue::U16(numbers));
    }
    item
}

/// Where an object that is referred to lies in the hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOfObject {
    pub study: StudyUid,
    pub series: SeriesUid,
    pub sop_class: String,
    pub sop: SopInstanceUid,
}

/// Items of Current Requested Procedure Evidence Sequence, or of a series reference: sorted, each object once.
pub fn evidence(places: &[PlaceOfObject]) -> Vec<DataSet> {
    let mut by_study: BTreeMap<&StudyUid, BTreeMap<&SeriesUid, BTreeMap<&SopInstanceUid, &str>>> = BTreeMap::new();
    for PlaceOfObject { study, series, sop_class, sop } in places {
        by_study.entry(study).or_default().entry(series).or_default().insert(sop, sop_class);
    }
    let of_study = |(study, series): (&StudyUid, BTreeMap<&SeriesUid, BTreeMap<&SopInstanceUid, &str>>)| {
        let mut item = DataSet::new();
        let series = series.into_iter().map(|(series, objects)| {
            let mut item = DataSet::new();
            let objects = objects
                .into_iter()
                .map(|(sop, class)| crate::export::dicom::object::reference_item(class, &valid_uid(sop.as_str())));
            item.uid(tags::SERIES_INSTANCE_UID, &valid_uid(series.as_str()))
                .sequence(tags::REFERENCED_SOP_SEQUENCE, objects.collect());
            item
        });
        item.uid(tags::STUDY_INSTANCE_UID, &valid_uid(study.as_str()))
            .sequence(tags::REFERENCED_SERIES_SEQUENCE, series.collect());
        item
    };
    by_study.into_iter().map(of_study).collect()
}
