//! What stands in the place of identities: made from a secret, so that one person stays one person across files and
//! runs that share it, and nobody without it finds the way back.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

/// Bytes that only the maker of the copy has.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Secret {
    /// A new one, of the system's randomness.
    pub fn fresh() -> Self {
        let halves = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
        let digest = halves.iter().fold(Sha256::new(), |digest, half| digest.chain_update(half.as_bytes()));
        Self(digest.finalize().into())
    }

    /// From a file or a phrase; the same bytes are the same secret.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    fn digest(&self, kind: &str, text: &str) -> [u8; 32] {
        let inner = Sha256::new().chain_update(self.0).chain_update(kind).chain_update([0]).chain_update(text);
        Sha256::new().chain_update(self.0).chain_update(inner.finalize()).finalize().into()
    }

    /// The UID that stands for this one everywhere: `2.25.` and a UUID of version 8 (PS3.5 B.2, RFC 9562).
    pub fn uid(&self, original: &str) -> String {
        let digest = self.digest("uid", original.trim_end_matches(['\0', ' ']));
        let number = digest.iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
        let versioned = (number & !(0xF << 76)) | (0x8 << 76);
        format!("2.25.{}", (versioned & !(0b11 << 62)) | (0b10 << 62))
    }

    /// Ten characters for one patient: of the ID with its issuer, or of the name where there is no ID.
    pub fn patient(&self, identity: &str) -> String {
        const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let digest = self.digest("patient", identity);
        let letter = |byte: &u8| LETTERS.get(usize::from(byte & 31)).copied().map_or('0', char::from);
        digest.iter().take(10).map(letter).collect()
    }

    /// How many days this patient's dates move: one to ten years back.
    pub fn days(&self, identity: &str) -> i64 {
        let digest = self.digest("days", identity);
        let number = digest.iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        -i64::from(365 + number % 3288)
    }
}

/// A DA value (`YYYYMMDD`, also `YYYY.MM.DD`), or a DT value whose first eight digits are its date, moved by `n_days`.
/// `None` where it is no date.
pub fn shifted(value: &str, n_days: i64) -> Option<String> {
    let text = value.trim();
    let compact = if text.len() == 10 && text.contains('.') { text.replace('.', "") } else { text.to_owned() };
    let (date, rest) = (compact.get(..8)?, compact.get(8..)?);
    let number = |range: std::ops::Range<usize>| date.get(range).and_then(|digits| digits.parse::<i16>().ok());
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let moved = date.checked_add(n_days.days()).ok()?;
    Some(format!("{:04}{:02}{:02}{rest}", moved.year(), moved.month(), moved.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_secret_gives_one_name_and_another_gives_others() {
        let (one, other) = (Secret::of_bytes(b"one"), Secret::fresh());
        assert_eq!(one.uid("1.2.3"), one.uid("1.2.3\0"));
        assert_ne!(one.uid("1.2.3"), one.uid("1.2.4"));
        assert_ne!(one.uid("1.2.3"), other.uid("1.2.3"));
        assert!(one.uid("1.2.3").len() <= 64 && one.uid("1.2.3").starts_with("2.25."));
        assert_eq!(one.patient("A"), Secret::of_bytes(b"one").patient("A"));
        assert!((-3653..=-365).contains(&one.days("A")));
        assert!(!format!("{one:?}").contains("111"));
    }

    #[test]
    fn dates_move_whole_days_and_what_is_no_date_is_said() {
        assert_eq!(shifted("20240301", -1).as_deref(), Some("20240229"));
        assert_eq!(shifted("2024.03.01", -1).as_deref(), Some("20240229"));
        assert_eq!(shifted("20240301101530.123+0100", -365).as_deref(), Some("20230302101530.123+0100"));
        assert_eq!(shifted("2024", -1), None);
        assert_eq!(shifted("20241399", -1), None);
        assert_eq!(shifted("ÄÖÜ", -1), None);
    }
}
