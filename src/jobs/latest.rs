//! For work that can be repeated: the newest wins, and whatever is older is cancelled.
//!
//! A task that was overtaken before it began still runs, with its token set: it looks, ends at once, and can say so.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::jobs::cancel::CancelToken;
use crate::jobs::panic_guard::{TaskOutcome, guarded};

/// A task that looks at its token.
pub type LatestTask = Box<dyn FnOnce(&CancelToken) + Send>;

#[derive(Default)]
struct Slot {
    waiting: VecDeque<(LatestTask, CancelToken)>,
    running: Option<CancelToken>,
    is_closed: bool,
}

impl Slot {
    fn cancel_all(&self) {
        for token in self.waiting.iter().map(|(_, token)| token).chain(&self.running) {
            token.cancel();
        }
    }
}

/// One named thread that runs the newest task.
pub struct Latest {
    shared: Arc<(Mutex<Slot>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Latest {
    /// `on_panic` hears of a task that panicked; the thread goes on.
    pub fn spawn(name: &str, on_panic: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new((Mutex::new(Slot::default()), Condvar::new()));
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(8 << 20)
            .spawn(move || work(&of_thread, &on_panic))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Cancels everything older.
    pub fn submit(&self, task: LatestTask) -> CancelToken {
        let token = CancelToken::default();
        let (mutex, wake) = &*self.shared;
        let mut slot = lock(mutex);
        slot.cancel_all();
        slot.waiting.push_back((task, token.clone()));
        wake.notify_one();
        token
    }

    /// Tells what runs and what waits to end.
    pub fn cancel(&self) {
        lock(&self.shared.0).cancel_all();
    }
}

impl Drop for Latest {
    fn drop(&mut self) {
        self.cancel();
        lock(&self.shared.0).is_closed = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("a worker thread ended by a panic");
        }
    }
}

fn work(shared: &(Mutex<Slot>, Condvar), on_panic: &dyn Fn()) {
    let (mutex, wake) = shared;
    loop {
        let (task, token) = {
            let mut slot = lock(mutex);
            loop {
                if slot.is_closed {
                    return;
                }
                if let Some((task, token)) = slot.waiting.pop_front() {
                    slot.running = Some(token.clone());
                    break (task, token);
                }
                slot = wake.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
        };
        if matches!(guarded(|| task(&token)), TaskOutcome::Panicked) {
            on_panic();
        }
        lock(mutex).running = None;
    }
}

fn lock(mutex: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_newer_task_cancels_all_older_ones_and_each_can_say_how_it_ended() {
        let latest = Latest::spawn("test", || {}).unwrap();
        let (sender, receiver) = channel();
        let (started, is_started) = channel();
        let first = sender.clone();
        latest.submit(Box::new(move |token| {
            started.send(()).unwrap();
            while !token.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            first.send("first was cancelled").unwrap();
        }));
        is_started.recv().unwrap();
        for (ran, cancelled) in [("second ran", "second was cancelled"), ("third ran", "third was cancelled")] {
            let sender = sender.clone();
            let task = move |token: &CancelToken| {
                sender.send(if token.is_cancelled() { cancelled } else { ran }).unwrap();
            };
            latest.submit(Box::new(task));
        }
        let heard: Vec<_> = (0..3).map(|_| receiver.recv_timeout(Duration::from_secs(5)).unwrap()).collect();
        assert_eq!(heard.first(), Some(&"first was cancelled"));
        assert_eq!(heard.last(), Some(&"third ran"));
    }

    #[test]
    fn a_task_that_panics_fails_alone() {
        let (sender, receiver) = channel();
        let told = sender.clone();
        let latest = Latest::spawn("test", move || told.send("panicked").unwrap()).unwrap();
        latest.submit(Box::new(|_| panic!("expected by the test")));
        assert_eq!(receiver.recv_timeout(Duration::from_secs(5)), Ok("panicked"));
        latest.submit(Box::new(move |_| sender.send("alive").unwrap()));
        assert_eq!(receiver.recv_timeout(Duration::from_secs(5)), Ok("alive"));
    }
}
