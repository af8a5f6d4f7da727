//! Sets of bytes: 256 bits, as the caller may have them already.

/// Which bytes a text holds; bit `b % 64` of word `b / 64`.
pub type Set = [u64; 4];

/// The bytes of a text.
#[must_use]
pub const fn of(bytes: &[u8]) -> Set {
    let mut set = [0; 4];
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        set = with(set, *byte);
        rest = tail;
    }
    set
}

#[allow(clippy::indexing_slicing)] // a byte shifted by six is at most three
const fn with(mut set: Set, byte: u8) -> Set {
    set[(byte >> 6) as usize] |= 1 << (byte & 63);
    set
}

/// All bytes from `first` to `last`.
#[must_use]
pub(crate) const fn range(first: u8, last: u8) -> Set {
    let mut set = [0; 4];
    let mut byte = first;
    while byte <= last {
        set = with(set, byte);
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    set
}

/// The bytes of both.
#[must_use]
pub(crate) const fn union([a, b, c, d]: Set, [e, f, g, h]: Set) -> Set {
    [a | e, b | f, c | g, d | h]
}

/// Whether two sets share a byte.
#[must_use]
pub(crate) const fn intersects([a, b, c, d]: Set, [e, f, g, h]: Set) -> bool {
    (a & e) | (b & f) | (c & g) | (d & h) != 0
}

/// Whether every byte of the first is in the second.
#[must_use]
pub(crate) const fn within([a, b, c, d]: Set, [e, f, g, h]: Set) -> bool {
    (a & !e) | (b & !f) | (c & !g) | (d & !h) == 0
}

/// Whether the byte is in the set.
#[must_use]
#[inline]
pub(crate) const fn has([a, b, c, d]: Set, byte: u8) -> bool {
    let word = match byte >> 6 {
        0 => a,
        1 => b,
        2 => c,
        _ => d,
    };
    word >> (byte & 63) & 1 == 1
}

/// Letters, digits.
pub(crate) const WORD: Set = union(
    union(range(b'0', b'9'), range(b'a', b'z')),
    range(b'A', b'Z'),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_agree_with_membership() {
        let set = of(b"az09\x00\xff");
        for byte in 0..=u8::MAX {
            assert_eq!(has(set, byte), b"az09\x00\xff".contains(&byte), "{byte}");
        }
        assert!(within(of(b"abc"), WORD) && !within(of(b"a-c"), WORD));
        assert_eq!(range(0, 255), [u64::MAX; 4]);
    }
}
