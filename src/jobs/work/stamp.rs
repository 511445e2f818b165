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

/// Hour and minute here of a moment that was written down, RFC 3339; what is none is shown as it is.
pub fn local_time(at: &str) -> String {
    let zoned = at.parse::<jiff::Timestamp>().map(|at| at.to_zoned(jiff::tz::TimeZone::system()));
    zoned.map_or_else(|_| at.to_owned(), |zoned| zoned.strftime("%H:%M").to_string())
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
