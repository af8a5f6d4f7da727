//! The rules that ship in the binary.

use std::io;
use std::path::{Path, PathBuf};

use crate::hir::Input;
use crate::source::Files;

/// The built-in rule files, in reading order, as (name, text).
pub const FILES: &[(&str, &str)] = &[];

/// The built-in rules as inputs of the loader.
#[must_use]
pub fn inputs() -> Vec<Input> {
    let named = |name: &str| PathBuf::from("<builtin>").join(name).display().to_string();
    FILES
        .iter()
        .map(|(name, text)| Input::Text(named(name), (*text).to_owned()))
        .collect()
}

/// Data files of the built-in rules, as (name, text).
pub const DATA: &[(&str, &str)] = &[];

/// Serves the built-in data files beside another backend's.
pub(crate) struct Overlay<'a>(pub(crate) &'a dyn Files);

impl Files for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Ok(name) = path.strip_prefix("<builtin>") else {
            return self.0.read(path);
        };
        let known = DATA.iter().find(|(own, _)| Path::new(own) == name);
        known
            .map(|(_, text)| text.as_bytes().to_vec())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn glob(&self, pattern: &Path) -> io::Result<Vec<PathBuf>> {
        self.0.glob(pattern)
    }
}
