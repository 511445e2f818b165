//! Agreement of readers and of measurements.

use overread::validation::agreement::bland_altman::{LimitReach, bland_altman};
use overread::validation::agreement::icc::icc;
use overread::validation::agreement::kappa::{CrossTable, Weights};
use overread::validation::agreement::krippendorff::{Metric, alpha};
use overread::validation::agreement::many_raters::Choices;
use overread::validation::estimate::Undefined;
use overread::validation::mcnemar::{McNemar, mcnemar, usual};
use overread::validation::multiplicity::{benjamini_hochberg, holm};

use crate::validation::{frozen, near, numbers, printed, printed_interval};

fn table(rows: &[&[usize]]) -> CrossTable {
    CrossTable::new(rows.iter().map(|row| row.to_vec()).collect()).unwrap()
}

#[test]
fn kappas_have_their_published_values() {
    let found = table(&[&[20, 5], &[10, 15]]).kappa(Weights::Nominal, 0.95);
    printed(found.kappa.value.unwrap(), "0.4");
    printed(found.standard_error.unwrap(), "0.1269961");
    printed(found.test.unwrap().statistic, "2.886751");
    let three = table(&[&[44, 5, 1], &[7, 20, 3], &[9, 5, 6]]);
    printed(three.kappa(Weights::Nominal, 0.95).kappa.value.unwrap(), "0.4915254");
    printed(three.kappa(Weights::Nominal, 0.95).standard_error.unwrap(), "0.0721275");
    printed(three.kappa(Weights::Linear, 0.95).kappa.value.unwrap(), "0.4736842");
    let pairs = CrossTable::of(&[2, 0, 2, 2, 0, 1], &[0, 0, 2, 2, 0, 2], 3).unwrap();
    printed(pairs.kappa(Weights::Nominal, 0.95).kappa.value.unwrap(), "0.4285714");
    printed(pairs.kappa(Weights::Linear, 0.95).kappa.value.unwrap(), "0.5");
    printed(pairs.kappa(Weights::Quadratic, 0.95).kappa.value.unwrap(), "0.5454545");
}

#[test]
fn kappas_agree_with_statsmodels() {
    for case in frozen("agreement.json")["kappa"].as_array().unwrap() {
        let rows: Vec<Vec<usize>> = case["table"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| numbers(row).iter().map(|x| *x as usize).collect())
            .collect();
        let table = CrossTable::new(rows).unwrap();
        for (name, weights) in
            [("none", Weights::Nominal), ("linear", Weights::Linear), ("quadratic", Weights::Quadratic)]
        {
            let (found, expected) = (table.kappa(weights, 0.95), numbers(&case[name]));
            near(found.kappa.value.unwrap(), expected[0], 1e-11);
            near(found.standard_error.unwrap(), expected[1], 1e-10);
            near(found.test.unwrap().statistic, expected[2], 1e-10);
        }
    }
}

#[test]
fn many_raters_and_the_paradox_of_kappa() {
    // The table of Fleiss 1971 as it is printed in encyclopedias: 10 subjects, 14 raters, 5 categories.
    let rows = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ];
    let choices = Choices::new(rows.iter().map(|row| row.to_vec()).collect()).unwrap();
    printed(choices.fleiss(0.95).value.unwrap(), "0.2099307");
    let interval = choices.fleiss(0.95).interval.unwrap();
    assert!(interval.low < 0.21 && interval.high > 0.21);
    let paradox = table(&[&[118, 5], &[2, 0]]);
    printed(paradox.kappa(Weights::Nominal, 0.95).kappa.value.unwrap(), "-0.0233918");
    printed(paradox.kappa(Weights::Nominal, 0.95).pabak.value.unwrap(), "0.888");
    let rows = [(118, vec![2, 0]), (7, vec![1, 1])];
    let rows = rows.into_iter().flat_map(|(n, row)| std::iter::repeat_n(row, n)).collect();
    printed(Choices::new(rows).unwrap().ac1(0.95).value.unwrap(), "0.9407763");
}

