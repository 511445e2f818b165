//! Results of other products: reports, key objects, presentation states, structure sets, segmentations, maps.
//!
//! A file is read here into what it says, still by itself; once all files are there, `attach` holds it against the
//! pictures of its study. What cannot be understood or placed is listed with the object, not dropped.

pub mod attach;
pub mod content;
mod flat;
pub mod key_objects;
pub mod presentation;
pub mod regions;
pub mod report;
pub mod report_group;
pub mod report_lines;
pub mod segments;
pub mod structure_set;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dicom_dictionary_std::tags;
use serde::{Deserialize, Serialize};

use crate::domain::content_item::{ContentItem, ContentValue};
use crate::domain::document::DocumentKind;
use crate::domain::finding::{DocumentSource, Speaker};
use crate::domain::intake::Notice;
use crate::domain::uid::SopInstanceUid;
use crate::import::dicom::attributes::{SeriesFacts, StudyFacts, facts_of};
use crate::import::dicom::file::DicomFile;
use crate::import::dicom::results::presentation::Presentation;
use crate::import::dicom::results::structure_set::StructureSet;

const STRUCTURED_REPORTS: &str = "1.2.840.10008.5.1.4.1.1.88.";
const KEY_OBJECTS: &str = "1.2.840.10008.5.1.4.1.1.88.59";
const PRESENTATION_STATES: &str = "1.2.840.10008.5.1.4.1.1.11.";
const STRUCTURE_SET: &str = "1.2.840.10008.5.1.4.1.1.481.3";

/// One result object with its place in the hierarchy.
#[derive(Clone, Serialize, Deserialize)]
pub struct DocumentObject {
    pub study: Arc<StudyFacts>,
    pub series: Arc<SeriesFacts>,
    #[serde(skip)]
    pub path: PathBuf,
    pub head: DocumentHead,
    pub body: DocumentBody,
    pub notices: Vec<Notice>,
}

/// What an object says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DocumentHead {
    pub sop: SopInstanceUid,
    pub sop_class: String,
    pub date: String,
    pub manufacturer: String,
    pub model: String,
    pub version: String,
    pub is_verified: bool,
    /// Content Label or Structure Set Label; empty when absent.
    pub label: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub enum DocumentBody {
    Report(#[serde(with = "flat")] ContentItem),
    KeyObjects(#[serde(with = "flat")] ContentItem),
    Presentation(Presentation),
    StructureSet(StructureSet),
}

impl DocumentBody {
    pub fn kind(&self) -> DocumentKind {
        match self {
            Self::Report(_) => DocumentKind::StructuredReport,
            Self::KeyObjects(_) => DocumentKind::KeyObjects,
            Self::Presentation(_) => DocumentKind::PresentationState,
            Self::StructureSet(_) => DocumentKind::StructureSet,
        }
    }

    /// Whether all numbers are numbers: what comes from a worker may be anything.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Report(root) | Self::KeyObjects(root) => is_tree_sound(root),
            Self::Presentation(state) => {
                let strokes = state.drawings.iter().flat_map(|drawing| &drawing.strokes);
                let texts = state.drawings.iter().flat_map(|drawing| &drawing.texts);
                let window = state.window.iter().flat_map(|window| [window.center, window.width]);
                strokes.flat_map(|stroke| stroke.points.iter().flatten()).all(|value| value.is_finite())
                    && texts.flat_map(|(_, at)| at).all(|value| value.is_finite())
                    && window.into_iter().all(f64::is_finite)
            }
            Self::StructureSet(set) => {
                let contours = set.rois.iter().flat_map(|roi| &roi.contours);
                contours.flat_map(|contour| contour.points.iter().flatten()).all(|value| value.is_finite())
            }
        }
    }
}

fn is_tree_sound(item: &ContentItem) -> bool {
    let own = match &item.value {
        ContentValue::Number(number) => number.value.is_none_or(f64::is_finite),
        ContentValue::Coordinates(_, points) => points.iter().flatten().all(|value| value.is_finite()),
        ContentValue::Coordinates3d { points, .. } => points.iter().flatten().all(|value| value.is_finite()),
        _ => true,
    };
    own && item.children.iter().all(is_tree_sound)
}

impl DocumentHead {
    /// What all findings of the object have in common.
    pub fn source(&self, series: &SeriesFacts, kind: DocumentKind) -> DocumentSource {
        let Self { sop, sop_class, manufacturer, model, version, .. } = self;
        DocumentSource {
            sop_class: sop_class.clone(),
            sop: sop.clone(),
            series: series.uid.clone(),
            kind: kind.word().to_owned(),
            speaker: Speaker::Unsaid,
            manufacturer: manufacturer.clone(),
            name: model.clone(),
            version: version.clone(),
            observation_uid: None,
            tracking_uid: None,
            tracking_id: String::new(),
            segment: None,
            statements: Vec::new(),
            is_presented: true,
        }
    }
}

/// The object, if it is one of those that are read here.
pub fn document_object(path: &Path, file: &DicomFile) -> Option<DocumentObject> {
    let root = file.root();
    let sop_class = root.code(tags::SOP_CLASS_UID);
    let sop_class = if sop_class.is_empty() { file.media_class.clone() } else { sop_class };
    let body = if sop_class == KEY_OBJECTS {
        DocumentBody::KeyObjects(content::item(&root))
    } else if sop_class.starts_with(STRUCTURED_REPORTS) {
        DocumentBody::Report(content::item(&root))
    } else if sop_class.starts_with(PRESENTATION_STATES) {
        DocumentBody::Presentation(Presentation::read(&root))
    } else if sop_class == STRUCTURE_SET {
        DocumentBody::StructureSet(StructureSet::read(&root))
    } else {
        return None;
    };
    let mut notices = file.notices.clone();
    let (study, series, sop) = facts_of(file, &root, &mut notices);
    let label = [tags::CONTENT_LABEL, tags::STRUCTURE_SET_LABEL].into_iter().map(|tag| root.text(tag));
    let date = [tags::CONTENT_DATE, tags::PRESENTATION_CREATION_DATE, tags::STRUCTURE_SET_DATE, tags::SERIES_DATE];
    let head = DocumentHead {
        sop,
        sop_class,
        date: date.into_iter().map(|tag| root.text(tag)).find(|date| !date.is_empty()).unwrap_or_default(),
        manufacturer: root.text(tags::MANUFACTURER),
        model: root.text(tags::MANUFACTURER_MODEL_NAME),
        version: root.text(tags::SOFTWARE_VERSIONS),
        is_verified: root.code(tags::VERIFICATION_FLAG) == "VERIFIED",
        label: label.into_iter().find(|label| !label.is_empty()).unwrap_or_default(),
    };
    let (study, series) = (Arc::new(study), Arc::new(series));
    Some(DocumentObject { study, series, path: path.to_owned(), head, body, notices })
}
