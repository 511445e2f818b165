//! The workers at hand: hired when needed or ahead of need, lent to one caller at a time, replaced when they die.
//!
//! Whoever wants a frame is served before whoever reads a batch of files.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::domain::header::HeaderLine;
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::worker::hand::{Hand, Lost};
use crate::import::worker::{CrewOptions, Drill, Urgency};

/// So many starts that fail one after the other, and this process reads by itself.
const MAX_FAILED_STARTS: u32 = 3;

/// A pool of worker processes; they end with it.
pub struct Crew {
    shared: Arc<Shared>,
    office: Mutex<Option<Office>>,
}

struct Shared {
    program: PathBuf,
    options: CrewOptions,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Hand>,
    /// Idle, lent and being hired.
    n_employed: usize,
    n_hiring: usize,
    n_waiting: usize,
    n_waiting_now: usize,
    n_failed_starts: u32,
}

impl State {
    fn is_given_up(&self) -> bool {
        self.n_failed_starts >= MAX_FAILED_STARTS
    }

    fn start_failed(&mut self, why: &str) {
        self.n_employed = self.n_employed.saturating_sub(1);
        self.n_failed_starts += 1;
        if self.n_failed_starts == MAX_FAILED_STARTS {
            log::warn!("no decode worker can be started ({why}): files are read in this process, without its guard");
        }
    }
}

/// The thread that starts processes. A worker ends when the thread that started it does, so it must be one that stays.
struct Office {
    orders: Sender<()>,
    thread: JoinHandle<()>,
}

impl Crew {
    /// Starts nothing yet.
    pub fn new(program: &Path, options: CrewOptions) -> Self {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { program: program.to_owned(), options, state, changed });
        Self { shared, office: Mutex::new(None) }
    }

    pub fn options(&self) -> &CrewOptions {
        &self.shared.options
    }

    /// Hires all, in the background.
    pub fn prepare(&self) {
        let n_missing = {
            let mut state = self.shared.lock();
            let n_missing = self.shared.options.n_workers.saturating_sub(state.n_employed);
            state.n_employed += n_missing;
            state.n_hiring += n_missing;
            n_missing
        };
        self.order(n_missing);
    }

    /// Lends a worker to `task`; `None` when there is none to be had, or nobody wants the answer any more.
    pub fn with_worker<T>(
        &self,
        urgency: Urgency,
        is_unwanted: &dyn Fn() -> bool,
        task: impl FnOnce(&mut Hand) -> Result<T, Lost>,
    ) -> Option<Result<T, Lost>> {
        let mut lease = self.lease(urgency, is_unwanted)?;
        let done = lease.hand.as_mut().map(task)?;
        lease.is_sound = done.is_ok();
        Some(done)
    }

    /// Has a worker fail on purpose: what it could do nevertheless, or how it ended. `None` without a worker.
    pub fn drill(&self, drill: &Drill) -> Option<Result<Vec<String>, ImportError>> {
        match self.with_worker(Urgency::Now, &|| false, |hand| hand.drill(drill))? {
            Ok(possible) => Some(possible),
            Err(Lost::InHand { error, .. }) => Some(Err(error)),
            Err(Lost::NotBegun | Lost::Unwanted) => Some(Err(ImportError::ReaderCrashed)),
        }
    }

    /// One file's attributes, to be looked at. `None` without a worker.
    pub fn header(&self, path: &Path, limits: &Limits) -> Option<Result<Vec<HeaderLine>, ImportError>> {
        match self.with_worker(Urgency::Now, &|| false, |hand| hand.header(path, limits))? {
            Ok(lines) => Some(lines),
            Err(Lost::InHand { error, .. }) => Some(Err(error)),
            Err(Lost::NotBegun | Lost::Unwanted) => Some(Err(ImportError::ReaderCrashed)),
        }
    }

    fn lease(&self, urgency: Urgency, is_unwanted: &dyn Fn() -> bool) -> Option<Lease<'_>> {
        loop {
            let hand = self.wait_for_one(urgency, is_unwanted)?;
            let mut lease = Lease { shared: &self.shared, hand: Some(hand), is_sound: false };
            if lease.hand.as_mut().is_some_and(Hand::is_ready) {
                self.shared.lock().n_failed_starts = 0;
                return Some(lease);
            }
            drop(lease);
            let mut state = self.shared.lock();
            // The lease has let it go
            state.n_employed += 1;
            state.start_failed("it did not answer");
        }
    }

    fn wait_for_one(&self, urgency: Urgency, is_unwanted: &dyn Fn() -> bool) -> Option<Hand> {
        let mut state = self.shared.lock();
        let n_now = usize::from(urgency == Urgency::Now);
        // One more for whoever waits in front of the screen: others may keep all the rest busy for seconds
        let n_workers = self.shared.options.n_workers.max(1) + n_now;
        state.n_waiting += 1;
        state.n_waiting_now += n_now;
        let found = loop {
            if state.is_given_up() || is_unwanted() {
                break None;
            }
            if (urgency == Urgency::Now || state.n_waiting_now == 0)
                && let Some(mut hand) = state.idle.pop()
            {
                if hand.is_alive() {
                    break Some(hand);
                }
                state.n_employed = state.n_employed.saturating_sub(1);
                continue;
            }
            if state.n_employed < n_workers && state.n_hiring < state.n_waiting {
                state.n_employed += 1;
                state.n_hiring += 1;
                drop(state);
                self.order(1);
                state = self.shared.lock();
                continue;
            }
            let waited = self.shared.changed.wait_timeout(state, Duration::from_millis(20));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.n_waiting -= 1;
        state.n_waiting_now -= n_now;
        if n_now > 0 {
            self.shared.changed.notify_all();
        }
        found
    }

    fn order(&self, n_hands: usize) {
        let mut office = self.office.lock().unwrap_or_else(PoisonError::into_inner);
        if office.is_none() {
            *office = Office::open(&self.shared);
        }
        for _ in 0..n_hands {
            let is_taken = office.as_ref().is_some_and(|office| office.orders.send(()).is_ok());
            if !is_taken {
                let mut state = self.shared.lock();
                state.n_hiring = state.n_hiring.saturating_sub(1);
                state.start_failed("there is no thread for it");
            }
        }
    }
}

