//! SQL: the input is read as the rest of a query it would be put into.
//!
//! An application puts a value between quotes or bare into a query. So the text is read ([`read`]) from
//! up to five places: from its beginning (a bare value), and after the first of each kind of quote (a
//! string that the quote closes). Ordinary text stops making sense after one or two tokens; an attack is
//! made to go on. What was read, and how it ended, is then judged ([`judge`]).

mod bare;
mod clause;
mod facts;
mod judge;
mod level;
mod read;
mod shape;
mod statement;
mod token;
mod words;

use crate::context::{Context, Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;
use read::{Reader, Reading};

/// Finds SQL.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Sql,
    bytes: b"'\"`",
    words: &[
        "or ",
        "or(",
        "or\t",
        "or\n",
        "or\r",
        "or\u{b}",
        "or\u{c}",
        "or\0",
        "or+",
        "or-",
        "or!",
        "or~",
        "or/",
        "or@",
        "or.",
        "or{",
        "or\\",
        "or[",
        "and ",
        "and#",
        "and(",
        "and\t",
        "and\n",
        "and\r",
        "and\u{b}",
        "and\u{c}",
        "and\0",
        "and+",
        "and-",
        "and!",
        "and~",
        "and/",
        "and@",
        "and.",
        "and{",
        "and\\",
        "and[",
        "||",
        "&&",
        "--",
        "/*",
        ")#",
        "@@",
        "select",
        "union",
        "order",
        "group",
        "having",
        "limit",
        "procedure",
        "sleep",
        "benchmark",
        "waitfor",
        "exec",
        "declare",
        "insert",
        "delete",
        "update",
        "drop",
        "create",
        "alter",
        "truncate",
        "shutdown",
        "dbms_",
        "utl_",
        "xp_",
        "char(",
        "concat(",
        "ascii(",
        "substr",
        "version(",
        "user(",
        "database(",
        "if(",
        "count(",
        "load_file",
        "extractvalue",
        "updatexml",
        "randomblob",
        "receive_message",
        "copy",
        "current_",
        "convert(",
        "cast(",
        "generate_series",
        "outfile",
        "into @",
        ";handler",
        "dumpfile",
        "case when",
        "case(",
        "ifnull(",
        "iif(",
        "rlike",
        "chr(",
        " in (",
        " in(",
        "make_set(",
        "elt(",
        "do $",
    ],
    glance: None,
    detect,
};

/// Where a reading begins, and what the text before it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// At the beginning of a bare value.
    Bare,
    /// After this quote, which closes a string of the application's.
    Closed(u8),
    /// At a word inside a text that makes no sense as a value.
    Amid,
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let mut text = input.text;
    if input.context.place == Place::Name {
        text = text.strip_suffix(b"]").unwrap_or(text);
    }
    if let Some(found) = commented(input) {
        return Some(found);
    }
    let begin = beginning(input);
    let mut best = judged(
        input,
        Start::Bare,
        begin,
        Reader::new(text, begin, false).read(),
    );
    for quote in [b'\'', b'"', b'`'] {
        let mut next = closing(text, 0, quote);
        for _ in 0..APOSTROPHES {
            let Some((at, after)) = next else {
                break;
            };
            if let Some(end) = bold(text, at) {
                next = closing(text, end, quote);
                continue;
            }
            if let Some(end) = escaped(text, at, quote) {
                let reading = Reader::new(text, end, true).read();
                best = stronger(best, judged(input, Start::Closed(quote), at - 1, reading));
                next = None;
                continue;
            }
            let reading = Reader::new(text, after, true).read();
            let apostrophe = reading.tokens == 0 && between_letters(text, at, after);
            best = stronger(best, judged(input, Start::Closed(quote), at, reading));
            next = apostrophe.then(|| closing(text, after, quote)).flatten();
        }
    }
    if best
        .as_ref()
        .is_none_or(|best| best.confidence < Confidence::Certain)
    {
        best = stronger(best, amid(input));
    }
    if best
        .as_ref()
        .is_none_or(|best| best.confidence < Confidence::Certain)
    {
        best = stronger(best, shape::read(input));
    }
    best.map(|found| searched(input, found))
}

