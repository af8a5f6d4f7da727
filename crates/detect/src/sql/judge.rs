//! From what was read to how sure that is an attack.

use super::Start;
use super::bare::bare;
use super::facts::Facts;
use super::read::{Ending, Reading};
use crate::context::{Field, Place};
use crate::detector::Confidence::{self, Certain, Hint, Likely, Possible};
use crate::detector::Input;
use crate::seek;

/// How sure, and what it was read as.
pub(super) type Verdict = Option<(Confidence, &'static str)>;

/// What a reading that began at `at` says.
pub(super) fn judge(input: &Input<'_>, start: Start, at: usize, reading: &Reading) -> Verdict {
    let before = input.text.get(..at).unwrap_or_default();
    let reading = &ended_by_dash(input.text, *reading);
    match start {
        Start::Bare => bare(input, reading),
        Start::Closed(quote) => closed(input, before, quote, reading),
        Start::Amid => amid(input, before, reading),
    }
}

/// Editors make a dash of `--`, and lists pass it on: it is read as the comment it was.
fn ended_by_dash(text: &[u8], reading: Reading) -> Reading {
    let rest = text.get(reading.end..).unwrap_or_default().trim_ascii();
    let dash = matches!(rest, b"\xe2\x80\x93" | b"\xe2\x80\x94");
    if dash && reading.ending == Ending::Broken {
        Reading {
            ending: Ending::Comment,
            tail: Some(reading.end),
            ..reading
        }
    } else {
        reading
    }
}

/// What the application's string held before it was closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing.
    Empty,
    /// One word, number or address: what a field holds.
    Value,
    /// Several words.
    Words,
    /// It ends in a byte after which a quote opens rather than closes.
    Opening,
}

impl Before {
    fn of(before: &[u8]) -> Self {
        match before {
            [] => Self::Empty,
            [b' '] => Self::Empty,
            [
                ..,
                b'(' | b'[' | b'{' | b',' | b'=' | b':' | b'+' | b' ' | b'>' | b'\n' | b'\t',
            ] => Self::Opening,
            _ if before.trim_ascii_start().iter().all(|byte| is_plain(*byte))
                && before
                    .iter()
                    .any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80) =>
            {
                Self::Value
            }
            _ => Self::Words,
        }
    }

    fn short(self) -> bool {
        matches!(self, Self::Empty | Self::Value)
    }
}

/// Whether a byte is one of an ordinary word, number, address or path.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"_-.@%/:&=?+,$*~)!#\\".contains(&byte)
}

/// Whether the comment that ends the text hides nothing, or one short word.
pub(super) fn bare_tail(text: &[u8], reading: &Reading) -> bool {
    let tail = reading
        .tail
        .and_then(|tail| text.get(tail..))
        .unwrap_or_default();
    let tail = tail.trim_ascii_end();
    let after = tail.iter().skip_while(|byte| b"-#/*!+ ".contains(byte));
    let plain = after
        .clone()
        .all(|byte| byte.is_ascii_alphanumeric() || b" -+*/#".contains(byte));
    reading.ending == Ending::Comment && plain && after.count() <= 8
}

/// Facts that make a query of whatever they stand in.
pub(super) const TELLING: Facts = Facts::TIME
    .and(Facts::STRONG)
    .and(Facts::SUBQUERY)
    .and(Facts::CATALOG)
    .and(Facts::CASE);
/// Facts that connect what is read to the value before it.
pub(super) const LINKS: Facts = Facts::CONNECTED
    .and(Facts::LISTED)
    .and(Facts::JOINED)
    .and(Facts::OWN_COMPARED)
    .and(Facts::COMPARED)
    .and(Facts::CONSTANTS)
    .and(Facts::CLAUSE);

/// A reading after a closed string, and what surrounds it.
struct Closed<'a> {
    reading: &'a Reading,
    kind: Before,
    /// The application's own closing quote finds its place.
    matched: bool,
}

impl Closed<'_> {
    /// As sure, or less where the quote may have opened a string rather than closed one.
    fn weaker(&self, confidence: Confidence) -> Confidence {
        if self.kind == Before::Opening {
            confidence.less()
        } else {
            confidence
        }
    }
}

fn closed(input: &Input<'_>, before: &[u8], quote: u8, reading: &Reading) -> Verdict {
    if is_phrase(input.text.get(before.len()..).unwrap_or_default()) {
        return None;
    }
    let kind = Before::of(before);
    let matched = match reading.ending {
        Ending::Comment => true,
        Ending::Open(own) => own == quote,
        Ending::Whole | Ending::Dangling | Ending::Broken => false,
    };
    let closed = Closed {
        reading,
        kind,
        matched,
    };
    let broken = matches!(reading.ending, Ending::Broken | Ending::Dangling);
    let quoted = quotes(input, before, &closed);
    let posted = posted(input, before, &closed);
    let follows = whatever_follows(&closed).map(|(sure, what)| match (posted, quoted) {
        (true, _) => (sure.min(Possible), what),
        (false, true) => (sure.less(), what),
        (false, false) => (sure, what),
    });
    follows.or_else(|| match broken {
        true => sketchy(kind, reading),
        false => condition(&closed, input.text)
            .or_else(|| operators(&closed, quote, input.text))
            .or_else(|| ended(&closed, input, before)),
    })
}