impl Office {
    fn open(shared: &Arc<Shared>) -> Option<Self> {
        let (orders, to_do) = mpsc::channel();
        let shared = Arc::clone(shared);
        let hire = move || {
            while let Ok(()) = to_do.recv() {
                let hand = Hand::start(&shared.program, &shared.options);
                let mut state = shared.lock();
                state.n_hiring = state.n_hiring.saturating_sub(1);
                match hand {
                    Ok(hand) => state.idle.push(hand),
                    Err(error) => state.start_failed(&error.to_string()),
                }
                drop(state);
                shared.changed.notify_all();
            }
        };
        let thread = std::thread::Builder::new().name("hiring".to_owned()).spawn(hire).ok()?;
        Some(Self { orders, thread })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        let office = self.office.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Office { orders, thread }) = office {
            drop(orders);
            thread.join().unwrap_or_default();
        }
        let mut idle = std::mem::take(&mut self.shared.lock().idle);
        // All at once; each is then awaited when it is dropped
        idle.iter_mut().for_each(Hand::kill);
    }
}

/// A worker in use. One whose conversation did not end well is not lent again.
struct Lease<'a> {
    shared: &'a Shared,
    hand: Option<Hand>,
    is_sound: bool,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(hand) = self.hand.take() else { return };
        let mut state = self.shared.lock();
        if self.is_sound {
            state.idle.push(hand);
            drop(state);
        } else {
            state.n_employed = state.n_employed.saturating_sub(1);
            drop(state);
            drop(hand);
        }
        self.shared.changed.notify_all();
    }
}
