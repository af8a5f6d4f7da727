//! Shapes of injected SQL that tell whatever stands around them, where the grammar is broken on purpose
//! or by the tool that wrote it.

use crate::context::{Field, Place};
use crate::detector::{Confidence, Evidence, Input};
use crate::prefix::starts;
use crate::seek;

/// The longest value that is looked at.
const LONGEST: usize = 2048;

/// A shape that only an attack has.
pub(super) fn read(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    if text.len() > LONGEST {
        return None;
    }
    let found = probe(input)
        .or_else(|| sorted(input))
        .or_else(|| torn(text))
        .or_else(|| doubled(text))
        .or_else(|| assigned(text))
        .or_else(|| called(text));
    let (at, end, reading) = found?;
    let confidence = match (input.context.field, input.context.place) {
        (Field::Code | Field::Telemetry, _) | (_, Place::File) => Confidence::Possible,
        (Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token, _) => {
            Confidence::Certain
        }
    };
    Some(Evidence {
        span: at..end,
        reading,
        confidence,
    })
}

type Found = Option<(usize, usize, &'static str)>;

/// `'--`, `'); --`, `'/*`: a string is closed and the rest of the query hidden, and nothing else.
fn probe(input: &Input<'_>) -> Found {
    let text = input.text.trim_ascii();
    let rest = text.strip_prefix(b"'")?;
    let closing = rest.iter().take_while(|byte| b") ;".contains(byte));
    let hidden = rest.get(closing.count()..)?;
    let plain = !matches!(input.context.field, Field::Text | Field::Token);
    let hides = matches!(hidden, b"--" | b"-- -" | b"--+" | b"/*" | b"#");
    (plain && hides).then_some((
        0,
        input.text.len(),
        "a closed string, and a comment that hides the rest of the query",
    ))
}

/// Comments that hide the rest of the query.
const HIDING: [&[u8]; 4] = [b"-- -", b"--+", b"--", b"#"];

/// ` ORDER BY 25 `, ` ORDER BY 25-- -`: nothing but the clause by which columns are counted.
fn sorted(input: &Input<'_>) -> Found {
    let text = input.text.trim_ascii();
    let begins = text.get(..8)?.eq_ignore_ascii_case(b"order by");
    let number = text.get(8..)?.trim_ascii_start();
    let number = HIDING
        .iter()
        .find_map(|own| number.strip_suffix(*own))
        .unwrap_or(number)
        .trim_ascii_end();
    let counts = (1..4).contains(&number.len()) && number.iter().all(u8::is_ascii_digit);
    let field = input.context.field != Field::Text;
    (begins && counts && field).then_some((0, input.text.len(), "a clause that counts columns"))
}

/// `uni/**/on`: a word of SQL torn apart by a comment.
fn torn(text: &[u8]) -> Found {
    const WORDS: [&[u8]; 9] = [
        b"union", b"select", b"and", b"from", b"where", b"insert", b"update", b"delete", b"sleep",
    ];
    /// How many comments are looked at.
    const TRIES: usize = 16;
    seek::memchr(b'*', text)?;
    for at in memchr::memmem::find_iter(text, b"/**/").take(TRIES) {
        let before = text.get(at.saturating_sub(8)..at)?;
        let left = before
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let left = before.get(before.len() - left..)?;
        let right = text.get(at + 4..text.len().min(at + 12))?;
        let letters = right.iter().take_while(|byte| byte.is_ascii_alphabetic());
        let right = right.get(..letters.count())?;
        let whole = |word: &&&[u8]| {
            let parts = word.split_at_checked(left.len());
            let (first, rest) = parts.unwrap_or_default();
            !left.is_empty()
                && !right.is_empty()
                && left.eq_ignore_ascii_case(first)
                && right.eq_ignore_ascii_case(rest)
        };
        if WORDS.iter().find(whole).is_some() {
            let (begin, end) = (at - left.len(), at + 4 + right.len());
            return Some((begin, end, "a word of SQL torn apart by a comment"));
        }
    }
    None
}

/// `UNIunionON`, `SELselectECT`: a word with itself inside, which a filter that takes it out leaves whole.
fn doubled(text: &[u8]) -> Found {
    /// How often each letter is looked at.
    const TRIES: usize = 64;
    // With the letter that is looked for, and where it stands in the word.
    const WORDS: [(&[u8], u8, usize); 2] = [(b"union", b'u', 0), (b"select", b'c', 4)];
    let reading = "a word of SQL with itself inside";
    for (word, letter, place) in WORDS {
        let places = seek::memchr2_iter(letter, letter.to_ascii_uppercase(), text);
        for at in places.take(TRIES).filter_map(|at| at.checked_sub(place)) {
            if starts(text, at, word)
                && let Some((from, to)) = around(text, at, word)
            {
                return Some((from, to, reading));
            }
        }
    }
    let (from, to) = linked(text)?;
    Some((from, to, reading))
}

/// Where a word begins and ends that is torn in two by itself, which stands at `at`.
fn around(text: &[u8], at: usize, word: &[u8]) -> Option<(usize, usize)> {
    let end = at + word.len();
    let letters = |byte: &&u8| byte.is_ascii_alphabetic();
    let before = text.get(at.saturating_sub(word.len())..at)?;
    let left = before.iter().rev().take_while(letters).count();
    let behind = text.get(end..text.len().min(end + word.len()))?;
    let right = behind.iter().take_while(letters).count();
    let (first, last) = word.split_at_checked(left)?;
    let whole = right > 0
        && left > 0
        && before
            .get(before.len() - left..)?
            .eq_ignore_ascii_case(first)
        && behind.get(..right)?.eq_ignore_ascii_case(last);
    whole.then_some((at - left, end + right))
}

/// `' oorr '1`: a doubled `or` or `and` between the end of one value and another.
fn linked(text: &[u8]) -> Option<(usize, usize)> {
    const WORDS: [&[u8]; 3] = [b"oorr", b"aandnd", b"anandd"];
    const QUOTES: usize = 8;
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let quotes = seek::memchr2_iter(b'\'', b'"', text).take(QUOTES);
    let ends = quotes
        .map(|at| at + 1)
        .chain((digits > 0).then_some(digits));
    for end in ends {
        let rest = text.get(end..)?.iter();
        let from = end + rest.take_while(|byte| b" )".contains(byte)).count();
        let Some(word) = WORDS.iter().find(|own| starts(text, from, own)) else {
            continue;
        };
        let to = from + word.len();
        // `'oorr'` may be quoted by somebody.
        let follows = match text.get(to..)?.trim_ascii_start() {
            [b'\'' | b'"', next, ..] => next.is_ascii_alphanumeric() || b"'\"".contains(next),
            [next, ..] => next.is_ascii_digit() || *next == b'(',
            [] => false,
        };
        if follows {
            return Some((from, to));
        }
    }
    None
}

/// `declare @q varchar(99) select @q = 0x73656c…`: digits for a variable of T-SQL, which are the statement that is
/// run then, or cut off before.
fn assigned(text: &[u8]) -> Found {
    /// Digits that are more than a number.
    const LEAST: usize = 6;
    let is_declared = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        ends(before.trim_ascii_end(), b"declare")
    };
    let declared = seek::memchr_iter(b'@', text).find(is_declared)?;
    let behind = text.get(declared..)?;
    for at in memchr::memmem::find_iter(behind, b"0x") {
        let digits = behind.get(at + 2..)?.iter();
        let digits = digits.take_while(|own| own.is_ascii_hexdigit()).count();
        let before = behind.get(..at)?.trim_ascii_end();
        if digits >= LEAST && (before.ends_with(b"=") || ends(before, b"cast(")) {
            let end = declared + at + 2 + digits;
            return Some((declared, end, "a statement of T-SQL in hexadecimal digits"));
        }
    }
    None
}

