//! The content tree of a structured report (PS3.3 C.17.3): what is said, of what, and how one saying belongs to another.
//!
//! One tree for what comes in and what leaves, so that what was written can be held against what is read back.

use serde::{Deserialize, Serialize};

use crate::domain::coding::CodedConcept;
use crate::domain::uid::{FrameOfReferenceUid, SopInstanceUid};

/// One content item with all below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContentItem {
    /// To the item above; the root has none.
    pub relationship: Option<Relationship>,
    /// Concept Name Code Sequence (0040,A043).
    pub name: Option<CodedConcept>,
    pub value: ContentValue,
    /// Observation UID (0040,A171).
    pub observation_uid: Option<String>,
    /// Of a container that follows a template (PS3.3 C.18.8).
    pub template: Option<Template>,
    pub children: Vec<Self>,
}

/// Content Template Sequence (0040,A504).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Mapping Resource (0008,0105), such as `DCMR`.
    pub resource: String,
    /// Template Identifier (0040,DB00), such as `1500`.
    pub identifier: String,
}

/// Relationship Type (0040,A010).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relationship {
    Contains,
    HasObsContext,
    HasAcqContext,
    HasConceptMod,
    HasProperties,
    InferredFrom,
    SelectedFrom,
}

impl Relationship {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Contains, "CONTAINS"),
        (Self::HasObsContext, "HAS OBS CONTEXT"),
        (Self::HasAcqContext, "HAS ACQ CONTEXT"),
        (Self::HasConceptMod, "HAS CONCEPT MOD"),
        (Self::HasProperties, "HAS PROPERTIES"),
        (Self::InferredFrom, "INFERRED FROM"),
        (Self::SelectedFrom, "SELECTED FROM"),
    ];

    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(one, _)| *one == self).map_or("CONTAINS", |(_, word)| word)
    }
}

/// No relationship is called so.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no relationship type of structured reports")]
pub struct UnknownRelationship;

impl TryFrom<&str> for Relationship {
    type Error = UnknownRelationship;

    fn try_from(word: &str) -> Result<Self, Self::Error> {
        Self::ALL.into_iter().find(|(_, known)| *known == word).map(|(one, _)| one).ok_or(UnknownRelationship)
    }
}

/// Value Type (0040,A040) with its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ContentValue {
    Container,
    Code(CodedConcept),
    Text(String),
    Number(MeasuredNumber),
    UidRef(String),
    PersonName(String),
    /// `YYYYMMDD`.
    Date(String),
    /// `HHMMSS.FFFFFF`.
    Time(String),
    DateTime(String),
    Image(ObjectReference),
    Composite(ObjectReference),
    /// Columns and rows in pixel-edge coordinates: the first pixel's center is 0.5 (PS3.3 C.18.6.1.1).
    Coordinates(GraphicType, Vec<[f64; 2]>),
    /// Millimeters in the patient.
    Coordinates3d {
        graphic: GraphicType,
        points: Vec<[f64; 3]>,
        frame_of_reference: Option<FrameOfReferenceUid>,
    },
    /// By reference to the item at this place (PS3.3 C.17.3.2.5): one-based path from the root.
    ByReference(Vec<u32>),
    /// A value type that is not read, by its word.
    Other(String),
}

/// Measured Value Sequence (0040,A300); `value` is `None` where it is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasuredNumber {
    pub value: Option<f64>,
    /// UCUM.
    pub unit: CodedConcept,
}

/// Referenced SOP Sequence (0008,1199).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectReference {
    pub sop_class: String,
    pub sop: SopInstanceUid,
    /// As written: counting from 1. Empty for all.
    pub frames: Vec<u32>,
    /// Empty for all.
    pub segments: Vec<u32>,
}

/// Graphic Type (0070,0023) of SCOORD and SCOORD3D.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GraphicType {
    Point,
    Multipoint,
    Polyline,
    /// SCOORD3D only; closed.
    Polygon,
    Circle,
    Ellipse,
    /// SCOORD3D only.
    Ellipsoid,
}

impl GraphicType {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Point, "POINT"),
        (Self::Multipoint, "MULTIPOINT"),
        (Self::Polyline, "POLYLINE"),
        (Self::Polygon, "POLYGON"),
        (Self::Circle, "CIRCLE"),
        (Self::Ellipse, "ELLIPSE"),
        (Self::Ellipsoid, "ELLIPSOID"),
    ];

    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(one, _)| *one == self).map_or("POINT", |(_, word)| word)
    }
}

/// No graphic is called so.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("no graphic type of structured reports")]
pub struct UnknownGraphic;

impl TryFrom<&str> for GraphicType {
    type Error = UnknownGraphic;

    fn try_from(word: &str) -> Result<Self, Self::Error> {
        Self::ALL.into_iter().find(|(_, known)| *known == word).map(|(one, _)| one).ok_or(UnknownGraphic)
    }
}

impl ContentItem {
    pub fn new(relationship: Relationship, name: CodedConcept, value: ContentValue) -> Self {
        let (relationship, name) = (Some(relationship), Some(name));
        Self { relationship, name, value, observation_uid: None, template: None, children: Vec::new() }
    }

    /// The first item of a document.
    pub fn root(name: CodedConcept, resource: &str, identifier: &str) -> Self {
        let template = Some(Template { resource: resource.to_owned(), identifier: identifier.to_owned() });
        Self { relationship: None, template, ..Self::new(Relationship::Contains, name, ContentValue::Container) }
    }

    #[must_use]
    pub fn with_template(self, identifier: &str) -> Self {
        let template = Template { resource: "DCMR".to_owned(), identifier: identifier.to_owned() };
        Self { template: Some(template), ..self }
    }

    #[must_use]
    pub fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    pub fn push(&mut self, child: Self) {
        self.children.push(child);
    }

    /// Whether its name is this code, whatever it is called.
    pub fn is_named(&self, code: &CodedConcept) -> bool {
        self.name.as_ref().is_some_and(|name| name.is_same(code))
    }

    pub fn child(&self, code: &CodedConcept) -> Option<&Self> {
        self.children.iter().find(|child| child.is_named(code))
    }

    pub fn children_named<'a>(&'a self, code: &'a CodedConcept) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.is_named(code))
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            ContentValue::Text(text) | ContentValue::UidRef(text) | ContentValue::PersonName(text) => Some(text),
            _ => None,
        }
    }

    pub fn code(&self) -> Option<&CodedConcept> {
        if let ContentValue::Code(code) = &self.value { Some(code) } else { None }
    }

    /// The objects that this item and those below it name.
    pub fn references(&self) -> Vec<&ObjectReference> {
        let own = match &self.value {
            ContentValue::Image(object) | ContentValue::Composite(object) => Some(object),
            _ => None,
        };
        own.into_iter().chain(self.children.iter().flat_map(Self::references)).collect()
    }
}
