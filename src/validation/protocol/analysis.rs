//! The figures of a reader study: each reader under each condition, the comparison beyond these readers and cases, what
//! the aid changed, how long it took, and the groups. Everything that is shown carries its n, interval and definition.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::reader_study::Recorded;
use crate::validation::accuracy::{Accuracy, Counts};
use crate::validation::estimate::{Count, Estimate, Undefined, or_reason};
use crate::validation::froc::WAFROC;
use crate::validation::mcnemar::{mcnemar, usual};
use crate::validation::mrmc::bdg::{self, Bdg};
use crate::validation::mrmc::covariance::Merits;
use crate::validation::mrmc::obuchowski_rockette::{Analysis, Scope, analyze};
use crate::validation::multiplicity::holm;
use crate::validation::proportion::{ProportionMethod, wilson};
use crate::validation::protocol::design::{Aid, Case, Protocol, Scale};
use crate::validation::protocol::readings::{Collected, Condition};
use crate::validation::resampling::quantile;
use crate::validation::roc::{self, AreaInterval, RocPoint};
use crate::validation::scores::Ranked;

/// Below so many positive or negative cases a group has no figure.
pub const MIN_GROUP_CASES: usize = 10;
/// Of the interval of all figures.
pub const LEVEL: f64 = 0.95;

#[derive(Clone, Debug, Serialize)]
pub struct StudyResult {
    pub protocol: String,
    pub lock: String,
    pub n_cases: usize,
    pub n_positive: usize,
    pub conditions: Vec<Condition>,
    /// Readers whose answers are complete: only theirs are compared.
    pub complete_readers: Vec<String>,
    pub readers: Vec<ReaderResult>,
    /// `None` with fewer than two conditions or complete readers.
    pub comparison: Option<Comparison>,
    pub changes: Vec<ChangeTable>,
    pub groups: Vec<GroupResult>,
    pub n_deviations: usize,
    pub n_under_other_locks: usize,
}

/// One reader under one condition.
#[derive(Clone, Debug, Serialize)]
pub struct ReaderResult {
    pub reader: String,
    pub condition: Condition,
    pub n_answered: usize,
    pub area: Estimate,
    pub accuracy: Option<Accuracy>,
    /// Of free marks.
    pub wafroc: Option<Estimate>,
    pub curve: Vec<RocPoint>,
    /// Seconds a case: lower quartile, median, upper quartile.
    pub seconds: Option<[f64; 3]>,
}

/// Two conditions beyond these readers and cases.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    pub figure_of_merit: &'static str,
    pub analyses: Vec<Analysis>,
    /// Of the first two conditions.
    #[serde(serialize_with = "or_reason")]
    pub u_statistics: Result<Bdg, Undefined>,
}

/// What a reader changed between without and with the aid, against what the model said.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeTable {
    pub reader: String,
    pub from: Condition,
    pub to: Condition,
    /// Wrong before, right after; right before, wrong after; right twice; wrong twice.
    pub to_right: usize,
    pub to_wrong: usize,
    pub stayed_right: usize,
    pub stayed_wrong: usize,
    /// p of McNemar's test that as many went one way as the other.
    pub p: Option<f64>,
    /// Holm's correction over the readers of the same two conditions.
    pub p_holm: Option<f64>,
    /// Where the model was wrong: share of right answers given up (automation bias). `None` without the model's scores.
    pub automation_bias: Option<Estimate>,
    /// Where the model was right: share of wrong answers mended.
    pub reliance: Option<Estimate>,
}

/// A figure within one group of cases, over all complete readers' answers.
#[derive(Clone, Debug, Serialize)]
pub struct GroupResult {
    pub group: String,
    pub value: String,
    pub condition: Condition,
    pub n_cases: usize,
    /// Readers' mean area; a reason where the group is too small.
    pub area: Estimate,
    pub note: &'static str,
}

