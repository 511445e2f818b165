//! A plane cut out of a volume as a picture like any other: a frame, and an instance that says what its values mean and
//! where its pixels lie.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::frame::{Frame, FrameSizeError, Samples};
use crate::domain::instance::{FrameAttributes, Instance, PixelDescription};
use crate::domain::mask::Segment;
use crate::domain::presentation::{ModalityLut, Photometric};
use crate::domain::saliency::SaliencyMap;
use crate::domain::uid::SopInstanceUid;
use crate::imaging::plane_grid::{PlaneGrid, Slab};
use crate::imaging::reslice::reslice;
use crate::imaging::reslice_layers::{self, VolumeLayers};
use crate::imaging::voxels::Volume;

/// Which plane of which volume, with what on it.
#[derive(Clone)]
pub struct PlaneRequest {
    pub volume: Arc<Volume>,
    pub grid: PlaneGrid,
    pub slab: Slab,
    pub layers: Option<Arc<VolumeLayers>>,
}

impl PartialEq for PlaneRequest {
    fn eq(&self, other: &Self) -> bool {
        let Self { volume, grid, slab, layers } = self;
        let has_same_layers = match (layers, &other.layers) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        Arc::ptr_eq(volume, &other.volume) && *grid == other.grid && *slab == other.slab && has_same_layers
    }
}

impl fmt::Debug for PlaneRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { grid, slab, layers, .. } = self;
        write!(f, "PlaneRequest({grid:?}, {slab:?}, layers: {})", layers.is_some())
    }
}

/// The plane as it was cut.
pub struct PlanePicture {
    pub request: PlaneRequest,
    /// Modality values; not a number where there is nothing.
    pub frame: Arc<Frame>,
    /// No file's: made for this picture. Its UID is that of no image, so that nothing is decided on it.
    pub instance: Arc<Instance>,
    pub masks: Vec<Arc<Segment>>,
    pub saliency: Option<Arc<SaliencyMap>>,
}

/// Cuts the plane, on all threads.
pub fn cut(request: PlaneRequest) -> Result<PlanePicture, FrameSizeError> {
    let PlaneRequest { volume, grid, slab, layers } = &request;
    let space = volume.space();
    let (masks, saliency) = match layers {
        Some(layers) => (
            reslice_layers::masks(space, layers, grid, slab),
            reslice_layers::saliency(space, layers, grid, slab).map(Arc::new),
        ),
        None => (Vec::new(), None),
    };
    let instance = instance(&request);
    let samples = Samples::F32(reslice(volume, grid, slab).into());
    let frame = Frame::new(instance.frame_key(0), grid.rows, grid.cols, samples)?;
    Ok(PlanePicture { frame: Arc::new(frame), instance: Arc::new(instance), masks, saliency, request })
}

/// A plane whose values are not here yet, for who draws it without them. What lies on it is the former picture's, where
/// that shows the same plane.
pub fn announced(request: PlaneRequest, former: Option<&PlanePicture>) -> Result<PlanePicture, FrameSizeError> {
    let instance = instance(&request);
    let grid = &request.grid;
    let samples = Samples::F32(vec![f32::NAN; grid.n_pixels()].into());
    let frame = Frame::new(instance.frame_key(0), grid.rows, grid.cols, samples)?;
    let former = former.filter(|former| former.request.grid == request.grid);
    let masks = former.map(|former| former.masks.clone()).unwrap_or_default();
    let saliency = former.and_then(|former| former.saliency.clone());
    Ok(PlanePicture { frame: Arc::new(frame), instance: Arc::new(instance), masks, saliency, request })
}

fn instance(request: &PlaneRequest) -> Instance {
    static N_CUT: AtomicU64 = AtomicU64::new(0);
    let PlaneRequest { volume, grid, slab, .. } = request;
    let like = volume.like();
    let voi = like.and_then(|(instance, frame)| instance.frame(*frame)).map(|attrs| attrs.voi.clone());
    let attributes = FrameAttributes {
        plane: Some(grid.plane()),
        modality_lut: ModalityLut::Identity,
        voi: voi.unwrap_or_default(),
        ..FrameAttributes::default()
    };
    let mut acquisition = like.map(|(instance, _)| instance.acquisition.clone()).unwrap_or_default();
    acquisition.slice_location_mm = None;
    let is_thick = slab.projection != crate::imaging::plane_grid::Projection::Single;
    acquisition.slice_thickness_mm = is_thick.then_some(slab.thickness_mm);
    let of_like = like.map(|(instance, _)| instance.as_ref());
    Instance {
        sop: SopInstanceUid::new(format!("plane.{}", N_CUT.fetch_add(1, Ordering::Relaxed))),
        written_sop: None,
        sop_class: String::new(),
        path: std::path::PathBuf::new(),
        number: None,
        pixels: PixelDescription {
            rows: grid.rows,
            cols: grid.cols,
            samples_per_pixel: 1,
            bits_allocated: 32,
            bits_stored: 32,
            high_bit: 31,
            is_signed: true,
            photometric: of_like.map_or(Photometric::Monochrome2, |like| like.pixels.photometric),
            transfer_syntax: of_like.map(|like| like.pixels.transfer_syntax.clone()).unwrap_or_default(),
            lossy: of_like.and_then(|like| like.pixels.lossy.clone()),
        },
        stored: None,
        frames: vec![Arc::new(attributes)],
        palette: None,
        padding: None,
        spacing: grid.spacing(),
        regions: Vec::new(),
        overlays: Vec::new(),
        derivation: None,
        patient_orientation: None,
        presentation_inverse: of_like.is_some_and(|like| like.presentation_inverse),
        value_unit: of_like.map(|like| like.value_unit.clone()).unwrap_or_default(),
        acquisition,
        notices: Vec::new(),
    }
}
