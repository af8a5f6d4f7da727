//! Values that cannot be SQL injections, told apart without reading them as SQL.
//!
//! libinjection knows an injection by a fingerprint, the kinds of its first five tokens. None of
//! its fingerprints consists of names, numbers, functions, operators, dots, commas, colons,
//! semicolons and question marks alone, and without brackets folding never turns these into
//! anything else. So a value is harmless if its bytes can only make such tokens and none of its
//! words is of another kind. Most values are.

use std::sync::LazyLock;

use crate::byteset::ByteSet;

/// Every word that occurs in a keyword, type, variable, logical operator or phrase of these in
/// libinjection's tables, in capital letters.
const WORDS: &str = include_str!("words.txt");

const LONGEST: usize = 29;

const DIGIT: ByteSet = ByteSet::range(b'0', b'9');
const WORD: ByteSet = DIGIT
    .union(ByteSet::range(b'A', b'Z'))
    .union(ByteSet::range(b'a', b'z'))
    .with(b'_');

/// Bytes that make no token but those of the module's doc, alone or next to each other; the
/// exceptions are [`doubles_up`].
const PLAIN: ByteSet = WORD
    .union(ByteSet::range(0x80, 0xff))
    .union(ByteSet::from_bytes(b" \t\r\n,.:;?=/+-*%<>!^~&|"));

/// Two bytes that begin a comment or are a logical operator.
const fn doubles_up(pair: [u8; 2]) -> bool {
    matches!(&pair, b"--" | b"/*" | b"*/" | b"&&" | b"||")
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::build);

pub(super) fn warm() {
    LazyLock::force(&TABLE);
}

/// Open addressing over the words; 0 is an empty slot.
struct Table {
    words: Vec<&'static [u8]>,
    slots: Box<[u16; SLOTS]>,
    /// For each two first bytes, the lengths of the words that begin with them, as bits.
    lengths: Box<[u32; STARTS]>,
}

const STARTS: usize = 1024;

/// Where the lengths of words with these first bytes are; letters count the same in both cases.
fn start(word: &[u8]) -> Option<usize> {
    let [first, second, ..] = *word else {
        return None;
    };
    Some(usize::from(first & 31) << 5 | usize::from(second & 31))
}

const SLOTS: usize = 4096;

impl Table {
    fn build() -> Self {
        let words: Vec<_> = WORDS.lines().map(str::as_bytes).collect();
        let mut slots = Box::new([0_u16; SLOTS]);
        for (word, number) in words.iter().zip(1..) {
            let mut at = hash(word);
            while let Some(slot) = slots.get_mut(at % SLOTS) {
                if *slot == 0 {
                    *slot = number;
                    break;
                }
                at += 1;
            }
        }
        let mut lengths = Box::new([0_u32; STARTS]);
        for word in &words {
            if let Some(own) = start(word).and_then(|at| lengths.get_mut(at)) {
                *own |= 1 << word.len();
            }
        }
        Self {
            words,
            slots,
            lengths,
        }
    }

    /// Whether a word of this length begins with the same two bytes. Every word has two.
    fn may_contain(&self, word: &[u8]) -> bool {
        let lengths = start(word).and_then(|at| self.lengths.get(at));
        lengths.is_some_and(|lengths| lengths.checked_shr(word.len() as u32).unwrap_or(0) & 1 == 1)
    }

