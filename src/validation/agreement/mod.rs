//! How far readers say the same: of categories, of ratings with gaps, of measurements.

pub mod bland_altman;
pub mod icc;
pub mod kappa;
pub mod krippendorff;
pub mod many_raters;
