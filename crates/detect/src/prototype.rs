//! Keys that reach the object all objects inherit from.

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Prototype,
    bytes: b"",
    words: &[
        "__proto__",
        "prototype",
        "__pro__",
        "__proto\\",
        "__definegetter__",
        "__definesetter__",
        "__lookupgetter__",
    ],
    glance: None,
    detect,
};

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    crate::phrases::find(text, word)
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let (span, degree) = nested(text)
        .or_else(|| own(input))
        .or_else(|| constructor(input))?;
    let degree = match input.context.field {
        _ if input.context.place == Place::Name => degree,
        Field::Code | Field::Telemetry => degree.min(Confidence::Possible),
        Field::Text | Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => degree,
    };
    Some(Evidence {
        span,
        reading: "a key that changes what all objects inherit",
        confidence: degree,
    })
}

/// `__pro__proto__to__`, which a filter makes what it takes out.
fn nested(text: &[u8]) -> Option<(std::ops::Range<usize>, Confidence)> {
    let at = find(text, b"__pro__proto__to__").or_else(|| find(text, b"constconstructorructor"))?;
    Some((at..at + 18, Confidence::Certain))
}

/// `__proto__` as a key.
fn own(input: &Input<'_>) -> Option<(std::ops::Range<usize>, Confidence)> {
    let text = input.text;
    let at = find(text, b"__proto__")?;
    let end = at + 9;
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    let behind = text.get(end);
    let degree = if input.context.place == Place::Name {
        Confidence::Certain
    } else {
        match (before, behind) {
            // A query or a key path in a value: `__proto__[x]=1`, `a.__proto__.b`.
            (None | Some(b'[' | b'.' | b'&' | b'?' | b'#' | b'/'), Some(b'[' | b'.' | b']'))
                if assigns(text, end) =>
            {
                Confidence::Certain
            }
            (Some(b'"'), Some(b'"')) if is_key(text, end + 1) => Confidence::Certain,
            (Some(b'\''), Some(b'\'')) if is_key(text, end + 1) => Confidence::Likely,
            (None, None) => Confidence::Likely,
            (_, Some(b'[' | b'.')) => Confidence::Possible,
            _ => Confidence::Hint,
        }
    };
    Some((at..end, degree))
}

/// Whether a value is set: `…=`.
fn assigns(text: &[u8], from: usize) -> bool {
    let rest = text
        .get(from..text.len().min(from + 64))
        .unwrap_or_default();
    let spaced = text
        .iter()
        .take(from + 64)
        .filter(|own| **own == b' ')
        .count()
        > 3;
    rest.contains(&b'=') && !spaced
}

/// Whether a colon follows, and a value.
fn is_key(text: &[u8], from: usize) -> bool {
    let rest = text.get(from..).unwrap_or_default().trim_ascii_start();
    rest.first() == Some(&b':')
}

/// `constructor.prototype`, `constructor[prototype]`, `"constructor":{"prototype":`.
fn constructor(input: &Input<'_>) -> Option<(std::ops::Range<usize>, Confidence)> {
    let text = input.text;
    let at = find(text, b"constructor")?;
    let mut end = at + 11;
    let mark = text.get(end..text.len().min(end + 12))?;
    let json = mark.contains(&b':') && mark.contains(&b'{');
    while text
        .get(end)
        .is_some_and(|own| matches!(own, b'.' | b'[' | b']' | b'"' | b'\'' | b':' | b'{' | b' '))
        && end < at + 20
    {
        end += 1;
    }
    if !text.get(end..)?.starts_with(b"prototype") || end == at + 11 {
        return None;
    }
    let end = end + 9;
    let degree = match () {
        () if input.context.place == Place::Name => Confidence::Certain,
        () if json => Confidence::Certain,
        () if assigns(text, end)
            && (at == 0
                || text
                    .get(at - 1)
                    .is_some_and(|own| matches!(own, b'[' | b'.' | b'&' | b'?'))) =>
        {
            Confidence::Certain
        }
        () => Confidence::Possible,
    };
    Some((at..end, degree))
}
