//! Wrappers: what PHP and Java open where a path is expected.

use crate::context::{Field, Place};
use crate::detector::{Confidence, Evidence, Input};
use crate::prefix::starts;
use crate::seek;

use super::files::{self, Telling};
use super::{found, settle};

/// Beginnings that nothing but such a wrapper has.
const CERTAIN: &[&[u8]] = &[
    b"php://filter",
    b"php://input",
    b"php://stdin",
    b"php://fd",
    b"php://memory",
    b"php://temp",
    b"php:filter",
    b"expect://",
    b"phar://",
    b"phar:./",
    b"phar:/",
    b"zip://",
    b"rar://",
    b"ogg://",
    b"glob://",
    b"compress.zlib://",
    b"compress.bzip2://",
    b"zlib:http",
    b"data://text/",
    b"data://application/",
    b"data://image/",
    b"netdoc:/",
    b"jar:http",
    b"jar:file:",
    b"jar:ftp",
    b"ssh2.",
];

/// A wrapper that begins a value, or stands in it.
pub(super) fn find(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let at = text
        .iter()
        .take_while(|own| own.is_ascii_whitespace() || matches!(own, b'"' | b'\''))
        .count();
    let rest = text.get(at..)?;
    let scheme = seek::memchr(b':', text).is_some();
    if !scheme && !starts(rest, 0, b"ssh2.") {
        return share(input, at);
    }
    let single = !rest.iter().take(256).any(|own| matches!(own, b' ' | b'\n'));
    if let Some(own) = CERTAIN.iter().find(|own| starts(rest, 0, own)) {
        let longer = rest.len() > own.len() || own.starts_with(b"php");
        let degree = if longer {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        return Some(found(
            at,
            at + own.len(),
            "a wrapper that opens what no path should",
            settle(input, degree, single),
        ));
    }
    if starts(rest, 0, b"data:text/") && input.context.field == Field::File {
        return Some(found(
            at,
            at + 10,
            "data where a file is expected",
            Confidence::Certain,
        ));
    }
    local(input, at)
        .or_else(|| share(input, at))
        .or_else(|| inside(input))
        .or_else(|| embedded(input))
}

/// `file:///etc/passwd`.
fn local(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let rest = input.text.get(at..)?;
    if !starts(rest, 0, b"file:/") {
        return None;
    }
    let slashes = rest
        .get(5..)?
        .iter()
        .take_while(|own| **own == b'/')
        .count();
    let mut from = at + 5 + slashes;
    if input
        .text
        .get(from..)
        .is_some_and(|own| starts(own, 0, b"localhost/"))
    {
        from += 10;
    }
    if let Some([drive, b':', b'/' | b'\\']) = input.text.get(from..from + 3)
        && drive.is_ascii_alphabetic()
    {
        from += 3;
    }
    let secret = matches!(files::known(input.text, from), Some((Telling::Secret, _)));
    let quiet = input.context.place == Place::Header || input.context.field == Field::Telemetry;
    let field = matches!(input.context.field, Field::File | Field::Url);
    let degree = match () {
        () if quiet => Confidence::Possible,
        () if secret => Confidence::Certain,
        () if field && is_fetched(input.context.name) => Confidence::Certain,
        () => Confidence::Likely,
    };
    Some(found(
        at,
        from,
        "a file of the server as a URL",
        settle(input, degree, true),
    ))
}

/// `<link rel=attachment href="file:///etc/passwd">`, `concat:http://x/|file:///etc/passwd`: what a
/// converter on the server opens while it makes a page or a film of what it was given.
fn embedded(input: &Input<'_>) -> Option<Evidence> {
    const TRIES: usize = 8;
    let text = input.text;
    let mut places = memchr::memmem::find_iter(text, b"file:///").take(TRIES);
    let (at, end) = places.find_map(|at| {
        let before = text.get(..at)?;
        let near = before.get(before.len().saturating_sub(256)..)?;
        let bare = near
            .strip_suffix(b"\"")
            .or(near.strip_suffix(b"'"))
            .unwrap_or(near);
        let attribute =
            bare.ends_with(b"=") && memchr::memrchr(b'<', near) > memchr::memrchr(b'>', near);
        let joined = near.ends_with(b"|") && memchr::memmem::find(near, b"concat:").is_some();
        let (telling, end) = files::known(text, at + 8)?;
        ((attribute || joined) && telling == Telling::Secret).then_some((at, end))
    })?;
    let degree = match input.context.field {
        Field::Telemetry => Confidence::Likely,
        _ => Confidence::Certain,
    };
    Some(found(at, end, "a file of the server in a document", degree))
}

/// Fields whose URL the server opens; not those a browser reports.
fn is_fetched(name: &[u8]) -> bool {
    const REPORTED: [&[u8]; 6] = [b"ref", b"dl", b"dr", b"origin", b"referer", b"referrer"];
    !REPORTED.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// `\\10.0.0.1\share`.
fn share(input: &Input<'_>, at: usize) -> Option<Evidence> {
    let rest = input.text.get(at..)?.strip_prefix(b"\\\\")?;
    let len = rest
        .iter()
        .take(64)
        .take_while(|own| own.is_ascii_alphanumeric() || matches!(own, b'.' | b'-' | b'@'))
        .count();
    let host = rest.get(..len)?;
    let named =
        rest.get(len) == Some(&b'\\') && rest.get(len + 1).is_some_and(u8::is_ascii_alphanumeric);
    if !named || !host.contains(&b'.') || host.len() < 4 {
        return None;
    }
    let numeric = host.iter().all(|own| own.is_ascii_digit() || *own == b'.');
    let degree = match input.context.field {
        Field::File | Field::Url if numeric || host.contains(&b'@') => Confidence::Certain,
        _ if numeric && at == 0 && input.context.place == Place::Query => Confidence::Certain,
        _ if numeric => Confidence::Likely,
        _ => Confidence::Possible,
    };
    Some(found(
        at,
        at + 2 + len,
        "a share of another host",
        settle(input, degree, true),
    ))
}

/// `…resource=php://filter/…`, `convert.iconv…|…` in the middle of a value.
fn inside(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let head = text.get(..text.len().min(4096))?;
    let named = |at: &usize| {
        let scheme = head.get(at.saturating_sub(3)..*at);
        scheme.is_some_and(|own| own.eq_ignore_ascii_case(b"php"))
    };
    let at = seek::memchr_iter(b':', head).find(named)?;
    let rest = text.get(at - 3..)?;
    let known = CERTAIN.iter().take(6).any(|own| starts(rest, 0, own));
    let spaced = text.iter().take(at).filter(|own| **own == b' ').count() > 2;
    let degree = if spaced {
        Confidence::Likely
    } else {
        Confidence::Certain
    };
    known.then(|| {
        found(
            at - 3,
            at + 3,
            "a wrapper that opens what no path should",
            settle(input, degree, !spaced),
        )
    })
}
