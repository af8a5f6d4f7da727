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
        let expected = matches!(input.context.field, Field::Code | Field::Telemetry);
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
    let others: [&[u8]; 7] = [
        b"!--esi",
        b"jsp:include",
        b"jsp:forward",
        b"c:import",
        b"cfinclude",
        b"cfexecute",
        b"(HTTP_COOKIE",
    ];
    let len = others.iter().find_map(|own| begins(own))?;
    let follows = rest.get(len).copied().unwrap_or(b' ');
    (!follows.is_ascii_alphanumeric()).then_some((Directive::Runs, len))
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
