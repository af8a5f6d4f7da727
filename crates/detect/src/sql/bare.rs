//! From what was read from the beginning of a bare value to how sure that is an attack.

use super::facts::Facts;
use super::judge::{LINKS, TELLING, Verdict, bare_tail};
use super::read::{Ending, First, Reading};
use crate::context::{Field, Place};
use crate::detector::Confidence::{self, Certain, Hint, Likely, Possible};
use crate::detector::Input;
use crate::seek;

/// What a reading of a bare value says, less where code is expected.
pub(super) fn bare(input: &Input<'_>, reading: &Reading) -> Verdict {
    let facts = reading.facts;
    let (sure, what) = bare_plain(input, reading)?;
    let begin = input.text.get(..7).unwrap_or_default();
    let titled = begin.eq_ignore_ascii_case(b"sleep (") && !facts.any(Facts::UNIQUE.and(LINKS));
    if titled {
        // `Sleep (5)`: the fifth of a name.
        return Some((sure.min(Possible), what));
    }
    let sure = match input.context.field {
        Field::Code if goes_on(input, reading) => sure,
        Field::Code | Field::Telemetry => sure.less().less(),
        // A body that is a statement from its first word on is sent to be one; nothing was broken out of.
        _ if reading.first == First::Statement && input.context.place == Place::Body => {
            sure.less().less()
        }
        Field::Text if reading.first == First::Statement && !facts.any(Facts::TIME) => sure.less(),
        Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => sure,
    };
    Some((sure, what))
}

/// `country = 'NL' UNION SELECT … -- `: an expression and no query, which goes on with one and ends in a
/// comment that hides nothing of it.
fn goes_on(input: &Input<'_>, reading: &Reading) -> bool {
    let expression = matches!(
        reading.first,
        First::Number | First::Name | First::Text | First::Hole
    );
    let comment = reading.tail.and_then(|tail| input.text.get(tail..));
    let hides = comment.is_some_and(|comment| comment.iter().all(|byte| b"-# +".contains(byte)));
    let written = matches!(input.context.place, Place::File | Place::Body);
    let line = seek::memchr(b'\n', input.text.trim_ascii()).is_none();
    expression && hides && line && !written && reading.facts.any(Facts::UNION)
}

fn bare_plain(input: &Input<'_>, reading: &Reading) -> Verdict {
    let facts = reading.facts;
    let whole = matches!(reading.ending, Ending::Whole | Ending::Comment);
    let comment = reading.ending == Ending::Comment;
    let bare = bare_tail(input.text, reading);
    let value = matches!(reading.first, First::Number | First::Hole);
    // `1 Union Select Rd., Unit 4`: an address.
    let read = input.text.get(..reading.end).unwrap_or_default();
    let stops = reading.ending == Ending::Broken && read.ends_with(b".");
    if stops && facts.any(Facts::UNION.and(Facts::UNITING)) {
        return Some((Possible, "words of a union that end as a sentence does"));
    }
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
        return Some(constants(input, reading, whole));
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

/// A condition on constants behind a value.
fn constants(input: &Input<'_>, reading: &Reading, whole: bool) -> (Confidence, &'static str) {
    if is_condition(input.context.name) {
        return (Possible, "a condition where one is asked for");
    }
    let open = matches!(reading.ending, Ending::Open(_));
    let comment = reading.ending == Ending::Comment;
    let sure = match whole || open {
        true if !sums(input, reading.facts, comment) => Certain,
        true | false => Likely,
    };
    (sure, "a condition on constants after a value")
}

/// `where=1=1`: what services of maps and tables are asked with.
fn is_condition(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 5] = [
        b"where",
        b"whereclause",
        b"having",
        b"havingclause",
        b"definitionexpression",
    ];
    let own = name.rsplit(|byte| *byte == b'.').next();
    own.is_some_and(|own| NAMES.iter().any(|known| own.eq_ignore_ascii_case(known)))
}

/// `3 < 5 and 5 > 3`: an answer in a lesson, where nothing but numbers of one's own is compared.
fn sums(input: &Input<'_>, facts: Facts, comment: bool) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphabetic() || b" \t<>.,+-".contains(byte);
    let plain = input
        .text
        .iter()
        .all(|byte| byte.is_ascii_digit() || word(byte));
    let spaced = input.text.contains(&b' ');
    let key = input.context.field == Field::Key;
    facts.any(Facts::OWN_COMPARED) && plain && spaced && !comment && !key
}

/// Calls of the database's own functions, subqueries and files in a bare value.
fn bare_call(field: Field, reading: &Reading, whole: bool) -> Verdict {
    let facts = reading.facts;
    if facts.any(Facts::TIME) && reading.ending != Ending::Broken {
        let context = Facts::JOINED
            .and(Facts::CONSTANTS)
            .and(Facts::COMPARED)
            .and(Facts::GENERAL)
            .and(Facts::UNIQUE)
            .and(Facts::LISTED)
            .and(Facts::QUERY);
        let led = facts.any(Facts::CONNECTED) && reading.first == First::Hole;
        let alone =
            !led && field == Field::Text && !facts.any(context) && reading.ending == Ending::Whole;
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
