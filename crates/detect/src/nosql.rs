//! Document databases: operators where a value is expected, and conditions in JavaScript.
//!
//! MongoDB reads `{"$ne": null}` and, through the parsers of forms, `password[$ne]=` as a condition
//! instead of a value. `$where` and its like run JavaScript, whose strings an input may close.

mod script;

use crate::context::{Field, Place};
use crate::cursor::Cursor;
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;

/// Finds operators of document databases.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Nosql,
    bytes: b"",
    words: &[
        "$ne",
        "$gt",
        "$lt",
        "$in",
        "$nin",
        "$or",
        "$and",
        "$not",
        "$nor",
        "$regex",
        "$where",
        "$exists",
        "$eq",
        "$expr",
        "$function",
        "$comment",
        "$out",
        "$merge",
        "$accumulator",
        "$type",
        "$size",
        "$all",
        "$mod",
        "$elemmatch",
        "$jsonschema",
        "$text",
        "this.",
        "this[",
        "return ",
        "return(",
        "return\t",
        "db.",
        "||",
        "&&",
        "sleep(",
        "while(",
        "while (",
        "tojson",
        "$lookup",
        "$match",
        "function(",
        "match (",
        "load csv",
        "detach delete",
        "call db.",
        "call apoc.",
        "call dbms.",
    ],
    glance: None,
    detect,
};

/// Operators that no other protocol has under the same name.
const TELLING: [&[u8]; 10] = [
    b"where",
    b"regex",
    b"function",
    b"accumulator",
    b"expr",
    b"ne",
    b"nin",
    b"nor",
    b"elemmatch",
    b"jsonschema",
];
/// Operators that interfaces for filters pass on, too.
const OPERATORS: [&[u8]; 16] = [
    b"lookup", b"match", b"gt", b"gte", b"lt", b"lte", b"in", b"or", b"and", b"not", b"exists",
    b"eq", b"type", b"size", b"all", b"mod",
];
/// Beginnings of fields that are there to be compared with what is stored, not to be searched.
const SECRETS: [&[u8]; 12] = [
    b"pass", b"pwd", b"user", b"login", b"email", b"mail", b"token", b"secret", b"pin", b"otp",
    b"code", b"auth",
];
/// Fields through which interfaces take conditions: Strapi, Feathers, Parse, CouchDB.
const FILTERS: [&[u8]; 12] = [
    b"filter",
    b"filters",
    b"where",
    b"query",
    b"params",
    b"conditions",
    b"criteria",
    b"selector",
    b"match",
    b"pipeline",
    b"aggregate",
    b"find",
];

/// Stages of a query that run JavaScript, or write what they found where the sender says.
const RUNS: [&[u8]; 4] = [b"$function", b"$accumulator", b"$out", b"$merge"];
const SCRIPT: &str = "a stage of a query that runs a script or writes";
const OPERATOR: &str = "an operator of a document database in place of a value";

type Found = Option<(Confidence, &'static str, std::ops::Range<usize>)>;

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let found = if input.context.place == Place::Name && input.text == b"$where" {
        // Open data services take their own conditions under this name; what it holds tells.
        Some((Confidence::Likely, OPERATOR, 0..input.text.len()))
    } else if input.context.place == Place::Name {
        name(input.text)
    } else if input.context.name.eq_ignore_ascii_case(b"$where") {
        condition_in_script(input.text).or_else(|| value(input))
    } else {
        value(input)
    };
    let (confidence, reading, span) = found?;
    Some(Evidence {
        span,
        reading,
        confidence,
    })
}

/// An operator and how telling it is, from the `$` on.
fn operator(word: &[u8]) -> Option<bool> {
    let name = word.strip_prefix(b"$")?;
    let listed = |names: &[&[u8]]| names.iter().any(|own| own.eq_ignore_ascii_case(name));
    if listed(&TELLING) {
        Some(true)
    } else {
        listed(&OPERATORS).then_some(false)
    }
}

