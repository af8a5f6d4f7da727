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

/// A set that is asked about byte after byte.
pub(crate) struct Table([bool; 256]);

impl Table {
    /// Whether the byte is in the set.
    #[inline]
    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(false)
    }

    /// The first byte of a text that is in the set.
    #[inline]
    pub(crate) fn find(&self, text: &[u8]) -> Option<usize> {
        let (chunks, _) = text.as_chunks::<8>();
        // Eight at once, without asking after each.
        let any = |chunk: &[u8; 8]| chunk.iter().fold(false, |any, byte| any | self.has(*byte));
        let from = 8 * chunks.iter().take_while(|chunk| !any(chunk)).count();
        let rest = text.get(from..)?;
        Some(from + rest.iter().position(|byte| self.has(*byte))?)
    }
}

/// A set as a table.
#[allow(clippy::indexing_slicing)] // there is a place for each byte
pub(crate) const fn table(set: Set) -> Table {
    let mut all = [false; 256];
    let mut byte = 0;
    while byte < all.len() {
        all[byte] = has(set, byte as u8);
        byte += 1;
    }
    Table(all)
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

    #[test]
    fn a_table_finds_the_first_byte_of_its_set_wherever_it_stands() {
        static TABLE: Table = table(of(b"!\xff"));
        for len in 0..40 {
            let mut text = vec![b'a'; len];
            assert_eq!(TABLE.find(&text), None);
            for at in (0..len).rev() {
                text[at] = if at % 2 == 0 { b'!' } else { 0xff };
                assert_eq!(TABLE.find(&text), Some(at), "{at} of {len}");
            }
        }
    }
}
