//! What a folder of results holds already: a study is done anew unless the same models ran on the same files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::app::PROGRAM;
use crate::domain::model::ModelIdentity;
use crate::domain::stored_pixels::FileStamp;
use crate::domain::study::Study;
use crate::inference::weights::sha256_hex;

/// What a study's results were made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeFrom {
    pub program: String,
    pub models: Vec<UsedModel>,
    pub is_forced: bool,
    /// By path.
    pub files: Vec<UsedFile>,
}

/// A model as it was asked for: the one of this id, with these weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedModel {
    pub id: String,
    pub version: String,
    pub weights_sha256: String,
}

impl From<&ModelIdentity> for UsedModel {
    fn from(identity: &ModelIdentity) -> Self {
        let ModelIdentity { id, version, weights_sha256, .. } = identity;
        Self { id: id.to_string(), version: version.clone(), weights_sha256: weights_sha256.clone() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedFile {
    pub path: String,
    pub n_bytes: u64,
    pub modified_ns: i64,
    pub sha256: String,
}

impl MadeFrom {
    /// Of a study as its files are now; reads all of them.
    pub fn of(study: &Study, models: &[UsedModel], is_forced: bool) -> std::io::Result<Self> {
        let mut files = Vec::new();
        for path in paths(study) {
            let FileStamp { n_bytes, modified_ns } = stamp(&path)?;
            files.push(UsedFile { n_bytes, modified_ns, sha256: sha256_of(&path)?, path: text(&path) });
        }
        Ok(Self { program: PROGRAM.to_owned(), models: models.to_vec(), is_forced, files })
    }

    /// Whether the study would give the same now: the same program, models and bytes. A file whose place, size and time
    /// are the recorded ones is taken to be unchanged; any other is read and known by its content, wherever it lies.
    fn still_holds(&self, study: &Study, models: &[UsedModel], is_forced: bool) -> bool {
        let paths = paths(study);
        if self.program != PROGRAM || self.models != models || self.is_forced != is_forced {
            return false;
        }
        if self.files.is_empty() || self.files.len() != paths.len() {
            return false;
        }
        let by_path: BTreeMap<&str, &UsedFile> = self.files.iter().map(|file| (file.path.as_str(), file)).collect();
        let known: BTreeSet<&str> = self.files.iter().map(|file| file.sha256.as_str()).collect();
        let mut met = BTreeSet::new();
        for path in &paths {
            let Ok(FileStamp { n_bytes, modified_ns }) = stamp(path) else { return false };
            let recorded = by_path.get(text(path).as_str()).copied();
            let is_untouched =
                |file: &&UsedFile| (file.n_bytes, file.modified_ns) == (n_bytes, modified_ns) && modified_ns != 0;
            let digest = match recorded.filter(is_untouched) {
                Some(file) => file.sha256.clone(),
                None => match sha256_of(path) {
                    Ok(digest) => digest,
                    Err(_) => return false,
                },
            };
            if !known.contains(digest.as_str()) {
                return false;
            }
            met.insert(digest);
        }
        met.len() == known.len()
    }
}

/// The name of a study's folder: UIDs are not made for file systems.
pub fn folder_word(study: &Study) -> String {
    sha256_hex(study.uid.as_str().as_bytes()).chars().take(20).collect()
}

/// A study's document from an earlier run, if nothing would change it.
pub fn complete(folder: &Path, study: &Study, models: &[UsedModel], is_forced: bool) -> Option<Value> {
    let text = fs::read(folder.join("findings.json")).ok()?;
    let document: Value = serde_json::from_slice(&text).ok()?;
    let made_from: MadeFrom = serde_json::from_value(document["made_from"].clone()).ok()?;
    made_from.still_holds(study, models, is_forced).then_some(document)
}

/// Every file of the study once, sorted.
fn paths(study: &Study) -> BTreeSet<PathBuf> {
    study.series.iter().flat_map(|series| &series.instances).map(|instance| instance.path.clone()).collect()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn stamp(path: &Path) -> std::io::Result<FileStamp> {
    let metadata = fs::metadata(path)?;
    let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let modified_ns = since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0);
    Ok(FileStamp { n_bytes: metadata.len(), modified_ns })
}

fn sha256_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut part = vec![0; 1 << 18];
    loop {
        let n_read = file.read(&mut part)?;
        if n_read == 0 {
            break;
        }
        digest.update(part.get(..n_read).unwrap_or_default());
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
