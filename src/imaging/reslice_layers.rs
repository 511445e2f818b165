//! Masks and saliency maps of a series' slices, carried into any plane.
//!
//! A layer is there where its slice is: the nearest slice to a point has a mask or it has none. Between two slices that
//! both have a map the values are mixed.

use std::sync::Arc;

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use crate::domain::mask::{Mask, Run, Segment};
use crate::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use crate::imaging::plane_grid::{PlaneGrid, Slab, SlabSteps};
use crate::imaging::saliency::saliency_at;
use crate::imaging::volume_space::{BetweenSlices, VolumeSpace};

/// What lies on the slices of one volume.
#[derive(Clone, Debug, Default)]
pub struct VolumeLayers {
    segments: Vec<StackedSegment>,
    /// By slice.
    maps: Vec<Option<Arc<SaliencyMap>>>,
}

/// One structure through the slices.
#[derive(Clone, Debug)]
struct StackedSegment {
    /// Names it, and lends its color; its mask is that of one slice.
    like: Arc<Segment>,
    /// By slice; several where several findings have it there.
    masks: Vec<Vec<RowIndex>>,
}

/// A mask whose rows are found at once.
#[derive(Clone, Debug)]
struct RowIndex {
    segment: Arc<Segment>,
    /// For each row, the first run that ends in it or later.
    first_runs: Vec<u32>,
}

impl VolumeLayers {
    /// Masks and maps with the slices they lie on; those on another grid are left out.
    pub fn new(
        space: &VolumeSpace,
        masks: impl IntoIterator<Item = (usize, Arc<Segment>)>,
        maps: impl IntoIterator<Item = (usize, Arc<SaliencyMap>)>,
    ) -> Self {
        let [cols, rows, n_slices] = space.dims();
        let n_slices = n_slices as usize;
        let mut segments: Vec<StackedSegment> = Vec::new();
        for (slice, segment) in masks {
            if (segment.mask.cols(), segment.mask.rows()) != (cols, rows) || slice >= n_slices {
                continue;
            }
            let known = segments.iter_mut().position(|known| known.like.id == segment.id);
            let place = known.unwrap_or_else(|| {
                segments.push(StackedSegment { like: Arc::clone(&segment), masks: vec![Vec::new(); n_slices] });
                segments.len() - 1
            });
            if let Some(of_slice) = segments.get_mut(place).and_then(|stacked| stacked.masks.get_mut(slice)) {
                of_slice.push(RowIndex::new(segment));
            }
        }
        let mut by_slice = Vec::new();
        for (slice, map) in maps {
            let facts = map.facts();
            if (facts.source_cols, facts.source_rows) == (cols, rows) && slice < n_slices {
                by_slice.resize(n_slices, None);
                if let Some(place) = by_slice.get_mut(slice) {
                    *place = Some(map);
                }
            }
        }
        Self { segments, maps: by_slice }
    }

    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.maps.is_empty()
    }
}

/// The segments on the plane's pixels; in a thick plane wherever one lies in it.
pub fn masks(space: &VolumeSpace, layers: &VolumeLayers, plane: &PlaneGrid, slab: &Slab) -> Vec<Arc<Segment>> {
    let places = Places::new(space, plane, slab);
    let one = |stacked: &StackedSegment| {
        let inside = places.each(plane, |at| u8::from(at.iter().any(|place| stacked.contains(space, *place))));
        let mask = Mask::from_dense(plane.rows, plane.cols, &inside).ok()?;
        let Segment { id, name, code, color, .. } = stacked.like.as_ref();
        Some(Arc::new(Segment { id: id.clone(), name: name.clone(), code: code.clone(), color: *color, mask }))
    };
    layers.segments.iter().filter_map(one).collect()
}

/// The map on the plane's pixels; in a thick plane its strongest value. `None` when no slice has one.
pub fn saliency(space: &VolumeSpace, layers: &VolumeLayers, plane: &PlaneGrid, slab: &Slab) -> Option<SaliencyMap> {
    let first = layers.maps.iter().flatten().next()?;
    let places = Places::new(space, plane, slab);
    let values = places.each(plane, |at| {
        at.iter().map(|place| layers.saliency_at(space, *place)).fold(0.0_f32, f32::max).clamp(0.0, 1.0)
    });
    let facts = SaliencyFacts {
        map_from_source: MapFromSource { scale_x: 1.0, offset_x: 0.0, scale_y: 1.0, offset_y: 0.0 },
        source_rows: plane.rows,
        source_cols: plane.cols,
        ..first.facts().clone()
    };
    SaliencyMap::new(plane.rows, plane.cols, values, facts).ok()
}

