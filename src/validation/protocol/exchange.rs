//! The readings for other programs: iMRMC's file, and the three tables of RJafroc.

use std::fmt::Write as _;

use crate::domain::reader_study::Recorded;
use crate::validation::protocol::design::{Protocol, Scale};
use crate::validation::protocol::readings::{Collected, Condition};

/// The `.imrmc` text (iMRMC 4): counts, then truth lines `-1,case,0,truth` and readings `reader,case,modality,score`.
pub fn imrmc(protocol: &Protocol, record: &[Recorded]) -> String {
    let collected = Collected::of(protocol, record);
    let conditions = collected.conditions(protocol);
    let (positive, negative): (Vec<_>, Vec<_>) = protocol.rated_cases().partition(|case| case.is_positive);
    let mut text = format!("{}\n", protocol.title.replace(['\n', '\r'], " "));
    let mut line = |line: String| {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "{line}");
    };
    line(format!("NR: {}", protocol.readers.len()));
    line(format!("N0: {}", negative.len()));
    line(format!("N1: {}", positive.len()));
    line(format!("NM: {}", conditions.len()));
    line("BEGIN DATA:".to_owned());
    for case in protocol.rated_cases() {
        line(format!("-1,{},0,{}", plain(&case.id), u8::from(case.is_positive)));
    }
    for condition in &conditions {
        for reader in &protocol.readers {
            for case in protocol.rated_cases() {
                if let Some(rating) = collected.rating(protocol, condition, &reader.name, &case.id) {
                    line(format!("{},{},{},{rating}", plain(&reader.name), plain(&case.id), label(condition)));
                }
            }
        }
    }
    text
}

/// RJafroc's sheets TRUTH, TP and FP as CSV: name and text of each.
pub fn rjafroc(protocol: &Protocol, record: &[Recorded]) -> [(&'static str, String); 3] {
    let collected = Collected::of(protocol, record);
    let conditions = collected.conditions(protocol);
    let is_marks = matches!(protocol.scale, Scale::Marks { .. });
    let paradigm = if is_marks { "FROC" } else { "ROC" };
    let readers: Vec<String> = (0..protocol.readers.len()).map(|reader| reader.to_string()).collect();
    let modalities: Vec<String> = (0..conditions.len()).map(|condition| condition.to_string()).collect();
    let mut truth = "CaseID,LesionID,Weight,ReaderID,ModalityID,Paradigm\n".to_owned();
    let mut hits = "ReaderID,ModalityID,CaseID,LesionID,TP_Rating\n".to_owned();
    let mut alarms = "ReaderID,ModalityID,CaseID,FP_Rating\n".to_owned();
    let add = |to: &mut String, line: String| {
        // Writing to a String cannot fail.
        let _infallible = writeln!(to, "{line}");
    };
    let (who, how) = (format!("\"{}\"", readers.join(", ")), format!("\"{}\"", modalities.join(", ")));
    for (number, case) in (1..).zip(protocol.rated_cases()) {
        let n_lesions = if is_marks { case.lesions.len() } else { usize::from(case.is_positive) };
        if n_lesions == 0 {
            add(&mut truth, format!("{number},0,0,{who},{how},{paradigm}"));
        }
        for lesion in 1..=n_lesions {
            let weight = 1.0 / n_lesions as f64;
            add(&mut truth, format!("{number},{lesion},{weight},{who},{how},{paradigm}"));
        }
    }
    for (modality, condition) in conditions.iter().enumerate() {
        for (reader_id, reader) in protocol.readers.iter().enumerate() {
            for (number, case) in (1..).zip(protocol.rated_cases()) {
                let place = format!("{reader_id},{modality},{number}");
                if !is_marks {
                    match collected.rating(protocol, condition, &reader.name, &case.id) {
                        Some(rating) if case.is_positive => add(&mut hits, format!("{place},1,{rating}")),
                        Some(rating) => add(&mut alarms, format!("{place},{rating}")),
                        None => {}
                    }
                    continue;
                }
                for (lesion, rating) in collected.marks_with_hits(protocol, condition, &reader.name, case) {
                    match lesion {
                        Some(lesion) => add(&mut hits, format!("{place},{},{rating}", lesion + 1)),
                        None => add(&mut alarms, format!("{place},{rating}")),
                    }
                }
            }
        }
    }
    [("TRUTH", truth), ("TP", hits), ("FP", alarms)]
}

fn label(condition: &Condition) -> String {
    let suffix = if condition.is_first { "-first" } else { "" };
    format!("{}{suffix}", plain(&condition.arm))
}

/// Fields are not quoted in these files.
fn plain(text: &str) -> String {
    text.replace([',', '\n', '\r', '"'], "_")
}
