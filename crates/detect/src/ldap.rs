//! LDAP filters (RFC 4515): the input is read as the rest of `(attribute=VALUE)`.
//!
//! A value that closes the parenthesis it stands in and goes on with another filter, or that is a filter
//! of its own, is no name, number or sentence.

use crate::context::Field;
use crate::cursor::Cursor;
use crate::detector::{Class, Confidence, Detector, Evidence, Input};

/// Finds LDAP filters.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Ldap,
    bytes: b"",
    words: &[")(", ") (", "*)", "*()", "(|", "(&", "(!", "=*", ")\0"],
    glance: None,
    detect,
};

/// How many parentheses may be open.
const DEEPEST: usize = 32;
/// The longest value that is closed; a longer text is no value of a filter.
const LONGEST: usize = 256;

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let start = text
        .iter()
        .take(LONGEST)
        .position(|byte| matches!(byte, b'(' | b')'))?;
    let before = text.get(..start).unwrap_or_default();
    let found = match text.get(start) {
        Some(b')') => closed(text, start, before),
        _ => whole(text, start, before, input.context.name),
    };
    let (confidence, reading, end) = found.or_else(|| signs(text))?;
    let confidence = match input.context.field {
        Field::Code | Field::Telemetry => confidence.less(),
        Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => {
            confidence
        }
    };
    Some(Evidence {
        span: 0..end,
        reading,
        confidence,
    })
}

