//! The worker's side: requests in, answers out, until the parent is gone.

use std::ffi::OsString;
use std::fs::File;
use std::io::{IoSliceMut, Stdin, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::domain::frame::Samples;
use crate::import::dicom::header;
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::one_frame::PlaceOfFrame;
use crate::import::sample_type::{self, SampleType};
use crate::import::scanning::{self, Found};
use crate::import::worker::framing::{self, Inbox};
use crate::import::worker::shared_memory::{Counter, ROOM_BYTES};
use crate::import::worker::wire::{Described, Fault, Filled, Reply, Request, WantedFrame};
use crate::import::worker::{Detail, blotter, cage, drill};

/// Decoders and parsers get the stack of a main thread.
const STACK_BYTES: usize = 8 << 20;
/// Answers wait this long for company, or until there are this many bytes: each sending wakes the parent.
const FLUSH_AFTER: Duration = Duration::from_millis(5);
const FLUSH_BYTES: usize = 64 << 10;

/// Runs until the parent closes the socket on standard input.
pub fn serve() -> ExitCode {
    // A panic is answered like any other failure; its words may hold what the file says
    std::panic::set_hook(Box::new(|_| {}));
    cage::shut();
    let stdin = std::io::stdin();
    let Ok(socket) = stdin.as_fd().try_clone_to_owned().map(UnixStream::from) else { return ExitCode::FAILURE };
    let reading = std::thread::Builder::new().name("decode".to_owned()).stack_size(STACK_BYTES);
    match reading.spawn(move || Desk::new(socket).work()) {
        Ok(_) => watch(&stdin),
        Err(_) => ExitCode::FAILURE,
    }
}

/// Returns, and so ends the process, as soon as the other end of the socket is closed, whatever is being decoded.
fn watch(stdin: &Stdin) -> ExitCode {
    loop {
        let mut fds = [PollFd::new(stdin, PollFlags::empty())];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => {}
            _ => return ExitCode::SUCCESS,
        }
    }
}

struct Desk {
    socket: UnixStream,
    inbox: Inbox,
    chunk: Vec<u8>,
    out: Vec<u8>,
    /// Where samples are laid; comes with the terms.
    counter: Option<Counter>,
    most_kept_bytes: u64,
}

impl Desk {
    fn new(socket: UnixStream) -> Self {
        let chunk = vec![0; 64 << 10];
        Self { socket, inbox: Inbox::default(), chunk, out: Vec::new(), counter: None, most_kept_bytes: u64::MAX }
    }

    fn work(mut self) {
        while let Some((request, memory)) = self.next() {
            if self.answer(request, memory).is_none() || self.has_grown() {
                break;
            }
        }
        // No more requests will come: the watching thread sees it too, but may not be the first
        std::process::exit(0);
    }

    /// The next request, with the memory that came along; `None` when the parent is gone or talks nonsense.
    fn next(&mut self) -> Option<(Request, Option<File>)> {
        let mut memory = None;
        loop {
            if let Some(request) = self.inbox.next().ok()? {
                return Some((request, memory));
            }
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut ancillary = RecvAncillaryBuffer::new(&mut space);
            let mut parts = [IoSliceMut::new(&mut self.chunk)];
            let received = match recvmsg(&self.socket, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
                Err(rustix::io::Errno::INTR) => continue,
                received => received.ok().filter(|received| received.bytes > 0)?,
            };
            for message in ancillary.drain() {
                if let RecvAncillaryMessage::ScmRights(files) = message {
                    memory = files.last().map(File::from as fn(OwnedFd) -> File).or(memory);
                }
            }
            self.inbox.push(self.chunk.get(..received.bytes)?);
        }
    }

    /// What decoders leak or keep must never cost a good file its memory: past half of what there was at the start a
    /// fresh worker is better. Nobody loses anything, for the parent sees a worker that is gone before it had a request.
    fn has_grown(&self) -> bool {
        cage::memory_bytes().is_some_and(|n_bytes| n_bytes > self.most_kept_bytes)
    }

