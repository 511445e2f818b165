//! Every measurement runs and says something; how much is a matter of the machine and is never asserted.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::data;

/// One round of `overread bench WHAT --json` in a folder of its own.
fn bench(arguments: &[&str]) -> Value {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
    command.arg("bench").args(arguments).args(["--repeats", "1", "--json", "--store"]);
    command.arg(place.path().join("review.sqlite")).env("HOME", place.path()).env("TMPDIR", place.path());
    let output = command.env_remove("XDG_DATA_HOME").output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{arguments:?} gave no document ({error}): {}", String::from_utf8_lossy(&output.stderr))
    });
    assert!(output.status.success(), "{document:#}");
    let left_behind: Vec<_> =
        std::fs::read_dir(place.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left_behind.is_empty(), "a measurement leaves nothing: {left_behind:?}");
    for time in document["times"].as_array().unwrap() {
        assert!(["median_ms", "least_ms", "p99_ms"].iter().all(|name| time[name].as_f64().unwrap() > 0.0), "{time}");
    }
    assert!(document["ratios"].as_array().unwrap().iter().all(|ratio| ratio["ratio"].as_f64().unwrap() > 0.0));
    document
}

fn ids(document: &Value) -> Vec<&str> {
    document["times"].as_array().unwrap().iter().map(|time| time["id"].as_str().unwrap()).collect()
}

#[test]
fn bench_frame_measures_our_pass_its_twin_and_the_usual_way() {
    let document = bench(&["frame"]);
    let ids = ids(&document);
    assert!(ids.contains(&"cpu_twin_window_step") && ids.contains(&"usual_way_convert"), "{ids:?}");
    if document["facts"]["adapter"].is_string() {
        assert!(ids.contains(&"gpu_window_step") && ids.contains(&"gpu_scroll_step"));
        assert_eq!(document["facts"]["bytes_uploaded_per_window_step"], 0);
        assert!(document["ratios"].as_array().unwrap().len() >= 4);
    }
}

#[test]
fn bench_scan_measures_the_same_files_read_by_others() {
    let study = tempfile::tempdir().unwrap();
    data::write_small_phantom(study.path());
    let document = bench(&["scan", study.path().to_str().unwrap()]);
    assert_eq!(ids(&document), ["scan", "dicom_object_headers", "dicom_object_headers_parallel"]);
    assert_eq!(document["facts"]["files_read"], document["facts"]["files_read_by_dicom_object"]);
    assert_eq!(document["ratios"].as_array().unwrap().len(), 2);
}

#[test]
fn bench_import_measures_every_part_on_series_of_its_own() {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
    command.args(["bench", "import", "--small", "--repeats", "1", "--json", "--dir"]).arg(place.path());
    let output = command.env_remove("XDG_DATA_HOME").output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{document:#}");
    let names: Vec<&str> =
        document["parts"].as_array().unwrap().iter().map(|part| part["bench"].as_str().unwrap()).collect();
    let expected = ["import memory", "import headers", "import volume", "import frames", "import first image"];
    assert_eq!(names, expected);
    for part in document["parts"].as_array().unwrap() {
        assert!(part["targets"].as_array().unwrap().iter().all(|target| target["measured"].as_f64().unwrap() > 0.0));
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "a measurement leaves nothing");
}

#[test]
fn bench_inference_measures_every_stage_of_every_model() {
    let document = bench(&["inference"]);
    let ids = ids(&document);
    for model in ["chest-anatomy", "chest-findings"] {
        for stage in ["total", "preprocess", "forward", "postprocess"] {
            assert!(ids.contains(&format!("{model}.{stage}").as_str()), "{ids:?}");
        }
    }
}

#[test]
fn bench_masks_measures_strokes_undo_and_operations() {
    let document = bench(&["masks", "--slices", "32"]);
    let expected = ["brush_sample", "sphere_sample", "undo_stroke", "islands", "margin", "smooth", "interpolate"];
    assert!(expected.iter().all(|id| ids(&document).contains(id)), "{:?}", ids(&document));
}

#[test]
fn bench_store_measures_a_decision_that_is_kept() {
    let document = bench(&["store"]);
    assert_eq!(ids(&document), ["decision_kept", "decision_kept_encrypted", "bare_fsync"]);
    assert_eq!(document["facts"]["synchronous"], 2);
}

#[test]
fn a_folder_without_pictures_and_a_python_that_is_none_are_said() {
    let empty = tempfile::tempdir().unwrap();
    let run = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        let output = command.args(["bench", "scan", "--json"]).args(extra).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["error"]["text"].as_str().unwrap().to_owned()
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    assert!(run(&[&text(empty.path())]).contains("no picture"));
    data::write_other_phantom(empty.path());
    let nothing = text(&empty.path().join("python"));
    assert!(run(&[&text(empty.path()), "--peer-python", &nothing]).contains("does not start"));
}
