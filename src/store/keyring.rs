//! Small secrets outside the record: in the keyring of the operating system, or nowhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use thiserror::Error;
use zeroize::Zeroizing;

/// Under which name the keyring lists our secrets.
const SERVICE: &str = "Overread review record";

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

/// Keychain, Credential Manager or Secret Service. A call may wait for a person, or for ever: give it a limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsKeyring;

impl OsKeyring {
    fn entry(account: &str) -> Result<keyring::Entry, ShelfError> {
        keyring::Entry::new(SERVICE, account).map_err(shelf_error)
    }
}

fn shelf_error(error: keyring::Error) -> ShelfError {
    match error {
        keyring::Error::NoStorageAccess(_) => ShelfError::Refused,
        _ => ShelfError::Absent,
    }
}

impl SecretShelf for OsKeyring {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ShelfError> {
        match Self::entry(account)?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(shelf_error(error)),
        }
    }

    fn put(&self, account: &str, secret: &[u8]) -> Result<(), ShelfError> {
        Self::entry(account)?.set_secret(secret).map_err(shelf_error)
    }

    fn remove(&self, account: &str) -> Result<(), ShelfError> {
        match Self::entry(account)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(shelf_error(error)),
        }
    }
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
