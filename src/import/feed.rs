//! Files on their way from the walk through the folders to those who read them: reading begins with the first.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// One walk puts in, several readers take out, and whoever asked for the scan may stop both.
#[derive(Default)]
pub struct Feed {
    state: Mutex<State>,
    changed: Condvar,
    is_stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<PathBuf>,
    /// All that were ever put in.
    n_found: usize,
    /// No more will come.
    is_complete: bool,
}

impl Feed {
    pub fn put(&self, files: impl IntoIterator<Item = PathBuf>) {
        let mut state = self.lock();
        let n_before = state.waiting.len();
        state.waiting.extend(files);
        state.n_found += state.waiting.len() - n_before;
        drop(state);
        self.changed.notify_all();
    }

    /// The walk is at its end.
    pub fn complete(&self) {
        self.lock().is_complete = true;
        self.changed.notify_all();
    }

    /// Nobody wants the rest: readers get no more, and the walk is to end.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        // Held, so that nobody begins to wait between the flag and the call
        drop(self.lock());
        self.changed.notify_all();
    }

    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// How many files there are, once that is known.
    pub fn n_total(&self) -> Option<usize> {
        let state = self.lock();
        state.is_complete.then_some(state.n_found)
    }

    /// Waits until `n_files` were found; `false` when there are fewer.
    pub fn reaches(&self, n_files: usize) -> bool {
        let state = self.wait_while(|state| state.n_found < n_files && !state.is_complete);
        state.n_found >= n_files
    }

    /// Waits for files: at most `n_most`, and of those at hand a fair share for one of `n_takers`. Empty at the end.
    pub fn take(&self, n_most: usize, n_takers: usize) -> Vec<PathBuf> {
        let mut state = self.wait_while(|state| state.waiting.is_empty() && !state.is_complete);
        if self.is_stopped() {
            return Vec::new();
        }
        let n_fair = state.waiting.len().div_ceil(2 * n_takers.max(1));
        state.waiting.drain(..n_most.min(n_fair)).collect()
    }

    /// Files that were taken and not read go first.
    pub fn give_back(&self, files: Vec<PathBuf>) {
        let mut state = self.lock();
        files.into_iter().rev().for_each(|file| state.waiting.push_front(file));
        drop(state);
        self.changed.notify_all();
    }

    fn wait_while(&self, is_early: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let is_waiting = |state: &mut State| is_early(state) && !self.is_stopped();
        self.changed.wait_while(self.lock(), is_waiting).unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(range: std::ops::Range<u32>) -> Vec<PathBuf> {
        range.map(|index| PathBuf::from(index.to_string())).collect()
    }

    #[test]
    fn files_are_taken_in_order_by_fair_shares_and_what_comes_back_goes_first() {
        let feed = Feed::default();
        feed.put(names(0..10));
        assert_eq!((feed.n_total(), feed.reaches(10)), (None, true));
        assert_eq!(feed.take(8, 2), names(0..3));
        feed.give_back(names(1..3));
        assert_eq!(feed.take(1, 2), names(1..2));
        feed.complete();
        assert_eq!((feed.n_total(), feed.reaches(11)), (Some(10), false));
        assert_eq!(feed.take(100, 0), names(2..6));
        let rest: Vec<PathBuf> =
            std::iter::from_fn(|| Some(feed.take(100, 1)).filter(|all| !all.is_empty())).flatten().collect();
        assert_eq!(rest, names(6..10));
    }

    #[test]
    fn a_stopped_feed_gives_nothing_more_and_keeps_nobody_waiting() {
        let feed = Feed::default();
        feed.put(names(0..3));
        feed.stop();
        assert!(feed.is_stopped() && feed.take(1, 1).is_empty() && !feed.reaches(4));
    }
}
