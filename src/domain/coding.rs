//! Coded concepts: meaning as (scheme, value, meaning), never as a bare string.

use serde::{Deserialize, Serialize};

/// A code of PS3.16, SNOMED CT, RadLex or a private scheme (PS3.3 table 8.8-1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodedConcept {
    /// Coding Scheme Designator (0008,0102), such as `SCT` or `DCM`.
    pub scheme: String,
    /// Code Value (0008,0100).
    pub value: String,
    /// Code Meaning (0008,0104).
    pub meaning: String,
}

impl CodedConcept {
    pub fn new(scheme: &str, value: &str, meaning: &str) -> Self {
        Self { scheme: scheme.to_owned(), value: value.to_owned(), meaning: meaning.to_owned() }
    }

    /// Whether both are one code, whatever each calls it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.value == other.value && scheme_of(&self.scheme) == scheme_of(&other.scheme)
    }
}

/// SNOMED CT was written under several designators before 2019 (PS3.16 8.1).
fn scheme_of(scheme: &str) -> &str {
    match scheme {
        "SNM3" | "99SDM" => "SRT",
        other => other,
    }
}
