//! One matched rule, in the line that ModSecurity writes of it.

use std::sync::Arc;

use super::{View, lossy};

/// What a rule says about itself, once for all its matches.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) revision: Option<Box<str>>,
    pub(crate) version: Box<str>,
    pub(crate) maturity: u8,
    pub(crate) accuracy: u8,
    /// The operator of its last condition; empty for `SecAction`.
    pub(crate) operator: Box<str>,
}

/// A match of a rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Alert {
    pub(crate) rule: u64,
    /// `file:line`.
    pub(crate) place: Arc<str>,
    pub(crate) phase: u8,
    /// Whether it stopped the exchange.
    pub(crate) denied: bool,
    pub(crate) operator: String,
    pub(crate) parameter: String,
    pub(crate) field: String,
    pub(crate) value: Vec<u8>,
    pub(crate) message: String,
    pub(crate) data: String,
    /// 0 to 7; 0 where it says none, as in ModSecurity.
    pub(crate) severity: u8,
    pub(crate) tags: Vec<String>,
    pub(crate) revision: String,
    pub(crate) version: String,
    pub(crate) maturity: u8,
    pub(crate) accuracy: u8,
    /// What matched where.
    pub(crate) reference: String,
}

impl Alert {
    /// ``Matched "Operator `Rx' with parameter `a' against variable `ARGS:q' (Value: `a' )``
    pub(super) fn matched(&self) -> String {
        if self.operator.is_empty() {
            return String::new();
        }
        format!(
            "Matched \"Operator `{}' with parameter `{}' against variable `{}' (Value: `{}' )",
            self.operator,
            limit(&self.parameter, 200),
            self.field,
            limit(&printable(&self.value, false), 100)
        )
    }

    pub(super) fn file_and_line(&self) -> (&str, &str) {
        self.place.rsplit_once(':').unwrap_or((&self.place, "0"))
    }

    /// The line of part H; `status` is what the exchange was answered with.
    pub(super) fn line(&self, view: &View<'_>) -> String {
        let host = view.host();
        self.tell(
            view.status,
            &lossy(host),
            &lossy(view.path),
            &lossy(view.id),
        )
    }

    pub(crate) fn tell(&self, status: u16, host: &str, path: &str, id: &str) -> String {
        let start = if self.denied {
            let phase = self.phase;
            format!("ModSecurity: Access denied with code {status} (phase {phase}). ")
        } else {
            "ModSecurity: Warning. ".to_owned()
        };
        let (file, line) = self.file_and_line();
        let quoted = |text: &str| printable(text.as_bytes(), true);
        let tags: String = self
            .tags
            .iter()
            .map(|tag| format!(" [tag \"{}\"]", quoted(tag)))
            .collect();
        let text = format!(
            "{start}{} [file \"{file}\"] [line \"{line}\"] [id \"{}\"] [rev \"{}\"] [msg \"{}\"] \
             [data \"{}\"] [severity \"{}\"] [ver \"{}\"] [maturity \"{}\"] [accuracy \"{}\"]{tags} \
             [hostname \"{host}\"] [uri \"{}\"] [unique_id \"{id}\"] [ref \"{}\"]",
            self.matched(),
            self.rule,
            quoted(&self.revision),
            self.message,
            quoted(&limit(&self.data, 200)),
            self.severity,
            quoted(&self.version),
            self.maturity,
            self.accuracy,
            limit(path, 200),
            limit(&self.reference, 200),
        );
        printable(text.as_bytes(), false)
    }
}

/// At most so many bytes, and how many more there are.
fn limit(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at));
    let kept = text.get(..end.unwrap_or(0)).unwrap_or_default();
    format!("{kept} ({} characters omitted)", text.len() - kept.len())
}

/// Bytes with what cannot be printed as `\x0a`, so that no value can break a line of the log or
/// pretend to be another; quotes and backslashes too where it stands in quotes.
pub(super) fn printable(bytes: &[u8], quoted: bool) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        let special = quoted && matches!(byte, b'"' | b'\\');
        if (32..127).contains(&byte) && !special {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(out, "\\x{byte:02x}").ok();
        }
    }
    out
}
