//! Notices when the policy or a file it names has changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use babyshield_model::Timestamp;

/// Files looked at below a folder of rules; a rule set has some hundred.
const MOST: usize = 10_000;

/// How many milliseconds a file's time may lie before the moment it was written.
const GRAIN: u64 = 20;

/// Folders within folders of rules.
const DEPTH: usize = 4;

/// The state of every file a policy stands on: whether it is there, how long it is, when it was
/// written. Looking costs a `stat` each, which is cheap enough to do every second, and unlike a
/// notification from the kernel it works on every file system, and for files that are replaced,
/// linked anew or not yet there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<PathBuf, Option<(u64, Option<SystemTime>)>>);

impl Snapshot {
    /// Looks at every file, and at whatever is in folders.
    pub(super) fn take(paths: &[PathBuf]) -> Self {
        let mut snapshot = Self::default();
        for path in paths {
            snapshot.look(path, DEPTH);
        }
        snapshot
    }

    /// Forgets the state of files written since `loading` began: what was loaded of them is not
    /// known, so that the next look finds them changed. File systems keep time only so finely.
    pub(super) fn forget_since(mut self, loading: Timestamp) -> Self {
        let since = UNIX_EPOCH + Duration::from_millis(loading.0.saturating_sub(GRAIN));
        for state in self.0.values_mut() {
            let written = state.and_then(|(_, written)| written);
            if written.is_some_and(|written| written >= since) {
                *state = None;
            }
        }
        self
    }

    fn look(&mut self, path: &Path, depth: usize) {
        if self.0.len() >= MOST {
            return;
        }
        let found = std::fs::metadata(path).ok();
        let state = found
            .as_ref()
            .map(|found| (found.len(), found.modified().ok()));
        self.0.insert(path.to_owned(), state);
        if depth > 0 && found.is_some_and(|found| found.is_dir()) {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            for entry in entries {
                self.look(&entry.path(), depth - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_within_a_folder_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.conf");
        let paths = [folder.path().to_owned(), folder.path().join("absent.toml")];
        let empty = Snapshot::take(&paths);
        std::fs::write(&file, "one").unwrap();
        let one = Snapshot::take(&paths);
        std::fs::write(&file, "longer").unwrap();
        let longer = Snapshot::take(&paths);
        assert!(empty != one && one != longer);
        assert_eq!(longer, Snapshot::take(&paths));
    }

    #[test]
    fn a_file_written_while_it_was_loaded_counts_as_changed() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().join("policy.toml")];
        std::fs::write(&paths[0], "one").unwrap();
        let taken = Snapshot::take(&paths);
        assert!(taken.clone().forget_since(Timestamp(1)) != taken);
        assert_eq!(taken.clone().forget_since(Timestamp(u64::MAX / 2)), taken);
    }
}
