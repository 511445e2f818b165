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
    /// What lies there already stays, and the new file gets a name of its own.
    keeps_existing: bool,
}

impl Staging {
    /// Makes the folder if it is missing.
    pub fn new(folder: &Path) -> Result<Self, ExportError> {
        // The parent of a bare file name.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::create_dir_all(folder).map_err(|error| ExportError::writing(&error, folder))?;
        Ok(Self { folder: folder.to_owned(), files: Vec::new(), keeps_existing: false })
    }

    /// The same, and no file that lies there is ever replaced: `name.ext` becomes `name-2.ext`.
    pub fn keeping(folder: &Path) -> Result<Self, ExportError> {
        let mut staging = Self::new(folder)?;
        staging.keeps_existing = true;
        Ok(staging)
    }

    /// Writes a file that will be called `name`.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let is_plain = Path::new(name).file_name().is_some_and(|plain| plain == name) && !name.contains(['/', '\\']);
        let path = self.folder.join(name);
        if !is_plain {
            return Err(ExportError::NotWritable(path));
        }
        // A rename would put a plain file in the place of a device, a pipe or a link.
        if !self.keeps_existing && fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
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

    /// Gives every file its name, replacing what an earlier export left unless it is kept. Returns the paths in the
    /// order of adding.
    pub fn commit(mut self) -> Result<Vec<PathBuf>, ExportError> {
        let mut paths = Vec::with_capacity(self.files.len());
        for (passing, path) in &self.files {
            let renamed = match self.keeps_existing {
                true => rename_to_new(passing, path),
                false => fs::rename(passing, path).map(|()| path.clone()),
            };
            paths.push(renamed.map_err(|error| ExportError::writing(&error, path))?);
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

/// Gives the file the first free name of `name.ext`, `name-2.ext`, …, and replaces nothing, whoever else writes there.
fn rename_to_new(passing: &Path, path: &Path) -> std::io::Result<PathBuf> {
    const MOST: u32 = 10_000;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    for number in 1..=MOST {
        let name = if number == 1 { format!("{stem}{extension}") } else { format!("{stem}-{number}{extension}") };
        let target = path.with_file_name(name);
        match rename_if_free(passing, &target) {
            Ok(()) => return Ok(target),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

#[cfg(target_os = "linux")]
fn rename_if_free(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that does not know the flag
        Err(Errno::INVAL | Errno::NOSYS) => link_if_free(from, to),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
fn rename_if_free(from: &Path, to: &Path) -> std::io::Result<()> {
    link_if_free(from, to)
}

/// A second name, which must be free, then the first is taken away.
fn link_if_free(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::hard_link(from, to)?;
    fs::remove_file(from)
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

    #[test]
    fn what_lies_there_is_kept_and_no_name_leads_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sr.dcm"), b"old").unwrap();
        fs::create_dir(folder.path().join("sr-2.dcm")).unwrap();
        let mut staging = Staging::keeping(folder.path()).unwrap();
        staging.add("sr.dcm", b"new").unwrap();
        staging.add("sr.dcm", b"newer").unwrap();
        for name in ["../out", "a/b", "..", "", "a\\b"] {
            assert_eq!(staging.add(name, b"x").unwrap_err().code(), "not_writable", "{name}");
        }
        let paths = staging.commit().unwrap();
        assert_eq!(paths, [folder.path().join("sr-3.dcm"), folder.path().join("sr-4.dcm")]);
        assert_eq!(fs::read(folder.path().join("sr.dcm")).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["sr-2.dcm", "sr-3.dcm", "sr-4.dcm", "sr.dcm"]);
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