    fn contains(&self, word: &[u8]) -> bool {
        let mut at = hash(word);
        while let Some(number) = self.slots.get(at % SLOTS).filter(|number| **number != 0) {
            let held = self.words.get(usize::from(*number) - 1);
            if held.is_some_and(|held| held.eq_ignore_ascii_case(word)) {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// FNV-1a of the word in capital letters.
fn hash(word: &[u8]) -> usize {
    let fold = |sum: u32, byte: &u8| {
        (sum ^ u32::from(byte.to_ascii_uppercase())).wrapping_mul(0x0100_0193)
    };
    let sum = word.iter().fold(0x811c_9dc5_u32, fold);
    (sum ^ sum >> 15) as usize
}

/// Whether the value cannot be an injection. `false` says nothing.
pub(super) fn is_harmless(value: &[u8]) -> bool {
    if !value.iter().all(|byte| PLAIN.contains(*byte)) {
        return false;
    }
    if value
        .windows(2)
        .any(|pair| matches!(*pair, [first, second] if doubles_up([first, second])))
    {
        return false;
    }
    let (mut after_dot, mut behind) = (false, 0);
    for word in value.split(|byte| !WORD.contains(*byte)) {
        if is_telling(word, after_dot) {
            return false;
        }
        // The byte behind this word is the one in front of the next.
        behind += word.len();
        after_dot = value.get(behind) == Some(&b'.');
        behind += 1;
    }
    true
}

/// Whether the word is one of the table. A number may end anywhere in it, and the rest be a word of
/// its own: `1union`, `1.eunion`.
fn is_telling(word: &[u8], after_dot: bool) -> bool {
    let table = &*TABLE;
    let number = after_dot || word.first().is_some_and(|first| DIGIT.contains(*first));
    let last = if number {
        word.len()
    } else {
        word.len().min(1)
    };
    let from = word.len().saturating_sub(LONGEST).min(last);
    (from..last).any(|from| {
        let rest = word.get(from..).unwrap_or_default();
        rest.len() <= LONGEST
            && rest.first().is_some_and(|byte| !DIGIT.contains(*byte))
            && table.may_contain(rest)
            && table.contains(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, WORDS, is_harmless};
    use libinjectionrs::detect_sqli;

    #[test]
    fn words_are_sorted_and_fit() {
        let words: Vec<_> = WORDS.lines().collect();
        assert!(words.is_sorted() && words.len() > 250);
        assert!(words.iter().all(|word| word.len() >= 2));
        assert_eq!(words.iter().map(|word| word.len()).max(), Some(LONGEST));
    }

    #[test]
    fn ordinary_values_are_harmless() {
        let values = [
            "",
            "hello world",
            "2025-01-01T12:00:00Z",
            "/api/v1/products?page=2&size=10",
            "3f2a9c0e-11d2-4b7a-9c55-0123456789ab",
            "1e5",
            "49.99",
            "a,b;c",
            "\u{e9}t\u{e9}",
        ];
        for value in values {
            assert!(is_harmless(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn anything_that_may_be_sql_is_not() {
        let values = [
            "1 or 1=1",
            "1union select",
            "1e5UNION",
            "1.eexcept",
            "0x1union",
            "a--",
            "a/*b",
            "it's",
            "f(x)",
            "@a",
            "a#b",
            "a||b",
            "select.x",
            "group by",
            "\0",
        ];
        for value in values {
            assert!(!is_harmless(value.as_bytes()), "{value}");
        }
    }

    #[rustfmt::skip]
    const PIECES: &[&[u8]] = &[
        b"abs", b"count", b"now", b"is", b"to", b"like", b"null", b"concat", b"rlike", b"mod", b"1", b"0x1", b"1e",
        b".", b",", b":", b";", b"=", b"-", b"/", b"*", b"+", b"%", b"<", b">", b"!", b"^", b"~", b"&", b"|", b"?",
        b"\xa0", b"\xc3\xa9", b"n", b"x", b"q", b"1d", b"1.e",
    ];

    /// The claim itself: random values of the pieces that matter, against libinjection.
    #[test]
    fn what_is_harmless_is_no_injection() {
        let words: Vec<_> = WORDS.lines().map(str::as_bytes).collect();
        let mut state = 0x1234_5678_9abc_def1_u64;
        let mut harmless = 0;
        for round in 0..300_000_u32 {
            let mut value = Vec::new();
            for _ in 0..1 + round % 7 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let from = if state & 1 == 0 { &words } else { PIECES };
                let piece = from[(state >> 20) as usize % from.len()];
                value.extend_from_slice(piece);
                if state & 6 == 0 {
                    value.push(b' ');
                }
            }
            if is_harmless(&value) {
                harmless += 1;
                assert!(
                    !detect_sqli(&value).is_injection(),
                    "{}",
                    value.escape_ascii()
                );
            }
        }
        assert!(harmless > 10_000, "{harmless}");
    }
}
