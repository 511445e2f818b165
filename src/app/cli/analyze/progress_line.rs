//! How far a batch has come, on stderr: one line that is rewritten on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::app::cli::output;

/// Between two lines where they stay.
const PAUSE: Duration = Duration::from_secs(10);
/// Between two states of the line that is rewritten.
const BLINK: Duration = Duration::from_millis(100);

pub struct ProgressLine {
    n_total: usize,
    began: Instant,
    is_terminal: bool,
    state: Mutex<State>,
}

struct State {
    n_done: usize,
    n_skipped: usize,
    told: Instant,
}

impl ProgressLine {
    pub fn new(n_total: usize) -> Self {
        let began = Instant::now();
        let state = Mutex::new(State { n_done: 0, n_skipped: 0, told: began });
        Self { n_total, began, is_terminal: std::io::stderr().is_terminal(), state }
    }

    pub fn skipped(&self) {
        self.one_more(|state| state.n_skipped += 1);
    }

    pub fn done(&self) {
        self.one_more(|state| state.n_done += 1);
    }

    fn one_more(&self, count: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        count(&mut state);
        let is_last = state.n_done + state.n_skipped == self.n_total;
        let pause = if self.is_terminal { BLINK } else { PAUSE };
        // One study needs no count.
        if self.n_total < 2 || (state.told.elapsed() < pause && !is_last) {
            return;
        }
        state.told = Instant::now();
        let text = self.text(&state);
        if !self.is_terminal {
            output::message(&text);
            return;
        }
        let end = if is_last { "\n" } else { "" };
        let mut stderr = std::io::stderr().lock();
        if write!(stderr, "\r\u{1b}[K{text}{end}").and_then(|()| stderr.flush()).is_err() {
            log::debug!("stderr is closed");
        }
    }

    fn text(&self, state: &State) -> String {
        let State { n_done, n_skipped, .. } = *state;
        let mut text = format!("{} of {} studies", n_done + n_skipped, self.n_total);
        if n_skipped > 0 {
            text.push_str(&format!(" ({n_skipped} complete already)"));
        }
        let seconds = self.began.elapsed().as_secs_f64();
        if n_done > 0 && seconds > 0.0 {
            let rate = n_done as f64 / seconds;
            let n_left = self.n_total.saturating_sub(n_done + n_skipped);
            text.push_str(&format!(", {rate:.1} a second"));
            if n_left > 0 {
                text.push_str(&format!(", about {}", span(n_left as f64 / rate)));
            }
        }
        text
    }
}

fn span(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.0} s left") } else { format!("{:.0} min left", seconds / 60.0) }
}
