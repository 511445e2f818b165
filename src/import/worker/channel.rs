//! This process's end of the socket to one worker: nothing here waits longer than it may.

use std::io::{ErrorKind, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde::de::DeserializeOwned;

use crate::import::worker::framing::Inbox;

/// How often a waiting thread looks whether it is still wanted.
const SLICE: Duration = Duration::from_millis(20);

/// Why no message came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The other end is gone.
    Closed,
    TimedOut,
    /// What came is no message.
    Garbage,
    /// Nobody wants the answer any more.
    Unwanted,
}

/// How long to wait. Counted in slices of waiting, not on the clock: time in which this process itself was stopped or
/// the machine asleep is not held against a worker.
pub struct Patience<'a> {
    left: Duration,
    is_unwanted: &'a dyn Fn() -> bool,
}

impl<'a> Patience<'a> {
    pub fn new(limit: Duration, is_unwanted: &'a dyn Fn() -> bool) -> Self {
        Self { left: limit, is_unwanted }
    }

    /// Waits until the socket is ready for one of `flags`.
    fn wait(&mut self, socket: &UnixStream, flags: PollFlags) -> Result<(), Silence> {
        loop {
            let slice = self.left.min(SLICE);
            let timeout = Timespec { tv_sec: 0, tv_nsec: slice.subsec_nanos().into() };
            let mut fds = [PollFd::new(socket, flags)];
            let start = Instant::now();
            match poll(&mut fds, Some(&timeout)) {
                Ok(1..) => return Ok(()),
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Silence::Closed),
            }
            if (self.is_unwanted)() {
                return Err(Silence::Unwanted);
            }
            self.left = self.left.saturating_sub(start.elapsed().min(2 * SLICE).max(Duration::from_millis(1)));
            if self.left.is_zero() {
                return Err(Silence::TimedOut);
            }
        }
    }
}

pub struct Channel {
    socket: UnixStream,
    inbox: Inbox,
    chunk: Vec<u8>,
}

impl Channel {
    /// `socket` must not block.
    pub fn new(socket: UnixStream) -> Self {
        Self { socket, inbox: Inbox::default(), chunk: vec![0; 64 << 10] }
    }

    /// Sends all of `bytes`, and `memory` with the first of them.
    pub fn send(
        &self,
        bytes: &[u8],
        memory: Option<BorrowedFd<'_>>,
        patience: &mut Patience<'_>,
    ) -> Result<(), Silence> {
        let mut left = bytes;
        if let Some(memory) = memory {
            let n_sent = self.send_with(bytes, memory, patience)?;
            left = bytes.get(n_sent..).unwrap_or_default();
        }
        while !left.is_empty() {
            match (&self.socket).write(left) {
                Ok(n) => left = left.get(n..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => patience.wait(&self.socket, PollFlags::OUT)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Silence::Closed),
            }
        }
        Ok(())
    }

    fn send_with(&self, bytes: &[u8], memory: BorrowedFd<'_>, patience: &mut Patience<'_>) -> Result<usize, Silence> {
        let fds = [memory];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        loop {
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            ancillary.push(SendAncillaryMessage::ScmRights(&fds));
            let parts = [std::io::IoSlice::new(bytes)];
            match sendmsg(self.socket.as_fd(), &parts, &mut ancillary, SendFlags::NOSIGNAL) {
                Ok(n) => return Ok(n),
                Err(rustix::io::Errno::AGAIN) => patience.wait(&self.socket, PollFlags::OUT)?,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Silence::Closed),
            }
        }
    }

    pub fn receive<T: DeserializeOwned>(&mut self, patience: &mut Patience<'_>) -> Result<T, Silence> {
        loop {
            match self.inbox.next() {
                Ok(Some(message)) => return Ok(message),
                Ok(None) => {}
                Err(_) => return Err(Silence::Garbage),
            }
            match (&self.socket).read(&mut self.chunk) {
                Ok(0) => return Err(Silence::Closed),
                Ok(n) => self.inbox.push(self.chunk.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => patience.wait(&self.socket, PollFlags::IN)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Silence::Closed),
            }
        }
    }
}