/// `…/search?q=sql+select+*+from+a+union+select`: what was looked for on the page somebody came from.
///
/// An attack continues a value; a search begins with words.
fn searched(input: &Input<'_>, found: Evidence) -> Evidence {
    let own = input.context.place == Place::Header || input.context.field == Field::Url;
    if !own || found.confidence < Confidence::Likely {
        return found;
    }
    let before = input.text.get(..found.span.start).unwrap_or_default();
    let start = memchr::memrchr2(b'?', b'&', before);
    let parameter = start
        .and_then(|at| before.get(at + 1..))
        .unwrap_or_default();
    let Some(equals) = seek::memchr(b'=', parameter) else {
        return found;
    };
    let name = parameter.get(..equals).unwrap_or_default();
    let said = parameter.get(equals + 1..).unwrap_or_default();
    let words = said
        .split(|byte| matches!(byte, b'+' | b' '))
        .filter(|word| word.len() > 1 && word.iter().all(u8::is_ascii_alphabetic));
    let text = Context::new(Place::Query, name).field == Field::Text;
    if text && said.first().is_some_and(u8::is_ascii_alphabetic) && words.count() > 1 {
        return Evidence {
            confidence: Confidence::Possible,
            ..found
        };
    }
    found
}

/// `*/union/*`: one of the values of a name that are joined by commas, which comments then hide.
fn commented(input: &Input<'_>) -> Option<Evidence> {
    const WORDS: [&[u8]; 12] = [
        b"union", b"select", b"from", b"where", b"order", b"group", b"having", b"insert",
        b"update", b"delete", b"exec", b"into",
    ];
    let text = input.text.trim_ascii();
    let inner = text.strip_prefix(b"*/")?.strip_suffix(b"/*")?;
    let word = inner
        .trim_ascii()
        .split(|own| !own.is_ascii_alphabetic())
        .next()?;
    let known = WORDS.iter().any(|own| word.eq_ignore_ascii_case(own));
    let written = matches!(
        input.context.field,
        Field::Text | Field::Code | Field::Telemetry
    );
    (known && inner.len() < 64 && !written).then_some(Evidence {
        span: 0..input.text.len(),
        reading: "a part of a query between comments",
        confidence: Confidence::Certain,
    })
}

/// How many quotes of a kind are tried, where those before were apostrophes.
const APOSTROPHES: usize = 4;

/// Whether what stands at `at..after` is an apostrophe rather than a quote: `O'Brien`.
fn between_letters(text: &[u8], at: usize, after: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    let letter =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    letter(before) && letter(text.get(after))
}

/// The first quote of a kind from `from` on, plain or typographic, and where the text after it begins.
fn closing(text: &[u8], from: usize, quote: u8) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let plain = seek::memchr(quote, rest);
    let before = rest.get(..plain.unwrap_or(rest.len())).unwrap_or_default();
    let wide = (quote == b'\'').then(|| wide(before)).flatten();
    let (at, after) = wide.or(plain.map(|at| (at, at + 1)))?;
    Some((from + at, from + after))
}

/// Where the second of two quotes ends, of which a backslash stands before the first: `\''`. A language above
/// SQL reads one quote, doubled; the database reads one, escaped, and the end of the string.
fn escaped(text: &[u8], at: usize, quote: u8) -> Option<usize> {
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    let doubled = text.get(at + 1) == Some(&quote) && text.get(at + 2) != Some(&quote);
    (before == Some(&b'\\') && doubled && quote == b'\'').then_some(at + 2)
}

/// Where the bold letters of a wiki end that begin at `at`: `'''Select''' is`.
fn bold(text: &[u8], at: usize) -> Option<usize> {
    const LONGEST: usize = 64;
    let rest = text.get(at..text.len().min(at + LONGEST))?;
    let inner = rest.strip_prefix(b"'''")?;
    let len = inner
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic() || **byte == b' ' || **byte >= 0x80)
        .count();
    let behind = inner.get(len..)?.strip_prefix(b"'''")?;
    let goes_on = matches!(behind, [b' ', next, ..] if next.is_ascii_lowercase() || *next >= 0x80);
    (goes_on && inner.first()?.is_ascii_alphabetic()).then_some(at + len + 6)
}

fn wide(text: &[u8]) -> Option<(usize, usize)> {
    seek::memchr3_iter(0xE2, 0xCA, 0xEF, text).find_map(|at| {
        let length = token::wide_quote(text.get(at..).unwrap_or_default());
        (length > 0).then_some((at, at + length))
    })
}

fn judged(input: &Input<'_>, start: Start, at: usize, reading: Reading) -> Option<Evidence> {
    let (confidence, what) = judge::judge(input, start, at, &reading)?;
    let begun = if start == Start::Amid {
        at
    } else {
        at.min(reading.end)
    };
    Some(Evidence {
        span: begun..reading.end.max(begun),
        reading: what,
        confidence,
    })
}

