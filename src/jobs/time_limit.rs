//! A call that may never return, on a thread of its own: waited for as long as is worth it, then left alone.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// The call's result; `None` when it took longer than `limit`, panicked, or got no thread. A call that comes back later
/// speaks to nobody.
pub fn within<T: Send + 'static>(limit: Duration, call: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (answer, answered) = sync_channel(1);
    let spawned = std::thread::Builder::new().name("limited".to_owned()).spawn(move || {
        // Nobody may be waiting any more.
        drop(answer.send(call()));
    });
    spawned.ok().and_then(|_| answered.recv_timeout(limit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_waited_for_only_so_long() {
        assert_eq!(within(Duration::from_secs(10), || 7), Some(7));
        let never = || std::thread::sleep(Duration::from_secs(600));
        assert_eq!(within(Duration::from_millis(20), never), None);
        assert_eq!(within(Duration::from_secs(10), || -> i32 { panic!("expected by the test") }), None);
    }
}
