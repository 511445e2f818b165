//! Distances of earlier images, by model and scanner: what is usual here. One line of JSON each in a file of the
//! program's own; no patient is in it, and losing it costs a percentile.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::instance::Instance;

/// Of one scanner the newest count.
const MAX_OF_SCANNER: usize = 500;
/// A file that has grown beyond this is written anew with what counts, bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Earlier distances, kept in a file where there is one.
#[derive(Debug, Default)]
pub struct ScannerHistory {
    file: Option<PathBuf>,
    distances: BTreeMap<(String, String), VecDeque<f64>>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    /// SHA-256 of the weights: another model has another scale.
    weights: String,
    scanner: String,
    distance: f64,
}

impl ScannerHistory {
    /// What the file holds; a file that cannot be read is an empty history.
    pub fn open(file: &Path) -> Self {
        let mut history = Self { file: Some(file.to_owned()), ..Self::default() };
        let n_bytes = fs::metadata(file).map_or(0, |metadata| metadata.len());
        let text = fs::read_to_string(file).unwrap_or_default();
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            history.push(line.weights, line.scanner, line.distance);
        }
        if n_bytes > MAX_FILE_BYTES {
            history.rewrite(file);
        }
        history
    }

    /// Manufacturer and model, as the file names them; empty when it does not.
    pub fn scanner_of(instance: &Instance) -> String {
        let parts = [&instance.acquisition.manufacturer, &instance.acquisition.scanner_model];
        parts.map(|part| part.trim()).into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    pub fn of(&self, weights: &str, scanner: &str) -> Vec<f64> {
        let known = self.distances.get(&(weights.to_owned(), scanner.to_owned()));
        known.map(|distances| distances.iter().copied().collect()).unwrap_or_default()
    }

    /// Remembers one more; of an unnamed scanner nothing is remembered.
    pub fn remember(&mut self, weights: &str, scanner: &str, distance: f64) {
        if scanner.is_empty() || !distance.is_finite() {
            return;
        }
        let line = Line { weights: weights.to_owned(), scanner: scanner.to_owned(), distance };
        if let (Some(file), Ok(text)) = (&self.file, serde_json::to_string(&line))
            && let Err(error) = append(file, &text)
        {
            log::warn!("a distance could not be remembered: {}", error.kind());
        }
        self.push(line.weights, line.scanner, distance);
    }

    fn push(&mut self, weights: String, scanner: String, distance: f64) {
        let known = self.distances.entry((weights, scanner)).or_default();
        known.push_back(distance);
        if known.len() > MAX_OF_SCANNER {
            known.pop_front();
        }
    }

    fn rewrite(&self, file: &Path) {
        let lines = self.distances.iter().flat_map(|((weights, scanner), distances)| {
            let line = move |distance: &f64| {
                let line = Line { weights: weights.clone(), scanner: scanner.clone(), distance: *distance };
                serde_json::to_string(&line).ok()
            };
            distances.iter().filter_map(line)
        });
        let text = lines.map(|line| line + "\n").collect::<String>();
        let scratch = file.with_extension("new");
        let written = fs::write(&scratch, text).and_then(|()| fs::rename(&scratch, file));
        if let Err(error) = written {
            log::warn!("earlier distances could not be written anew: {}", error.kind());
        }
    }
}

fn append(file: &Path, line: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).append(true).open(file)?.write_all(format!("{line}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_outlives_the_program_and_keeps_models_and_scanners_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/history.jsonl");
        let mut history = ScannerHistory::open(&file);
        history.remember("aa", "ACME One", 1.5);
        history.remember("aa", "ACME One", 2.5);
        history.remember("bb", "ACME One", 9.0);
        history.remember("aa", "", 9.0);
        history.remember("aa", "ACME Two", f64::NAN);
        fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"cut off {\n").unwrap();
        let again = ScannerHistory::open(&file);
        assert_eq!(again.of("aa", "ACME One"), [1.5, 2.5]);
        assert_eq!(again.of("bb", "ACME One"), [9.0]);
        assert!(again.of("aa", "ACME Two").is_empty() && again.of("aa", "").is_empty());
    }

    #[test]
    fn of_one_scanner_the_newest_count() {
        let mut history = ScannerHistory::default();
        (0..600).for_each(|n| history.remember("aa", "ACME", f64::from(n)));
        let known = history.of("aa", "ACME");
        assert_eq!((known.len(), known[0]), (500, 100.0));
    }
}
