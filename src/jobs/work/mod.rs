//! What a job does, synchronous and testable; `jobs` only wraps it in threads, and the command line calls it bare.

pub mod analysis;
pub mod demo;
pub mod handing_on;
pub mod record;
pub mod scan;
pub mod single;
pub mod stamp;
pub mod volume;
pub mod watch;
