//! Bringing models in, proving them, and putting their maps to the test, from the command line.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{Place, text};
use crate::data;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/inference")
}

#[test]
fn a_checkpoint_is_added_listed_and_verified_and_a_damaged_golden_file_is_named() {
    let place = Place::empty();
    let (own, card) = (place.at("own"), cases().join("tiny/densenet/model.toml"));
    let checkpoint = cases().join("checkpoints/chexnet.pth.tar");
    let add = ["models", "add", text(&checkpoint), "--card", text(&card), "--to", text(&own)];
    let (code, document) = place.document(&add);
    assert_eq!((code, document["id"].as_str()), (0, Some("densenet")), "{document:#}");
    assert!(!document["remarks"].as_array().unwrap().is_empty());
    let (code, document) = place.document(&add);
    assert_eq!((code, document["error"]["code"].as_str()), (2, Some("model_exists")));
    let verify = ["models", "verify", "--models-dir", text(&own)];
    let (code, document) = place.document(&verify);
    assert_eq!(code, 0, "{document:#}");
    let models = document["models"].as_array().unwrap();
    assert!(models.len() >= 3 && models.iter().all(|model| model["met"] == true));
    let brought = models.iter().find(|model| model["id"] == "densenet").unwrap();
    assert!(brought["golden_made_by"].as_str().unwrap().starts_with("overread"));
    let golden = own.join("densenet/golden.safetensors");
    let mut bytes = fs::read(&golden).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&golden, bytes).unwrap();
    let (code, document) = place.document(&["models", "verify", "densenet", "--models-dir", text(&own)]);
    assert_eq!((code, document["models"][0]["error"]["code"].as_str()), (2, Some("hash_mismatch")));
    let (code, document) = place.document(&["models", "verify", "nobody"]);
    assert_eq!((code, document["error"]["code"].as_str()), (2, Some("unknown_model")));
}

#[test]
fn what_is_no_model_is_refused_in_words() {
    let place = Place::empty();
    fs::write(place.at("text.pth"), b"not a model").unwrap();
    let (own, file) = (place.at("own"), place.at("text.pth"));
    let (code, document) = place.document(&["models", "add", text(&file), "--to", text(&own)]);
    assert_eq!(code, 2);
    assert!(document["error"]["text"].as_str().unwrap().contains("neither a PyTorch checkpoint"), "{document:#}");
    assert!(!own.exists());
}

#[test]
fn maps_are_measured_on_real_radiographs_and_the_report_stands_beside_the_card() {
    let Some(pictures) = data::shared("cxr-findings/nih") else { return };
    let place = Place::empty();
    let own = place.at("own/densenet");
    fs::create_dir_all(&own).unwrap();
    for file in ["model.toml", "model.safetensors", "golden.safetensors"] {
        fs::copy(cases().join("tiny/densenet").join(file), own.join(file)).unwrap();
    }
    let few = place.at("few");
    fs::create_dir(&few).unwrap();
    let mut names: Vec<PathBuf> = fs::read_dir(pictures).unwrap().flatten().map(|file| file.path()).collect();
    names.sort();
    for path in names.iter().take(3) {
        fs::copy(path, few.join(path.file_name().unwrap())).unwrap();
    }
    let root = place.at("own");
    let sanity =
        ["models", "sanity", "densenet", text(&few), "--set", "three radiographs", "--models-dir", text(&root)];
    let (code, document) = place.document(&sanity);
    assert_eq!((code, document["report"]["n_images"].as_u64()), (0, Some(3)), "{document:#}");
    let kept = fs::read_to_string(own.join("sanity.toml")).unwrap();
    assert!(kept.contains("three radiographs") && kept.contains("randomized_correlation"));
}
