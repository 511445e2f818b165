//! Signatures by a device: each event's hash under an Ed25519 key that the record names (RFC 8032).
//!
//! The chain alone shows that something was changed; the signature shows that it was not written by this machine.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::store::appending::Appender;
use crate::store::chain::Hash;
use crate::store::clock::host_name;
use crate::store::error::StoreError;
use crate::store::json::hex;
use crate::store::own_events::{DEVICE_ENROLLED, STORE_ACTOR};
use crate::store::sql::values;

/// A device's private key.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.device())
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceEnrolled {
    pub host: String,
    /// Ed25519, lower-case hex.
    #[serde(with = "hex")]
    pub public_key: Hash,
}

impl Signer {
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(secret) }
    }

    /// The first digits of the public key: enough to tell devices apart.
    pub fn device(&self) -> String {
        hex::encode(&self.public_key()).chars().take(16).collect()
    }

    pub fn public_key(&self) -> Hash {
        self.key.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, hash: &Hash) -> [u8; 64] {
        self.key.sign(hash).to_bytes()
    }
}

/// Writes the device's public key into the record unless it is there.
pub(crate) fn enroll(appender: &mut Appender<'_>, signer: &Signer) -> Result<(), StoreError> {
    let event_id = format!("{DEVICE_ENROLLED}:{}", hex::encode(&signer.public_key()));
    if appender.sql.exists("SELECT seq FROM event WHERE event_id = ?1", values![event_id.as_str()])? {
        return Ok(());
    }
    let body = DeviceEnrolled { host: host_name(), public_key: signer.public_key() };
    appender.own(&event_id, "", DEVICE_ENROLLED, STORE_ACTOR, &body)
}

/// The devices a record has named so far.
#[derive(Default)]
pub(crate) struct Devices(Vec<VerifyingKey>);

impl Devices {
    /// `None` when what the event holds is no key.
    pub fn add(&mut self, enrolled: &DeviceEnrolled) -> Option<()> {
        self.0.push(VerifyingKey::from_bytes(&enrolled.public_key).ok()?);
        Some(())
    }

    pub fn have_signed(&self, hash: &[u8], sig: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(sig) else { return false };
        self.0.iter().any(|device| device.verify_strict(hash, &signature).is_ok())
    }
}
