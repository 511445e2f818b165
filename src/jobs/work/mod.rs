//! What a job does, synchronous and testable; `jobs` only wraps it in threads, and the command line calls it bare.

pub mod analysis;
pub mod batch;
pub mod deidentifying;
pub mod demo;
pub mod explaining;
pub mod handing_on;
pub mod keys;
pub mod masks;
pub mod model_adding;
pub mod record;
pub mod record_place;
pub mod reported_masks;
pub mod scan;
pub mod scanner_history;
pub mod single;
pub mod stamp;
pub mod study_copies;
pub mod volume;
pub mod volume_analysis;
pub mod watch;
