//! Identifiers as types, so that a series can never be asked for by a study's name.
//!
//! `Debug` shows the tail only: a UID can lead back to a person (PS3.15 E.1-1).

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the identifier as it stands, without the padding DICOM adds (blanks, NUL).
            pub fn new(text: impl AsRef<str>) -> Self {
                let text = text.as_ref();
                Self(text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let n_chars = self.0.chars().count();
                let tail: String = self.0.chars().skip(n_chars.saturating_sub(6)).collect();
                write!(f, concat!(stringify!($name), "(…{})"), tail)
            }
        }
    };
}

identifier!(
    /// Study Instance UID (0020,000D).
    StudyUid
);
identifier!(
    /// Series Instance UID (0020,000E).
    SeriesUid
);
identifier!(
    /// SOP Instance UID (0008,0018).
    SopInstanceUid
);
identifier!(
    /// Frame of Reference UID (0020,0052): positions compare only within one.
    FrameOfReferenceUid
);
identifier!(
    /// A finding's own identity, also its DICOM Tracking UID source. Stable over repeated runs of one model on one image.
    FindingId
);
identifier!(
    /// A reader's mark or measurement (UUIDv7); the same through all its changes.
    AnnotationId
);
identifier!(
    /// One event of the review record (UUIDv7).
    EventId
);
identifier!(
    /// Who decides, as the reader typed it.
    ReaderName
);
identifier!(
    /// A model's folder name and card id, such as `chest-anatomy`.
    ModelId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_not_part_of_a_uid_and_debug_shows_only_the_tail() {
        let uid = StudyUid::new("1.2.840.113619.2.5\0 ");
        assert_eq!(uid.as_str(), "1.2.840.113619.2.5");
        assert_eq!(format!("{uid:?}"), "StudyUid(…19.2.5)");
    }
}
