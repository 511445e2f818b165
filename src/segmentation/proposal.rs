//! The smart click: from one click or box a region is proposed that a slider makes larger or smaller.
//!
//! Every pixel gets a cost: what the cheapest way from the seed to it costs, where steps over edges, away from the seed's
//! values and away from what the network took for the structure are dear. The regions of all costs lie within one
//! another, so that the slider only chooses how many pixels come in.

use crate::domain::geometry::PixelBox;
use crate::domain::likelihood::Likelihood;
use crate::segmentation::cost_field::{Ways, Window};
use crate::segmentation::grid::{Span, VoxelBox, VoxelGrid};
use crate::segmentation::intensities::Intensities;
use crate::segmentation::islands::{Neighbors, fill_holes_by_slice, keep_at};
use crate::segmentation::voxel_mask::VoxelMask;

/// Where the reader pointed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hint {
    /// Column and row.
    Click([u32; 2]),
    /// The structure lies in this box; pixel-edge coordinates.
    Box(PixelBox),
}

/// Half the side of the window around a click, pixels.
const REACH: u32 = 160;
const EDGE: f32 = 6.0;
const VALUE: f32 = 3.0;
const NETWORK: f32 = 5.0;
const LENGTH: f32 = 0.02;

/// A proposal for one slice.
#[derive(Clone, Debug)]
pub struct Proposal {
    grid: VoxelGrid,
    slice: u32,
    window: Window,
    seed: usize,
    costs: Vec<f32>,
    /// All finite costs, ascending.
    sorted: Vec<f32>,
    /// The share at which the region stands out most: where the slider begins.
    pub suggested: f64,
}

impl Proposal {
    pub fn new(values: &Intensities, slice: u32, hint: Hint, prior: Option<&Likelihood>) -> Option<Self> {
        let grid = *values.grid();
        let flat = VoxelGrid { slices: 1, ..grid };
        let (bounds, seed, inner) = match hint {
            Hint::Click([col, row]) => {
                if col >= grid.cols || row >= grid.rows {
                    return None;
                }
                let point = VoxelBox { low: [col, row, 0], high: [col + 1, row + 1, 1] };
                (point.widened([REACH, REACH, 0], &flat), [col, row], point.widened([2, 2, 0], &flat))
            }
            Hint::Box(region) => {
                let bounds = pixels_of(&region, &grid)?;
                let [cols, rows, _] = bounds.size();
                let middle = [bounds.low[0] + cols / 2, bounds.low[1] + rows / 2];
                let point = VoxelBox { low: [middle[0], middle[1], 0], high: [middle[0] + 1, middle[1] + 1, 1] };
                // The middle third of the box is taken for the structure
                (bounds, middle, point.widened([cols / 6, rows / 6, 0], &flat))
            }
        };
        let window = Window::of(values, slice, &bounds);
        let seed = window.index(seed[0], seed[1])?;
        let costs = costs(&window, seed, &inner, prior);
        let mut sorted: Vec<f32> = costs.iter().copied().filter(|cost| cost.is_finite()).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let mut proposal = Self { grid, slice, window, seed, costs, sorted, suggested: 0.0 };
        proposal.suggested = proposal.best_share();
        Some(proposal)
    }

    /// The region at a place of the slider, 0 to 1: connected to the seed, without holes.
    pub fn region(&self, share: f64) -> VoxelMask {
        let Some(limit) = self.limit(share) else { return VoxelMask::empty(self.grid) };
        let mut spans: Vec<Span> = Vec::new();
        for (row, costs) in (self.window.row..).zip(self.costs.chunks_exact(self.window.cols)) {
            let mut open: Option<u32> = None;
            let end = self.window.col + self.window.cols as u32;
            for (col, cost) in (self.window.col..).zip(costs) {
                match (open, *cost <= limit) {
                    (None, true) => open = Some(col),
                    (Some(from), false) => {
                        spans.push(Span { slice: self.slice, row, from, to: col });
                        open = None;
                    }
                    _ => {}
                }
            }
            spans.extend(open.map(|from| Span { slice: self.slice, row, from, to: end }));
        }
        let [col, row] = self.window.place(self.seed);
        let found = VoxelMask::from_spans(self.grid, &spans);
        let own = keep_at(&found, [col, row, self.slice], Neighbors::Faces).unwrap_or(found);
        fill_holes_by_slice(&own)
    }

