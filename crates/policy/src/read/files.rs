use std::io::ErrorKind;
use std::path::Path;

use babyshield_model::nearest;

use super::{Fault, Place, Reader, Setting};
use crate::kind::File;

impl Reader<'_> {
    /// Refuses a path where nothing is that can be read. `word` is what may stand there in place
    /// of a path.
    pub(crate) fn look_for(&mut self, file: &Setting<File>, word: Option<&str>) {
        if self.sample || word.is_some_and(|word| file.0 == Path::new(word)) {
            return;
        }
        let Place { folder, files, .. } = self.document;
        let path = folder.join(&file.0);
        let near = word.and_then(|word| nearest(&file.0.to_string_lossy(), [word]).map(|_| word));
        let name = file.0.display();
        // A folder cannot be read as a file, but it is there.
        let there = files.glob(&path).is_ok_and(|found| !found.is_empty());
        let fault = match (files.read(&path), near) {
            (Ok(_), _) => return,
            (Err(error), _) if error.kind() == ErrorKind::IsADirectory => return,
            (Err(error), _) if there => Fault::new(format!("`{name}` cannot be read: {error}"))
                .help("the user BabyShield runs as needs to be able to read it"),
            (Err(_), Some(word)) => Fault::new(format!("there is no file `{name}`"))
                .help(format!("did you mean \"{word}\"?")),
            (Err(_), None) => Fault::new(format!("there is no file `{name}`")).help(format!(
                "relative paths start at the policy's own folder, `{}`",
                Path::new(".").join(folder).display()
            )),
        };
        let code = "policy.missing_file";
        self.refuse(file, Fault { code, ..fault });
    }

    /// Refuses the path of a file that is yet to be made where its folder is missing.
    pub(crate) fn look_for_folder(&mut self, file: &Setting<File>) {
        let folder = match file.0.parent() {
            Some(parent) if !self.sample => self.document.folder.join(parent),
            _ => return,
        };
        let empty = folder.as_os_str().is_empty();
        let there = || self.document.files.glob(&folder);
        if empty || there().is_ok_and(|found| !found.is_empty()) {
            return;
        }
        let fault = Fault::new(format!("there is no folder `{}`", folder.display()));
        let code = "policy.missing_file";
        let fault = fault.help("make it, writable for the user BabyShield runs as");
        self.refuse(file, Fault { code, ..fault });
    }
}
