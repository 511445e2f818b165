//! What the screen asks about the record itself.

use std::fmt;

use zeroize::Zeroizing;

/// A passphrase or recovery key, on its way from the keyboard to the store. Nothing shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TypedSecret(pub Zeroizing<String>);

impl fmt::Debug for TypedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedSecret(…)")
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum RecordAction {
    /// Open the encrypted record with these words.
    Unlock(TypedSecret),
    /// Show the dialog for the words again.
    AskForKey,
    /// Make the record that is not there yet: encrypted with these words, or plain.
    Make(Option<TypedSecret>),
    /// Show the dialog for that again.
    AskForProtection,
    /// The reader has seen the oldest conflict.
    ConflictSeen,
}
