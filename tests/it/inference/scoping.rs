//! Run, warn or refuse: a card's scope against studies of every kind, and inputs too far from the training images.

use std::fs;
use std::sync::{Arc, Mutex};

use overread::domain::instance::Instance;
use overread::domain::patient::Patient;
use overread::domain::presentation::Photometric;
use overread::domain::series::{Modality, Series, SeriesGeometry};
use overread::domain::study::Study;
use overread::domain::uid::{ModelId, SeriesUid, StudyUid};
use overread::import::Importer;
use overread::inference::device::DeviceChoice;
use overread::inference::model_card::{ModelCard, parse_card};
use overread::inference::scope::{self, Scope, Setting};
use overread::inference::weights::sha256_hex;
use overread::jobs::event::{AnalysisEvent, ModelEnd};
use overread::jobs::work::analysis::{self, AnalysisRequest, ModelShelf};

use crate::data;
use crate::inference::{Copied, cases, instance};

const SCOPE: &str = "[scope]\nmin_age_years = 18.0\nmax_age_years = 90.0\nphotometric = [\"MONOCHROME1\", \"MONOCHROME2\"]\n\
                     min_bits_stored = 10\nmin_pixel_mm = 0.1\nmax_pixel_mm = 0.4\nmax_slice_mm = 3.5\nmin_slices = 20\n\n";

fn card() -> ModelCard {
    let text = fs::read_to_string(cases().join("tiny/densenet/model.toml")).unwrap();
    parse_card(&text.replace("[output]", &format!("{SCOPE}[output]"))).unwrap()
}

fn series(modality: &str, body_part: &str, instances: Vec<Instance>) -> Series {
    Series {
        uid: SeriesUid::new("1.2"),
        number: None,
        modality: Modality(modality.into()),
        description: String::new(),
        part: String::new(),
        body_part: body_part.into(),
        frame_of_reference: None,
        instances: instances.into_iter().map(Arc::new).collect(),
        stack: vec![],
        geometry: SeriesGeometry::default(),
        notices: vec![],
    }
}

fn study(series: Series, birth: &str) -> Study {
    Study {
        uid: StudyUid::new("1.2.3"),
        patient: Arc::new(Patient { birth_date: birth.into(), ..Patient::default() }),
        date: "20260101".into(),
        time: String::new(),
        description: String::new(),
        id: String::new(),
        accession: String::new(),
        institution: String::new(),
        series: vec![Arc::new(series)],
        written_uid: None,
        documents: vec![],
        notices: vec![],
    }
}

fn look(change: &dyn Fn(&mut Instance), birth: &str, body_part: &str) -> Scope {
    let mut picture = instance(300, 200, Photometric::Monochrome2);
    picture.acquisition.view_position = "PA".into();
    picture.spacing.row_mm = 0.2;
    picture.spacing.col_mm = 0.2;
    change(&mut picture);
    let study = study(series("DX", body_part, vec![picture]), birth);
    let series = &study.series[0];
    scope::of_picture(&card(), &Setting { study: &study, series, instance: &series.instances[0] })
}

#[test]
fn a_card_refuses_whom_it_is_not_for_and_warns_of_what_it_cannot_know() {
    let check = |scope: Scope, refused: Option<&str>, warned: &[&str]| {
        assert_eq!(scope.refusal.as_ref().map(|refusal| refusal.code), refused, "{scope:?}");
        assert_eq!(scope.warnings.len(), warned.len(), "{scope:?}");
        for (warning, word) in scope.warnings.iter().zip(warned) {
            assert!(warning.text.contains(word), "{} lacks {word}", warning.text);
        }
    };
    let same = |_: &mut Instance| {};
    check(look(&same, "19700101", "CHEST"), None, &[]);
    check(look(&same, "20200101", "CHEST"), Some("age"), &[]);
    check(look(&same, "", "CHEST"), None, &["age is not known"]);
    // The file's own age counts before the dates.
    check(look(&|i| i.acquisition.patient_age = "005Y".into(), "19700101", "CHEST"), Some("age"), &[]);
    check(look(&|i| i.acquisition.patient_age = "030Y".into(), "", "CHEST"), None, &[]);
    check(look(&|i| i.pixels.photometric = Photometric::Rgb, "19700101", "CHEST"), Some("photometric"), &[]);
    check(look(&|i| i.pixels.bits_stored = 8, "19700101", "CHEST"), None, &["8 bits"]);
    check(look(&|i| i.spacing.row_mm = 0.8, "19700101", "CHEST"), None, &["0.80 mm"]);
    check(
        look(&|i| i.spacing = overread::domain::geometry::Spacing::UNKNOWN, "19700101", "CHEST"),
        None,
        &["not known"],
    );
    check(look(&same, "19700101", ""), None, &["body part"]);
    check(look(&|i| i.acquisition.view_position.clear(), "19700101", "CHEST"), None, &["from where"]);
    check(look(&same, "19700101", "HAND"), Some("body_part"), &[]);
}

