//! Each event's hash covers the one before it, so that no inner event can be changed, moved, added or dropped unseen.
//!
//! The hash has no key: it shows accidents and clumsy hands, and whoever rewrites the whole chain must also rewrite
//! the anchor and every export that quotes a head.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::json::hex;

/// Separates these hashes from all others and names the layout hashed.
const DOMAIN: &[u8] = b"overread.review-record.event.v1\0";

/// A SHA-256.
pub type Hash = [u8; 32];

/// Stands before the first event.
pub const GENESIS: Hash = [0; 32];

/// All of a row that the hash covers, besides the hash before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link<'a> {
    pub seq: i64,
    pub event_id: &'a str,
    pub study: &'a str,
    pub kind: &'a str,
    pub actor: &'a str,
    pub wall_utc: &'a str,
    /// Canonical JSON, hashed as it is stored.
    pub body: &'a str,
}

impl Link<'_> {
    /// `SHA-256(domain ‖ seq ‖ prev ‖ each text behind its length)`, numbers big-endian.
    pub fn hash(&self, prev: &Hash) -> Hash {
        let Self { seq, event_id, study, kind, actor, wall_utc, body } = self;
        let mut sha = Sha256::new();
        sha.update(DOMAIN);
        sha.update(seq.to_be_bytes());
        sha.update(prev);
        for text in [event_id, study, kind, actor, wall_utc, body] {
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text.as_bytes());
        }
        sha.finalize().into()
    }
}

/// Where the chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// 0 for an empty record.
    pub seq: i64,
    #[serde(with = "hex")]
    pub hash: Hash,
    pub count: i64,
}

impl Head {
    pub const EMPTY: Self = Self { seq: 0, hash: GENESIS, count: 0 };
}

/// One place where the record is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainProblem {
    /// Position in the record; `None` when it concerns no single event.
    pub seq: Option<i64>,
    /// A sentence without patient data.
    pub text: String,
}

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    pub head: Head,
    pub n_findings: u64,
    pub problems: Vec<ChainProblem>,
    /// Worth knowing, not wrong: the anchor a crash left behind, or one that was renewed.
    pub remarks: Vec<String>,
}

impl ChainReport {
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }

    /// The head's hash as lower-case hex, to be quoted in exports.
    pub fn head_hex(&self) -> String {
        hex::encode(&self.head.hash)
    }
}
