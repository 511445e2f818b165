//! From the record of the sessions to one answer per reader, arm and case.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::reader_study::{CaseAnswer, Recorded, SessionEntry};
use crate::validation::estimate::Undefined;
use crate::validation::froc::{FrocCase, Mark};
use crate::validation::mrmc::Readings;
use crate::validation::protocol::design::{Case, Localization, Protocol, Scale};

/// Which answer of a case: that of an arm, or the first one of an arm with a second reading.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Condition {
    pub arm: String,
    /// Before the aid.
    pub is_first: bool,
}

/// Everything that was answered, and what did not go as planned.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// By condition, reader and case.
    answers: BTreeMap<(Condition, String, String), CaseAnswer>,
    pub deviations: Vec<Recorded>,
    /// Entries made under another lock than the one in force, and not covered by an amendment.
    pub n_under_other_locks: usize,
}

impl Collected {
    /// Of the rated cases; where a case was answered twice, the later answer counts.
    pub fn of(protocol: &Protocol, record: &[Recorded]) -> Self {
        let mut collected = Self::default();
        let lock = protocol.lock();
        let is_known = |found: &str| found == lock || protocol.amendments.iter().any(|one| one.of == found);
        for one in record.iter().filter(|one| one.protocol == protocol.id) {
            if !is_known(&one.lock) {
                collected.n_under_other_locks += 1;
                continue;
            }
            let (case, answer, is_first) = match &one.entry {
                SessionEntry::AnsweredFirst { case, answer } => (case, answer, true),
                SessionEntry::Answered { case, answer } => (case, answer, false),
                SessionEntry::Deviated { .. } => {
                    collected.deviations.push(one.clone());
                    continue;
                }
                _ => continue,
            };
            let is_rated = protocol.case(case).is_some_and(|case| !case.is_practice);
            if is_rated && protocol.arm(&one.arm).is_some() && protocol.reader_index(&one.reader).is_some() {
                let condition = Condition { arm: one.arm.clone(), is_first };
                collected.answers.insert((condition, one.reader.clone(), case.clone()), answer.clone());
            }
        }
        collected
    }

    /// In the protocol's order of arms, a first answer before its second.
    pub fn conditions(&self, protocol: &Protocol) -> Vec<Condition> {
        let all = protocol
            .arms
            .iter()
            .flat_map(|arm| [true, false].map(|is_first| Condition { arm: arm.id.clone(), is_first }));
        all.filter(|condition| self.answers.keys().any(|(one, ..)| one == condition)).collect()
    }

    pub fn answer(&self, condition: &Condition, reader: &str, case: &str) -> Option<&CaseAnswer> {
        self.answers.get(&(condition.clone(), reader.to_owned(), case.to_owned()))
    }

    /// Readers who answered every rated case under each of the conditions, in the protocol's order.
    pub fn complete_readers<'p>(&self, protocol: &'p Protocol, conditions: &[Condition]) -> Vec<&'p str> {
        let is_complete = |reader: &&str| {
            let mut cases = protocol.rated_cases();
            cases.all(|case| conditions.iter().all(|one| self.answer(one, reader, &case.id).is_some()))
        };
        protocol.readers.iter().map(|reader| reader.name.as_str()).filter(is_complete).collect()
    }

    /// The rating of a case as a number; of free marks the highest, and the scale's least without any.
    pub fn rating(&self, protocol: &Protocol, condition: &Condition, reader: &str, case: &str) -> Option<f64> {
        let answer = self.answer(condition, reader, case)?;
        let [least, _] = protocol.scale.range();
        match protocol.scale {
            Scale::Marks { .. } => Some(answer.marks.iter().map(|mark| mark.rating).fold(least, f64::max)),
            Scale::Percent { .. } | Scale::Ordered { .. } => answer.rating,
        }
    }

    /// Fully crossed ratings of these readers under these conditions.
    pub fn readings(
        &self,
        protocol: &Protocol,
        conditions: &[Condition],
        readers: &[&str],
    ) -> Result<Readings, Undefined> {
        let cases: Vec<&Case> = protocol.rated_cases().collect();
        let of_reader = |condition: &Condition, reader: &str| {
            cases.iter().map(|case| self.rating(protocol, condition, reader, &case.id)).collect::<Option<Vec<f64>>>()
        };
        let of_condition = |condition: &Condition| {
            readers.iter().map(|reader| of_reader(condition, reader)).collect::<Option<Vec<_>>>()
        };
        let ratings = conditions.iter().map(of_condition).collect::<Option<Vec<_>>>().ok_or(Undefined::TooFewCases)?;
        Readings::new(cases.iter().map(|case| case.is_positive).collect(), ratings)
    }

    /// Free-response cases of one reader under one condition, marks assigned to lesions by the protocol's rule.
    pub fn froc_cases(
        &self,
        protocol: &Protocol,
        condition: &Condition,
        reader: &str,
    ) -> Result<Vec<FrocCase>, Undefined> {
        let rule = protocol.localization.as_ref().ok_or(Undefined::OutOfRange)?;
        let of_case = |case: &Case| {
            let answer = self.answer(condition, reader, &case.id).ok_or(Undefined::TooFewCases)?;
            let marks = answer.marks.iter().map(|mark| Mark { rating: mark.rating, lesion: hit(case, rule, mark.at) });
            FrocCase::new(case.lesions.len(), marks.collect())
        };
        protocol.rated_cases().map(of_case).collect()
    }
}

impl Collected {
    /// Each mark's lesion, where it hits one, and its rating.
    pub fn marks_with_hits(
        &self,
        protocol: &Protocol,
        condition: &Condition,
        reader: &str,
        case: &Case,
    ) -> Vec<(Option<usize>, f64)> {
        let Some((rule, answer)) = protocol.localization.as_ref().zip(self.answer(condition, reader, &case.id)) else {
            return Vec::new();
        };
        answer.marks.iter().map(|mark| (hit(case, rule, mark.at), mark.rating)).collect()
    }
}

/// The nearest lesion whose reach holds the mark.
fn hit(case: &Case, rule: &Localization, at: [f64; 3]) -> Option<usize> {
    let distance = |center: [f64; 3]| {
        let squares = at.iter().zip(center).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let reached = case.lesions.iter().enumerate().filter_map(|(index, lesion)| {
        let far = distance(lesion.center);
        let reach = match rule {
            Localization::Distance { within } => *within,
            Localization::Radius { at_least } => lesion.radius.max(*at_least),
        };
        (far <= reach).then_some((index, far))
    });
    reached.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
}
