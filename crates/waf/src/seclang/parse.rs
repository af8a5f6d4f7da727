//! Words into directives, targets and actions.

use std::ops::Range;
use std::sync::Arc;

use babyshield_model::{Diagnostics, Source};

use super::ast::{Directive, File, Item, Text};
use super::lex::Lexer;

/// Parses one file. The tree is whole even when there are faults: a directive that cannot be read
/// is passed over and reported.
#[must_use]
pub fn parse(source: &Arc<Source>) -> (File, Diagnostics) {
    let mut lexer = Lexer::new(source);
    let mut items = Vec::new();
    let mut faults = Vec::new();
    loop {
        let start = lexer.at();
        lexer.skip_trivia();
        if lexer.at() > start {
            items.push(Item::Trivia(start..lexer.at()));
        }
        if lexer.done() {
            break;
        }
        items.push(directive(&mut lexer, &mut faults));
    }
    (
        File {
            source: Arc::clone(source),
            items,
        },
        faults,
    )
}

fn directive(lexer: &mut Lexer<'_>, faults: &mut Diagnostics) -> Item {
    let start = lexer.at();
    let mut words = Vec::new();
    let mut broken = false;
    while let Some(word) = lexer.word() {
        match word {
            Ok(word) => words.push(word),
            Err(fault) => {
                faults.push(fault);
                broken = true;
                lexer.skip_line();
            }
        }
    }
    let range = start..lexer.at();
    let mut words = words.into_iter();
    match words.next() {
        Some(name) if !broken => Item::Directive(Directive {
            name,
            arguments: words.collect(),
            range,
        }),
        _ => Item::Trivia(range),
    }
}

/// One `&NAME:selector` of a rule's first argument.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetText {
    /// Which of `!` and `&` stands before it.
    pub prefix: Prefix,
    /// `ARGS`, as written.
    pub name: Text,
    /// What follows the colon.
    pub selector: Option<Text>,
    /// All of it.
    pub whole: Text,
}

/// What stands before a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// Nothing: its values are looked at.
    None,
    /// `&`: its values are counted.
    Count,
    /// `!`: it is left out.
    Exclude,
}

/// Splits `ARGS|!ARGS:/^x|y$/|&TX:z` at the bars that stand outside selectors' patterns.
#[must_use]
pub fn targets(text: &Text) -> Vec<TargetText> {
    let bytes = text.value.as_bytes();
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    while start <= bytes.len() {
        let end = target_end(bytes, start);
        parts.push(start..end);
        start = end + 1;
    }
    parts.into_iter().map(|part| target(text, part)).collect()
}

/// Where the target that begins at `start` ends: at a bar or at the end of the text.
fn target_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let tail = |at: usize| bytes.get(at..).unwrap_or_default();
    while at < bytes.len() {
        match bytes.get(at) {
            Some(b'|') => return at,
            Some(b':') if tail(start).len() > 4 && !is_xml(bytes, start) => {
                let (open, close): (usize, &[u8]) = match tail(at + 1) {
                    [b'\'', b'/', ..] => (at + 3, b"/'"),
                    [b'/', ..] => (at + 2, b"/"),
                    [b'\'', ..] => (at + 2, b"'"),
                    _ => {
                        at += 1;
                        continue;
                    }
                };
                return pattern_end(bytes, open, close);
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

fn is_xml(bytes: &[u8], start: usize) -> bool {
    let word = bytes.get(start..).unwrap_or_default();
    let word = word
        .strip_prefix(b"!")
        .or(word.strip_prefix(b"&"))
        .unwrap_or(word);
    word.get(..4)
        .is_some_and(|name| name.eq_ignore_ascii_case(b"XML:"))
}

/// Just past the closing mark that is followed by a bar or the end.
fn pattern_end(bytes: &[u8], open: usize, close: &[u8]) -> usize {
    let mut at = open;
    while at < bytes.len() {
        let after = at + close.len();
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(close))
            && bytes.get(after).is_none_or(|&next| next == b'|')
            && at.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b'\\')
        {
            return after;
        }
        at += 1;
    }
    bytes.len()
}

fn target(text: &Text, part: Range<usize>) -> TargetText {
    let whole = text.slice(part);
    let (prefix, skip) = match whole.value.as_bytes().first() {
        Some(b'!') => (Prefix::Exclude, 1),
        Some(b'&') => (Prefix::Count, 1),
        _ => (Prefix::None, 0),
    };
    let end = whole.value.len();
    let (name, selector) = match whole.value.find([':', '.']) {
        Some(colon) => (whole.slice(skip..colon), Some(whole.slice(colon + 1..end))),
        None => (whole.slice(skip..end), None),
    };
    let selector = selector.map(|s| match unquote(&s.value) {
        Some(inner) => s.with_value(inner),
        None => s,
    });
    TargetText {
        prefix,
        name,
        selector,
        whole,
    }
}

/// One `name:value` of a rule's action list.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionText {
    /// `setvar`, as written.
    pub name: Text,
    /// What follows the colon, without its single quotes.
    pub value: Option<Text>,
}

