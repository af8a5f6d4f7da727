//! What the model sees of a finding: hashed n-grams of bytes and of tokens.
//!
//! Two groups, because an attacker writes both but only one of them does the harm: the *span*, which
//! the detector read as an attack, and what stands *around* it.

use std::ops::Range;

use crate::detector::Class;

/// Longest span that is read in full.
pub const LONGEST: usize = 256;

/// Bytes read on either side of it.
const AROUND: usize = 40;

/// Features there may be: hashes are cut to this.
pub const WIDTH: usize = 1 << 16;

/// The bytes of a finding.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    class: Class,
    reading: &'static str,
    before: &'a [u8],
    span: &'a [u8],
    after: &'a [u8],
    /// Whether the text begins, and ends, with what is seen of it.
    open: (bool, bool),
}

impl<'a> Sample<'a> {
    pub(crate) fn new(
        class: Class,
        reading: &'static str,
        text: &'a [u8],
        span: &Range<usize>,
    ) -> Self {
        let end = span.end.min(text.len());
        let start = span.start.min(end);
        let (from, to) = (start.saturating_sub(AROUND), text.len().min(end + AROUND));
        let part = |from, to| text.get(from..to).unwrap_or_default();
        Self {
            class,
            reading,
            before: part(from, start),
            span: part(start, end.min(start + LONGEST)),
            after: part(end, to),
            open: (from == 0, to == text.len()),
        }
    }

    /// The class of the finding.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// Calls `each` with the features of the span, every one below [`WIDTH`].
    pub fn span(&self, mut each: impl FnMut(usize)) {
        let class = Hash::START.then(self.class as u8);
        each(class.of(1).cut());
        each(class.all(self.reading.as_bytes()).of(2).cut());
        // Kinds of features of one class.
        let own = |kind: u32| kind | (u32::from(self.class as u8) + 1) << 8;
        let (gram_of_class, token_of_class) = (own(4), own(6));
        grams(self.span, |gram| {
            each(gram.of(3).cut());
            each(gram.of(gram_of_class).cut());
        });
        tokens(self.span, |token| {
            each(token.of(5).cut());
            each(token.of(token_of_class).cut());
        });
    }

    /// The same of what stands around it.
    pub fn around(&self, mut each: impl FnMut(usize)) {
        let ends = u8::from(self.open.0) | u8::from(self.open.1) << 1;
        let empty = u8::from(self.before.is_empty()) | u8::from(self.after.is_empty()) << 1;
        each(Hash::START.then(ends).then(empty).of(7).cut());
        tokens(self.before, |own| each(own.of(8).cut()));
        tokens(self.after, |own| each(own.of(9).cut()));
        let near = [
            self.before.last().copied().map_or(0, folded),
            self.after.first().copied().map_or(0, folded),
        ];
        each(Hash::START.all(&near).of(10).cut());
    }
}

/// A hash of 32 bits: FNV-1a for words, one multiplication for what is put together of hashes.
#[derive(Clone, Copy)]
struct Hash(u32);

impl Hash {
    const START: Self = Self(0x811c_9dc5);

    fn then(self, byte: u8) -> Self {
        Self((self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }

    fn all(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |hash, byte| hash.then(*byte))
    }

    /// The n-gram of four bytes.
    fn gram(bytes: u32) -> Self {
        Self(bytes.wrapping_mul(0x9e37_79b1))
    }

    /// A pair of what two hashes stand for.
    fn with(self, next: Self) -> Self {
        Self((self.0.rotate_left(5) ^ next.0).wrapping_mul(0x9e37_79b1))
    }

    /// The same thing among those of a kind.
    fn of(self, kind: u32) -> Self {
        Self(self.0 ^ kind.wrapping_mul(0x85eb_ca6b))
    }

    fn cut(self) -> usize {
        let mixed = (self.0 ^ self.0 >> 15).wrapping_mul(0x2c1b_3c6d);
        (mixed ^ mixed >> 13) as usize % WIDTH
    }
}

/// A byte without what seldom matters: the case, which digit, which blank, which letter beyond ASCII.
const fn fold(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte | 0x20,
        b'0'..=b'9' => b'0',
        b'\t' | b'\n' | b'\r' | b' ' => b' ',
        0..=0x1f | 0x7f => 1,
        0x80.. => 0x80,
        _ => byte,
    }
}

/// [`fold`] of every byte.
static FOLDED: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(
            clippy::indexing_slicing,
            reason = "evaluated when the program is compiled; below 256"
        )]
        {
            table[byte] = fold(byte as u8);
        }
        byte += 1;
    }
    table
};

fn folded(byte: u8) -> u8 {
    FOLDED.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The n-grams of a text, the first of them and the last with its edge.
fn grams(text: &[u8], mut each: impl FnMut(Hash)) {
    let mut window = 0x0202_0202_u32;
    for byte in text.iter().copied().map(folded).chain([3]) {
        window = window << 8 | u32::from(byte);
        each(Hash::gram(window));
    }
}

/// Tokens, pairs and triples of tokens: words, numbers, single marks.
fn tokens(text: &[u8], mut each: impl FnMut(Hash)) {
    let (mut one, mut two) = (Hash::START, Hash::START);
    let mut bytes = text.iter().copied().map(folded).peekable();
    while let Some(first) = bytes.next() {
        if first == b' ' {
            continue;
        }
        let mut token = Hash::START.then(first);
        if is_word(first) {
            // Of digits in a row only the first counts, and of long words the beginning.
            let (mut last, mut len) = (first, 1);
            while let Some(byte) = bytes.next_if(|byte| is_word(*byte)) {
                if len < LONGEST_WORD && !(byte == last && matches!(byte, b'0' | 0x80)) {
                    token = token.then(byte);
                }
                (last, len) = (byte, len + 1);
            }
        }
        let pair = one.with(token);
        each(token);
        each(pair);
        each(two.with(pair));
        (two, one) = (one, token);
    }
}

/// Bytes of a word that count.
const LONGEST_WORD: usize = 24;

/// Whether a folded byte is one of a word.
fn is_word(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0' | b'_' | 0x80)
}
