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

/// Bytes of an n-gram.
const GRAM: usize = 4;

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
        each(class.then(1).cut());
        each(class.then(2).all(self.reading.as_bytes()).cut());
        grams(self.span, |gram| {
            each(gram.then(3).cut());
            each(gram.then(4).then(self.class as u8).cut());
        });
        tokens(self.span, |own| {
            each(own.then(5).cut());
            each(own.then(6).then(self.class as u8).cut());
        });
    }

    /// The same of what stands around it.
    pub fn around(&self, mut each: impl FnMut(usize)) {
        let ends = u8::from(self.open.0) | u8::from(self.open.1) << 1;
        let empty = u8::from(self.before.is_empty()) | u8::from(self.after.is_empty()) << 1;
        each(Hash::START.then(ends).then(empty).then(7).cut());
        tokens(self.before, |own| each(own.then(8).cut()));
        tokens(self.after, |own| each(own.then(9).cut()));
        let near = [
            self.before.last().copied().map_or(0, fold),
            self.after.first().copied().map_or(0, fold),
        ];
        each(Hash::START.all(&near).then(10).cut());
    }
}

/// FNV-1a, with a final mix.
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

    /// A word; of digits in a row only the first counts, and of long words the beginning.
    fn word(self, word: &[u8]) -> Self {
        let mut hash = self;
        let mut last = 0;
        for byte in word.iter().take(24).copied().map(fold) {
            if !(byte == last && matches!(byte, b'0' | 0x80)) {
                hash = hash.then(byte);
            }
            last = byte;
        }
        hash
    }

    /// A pair of what two hashes stand for.
    fn with(self, next: Self) -> Self {
        self.then(0).all(&next.0.to_le_bytes())
    }

    fn cut(self) -> usize {
        let mixed = (self.0 ^ self.0 >> 15).wrapping_mul(0x2c1b_3c6d);
        (mixed ^ mixed >> 13) as usize % WIDTH
    }
}

/// A byte without what seldom matters: the case, which digit, which blank, which letter beyond ASCII.
fn fold(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte | 0x20,
        b'0'..=b'9' => b'0',
        b'\t' | b'\n' | b'\r' | b' ' => b' ',
        0..=0x1f | 0x7f => 1,
        0x80.. => 0x80,
        _ => byte,
    }
}

/// The n-grams of a text, the first of them and the last with its edge.
fn grams(text: &[u8], mut each: impl FnMut(Hash)) {
    let mut window = [2_u8; GRAM];
    for byte in text.iter().copied().map(fold).chain([3]) {
        window.rotate_left(1);
        if let Some(last) = window.last_mut() {
            *last = byte;
        }
        each(Hash::START.all(&window));
    }
}

/// Tokens, pairs and triples of tokens: words, numbers, single marks.
fn tokens(text: &[u8], mut each: impl FnMut(Hash)) {
    let (mut one, mut two) = (Hash::START, Hash::START);
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let len = match fold(first) {
            b' ' => {
                rest = after;
                continue;
            }
            b'a'..=b'z' | b'0' | b'_' | 0x80 => {
                1 + after.iter().take_while(|byte| is_word(**byte)).count()
            }
            _ => 1,
        };
        let (word, behind) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        rest = behind;
        let token = Hash::START.word(word);
        each(token);
        each(one.with(token));
        each(two.with(one).with(token));
        (two, one) = (one, token);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
