//! GraphQL that costs the server far more than it cost to send, or looks at the schema.
//!
//! The document is read once, token by token ([`lex`]), and counted: how deep it goes, how often the same
//! field is asked under other names, how many directives a field carries, and whether fragments hold
//! each other. What is no GraphQL is none of this detector's business.

mod count;
mod lex;

use count::Count;

use crate::context::Place;
use crate::detector::{Class, Confidence, Detector, Evidence, Input};

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Graphql,
    bytes: b"{",
    words: &[],
    glance: None,
    detect,
};

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let start = text.trim_ascii_start();
    if start.first() == Some(&b'[') {
        return batch(input, start);
    }
    if !begins(start) {
        return None;
    }
    let (count, end) = count::read(start)?;
    let (reading, confidence) = judge(&count)?;
    let from = text.len() - start.len();
    Some(Evidence {
        span: from..from + end,
        reading,
        confidence,
    })
}

/// Whether a text can be GraphQL: an operation, a fragment or a selection, and no JSON.
fn begins(text: &[u8]) -> bool {
    match text {
        [b'{', rest @ ..] => {
            let next = rest.trim_ascii_start().first();
            next.is_some_and(|own| {
                own.is_ascii_alphabetic() || matches!(own, b'_' | b'.' | b'#' | b'\\')
            })
        }
        [b'#', ..] => true,
        _ => [
            b"query".as_slice(),
            b"mutation",
            b"subscription",
            b"fragment",
        ]
        .iter()
        .any(|own| text.starts_with(own)),
    }
}

/// Whether a text is GraphQL, whatever it costs.
pub(crate) fn is_document(text: &[u8]) -> bool {
    let start = text.trim_ascii_start();
    begins(start) && count::read(start).is_some()
}

/// Many documents in one request: `[{"query":…},{"query":…}]`.
fn batch(input: &Input<'_>, text: &[u8]) -> Option<Evidence> {
    const MANY: usize = 100;
    let body = matches!(
        input.context.place,
        Place::Body | Place::Json | Place::Form | Place::Query
    );
    if !body || !text.get(1..)?.trim_ascii_start().starts_with(b"{\"query\"") {
        return None;
    }
    let documents = memchr::memmem::find_iter(text, b"{\"query\"")
        .take(MANY)
        .count();
    let confidence = match documents {
        MANY.. => Confidence::Certain,
        20.. => Confidence::Likely,
        10.. => Confidence::Possible,
        _ => return None,
    };
    Some(Evidence {
        span: 0..input.text.len(),
        reading: "very many documents in one request",
        confidence,
    })
}

/// How sure a count makes: the least for each degree.
fn step(own: usize, [possible, likely, certain]: [usize; 3]) -> Option<Confidence> {
    match own {
        own if own >= certain => Some(Confidence::Certain),
        own if own >= likely => Some(Confidence::Likely),
        own if own >= possible => Some(Confidence::Possible),
        _ => None,
    }
}

/// What the counts say.
fn judge(count: &Count) -> Option<(&'static str, Confidence)> {
    let same = if count.guesses {
        [3, 4, 5]
    } else if count.mutation {
        [5, 10, 20]
    } else {
        [15, 30, 100]
    };
    let loops = if count.depth >= 16 {
        [4, 5, 7]
    } else {
        [4, 6, usize::MAX]
    };
    let found = [
        (
            "fragments that hold each other",
            count.circular.then_some(Confidence::Certain),
        ),
        (
            "fields in fields, too deep",
            step(count.depth, [16, 20, 30]),
        ),
        (
            "the same fields in each other, again and again",
            step(count.repeats, loops),
        ),
        ("the same field under many names", step(count.same, same)),
        (
            "very many other names",
            step(count.aliases, [100, 200, 500]),
        ),
        (
            "the same field again and again",
            step(count.run, [5, 10, 50]),
        ),
        (
            "very many directives on a field",
            step(count.directives, [4, 6, 10]),
        ),
        (
            "lists in lists, too deep",
            step(count.brackets, [10, 20, 50]),
        ),
        ("very many operations", step(count.operations, [10, 20, 50])),
        (
            "a look at the whole schema",
            count.schema.then_some(Confidence::Likely),
        ),
        (
            "a look at a type",
            count.types.then_some(Confidence::Possible),
        ),
    ];
    let strongest = found
        .into_iter()
        .filter_map(|(reading, degree)| degree.map(|degree| (reading, degree)));
    strongest.reduce(|best, own| if own.1 > best.1 { own } else { best })
}
