//! Hexadecimal in its several guises.

/// The value of a hex digit.
pub(crate) const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The value of two hex digits.
pub(crate) const fn pair(high: u8, low: u8) -> Option<u8> {
    match (digit(high), digit(low)) {
        (Some(high), Some(low)) => Some(high << 4 | low),
        _ => None,
    }
}

/// The byte two hex digits at the start of `input` stand for.
pub(super) const fn leading(input: &[u8]) -> Option<u8> {
    match input {
        [high, low, ..] => pair(*high, *low),
        _ => None,
    }
}

/// How many of the first `most` bytes are hex digits.
pub(super) fn run(input: &[u8], most: usize) -> usize {
    input
        .iter()
        .take(most)
        .take_while(|byte| digit(**byte).is_some())
        .count()
}

/// What ModSecurity makes of a byte it takes for a digit without looking: `z` counts 35.
const fn loose_digit(byte: u8) -> u8 {
    if byte >= b'A' {
        (byte & 0xdf).wrapping_sub(b'A').wrapping_add(10)
    } else {
        byte.wrapping_sub(b'0')
    }
}

pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.chunks_exact(2).map(|pair| {
        match pair {
            [high, low] => loose_digit(*high)
                .wrapping_mul(16)
                .wrapping_add(loose_digit(*low)),
            _ => 0,
        }
    }));
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The two lower-case digits of a byte.
#[allow(clippy::indexing_slicing)] // four bits index sixteen digits
pub(crate) const fn digits(byte: u8) -> [u8; 2] {
    [DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]
}

pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) {
    out.reserve(input.len() * 2);
    for &byte in input {
        out.extend_from_slice(&digits(byte));
    }
}

/// `0x414243` becomes `ABC`; an odd last digit stays.
pub(super) fn decode_sql(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let [first, after @ ..] = rest {
        if let (b'0', [b'x' | b'X', digits @ ..]) = (*first, after)
            && leading(digits).is_some()
        {
            rest = digits;
            while let (Some(byte), [_, _, after @ ..]) = (leading(rest), rest) {
                out.push(byte);
                rest = after;
            }
        } else {
            out.push(*first);
            rest = after;
        }
    }
}
