//! Document databases: operators where a value is expected, and conditions in JavaScript.
//!
//! MongoDB reads `{"$ne": null}` and, through the parsers of forms, `password[$ne]=` as a condition
//! instead of a value. `$where` and its like run JavaScript, whose strings an input may close.

use crate::context::{Field, Place};
use crate::cursor::Cursor;
use crate::detector::{Class, Confidence, Detector, Evidence, Input};

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
    let sure = match (telling, secret, filter) {
        // Nobody filters by passwords.
        (true, true, true) if hidden => Confidence::Certain,
        (_, true, false) | (true, false, false) => Confidence::Certain,
        (true, _, true) | (false, _, false) => Confidence::Likely,
        (false, _, true) => Confidence::Possible,
    };
    Some((sure, OPERATOR, 0..text.len()))
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
    let found = object(text, input.context.name)
        .or_else(|| script(text))
        .or_else(|| graph(text));
    found.map(|(sure, reading, span)| (if code { sure.less().less() } else { sure }, reading, span))
}

/// How many `$` are looked at.
const TRIES: usize = 16;

/// A key that is an operator: `{"$ne": 1}`, `', $where: '1 == 1`, `[$ne]=1`.
fn object(text: &[u8], field: &[u8]) -> Found {
    for at in memchr::memchr_iter(b'$', text).take(TRIES) {
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
            return Some((
                if telling {
                    Confidence::Certain
                } else {
                    Confidence::Likely
                },
                "an operator of a document database in a form",
                0..end,
            ));
        }
        let assigned = telling && opened.is_empty() && cursor.takes(b"=");
        if !assigned && !cursor.takes(b":") || !opens_value(cursor.blanks().peek()) {
            continue;
        }
        let sure = match opened.last() {
            None if telling => Confidence::Certain,
            Some(b'{') if said(text, opened) => Confidence::Likely,
            Some(b'{') => opened_by_brace(opened, telling, field),
            // After a closed string or value: `', $or: [`, `1, $where: '1 == 1'`.
            Some(b',') => after_value(opened, telling),
            _ => continue,
        };
        return Some((sure, "an operator of a document database", at..end));
    }
    None
}

