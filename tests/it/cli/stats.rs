//! `overread stats` on plain tables and masks.

use std::fs;

use serde_json::Value;

use crate::cli::{Place, text};

/// Writes the tables, runs the subject on them, and hands back code and document.
fn stats(place: &Place, subject: &str, files: &[(&str, &[u8])], options: &[&str]) -> (i32, Value) {
    let paths: Vec<_> = files.iter().map(|(name, _)| place.at(name)).collect();
    for (path, (_, content)) in paths.iter().zip(files) {
        fs::write(path, content).unwrap();
    }
    let mut arguments = vec!["stats", subject];
    arguments.extend(paths.iter().map(|path| text(path)));
    arguments.extend(options);
    place.document(&arguments)
}

fn reason(document: &Value) -> &str {
    document["error"]["text"].as_str().unwrap()
}

#[test]
fn areas_of_a_table_are_compared() {
    let place = Place::empty();
    let table = b"truth,a,b,patient\n1,0.9,2,x\n1,0.4,3,x\n0,0.5,1,y\n0,0.1,2,z\n1,0.8,3,w\n0,0.3,1,v\n";
    let (code, document) = stats(&place, "roc", &[("t.csv", table)], &["--threshold", "0.5"]);
    assert_eq!(code, 0, "{document}");
    assert_eq!((document["n"].as_u64(), document["n_patients"].as_u64()), (Some(6), Some(5)));
    assert!((document["scores"][0]["auroc"]["value"].as_f64().unwrap() - 8.0 / 9.0).abs() < 1e-12);
    assert_eq!(document["scores"][0]["at_threshold"]["figures"]["sensitivity"]["n"], 3);
    assert_eq!(document["bootstrap"]["seed"], 20_240_229);
    assert!(document["comparisons"][0]["p_holm"].is_number());
    assert_eq!(document["research_use_only"], "Research use only. Not for diagnostic use.");
}

#[test]
fn one_class_gives_a_reason_and_bad_input_its_line_and_column() {
    let place = Place::empty();
    let (code, document) = stats(&place, "roc", &[("t.csv", b"truth,a\n1,2\n1,3\n")], &[]);
    assert_eq!(code, 0);
    assert_eq!(document["scores"][0]["auroc"]["value"], Value::Null);
    assert_eq!(document["scores"][0]["auroc"]["reason"], "no case is negative");
    let refused = |subject: &str, files: &[(&str, &[u8])], expected: &str| {
        let (code, document) = stats(&place, subject, files, &[]);
        assert_eq!(code, 2);
        assert!(reason(&document).contains(expected), "{document}");
    };
    refused("roc", &[("t.csv", b"truth,a\n1,2\n0,nan\n")], "line 3, column 'a'");
    refused("roc", &[("t.csv", b"truth,a\n1,2\nmaybe,1\n")], "line 3, column 'truth'");
    refused("roc", &[("t.csv", b"a\n1\n")], "no column 'truth'");
    refused("calibration", &[("t.csv", b"truth,probability\n1,1.2\n")], "line 2, column 'probability'");
    let marks: &[(&str, &[u8])] = &[("c.csv", b"case,lesions\na,1\n"), ("m.csv", b"case,rating,lesion\na,3,2\n")];
    refused("froc", marks, "line 2, column 'lesion'");
    let gap = b"reader,modality,case,truth,score\n1,A,c,1,2\n1,B,c,1,2\n2,A,c,1,2\n";
    refused("mrmc", &[("t.csv", gap)], "fully crossed");
}

#[test]
fn masks_of_two_kinds_of_file_are_compared() {
    let place = Place::empty();
    let (header, voxel) = (b"\x93NUMPY\x01\x00", |at: usize| (0..27).map(|i| u8::from(i == at)).collect::<Vec<u8>>());
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 3, 3), }          \n";
    let n_header = u16::try_from(text.len()).unwrap().to_le_bytes();
    let numpy = [header.as_slice(), &n_header, text.as_bytes(), &voxel(12)].concat();
    let mut nifti = vec![0_u8; 352];
    nifti[..4].copy_from_slice(&348_i32.to_le_bytes());
    for (at, value) in [(40, 3), (42, 3), (44, 3), (46, 3), (70, 2)] {
        nifti[at..at + 2].copy_from_slice(&i16::to_le_bytes(value));
    }
    for (at, value) in [(80, 1.0), (84, 2.0), (88, 3.0), (108, 352.0)] {
        nifti[at..at + 4].copy_from_slice(&f32::to_le_bytes(value));
    }
    nifti.extend(voxel(14));
    let (code, document) = stats(&place, "overlap", &[("a.npy", &numpy), ("b.nii", &nifti)], &[]);
    assert_eq!(code, 0, "{document}");
    assert_eq!(document["grid"]["spacing_mm"], serde_json::json!([3.0, 2.0, 1.0]));
    assert_eq!(document["surfaces"]["hausdorff"]["value"], 2.0);
    assert_eq!(document["overlap"]["dice"]["value"], 0.0);
    let (code, document) = stats(&place, "overlap", &[("a.npy", &numpy), ("b.nii", &nifti[..360])], &[]);
    assert_eq!(code, 2);
    assert!(reason(&document).contains("ends after 8 of 27 bytes"), "{document}");
}
