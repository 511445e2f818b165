//! Who may be in the network, and how busy it was.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How much of a batch's time the network was at work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Utilization {
    /// From the first network's start to the last one's end.
    pub span: Duration,
    /// The part of it in which at least one network ran.
    pub any_busy: Duration,
    /// The times of all networks together.
    pub total: Duration,
    /// Networks that may run at once.
    pub n_slots: usize,
    pub n_runs: u64,
}

impl Utilization {
    /// 0 to 1: of the span, how much there was a network at work; 0 when none ran.
    pub fn busy_share(&self) -> f64 {
        share(self.any_busy, self.span)
    }

    /// 0 to 1: of all that could have run in the span, how much did.
    pub fn slot_share(&self) -> f64 {
        share(self.total, self.span) / self.n_slots.max(1) as f64
    }
}

fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
}

#[derive(Default)]
struct State {
    n_running: usize,
    first: Option<Instant>,
    last: Option<Instant>,
    busy_since: Option<Instant>,
    any_busy: Duration,
    total: Duration,
    n_runs: u64,
}

pub struct NetworkHours {
    n_slots: usize,
    state: Mutex<State>,
    has_room: Condvar,
}

/// A place in the network, given back when dropped.
pub struct Held<'a> {
    hours: &'a NetworkHours,
    since: Instant,
}

impl NetworkHours {
    pub fn new(n_slots: usize) -> Self {
        Self { n_slots: n_slots.max(1), state: Mutex::default(), has_room: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place.
    pub fn enter(&self) -> Held<'_> {
        let is_full = |state: &mut State| state.n_running >= self.n_slots;
        let mut state = self.has_room.wait_while(self.state(), is_full).unwrap_or_else(PoisonError::into_inner);
        let since = Instant::now();
        if state.n_running == 0 {
            state.busy_since = Some(since);
        }
        state.n_running += 1;
        state.n_runs += 1;
        state.first.get_or_insert(since);
        Held { hours: self, since }
    }

    pub fn utilization(&self) -> Utilization {
        let state = self.state();
        let span = state.first.zip(state.last).map_or(Duration::ZERO, |(first, last)| last.duration_since(first));
        let State { any_busy, total, n_runs, .. } = *state;
        Utilization { span, any_busy, total, n_slots: self.n_slots, n_runs }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut state = self.hours.state();
        state.n_running = state.n_running.saturating_sub(1);
        state.total += now.duration_since(self.since);
        state.last = Some(now);
        if state.n_running == 0
            && let Some(since) = state.busy_since.take()
        {
            state.any_busy += now.duration_since(since);
        }
        drop(state);
        self.hours.has_room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_than_the_slots_run_at_once_and_shares_stay_within_one() {
        let (hours, running, most) = (NetworkHours::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        assert_eq!(hours.utilization().busy_share(), 0.0);
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        let held = hours.enter();
                        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(2));
                        running.fetch_sub(1, Ordering::SeqCst);
                        drop(held);
                    }
                });
            }
        });
        let measured = hours.utilization();
        assert_eq!((most.load(Ordering::SeqCst), measured.n_runs), (2, 20));
        assert!(measured.total >= Duration::from_millis(40) && measured.any_busy <= measured.span);
        assert!(measured.busy_share() > 0.5 && measured.slot_share() <= 1.0 + 1e-9, "{measured:?}");
    }
}
