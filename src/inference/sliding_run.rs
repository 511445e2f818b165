//! A network moved over every plane of a picture or a volume: tiles in batches, answers mixed, one plane in memory at a
//! time, and of the answers only what is at or above the threshold.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::intake::Progress;
use crate::imaging::resample::resize_triangle_antialias;
use crate::inference::error::InferenceError;
use crate::inference::model_card::ModelCard;
use crate::inference::model_card::sliding::SlidingSpec;
use crate::inference::plane_source::PlaneSource;
use crate::inference::preprocess::normalized;
use crate::inference::sliding_window::{Blend, Tile, Tiling, gaussian};

/// A network that marks more voxels than this has gone astray, and the list of them would fill the memory.
const MAX_MARKED: usize = 16 << 20;
/// Planes larger than this on the network's grid are refused, pixels a side.
const MAX_PLANE_SIDE: f64 = 8192.0;

/// What one tile's run gives.
pub struct TileAnswer {
    /// Channels × rows × cols of logits.
    pub logits: Vec<f32>,
    /// Channel means of the card's pooled layer.
    pub pooled: Vec<f32>,
}

/// Runs tiles, each channels × rows × cols; as many answers as tiles.
pub type RunTiles<'a> = dyn Fn(Vec<Vec<f32>>) -> Result<Vec<TileAnswer>, InferenceError> + 'a;

/// Voxels at or above the threshold, by slice: pixel and probability, ascending by pixel.
pub struct Marked {
    pub by_slice: BTreeMap<usize, Vec<(u32, f32)>>,
    /// Pooled features of every tile that was run, in order.
    pub pooled: Vec<Vec<f32>>,
}

/// What to run, and how.
pub struct SlidingRun<'a> {
    card: &'a ModelCard,
    spec: &'a SlidingSpec,
    source: &'a PlaneSource<'a>,
    /// Of the network's output; channel 0 is the background.
    channel: usize,
    threshold: f32,
    tiling: Tiling,
    weights: Vec<f32>,
}

impl<'a> SlidingRun<'a> {
    /// Refuses a card without tiles, and planes that would be too large on the network's grid.
    pub fn new(card: &'a ModelCard, source: &'a PlaneSource<'a>) -> Result<Self, InferenceError> {
        let (Some(spec), Some(component)) = (&card.sliding, &card.component) else {
            return Err(InferenceError::image("the model's card has no tiles"));
        };
        let channel = card.segments.iter().find(|segment| segment.id == component.segment).map_or(0, |s| s.index);
        let (rows, cols) = network_size(spec, source)?;
        let tile = (card.input.rows, card.input.cols);
        let tiling = Tiling::new((rows, cols), tile, spec.overlap);
        let weights = gaussian(tile.0, tile.1, spec.sigma);
        Ok(Self { card, spec, source, channel, threshold: component.threshold as f32, tiling, weights })
    }

    /// Runs every plane that is to be run, in order.
    pub fn run(
        &self,
        run_tiles: &RunTiles<'_>,
        cancel: &dyn Fn() -> bool,
        progress: &dyn Fn(Progress),
    ) -> Result<Marked, InferenceError> {
        let planes = self.planes();
        let mut pending: Vec<(usize, Vec<Tile>)> = Vec::with_capacity(planes.len());
        for plane in &planes {
            stop_if(cancel)?;
            pending.push((*plane, self.wanted_tiles(*plane)));
        }
        let n_total = pending.iter().map(|(_, tiles)| tiles.len()).sum();
        let mut n_done = 0;
        let mut context = Context { run: self, planes: BTreeMap::new() };
        let mut marked = Marked { by_slice: BTreeMap::new(), pooled: Vec::new() };
        let mut before: Option<(usize, Vec<f32>)> = None;
        for (plane, tiles) in pending {
            stop_if(cancel)?;
            progress(Progress { n_done, n_total });
            let mut blend = Blend::new(&self.tiling);
            let channels = if tiles.is_empty() { Vec::new() } else { context.channels(plane) };
            for batch in tiles.chunks(self.spec.batch) {
                stop_if(cancel)?;
                let inputs = batch.iter().map(|tile| self.input(&channels, *tile)).collect();
                let answers = run_tiles(inputs)?;
                for (tile, answer) in batch.iter().zip(answers) {
                    let probability = self.probability(&answer.logits)?;
                    blend.add(&self.tiling, *tile, &probability, &self.weights);
                    marked.pooled.push(answer.pooled);
                }
                n_done += batch.len();
                progress(Progress { n_done, n_total });
            }
            let here = if tiles.is_empty() { Vec::new() } else { self.on_source_grid(&blend.mean()) };
            if let Some((earlier, values)) = before.take() {
                self.mark_between((earlier, &values), (plane, &here), &mut marked)?;
            }
            self.mark(plane, &here, &mut marked)?;
            before = Some((plane, here));
        }
        marked.by_slice.values_mut().for_each(|pixels| pixels.sort_unstable_by_key(|(pixel, _)| *pixel));
        Ok(marked)
    }

