//! One SOP instance that holds pixels: what its file says, checked; the samples come later, frame by frame.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::derivation::Derivation;
use crate::domain::frame::FrameKey;
use crate::domain::geometry::{ImagePlane, PixelBox, Spacing};
use crate::domain::intake::Notice;
use crate::domain::overlay::Overlay;
use crate::domain::presentation::{ModalityLut, Palette, Photometric, PixelPadding, ValueUnit, VoiTransform};
use crate::domain::stored_pixels::StoredPixels;
use crate::domain::uid::SopInstanceUid;

/// Attributes of one image object. Immutable after import.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    pub sop: SopInstanceUid,
    /// The file's own SOP Instance UID where `sop` is another: several files claim it with different contents.
    pub written_sop: Option<SopInstanceUid>,
    pub sop_class: String,
    /// The original, only ever read. Not written with the rest: a path need not be text.
    #[serde(skip)]
    pub path: PathBuf,
    /// Instance Number (0020,0013).
    pub number: Option<i64>,
    pub pixels: PixelDescription,
    /// Where the samples lie; `None` for pictures and deflated data sets, which are read anew.
    pub stored: Option<Arc<StoredPixels>>,
    /// One entry per frame, never empty; frames that share attributes share the `Arc`.
    #[serde(with = "runs")]
    pub frames: Vec<Arc<FrameAttributes>>,
    pub palette: Option<Arc<Palette>>,
    pub padding: Option<PixelPadding>,
    /// The first frame's; others may have their own.
    pub spacing: Spacing,
    /// Where `spacing` holds when it is of ultrasound regions; empty otherwise.
    pub regions: Vec<PixelBox>,
    /// Graphics the file lays over its picture, by group. Never part of what a network sees.
    pub overlays: Vec<Overlay>,
    /// Of objects made of other pictures.
    pub derivation: Option<Arc<Derivation>>,
    /// Patient Orientation (0020,0020): direction of rows, then of columns, such as `["L", "F"]`.
    pub patient_orientation: Option<[String; 2]>,
    /// Presentation LUT Shape (2050,0020) is INVERSE.
    pub presentation_inverse: bool,
    pub value_unit: ValueUnit,
    pub acquisition: Acquisition,
    /// What is imperfect about this file, in words a reader understands.
    pub notices: Vec<Notice>,
}

impl Instance {
    pub fn n_frames(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    pub fn frame_key(&self, index: u32) -> FrameKey {
        FrameKey { sop: self.sop.clone(), index, origin: self.origin() }
    }

    /// Tells files apart within one run of the program: place, and how the file stood when it was read.
    fn origin(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.path.hash(&mut hasher);
        self.stored.as_ref().map(|stored| stored.stamp).hash(&mut hasher);
        hasher.finish()
    }

    /// The size of that frame's pixels.
    pub fn spacing_of(&self, index: u32) -> Spacing {
        self.frame(index).and_then(|frame| frame.spacing).unwrap_or(self.spacing)
    }

    pub fn frame(&self, index: u32) -> Option<&FrameAttributes> {
        self.frames.get(usize::try_from(index).ok()?).map(AsRef::as_ref)
    }
}

/// Image Pixel module (PS3.3 C.7.6.3), after the checks of the importer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelDescription {
    /// At least 1.
    pub rows: u32,
    /// At least 1.
    pub cols: u32,
    pub samples_per_pixel: u16,
    pub bits_allocated: u16,
    /// 1 to `bits_allocated`.
    pub bits_stored: u16,
    pub high_bit: u16,
    pub is_signed: bool,
    pub photometric: Photometric,
    pub transfer_syntax: String,
    /// `Some("JPEG 10:1")` when the pixels have ever been lossily compressed (0028,2110).
    pub lossy: Option<String>,
}

/// What may differ from frame to frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrameAttributes {
    /// `None` when the file gives no valid position and orientation.
    pub plane: Option<ImagePlane>,
    pub modality_lut: ModalityLut,
    /// In the file's order; empty when the file has none.
    pub voi: Vec<VoiTransform>,
    /// Where it is not the instance's.
    pub spacing: Option<Spacing>,
    /// How and when the frame was taken.
    pub setting: Setting,
}

