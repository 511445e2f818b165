//! A peer that stays for all rounds: it is told to go, and says how many seconds its own work took.
//!
//! Starting it and loading its packages is never part of a time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

#[derive(Debug)]
pub struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What the script said of itself before the first round.
    pub facts: Value,
}

impl Peer {
    /// A script in Python.
    pub fn python(python: &Path, script: &str, header: &Value, body: &[u8]) -> Result<Self, String> {
        let mut command = Command::new(python);
        command.args(["-c", script]);
        Self::start(command, header, body)
    }

    /// Starts it, hands it one line of JSON and `body` behind it, and waits until it is ready.
    pub fn start(mut command: Command, header: &Value, body: &[u8]) -> Result<Self, String> {
        let program = command.get_program().display().to_string();
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("{program} does not start: {error}"))?;
        let (Some(mut requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{program} has no pipes"));
        };
        let sent = writeln!(requests, "{header}").and_then(|()| requests.write_all(body));
        let mut peer = Self { child, requests, answers: BufReader::new(answers), facts: Value::Null };
        sent.map_err(|error| format!("the peer stopped early: {error}"))?;
        peer.facts = peer.answer()?;
        Ok(peer)
    }

    /// One round: the seconds its work took, as it measured them.
    pub fn round(&mut self) -> Result<f64, String> {
        self.ask("go")
    }

    /// A round of one of several works it knows.
    pub fn ask(&mut self, work: &str) -> Result<f64, String> {
        writeln!(self.requests, "{work}").map_err(|error| format!("the peer stopped: {error}"))?;
        self.answer()?.as_f64().ok_or_else(|| "the peer answered without a time".to_owned())
    }

    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        self.requests.flush().map_err(|error| format!("the peer stopped: {error}"))?;
        self.answers.read_line(&mut line).map_err(|error| format!("the peer stopped: {error}"))?;
        serde_json::from_str(&line).map_err(|_| "the peer failed; its own words are above".to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            log::warn!("the peer did not end: {error}");
        }
    }
}