/// All figures, from the protocol and the record alone.
pub fn result(protocol: &Protocol, record: &[Recorded]) -> StudyResult {
    let collected = Collected::of(protocol, record);
    let conditions = collected.conditions(protocol);
    let complete = collected.complete_readers(protocol, &conditions);
    let everyone = protocol.readers.iter().flat_map(|reader| conditions.iter().map(move |one| (reader, one)));
    let readers = everyone.filter_map(|(reader, one)| of_reader(protocol, &collected, one, &reader.name));
    StudyResult {
        protocol: protocol.id.clone(),
        lock: protocol.lock(),
        n_cases: protocol.rated_cases().count(),
        n_positive: protocol.rated_cases().filter(|case| case.is_positive).count(),
        readers: readers.collect(),
        comparison: comparison(protocol, &collected, &conditions, &complete),
        changes: changes(protocol, &collected, &conditions),
        groups: groups(protocol, &collected, &conditions, &complete),
        complete_readers: complete.iter().map(|reader| (*reader).to_owned()).collect(),
        n_deviations: collected.deviations.len(),
        n_under_other_locks: collected.n_under_other_locks,
        conditions,
    }
}

fn of_reader(protocol: &Protocol, collected: &Collected, condition: &Condition, reader: &str) -> Option<ReaderResult> {
    let answered: Vec<(&Case, f64, f64)> = protocol
        .rated_cases()
        .filter_map(|case| {
            let rating = collected.rating(protocol, condition, reader, &case.id)?;
            let seconds = collected.answer(condition, reader, &case.id)?.seconds;
            Some((case, rating, seconds))
        })
        .collect();
    if answered.is_empty() {
        return None;
    }
    let ratings: Vec<f64> = answered.iter().map(|(_, rating, _)| *rating).collect();
    let truth: Vec<bool> = answered.iter().map(|(case, ..)| case.is_positive).collect();
    let ranked = Ranked::of(&ratings, &truth);
    let count = Count { n: ratings.len(), of: "cases" };
    let area = match &ranked {
        Ok(ranked) => roc::auroc(ranked, AreaInterval::Normal, LEVEL),
        Err(why) => Estimate::bare(Err(*why), count, "area under the ROC curve"),
    };
    let calls: Vec<bool> = ratings.iter().map(|rating| *rating >= protocol.scale.positive_from()).collect();
    let accuracy = Counts::of(&calls, &truth).ok().map(|counts| counts.accuracy(ProportionMethod::Wilson, LEVEL));
    let is_marks = matches!(protocol.scale, Scale::Marks { .. });
    let wafroc = is_marks.then(|| match collected.froc_cases(protocol, condition, reader) {
        Ok(cases) => WAFROC.estimate(&cases, LEVEL),
        Err(why) => Estimate::bare(Err(why), count, "wAFROC"),
    });
    let mut seconds: Vec<f64> = answered.iter().map(|(.., seconds)| *seconds).filter(|one| one.is_finite()).collect();
    seconds.sort_by(f64::total_cmp);
    Some(ReaderResult {
        reader: reader.to_owned(),
        condition: condition.clone(),
        n_answered: answered.len(),
        area,
        accuracy,
        wafroc,
        curve: ranked.and_then(|ranked| roc::curve(&ranked)).unwrap_or_default(),
        seconds: (!seconds.is_empty()).then(|| [0.25, 0.5, 0.75].map(|fraction| quantile(&seconds, fraction))),
    })
}

fn comparison(
    protocol: &Protocol,
    collected: &Collected,
    conditions: &[Condition],
    readers: &[&str],
) -> Option<Comparison> {
    const SCOPES: [Scope; 3] =
        [Scope::RandomReadersRandomCases, Scope::FixedReadersRandomCases, Scope::RandomReadersFixedCases];
    if conditions.len() < 2 || readers.len() < 2 {
        return None;
    }
    let readings = collected.readings(protocol, conditions, readers).ok()?;
    let is_marks = matches!(protocol.scale, Scale::Marks { .. });
    let merits =
        if is_marks { froc_merits(protocol, collected, conditions, readers) } else { Merits::by_delong(&readings) };
    let merits = merits.ok()?;
    Some(Comparison {
        figure_of_merit: merits.definition,
        analyses: SCOPES.map(|scope| analyze(&merits, scope, LEVEL)).to_vec(),
        u_statistics: bdg::analyze(&readings, [0, 1], LEVEL),
    })
}

