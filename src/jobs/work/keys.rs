//! Keys of encrypted records: found in the keyring, typed, or made new. Nothing here waits for ever.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::jobs::time_limit::within;
use crate::store::error::StoreError;
use crate::store::key::{KEY_BYTES, Key, Salt};
use crate::store::keyring::{NoShelf, OsKeyring, SecretShelf, ShelfError};
use crate::store::signing::Signer;

/// A keyring that is there answers within this; one that asks a person first is given [`PATIENCE`].
const PROMPT: Duration = Duration::from_secs(3);
/// As long as somebody may take to unlock a keyring that the window has asked for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The name of the signing key.
const DEVICE: &str = "device-signing-key";
/// No passphrase is longer.
const MAX_WORDS: u64 = 4096;

/// Where keys may come from.
#[derive(Clone)]
pub struct KeyRing {
    shelf: Arc<dyn SecretShelf>,
    limit: Duration,
    /// A file with a passphrase or recovery key in it.
    file: Option<PathBuf>,
}

impl Default for KeyRing {
    /// The system's, with little patience: for jobs without a person.
    fn default() -> Self {
        Self { shelf: Arc::new(OsKeyring), limit: PROMPT, file: None }
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing")
    }
}

impl KeyRing {
    pub fn over(shelf: Arc<dyn SecretShelf>) -> Self {
        Self { shelf, ..Self::default() }
    }

    pub fn none() -> Self {
        Self::over(Arc::new(NoShelf))
    }

    /// With a person in front of the screen, who may have to unlock the keyring.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { limit: PATIENCE, ..self }
    }

    /// The words come from a file; `-` is the standard input.
    #[must_use]
    pub fn with_file(self, file: Option<PathBuf>) -> Self {
        Self { file, ..self }
    }

    /// The key of the record whose file begins with `salt`, if it can be had without asking anybody.
    pub fn find(&self, salt: &Salt) -> Result<Option<Arc<Key>>, StoreError> {
        if let Some(file) = &self.file {
            return Ok(Some(Arc::new(Key::typed(&words_of(file)?, salt)?)));
        }
        let secret = self.ask({
            let account = account(salt);
            move |shelf| shelf.get(&account)
        });
        match secret {
            Ok(Some(secret)) => {
                let bytes: &[u8; KEY_BYTES] = secret.as_slice().try_into().map_err(|_| StoreError::WrongKey)?;
                Ok(Some(Arc::new(Key::from_bytes(bytes)?)))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                log::info!("no key from the keyring: {error}");
                Ok(None)
            }
        }
    }

    /// Lays a key into the keyring and reads it back, before anything is encrypted with it.
    pub fn keep(&self, salt: &Salt, key: &Key) -> Result<(), ShelfError> {
        let account = account(salt);
        let secret = Zeroizing::new(key.secret().to_vec());
        self.ask(move |shelf| {
            shelf.put(&account, &secret)?;
            match shelf.get(&account)? {
                Some(found) if *found == *secret => Ok(()),
                _ => Err(ShelfError::Refused),
            }
        })
    }

    /// After a record has been given another key.
    pub fn forget(&self, salt: &Salt) -> Result<(), ShelfError> {
        let account = account(salt);
        self.ask(move |shelf| shelf.remove(&account))
    }

    /// What this device signs with; made the first time.
    pub fn device_signer(&self) -> Result<Signer, ShelfError> {
        Ok(Signer::from_secret(&*self.secret_or_new(DEVICE)?))
    }

    /// The same, where it has been made; quickly, as it is asked for at every start.
    pub fn known_device_signer(&self) -> Option<Signer> {
        let secret = self.ask(|shelf| shelf.get(DEVICE)).ok().flatten()?;
        let secret: &[u8; KEY_BYTES] = secret.as_slice().try_into().ok()?;
        Some(Signer::from_secret(secret))
    }

    /// A secret of 32 bytes under a name of its own, made when it is not there.
    fn secret_or_new(&self, account: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, ShelfError> {
        let account = account.to_owned();
        self.ask(move |shelf| {
            let found = shelf.get(&account)?;
            let mut secret = Zeroizing::new([0; KEY_BYTES]);
            match found.as_deref() {
                Some(found) if found.len() == KEY_BYTES => secret.copy_from_slice(found),
                _ => {
                    let fresh = Key::random().map_err(|_| ShelfError::Refused)?;
                    secret.copy_from_slice(fresh.secret());
                    shelf.put(&account, secret.as_slice())?;
                }
            }
            Ok(secret)
        })
    }

    fn ask<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn SecretShelf) -> Result<T, ShelfError> + Send + 'static,
    ) -> Result<T, ShelfError> {
        let shelf = Arc::clone(&self.shelf);
        within(self.limit, move || call(shelf.as_ref())).unwrap_or(Err(ShelfError::Late))
    }
}

fn account(salt: &Salt) -> String {
    format!("record-{}", salt.hex())
}

/// The first line of a file, or of the standard input for `-`.
pub fn words_of(file: &Path) -> Result<Zeroizing<String>, StoreError> {
    let refused = |what: String| StoreError::CannotOpen { detail: what, path: file.to_owned() };
    let mut words = Zeroizing::new(String::new());
    let read = if file == Path::new("-") {
        std::io::stdin().take(MAX_WORDS).read_to_string(&mut words)
    } else {
        fs::File::open(file).and_then(|opened| opened.take(MAX_WORDS).read_to_string(&mut words))
    };
    read.map_err(|error| refused(format!("the key file cannot be read: {}", error.kind())))?;
    let first = Zeroizing::new(words.lines().next().unwrap_or_default().to_owned());
    if first.is_empty() {
        return Err(refused("the key file is empty".to_owned()));
    }
    Ok(first)
}
