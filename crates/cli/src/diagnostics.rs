//! Faults with their place: drawn with their source for a terminal, one line each for a log, JSON
//! for machines.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use babyshield_model::{Diagnostic, Severity, Source};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};
use serde::Serialize;

use crate::output::Format;

/// Prints everything found: JSON to standard output, anything else to standard error.
pub(crate) fn print(found: &[Diagnostic], format: Format) {
    // There is nobody left to tell when the stream is gone.
    let _ignored = match format {
        Format::Json => writeln!(io::stdout(), "{}", json(found)),
        Format::Text if io::stderr().is_terminal() => {
            let theme = match colours() {
                true => GraphicalTheme::unicode(),
                false => GraphicalTheme::unicode_nocolor(),
            };
            write!(io::stderr(), "{}", drawn(found, theme))
        }
        Format::Text => write!(io::stderr(), "{}", plain(found)),
    };
}

/// Whether standard error takes colours: a terminal does, unless `NO_COLOR` asks for none
/// (no-color.org).
pub(crate) fn colours() -> bool {
    let none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !none
}

fn plain(found: &[Diagnostic]) -> String {
    found
        .iter()
        .map(|diagnostic| format!("{diagnostic}\n"))
        .collect()
}

/// One diagnostic as machines read it.
#[derive(Serialize)]
struct Line<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    help: Option<&'a str>,
}

/// Everything found, as a list.
pub(crate) fn to_json(found: &[Diagnostic]) -> serde_json::Value {
    let lines = found.iter().map(|diagnostic| {
        let span = diagnostic.span.as_ref();
        let place = span.map(|span| span.line_column());
        let line = Line {
            severity: match diagnostic.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            code: diagnostic.code,
            message: &diagnostic.message,
            file: span.map(|span| span.source.name.as_str()),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            help: diagnostic.help.as_deref(),
        };
        serde_json::to_value(line).unwrap_or_default()
    });
    lines.collect()
}

fn json(found: &[Diagnostic]) -> String {
    let text = serde_json::json!({ "diagnostics": to_json(found) });
    format!("{text:#}")
}

fn drawn(found: &[Diagnostic], theme: GraphicalTheme) -> String {
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut text = String::new();
    for diagnostic in found {
        // Writing to a `String` cannot fail; a span outside of its text is shown without it.
        if handler
            .render_report(&mut text, &Drawn::new(diagnostic))
            .is_err()
        {
            text.push_str(&format!("{diagnostic}\n"));
        }
    }
    text
}

/// A diagnostic as `miette` wants it.
#[derive(Debug)]
struct Drawn<'a> {
    diagnostic: &'a Diagnostic,
    text: Option<Text>,
}

impl<'a> Drawn<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        let span = diagnostic.span.as_ref();
        Self {
            diagnostic,
            text: span.map(|span| Text(Arc::clone(&span.source))),
        }
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.diagnostic.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.text.as_ref().map(|text| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let range = self.diagnostic.span.as_ref()?.range.clone();
        Some(Box::new(std::iter::once(LabeledSpan::underline(range))))
    }
}

/// A source under its name, without copying it.
#[derive(Debug)]
struct Text(Arc<Source>);

impl SourceCode for Text {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.0.text.as_str().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use babyshield_model::Span;

    fn fault() -> Diagnostic {
        let source = Source::new("policy.toml", "version = 1\nlistne = []\n");
        Diagnostic::error("policy.unknown_key", "unknown key `listne`")
            .at(Span::new(&source, 12..18))
            .help("did you mean `listen`?")
    }

    #[test]
    fn a_terminal_gets_the_line_and_a_log_gets_one() {
        let drawn = drawn(&[fault()], GraphicalTheme::unicode_nocolor());
        for part in ["policy.toml:2:1", "listne = []", "did you mean `listen`?"] {
            assert!(drawn.contains(part), "{drawn}");
        }
        assert_eq!(plain(&[fault()]).lines().count(), 1);
    }

    #[test]
    fn machines_get_every_part() {
        let json = to_json(&[fault()]);
        assert_eq!(json[0]["line"], 2);
        assert_eq!(json[0]["column"], 1);
        assert_eq!(json[0]["code"], "policy.unknown_key");
    }

    #[test]
    fn a_span_outside_of_its_text_is_still_told() {
        let source = Source::new("policy.toml", "x");
        let fault = Diagnostic::error("a.b", "odd").at(Span::new(&source, 90..95));
        let text = super::drawn(&[fault], GraphicalTheme::unicode_nocolor());
        assert!(text.contains("odd"), "{text}");
    }
}
