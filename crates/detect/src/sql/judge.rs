//! From what was read to how sure that is an attack.

use super::Start;
use super::facts::Facts;
use super::read::{Ending, First, Reading};
use crate::context::Field;
use crate::detector::Confidence::{self, Certain, Hint, Likely, Possible};
use crate::detector::Input;

type Verdict = Option<(Confidence, &'static str)>;

/// What a reading that began at `at` says.
pub(super) fn judge(input: &Input<'_>, start: Start, at: usize, reading: &Reading) -> Verdict {
    let before = input.text.get(..at).unwrap_or_default();
    match start {
        Start::Bare => bare(input, reading),
        Start::Closed(quote) => closed(input, before, quote, reading),
        Start::Amid => amid(input, before, reading),
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
fn bare_tail(text: &[u8], reading: &Reading) -> bool {
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
const TELLING: Facts = Facts::TIME
    .and(Facts::STRONG)
    .and(Facts::SUBQUERY)
    .and(Facts::CATALOG)
    .and(Facts::CASE);
/// Facts that connect what is read to the value before it.
const LINKS: Facts = Facts::CONNECTED
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
    let follows = whatever_follows(&closed);
    let follows = follows.map(|(sure, what)| (if quoted { sure.less() } else { sure }, what));
    follows.or_else(|| match broken {
        true => sketchy(kind, reading),
        false => condition(&closed)
            .or_else(|| operators(&closed, quote, input.text))
            .or_else(|| ended(&closed, input, before)),
    })
}

/// Whether the text is prose that may only quote an attack: words before it, and words after it.
fn quotes(input: &Input<'_>, before: &[u8], closed: &Closed<'_>) -> bool {
    let words = before
        .split(|byte| *byte <= b' ')
        .filter(|word| word.len() > 1);
    let goes_on = match closed.reading.ending {
        Ending::Open(_) => false,
        Ending::Comment => !bare_tail(input.text, closed.reading),
        Ending::Whole | Ending::Dangling | Ending::Broken => true,
    };
    input.context.field == Field::Text && goes_on && words.take(4).count() == 4
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

/// A condition or clause read to its end.
fn condition(closed: &Closed<'_>) -> Verdict {
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
        let sure = match reading.ending {
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

fn bare(input: &Input<'_>, reading: &Reading) -> Verdict {
    let facts = reading.facts;
    let (sure, what) = bare_plain(input, reading)?;
    let sure = match input.context.field {
        Field::Code | Field::Telemetry => sure.less().less(),
        Field::Text if reading.first == First::Statement && !facts.any(Facts::TIME) => sure.less(),
        Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => sure,
    };
    Some((sure, what))
}

fn bare_plain(input: &Input<'_>, reading: &Reading) -> Verdict {
    let facts = reading.facts;
    let whole = matches!(reading.ending, Ending::Whole | Ending::Comment);
    let comment = reading.ending == Ending::Comment;
    let bare = bare_tail(input.text, reading);
    let value = matches!(reading.first, First::Number | First::Hole);
    if facts.any(Facts::UNION) {
        let enough = whole || value || facts.any(TELLING.and(Facts::FROM));
        let sure = match (
            facts.any(Facts::MARKED) && enough,
            facts.any(Facts::FROM) && whole,
        ) {
            (true, _) => Certain,
            (false, true) => Likely,
            (false, false) => Possible,
        };
        return Some((sure, "a second query united with the first"));
    }
    if facts.any(Facts::UNITING) && reading.first == First::Number {
        return Some((Likely, "a union with a query that breaks off"));
    }
    if reading.first == First::Statement {
        return statement(reading, whole, bare);
    }
    let query = facts.any(Facts::STACKED_QUERY) && facts.any(Facts::MARKED);
    let query = query && (whole || facts.any(TELLING.and(Facts::FROM)));
    if facts.any(Facts::STACKED) || query {
        let wordy = facts.any(Facts::WORDY) && !facts.any(Facts::STATEMENT);
        let sure = if wordy && !value && !comment {
            Likely
        } else {
            Certain
        };
        return Some((sure, "a second statement after the value"));
    }
    if let Some(found) = bare_call(input.context.field, reading, whole) {
        return Some(found);
    }
    if facts.any(Facts::CONSTANTS) {
        let open = matches!(reading.ending, Ending::Open(_));
        let sure = if whole || open { Certain } else { Likely };
        return Some((sure, "a condition on constants after a value"));
    }
    let number = reading.first == First::Number && !facts.any(Facts::OWN_COMPARED);
    let numeric = number || input.context.field == Field::Key || bare && value;
    if whole {
        bare_condition(
            facts,
            (comment, bare),
            numeric,
            input.context.field == Field::Key,
        )
    } else {
        None
    }
}

/// Calls of the database's own functions, subqueries and files in a bare value.
fn bare_call(field: Field, reading: &Reading, whole: bool) -> Verdict {
    let facts = reading.facts;
    if facts.any(Facts::TIME) && reading.ending != Ending::Broken {
        let context = Facts::JOINED
            .and(Facts::CONSTANTS)
            .and(Facts::COMPARED)
            .and(Facts::QUERY);
        let alone = field == Field::Text && !facts.any(context) && reading.ending == Ending::Whole;
        let sure = if alone && reading.first != First::Number {
            Likely
        } else {
            Certain
        };
        return Some((sure, "a call that makes the database wait"));
    }
    if facts.any(Facts::OUTFILE) {
        return Some((Certain, "a result written to a file"));
    }
    let inside = facts.any(Facts::QUERY) && facts.any(LINKS);
    if inside && (whole || reading.first == First::Number) {
        return Some((Certain, "a value joined with a subquery"));
    }
    if facts.any(TELLING) {
        let query = facts.any(Facts::QUERY) && facts.any(Facts::FROM.and(Facts::GENERAL));
        let unique = facts.any(Facts::UNIQUE.and(Facts::CATALOG)) || query;
        let linked = facts.any(LINKS) || unique && facts.any(Facts::MARKED);
        let sure = match (whole, linked) {
            (true, _) if field == Field::Key => Certain,
            (true, true) => Certain,
            (true, false) | (false, true) => Likely,
            (false, false) => Possible,
        };
        return Some((sure, "a subquery or a call of the database's own functions"));
    }
    None
}

/// A condition or clause after a bare value, read to its end.
fn bare_condition(
    facts: Facts,
    (comment, bare): (bool, bool),
    numeric: bool,
    key: bool,
) -> Verdict {
    if facts.any(Facts::CLAUSE) {
        let sure = match (comment, facts.any(Facts::NUMBERED), numeric) {
            (true, _, _) | (_, true, true) => Certain,
            (_, true, false) => Possible,
            (_, _, true) => Likely,
            (_, _, false) => Hint,
        };
        return Some((sure, "another clause of the query after a value"));
    }
    if facts.any(Facts::COMPARED) {
        let sure = match (comment, numeric) {
            (_, true) => Certain,
            (true, false) => Likely,
            (false, false) => Possible,
        };
        return Some((sure, "a further condition after a value"));
    }
    if facts.any(Facts::CONSTANT.and(Facts::TERM)) {
        let decided = facts.any(Facts::GENERAL) && facts.any(Facts::CONSTANTS_ANYWHERE);
        let sure = match (bare, numeric) {
            (_, true) if decided => Certain,
            (false, true) if key || facts.any(Facts::GENERAL) => Likely,
            (true, true) if facts.any(Facts::CONNECTED) => Certain,
            (true, true) => Likely,
            (true, false) => Possible,
            (false, _) => Hint,
        };
        return Some((sure, "OR or AND after a value"));
    }
    if facts.any(Facts::CONSTANTS_ANYWHERE) && (facts.any(Facts::GENERAL) || key) {
        let sure = if (key || numeric) && facts.any(Facts::GENERAL) {
            Certain
        } else {
            Likely
        };
        return Some((sure, "a value that is decided by constants"));
    }
    if comment && facts.any(Facts::CLOSED) {
        return Some((
            if bare { Likely } else { Hint },
            "a closed parenthesis, and a comment that hides the rest of the query",
        ));
    }
    None
}

/// The text begins with a statement of its own.
fn statement(reading: &Reading, whole: bool, bare: bool) -> Verdict {
    let facts = reading.facts;
    const WHAT: &str = "a statement of its own";
    if facts.any(Facts::STATEMENT) {
        return Some((if whole { Certain } else { Likely }, WHAT));
    }
    if facts.any(Facts::WORDY) {
        return Some((if bare { Likely } else { Possible }, WHAT));
    }
    let telling = facts.any(
        TELLING
            .and(Facts::CONSTANTS)
            .and(Facts::OUTFILE)
            .and(Facts::STACKED),
    );
    let sure = match (
        telling,
        whole,
        facts.any(Facts::MARKED),
        facts.any(Facts::FROM),
    ) {
        (true, true, _, _) => Certain,
        (_, true, true, true) if bare => Certain,
        (true, false, _, _) | (_, true, true, true) => Likely,
        (_, _, true, true) if reading.ending == Ending::Dangling => Likely,
        (_, true, true, false) | (_, false, true, true) => Possible,
        (_, true, false, true) => Hint,
        _ => return None,
    };
    Some((sure, WHAT))
}

fn amid(input: &Input<'_>, before: &[u8], reading: &Reading) -> Verdict {
    let facts = reading.facts;
    if !facts.any(Facts::UNION) || !facts.any(Facts::MARKED) {
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