/// Splits an action list at the commas that stand outside single quotes.
#[must_use]
pub fn actions(text: &Text) -> Vec<ActionText> {
    let bytes = text.value.as_bytes();
    let mut list = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\'' => quoted = !quoted,
            b',' if !quoted => {
                list.extend(action(text, start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    list.extend(action(text, start..bytes.len()));
    list
}

fn action(text: &Text, part: Range<usize>) -> Option<ActionText> {
    let whole = text.slice(part);
    if whole.value.is_empty() {
        return None;
    }
    let Some(colon) = whole.value.find(':') else {
        return Some(ActionText {
            name: whole,
            value: None,
        });
    };
    let name = whole.slice(0..colon);
    let value = whole.slice(colon + 1..whole.value.len());
    let value = match unquote(&value.value) {
        Some(inner) => value.with_value(inner),
        None => value,
    };
    Some(ActionText {
        name,
        value: Some(value),
    })
}

/// The text between single quotes, with `\'` undone.
fn unquote(value: &str) -> Option<String> {
    let inner = value.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("\\'", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        let source = Source::new("t", text);
        let (file, faults) = parse(&source);
        assert_eq!(faults, [], "{text}");
        assert_eq!(file.print(), text);
        file.directives()
            .map(|d| {
                std::iter::once(&d.name)
                    .chain(&d.arguments)
                    .map(|w| w.value.clone())
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_file_prints_back_byte_for_byte() {
        let text = "# head\n\nSecRule ARGS \"@rx a\\\"b\" \\\n    \"id:1,\\\n    pass\"\n#end";
        assert_eq!(
            words(text),
            [["SecRule", "ARGS", "@rx a\"b", "id:1,    pass"]]
        );
    }

    #[test]
    fn an_unclosed_quote_is_reported_where_it_opens() {
        let source = Source::new("t", "SecRule ARGS \"@rx a\n");
        let (_, faults) = parse(&source);
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0]
                .to_string()
                .starts_with("t:1:14: error: this quote is never closed")
        );
    }

    #[test]
    fn bars_inside_a_selector_pattern_do_not_split() {
        let source = Source::new(
            "t",
            "SecRule ARGS:/^a|b$/|!ARGS:'/x|y/'|XML:/*|&TX:z @rx \"\"",
        );
        let (file, _) = parse(&source);
        let directive = file.directives().next().unwrap();
        let found = targets(&directive.arguments[0]);
        let parts: Vec<_> = found
            .iter()
            .map(|t| {
                (
                    t.prefix,
                    t.name.value.as_str(),
                    t.selector.as_ref().map(|s| s.value.as_str()),
                )
            })
            .collect();
        assert_eq!(
            parts,
            [
                (Prefix::None, "ARGS", Some("/^a|b$/")),
                (Prefix::Exclude, "ARGS", Some("/x|y/")),
                (Prefix::None, "XML", Some("/*")),
                (Prefix::Count, "TX", Some("z")),
            ]
        );
    }

    #[test]
    fn commas_inside_quotes_do_not_split_actions() {
        let source = Source::new(
            "t",
            "SecAction \"id:1,msg:'a, \\'b\\'',t:none , setvar:'tx.a=+1'\"",
        );
        let (file, _) = parse(&source);
        let list = actions(&file.directives().next().unwrap().arguments[0]);
        let parts: Vec<_> = list
            .iter()
            .map(|a| {
                (
                    a.name.value.as_str(),
                    a.value.as_ref().map(|v| v.value.as_str()),
                )
            })
            .collect();
        assert_eq!(
            parts,
            [
                ("id", Some("1")),
                ("msg", Some("a, 'b'")),
                ("t", Some("none")),
                ("setvar", Some("tx.a=+1")),
            ]
        );
    }

    #[test]
    fn places_survive_line_continuations() {
        let source = Source::new("t", "SecAction \"id:1,\\\n  nope:x\"");
        let (file, _) = parse(&source);
        let list = actions(&file.directives().next().unwrap().arguments[0]);
        assert_eq!(list[1].name.span().line_column(), (2, 3));
    }
}
