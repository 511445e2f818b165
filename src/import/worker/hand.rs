//! One worker process as this process holds it: started, fed, listened to, buried.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::frame::SampleMemory;
use crate::domain::header::HeaderLine;
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::scanning::Found;
use crate::import::worker::channel::{Channel, Patience, Silence};
use crate::import::worker::shared_memory::Room;
use crate::import::worker::wire::{Filled, Reply, Request, WantedFrame};
use crate::import::worker::{ARGUMENT, CrewOptions, Detail, Drill, blotter, framing, trust};

/// For a start; for everything else the options say.
const START_TIME: Duration = Duration::from_secs(10);
/// A worker whose socket closed is about to end.
const DYING_TIME: Duration = Duration::from_secs(2);

/// A worker is gone, and what became of its request.
#[derive(Debug)]
pub enum Lost {
    /// It had not begun: the request may go to another.
    NotBegun,
    /// It had this item of the request in hand; a request for a frame has one item.
    InHand { item: usize, error: ImportError },
    /// Nobody wanted the answer any more.
    Unwanted,
}

pub struct Hand {
    /// `None` once it is gone.
    child: Option<Child>,
    channel: Channel,
    /// Its standard error, which also says what it has in hand.
    blotter: File,
    room: Room,
    options: CrewOptions,
    is_ready: bool,
}

