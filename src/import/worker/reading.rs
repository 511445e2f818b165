//! The files of a scan, dealt out to the workers in batches.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use crate::import::error::ImportError;
use crate::import::feed::Feed;
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
    fn read(&self, feed: &Feed, limits: &Limits, gather: &mut dyn FnMut(Receiver<Read>)) {
        let n_threads = self.options().n_workers.max(1);
        let (sender, receiver) = mpsc::channel();
        let is_begun = std::thread::scope(|scope| {
            let mut is_begun = false;
            for index in 0..n_threads {
                let dealer = Dealer { crew: self, feed, n_threads, limits, sender: sender.clone() };
                let thread = std::thread::Builder::new().name(format!("scan {index}")).stack_size(STACK_BYTES);
                let deal = move || {
                    if feed.reaches(index * MIN_PER_WORKER + 1) {
                        dealer.deal();
                    }
                };
                is_begun |= thread.spawn_scoped(scope, deal).is_ok();
            }
            drop(sender);
            if is_begun {
                gather(receiver);
            }
            is_begun
        });
        if !is_begun {
            InProcess.read(feed, limits, gather);
        }
    }
}

/// One thread's part of a scan.
struct Dealer<'a> {
    crew: &'a Crew,
    feed: &'a Feed,
    n_threads: usize,
    limits: &'a Limits,
    sender: Sender<Read>,
}

impl Dealer<'_> {
    fn deal(self) {
        let mut n_wanted = FIRST_BATCH;
        let mut n_idle_deaths = 0;
        loop {
            let batch = self.feed.take(n_wanted, self.n_threads);
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
                    self.give_back(batch, n_done);
                }
                Err((Lost::NotBegun, n_done)) => {
                    n_idle_deaths = 0;
                    self.refuse(batch, n_done, n_done, ImportError::ReaderCrashed);
                }
                Err((Lost::InHand { item, error }, n_done)) => {
                    n_idle_deaths = 0;
                    self.refuse(batch, n_done, item, error);
                }
            }
        }
    }

    /// Has a batch read; with a loss comes how many files were answered before.
    fn hand_out(&self, batch: &[PathBuf]) -> Result<(), (Lost, usize)> {
        let stopped_at = Cell::new(None);
        let is_unwanted = || {
            self.feed.is_stopped()
                && stopped_at.get().or_else(|| stopped_at.replace(Some(Instant::now()))).is_some_and(past_grace)
        };
        let mut n_done = 0;
        let read = self.crew.with_worker(Urgency::Ahead, &is_unwanted, |hand| {
            hand.describe(batch, self.limits, &is_unwanted, &mut |item, found| {
                n_done = item + 1;
                if let Some(path) = batch.get(item) {
                    // The receiver outlives every sender
                    self.sender.send((path.clone(), found)).unwrap_or_default();
                }
            })
        });
        match read {
            Some(Ok(())) => Ok(()),
            Some(Err(lost)) => Err((lost, n_done)),
            None => {
                for path in batch.iter().take_while(|_| !self.feed.is_stopped()) {
                    let found = scanning::read_file(path, self.limits);
                    self.sender.send((path.clone(), found)).unwrap_or_default();
                }
                Ok(())
            }
        }
    }

    /// The file in hand is refused, the other open ones go back.
    fn refuse(&self, mut batch: Vec<PathBuf>, n_done: usize, item: usize, error: ImportError) {
        let culprit = item.max(n_done);
        if culprit < batch.len() {
            self.sender.send((batch.remove(culprit), Err(error))).unwrap_or_default();
        }
        self.give_back(batch, n_done);
    }

    fn give_back(&self, mut batch: Vec<PathBuf>, n_done: usize) {
        self.feed.give_back(batch.split_off(n_done.min(batch.len())));
    }
}

fn past_grace(stopped_at: Instant) -> bool {
    stopped_at.elapsed() > GRACE
}
