//! Multi-reader multi-case analyses of the published study of Van Dyke (1993), and of a generated one.

use overread::validation::estimate::Undefined;
use overread::validation::mrmc::covariance::Merits;
use overread::validation::mrmc::obuchowski_rockette::{Components, Scope, analyze, reader_difference};
use overread::validation::mrmc::sample_size::{Pilot, power, readers_needed};
use overread::validation::mrmc::{Readings, bdg};

use crate::validation::{frozen, near, numbers, printed, printed_interval, reference, truths};

fn van_dyke() -> Option<Readings> {
    let rows = reference("vandyke.csv")?;
    let column = |at: usize| rows.iter().map(|row| row[at].parse().unwrap()).collect::<Vec<f64>>();
    let truth = rows.iter().map(|row| row[1] == "1").collect();
    let modality = |first: usize| (first..first + 5).map(column).collect();
    Some(Readings::new(truth, vec![modality(2), modality(7)]).unwrap())
}

#[track_caller]
fn check_components(merits: &Merits, [error, cov1, cov2, cov3, denominator]: [&str; 5], [f, df, p]: [&str; 3]) {
    let found = Components::of(merits);
    printed(found.error, error);
    printed(found.cov1, cov1);
    printed(found.cov2, cov2);
    printed(found.cov3, cov3);
    printed(found.denominator(Scope::RandomReadersRandomCases, 2, 5).0, denominator);
    let test = analyze(merits, Scope::RandomReadersRandomCases, 0.95).test.unwrap();
    printed(test.statistic, f);
    printed(test.degrees[1].unwrap(), df);
    printed(test.p, p);
}

#[test]
fn the_published_study_by_delong() {
    let Some(readings) = van_dyke() else { return };
    let merits = Merits::by_delong(&readings).unwrap();
    let areas = [
        ["0.919646", "0.858776", "0.903865", "0.973108", "0.829791"],
        ["0.947826", "0.905314", "0.921739", "0.999356", "0.929952"],
    ];
    for (modality, row) in areas.iter().enumerate() {
        row.iter().enumerate().for_each(|(reader, text)| printed(merits.value(modality, reader), text));
    }
    let components = Components::of(&merits);
    printed(components.ms_modality, "0.004796171");
    printed(components.ms_modality_reader, "0.0005510306");
    printed(components.ms_reader, "0.003836200");
    check_components(
        &merits,
        ["0.0007921325", "0.0003420090", "0.0003395265", "0.0002358497", "0.001069415"],
        ["4.484854", "15.06611", "0.05123303"],
    );
    let found = analyze(&merits, Scope::RandomReadersRandomCases, 0.95);
    let difference = &found.differences[0];
    printed(difference.estimate.value.unwrap(), "-0.04380032");
    printed_interval(&difference.estimate, "-0.0878671960", "0.0002665519");
    near(difference.test.unwrap().p, found.test.unwrap().p, 1e-9);
    printed(found.modalities[0].value.unwrap(), "0.8970370");
    printed_interval(&found.modalities[0], "0.8253461", "0.9687280");
    printed(found.modalities[1].value.unwrap(), "0.9408374");
    printed_interval(&found.modalities[1], "0.8942155", "0.9874592");
}

#[test]
fn the_published_study_by_unbiased_covariance_and_by_jackknife() {
    let Some(readings) = van_dyke() else { return };
    check_components(
        &Merits::by_u_statistics(&readings).unwrap(),
        ["0.0007883925", "0.0003416706", "0.0003390650", "0.0002356148", "0.001068281"],
        ["4.489614", "15.03418", "0.0511618"],
    );
    let merits = Merits::auc_by_jackknife(&readings).unwrap();
    check_components(
        &merits,
        ["0.0008022883", "0.0003466137", "0.0003440748", "0.0002390284", "0.001076263"],
        ["4.456319", "15.25967", "0.05166569"],
    );
    let fixed_readers = analyze(&merits, Scope::FixedReadersRandomCases, 0.95).test.unwrap();
    printed(fixed_readers.statistic, "5.475953");
    printed(fixed_readers.p, "0.01927984");
    let fixed_cases = analyze(&merits, Scope::RandomReadersFixedCases, 0.95).test.unwrap();
    printed(fixed_cases.statistic, "8.704");
    assert_eq!(fixed_cases.degrees, [Some(1.0), Some(4.0)]);
    printed(fixed_cases.p, "0.04195875");
    let readers = [
        ("-0.02818035", "0.26933885"),
        ("-0.04653784", "0.07683102"),
        ("-0.01787440", "0.56683414"),
        ("-0.02624799", "0.12901715"),
        ("-0.10016103", "0.02300099"),
    ];
    for (reader, (difference, p)) in readers.into_iter().enumerate() {
        let found = reader_difference(&merits, reader, [0, 1], 0.95);
        printed(found.estimate.value.unwrap(), difference);
        printed(found.test.unwrap().p, p);
    }
}

