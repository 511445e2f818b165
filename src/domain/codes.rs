//! The codes of DICOM objects in one table (`assets/codes.toml`), which can be swapped as a whole.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use thiserror::Error;

use crate::domain::coding::CodedConcept;

const SHIPPED: &str = include_str!("../../assets/codes.toml");

macro_rules! codes {
    ($($name:ident = $key:literal),+ $(,)?) => {
        /// What is said with a code; the table says with which.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($name),+ }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// As the table names it.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }
        }
    };
}

codes! {
    ImagingMeasurementReport = "imaging_measurement_report",
    Language = "language",
    English = "english",
    ObserverType = "observer_type",
    Person = "person",
    Device = "device",
    PersonObserverName = "person_observer_name",
    PersonObserverOrganization = "person_observer_organization",
    DeviceObserverUid = "device_observer_uid",
    DeviceObserverName = "device_observer_name",
    DeviceObserverManufacturer = "device_observer_manufacturer",
    DeviceObserverModel = "device_observer_model",
    ProcedureReported = "procedure_reported",
    ImagingProcedure = "imaging_procedure",
    ImageLibrary = "image_library",
    ImageLibraryGroup = "image_library_group",
    ImagingMeasurements = "imaging_measurements",
    MeasurementGroup = "measurement_group",
    QualitativeEvaluations = "qualitative_evaluations",
    Comment = "comment",
    Source = "source",
    ClinicalFinding = "clinical_finding",
    TrackingIdentifier = "tracking_identifier",
    TrackingUid = "tracking_uid",
    AlgorithmName = "algorithm_name",
    AlgorithmVersion = "algorithm_version",
    AlgorithmParameters = "algorithm_parameters",
    AlgorithmFamily = "algorithm_family",
    ArtificialIntelligence = "artificial_intelligence",
    AlgorithmManufacturer = "algorithm_manufacturer",
    Finding = "finding",
    FindingSite = "finding_site",
    ImageRegion = "image_region",
    ReferencedSegment = "referenced_segment",
    ReferencedSegmentationFrame = "referenced_segmentation_frame",
    VolumeSurface = "volume_surface",
    SourceSeries = "source_series",
    SourceImage = "source_image",
    SourceOfMeasurement = "source_of_measurement",
    VisualExplanation = "visual_explanation",
    RenderingIntent = "rendering_intent",
    PresentationRequired = "presentation_required",
    PresentationOptional = "presentation_optional",
    NotForPresentation = "not_for_presentation",
    OperatingPoint = "operating_point",
    Certainty = "certainty",
    Probability = "probability",
    ModelScore = "model_score",
    Derivation = "derivation",
    AssessedPresence = "assessed_presence",
    Present = "present",
    Absent = "absent",
    Equivocal = "equivocal",
    Indeterminate = "indeterminate",
    Reason = "reason",
    Length = "length",
    LongAxis = "long_axis",
    ShortAxis = "short_axis",
    Diameter = "diameter",
    Area = "area",
    Volume = "volume",
    Angle = "angle",
    Mean = "mean",
    StandardDeviation = "standard_deviation",
    Minimum = "minimum",
    Maximum = "maximum",
    Attenuation = "attenuation",
    PixelValue = "pixel_value",
    AssessmentTitle = "assessment_title",
    AssessmentResult = "assessment_result",
    AssessmentResultType = "assessment_result_type",
    AssessmentReferencedObservation = "assessment_referenced_observation",
    AssessmentReferencedInstance = "assessment_referenced_instance",
    AssessmentObservationUid = "assessment_observation_uid",
    AssessmentStatus = "assessment_status",
    AssessmentScope = "assessment_scope",
    AssessmentModification = "assessment_modification",
    AssessmentAccepted = "assessment_accepted",
    AssessmentUnreviewed = "assessment_unreviewed",
    AssessmentUnknown = "assessment_unknown",
    AssessmentRejected = "assessment_rejected",
    AssessmentClinicallyRelevant = "assessment_clinically_relevant",
    AssessmentModified = "assessment_modified",
    AssessmentUnmodified = "assessment_unmodified",
    AssessmentOriginalObject = "assessment_original_object",
    AssessmentAssessedObject = "assessment_assessed_object",
    AnatomicalStructure = "anatomical_structure",
    AbnormalStructure = "abnormal_structure",
    Tissue = "tissue",
    Lesion = "lesion",
    SegmentationDerivation = "segmentation_derivation",
    SourceForProcessing = "source_for_processing",
    MapDerivation = "map_derivation",
    Quantity = "quantity",
    GradCam = "grad_cam",
    ClassActivation = "class_activation",
    NoUnits = "no_units",
    OfInterest = "of_interest",
    KeyObjectDescription = "key_object_description",
    ProcessingEquipment = "processing_equipment",
}

