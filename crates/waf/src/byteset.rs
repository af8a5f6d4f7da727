//! Sets of bytes, small enough to keep in registers.

/// A set of byte values as 256 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ByteSet(pub [u64; 4]);

/// Where a byte lies: the word and the bit in it.
const fn place(byte: u8) -> (usize, u64) {
    ((byte >> 6) as usize, 1 << (byte & 63))
}

/// The first two words of a set of one byte.
#[allow(clippy::indexing_slicing)] // worked out by the compiler, which refuses what lies outside
static ASCII: [[u64; 2]; 0x80] = {
    let mut all = [[0; 2]; 0x80];
    let mut byte = 0;
    while byte < all.len() {
        let (word, bit) = place(byte as u8);
        all[byte][word] = bit;
        byte += 1;
    }
    all
};

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// The set with this one byte added.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // `place` yields 0..=3 for every byte
    pub const fn with(mut self, byte: u8) -> Self {
        let (word, bit) = place(byte);
        self.0[word] |= bit;
        self
    }

    /// The bytes written out.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // the loop ends at the length
    pub const fn from_bytes(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        let mut at = 0;
        while at < bytes.len() {
            set = set.with(bytes[at]);
            at += 1;
        }
        set
    }

    /// The bytes from `first` to `last`, both included; empty when `first > last`.
    #[must_use]
    pub const fn range(first: u8, last: u8) -> Self {
        let mut set = Self::EMPTY;
        let mut byte = first as u16;
        while byte <= last as u16 {
            set = set.with(byte as u8);
            byte += 1;
        }
        set
    }

    /// The bytes that occur in `bytes`, in one pass without branches.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // a byte is a valid index into 256 flags
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.len() < 64 {
            return Self::of_short(bytes);
        }
        let mut seen = [0_u8; 256];
        for &byte in bytes {
            seen[usize::from(byte)] = 1;
        }
        let mut set = Self::EMPTY;
        let (flags, _) = seen.as_chunks::<8>();
        for (word, flags) in set.0.iter_mut().zip(flags.chunks_exact(8)) {
            for (byte, flags) in flags.iter().enumerate() {
                // The lowest bits of eight bytes, gathered in the highest byte.
                let eight = u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080) >> 56;
                *word |= eight << (8 * byte);
            }
        }
        set
    }

    /// The same for few bytes: a set in memory would be waited for at each of them.
    fn of_short(bytes: &[u8]) -> Self {
        let (mut low, mut high, mut all) = (0, 0, 0);
        for byte in bytes {
            let [own_low, own_high] = ASCII.get(usize::from(byte % 0x80)).unwrap_or(&[0; 2]);
            low |= own_low;
            high |= own_high;
            all |= byte;
        }
        if all < 0x80 {
            Self([low, high, 0, 0])
        } else {
            Self::from_bytes(bytes)
        }
    }

    /// Whether the byte is in the set.
    #[must_use]
    #[inline]
    #[allow(clippy::indexing_slicing)] // `place` yields 0..=3 for every byte
    pub const fn contains(&self, byte: u8) -> bool {
        let (word, bit) = place(byte);
        self.0[word] & bit != 0
    }

    /// The bytes of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a | e, b | f, c | g, d | h])
    }

    /// The bytes that are in both sets.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a & e, b & f, c & g, d & h])
    }

    /// The set with these bytes taken out.
    #[must_use]
    pub const fn without(self, bytes: &[u8]) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, Self::from_bytes(bytes).0);
        Self([a & !e, b & !f, c & !g, d & !h])
    }

    /// Every byte that is not in the set.
    #[must_use]
    pub const fn complement(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([!a, !b, !c, !d])
    }

    /// Whether the sets share a byte.
    #[must_use]
    #[inline]
    pub const fn intersects(&self, other: &Self) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        (a & e) | (b & f) | (c & g) | (d & h) != 0
    }

    /// Whether no byte is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        let [a, b, c, d] = self.0;
        a | b | c | d == 0
    }

    /// How many bytes are in the set.
    #[must_use]
    pub const fn len(&self) -> u32 {
        let [a, b, c, d] = self.0;
        a.count_ones() + b.count_ones() + c.count_ones() + d.count_ones()
    }

    /// The bytes in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u8> {
        let words = [0_u8, 64, 128, 192].into_iter().zip(self.0);
        words.flat_map(|(first, mut word)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                word &= word.wrapping_sub(1);
                // Below 64 unless the word is used up.
                (bit < 64).then_some(first | (bit as u8))
            })
        })
    }
}

impl std::fmt::Debug for ByteSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("{")?;
        for byte in self.iter() {
            write!(out, "{}", byte.escape_ascii())?;
        }
        out.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::ByteSet;

    #[test]
    fn of_agrees_with_contains_for_short_and_long_input() {
        for length in [0_usize, 1, 63, 64, 65, 1000] {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 37 % 256) as u8).collect();
            let set = ByteSet::of(&bytes);
            for byte in 0..=u8::MAX {
                assert_eq!(set.contains(byte), bytes.contains(&byte), "{length} {byte}");
            }
        }
    }

    #[test]
    fn set_algebra_holds() {
        let digits = ByteSet::range(b'0', b'9');
        let some = ByteSet::from_bytes(b"a5");
        assert!(digits.intersects(&some));
        assert!(!digits.intersects(&ByteSet::from_bytes(b"abc")));
        assert_eq!(digits.len(), 10);
        assert_eq!(digits.union(some).len(), 11);
        assert!(digits.complement().union(digits) == ByteSet::ALL);
        assert!(ByteSet::range(9, 8).is_empty());
        assert_eq!(ByteSet::range(0, 255), ByteSet::ALL);
    }
}
