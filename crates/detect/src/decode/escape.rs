//! Escapes of JavaScript, JSON, C, Python and CSS strings.

use super::{find, number, push};

/// Undoes one layer: `\x3c`, `\u003c`, `\u{3c}`, `\U0000003c`, `\74` (octal); where there is one of
/// these, also `\n`, `\"` and the like. Without one the text is left as it is: a backslash before a
/// letter is a path.
pub(crate) fn undo(text: &[u8], out: &mut Vec<u8>) -> bool {
    let from = out.len();
    let mut changed = false;
    let mut rest = text;
    while let Some(at) = find(b'\\', rest) {
        let (before, tail) = rest.split_at(at);
        out.extend_from_slice(before);
        let coded = code(tail);
        changed |= coded.is_some();
        let taken = match coded {
            Some((code, taken)) => {
                let (code, taken) = join(code, taken, tail);
                push(out, code);
                taken
            }
            None => simple(tail, out),
        };
        rest = tail.get(taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    if !changed {
        out.truncate(from);
    }
    changed
}

/// A code point written in digits, and how many bytes that takes.
fn code(text: &[u8]) -> Option<(u32, usize)> {
    match text.get(1..)? {
        [b'x' | b'X', digits @ ..] => exactly(digits, 2).map(|code| (code, 4)),
        [b'u', b'{', digits @ ..] => {
            let (code, len) = number(digits, 6);
            (len > 0 && digits.get(len) == Some(&b'}')).then_some((code, len + 4))
        }
        [b'u', digits @ ..] => exactly(digits, 4).map(|code| (code, 6)),
        [b'U', digits @ ..] => exactly(digits, 8).map(|code| (code, 10)),
        [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] | [b'4'..=b'7', b'0'..=b'7', ..] => {
            let digits = text.get(1..)?.iter().take(3);
            let digits = digits.take_while(|byte| (b'0'..=b'7').contains(*byte));
            let (code, len) = digits.fold((0, 0), |(sum, len), byte| {
                (sum * 8 + u32::from(byte - b'0'), len + 1)
            });
            (code < 256).then_some((code, len + 1))
        }
        _ => None,
    }
}

fn exactly(digits: &[u8], count: usize) -> Option<u32> {
    match number(digits, count) {
        (code, len) if len == count => Some(code),
        _ => None,
    }
}

/// Two halves of a surrogate pair are one code point.
fn join(code: u32, taken: usize, text: &[u8]) -> (u32, usize) {
    if (0xd800..0xdc00).contains(&code)
        && let Some(rest) = text.get(taken..)
        && rest.starts_with(b"\\u")
        && let Some(low @ 0xdc00..0xe000) = exactly(rest.get(2..).unwrap_or_default(), 4)
    {
        return (
            0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00),
            taken + 6,
        );
    }
    (code, taken)
}

fn simple(text: &[u8], out: &mut Vec<u8>) -> usize {
    let byte = match text.get(1) {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(own @ (b'"' | b'\'' | b'/' | b'\\' | b'`')) => *own,
        _ => {
            out.push(b'\\');
            return 1;
        }
    };
    out.push(byte);
    2
}

/// Undoes the escapes of a JSON string (RFC 8259, 7), all of them.
pub(crate) fn json(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = find(b'\\', rest) {
        let (before, tail) = rest.split_at(at);
        out.extend_from_slice(before);
        let taken = match (tail.get(1), code(tail)) {
            (Some(b'u'), Some((code, taken))) => {
                let (code, taken) = join(code, taken, tail);
                push(out, code);
                taken
            }
            (Some(b'b' | b'f'), _) => {
                out.push(b' ');
                2
            }
            _ => simple(tail, out),
        };
        rest = tail.get(taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
