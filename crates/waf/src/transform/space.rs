//! White space, NUL bytes and what shells ignore.

use super::SPACE;
use crate::byteset::ByteSet;

/// White space and both bytes of a UTF-8 no-break space.
pub(super) const WITH_NON_BREAKING: ByteSet = SPACE.with(0xa0).with(0xc2);

/// Bytes a command line loses or turns into a space.
pub(super) const COMMAND_LINE: ByteSet = ByteSet::from_bytes(b"\"'\\^ ,;\t\r\n");

pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) {
    let mut inside = false;
    for &byte in input {
        let space = SPACE.contains(byte);
        if !space {
            out.push(byte);
        } else if !inside {
            out.push(b' ');
        }
        inside = space;
    }
}

pub(super) fn remove(input: &[u8], which: ByteSet, out: &mut Vec<u8>) {
    out.extend(input.iter().copied().filter(|byte| !which.contains(*byte)));
}

pub(super) fn replace_nulls(input: &[u8], out: &mut Vec<u8>) {
    out.extend(
        input
            .iter()
            .map(|&byte| if byte == 0 { b' ' } else { byte }),
    );
}

pub(super) fn trim_left(input: &[u8]) -> &[u8] {
    let start = input
        .iter()
        .position(|byte| !SPACE.contains(*byte))
        .unwrap_or(input.len());
    input.get(start..).unwrap_or_default()
}

pub(super) fn trim_right(input: &[u8]) -> &[u8] {
    let end = input
        .iter()
        .rposition(|byte| !SPACE.contains(*byte))
        .map_or(0, |last| last + 1);
    input.get(..end).unwrap_or_default()
}

/// Quotes, backslashes and carets vanish; separators become one space, none before `/` and `(`.
pub(super) fn command_line(input: &[u8], out: &mut Vec<u8>) {
    let mut space = false;
    for &byte in input {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !space {
                    out.push(b' ');
                }
                space = true;
            }
            b'/' | b'(' => {
                if space {
                    out.pop();
                }
                space = false;
                out.push(byte);
            }
            other => {
                space = false;
                out.push(other.to_ascii_lowercase());
            }
        }
    }
}