#[test]
fn real_files_of_other_kinds_are_refused_by_the_shipped_radiograph_models_with_the_reason() {
    let Some(folder) = data::shared("dicom") else { return };
    let entries = overread::inference::registry::list_models(&[]);
    let card = entries.iter().find(|entry| entry.id.as_str() == "chest-findings").unwrap().card.clone().unwrap();
    for place in ["chest-ct", "head-ct-gantry-tilt", "segmentation", "geometry"] {
        let intake = Importer::default().scan(&[folder.join(place)], &|| false, &|_| {});
        let mut n_seen = 0;
        for study in &intake.studies {
            let all = study.series.iter().flat_map(|s| s.instances.iter().map(move |i| (s, i)));
            // A radiograph among them would be what the model reads.
            for (series, instance) in all.filter(|(s, _)| !card.input.modalities.contains(&s.modality.0)).take(30) {
                let scope = scope::of_picture(&card, &Setting { study, series, instance });
                let refusal = scope.refusal.unwrap_or_else(|| panic!("{place}: {} is admitted", series.modality));
                assert!(["modality", "age", "photometric"].contains(&refusal.code), "{refusal}");
                n_seen += 1;
            }
        }
        assert!(n_seen > 0, "{place}");
    }
}

/// A tiny classifier with statistics that call everything far out, or nothing.
fn with_statistics(quantile: f32) -> Copied {
    use candle_core::{Device, Tensor};
    let copied = Copied::of("densenet");
    let n =
        candle_core::safetensors::load(copied.path("model.safetensors"), &Device::Cpu).unwrap()["classifier.weight"]
            .dims()[1];
    let line = |values: Vec<f32>| {
        let n = values.len();
        Tensor::from_vec(values, n, &Device::Cpu).unwrap()
    };
    let tensors = std::collections::HashMap::from([
        ("mean".to_owned(), line(vec![0.0; n])),
        ("precision".to_owned(), Tensor::eye(n, candle_core::DType::F32, &Device::Cpu).unwrap()),
        ("percentiles".to_owned(), line(vec![0.0, 100.0])),
        ("quantiles".to_owned(), line(vec![0.0, quantile])),
    ]);
    candle_core::safetensors::save(&tensors, copied.path("features.safetensors")).unwrap();
    let sha256 = sha256_hex(&fs::read(copied.path("features.safetensors")).unwrap());
    copied.edit_card(
        "[saliency]",
        &format!(
            "[distance]\nfile = \"features.safetensors\"\nsha256 = \"{sha256}\"\nlayer = \"features.norm5\"\n\
             warn_percentile = 95.0\nhold_percentile = 99.0\nn = 10\n\n[saliency]"
        ),
    );
    copied
}

fn run(copied: &Copied, study: &Study, shelf: &Mutex<ModelShelf>, is_forced: bool) -> ModelEnd {
    let importer = Importer::default();
    let models = [ModelId::new(copied.id)];
    let request = AnalysisRequest { importer: &importer, study, models: &models, is_forced };
    let end = Mutex::new(None);
    analysis::run(shelf, &request, &|| false, &|event| {
        if let AnalysisEvent::ModelEnded { end: ended, .. } = event {
            *end.lock().unwrap() = Some(ended);
        }
    });
    end.into_inner().unwrap().expect("it ended")
}

#[test]
fn what_lies_far_out_is_held_back_until_a_reader_insists_and_the_scanner_learns() {
    let Some(folder) = data::shared("cxr-findings/nih") else { return };
    let Some(picture) = fs::read_dir(&folder).unwrap().flatten().map(|file| file.path()).find(|path| path.is_file())
    else {
        return;
    };
    let intake = Importer::default().scan(&[picture], &|| false, &|_| {});
    let mut study = intake.studies[0].as_ref().clone();
    // A picture file has no modality; this one is a radiograph of a named scanner.
    let mut series = study.series[0].as_ref().clone();
    series.modality = Modality("DX".into());
    let mut pictured = series.instances[0].as_ref().clone();
    pictured.acquisition.manufacturer = "ACME".into();
    pictured.acquisition.scanner_model = "One".into();
    series.instances = vec![Arc::new(pictured)];
    study.series = vec![Arc::new(series)];
    let far = with_statistics(1e-6);
    let history = far.root.path().join("history.jsonl");
    let shelf = Mutex::new(ModelShelf::new(&[far.root.path().to_owned()], DeviceChoice::Cpu).with_history(&history));
    let ModelEnd::HeldBack(why) = run(&far, &study, &shelf, false) else { panic!("not held back") };
    assert!(why.contains("Out of distribution") && why.contains("beyond the 100.0 percentile"), "{why}");
    let ModelEnd::Findings(forced) = run(&far, &study, &shelf, true) else { panic!("nothing by force") };
    for finding in &forced {
        assert!(
            finding.notices.iter().any(|notice| notice.code == "forced_out_of_distribution"),
            "{:?}",
            finding.notices
        );
        assert!(finding.model_run().unwrap().distance.is_some());
    }
    assert_eq!(fs::read_to_string(&history).unwrap().lines().count(), 2);
    let near = with_statistics(1e9);
    let shelf = Mutex::new(ModelShelf::new(&[near.root.path().to_owned()], DeviceChoice::Cpu));
    let ModelEnd::Findings(found) = run(&near, &study, &shelf, false) else { panic!("held back") };
    assert!(found.iter().all(|finding| finding.notices.iter().all(|notice| notice.code != "unusual_input")));
}
