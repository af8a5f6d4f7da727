//! HTML, JavaScript and CSS that would run in a browser.
//!
//! Nobody outside knows where in a page a value will stand, so the text is read in every place it could:
//! between tags, in an attribute's value with each kind of quote and without ([`tag`]), as an address
//! ([`uri`]), and as a script, alone or after the end of a string ([`js`]). Each reading is one pass.

mod alias;
mod css;
mod entity;
mod js;
mod kind;
mod names;
mod tag;
mod token;
mod uri;
mod words;

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input, evidence};
use crate::finder::pair;
use crate::idiom;
use crate::seek;
use js::{Before, Reading, Strength};
use tag::Entry;
use token::Tokens;
use uri::Uri;

/// HTML, JavaScript and CSS.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Html,
    bytes: b"<(`",
    words: &[
        "script:",
        "cript&",
        "onerror",
        "onload",
        "onclick",
        "onmouse",
        "onfocus",
        "ontoggle",
        "location",
        "innerhtml",
        "data:text/",
        "+adw-",
        "srcdoc",
        "-moz-binding",
        "throw",
        "document.cookie",
    ],
    glance: None,
    detect,
};

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut best: Option<Evidence> = None;
    for reading in [
        tags,
        attributes,
        address,
        linked,
        program,
        leaked,
        expressions,
        letterless,
        closed,
        alias::look,
    ] {
        let Some(found) = reading(input, text) else {
            continue;
        };
        if best
            .as_ref()
            .is_none_or(|best| best.confidence < found.confidence)
        {
            let certain = found.confidence == Confidence::Certain;
            best = Some(found);
            if certain {
                break;
            }
        }
    }
    best.map(|found| mentioned(input, found))
}

/// A proof that somebody quotes in a sentence is less sure.
fn mentioned(input: &Input<'_>, found: Evidence) -> Evidence {
    let written = matches!(input.context.place, Place::Form | Place::Json);
    let text =
        input.context.field == Field::Text || (written && input.context.field == Field::Plain);
    if !text || found.confidence < Confidence::Certain {
        return found;
    }
    let text = input.text;
    let before = text.get(..=found.span.start).unwrap_or_default();
    let from = memchr::memrchr(b'<', before).unwrap_or(found.span.start);
    let after = text.get(found.span.end..).unwrap_or_default();
    let to = seek::memchr(b'>', after).map_or(found.span.end, |at| found.span.end + at + 1);
    let proof = crate::phrases::find(text.get(from..to).unwrap_or_default(), b"cookie").is_none();
    if proof && crate::prose::quotes(text, from, to) {
        return Evidence {
            confidence: Confidence::Likely,
            ..found
        };
    }
    found
}

fn tags(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    seek::memchr(b'<', text)?;
    tag::look(text, Tokens::text(text), Entry::Own, input.context)
}

/// The text closes the value of an attribute and brings attributes of its own.
fn attributes(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    // Behind a tag of its own the text is read as tags.
    let end = seek::memchr(b'<', text).unwrap_or(text.len());
    let text = text.get(..end)?;
    seek::memchr(b'=', text)?;
    let mut best: Option<Evidence> = None;
    let behind = |quote| seek::memchr(quote, text).map(|at| at + 1);
    for (begin, entry) in [
        (behind(b'"'), Entry::Quoted),
        (behind(b'\''), Entry::Quoted),
        (behind(b'`'), Entry::Quoted),
        (behind_value(text), Entry::Quoted),
        (Some(0), Entry::Bare),
    ] {
        let Some(begin) = begin else {
            continue;
        };
        let found = tag::look(text, Tokens::inside(text, begin), entry, input.context);
        let stronger = |own: &Evidence| {
            best.as_ref()
                .is_none_or(|best| best.confidence < own.confidence)
        };
        if let Some(found) = found.filter(stronger) {
            best = Some(found);
        }
    }
    best
}

/// `'x'onclick='…`: where the value of an attribute ends that an odd name of a parameter began, with no blank
/// behind it, as nobody writes a page.
fn behind_value(text: &[u8]) -> Option<usize> {
    let quote = text.first().filter(|own| matches!(own, b'"' | b'\''))?;
    let end = seek::memchr(*quote, text.get(1..)?)? + 2;
    let glued = text.get(end)?.eq_ignore_ascii_case(&b'o');
    glued.then_some(end)
}

