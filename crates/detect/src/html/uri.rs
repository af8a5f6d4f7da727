//! Addresses that run something when a browser follows them.

use super::entity::Decoded;
use super::js::{self, Before, Strength};
use super::names::{self, Word};

/// What an address does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uri {
    /// It runs a script; how telling that script is.
    Script(Strength),
    /// It runs a script that pages use for buttons: `javascript:void(0)`.
    Button,
    /// It carries a page of its own.
    Page,
    /// It carries an image that can hold scripts.
    Image,
}

/// Scripts of links that are buttons.
const BUTTONS: [&[u8]; 14] = [
    b"",
    b";",
    b"void(0)",
    b"void(0);",
    b"void 0",
    b"void()",
    b"void(null)",
    b"false",
    b"false;",
    b"history.back()",
    b"history.go(-1)",
    b"window.print()",
    b"window.close()",
    b"//",
];

/// Reads a value, character references undone, as an address.
pub(super) fn read(value: &[u8]) -> Option<Uri> {
    let start = value.iter().position(|byte| *byte > b' ')?;
    let value = value.get(start..)?;
    if let Some(inner) = hidden(value) {
        return read_inner(inner);
    }
    if !value.first()?.is_ascii_alphabetic() {
        return None;
    }
    let (scheme, rest) = scheme(value)?;
    match scheme.bytes() {
        b"javascript" | b"livescript" | b"mocha" | b"jscript" => Some(script(rest)),
        // VBScript calls without parentheses.
        b"vbscript" | b"vbs" if rest.len() > 2 => Some(Uri::Script(Strength::Sink)),
        b"data" => data(rest),
        b"mhtml" => Some(Uri::Page),
        b"feed" | b"jar" | b"view-source" | b"url" => read_inner(rest),
        _ => None,
    }
}

/// What follows signs that a check of the beginning stumbles over: `//javascript:…`, `<>javascript:…`.
pub(super) fn hidden(value: &[u8]) -> Option<&[u8]> {
    let signs = value.iter().take(8);
    let len = signs
        .take_while(|byte| matches!(byte, b'/' | b'\\' | b'<' | b'>'))
        .count();
    value.get(len..).filter(|_| len > 0)
}

/// One address inside another, once.
fn read_inner(value: &[u8]) -> Option<Uri> {
    let (scheme, rest) = scheme(value)?;
    (scheme.bytes() == b"javascript").then(|| script(rest))
}

/// The scheme, as browsers read it: without control characters, in any case.
fn scheme(value: &[u8]) -> Option<(Word, &[u8])> {
    let mut letters = 0;
    let end = value.iter().take(512).position(|byte| {
        letters += usize::from(byte.is_ascii_alphabetic());
        !(byte.is_ascii_alphabetic() || *byte <= b' ' || *byte == b'-')
    })?;
    let (name, rest) = value.split_at_checked(end)?;
    let rest = rest.strip_prefix(b":")?;
    // A space ends a scheme; `data: x` in prose has none before the colon either way.
    (!name.contains(&b' ') && letters >= 3).then(|| (names::plain(name), rest))
}

fn script(code: &[u8]) -> Uri {
    let code = unescape(code);
    let code = code.bytes().trim_ascii();
    if BUTTONS.contains(&code) {
        return Uri::Button;
    }
    Uri::Script(js::read(code, 0, Before::Statement).strength)
}

/// Percent escapes undone.
fn unescape(code: &[u8]) -> Decoded {
    let mut out = Decoded::empty();
    let mut at = 0;
    while let Some(byte) = code.get(at).copied() {
        let digit = |at: usize| code.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let escaped = (byte == b'%')
            .then(|| Some((digit(at + 1)? << 4) | digit(at + 2)?))
            .flatten();
        let (byte, len) = match escaped.and_then(|value| u8::try_from(value).ok()) {
            Some(value) => (value, 3),
            None => (byte, 1),
        };
        if !out.push(byte) {
            break;
        }
        at += len;
    }
    out
}

fn data(rest: &[u8]) -> Option<Uri> {
    let end = rest
        .iter()
        .take(96)
        .position(|byte| *byte == b',')
        .unwrap_or(rest.len().min(96));
    let kind = names::plain(rest.get(..end)?);
    let kind = kind.bytes();
    let begins = |name: &[u8]| kind.starts_with(name);
    if begins(b"text/html")
        || begins(b"application/xhtml")
        || begins(b"text/xml")
        || begins(b"application/xml")
    {
        return Some(Uri::Page);
    }
    if begins(b"image/svg") {
        return Some(Uri::Image);
    }
    let script =
        begins(b"text/javascript") || begins(b"application/javascript") || begins(b"text/vbscript");
    script.then_some(Uri::Script(Strength::Sink))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_however_the_scheme_is_written() {
        for text in [
            "javascript:alert(1)",
            " \u{1}JaVa\tScRiPt:alert(1)",
            "java\0script:%61lert(1)",
            "vbscript:msgbox 1",
            "feed:javascript:alert(1)",
            "javascript://%0aalert(1)",
            "//javascript:alert(1)",
            "/\\javascript:alert(1);",
            "<>javascript:alert(1)",
        ] {
            assert_eq!(
                read(text.as_bytes()),
                Some(Uri::Script(Strength::Sink)),
                "{text}"
            );
        }
        assert_eq!(read(b"data:text/html,<b>"), Some(Uri::Page));
        assert_eq!(read(b"javascript:void(0)"), Some(Uri::Button));
        for text in [
            "https://example.com/",
            "data: all of it",
            "JavaScript: the good parts",
            "data:image/png;base64,AA",
            "mailto:a@b.c",
        ] {
            assert_ne!(
                read(text.as_bytes()),
                Some(Uri::Script(Strength::Sink)),
                "{text}"
            );
        }
    }
}