/// `"union select" OR …`: words in quotes that somebody searches for.
fn is_phrase(text: &[u8]) -> bool {
    const PHRASES: [&[u8]; 2] = [b"\"union select\"", b"\"union all select\""];
    PHRASES.iter().any(|own| {
        text.get(..own.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(own))
    })
}

/// Whether the text is prose or code that may only quote an attack: words before it, and words after it.
fn quotes(input: &Input<'_>, before: &[u8], closed: &Closed<'_>) -> bool {
    let words = before
        .split(|byte| *byte <= b' ')
        .filter(|word| word.len() > 1);
    let goes_on = match closed.reading.ending {
        Ending::Open(_) => false,
        Ending::Comment => !bare_tail(input.text, closed.reading),
        Ending::Whole | Ending::Dangling | Ending::Broken => true,
    };
    match input.context.field {
        Field::Text => goes_on && words.take(4).count() == 4,
        // Where code is expected, quotes are part of it.
        Field::Code | Field::Telemetry => !closed.kind.short(),
        Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => false,
    }
}

/// Configurations and programs are posted as they are: their lines hold quotes of their own.
fn posted(input: &Input<'_>, before: &[u8], closed: &Closed<'_>) -> bool {
    let document = matches!(input.context.place, Place::Body | Place::File);
    document && !closed.kind.short() && seek::memchr(b'\n', before).is_some()
}

/// What tells enough after a closed string, however the text goes on.
fn whatever_follows(closed: &Closed<'_>) -> Verdict {
    let facts = closed.reading.facts;
    let broken = closed.reading.ending == Ending::Broken;
    if facts.any(Facts::UNION) && facts.any(Facts::MARKED) {
        return Some((
            Certain,
            "a second query united with the one whose string was closed",
        ));
    }
    let query = facts.any(Facts::STACKED_QUERY) && facts.any(Facts::MARKED);
    if facts.any(Facts::STACKED) || query && (!broken || facts.any(TELLING.and(Facts::FROM))) {
        let wordy = facts.any(Facts::WORDY) && !facts.any(Facts::SEMICOLON.and(Facts::STATEMENT));
        let apart = !wordy || closed.kind.short();
        let sure = if apart { Certain } else { Possible };
        return Some((sure, "a second statement after a closed string"));
    }
    if facts.any(Facts::TIME) {
        return Some((Certain, "a call that waits after a closed string"));
    }
    if facts.any(TELLING) || facts.any(Facts::QUERY) && facts.any(LINKS) {
        let sure = if broken {
            closed.weaker(Certain)
        } else {
            Certain
        };
        return Some((
            sure,
            "a subquery or a call of the database's own functions after a closed string",
        ));
    }
    if facts.any(Facts::OUTFILE) {
        let sure = closed.weaker(Certain);
        return Some((sure, "a result written to a file after a closed string"));
    }
    if facts.any(Facts::CONSTANTS) {
        let odd = closed.kind == Before::Opening && facts.any(Facts::ODD_TEXT) || broken;
        return Some((
            if odd { Likely } else { Certain },
            "a condition on constants after a closed string",
        ));
    }
    None
}

/// `'or'1=1`: behind the last quote stands a number, alone or compared.
fn ends_in_number(text: &[u8]) -> bool {
    let quote = text.iter().rposition(|own| b"'\"`".contains(own));
    let tail = quote.and_then(|at| text.get(at + 1..)).unwrap_or_default();
    tail.first().is_some_and(u8::is_ascii_digit)
        && tail.iter().all(|own| b"0123456789=<> ".contains(own))
}

/// A condition or clause read to its end.
fn condition(closed: &Closed<'_>, text: &[u8]) -> Verdict {
    let Closed {
        reading,
        kind,
        matched,
    } = *closed;
    let facts = reading.facts;
    if facts.any(Facts::COMPARED) {
        let sure = if matched || kind.short() {
            Certain
        } else {
            Likely
        };
        return Some((
            closed.weaker(sure),
            "a further condition after a closed string",
        ));
    }
    if facts.any(Facts::CLAUSE) {
        let sure = match (reading.ending, facts.any(Facts::NUMBERED)) {
            (Ending::Comment, _) => Certain,
            (_, true) if matched || kind.short() => Certain,
            (_, true) => Likely,
            (_, false) => Possible,
        };
        return Some((
            closed.weaker(sure),
            "another clause of the query after a closed string",
        ));
    }
    if facts.any(Facts::CONSTANT) {
        // `"or"` is a word in quotes; ON and WHEN are words of prose.
        let quoted = kind == Before::Empty && reading.tokens == 2;
        let quoted = quoted && reading.ending != Ending::Comment;
        let numbered = kind.short() && matched && ends_in_number(text);
        let sure = match reading.ending {
            _ if numbered => Certain,
            _ if quoted || !facts.any(Facts::CONNECTED.and(Facts::JOINED)) => Possible,
            Ending::Comment => Certain,
            _ if matched && kind.short() && !facts.any(Facts::ODD_TEXT) => Certain,
            _ if matched || kind.short() => Likely,
            _ => Possible,
        };
        return Some((
            closed.weaker(sure),
            "OR or AND with a constant after a closed string",
        ));
    }
    if facts.any(Facts::TERM.and(Facts::CONNECTED)) {
        let sure = if reading.ending == Ending::Comment {
            Likely
        } else {
            Possible
        };
        return Some((
            closed.weaker(sure),
            "OR or AND with a column after a closed string",
        ));
    }
    None
}

