//! Which study comes first: rules that a reader can read and change. They order the worklist and hide nothing.

use serde::{Deserialize, Serialize};

use crate::review::digest::Flag;

/// One line of the rules: what must be so, and how many points it gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UrgencyRule {
    #[serde(flatten)]
    pub when: Condition,
    pub points: i32,
    pub is_on: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "snake_case")]
pub enum Condition {
    /// A model flagged something that nobody has decided on.
    Flagged,
    /// And under this label, whatever the case of its letters.
    FlaggedAs {
        label: String,
    },
    /// The greatest score of those lies at least this far above its operating point.
    MarginAtLeast {
        margin: f64,
    },
    /// Unknown is not unflagged.
    NotAnalyzed,
    WaitingOver {
        hours: f64,
    },
    Modality {
        modality: String,
    },
    /// The description holds this text, such as `stat`.
    Described {
        text: String,
    },
}

impl Condition {
    /// One of each kind, to choose from.
    pub fn examples() -> [Self; 7] {
        [
            Self::Flagged,
            Self::FlaggedAs { label: "Pneumothorax".to_owned() },
            Self::MarginAtLeast { margin: 0.2 },
            Self::NotAnalyzed,
            Self::WaitingOver { hours: 24.0 },
            Self::Modality { modality: "CT".to_owned() },
            Self::Described { text: "stat".to_owned() },
        ]
    }

    pub fn sentence(&self) -> String {
        match self {
            Self::Flagged => "flagged and not decided".to_owned(),
            Self::FlaggedAs { label } => format!("flagged as {label}"),
            Self::MarginAtLeast { margin } => format!("score {margin:.2} or more above the operating point"),
            Self::NotAnalyzed => "no model has looked".to_owned(),
            Self::WaitingOver { hours } => format!("waiting for more than {hours:.0} h"),
            Self::Modality { modality } => format!("modality {modality}"),
            Self::Described { text } => format!("described with “{text}”"),
        }
    }

    fn holds(&self, facts: &Facts<'_>) -> bool {
        let mut open = facts.flags.iter().filter(|flag| flag.is_open);
        match self {
            Self::Flagged => open.next().is_some(),
            Self::FlaggedAs { label } => open.any(|flag| flag.label.eq_ignore_ascii_case(label.trim())),
            Self::MarginAtLeast { margin } => open.any(|flag| flag.margin >= *margin),
            Self::NotAnalyzed => facts.is_unanalyzed,
            Self::WaitingOver { hours } => facts.waiting_hours.is_some_and(|waiting| waiting > *hours),
            Self::Modality { modality } => {
                facts.modalities.split(' ').any(|one| one.eq_ignore_ascii_case(modality.trim()))
            }
            Self::Described { text } => {
                let text = text.trim().to_lowercase();
                !text.is_empty() && facts.description.to_lowercase().contains(&text)
            }
        }
    }
}

/// What the rules look at. Of a study whose AI result the viewer may not see there are no flags, and nothing is said of
/// whether a model has looked.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub flags: &'a [Flag],
    pub is_unanalyzed: bool,
    pub waiting_hours: Option<f64>,
    /// Separated by blanks.
    pub modalities: &'a str,
    pub description: &'a str,
}

/// In the order in which they are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UrgencyRules(pub Vec<UrgencyRule>);

impl Default for UrgencyRules {
    fn default() -> Self {
        let rule = |when: Condition, points: i32| UrgencyRule { when, points, is_on: true };
        Self(vec![
            rule(Condition::Flagged, 100),
            rule(Condition::FlaggedAs { label: "Pneumothorax".to_owned() }, 100),
            rule(Condition::MarginAtLeast { margin: 0.2 }, 30),
            rule(Condition::NotAnalyzed, 20),
            rule(Condition::WaitingOver { hours: 24.0 }, 40),
            rule(Condition::WaitingOver { hours: 72.0 }, 40),
            rule(Condition::Described { text: "stat".to_owned() }, 150),
        ])
    }
}

impl UrgencyRules {
    pub fn points(&self, facts: &Facts<'_>) -> i32 {
        self.in_force(facts).fold(0, |points: i32, rule| points.saturating_add(rule.points))
    }

    /// Each rule that gave points, such as `flagged as Pneumothorax +100`.
    pub fn reasons(&self, facts: &Facts<'_>) -> Vec<String> {
        self.in_force(facts).map(|rule| format!("{} {:+}", rule.when.sentence(), rule.points)).collect()
    }

    fn in_force<'a>(&'a self, facts: &Facts<'a>) -> impl Iterator<Item = &'a UrgencyRule> + use<'a> {
        let facts = *facts;
        self.0.iter().filter(move |rule| rule.is_on && rule.when.holds(&facts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_add_up_and_every_point_has_its_reason() {
        let flag = |label: &str, margin: f64, is_open: bool| Flag {
            label: label.into(),
            sentence: String::new(),
            margin,
            is_open,
        };
        let flags = [flag("pneumothorax", 0.3, true), flag("Nodule", 0.4, false)];
        let facts = Facts {
            flags: &flags,
            is_unanalyzed: false,
            waiting_hours: Some(25.0),
            modalities: "CR DX",
            description: "Chest STAT",
        };
        let rules = UrgencyRules::default();
        assert_eq!(rules.points(&facts), 100 + 100 + 30 + 40 + 150);
        assert_eq!(rules.reasons(&facts).len(), 5);
        assert!(rules.reasons(&facts).contains(&"flagged as Pneumothorax +100".to_owned()));
        let decided = Facts { flags: &flags[1..], ..facts };
        assert_eq!(rules.points(&decided), 40 + 150, "what is decided is not urgent any more");
        let kept = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<UrgencyRules>(&kept).unwrap(), rules);
    }
}
