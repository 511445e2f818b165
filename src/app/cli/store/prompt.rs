//! A passphrase from the terminal, without showing it.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

/// `None` where nobody can be asked.
pub fn ask(question: &str) -> Option<Zeroizing<String>> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    let _quiet = Quiet::start()?;
    let mut terminal = io::stderr().lock();
    write!(terminal, "{question}: ").and_then(|()| terminal.flush()).ok()?;
    let mut words = Zeroizing::new(String::new());
    stdin.lock().read_line(&mut words).ok()?;
    writeln!(terminal).ok()?;
    let words = Zeroizing::new(words.trim_end_matches(['\r', '\n']).to_owned());
    (!words.is_empty()).then_some(words)
}

/// The terminal shows nothing of what is typed as long as this lives. Where there is no `stty`, nobody is asked.
struct Quiet;

impl Quiet {
    fn start() -> Option<Self> {
        stty("-echo").then_some(Self)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if !stty("echo") {
            log::warn!("the terminal could not be set back");
        }
    }
}

fn stty(word: &str) -> bool {
    let status = Command::new("stty").arg(word).stdin(Stdio::inherit()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
