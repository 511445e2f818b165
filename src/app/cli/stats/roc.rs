//! ROC of every score column, and the columns compared.

use serde_json::{Value, json};

use crate::app::cli::stats::arguments::RocArguments;
use crate::app::cli::stats::table::Table;
use crate::app::cli::stats::{StatsError, or_reason, patients, plan};
use crate::validation::accuracy::Counts;
use crate::validation::estimate::{Estimate, Undefined};
use crate::validation::multiplicity::{benjamini_hochberg, holm};
use crate::validation::precision_recall;
use crate::validation::proportion::ProportionMethod;
use crate::validation::resampling::{AreaBootstrap, BootstrapPlan, Patients, bootstrap};
use crate::validation::roc::{self, AreaInterval};
use crate::validation::scores::Ranked;

/// Columns that are no scores.
const NOT_SCORES: [&str; 3] = ["truth", "case", "patient"];

struct Column {
    name: String,
    scores: Vec<f64>,
}

pub fn document(arguments: &RocArguments) -> Result<Value, StatsError> {
    let table = Table::read(&arguments.file)?;
    let truth = table.truths("truth")?;
    let names = table.header().iter().filter(|name| !NOT_SCORES.contains(&name.as_str()));
    let columns = names.map(|name| Ok(Column { name: name.clone(), scores: table.numbers(name)? }));
    let columns = columns.collect::<Result<Vec<Column>, StatsError>>()?;
    if columns.is_empty() {
        return Err(StatsError::Design("there is no column with scores beside 'truth'".to_owned()));
    }
    let level = arguments.common.level;
    let (patients, plan) = (patients(&table, &truth)?, plan(&arguments.bootstrap, level));
    let scores = columns.iter().map(|column| one(column, &truth, &patients, &plan, arguments));
    Ok(json!({
        "statistics": "roc",
        "n": truth.len(),
        "n_positive": truth.iter().filter(|truth| **truth).count(),
        "n_patients": patients.n(),
        "bootstrap": plan,
        "scores": scores.collect::<Result<Vec<_>, _>>()?,
        "comparisons": comparisons(&columns, &truth, level),
    }))
}

fn one(
    column: &Column,
    truth: &[bool],
    patients: &Patients,
    plan: &BootstrapPlan,
    arguments: &RocArguments,
) -> Result<Value, StatsError> {
    let ranked = Ranked::of(&column.scores, truth)?;
    let area = roc::auroc(&ranked, AreaInterval::Normal, plan.level);
    let drawn = AreaBootstrap::new(&column.scores, truth, patients)?.interval(plan);
    let of_cases = |cases: &[usize]| {
        let pick = |at: &usize| Some((*column.scores.get(*at)?, *truth.get(*at)?));
        let (scores, truth): (Vec<f64>, Vec<bool>) = cases.iter().filter_map(pick).unzip();
        precision_recall::average_precision(&Ranked::of(&scores, &truth)?)
    };
    let precision = precision_recall::auprc(&ranked);
    let precision =
        Estimate::new(precision.value, bootstrap(patients, plan, &of_cases), precision.count, precision.definition);
    let threshold = arguments.threshold.map(|threshold| {
        let calls: Vec<bool> = column.scores.iter().map(|score| *score >= threshold).collect();
        let counts = Counts::of(&calls, truth)?;
        let figures = counts.accuracy(ProportionMethod::Wilson, plan.level);
        Ok::<Value, Undefined>(
            json!({ "threshold": threshold, "figures": figures, "mcc": counts.matthews_correlation() }),
        )
    });
    Ok(json!({
        "column": column.name,
        "auroc": area,
        "auroc_logit_interval": or_reason(roc::auroc(&ranked, AreaInterval::Logit, plan.level).interval),
        "auroc_bootstrap_interval": or_reason(drawn),
        "average_precision": precision,
        "at_threshold": threshold.transpose()?,
        "roc": or_reason(roc::curve(&ranked)),
        "precision_recall": or_reason(precision_recall::curve(&ranked)),
    }))
}

/// Every pair, with p-values adjusted for their number.
fn comparisons(columns: &[Column], truth: &[bool], level: f64) -> Vec<Value> {
    let pairs = columns.iter().enumerate().flat_map(|(at, a)| columns.iter().skip(at + 1).map(move |b| (a, b)));
    let compared: Vec<_> =
        pairs.map(|(a, b)| (a, b, roc::compare_paired(&a.scores, &b.scores, truth, level))).collect();
    let p: Vec<f64> = compared.iter().filter_map(|(_, _, one)| one.test.ok()).map(|test| test.p).collect();
    let mut adjusted = holm(&p).into_iter().zip(benjamini_hochberg(&p));
    let document = |(a, b, one): &(&Column, &Column, roc::AreaComparison)| {
        let (holm, benjamini_hochberg) = if one.test.is_ok() { adjusted.next().unzip() } else { (None, None) };
        json!({
            "first": a.name, "second": b.name, "comparison": one,
            "p_holm": holm, "p_benjamini_hochberg": benjamini_hochberg,
        })
    };
    compared.iter().map(document).collect()
}
