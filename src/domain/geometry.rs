//! Where a picture lies: vectors in the patient's space (LPS, mm), planes, spacing and boxes.

use serde::{Deserialize, Serialize};

/// A position or direction in the patient coordinate system (PS3.3 C.7.6.2.1.1): +x left, +y posterior, +z head.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vec3(pub [f64; 3]);

impl Vec3 {
    pub fn dot(self, other: Self) -> f64 {
        let [a, b, c] = self.0;
        let [x, y, z] = other.0;
        a * x + b * y + c * z
    }

    pub fn cross(self, other: Self) -> Self {
        let [a, b, c] = self.0;
        let [x, y, z] = other.0;
        Self([b * z - c * y, c * x - a * z, a * y - b * x])
    }

    pub fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    pub fn scaled(self, factor: f64) -> Self {
        Self(self.0.map(|v| v * factor))
    }

    pub fn plus(self, other: Self) -> Self {
        let [a, b, c] = self.0;
        let [x, y, z] = other.0;
        Self([a + x, b + y, c + z])
    }

    pub fn minus(self, other: Self) -> Self {
        self.plus(other.scaled(-1.0))
    }
}

/// The plane of one frame (PS3.3 C.7.6.2): unit vectors, finite, orthogonal within 1e-3 (checked by the importer).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImagePlane {
    /// Image Position (Patient): centre of the first transmitted pixel, mm.
    pub position_mm: Vec3,
    /// Direction of increasing column index (along a row).
    pub row_dir: Vec3,
    /// Direction of increasing row index (down a column).
    pub col_dir: Vec3,
}

impl ImagePlane {
    pub fn normal(&self) -> Vec3 {
        self.row_dir.cross(self.col_dir)
    }

    /// Distance along the plane's own normal: the sort key of a stack, mm.
    pub fn distance_mm(&self) -> f64 {
        self.position_mm.dot(self.normal())
    }
}

/// The plane of a picture as its pixels lie in it: patient space (LPS, mm). Its steps are at right angles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PixelPlane {
    /// Center of the first pixel.
    pub origin_mm: Vec3,
    /// From one column to the next, along a row.
    pub col_step_mm: Vec3,
    /// From one row to the next, down a column.
    pub row_step_mm: Vec3,
}

impl PixelPlane {
    /// `None` where the spacing is not that of the patient: nothing can be placed by it.
    pub fn of(plane: &ImagePlane, spacing: &Spacing) -> Option<Self> {
        spacing.is_measurable().then(|| Self {
            origin_mm: plane.position_mm,
            col_step_mm: plane.row_dir.scaled(spacing.col_mm),
            row_step_mm: plane.col_dir.scaled(spacing.row_mm),
        })
    }

    /// Where a point of the picture lies; column and row in pixel-center coordinates.
    pub fn point_mm(&self, [col, row]: [f64; 2]) -> Vec3 {
        self.origin_mm.plus(self.col_step_mm.scaled(col)).plus(self.row_step_mm.scaled(row))
    }

    /// Column and row under a point, straight onto the plane; pixel-center coordinates.
    pub fn pixel(&self, point_mm: Vec3) -> [f64; 2] {
        let way = point_mm.minus(self.origin_mm);
        [self.col_step_mm, self.row_step_mm].map(|step| way.dot(step) / step.dot(step))
    }

    /// Unit vector: columns across rows.
    pub fn normal(&self) -> Vec3 {
        let normal = self.col_step_mm.cross(self.row_step_mm);
        normal.scaled(1.0 / normal.length())
    }

    /// How far a point lies from the plane, along its normal, mm.
    pub fn distance_mm(&self, point_mm: Vec3) -> f64 {
        point_mm.minus(self.origin_mm).dot(self.normal())
    }

    /// Whether the other plane's normal is this one's or its opposite, within a degree.
    pub fn is_parallel_to(&self, other: &Self) -> bool {
        self.normal().dot(other.normal()).abs() > 0.999_85
    }
}

/// What the millimetres of an image mean; decides the suffix behind every length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpacingKind {
    /// Pixel Spacing (0028,0030) of a cross-sectional image.
    Patient,
    /// Pixel Spacing calibrated by geometry or fiducial (0028,0A02).
    Calibrated,
    /// Pixel Spacing on a projection without a calibration type, equal to or lacking Imager Pixel Spacing.
    Projection,
    /// Imager Pixel Spacing over Estimated Radiographic Magnification Factor (0018,1114): an estimate.
    Magnified,
    /// Set by a reader along a line of known length.
    User,
    /// Physical Delta (0018,602C) of ultrasound regions, which all agree; holds inside of [`Instance::regions`] only.
    ///
    /// [`Instance::regions`]: crate::domain::instance::Instance::regions
    Region,
    /// Only Imager Pixel Spacing (0018,1164): at the detector, not in the patient. Never used as millimetres in the patient.
    Detector,
    /// No spacing: pixels only.
    None,
}

/// Size of a pixel. `row_mm` is the distance between rows (vertical), `col_mm` between columns (horizontal).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spacing {
    pub kind: SpacingKind,
    /// Finite and positive when `kind` is not `None`; both 1 otherwise.
    pub row_mm: f64,
    pub col_mm: f64,
    /// Height over width of a pixel, from the spacing or Pixel Aspect Ratio (0028,0034); 1 when unknown.
    pub aspect: f64,
}

impl Spacing {
    pub const UNKNOWN: Self = Self { kind: SpacingKind::None, row_mm: 1.0, col_mm: 1.0, aspect: 1.0 };

    /// Whether lengths may be shown in millimetres.
    pub fn is_measurable(&self) -> bool {
        !matches!(self.kind, SpacingKind::None | SpacingKind::Detector)
    }
}

impl Default for Spacing {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

/// A box on one frame in pixel-edge coordinates: the first pixel covers 0 to 1. `x` runs with columns, `y` with rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PixelBox {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl PixelBox {
    pub fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    pub fn center(&self) -> [f64; 2] {
        [(self.x0 + self.x1) / 2.0, (self.y0 + self.y1) / 2.0]
    }

    /// The part both cover of what they cover together, 0 to 1.
    pub fn intersection_over_union(&self, other: &Self) -> f64 {
        let width = (self.x1.min(other.x1) - self.x0.max(other.x0)).max(0.0);
        let height = (self.y1.min(other.y1) - self.y0.max(other.y0)).max(0.0);
        let both = width * height;
        let either = self.width() * self.height() + other.width() * other.height() - both;
        if either > 0.0 { both / either } else { 0.0 }
    }
}
