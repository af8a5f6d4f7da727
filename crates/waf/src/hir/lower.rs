//! Text to meaning: reads files and their includes, in order.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use babyshield_model::{Diagnostic, Diagnostics, Severity, Source, Span};

use super::rule::{Defaults, Pending};
use super::update::Update;
use super::{RuleSet, directive};
use crate::seclang::{self, ast};
use crate::source::Files;

/// How deep `Include` may nest.
const MAX_INCLUDES: usize = 16;

/// One thing to read.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file on disk.
    File(PathBuf),
    /// Text under a name; data files it asks for are looked for beside that name.
    Text(String, String),
}

/// Everything while files are being read.
pub(super) struct Lowering<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) set: RuleSet,
    pub(super) defaults: Defaults,
    /// Where each rule id was first given.
    pub(super) ids: HashMap<u64, Span>,
    /// A chain whose last link has not been read yet.
    pub(super) pending: Option<Pending>,
    /// Changes to other rules, made when everything has been read.
    pub(super) updates: Vec<Update>,
    pub(super) faults: Diagnostics,
    /// Steps a backtracking pattern may take at most.
    pub(super) steps: usize,
    depth: usize,
}

/// Reads `inputs` in order into one rule set; backtracking patterns may take `steps` steps.
///
/// # Errors
/// Every fault of every file; warnings come along in both cases.
pub fn lower(
    inputs: &[Input],
    files: &dyn Files,
    steps: usize,
) -> Result<(RuleSet, Diagnostics), Diagnostics> {
    let mut lowering = Lowering {
        files,
        set: RuleSet::default(),
        defaults: Defaults::default(),
        ids: HashMap::new(),
        pending: None,
        updates: Vec::new(),
        faults: Vec::new(),
        steps,
        depth: 0,
    };
    for input in inputs {
        match input {
            Input::File(path) => lowering.path(path, None),
            Input::Text(name, text) => lowering.source(name, text.clone()),
        }
    }
    lowering.end_chain();
    lowering.apply_updates();
    lowering.check_jumps();
    let Lowering { set, faults, .. } = lowering;
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        Err(faults)
    } else {
        Ok((set, faults))
    }
}

impl Lowering<'_> {
    /// Reads one file that was asked for at `at`, or by the operator.
    pub(super) fn path(&mut self, path: &Path, at: Option<&Span>) {
        match self.files.read(path) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes)
                    .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
                self.source(&path.display().to_string(), text);
            }
            Err(error) => {
                let message = format!("cannot read rule file `{}`: {error}", path.display());
                let fault = Diagnostic::error("seclang.rule_file", message);
                self.faults.push(match at {
                    Some(span) => fault.at(span.clone()),
                    None => fault,
                });
            }
        }
    }

    fn source(&mut self, name: &str, text: String) {
        let source = Source::new(name, text);
        let (file, faults) = seclang::parse(&source);
        self.faults.extend(faults);
        let folder = Path::new(name)
            .parent()
            .map(Path::to_owned)
            .unwrap_or_default();
        for directive in file.directives() {
            self.directive(directive, &folder);
        }
    }

    fn directive(&mut self, item: &ast::Directive, folder: &Path) {
        if item.name.value.eq_ignore_ascii_case("Include") {
            self.include(item, folder);
        } else {
            directive::lower(self, item, folder);
        }
    }

    fn include(&mut self, item: &ast::Directive, folder: &Path) {
        let Some(pattern) = self.one_argument(item) else {
            return;
        };
        if self.depth >= MAX_INCLUDES {
            self.faults.push(
                Diagnostic::error(
                    "seclang.include_depth",
                    format!("includes nest deeper than {MAX_INCLUDES}"),
                )
                .at(item.name.span())
                .help("does a file include itself?"),
            );
            return;
        }
        let pattern = folder.join(&pattern.value);
        let paths = self.files.glob(&pattern).unwrap_or_default();
        if paths.is_empty() {
            let message = format!("no file fits `{}`", pattern.display());
            self.faults
                .push(Diagnostic::error("seclang.rule_file", message).at(item.name.span()));
        }
        self.depth += 1;
        for path in paths {
            self.path(&path, Some(&item.name.span()));
        }
        self.depth -= 1;
    }

    /// The one argument of a directive.
    pub(super) fn one_argument(&mut self, item: &ast::Directive) -> Option<ast::Text> {
        if let [only] = item.arguments.as_slice() {
            return Some(only.clone());
        }
        self.arity(item, "one argument");
        None
    }

    /// Complains about the number of arguments.
    pub(super) fn arity(&mut self, item: &ast::Directive, wanted: &str) {
        let message = format!(
            "`{}` takes {wanted}, but {} {} given",
            item.name.value,
            item.arguments.len(),
            if item.arguments.len() == 1 {
                "is"
            } else {
                "are"
            }
        );
        self.faults
            .push(Diagnostic::error("seclang.arity", message).at(item.name.span()));
    }

    pub(super) fn fault(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.faults.push(Diagnostic::error(code, message).at(span));
    }
}

/// Adds the known word nearest to `given`, if one is near.
pub(super) fn did_you_mean(
    fault: Diagnostic,
    given: &str,
    known: impl IntoIterator<Item = &'static str>,
) -> Diagnostic {
    match babyshield_model::nearest(given, known) {
        Some(word) => fault.help(format!("did you mean `{word}`?")),
        None => fault,
    }
}
