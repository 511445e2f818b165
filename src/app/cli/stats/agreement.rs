//! Raters' agreement: every column but `case` is a rater.

use serde_json::{Map, Value, json};

use crate::app::cli::stats::arguments::{AgreementArguments, ScaleChoice};
use crate::app::cli::stats::table::Table;
use crate::app::cli::stats::{StatsError, numbered, or_reason};
use crate::validation::agreement::bland_altman::{LimitReach, bland_altman};
use crate::validation::agreement::icc::icc;
use crate::validation::agreement::kappa::{CrossTable, Weights};
use crate::validation::agreement::krippendorff::{Metric, alpha};
use crate::validation::agreement::many_raters::Choices;
use crate::validation::mcnemar::{mcnemar, usual};

/// By rater, then case.
type Ratings = Vec<Vec<Option<f64>>>;

pub fn document(arguments: &AgreementArguments) -> Result<Value, StatsError> {
    let table = Table::read(&arguments.file)?;
    let raters: Vec<&String> = table.header().iter().filter(|name| *name != "case").collect();
    if raters.len() < 2 {
        return Err(StatsError::Design("there must be a column for each of two or more raters".to_owned()));
    }
    let level = arguments.common.level;
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("statistics", json!("agreement"));
    put("raters", json!(raters));
    put("n", json!(table.n_rows()));
    let (categories, ratings) = read(&table, &raters, arguments.scale)?;
    let metrics: &[(&str, Metric)] = match arguments.scale {
        ScaleChoice::Nominal => &[("nominal", Metric::Nominal)],
        ScaleChoice::Ordinal => &[("nominal", Metric::Nominal), ("ordinal", Metric::Ordinal)],
        ScaleChoice::Interval => &[("interval", Metric::Interval)],
    };
    let units: Vec<Vec<f64>> = (0..table.n_rows())
        .map(|case| ratings.iter().filter_map(|one| one.get(case).copied().flatten()).collect())
        .collect();
    let alphas: Map<String, Value> =
        metrics.iter().map(|(name, metric)| ((*name).to_owned(), json!(alpha(&units, *metric, level)))).collect();
    put("krippendorff_alpha", Value::Object(alphas));
    let complete: Vec<&Vec<f64>> = units.iter().filter(|unit| unit.len() == raters.len()).collect();
    put("n_complete", json!(complete.len()));
    if arguments.scale == ScaleChoice::Interval {
        let rows: Vec<Vec<f64>> = complete.iter().map(|unit| (*unit).clone()).collect();
        put("icc", or_reason(icc(&rows, level)));
        if raters.len() == 2 {
            let (first, second): (Vec<f64>, Vec<f64>) =
                rows.iter().filter_map(|row| Some((*row.first()?, *row.get(1)?))).unzip();
            put("bland_altman", or_reason(bland_altman(&first, &second, LimitReach::Normal95, level)));
        }
        return Ok(Value::Object(document));
    }
    put("categories", json!(categories));
    let place = |value: f64| {
        categories.iter().position(|one| *one == category(value, &categories, arguments.scale)).unwrap_or(0)
    };
    let counted = |unit: &Vec<f64>| {
        let mut row = vec![0; categories.len()];
        unit.iter().for_each(|value| {
            if let Some(count) = row.get_mut(place(*value)) {
                *count += 1;
            }
        });
        row
    };
    let choices = Choices::new(units.iter().filter(|unit| unit.len() > 1).map(counted).collect());
    put("fleiss_kappa", or_reason(choices.as_ref().map(|choices| choices.fleiss(level)).map_err(|why| *why)));
    put("gwet_ac1", or_reason(choices.as_ref().map(|choices| choices.ac1(level)).map_err(|why| *why)));
    if raters.len() == 2 {
        let (first, second): (Vec<usize>, Vec<usize>) =
            complete.iter().filter_map(|unit| Some((place(*unit.first()?), place(*unit.get(1)?)))).unzip();
        let cross = CrossTable::of(&first, &second, categories.len())?;
        put("cohen_kappa", json!(cross.kappa(Weights::Nominal, level)));
        if arguments.scale == ScaleChoice::Ordinal {
            put("cohen_kappa_linear", json!(cross.kappa(Weights::Linear, level)));
            put("cohen_kappa_quadratic", json!(cross.kappa(Weights::Quadratic, level)));
        }
        if let Some([_, only_first, only_second, _]) = cross.pairs() {
            put("mcnemar", or_reason(mcnemar(only_first, only_second, usual(only_first, only_second))));
        }
    }
    Ok(Value::Object(document))
}

/// The categories by name, in order, and everybody's ratings: of a nominal scale the places among the categories.
fn read(table: &Table, raters: &[&String], scale: ScaleChoice) -> Result<(Vec<String>, Ratings), StatsError> {
    if scale != ScaleChoice::Nominal {
        let ratings = raters.iter().map(|name| table.optional_numbers(name)).collect::<Result<Ratings, _>>()?;
        let mut values: Vec<f64> = ratings.iter().flatten().flatten().copied().collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        return Ok((values.iter().map(f64::to_string).collect(), ratings));
    }
    let columns = raters.iter().map(|name| table.texts(name)).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<&str> = columns.iter().flatten().copied().filter(|text| !text.is_empty()).collect();
    let (categories, _) = numbered(&all);
    let place = |text: &&str| categories.iter().position(|one| one == text).map(|at| at as f64);
    let ratings = columns.iter().map(|column| column.iter().map(place).collect()).collect();
    Ok((categories, ratings))
}

/// The category's name of a rating as `read` gave it.
fn category(value: f64, categories: &[String], scale: ScaleChoice) -> String {
    match scale {
        ScaleChoice::Nominal => categories.get(value as usize).cloned().unwrap_or_default(),
        ScaleChoice::Ordinal | ScaleChoice::Interval => value.to_string(),
    }
}