    /// The slider counts pixels on a curve, so that small regions have room.
    fn limit(&self, share: f64) -> Option<f32> {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let last = self.sorted.len().checked_sub(1)?;
        self.sorted.get((share.powi(3) * last as f64).round() as usize).copied()
    }

    /// Where the border of the region lies on the steepest ground: of shares in even steps the best.
    fn best_share(&self) -> f64 {
        const N_STEPS: u32 = 24;
        let mut best = (f64::MIN, 0.5);
        for step in 2..N_STEPS {
            let share = f64::from(step) / f64::from(N_STEPS);
            let Some(limit) = self.limit(share) else { continue };
            let (mut edge, mut n) = (0.0, 0_u32);
            let mut n_at_window = 0_u32;
            for (index, cost) in self.costs.iter().enumerate().filter(|(_, cost)| **cost <= limit) {
                let _ = cost;
                let is_border = self.window.neighbors(index).any(|(next, _)| self.costs[next] > limit);
                if is_border {
                    edge += f64::from(self.window.steepness[index]);
                    n += 1;
                }
                let (x, y) = (index % self.window.cols, index / self.window.cols);
                let is_at_window = x == 0 || y == 0 || x + 1 == self.window.cols || y + 1 == self.window.rows;
                n_at_window += u32::from(is_at_window);
            }
            if n < 8 {
                continue;
            }
            // A region that fills its window has no border to judge by
            let spilled = f64::from(n_at_window) / f64::from(n);
            let score = edge / f64::from(n) - 0.5 * spilled;
            if score > best.0 {
                best = (score, share);
            }
        }
        best.1
    }
}

fn costs(window: &Window, seed: usize, inner: &VoxelBox, prior: Option<&Likelihood>) -> Vec<f32> {
    let mut seeds = Vec::new();
    let mut sample: Vec<f32> = Vec::new();
    for row in inner.low[1]..inner.high[1] {
        for col in inner.low[0]..inner.high[0] {
            if let Some(index) = window.index(col, row) {
                sample.push(window.values[index]);
                seeds.push(index);
            }
        }
    }
    sample.sort_unstable_by(f32::total_cmp);
    let middle = sample.get(sample.len() / 2).copied().unwrap_or(0.0);
    // The box's own middle part is a sample, not all of it the structure
    let seeds: Vec<usize> = if seeds.len() <= 25 { seeds } else { vec![seed] };
    let mut all = window.values.clone();
    let spread = spread(&mut all);
    let likely = |index: usize| {
        let [col, row] = window.place(index);
        prior.map(|prior| prior.at(col, row))
    };
    let ways = Ways::from(window, &seeds, |at, next, is_aslant| {
        let length = if is_aslant { std::f32::consts::SQRT_2 } else { 1.0 };
        let edge = window.steepness[next].max(window.steepness[at]);
        let off = ((window.values[next] - middle).abs() / spread).min(2.0);
        let of_network = likely(next).map_or(0.0, |likely| 1.0 - likely.clamp(0.0, 1.0));
        length * (LENGTH + EDGE * edge * edge + VALUE * off * off + NETWORK * of_network * of_network)
    });
    ways.costs
}

/// Half of the range that most values lie in; never 0.
fn spread(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 1.0;
    }
    values.sort_unstable_by(f32::total_cmp);
    let at = |share: usize| values[(values.len() - 1) * share / 100];
    let range = (at(98) - at(2)) / 2.0;
    if range > 0.0 { range } else { 1.0 }
}

fn pixels_of(region: &PixelBox, grid: &VoxelGrid) -> Option<VoxelBox> {
    let within = |at: f64, n: u32| at.clamp(0.0, f64::from(n)) as u32;
    let low = [within(region.x0.floor(), grid.cols), within(region.y0.floor(), grid.rows), 0];
    let high = [within(region.x1.ceil(), grid.cols), within(region.y1.ceil(), grid.rows), 1];
    let is_some = high[0] >= low[0] + 4 && high[1] >= low[1] + 4;
    is_some.then_some(VoxelBox { low, high })
}
