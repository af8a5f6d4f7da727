//! UTF-8 to `%uXXXX`.

use super::{copy_until, hex};

/// Each well-formed sequence becomes `%u` and at least four hex digits. Over-long forms and
/// surrogates are written and followed by their first byte, so that a rule can see them; a first
/// byte without its sequence vanishes, and so does a NUL that is not the last byte (ModSecurity's
/// ways, on which rules rely).
pub(super) fn to_unicode(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let [first, after @ ..] = rest {
        let first = *first;
        let (length, least) = match first {
            0 if !after.is_empty() => {
                rest = after;
                continue;
            }
            0xc0..=0xdf => (2, 0x80),
            0xe0..=0xef => (3, 0x800),
            0xf0..=0xf7 => (4, 0x1_0000),
            _ => {
                out.push(first);
                rest = copy_until(after, |byte| byte == 0 || byte >= 0xc0, out);
                continue;
            }
        };
        if first >= 0xf5 {
            out.push(first);
        }
        if let Some(code) = sequence(rest, length) {
            write_code(code, out);
            if (0xd800..=0xdfff).contains(&code) {
                out.push(first);
            }
            if code < least {
                out.push(first);
            }
            rest = rest.get(length..).unwrap_or_default();
        } else {
            rest = after;
        }
    }
}

/// The code point of a sequence of this length, if all its continuation bytes are there.
fn sequence(input: &[u8], length: usize) -> Option<u32> {
    let (first, tail) = input.get(..length)?.split_first()?;
    let start = u32::from(*first) & (0x7f >> length);
    tail.iter().try_fold(start, |code, byte| {
        (byte & 0xc0 == 0x80).then_some(code << 6 | u32::from(byte & 0x3f))
    })
}

fn write_code(code: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"%u");
    let [_, top, high, low] = code.to_be_bytes();
    if top > 0 {
        // Five digits, six beyond U+FFFFF: no leading zero is written.
        let [first, second] = hex::digits(top);
        if first != b'0' {
            out.push(first);
        }
        out.push(second);
    }
    out.extend_from_slice(&hex::digits(high));
    out.extend_from_slice(&hex::digits(low));
}
