//! The files of a scan, dealt out to the workers in batches.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::scanning::{self, InProcess, Read, Readers};
use crate::import::worker::Urgency;
use crate::import::worker::crew::Crew;
use crate::import::worker::hand::Lost;

/// Fewer files than this do not pay for a further worker.
const MIN_PER_WORKER: usize = 8;
const FIRST_BATCH: usize = 8;
const MAX_BATCH: usize = 256;
/// How long a batch should keep its worker from a frame that somebody wants to see.
const BATCH_TIME: Duration = Duration::from_millis(20);
/// After a cancel a batch may come to its end; past this its worker is ended.
const GRACE: Duration = Duration::from_millis(30);
/// Without a worker a file is read here, on a stack as deep as a worker's.
const STACK_BYTES: usize = 8 << 20;
/// A batch whose worker died before it had begun goes to so many others before its first file is suspected.
const MAX_IDLE_DEATHS: u32 = 3;

impl Readers for Crew {
    fn read(
        &self,
        files: &[PathBuf],
        limits: &Limits,
        is_stopped: &AtomicBool,
        gather: &mut dyn FnMut(Receiver<Read>),
    ) {
        let n_threads = files.len().div_ceil(MIN_PER_WORKER).min(self.options().n_workers).max(1);
        let queue = Mutex::new(Queue { next: 0..files.len(), returned: Vec::new(), n_threads });
        let (sender, receiver) = mpsc::channel();
        let is_begun = std::thread::scope(|scope| {
            let mut is_begun = false;
            for index in 0..n_threads {
                let dealer = Dealer { crew: self, files, limits, is_stopped, queue: &queue, sender: sender.clone() };
                let thread = std::thread::Builder::new().name(format!("scan {index}")).stack_size(STACK_BYTES);
                is_begun |= thread.spawn_scoped(scope, move || dealer.deal()).is_ok();
            }
            drop(sender);
            if is_begun {
                gather(receiver);
            }
            is_begun
        });
        if !is_begun {
            InProcess.read(files, limits, is_stopped, gather);
        }
    }
}

/// Indexes of files nobody has in hand.
struct Queue {
    next: std::ops::Range<usize>,
    /// Given back by workers that died.
    returned: Vec<usize>,
    n_threads: usize,
}

impl Queue {
    /// At most `n`, and no more than a fair share of what is left.
    fn take(&mut self, n: usize) -> Vec<usize> {
        if !self.returned.is_empty() {
            let n_kept = self.returned.len().saturating_sub(n);
            return self.returned.split_off(n_kept);
        }
        let n_fair = self.next.len().div_ceil(2 * self.n_threads.max(1));
        self.next.by_ref().take(n.min(n_fair)).collect()
    }
}

/// One thread's part of a scan.
struct Dealer<'a> {
    crew: &'a Crew,
    files: &'a [PathBuf],
    limits: &'a Limits,
    is_stopped: &'a AtomicBool,
    queue: &'a Mutex<Queue>,
    sender: Sender<Read>,
}

impl Dealer<'_> {
    fn deal(self) {
        let mut n_wanted = FIRST_BATCH;
        let mut n_idle_deaths = 0;
        while !self.is_stopped.load(Ordering::Relaxed) {
            let batch = self.lock().take(n_wanted);
            if batch.is_empty() {
                return;
            }
            let start = Instant::now();
            match self.hand_out(&batch) {
                Ok(()) => {
                    n_idle_deaths = 0;
                    let pace = BATCH_TIME.as_secs_f64() / start.elapsed().as_secs_f64().max(1e-6);
                    n_wanted = ((batch.len() as f64 * pace.min(4.0)) as usize).clamp(1, MAX_BATCH);
                }
                Err((Lost::Unwanted, _)) => return,
                Err((Lost::NotBegun, n_done)) if n_idle_deaths < MAX_IDLE_DEATHS => {
                    n_idle_deaths += 1;
                    self.give_back(&batch, n_done, None);
                }
                Err((Lost::NotBegun, n_done)) => {
                    n_idle_deaths = 0;
                    self.refuse(&batch, n_done, n_done, ImportError::ReaderCrashed);
                }
                Err((Lost::InHand { item, error }, n_done)) => {
                    n_idle_deaths = 0;
                    self.refuse(&batch, n_done, item, error);
                }
            }
        }
    }

    /// Has a batch read; with a loss comes how many files were answered before.
    fn hand_out(&self, batch: &[usize]) -> Result<(), (Lost, usize)> {
        let stopped_at = Cell::new(None);
        let is_unwanted = || {
            self.is_stopped.load(Ordering::Relaxed)
                && stopped_at.get().or_else(|| stopped_at.replace(Some(Instant::now()))).is_some_and(past_grace)
        };
        let paths: Vec<PathBuf> = batch.iter().filter_map(|index| self.files.get(*index)).cloned().collect();
        let mut n_done = 0;
        let read = self.crew.with_worker(Urgency::Ahead, &is_unwanted, |hand| {
            hand.describe(&paths, self.limits, &is_unwanted, &mut |item, found| {
                n_done = item + 1;
                if let Some(path) = paths.get(item) {
                    // The receiver outlives every sender
                    self.sender.send((path.clone(), found)).unwrap_or_default();
                }
            })
        });
        match read {
            Some(Ok(())) => Ok(()),
            Some(Err(lost)) => Err((lost, n_done)),
            None => {
                for path in paths.into_iter().take_while(|_| !self.is_stopped.load(Ordering::Relaxed)) {
                    let found = scanning::read_file(&path, self.limits);
                    self.sender.send((path, found)).unwrap_or_default();
                }
                Ok(())
            }
        }
    }

    /// The file in hand is refused, the other open ones go back.
    fn refuse(&self, batch: &[usize], n_done: usize, item: usize, error: ImportError) {
        let culprit = item.max(n_done);
        if let Some(path) = batch.get(culprit).and_then(|index| self.files.get(*index)) {
            self.sender.send((path.clone(), Err(error))).unwrap_or_default();
        }
        self.give_back(batch, n_done, Some(culprit));
    }

    fn give_back(&self, batch: &[usize], n_done: usize, culprit: Option<usize>) {
        let open = batch.iter().enumerate().skip(n_done).filter(|(item, _)| Some(*item) != culprit);
        self.lock().returned.extend(open.map(|(_, index)| *index));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn past_grace(stopped_at: Instant) -> bool {
    stopped_at.elapsed() > GRACE
}
