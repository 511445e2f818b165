//! ROC, its area, comparisons, precision and recall.

use overread::validation::estimate::Undefined;
use overread::validation::precision_recall;
use overread::validation::roc::{self, AreaInterval, Placements};
use overread::validation::scores::Ranked;

use crate::validation::{frozen, near, numbers, printed, printed_interval, reference, truths};

/// Truth, then the three scores.
fn subarachnoid() -> Option<(Vec<bool>, [Vec<f64>; 3])> {
    let rows = reference("asah.csv")?;
    let column = |at: usize| rows.iter().map(|row| row[at].parse().unwrap()).collect::<Vec<f64>>();
    Some((rows.iter().map(|row| row[0] == "Poor").collect(), [column(1), column(2), column(3)]))
}

#[test]
fn areas_of_the_published_study_are_those_of_proc() {
    let Some((truth, scores)) = subarachnoid() else { return };
    let published = [
        ("0.823678861789", "0.001469914708824", "0.748534887819", "0.898822835758", "0.680337"),
        ("0.731368563686", "0.002668682457172", "0.630118211762", "0.832618915610", "0.685621"),
        ("0.611957994580", "0.003190810549391", "0.501244999272", "0.722670989888", "0.486249"),
    ];
    for (scores, (auc, variance, low, high, precision)) in scores.iter().zip(published) {
        let ranked = Ranked::of(scores, &truth).unwrap();
        let area = roc::area(&ranked).unwrap();
        printed(area.auc, auc);
        printed(area.variance.unwrap(), variance);
        printed_interval(&roc::auroc(&ranked, AreaInterval::Normal, 0.95), low, high);
        printed(precision_recall::average_precision(&ranked).unwrap(), precision);
        let placements = Placements::of(scores, &truth).unwrap();
        near(placements.auc(), area.auc, 1e-14);
        near(placements.covariance(&placements).unwrap(), area.variance.unwrap(), 1e-12);
    }
    let [wfns, s100b, ndka] = scores.each_ref().map(|scores| Placements::of(scores, &truth).unwrap());
    printed(wfns.covariance(&ndka).unwrap(), "-0.000532967856762");
    printed(ndka.covariance(&s100b).unwrap(), "-0.000756164938057");
    printed(s100b.covariance(&wfns).unwrap(), "0.001196155673768");
    printed(roc::partial_area(&Ranked::of(&scores[1], &truth).unwrap(), 0.9, 0.99).unwrap(), "0.02983");
}

#[test]
fn comparisons_of_the_published_study_are_those_of_proc() {
    let Some((truth, [wfns, s100b, ndka])) = subarachnoid() else { return };
    let check = |a: &[f64], b: &[f64], z: &str, p: &str| {
        let found = roc::compare_paired(a, b, &truth, 0.95);
        printed(found.test.unwrap().statistic, z);
        printed(found.test.unwrap().p, p);
        found.difference
    };
    let first = check(&wfns, &s100b, "2.20898359144", "0.0271757822292");
    printed_interval(&first, "0.0104061769565", "0.174214419249");
    let second = check(&wfns, &ndka, "2.79777591869", "0.00514557970691");
    printed_interval(&second, "0.0634011709", "0.3600405635");
    check(&ndka, &s100b, "-1.39077002574", "0.164295175223");
    let area = |scores: &[f64]| roc::area(&Ranked::of(scores, &truth).unwrap()).unwrap();
    let unpaired = roc::compare_unpaired(&area(&wfns), &area(&s100b), 0.95).test.unwrap();
    printed(unpaired.statistic, "1.43490640927");
    printed(unpaired.p, "0.152825378809");
}