type Found = Option<(Confidence, &'static str, usize)>;

/// Whether this could stand in a filter before the parenthesis that closes it.
fn is_value(before: &[u8]) -> bool {
    !before
        .iter()
        .any(|byte| matches!(byte, b'\'' | b'"' | b';' | b'{' | b'}' | b'<' | b'>' | b'='))
}

/// Whether a value is one word.
fn is_short(before: &[u8]) -> bool {
    !before.is_empty() && before.len() < 32 && !before.contains(&b' ')
}

/// `VALUE)` and more.
fn closed(text: &[u8], start: usize, before: &[u8]) -> Found {
    let mut cursor = Cursor::new(text, start);
    cursor.take_while(|byte| byte == b')' || byte == b' ');
    if !is_value(before) {
        return None;
    }
    let star = before.ends_with(b"*") || before.ends_with(b"\\2a");
    if cursor.peek() == 0 {
        let cut = text.last() == Some(&0);
        let sure = match (star, cut) {
            (true, true) => Confidence::Certain,
            (true, false) if before.len() < 32 => Confidence::Likely,
            (false, true) => Confidence::Likely,
            _ => return None,
        };
        return Some((
            sure,
            "a value that closes the filter it stands in",
            text.len(),
        ));
    }
    let read = filters(&mut cursor);
    let sure = match (read.complete, read.operators, star) {
        (0, 0, _) => return None,
        (0, _, true) if read.ended => Confidence::Certain,
        // `admin)(&))`: what is always true.
        (0, _, false) if read.ended && asks(text) => Confidence::Certain,
        // `admin)(&`: the application ends it.
        (0, _, false) if read.ended && is_short(before) => Confidence::Certain,
        (0, _, false) if read.ended => Confidence::Likely,
        (0, _, _) => return None,
        (_, _, true) => Confidence::Certain,
        _ if read.ended && text.ends_with(b"\0") => Confidence::Certain,
        (_, _, false) if read.ended && (read.operators > 0 || read.stars) => Confidence::Certain,
        (_, _, false) if read.ended => Confidence::Likely,
        _ => return None,
    };
    Some((
        sure,
        "a value that closes its filter and goes on with another",
        cursor.at(),
    ))
}

/// A filter of its own, or a value and a filter: `*(|(objectclass=*))`.
fn whole(text: &[u8], start: usize, before: &[u8], name: &[u8]) -> Found {
    let mut cursor = Cursor::new(text, start);
    let star = before.ends_with(b"*");
    if !star && !before.trim_ascii().is_empty() {
        return None;
    }
    let read = filters(&mut cursor);
    if read.complete == 0 || !read.ended {
        return None;
    }
    let sure = match (read.operators > 0, star) {
        (true, _) if star || read.stars || asks(text) => Confidence::Certain,
        (true, _) | (_, true) => Confidence::Likely,
        (false, false) if read.stars => Confidence::Likely,
        (false, false) => return None,
    };
    // Tools for directories have a field for whole filters.
    let sure = if is_for_filters(name) {
        sure.less()
    } else {
        sure
    };
    Some((sure, "a filter of its own", cursor.at()))
}

/// `filter`, `json.searchFilter`.
fn is_for_filters(name: &[u8]) -> bool {
    name.get(name.len().saturating_sub(6)..)
        .is_some_and(|end| end.eq_ignore_ascii_case(b"filter"))
}

/// Whether a filter asks for a password, or negates: those that people write look for somebody.
fn asks(text: &[u8]) -> bool {
    [
        &b"assword"[..],
        b"(!",
        b"1=",
        b"(&)",
        b"(|)",
        b"=admin",
        b"=root",
    ]
    .iter()
    .any(|own| crate::phrases::find(text, own).is_some())
}

/// `*()|&'`: the signs of filters and nothing else, which shows whether a value is escaped.
fn signs(text: &[u8]) -> Found {
    const MOST: usize = 16;
    let text = text.trim_ascii();
    let has = |sign: u8| text.contains(&sign);
    let probe = text.len() <= MOST
        && text.starts_with(b"*")
        && text.iter().all(|byte| b"*()|&!=~<>'\"\\\0".contains(byte))
        && has(b'(')
        && has(b')')
        && (has(b'|') || has(b'&'));
    probe.then_some((
        Confidence::Certain,
        "the signs of a filter, one after the other",
        text.len(),
    ))
}

/// What a run of filters was.
#[derive(Default)]
struct Filters {
    /// Comparisons that were read to their end.
    complete: usize,
    /// `&`, `|`, `!` after a parenthesis.
    operators: usize,
    /// A comparison with `*`.
    stars: bool,
    /// The text ends with them.
    ended: bool,
}

/// Reads filters one after the other, in each other, with more or less parentheses than were open.
fn filters(cursor: &mut Cursor<'_>) -> Filters {
    let mut read = Filters::default();
    let mut depth = 0;
    loop {
        cursor.blanks();
        match cursor.peek() {
            b'(' if depth < DEEPEST => {
                depth += 1;
                cursor.takes(b"(");
                cursor.blanks();
                let operator = cursor.takes_one(&[b"&", b"|", b"!"]);
                read.operators += usize::from(operator);
                let nested = matches!(cursor.blanks().peek(), b'(' | b')' | b'&' | b'|' | b'!' | 0);
                if !nested && !comparison(cursor, &mut read) {
                    return read;
                }
            }
            b')' => {
                depth = depth.saturating_sub(1);
                cursor.takes(b")");
            }
            _ => break,
        }
    }
    read.ended = cursor.ended();
    read
}

/// Attributes whose values are names of entries (RFC 4514), which are comparisons themselves.
const NAMED: [&[u8]; 10] = [
    b"memberof",
    b"member",
    b"uniquemember",
    b"manager",
    b"directreports",
    b"distinguishedname",
    b"entrydn",
    b"objectcategory",
    b"seealso",
    b"owner",
];

/// `attribute=value`; the value may be cut off by the end of the text.
fn comparison(cursor: &mut Cursor<'_>, read: &mut Filters) -> bool {
    let attribute =
        cursor.take_while(|byte| byte.is_ascii_alphanumeric() || b"-;.:".contains(&byte));
    let attribute = attribute.strip_suffix(b":").unwrap_or(attribute);
    if attribute.is_empty() || !attribute.iter().any(u8::is_ascii_alphabetic) {
        return false;
    }
    cursor.blanks();
    if !cursor.takes_one(&[b"=", b"~=", b">=", b"<="]) {
        return false;
    }
    let named = NAMED.iter().any(|own| attribute.eq_ignore_ascii_case(own));
    let value = cursor.take_while(|byte| match byte {
        b'=' => named,
        _ => !matches!(byte, b'(' | b')' | b'"' | b'\'' | b'{' | b';' | 0),
    });
    read.complete += 1;
    read.stars |= value.contains(&b'*');
    matches!(cursor.peek(), b'(' | b')' | 0)
}
