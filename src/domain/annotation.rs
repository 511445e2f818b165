//! What a reader draws: marks and measurements on an image, or on a plane through a volume.
//!
//! Points always lie in one plane and are kept as columns and rows of the picture they were drawn on, in pixel-center
//! coordinates: so a shape is flat by construction, and where the picture's place in the patient is known, so is that
//! of every point.

use serde::{Deserialize, Serialize};

use crate::domain::finding::{Measurement, Subject};
use crate::domain::geometry::{PixelPlane, SpacingKind, Vec3};
use crate::domain::shape::{Point, Shape};
use crate::domain::uid::{AnnotationId, FrameOfReferenceUid, SeriesUid, StudyUid};

/// One mark or measurement as it stands. A change makes a new value under the same id; who made it says the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    pub id: AnnotationId,
    pub ground: Ground,
    pub shape: Shape,
    /// The reader's own words; empty when there are none. What a text or an arrow says.
    #[serde(default)]
    pub text: String,
    /// From the shape's anchor to where the reader moved the label; `None` while the screen chooses.
    #[serde(default)]
    pub label_offset: Option<[f64; 2]>,
    /// What was measured when it was drawn, over stored values and never over what a screen showed. In the order of
    /// the label; empty for marks.
    pub measurements: Vec<Measurement>,
    /// What its millimeters mean; `None` and `Detector` were measured in pixels.
    pub calibration: SpacingKind,
}

impl Annotation {
    pub fn measurement(&self, id: &str) -> Option<&Measurement> {
        self.measurements.iter().find(|measurement| measurement.id == id)
    }

    /// Where a point of the shape lies in the patient, mm.
    pub fn point_mm(&self, point: Point) -> Option<Vec3> {
        self.ground.plane().map(|place| place.plane.point_mm(point))
    }
}

/// What an annotation was drawn on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum Ground {
    Image {
        subject: Subject,
        /// `None` where the file does not place its picture in the patient.
        plane: Option<PlaneInPatient>,
    },
    /// A plane through the volume of a series.
    Plane {
        study: StudyUid,
        series: SeriesUid,
        plane: PlaneInPatient,
        /// `None` for the plane itself.
        #[serde(default)]
        slab: Option<ThickSlab>,
    },
}

/// What lay across a thick plane became one value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThickSlab {
    /// Across the plane, half to each side; finite and positive.
    pub thickness_mm: f64,
    pub projection: SlabProjection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlabProjection {
    Maximum,
    Minimum,
    Mean,
}

impl ThickSlab {
    /// Such as `MIP 10 mm`.
    pub fn words(&self) -> String {
        let Self { thickness_mm, projection } = self;
        let word = match projection {
            SlabProjection::Maximum => "MIP",
            SlabProjection::Minimum => "MinIP",
            SlabProjection::Mean => "Mean of",
        };
        format!("{word} {thickness_mm:.0} mm")
    }
}

impl Ground {
    pub fn study(&self) -> &StudyUid {
        match self {
            Self::Image { subject, .. } => &subject.study,
            Self::Plane { study, .. } => study,
        }
    }

    pub fn series(&self) -> &SeriesUid {
        match self {
            Self::Image { subject, .. } => &subject.series,
            Self::Plane { series, .. } => series,
        }
    }

    /// The image; `None` for a plane through a volume.
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Image { subject, .. } => Some(subject),
            Self::Plane { .. } => None,
        }
    }

    pub fn slab(&self) -> Option<ThickSlab> {
        match self {
            Self::Image { .. } => None,
            Self::Plane { slab, .. } => *slab,
        }
    }

    pub fn plane(&self) -> Option<&PlaneInPatient> {
        match self {
            Self::Image { plane, .. } => plane.as_ref(),
            Self::Plane { plane, .. } => Some(plane),
        }
    }
}

/// Where the pixels of a picture lie, and in whose coordinates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaneInPatient {
    /// `None` where the file names none: then positions compare only within the series.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    pub plane: PixelPlane,
}

impl Ground {
    /// Whether positions on both count from the same point: one frame of reference, or one series where none is named.
    pub fn shares_space_with(&self, other: &Self) -> bool {
        let of = |ground: &Self| ground.plane().and_then(|plane| plane.frame_of_reference.clone());
        match (of(self), of(other)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => self.series() == other.series() && self.study() == other.study(),
            _ => false,
        }
    }
}

impl PlaneInPatient {
    /// Whether what was drawn on this plane, in the same coordinates, may be shown on `other`: parallel within a degree,
    /// and no farther than `reach_mm` along the normal, half the distance between slices.
    pub fn is_within(&self, other: &Self, reach_mm: f64) -> bool {
        /// What positions written with few digits lose, mm.
        const SLACK_MM: f64 = 1e-3;
        self.plane.is_parallel_to(&other.plane)
            && other.plane.distance_mm(self.plane.origin_mm).abs() <= reach_mm + SLACK_MM
    }
}