#[test]
fn krippendorffs_alpha_has_its_published_values() {
    let check = |units: &[Vec<f64>], published: [&str; 4]| {
        let metrics = [Metric::Nominal, Metric::Ordinal, Metric::Interval, Metric::Ratio];
        for (metric, text) in metrics.into_iter().zip(published) {
            printed(alpha(units, metric, 0.95).value.unwrap(), text);
        }
    };
    // Krippendorff 2011, section C: four observers, twelve units, gaps as 0.
    let observers: [[u8; 12]; 4] = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ];
    let unit = |at: usize| observers.iter().map(|row| f64::from(row[at])).filter(|value| *value > 0.0).collect();
    let units: Vec<Vec<f64>> = (0..12).map(unit).collect();
    check(&units, ["0.743421", "0.815388", "0.849107", "0.797403"]);
    check(&units, ["0.743", "0.815", "0.849", "0.797"]);
    for case in frozen("agreement.json")["krippendorff"].as_array().unwrap() {
        let units: Vec<Vec<f64>> = case["units"].as_array().unwrap().iter().map(numbers).collect();
        let metrics = [Metric::Nominal, Metric::Ordinal, Metric::Interval, Metric::Ratio];
        for (metric, expected) in metrics.into_iter().zip(numbers(&case["alpha"])) {
            near(alpha(&units, metric, 0.95).value.unwrap(), expected, 1e-10);
        }
    }
}

#[test]
fn intraclass_correlations_are_those_of_shrout_and_fleiss() {
    let ratings: [[u8; 4]; 6] = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]];
    let ratings: Vec<Vec<f64>> = ratings.iter().map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect();
    let found = icc(&ratings, 0.95).unwrap();
    let all = [
        (&found.one_way, "0.165742", "0.17"),
        (&found.two_way_random, "0.289764", "0.29"),
        (&found.two_way_mixed, "0.714841", "0.71"),
        (&found.one_way_mean, "0.442797", "0.44"),
        (&found.two_way_random_mean, "0.620051", "0.62"),
        (&found.two_way_mixed_mean, "0.909316", "0.91"),
    ];
    let intervals = frozen("agreement.json")["icc_intervals"].clone();
    for ((estimate, digits, published), interval) in all.into_iter().zip(intervals.as_array().unwrap()) {
        printed(estimate.value.unwrap(), digits);
        printed(estimate.value.unwrap(), published);
        let (ours, theirs) = (estimate.interval.unwrap(), numbers(interval));
        assert!((ours.low - theirs[0]).abs() < 0.006, "{} {theirs:?}", ours.low);
        assert!((ours.high - theirs[1]).abs() < 0.006, "{} {theirs:?}", ours.high);
    }
}

#[test]
fn limits_of_agreement_are_those_of_bland_and_altman_1986() {
    // Peak expiratory flow, first readings: large meter and mini meter.
    let large = [494., 395., 516., 434., 476., 557., 413., 442., 650., 433., 417., 656., 267., 478., 178., 423., 427.];
    let mini = [512., 430., 520., 428., 500., 600., 364., 380., 658., 445., 432., 626., 260., 477., 259., 350., 451.];
    let found = bland_altman(&large, &mini, LimitReach::Two, 0.95).unwrap();
    printed(found.bias.value.unwrap(), "-2.117647");
    printed(found.standard_deviation.value.unwrap(), "38.76513");
    printed(found.lower_limit.value.unwrap(), "-79.647907");
    printed(found.upper_limit.value.unwrap(), "75.412613");
    printed(found.correlation.value.unwrap(), "0.943279");
    printed(found.concordance.value.unwrap(), "0.94274");
    // The paper: bias from −22.0 to 17.8; lower limit from −114.3 to −45.1; upper limit from 40.9 to 110.1, its own
    // arithmetic rounded (standard error 16.2 by 2 for the factor): within one liter per minute.
    printed_interval(&found.bias, "-22.0", "17.8");
    let limit = found.lower_limit.interval.unwrap();
    assert!((limit.low + 114.3).abs() < 1.0 && (limit.high + 45.1).abs() < 1.0);
}

