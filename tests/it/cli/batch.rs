//! `overread analyze` over many studies: as they come, killed, taken up again, and what it makes of changed files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::{Place, text};
use crate::data;

const N_STUDIES: usize = 240;

/// One radiograph under so many study, series and instance UIDs; the model is a tiny one.
struct Crowd {
    place: Place,
    files: Vec<PathBuf>,
}

impl Crowd {
    fn new(n: usize) -> Self {
        let place = Place::empty();
        data::write_other_phantom(&place.at("one"));
        let radiograph = place.radiograph_in("one");
        let bytes = fs::read(&radiograph).unwrap();
        let uids = uids(&place, &radiograph);
        fs::create_dir_all(place.at("many")).unwrap();
        let files = (0..n).map(|i| {
            let mut bytes = bytes.clone();
            for uid in &uids {
                // As long as before, so that nothing else of the file changes.
                let with_number = format!("{}{i:04}", &uid[..uid.len() - 4]);
                replace(&mut bytes, uid.as_bytes(), with_number.as_bytes());
            }
            let path = place.at(&format!("many/{i:04}.dcm"));
            fs::write(&path, bytes).unwrap();
            path
        });
        let files = files.collect();
        Self { place, files }
    }

    fn arguments(&self) -> Vec<String> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/inference/tiny");
        let (many, out) = (self.place.at("many"), self.place.at("out"));
        let words = ["analyze", text(&many), "--out", text(&out), "--model", "densenet", "--models-dir", text(&models)];
        words.map(str::to_owned).to_vec()
    }

    fn analyze(&self, extra: &[&str]) -> (i32, Value) {
        let arguments = self.arguments();
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.extend(extra);
        self.place.document(&arguments)
    }

    fn start(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        command.args(self.arguments()).arg("--store").arg(self.place.at("review.sqlite"));
        command.env("HOME", self.place.at("")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Folders of studies that stand under their final names.
    fn complete(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.place.at("out/studies")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.')).collect()
    }
}

/// The study's, the series' and the instance's UID.
fn uids(place: &Place, file: &Path) -> [String; 3] {
    let (_, document) = place.document(&["inspect", text(file)]);
    let study = &document["patients"][0]["studies"][0];
    let series = &study["series"][0];
    let uid = |value: &Value| value.as_str().unwrap().to_owned();
    [
        uid(&study["study_instance_uid"]),
        uid(&series["series_instance_uid"]),
        uid(&series["instances"][0]["sop_instance_uid"]),
    ]
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, part)| *part == from).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
}

fn studies_of(document: &Value) -> BTreeSet<String> {
    let models = document["models"].as_array().unwrap();
    models.iter().map(|report| report["study_instance_uid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_batch_that_was_killed_goes_on_where_it_was_and_ends_as_if_it_had_not_been() {
    let crowd = Crowd::new(N_STUDIES);
    let mut child = crowd.start();
    let patience = Instant::now() + Duration::from_secs(120);
    while crowd.complete().len() < 20 {
        assert!(Instant::now() < patience, "no results came");
        assert!(child.try_wait().unwrap().is_none(), "results come only at the end");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let n_before = crowd.complete().len();
    assert!(n_before < N_STUDIES, "the batch was over before it was killed");
    for folder in crowd.complete() {
        let document: Value = serde_json::from_slice(&fs::read(folder.join("findings.json")).unwrap()).unwrap();
        let map = document["findings"][0]["saliency_file"].as_str().unwrap();
        assert!(crowd.place.at("out").join(map).exists());
    }

    let (exit, document) = crowd.analyze(&[]);
    assert_eq!(exit, 0, "{document:#}");
    let batch = &document["batch"];
    assert_eq!(batch["n_studies"], N_STUDIES);
    assert_eq!(batch["n_complete_already"].as_u64().unwrap() as usize, n_before);
    assert_eq!(document["findings"].as_array().unwrap().len(), 2 * N_STUDIES, "two labels each");
    assert_eq!(studies_of(&document).len(), N_STUDIES);
    assert_eq!((crowd.complete().len(), document["record"]["kept"].as_bool()), (N_STUDIES, Some(true)));
    let network = &batch["network"];
    assert_eq!(network["n_runs"].as_u64().unwrap() as usize, N_STUDIES - n_before);
    for share in ["busy_share", "slot_share"] {
        let share = network[share].as_f64().unwrap();
        assert!(share > 0.0 && share <= 1.0 + 1e-9, "{network}");
    }

    // Nothing is left; then one file changes, one moves and one is copied elsewhere.
    let (_, again) = crowd.analyze(&[]);
    assert_eq!(again["batch"]["n_complete_already"], N_STUDIES);
    assert_eq!(again["findings"], document["findings"]);
    let mut changed = fs::read(&crowd.files[3]).unwrap();
    let last = changed.len() - 2;
    changed[last] ^= 1;
    fs::write(&crowd.files[3], changed).unwrap();
    fs::rename(&crowd.files[5], crowd.place.at("many/moved.dcm")).unwrap();
    let (_, third) = crowd.analyze(&[]);
    assert_eq!(third["batch"]["n_complete_already"], N_STUDIES - 1, "only what has other content is run again");
}

#[test]
fn results_are_made_anew_for_other_models_another_record_or_when_asked() {
    let crowd = Crowd::new(3);
    let n_kept = |extra: &[&str]| crowd.analyze(extra).1["batch"]["n_complete_already"].as_u64().unwrap();
    assert_eq!(n_kept(&[]), 0);
    assert_eq!(n_kept(&["--in-flight", "1"]), 3);
    assert_eq!(n_kept(&["--again"]), 0);
    assert_eq!(n_kept(&["--force"]), 0);
    assert_eq!(n_kept(&["--force"]), 3);
    fs::remove_file(crowd.place.at("review.sqlite")).unwrap();
    for beside in fs::read_dir(crowd.place.at("")).unwrap().flatten() {
        if beside.file_name().to_string_lossy().starts_with("review.sqlite") {
            fs::remove_file(beside.path()).unwrap();
        }
    }
    assert_eq!(n_kept(&["--force"]), 0, "the new record has none of the findings");
    let (exit, document) = crowd.analyze(&["--in-flight", "0"]);
    assert_eq!((exit, document["error"]["code"].as_str()), (2, Some("usage")));
}

#[test]
fn a_device_that_this_build_lacks_is_refused_by_name() {
    let crowd = Crowd::new(1);
    if !cfg!(feature = "cuda") {
        let (exit, document) = crowd.analyze(&["--device", "cuda:1"]);
        assert_eq!((exit, document["error"]["code"].as_str()), (2, Some("device_unavailable")));
        assert!(document["error"]["text"].as_str().unwrap().contains("no CUDA support"));
    }
    let (exit, document) = crowd.analyze(&["--device", "abacus"]);
    assert_eq!((exit, document["error"]["code"].as_str()), (2, Some("usage")));
    let (exit, document) = crowd.analyze(&["--device", "cpu"]);
    assert_eq!(exit, 0, "{document:#}");
    assert!(document["findings"][0].to_string().contains("cpu, "), "the device stands on each finding");
}