/// A parameter's name or the path of a key: `user[$ne]`, `json.user.$gt`, `$where`.
fn name(text: &[u8]) -> Found {
    let parts = text
        .split(|byte| matches!(byte, b'.' | b'[' | b']' | b'"' | b'\''))
        .filter(|part| !part.is_empty());
    let mut field: &[u8] = b"";
    let mut before: &[u8] = b"";
    let mut filter = false;
    let mut operated = None;
    for part in parts {
        if RUNS.iter().any(|own| own.eq_ignore_ascii_case(part)) {
            return Some((Confidence::Certain, SCRIPT, 0..text.len()));
        }
        // Of operators within operators the last has the field: `$match.password.$regex`.
        if let Some(telling) = operator(part) {
            operated = Some(telling || operated.unwrap_or_default());
            field = if before.is_empty() { field } else { before };
            before = b"";
        } else {
            filter |=
                operated.is_none() && FILTERS.iter().any(|own| own.eq_ignore_ascii_case(part));
            filter |= part.eq_ignore_ascii_case(b"pipeline");
            before = part;
        }
    }
    let telling = operated?;
    let last = field
        .rsplit(|byte| matches!(byte, b'_' | b'-'))
        .next()
        .unwrap_or(field);
    let secret = |part: &[u8]| {
        SECRETS.iter().any(|own| {
            part.get(..own.len())
                .is_some_and(|own_part| own_part.eq_ignore_ascii_case(own))
        })
    };
    let secret = secret(field) || secret(last);
    let hidden = [&b"pass"[..], b"pwd", b"secret"].iter().any(|own| {
        field.len() >= own.len()
            && field
                .get(..own.len())
                .is_some_and(|part| part.eq_ignore_ascii_case(own))
    });
    let guessed = text.strip_suffix(b"]").unwrap_or(text).ends_with(b"$regex") && is_secret(field);
    let sure = match (telling, secret, filter) {
        // Nobody filters by passwords, or looks for a part of a key.
        (true, true, true) if hidden => Confidence::Certain,
        (true, _, true) if guessed => Confidence::Certain,
        (_, true, false) | (true, false, false) => Confidence::Certain,
        (true, _, true) | (false, _, false) => Confidence::Likely,
        (false, _, true) => Confidence::Possible,
    };
    Some((sure, OPERATOR, 0..text.len()))
}

/// Whether a field holds a key that is sent to one person alone: `resetToken`, `api_key`.
fn is_secret(field: &[u8]) -> bool {
    const SECRETS: [&[u8]; 7] = [
        b"token",
        b"secret",
        b"password",
        b"apikey",
        b"api_key",
        b"otp",
        b"hash",
    ];
    SECRETS.iter().any(|own| {
        let end = field.len().checked_sub(own.len());
        end.and_then(|at| field.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(own))
    })
}

/// What `$where` runs: JavaScript, not the SQL that other services take.
fn condition_in_script(text: &[u8]) -> Found {
    const SIGNS: [&[u8]; 7] = [
        b"this.",
        b"this[",
        b"sleep(",
        b"function",
        b"return ",
        b"while(",
        b"==",
    ];
    let script = SIGNS
        .iter()
        .any(|own| crate::phrases::find(text, own).is_some());
    script.then_some((
        Confidence::Certain,
        "JavaScript for a document database",
        0..text.len(),
    ))
}

fn value(input: &Input<'_>) -> Found {
    let text = input.text;
    let code = matches!(input.context.field, Field::Code | Field::Telemetry);
    let found = object(text, input.context.name).or_else(|| script::read(text));
    let certain = found
        .as_ref()
        .is_some_and(|(sure, ..)| *sure == Confidence::Certain);
    let others = (!certain).then(|| graph(text).or_else(|| documents(text)));
    let found = others.flatten().or(found);
    found.map(|(sure, reading, span)| (if code { sure.less().less() } else { sure }, reading, span))
}

/// How many `$` are looked at.
const TRIES: usize = 16;

/// A key that is an operator: `{"$ne": 1}`, `', $where: '1 == 1`, `[$ne]=1`.
fn object(text: &[u8], field: &[u8]) -> Found {
    let mut best: Found = None;
    for at in seek::memchr_iter(b'$', text).take(TRIES) {
        let mut cursor = Cursor::new(text, at);
        let word = cursor.word();
        let before = text.get(..at).unwrap_or_default().trim_ascii_end();
        // What any document may hold tells something only where a query was closed before it.
        let closed = word.eq_ignore_ascii_case(b"$comment") && closes(before);
        let Some(telling) = operator(word).or(closed.then_some(true)) else {
            continue;
        };
        let quoted = before
            .last()
            .is_some_and(|byte| matches!(byte, b'"' | b'\''));
        let opened = before
            .strip_suffix(b"\"")
            .or_else(|| before.strip_suffix(b"'"))
            .unwrap_or(before)
            .trim_ascii_end();
        if quoted && !cursor.takes_one(&[b"\"", b"'"]) {
            continue;
        }
        cursor.blanks();
        let end = cursor.at();
        if opened.ends_with(b"[") && cursor.takes(b"]") && cursor.takes(b"=") {
            let sure = if telling {
                Confidence::Certain
            } else {
                Confidence::Likely
            };
            let reading = "an operator of a document database in a form";
            return best
                .filter(|(own, ..)| *own > sure)
                .or(Some((sure, reading, 0..end)));
        }
        let assigned = telling && opened.is_empty() && cursor.takes(b"=");
        if !assigned && !cursor.takes(b":") || !opens_value(cursor.blanks().peek()) {
            continue;
        }
        let sure = match opened.last() {
            None if telling => Confidence::Certain,
            Some(b'{') if said(text, opened) => Confidence::Likely,
            Some(b'{') if telling && hides(opened) => Confidence::Certain,
            Some(b'{') if hides(opened) && !is_filter(field) => Confidence::Certain,
            Some(b'{') if logs_in(opened) => Confidence::Certain,
            Some(b'{') => opened_by_brace(opened, telling, field),
            // After a closed string or value: `', $or: [`, `1, $where: '1 == 1'`.
            Some(b',') => after_value(opened, telling),
            _ => continue,
        };
        let stronger = best.as_ref().is_none_or(|(own, ..)| *own < sure);
        if stronger {
            best = Some((sure, "an operator of a document database", at..end));
        }
        if sure == Confidence::Certain {
            break;
        }
    }
    best
}