impl Hand {
    /// Starts a process and does not wait for it. The calling thread must outlive the worker: the kernel takes its
    /// end for the parent's.
    pub fn start(program: &Path, options: &CrewOptions) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let blotter = blotter::blank()?;
        let mut command = Command::new(program);
        command.arg(ARGUMENT).stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(blotter.try_clone()?);
        // A worker needs no secrets. Two threads for decoders that bring their own, with room for deep recursion.
        command.env_clear().env("RAYON_NUM_THREADS", "2").env("RUST_MIN_STACK", (8 << 20).to_string());
        // Buffers of large pictures in huge pages, as far as the system has them: a third of the time to come by
        command.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
        command.envs(std::env::var_os("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)));
        ours.set_nonblocking(true)?;
        let child = command.spawn()?;
        let (room, file) = Room::new()?;
        let (child, channel) = (Some(child), Channel::new(ours));
        let hand = Self { child, channel, blotter, room, options: *options, is_ready: false };
        let mut terms = Vec::new();
        let request = Request::Terms { max_memory_bytes: options.max_memory_bytes };
        framing::append(&mut terms, &request).map_err(io::Error::other)?;
        let sent = hand.channel.send(&terms, Some(file.as_fd()), &mut Patience::new(START_TIME, &|| false));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(hand)
    }

    /// Whether it came up, and is of this very program. Waits for it the first time.
    pub fn is_ready(&mut self) -> bool {
        if !self.is_ready {
            let reply = self.channel.receive(&mut Patience::new(START_TIME, &|| false));
            self.is_ready = matches!(reply, Ok(Reply::Ready { version }) if version == env!("CARGO_PKG_VERSION"));
        }
        self.is_ready
    }

    /// One that was killed while it had nothing to do costs nobody anything.
    pub fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Reads `paths`, telling `each` in their order.
    pub fn describe(
        &mut self,
        paths: &[PathBuf],
        limits: &Limits,
        is_unwanted: &dyn Fn() -> bool,
        each: &mut dyn FnMut(usize, Result<Found, ImportError>),
    ) -> Result<(), Lost> {
        let max_time = self.options.max_file_time;
        let request = Request::Describe {
            paths: paths.iter().map(|path| path.as_os_str().as_bytes().to_vec()).collect(),
            limits: *limits,
            max_seconds: max_time.as_secs(),
        };
        self.send(&request, is_unwanted)?;
        for (item, path) in paths.iter().enumerate() {
            match self.channel.receive(&mut Patience::new(2 * max_time, is_unwanted)) {
                Ok(Reply::Described(found)) => each(item, trust::found(path, found, limits)),
                Ok(_) => return Err(self.lost(Silence::Garbage, item..paths.len())),
                Err(silence) => return Err(self.lost(silence, item..paths.len())),
            }
        }
        Ok(())
    }

    /// Has one frame decoded, to be fetched next; `None` inside when there is no preview of it.
    pub fn decode(&mut self, frame: WantedFrame, limits: &Limits) -> Result<Result<Option<Filled>, ImportError>, Lost> {
        let max_time = self.options.max_frame_time;
        let is_preview = frame.detail == Detail::Preview;
        let request = Request::Decode { frame, limits: *limits, max_seconds: max_time.as_secs() };
        self.send(&request, &|| false)?;
        match self.channel.receive(&mut Patience::new(2 * max_time, &|| false)) {
            Ok(Reply::Decoded(Ok(None))) if !is_preview => Err(self.lost(Silence::Garbage, 0..1)),
            Ok(Reply::Decoded(filled)) => Ok(filled.map_err(ImportError::from)),
            Ok(_) => Err(self.lost(Silence::Garbage, 0..1)),
            Err(silence) => Err(self.lost(silence, 0..1)),
        }
    }

    /// Has one file's attributes read, to be looked at.
    pub fn header(&mut self, path: &Path, limits: &Limits) -> Result<Result<Vec<HeaderLine>, ImportError>, Lost> {
        let max_time = self.options.max_file_time;
        let path = path.as_os_str().as_bytes().to_vec();
        self.send(&Request::Header { path, limits: *limits, max_seconds: max_time.as_secs() }, &|| false)?;
        match self.channel.receive(&mut Patience::new(2 * max_time, &|| false)) {
            Ok(Reply::Header(lines)) => Ok(lines.map_err(ImportError::from)),
            Ok(_) => Err(self.lost(Silence::Garbage, 0..1)),
            Err(silence) => Err(self.lost(silence, 0..1)),
        }
    }

    /// The frame that was just decoded, of `n_bytes`.
    pub fn fetch(&mut self, n_bytes: usize) -> Result<Arc<dyn SampleMemory>, Lost> {
        let Self { room, channel, options, .. } = self;
        let mut next = Vec::new();
        let fetched = framing::append(&mut next, &Request::NextPiece).map_err(|_| Silence::Garbage).and_then(|()| {
            room.fetch(n_bytes, || {
                let mut patience = Patience::new(2 * options.max_frame_time, &|| false);
                channel.send(&next, None, &mut patience)?;
                match channel.receive(&mut patience)? {
                    Reply::Laid => Ok(()),
                    _ => Err(Silence::Garbage),
                }
            })
        });
        match fetched {
            Ok(Some(memory)) => Ok(memory),
            // Here, not there; but the rest of the frame is nobody's any more
            Ok(None) => Err(Lost::InHand { item: 0, error: ImportError::ReaderOutOfMemory }),
            Err(silence) => Err(self.lost(silence, 0..1)),
        }
    }

    /// Has it fail on purpose; what it could do nevertheless.
    pub fn drill(&mut self, drill: &Drill) -> Result<Result<Vec<String>, ImportError>, Lost> {
        let max_time = self.options.max_frame_time;
        let request = Request::Drill { drill: drill.clone(), max_seconds: max_time.as_secs() };
        self.send(&request, &|| false)?;
        match self.channel.receive(&mut Patience::new(2 * max_time, &|| false)) {
            Ok(Reply::Drilled(possible)) => Ok(possible.map_err(ImportError::from)),
            Ok(_) => Err(self.lost(Silence::Garbage, 0..1)),
            Err(silence) => Err(self.lost(silence, 0..1)),
        }
    }

    fn send(&mut self, request: &Request, is_unwanted: &dyn Fn() -> bool) -> Result<(), Lost> {
        let mut bytes = Vec::new();
        if framing::append(&mut bytes, request).is_err() {
            let what = "The list of the picture's pieces";
            let error = ImportError::TooLarge { what, limit: framing::MAX_MESSAGE_BYTES as u64 };
            return Err(Lost::InHand { item: 0, error });
        }
        blotter::clear(&self.blotter);
        let mut patience = Patience::new(2 * self.options.max_frame_time, is_unwanted);
        let sent = self.channel.send(&bytes, None, &mut patience);
        sent.map_err(|silence| self.lost(silence, 0..1))
    }

    /// What the silence means; the process is gone afterwards. `open` are the items without an answer.
    fn lost(&mut self, silence: Silence, open: std::ops::Range<usize>) -> Lost {
        let status = match silence {
            Silence::Closed => self.died(),
            Silence::TimedOut | Silence::Garbage | Silence::Unwanted => None,
        };
        self.end();
        if silence == Silence::Unwanted {
            return Lost::Unwanted;
        }
        let entry = blotter::read(&self.blotter);
        let error = match silence {
            Silence::TimedOut => ImportError::ReaderTimedOut,
            _ if status.and_then(|status| status.signal()) == Some(rustix::process::Signal::XCPU.as_raw()) => {
                ImportError::ReaderTimedOut
            }
            _ if entry.ran_out_of_memory => ImportError::ReaderOutOfMemory,
            _ => ImportError::ReaderCrashed,
        };
        match entry.in_hand {
            None if silence == Silence::Closed => Lost::NotBegun,
            in_hand => {
                let how = status.map_or_else(|| "was ended".to_owned(), |status| format!("ended ({status})"));
                log::warn!("a decode worker {how}: {}", error.code());
                let item = in_hand.unwrap_or(open.start).clamp(open.start, open.end.saturating_sub(1));
                Lost::InHand { item, error }
            }
        }
    }

    /// How it ended, when it does so by itself.
    fn died(&mut self) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < DYING_TIME {
            if let Ok(Some(status)) = self.child.as_mut()?.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }

    /// Tells it to end, without waiting.
    pub fn kill(&mut self) {
        if let Some(Err(error)) = self.child.as_mut().map(Child::kill) {
            log::debug!("a decode worker could not be ended: {error}");
        }
    }

    /// Ends it and clears its entry from the system's table.
    fn end(&mut self) {
        self.kill();
        if self.died().is_some() {
            self.child = None;
        } else if let Some(mut child) = self.child.take() {
            // It hangs in the kernel, as on a network drive that is gone: nobody waits for that but a thread
            let burial = move || child.wait().map_or_else(|error| log::debug!("not awaited: {error}"), |_| ());
            if std::thread::Builder::new().name("burial".to_owned()).spawn(burial).is_err() {
                log::debug!("a decode worker is left to the system");
            }
        }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.end();
    }
}
