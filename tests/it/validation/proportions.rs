//! Proportions, their differences, and the figures of one threshold.

use overread::validation::accuracy::Counts;
use overread::validation::estimate::Undefined;
use overread::validation::proportion::{ProportionMethod, interval, newcombe_difference, newcombe_paired_difference};

use crate::validation::{frozen, near, numbers, printed, printed_interval};

#[test]
fn intervals_of_proportions_are_those_of_newcombe_1998() {
    let check = |method, x, n, low: &str, high: &str| {
        let found = interval(x, n, method, 0.95);
        printed(found.low, low);
        printed(found.high, high);
    };
    let wilson = |x, n, low, high| check(ProportionMethod::Wilson, x, n, low, high);
    wilson(81, 263, "0.2553", "0.3662");
    wilson(15, 148, "0.0624", "0.1605");
    wilson(0, 20, "0.0000", "0.1611");
    wilson(1, 29, "0.0061", "0.1718");
    wilson(81, 263, "0.255289", "0.366210");
    wilson(15, 148, "0.062386", "0.160487");
    wilson(0, 20, "0.000000", "0.161125");
    wilson(1, 29, "0.006113", "0.171755");
    wilson(10, 10, "0.722467", "1.000000");
    wilson(0, 10, "0.000000", "0.277533");
    wilson(47, 50, "0.837829", "0.979385");
    wilson(95, 100, "0.888250", "0.978456");
    let exact = |x, n, low, high| check(ProportionMethod::ClopperPearson, x, n, low, high);
    exact(81, 263, "0.252737", "0.367622");
    exact(15, 148, "0.057844", "0.161650");
    exact(0, 20, "0.000000", "0.168433");
    exact(1, 29, "0.000873", "0.177644");
    exact(0, 10, "0.000000", "0.308497");
    check(ProportionMethod::Jeffreys, 81, 263, "0.254522", "0.365647");
    check(ProportionMethod::AgrestiCoull, 81, 263, "0.255221", "0.366277");
}

#[test]
fn differences_are_those_of_newcombe_1998() {
    let check = |a, b, low: &str, high: &str| printed_interval(&newcombe_difference(a, b, 0.95), low, high);
    check([56, 70], [48, 80], "0.0524", "0.3339");
    check([9, 10], [3, 10], "0.1705", "0.8090");
    check([6, 7], [2, 7], "0.0582", "0.8062");
    check([5, 56], [0, 29], "-0.0381", "0.1926");
    check([0, 10], [0, 20], "-0.1611", "0.2775");
}

#[test]
fn intervals_agree_with_statsmodels() {
    let cases = frozen("proportions.json");
    for row in cases["wilson"].as_array().unwrap() {
        let row = numbers(row);
        let found = interval(row[0] as usize, row[1] as usize, ProportionMethod::Wilson, row[2]);
        near(found.low, row[3], 1e-10);
        near(found.high, row[4], 1e-10);
    }
    for row in cases["clopper_pearson"].as_array().unwrap() {
        let row = numbers(row);
        let found = interval(row[0] as usize, row[1] as usize, ProportionMethod::ClopperPearson, row[2]);
        near(found.low, row[3], 1e-8);
        near(found.high, row[4], 1e-8);
    }
}

#[test]
fn the_figures_of_a_threshold_agree_with_an_independent_table() {
    let counts = Counts { true_positives: 80, false_positives: 30, false_negatives: 20, true_negatives: 170 };
    let found = counts.accuracy(ProportionMethod::Wilson, 0.95);
    let expected = frozen("proportions.json");
    let check = |name: &str, estimate: &overread::validation::estimate::Estimate| {
        let row = numbers(&expected["threshold"][name]);
        println!("{name}");
        near(estimate.value.unwrap(), row[0], 1e-12);
        let interval = estimate.interval.unwrap();
        near(interval.low, row[1], 1e-9);
        near(interval.high, row[2], 1e-9);
    };
    check("sensitivity", &found.sensitivity);
    check("specificity", &found.specificity);
    check("ppv", &found.positive_predictive_value);
    check("npv", &found.negative_predictive_value);
    check("lr_positive", &found.positive_likelihood_ratio);
    check("lr_negative", &found.negative_likelihood_ratio);
    near(counts.matthews_correlation().value.unwrap(), expected["threshold"]["mcc"].as_f64().unwrap(), 1e-12);
    assert_eq!(found.sensitivity.count.n, 100);
}

#[test]
fn what_cannot_be_said_has_a_reason() {
    let none = Counts::default().accuracy(ProportionMethod::Wilson, 0.95);
    assert_eq!(none.sensitivity.value, Err(Undefined::NoPositives));
    assert_eq!(none.accuracy.value, Err(Undefined::NoCases));
    let perfect = Counts { true_positives: 5, true_negatives: 5, ..Counts::default() };
    let found = perfect.accuracy(ProportionMethod::Wilson, 0.95);
    assert_eq!(found.positive_likelihood_ratio.value, Err(Undefined::NoFalseAlarms));
    assert_eq!(found.negative_likelihood_ratio.value, Ok(0.0));
    assert_eq!(newcombe_difference([0, 0], [1, 2], 0.95).value, Err(Undefined::NoCases));
    assert_eq!(newcombe_paired_difference([0; 4], 0.95).value, Err(Undefined::NoCases));
    assert_eq!(Counts::of(&[true], &[]), Err(Undefined::LengthsDiffer));
}

#[test]
fn a_paired_difference_of_equal_tables_is_zero_and_symmetric() {
    let found = newcombe_paired_difference([40, 5, 5, 50], 0.95);
    let interval = found.interval.unwrap();
    assert_eq!(found.value, Ok(0.0));
    near(interval.low, -interval.high, 1e-12);
}
