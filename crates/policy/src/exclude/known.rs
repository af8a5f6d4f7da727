//! Attacks by which exclusions are priced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::replay::Unreadable;

const BUNDLED: &str = include_str!("../../data/attacks.toml");

/// No more are read from files: each is put to the rules several times.
const MAX_ATTACKS: usize = 20_000;
/// A longer line is no attack somebody wrote down.
const MAX_LINE: usize = 8 << 10;
/// A larger file is not read.
const MAX_FILE: u64 = 16 << 20;

/// One attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attack {
    /// What it attacks.
    pub(super) class: String,
    /// As it would be sent, before the field's own encoding.
    pub(super) value: Vec<u8>,
}

/// The attacks that are known.
#[derive(Clone, Debug, Default)]
pub struct Known(pub(super) Vec<Attack>);

impl Known {
    /// Those that come with the program.
    #[must_use]
    pub fn bundled() -> Self {
        let classes: BTreeMap<String, Vec<String>> =
            toml_edit::de::from_str(BUNDLED).unwrap_or_default();
        let mut all = Vec::new();
        for (class, values) in classes {
            for value in values {
                let wrapped = STANDARD.encode(&value).into_bytes();
                let attack = |value| Attack {
                    class: class.clone(),
                    value,
                };
                all.push(attack(value.into_bytes()));
                all.push(attack(wrapped));
            }
        }
        Self(all)
    }

    /// Adds those in a file, or in the files of a folder: one a line, `#` begins a comment, the
    /// file's name tells the class.
    ///
    /// # Errors
    /// What cannot be read, or is too much.
    pub fn add(&mut self, path: &Path) -> Result<(), Unreadable> {
        let fault = |error: std::io::Error| Unreadable(format!("{}: {error}", path.display()));
        let found = std::fs::metadata(path).map_err(fault)?;
        if !found.is_dir() {
            return self.add_file(path, found.len());
        }
        let entries = std::fs::read_dir(path).map_err(fault)?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        for file in files {
            let size = std::fs::metadata(&file).map_err(fault)?.len();
            self.add_file(&file, size)?;
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, size: u64) -> Result<(), Unreadable> {
        let fault = |what: String| Unreadable(format!("{}: {what}", path.display()));
        if size > MAX_FILE {
            return Err(fault(format!("larger than {} MiB", MAX_FILE >> 20)));
        }
        let text = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
        let class = path.file_stem().unwrap_or_default().to_string_lossy();
        for line in text.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || line.starts_with(b"# ") || line.len() > MAX_LINE {
                continue;
            }
            if self.0.len() >= MAX_ATTACKS {
                return Err(fault(format!("more than {MAX_ATTACKS} attacks in all")));
            }
            self.0.push(Attack {
                class: class.clone().into_owned(),
                value: line.to_vec(),
            });
        }
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_attacks_are_many_distinct_and_of_many_classes() {
        let Known(all) = Known::bundled();
        let mut values: Vec<&[u8]> = all.iter().map(|own| own.value.as_slice()).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), all.len());
        assert!(all.len() >= 300, "{}", all.len());
        let mut classes: Vec<&str> = all.iter().map(|own| own.class.as_str()).collect();
        classes.dedup();
        assert!(classes.len() >= 10, "{classes:?}");
    }

    #[test]
    fn further_attacks_come_from_files_by_the_line() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ldap.txt"), "# x\r\n*)(&\r\n\n*\n").expect("a file");
        let mut known = Known::default();
        known.add(folder.path()).expect("readable");
        let found: Vec<_> = known
            .0
            .iter()
            .map(|own| (own.class.as_str(), own.value.as_slice()))
            .collect();
        assert_eq!(found, [("ldap", &b"*)(&"[..]), ("ldap", b"*")]);
        assert!(known.add(&folder.path().join("none")).is_err());
    }
}
