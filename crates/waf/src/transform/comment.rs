//! Comments of C, HTML, SQL and shells.

use babyshield_detect::finder::pair;

use super::copy_until;

/// Removes comments whole. The byte right after a comment is kept whatever it is, so that a second
/// comment glued to the first survives; at the end of the value that byte reads as NUL. Both are
/// ModSecurity's, and rules are written against them.
pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    loop {
        let opened = match rest {
            [b'/', b'*', after @ ..] | [b'<', b'!', b'-', b'-', after @ ..] => after,
            [] | [b'-', b'-', ..] | [b'#', ..] => return,
            [byte, after @ ..] => {
                out.push(*byte);
                rest = copy_until(after, |byte| matches!(byte, b'/' | b'<' | b'-' | b'#'), out);
                continue;
            }
        };
        let Some(after) = after_comment(opened) else {
            out.push(b' ');
            return;
        };
        let (next, after) = after.split_first().unwrap_or((&0, &[]));
        out.push(*next);
        rest = after;
    }
}

/// What follows the first `*/` or `-->`.
fn after_comment(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        match rest {
            [b'*', b'/', after @ ..] | [b'-', b'-', b'>', after @ ..] => return Some(after),
            [_, after @ ..] => rest = after,
            [] => return None,
        }
    }
}

/// Removes the marks and keeps what they enclose.
pub(super) fn remove_marks(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    loop {
        rest = match rest {
            [b'/', b'*', after @ ..]
            | [b'*', b'/', after @ ..]
            | [b'<', b'!', b'-', b'-', after @ ..]
            | [b'-', b'-', b'>', after @ ..]
            | [b'-', b'-', after @ ..]
            | [b'#', after @ ..] => after,
            [byte, after @ ..] => {
                out.push(*byte);
                copy_until(
                    after,
                    |byte| matches!(byte, b'/' | b'*' | b'<' | b'-' | b'#'),
                    out,
                )
            }
            [] => return,
        };
    }
}

/// Replaces each C comment by one space, also an unclosed one.
pub(super) fn replace(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some(at) = pair(rest, *b"/*") {
        let (before, comment) = rest.split_at(at);
        out.extend_from_slice(before);
        out.push(b' ');
        let inside = comment.get(2..).unwrap_or_default();
        match pair(inside, *b"*/") {
            Some(end) => rest = inside.get(end + 2..).unwrap_or_default(),
            None => return,
        }
    }
    out.extend_from_slice(rest);
}
