use std::io::Read;
use std::path::{Path, PathBuf};

use babyshield_model::{Diagnostics, Source};
use babyshield_waf::seclang;
use clap::Args;
use serde_json::json;

use crate::output::{self, Exit, Failure, Format, Outcome};
use crate::replace::replace;

/// Folders within folders that are followed.
const MAX_DEPTH: usize = 16;

/// Lay rule files out in one way
///
/// Line breaks stay where they are; indentation, spaces, blank lines and line ends get one form, and
/// the rules of a chain are indented under their first. What is inside a word is not touched. The
/// result is read again before anything is written: a file that would say something else is left
/// alone, and told.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 all is laid out; 1 with --check, some files are not; 2 a file \
                  cannot be read, or is no rule file."
)]
pub(crate) struct Fmt {
    /// Rule files, folders of them (`*.conf`), or `-` for standard input, which is laid out to
    /// standard output.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write nothing; name the files that are not laid out.
    #[arg(long)]
    check: bool,
    /// How to print the outcome.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

impl Fmt {
    pub(super) fn execute(self) -> Outcome {
        let (input, paths): (Vec<_>, Vec<_>) = self
            .files
            .iter()
            .cloned()
            .partition(|path| path.as_os_str() == "-");
        if !input.is_empty() {
            if !paths.is_empty() {
                let message = "`-` stands alone: what it gives goes to standard output";
                return Err(Failure::Usage(message.to_owned()));
            }
            return self.input();
        }
        let mut files = Vec::new();
        for path in &paths {
            find(path, MAX_DEPTH, &mut files)?;
        }
        let mut changed = Vec::new();
        let mut faults = Diagnostics::new();
        // Everything is laid out before anything is written.
        for path in &files {
            let text = read(path)?;
            match seclang::format(&Source::new(path.display().to_string(), text.clone())) {
                Ok(laid) if laid == text => {}
                Ok(laid) => changed.push((path, laid)),
                Err(found) => faults.extend(found),
            }
        }
        if !faults.is_empty() {
            return Err(Failure::Faulty(faults));
        }
        if !self.check {
            for (path, laid) in &changed {
                replace(path, laid).map_err(|error| broken(path, &error))?;
            }
        }
        let names: Vec<String> = changed
            .iter()
            .map(|(path, _)| path.display().to_string())
            .collect();
        self.tell(files.len(), &names)
    }

    fn tell(&self, files: usize, changed: &[String]) -> Outcome {
        match self.format {
            Format::Json => output::print_json(&json!({
                "files": files,
                "changed": changed,
                "written": !self.check,
            }))?,
            Format::Text => {
                let lines: String = changed.iter().map(|name| format!("{name}\n")).collect();
                output::print(lines)?;
            }
        }
        Ok(match self.check && !changed.is_empty() {
            true => Exit::Finding,
            false => Exit::Ok,
        })
    }

    fn input(&self) -> Outcome {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        let name = Path::new("<standard input>");
        let text = as_text(name, bytes)?;
        let source = Source::new(name.display().to_string(), text);
        let laid = seclang::format(&source).map_err(Failure::Faulty)?;
        if self.check {
            let changed = (laid != source.text).then(|| source.name.clone());
            return self.tell(1, changed.as_slice());
        }
        output::print(laid)?;
        Ok(Exit::Ok)
    }
}

/// The file itself, or the rule files of a folder, in the order of their names.
fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let found = std::fs::metadata(path).map_err(|error| wrong(path, &error))?;
    if !found.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| wrong(path, &error))?;
    let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            // A link to a folder may lead back to where it stands.
            if depth > 0 && !path.is_symlink() {
                find(&path, depth - 1, files)?;
            }
        } else if path.extension().is_some_and(|end| end == "conf") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| wrong(path, &error))?;
    as_text(path, bytes)
}

/// Laying out must lose nothing, so what is not UTF-8 is not read with replacements here.
fn as_text(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let path = path.display();
        Failure::Usage(format!("`{path}` is not UTF-8 from byte {at} on"))
    })
}

fn wrong(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("`{}` cannot be read: {error}", path.display()))
}

fn broken(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Broken(format!("`{}` cannot be written: {error}", path.display()))
}