/// The whole text is an address.
fn address(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    let head = text.get(..512).unwrap_or(text);
    seek::memchr2(b':', b'&', head)?;
    let decoded = entity::decode(head);
    let written = matches!(input.context.place, Place::Form | Place::Json | Place::Body);
    let quoting = code_expected(input) || (written && input.context.field == Field::Text);
    let confidence = match uri::read(decoded.bytes())? {
        Uri::Script(Strength::Sink) => Confidence::Certain,
        Uri::Script(Strength::Code | Strength::Nothing) => Confidence::Likely,
        Uri::Page if written => Confidence::Likely,
        Uri::Page => Confidence::Certain,
        Uri::Button | Uri::Image => Confidence::Hint,
    };
    let hidden = uri::hidden(text.trim_ascii_start()).is_some();
    let confidence = match hidden {
        // Crawlers follow what they take for a link.
        true if input.context.place == Place::Path => confidence.min(Confidence::Possible),
        false if quoting => confidence.less(),
        true | false => confidence,
    };
    evidence(0, text.len(), "an address that runs a script", confidence)
}

/// `[text](javascript:alert(1))`: the link of a text in Markdown. Bookmarklets are passed on this way,
/// too, so the script must be one that proves a hole.
fn linked(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    let at = pair(text, *b"](")? + 2;
    let rest = text.get(at..text.len().min(at + 256))?;
    let runs = matches!(uri::read(rest)?, Uri::Script(Strength::Sink));
    let short = rest.len() < 128 && crate::phrases::find(rest, b"function").is_none();
    let confidence = match (runs && short, input.context.field) {
        (true, Field::Telemetry) => Confidence::Likely,
        (true, _) => Confidence::Certain,
        (false, _) if runs => Confidence::Likely,
        (false, _) => return None,
    };
    evidence(at, at + rest.len(), "a link that runs a script", confidence)
}

/// Whether code is what the field is for.
fn code_expected(input: &Input<'_>) -> bool {
    matches!(input.context.field, Field::Code | Field::Telemetry)
}

/// Whether a value of a field for code ends a string of the program it is put into.
fn breaks_out(input: &Input<'_>) -> bool {
    input.context.field == Field::Code && idiom::breaks_out(input.text)
}

/// The text is a script, or continues one after the end of a string or comment.
fn program(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    seek::memchr3(b'(', b'`', b'=', text)?;
    let whole = js::read(text, 0, Before::Statement);
    let mut best = alone(input, text, whole);
    let after = |quote: u8| seek::memchr(quote, text).map(|at| at + 1);
    let comment = pair(text, *b"*/")
        .filter(|at| crate::phrases::find(text.get(..*at).unwrap_or_default(), b"/*").is_none())
        .map(|at| at + 2);
    let starts = [
        (after(b'"'), Before::Operand),
        (after(b'\''), Before::Operand),
        (after(b'`'), Before::Template),
        (comment, Before::Statement),
    ];
    for (start, before) in starts {
        let Some(start) = start else {
            continue;
        };
        let read = js::read(text, start, before);
        if read.strength != Strength::Sink {
            continue;
        }
        let confidence = match read.telling || read.whole {
            true if !code_expected(input) || breaks_out(input) => Confidence::Certain,
            true => Confidence::Likely,
            false => Confidence::Possible,
        };
        if best
            .as_ref()
            .is_none_or(|best| best.confidence < confidence)
        {
            best = evidence(
                start - 1,
                read.end,
                "a script after the end of a string",
                confidence,
            );
        }
    }
    best
}

/// `alert(1)+explained`: words behind a call, parted as forms do.
fn is_spoken(text: &[u8]) -> bool {
    let mut words = text.split(|byte| *byte == b'+');
    words.next();
    words.any(|word| word.len() > 2 && word.iter().all(u8::is_ascii_lowercase))
}

/// The text as a script of its own.
fn alone(input: &Input<'_>, text: &[u8], read: Reading) -> Option<Evidence> {
    // `[[Image(a.png)]]` is the markup of a wiki.
    if read.strength != Strength::Sink || text.starts_with(b"[[") && !read.dialog {
        return None;
    }
    let document = matches!(input.context.place, Place::File | Place::Body);
    // People search for functions by their names, but not for what continues a program.
    let continues = !text.first().is_some_and(u8::is_ascii_alphabetic);
    let probe =
        read.dialog && input.context.place == Place::Query && text.len() < 80 && !is_spoken(text);
    let called = pair(text, *b"()").is_none();
    let written = input.context.field == Field::Text && !continues && !(probe && called);
    let program = read.declares && matches!(input.context.place, Place::Form | Place::Json);
    let escapes = input.context.field == Field::Code && !document && idiom::in_code(text);
    let expected = (code_expected(input) || written || document || program) && !escapes;
    let confidence = match (read.proof && read.whole, expected) {
        (true, false) => Confidence::Certain,
        (true, true) => Confidence::Likely,
        (false, false) if read.whole => Confidence::Likely,
        _ => Confidence::Possible,
    };
    // `?search_query=alert(1)+explained`
    let confidence = match input.context.place == Place::Query && is_spoken(text) {
        true => confidence.min(Confidence::Possible),
        false => confidence,
    };
    evidence(0, read.end.min(text.len()), "a script", confidence)
}

