//! The protocol file (TOML): what is asked, of whom, under which conditions. Its lock is SHA-256 over the canonical JSON
//! of what it says, so that blanks and comments may change and nothing else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub const SCHEMA: &str = "overread-protocol";
pub const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    pub schema: String,
    pub version: u32,
    /// Letters, digits, `-` and `_`.
    pub id: String,
    pub title: String,
    /// What is asked of the readers, as it stands on the screen.
    pub question: String,
    /// Of every order that is drawn.
    pub seed: u64,
    pub scale: Scale,
    /// How far from a lesion a mark may be; needed where readers mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub localization: Option<Localization>,
    #[serde(default)]
    pub sessions: Sessions,
    #[serde(rename = "arm")]
    pub arms: Vec<Arm>,
    #[serde(rename = "reader")]
    pub readers: Vec<Reader>,
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
    /// What was changed after the lock, oldest first.
    #[serde(default, rename = "amendment", skip_serializing_if = "Vec::is_empty")]
    pub amendments: Vec<Amendment>,
}

/// What a reader answers with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scale {
    /// 0 to 100 in whole steps.
    Percent { positive_from: f64 },
    /// Ordered words, least suspicious first; answered with 1 to their number.
    Ordered { words: Vec<String>, positive_from: f64 },
    /// Free marks, each with a rating of 0 to 100; an image without a mark is a rating of none.
    Marks { positive_from: f64 },
}

impl Scale {
    pub fn range(&self) -> [f64; 2] {
        match self {
            Self::Percent { .. } | Self::Marks { .. } => [0.0, 100.0],
            Self::Ordered { words, .. } => [1.0, words.len() as f64],
        }
    }

    /// The rating from which a reader's answer counts as positive.
    pub fn positive_from(&self) -> f64 {
        match self {
            Self::Percent { positive_from } | Self::Ordered { positive_from, .. } | Self::Marks { positive_from } => {
                *positive_from
            }
        }
    }

    pub fn allows(&self, rating: f64) -> bool {
        let [least, most] = self.range();
        (least..=most).contains(&rating) && rating.fract() == 0.0
    }
}

/// When a mark is on a lesion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum Localization {
    /// Within this distance of the lesion's center, in millimeters (pixels where there are none).
    Distance { within: f64 },
    /// Within the lesion's own radius, and at least this distance.
    Radius { at_least: f64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sessions {
    /// Between a reader's sessions with the same cases.
    pub washout_days: u32,
    /// A break is offered after so many cases; 0: never.
    pub break_after: u32,
    /// A case may be opened again after it was answered.
    pub may_go_back: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { washout_days: 28, break_after: 20, may_go_back: false }
    }
}