/// Whether a field takes conditions.
fn is_filter(field: &[u8]) -> bool {
    FILTERS.iter().any(|own| own.eq_ignore_ascii_case(field))
}

/// `{"u":"root","p":{`: a document of a name and a password, the names of whose fields are cut short.
fn logs_in(opened: &[u8]) -> bool {
    const NAMES: [&[u8]; 8] = [
        b"{\"u\":\"",
        b"{\"user\":\"",
        b"{\"username\":\"",
        b"{\"login\":\"",
        b"{\"email\":\"",
        b"{\"mail\":\"",
        b"{\"name\":\"",
        b"{\"l\":\"",
    ];
    const PASSWORDS: [&[u8]; 4] = [b",\"p\":{", b",\"pw\":{", b",\"pin\":{", b",\"key\":{"];
    let begins = |own: &&[u8]| {
        let head = opened.get(..own.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(own))
    };
    let blanks = opened.iter().filter(|own| own.is_ascii_whitespace());
    // Two fields, written as programs do.
    let two = opened.iter().filter(|own| **own == b',').count() == 1;
    two && blanks.count() == 0
        && NAMES.iter().any(begins)
        && PASSWORDS.iter().any(|own| opened.ends_with(own))
}

/// `"password":{`: the value of a password is to be compared, which nobody filters by.
fn hides(opened: &[u8]) -> bool {
    let before = opened
        .strip_suffix(b"{")
        .unwrap_or_default()
        .trim_ascii_end();
    let before = before
        .strip_suffix(b":")
        .unwrap_or_default()
        .trim_ascii_end();
    let quoted = before
        .strip_suffix(b"\"")
        .or_else(|| before.strip_suffix(b"'"))
        .unwrap_or(before);
    let letter = |own: &&u8| own.is_ascii_alphanumeric() || matches!(own, b'_' | b'-');
    let len = quoted.iter().rev().take_while(letter).count();
    let key = quoted.get(quoted.len() - len..).unwrap_or_default();
    let begins = |own: &&[u8]| {
        let head = key.get(..own.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(own))
    };
    [&b"pass"[..], b"pwd", b"secret"].iter().any(begins)
}

/// `$ne vs $not {"a":{"$ne":1}}`: words stand before the document, so it is spoken of.
fn said(text: &[u8], opened: &[u8]) -> bool {
    let brace = seek::memchr(b'{', opened).unwrap_or_default();
    let before = text.get(..brace).unwrap_or_default().trim_ascii();
    let words = before.split(|byte| *byte == b' ');
    words
        .filter(|word| {
            word.len() > 1
                && word
                    .iter()
                    .all(|own| own.is_ascii_alphanumeric() || *own == b'$')
        })
        .count()
        > 1
}

/// `' } ],`: a string and what it stands in are closed, and something else is to follow.
fn closes(before: &[u8]) -> bool {
    let Some(before) = before.strip_suffix(b",") else {
        return false;
    };
    let quote = before.iter().position(|byte| matches!(byte, b'\'' | b'"'));
    let behind = quote
        .and_then(|at| before.get(at + 1..))
        .unwrap_or_default();
    let closers = |byte: &u8| matches!(byte, b'}' | b']' | b')' | b' ');
    behind.iter().all(closers) && behind.contains(&b'}')
}

/// Whether a byte begins a value of JSON or JavaScript.
fn opens_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'\"[{/-".contains(&byte)
}

