//! The key of an encrypted record: 256 bits, in memory that is not swapped out and is wiped when the key goes.
//!
//! A key comes from chance, from a passphrase (Argon2id, RFC 9106), or from a recovery key. The salt is the first 16
//! bytes of the encrypted file, which SQLCipher keeps there in the clear; so a file and a passphrase are enough.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use memmap2::MmapMut;
use zeroize::{Zeroize as _, Zeroizing};

use crate::store::error::StoreError;

pub const KEY_BYTES: usize = 32;

/// What stands at the start of a file that is not encrypted.
const PLAIN_START: &[u8; 16] = b"SQLite format 3\0";
/// RFC 9106, second recommended choice: 64 MiB, three passes; one lane, as one core is to be spared.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// How a recovery key begins, so that it is not taken for a passphrase.
const RECOVERY_MARK: &str = "OVR1-";
/// A page of SQLCipher.
const PAGE: u64 = 4096;

/// The first bytes of an encrypted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl Salt {
    pub fn random() -> Self {
        // Version 4: 122 random bits are plenty for a salt.
        Self(*uuid::Uuid::new_v4().as_bytes())
    }

    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Of an encrypted record; `None` for a plain one, an empty or missing file, and what cannot be one.
    pub fn of(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let length = file.metadata().ok()?.len();
        let mut page = [0; 4096];
        file.read_exact(&mut page).ok()?;
        let (salt, _) = page.split_first_chunk::<16>()?;
        // A power cut while the log is written into the file may leave part of a page at its end; the log has it whole.
        let is_whole = length.is_multiple_of(PAGE) || has_log(path);
        (is_whole && salt != PLAIN_START && looks_encrypted(&page)).then_some(Self(*salt))
    }
}

/// Whether a write-ahead log lies beside the file.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// An encrypted page is indistinguishable from chance, where nearly all of the 256 byte values occur.
fn looks_encrypted(page: &[u8; 4096]) -> bool {
    let mut occurs = [false; 256];
    for byte in page {
        if let Some(seen) = occurs.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    occurs.iter().filter(|seen| **seen).count() > 240
}

/// Never shown, never written anywhere but where the user's keyring or a recovery file is meant.
pub struct Key {
    /// One page of its own.
    memory: MmapMut,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Result<Self, StoreError> {
        let mut memory = MmapMut::map_anon(KEY_BYTES).map_err(|error| no_memory(&error))?;
        if let Err(error) = memory.lock() {
            // A small limit on locked memory is no reason to lock the reader out.
            log::debug!("the key's memory could not be kept from being swapped out: {}", error.kind());
        }
        memory.copy_from_slice(bytes);
        Ok(Self { memory })
    }

    pub fn from_slice(bytes: &[u8]) -> Result<Self, StoreError> {
        Self::from_bytes(bytes.try_into().map_err(|_| StoreError::WrongKey)?)
    }

    pub fn random() -> Result<Self, StoreError> {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        getrandom::fill(bytes.as_mut_slice())
            .map_err(|_| StoreError::Engine { detail: "the system gives no random numbers".to_owned() })?;
        Self::from_bytes(&bytes)
    }

    /// What a person types: a recovery key by its mark, anything else as a passphrase.
    pub fn typed(words: &str, salt: &Salt) -> Result<Self, StoreError> {
        let words = words.trim_end_matches(['\r', '\n']);
        match Self::from_recovery(words) {
            Some(key) => key,
            None => Self::from_passphrase(words, salt),
        }
    }

    /// Slow on purpose.
    pub fn from_passphrase(passphrase: &str, salt: &Salt) -> Result<Self, StoreError> {
        let refused = |_| StoreError::Engine { detail: "the passphrase could not be used".to_owned() };
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(KEY_BYTES)).map_err(refused)?;
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &salt.0, bytes.as_mut_slice())
            .map_err(refused)?;
        Self::from_bytes(&bytes)
    }

    /// In groups that can be read over a telephone, with a mark at the front.
    pub fn recovery_words(&self) -> Zeroizing<String> {
        let mut words = Zeroizing::new(String::with_capacity(96));
        words.push_str(RECOVERY_MARK);
        for (index, byte) in self.bytes().iter().enumerate() {
            if index > 0 && index % 4 == 0 {
                words.push('-');
            }
            for half in [byte >> 4, byte & 15] {
                words.push(char::from_digit(half.into(), 16).unwrap_or('0'));
            }
        }
        words
    }

    /// `None` when the words do not begin like a recovery key.
    fn from_recovery(words: &str) -> Option<Result<Self, StoreError>> {
        let digits = words.trim().strip_prefix(RECOVERY_MARK)?;
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        let digits: Zeroizing<Vec<u8>> = Zeroizing::new(
            digits.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect(),
        );
        let (pairs, []) = digits.as_chunks::<2>() else { return Some(Err(StoreError::WrongKey)) };
        if pairs.len() != KEY_BYTES {
            return Some(Err(StoreError::WrongKey));
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = high << 4 | low;
        }
        Some(Self::from_bytes(&bytes))
    }

    /// For the keyring, and nobody else.
    pub fn secret(&self) -> &[u8] {
        self.bytes()
    }

    fn bytes(&self) -> &[u8] {
        self.memory.get(..KEY_BYTES).unwrap_or_default()
    }

    /// As SQLCipher takes a raw key, with the salt where the file is new.
    pub(crate) fn literal(&self, salt: Option<&Salt>) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(128));
        text.push_str("x'");
        let salt = salt.map(|salt| salt.0.as_slice()).unwrap_or_default();
        for byte in self.bytes().iter().chain(salt) {
            for half in [byte >> 4, byte & 15] {
                text.push(char::from_digit(half.into(), 16).unwrap_or('0'));
            }
        }
        text.push('\'');
        text
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.memory.zeroize();
    }
}

fn no_memory(error: &std::io::Error) -> StoreError {
    StoreError::Engine { detail: format!("no memory for the key: {}", error.kind()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_key_goes_both_ways_and_nothing_shows_it() {
        let key = Key::random().unwrap();
        let words = key.recovery_words();
        let again = Key::typed(&format!("{}\n", *words), &Salt([0; 16])).unwrap();
        assert_eq!(again.bytes(), key.bytes());
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert!(matches!(Key::typed("OVR1-1234", &Salt([0; 16])), Err(StoreError::WrongKey)));
        assert_ne!(Key::random().unwrap().bytes(), key.bytes());
    }

    #[test]
    fn a_passphrase_depends_on_its_words_and_on_the_salt() {
        let of = |words, salt| Key::typed(words, &Salt([salt; 16])).unwrap();
        let key = of("tree frog, four chairs", 1);
        assert_eq!(of("tree frog, four chairs\n", 1).bytes(), key.bytes(), "a line's end is not part of it");
        assert_ne!(of("tree frog, four chair", 1).bytes(), key.bytes());
        assert_ne!(of("tree frog, four chairs", 2).bytes(), key.bytes());
    }
}
