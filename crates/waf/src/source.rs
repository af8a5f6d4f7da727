//! Where rule files, their includes and their data files are read from.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// Read access to rule files. The engine itself never touches a disk.
pub trait Files {
    /// The whole content of one file.
    ///
    /// # Errors
    /// What the backend says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files a pattern with `*` and `?` in its last part names, sorted by name; a plain path
    /// yields itself when it exists.
    ///
    /// # Errors
    /// What the backend says.
    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The real disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

/// Files held in memory: for tests and for text typed by hand.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<PathBuf, Vec<u8>>);

/// Files of somewhere else, with a list of those that were asked for: what rules include, the lists and
/// databases they name. Who made something of them wants to know when they change.
pub struct Noted<'a> {
    files: &'a dyn Files,
    read: RefCell<BTreeSet<PathBuf>>,
}

impl<'a> Noted<'a> {
    /// Nothing was asked for so far.
    #[must_use]
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            read: RefCell::default(),
        }
    }

    /// What was asked for, whether it was there or not; each once, in order.
    #[must_use]
    pub fn asked(self) -> Vec<PathBuf> {
        self.read.into_inner().into_iter().collect()
    }
}

impl std::fmt::Debug for Noted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Noted")
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl Files for Noted<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read.borrow_mut().insert(path.to_owned());
        self.files.read(path)
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        self.files.glob(pattern)
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        let Some((folder, name)) = split(pattern) else {
            return Ok(if pattern.exists() {
                vec![pattern.to_owned()]
            } else {
                Vec::new()
            });
        };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if wildcard(name, &entry.file_name().to_string_lossy()) {
                found.push(entry.path());
            }
        }
        found.sort();
        Ok(found)
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        let matches = |path: &&PathBuf| match split(pattern) {
            None => path.as_path() == pattern,
            Some((folder, name)) => {
                path.parent() == Some(folder)
                    && path
                        .file_name()
                        .is_some_and(|own| wildcard(name, &own.to_string_lossy()))
            }
        };
        Ok(self.0.keys().filter(matches).cloned().collect())
    }
}

/// Folder and last part of a pattern, if the last part has a wildcard.
fn split(pattern: &Path) -> Option<(&Path, &str)> {
    let name = pattern.file_name()?.to_str()?;
    name.contains(['*', '?']).then(|| {
        let folder = pattern.parent().filter(|p| !p.as_os_str().is_empty());
        (folder.unwrap_or(Path::new(".")), name)
    })
}

/// Whether `text` fits `pattern`, where `*` is any run and `?` any one character.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let tail = rest.as_str();
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .any(|at| text.get(at..).is_some_and(|end| wildcard(tail, end)))
        }
        Some(first) => {
            let mut own = text.chars();
            own.next().is_some_and(|c| first == '?' || first == c)
                && wildcard(rest.as_str(), own.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_noted_whether_it_was_there_or_not() {
        let files = Memory([(PathBuf::from("/r/a.conf"), b"x".to_vec())].into());
        let noted = Noted::new(&files);
        assert_eq!(noted.read(Path::new("/r/a.conf")).unwrap(), b"x");
        assert!(noted.read(Path::new("/r/b.data")).is_err());
        assert_eq!(noted.glob(Path::new("/r/*.conf")).unwrap().len(), 1);
        assert_eq!(noted.asked(), ["/r/a.conf", "/r/b.data"].map(PathBuf::from));
    }

    #[test]
    fn wildcards_match_whole_names() {
        assert!(wildcard("*.conf", "REQUEST-901.conf"));
        assert!(wildcard("a?c", "abc"));
        assert!(!wildcard("*.conf", "a.conf.bak"));
        assert!(!wildcard("a?c", "ac"));
    }
}
