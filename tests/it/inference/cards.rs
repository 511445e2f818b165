//! What a card may say, and where models are looked for.

use std::fs;

use overread::inference::error::ModelError;
use overread::inference::model_card::{ModelCard, load_card, parse_card};
use overread::inference::registry::{ModelSource, list_models};

use crate::inference::{Copied, cases};

fn card_with(id: &str, from: &str, to: &str) -> Result<ModelCard, ModelError> {
    let text = fs::read_to_string(cases().join("tiny").join(id).join("model.toml")).unwrap();
    assert!(text.contains(from), "the card lacks '{from}'");
    parse_card(&text.replacen(from, to, 1))
}

#[test]
fn a_card_whose_numbers_make_no_sense_is_refused_by_its_key() {
    let densenet = [
        ("schema = 1", "schema = 2", "card_schema", ""),
        ("id = \"densenet\"", "id = \"../densenet\"", "card_value", "'id'"),
        ("file = \"model.safetensors\"", "file = \"../model.safetensors\"", "card_value", "weights.file"),
        ("file = \"model.safetensors\"", "file = \"model.pt\"", "card_value", "safetensors"),
        ("sha256 = \"", "sha256 = \"x", "card_value", "sha256"),
        ("tolerance = 1e-4", "tolerance = nan", "card_value", "tolerance"),
        ("std = 0.25", "std = 0.0", "card_value", "input.std"),
        ("mean = 0.5", "mean = inf", "card_value", "input.mean"),
        ("rows = 44", "rows = 4", "card_value", "input.rows"),
        ("rows = 44", "rows = -1", "card_invalid", ""),
        ("channels = 1\npolarity", "channels = 3\npolarity", "card_value", "in_channels"),
        ("low = 1.0", "low = 99.5", "card_value", "input.intensity"),
        ("temperature = 2.0", "temperature = 0.0", "card_value", "temperature"),
        ("activation = \"sigmoid\"", "activation = \"softmax\"", "card_value", "sigmoid"),
        ("n_classes = 2", "n_classes = 3", "card_value", "label"),
        ("block_config = [2, 3]", "block_config = []", "card_value", "block_config"),
        ("index = 1", "index = 0", "card_value", "label"),
        ("id = \"label_1\"", "id = \"label_0\"", "card_value", "label.id"),
        ("threshold = 0.5", "threshold = 1.5", "card_value", "threshold"),
        ("sensitivity = 0.5", "sensitivity = 50", "card_value", "sensitivity"),
        ("auroc_ci = [0.4, 0.6]", "auroc_ci = [0.6, 0.4]", "card_value", "auroc_ci"),
        ("layer = \"features.norm5\"", "layer = \"features.norm4\"", "card_value", "saliency.layer"),
        ("contour_fraction = 0.5", "contour_fraction = 1.5", "card_value", "contour_fraction"),
        ("orientation = [\"L\", \"F\"]", "orientation = [\"L\", \"up\"]", "card_value", "orientation"),
        ("modalities = [\"DX\"]", "modalities = []", "card_value", "modalities"),
        ("task = \"classification\"", "task = \"poetry\"", "card_invalid", ""),
        ("[weights]", "[weights", "card_invalid", ""),
    ];
    for (from, to, code, word) in densenet {
        let error = card_with("densenet", from, to).expect_err(to);
        assert_eq!(error.code(), code, "{to}: {error}");
        assert!(error.to_string().contains(word), "{to}: {error}");
    }
    let unet = [
        ("depth = 3", "depth = 5", "input.rows"),
        ("depth = 3", "depth = 0", "depth"),
        ("out_channels = 3", "out_channels = 2", "segment"),
        ("index = 2", "index = 3", "segment"),
        ("base_width = 4", "base_width = 1000000", "base_width"),
    ];
    for (from, to, word) in unet {
        let error = card_with("unet", from, to).expect_err(to);
        assert_eq!(error.code(), "card_value", "{to}: {error}");
        assert!(error.to_string().contains(word), "{to}: {error}");
    }
}

#[test]
fn an_unknown_key_is_refused_by_its_name() {
    for (from, to, key) in [
        ("mean = 0.5", "mean = 0.5\nmaen = 0.5", "'input.maen'"),
        ("index = 0", "index = 0\ncolor = 3", "'label.color'"),
        ("[calibration]", "[calibration]\nslope = 1.0", "'calibration.slope'"),
        ("[saliency]", "[slaiency]\nx = 1\n\n[saliency]", "'slaiency'"),
    ] {
        let error = card_with("densenet", from, to).unwrap_err();
        assert_eq!(error.code(), "card_unknown_key");
        assert!(error.to_string().contains(key), "{error}");
    }
}

