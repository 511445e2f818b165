//! For work that must be kept: every task runs, in order, and the end of the program waits for the last one.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::jobs::panic_guard::{TaskOutcome, guarded};

type Task<S> = Box<dyn FnOnce(&mut S) + Send>;

/// One named thread that owns `S` and works a queue off.
pub struct InOrder<S> {
    queue: Option<Sender<Task<S>>>,
    thread: Option<JoinHandle<()>>,
}

impl<S: 'static> InOrder<S> {
    /// `make` runs on the thread itself, so that what it opens never has to move.
    pub fn spawn(
        name: &str,
        make: impl FnOnce() -> S + Send + 'static,
        on_panic: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (queue, tasks) = channel::<Task<S>>();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut state = make();
            for task in tasks {
                if matches!(guarded(|| task(&mut state)), TaskOutcome::Panicked) {
                    on_panic();
                }
            }
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub fn submit(&self, task: impl FnOnce(&mut S) + Send + 'static) {
        let sent = self.queue.as_ref().is_some_and(|queue| queue.send(Box::new(task)).is_ok());
        if !sent {
            log::error!("a task arrived after its queue had closed");
        }
    }
}

impl<S> Drop for InOrder<S> {
    fn drop(&mut self) {
        // Closing the queue ends the loop after the last task.
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("a worker thread ended by a panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn every_task_runs_in_order_and_the_drop_waits_for_the_last() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let queue = InOrder::spawn("test", || 100, || {}).unwrap();
        for number in 0..50 {
            let done = Arc::clone(&done);
            queue.submit(move |base: &mut i32| done.lock().unwrap().push(*base + number));
        }
        queue.submit(|_| panic!("expected by the test"));
        let last = Arc::clone(&done);
        queue.submit(move |_| last.lock().unwrap().push(-1));
        drop(queue);
        let expected: Vec<i32> = (100..150).chain([-1]).collect();
        assert_eq!(*done.lock().unwrap(), expected);
    }
}
