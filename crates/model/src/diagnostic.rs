//! Faults and warnings with their place in a file, in one shape for policy and rule files.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// One file as it was read: its name as the operator knows it, and its text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as given, or `<builtin>/…` for text that ships in the binary.
    pub name: String,
    /// The whole text. Invalid UTF-8 was replaced by U+FFFD.
    pub text: String,
}

impl Source {
    /// Wraps a text under a name.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            text: text.into(),
        })
    }
}

/// A byte range of one [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub source: Arc<Source>,
    /// Byte offsets into its text.
    pub range: Range<usize>,
}

impl Span {
    /// A span over `range` of `source`.
    #[must_use]
    pub fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        Self {
            source: Arc::clone(source),
            range,
        }
    }

    /// Line and column of the start, both counted from 1, columns in characters.
    #[must_use]
    pub fn line_column(&self) -> (usize, usize) {
        let end = self.range.start.min(self.source.text.len());
        let before = self.source.text.as_bytes().get(..end).unwrap_or_default();
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default());
        (line, column.chars().count() + 1)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file means what it says, but perhaps not what was wanted.
    Warning,
    /// The file cannot be used.
    Error,
}

/// One fault or warning: what is wrong, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Warning or error.
    pub severity: Severity,
    /// A stable machine-readable name, such as `policy.unknown_key`.
    pub code: &'static str,
    /// What is wrong, in one lowercase sentence without a full stop.
    pub message: String,
    /// Where, if it has a place.
    pub span: Option<Span>,
    /// What to do about it.
    pub help: Option<String>,
}

/// Every fault found, never only the first.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    /// An error at no particular place.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            severity: Severity::Error,
            code,
            message,
            span: None,
            help: None,
        }
    }

    /// A warning at no particular place.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `file:line:column: error: message (help: …)`, on one line, for logs and plain terminals.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(span) = &self.span {
            let (line, column) = span.line_column();
            write!(f, "{}:{line}:{column}: ", span.source.name)?;
        }
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}: {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " (help: {help})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_prints_file_line_column_and_help() {
        let source = Source::new("policy.toml", "version = 1\nlistne = []\n");
        let fault = Diagnostic::error("policy.unknown_key", "unknown key `listne`")
            .at(Span::new(&source, 12..18))
            .help("did you mean `listen`?");
        assert_eq!(
            fault.to_string(),
            "policy.toml:2:1: error: unknown key `listne` (help: did you mean `listen`?)"
        );
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = Source::new("x", "é = 1");
        assert_eq!(Span::new(&source, 3..4).line_column(), (1, 3));
    }
}