    /// One tile of every channel, normalized.
    fn input(&self, channels: &[Arc<Vec<f32>>], tile: Tile) -> Vec<f32> {
        let of_channel = |(channel, plane): (usize, &Arc<Vec<f32>>)| {
            let cut = self.tiling.cut(plane, tile, 0.0);
            cut.into_iter().map(move |value| normalized(&self.card.input, channel, value))
        };
        channels.iter().enumerate().flat_map(of_channel).collect()
    }

    /// Every plane, or those at least a step apart, the last one included.
    fn planes(&self) -> Vec<usize> {
        let [n_planes, _, _] = self.source.size();
        let plane_mm = self.source.spacing_mm().map_or(f64::INFINITY, |[plane_mm, _, _]| plane_mm);
        let step = self.spec.min_step_mm.map_or(1, |step_mm| ((step_mm / plane_mm + 1e-6) as usize).max(1));
        let mut planes: Vec<usize> = (0..n_planes).step_by(step).collect();
        if let Some(last) = n_planes.checked_sub(1).filter(|last| planes.last() != Some(last)) {
            planes.push(last);
        }
        planes
    }

    /// Tiles with anything under them that is looked at.
    fn wanted_tiles(&self, plane: usize) -> Vec<Tile> {
        let Some(inside) = self.source.inside(plane) else { return self.tiling.tiles().collect() };
        let [_, rows, cols] = self.source.size();
        let scale = |at: usize, from: usize, to: usize| at * to / from.max(1);
        let is_wanted = |tile: &Tile| {
            let ([top, bottom], [left, right]) = self.tiling.covered(*tile);
            let [top, bottom] = [scale(top, self.tiling.rows, rows), scale(bottom, self.tiling.rows, rows)];
            let [left, right] = [scale(left, self.tiling.cols, cols), scale(right, self.tiling.cols, cols)];
            let lines = inside.chunks_exact(cols).skip(top).take(bottom - top);
            lines.flat_map(|line| line.iter().skip(left).take(right - left)).any(|is_inside| *is_inside)
        };
        self.tiling.tiles().filter(is_wanted).collect()
    }

    /// Of the card's segment, by softmax over the channels.
    fn probability(&self, logits: &[f32]) -> Result<Vec<f32>, InferenceError> {
        let n_pixels = self.tiling.tile_rows * self.tiling.tile_cols;
        let temperature = self.card.output.temperature;
        let channels: Vec<&[f32]> = logits.chunks_exact(n_pixels).collect();
        let Some(own) = channels.get(self.channel) else {
            return Err(InferenceError::image("the network has no such channel"));
        };
        let of_pixel = |pixel: usize| {
            let at = |channel: &&[f32]| channel.get(pixel).copied().map_or(0.0, f64::from) / temperature;
            let own = at(own);
            let total: f64 = channels.iter().map(|channel| (at(channel) - own).exp()).sum();
            (1.0 / total) as f32
        };
        Ok((0..n_pixels).map(of_pixel).collect())
    }

    /// Bilinear between the network's pixel centers.
    fn on_source_grid(&self, values: &[f32]) -> Vec<f32> {
        let [_, rows, cols] = self.source.size();
        if (rows, cols) == (self.tiling.rows, self.tiling.cols) {
            return values.to_vec();
        }
        let places = |n_to: usize, n_from: usize| -> Vec<(usize, usize, f32)> {
            let last = n_from.saturating_sub(1);
            let place = |i: usize| {
                let at = ((i as f64 + 0.5) * n_from as f64 / n_to as f64 - 0.5).clamp(0.0, last as f64);
                (at as usize, (at as usize + 1).min(last), at.fract() as f32)
            };
            (0..n_to).map(place).collect()
        };
        let (down, across) = (places(rows, self.tiling.rows), places(cols, self.tiling.cols));
        let value = |row: usize, col: usize| values.get(row * self.tiling.cols + col).copied().unwrap_or(0.0);
        let mut resized = Vec::with_capacity(rows * cols);
        for (above, below, y) in down {
            for (left, right, x) in &across {
                let on = |row: usize| value(row, *left) + (value(row, *right) - value(row, *left)) * x;
                let (a, b) = (on(above), on(below));
                resized.push(a + (b - a) * y);
            }
        }
        resized
    }

    fn mark(&self, plane: usize, values: &[f32], marked: &mut Marked) -> Result<(), InferenceError> {
        let [_, _, cols] = self.source.size();
        let mut inside = None;
        for (i, value) in values.iter().enumerate().filter(|(_, value)| **value >= self.threshold) {
            let inside = inside.get_or_insert_with(|| self.source.inside(plane));
            if inside.as_ref().is_some_and(|inside| !inside.get(i).copied().unwrap_or(false)) {
                continue;
            }
            let [x, y, slice] = self.source.voxel(plane, i / cols, i % cols);
            let width = self.slice_width();
            let pixel = u32::try_from(y * width + x).map_err(|_| InferenceError::image("its slices are too large"))?;
            marked.by_slice.entry(slice).or_default().push((pixel, *value));
        }
        let n_marked: usize = marked.by_slice.values().map(Vec::len).sum();
        if n_marked > MAX_MARKED {
            return Err(InferenceError::image("the network marks more of it than any lesion could fill"));
        }
        Ok(())
    }