fn froc_merits(
    protocol: &Protocol,
    collected: &Collected,
    conditions: &[Condition],
    readers: &[&str],
) -> Result<Merits, Undefined> {
    let of = |condition: &Condition| {
        readers.iter().map(|reader| collected.froc_cases(protocol, condition, reader)).collect::<Result<Vec<_>, _>>()
    };
    let cases = conditions.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    let n_cases = protocol.rated_cases().count();
    let merit = |condition: usize, reader: usize, omitted| {
        let cases = cases.get(condition).and_then(|readers| readers.get(reader)).ok_or(Undefined::NoCases)?;
        WAFROC.value(cases, omitted)
    };
    let definition = "wAFROC; covariance by jackknife";
    Merits::by_jackknife([conditions.len(), readers.len()], n_cases, &|_| true, definition, &merit)
}

/// Pairs of conditions without and with the aid: first and second answer of one arm, and unaided against aided arms.
fn aided_pairs(protocol: &Protocol, conditions: &[Condition]) -> Vec<(Condition, Condition)> {
    let aid = |condition: &Condition| protocol.arm(&condition.arm).map(|arm| arm.aid);
    let is_unaided = |one: &Condition| one.is_first || aid(one) == Some(Aid::None);
    let mut pairs = Vec::new();
    for before in conditions.iter().filter(|one| is_unaided(one)) {
        for after in conditions.iter().filter(|one| !is_unaided(one)) {
            if !before.is_first || before.arm == after.arm {
                pairs.push((before.clone(), after.clone()));
            }
        }
    }
    pairs
}

fn changes(protocol: &Protocol, collected: &Collected, conditions: &[Condition]) -> Vec<ChangeTable> {
    let mut all = Vec::new();
    for (from, to) in aided_pairs(protocol, conditions) {
        let readers = protocol.readers.iter();
        let mut tables: Vec<ChangeTable> =
            readers.filter_map(|reader| change_table(protocol, collected, &reader.name, &from, &to)).collect();
        let p: Vec<f64> = tables.iter().filter_map(|table| table.p).collect();
        let mut corrected = holm(&p).into_iter();
        for table in tables.iter_mut().filter(|table| table.p.is_some()) {
            table.p_holm = corrected.next();
        }
        all.extend(tables);
    }
    all
}

fn change_table(
    protocol: &Protocol,
    collected: &Collected,
    reader: &str,
    from: &Condition,
    to: &Condition,
) -> Option<ChangeTable> {
    let threshold = protocol.scale.positive_from();
    // Right before, right after, and whether the model was right
    let answers: Vec<(bool, bool, Option<bool>)> = protocol
        .rated_cases()
        .filter_map(|case| {
            let right = |condition: &Condition| {
                let rating = collected.rating(protocol, condition, reader, &case.id)?;
                Some((rating >= threshold) == case.is_positive)
            };
            let model = case.model_score.map(|score| (score >= 0.5) == case.is_positive);
            Some((right(from)?, right(to)?, model))
        })
        .collect();
    if answers.is_empty() {
        return None;
    }
    let count = |before: bool, after: bool| answers.iter().filter(|one| (one.0, one.1) == (before, after)).count();
    let (to_right, to_wrong) = (count(false, true), count(true, false));
    let share = |model_right: bool, before: bool, definition: &'static str| {
        let at_stake: Vec<_> = answers.iter().filter(|one| one.2 == Some(model_right) && one.0 == before).collect();
        let n_switched = at_stake.iter().filter(|one| one.1 != before).count();
        let count = Count { n: at_stake.len(), of: "cases" };
        match at_stake.len() {
            0 => Estimate::bare(Err(Undefined::NoCases), count, definition),
            n => Estimate::new(Ok(n_switched as f64 / n as f64), Ok(wilson(n_switched, n, LEVEL)), count, definition),
        }
    };
    let knows_model = answers.iter().any(|one| one.2.is_some());
    Some(ChangeTable {
        reader: reader.to_owned(),
        from: from.clone(),
        to: to.clone(),
        to_right,
        to_wrong,
        stayed_right: count(true, true),
        stayed_wrong: count(false, false),
        p: mcnemar(to_right, to_wrong, usual(to_right, to_wrong)).ok().map(|test| test.p),
        p_holm: None,
        automation_bias: knows_model
            .then(|| share(false, true, "right answers given up where the model was wrong (automation bias)")),
        reliance: knows_model.then(|| share(true, false, "wrong answers mended where the model was right")),
    })
}

