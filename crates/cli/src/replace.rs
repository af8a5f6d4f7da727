//! Writing a file so that a reader sees the old one or the new one, never half of either.

use std::io::{self, Write};
use std::path::Path;

/// Writes the new text beside the old and puts it in its place. A link stays a link: what it leads
/// to is replaced.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = std::fs::canonicalize(path)?;
    let mut beside = path.clone().into_os_string();
    beside.push(".new");
    let beside = Path::new(&beside);
    let written = write_beside(beside, &path, text);
    if written.is_err() {
        // The failure itself is what has to be told.
        let _ignored = std::fs::remove_file(beside);
    }
    written
}

fn write_beside(beside: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::File::create(beside)?;
    file.set_permissions(std::fs::metadata(path)?.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}
