//! Reading where a bad file costs itself only: worker processes with limits on memory and time, which this process
//! feeds and never trusts.
//!
//! The program starts itself again with [`ARGUMENT`]. A worker takes requests on its standard input, a socket, and may
//! open files to read and nothing else. Decoded samples come in memory that both processes hold, never through the
//! socket, and are copied from there before anything looks at them. A worker that dies takes the file it had in hand
//! with it: the parent refuses that file and goes on with a fresh worker. Elsewhere than on Linux, and where no process
//! can be started, the same code runs in this process.

#[cfg(not(target_os = "linux"))]
mod absent;
#[cfg(target_os = "linux")]
mod blotter;
#[cfg(target_os = "linux")]
mod cage;
#[cfg(target_os = "linux")]
mod channel;
#[cfg(target_os = "linux")]
mod crew;
#[cfg(target_os = "linux")]
mod drill;
#[cfg(target_os = "linux")]
mod frames;
#[cfg(target_os = "linux")]
mod framing;
#[cfg(target_os = "linux")]
mod hand;
#[cfg(target_os = "linux")]
mod reading;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
mod shared_memory;
#[cfg(target_os = "linux")]
mod trust;
#[cfg(target_os = "linux")]
mod wire;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(not(target_os = "linux"))]
pub use crate::import::worker::absent::Crew;
#[cfg(target_os = "linux")]
pub use crate::import::worker::crew::Crew;

/// Not for people, so not in the help: makes the program a worker.
pub const ARGUMENT: &str = "--decode-worker";

/// How many workers, and what each may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrewOptions {
    pub n_workers: usize,
    /// Address space of one worker.
    pub max_memory_bytes: u64,
    /// Processor time for one frame, in whole seconds; on the clock it may take twice as long.
    pub max_frame_time: Duration,
    /// Processor time for one file of a scan, likewise.
    pub max_file_time: Duration,
}

impl Default for CrewOptions {
    fn default() -> Self {
        let n_cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            n_workers: n_cores.clamp(2, 8),
            max_memory_bytes: 3 << 30,
            max_frame_time: Duration::from_secs(20),
            max_file_time: Duration::from_secs(10),
        }
    }
}

/// Who goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody waits in front of the screen.
    Now,
    /// Somebody will want it.
    Ahead,
}

/// How much of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    Full,
    /// See [`crate::import::load_preview`].
    Preview,
}

/// A way to fail on purpose, to prove that it costs a worker and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Drill {
    Panic,
    Abort,
    EndlessRecursion,
    EndlessLoop,
    EndlessMemory,
    /// Never gives so much memory back.
    Leak {
        n_bytes: usize,
    },
    /// Tries to write in `folder`, which holds a file `file`, to run a program and to reach the network.
    BreakOut {
        folder: PathBuf,
    },
}

/// Workers of `program`; none is started yet. `None` where there are none to be had.
pub fn crew(program: &Path, options: CrewOptions) -> Option<Crew> {
    #[cfg(target_os = "linux")]
    return Some(Crew::new(program, options));
    #[cfg(not(target_os = "linux"))]
    {
        log::warn!("files are read in this process: {} cannot be guarded here ({options:?})", program.display());
        None
    }
}

/// Puts this process under the limits of a worker, for readers of other kinds: address space, processor time, nothing
/// written, nothing run, no network. A system that lacks a bar gives the others.
pub fn confine(max_memory_bytes: u64, allowance: Duration) {
    #[cfg(target_os = "linux")]
    {
        cage::shut();
        for error in [cage::limit_memory(max_memory_bytes), cage::allow(allowance)].into_iter().filter_map(Result::err)
        {
            log::warn!("a limit of the reader is not to be had: {error}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    log::warn!("a file is read without limits: {max_memory_bytes} bytes and {allowance:?} cannot be kept here");
}

/// The whole life of a worker process when the command line asks for one; call before anything else.
pub fn serve_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let is_asked = arguments.next().as_deref() == Some(OsStr::new(ARGUMENT)) && arguments.next().is_none();
    if !is_asked {
        return None;
    }
    #[cfg(target_os = "linux")]
    return Some(serve::serve());
    #[cfg(not(target_os = "linux"))]
    Some(ExitCode::FAILURE)
}
