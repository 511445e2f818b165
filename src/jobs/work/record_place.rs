//! Where the review record is, and how it is opened: a file, plain or encrypted, or a server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::jobs::work::keys::KeyRing;
use crate::store::ReviewStore;
use crate::store::anchor::Anchor;
use crate::store::error::StoreError;
use crate::store::key::{Key, Salt};
use crate::store::keyring::ShelfError;
use crate::store::signing::Signer;
use crate::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};

/// How a record that is not there yet is to be protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NewRecord {
    /// Not encrypted: the user named the place, and says so later if it is to be.
    #[default]
    Plain,
    /// Encrypted with a key in the keyring; plain where there is none.
    EncryptedIfKeyring,
}

/// A record's place and the keys that may open it.
#[derive(Clone, Default)]
pub struct RecordPlace {
    /// A file's path, or the address of a server.
    pub name: PathBuf,
    pub keys: KeyRing,
    pub new: NewRecord,
}

impl fmt::Debug for RecordPlace {
    /// An address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordPlace(…)")
    }
}

impl From<PathBuf> for RecordPlace {
    fn from(name: PathBuf) -> Self {
        Self { name, ..Self::default() }
    }
}

impl From<&Path> for RecordPlace {
    fn from(name: &Path) -> Self {
        name.to_owned().into()
    }
}

impl RecordPlace {
    /// The file, where the record is one.
    pub fn file(&self) -> Option<&Path> {
        Some(&self.name)
    }

    /// Opens with a key from the keyring or a key file, where the record is encrypted.
    pub fn open(&self, mode: OpenMode) -> Result<Box<dyn ReviewStore>, StoreError> {
        self.signing(Box::new(self.open_file(&self.name, mode)?))
    }

    /// Opens with words that a person typed.
    pub fn open_with_words(&self, mode: OpenMode, words: &str) -> Result<Box<dyn ReviewStore>, StoreError> {
        let Some(salt) = Salt::of(&self.name) else { return self.open(mode) };
        let key = Arc::new(Key::typed(words, &salt)?);
        self.signing(Box::new(SqliteStore::open_with(&self.name, &SqliteOptions::new(mode).with_key(key))?))
    }

    /// Has this device sign what is kept here from now on; every later opening finds it enrolled.
    pub fn enroll(&self, signer: Signer) -> Result<(), StoreError> {
        self.open(OpenMode::ReadWrite)?.sign_with(signer)
    }

    /// Where this device has been enrolled, it signs.
    fn signing(&self, mut store: Box<dyn ReviewStore>) -> Result<Box<dyn ReviewStore>, StoreError> {
        if !store.is_read_only()
            && store.has_devices()?
            && let Some(signer) = self.keys.known_device_signer()
        {
            store.sign_with(signer)?;
        }
        Ok(store)
    }

    /// The key of an encrypted file, from the keyring or the key file; `None` for a plain one.
    pub fn key(&self, path: &Path) -> Result<Option<Arc<Key>>, StoreError> {
        let Some(salt) = Salt::of(path) else { return Ok(None) };
        let needed = || StoreError::KeyNeeded { path: path.to_owned() };
        self.keys.find(&salt)?.ok_or_else(needed).map(Some)
    }

    pub fn open_file(&self, path: &Path, mode: OpenMode) -> Result<SqliteStore, StoreError> {
        let options = SqliteOptions::new(mode);
        if let Some(key) = self.key(path)? {
            return SqliteStore::open_with(path, &options.with_key(key));
        }
        let is_there = path.exists() || Anchor::beside(path).exists();
        if self.new == NewRecord::EncryptedIfKeyring && mode == OpenMode::ReadWrite && !is_there {
            let (key, salt) = (Key::random()?, Salt::random());
            match self.keys.keep(&salt, &key) {
                Ok(()) => return SqliteStore::open_with(path, &options.with_new_key(Arc::new(key), salt)),
                Err(error @ (ShelfError::Absent | ShelfError::Refused | ShelfError::Late)) => {
                    log::info!("the new record is not encrypted: {error}");
                }
            }
        }
        SqliteStore::open_with(path, &options)
    }
}
