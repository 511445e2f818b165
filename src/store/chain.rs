//! Each event's hash covers the one before it, so that no inner event can be changed, moved, added or dropped unseen.
//!
//! The hash has no key: it shows accidents and clumsy hands, and whoever rewrites the whole chain must also rewrite
//! the anchor and every export that quotes a head.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::json::hex;

/// Separates these hashes from all others and names the layout hashed: rows without a header.
const DOMAIN: &[u8] = b"overread.review-record.event.v1\0";
/// Rows with a header.
const DOMAIN_WITH_HEADER: &[u8] = b"overread.review-record.event.v2\0";

/// A SHA-256.
pub type Hash = [u8; 32];

/// Stands before the first event.
pub const GENESIS: Hash = [0; 32];

/// Where, when and by which program a row was written. Wall clocks may lie; the order of events never rests on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// `reader`, another role of the review, or `program`.
    pub actor_role: String,
    pub host: String,
    /// Name, version and kind of build.
    pub app_build: String,
    /// Of local time, east of UTC.
    pub tz_offset_s: i64,
    /// Since the machine was started, sleep included.
    pub mono_ns: i64,
    /// One per start of the machine.
    pub boot_id: String,
    /// Empty, or what the wall clock did since this machine's last event: see `clock::flag`.
    pub clock_flag: String,
}

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
    /// `None` for rows of the first layout.
    pub header: Option<&'a Header>,
}

impl Link<'_> {
    /// `SHA-256(domain ‖ seq ‖ prev ‖ each text behind its length ‖ numbers)`, numbers big-endian.
    pub fn hash(&self, prev: &Hash) -> Hash {
        let Self { seq, event_id, study, kind, actor, wall_utc, body, header } = self;
        let mut sha = Sha256::new();
        sha.update(if header.is_some() { DOMAIN_WITH_HEADER } else { DOMAIN });
        sha.update(seq.to_be_bytes());
        sha.update(prev);
        let mut text = |text: &str| {
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text.as_bytes());
        };
        [event_id, study, kind, actor, wall_utc, body].into_iter().for_each(|word| text(word));
        if let Some(Header { actor_role, host, app_build, tz_offset_s, mono_ns, boot_id, clock_flag }) = header {
            [actor_role, host, app_build, boot_id, clock_flag].into_iter().for_each(|word| text(word));
            sha.update(tz_offset_s.to_be_bytes());
            sha.update(mono_ns.to_be_bytes());
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
    /// Events that bear a device's signature.
    pub n_signed: u64,
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