#[test]
fn the_published_study_by_sensitivity() {
    let Some(readings) = van_dyke() else { return };
    let merits = Merits::sensitivity_by_jackknife(&readings, 3.0).unwrap();
    let found = analyze(&merits, Scope::RandomReadersRandomCases, 0.95);
    let test = found.test.unwrap();
    printed(test.statistic, "6.689493");
    printed(test.degrees[1].unwrap(), "15.71732");
    printed(test.p, "0.02008822");
    printed(found.differences[0].estimate.value.unwrap(), "-0.09777778");
    printed_interval(&found.differences[0].estimate, "-0.1780371", "-0.0175185");
}

#[test]
fn the_published_study_by_u_statistics() {
    let Some(readings) = van_dyke() else { return };
    let found = bdg::analyze(&readings, [0, 1], 0.95).unwrap();
    printed(found.variances[0], "0.001093704489880");
    printed(found.variances[1], "0.000461871591436");
    printed(found.variances[2], "0.000427312516745");
    let test = found.test.unwrap();
    printed(test.degrees[0].unwrap(), "12.8134");
    printed(test.p, "0.0556467");
}

#[test]
fn a_generated_study_agrees_with_an_independent_program() {
    let case = frozen("mrmc.json");
    let truth = truths(&case["truth"]);
    let table = |modality: &serde_json::Value| modality.as_array().unwrap().iter().map(numbers).collect::<Vec<_>>();
    let ratings: Vec<Vec<Vec<f64>>> = case["ratings"].as_array().unwrap().iter().map(table).collect();
    let readings = Readings::new(truth, ratings).unwrap();
    for (name, merits) in [
        ("delong", Merits::by_delong(&readings).unwrap()),
        ("jackknife", Merits::auc_by_jackknife(&readings).unwrap()),
        ("unbiased", Merits::by_u_statistics(&readings).unwrap()),
    ] {
        let (expected, found) = (&case[name], Components::of(&merits));
        let value = |key: &str| expected[key].as_f64().unwrap();
        near(found.error, value("error"), 1e-9);
        near(found.cov1, value("cov1"), 1e-9);
        near(found.cov2, value("cov2"), 1e-9);
        near(found.cov3, value("cov3"), 1e-9);
        near(found.ms_modality, value("mst"), 1e-9);
        near(found.ms_modality_reader, value("mstr"), 1e-9);
        for (scope, key) in [
            (Scope::RandomReadersRandomCases, "p_rrrc"),
            (Scope::FixedReadersRandomCases, "p_frrc"),
            (Scope::RandomReadersFixedCases, "p_rrfc"),
        ] {
            near(analyze(&merits, scope, 0.95).test.unwrap().p, value(key), 1e-8);
        }
    }
    let found = bdg::analyze(&readings, [0, 1], 0.95).unwrap();
    for (ours, theirs) in found.variances.iter().zip(numbers(&case["bdg_variances"])) {
        near(*ours, theirs, 1e-8);
    }
}

#[test]
fn the_size_of_a_study_agrees_with_an_independent_program() {
    let case = frozen("mrmc.json");
    let value = |key: &str| case["pilot"][key].as_f64().unwrap();
    let components = Components {
        ms_modality: 0.0,
        ms_reader: 0.0,
        ms_modality_reader: value("mstr"),
        error: value("error"),
        cov1: value("cov1"),
        cov2: value("cov2"),
        cov3: value("cov3"),
    };
    let pilot = Pilot { components, n_cases: 114 };
    for row in case["power"].as_array().unwrap() {
        let row = numbers(row);
        let found = power(&pilot, row[0], 0.05, [row[1] as usize, row[2] as usize]).unwrap();
        near(found.degrees, row[3], 1e-10);
        near(found.power, row[4], 1e-9);
    }
    let needed = readers_needed(&pilot, 0.05, 0.05, 0.8, [240, 60]).unwrap().unwrap();
    assert!(needed.power >= 0.8);
    let fewer = power(&pilot, 0.05, 0.05, [needed.n_readers - 1, 240]).unwrap();
    assert!(fewer.power < 0.8);
    assert_eq!(readers_needed(&pilot, 1e-6, 0.05, 0.8, [240, 12]).unwrap(), None);
    assert_eq!(power(&pilot, 0.05, 0.05, [1, 100]), Err(Undefined::TooFewCases));
}

#[test]
fn studies_that_say_nothing_have_reasons() {
    let truth = vec![true, true, false, false];
    let same = vec![1.0, 2.0, 1.0, 2.0];
    let readings = Readings::new(truth.clone(), vec![vec![same.clone(); 2]; 2]).unwrap();
    let merits = Merits::by_delong(&readings).unwrap();
    for scope in [Scope::RandomReadersRandomCases, Scope::FixedReadersRandomCases, Scope::RandomReadersFixedCases] {
        let found = analyze(&merits, scope, 0.95);
        assert_eq!(found.test, Err(Undefined::NoVariation), "{scope:?}");
        assert_eq!(found.differences[0].estimate.value, Ok(0.0));
    }
    assert_eq!(Readings::new(truth.clone(), vec![vec![same.clone(); 2]]), Err(Undefined::TooFewCases));
    assert_eq!(Readings::new(vec![true; 4], vec![vec![same.clone(); 2]; 2]), Err(Undefined::NoNegatives));
    assert_eq!(Readings::new(vec![true; 3], vec![vec![same; 2]; 2]), Err(Undefined::LengthsDiffer));
}
