//! What an object that was made of other pictures says of them.

use serde::{Deserialize, Serialize};

use crate::domain::uid::SopInstanceUid;

/// Of a segmentation. Nothing of it is drawn over another picture by this alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// The pictures it was made of, by its own words; sorted, each once.
    pub sources: Vec<SopInstanceUid>,
    /// Maximum Fractional Value (0062,000E): the stored value that means 1. `None` where samples are no fractions.
    pub max_fraction: Option<u32>,
}
