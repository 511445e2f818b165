//! Free-response reading.

use overread::validation::estimate::Undefined;
use overread::validation::froc::{
    AFROC, FalseAlarms, FrocCase, FrocMerit, LesionWeight, Mark, WAFROC, competition_metric, curve, sensitivity_at,
};

use crate::validation::{frozen, near, numbers, printed};

fn hit(rating: f64, lesion: usize) -> Mark {
    Mark { rating, lesion: Some(lesion) }
}

fn miss(rating: f64) -> Mark {
    Mark { rating, lesion: None }
}

#[test]
fn three_images_with_three_lesions_have_the_counted_curve() {
    let cases = [
        FrocCase::new(2, vec![hit(0.9, 0), miss(0.8), hit(0.4, 1)]).unwrap(),
        FrocCase::new(1, vec![miss(0.7), hit(0.6, 0)]).unwrap(),
        FrocCase::new(0, vec![miss(0.5)]).unwrap(),
    ];
    let points = curve(&cases).unwrap();
    let at = points.iter().find(|point| point.threshold == 0.6).unwrap();
    near(at.lesion_fraction, 2.0 / 3.0, 1e-15);
    near(at.false_marks_per_case, 2.0 / 3.0, 1e-15);
    assert_eq!(points.last().unwrap().lesion_fraction, 1.0);
    // Above 0.5 of the only case without lesions: 0.9 and 0.6; below: 0.4.
    near(AFROC.value(&cases, None).unwrap(), 2.0 / 3.0, 1e-15);
    near(WAFROC.value(&cases, None).unwrap(), 0.75, 1e-15);
}

#[test]
fn the_competition_metric_is_the_mean_at_seven_rates() {
    let fractions = [0.659, 0.745, 0.819, 0.865, 0.906, 0.933, 0.946];
    let rates = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
    let point = |(false_marks_per_case, lesion_fraction)| overread::validation::froc::FrocPoint {
        threshold: 0.0,
        false_marks_per_case,
        lesion_fraction,
    };
    let points: Vec<_> = rates.into_iter().zip(fractions).map(point).collect();
    printed(competition_metric(&points), "0.839");
    near(sensitivity_at(&points, 0.375), (0.745 + 0.819) / 2.0, 1e-12);
    near(sensitivity_at(&points, 100.0), 0.946, 1e-12);
}

#[test]
fn figures_of_merit_agree_with_a_direct_count() {
    for case in frozen("froc.json").as_array().unwrap() {
        let read = |one: &serde_json::Value| {
            let mark = |mark: &serde_json::Value| {
                let row = numbers(mark);
                Mark { rating: row[0], lesion: (row[1] >= 0.0).then_some(row[1] as usize) }
            };
            FrocCase::weighted(numbers(&one["weights"]), one["marks"].as_array().unwrap().iter().map(mark).collect())
                .unwrap()
        };
        let cases: Vec<FrocCase> = case["cases"].as_array().unwrap().iter().map(read).collect();
        let all = |weight| FrocMerit { false_alarms: FalseAlarms::AllCases, weight };
        for (name, merit) in [
            ("afroc", AFROC),
            ("wafroc", WAFROC),
            ("afroc1", all(LesionWeight::Alike)),
            ("wafroc1", all(LesionWeight::ByCase)),
        ] {
            let (expected, found) = (numbers(&case[name]), merit.estimate(&cases, 0.95));
            near(found.value.unwrap(), expected[0], 1e-12);
            near(found.interval.unwrap().low, expected[1], 1e-9);
        }
        let points = curve(&cases).unwrap();
        near(competition_metric(&points), case["cpm"].as_f64().unwrap(), 1e-12);
    }
}

#[test]
fn free_responses_that_say_nothing_have_reasons() {
    assert_eq!(curve(&[]), Err(Undefined::NoCases));
    let healthy = FrocCase::new(0, vec![miss(1.0)]).unwrap();
    let ill = FrocCase::new(1, vec![]).unwrap();
    assert_eq!(curve(std::slice::from_ref(&healthy)), Err(Undefined::NoPositives));
    assert_eq!(AFROC.value(std::slice::from_ref(&healthy), None), Err(Undefined::NoPositives));
    assert_eq!(AFROC.value(std::slice::from_ref(&ill), None), Err(Undefined::NoNegatives));
    let nobody_marked = [FrocCase::new(0, vec![]).unwrap(), ill];
    assert_eq!(WAFROC.value(&nobody_marked, None), Ok(0.5));
    assert!(curve(&nobody_marked).unwrap().is_empty());
    assert_eq!(FrocCase::new(1, vec![hit(1.0, 1)]), Err(Undefined::OutOfRange));
    assert_eq!(FrocCase::new(1, vec![hit(f64::NAN, 0)]), Err(Undefined::NotANumber));
    assert_eq!(FrocCase::weighted(vec![0.0], vec![]), Err(Undefined::OutOfRange));
}
