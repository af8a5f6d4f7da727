//! XPath: the input is read as the rest of a predicate, `[name='VALUE']`.
//!
//! A path of its own (`//div[@id='x']`) is what test tools and browser extensions send, and no attack. An
//! attack closes the string or the predicate and goes on with a condition or a path.

use crate::context::Field;
use crate::cursor::Cursor;
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;

/// Finds XPath.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Xpath,
    bytes: b"",
    words: &[
        "'or",
        "' or",
        "'and",
        "' and",
        "\"or",
        "\" or",
        "\"and",
        "\" and",
        ") or",
        ")or",
        ") and",
        ")and",
        "']",
        "\"]",
        "' ]",
        "'|",
        "' |",
        "\"|",
        "\" |",
        "])",
        "name(",
        "count(",
        "string-length(",
        "substring(",
        "position(",
        "doc(",
        "doc-available(",
        "document(",
        "unparsed-text",
        "node()",
        "text()",
        "::",
        "] |",
        "]|",
    ],
    glance: None,
    detect,
};

/// Functions of XPath that tests of conditions call.
const FUNCTIONS: [&[u8]; 24] = [
    b"name",
    b"local-name",
    b"namespace-uri",
    b"count",
    b"string-length",
    b"substring",
    b"substring-before",
    b"substring-after",
    b"contains",
    b"starts-with",
    b"ends-with",
    b"matches",
    b"position",
    b"last",
    b"text",
    b"node",
    b"true",
    b"false",
    b"not",
    b"boolean",
    b"number",
    b"string",
    b"normalize-space",
    b"translate",
];
/// Functions that read from elsewhere.
const OUTSIDE: [&[u8]; 7] = [
    b"doc",
    b"doc-available",
    b"document",
    b"unparsed-text",
    b"unparsed-text-available",
    b"collection",
    b"system-property",
];

/// Axes.
const AXES: [&[u8]; 8] = [
    b"ancestor",
    b"attribute",
    b"child",
    b"descendant",
    b"following",
    b"following-sibling",
    b"parent",
    b"self",
];

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let quoted = seek::memchr2(b'\'', b'"', text).and_then(|at| after_quote(text, at));
    let found = quoted.or_else(|| bare(text));
    let (confidence, reading, span) = found?;
    let confidence = match input.context.field {
        Field::Code | Field::Telemetry => confidence.less(),
        Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => {
            confidence
        }
    };
    Some(Evidence {
        span,
        reading,
        confidence,
    })
}

type Found = Option<(Confidence, &'static str, std::ops::Range<usize>)>;

/// After the quote that closes the application's string: `' or …`, `'] | …`.
fn after_quote(text: &[u8], at: usize) -> Found {
    let quote = text.get(at).copied()?;
    let mut cursor = Cursor::new(text, at + 1);
    cursor.blanks();
    let closed = !cursor
        .take_while(|byte| matches!(byte, b')' | b']' | b' '))
        .is_empty();
    if cursor.takes(b"|") {
        cursor.blanks();
        let path = cursor.peek() == b'/' && path(&mut cursor);
        return path.then_some((
            Confidence::Certain,
            "a path united with the one whose string was closed",
            at..cursor.at(),
        ));
    }
    if closed && cursor.peek() == b'/' && path(&mut cursor) {
        return Some((
            Confidence::Likely,
            "a path that goes on after a closed predicate",
            at..cursor.at(),
        ));
    }
    if !cursor.takes_one(&[b"or", b"and"]) || cursor.peek().is_ascii_alphanumeric() {
        return None;
    }
    let found = condition(&mut cursor)?;
    let ended = ends(cursor, quote);
    let sure = match (found, ended) {
        (Condition::Outside | Condition::Path, _) | (Condition::Call, true) => Confidence::Certain,
        (Condition::Call, false) => Confidence::Likely,
    };
    Some((
        sure,
        "a condition on the document after a closed string",
        at..cursor.at(),
    ))
}

/// A bare value: `1 or count(/*)=1`, `doc('http://…')`, `count(//user/child::node())`.
fn bare(text: &[u8]) -> Found {
    let mut cursor = Cursor::new(text, 0);
    cursor.blanks();
    let number = cursor.number();
    cursor.take_while(|byte| matches!(byte, b')' | b']' | b' '));
    if number && cursor.takes(b"|") {
        let path = cursor.blanks().peek() == b'/' && path(&mut cursor);
        return path.then_some((
            Confidence::Likely,
            "a path united with a closed one",
            0..cursor.at(),
        ));
    }
    let connected = cursor.takes_one(&[b"or ", b"and ", b"or(", b"and("]);
    let called = cursor.peek().is_ascii_alphabetic() && !number;
    if !connected && !called {
        return None;
    }
    let sure = match (condition(&mut cursor)?, connected && number) {
        (Condition::Outside, _) | (Condition::Path, true) => Confidence::Certain,
        (Condition::Path, false) if compared_or_ended(cursor) && called && walks(text) => {
            Confidence::Certain
        }
        (Condition::Path, false) if compared_or_ended(cursor) => Confidence::Likely,
        (Condition::Path, false) => return None,
        (Condition::Call, true) => Confidence::Possible,
        (Condition::Call, false) => return None,
    };
    Some((sure, "a condition on the document", 0..cursor.at()))
}

/// `count(/child::node())`: the whole document by its axes, as nobody writes who looks for something.
fn walks(text: &[u8]) -> bool {
    let has = |part: &[u8]| crate::phrases::find(text, part).is_some();
    text.len() < 128
        && (has(b"(/child::") || has(b"(/*[") || has(b"(//*[") || has(b"(/parent::"))
        && !has(b"@")
}

/// Whether the text ends here, or after a comparison with a constant.
fn compared_or_ended(mut cursor: Cursor<'_>) -> bool {
    cursor.blanks();
    let compared = !cursor.take_while(|byte| b"=<>!".contains(&byte)).is_empty();
    if compared {
        cursor.blanks();
        let _constant = cursor.number() || cursor.string().is_some();
    }
    cursor.ended()
}

/// What a condition is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// A call that reads another document.
    Outside,
    /// A path of XPath: `//*`, `/*[1]`, `parent::*`, `@id`.
    Path,
    /// A call of a function whose name other languages know too.
    Call,
}

