//! What differs from frame to frame: functional groups of enhanced objects (PS3.3 C.7.6.16), or the vectors of older
//! multi-frame objects, or the root for all.

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::geometry::{ImagePlane, Spacing};
use crate::domain::instance::FrameAttributes;
use crate::domain::intake::Notice;
use crate::domain::presentation::ModalityLut;
use crate::import::dicom::dataset::View;
use crate::import::dicom::geometry::{self, PlaneSource};
use crate::import::dicom::older_frames;
use crate::import::dicom::spacing::{self, SpacingSource};
use crate::import::dicom::{lut, setting};
use crate::import::reason;

/// Shared and per-frame groups of one instance; both empty in objects of the older kind.
pub struct Groups<'a> {
    root: View<'a>,
    shared: Option<View<'a>>,
    per_frame: Vec<View<'a>>,
    modality: &'a str,
}

impl<'a> Groups<'a> {
    pub fn read(root: View<'a>, modality: &'a str) -> Self {
        let shared = root.first_item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        let per_frame = root.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
        Self { root, shared, per_frame, modality }
    }

    fn is_enhanced(&self) -> bool {
        self.shared.is_some() || !self.per_frame.is_empty()
    }

    /// The macro's item for a frame: its own, else the shared one.
    fn macro_item(&self, frame: usize, sequence: Tag) -> Option<View<'a>> {
        let own = self.per_frame.get(frame).and_then(|group| group.first_item(sequence));
        own.or_else(|| self.shared.as_ref()?.first_item(sequence))
    }

    /// As [`Groups::macro_item`]; the root when the object has no such macro at all.
    fn macro_or_root(&self, frame: usize, sequence: Tag) -> View<'a> {
        self.macro_item(frame, sequence).unwrap_or(self.root)
    }

    /// Of one frame; the root speaks for what its groups leave out.
    pub fn spacing(&self, frame: usize, notices: &mut Vec<Notice>) -> Spacing {
        let source = SpacingSource {
            root: self.root,
            measures: self.macro_or_root(frame, tags::PIXEL_MEASURES_SEQUENCE),
            detector: self.macro_or_root(frame, tags::FRAME_PIXEL_DATA_PROPERTIES_SEQUENCE),
            modality: self.modality,
        };
        spacing::spacing(&source, notices)
    }

    pub fn slice_thickness_mm(&self) -> Option<f64> {
        self.macro_or_root(0, tags::PIXEL_MEASURES_SEQUENCE).number(tags::SLICE_THICKNESS)
    }

    /// The rescale of the first frame: where Rescale Type stands.
    pub fn transformation(&self) -> View<'a> {
        self.macro_or_root(0, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
    }

    /// The first Real World Value Mapping (PS3.3 C.7.6.16.2.11) of a frame, or of the root.
    pub fn real_world_value(&self, frame: usize) -> Option<View<'a>> {
        let sequence = tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE;
        self.macro_item(frame, sequence).or_else(|| self.root.first_item(sequence))
    }

    pub fn frames(&self, n_frames: u32, is_signed: bool, notices: &mut Vec<Notice>) -> Vec<Arc<FrameAttributes>> {
        if !self.is_enhanced() {
            let modality_lut = self.modality_lut(0, is_signed, notices);
            return older_frames::frames(&self.root, n_frames, is_signed, modality_lut, notices);
        }
        let n_described = self.per_frame.len();
        if n_described > 0 && n_described < n_frames as usize {
            let text = format!("Only {n_described} of {n_frames} frames are described; the others have no position");
            notices.push(Notice::new(reason::FRAMES_UNDESCRIBED, text));
        }
        let first_spacing = self.spacing(0, &mut Vec::new());
        let mut frames: Vec<Arc<FrameAttributes>> = Vec::with_capacity(n_frames as usize);
        for frame in 0..n_frames as usize {
            let mut own_notices = Vec::new();
            let attributes = self.attributes(frame, is_signed, first_spacing, &mut own_notices);
            own_notices.into_iter().for_each(|notice| {
                if !notices.contains(&notice) {
                    notices.push(notice);
                }
            });
            let shared = frames.last().filter(|last| ***last == attributes).cloned();
            frames.push(shared.unwrap_or_else(|| Arc::new(attributes)));
        }
        frames
    }

    fn attributes(
        &self,
        frame: usize,
        is_signed: bool,
        first_spacing: Spacing,
        notices: &mut Vec<Notice>,
    ) -> FrameAttributes {
        // A frame that the file forgot takes nothing from its neighbors
        let is_described = self.per_frame.is_empty() || frame < self.per_frame.len();
        let modality_lut = self.modality_lut(frame, is_signed, notices);
        let voi = self.macro_or_root(frame, tags::FRAME_VOILUT_SEQUENCE);
        let spacing = if frame == 0 { first_spacing } else { self.spacing(frame, notices) };
        FrameAttributes {
            plane: if is_described { self.plane(frame, notices) } else { None },
            voi: lut::voi_transforms(&voi, lut::gives_negative(&modality_lut, is_signed), notices),
            modality_lut,
            spacing: (spacing != first_spacing).then_some(spacing),
            setting: setting::setting(&self.root, &|sequence| self.macro_item(frame, sequence)),
        }
    }

    /// Pixel Value Transformation, else the root's; Dose Grid Scaling; where nothing else gives values a meaning and no
    /// window counts on stored values, the Real World Value.
    fn modality_lut(&self, frame: usize, is_signed: bool, notices: &mut Vec<Notice>) -> ModalityLut {
        let own = self.macro_or_root(frame, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
        let written = lut::modality_lut(&own, is_signed, notices);
        let says_something = [tags::RESCALE_SLOPE, tags::RESCALE_INTERCEPT, tags::MODALITY_LUT_SEQUENCE];
        if written != ModalityLut::Identity || says_something.iter().any(|tag| own.raw(*tag).is_some()) {
            return written;
        }
        if let Some(scaling) = self.root.number(tags::DOSE_GRID_SCALING) {
            return lut::linear(scaling, 0.0, notices);
        }
        let Some(mapping) = self.usable_real_world_value(frame) else { return ModalityLut::Identity };
        let slope = mapping.number(tags::REAL_WORLD_VALUE_SLOPE);
        let intercept = mapping.number(tags::REAL_WORLD_VALUE_INTERCEPT);
        slope.map_or(ModalityLut::Identity, |slope| lut::linear(slope, intercept.unwrap_or(0.0), notices))
    }

    fn usable_real_world_value(&self, frame: usize) -> Option<View<'a>> {
        let voi = self.macro_or_root(frame, tags::FRAME_VOILUT_SEQUENCE);
        let is_windowed = voi.has(tags::WINDOW_CENTER) || voi.has(tags::VOILUT_SEQUENCE);
        self.real_world_value(frame).filter(|mapping| !is_windowed && mapping.has(tags::REAL_WORLD_VALUE_SLOPE))
    }

    /// The mapping the first frame's values are shown in, if they are.
    pub fn shown_real_world_value(&self) -> Option<View<'a>> {
        let has_transformation = self.transformation().has(tags::MODALITY_LUT_SEQUENCE);
        self.usable_real_world_value(0).filter(|_| !has_transformation && !self.root.has(tags::DOSE_GRID_SCALING))
    }

    /// In the patient's space only: Plane Position (Volume) and (Slide) are of other spaces.
    fn plane(&self, frame: usize, notices: &mut Vec<Notice>) -> Option<ImagePlane> {
        let source = PlaneSource {
            position: self.macro_item(frame, tags::PLANE_POSITION_SEQUENCE),
            orientation: self.macro_item(frame, tags::PLANE_ORIENTATION_SEQUENCE),
        };
        geometry::plane(&source, notices)
    }
}