/// Where the samples of a picture lie in the volume.
struct Places {
    origin: [f64; 3],
    col_step: [f64; 3],
    row_step: [f64; 3],
    offsets: Vec<[f64; 3]>,
}

impl Places {
    fn new(space: &VolumeSpace, plane: &PlaneGrid, slab: &Slab) -> Self {
        let normal = plane.normal();
        let steps = SlabSteps::of(slab, space, normal);
        Self {
            origin: space.place(plane.origin_mm),
            col_step: space.way(plane.col_step_mm),
            row_step: space.way(plane.row_step_mm),
            offsets: steps.offsets_mm().map(|offset| space.way(normal.scaled(offset))).collect(),
        }
    }

    /// One value for each pixel, from the places across the plane there.
    fn each<T: Copy + Default + Send + Sync>(
        &self,
        plane: &PlaneGrid,
        value: impl Fn(&[[f64; 3]]) -> T + Sync,
    ) -> Vec<T> {
        let cols = plane.cols as usize;
        let mut values = vec![T::default(); plane.n_pixels()];
        values.par_chunks_exact_mut(cols).enumerate().for_each_init(
            || vec![[0.0; 3]; self.offsets.len()],
            |across, (row, out)| {
                for (col, out) in out.iter_mut().enumerate() {
                    for (place, offset) in across.iter_mut().zip(&self.offsets) {
                        *place = [0, 1, 2].map(|axis: usize| {
                            let along = self.col_step[axis] * col as f64 + self.row_step[axis] * row as f64;
                            self.origin[axis] + along + offset[axis]
                        });
                    }
                    *out = value(across);
                }
            },
        );
        values
    }
}

impl StackedSegment {
    fn contains(&self, space: &VolumeSpace, [col, row, place]: [f64; 3]) -> bool {
        let [cols, rows, _] = space.dims();
        let (Some(col), Some(row)) = (nearest(col, cols), nearest(row, rows)) else { return false };
        let of_slice = space.nearest_slice(place).and_then(|slice| self.masks.get(slice));
        of_slice.is_some_and(|masks| masks.iter().any(|mask| mask.contains(row, col)))
    }
}

impl RowIndex {
    fn new(segment: Arc<Segment>) -> Self {
        let (cols, runs) = (segment.mask.cols(), segment.mask.runs());
        let ends_before = |row: u32| runs.partition_point(|run| run.start + run.len <= row * cols);
        let first_runs =
            (0..segment.mask.rows()).map(|row| u32::try_from(ends_before(row)).unwrap_or(u32::MAX)).collect();
        Self { segment, first_runs }
    }

    fn contains(&self, row: u32, col: u32) -> bool {
        let mask = &self.segment.mask;
        let index = row * mask.cols() + col;
        let first = self.first_runs.get(row as usize).map_or(usize::MAX, |first| *first as usize);
        let following = mask.runs().get(first..).unwrap_or_default();
        let reaching = following.iter().find(|Run { start, len }| start + len > index);
        reaching.is_some_and(|run| run.start <= index)
    }
}

impl VolumeLayers {
    fn saliency_at(&self, space: &VolumeSpace, [col, row, place]: [f64; 3]) -> f32 {
        let Some(BetweenSlices { first, share }) = space.slices_at(place) else { return 0.0 };
        let on_slice = |slice: usize| {
            let map = self.maps.get(slice).and_then(Option::as_ref);
            map.map(|map| saliency_at(map, col, row))
        };
        match (on_slice(first), on_slice(first + 1)) {
            (Some(near), Some(far)) => near + (far - near) * share as f32,
            (Some(near), None) if share < 0.5 => near,
            (None, Some(far)) if share >= 0.5 => far,
            _ => 0.0,
        }
    }
}

/// The nearest of `n` voxels; `None` outside of all of them.
fn nearest(at: f64, n: u32) -> Option<u32> {
    let rounded = (at + 0.5).floor();
    (rounded >= 0.0 && rounded < f64::from(n)).then_some(rounded as u32)
}
