//! Copies are objects as whole as their originals: no error more by dciodvfy, and by pydicom's reading every attribute
//! in its place.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use overread::domain::deidentification::{BurnedIn, Dates, Options};
use overread::export::deidentify::pseudonyms::Secret;

use crate::data;
use crate::deidentify::{copied, every_option, files_below};
use crate::results::fixture::{DICOM_FORMATS, order, phantom, report, written};
use crate::results::validity::{has, python};

/// Originals and their copies under two very different sets of options.
fn pairs(place: &Path) -> Vec<(PathBuf, PathBuf)> {
    let study = phantom(&place.join("study"));
    written(&order(report(&study), &DICOM_FORMATS), &place.join("results"));
    let mut originals: Vec<PathBuf> = files_below(&place.join("results"));
    originals.extend(files_below(&place.join("study")).into_iter().step_by(9));
    if let Some(conformance) = data::shared("dicom/conformance") {
        originals.extend(files_below(&conformance).into_iter().step_by(16));
    }
    let basic = Options { burned_in: BurnedIn::Keep, ..Options::default() };
    let rich = Options { burned_in: BurnedIn::Keep, keeps_patient_characteristics: true, ..every_option() };
    let mut pairs = Vec::new();
    for (index, original) in originals.into_iter().enumerate() {
        for (name, options) in [("basic", basic), ("rich", rich)] {
            let to = place.join(name).join(index.to_string());
            let copies = copied(&original, &to, options);
            // Of an index of files come copies of all of them
            if let [copy] = &copies.written[..] {
                pairs.push((original.clone(), to.join(&copy.path)));
            }
        }
    }
    pairs
}

/// Errors without values: those differ between an original and its copy.
fn errors(file: &Path) -> BTreeSet<String> {
    let output = Command::new("dciodvfy").arg(file).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let errors = said.lines().filter(|line| line.starts_with("Error"));
    errors.map(|line| line.split(" <").next().unwrap_or(line).to_owned()).collect()
}

#[test]
fn copies_have_no_error_that_their_originals_have_not() {
    if !has("dciodvfy") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let pairs = pairs(place.path());
    assert!(pairs.len() >= 40, "{}", pairs.len());
    let mut faults = Vec::new();
    for (original, copy) in &pairs {
        let before = errors(original);
        let new: Vec<String> = errors(copy).difference(&before).cloned().collect();
        faults.extend(new.into_iter().map(|error| format!("{}: {error}", original.display())));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn copies_keep_what_the_table_does_not_name_as_pydicom_reads_it() {
    let Some(python) = python() else { return };
    let place = tempfile::tempdir().unwrap();
    let pairs = pairs(place.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(python)
        .arg(root.join("tests/cases/results/check_copies.py"))
        .arg(root.join("assets/deidentification/attributes.tsv"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for (original, copy) in &pairs {
        writeln!(input, "{}\t{}", original.display(), copy.display()).unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let faults: Vec<String> = serde_json::from_str(said.lines().last().unwrap_or_default()).unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn dates_that_move_keep_their_distances_and_a_second_patient_moves_otherwise() {
    // One secret, two people: distances within one stay, the shift tells nothing about the other
    let secret = Secret::of_bytes(b"a secret of the test");
    assert_ne!(secret.days("one"), secret.days("other"));
    let place = tempfile::tempdir().unwrap();
    data::write_small_phantom(&place.path().join("in"));
    let options = Options { dates: Dates::Shift, ..Options::default() };
    let copies = copied(&place.path().join("in"), &place.path().join("out"), options);
    assert!(!copies.written.is_empty() && copies.summary.n_files == copies.written.len());
    assert!(copies.summary.changes.iter().any(|(name, what, n)| name == "Study Date" && *what == "shifted" && *n > 0));
}
