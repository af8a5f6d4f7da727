//! Server-side and edge-side includes: directives a server would carry out while it sends a page.

use crate::context::Field;
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;

/// Server-side (`<!--#exec …-->`) and edge-side (`<esi:include …/>`) includes, and those of JSP and
/// ColdFusion.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Include,
    bytes: b"",
    words: &[
        "<!--#",
        "<!-- #",
        "<esi:",
        "<!--esi",
        "<jsp:",
        "<c:import",
        "<cfinclude",
        "<cfexecute",
        "$(http_",
        "$add_header(",
    ],
    glance: None,
    detect,
};

/// What a directive does.
enum Directive {
    /// It runs a command or reads a file or an address.
    Runs,
    /// It shows something of the server.
    Shows,
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut best: Option<Evidence> = None;
    let mut from = 0;
    while let Some(found) = seek::memchr2(b'<', b'$', text.get(from..)?) {
        let at = from + found;
        from = at + 1;
        let rest = text.get(from..)?;
        let Some((directive, len)) = directive(rest) else {
            continue;
        };
        let confidence = match directive {
            Directive::Runs => Confidence::Certain,
            Directive::Shows if input.context.field == Field::Text && amid(text, at) => {
                Confidence::Likely
            }
            Directive::Shows => Confidence::Certain,
        };
        let expected = match input.context.field {
            Field::Code => !tells(rest),
            Field::Telemetry => true,
            Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => {
                false
            }
        };
        let confidence = if expected {
            confidence.less()
        } else {
            confidence
        };
        if best
            .as_ref()
            .is_none_or(|best| best.confidence < confidence)
        {
            best = Some(Evidence {
                span: at..(from + len).min(text.len()),
                reading: "a directive to the server that sends the page",
                confidence,
            });
        }
        if confidence == Confidence::Certain {
            break;
        }
    }
    best
}

/// Whether the directive behind a `<` or `$` says what a visitor's browser alone is to know: a template asks for
/// the host or the language.
fn tells(rest: &[u8]) -> bool {
    /// No tag that is looked at is longer.
    const LONGEST: usize = 256;
    const SECRETS: [&[u8]; 2] = [b"$(HTTP_COOKIE", b"$(HTTP_AUTHORIZATION"];
    let begun = rest.strip_prefix(b"(").is_some_and(|rest| {
        let own = |own: &&[u8]| own.get(2..).is_some_and(|name| rest.starts_with(name));
        SECRETS.iter().any(own)
    });
    let tag = rest.get(..rest.len().min(LONGEST)).unwrap_or_default();
    let end = seek::memchr(b'>', tag).unwrap_or(tag.len());
    let tag = tag.get(..end).unwrap_or_default();
    begun
        || tag.get(..4) == Some(b"esi:")
            && SECRETS
                .iter()
                .any(|own| crate::phrases::find(tag, own).is_some())
}

/// Whether words stand before it, as where people write about directives.
fn amid(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(64)..at).unwrap_or_default();
    before.trim_ascii().contains(&b' ')
}

/// The directive that begins after a `<` or `$`, and how long what tells it is.
fn directive(rest: &[u8]) -> Option<(Directive, usize)> {
    let begins = |prefix: &[u8]| {
        rest.get(..prefix.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(prefix))
            .then_some(prefix.len())
    };
    if let Some(len) = begins(b"!--#").or_else(|| begins(b"!-- #")) {
        return server(rest.get(len..)?).map(|(directive, own)| (directive, len + own));
    }
    if let Some(len) = begins(b"esi:") {
        let own = word(rest.get(len..)?);
        let known = [
            &b"include"[..],
            b"inline",
            b"vars",
            b"debug",
            b"eval",
            b"assign",
            b"function",
            b"remove",
            b"try",
            b"choose",
            b"invalidate",
            b"environment",
        ]
        .iter()
        .any(|name| own.eq_ignore_ascii_case(name));
        return known.then_some((Directive::Runs, len + own.len()));
    }
    if let Some(len) = begins(b"(HTTP_") {
        return variable(rest.get(len..)?).map(|own| (Directive::Runs, len + own));
    }
    let others: [&[u8]; 6] = [
        b"!--esi",
        b"jsp:include",
        b"jsp:forward",
        b"c:import",
        b"cfinclude",
        b"cfexecute",
    ];
    let len = others.iter().find_map(|own| begins(own))?;
    let follows = rest.get(len).copied().unwrap_or(b' ');
    (!follows.is_ascii_alphanumeric()).then_some((Directive::Runs, len))
}

/// A variable of edge-side includes and how long it is, from behind `$(HTTP_` on: `$(HTTP_COOKIE{'session'})`.
fn variable(rest: &[u8]) -> Option<usize> {
    const NAMES: [&[u8]; 6] = [
        b"COOKIE",
        b"AUTHORIZATION",
        b"HOST",
        b"REFERER",
        b"USER_AGENT",
        b"ACCEPT_LANGUAGE",
    ];
    let own = |own: &&&[u8]| {
        rest.get(..own.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(own))
    };
    let name = NAMES.iter().find(own)?;
    matches!(rest.get(name.len()), None | Some(b')' | b'{' | b'|')).then_some(name.len())
}

/// A directive of a server: its name and an attribute it takes.
fn server(rest: &[u8]) -> Option<(Directive, usize)> {
    let name = word(rest);
    let is = |own: &[u8]| name.eq_ignore_ascii_case(own);
    let after = rest.get(name.len()..)?;
    let gap = after
        .iter()
        .take_while(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'+' | b'%' | b'2' | b'0' | b'9')
        })
        .count();
    let attribute = word(after.get(gap..)?);
    let takes = |own: &[&[u8]]| own.iter().any(|own| attribute.eq_ignore_ascii_case(own));
    let len = name.len() + gap + attribute.len();
    if (is(b"exec") && takes(&[b"cmd", b"cgi"]))
        || (is(b"include") && takes(&[b"virtual", b"file"]))
    {
        return Some((Directive::Runs, len));
    }
    let shows = (is(b"echo") && takes(&[b"var", b"encoding", b"decoding"]))
        || (is(b"config") && takes(&[b"errmsg", b"timefmt", b"sizefmt", b"echomsg"]))
        || ((is(b"fsize") || is(b"flastmod")) && takes(&[b"virtual", b"file"]))
        || (is(b"set") && takes(&[b"var"]))
        || ((is(b"if") || is(b"elif")) && takes(&[b"expr"]))
        || is(b"printenv");
    shows.then_some((Directive::Shows, len))
}

fn word(text: &[u8]) -> &[u8] {
    let len = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    text.get(..len).unwrap_or_default()
}
