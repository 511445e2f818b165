//! Live-wire: from the last corner to the pointer along the edge that lies there (Mortensen and Barrett, Graphical Models
//! and Image Processing 1998;60:349). Edges are cheap, flat ground is dear, and a longer way costs more.

use crate::domain::shape::Point;
use crate::segmentation::cost_field::{Ways, Window};
use crate::segmentation::grid::{VoxelBox, VoxelGrid};
use crate::segmentation::intensities::Intensities;

/// What a pixel costs in the middle of an edge.
const ON_EDGE: f32 = 0.04;
/// The wire sees this far around the two ends, pixels.
const MARGIN: u32 = 24;
/// No farther than this along an axis: the way must be there with the next picture.
const FARTHEST: u32 = 700;

/// The wire from one corner, for every place the pointer may go.
#[derive(Clone, Debug)]
pub struct LiveWire {
    window: Window,
    ways: Ways,
    from: [u32; 2],
    slice: u32,
}

impl LiveWire {
    /// The wire that begins at a pixel and is asked for places within `reach` pixels of it.
    pub fn new(values: &Intensities, slice: u32, from: [u32; 2], reach: u32) -> Option<Self> {
        let grid = values.grid();
        if from[0] >= grid.cols || from[1] >= grid.rows {
            return None;
        }
        let reach = reach.saturating_add(MARGIN).min(FARTHEST);
        let start = VoxelBox { low: [from[0], from[1], 0], high: [from[0] + 1, from[1] + 1, 1] };
        let flat = VoxelGrid { slices: 1, ..*grid };
        let window = Window::of(values, slice, &start.widened([reach, reach, 0], &flat));
        let seed = window.index(from[0], from[1])?;
        let ways = Ways::from(&window, &[seed], |_, next, is_aslant| {
            let length = if is_aslant { std::f32::consts::SQRT_2 } else { 1.0 };
            let flatness = 1.0 - window.steepness[next];
            length * (ON_EDGE + flatness * flatness)
        });
        Some(Self { window, ways, from, slice })
    }

    /// Where it begins, and on which slice.
    pub fn origin(&self) -> ([u32; 2], u32) {
        (self.from, self.slice)
    }

    /// The wire to a pixel; `None` where it does not reach.
    pub fn to(&self, [col, row]: [u32; 2]) -> Option<Vec<Point>> {
        let index = self.window.index(col, row)?;
        let points = self.ways.to(index).into_iter().map(|at| self.window.place(at).map(f64::from));
        Some(points.collect())
    }
}
