//! The statistics of a reader study and of the ordinary record, pure: numbers in, estimates out.
//!
//! Every figure is an [`estimate::Estimate`]: a value or the reason why there is none, an interval, how many cases, and
//! a definition. `tests/it/validation` holds each one to published figures and to an independent implementation.

pub mod accuracy;
pub mod agreement;
pub mod calibration;
pub mod decision_curve;
pub mod estimate;
pub mod froc;
pub mod mcnemar;
pub mod mrmc;
pub mod multiplicity;
pub mod overlap;
pub mod precision_recall;
pub mod proportion;
pub mod protocol;
pub mod random;
pub mod resampling;
pub mod roc;
pub mod scores;
pub mod special;
pub mod surface;
