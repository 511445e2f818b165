//! Probabilities: Brier score, binned errors, recalibration, net benefit; and the bootstrap.

use overread::validation::calibration::{Bins, Predictions};
use overread::validation::decision_curve;
use overread::validation::estimate::Undefined;
use overread::validation::precision_recall::average_precision;
use overread::validation::resampling::{
    AreaBootstrap, BootstrapInterval, BootstrapPlan, Patients, bootstrap, jackknife, percentile_interval, replicates,
};
use overread::validation::roc;
use overread::validation::scores::Ranked;

use crate::validation::{frozen, near, numbers, printed, truths};

fn predictions(p: &[f64], y: &[u8]) -> Predictions {
    Predictions::new(p.to_vec(), y.iter().map(|y| *y == 1).collect()).unwrap()
}

#[test]
fn small_examples_have_their_known_values() {
    printed(predictions(&[0.1, 0.9, 0.8, 0.3], &[0, 1, 1, 0]).brier_value(), "0.0375");
    let ten =
        predictions(&[0.05, 0.15, 0.15, 0.35, 0.35, 0.65, 0.65, 0.85, 0.95, 0.95], &[0, 0, 1, 0, 1, 1, 0, 1, 1, 1]);
    let [expected, most] = ten.errors(Bins::EqualWidth(10));
    printed(expected, "0.16");
    printed(most, "0.35");
}

#[test]
fn calibration_agrees_with_independent_programs() {
    let case = frozen("calibration.json");
    let truth = truths(&case["truth"]);
    let found = Predictions::new(numbers(&case["p"]), truth.clone()).unwrap();
    let value = |key: &str| case[key].as_f64().unwrap();
    near(found.brier_value(), value("brier"), 1e-12);
    let parts = found.murphy();
    near(parts.reliability - parts.resolution + parts.uncertainty, value("brier"), 1e-12);
    near(found.errors(Bins::EqualWidth(10))[0], value("ece10"), 1e-12);
    near(found.errors(Bins::EqualWidth(10))[1], value("mce10"), 1e-12);
    near(found.errors(Bins::EqualCount(8))[0], value("ece_adaptive8"), 1e-12);
    let curve = found.reliability(Bins::EqualWidth(10), 0.95);
    curve.iter().zip(numbers(&case["curve_true"])).for_each(|(bin, y)| near(bin.observed, y, 1e-12));
    curve.iter().zip(numbers(&case["curve_pred"])).for_each(|(bin, x)| near(bin.mean_probability, x, 1e-12));
    let recalibration = found.recalibration(0.95).unwrap();
    for (estimate, key) in [(&recalibration.intercept, "intercept"), (&recalibration.slope, "slope")] {
        let expected = numbers(&case[key]);
        near(estimate.value.unwrap(), expected[0], 1e-8);
        near(estimate.interval.unwrap().low, expected[1], 1e-7);
        near(estimate.interval.unwrap().high, expected[2], 1e-7);
    }
    near(found.spiegelhalter().unwrap().statistic, value("spiegelhalter"), 1e-11);
    let points = decision_curve::curve(&numbers(&case["p"]), &truth, &[0.1, 0.25, 0.5, 0.8]).unwrap();
    points.iter().zip(numbers(&case["net_benefit"])).for_each(|(point, y)| near(point.net_benefit, y, 1e-12));
}

#[test]
fn the_band_of_the_reliability_curve_holds_it() {
    let case = frozen("calibration.json");
    let truth = truths(&case["truth"]);
    let found = Predictions::new(numbers(&case["p"]), truth.clone()).unwrap();
    let plan = BootstrapPlan { n_replicates: 200, ..BootstrapPlan::default() };
    let patients = Patients::one_case_each(&truth);
    let curve = found.reliability(Bins::EqualWidth(5), 0.95);
    let at: Vec<f64> = curve.iter().map(|bin| bin.mean_probability).collect();
    for (band, bin) in found.band(Bins::EqualWidth(5), &at, &patients, &plan).into_iter().zip(&curve) {
        let band = band.unwrap();
        assert!(band.low <= bin.observed && bin.observed <= band.high, "{band:?} {bin:?}");
    }
    let brier = found.brier(&patients, &plan);
    assert!(brier.interval.unwrap().low < brier.value.unwrap());
    let error = found.expected_error(Bins::EqualWidth(10), &patients, &plan);
    let (interval, value) = (error.interval.unwrap(), error.value.unwrap());
    assert!(interval.low <= value && value <= interval.high);
    assert_eq!(error.count.n, truth.len());
}

