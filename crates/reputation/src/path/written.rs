//! Patterns as the operator writes them.

use babyshield_model::Diagnostics;

use super::Hit;
use super::matcher::{Draft, Form};
use super::normal::{Nul, normalize};
use crate::Pattern;
use crate::pattern::check_regex;

/// Reads one pattern; `text` is the pattern without a leading `!`.
pub(super) fn read(pattern: &Pattern, text: &str, faults: &mut Diagnostics) -> Option<Draft> {
    let hit = Hit {
        pattern: pattern.text.clone(),
        category: "own".to_owned(),
    };
    if let Some(expression) = text.strip_prefix("re:") {
        let usable = check_regex(pattern, expression, faults);
        let draft = || Draft::new(Form::Expression, true, expression.to_owned(), hit);
        return usable.then(draft);
    }
    if let Some((message, help)) = objection(pattern, text) {
        faults.push(pattern.fault("reputation.bad_path", message, help));
        return None;
    }
    let (form, text) = match (text.strip_suffix("/**"), text.strip_prefix("*")) {
        (Some(folder), _) if !folder.contains('*') => (Form::Prefix, spelled(folder)),
        (_, Some(end)) if !end.contains(['*', '/']) => (Form::Suffix, end.to_owned()),
        _ if text.contains('*') => (Form::Expression, glob(text)),
        _ => (Form::Exact, spelled(text)),
    };
    Some(Draft::new(form, false, text, hit))
}

/// What is wrong with the text, and what to write instead.
fn objection(pattern: &Pattern, text: &str) -> Option<(String, String)> {
    let quoted = &pattern.text;
    if pattern.resembles_builtin() {
        let message = format!("`{quoted}` is not a path");
        return Some((message, "did you mean `builtin`?".to_owned()));
    }
    if text.contains('?') || text.contains('#') {
        let message = format!("`{quoted}` has a query, which is no part of a path");
        let help = "leave it out; queries are the business of the rules in `[waf]`";
        return Some((message, help.to_owned()));
    }
    if text.contains(['{', '[', '^', '$', '(']) {
        let message = format!("`{quoted}` has characters with no meaning in a path pattern");
        let help = "`*` and `**` are the wildcards; write an expression after `re:`";
        return Some((message, help.to_owned()));
    }
    if text.contains("***") || text.trim_matches(['*', '/']).is_empty() && text.contains('*') {
        let message = format!("`{quoted}` would match every path");
        return Some((message, "name a folder: `/internal/**`".to_owned()));
    }
    if !text.starts_with(['/', '*']) {
        let message = format!("`{quoted}` does not begin with `/`");
        let help = format!("write `/{text}`, or `*{text}` for that ending in any directory");
        return Some((message, help));
    }
    None
}

/// A literal path in the spelling that it is compared in.
fn spelled(text: &str) -> String {
    let normal = normalize(text.as_bytes(), Nul::Absent);
    String::from_utf8_lossy(&normal.plain).into_owned()
}

/// A pattern with wildcards as an expression over the whole path.
fn glob(text: &str) -> String {
    let mut expression = String::from(if text.starts_with('/') {
        "^"
    } else {
        "(?:^|/)"
    });
    let (body, below) = match text.strip_suffix("/**") {
        Some(body) => (body, true),
        None => (text, false),
    };
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        let (length, piece) = match first {
            '*' if rest.starts_with("**/") => (3, "(?:.*/)?".to_owned()),
            '*' if rest.starts_with("**") => (2, ".*".to_owned()),
            '*' => (1, "[^/]*".to_owned()),
            other => (other.len_utf8(), escape(other)),
        };
        expression.push_str(&piece);
        rest = rest.get(length..).unwrap_or_default();
    }
    expression.push_str(if below { "(?:/.*)?$" } else { "$" });
    expression
}

/// One character that stands for itself, byte by byte.
fn escape(character: char) -> String {
    let mut buffer = [0; 4];
    let bytes = character.encode_utf8(&mut buffer).bytes();
    bytes.map(|byte| format!("\\x{byte:02x}")).collect()
}
