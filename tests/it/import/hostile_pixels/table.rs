//! One case: a row of the list, a name, a file, and what must become of it.

use std::path::Path;

use overread::domain::fitness;
use overread::domain::frame::Samples;
use overread::domain::instance::Instance;
use overread::domain::intake::{FileStatus, Intake, Notice};
use overread::import::{load_frame, reason};

use crate::import::synthetic::{Written, scan_all};

/// Words of the patient module that must never come back in a sentence.
const CANARIES: [&str; 3] = ["CANARY", "PATRICIA", "SEVEN7391"];

/// What must become of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Listed with this reason, nothing else.
    Refused(&'static str),
    /// Opens with exactly these notices, sorted; `samples` of the first frame if given.
    Opened { codes: Vec<&'static str>, samples: Option<Samples> },
    /// Opens, and its first frame is refused with this reason instead of a wrong picture.
    FrameRefused(&'static str),
}

pub struct Case {
    row: u16,
    name: String,
    bytes: Vec<u8>,
    outcome: Outcome,
    /// No model may see it.
    stops_models: bool,
}

/// A file under test; the outcome comes by one of the methods below.
pub struct Named(u16, String, Vec<u8>);

pub fn case(row: u16, name: &str, file: &Written) -> Named {
    let mut file = file.clone();
    file.text(0x0010_0010, "PN", "CANARY^PATRICIA").text(0x0010_0020, "LO", "SEVEN7391");
    Named(row, name.to_owned(), file.bytes())
}

impl Named {
    fn with(self, outcome: Outcome) -> Case {
        let Self(row, name, bytes) = self;
        Case { row, name, bytes, outcome, stops_models: false }
    }

    pub fn refused(self, code: &'static str) -> Case {
        self.with(Outcome::Refused(code))
    }

    pub fn frame_refused(self, code: &'static str) -> Case {
        self.with(Outcome::FrameRefused(code))
    }

    pub fn kept(self) -> Case {
        self.warned(&[])
    }

    pub fn warned(self, codes: &[&'static str]) -> Case {
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        self.with(Outcome::Opened { codes, samples: None })
    }
}

impl Case {
    /// Of the first frame.
    pub fn samples(mut self, expected: Samples) -> Self {
        if let Outcome::Opened { samples, .. } = &mut self.outcome {
            *samples = Some(expected);
        }
        self
    }

    pub fn stops_models(mut self) -> Self {
        self.stops_models = true;
        self
    }
}

/// Checks every case and tells all that fail together.
pub fn check(cases: Vec<Case>) {
    let folder = tempfile::tempdir().unwrap();
    let n_cases = cases.len();
    let faults: Vec<String> = cases.into_iter().flat_map(|case| faults(folder.path(), &case)).collect();
    assert!(faults.is_empty(), "of {n_cases} cases:\n{}", faults.join("\n"));
}

fn faults(folder: &Path, case: &Case) -> Vec<String> {
    let path = folder.join("file");
    std::fs::write(&path, &case.bytes).unwrap();
    let intake = scan_all(&path);
    let instance = first_instance(&intake);
    let loaded = instance.map(|instance| load_frame(instance, 0).map(|frame| frame.samples().clone()));
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push(format!("row {} {}: {text}", case.row, case.name));

    let found = match &loaded {
        None => Outcome::Refused(codes(&intake).first().copied().unwrap_or("nothing")),
        Some(Err(error)) => Outcome::FrameRefused(error.code()),
        Some(Ok(samples)) => Outcome::Opened { codes: codes(&intake), samples: Some(samples.clone()) },
    };
    if !is_met(&case.outcome, &found) {
        fault(format!("{:?} instead of {:?}; {:?}", found, case.outcome, sentences(&intake)));
    }
    let is_stopped =
        instance.is_some_and(|instance| fitness::stopping_fault(&intake.studies[0].series[0], instance).is_some());
    if is_stopped != case.stops_models {
        fault(format!("stops models: {is_stopped}"));
    }

    let frame_notice = loaded.as_ref().and_then(|loaded| loaded.as_ref().err()).map(|error| error.notice());
    for Notice { code, text } in sentences(&intake).into_iter().chain(frame_notice) {
        let is_sentence = text.len() < 200 && text.starts_with(|c: char| c.is_uppercase()) && !text.ends_with('.');
        if !is_sentence || CANARIES.iter().any(|word| text.to_uppercase().contains(word)) {
            fault(format!("says {text:?}"));
        }
        if code == reason::PANICKED || text.contains("gave up") {
            fault(format!("panicked: {text}"));
        }
    }

    let again = scan_all(&path);
    let loaded_again =
        first_instance(&again).map(|instance| load_frame(instance, 0).map(|frame| frame.samples().clone()));
    if sentences(&again) != sentences(&intake) || loaded_again != loaded {
        fault("another answer the second time".to_owned());
    }
    if std::fs::read(&path).unwrap() != case.bytes {
        fault("the original was changed".to_owned());
    }
    faults
}

fn is_met(expected: &Outcome, found: &Outcome) -> bool {
    match (expected, found) {
        (Outcome::Opened { codes, samples: None }, Outcome::Opened { codes: found, .. }) => codes == found,
        _ => expected == found,
    }
}

fn first_instance(intake: &Intake) -> Option<&Instance> {
    Some(intake.studies.first()?.series.first()?.instances.first()?.as_ref())
}

fn sentences(intake: &Intake) -> Vec<Notice> {
    let of_file = |status: &FileStatus| match status {
        FileStatus::Read => Vec::new(),
        FileStatus::Warned(notices) => notices.clone(),
        FileStatus::Refused(notice) => vec![notice.clone()],
    };
    intake.files.iter().flat_map(|file| of_file(&file.status)).collect()
}

/// Sorted, each once.
fn codes(intake: &Intake) -> Vec<&'static str> {
    let mut codes: Vec<&'static str> = sentences(intake).iter().map(|notice| notice.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