fn stronger(a: Option<Evidence>, b: Option<Evidence>) -> Option<Evidence> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.confidence > a.confidence { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Where a bare value begins: in a path, in the segment that holds the first byte a path seldom has.
fn beginning(input: &Input<'_>) -> usize {
    match input.context.place {
        // `name[0;insert into …;#]`: the key of an array that becomes the name of a parameter.
        Place::Name => return seek::memchr(b'[', input.text).map_or(0, |at| at + 1),
        Place::Path => {}
        Place::Query
        | Place::Header
        | Place::Cookie
        | Place::Form
        | Place::Json
        | Place::Xml
        | Place::FileName
        | Place::File
        | Place::Body => return 0,
    }
    let odd = input
        .text
        .iter()
        .position(|byte| matches!(byte, 0..=b' ' | b'(' | b'*' | b'|' | b'&' | b';'));
    let before = input
        .text
        .get(..odd.unwrap_or(input.text.len()))
        .unwrap_or_default();
    // `/ and 1=1`: the segment is the value, without one before it.
    let blank = odd.is_some_and(|at| input.text.get(at) == Some(&b' '));
    let before = before
        .strip_suffix(b"/")
        .filter(|_| odd.is_some() && !blank)
        .unwrap_or(before);
    memchr::memrchr(b'/', before).map_or(0, |slash| slash + 1)
}

/// How many words are tried as the beginning of a query inside other text.
const TRIES: usize = 8;

/// Looks for a query that begins in the middle of text.
fn amid(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut best = None;
    let mut at = 0;
    for _ in 0..TRIES {
        let Some(found) = find_word(text, at, b"union") else {
            break;
        };
        let reading = Reader::new(text, found, false).read();
        at = reading.end.max(found + 5);
        best = stronger(best, judged(input, Start::Amid, found, reading));
    }
    best
}

/// The next place after `from` where this word (lower case) stands, in any case.
fn find_word(text: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    let (first, rest) = word.split_first()?;
    let mut at = from;
    loop {
        let found = at + seek::memchr2(*first, first.to_ascii_uppercase(), text.get(at..)?)?;
        let after = text.get(found + 1..found + word.len())?;
        let before = found.checked_sub(1).and_then(|before| text.get(before));
        if after.eq_ignore_ascii_case(rest) && !before.is_some_and(u8::is_ascii_alphabetic) {
            return Some(found);
        }
        at = found + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;

    /// The pieces hostile inputs are made of.
    const PIECES: &[&str] = &[
        "'",
        "\"",
        "`",
        "(",
        ")",
        "/*",
        "*/",
        "/*!5",
        "--",
        "\n",
        "#",
        " or ",
        "union ",
        "select ",
        "1",
        "=",
        ",",
        ";",
        "a.",
        "@@",
        "case when ",
        "end",
        "exec ",
        "drop table ",
        "set ",
        "[",
        "]",
        "\\",
        "\u{2019}",
        "1e",
        "||",
        "sleep(",
        "in (",
        "union select 1,",
    ];

    fn ask(text: &[u8]) -> Option<Evidence> {
        let context = Context::new(Place::Query, b"q");
        detect(&Input {
            text,
            context,
            depth: 0,
        })
    }

    fn bytes_read(text: &[u8]) -> usize {
        token::READ.with(|read| read.set(0));
        ask(text);
        token::READ.with(std::cell::Cell::get)
    }

    #[test]
    fn what_is_read_grows_with_the_text_whatever_pieces_it_is_made_of() {
        for first in PIECES {
            for second in PIECES {
                let piece = format!("{first}{second}");
                let text = piece.repeat(6000 / piece.len() + 1);
                let read = bytes_read(text.as_bytes());
                assert!(read <= 24 * text.len(), "{piece}: {read} of {}", text.len());
            }
        }
    }

    #[test]
    fn any_mixture_of_pieces_is_read_without_panic_and_the_span_lies_within() {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap()
        };
        for _ in 0..20_000 {
            let mut text = Vec::new();
            for _ in 0..next() % 24 {
                match next() % 8 {
                    0 => text.push(u8::try_from(next() % 256).unwrap()),
                    _ => text.extend_from_slice(PIECES[next() % PIECES.len()].as_bytes()),
                }
            }
            if let Some(found) = ask(&text) {
                assert!(
                    found.span.start <= found.span.end && found.span.end <= text.len(),
                    "{text:?}"
                );
            }
        }
    }
}
