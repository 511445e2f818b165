//! The program without a window, as a script sees it: arguments in, one document and an exit code out.

mod bad_input;
mod batch;
mod course;
mod keyring;
mod models;
mod record;
mod stats;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::data;

/// A folder of its own with a small phantom study and a store beside it.
struct Place {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

impl Place {
    fn with_phantom() -> Self {
        let place = Self::empty();
        data::write_small_phantom(&place.study());
        place
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        Self { _folder: folder, root }
    }

    fn study(&self) -> PathBuf {
        self.root.join("study")
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let store = self.at("review.sqlite");
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        command.args(arguments).arg("--store").arg(store).env("HOME", &self.root).env_remove("XDG_DATA_HOME");
        command.output().unwrap()
    }

    /// Runs with `--json`; stdout must be one document.
    fn document(&self, arguments: &[&str]) -> (i32, Value) {
        let mut with_json = arguments.to_vec();
        with_json.push("--json");
        let output = self.run(&with_json);
        let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            panic!("{arguments:?} gave no document ({error})\nstdout: {out}\nstderr: {err}")
        });
        (output.status.code().unwrap(), document)
    }

    fn radiograph(&self) -> PathBuf {
        self.radiograph_in("study")
    }

    fn radiograph_in(&self, folder: &str) -> PathBuf {
        let (_, document) = self.document(&["inspect", text(&self.at(folder))]);
        let series = document["patients"][0]["studies"][0]["series"].as_array().unwrap().clone();
        let projection = series.iter().find(|series| series["modality"] == "DX").unwrap();
        PathBuf::from(projection["instances"][0]["path"].as_str().unwrap())
    }
}

/// The third number of Image Position (Patient), read without the importer.
fn slice_height(path: &Path) -> f64 {
    let bytes = fs::read(path).unwrap();
    let at = bytes.windows(6).position(|part| part == b"\x20\x00\x32\x00DS").unwrap();
    let n_bytes = usize::from(u16::from_le_bytes([bytes[at + 6], bytes[at + 7]]));
    let value = String::from_utf8(bytes[at + 8..at + 8 + n_bytes].to_vec()).unwrap();
    value.rsplit('\\').next().unwrap().trim_end_matches(['\0', ' ']).parse().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn inspect_lists_the_study_its_geometry_and_every_file() {
    let place = Place::with_phantom();
    fs::write(place.study().join("notes.txt"), "not a picture").unwrap();
    let (code, document) = place.document(&["inspect", text(&place.study())]);
    assert_eq!(code, 1, "one file was refused");
    assert_eq!(document["research_use_only"], "Research use only. Not for diagnostic use.");
    assert_eq!(document["counts"]["studies"], 1);
    let series = document["patients"][0]["studies"][0]["series"].as_array().unwrap();
    let ct = series.iter().find(|series| series["modality"] == "CT").unwrap();
    assert_eq!(ct["geometry"]["regular"], true);
    assert_eq!(ct["geometry"]["sorted_by"], "position");
    assert!(ct["geometry"]["slice_spacing_mm"].as_f64().unwrap() > 0.0);
    let paths: Vec<&str> = ct["instances"].as_array().unwrap().iter().map(|i| i["path"].as_str().unwrap()).collect();
    let heights: Vec<f64> = paths.iter().map(|path| slice_height(Path::new(path))).collect();
    let rising = heights.is_sorted() || heights.iter().rev().is_sorted();
    assert!(rising && heights.len() > 2, "the images are listed in the order of the stack: {heights:?}");
    assert_eq!(ct["geometry"]["orientation"].as_array().unwrap().len(), 6);
    let files = document["files"].as_array().unwrap();
    let refused: Vec<&Value> = files.iter().filter(|file| file["status"] == "refused").collect();
    assert!(refused.iter().any(|file| file["path"].as_str().unwrap().ends_with("notes.txt")));
    assert!(refused.iter().all(|file| file["reason"]["code"].is_string()));
}

#[test]
fn input_that_holds_no_image_ends_with_2_and_says_why() {
    let place = Place::empty();
    fs::create_dir_all(place.study()).unwrap();
    fs::write(place.study().join("a.txt"), "text").unwrap();
    let (code, document) = place.document(&["inspect", text(&place.study())]);
    assert_eq!(code, 2);
    assert_eq!(document["counts"]["refused"], 1);
    let (code, document) = place.document(&["inspect", text(&place.at("nowhere"))]);
    assert_eq!(code, 2);
    assert_eq!(document["files"][0]["reason"]["code"], "not_found");
    let (code, document) = place.document(&["decode", text(&place.at("nowhere")), "--out", text(&place.at("x.npy"))]);
    assert_eq!((code, document["error"]["code"].as_str()), (2, Some("not_found")));
}

#[test]
fn decode_writes_stored_and_modality_values() {
    let place = Place::with_phantom();
    let (_, document) = place.document(&["inspect", text(&place.study())]);
    let series = document["patients"][0]["studies"][0]["series"].as_array().unwrap();
    let ct = series.iter().find(|series| series["modality"] == "CT").unwrap();
    let file = ct["instances"][0]["path"].as_str().unwrap();
    let (code, stored) = place.document(&["decode", file, "--out", text(&place.at("s.npy"))]);
    assert_eq!(code, 0);
    let out = place.at("m.npy");
    let (code, modality) = place.document(&["decode", file, "--format", "modality", "--out", text(&out)]);
    assert_eq!((code, modality["dtype"].as_str()), (0, Some("float32")));
    assert_eq!(stored["shape"], modality["shape"]);
    let n_pixels = stored["shape"][0].as_u64().unwrap() * stored["shape"][1].as_u64().unwrap();
    let bytes = fs::read(place.at("m.npy")).unwrap();
    assert!(bytes.starts_with(b"\x93NUMPY"));
    let values = &bytes[bytes.len() - usize::try_from(n_pixels).unwrap() * 4..];
    let first = f32::from_le_bytes(values[..4].try_into().unwrap());
    assert!((-1200.0..-900.0).contains(&first), "the corner of a CT slice is air, not {first}");
}

#[test]
fn another_decoder_reads_the_same_stored_values() {
    let place = Place::with_phantom();
    let out = place.at("x.npy");
    let (code, document) = place.document(&["decode", text(&place.radiograph()), "--out", text(&out), "--cross-check"]);
    assert_eq!((code, document["cross_check"]["outcome"].as_str()), (0, Some("agrees")), "{document:#}");

    let Some(folder) = data::shared("dicom/one-slice-many-syntaxes/testImages") else { return };
    let mut n_compared = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let arguments = ["decode", text(&file), "--out", text(&out), "--cross-check"];
        let (_, document) = place.document(&arguments);
        if document["cross_check"]["outcome"] == "agrees" {
            n_compared += 1;
        } else {
            println!("{}: {}", file.display(), document["cross_check"]);
        }
    }
    assert!(n_compared >= 3, "only {n_compared} files could be compared");
}

