//! Earlier studies of the same patient.

use std::sync::Arc;

use crate::domain::study::Study;
use crate::ui::viewport::identity::is_same_person;

/// Earlier studies of the patient on the worklist, the latest first.
pub fn priors_of<'a>(studies: &'a [Arc<Study>], study: &Study) -> Vec<&'a Arc<Study>> {
    let moment = |study: &Study| (study.date.clone(), study.time.clone());
    let is_prior = |other: &&Arc<Study>| {
        other.uid != study.uid
            && is_same_person(&other.patient, &study.patient)
            && !other.date.is_empty()
            && moment(other) < moment(study)
    };
    let mut priors: Vec<&Arc<Study>> = studies.iter().filter(is_prior).collect();
    priors.sort_by_key(|study| std::cmp::Reverse(moment(study)));
    priors
}

/// The latest prior of the same modality, one of the same body part before others.
pub fn prior_of<'a>(studies: &'a [Arc<Study>], study: &Study) -> Option<&'a Arc<Study>> {
    let shares = |other: &Study, word: &dyn Fn(&Study, usize) -> String| {
        let all = |study: &Study| (0..study.series.len()).map(|index| word(study, index)).collect::<Vec<_>>();
        let own = all(study);
        all(other).iter().any(|word| own.contains(word))
    };
    let modality = |study: &Study, index: usize| kind_of(&study.series[index].modality.0).to_owned();
    let body_part = |study: &Study, index: usize| study.series[index].body_part.to_uppercase();
    let alike: Vec<_> = priors_of(studies, study).into_iter().filter(|other| shares(other, &modality)).collect();
    let of_same_part = alike.iter().find(|other| shares(other, &body_part));
    of_same_part.or_else(|| alike.first()).copied()
}

/// Projection radiography goes by several names.
fn kind_of(modality: &str) -> &str {
    match modality {
        "CR" | "DX" | "DR" | "RG" => "DX",
        other => other,
    }
}
