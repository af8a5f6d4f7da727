//! What kinds of tags, attributes and addresses there are.

use super::names::{self, Word};
use super::words;

/// What a tag is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Script,
    Frame,
    Object,
    Base,
    Meta,
    Link,
    Form,
    Style,
    Animate,
    Use,
    Other,
    /// Nothing a browser knows: `<a@b.c>`, `<String>`.
    Unknown,
}

/// `script`, and whatever a decoder to come may leave behind it: `script%20`, `script+`.
fn named_script(name: &[u8]) -> bool {
    name.strip_prefix(b"script").is_some_and(|rest| {
        rest.first()
            .is_none_or(|byte| matches!(byte, b'%' | b'+' | b'&' | b'"' | b'\'' | b'\\'))
    })
}

/// The kind of a tag's name.
pub(super) fn kind(name: &[u8]) -> Kind {
    let plain: Word = names::plain(name);
    let plain = plain.bytes();
    let local = plain
        .rsplit(|byte| *byte == b':')
        .next()
        .unwrap_or_default();
    match local {
        _ if named_script(local) => Kind::Script,
        b"iframe" | b"frame" | b"portal" | b"fencedframe" => Kind::Frame,
        b"object" | b"embed" | b"applet" | b"xml" | b"?import" | b"layer" => Kind::Object,
        b"base" => Kind::Base,
        b"meta" => Kind::Meta,
        b"link" | b"?xml-stylesheet" => Kind::Link,
        b"form" | b"isindex" => Kind::Form,
        b"style" => Kind::Style,
        b"set" | b"animate" | b"animatetransform" | b"animatemotion" => Kind::Animate,
        b"use" | b"feimage" => Kind::Use,
        _ if words::element(local) => Kind::Other,
        _ => Kind::Unknown,
    }
}

/// Whether an attribute's name is that of an event handler, known or not.
pub(super) fn handler(name: &[u8]) -> bool {
    name.strip_prefix(b"on").is_some_and(|rest| {
        rest.len() >= 2
            && rest
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// Whether a handler does nothing but what editors of pages have always put into links and forms.
pub(super) fn everyday(script: &[u8]) -> bool {
    const STATEMENTS: [&[u8]; 18] = [
        b"return false",
        b"return true",
        b"return",
        b"void(0)",
        b"window.open(this.href)",
        b"this.target='_blank'",
        b"this.target=\"_blank\"",
        b"window.print()",
        b"print()",
        b"history.back()",
        b"window.history.back()",
        b"history.go(-1)",
        b"window.close()",
        b"this.select()",
        b"this.focus()",
        b"this.blur()",
        b"this.form.submit()",
        b"event.preventDefault()",
    ];
    let script = script.strip_prefix(b"javascript:").unwrap_or(script);
    let mut statements = script.split(|own| *own == b';').map(<[u8]>::trim_ascii);
    !script.is_empty()
        && statements.all(|own| {
            own.is_empty()
                || STATEMENTS.contains(&own)
                || own.starts_with(b"window.open(this.href,")
                    && own.ends_with(b")")
                    && opens_once(own)
        })
}

/// Whether an attribute's value is an expression of a framework.
pub(super) fn framework(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'@' | b':' | b'(' | b'[' | b'*' | b'#'))
        || [
            &b"v-"[..],
            b"x-",
            b"ng-",
            b"data-ng-",
            b"hx-",
            b"data-bind",
            b"ng:",
        ]
        .iter()
        .any(|own| name.starts_with(own))
}

/// Whether what an attribute names is loaded at once.
pub(super) fn loads(kind: Kind, refreshes: bool, name: &[u8]) -> bool {
    match kind {
        Kind::Script | Kind::Frame => matches!(name, b"src" | b"href" | b"xlink:href" | b"srcdoc"),
        Kind::Object => matches!(
            name,
            b"src" | b"data" | b"code" | b"codebase" | b"href" | b"archive" | b"implementation"
        ),
        Kind::Base | Kind::Link | Kind::Use => matches!(name, b"href" | b"xlink:href"),
        Kind::Meta => name == b"content" && refreshes,
        Kind::Form => name == b"action",
        Kind::Style | Kind::Animate | Kind::Other | Kind::Unknown => false,
    }
}

/// The address of `0; url=…`.
pub(super) fn refresh(value: &[u8]) -> &[u8] {
    let lower = |at: usize| {
        value
            .get(at..at + 4)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"url="))
    };
    let begin = (0..value.len())
        .rev()
        .find(|at| lower(*at))
        .map(|at| at + 4);
    let begin = begin.or_else(|| {
        value
            .iter()
            .position(|byte| matches!(byte, b';' | b' '))
            .map(|at| at + 1)
    });
    let rest = value.get(begin.unwrap_or(0)..).unwrap_or_default();
    let quotes = rest
        .iter()
        .take_while(|byte| matches!(byte, b'"' | b'\'' | b' '));
    rest.get(quotes.count()..).unwrap_or_default()
}

/// Whether an address leads to another host, or carries content itself.
pub(super) fn remote(value: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    let begins = |prefix: &[u8]| {
        value
            .get(..prefix.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(prefix))
    };
    [
        &b"//"[..],
        b"http:",
        b"https:",
        b"data:",
        b"ftp:",
        b"\\\\",
        b"/\\",
        b"\\/",
        b"blob:",
        b"file:",
    ]
    .iter()
    .any(|prefix| begins(prefix))
}

/// Whether an address is one of those editors embed.
pub(super) fn embed(value: &[u8]) -> bool {
    let host = value.trim_ascii_start();
    let host = host
        .iter()
        .position(|byte| *byte == b'/')
        .and_then(|at| host.get(at + 2..));
    let host = host.unwrap_or_default();
    let end = host
        .iter()
        .position(|byte| b"/?#:@\\".contains(byte))
        .unwrap_or(host.len());
    let host = host.get(..end).unwrap_or_default();
    words::EMBEDS.iter().any(|own| {
        host.strip_suffix(*own)
            .is_some_and(|left| left.is_empty() || left.ends_with(b"."))
    })
}

/// Whether a value holds a word, in any case.
pub(super) fn holds(value: &[u8], word: &[u8]) -> bool {
    value
        .windows(word.len())
        .any(|own| own.eq_ignore_ascii_case(word))
}

fn opens_once(statement: &[u8]) -> bool {
    statement.iter().filter(|own| **own == b'(').count() == 1
}