/// Calls and queries that begin in a way nobody writes otherwise.
fn called(text: &[u8]) -> Found {
    /// How many parentheses are looked at.
    const TRIES: usize = 32;
    for open in seek::memchr_iter(b'(', text).take(TRIES) {
        let before = text.get(open.saturating_sub(24)..open).unwrap_or_default();
        let after = text.get(open + 1..text.len().min(open + 24));
        let after = after.unwrap_or_default();
        let query = ends(before, b"union") || ends(before, b"union all");
        if query && begins(after, b"select") {
            return Some((open, open + 7, "a second query united with the first"));
        }
        let convert = ends(before, b"=convert") && begins(after, b"int,(");
        if convert && joined(before) {
            return Some((
                open,
                open + 6,
                "a condition that breaks with a telling error",
            ));
        }
        let chosen = ends(before, b"make_set") || ends(before, b"elt") || ends(before, b"if");
        let condition = chosen.then(|| equation(after)).flatten();
        let whole = before.iter().filter(|byte| **byte == b' ').count() == 0;
        let waits = ends(before, b"if").then(|| {
            let rest = condition.and_then(|len| text.get(open + 1 + len..));
            rest.is_some_and(|rest| begins(rest, b") select") || begins(rest, b") waitfor"))
        });
        if condition.is_some() && whole && waits.unwrap_or(true) {
            return Some((0, text.len(), "a value that is decided by constants"));
        }
        // MySQL reads `1.e(1)` as `(1)`.
        let exponent = matches!(before, [.., digit, b'.', b'e'] if digit.is_ascii_digit());
        if exponent && after.first().is_some_and(u8::is_ascii_digit) {
            return Some((open - 3, open + 1, "a number only MySQL reads as none"));
        }
    }
    None
}

/// ` AND 5650=CONVERT`: whether a connecting word and a number stand before the call.
fn joined(before: &[u8]) -> bool {
    let mut words = before
        .split(|byte| matches!(byte, b' ' | b'\t' | b'='))
        .rev()
        .skip(1)
        .filter(|word| !word.is_empty());
    let number = words
        .next()
        .is_some_and(|word| word.iter().all(u8::is_ascii_digit));
    let word = words.next().unwrap_or_default();
    number && (word.eq_ignore_ascii_case(b"and") || word.eq_ignore_ascii_case(b"or"))
}

/// The length of `7=7`.
fn equation(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let left = digits(0);
    let right = digits(left + 1);
    (left > 0 && text.get(left) == Some(&b'=') && right > 0).then_some(left + 1 + right)
}

fn ends(text: &[u8], lower: &[u8]) -> bool {
    let from = text.len().checked_sub(lower.len());
    from.and_then(|from| text.get(from..))
        .is_some_and(|own| own.eq_ignore_ascii_case(lower))
}

fn begins(text: &[u8], lower: &[u8]) -> bool {
    text.get(..lower.len())
        .is_some_and(|own| own.eq_ignore_ascii_case(lower))
}
