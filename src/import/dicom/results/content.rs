//! The content tree as a file has it (PS3.3 C.17.3). What cannot be read of an item is left out of it, never guessed.

use dicom_dictionary_std::tags;

use crate::domain::coding::CodedConcept;
use crate::domain::content_item::{
    ContentItem, ContentValue, GraphicType, MeasuredNumber, ObjectReference, Relationship, Template,
};
use crate::domain::uid::{FrameOfReferenceUid, SopInstanceUid};
use crate::import::dicom::dataset::View;

/// The item whose attributes stand in `view`, with all below it. Depth is bounded by the structure check.
pub fn item(view: &View<'_>) -> ContentItem {
    let relationship = Relationship::try_from(view.code(tags::RELATIONSHIP_TYPE).as_str()).ok();
    let template = view.first_item(tags::CONTENT_TEMPLATE_SEQUENCE).map(|template| Template {
        resource: template.code(tags::MAPPING_RESOURCE),
        identifier: template.code(tags::TEMPLATE_IDENTIFIER),
    });
    let uid = view.code(tags::OBSERVATION_UID);
    ContentItem {
        relationship,
        name: view.first_item(tags::CONCEPT_NAME_CODE_SEQUENCE).and_then(|code| concept(&code)),
        value: value(view),
        observation_uid: (!uid.is_empty()).then_some(uid),
        template,
        children: view.items(tags::CONTENT_SEQUENCE).iter().map(item).collect(),
    }
}

/// `None` without a value.
pub fn concept(view: &View<'_>) -> Option<CodedConcept> {
    let value = [tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE].into_iter().map(|tag| view.text(tag));
    let value = value.into_iter().find(|value| !value.is_empty())?;
    Some(CodedConcept {
        scheme: view.text(tags::CODING_SCHEME_DESIGNATOR),
        value,
        meaning: view.text(tags::CODE_MEANING),
    })
}

fn value(view: &View<'_>) -> ContentValue {
    let word = view.code(tags::VALUE_TYPE);
    let other = || ContentValue::Other(word.clone());
    match word.as_str() {
        "CONTAINER" => ContentValue::Container,
        "CODE" => {
            let code = view.first_item(tags::CONCEPT_CODE_SEQUENCE).and_then(|code| concept(&code));
            code.map_or_else(other, ContentValue::Code)
        }
        "TEXT" => ContentValue::Text(view.text(tags::TEXT_VALUE)),
        "NUM" => ContentValue::Number(number(view)),
        "UIDREF" => ContentValue::UidRef(view.code(tags::UID)),
        "PNAME" => ContentValue::PersonName(view.text(tags::PERSON_NAME)),
        "DATE" => ContentValue::Date(view.text(tags::DATE)),
        "TIME" => ContentValue::Time(view.text(tags::TIME)),
        "DATETIME" => ContentValue::DateTime(view.text(tags::DATE_TIME)),
        "IMAGE" => object(view).map_or_else(other, ContentValue::Image),
        "COMPOSITE" => object(view).map_or_else(other, ContentValue::Composite),
        "SCOORD" => coordinates(view).unwrap_or_else(other),
        "SCOORD3D" => coordinates_3d(view).unwrap_or_else(other),
        "" if view.has(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER) => {
            let path = view.numbers(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER);
            ContentValue::ByReference(path.into_iter().map(|step| step.max(0.0) as u32).collect())
        }
        _ => other(),
    }
}

fn number(view: &View<'_>) -> MeasuredNumber {
    let no_unit = || CodedConcept::new("UCUM", "1", "no units");
    let Some(measured) = view.first_item(tags::MEASURED_VALUE_SEQUENCE) else {
        return MeasuredNumber { value: None, unit: no_unit() };
    };
    let unit = measured.first_item(tags::MEASUREMENT_UNITS_CODE_SEQUENCE).and_then(|unit| concept(&unit));
    // The double holds what sixteen characters could not
    let value = measured.number(tags::FLOATING_POINT_VALUE).or_else(|| measured.number(tags::NUMERIC_VALUE));
    MeasuredNumber { value, unit: unit.unwrap_or_else(no_unit) }
}

fn object(view: &View<'_>) -> Option<ObjectReference> {
    let item = view.first_item(tags::REFERENCED_SOP_SEQUENCE)?;
    let sop = item.code(tags::REFERENCED_SOP_INSTANCE_UID);
    let whole = |tag| item.numbers(tag).into_iter().filter(|n| *n >= 0.0).map(|n| n as u32).collect();
    Some(ObjectReference {
        sop_class: item.code(tags::REFERENCED_SOP_CLASS_UID),
        sop: SopInstanceUid::new((!sop.is_empty()).then_some(sop)?),
        frames: whole(tags::REFERENCED_FRAME_NUMBER),
        segments: whole(tags::REFERENCED_SEGMENT_NUMBER),
    })
}

fn coordinates(view: &View<'_>) -> Option<ContentValue> {
    let graphic = GraphicType::try_from(view.code(tags::GRAPHIC_TYPE).as_str()).ok()?;
    let numbers = view.numbers(tags::GRAPHIC_DATA);
    let points = numbers.as_chunks::<2>().0.to_vec();
    let is_sound = !points.is_empty() && numbers.iter().all(|value| value.is_finite() && value.abs() < 1e7);
    is_sound.then_some(ContentValue::Coordinates(graphic, points))
}

fn coordinates_3d(view: &View<'_>) -> Option<ContentValue> {
    let graphic = GraphicType::try_from(view.code(tags::GRAPHIC_TYPE).as_str()).ok()?;
    let numbers = view.numbers(tags::GRAPHIC_DATA);
    let points = numbers.as_chunks::<3>().0.to_vec();
    let frame = FrameOfReferenceUid::new(view.code(tags::REFERENCED_FRAME_OF_REFERENCE_UID));
    let is_sound = !points.is_empty() && numbers.iter().all(|value| value.is_finite() && value.abs() < 1e7);
    is_sound.then_some(ContentValue::Coordinates3d {
        graphic,
        points,
        frame_of_reference: (!frame.is_empty()).then_some(frame),
    })
}
