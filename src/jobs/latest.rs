//! For work that can be repeated: one running, one waiting, the newest wins. A newer task cancels the running one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::jobs::cancel::CancelToken;
use crate::jobs::panic_guard::{TaskOutcome, guarded};

/// A task that looks at its token.
pub type LatestTask = Box<dyn FnOnce(&CancelToken) + Send>;

#[derive(Default)]
struct Slot {
    waiting: Option<(LatestTask, CancelToken)>,
    running: Option<CancelToken>,
    is_closed: bool,
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

    /// Cancels what runs, replaces what waits.
    pub fn submit(&self, task: LatestTask) -> CancelToken {
        let token = CancelToken::default();
        let (mutex, wake) = &*self.shared;
        let mut slot = lock(mutex);
        if let Some(running) = &slot.running {
            running.cancel();
        }
        slot.waiting = Some((task, token.clone()));
        wake.notify_one();
        token
    }

    /// Stops what runs and forgets what waits.
    pub fn cancel(&self) {
        let mut slot = lock(&self.shared.0);
        slot.waiting = None;
        if let Some(running) = &slot.running {
            running.cancel();
        }
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
                if let Some((task, token)) = slot.waiting.take() {
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
    fn a_newer_task_cancels_the_running_one_and_replaces_the_waiting_one() {
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
        for name in ["second", "third"] {
            let sender = sender.clone();
            latest.submit(Box::new(move |_| sender.send(name).unwrap()));
        }
        assert_eq!(receiver.recv_timeout(Duration::from_secs(5)), Ok("first was cancelled"));
        assert!(["second", "third"].contains(&receiver.recv_timeout(Duration::from_secs(5)).unwrap()));
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
