//! Bit 7 as a parity bit.

/// Bit 7 set where the number of ones is odd.
pub(super) fn even(input: &[u8], out: &mut Vec<u8>) {
    out.extend(
        input
            .iter()
            .map(|&byte| with_bit(byte, byte.count_ones() % 2 == 1)),
    );
}

/// Bit 7 set where the number of ones is even.
pub(super) fn odd(input: &[u8], out: &mut Vec<u8>) {
    out.extend(
        input
            .iter()
            .map(|&byte| with_bit(byte, byte.count_ones() % 2 == 0)),
    );
}

const fn with_bit(byte: u8, set: bool) -> u8 {
    if set { byte | 0x80 } else { byte & 0x7f }
}
