//! The clock and the identities, in the one place that may know the time.

use jiff::Zoned;
use uuid::Uuid;

use crate::domain::uid::{AnnotationId, EventId, FindingId};

/// Now, RFC 3339 with the local offset, to the millisecond.
pub fn now() -> String {
    Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

/// Now, seconds since 1970.
pub fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A fresh identity that sorts by time.
pub fn event_id() -> EventId {
    EventId::new(Uuid::now_v7().to_string())
}

/// A reader's own finding is new each time; a model's is derived from its input.
pub fn finding_id() -> FindingId {
    FindingId::new(Uuid::now_v7().to_string())
}

pub fn annotation_id() -> AnnotationId {
    AnnotationId::new(Uuid::now_v7().to_string())
}
