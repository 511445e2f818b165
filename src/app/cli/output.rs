//! How a windowless job speaks: one document or plain lines on stdout, messages on stderr, an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::app::PROGRAM;
use crate::domain::RESEARCH_USE_ONLY;

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Some of the input could not be used; the rest was.
    Partly,
    /// Nothing could be done with the input.
    Unusable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Partly => 1,
            Outcome::Unusable => 2,
        })
    }
}

/// Adds what every document carries to an object.
pub fn stamped(mut document: Value) -> Value {
    if let Some(object) = document.as_object_mut() {
        object.insert("program".to_owned(), json!(PROGRAM));
        object.insert("research_use_only".to_owned(), json!(RESEARCH_USE_ONLY));
    }
    document
}

pub fn print_document(document: &Value) {
    let text = serde_json::to_string_pretty(document).unwrap_or_else(|error| {
        log::error!("the document could not be written: {error}");
        "{}".to_owned()
    });
    line(&text);
}

/// One line on stdout. A reader that closed the pipe early is not an error.
pub fn line(text: &str) {
    if let Err(error) = writeln!(std::io::stdout().lock(), "{text}") {
        log::debug!("stdout is closed: {error}");
    }
}

/// A sentence for the person at the terminal.
pub fn message(text: &str) {
    if let Err(error) = writeln!(std::io::stderr().lock(), "overread: {text}") {
        log::debug!("stderr is closed: {error}");
    }
}

/// The job could not be done: says why on stderr, and in the document when one was asked for.
pub fn failed(is_json: bool, code: &str, text: &str) -> Outcome {
    message(text);
    if is_json {
        print_document(&stamped(json!({ "error": { "code": code, "text": text } })));
    }
    Outcome::Unusable
}