fn opened_by_brace(opened: &[u8], telling: bool, field: &[u8]) -> Confidence {
    let filter = is_filter(field);
    let alone = opened.len() <= 2;
    match (filter, alone, telling) {
        (true, _, _) => Confidence::Possible,
        (false, true, _) => Confidence::Certain,
        (false, false, true) => Confidence::Certain,
        (false, false, false) => Confidence::Likely,
    }
}

fn after_value(opened: &[u8], telling: bool) -> Confidence {
    let value = opened.strip_suffix(b",").unwrap_or(opened).trim_ascii();
    let short = value.len() <= 32 && !value.contains(&b'{');
    if telling && short || value.ends_with(b"'") && value.len() <= 32 {
        Confidence::Certain
    } else {
        Confidence::Likely
    }
}

/// AQL behind a closed string: `x" || true RETURN (FOR u IN _users RETURN u) //`.
fn documents(text: &[u8]) -> Found {
    /// No value that is looked for is longer, nor what goes on behind it.
    const LONGEST: usize = 64;
    const MOST: usize = 512;
    const BEGIN: [&[u8]; 9] = [
        b"||", b"&&", b"or ", b"and ", b"return ", b"for ", b"let ", b"filter ", b"limit ",
    ];
    let at = seek::memchr2(b'\'', b'"', text).filter(|at| *at < LONGEST)?;
    let mut cursor = Cursor::new(text, at + 1);
    cursor.take_while(|byte| matches!(byte, b')' | b']' | b'}' | b' ' | b'\n'));
    if !cursor.takes_one(&BEGIN) {
        return None;
    }
    let rest = text.get(at..text.len().min(at + MOST))?;
    let loops = seek::memchr2_iter(b'f', b'F', rest).any(|at| is_loop(rest, at));
    loops.then_some((
        Confidence::Certain,
        "AQL after a closed string",
        at..text.len(),
    ))
}

/// Whether a loop of AQL begins at `at` that prose does not hold: `FOR u IN _users RETURN`, in parentheses, or
/// over what the database keeps for itself, or with a comment behind it.
fn is_loop(text: &[u8], at: usize) -> bool {
    const NEXT: [&[u8]; 9] = [
        b"return", b"filter", b"remove", b"update", b"insert", b"replace", b"limit", b"collect",
        b"for",
    ];
    let before = text.get(..at).unwrap_or_default();
    if before.last().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let mut cursor = Cursor::new(text, at);
    let blank = |cursor: &mut Cursor<'_>| {
        let blanks = cursor.take_while(|byte| byte.is_ascii_whitespace());
        !blanks.is_empty()
    };
    let begun = cursor.takes(b"for") && blank(&mut cursor);
    let named = begun && !cursor.word().is_empty() && blank(&mut cursor);
    if !named || !cursor.takes(b"in") || !blank(&mut cursor) {
        return false;
    }
    let list = cursor.word();
    let follows = !list.is_empty() && blank(&mut cursor) && cursor.takes_one(&NEXT);
    let grouped = before.trim_ascii_end().ends_with(b"(");
    let own = list.starts_with(b"_");
    let hidden = || {
        let comment = [b"//".as_slice(), b"/*"];
        let found = |own: &&[u8]| crate::phrases::find(cursor.rest(), own).is_some();
        comment.iter().any(found)
    };
    follows && (grouped || own || hidden())
}

/// Cypher behind a closed string: `x'}) MATCH (u) DETACH DELETE u //`.
fn graph(text: &[u8]) -> Found {
    /// No name that is looked for is longer.
    const LONGEST: usize = 64;
    const CLAUSES: [&[u8]; 6] = [
        b"match (",
        b"load csv",
        b"detach delete",
        b"call db.",
        b"call apoc.",
        b"call dbms.",
    ];
    const BEGIN: [&[u8]; 8] = [
        b"return ", b"with ", b"match ", b"union ", b"or ", b"and ", b"call ", b"detach ",
    ];
    let at = seek::memchr2(b'\'', b'"', text).filter(|at| *at < LONGEST)?;
    let mut cursor = Cursor::new(text, at + 1);
    cursor.take_while(|byte| matches!(byte, b')' | b']' | b'}' | b' ' | b'\n'));
    if !cursor.takes_one(&BEGIN) {
        return None;
    }
    let rest = text.get(at..text.len().min(at + 512))?;
    let clause = |own: &&[u8]| {
        rest.windows(own.len())
            .any(|part| part.eq_ignore_ascii_case(own))
    };
    let found = (
        Confidence::Certain,
        "Cypher after a closed string",
        at..text.len(),
    );
    CLAUSES.iter().any(clause).then_some(found)
}
