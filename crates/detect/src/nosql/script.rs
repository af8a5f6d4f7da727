//! JavaScript that a document database runs, where a value was to stand.

use super::Found;
use crate::cursor::Cursor;
use crate::detector::Confidence;
use crate::phrases;
use crate::seek;

/// JavaScript that goes on where the application closed a string, or after a bare value.
pub(super) fn read(text: &[u8]) -> Found {
    let quote = seek::memchr3(b'\'', b'"', b'`', text);
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
    let holds = |of: &[&[u8]]| of.iter().any(|own| phrases::find(body, own).is_some());
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
    let long = clock.iter().any(|own| phrases::find(rest, own).is_some());
    (loops && long).then_some(Confidence::Certain)
}
