//! What differs from frame to frame: functional groups of enhanced objects, or the root for all (PS3.3 C.7.6.16).

use std::sync::Arc;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::geometry::{ImagePlane, Spacing};
use crate::domain::instance::FrameAttributes;
use crate::domain::intake::Notice;
use crate::import::dicom::dataset::View;
use crate::import::dicom::geometry::{self, PlaneSource};
use crate::import::dicom::{lut, setting};

/// Shared and per-frame groups of one instance; both empty in objects of the older kind.
pub struct Groups<'a> {
    root: View<'a>,
    shared: Option<View<'a>>,
    per_frame: Vec<View<'a>>,
}

impl<'a> Groups<'a> {
    pub fn read(root: View<'a>) -> Self {
        let shared = root.first_item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        let per_frame = root.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
        Self { root, shared, per_frame }
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

    pub fn spacing(&self, modality: &str, notices: &mut Vec<Notice>) -> Spacing {
        let measures = self.macro_or_root(0, tags::PIXEL_MEASURES_SEQUENCE);
        geometry::spacing(&self.root, &measures, modality, notices)
    }

    pub fn slice_thickness_mm(&self) -> Option<f64> {
        self.macro_or_root(0, tags::PIXEL_MEASURES_SEQUENCE).number(tags::SLICE_THICKNESS)
    }

    /// The rescale of the first frame: where Rescale Type stands.
    pub fn transformation(&self) -> View<'a> {
        self.macro_or_root(0, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE)
    }

    pub fn frames(&self, n_frames: u32, is_signed: bool, notices: &mut Vec<Notice>) -> Vec<Arc<FrameAttributes>> {
        if !self.is_enhanced() {
            return self.like_the_root(n_frames, is_signed, notices);
        }
        let mut frames: Vec<Arc<FrameAttributes>> = Vec::with_capacity(n_frames as usize);
        for frame in 0..n_frames as usize {
            let mut own_notices = Vec::new();
            let attributes = FrameAttributes {
                plane: self.plane(frame, &mut own_notices),
                modality_lut: lut::modality_lut(
                    &self.macro_or_root(frame, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE),
                    is_signed,
                    &mut own_notices,
                ),
                voi: lut::voi_transforms(
                    &self.macro_or_root(frame, tags::FRAME_VOILUT_SEQUENCE),
                    is_signed,
                    &mut own_notices,
                ),
                setting: setting::setting(&self.root, &|sequence| self.macro_item(frame, sequence)),
                ..FrameAttributes::default()
            };
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

    fn plane(&self, frame: usize, notices: &mut Vec<Notice>) -> Option<ImagePlane> {
        let source = PlaneSource {
            position: self.macro_item(frame, tags::PLANE_POSITION_SEQUENCE),
            orientation: self.macro_item(frame, tags::PLANE_ORIENTATION_SEQUENCE),
        };
        geometry::plane(&source, notices)
    }

    fn like_the_root(&self, n_frames: u32, is_signed: bool, notices: &mut Vec<Notice>) -> Vec<Arc<FrameAttributes>> {
        let source = PlaneSource { position: Some(self.root), orientation: Some(self.root) };
        let plane = geometry::plane(&source, notices);
        let first = FrameAttributes {
            plane,
            modality_lut: lut::modality_lut(&self.root, is_signed, notices),
            voi: lut::voi_transforms(&self.root, is_signed, notices),
            setting: setting::setting(&self.root, &|_| None),
            ..FrameAttributes::default()
        };
        let offsets = self.root.numbers(tags::GRID_FRAME_OFFSET_VECTOR);
        // The root's position is the first frame's alone; a grid (RT Dose) says where the others lie
        let with_plane = |plane: Option<ImagePlane>| Arc::new(FrameAttributes { plane, ..first.clone() });
        let has_grid = offsets.len() == n_frames as usize && offsets.iter().all(|offset| offset.is_finite());
        match (n_frames, plane) {
            (1, _) => vec![with_plane(plane)],
            (_, Some(plane)) if has_grid => {
                let base = offsets.first().copied().unwrap_or(0.0);
                let moved = |offset: &f64| ImagePlane {
                    position_mm: plane.position_mm.plus(plane.normal().scaled(offset - base)),
                    ..plane
                };
                offsets.iter().map(|offset| with_plane(Some(moved(offset)))).collect()
            }
            _ => {
                let others = with_plane(None);
                std::iter::once(with_plane(plane)).chain((1..n_frames).map(|_| others.clone())).collect()
            }
        }
    }
}
