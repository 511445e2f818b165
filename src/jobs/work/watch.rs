//! Watched folders: looked at again and again, read when they have changed and come to rest.
//!
//! By looking rather than by the system's notices: those do not come from network shares, which is where modalities and
//! routers put their files, and they say nothing of files that came before. A file that is still being copied changes
//! from one look to the next, so nothing is read until two looks in a row saw the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Between two looks; longer where a look takes long.
const EVERY: Duration = Duration::from_secs(4);
/// How often the wait looks whether it is to end.
const HEED: Duration = Duration::from_millis(100);
/// A look takes at most this part of the time.
const MOST_OF_TIME: u32 = 10;
/// Deeper folders are not looked at, as little as in reading.
const MAX_DEPTH: usize = 64;

/// What lies in the folders: size and time of every file.
type Sight = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// Says when to read.
#[derive(Default)]
pub struct Watch {
    /// As it was when last read; `None` before the first time.
    read: Option<Sight>,
    last: Option<Sight>,
}

impl Watch {
    /// Takes in one look; true when the folders hold something else than was read, and held the same the look before.
    pub fn look(&mut self, now: Sight) -> bool {
        let is_at_rest = self.last.as_ref() == Some(&now);
        let is_new = self.read.as_ref() != Some(&now) && !(self.read.is_none() && now.is_empty());
        if is_at_rest && is_new {
            self.read = Some(now.clone());
        }
        self.last = Some(now);
        is_at_rest && is_new
    }
}

/// Looks until it is cancelled; `read` is called whenever there is something to read.
pub fn run(folders: &[PathBuf], cancel: &dyn Fn() -> bool, read: &dyn Fn()) {
    let mut watch = Watch::default();
    while !cancel() {
        let began = Instant::now();
        if watch.look(sight(folders, cancel)) && !cancel() {
            read();
        }
        let wait = EVERY.max(began.elapsed() * MOST_OF_TIME);
        let until = Instant::now() + wait;
        while !cancel() && Instant::now() < until {
            std::thread::sleep(HEED);
        }
    }
}

/// What cannot be listed now may be there the next time: a share that is gone is no fault.
pub fn sight(folders: &[PathBuf], cancel: &dyn Fn() -> bool) -> Sight {
    let mut sight = Sight::new();
    let mut pending: Vec<(PathBuf, usize)> = folders.iter().map(|folder| (folder.clone(), 0)).collect();
    while let Some((folder, depth)) = pending.pop() {
        if cancel() {
            break;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            // Links are not followed: a loop of them would never end.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && depth < MAX_DEPTH {
                pending.push((entry.path(), depth + 1));
            } else if let Ok(facts) = entry.metadata()
                && kind.is_file()
                && !is_partial(&entry.path())
            {
                sight.insert(entry.path(), (facts.len(), facts.modified().ok()));
            }
        }
    }
    sight
}

/// The names under which copying programs keep a file until it is whole.
fn is_partial(path: &Path) -> bool {
    const ENDINGS: [&str; 4] = ["part", "partial", "tmp", "crdownload"];
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|partial| ending.eq_ignore_ascii_case(partial)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_once_it_has_changed_and_come_to_rest() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        let look = || sight(&folders, &|| false);
        let mut watch = Watch::default();
        assert!(!watch.look(look()) && !watch.look(look()), "an empty folder brings nothing");
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/1.dcm"), "half").unwrap();
        assert!(!watch.look(look()), "just seen");
        fs::write(folder.path().join("a/1.dcm"), "half and whole").unwrap();
        assert!(!watch.look(look()), "still being written");
        assert!(watch.look(look()));
        assert!(!watch.look(look()), "read once");
        fs::write(folder.path().join("a/2.dcm.part"), "coming").unwrap();
        assert!(!watch.look(look()) && !watch.look(look()), "a file that is not whole");
        fs::remove_file(folder.path().join("a/1.dcm")).unwrap();
        assert!(!watch.look(look()) && watch.look(look()), "what is gone is a change, too");
    }
}
