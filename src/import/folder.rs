//! Which files a scan looks at: folders walked in order, devices left alone, links followed once and only inside the
//! folder that was named.

use std::collections::BTreeSet;
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::import::error::ImportError;
use crate::import::feed::Feed;
use crate::import::limits::Limits;

/// A folder is handed on in the order of its names; one that takes longer to list than this, as it comes.
const LISTING_PATIENCE: Duration = Duration::from_millis(150);

/// More files than this are not held back.
const AT_ONCE: usize = 1024;

/// Paths that led to no file, and why.
pub type Failed = Vec<(PathBuf, ImportError)>;

/// Walks `paths` and puts every file into `feed`, once, until that is stopped.
pub fn walk(paths: &[PathBuf], limits: &Limits, feed: &Feed) -> Failed {
    let (visited, named) = (BTreeSet::new(), BTreeSet::new());
    let mut walk = Walk { limits, feed, n_found: 0, visited, named, found: Vec::new(), failed: Vec::new() };
    // Files that were named themselves go first: a folder that holds them too does not bring them again
    let (files, folders): (Vec<&PathBuf>, Vec<&PathBuf>) = paths.iter().partition(|path| path.is_file());
    for path in files.into_iter().chain(folders) {
        walk.path(path);
        walk.hand_on();
    }
    walk.failed
}

struct Walk<'a> {
    limits: &'a Limits,
    feed: &'a Feed,
    n_found: usize,
    /// Folders by their real path: a loop of links ends here.
    visited: BTreeSet<PathBuf>,
    /// Files that were named themselves.
    named: BTreeSet<PathBuf>,
    /// Not yet handed on.
    found: Vec<PathBuf>,
    failed: Failed,
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
            if self.feed.is_stopped() {
                return;
            }
            if self.n_found >= self.limits.max_files {
                let error = ImportError::NotReached(format!("more than {} files", self.limits.max_files));
                self.failed.push((next.path, error));
                return;
            }
            let Pending { path, depth, kind } = next;
            if let Err(error) = self.step(&path, depth, kind, &real_root, &mut pending) {
                self.failed.push((path, error));
            }
        }
    }

    fn step(
        &mut self,
        path: &Path,
        depth: usize,
        kind: Option<FileType>,
        real_root: &Path,
        pending: &mut Vec<Pending>,
    ) -> Result<(), ImportError> {
        if kind.is_some_and(|kind| kind.is_symlink()) && !path.canonicalize()?.starts_with(real_root) {
            return Err(ImportError::LinkOutside);
        }
        let is_named = kind.is_none();
        let kind = match kind {
            Some(kind) if !kind.is_symlink() => kind,
            _ => fs::metadata(path)?.file_type(),
        };
        if kind.is_file() {
            self.file(path, is_named);
            return Ok(());
        }
        if !kind.is_dir() {
            return Err(ImportError::NotAFile);
        }
        if depth > self.limits.max_folder_depth {
            return Err(ImportError::NotReached(format!("more than {} folders deep", self.limits.max_folder_depth)));
        }
        if self.visited.insert(path.canonicalize()?) {
            // What was found before need not wait for this folder's list
            self.hand_on();
            self.folder(path, depth, pending)?;
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, is_named: bool) {
        let is_new = if is_named { self.named.insert(path.to_owned()) } else { !self.named.contains(path) };
        if is_new {
            self.n_found += 1;
            self.found.push(path.to_owned());
        }
        if self.found.len() >= AT_ONCE {
            self.hand_on();
        }
    }

    /// Puts the entries of a folder on the stack, the first name on top.
    fn folder(&mut self, path: &Path, depth: usize, pending: &mut Vec<Pending>) -> Result<(), ImportError> {
        let mut children = Vec::new();
        let mut began = Instant::now();
        for entry in fs::read_dir(path)?.flatten() {
            if self.feed.is_stopped() {
                return Ok(());
            }
            children.push(Pending { path: entry.path(), depth: depth + 1, kind: Some(entry.file_type()?) });
            if began.elapsed() > LISTING_PATIENCE {
                self.hand_on_files(&mut children);
                began = Instant::now();
            }
        }
        children.sort_by(|a, b| b.path.cmp(&a.path));
        pending.append(&mut children);
        Ok(())
    }

    /// Of a folder whose list is not at its end: its plain files.
    fn hand_on_files(&mut self, children: &mut Vec<Pending>) {
        children.sort_by(|a, b| a.path.cmp(&b.path));
        children.retain(|child| {
            let is_taken = child.kind.is_some_and(|kind| kind.is_file()) && self.n_found < self.limits.max_files;
            if is_taken {
                self.file(&child.path, false);
            }
            !is_taken
        });
        self.hand_on();
    }

    fn hand_on(&mut self) {
        if !self.found.is_empty() {
            self.feed.put(self.found.drain(..));
        }
    }
}
