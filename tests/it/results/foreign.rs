//! Results as other libraries write them (highdicom, pydicom), over the phantom: each on the picture it speaks of, where
//! it says, with its maker, to be decided on; and what lies nowhere says so.

use std::path::{Path, PathBuf};
use std::process::Command;

use overread::domain::document::{Document, DocumentKind};
use overread::domain::finding::Finding;
use overread::domain::mask::Mask;
use overread::domain::study::Study;
use overread::domain::uid::SopInstanceUid;
use serde_json::Value;

use crate::results::aligned::laid_over;
use crate::results::fixture::{phantom, scanned};
use crate::results::validity::python;

/// Writes the objects of `make_foreign.py` and gives what each says.
pub fn foreign(python: &str, study: &Path, out: &Path) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/results/make_foreign.py");
    let output = Command::new(python).arg(script).arg(study).arg(out).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

fn bounds(mask: &Mask) -> Option<[f64; 4]> {
    let bounds = mask.bounds()?;
    Some([bounds.x0, bounds.y0, bounds.x1, bounds.y1])
}

/// Where the finding is drawn on its picture, pixel-center coordinates for outlines and edges for masks.
fn drawn(study: &Study, document: &Document, finding: &Finding, label: &str) -> Option<[f64; 4]> {
    let sop = &finding.subject.sop;
    if document.kind == DocumentKind::StructureSet {
        let masks = document.masks.get(&(sop.clone(), 0))?;
        return bounds(&masks.iter().find(|segment| segment.name.starts_with(label))?.mask);
    }
    if let Some(volume) = &finding.evidence.volume {
        let series = study.series.iter().find(|series| series.instances.iter().any(|one| &one.sop == sop))?;
        let index =
            (0..series.stack.len()).find(|index| series.image(*index).is_some_and(|(one, _)| &one.sop == sop))?;
        let name = document.path.file_name()?.to_str()?;
        return bounds(laid_over(study, name, series).get(&(volume.number, index))?);
    }
    let region = finding.place.region()?;
    Some([region.x0, region.y0, region.x1, region.y1])
}

#[test]
fn objects_of_other_libraries_lie_where_they_say_and_name_their_maker() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (of_study, out) = (folder.path().join("study"), folder.path().join("other"));
    phantom(&of_study);
    let truth = foreign(&python, &of_study, &out);
    let intake = scanned(&[of_study, out]);
    assert!(intake.refused().next().is_none(), "{:?}", intake.files);
    let study = &intake.studies[0];
    for said in &truth {
        let (file, label) = (said["file"].as_str().unwrap(), said["label"].as_str().unwrap());
        let (kind, sop) = (said["kind"].as_str().unwrap(), SopInstanceUid::new(said["sop"].as_str().unwrap()));
        let document = study.documents.iter().find(|document| document.path.ends_with(file));
        let document = document.unwrap_or_else(|| panic!("{file} is not listed"));
        if kind == "key image" {
            assert_eq!(document.key_images.iter().map(|subject| &subject.sop).collect::<Vec<_>>(), [&sop], "{file}");
            continue;
        }
        let expected: Vec<f64> = said["box"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let is_near = |found: [f64; 4]| found.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1.01);
        let of_label = || document.findings.iter().filter(|finding| finding.label.name.starts_with(label));
        let found = of_label()
            .find(|finding| expected.is_empty() || drawn(study, document, finding, label).is_some_and(is_near));
        let all = || of_label().map(|one| (one.label.name.clone(), drawn(study, document, one, label)));
        let finding =
            found.unwrap_or_else(|| panic!("{file}, {label} at {expected:?}: {:?}", all().collect::<Vec<_>>()));
        assert_eq!(finding.subject.sop, sop, "{file}: {label}");
        let source = finding.imported().unwrap();
        let maker = format!("{} {}", source.words(), document.maker);
        assert!(maker.contains("Elsewhere Inc") || maker.contains("Other"), "{file}: {maker}");
        assert_eq!(source.is_presented, !matches!(kind, "kept back" | "looked at"), "{file}: {label}");
        let is_absent = finding.notices.iter().any(|notice| notice.code == "result_not_placed");
        assert_eq!(is_absent, kind == "absent", "{file}: {label}");
        if kind == "absent" {
            assert!(document.notices.iter().any(|notice| notice.text.contains("no picture that is here")), "{file}");
        }
    }
    let certainty = study.documents.iter().find(|document| document.path.ends_with("cad-chest.dcm")).unwrap();
    let shown = &certainty.findings[0];
    assert!(shown.measurements.iter().any(|one| one.name.contains("Certainty") && one.value == 88.0), "{shown:?}");
}

/// For the window: the same objects as files beside a study.
pub fn beside_phantom(folder: &Path) -> Option<Vec<PathBuf>> {
    let python = python()?;
    let (of_study, out) = (folder.join("study"), folder.join("other"));
    phantom(&of_study);
    foreign(&python, &of_study, &out);
    Some(vec![of_study, out])
}
