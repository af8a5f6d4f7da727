//! The policy as a file: its text, what was read from it, and where each value came from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use babyshield_model::{Diagnostic, Diagnostics, Severity, Source};
use babyshield_waf::Files;

use crate::check;
use crate::read::{Origin, Place, Resolved, read};
use crate::spec::Spec;
use crate::tree;

/// Larger than any policy written by hand.
const MAX_BYTES: usize = 4 << 20;

/// A policy that was read, with what is wrong or odd about it.
#[derive(Debug)]
pub struct Document {
    /// The text.
    pub source: Arc<Source>,
    /// Where relative paths start.
    pub folder: PathBuf,
    /// What it says; `None` where too much is missing to say.
    pub spec: Option<Spec>,
    /// Every value in force and where it came from, in the order of the reference.
    pub settings: Vec<Resolved>,
    /// Every fault and warning, in the order of the file.
    pub diagnostics: Diagnostics,
}

impl Document {
    /// Reads a policy file and looks for the files it names. `over` is policy text whose keys
    /// take the place of the file's: what the command line says.
    #[must_use]
    pub fn load(path: &Path, over: Option<&Arc<Source>>, files: &dyn Files) -> Self {
        let name = path.display().to_string();
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        match files.read(path) {
            Ok(bytes) if bytes.len() > MAX_BYTES => {
                let message = format!("`{name}` is larger than any policy");
                Self::failed(&name, Diagnostic::error("policy.unreadable", message))
            }
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Self::parse(&Source::new(name, text), over, &folder, files),
                Err(error) => {
                    let line = error
                        .as_bytes()
                        .iter()
                        .take(error.utf8_error().valid_up_to());
                    let line = line.filter(|&&byte| byte == b'\n').count() + 1;
                    let message = format!("line {line} of `{name}` is not UTF-8");
                    Self::failed(&name, Diagnostic::error("policy.unreadable", message))
                }
            },
            Err(error) => {
                let message = format!("`{name}` cannot be read: {error}");
                let fault = Diagnostic::error("policy.unreadable", message)
                    .help("name the policy file with --policy");
                Self::failed(&name, fault)
            }
        }
    }

    /// Reads the text of a policy whose relative paths start at `folder`.
    #[must_use]
    pub fn parse(
        source: &Arc<Source>,
        over: Option<&Arc<Source>>,
        folder: &Path,
        files: &dyn Files,
    ) -> Self {
        let (mut root, mut diagnostics) = tree::parse(source);
        if let Some((over, mut faults)) = over.map(tree::parse) {
            tree::overlay(&mut root, over);
            diagnostics.append(&mut faults);
        }
        let place = Place {
            source,
            folder,
            files,
        };
        let (spec, record) = read(&place, Some(&root), Spec::read);
        let mut found = record.faults;
        found.retain(|fault| !follows_from(&diagnostics, fault));
        diagnostics.append(&mut found);
        if let Some(spec) = &spec {
            diagnostics.append(&mut check::check(spec));
        }
        sort(&mut diagnostics);
        Self {
            source: Arc::clone(source),
            folder: folder.to_owned(),
            spec,
            settings: record.settings,
            diagnostics,
        }
    }

    fn failed(name: &str, fault: Diagnostic) -> Self {
        Self {
            source: Source::new(name, ""),
            folder: PathBuf::new(),
            spec: None,
            settings: Vec::new(),
            diagnostics: vec![fault],
        }
    }

    /// Gives a fault of a crate that knows no policy its place: that of the value it names, the
    /// longest if it names several.
    #[must_use]
    pub(crate) fn locate(&self, fault: Diagnostic) -> Diagnostic {
        let written = self.settings.iter().filter_map(|resolved| {
            let Origin::Written(span) = &resolved.origin else {
                return None;
            };
            let value = resolved.value.trim_matches('"');
            let named = value.len() > 2 && fault.message.contains(value);
            named.then_some((value.len(), span))
        });
        match written.max_by_key(|(length, _)| *length) {
            Some((_, span)) if fault.span.is_none() => fault.at(span.clone()),
            _ => fault,
        }
    }
}

/// Whether there is an error among these.
#[must_use]
pub fn is_faulty(diagnostics: &[Diagnostic]) -> bool {
    diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error)
}

/// What the parser had to skip may only seem to be missing or wrong.
fn follows_from(syntax: &[Diagnostic], fault: &Diagnostic) -> bool {
    let start = |found: &Diagnostic| {
        let span = found.span.as_ref();
        span.map(|span| (span.source.name.clone(), span.range.start))
    };
    let same_place = syntax.iter().any(|broken| start(broken) == start(fault));
    same_place || (!syntax.is_empty() && fault.code == "policy.missing_key")
}

/// By file, then place; what has no place comes first.
pub(crate) fn sort(diagnostics: &mut Diagnostics) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| {
            let span = d.span.as_ref();
            span.map(|span| (span.source.name.clone(), span.range.start))
        };
        key(a).cmp(&key(b))
    });
    diagnostics.dedup();
}
