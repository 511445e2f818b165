//! What the program says to the reader: messages that stay until dismissed, and the exports under way.

use std::collections::BTreeMap;

use crate::domain::intake::Progress;
use crate::domain::uid::StudyUid;
use crate::ui::context::{Message, Severity};

/// Older ones leave when there are more.
const N_MESSAGES: usize = 5;

#[derive(Default)]
pub struct Voice {
    messages: Vec<Message>,
    next_id: u64,
    pub exports: BTreeMap<StudyUid, Progress>,
}

impl Voice {
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub fn info(&mut self, text: impl Into<String>) {
        self.say(Severity::Info, text.into());
    }

    pub fn warn(&mut self, text: impl Into<String>) {
        self.say(Severity::Warning, text.into());
    }

    pub fn error(&mut self, text: impl Into<String>) {
        self.say(Severity::Error, text.into());
    }

    pub fn dismiss(&mut self, id: u64) {
        self.messages.retain(|message| message.id != id);
    }

    fn say(&mut self, severity: Severity, text: String) {
        // The same sentence twice in a row is one sentence.
        self.messages.retain(|message| message.text != text);
        self.messages.push(Message { id: self.next_id, severity, text });
        self.next_id += 1;
        let n_surplus = self.messages.len().saturating_sub(N_MESSAGES);
        self.messages.drain(..n_surplus);
    }
}
