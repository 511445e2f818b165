//! The labels of a mask as one pane draws them: made tile by tile, and made again only where voxels changed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::imaging::volume_space::VolumeSpace;
use crate::render::live_labels::{LabelTile, LiveLayer, LiveMasks, TILE};
use crate::segmentation::grid::{VoxelBox, VoxelGrid};
use crate::segmentation::polygon::PicturePose;
use crate::segmentation::voxel_mask::VoxelMask;

/// The labels of each pane, as they were made last.
#[derive(Default)]
pub struct PaneLabels {
    panes: BTreeMap<usize, Made>,
}

struct Made {
    desk: u64,
    /// What it was made of: the pose of the picture, and the voxels' versions on the slice it shows.
    pose: PicturePose,
    n_segments: usize,
    versions: Vec<u64>,
    /// The pass it was drawn in.
    pass: u64,
    live: Arc<LiveMasks>,
}

/// What is to be drawn.
pub struct Wanted<'a> {
    pub pane: usize,
    /// Whose masks these are.
    pub desk: u64,
    pub pose: PicturePose,
    /// Where a plane lies in an uneven stack; `None` for an image of the stack itself.
    pub space: Option<&'a VolumeSpace>,
    pub masks: &'a [&'a VoxelMask],
    pub layers: Vec<LiveLayer>,
    /// Where voxels may differ from the pass before; `None` when that is not known.
    pub changed: Option<VoxelBox>,
    pub pass: u64,
}

impl PaneLabels {
    pub fn of(&mut self, wanted: Wanted<'_>) -> Arc<LiveMasks> {
        let Wanted { pane, desk, pose, space, masks, layers, changed, pass } = wanted;
        let versions = versions(&pose, masks);
        let former = self
            .panes
            .remove(&pane)
            .filter(|made| made.desk == desk && made.pose == pose && made.n_segments == masks.len());
        let mut live = match former {
            Some(made) if made.versions == versions => made.live,
            Some(mut made) => {
                let live = Arc::make_mut(&mut made.live);
                // Who was not on screen in the pass before does not know what changed until then
                let changed = changed.filter(|_| made.pass + 1 == pass);
                let stale = changed.map(|changed| on_picture(&changed, &pose, masks));
                make_tiles(live, &pose, space, masks, stale);
                made.live
            }
            None => {
                let n_tiles = LiveMasks::n_tiles(pose.cols, pose.rows);
                let blank = LabelTile { version: 0, bits: Arc::from([]) };
                let (cols, rows) = (pose.cols, pose.rows);
                let mut live =
                    LiveMasks { id: pane as u64, cols, rows, tiles: vec![blank; n_tiles], layers: Vec::new() };
                make_tiles(&mut live, &pose, space, masks, None);
                Arc::new(live)
            }
        };
        if live.layers != layers {
            Arc::make_mut(&mut live).layers = layers;
        }
        let made = Made { desk, pose, n_segments: masks.len(), versions, pass, live: Arc::clone(&live) };
        self.panes.insert(pane, made);
        live
    }

    pub fn clear(&mut self) {
        self.panes.clear();
    }
}

/// What the picture's labels depend on.
fn versions(pose: &PicturePose, masks: &[&VoxelMask]) -> Vec<u64> {
    match pose.slice() {
        Some(slice) => masks.iter().map(|mask| mask.version(slice)).collect(),
        None => {
            let newest = |mask: &&VoxelMask| {
                (0..mask.grid().slices).map(|slice| mask.version(slice)).fold((0, 0_u64), |(newest, sum), version| {
                    // The sum tells a slice that went back to an older version
                    (version.max(newest), sum.wrapping_add(version))
                })
            };
            masks.iter().map(newest).flat_map(|(newest, sum)| [newest, sum]).collect()
        }
    }
}

/// Tiles `low..high` across and down that a box of voxels can reach.
fn on_picture(changed: &VoxelBox, pose: &PicturePose, masks: &[&VoxelMask]) -> [[u32; 2]; 2] {
    let all = [[0, 0], [pose.cols.div_ceil(TILE), pose.rows.div_ceil(TILE)]];
    if pose.slice().is_some() {
        let low = [changed.low[0] / TILE, changed.low[1] / TILE];
        let high = [changed.high[0].div_ceil(TILE), changed.high[1].div_ceil(TILE)];
        return [low, [high[0].min(all[1][0]), high[1].min(all[1][1])]];
    }
    let Some(grid) = masks.first().map(|mask| mask.grid()) else { return all };
    let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
    for corner in 0..8_usize {
        let pick = |axis: usize| {
            let is_high = corner >> axis & 1 == 1;
            if is_high { f64::from(changed.high[axis]) } else { f64::from(changed.low[axis]) - 1.0 }
        };
        let at = pose.picture_point(grid, [pick(0), pick(1), pick(2)]);
        for axis in 0..2 {
            low[axis] = low[axis].min(at[axis]);
            high[axis] = high[axis].max(at[axis]);
        }
    }
    let tile = f64::from(TILE);
    let first = |axis: usize| ((low[axis] - 1.0) / tile).floor().clamp(0.0, f64::from(all[1][axis])) as u32;
    let last = |axis: usize| ((high[axis] + 2.0) / tile).ceil().clamp(0.0, f64::from(all[1][axis])) as u32;
    [[first(0), first(1)], [last(0), last(1)]]
}

