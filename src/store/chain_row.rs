//! One event as it lies in the table, with the header that says where, when and by which program it was written.

use crate::store::chain::{Hash, Header, Link};
use crate::store::error::StoreError;
use crate::store::sql::{Row, Value};

/// Rows written before the header was kept.
const FIRST_LAYOUT: i64 = 1;
/// Rows with a header, which the hash covers.
const LAYOUT_WITH_HEADER: i64 = 2;

#[derive(Clone, Debug)]
pub(crate) struct ChainRow {
    pub seq: i64,
    pub event_id: String,
    pub study: String,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub kind: String,
    pub actor: String,
    pub wall_utc: String,
    pub body: String,
    /// `None` for rows of the first layout.
    pub header: Option<Header>,
    /// Ed25519 over the hash, where the record has a device key.
    pub sig: Option<Vec<u8>>,
}

impl ChainRow {
    pub const COLUMNS: &str = "seq, event_id, study, prev_hash, hash, kind, actor, wall_utc, body, layout, actor_role, \
                               host, app_build, tz_offset_s, mono_ns, boot_id, clock_flag, sig";
    /// As many as there are columns.
    pub const PLACES: &str = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18";

    pub fn read(row: &Row) -> Result<Self, StoreError> {
        let text = |at| row.text(at).map(ToOwned::to_owned);
        // An unknown layout is read as the first one: then its hash does not fit, and that is said.
        let has_header = !row.is_null(9) && row.int(9)? == LAYOUT_WITH_HEADER;
        let header = has_header.then(|| {
            Ok::<_, StoreError>(Header {
                actor_role: text(10)?,
                host: text(11)?,
                app_build: text(12)?,
                tz_offset_s: row.int(13)?,
                mono_ns: row.int(14)?,
                boot_id: text(15)?,
                clock_flag: text(16)?,
            })
        });
        Ok(Self {
            seq: row.int(0)?,
            event_id: text(1)?,
            study: text(2)?,
            prev_hash: row.blob(3)?.to_vec(),
            hash: row.blob(4)?.to_vec(),
            kind: text(5)?,
            actor: text(6)?,
            wall_utc: text(7)?,
            body: text(8)?,
            header: header.transpose()?,
            sig: if row.is_null(17) { None } else { Some(row.blob(17)?.to_vec()) },
        })
    }

    /// In the order of [`Self::COLUMNS`].
    pub fn values(&self) -> Vec<Value> {
        let Self { seq, event_id, study, prev_hash, hash, kind, actor, wall_utc, body, header, sig } = self;
        let mut values = vec![
            Value::Int(*seq),
            event_id.as_str().into(),
            study.as_str().into(),
            prev_hash.as_slice().into(),
            hash.as_slice().into(),
            kind.as_str().into(),
            actor.as_str().into(),
            wall_utc.as_str().into(),
            body.as_str().into(),
        ];
        match header {
            Some(Header { actor_role, host, app_build, tz_offset_s, mono_ns, boot_id, clock_flag }) => {
                values.extend([
                    Value::Int(LAYOUT_WITH_HEADER),
                    actor_role.as_str().into(),
                    host.as_str().into(),
                    app_build.as_str().into(),
                    Value::Int(*tz_offset_s),
                    Value::Int(*mono_ns),
                    boot_id.as_str().into(),
                    clock_flag.as_str().into(),
                ]);
            }
            None => {
                values.push(Value::Int(FIRST_LAYOUT));
                values.extend(std::iter::repeat_n(Value::Null, 7));
            }
        }
        values.push(sig.as_deref().into());
        values
    }

    /// What its hash should be.
    pub fn expected_hash(&self) -> Option<Hash> {
        let Self { seq, event_id, study, prev_hash, hash: _, kind, actor, wall_utc, body, header, sig: _ } = self;
        let prev: &Hash = prev_hash.as_slice().try_into().ok()?;
        Some(Link { seq: *seq, event_id, study, kind, actor, wall_utc, body, header: header.as_ref() }.hash(prev))
    }
}
