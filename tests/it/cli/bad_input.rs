//! What a script may get wrong: every job answers with one document, a sentence and the right exit code, and no
//! original is ever changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cli::{Place, text};

fn code(document: &Value) -> &str {
    document["error"]["code"].as_str().unwrap_or_default()
}

/// A copy of a shipped model under `root`, its weights changed by `edit`; the card's hash follows when `rehash`.
fn model_with(root: &Path, edit: impl FnOnce(&mut Vec<u8>), rehash: bool) {
    use sha2::Digest as _;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/chest-anatomy");
    let own = root.join("chest-anatomy");
    fs::create_dir_all(&own).unwrap();
    let mut weights = fs::read(shipped.join("model.safetensors")).unwrap();
    let hex = |bytes: &[u8]| sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let before = hex(&weights);
    edit(&mut weights);
    let mut card = fs::read_to_string(shipped.join("model.toml")).unwrap();
    if rehash {
        card = card.replace(&before, &hex(&weights));
    }
    fs::write(own.join("model.toml"), card).unwrap();
    fs::copy(shipped.join("golden.safetensors"), own.join("golden.safetensors")).unwrap();
    fs::write(own.join("model.safetensors"), weights).unwrap();
}

#[test]
fn a_command_line_that_is_not_understood_is_a_document_too() {
    let place = Place::empty();
    for words in [
        &["inspect"][..],
        &["inspect", "x", "--bogus"],
        &["decode", "x"],
        &["decode", "x", "--out", "y", "--frame", "-1"],
        &["render", "x", "-o", "y", "--window", "1,2", "--preset", "lung"],
        &["decide", "--study", "1", "--finding", "2", "maybe", "--reader", "A"],
        &["export", "--study", "1", "--to", "x", "--format", "docx"],
    ] {
        let (exit, document) = place.document(words);
        assert_eq!((exit, code(&document)), (2, "usage"), "{words:?}");
        assert!(!document["error"]["text"].as_str().unwrap().is_empty());
    }
}

#[test]
fn a_place_without_images_is_said_in_a_sentence() {
    let place = Place::empty();
    fs::create_dir_all(place.at("empty")).unwrap();
    let (exit, document) = place.document(&["inspect", text(&place.at("empty"))]);
    assert_eq!((exit, code(&document)), (2, "no_image"));
    assert_eq!(document["error"]["text"], "There is no file there");
    let text_output = place.run(&["inspect", text(&place.at("empty"))]);
    assert!(String::from_utf8_lossy(&text_output.stderr).contains("There is no file there"));
    for job in [["decode", "--out"], ["render", "-o"]] {
        let (exit, document) = place.document(&[job[0], text(&place.at("empty")), job[1], text(&place.at("x"))]);
        assert_eq!((exit, code(&document)), (2, "not_a_file"));
    }
}