#[test]
fn cpu_and_gpu_draw_the_same_picture_within_one_level() {
    let place = Place::with_phantom();
    let radiograph = place.radiograph();
    let draw = |renderer: &str, out: &Path| {
        let size = ["--size", "300x260", "--renderer", renderer, "-o", text(out)];
        let mut arguments = vec!["render", text(&radiograph)];
        arguments.extend(size);
        place.document(&arguments)
    };
    let (cpu, gpu) = (place.at("cpu.png"), place.at("gpu.png"));
    assert_eq!(draw("cpu", &cpu).0, 0);
    let (code, document) = draw("gpu", &gpu);
    if code != 0 {
        println!("skipped: {}", document["error"]["text"]);
        return;
    }
    let (cpu, gpu) = (image::open(cpu).unwrap().into_rgb8(), image::open(gpu).unwrap().into_rgb8());
    assert_eq!(cpu.dimensions(), (300, 260));
    let worst = cpu.as_raw().iter().zip(gpu.as_raw()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(1), "the two renderers differ by {worst:?} levels");
    assert!(cpu.as_raw().iter().any(|level| *level > 200) && cpu.as_raw().iter().any(|level| *level < 50));
}

#[test]
fn a_window_or_preset_that_cannot_be_is_refused() {
    let place = Place::with_phantom();
    let radiograph = place.radiograph();
    let refused = |extra: &[&str]| {
        let out = place.at("x.png");
        let mut arguments = vec!["render", text(&radiograph), "-o", text(&out)];
        arguments.extend(extra);
        let (code, document) = place.document(&arguments);
        assert_eq!(code, 2);
        document["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&["--window", "40,0"]), "usage");
    assert_eq!(refused(&["--window", "wide"]), "usage");
    assert_eq!(refused(&["--preset", "lung"]), "preset_needs_ct");
    assert_eq!(refused(&["--preset", "nothing"]), "unknown_preset");
    assert_eq!(refused(&["--frame", "7"]), "no_such_frame");
}

#[test]
fn analyze_decide_findings_export_tell_one_story() {
    let place = Place::with_phantom();
    let (code, analyzed) = place.document(&["analyze", text(&place.study()), "--out", text(&place.at("results"))]);
    assert_eq!(code, 0, "{analyzed:#}");
    let findings = analyzed["findings"].as_array().unwrap();
    assert!(findings.len() >= 2, "both models speak");
    let with_mask = findings.iter().find(|f| f["mask_files"]["heart"].is_string()).expect("a heart mask");
    assert!(place.at("results").join(with_mask["mask_files"]["heart"].as_str().unwrap()).exists());
    let with_map = findings.iter().find(|f| f["saliency_file"].is_string()).expect("a saliency map");
    assert!(place.at("results").join(with_map["saliency_file"].as_str().unwrap()).exists());

    let uid = analyzed["studies"][0]["study_instance_uid"].as_str().unwrap();
    let (first, second) = (findings[0]["id"].as_str().unwrap(), findings[1]["id"].as_str().unwrap());
    let decide = |finding: &str, words: &[&str]| {
        let mut arguments = vec!["decide", "--study", uid, "--finding", finding, "--reader", "Dr. Script"];
        arguments.extend(words);
        place.document(&arguments)
    };
    let (code, decided) = decide(first, &["accept"]);
    assert_eq!((code, decided["decision"]["verdict"].as_str()), (0, Some("accepted")), "{decided:#}");
    let (code, refused) = decide(second, &["reject"]);
    assert_eq!((code, refused["error"]["code"].as_str()), (2, Some("refused")));
    let (code, refused) = decide(second, &["reject", "--reason", "bad_mood"]);
    assert_eq!((code, refused["error"]["code"].as_str()), (2, Some("unknown_reason")));
    assert_eq!(decide(second, &["reject", "--reason", "composite_shadow"]).0, 0);
    assert_eq!(decide("no-such-finding", &["accept"]).0, 2);

    let (code, listed) = place.document(&["findings", "--study", uid]);
    assert_eq!(code, 0);
    let verdict_of = |document: &Value, id: &str| {
        let found = document["findings"].as_array().unwrap().iter().find(|f| f["id"] == id).unwrap();
        found["decision"]["verdict"].as_str().map(ToOwned::to_owned)
    };
    assert_eq!(verdict_of(&listed, first).as_deref(), Some("accepted"));
    assert_eq!(verdict_of(&listed, second).as_deref(), Some("rejected"));

    let (code, exported) = place.document(&["export", "--study", uid, "--to", text(&place.at("out"))]);
    assert_eq!(code, 0, "{exported:#}");
    let report: Value = serde_json::from_slice(&fs::read(place.at("out/report.json")).unwrap()).unwrap();
    assert_eq!(verdict_of(&report, second).as_deref(), Some("rejected"));
    assert!(report.to_string().contains("Research use only"));
    let files = exported["files"].as_array().unwrap();
    assert!(files.iter().any(|file| file.as_str().unwrap().ends_with(".png")));

    // A second run of the same models on the same image says the same and loses no decision.
    let again = place.document(&["analyze", text(&place.study()), "--out", text(&place.at("results"))]).1;
    let ids = |document: &Value| -> Vec<Value> {
        document["findings"].as_array().unwrap().iter().map(|f| f["id"].clone()).collect()
    };
    assert_eq!(ids(&again), ids(&analyzed));
    let listed = place.document(&["findings", "--study", uid]).1;
    assert_eq!(verdict_of(&listed, first).as_deref(), Some("accepted"));
}

#[test]
fn models_are_listed_with_their_hashes_checked_and_a_wrong_hash_is_named() {
    let place = Place::empty();
    let (code, document) = place.document(&["models"]);
    assert_eq!(code, 0);
    let models = document["models"].as_array().unwrap();
    assert!(models.len() >= 2 && models.iter().all(|model| model["hash_ok"] == true));

    let own = place.at("own/chest-anatomy");
    fs::create_dir_all(&own).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/chest-anatomy");
    for name in ["model.toml", "golden.safetensors"] {
        fs::copy(shipped.join(name), own.join(name)).unwrap();
    }
    let mut weights = fs::read(shipped.join("model.safetensors")).unwrap();
    let last = weights.len() - 1;
    weights[last] ^= 1;
    fs::write(own.join("model.safetensors"), weights).unwrap();
    let (code, document) = place.document(&["models", "--models-dir", text(&place.at("own"))]);
    assert_eq!(code, 1);
    let wrong = document["models"].as_array().unwrap().iter().find(|model| model["hash_ok"] == false).unwrap();
    assert_eq!((wrong["id"].as_str(), wrong["usable"].as_bool()), (Some("chest-anatomy"), Some(false)));
}

#[test]
fn an_unknown_study_and_a_missing_store_are_said_not_made_up() {
    let place = Place::empty();
    let (code, document) = place.document(&["findings", "--study", "1.2.3"]);
    assert_eq!(code, 2);
    assert!(document["error"]["text"].is_string());
    assert!(!place.at("review.sqlite").exists(), "reading creates nothing");
}

#[test]
fn real_studies_open_and_their_originals_stay_untouched() {
    let Some(chest) = data::shared("dicom/chest-ct") else { return };
    let place = Place::empty();
    let (code, document) = place.document(&["inspect", text(&chest)]);
    assert_eq!(code, 0);
    let series = &document["patients"][0]["studies"][0]["series"][0];
    assert_eq!((series["n_images"].as_u64(), series["geometry"]["rows"].as_u64()), (Some(99), Some(512)));
    assert_eq!(series["geometry"]["slice_spacing_mm"], 3.0);
    let file = series["instances"][50]["path"].as_str().unwrap();
    let before = fs::read(file).unwrap();
    let drawn = place.document(&["render", file, "--preset", "lung", "-o", text(&place.at("lung.png"))]);
    assert_eq!(drawn.0, 0, "{:#}", drawn.1);
    assert_eq!(fs::read(file).unwrap(), before);
}