/// The longest argument that is searched for a path.
const LONGEST: usize = 256;

fn condition(cursor: &mut Cursor<'_>) -> Option<Condition> {
    cursor.blanks();
    cursor.take_while(|byte| byte == b'(' || byte == b' ');
    if matches!(cursor.peek(), b'/' | b'@') || cursor.rest().starts_with(b"..") {
        let begin = *cursor;
        let found = path(cursor).then_some(Condition::Path);
        // `"and/or" rights`: nothing but slashes and words must be compared with something.
        let plain = found.is_some() && begin.peek() == b'/' && !begin.rest().starts_with(b"//");
        let plain = plain && is_plain(begin, *cursor);
        let compared = matches!(cursor.blanks().peek(), b'=' | b'<' | b'>' | b'!' | b'|' | 0);
        return found.filter(|_| !plain || compared);
    }
    let name = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if cursor.takes(b"::") {
        let axis = AXES.contains(&name);
        return (axis && path(cursor)).then_some(Condition::Path);
    }
    cursor.blanks();
    if name.is_empty() || !cursor.takes(b"(") {
        return None;
    }
    let known = |names: &[&[u8]]| names.iter().any(|own| own.eq_ignore_ascii_case(name));
    let arguments = cursor
        .rest()
        .get(..LONGEST.min(cursor.rest().len()))
        .unwrap_or_default();
    if known(&OUTSIDE) {
        let address = [&b"://"[..], b"file:", b"'/", b"\"/", b"concat("];
        let outside = address
            .iter()
            .any(|own| crate::phrases::find(arguments, own).is_some());
        return outside.then_some(Condition::Outside);
    }
    if !known(&FUNCTIONS) {
        return None;
    }
    let marks = [
        &b"//"[..],
        b"/*",
        b"::",
        b"@",
        b"text()",
        b"node()",
        b"name(/",
        b"[position",
    ];
    let path = marks
        .iter()
        .any(|own| crate::phrases::find(arguments, own).is_some());
    let own = [
        &b"name"[..],
        b"local-name",
        b"position",
        b"last",
        b"text",
        b"node",
    ]
    .contains(&name)
        && cursor.peek() == b')';
    // The call is read to its end, so that what follows can be looked at.
    let mut depth = 1;
    let length = arguments.iter().position(|byte| {
        depth += i32::from(*byte == b'(') - i32::from(*byte == b')');
        depth == 0
    })?;
    cursor.skip(length + 1);
    Some(if path || own {
        Condition::Path
    } else {
        Condition::Call
    })
}

/// A path: at least one step with a sign that only XPath has.
fn path(cursor: &mut Cursor<'_>) -> bool {
    let text =
        cursor.take_while(|byte| byte.is_ascii_alphanumeric() || b"/*@.:-_[]()".contains(&byte));
    let marks = [&b"//"[..], b"/*", b"::", b"@", b"()", b"["];
    let slashes = text.starts_with(b"/") && text.len() > 1;
    slashes && text.iter().any(u8::is_ascii_alphanumeric)
        || marks
            .iter()
            .any(|own| crate::phrases::find(text, own).is_some())
}

/// Whether what was read between two places holds names and slashes only.
fn is_plain(from: Cursor<'_>, to: Cursor<'_>) -> bool {
    let read = from.rest().get(..to.at().saturating_sub(from.at()));
    read.unwrap_or_default()
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(byte))
}

/// Whether the text ends so that the application's own quote fits.
fn ends(cursor: Cursor<'_>, quote: u8) -> bool {
    seek::memchr_iter(quote, cursor.rest()).count() % 2 == 1
}