#[test]
fn what_a_card_says_of_tiles_scope_distance_and_calibration_must_fit_together() {
    let sha256 = "0".repeat(64);
    let tiles = "fit = \"tiles\"";
    let sliding = "[sliding]\noverlap = 0.5\n\n";
    let component = "[component]\nsegment = \"part_1\"\nthreshold = 0.5\n\
                     operating_point = { threshold = 0.5, set = \"none\" }\n\n";
    let distance = format!(
        "[distance]\nfile = \"features.safetensors\"\nsha256 = \"{sha256}\"\nlayer = \"enc2\"\n\
         warn_percentile = 95.0\nhold_percentile = 99.0\nn = 5\n\n"
    );
    let base = fs::read_to_string(cases().join("tiny/unet/model.toml")).unwrap();
    let card = |fit: &str, tables: &str| {
        parse_card(&base.replace("fit = \"letterbox\"", fit).replace("[output]", &format!("{tables}[output]")))
    };
    let good = card(tiles, &format!("{sliding}{component}{distance}[scope]\nmin_age_years = 18.0\n\n")).unwrap();
    assert_eq!(good.sliding.unwrap().sigma, 0.125);
    assert_eq!(good.distance.unwrap().n, 5);
    let refused = [
        (tiles, String::new(), "sliding"),
        (tiles, sliding.to_owned(), "component"),
        ("fit = \"letterbox\"", format!("{sliding}{component}"), "sliding"),
        ("fit = \"letterbox\"", component.to_owned(), "component"),
        ("fit = \"stretch\"", String::new(), "input.fit"),
        (tiles, format!("{}{component}", sliding.replace("0.5", "0.95")), "sliding.overlap"),
        (tiles, format!("{sliding}{}", component.replace("part_1", "part_9")), "component.segment"),
        ("fit = \"letterbox\"", distance.replace("enc2", "enc1"), "distance.layer"),
        ("fit = \"letterbox\"", distance.replace("99.0", "90.0"), "distance.hold_percentile"),
        ("fit = \"letterbox\"", distance.replace("features.safetensors", "../f.safetensors"), "distance.file"),
        ("fit = \"letterbox\"", "[scope]\nmin_age_years = 18.0\nmax_age_years = 8.0\n\n".into(), "max_age_years"),
        ("fit = \"letterbox\"", "[scope]\nphotometric = [\"GRAY\"]\n\n".into(), "photometric"),
        ("fit = \"letterbox\"", "[stability]\nshift = 0.5\n\n".into(), "stability.shift"),
        (
            "fit = \"letterbox\"",
            "[calibration]\nmethod = \"temperature\"\nset = \"x\"\nn = 3\n\n".into(),
            "calibration",
        ),
    ];
    for (fit, tables, key) in refused {
        let error = card(fit, &tables).expect_err(&tables);
        assert_eq!(error.code(), "card_value", "{tables}: {error}");
        assert!(error.to_string().contains(key), "{tables}: {error}");
    }
}

#[test]
fn a_folder_is_listed_with_its_source_and_with_what_is_wrong_with_it() {
    let model = Copied::of("densenet");
    fs::create_dir(model.root.path().join("broken")).unwrap();
    fs::write(model.root.path().join("broken/model.toml"), "schema = ").unwrap();
    fs::create_dir(model.root.path().join("empty")).unwrap();
    let root = model.root.path().to_owned();
    // Twice the same root: each folder once.
    let entries = list_models(&[root.clone(), root.clone()]);
    let folders: Vec<_> =
        entries.iter().filter(|entry| entry.source != ModelSource::BuiltIn("chest-anatomy")).collect();
    let ids: Vec<&str> = folders.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["chest-findings", "broken", "densenet"]);
    assert!(folders[1].card.is_err() && !folders[1].hash_ok);
    assert!(folders[2].card.is_ok() && folders[2].hash_ok);
    assert!(folders[2].source.describe().ends_with("densenet"));
    // The folder's name and the card's id are one thing.
    fs::rename(root.join("densenet"), root.join("other")).unwrap();
    assert_eq!(load_card(&root.join("other")).unwrap_err().code(), "card_value");
}

#[test]
fn a_folder_with_the_built_in_model_is_not_listed_twice_but_a_changed_one_is() {
    let built_in = list_models(&[]);
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let listed = list_models(std::slice::from_ref(&shipped));
    for entry in &built_in {
        assert_eq!(listed.iter().filter(|other| other.id == entry.id).count(), 1, "{}", entry.id);
    }
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("chest-anatomy");
    fs::create_dir(&folder).unwrap();
    let card = fs::read_to_string(shipped.join("chest-anatomy/model.toml")).unwrap();
    fs::write(folder.join("model.toml"), card).unwrap();
    fs::write(folder.join("model.safetensors"), b"other weights").unwrap();
    let entries = list_models(&[root.path().to_owned()]);
    assert_eq!(entries.len(), built_in.len() + 1);
    assert!(!entries.last().unwrap().hash_ok);
}