/// What tells apart images of one series that lie at the same place: the echo, the moment, the kind of number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Image Type (0008,0008) or Frame Type (0008,9007), value 3: `LOCALIZER`, `MPR`, `M`, `P`; empty when absent.
    pub image_kind: String,
    /// Magnitude, phase, real or imaginary part of a complex image: `M`, `P`, `R`, `I`; empty when not said.
    pub component: String,
    /// Acquisition Number (0020,0012).
    pub acquisition: Option<i64>,
    /// Echo Number (0018,0086).
    pub echo: Option<i64>,
    pub echo_time_ms: Option<f64>,
    pub inversion_time_ms: Option<f64>,
    /// Diffusion b-value, s/mm².
    pub b_value: Option<f64>,
    /// Temporal Position Identifier (0020,0100) or Temporal Position Index (0020,9128).
    pub temporal_position: Option<i64>,
    /// After the R wave, ms.
    pub trigger_time_ms: Option<f64>,
    /// Nominal Percentage of Cardiac Phase (0020,9241).
    pub cardiac_phase_percent: Option<f64>,
    /// Tube voltage, kV.
    pub kvp: Option<f64>,
    /// Contrast/Bolus Agent Phase (0018,9344) of enhanced objects; empty when absent.
    pub contrast_phase: String,
    /// Acquisition Date and Time as one number that grows with time, seconds; only ever compared.
    pub taken_at_s: Option<f64>,
    /// Stack ID (0020,9056) of enhanced objects; empty when absent.
    pub stack_id: String,
    /// In-Stack Position Number (0020,9057).
    pub in_stack_position: Option<i64>,
    /// Dimension Index Values (0020,9157) without those of stack and place within it.
    pub dimension_index: Vec<i64>,
}

/// Technique, for the corner annotations; empty text and `None` when absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Acquisition {
    pub date: String,
    pub time: String,
    pub slice_thickness_mm: Option<f64>,
    pub slice_location_mm: Option<f64>,
    pub kvp: Option<f64>,
    pub kernel: String,
    pub repetition_time_ms: Option<f64>,
    pub echo_time_ms: Option<f64>,
    pub contrast_agent: String,
    pub laterality: String,
    pub view_position: String,
    pub manufacturer: String,
    /// Manufacturer's Model Name (0008,1090).
    pub scanner_model: String,
    /// Patient's Age (0010,1010) as written, such as `045Y`.
    pub patient_age: String,
    /// Gantry/Detector Tilt (0018,1120).
    pub gantry_tilt_deg: Option<f64>,
    /// Images a second at which the object asks to be played: Recommended Display Frame Rate (0008,2144), else Cine
    /// Rate (0018,0040), else by Frame Time (0018,1063) or Frame Time Vector (0018,1065).
    pub frame_rate_hz: Option<f64>,
}

/// Frames in runs of the same attributes, so that a thousand alike take the room of one.
mod runs {
    use std::sync::Arc;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::domain::instance::FrameAttributes;

    /// More frames than this in one object are a fault of the sender.
    const MAX_FRAMES: usize = 10_000_000;

    #[derive(Serialize, Deserialize)]
    struct Run<T> {
        n_frames: u32,
        attributes: T,
    }

    pub fn serialize<S: Serializer>(frames: &[Arc<FrameAttributes>], serializer: S) -> Result<S::Ok, S::Error> {
        let of_run = |run: &[Arc<FrameAttributes>]| {
            let n_frames = u32::try_from(run.len()).ok()?;
            Some(Run { n_frames, attributes: Arc::clone(run.first()?) })
        };
        // Gathered, for some formats want the number of runs first
        let runs: Vec<_> = frames.chunk_by(Arc::ptr_eq).filter_map(of_run).collect();
        runs.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Arc<FrameAttributes>>, D::Error> {
        let runs = Vec::<Run<FrameAttributes>>::deserialize(deserializer)?;
        let n_total: usize = runs.iter().map(|run| run.n_frames as usize).sum();
        if n_total > MAX_FRAMES {
            return Err(D::Error::custom("too many frames"));
        }
        let of_run = |run: Run<FrameAttributes>| {
            let attributes = Arc::new(run.attributes);
            std::iter::repeat_n(attributes, run.n_frames as usize)
        };
        Ok(runs.into_iter().flat_map(of_run).collect())
    }
}