    /// `None` when the parent does not listen any more.
    fn answer(&mut self, request: Request, memory: Option<File>) -> Option<()> {
        match request {
            Request::Terms { max_memory_bytes } => {
                self.counter = Some(Counter::new(&memory?).ok()?);
                cage::limit_memory(max_memory_bytes).ok()?;
                self.most_kept_bytes = cage::memory_bytes().unwrap_or(0).midpoint(max_memory_bytes);
                self.say(&Reply::Ready { version: env!("CARGO_PKG_VERSION").to_owned() });
            }
            Request::Describe { paths, limits, max_seconds } => {
                self.describe(paths, &limits, Duration::from_secs(max_seconds))?;
            }
            Request::Decode { frame, limits, max_seconds } => {
                begin(0, Duration::from_secs(max_seconds))?;
                let decode = || decode(&frame, &limits);
                match catch_unwind(AssertUnwindSafe(decode)).unwrap_or(Err(ImportError::Panicked)) {
                    Ok(Some(samples)) => self.hand_over(&samples)?,
                    Ok(None) => self.say(&Reply::Decoded(Ok(None))),
                    Err(error) => self.say(&Reply::Decoded(Err(Fault::from(&error)))),
                }
            }
            Request::Header { path, limits, max_seconds } => {
                begin(0, Duration::from_secs(max_seconds))?;
                let lines = header::lines(&PathBuf::from(OsString::from_vec(path)), &limits);
                self.say(&Reply::Header(lines.map_err(|error| Fault::from(&error))));
            }
            // Asked for where it is waited for
            Request::NextPiece => return None,
            Request::Drill { drill, max_seconds } => {
                begin(0, Duration::from_secs(max_seconds))?;
                let run = || drill::run(&drill);
                let possible = catch_unwind(AssertUnwindSafe(run)).map_err(|_| ImportError::Panicked);
                self.say(&Reply::Drilled(possible.map_err(|error| Fault::from(&error))));
            }
        }
        self.flush()
    }

    /// Piece by piece, as far as the room reaches.
    fn hand_over(&mut self, samples: &Samples) -> Option<()> {
        let filled = Filled { sample_type: SampleType::of(samples), n_samples: samples.len() as u64 };
        let mut pieces = sample_type::bytes(samples).chunks(ROOM_BYTES);
        self.counter.as_mut()?.lay(pieces.next().unwrap_or_default());
        self.say(&Reply::Decoded(Ok(Some(filled))));
        for piece in pieces {
            self.flush()?;
            let Some((Request::NextPiece, _)) = self.next() else { return None };
            self.counter.as_mut()?.lay(piece);
            self.say(&Reply::Laid);
        }
        Some(())
    }

    fn describe(&mut self, paths: Vec<Vec<u8>>, limits: &Limits, allowance: Duration) -> Option<()> {
        let mut last_flush = Instant::now();
        for (item, path) in paths.into_iter().enumerate() {
            begin(item, allowance)?;
            let found = scanning::read_file(&PathBuf::from(OsString::from_vec(path)), limits);
            self.say(&Reply::Described(found.map(described).map_err(|error| Fault::from(&error))));
            if self.out.len() >= FLUSH_BYTES || last_flush.elapsed() >= FLUSH_AFTER {
                self.flush()?;
                last_flush = Instant::now();
            }
        }
        Some(())
    }

    fn say(&mut self, reply: &Reply) {
        if framing::append(&mut self.out, reply).is_ok() {
            return;
        }
        let what = "What this file says of its frames";
        let fault = Fault::from(&ImportError::TooLarge { what, limit: framing::MAX_MESSAGE_BYTES as u64 });
        // A fault is some hundred bytes
        framing::append(&mut self.out, &Reply::Described(Err(fault))).unwrap_or_default();
    }

    fn flush(&mut self) -> Option<()> {
        self.socket.write_all(&self.out).ok()?;
        self.out.clear();
        Some(())
    }
}

fn begin(item: usize, allowance: Duration) -> Option<()> {
    blotter::begin(std::io::stderr(), item);
    cage::allow(allowance).ok()
}

fn described(found: Found) -> Described {
    match found {
        Found::Image(object) => Described::Image(object),
        Found::Document(document) => Described::Document(document),
        Found::Index(references) => {
            let said = |reference: Result<PathBuf, ImportError>| match reference {
                Ok(path) => Ok(path.as_os_str().as_bytes().to_vec()),
                Err(error) => Err(Fault::from(&error)),
            };
            Described::Index(references.into_iter().map(said).collect())
        }
    }
}

fn decode(frame: &WantedFrame, limits: &Limits) -> Result<Option<Samples>, ImportError> {
    let WantedFrame { path, pixels, stored, frame_idx, detail } = frame;
    let path = PathBuf::from(OsString::from_vec(path.clone()));
    let place = PlaceOfFrame { path: &path, pixels, stored: stored.as_ref(), frame_idx: *frame_idx };
    match detail {
        Detail::Full => place.load(limits).map(Some),
        Detail::Preview => place.preview(limits),
    }
}
