//! Where the review record is, and how it is opened: a file, plain or encrypted, or a server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::jobs::work::keys::KeyRing;
use crate::store::ReviewStore;
use crate::store::error::StoreError;
use crate::store::key::{Key, Salt};
use crate::store::keyring::ShelfError;
use crate::store::postgres::PostgresStore;
use crate::store::server_address::{ServerAddress, is_server};
use crate::store::signing::Signer;
use crate::store::sqlite::{OpenMode, SqliteOptions, SqliteStore};

/// How a record that is not there yet is to be protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NewRecord {
    /// Not encrypted: the user named the place, and says so later if it is to be.
    #[default]
    Plain,
    /// Encrypted with a key in the keyring; plain where there is none, which is said.
    EncryptedIfKeyring,
    /// Encrypted with a key in the keyring; where there is none, a person is asked first.
    EncryptedOrAsked,
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
        (!is_server(&self.name)).then_some(&self.name)
    }

    fn server(&self) -> Result<Option<ServerAddress>, StoreError> {
        let address = self.name.to_str().filter(|_| is_server(&self.name));
        address.map(ServerAddress::parse).transpose()
    }

    /// Opens with a key from the keyring or a key file, where the record is encrypted.
    pub fn open(&self, mode: OpenMode) -> Result<Box<dyn ReviewStore>, StoreError> {
        if let Some(address) = self.server()? {
            return self.signing(Box::new(PostgresStore::connect(&address, mode, &anchor_folder())?));
        }
        self.signing(Box::new(self.open_file(&self.name, mode)?))
    }

    /// Opens with words that a person typed.
    pub fn open_with_words(&self, mode: OpenMode, words: &str) -> Result<Box<dyn ReviewStore>, StoreError> {
        let Some(salt) = Salt::of(&self.name) else { return self.open(mode) };
        let key = Arc::new(Key::typed(words, &salt)?);
        self.signing(Box::new(SqliteStore::open_with(&self.name, &SqliteOptions::new(mode).with_key(key))?))
    }

    /// Makes a record that is not encrypted: a person said so.
    pub fn make_plain(&self) -> Result<Box<dyn ReviewStore>, StoreError> {
        self.signing(Box::new(SqliteStore::open(&self.name, OpenMode::ReadWrite)?))
    }

    /// Makes a record whose key comes from a passphrase.
    pub fn make_with_passphrase(&self, words: &str) -> Result<Box<dyn ReviewStore>, StoreError> {
        if SqliteStore::is_there(&self.name) {
            // Another program was quicker: these words are for a record that is there.
            return self.open_with_words(OpenMode::ReadWrite, words);
        }
        let salt = Salt::random();
        let key = Arc::new(Key::from_passphrase(words, &salt)?);
        let options = SqliteOptions::new(OpenMode::ReadWrite).with_new_key(key, salt);
        self.signing(Box::new(SqliteStore::open_with(&self.name, &options)?))
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
        let is_there = SqliteStore::is_there(path);
        if let Some(key) = self.key(path)? {
            return SqliteStore::open_with(path, &options.with_key(key));
        }
        if self.new != NewRecord::Plain && mode == OpenMode::ReadWrite && !is_there {
            let (key, salt) = (Key::random()?, Salt::random());
            match self.keys.keep(&salt, &key) {
                Ok(()) => return SqliteStore::open_with(path, &options.with_new_key(Arc::new(key), salt)),
                Err(_) if self.new == NewRecord::EncryptedOrAsked => {
                    return Err(StoreError::ProtectionUnsaid { path: path.to_owned() });
                }
                Err(error @ (ShelfError::Absent | ShelfError::Refused | ShelfError::Late)) => {
                    log::warn!("the new review record is not encrypted: {error}; see: overread store encrypt");
                }
            }
        }
        SqliteStore::open_with(path, &options)
    }
}

/// Where this machine remembers what it has seen of records on servers.
fn anchor_folder() -> PathBuf {
    let project = directories::ProjectDirs::from("org", "Overread", "overread");
    project.map_or_else(|| PathBuf::from("overread-anchors"), |dirs| dirs.data_dir().join("anchors"))
}
