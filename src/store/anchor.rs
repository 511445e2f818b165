//! A small file beside the record that remembers its head: without it nobody could see that the newest events are gone.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::chain::Head;
use crate::store::json;

const FORMAT: u32 = 1;

/// `record.db` → `record.db.anchor`.
#[derive(Clone, Debug)]
pub struct Anchor {
    path: PathBuf,
}

/// No write of an anchor takes this long.
const LEFTOVER_AGE: Duration = Duration::from_secs(600);

/// What the anchor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorState {
    Missing,
    /// There, but not something this program wrote.
    Unreadable,
    At(Head),
}

#[derive(Serialize, Deserialize)]
struct AnchorFile {
    format: u32,
    #[serde(flatten)]
    head: Head,
}

impl Anchor {
    pub fn beside(record: &Path) -> Self {
        let mut path = record.as_os_str().to_owned();
        path.push(".anchor");
        Self { path: path.into() }
    }

    pub fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    pub fn read(&self) -> AnchorState {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return AnchorState::Missing,
            Err(_) => return AnchorState::Unreadable,
        };
        match serde_json::from_slice::<AnchorFile>(&bytes) {
            Ok(AnchorFile { format: FORMAT, head }) => AnchorState::At(head),
            Ok(_) | Err(_) => AnchorState::Unreadable,
        }
    }

    /// Replaces the anchor in one step. An anchor that another program has moved further stays.
    pub fn write(&self, head: &Head) -> io::Result<()> {
        if matches!(self.read(), AnchorState::At(there) if there.seq >= head.seq) {
            return Ok(());
        }
        let text = json::canonical(&AnchorFile { format: FORMAT, head: *head }).unwrap_or_default();
        let beside = self.unique_name();
        let written = write_synced(&beside, text.as_bytes()).and_then(|()| fs::rename(&beside, &self.path));
        if written.is_err() {
            // The failure itself is reported; a leftover is harmless.
            drop(fs::remove_file(&beside));
        }
        written
    }

    /// Removes what programs that were killed while writing an anchor left beside it.
    pub fn sweep(&self) {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name().and_then(|name| name.to_str()))
        else {
            return;
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let leftover = format!("{name}.");
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let is_leftover = entry.file_name().to_str().is_some_and(|name| name.starts_with(&leftover));
            if is_leftover && is_old(&entry) {
                // Litter at worst.
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    /// Two programs, or two stores in one, never share a name.
    fn unique_name(&self) -> PathBuf {
        static TURN: AtomicU64 = AtomicU64::new(0);
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{}-{}", std::process::id(), TURN.fetch_add(1, Ordering::Relaxed)));
        name.into()
    }
}

fn is_old(entry: &fs::DirEntry) -> bool {
    let written = entry.metadata().and_then(|file| file.modified()).ok();
    written.and_then(|written| written.elapsed().ok()).is_some_and(|age| age > LEFTOVER_AGE)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_read_back_never_moves_backwards_and_leaves_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = Anchor::beside(&folder.path().join("record.db"));
        assert_eq!(anchor.read(), AnchorState::Missing);
        let head = |seq| Head { seq, hash: [7; 32], count: seq };
        anchor.write(&head(2)).unwrap();
        anchor.write(&head(1)).unwrap();
        assert_eq!(anchor.read(), AnchorState::At(head(2)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(folder.path().join("record.db.anchor"), "{}").unwrap();
        assert_eq!(anchor.read(), AnchorState::Unreadable);
    }

    #[test]
    fn leftovers_of_killed_programs_are_swept_and_those_being_written_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let anchor = Anchor::beside(&folder.path().join("record.db"));
        let [old, new, other] =
            ["record.db.anchor.1-1", "record.db.anchor.2-1", "record.db.anchored"].map(|name| folder.path().join(name));
        for path in [&old, &new, &other] {
            fs::write(path, "{}").unwrap();
        }
        let an_hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        for path in [&old, &other] {
            File::options().write(true).open(path).unwrap().set_modified(an_hour_ago).unwrap();
        }
        anchor.sweep();
        assert_eq!([&old, &new, &other].map(|path| path.exists()), [false, true, true]);
    }
}