fn groups(protocol: &Protocol, collected: &Collected, conditions: &[Condition], readers: &[&str]) -> Vec<GroupResult> {
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (group, value) in protocol.rated_cases().flat_map(|case| &case.groups) {
        named.entry(group).or_default().insert(value);
    }
    let all = named.iter().flat_map(|(group, values)| values.iter().map(move |value| (*group, *value)));
    let all = all.flat_map(|(group, value)| conditions.iter().map(move |one| (group, value, one)));
    all.map(|(group, value, condition)| {
        let is_in = |case: &&Case| case.groups.get(group).is_some_and(|one| one == value);
        let cases: Vec<&Case> = protocol.rated_cases().filter(is_in).collect();
        GroupResult {
            group: group.to_owned(),
            value: value.to_owned(),
            condition: condition.clone(),
            n_cases: cases.len(),
            area: group_area(protocol, collected, condition, readers, &cases),
            note: "groups are not corrected for their number; intervals are of the readers' mean over these cases",
        }
    })
    .collect()
}

/// Readers' mean area over some cases, with the interval for fixed readers and random cases.
fn group_area(
    protocol: &Protocol,
    collected: &Collected,
    condition: &Condition,
    readers: &[&str],
    cases: &[&Case],
) -> Estimate {
    const DEFINITION: &str = "mean area under the ROC curve of the readers, within the group";
    let count = Count { n: cases.len(), of: "cases" };
    let truth: Vec<bool> = cases.iter().map(|case| case.is_positive).collect();
    let n_positive = truth.iter().filter(|truth| **truth).count();
    if n_positive < MIN_GROUP_CASES || truth.len() - n_positive < MIN_GROUP_CASES || readers.is_empty() {
        return Estimate::bare(Err(Undefined::TooFewCases), count, DEFINITION);
    }
    let placements = readers.iter().map(|reader| {
        let ratings = cases.iter().map(|case| collected.rating(protocol, condition, reader, &case.id));
        let ratings: Vec<f64> = ratings.collect::<Option<_>>().ok_or(Undefined::TooFewCases)?;
        roc::Placements::of(&ratings, &truth)
    });
    let placements = match placements.collect::<Result<Vec<_>, Undefined>>() {
        Ok(placements) => placements,
        Err(why) => return Estimate::bare(Err(why), count, DEFINITION),
    };
    let n = placements.len() as f64;
    let mean = placements.iter().map(roc::Placements::auc).sum::<f64>() / n;
    let pairs = placements.iter().flat_map(|a| placements.iter().map(move |b| a.covariance(b)));
    let variance = pairs.sum::<Option<f64>>().map(|sum| sum / (n * n));
    let interval = variance.filter(|variance| *variance > 0.0).ok_or(Undefined::NoVariation).map(|variance| {
        let reach = crate::validation::special::normal_reach(LEVEL) * variance.sqrt();
        let method = "DeLong, readers fixed";
        crate::validation::estimate::Interval { low: mean - reach, high: mean + reach, level: LEVEL, method }
            .within(0.0, 1.0)
    });
    Estimate::new(Ok(mean), interval, count, DEFINITION)
}