#[test]
fn a_file_cut_short_is_called_so_wherever_the_cut_is() {
    let place = Place::with_phantom();
    let whole = fs::read(place.radiograph()).unwrap();
    let pixels = whole.windows(4).position(|tag| tag == [0xE0, 0x7F, 0x10, 0x00]).unwrap();
    let reason = |n_bytes: usize| {
        let file = place.at("cut.dcm");
        fs::write(&file, &whole[..n_bytes]).unwrap();
        let (exit, document) = place.document(&["inspect", text(&file)]);
        assert_eq!(exit, 2);
        document["files"][0]["reason"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(132), "truncated");
    assert_eq!(reason(pixels - 3), "truncated");
    assert_eq!(reason(pixels), "no_pixels");
    assert_eq!(reason(whole.len() / 2), "frame_missing");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_unicode_is_listed_and_opened() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::with_phantom();
    let odd = place.root.join(std::ffi::OsStr::from_bytes(b"odd\xff\xfe.dcm"));
    if fs::copy(place.radiograph(), &odd).is_err() {
        println!("skipped: this file system keeps Unicode names only");
        return;
    }
    let run = |words: &[&str], out: Option<[&str; 2]>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        command.args(words).arg(&odd).args(out.into_iter().flatten()).arg("--json").env("HOME", &place.root);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert!(run(&["inspect"], None)["files"][0]["path"].as_str().unwrap().contains("odd"));
    run(&["decode"], Some(["--out", text(&place.at("x.npy"))]));
    run(&["render"], Some(["-o", text(&place.at("x.png"))]));
}

#[test]
fn no_job_writes_over_an_original_or_another_program_s_file() {
    let place = Place::with_phantom();
    let original = place.at("original.dcm");
    fs::copy(place.radiograph(), &original).unwrap();
    let (before, notes) = (fs::read(&original).unwrap(), place.at("notes.txt"));
    fs::write(&notes, "mine").unwrap();
    let link = place.at("link.png");
    fs::hard_link(&original, &link).unwrap();
    for out in [&original, &notes, &link] {
        for job in [["decode", "--out"], ["render", "-o"]] {
            let (exit, document) = place.document(&[job[0], text(&original), job[1], text(out)]);
            assert_eq!((exit, code(&document)), (2, "is_an_original"), "{job:?} {}", out.display());
        }
    }
    assert_eq!(fs::read(&original).unwrap(), before);
    assert_eq!(fs::read(&notes).unwrap(), b"mine");
    // An earlier result is replaced.
    let out = place.at("x.png");
    for _ in 0..2 {
        assert_eq!(place.document(&["render", text(&original), "-o", text(&out)]).0, 0);
    }
    let (exit, document) = place.document(&["decode", text(&original), "--out", text(&out)]);
    assert_eq!((exit, code(&document)), (2, "is_an_original"), "a picture is not an array");
    let (exit, document) = place.document(&["decode", text(&original), "--out", text(&place.study())]);
    assert_eq!((exit, code(&document)), (2, "not_written"));
    let (exit, document) = place.document(&["decode", text(&original), "--out", text(&notes.join("x.npy"))]);
    assert_eq!((exit, code(&document)), (2, "not_written"));
}

#[test]
fn a_bare_file_name_is_written_where_the_script_stands() {
    let place = Place::with_phantom();
    let radiograph = place.radiograph();
    for (job, flag, name) in [("decode", "--out", "x.npy"), ("render", "-o", "x.png")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        command.args([job, text(&radiograph), flag, name]).current_dir(&place.root).env("HOME", &place.root);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(place.at(name).exists());
    }
}

#[test]
fn color_has_modality_values_of_its_own_shape() {
    let place = Place::empty();
    let picture = place.at("color.png");
    image::RgbImage::from_fn(5, 3, |x, y| image::Rgb([x as u8, y as u8, 200])).save(&picture).unwrap();
    let out = place.at("x.npy");
    let (exit, document) = place.document(&["decode", text(&picture), "--format", "modality", "--out", text(&out)]);
    assert_eq!(exit, 0, "{document:#}");
    assert_eq!(document["shape"], serde_json::json!([3, 5, 3]));
    let bytes = fs::read(out).unwrap();
    assert_eq!(bytes[bytes.len() - 4..], 200.0_f32.to_le_bytes());
}

#[test]
fn a_picture_too_large_to_be_meant_is_refused_at_once() {
    let place = Place::with_phantom();
    let radiograph = place.radiograph();
    for size in ["16384x16384", "16385x1", "0x5", "5", "-3x4", "1e3x5", "10x10x10"] {
        let size = format!("--size={size}");
        let (exit, document) = place.document(&["render", text(&radiograph), &size, "-o", text(&place.at("x.png"))]);
        assert_eq!((exit, code(&document)), (2, "usage"), "{size}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_no_success_but_a_closed_pipe_is() {
    let place = Place::with_phantom();
    let inspect = |stdout: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        command.args(["inspect", text(&place.study()), "--json"]).env("HOME", &place.root).stdout(stdout);
        command.stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(inspect(fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into()), Some(2));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(inspect(writer.into()), Some(0));
}

#[test]
fn findings_that_cannot_be_kept_are_written_all_the_same_and_that_is_said() {
    let place = Place::with_phantom();
    let radiograph = place.radiograph();
    let not_a_record = place.at("review.sqlite");
    fs::write(&not_a_record, "not a record").unwrap();
    let out = place.at("results");
    let analyze = ["analyze", text(&radiograph), "--model", "chest-anatomy", "--out", text(&out)];
    let (exit, document) = place.document(&analyze);
    assert_eq!(exit, 1, "{document:#}");
    assert_eq!(document["record"]["kept"], false);
    assert_eq!(document["record"]["reason"]["code"], "store_not_a_record");
    assert_eq!(document["findings"].as_array().unwrap().len(), 1);
    assert!(out.join("findings.json").exists());
    assert_eq!(fs::read(&not_a_record).unwrap(), b"not a record");

    fs::remove_file(&not_a_record).unwrap();
    let (exit, document) = place.document(&analyze);
    assert_eq!((exit, &document["record"]), (0, &serde_json::json!({ "kept": true, "reason": null })));
    let uid = document["studies"][0]["study_instance_uid"].as_str().unwrap().to_owned();
    let finding = document["findings"][0]["id"].as_str().unwrap().to_owned();

    let mut protected = fs::metadata(&not_a_record).unwrap().permissions();
    protected.set_readonly(true);
    fs::set_permissions(&not_a_record, protected.clone()).unwrap();
    let (exit, document) = place.document(&analyze);
    assert_eq!((exit, document["record"]["reason"]["code"].as_str()), (1, Some("store_read_only")));
    let decide = |words: &[&str]| {
        let mut all = vec!["decide", "--study", &uid, "--finding", &finding];
        all.extend(words);
        place.document(&all)
    };
    let (exit, document) = decide(&["accept", "--reader", "Dr. Script"]);
    assert_eq!((exit, code(&document)), (2, "store_read_only"));
    #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test's own")]
    protected.set_readonly(false);
    fs::set_permissions(&not_a_record, protected).unwrap();
    for reader in ["", "  ", "Two\nLines", "Es\u{1b}[31mcape", &"x".repeat(65)] {
        let (exit, document) = decide(&["accept", "--reader", reader]);
        assert_eq!((exit, code(&document)), (2, "refused"), "{reader:?}");
    }
    let (exit, document) =
        place.document(&["export", "--study", &uid, "--to", text(&place.at("e")), "--from", text(&place.at("gone"))]);
    assert_eq!((exit, document["notices"][0]["code"].as_str()), (1, Some("no_pictures")));
}

#[test]
fn a_decision_makes_no_record_and_a_new_record_makes_its_folder() {
    let place = Place::with_phantom();
    let with_store = |words: &[&str], store: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        let output = command.args(words).arg("--json").arg("--store").arg(store).output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let store: PathBuf = place.at("new/folder/review.sqlite");
    for words in [
        &["decide", "--study", "1.2", "--finding", "a", "accept", "--reader", "A"][..],
        &["findings", "--study", "1.2"],
        &["export", "--study", "1.2", "--to", "x"],
    ] {
        let (exit, document) = with_store(words, &store);
        assert_eq!((exit, code(&document)), (Some(2), "no_record"), "{words:?}");
        assert!(!place.at("new").exists());
    }
    let (out, radiograph) = (place.at("results"), place.radiograph());
    let analyze = ["analyze", text(&radiograph), "--model", "chest-anatomy", "--out", text(&out)];
    let (exit, document) = with_store(&analyze, &store);
    assert_eq!((exit, document["record"]["kept"].as_bool()), (Some(0), Some(true)), "{document:#}");
    assert!(store.exists());
}

#[test]
fn a_model_that_cannot_run_is_listed_as_such_with_its_reason() {
    let place = Place::empty();
    let reason = |name: &str, edit: &dyn Fn(&mut Vec<u8>), rehash: bool| {
        let root = place.at(name);
        model_with(&root, edit, rehash);
        let (exit, document) = place.document(&["models", "--models-dir", text(&root)]);
        assert_eq!(exit, 1);
        let models = document["models"].as_array().unwrap().clone();
        let own = models.iter().find(|model| model["source"] != "built in").unwrap();
        assert_eq!((own["id"].as_str(), own["usable"].as_bool()), (Some("chest-anatomy"), Some(false)));
        let shipped = models.iter().find(|m| m["source"] == "built in" && m["id"] == "chest-anatomy").unwrap();
        assert_eq!((shipped["usable"].as_bool(), shipped["replaced"].as_bool()), (Some(true), Some(true)));
        own["error"]["code"].as_str().unwrap().to_owned()
    };
    let not_a_number = |weights: &mut Vec<u8>| {
        let start = weights.len() - 4;
        weights[start..].copy_from_slice(&f32::NAN.to_le_bytes());
    };
    assert_eq!(reason("changed", &not_a_number, false), "hash_mismatch");
    assert_eq!(reason("nan", &not_a_number, true), "tensor_not_finite");
    assert_eq!(reason("cut", &|weights| weights.truncate(weights.len() / 2), true), "weights_format");
    let (exit, document) = place.document(&["models", "--models-dir", text(&place.at("nowhere"))]);
    assert_eq!((exit, code(&document)), (2, "no_models_dir"));
}

#[test]
fn a_radiograph_that_cannot_be_decoded_costs_only_itself() {
    let place = Place::with_phantom();
    let radiograph = place.radiograph();
    let (both, bytes) = (place.at("both"), fs::read(&radiograph).unwrap());
    fs::create_dir_all(&both).unwrap();
    fs::write(both.join("a.dcm"), &bytes).unwrap();
    // The same study's second image: another instance, its pixels lost between listing and reading.
    let (_, document) = place.document(&["inspect", text(&radiograph)]);
    let sop = &document["patients"][0]["studies"][0]["series"][0]["instances"][0]["sop_instance_uid"];
    let sop = sop.as_str().unwrap().as_bytes();
    let mut other = bytes.clone();
    let last_digit = |digit: u8| if digit == b'1' { b'2' } else { b'1' };
    for at in 0..other.len() - sop.len() {
        if other[at..].starts_with(sop) {
            let end = at + sop.len() - 1;
            other[end] = last_digit(other[end]);
        }
    }
    let syntax = b"1.2.840.10008.1.2.1\0";
    let at = other.windows(syntax.len()).position(|part| part == syntax).unwrap();
    other[at..at + syntax.len()].copy_from_slice(b"1.2.840.10008.1.2.5\0");
    // RLE by name, with one fragment of nothing: listed, and not to be decoded.
    let pixels = other.windows(4).position(|tag| tag == [0xE0, 0x7F, 0x10, 0x00]).unwrap();
    other.truncate(pixels);
    other.extend(b"\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF");
    other.extend(b"\xFE\xFF\x00\xE0\0\0\0\0\xFE\xFF\x00\xE0\x40\0\0\0");
    other.extend([1, 0, 0, 0, 64, 0, 0, 0]);
    other.extend([0; 56]);
    other.extend(b"\xFE\xFF\xDD\xE0\0\0\0\0");
    fs::write(both.join("b.dcm"), other).unwrap();
    let out = place.at("results");
    let (exit, document) = place.document(&["analyze", text(&both), "--model", "chest-anatomy", "--out", text(&out)]);
    assert_eq!(exit, 1, "{document:#}");
    assert_eq!(document["models"][0]["state"], "partly_done", "{document:#}");
    assert!(document["models"][0]["text"].as_str().unwrap().starts_with("1 of 2 images"));
    assert_eq!(document["findings"].as_array().unwrap().len(), 1);
}