/// One way of reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    pub id: String,
    pub name: String,
    pub aid: Aid,
    /// What is shown where there is an aid.
    #[serde(default)]
    pub shows: Shows,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aid {
    /// No model result is shown anywhere.
    None,
    /// From the start.
    Concurrent,
    /// After a first answer was given and locked; both are kept.
    Second,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shows {
    pub score: bool,
    pub contour: bool,
    pub map: bool,
}

impl Default for Shows {
    fn default() -> Self {
        Self { score: true, contour: true, map: true }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reader {
    pub name: String,
    #[serde(default)]
    pub years_of_experience: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub id: String,
    /// Study Instance UID.
    pub study: String,
    /// Files or folders, as the readers' machine has them; relative to the protocol's folder.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Cases of one patient are resampled together.
    #[serde(default)]
    pub patient: String,
    pub is_positive: bool,
    #[serde(default, rename = "lesion", skip_serializing_if = "Vec::is_empty")]
    pub lesions: Vec<Lesion>,
    /// Shown first, with the truth afterwards, and never part of a figure.
    #[serde(default)]
    pub is_practice: bool,
    /// Groups that figures are also given for: `sex = "F"`, `site = "A"`.
    #[serde(default)]
    pub groups: std::collections::BTreeMap<String, String>,
    /// The model's own score, where it is known before.
    #[serde(default)]
    pub model_score: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesion {
    /// Millimeters in the patient (LPS), or columns, rows and 0 on an image without.
    pub center: [f64; 3],
    #[serde(default)]
    pub radius: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// RFC 3339.
    pub at: String,
    pub reason: String,
    /// The lock before it.
    pub of: String,
}

/// Why a protocol cannot be used; the words name the field.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ProtocolError {
    #[error("the file is not a protocol: {0}")]
    Toml(String),
    #[error("{0}")]
    Design(String),
    #[error("the protocol was changed after it was locked: it is {found}, the lock says {locked}")]
    Lock { found: String, locked: String },
}

impl Protocol {
    /// Reads and checks the file's text.
    pub fn parse(text: &str) -> Result<Self, ProtocolError> {
        let protocol: Self = toml::from_str(text).map_err(|error| ProtocolError::Toml(error.to_string()))?;
        protocol.check()?;
        Ok(protocol)
    }

    /// SHA-256 of what it says, lower-case hex.
    pub fn lock(&self) -> String {
        // The amendments tell of the locks before, and are no part of the plan
        let plan = Self { amendments: Vec::new(), ..self.clone() };
        let canonical = serde_json::to_vec(&plan).unwrap_or_default();
        Sha256::digest(canonical).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Refuses a protocol that is not the one that was locked; `locked` is the lock in force.
    pub fn check_lock(&self, locked: &str) -> Result<(), ProtocolError> {
        let found = self.lock();
        if found == locked { Ok(()) } else { Err(ProtocolError::Lock { found, locked: locked.to_owned() }) }
    }

    /// Cases whose answers count.
    pub fn rated_cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| !case.is_practice)
    }

    pub fn case(&self, id: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.id == id)
    }

    pub fn arm(&self, id: &str) -> Option<&Arm> {
        self.arms.iter().find(|arm| arm.id == id)
    }

    pub fn reader_index(&self, name: &str) -> Option<usize> {
        self.readers.iter().position(|reader| reader.name == name)
    }

    fn check(&self) -> Result<(), ProtocolError> {
        let wrong = |text: String| Err(ProtocolError::Design(text));
        if self.schema != SCHEMA || self.version != VERSION {
            return wrong(format!("schema and version must be \"{SCHEMA}\" and {VERSION}"));
        }
        let is_plain = |id: &str| {
            !id.is_empty() && id.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
        };
        if !is_plain(&self.id) {
            return wrong(format!("id '{}' may hold letters, digits, - and _ only", self.id));
        }
        once("arm", self.arms.iter().map(|arm| arm.id.as_str()))?;
        once("reader", self.readers.iter().map(|reader| reader.name.as_str()))?;
        once("case", self.cases.iter().map(|case| case.id.as_str()))?;
        once("study of a case", self.cases.iter().map(|case| case.study.as_str()))?;
        self.check_scale()?;
        for case in &self.cases {
            if !case.is_positive && !case.lesions.is_empty() {
                return wrong(format!("case '{}' has lesions and is not positive", case.id));
            }
            if self.localization.is_some() && case.is_positive && case.lesions.is_empty() {
                return wrong(format!("case '{}' is positive and says no lesion's place", case.id));
            }
            let numbers = case.lesions.iter().flat_map(|lesion| lesion.center.into_iter().chain([lesion.radius]));
            if numbers.chain(case.model_score).any(|number| !number.is_finite()) {
                return wrong(format!("case '{}' holds a number that is none", case.id));
            }
        }
        match (self.rated_cases().any(|case| case.is_positive), self.rated_cases().any(|case| !case.is_positive)) {
            (true, true) => Ok(()),
            _ => wrong("the rated cases must hold positive and negative ones".to_owned()),
        }
    }

    fn check_scale(&self) -> Result<(), ProtocolError> {
        let wrong = |text: &str| Err(ProtocolError::Design(text.to_owned()));
        if let Scale::Ordered { words, .. } = &self.scale
            && (words.len() < 2 || words.iter().any(|word| word.trim().is_empty()))
        {
            return wrong("an ordered scale needs at least two words");
        }
        let [least, most] = self.scale.range();
        if !(self.scale.positive_from() > least && self.scale.positive_from() <= most) {
            return wrong("positive_from lies outside the scale");
        }
        match (&self.scale, &self.localization) {
            (Scale::Marks { .. }, None) => wrong("marks need a localization rule"),
            (Scale::Percent { .. } | Scale::Ordered { .. }, Some(_)) => wrong("a localization rule is for marks only"),
            _ => Ok(()),
        }
    }
}

/// At least one of the kind, none twice, none empty.
fn once<'a>(what: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), ProtocolError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if id.trim().is_empty() {
            return Err(ProtocolError::Design(format!("a {what} has no name")));
        }
        if !seen.insert(id) {
            return Err(ProtocolError::Design(format!("the {what} '{id}' is named twice")));
        }
    }
    if seen.is_empty() { Err(ProtocolError::Design(format!("there is no {what}"))) } else { Ok(()) }
}
