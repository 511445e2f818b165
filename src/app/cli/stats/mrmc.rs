//! Readers, modalities and cases, from a table of one reading per line.

use serde_json::{Value, json};

use crate::app::cli::stats::arguments::{CovarianceChoice, MrmcArguments};
use crate::app::cli::stats::table::Table;
use crate::app::cli::stats::{StatsError, numbered, or_reason};
use crate::validation::mrmc::covariance::Merits;
use crate::validation::mrmc::obuchowski_rockette::{Components, Scope, analyze, reader_difference};
use crate::validation::mrmc::{Readings, bdg};

pub fn document(arguments: &MrmcArguments) -> Result<Value, StatsError> {
    let table = Table::read(&arguments.file)?;
    let (readers, reader_of) = numbered(&table.texts("reader")?);
    let (modalities, modality_of) = numbered(&table.texts("modality")?);
    let (cases, case_of) = numbered(&table.texts("case")?);
    let (truth_of, scores) = (table.truths("truth")?, table.numbers("score")?);
    let mut truth: Vec<Option<bool>> = vec![None; cases.len()];
    let mut ratings = vec![vec![vec![None; cases.len()]; readers.len()]; modalities.len()];
    for row in 0..table.n_rows() {
        let at = |list: &[usize]| list.get(row).copied().unwrap_or(0);
        let (case, said) = (at(&case_of), truth_of.get(row).copied());
        if let Some(known) = truth.get_mut(case) {
            if known.is_some() && *known != said {
                return Err(table
                    .complaint(row, "truth", "another line has another truth of this case".to_owned())
                    .into());
            }
            *known = said;
        }
        let place = ratings
            .get_mut(at(&modality_of))
            .and_then(|one| one.get_mut(at(&reader_of)))
            .and_then(|one| one.get_mut(case));
        if place.and_then(|place| std::mem::replace(place, scores.get(row).copied())).is_some() {
            return Err(table
                .complaint(row, "case", "this reader rated this case twice in this modality".to_owned())
                .into());
        }
    }
    let complete = |list: Vec<Option<f64>>, modality: &str, reader: &str| {
        let gap = list.iter().position(Option::is_none).and_then(|case| cases.get(case));
        match gap {
            Some(case) => Err(StatsError::Design(format!(
                "reader '{reader}' did not rate case '{case}' in modality '{modality}': the study must be fully crossed"
            ))),
            None => Ok(list.into_iter().flatten().collect::<Vec<f64>>()),
        }
    };
    let of_modality = |(lists, modality): (Vec<Vec<Option<f64>>>, &String)| {
        lists
            .into_iter()
            .zip(&readers)
            .map(|(list, reader)| complete(list, modality, reader))
            .collect::<Result<Vec<_>, _>>()
    };
    let ratings = ratings.into_iter().zip(&modalities).map(of_modality).collect::<Result<Vec<_>, _>>()?;
    if modalities.len() < 2 || readers.len() < 2 {
        return Err(StatsError::Design("a study needs two modalities and two readers".to_owned()));
    }
    let readings = Readings::new(truth.into_iter().flatten().collect(), ratings)?;
    analyzed(&readings, &readers, &modalities, arguments)
}

fn analyzed(
    readings: &Readings,
    readers: &[String],
    modalities: &[String],
    arguments: &MrmcArguments,
) -> Result<Value, StatsError> {
    let level = arguments.common.level;
    let merits = match arguments.covariance {
        CovarianceChoice::Delong => Merits::by_delong(readings)?,
        CovarianceChoice::Jackknife => Merits::auc_by_jackknife(readings)?,
        CovarianceChoice::Unbiased => Merits::by_u_statistics(readings)?,
    };
    let scopes = [Scope::RandomReadersRandomCases, Scope::FixedReadersRandomCases, Scope::RandomReadersFixedCases];
    let of_reader = |(name, reader): (&String, usize)| {
        let areas: Vec<f64> = (0..modalities.len()).map(|modality| merits.value(modality, reader)).collect();
        json!({ "reader": name, "areas": areas, "first_minus_second": reader_difference(&merits, reader, [0, 1], level) })
    };
    Ok(json!({
        "statistics": "mrmc",
        "n_cases": readings.truth().len(),
        "n_positive": readings.truth().iter().filter(|truth| **truth).count(),
        "figure_of_merit": merits.definition,
        "modalities": modalities,
        "readers": readers.iter().zip(0..).map(of_reader).collect::<Vec<_>>(),
        "components": Components::of(&merits),
        "analyses": scopes.map(|scope| analyze(&merits, scope, level)),
        "u_statistics": or_reason(bdg::analyze(readings, [0, 1], level)),
    }))
}
