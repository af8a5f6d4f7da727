//! Base64, strict and lenient.
//!
//! Where libmodsecurity answers a wrong character (strict) or a stray `=` (lenient) with an empty
//! value, an attacker would choose to send one. Here the strict form keeps what came before, and
//! the lenient form passes over it, as PHP does.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Collects sextets and writes each byte as soon as it is whole.
#[derive(Default)]
struct Bits {
    held: u32,
    count: u8,
}

impl Bits {
    fn push(&mut self, sextet: u8, out: &mut Vec<u8>) {
        self.held = self.held << 6 | u32::from(sextet);
        self.count += 6;
        if self.count >= 8 {
            self.count -= 8;
            out.push((self.held >> self.count) as u8);
        }
    }
}

/// Stops at padding, NUL and any wrong character; line ends and blanks are passed over.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) {
    let mut bits = Bits::default();
    for &byte in input {
        match sextet(byte) {
            Some(value) => bits.push(value, out),
            None if matches!(byte, b' ' | b'\r' | b'\n') => {}
            None => break,
        }
    }
}

/// Passes over every wrong character.
pub(super) fn decode_lenient(input: &[u8], out: &mut Vec<u8>) {
    let mut bits = Bits::default();
    for value in input.iter().copied().filter_map(sextet) {
        bits.push(value, out);
    }
}

#[allow(clippy::indexing_slicing)] // six bits index 64 letters
pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) {
    out.reserve(input.len().div_ceil(3) * 4);
    for chunk in input.chunks(3) {
        let (bytes, letters) = match *chunk {
            [a, b, c] => ([a, b, c], 4),
            [a, b] => ([a, b, 0], 3),
            [a, ..] => ([a, 0, 0], 2),
            [] => break,
        };
        let group = u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
        for place in 0..4_u32 {
            let letter = ALPHABET[(group >> (18 - 6 * place)) as usize & 63];
            out.push(if place < letters { letter } else { b'=' });
        }
    }
}