#[test]
fn mcnemar_has_its_published_values() {
    let corrected = mcnemar(150, 86, McNemar::Corrected).unwrap();
    printed(corrected.statistic, "16.8177966");
    printed(corrected.p, "4.114562e-05");
    let plain = mcnemar(150, 86, McNemar::Uncorrected).unwrap();
    printed(plain.statistic, "17.3559322");
    printed(plain.p, "3.099293e-05");
    printed(mcnemar(150, 86, McNemar::Exact).unwrap().p, "3.72e-5");
    printed(mcnemar(121, 59, McNemar::Exact).unwrap().p, "4.4344493e-06");
    printed(mcnemar(121, 59, McNemar::Uncorrected).unwrap().statistic, "21.3555556");
    printed(mcnemar(121, 59, McNemar::Corrected).unwrap().statistic, "20.6722222");
    assert_eq!(usual(10, 14), McNemar::Exact);
    assert_eq!(usual(10, 15), McNemar::Corrected);
    assert_eq!(mcnemar(5, 5, McNemar::Exact).unwrap().p, 1.0);
    assert_eq!(mcnemar(0, 0, McNemar::Exact), Err(Undefined::NoVariation));
}

#[test]
fn adjusted_p_values_have_their_published_values() {
    let check = |found: Vec<f64>, expected: [f64; 4]| found.iter().zip(expected).for_each(|(a, b)| near(*a, b, 1e-12));
    check(holm(&[0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]);
    check(benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]), [0.02, 0.04, 0.04, 0.02]);
    let cases = frozen("agreement.json");
    for case in cases["multiplicity"].as_array().unwrap() {
        let p = numbers(&case["p"]);
        holm(&p).iter().zip(numbers(&case["holm"])).for_each(|(a, b)| near(*a, b, 1e-12));
        benjamini_hochberg(&p).iter().zip(numbers(&case["bh"])).for_each(|(a, b)| near(*a, b, 1e-12));
    }
    assert!(holm(&[]).is_empty());
}

#[test]
fn agreement_that_cannot_be_said_has_a_reason() {
    let one_category = table(&[&[10, 0], &[0, 0]]).kappa(Weights::Nominal, 0.95);
    assert_eq!(one_category.kappa.value, Err(Undefined::NoVariation));
    assert_eq!(one_category.test, Err(Undefined::NoVariation));
    assert_eq!(one_category.observed_agreement.value, Ok(1.0));
    assert_eq!(table(&[&[0, 0], &[0, 0]]).kappa(Weights::Nominal, 0.95).kappa.value, Err(Undefined::NoCases));
    let perfect = table(&[&[10, 0], &[0, 10]]).kappa(Weights::Nominal, 0.95);
    assert_eq!((perfect.kappa.value, perfect.kappa.interval), (Ok(1.0), Err(Undefined::NoVariation)));
    assert_eq!(CrossTable::of(&[0, 3], &[0, 1], 2), Err(Undefined::OutOfRange));
    assert_eq!(alpha(&[vec![1.0, 1.0], vec![1.0]], Metric::Nominal, 0.95).value, Err(Undefined::NoVariation));
    assert_eq!(alpha(&[vec![1.0]], Metric::Nominal, 0.95).value, Err(Undefined::NoCases));
    assert_eq!(icc(&[vec![1.0, 1.0], vec![1.0, 1.0]], 0.95), Err(Undefined::NoVariation));
    assert_eq!(bland_altman(&[], &[], LimitReach::Two, 0.95), Err(Undefined::NoCases));
    assert_eq!(bland_altman(&[1.0], &[1.0], LimitReach::Two, 0.95), Err(Undefined::TooFewCases));
    let same = bland_altman(&[1.0, 2.0], &[1.0, 2.0], LimitReach::Normal95, 0.95).unwrap();
    assert_eq!((same.bias.value, same.bias.interval), (Ok(0.0), Err(Undefined::NoVariation)));
    assert_eq!(Choices::new(vec![vec![1, 0]]), Err(Undefined::TooFewCases));
}
