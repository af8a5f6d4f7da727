//! From what the operator names to what is read: `builtin`, files, CRS directories.

use std::path::{Path, PathBuf};

use babyshield_model::{Diagnostic, Diagnostics};

use crate::builtin;
use crate::hir::Input;
use crate::source::Files;
use crate::spec::Spec;

/// Rules about what could not be read, before every rule set that is loaded from files.
pub(crate) const ENGINE_NAME: &str = "<builtin>/engine.conf";
const ENGINE: &str = include_str!("../engine.conf");

/// Everything a spec asks for, in reading order.
pub(super) fn inputs(spec: &Spec, files: &dyn Files) -> Result<Vec<Input>, Diagnostics> {
    let mut list = Vec::new();
    let mut faults = Vec::new();
    if !spec.rules.is_empty() {
        list.push(Input::Text(ENGINE_NAME.to_owned(), ENGINE.to_owned()));
    }
    for path in &spec.rules {
        if path.as_os_str() == "builtin" {
            list.extend(builtin::inputs());
        } else if let Err(fault) = named(path, files, &mut list) {
            faults.push(fault);
        }
    }
    list.extend(
        spec.inline
            .iter()
            .map(|(name, text)| Input::Text(name.clone(), text.clone())),
    );
    if faults.is_empty() {
        Ok(list)
    } else {
        Err(faults)
    }
}

fn named(path: &Path, files: &dyn Files, list: &mut Vec<Input>) -> Result<(), Diagnostic> {
    if files.read(path).is_ok() {
        list.push(Input::File(path.to_owned()));
        return Ok(());
    }
    let rules = files
        .glob(&path.join("rules").join("*.conf"))
        .unwrap_or_default();
    let rules = if rules.is_empty() {
        files.glob(&path.join("*.conf")).unwrap_or_default()
    } else {
        rules
    };
    if rules.is_empty() {
        let message = format!(
            "`{}` is neither a rule file nor a rule directory",
            path.display()
        );
        return Err(Diagnostic::error("waf.rules", message).help(
            "name a SecLang file, a directory with `crs-setup.conf` and `rules/`, or `builtin`",
        ));
    }
    let setup = setup(path, files);
    let needs_setup = rules.iter().any(|rule| {
        rule.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("REQUEST-901"))
    });
    match setup {
        Some(setup) => list.push(Input::File(setup)),
        None if needs_setup && !already_set_up(list) => {
            let message = format!("`{}` has rules but no `crs-setup.conf`", path.display());
            return Err(Diagnostic::error("waf.rules", message)
                .help("copy `crs-setup.conf.example` there, or name a setup file before it"));
        }
        None => {}
    }
    let setups = rules.iter().filter(|rule| !is_setup(rule));
    list.extend(setups.cloned().map(Input::File));
    Ok(())
}

/// The set-up file of a CRS directory; Debian keeps its own under `/etc`.
fn setup(folder: &Path, files: &dyn Files) -> Option<PathBuf> {
    let own = ["crs-setup.conf", "crs-setup.conf.example"].map(|name| folder.join(name));
    let debian = folder.join("owasp-crs.load");
    let etc = PathBuf::from("/etc/modsecurity/crs/crs-setup.conf");
    own.into_iter()
        .find(|path| files.read(path).is_ok())
        .or_else(|| {
            let packaged = files.read(&debian).is_ok() && files.read(&etc).is_ok();
            packaged.then_some(etc)
        })
}

fn is_setup(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("crs-setup"))
}

fn already_set_up(list: &[Input]) -> bool {
    list.iter()
        .any(|input| matches!(input, Input::File(path) if is_setup(path)))
}

/// Whether a rule comes from a set-up file, which the operator's own level comes after.
pub(super) fn comes_from_setup(name: &str) -> bool {
    is_setup(Path::new(name))
}
