//! Percent escapes (RFC 3986, 2.1), with the `%uXXXX` of old browsers and IIS.

use super::{digit, number, push};
use crate::seek;

/// Undoes one layer. `+` becomes a blank where the text has escapes and no blanks.
pub(crate) fn undo(text: &[u8], out: &mut Vec<u8>) -> bool {
    let begins = |at: usize| text.get(at + 1..).and_then(code);
    if !seek::memchr_iter(b'%', text).any(|at| begins(at).is_some()) {
        return false;
    }
    let plus = seek::memchr(b' ', text).is_none();
    let mut rest = text;
    // Escapes stand close together: what begins at once needs no search.
    let next = |rest: &[u8]| match rest.first() {
        Some(b'%' | b'+') => Some(0),
        _ => seek::memchr2(b'%', b'+', rest),
    };
    while let Some(at) = next(rest) {
        let (before, tail) = rest.split_at(at);
        out.extend_from_slice(before);
        let [first, after @ ..] = tail else { break };
        rest = after;
        match (*first, code(after)) {
            (b'%', Some((Code::Byte(byte), taken))) => {
                out.push(byte);
                rest = after.get(taken..).unwrap_or_default();
            }
            (b'%', Some((Code::Point(point), taken))) => {
                push(out, point);
                rest = after.get(taken..).unwrap_or_default();
            }
            (b'+', _) if plus => out.push(b' '),
            (byte, _) => out.push(byte),
        }
    }
    out.extend_from_slice(rest);
    true
}

enum Code {
    Byte(u8),
    Point(u32),
}

/// What the text behind a `%` stands for, and how many bytes that takes.
fn code(text: &[u8]) -> Option<(Code, usize)> {
    match text {
        [b'u' | b'U', after @ ..] => match number(after, 4) {
            (point, 4) => Some((Code::Point(point), 5)),
            _ => None,
        },
        [high, low, ..] => Some((Code::Byte(digit(*high)? << 4 | digit(*low)?), 2)),
        _ => None,
    }
}