#[test]
fn scores_with_many_ties_agree_with_scikit_learn_and_a_direct_count() {
    let cases = frozen("ranking.json");
    for case in cases.as_array().unwrap() {
        let (truth, scores, second) = (truths(&case["truth"]), numbers(&case["scores"]), numbers(&case["second"]));
        let ranked = Ranked::of(&scores, &truth).unwrap();
        let area = roc::area(&ranked).unwrap();
        near(area.auc, case["auc"].as_f64().unwrap(), 1e-12);
        near(area.variance.unwrap(), case["variance"].as_f64().unwrap(), 1e-11);
        near(precision_recall::average_precision(&ranked).unwrap(), case["average_precision"].as_f64().unwrap(), 1e-12);
        near(roc::partial_area(&ranked, 0.8, 1.0).unwrap(), case["partial"].as_f64().unwrap(), 1e-11);
        let logit = roc::auroc(&ranked, AreaInterval::Logit, 0.95).interval.unwrap();
        near(logit.low, case["logit"][0].as_f64().unwrap(), 1e-11);
        near(logit.high, case["logit"][1].as_f64().unwrap(), 1e-11);
        let compared = roc::compare_paired(&scores, &second, &truth, 0.95).test.unwrap();
        near(compared.statistic, case["paired_z"].as_f64().unwrap(), 1e-9);
        near(compared.p, case["paired_p"].as_f64().unwrap(), 1e-9);
        let points = roc::curve(&ranked).unwrap();
        let (rates, sensitivities) = (numbers(&case["fpr"]), numbers(&case["tpr"]));
        assert_eq!(points.len(), rates.len());
        for ((point, rate), sensitivity) in points.iter().zip(rates).zip(sensitivities) {
            near(point.false_positive_rate, rate, 1e-13);
            near(point.sensitivity, sensitivity, 1e-13);
        }
    }
}

#[test]
fn small_examples_have_their_known_values() {
    let ranked = Ranked::of(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]).unwrap();
    printed(roc::area(&ranked).unwrap().auc, "0.75");
    printed(precision_recall::average_precision(&ranked).unwrap(), "0.8333333");
}

#[test]
fn one_class_ties_only_and_what_is_no_number_have_reasons() {
    let of = |scores: &[f64], truth: &[bool]| {
        Ranked::of(scores, truth).map(|ranked| roc::auroc(&ranked, AreaInterval::Normal, 0.95))
    };
    assert_eq!(of(&[1.0, 2.0], &[true, true]).unwrap().value, Err(Undefined::NoNegatives));
    assert_eq!(of(&[1.0, 2.0], &[false, false]).unwrap().value, Err(Undefined::NoPositives));
    assert_eq!(of(&[], &[]).unwrap().value, Err(Undefined::NoCases));
    assert_eq!(of(&[f64::NAN, 1.0], &[true, false]), Err(Undefined::NotANumber));
    assert_eq!(of(&[1.0], &[true, false]), Err(Undefined::LengthsDiffer));
    let ties = of(&[3.0; 6], &[true, true, true, false, false, false]).unwrap();
    assert_eq!((ties.value, ties.interval), (Ok(0.5), Err(Undefined::NoVariation)));
    let apart = of(&[1.0, 2.0, 3.0, 4.0], &[false, false, true, true]).unwrap();
    assert_eq!((apart.value, apart.interval), (Ok(1.0), Err(Undefined::NoVariation)));
    let alone = of(&[1.0, 2.0], &[false, true]).unwrap();
    assert_eq!((alone.value, alone.interval), (Ok(1.0), Err(Undefined::TooFewCases)));
    let same = roc::compare_paired(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0], &[false, true, false, true], 0.95);
    assert_eq!(same.test, Err(Undefined::NoVariation));
    assert_eq!(same.difference.value, Ok(0.0));
    let infinite = of(&[f64::NEG_INFINITY, 1.0, f64::INFINITY], &[false, false, true]).unwrap();
    assert_eq!(infinite.value, Ok(1.0));
    let none = Ranked::of(&[1.0], &[false]).unwrap();
    assert_eq!(precision_recall::average_precision(&none), Err(Undefined::NoPositives));
}