#[test]
fn a_seed_draws_the_same_again_and_the_quick_way_draws_areas_of_the_right_spread() {
    let case = frozen("ranking.json");
    let case = &case[2];
    let (truth, scores) = (truths(&case["truth"]), numbers(&case["scores"]));
    let patients = Patients::one_case_each(&truth);
    let plan = BootstrapPlan { n_replicates: 4_000, seed: 11, ..BootstrapPlan::default() };
    let quick = AreaBootstrap::new(&scores, &truth, &patients).unwrap();
    let drawn = quick.replicates(&plan);
    assert_eq!(drawn, quick.replicates(&plan));
    assert_ne!(drawn, quick.replicates(&BootstrapPlan { seed: 12, ..plan }));
    let spread = |drawn: &[f64]| roc::covariance(drawn, drawn).unwrap().sqrt();
    let delong = case["variance"].as_f64().unwrap().sqrt();
    near(spread(&drawn), delong, 0.06);
    let area = |cases: &[usize]| {
        let pick = |at: &usize| (scores[*at], truth[*at]);
        let (scores, truth): (Vec<f64>, Vec<bool>) = cases.iter().map(pick).unzip();
        Ok(roc::area(&Ranked::of(&scores, &truth)?)?.auc)
    };
    let plain = replicates(&patients, &plan, &area);
    near(spread(&plain), spread(&drawn), 0.06);
    near(roc::mean(&plain), roc::mean(&drawn), 0.003);
    let interval = quick.interval(&plan).unwrap();
    let expected = numbers(&case["bootstrap"]);
    assert!((interval.low - expected[0]).abs() < 0.01 && (interval.high - expected[1]).abs() < 0.01, "{interval:?}");
    let bca = bootstrap(&patients, &BootstrapPlan { interval: BootstrapInterval::Bca, ..plan }, &area).unwrap();
    let expected = numbers(&case["bca"]);
    assert!((bca.low - expected[0]).abs() < 0.01 && (bca.high - expected[1]).abs() < 0.01, "{bca:?} {expected:?}");
}

#[test]
fn images_of_one_patient_go_together() {
    let truth: Vec<bool> = (0..40).map(|case| case % 4 < 2).collect();
    let scores: Vec<f64> = (0..40).map(|case| f64::from(case % 7) + f64::from(u8::from(case % 4 < 2))).collect();
    let of_patient: Vec<usize> = (0..40).map(|case| case / 4).collect();
    let patients = Patients::of(&of_patient, &truth).unwrap();
    assert_eq!(patients.n(), 10);
    let plan = BootstrapPlan { n_replicates: 300, ..BootstrapPlan::default() };
    let sizes = replicates(&patients, &plan, &|cases| Ok(cases.len() as f64));
    assert!(sizes.iter().all(|size| *size == 40.0));
    let quick = AreaBootstrap::new(&scores, &truth, &patients).unwrap();
    let plain = |cases: &[usize]| {
        let (scores, truth): (Vec<f64>, Vec<bool>) = cases.iter().map(|at| (scores[*at], truth[*at])).unzip();
        Ok(roc::area(&Ranked::of(&scores, &truth)?)?.auc)
    };
    let quick = roc::mean(&quick.replicates(&plan));
    near(quick, roc::mean(&replicates(&patients, &plan, &plain)), 0.02);
}

#[test]
fn a_bootstrap_of_average_precision_has_an_interval() {
    let truth = [true, false, true, false, true, false, false, false];
    let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
    let patients = Patients::one_case_each(&truth);
    let statistic = |cases: &[usize]| {
        let (scores, truth): (Vec<f64>, Vec<bool>) = cases.iter().map(|at| (scores[*at], truth[*at])).unzip();
        average_precision(&Ranked::of(&scores, &truth)?)
    };
    let interval = bootstrap(&patients, &BootstrapPlan::default(), &statistic).unwrap();
    assert!(0.0 < interval.low && interval.low < interval.high && interval.high <= 1.0);
}

#[test]
fn what_cannot_be_calibrated_has_a_reason() {
    assert_eq!(Predictions::new(vec![], vec![]), Err(Undefined::NoCases));
    assert_eq!(Predictions::new(vec![1.5], vec![true]), Err(Undefined::OutOfRange));
    assert_eq!(Predictions::new(vec![f64::NAN], vec![true]), Err(Undefined::NotANumber));
    let certain = predictions(&[0.0, 1.0, 1.0], &[0, 1, 1]);
    assert_eq!(certain.recalibration(0.95), Err(Undefined::OutOfRange));
    assert_eq!(certain.spiegelhalter(), Err(Undefined::NoVariation));
    assert_eq!(predictions(&[0.5, 0.5], &[1, 1]).recalibration(0.95), Err(Undefined::NoNegatives));
    assert_eq!(predictions(&[0.5, 0.5], &[0, 1]).recalibration(0.95), Err(Undefined::NoVariation));
    assert_eq!(decision_curve::curve(&[0.5], &[true], &[1.0]), Err(Undefined::OutOfRange));
    assert_eq!(percentile_interval(vec![1.0], 0.95), Err(Undefined::TooFewCases));
    assert_eq!(jackknife(2, 0.95, &|_| Ok(1.0)), Err(Undefined::TooFewCases));
    let one_class = AreaBootstrap::new(&[1.0, 2.0], &[true, true], &Patients::one_case_each(&[true, true])).unwrap();
    assert_eq!(one_class.interval(&BootstrapPlan::default()), Err(Undefined::TooFewCases));
}