fn make_tiles(
    live: &mut LiveMasks,
    pose: &PicturePose,
    space: Option<&VolumeSpace>,
    masks: &[&VoxelMask],
    stale: Option<[[u32; 2]; 2]>,
) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let across = LiveMasks::n_across(pose.cols);
    let nothing: Arc<[u32]> = vec![0; (TILE * TILE) as usize].into();
    for (index, tile) in live.tiles.iter_mut().enumerate() {
        let (x, y) = ((index % across) as u32, (index / across) as u32);
        let is_stale = stale.is_none_or(|[low, high]| (low[0]..high[0]).contains(&x) && (low[1]..high[1]).contains(&y));
        if !is_stale {
            continue;
        }
        let bits = match (pose.slice(), space) {
            (Some(slice), _) => of_slice(masks, slice, [x * TILE, y * TILE]),
            (None, space) => of_plane(masks, pose, space, [x * TILE, y * TILE]),
        };
        // A tile that stayed as it was is not sent again
        let is_same = match &bits {
            Some(bits) => **bits == *tile.bits,
            None => tile.bits.len() == nothing.len() && tile.bits.iter().all(|bits| *bits == 0),
        };
        if !is_same {
            tile.bits = bits.map_or_else(|| Arc::clone(&nothing), Arc::from);
            tile.version = NEXT.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// `None` where no segment has a voxel.
fn of_slice(masks: &[&VoxelMask], slice: u32, [left, top]: [u32; 2]) -> Option<Vec<u32>> {
    let mut bits: Option<Vec<u32>> = None;
    for (segment, mask) in masks.iter().enumerate().filter(|(_, mask)| mask.plane(slice).is_some()) {
        for y in 0..TILE.min(mask.grid().rows.saturating_sub(top)) {
            // A tile is as wide as a word
            let word = mask.row(slice, top + y).get((left / 64) as usize).copied().unwrap_or(0);
            if word == 0 {
                continue;
            }
            let bits = bits.get_or_insert_with(|| vec![0; (TILE * TILE) as usize]);
            let line = &mut bits[(y * TILE) as usize..((y + 1) * TILE) as usize];
            for (x, labels) in line.iter_mut().enumerate() {
                *labels |= ((word >> x & 1) as u32) << segment;
            }
        }
    }
    bits
}

fn of_plane(
    masks: &[&VoxelMask],
    pose: &PicturePose,
    space: Option<&VolumeSpace>,
    [left, top]: [u32; 2],
) -> Option<Vec<u32>> {
    let grid = *masks.first()?.grid();
    let mut bits = vec![0_u32; (TILE * TILE) as usize];
    let mut is_any = false;
    for y in 0..TILE.min(pose.rows.saturating_sub(top)) {
        for x in 0..TILE.min(pose.cols.saturating_sub(left)) {
            let at = pose.voxel([f64::from(left + x), f64::from(top + y)]);
            let Some(voxel) = voxel_at(&grid, space, at) else { continue };
            let labels = masks
                .iter()
                .enumerate()
                .fold(0, |labels, (segment, mask)| labels | u32::from(mask.contains(voxel)) << segment);
            if labels != 0 {
                bits[(y * TILE + x) as usize] = labels;
                is_any = true;
            }
        }
    }
    is_any.then_some(bits)
}

/// The voxel at a place of the grid; an uneven stack says itself which slice is nearest.
pub fn voxel_at(grid: &VoxelGrid, space: Option<&VolumeSpace>, [x, y, place]: [f64; 3]) -> Option<[u32; 3]> {
    let nearest = |at: f64, n: u32| {
        let rounded = (at + 0.5).floor();
        (rounded >= 0.0 && rounded < f64::from(n)).then_some(rounded as u32)
    };
    let slice = match space.filter(|space| !space.is_even()) {
        Some(space) => u32::try_from(space.nearest_slice(place)?).ok()?,
        None => nearest(place, grid.slices)?,
    };
    Some([nearest(x, grid.cols)?, nearest(y, grid.rows)?, slice])
}
