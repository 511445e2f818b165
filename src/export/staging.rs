//! Files that appear all together: written and synced under passing names, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::domain::report::Report;
use crate::export::error::ExportError;

/// New files of one folder that nobody sees before [`Staging::commit`]. Dropped before, they are gone.
pub struct Staging {
    folder: PathBuf,
    /// Passing name and final name.
    files: Vec<(PathBuf, PathBuf)>,
}

impl Staging {
    /// Makes the folder if it is missing.
    pub fn new(folder: &Path) -> Result<Self, ExportError> {
        // The parent of a bare file name.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::create_dir_all(folder).map_err(|error| ExportError::writing(&error, folder))?;
        Ok(Self { folder: folder.to_owned(), files: Vec::new() })
    }

    /// Writes a file that will be called `name`.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let path = self.folder.join(name);
        // A rename would put a plain file in the place of a device, a pipe or a link.
        if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
            return Err(ExportError::NotAFile(path));
        }
        let passing = self.folder.join(format!(".{}.part", Uuid::new_v4().simple()));
        self.files.push((passing.clone(), path));
        // `create_new` follows no link that someone put there.
        let written = OpenOptions::new().write(true).create_new(true).open(&passing).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(|error| ExportError::writing(&error, &self.folder))
    }

    /// Gives every file its name, replacing what an earlier export left. Returns the paths in the order of adding.
    pub fn commit(mut self) -> Result<Vec<PathBuf>, ExportError> {
        let mut paths = Vec::with_capacity(self.files.len());
        for (passing, path) in &self.files {
            fs::rename(passing, path).map_err(|error| ExportError::writing(&error, path))?;
            paths.push(path.clone());
        }
        self.files.clear();
        sync_folder(&self.folder).map_err(|error| ExportError::writing(&error, &self.folder))?;
        Ok(paths)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        for (passing, _) in &self.files {
            // Already renamed, or never created: then there is nothing to clear away.
            if fs::remove_file(passing).is_err() {
                log::debug!("no passing file was left to remove");
            }
        }
    }
}

/// Refuses a name under which one of the study's originals lies.
pub fn refuse_original(report: &Report, folder: &Path, name: &str) -> Result<(), ExportError> {
    let path = folder.join(name);
    let Ok(target) = path.canonicalize() else {
        return Ok(());
    };
    let instances = report.study.iter().flat_map(|study| &study.series).flat_map(|series| &series.instances);
    let is_original = |original: &Path| original.canonicalize().is_ok_and(|original| original == target);
    if instances.into_iter().any(|instance| is_original(&instance.path)) {
        return Err(ExportError::IsAnOriginal(path));
    }
    Ok(())
}

/// A rename lasts through a power cut only when the folder is synced too; elsewhere than on Unix it cannot be.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_appear_together_and_leave_nothing_behind_when_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new/folder");
        let mut given_up = Staging::new(&target).unwrap();
        given_up.add("a.txt", b"a").unwrap();
        drop(given_up);
        assert!(names(&target).is_empty());
        let mut staging = Staging::new(&target).unwrap();
        staging.add("a.txt", b"a").unwrap();
        staging.add("b.txt", b"b").unwrap();
        assert!(!target.join("a.txt").exists());
        assert_eq!(staging.commit().unwrap(), [target.join("a.txt"), target.join("b.txt")]);
        assert_eq!(names(&target), ["a.txt", "b.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_a_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("taken")).unwrap();
        std::os::unix::fs::symlink("/dev/null", folder.path().join("device")).unwrap();
        let mut staging = Staging::new(folder.path()).unwrap();
        assert_eq!(staging.add("taken", b"x").unwrap_err().code(), "not_a_file");
        assert_eq!(staging.add("device", b"x").unwrap_err().code(), "not_a_file");
        assert!(staging.commit().unwrap().is_empty());
        assert_eq!(names(folder.path()), ["device", "taken"]);
    }

    #[test]
    fn a_folder_that_is_a_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"x").unwrap();
        let error = Staging::new(&file.join("below")).err().unwrap();
        assert_eq!(error.code(), "not_writable", "{error}");
    }
}