/// The string itself is compared, or something is added to it.
fn operators(closed: &Closed<'_>, quote: u8, text: &[u8]) -> Verdict {
    let Closed {
        reading,
        kind,
        matched,
    } = *closed;
    if !reading.facts.any(Facts::OWN_COMPARED.and(Facts::JOINED)) {
        return None;
    }
    let matched = matched && quote == b'\'';
    let plain = !reading.facts.any(Facts::ODD_TEXT);
    let called = text
        .windows(2)
        .any(|pair| matches!(pair, [byte, b'('] if byte.is_ascii_alphanumeric()));
    let hidden = reading.ending == Ending::Comment && !bare_tail(text, reading);
    let sure = match (kind, reading.ending) {
        (_, _) if hidden => Hint,
        (Before::Empty | Before::Value, Ending::Comment) => Certain,
        (Before::Empty | Before::Value, _) if matched && plain && text.len() <= 40 && !called => {
            Certain
        }
        (Before::Empty | Before::Value, _) if matched => Likely,
        (_, _) if matched => Possible,
        _ => Hint,
    };
    Some((sure, "an operator applied to a closed string"))
}

/// Nothing but the end of the query after the quote.
fn ended(closed: &Closed<'_>, input: &Input<'_>, before: &[u8]) -> Verdict {
    let Closed { reading, kind, .. } = *closed;
    let facts = reading.facts;
    match reading.ending {
        Ending::Comment => {
            let bare = bare_tail(input.text, reading);
            let tail = reading
                .tail
                .and_then(|tail| input.text.get(tail..))
                .unwrap_or_default();
            let worded = tail.iter().any(u8::is_ascii_alphanumeric);
            let parted = reading
                .tail
                .and_then(|tail| input.text.get(tail.checked_sub(1)?))
                == Some(&b' ');
            let kind = if worded && (parted || tail.starts_with(b"#")) && kind == Before::Value {
                Before::Words
            } else {
                kind
            };
            let sure = match kind {
                Before::Value if bare && before.len() <= 64 => Certain,
                _ if bare && facts.any(Facts::CLOSED) && kind.short() => Certain,
                Before::Empty if bare => Likely,
                Before::Value => Likely,
                _ if bare => Possible,
                _ => Hint,
            };
            Some((
                sure,
                "a closed string, and a comment that hides the rest of the query",
            ))
        }
        Ending::Whole if facts.any(Facts::SEMICOLON) && input.text.ends_with(b"\0") => {
            Some((Likely, "a closed string and the end of the query"))
        }
        Ending::Whole
            if kind == Before::Value && reading.end == input.text.len() && before.len() < 16 =>
        {
            Some((Hint, "a quote at the end of a value"))
        }
        _ => None,
    }
}

/// Readings that stop amid the query.
fn sketchy(kind: Before, reading: &Reading) -> Verdict {
    let facts = reading.facts;
    if facts.any(Facts::CONNECTED) && facts.any(Facts::GENERAL) {
        return Some((
            Likely,
            "a condition with a call that breaks off after a closed string",
        ));
    }
    if reading.ending == Ending::Dangling
        && kind.short()
        && facts.any(Facts::COMPARED.and(Facts::CONSTANT).and(Facts::CLAUSE))
    {
        return Some((
            Possible,
            "a condition that breaks off after a closed string",
        ));
    }
    if reading.tokens >= 4 && facts.any(Facts::CONNECTED) {
        return Some((Hint, "OR or AND after a closed string"));
    }
    None
}

fn amid(input: &Input<'_>, before: &[u8], reading: &Reading) -> Verdict {
    let facts = reading.facts;
    let quoted = input.text.get(before.len().saturating_sub(1)..);
    let phrase = !before.is_empty() && quoted.is_some_and(is_phrase);
    if phrase || !facts.any(Facts::UNION) || !facts.any(Facts::MARKED) {
        return None;
    }
    let whole = matches!(
        reading.ending,
        Ending::Whole | Ending::Comment | Ending::Open(_)
    );
    let prose = before
        .split(|byte| byte.is_ascii_whitespace())
        .filter(|word| word.len() > 1)
        .count()
        > 4;
    let sure = match (input.context.field, whole || facts.any(TELLING), prose) {
        (Field::Code | Field::Telemetry, _, _) => Possible,
        (Field::Text, true, true) => Likely,
        (_, true, _) => Certain,
        (_, false, _) => Possible,
    };
    Some((
        sure,
        "a second query united with the first, amid other text",
    ))
}
