//! Small secrets outside the record: in the keyring of the operating system, or nowhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use thiserror::Error;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ShelfError {
    #[error("there is no keyring here")]
    Absent,
    #[error("the keyring is locked or refused")]
    Refused,
    #[error("the keyring did not answer in time")]
    Late,
}

/// Where a key can be laid and found again by its name.
pub trait SecretShelf: Send + Sync {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ShelfError>;

    /// Replaces what was there.
    fn put(&self, account: &str, secret: &[u8]) -> Result<(), ShelfError>;

    /// Nothing happens where there is none.
    fn remove(&self, account: &str) -> Result<(), ShelfError>;
}

/// Where no keyring is to be asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoShelf;

impl SecretShelf for NoShelf {
    fn get(&self, _account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ShelfError> {
        Err(ShelfError::Absent)
    }

    fn put(&self, _account: &str, _secret: &[u8]) -> Result<(), ShelfError> {
        Err(ShelfError::Absent)
    }

    fn remove(&self, _account: &str) -> Result<(), ShelfError> {
        Err(ShelfError::Absent)
    }
}

/// Lives as long as the program.
#[derive(Debug, Default)]
pub struct MemoryShelf(Mutex<BTreeMap<String, Zeroizing<Vec<u8>>>>);

impl SecretShelf for MemoryShelf {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ShelfError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned())
    }

    fn put(&self, account: &str, secret: &[u8]) -> Result<(), ShelfError> {
        let secret = Zeroizing::new(secret.to_vec());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account.to_owned(), secret);
        Ok(())
    }

    fn remove(&self, account: &str) -> Result<(), ShelfError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
        Ok(())
    }
}
