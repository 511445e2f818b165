//! What a segmentation says of itself (PS3.3 C.8.20): which pictures it was made of, which segments it has.
//!
//! It opens as the pictures it holds, never over others. What does not hold together is said.

use std::collections::BTreeSet;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::derivation::{Derivation, SegmentFacts, SegmentationType, SegmentedFrame};
use crate::domain::intake::Notice;
use crate::domain::uid::SopInstanceUid;
use crate::import::dicom::cie_lab;
use crate::import::dicom::dataset::View;
use crate::import::dicom::results::content;
use crate::import::reason;

const SEGMENTATION: &str = "1.2.840.10008.5.1.4.1.1.66.4";
const LABEL_MAP: &str = "1.2.840.10008.5.1.4.1.1.66.7";

/// `None` for what is no segmentation.
pub fn derivation(root: &View<'_>, sop_class: &str, notices: &mut Vec<Notice>) -> Option<Derivation> {
    if sop_class != SEGMENTATION && sop_class != LABEL_MAP {
        return None;
    }
    let mut frames = root.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    frames.extend(root.first_item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE));
    if sop_class == SEGMENTATION {
        notices.extend(fault_of_segments(root, &frames));
    }
    let is_fractional = root.code(tags::SEGMENTATION_TYPE) == "FRACTIONAL";
    let max_fraction = root.integer(tags::MAXIMUM_FRACTIONAL_VALUE).and_then(|value| u32::try_from(value).ok());
    let kind = match sop_class {
        LABEL_MAP => SegmentationType::LabelMap,
        _ if root.code(tags::SEGMENTATION_TYPE) == "LABELMAP" => SegmentationType::LabelMap,
        _ if is_fractional => SegmentationType::Fractional,
        _ => SegmentationType::Binary,
    };
    Some(Derivation {
        sources: sources(root, &frames),
        max_fraction: max_fraction.filter(|_| is_fractional),
        kind,
        // The background of a label map is no segment to look at
        segments: root.items(tags::SEGMENT_SEQUENCE).iter().filter_map(segment).filter(|one| one.number > 0).collect(),
        frames: segmented_frames(root),
    })
}

/// `None` without a number.
fn segment(item: &View<'_>) -> Option<SegmentFacts> {
    let coded = |tag| item.first_item(tag).and_then(|code| content::concept(&code));
    let uid = item.code(tags::TRACKING_UID);
    Some(SegmentFacts {
        number: u32::try_from(item.integer(tags::SEGMENT_NUMBER)?).ok()?,
        label: item.text(tags::SEGMENT_LABEL),
        category: coded(tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE),
        code: coded(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE),
        region: coded(tags::ANATOMIC_REGION_SEQUENCE),
        algorithm_type: item.code(tags::SEGMENT_ALGORITHM_TYPE),
        algorithm_name: item.text(tags::SEGMENT_ALGORITHM_NAME),
        tracking_id: item.text(tags::TRACKING_ID),
        tracking_uid: (!uid.is_empty()).then_some(uid),
        color: cie_lab::srgb(&item.numbers(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE)),
    })
}

/// What each frame says of itself, else what is shared by all.
fn segmented_frames(root: &View<'_>) -> Vec<SegmentedFrame> {
    let shared = root.first_item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let of_frame = |frame: &View<'_>| {
        let group = |tag| frame.first_item(tag).or_else(|| shared.as_ref()?.first_item(tag));
        let segment = group(tags::SEGMENT_IDENTIFICATION_SEQUENCE)
            .and_then(|item| u32::try_from(item.integer(tags::REFERENCED_SEGMENT_NUMBER)?).ok());
        let sources = group(tags::DERIVATION_IMAGE_SEQUENCE).map(|item| item.items(tags::SOURCE_IMAGE_SEQUENCE));
        let source = match sources.unwrap_or_default().as_slice() {
            [only] => {
                let sop = only.code(tags::REFERENCED_SOP_INSTANCE_UID);
                let frame = only.integer(tags::REFERENCED_FRAME_NUMBER).unwrap_or(1) - 1;
                (!sop.is_empty()).then(|| (SopInstanceUid::new(sop), u32::try_from(frame).unwrap_or(0)))
            }
            _ => None,
        };
        SegmentedFrame { segment, source }
    };
    root.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).iter().map(of_frame).collect()
}

/// Segment numbers count from 1 without a gap (PS3.3 C.8.20.2), and every frame names one of them.
fn fault_of_segments(root: &View<'_>, frames: &[View<'_>]) -> Option<Notice> {
    let number = |item: &View<'_>, tag: Tag| item.integer(tag).unwrap_or(0);
    let segments = root.items(tags::SEGMENT_SEQUENCE);
    let mut numbers: Vec<i64> = segments.iter().map(|item| number(item, tags::SEGMENT_NUMBER)).collect();
    numbers.sort_unstable();
    let named = frames.iter().filter_map(|frame| frame.first_item(tags::SEGMENT_IDENTIFICATION_SEQUENCE));
    let named: BTreeSet<i64> = named.map(|item| number(&item, tags::REFERENCED_SEGMENT_NUMBER)).collect();
    let text = if numbers.is_empty() {
        "The segmentation does not say which segments it has"
    } else if !numbers.iter().copied().eq(1..=i64::try_from(numbers.len()).unwrap_or(0)) {
        "The segments are not numbered from 1 on; it cannot be said which is which"
    } else if named.iter().any(|number| numbers.binary_search(number).is_err()) {
        "Frames of the segmentation belong to a segment that it does not have"
    } else {
        return None;
    };
    Some(Notice::new(reason::SEGMENTS_CONTRADICTED, text))
}

/// All that is named as a source, of the whole object and of its frames.
fn sources(root: &View<'_>, frames: &[View<'_>]) -> Vec<SopInstanceUid> {
    let elsewhere = root.items(tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE);
    let series = elsewhere.iter().chain([root]).flat_map(|study| study.items(tags::REFERENCED_SERIES_SEQUENCE));
    let of_series = series.flat_map(|series| series.items(tags::REFERENCED_INSTANCE_SEQUENCE));
    let derivations = frames.iter().flat_map(|frame| frame.items(tags::DERIVATION_IMAGE_SEQUENCE));
    let of_frames = derivations.flat_map(|derivation| derivation.items(tags::SOURCE_IMAGE_SEQUENCE));
    let of_object = root.items(tags::SOURCE_IMAGE_SEQUENCE);
    let named = of_series.chain(of_frames).chain(of_object).map(|item| item.code(tags::REFERENCED_SOP_INSTANCE_UID));
    let named: BTreeSet<SopInstanceUid> = named.filter(|uid| !uid.is_empty()).map(SopInstanceUid::new).collect();
    named.into_iter().collect()
}
