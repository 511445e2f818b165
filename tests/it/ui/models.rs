//! Cards of models, inputs of networks, maps on demand and findings that are held back: what the reader sees and asks.

use std::sync::Arc;

use egui_kittest::kittest::Queryable as _;
use overread::domain::saliency::SaliencyMethod;
use overread::domain::uid::{FindingId, ModelId};
use overread::ui::action::{Action, AnalysisAction};
use overread::ui::context::{AboutSection, AnalysisState, InputPicture, InputState, MapState, ModelAbout, ModelStatus};
use overread::ui::dialogs::Dialog;
use overread::ui::dialogs::network_input::InputDraft;

use crate::ui::desk::{Desk, model};
use crate::ui::harness;
use crate::ui::pictures::{SMALL, picture};

fn about() -> ModelAbout {
    let rows = |rows: &[(&str, &str)]| rows.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let section = |title, text: &str, of: &[(&str, &str)]| AboutSection {
        title,
        text: text.into(),
        rows: rows(of),
        is_warning: false,
    };
    ModelAbout {
        summary: "Suggests four findings on a frontal chest radiograph. A small demonstration model.".into(),
        sections: vec![
            section("Intended use", "Research and teaching on adult frontal chest radiographs.", &[]),
            AboutSection { is_warning: true, ..section("Not for", "Diagnosis; children; lateral views; CT.", &[]) },
            section("Scope", "", &[("Modality", "CR, DX"), ("Age", "18 years and more"), ("View", "PA, AP")]),
            section(
                "Figures, with 95 % intervals",
                "AUROC on 193 test images of 133 patients.",
                &[
                    (
                        "Pleural effusion",
                        "AUROC 0.807 (0.651 to 0.899); operating point 0.227, sensitivity 0.84 on test part",
                    ),
                    (
                        "Pulmonary edema",
                        "AUROC 0.801 (0.608 to 0.914); operating point 0.245, sensitivity 0.89 on test part",
                    ),
                ],
            ),
            section("Confidence", "", &[("Calibration", "none: a score is an order, not a probability")]),
            section(
                "Sanity of its heat maps",
                "Passed.",
                &[("Weights randomized", "rank correlation 0.08 (0 is best)")],
            ),
            section("Package", "", &[("License", "CC BY 4.0"), ("Weights, SHA-256", &"9ad6".repeat(16))]),
        ],
    }
}

fn desk_with_cards() -> Desk {
    let mut desk = Desk::new();
    desk.facts.models[0].about = Some(Arc::new(about()));
    desk.facts.models.push(ModelStatus {
        about: None,
        ..model("broken", "broken", AnalysisState::Unavailable("the model card is not valid".into()))
    });
    desk
}

fn has_asked(desk: &Desk, action: &AnalysisAction) -> bool {
    desk.asked.iter().any(|asked| asked == &Action::from(action.clone()))
}

#[test]
fn a_models_name_opens_its_card_with_use_limits_figures_sanity_hash_and_license() {
    let mut harness = harness(desk_with_cards());
    harness.get_by_label("Chest findings model card").click();
    harness.run_steps(4);
    for words in ["Intended use", "Not for", "Scope", "Confidence", "Sanity of its heat maps", "License"] {
        harness.get_by_label(words);
    }
    harness.get_by_label_contains("AUROC 0.807 (0.651 to 0.899)");
    harness.get_by_label_contains("9ad69ad6");
}

#[test]
fn findings_that_are_held_back_say_why_and_a_reader_may_insist() {
    let mut desk = Desk::new();
    let why =
        "Out of distribution for Chest findings: 99.8 percentile of training distance. Its findings are held back";
    desk.facts.models[0].state = AnalysisState::HeldBack(why.into());
    let mut harness = harness(desk);
    harness.get_by_label(why);
    harness.get_by_label("Run anyway").click();
    harness.run_steps(2);
    let id = ModelId::new("chest-findings");
    assert!(has_asked(harness.state(), &AnalysisAction::RunAnyway(id)));
}

#[test]
fn the_networks_input_is_shown_with_its_range_and_a_map_by_another_method_is_asked_for_once() {
    let mut desk = Desk::new();
    desk.view.overlay.saliency_shown = true;
    desk.view.overlay.saliency_method = Some(SaliencyMethod::GradCamPlusPlus);
    let mut harness = harness(desk);
    let finding = FindingId::new(harness.state().selected().expect("one is selected"));
    let wish = AnalysisAction::Explain(finding.clone(), SaliencyMethod::GradCamPlusPlus);
    assert!(has_asked(harness.state(), &wish));
    harness.get_by_label_contains("Grad-CAM++: where the network looked, not where disease is");
    let failed = MapState::Failed("no".into());
    harness.state_mut().facts.asked.maps.insert((finding.clone(), SaliencyMethod::GradCamPlusPlus), failed);
    harness.state_mut().asked.clear();
    harness.run_steps(4);
    assert!(!has_asked(harness.state(), &wish));
    harness.get_by_label("Network input…").click();
    harness.run_steps(4);
    assert!(has_asked(harness.state(), &AnalysisAction::ShowInput(finding.clone())));
    let values: Vec<f32> = (0..64 * 48).map(|i| i as f32 / 1000.0 - 2.0).collect();
    let facts = vec![("Mean".to_owned(), "0.5000".to_owned())];
    let input = InputPicture { channels: 1, rows: 64, cols: 48, values, facts };
    assert_eq!(input.gray(0)[0], 0);
    assert_eq!(input.gray(0).last(), Some(&255));
    harness.state_mut().facts.asked.input = Some((finding, InputState::Ready(Arc::new(input))));
    harness.run_steps(4);
    harness.get_by_label("-2.000 (black) to 1.071 (white)");
    harness.get_by_label("What the network saw, 48 by 64 pixels");
}

#[test]
fn the_card_and_the_input_as_pictures() {
    let mut desk = desk_with_cards();
    desk.view.dialogs.push(Dialog::Models(None));
    picture("model-card", SMALL, desk);
    let mut desk = Desk::new();
    desk.view.overlay.saliency_shown = true;
    let finding = FindingId::new("effusion");
    let value = |i: usize| ((i % 224) as f32 / 40.0).sin() + ((i / 224) as f32 / 30.0).cos();
    let values = (0..224 * 224).map(value).collect();
    let facts = vec![
        ("Scaling".to_owned(), "0.5 to 99.5 percentile of the picture to 0 and 1".to_owned()),
        ("Fit".to_owned(), "the longer side fits, the rest is padding".to_owned()),
        ("Mean".to_owned(), "0.5000".to_owned()),
        ("Deviation".to_owned(), "0.2500".to_owned()),
    ];
    let input = InputPicture { channels: 1, rows: 224, cols: 224, values, facts };
    desk.facts.asked.input = Some((finding.clone(), InputState::Ready(Arc::new(input))));
    desk.view.dialogs.push(Dialog::NetworkInput(InputDraft { finding, channel: 0 }));
    picture("network-input", SMALL, desk);
    let mut desk = desk_with_cards();
    desk.facts.models[0].state = AnalysisState::HeldBack(
        "Out of distribution for Chest findings: 99.8 percentile of training distance, 97 percentile for ACME One \
         (n = 120). Its findings are held back"
            .into(),
    );
    desk.view.overlay.saliency_shown = true;
    picture("held-back", SMALL, desk);
}
