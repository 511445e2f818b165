//! Which files a scan looks at: folders walked in order, devices left alone, links followed once and only inside the
//! folder that was named.

use std::collections::BTreeSet;
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use crate::import::error::ImportError;
use crate::import::limits::Limits;

/// Files to read, and paths that led to none.
#[derive(Default)]
pub struct Listing {
    pub files: Vec<PathBuf>,
    pub failed: Vec<(PathBuf, ImportError)>,
}

/// Walks `paths`; every file once, sorted by path.
pub fn list(paths: &[PathBuf], limits: &Limits, cancel: &dyn Fn() -> bool) -> Listing {
    let mut walk = Walk { limits, cancel, visited: BTreeSet::new(), listing: Listing::default() };
    for path in paths {
        walk.path(path);
    }
    let Listing { mut files, failed } = walk.listing;
    files.sort();
    files.dedup();
    Listing { files, failed }
}

struct Walk<'a> {
    limits: &'a Limits,
    cancel: &'a dyn Fn() -> bool,
    /// Folders by their real path: a loop of links ends here.
    visited: BTreeSet<PathBuf>,
    listing: Listing,
}

/// One entry still to be looked at.
struct Pending {
    path: PathBuf,
    depth: usize,
    /// As the folder's own listing says; `None` for what was named by the caller.
    kind: Option<FileType>,
}

impl Walk<'_> {
    fn path(&mut self, root: &Path) {
        // What was named may itself be a link; what lies in it must not lead out of it
        let real_root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        // Depth first by a stack of our own: folders may be nested as deep as they like
        let mut pending = vec![Pending { path: root.to_owned(), depth: 0, kind: None }];
        while let Some(next) = pending.pop() {
            if (self.cancel)() {
                return;
            }
            if self.listing.files.len() >= self.limits.max_files {
                let error = ImportError::NotReached(format!("more than {} files", self.limits.max_files));
                self.listing.failed.push((next.path, error));
                return;
            }
            if let Err(error) = self.step(&next, &real_root, &mut pending) {
                self.listing.failed.push((next.path, error));
            }
        }
    }

    fn step(&mut self, next: &Pending, real_root: &Path, pending: &mut Vec<Pending>) -> Result<(), ImportError> {
        let Pending { path, depth, kind } = next;
        if kind.is_some_and(|kind| kind.is_symlink()) && !path.canonicalize()?.starts_with(real_root) {
            return Err(ImportError::LinkOutside);
        }
        let kind = match kind {
            Some(kind) if !kind.is_symlink() => *kind,
            _ => fs::metadata(path)?.file_type(),
        };
        if kind.is_file() {
            self.listing.files.push(path.clone());
            return Ok(());
        }
        if !kind.is_dir() {
            return Err(ImportError::NotAFile);
        }
        if *depth > self.limits.max_folder_depth {
            return Err(ImportError::NotReached(format!("more than {} folders deep", self.limits.max_folder_depth)));
        }
        if !self.visited.insert(path.canonicalize()?) {
            return Ok(());
        }
        let mut children = Vec::new();
        for entry in fs::read_dir(path)?.flatten() {
            if (self.cancel)() {
                return Ok(());
            }
            children.push(Pending { path: entry.path(), depth: depth + 1, kind: Some(entry.file_type()?) });
        }
        children.sort_by(|a, b| b.path.cmp(&a.path));
        pending.append(&mut children);
        Ok(())
    }
}
