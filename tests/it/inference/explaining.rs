//! Maps on demand equal PyTorch's; what the network saw can be shown; views give an interval; maps are put to the test.

use candle_core::{Device, Tensor};
use overread::domain::frame::Samples;
use overread::domain::presentation::Photometric;
use overread::domain::saliency::SaliencyMethod;
use overread::domain::score::IntervalKind;
use overread::inference::golden::relative_difference;
use overread::inference::model::{PictureInput, Scanner};
use overread::inference::preprocess::prepare;
use overread::inference::sanity;

use crate::inference::{Copied, cases, frame, instance, subject, tiny, waves};

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
}

#[test]
fn maps_of_every_gradient_method_equal_pytorchs() {
    let model = tiny("densenet");
    let golden =
        candle_core::safetensors::load(cases().join("tiny/densenet/golden.safetensors"), &Device::Cpu).unwrap();
    let maps = candle_core::safetensors::load(cases().join("explain/maps.safetensors"), &Device::Cpu).unwrap();
    for method in [SaliencyMethod::GradCam, SaliencyMethod::GradCamPlusPlus, SaliencyMethod::Cam] {
        let expected = &maps[method.word()];
        for label in 0..2 {
            let found = model.raw_map(flat(&golden["input"]), label, method, &|| false).unwrap();
            let difference = relative_difference(&found.values, &flat(&expected.get(label).unwrap()));
            assert!(difference < 1e-3, "{} of label {label}: {difference}", method.word());
        }
    }
}

#[test]
fn a_map_on_demand_is_the_suggested_one_and_occlusion_tells_its_progress() {
    let model = tiny("densenet");
    let stored = frame(150, 120, Samples::U16(waves(150, 120).into()));
    let picture = instance(150, 120, Photometric::Monochrome2);
    let input = PictureInput { subject: &subject(), instance: &picture, frame: &stored, scanner: &Scanner::default() };
    let findings = model.assess(&input, &|| false, &|_| {}).unwrap().findings;
    for finding in &findings {
        let explain = |method| model.explain(&input, &finding.label.id, method, &|| false, &|_| {}).unwrap();
        let (suggested, asked) = (finding.evidence.saliency.as_ref().unwrap(), explain(SaliencyMethod::GradCam));
        assert_eq!(suggested.facts().layer, asked.facts().layer);
        assert!(suggested.values().iter().zip(asked.values()).all(|(a, b)| (a - b).abs() < 1e-3));
        assert_eq!(explain(SaliencyMethod::Cam).facts().method, "cam");
    }
    let seen = std::cell::RefCell::new(Vec::new());
    let map = model
        .explain(&input, "label_0", SaliencyMethod::Occlusion, &|| false, &|progress| seen.borrow_mut().push(progress))
        .unwrap();
    assert_eq!((map.facts().method.as_str(), map.facts().layer.as_str()), ("occlusion", "input"));
    let last = *seen.borrow().last().unwrap();
    assert!(last.n_done == last.n_total && last.n_total > 100);
    let stopped = model.explain(&input, "label_0", SaliencyMethod::Occlusion, &|| true, &|_| {});
    assert_eq!(stopped.unwrap_err().code(), "analysis_cancelled");
    assert!(model.explain(&input, "nothing", SaliencyMethod::Cam, &|| false, &|_| {}).is_err());
}

#[test]
fn the_networks_input_is_what_preprocessing_made() {
    let model = tiny("densenet");
    let stored = frame(150, 120, Samples::U16(waves(150, 120).into()));
    let picture = instance(150, 120, Photometric::Monochrome1);
    let input = PictureInput { subject: &subject(), instance: &picture, frame: &stored, scanner: &Scanner::default() };
    let shown = model.input(&input).unwrap();
    assert_eq!(shown.values, prepare(&model.card().input, &picture, &stored).unwrap().values);
    assert_eq!((shown.channels, shown.rows, shown.cols), (1, 44, 58));
    let [top, left, height, width] = shown.picture;
    assert!(height == 44 && width == 35 && top == 0 && left == 11, "{:?}", shown.picture);
}

