//! UTF-16 and UTF-7 that a server decodes, and NUL bytes that it skips.

use super::{find, push};

/// UTF-16 in either byte order whose other bytes are all zero: ASCII, two bytes a letter.
pub(crate) fn utf16(text: &[u8], out: &mut Vec<u8>) -> bool {
    let body = text
        .strip_prefix(&[0xff, 0xfe])
        .or_else(|| text.strip_prefix(&[0xfe, 0xff]))
        .unwrap_or(text);
    let pairs = body.chunks_exact(2);
    let zero = |at: usize| pairs.clone().all(|pair| pair.get(at) == Some(&0)) && pairs.len() > 1;
    let keep = match (zero(0), zero(1)) {
        (true, false) => 1,
        (false, true) => 0,
        _ => return false,
    };
    out.extend(pairs.filter_map(|pair| pair.get(keep)));
    true
}

/// The text without its NUL bytes.
pub(crate) fn without_nul(text: &[u8], out: &mut Vec<u8>) -> bool {
    if !text.contains(&0) {
        return false;
    }
    out.extend(text.iter().filter(|byte| **byte != 0));
    true
}

/// UTF-7 (RFC 2152): `+ADw-script+AD4-`. At least one shifted part must be plain ASCII.
pub(crate) fn utf7(text: &[u8], out: &mut Vec<u8>) -> bool {
    let from = out.len();
    let mut changed = false;
    let mut rest = text;
    while let Some(at) = find(b'+', rest) {
        let (before, tail) = rest.split_at(at);
        out.extend_from_slice(before);
        let taken = shifted(tail.get(1..).unwrap_or_default(), out);
        changed |= taken > 0;
        if taken == 0 {
            out.push(b'+');
        }
        rest = tail.get(taken + 1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    if !changed {
        out.truncate(from);
    }
    changed
}

/// One shifted part that is ASCII: how many bytes it takes after the `+`, 0 where it is none.
fn shifted(text: &[u8], out: &mut Vec<u8>) -> usize {
    let (mut bits, mut have, mut len) = (0_u32, 0_u32, 0_usize);
    let from = out.len();
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        len += 1;
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        have += 6;
        if have >= 16 {
            have -= 16;
            let unit = bits >> have & 0xffff;
            if unit >= 128 {
                out.truncate(from);
                return 0;
            }
            push(out, unit);
        }
    }
    if out.len() == from {
        return 0;
    }
    len + usize::from(text.get(len) == Some(&b'-'))
}
