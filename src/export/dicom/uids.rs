//! Identifiers of what leaves: derived where the same thing must have the same identity every time, new where not.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// `2.25.` and a UUID of version 8 out of SHA-256 (PS3.5 B.2, RFC 9562): the same words give the same identifier.
pub fn uid_of(words: &[&str]) -> String {
    let mut hasher = Sha256::new();
    hasher.update("overread");
    for word in words {
        hasher.update((word.len() as u64).to_le_bytes());
        hasher.update(word);
    }
    let number = hasher.finalize().iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    let versioned = (number & !(0xF << 76)) | (0x8 << 76);
    format!("2.25.{}", (versioned & !(0b11 << 62)) | (0b10 << 62))
}

/// A new one.
pub fn new_uid() -> String {
    format!("2.25.{}", Uuid::new_v4().as_u128())
}

/// Tracking UID of a finding or a drawing: stays through all objects and edits.
pub fn tracking_uid(id: &str) -> String {
    uid_of(&["tracking", id])
}

/// Observation UID of what was said of it in one object.
pub fn observation_uid(id: &str, object: &str) -> String {
    uid_of(&["observation", id, object])
}

/// Whether other programs can take this as an identifier (PS3.5 9.1).
pub fn is_uid(text: &str) -> bool {
    let is_component = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    text.len() <= 64 && text.split('.').count() > 1 && text.split('.').all(is_component)
}

/// The identifier itself, or one derived from what stands in its place.
pub fn valid_uid(text: &str) -> String {
    if is_uid(text) { text.to_owned() } else { uid_of(&["instead of", text]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_give_the_same_identifier_and_all_are_valid() {
        assert_eq!(uid_of(&["a", "bc"]), uid_of(&["a", "bc"]));
        assert_ne!(uid_of(&["a", "bc"]), uid_of(&["ab", "c"]));
        assert!(is_uid(&uid_of(&["x"])) && is_uid(&new_uid()));
        for bad in ["", "1", "1..2", "1.02", "1.a", "../../etc", &"1.2".repeat(40)] {
            assert!(!is_uid(bad) && is_uid(&valid_uid(bad)), "{bad}");
        }
    }
}
