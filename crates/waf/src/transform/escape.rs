//! Backslash escapes of CSS, C and JavaScript.

use super::SPACE;
use super::hex;

/// Copies up to the next backslash and returns what follows it.
fn copy_to_backslash<'a>(rest: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let Some(at) = memchr::memchr(b'\\', rest) else {
        out.extend_from_slice(rest);
        return None;
    };
    let (before, escape) = rest.split_at(at);
    out.extend_from_slice(before);
    escape.get(1..)
}

/// Full-width ASCII (U+FF01 to U+FF5E) is ASCII shifted; other code points lose their high byte.
pub(super) const fn narrow(high: u8, low: u8) -> u8 {
    if high == 0xff && low > 0 && low < 0x5f {
        low + 0x20
    } else {
        low
    }
}

pub(super) fn css(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some(escape) = copy_to_backslash(rest, out) {
        let length = hex::run(escape, 6);
        let (digits, mut after) = escape.split_at(length);
        if length > 0 {
            out.push(css_code(digits));
            // One white space ends the escape and belongs to it.
            if let [space, tail @ ..] = after
                && SPACE.contains(*space)
            {
                after = tail;
            }
        } else if let [byte, tail @ ..] = after {
            if *byte != b'\n' {
                out.push(*byte);
            }
            after = tail;
        }
        rest = after;
    }
}

/// One to six hex digits as a byte; only code points of exactly four significant digits are
/// looked at for full-width forms.
fn css_code(digits: &[u8]) -> u8 {
    let value = digits
        .iter()
        .filter_map(|byte| hex::digit(*byte))
        .fold(0_u32, |sum, digit| sum << 4 | u32::from(digit));
    let low = value as u8;
    if digits.len() >= 4 && value >> 16 == 0 {
        narrow((value >> 8) as u8, low)
    } else {
        low
    }
}

const fn control(byte: u8) -> Option<u8> {
    match byte {
        b'a' => Some(0x07),
        b'b' => Some(0x08),
        b'f' => Some(0x0c),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'v' => Some(0x0b),
        _ => None,
    }
}

/// Up to three octal digits: their value and count.
fn octal(input: &[u8]) -> (u32, usize) {
    let digits = input
        .iter()
        .take(3)
        .take_while(|byte| matches!(byte, b'0'..=b'7'));
    digits.fold((0, 0), |(value, count), digit| {
        (value << 3 | u32::from(digit - b'0'), count + 1)
    })
}

pub(super) fn ansi_c(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some(escape) = copy_to_backslash(rest, out) {
        let [kind, after @ ..] = escape else {
            out.push(b'\\');
            return;
        };
        let (byte, length) = match *kind {
            b'x' | b'X' => hex::leading(after).map_or((*kind, 1), |byte| (byte, 3)),
            b'0'..=b'7' => {
                let (value, count) = octal(escape);
                (value as u8, count)
            }
            other => (control(other).unwrap_or(other), 1),
        };
        out.push(byte);
        rest = escape.get(length..).unwrap_or_default();
    }
}

pub(super) fn javascript(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some(escape) = copy_to_backslash(rest, out) {
        let [kind, after @ ..] = escape else {
            out.push(b'\\');
            return;
        };
        let (byte, length) = match *kind {
            b'u' => four_digits(after).map_or((*kind, 1), |(high, low)| (narrow(high, low), 5)),
            b'x' => hex::leading(after).map_or((*kind, 1), |byte| (byte, 3)),
            b'0'..=b'7' => match octal(escape) {
                // Three digits are one byte up to \377 only.
                (value, 3) if value > 0o377 => ((value >> 3) as u8, 2),
                (value, count) => (value as u8, count),
            },
            other => (control(other).unwrap_or(other), 1),
        };
        out.push(byte);
        rest = escape.get(length..).unwrap_or_default();
    }
}

/// The two bytes four hex digits write.
pub(super) fn four_digits(input: &[u8]) -> Option<(u8, u8)> {
    Some((hex::leading(input)?, hex::leading(input.get(2..)?)?))
}