/// `"//evil.example/?"+document.cookie`: a string to which the cookies of the page are added. Of a quoted
/// cookie this is what is left once it was cut at `;` and `=`.
fn leaked(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    const COOKIE: &[u8] = b"document.cookie";
    let outside = matches!(
        input.context.place,
        Place::Query | Place::Cookie | Place::Header | Place::Path
    );
    if !outside || code_expected(input) {
        return None;
    }
    let added = seek::memchr_iter(b'+', text).find_map(|plus| {
        let rest = text.get(plus + 1..)?;
        let blanks = rest.len() - rest.trim_ascii_start().len();
        let at = plus + 1 + blanks;
        text.get(at..)?.starts_with(COOKIE).then_some((plus, at))
    });
    let (plus, at) = added?;
    let string = text.get(..plus)?.trim_ascii_end();
    let closed = matches!(string.last(), Some(b'"' | b'\'' | b'`'));
    let opened = string.first() == string.last();
    closed
        .then(|| {
            let degree = if opened && string.len() > 1 || input.context.place != Place::Query {
                Confidence::Certain
            } else {
                Confidence::Likely
            };
            evidence(0, at + COOKIE.len(), "cookies added to an address", degree)
        })
        .flatten()
}

/// Expressions of a browser's template engine or template string.
fn expressions(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| seek::memchr(b'{', rest)) {
        let brace = at + found;
        at = brace + 1;
        let opened = match text.get(brace.wrapping_sub(1)) {
            Some(b'$' | b'#') => true,
            _ if text.get(at) == Some(&b'{') => {
                at += 1;
                true
            }
            _ => false,
        };
        if !opened {
            continue;
        }
        let read = js::read(text, at, Before::Brace);
        if (read.strength == Strength::Sink && read.proof) || read.spelled {
            let confidence = if code_expected(input) {
                Confidence::Likely
            } else {
                Confidence::Certain
            };
            return evidence(brace, read.end, "a script in an expression", confidence);
        }
        // A template string may hold expressions of its own.
        if text.get(at) != Some(&b'`') {
            at = read.end.max(at);
        }
    }
    None
}

/// `"}}</script>'`: what would close a script of the page, and quotes that try what it stands in.
fn closed(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    const LONGEST: usize = 48;
    let text = text.get(..).filter(|text| text.len() <= LONGEST)?;
    let at = pair(text, *b"</")?;
    let behind = text.get(at + 2..)?;
    let name = behind.get(..7)?;
    let signs = |byte: &u8| b"}])'\"`; \t\r\n".contains(byte);
    let quoted = text.iter().any(|byte| matches!(byte, b'\'' | b'"' | b'`'));
    let rest = behind.get(7..)?;
    let probe = at > 0
        && name.eq_ignore_ascii_case(b"script>")
        && text.get(..at)?.iter().all(signs)
        && rest.iter().all(signs)
        && quoted;
    let code = matches!(input.context.field, Field::Code | Field::Telemetry);
    (probe && !code)
        .then(|| evidence(0, text.len(), "the end of a script", Confidence::Certain))
        .flatten()
}

/// Scripts written with a handful of signs.
fn letterless(_: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    const LEAST: usize = 40;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| seek::memchr(b'[', rest)) {
        let begin = at + found;
        let rest = text.get(begin..)?;
        let len = rest
            .iter()
            .take_while(|byte| b"[]()!+{}".contains(byte))
            .count();
        at = begin + len.max(1);
        let run = rest.get(..len)?;
        let has = |part: &[u8]| crate::phrases::find(run, part).is_some();
        if len >= LEAST && has(b"[]") && (has(b"![]") || has(b"+[]") || has(b"+{}")) {
            return evidence(
                begin,
                begin + len,
                "a script without letters",
                Confidence::Certain,
            );
        }
    }
    None
}