    /// Columns of a slice of the volume, whichever way planes run.
    fn slice_width(&self) -> usize {
        match self.source {
            PlaneSource::Picture { cols, .. } => *cols,
            PlaneSource::Volume { volume, .. } => volume.space().dims()[0] as usize,
        }
    }

    /// Planes that were stepped over take what their neighbors say, by their distance.
    fn mark_between(
        &self,
        (earlier, before): (usize, &[f32]),
        (later, after): (usize, &[f32]),
        marked: &mut Marked,
    ) -> Result<(), InferenceError> {
        let [_, rows, cols] = self.source.size();
        for plane in earlier + 1..later {
            let share = (plane - earlier) as f32 / (later - earlier) as f32;
            let at = |values: &[f32], i: usize| values.get(i).copied().unwrap_or(0.0);
            let mixed: Vec<f32> =
                (0..rows * cols).map(|i| at(before, i) + (at(after, i) - at(before, i)) * share).collect();
            self.mark(plane, &mixed, marked)?;
        }
        Ok(())
    }
}

/// Planes on the network's grid, scaled and resized, as long as they are needed.
struct Context<'a> {
    run: &'a SlidingRun<'a>,
    planes: BTreeMap<usize, Arc<Vec<f32>>>,
}

impl Context<'_> {
    /// A plane with its context slices, one for each of the network's channels.
    fn channels(&mut self, plane: usize) -> Vec<Arc<Vec<f32>>> {
        let run = self.run;
        let [n_planes, _, _] = run.source.size();
        let plane_mm = run.source.spacing_mm().map(|[plane_mm, _, _]| plane_mm);
        let step = match (run.spec.context_mm, plane_mm) {
            (Some(context_mm), Some(plane_mm)) => context_mm / plane_mm,
            _ => 1.0,
        };
        let n_channels = run.card.input.channels;
        let reach = ((n_channels / 2) as f64 * step).ceil() as usize + 1;
        self.planes.retain(|known, _| known + reach >= plane);
        // The outermost planes stand for those beyond.
        let last = n_planes.saturating_sub(1) as f64;
        let at = |channel: usize| plane as f64 + (channel as f64 - (n_channels / 2) as f64) * step;
        (0..n_channels).map(|channel| self.mixed(at(channel).clamp(0.0, last))).collect()
    }

    /// Between two planes, by the distance to each.
    fn mixed(&mut self, at: f64) -> Arc<Vec<f32>> {
        let (first, share) = (at.floor() as usize, at.fract() as f32);
        let near = self.plane(first);
        if share < 1e-3 {
            return near;
        }
        let far = self.plane(first + 1);
        Arc::new(near.iter().zip(far.iter()).map(|(a, b)| a + (b - a) * share).collect())
    }

    fn plane(&mut self, index: usize) -> Arc<Vec<f32>> {
        if let Some(plane) = self.planes.get(&index) {
            return Arc::clone(plane);
        }
        let Tiling { rows, cols, .. } = self.run.tiling;
        let [_, from_rows, from_cols] = self.run.source.size();
        let values = self.run.source.scaled(index);
        let resized = match (rows, cols) == (from_rows, from_cols) {
            true => values,
            false => resize_triangle_antialias(&values, from_rows, from_cols, rows, cols),
        };
        let plane = Arc::new(resized);
        self.planes.insert(index, Arc::clone(&plane));
        plane
    }
}

fn stop_if(cancel: &dyn Fn() -> bool) -> Result<(), InferenceError> {
    if cancel() { Err(InferenceError::Cancelled) } else { Ok(()) }
}

/// Rows and columns of a plane on the network's grid.
fn network_size(spec: &SlidingSpec, source: &PlaneSource<'_>) -> Result<(usize, usize), InferenceError> {
    let [_, rows, cols] = source.size();
    let Some(pixel_mm) = spec.pixel_mm else { return Ok((rows, cols)) };
    let Some([_, row_mm, col_mm]) = source.spacing_mm() else {
        return Err(InferenceError::image("its pixels have no size in millimeters, which the model needs"));
    };
    let size = |n: usize, mm: f64| (n as f64 * mm / pixel_mm).round().max(1.0);
    let (rows, cols) = (size(rows, row_mm), size(cols, col_mm));
    if rows.max(cols) > MAX_PLANE_SIDE {
        return Err(InferenceError::image("its planes are too large for the model's pixels"));
    }
    Ok((rows as usize, cols as usize))
}
