//! Distances between the surfaces of two masks, each surface element weighing by its area: the definition of DeepMind's
//! `surface-distance` (Nikolov et al., J Med Internet Res 2021;23:e26151).
//!
//! Surface points lie at the corners between voxels; the eight voxels around a corner say how much surface it carries.

mod borders;
mod elements;
mod nearest;

use rayon::join;
use rayon::slice::ParallelSliceMut as _;
use serde::Serialize;

use crate::validation::estimate::{Count, Estimate, Undefined, ratio};
use crate::validation::overlap::MaskGrid;
use crate::validation::surface::borders::Borders;
use crate::validation::surface::elements::ElementSizes;
use crate::validation::surface::nearest::distances;

/// A piece of one surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surfel {
    /// To the other surface; infinite where there is none.
    pub distance_mm: f64,
    /// mm², of flat masks mm.
    pub size: f64,
}

/// The elements of both surfaces, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct SurfaceDistances {
    pub first: Vec<Surfel>,
    pub second: Vec<Surfel>,
}

/// All figures of one pair of masks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SurfaceFigures {
    pub hausdorff: Estimate,
    pub hausdorff_95: Estimate,
    /// From the first surface to the second, and back.
    pub average: [Estimate; 2],
    pub average_symmetric: Estimate,
    pub surface_dice: Estimate,
    pub tolerance_mm: f64,
}

impl SurfaceDistances {
    pub fn between(grid: &MaskGrid, first: &[u8], second: &[u8]) -> Result<Self, Undefined> {
        grid.check(first, second)?;
        let Some(window) = borders::Window::around(grid, first, second) else {
            return Ok(Self { first: Vec::new(), second: Vec::new() });
        };
        let (one, two) = join(|| Borders::of(&window, first), || Borders::of(&window, second));
        let sizes = ElementSizes::of(grid);
        let surfels = |own: &Borders, other: &Borders| {
            let mut surfels: Vec<Surfel> = distances(own, other, &window)
                .into_iter()
                .zip(own.codes())
                .map(|(distance_mm, code)| Surfel { distance_mm, size: sizes.of_code(code) })
                .collect();
            surfels
                .par_sort_unstable_by(|a, b| a.distance_mm.total_cmp(&b.distance_mm).then(a.size.total_cmp(&b.size)));
            surfels
        };
        Ok(Self { first: surfels(&one, &two), second: surfels(&two, &one) })
    }

    /// Both surfaces are there.
    fn needs_both(&self) -> Result<(), Undefined> {
        match (self.first.is_empty(), self.second.is_empty()) {
            (true, true) => Err(Undefined::BothEmpty),
            (false, false) => Ok(()),
            _ => Err(Undefined::OneEmpty),
        }
    }

    /// The largest distance of `share` of each surface; of the two the larger. 1 is the Hausdorff distance.
    pub fn hausdorff(&self, share: f64) -> Result<f64, Undefined> {
        self.needs_both()?;
        let of_side = |side: &[Surfel]| {
            let whole: f64 = side.iter().map(|surfel| surfel.size).sum();
            let mut until = 0.0;
            let reached = side.iter().find(|surfel| {
                until += surfel.size;
                until / whole >= share
            });
            reached.or(side.last()).map_or(0.0, |surfel| surfel.distance_mm)
        };
        Ok(of_side(&self.first).max(of_side(&self.second)))
    }

    /// Mean distance from the first surface to the second, and back.
    pub fn averages(&self) -> Result<[f64; 2], Undefined> {
        self.needs_both()?;
        let [(one, of_one), (two, of_two)] = self.moments();
        Ok([one / of_one, two / of_two])
    }

    /// Mean distance over both surfaces together.
    pub fn average_symmetric(&self) -> Result<f64, Undefined> {
        self.needs_both()?;
        let [(one, of_one), (two, of_two)] = self.moments();
        ratio(one + two, of_one + of_two, Undefined::BothEmpty)
    }

    fn moments(&self) -> [(f64, f64); 2] {
        let of_side = |side: &[Surfel]| {
            side.iter().fold((0.0, 0.0), |(sum, size), one| (sum + one.distance_mm * one.size, size + one.size))
        };
        [of_side(&self.first), of_side(&self.second)]
    }

    /// Share of both surfaces within `tolerance_mm` of the other one (NSD). With one surface only it is 0.
    pub fn surface_dice(&self, tolerance_mm: f64) -> Result<f64, Undefined> {
        let both = || self.first.iter().chain(&self.second);
        let near: f64 = both().filter(|one| one.distance_mm <= tolerance_mm).map(|one| one.size).sum();
        ratio(near, both().map(|one| one.size).sum(), Undefined::BothEmpty)
    }

    /// Share of the first surface near the second, and of the second near the first.
    pub fn overlap_at(&self, tolerance_mm: f64) -> Result<[f64; 2], Undefined> {
        self.needs_both()?;
        let of_side = |side: &[Surfel]| {
            let near: f64 = side.iter().filter(|one| one.distance_mm <= tolerance_mm).map(|one| one.size).sum();
            near / side.iter().map(|one| one.size).sum::<f64>()
        };
        Ok([of_side(&self.first), of_side(&self.second)])
    }

    pub fn figures(&self, tolerance_mm: f64) -> SurfaceFigures {
        let count = Count { n: self.first.len() + self.second.len(), of: "surface elements of both masks" };
        let figure = |value, definition| Estimate::bare(value, count, definition);
        let averages = self.averages();
        SurfaceFigures {
            hausdorff: figure(self.hausdorff(1.0), "Hausdorff distance, mm"),
            hausdorff_95: figure(self.hausdorff(0.95), "distance that 95 % of each surface keeps, the larger, mm"),
            average: [
                figure(averages.map(|[one, _]| one), "mean distance from the first surface to the second, mm"),
                figure(averages.map(|[_, two]| two), "mean distance from the second surface to the first, mm"),
            ],
            average_symmetric: figure(self.average_symmetric(), "mean distance over both surfaces, mm"),
            surface_dice: figure(
                self.surface_dice(tolerance_mm),
                "normalized surface Dice: share of both surfaces within the tolerance of the other",
            ),
            tolerance_mm,
        }
    }
}
