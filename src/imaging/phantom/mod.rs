//! A made-up patient: a thorax of which every nodule, width and Hounsfield unit is known.
//!
//! The demonstration, the tests and the first run without data look at this instead of a person. Bodies are analytic
//! (ellipsoids, tubes), so a CT slice and a radiograph are two views of one truth and neither is a copy of the other.

pub mod anatomy;
pub mod convex;
pub mod ct;
pub mod nodules;
pub mod noise;
pub mod radiograph;
pub mod scene;
pub mod skeleton;
pub mod truth;
pub mod vessels;

pub use ct::CtGrid;
pub use nodules::Nodule;
pub use radiograph::RadiographGrid;
pub use scene::{Scene, Tissue};
pub use truth::{Truth, truth};

/// Changes whenever the pictures change.
pub const PHANTOM_VERSION: &str = "3";

/// Which pictures of the phantom to make.
#[derive(Clone, Debug, PartialEq)]
pub struct PhantomOptions {
    pub seed: u64,
    /// `None` leaves the CT series out.
    pub ct: Option<CtGrid>,
    /// `None` leaves the radiograph out.
    pub radiograph: Option<RadiographGrid>,
    /// 1 for the dose of daily practice, 0 for none.
    pub noise: f64,
    pub nodules: Vec<Nodule>,
}

impl Default for PhantomOptions {
    fn default() -> Self {
        Self {
            seed: 20_261,
            ct: Some(CtGrid::FULL),
            radiograph: Some(RadiographGrid::FULL),
            noise: 1.0,
            nodules: nodules::demonstration(),
        }
    }
}

impl PhantomOptions {
    /// The same patient on coarse grids, within a second in a debug build.
    pub fn small() -> Self {
        Self { ct: Some(CtGrid::SMALL), radiograph: Some(RadiographGrid::SMALL), ..Self::default() }
    }

    pub fn scene(&self) -> Scene {
        anatomy::thorax(&self.nodules, self.seed)
    }
}
