//! Percent escapes (RFC 3986, 2.1), with the `%uXXXX` of old browsers and IIS.

use super::{digit, number, push};

/// Undoes one layer. `+` becomes a blank where the text has escapes and no blanks.
pub(crate) fn undo(text: &[u8], out: &mut Vec<u8>) -> bool {
    let from = out.len();
    let plus = !text.contains(&b' ');
    let mut changed = false;
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (*first, tail) {
            (b'%', [high, low, after @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                let pair = (digit(*high).unwrap_or(0) << 4) | digit(*low).unwrap_or(0);
                out.push(pair);
                (changed, rest) = (true, after);
            }
            (b'%', [b'u' | b'U', after @ ..]) => match number(after, 4) {
                (code, 4) => {
                    push(out, code);
                    rest = after.get(4..).unwrap_or_default();
                    changed = true;
                }
                _ => out.push(b'%'),
            },
            (b'+', _) if plus => out.push(b' '),
            (byte, _) => out.push(byte),
        }
    }
    if !changed {
        out.truncate(from);
    }
    changed
}
