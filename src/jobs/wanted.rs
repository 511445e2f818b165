//! Frames the screen wants: the newest list wins, its first entry is decoded first, and nothing is decoded twice at once.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::domain::frame::{Frame, FrameKey};
use crate::domain::instance::Instance;
use crate::jobs::event::Generation;
use crate::jobs::panic_guard::{TaskOutcome, guarded};

/// One frame to decode.
#[derive(Clone, Debug)]
pub struct WantedFrame {
    pub instance: Arc<Instance>,
    /// Zero-based.
    pub frame: u32,
    /// Counts how often all frames were forgotten: an answer to an older request is stale.
    pub generation: Generation,
    /// Somebody looks at its place already: a coarse picture is better than none.
    pub is_awaited: bool,
}

impl WantedFrame {
    pub fn key(&self) -> FrameKey {
        self.instance.frame_key(self.frame)
    }
}

#[derive(Default)]
struct Wishes {
    /// Most wanted last, so that `pop` takes it.
    stack: Vec<WantedFrame>,
    in_hand: HashSet<FrameKey>,
    is_closed: bool,
}

/// A frame, or in a sentence why there is none.
type Decoded = Result<Arc<Frame>, String>;

/// Decoding threads behind one list of wishes.
pub struct WantedFrames {
    shared: Arc<(Mutex<Wishes>, Condvar)>,
    threads: Vec<JoinHandle<()>>,
}

impl WantedFrames {
    /// `decode` decodes one frame or says in a sentence why not; `deliver` is called on a decoding thread for each frame.
    pub fn spawn(
        n_threads: usize,
        decode: impl Fn(&WantedFrame) -> Result<Frame, String> + Clone + Send + 'static,
        deliver: impl Fn(&WantedFrame, Decoded) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new((Mutex::new(Wishes::default()), Condvar::new()));
        let mut threads = Vec::new();
        for index in 0..n_threads.max(1) {
            let of_thread = Arc::clone(&shared);
            let (decode, deliver) = (decode.clone(), deliver.clone());
            // Decoders recurse: dicom-rs needs more than the default 2 MiB on nested sequences.
            let builder = std::thread::Builder::new().name(format!("decode-{index}")).stack_size(8 << 20);
            threads.push(builder.spawn(move || work(&of_thread, &decode, &deliver))?);
        }
        Ok(Self { shared, threads })
    }

    /// Replaces the list; most wanted first. Frames being decoded already are not started again.
    pub fn want(&self, mut frames: Vec<WantedFrame>) {
        frames.reverse();
        let mut wishes = lock(&self.shared.0);
        let Wishes { stack, in_hand, .. } = &mut *wishes;
        frames.retain(|frame| !in_hand.contains(&frame.key()));
        *stack = frames;
        self.shared.1.notify_all();
    }
}

impl Drop for WantedFrames {
    fn drop(&mut self) {
        {
            let mut wishes = lock(&self.shared.0);
            wishes.stack.clear();
            wishes.is_closed = true;
        }
        self.shared.1.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                log::error!("a decoding thread ended by a panic");
            }
        }
    }
}

fn work(
    shared: &(Mutex<Wishes>, Condvar),
    decode: &dyn Fn(&WantedFrame) -> Result<Frame, String>,
    deliver: &dyn Fn(&WantedFrame, Decoded),
) {
    let (mutex, wake) = shared;
    loop {
        let wanted = {
            let mut wishes = lock(mutex);
            loop {
                if wishes.is_closed {
                    return;
                }
                if let Some(wanted) = wishes.stack.pop() {
                    wishes.in_hand.insert(wanted.key());
                    break wanted;
                }
                wishes = wake.wait(wishes).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let key = wanted.key();
        let result = match guarded(|| decode(&wanted)) {
            TaskOutcome::Returned(result) => result.map(Arc::new),
            TaskOutcome::Panicked => Err("The decoder failed on this image".to_owned()),
        };
        deliver(&wanted, result);
        lock(mutex).in_hand.remove(&key);
    }
}

fn lock(mutex: &Mutex<Wishes>) -> MutexGuard<'_, Wishes> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
