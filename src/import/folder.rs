//! Which files a scan looks at: folders walked in order, links followed once, devices left alone.

use std::collections::BTreeSet;
use std::fs;
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

impl Walk<'_> {
    fn path(&mut self, root: &Path) {
        // Depth first by a stack of our own: folders may be nested as deep as they like
        let mut pending = vec![(root.to_owned(), 0)];
        while let Some((path, depth)) = pending.pop() {
            if (self.cancel)() {
                return;
            }
            if let Err(error) = self.step(&path, depth, &mut pending) {
                self.listing.failed.push((path, error));
            }
        }
    }

    fn step(&mut self, path: &Path, depth: usize, pending: &mut Vec<(PathBuf, usize)>) -> Result<(), ImportError> {
        let facts = fs::metadata(path)?;
        if facts.is_file() {
            if self.listing.files.len() >= self.limits.max_files {
                return Err(ImportError::NotReached(format!("more than {} files", self.limits.max_files)));
            }
            self.listing.files.push(path.to_owned());
            return Ok(());
        }
        if !facts.is_dir() {
            return Err(ImportError::NotAFile);
        }
        if depth > self.limits.max_folder_depth {
            return Err(ImportError::NotReached(format!("more than {} folders deep", self.limits.max_folder_depth)));
        }
        if !self.visited.insert(path.canonicalize()?) {
            return Ok(());
        }
        let mut children: Vec<PathBuf> = fs::read_dir(path)?.flatten().map(|entry| entry.path()).collect();
        children.sort();
        pending.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
        Ok(())
    }
}