/// The table. Whole by construction: every [`Code`] has its concept.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    concepts: BTreeMap<Code, Entry>,
    anatomy: Vec<(String, String)>,
    /// Mapping Resource and Template Identifier of an assessment of results.
    pub assessment_template: (String, String),
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    concept: CodedConcept,
    also: Vec<CodedConcept>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum CodesError {
    #[error("the table of codes is not readable: {0}")]
    Syntax(String),
    #[error("the table of codes lacks '{0}'")]
    Missing(&'static str),
    #[error("'{0}' is not a code this program knows")]
    Unknown(String),
    #[error("the code '{0}' needs a scheme of 1 to 16, a value of 1 to 16 and a meaning of 1 to 64 characters")]
    Unfit(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodesFile {
    template: TemplateRow,
    code: BTreeMap<String, CodeRow>,
    #[serde(default)]
    anatomy: Vec<AnatomyRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateRow {
    assessment: (String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeRow {
    scheme: String,
    value: String,
    meaning: String,
    #[serde(default)]
    also: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnatomyRow {
    scheme: String,
    values: Vec<String>,
}

impl Codes {
    /// The table that comes with the program.
    pub fn shipped() -> &'static Self {
        static CODES: LazyLock<Codes> = LazyLock::new(|| Codes::parse(SHIPPED).unwrap_or_else(|_| Codes::empty()));
        &CODES
    }

    /// Never shown to anyone: a test holds that the shipped table parses.
    fn empty() -> Self {
        Self { concepts: BTreeMap::new(), anatomy: Vec::new(), assessment_template: (String::new(), String::new()) }
    }

    /// A table from its TOML text; refuses one that lacks a code, has one too many, or one that no object can hold.
    pub fn parse(text: &str) -> Result<Self, CodesError> {
        let file: CodesFile = toml::from_str(text).map_err(|error| CodesError::Syntax(error.message().to_owned()))?;
        let CodesFile { template, mut code, anatomy } = file;
        let mut concepts = BTreeMap::new();
        for known in Code::ALL {
            let key = known.key();
            let CodeRow { scheme, value, meaning, also } = code.remove(key).ok_or(CodesError::Missing(key))?;
            let is_fit = |text: &str, most: usize| (1..=most).contains(&text.chars().count()) && !text.contains('\\');
            // PS3.3 table 8.8-1: SH, SH and LO
            if !is_fit(&scheme, 16) || !is_fit(&value, 16) || !is_fit(&meaning, 64) {
                return Err(CodesError::Unfit(key.to_owned()));
            }
            let also = also.iter().map(|(scheme, value)| CodedConcept::new(scheme, value, &meaning)).collect();
            concepts.insert(*known, Entry { concept: CodedConcept { scheme, value, meaning }, also });
        }
        if let Some(key) = code.into_keys().next() {
            return Err(CodesError::Unknown(key));
        }
        let anatomy = anatomy
            .into_iter()
            .flat_map(|AnatomyRow { scheme, values }| values.into_iter().map(move |value| (scheme.clone(), value)));
        Ok(Self { concepts, anatomy: anatomy.collect(), assessment_template: template.assessment })
    }

    pub fn concept(&self, code: Code) -> CodedConcept {
        let entry = self.concepts.get(&code).map(|entry| entry.concept.clone());
        entry.unwrap_or_else(|| CodedConcept::new("99OVERREAD", code.key(), code.key()))
    }

    /// Whether `concept` says this, in the table's own code or one it also understands.
    pub fn means(&self, concept: &CodedConcept, code: Code) -> bool {
        let entry = self.concepts.get(&code);
        entry.is_some_and(|entry| entry.concept.is_same(concept) || entry.also.iter().any(|also| also.is_same(concept)))
    }

    /// Whether a segment of this type is a part of the body rather than a finding.
    pub fn is_anatomy(&self, concept: &CodedConcept) -> bool {
        self.anatomy.iter().any(|(scheme, value)| *scheme == concept.scheme && *value == concept.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_is_whole() {
        let codes = Codes::parse(SHIPPED).unwrap();
        assert_eq!(codes.concept(Code::LongAxis), CodedConcept::new("SCT", "103339001", "Long Axis"));
        assert!(codes.means(&CodedConcept::new("SRT", "G-A185", "Long Axis"), Code::LongAxis));
        assert!(!codes.means(&CodedConcept::new("SRT", "G-A186", "Short Axis"), Code::LongAxis));
        assert!(codes.is_anatomy(&CodedConcept::new("SCT", "80891009", "Heart")));
    }

    #[test]
    fn a_table_that_lacks_a_code_or_has_one_no_object_can_hold_is_refused() {
        let without = SHIPPED.replace("\nlong_axis = ", "\nlonger_axis = ");
        assert_eq!(Codes::parse(&without), Err(CodesError::Missing("long_axis")));
        let more = SHIPPED.replace("[template]", "[code.more]\nscheme='A'\nvalue='1'\nmeaning='m'\n[template]");
        assert_eq!(Codes::parse(&more), Err(CodesError::Unknown("more".to_owned())));
        let long = SHIPPED.replace("103339001", "10333900110333900110333900");
        assert_eq!(Codes::parse(&long), Err(CodesError::Unfit("long_axis".to_owned())));
        assert!(matches!(Codes::parse("[code]"), Err(CodesError::Syntax(_))));
    }
}