/// `$ne vs $not {"a":{"$ne":1}}`: words stand before the document, so it is spoken of.
fn said(text: &[u8], opened: &[u8]) -> bool {
    let brace = memchr::memchr(b'{', opened).unwrap_or_default();
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
    let filter = FILTERS.iter().any(|own| own.eq_ignore_ascii_case(field));
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
    let at = memchr::memchr2(b'\'', b'"', text).filter(|at| *at < LONGEST)?;
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

/// JavaScript that goes on where the application closed a string, or after a bare value.
fn script(text: &[u8]) -> Found {
    let quote = memchr::memchr3(b'\'', b'"', b'`', text);
    if let Some(at) = quote
        && let Some(found) = after_quote(text, at)
    {
        return Some(found);
    }
    bare(text)
}

fn after_quote(text: &[u8], at: usize) -> Found {
    let quote = text.get(at).copied()?;
    let mut cursor = Cursor::new(text, at + 1);
    cursor.take_while(|byte| matches!(byte, b')' | b']' | b'}' | b' '));
    let sure = if cursor.takes_one(&[b"||", b"&&"]) {
        condition(&mut cursor, quote)?
    } else if cursor.takes(b";") {
        statement(&mut cursor)?
    } else if cursor.takes(b"+") {
        cursor.blanks();
        let called = waits(&mut cursor);
        called.then_some(Confidence::Certain)?
    } else {
        return None;
    };
    Some((sure, "JavaScript after a closed string", at..cursor.at()))
}

fn bare(text: &[u8]) -> Found {
    let mut cursor = Cursor::new(text, 0);
    cursor.blanks();
    if cursor.takes(b"db.") {
        return database(&mut cursor).then(|| {
            (
                Confidence::Certain,
                "a command to a document database",
                0..cursor.at(),
            )
        });
    }
    cursor.takes(b"(");
    if cursor.takes(b"function") {
        return function(text, cursor);
    }
    let value = cursor.number() || cursor.takes_one(&[b"true", b"false", b"null"]);
    if !value {
        return None;
    }
    cursor.take_while(|byte| matches!(byte, b')' | b'}' | b' '));
    let sure = if cursor.takes(b";") {
        statement(&mut cursor)?
    } else if cursor.takes_one(&[b"||", b"&&"]) {
        own_document(&mut cursor)?
    } else {
        return None;
    };
    Some((sure, "JavaScript after a value", 0..cursor.at()))
}

/// `function() { … }`: MongoDB calls one in place of a condition.
fn function(text: &[u8], mut cursor: Cursor<'_>) -> Found {
    cursor.word();
    cursor.take_while(|byte| matches!(byte, b'(' | b')' | b' ' | b'{'));
    let body = cursor
        .rest()
        .get(..128.min(cursor.rest().len()))
        .unwrap_or_default();
    let holds = |of: &[&[u8]]| {
        of.iter()
            .any(|own| crate::phrases::find(body, own).is_some())
    };
    let sure = if holds(&[b"sleep(", b"this.", b"db."]) {
        Confidence::Likely
    } else if body.starts_with(b"return") && text.len() < 128 {
        Confidence::Possible
    } else {
        return None;
    };
    Some((sure, "a function in place of a condition", 0..cursor.at()))
}

/// `db.NAME.find(`: the commands of the database's own shell.
fn database(cursor: &mut Cursor<'_>) -> bool {
    const COMMANDS: [&[u8]; 14] = [
        b"find",
        b"findone",
        b"insert",
        b"insertone",
        b"update",
        b"remove",
        b"drop",
        b"dropdatabase",
        b"mapreduce",
        b"aggregate",
        b"count",
        b"deletemany",
        b"getcollectionnames",
        b"version",
    ];
    for _ in 0..3 {
        let word = cursor.word();
        if cursor.takes(b"(") {
            return COMMANDS.iter().any(|own| own.eq_ignore_ascii_case(word));
        }
        if !cursor.takes(b".") {
            return false;
        }
    }
    false
}

/// `sleep(100)`.
fn waits(cursor: &mut Cursor<'_>) -> bool {
    cursor.takes(b"sleep(") && cursor.blanks().number()
}

/// A condition on the document that is looked at: `this.password.match(/.*/)`, `this.a == 'b'`.
fn own_document(cursor: &mut Cursor<'_>) -> Option<Confidence> {
    cursor.take_while(|byte| matches!(byte, b'(' | b'!' | b' '));
    if cursor.takes_one(&[
        b"this.",
        b"this[",
        b"obj.",
        b"tojson(",
        b"tojsononeline(",
        b"object.keys(this",
    ]) {
        return Some(Confidence::Certain);
    }
    waits(cursor).then_some(Confidence::Certain)
}

/// After `||` or `&&`.
fn condition(cursor: &mut Cursor<'_>, quote: u8) -> Option<Confidence> {
    if let Some(found) = own_document(cursor) {
        return Some(found);
    }
    for _ in 0..CONDITIONS {
        let before = *cursor;
        let matched = match comparison(cursor) {
            Some(open) => open == Some(quote),
            None => {
                *cursor = before;
                truth(cursor, quote)?
            }
        };
        cursor.take_while(|byte| matches!(byte, b')' | b'}' | b' '));
        let hidden = [&b"//"[..], b"<!--", b"%00", b"\0"];
        if matched || cursor.peek() == 0 || cursor.takes_one(&hidden) {
            return Some(Confidence::Certain);
        }
        if !cursor.takes_one(&[b"||", b"&&"]) {
            break;
        }
    }
    Some(Confidence::Likely)
}

/// `true` or a number alone; whether the application's own string follows.
fn truth(cursor: &mut Cursor<'_>, quote: u8) -> Option<bool> {
    cursor.blanks();
    let constant = cursor.number() || cursor.takes_one(&[b"true", b"false"]);
    let more = [&b"//"[..], b"||", b"&&", b"<!--"];
    cursor.blanks();
    let goes_on = more.iter().any(|own| cursor.rest().starts_with(own));
    if !constant || !goes_on {
        return None;
    }
    let mut ahead = *cursor;
    ahead.skip(2);
    Some(ahead.blanks().peek() == quote && !cursor.rest().starts_with(b"//"))
}

/// How many comparisons in a row are read.
const CONDITIONS: usize = 8;

/// Two constants compared; the quote of the string that is not closed, if there is one.
fn comparison(cursor: &mut Cursor<'_>) -> Option<Option<u8>> {
    let left = constant(cursor)?;
    cursor.blanks();
    if !cursor.takes_one(&[b"===", b"==", b"!==", b"!=", b">=", b"<=", b">", b"<"]) {
        return None;
    }
    cursor.blanks();
    let right = constant(cursor)?;
    Some(left.or(right))
}

/// A constant: `Some(Some(quote))` for a string that is not closed.
fn constant(cursor: &mut Cursor<'_>) -> Option<Option<u8>> {
    cursor.blanks();
    if let Some(text) = cursor.string() {
        let short = text.body.len() <= 32;
        return short.then_some(text.open.then_some(text.quote));
    }
    (cursor.number() || cursor.takes_one(&[b"true", b"false", b"null"])).then_some(None)
}

/// After `;`: a statement that decides what the condition gives, or that waits.
fn statement(cursor: &mut Cursor<'_>) -> Option<Confidence> {
    cursor.blanks();
    if waits(cursor) {
        return Some(Confidence::Certain);
    }
    if cursor.takes(b"db.") {
        return database(cursor).then_some(Confidence::Certain);
    }
    if cursor.takes(b"return") {
        let parted = !cursor
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'(' | b'!'))
            .is_empty();
        let known = cursor.takes_one(&[
            b"true", b"false", b"this.", b"1", b"0", b"'", b"\"", b"(true", b"tojson(",
        ]);
        return (parted && known).then_some(Confidence::Certain);
    }
    let loops = cursor.takes_one(&[
        b"while(", b"while (", b"do{", b"do {", b"for(;;)", b"var ", b"it=",
    ]);
    let rest = cursor
        .rest()
        .get(..128.min(cursor.rest().len()))
        .unwrap_or_default();
    let clock = [&b"new Date"[..], b"Date()", b"1)", b"true)", b"return"];
    let long = clock
        .iter()
        .any(|own| crate::phrases::find(rest, own).is_some());
    (loops && long).then_some(Confidence::Certain)
}