#[test]
fn views_span_an_interval_that_holds_the_score_and_a_card_without_views_has_none() {
    let copied = Copied::of("densenet");
    copied.edit_card(
        "[saliency]",
        "[stability]\nrotate_degrees = [-4.0, 4.0]\nscale = [0.96, 1.04]\nshift = 0.02\n\n[saliency]",
    );
    let stored = frame(150, 120, Samples::U16(waves(150, 120).into()));
    let picture = instance(150, 120, Photometric::Monochrome2);
    let input = PictureInput { subject: &subject(), instance: &picture, frame: &stored, scanner: &Scanner::default() };
    let with = copied.load().unwrap().assess(&input, &|| false, &|_| {}).unwrap().findings;
    let without = tiny("densenet").assess(&input, &|| false, &|_| {}).unwrap().findings;
    for (with, without) in with.iter().zip(&without) {
        let (with, without) = (with.assessment.as_ref().unwrap(), without.assessment.as_ref().unwrap());
        assert_eq!(with.score, without.score);
        let interval = with.interval.as_ref().unwrap();
        assert!(interval.kind == IntervalKind::Stability && interval.n == 9, "{interval:?}");
        let score = with.score.value();
        assert!(interval.low <= score && score <= interval.high && interval.low < interval.high, "{interval:?}");
        assert_eq!(without.interval_sentence(), "no interval available");
    }
}

#[test]
fn a_calibration_gives_probabilities_with_its_interval_by_curve_or_temperature() {
    let copied = Copied::of("densenet");
    copied.edit_card(
        "method = \"temperature\"\nset = \"none\"\nn = 1\n",
        "method = \"isotonic\"\nset = \"none\"\nn = 40\nconformal_half_width = 0.1\n\n\
         [[calibration.curve]]\nlabel = \"label_0\"\nscore = [0.0, 1.0]\nprobability = [0.2, 0.2]\n\n\
         [[calibration.curve]]\nlabel = \"label_1\"\nscore = [0.0, 1.0]\nprobability = [0.95, 0.95]\n",
    );
    let stored = frame(150, 120, Samples::U16(waves(150, 120).into()));
    let picture = instance(150, 120, Photometric::Monochrome2);
    let input = PictureInput { subject: &subject(), instance: &picture, frame: &stored, scanner: &Scanner::default() };
    let findings = copied.load().unwrap().assess(&input, &|| false, &|_| {}).unwrap().findings;
    let said: Vec<(f64, String)> = findings
        .iter()
        .filter_map(|finding| finding.assessment.as_ref())
        .map(|assessment| (assessment.score.value(), assessment.interval_sentence()))
        .collect();
    assert_eq!(said[0], (0.2, "0.10 to 0.30 (95 %, conformal, n = 40)".to_owned()));
    assert_eq!(said[1], (0.95, "0.85 to 1.00 (95 %, conformal, n = 40)".to_owned()));
}

#[test]
fn a_network_whose_maps_are_empty_is_not_measured_and_randomized_weights_are_others() {
    let model = tiny("densenet");
    let weights = std::fs::read(cases().join("tiny/densenet/model.safetensors")).unwrap();
    let stranger = sanity::randomized(&model, &weights, 3).unwrap();
    assert_ne!(stranger.card().weights.sha256, model.card().weights.sha256);
    let golden =
        candle_core::safetensors::load(cases().join("tiny/densenet/golden.safetensors"), &Device::Cpu).unwrap();
    let input = flat(&golden["input"]);
    let pictures: Vec<Vec<f32>> =
        [0.8_f32, 1.0, 1.2].iter().map(|factor| input.iter().map(|value| value * factor).collect()).collect();
    // This network's maps are empty on every picture: it says so rather than measuring nothing
    let refused = sanity::measure(&model, &weights, &pictures, "waves", &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("no picture gave a map that is not empty"), "{refused}");
}

#[test]
fn maps_are_measured_against_randomized_weights_and_deletion() {
    let measured: Vec<&str> = ["resnet-basic", "resnet-bottleneck", "efficientnet", "plain-cnn"]
        .into_iter()
        .filter(|name| {
            let model = tiny(name);
            let weights = std::fs::read(cases().join("tiny").join(name).join("model.safetensors")).unwrap();
            let golden = cases().join("tiny").join(name).join("golden.safetensors");
            let golden = candle_core::safetensors::load(golden, &Device::Cpu).unwrap();
            let input = flat(&golden["input"]);
            let pictures: Vec<Vec<f32>> =
                [0.8_f32, 1.0, 1.2].iter().map(|factor| input.iter().map(|value| value * factor).collect()).collect();
            let measure = || sanity::measure(&model, &weights, &pictures, "waves", &mut |_| {});
            let Ok(report) = measure() else { return false };
            assert!((1..=3).contains(&report.n_images) && report.method == "grad-cam", "{report:?}");
            assert!((-1.0..=1.0).contains(&report.randomized_correlation), "{report:?}");
            assert!(report.deletion_area > 0.0 && report.random_deletion_area > 0.0, "{report:?}");
            // The same on every run
            assert_eq!(measure().unwrap(), report);
            true
        })
        .collect();
    println!("measured: {measured:?}");
    assert!(!measured.is_empty());
}
