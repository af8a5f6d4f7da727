//! Percent encoding, and parameter names as PHP sees them.

use super::{UnicodeMap, escape, hex};
use crate::byteset::ByteSet;

/// Bytes URL encoding leaves alone.
pub(super) const UNENCODED: ByteSet = ByteSet::range(b'0', b'9')
    .union(ByteSet::range(b'A', b'Z'))
    .union(ByteSet::range(b'a', b'z'))
    .with(b'*');

/// Decodes `%XX` and `+`, appends to `out`, and counts the percent signs that are no encoding
/// (they stay).
pub(crate) fn decode(input: &[u8], out: &mut Vec<u8>) -> usize {
    let mut wrong = 0;
    let mut rest = input;
    while let Some(at) = memchr::memchr2(b'%', b'+', rest) {
        let (before, code) = rest.split_at(at);
        out.extend_from_slice(before);
        rest = match code {
            [b'+', after @ ..] => {
                out.push(b' ');
                after
            }
            [_, high, low, after @ ..] if let Some(byte) = hex::pair(*high, *low) => {
                out.push(byte);
                after
            }
            _ => {
                wrong += 1;
                out.push(b'%');
                code.get(1..).unwrap_or_default()
            }
        };
    }
    out.extend_from_slice(rest);
    wrong
}

/// Decodes `%uXXXX` through the map, `%XX` and `+`.
pub(super) fn decode_unicode(input: &[u8], map: &UnicodeMap, out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some(at) = memchr::memchr2(b'%', b'+', rest) {
        let (before, code) = rest.split_at(at);
        out.extend_from_slice(before);
        let (byte, length) = match code {
            [b'+', ..] => (b' ', 1),
            [_, u @ (b'u' | b'U'), digits @ ..] => match escape::four_digits(digits) {
                Some((high, low)) => (map.byte(high, low), 6),
                None => {
                    out.push(b'%');
                    (*u, 2)
                }
            },
            [_, digits @ ..] => hex::leading(digits).map_or((b'%', 1), |byte| (byte, 3)),
            [] => return,
        };
        out.push(byte);
        rest = code.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) {
    for &byte in input {
        if UNENCODED.contains(byte) {
            out.push(byte);
        } else if byte == b' ' {
            out.push(b'+');
        } else {
            out.push(b'%');
            out.extend_from_slice(&hex::digits(byte));
        }
    }
}

/// The name under which PHP registers a parameter: leading blanks go, blanks and dots before the
/// first bracket become underscores, and what follows the last index is cut.
pub(super) fn php_name(input: &[u8], out: &mut Vec<u8>) {
    let start = input
        .iter()
        .position(|byte| *byte != b' ')
        .unwrap_or(input.len());
    let name = input.get(start..).unwrap_or_default();
    let (plain, mut rest) = name.split_at(memchr::memchr(b'[', name).unwrap_or(name.len()));
    if plain.is_empty() {
        return;
    }
    out.extend(plain.iter().map(|&byte| {
        if matches!(byte, b' ' | b'.') {
            b'_'
        } else {
            byte
        }
    }));
    let mut first = true;
    while let [b'[', inside @ ..] = rest {
        let Some(end) = memchr::memchr(b']', inside) else {
            if first {
                // No index at all: the bracket is one more forbidden character.
                out.push(b'_');
                out.extend_from_slice(inside);
            }
            return;
        };
        let (index, after) = inside.split_at(end);
        let blank = matches!(index, [only] if only.is_ascii_whitespace() || *only == 0x0b);
        out.push(b'[');
        out.extend_from_slice(if blank { &[] } else { index });
        out.push(b']');
        rest = after.get(1..).unwrap_or_default();
        first = false;
    }
}
