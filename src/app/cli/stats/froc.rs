//! Free response: cases with their number of lesions, and the marks on them.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::app::cli::stats::arguments::FrocArguments;
use crate::app::cli::stats::table::Table;
use crate::app::cli::stats::{StatsError, or_reason};
use crate::validation::estimate::{Count, Estimate};
use crate::validation::froc::{
    AFROC, FalseAlarms, FrocCase, FrocMerit, LUNA_RATES, LesionWeight, Mark, WAFROC, competition_metric, curve,
    sensitivity_at,
};

/// A chest holds fewer.
const MOST_LESIONS: u32 = 10_000;

pub fn document(arguments: &FrocArguments) -> Result<Value, StatsError> {
    let cases = read(arguments)?;
    let level = arguments.common.level;
    let points = curve(&cases);
    let metric = points.as_deref().map(competition_metric).map_err(|why| *why);
    let count = Count { n: cases.len(), of: "cases" };
    let at_rates = points.as_deref().map(|points| {
        LUNA_RATES.map(|rate| json!({ "false_marks_per_case": rate, "lesion_fraction": sensitivity_at(points, rate) }))
    });
    let all = |weight| FrocMerit { false_alarms: FalseAlarms::AllCases, weight }.estimate(&cases, level);
    Ok(json!({
        "statistics": "froc",
        "n_cases": cases.len(),
        "n_lesions": cases.iter().map(FrocCase::n_lesions).sum::<usize>(),
        "afroc": AFROC.estimate(&cases, level),
        "wafroc": WAFROC.estimate(&cases, level),
        "afroc1": all(LesionWeight::Alike),
        "wafroc1": all(LesionWeight::ByCase),
        "competition_metric": Estimate::bare(metric, count, "mean lesion fraction at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false marks per case"),
        "at_rates": or_reason(at_rates.map_err(|why| *why)),
        "froc": or_reason(points.as_deref().map_err(|why| *why)),
    }))
}

fn read(arguments: &FrocArguments) -> Result<Vec<FrocCase>, StatsError> {
    let cases = Table::read(&arguments.cases)?;
    let names = cases.texts("case")?;
    let lesions = cases.parsed("lesions", |text| match text.parse::<u32>() {
        Ok(n) if n <= MOST_LESIONS => Ok(n as usize),
        _ => Err(format!("'{text}' is no number of lesions")),
    })?;
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (row, name) in names.iter().enumerate() {
        if places.insert(name, row).is_some() {
            return Err(cases.complaint(row, "case", "this case stands on another line too".to_owned()).into());
        }
    }
    let table = Table::read(&arguments.marks)?;
    let ratings = table.numbers("rating")?;
    let hits = table.parsed("lesion", |text| match text.parse::<usize>() {
        _ if text.is_empty() => Ok(None),
        Ok(lesion) if lesion > 0 => Ok(Some(lesion - 1)),
        _ => Err(format!("'{text}' is no lesion; they count from 1, and empty is none")),
    })?;
    let mut marks: Vec<Vec<Mark>> = vec![Vec::new(); names.len()];
    for (row, ((name, rating), lesion)) in table.texts("case")?.iter().zip(ratings).zip(hits).enumerate() {
        let Some(place) = places.get(name) else {
            return Err(table.complaint(row, "case", "there is no such case".to_owned()).into());
        };
        let n_lesions = lesions.get(*place).copied().unwrap_or(0);
        if lesion.is_some_and(|lesion| lesion >= n_lesions) {
            return Err(table.complaint(row, "lesion", format!("the case has {n_lesions} lesions")).into());
        }
        if let Some(own) = marks.get_mut(*place) {
            own.push(Mark { rating, lesion });
        }
    }
    Ok(lesions.into_iter().zip(marks).map(|(n, marks)| FrocCase::new(n, marks)).collect::<Result<Vec<_>, _>>()?)
}
