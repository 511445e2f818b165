//! How a windowless job speaks: one document or plain lines on stdout, messages on stderr, an exit code.

use std::borrow::Cow;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// Text of a file, made harmless: what would steer a terminal or turn the direction of writing stands as an escape.
/// In a document such characters occur inside strings only, where the escape means the same.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| {
        let turns =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || (c.is_control() && c != '\n')
    };
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if is_harmful(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

/// One line on stdout. A reader that closed the pipe early is not an error.
pub fn line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{}", harmless(text)).and_then(|()| stdout.flush());
    let Err(error) = written else { return };
    if error.kind() != ErrorKind::BrokenPipe && !IS_LOST.swap(true, Ordering::Relaxed) {
        message(&format!("the output could not be written: {error}"));
    }
}

/// Set when stdout refused what was written to it, such as on a full disk.
static IS_LOST: AtomicBool = AtomicBool::new(false);

pub fn is_lost() -> bool {
    IS_LOST.load(Ordering::Relaxed)
}

/// A path for a document: JSON is Unicode, so bytes that are not become the replacement character.
pub fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A sentence for the person at the terminal.
pub fn message(text: &str) {
    if let Err(error) = writeln!(std::io::stderr().lock(), "overread: {}", harmless(text)) {
        log::debug!("stderr is closed: {error}");
    }
}

/// The job could not be done: says why on stderr, and in the document when one was asked for.
pub fn failed(is_json: bool, code: &str, text: &str) -> Outcome {
    message(text);
    if is_json {
        print_document(&error(code, text));
    }
    Outcome::Unusable
}

/// The document of a job that could not be done.
pub fn error(code: &str, text: &str) -> Value {
    stamped(json!({ "error": { "code": code, "text": text } }))
}
