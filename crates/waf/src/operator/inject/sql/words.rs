//! libinjection's words: what kind each is, and which fingerprints are injections.

use std::sync::LazyLock;

use libinjectionrs::sqli::sqli_data::SQL_KEYWORDS;

use super::Kind;

/// Bytes kept of a token, and one more than any word has.
pub(super) const WIDTH: usize = 32;

/// Twice the words there are at least.
const SLOTS: usize = 1 << 12;
const FINGERPRINTS: usize = 1 << 14;

static WORDS: LazyLock<Words> = LazyLock::new(Words::build);

/// The tables, made once a process.
pub(super) fn words() -> &'static Words {
    &WORDS
}

/// Words and operators by their bytes, in any case.
pub(super) struct Words {
    /// Open addressing; a slot without letters is empty.
    slots: Box<[Slot]>,
    /// For each first byte, the lengths of the words that begin so, as bits.
    lengths: [u32; 256],
    /// The same of those with a blank.
    phrases: [u32; 256],
    /// Open addressing over fingerprints of at most seven letters; 0 is an empty slot.
    fingerprints: Box<[u64]>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// In capital letters, and nothing behind it.
    word: [u8; WIDTH],
    kind: Kind,
}

impl Words {
    fn build() -> Self {
        let empty = Slot {
            word: [0; WIDTH],
            kind: Kind::Bareword,
        };
        let mut own = Self {
            slots: vec![empty; SLOTS].into(),
            lengths: [0; 256],
            phrases: [0; 256],
            fingerprints: vec![0; FINGERPRINTS].into(),
        };
        for keyword in SQL_KEYWORDS {
            let word = keyword.word.as_bytes();
            match (word, keyword.token_type) {
                ([b'0', fingerprint @ ..], b'F') => own.add_fingerprint(fingerprint),
                (_, letter) => own.add(word, letter),
            }
        }
        own
    }

    fn add(&mut self, word: &[u8], letter: u8) {
        let kind = Kind::of_word(letter);
        if kind == Kind::Bareword || word.len() >= WIDTH {
            return;
        }
        let Some(first) = word.first() else { return };
        let has_blank = word.contains(&b' ');
        for (lengths, wanted) in [(&mut self.lengths, true), (&mut self.phrases, has_blank)] {
            for first in [first.to_ascii_lowercase(), first.to_ascii_uppercase()] {
                if let Some(own) = lengths.get_mut(usize::from(first)).filter(|_| wanted) {
                    *own |= 1 << word.len();
                }
            }
        }
        let word = capitals(word);
        let mut at = hash(&word);
        while let Some(slot) = self.slots.get_mut(at % SLOTS) {
            if slot.word == [0; WIDTH] {
                *slot = Slot { word, kind };
                return;
            }
            at += 1;
        }
    }

    fn add_fingerprint(&mut self, letters: &[u8]) {
        let packed = pack(letters);
        let mut at = spread(packed);
        while let Some(slot) = self.fingerprints.get_mut(at % FINGERPRINTS) {
            if *slot == 0 {
                *slot = packed;
                return;
            }
            at += 1;
        }
    }

    /// What kind of word it is; a bareword where it is none.
    pub(super) fn kind(&self, word: &[u8]) -> Kind {
        self.known(&self.lengths, word)
    }

    /// The same of two words with a blank in between.
    pub(super) fn phrase(&self, first: &[u8], second: &[u8]) -> Option<([u8; WIDTH], Kind)> {
        let len = first.len() + 1 + second.len();
        if !may_be(&self.phrases, first, len) {
            return None;
        }
        let mut both = [0; WIDTH];
        let bytes = first.iter().chain(b" ").chain(second);
        both.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        let kind = self.known(&self.phrases, both.get(..len)?);
        (kind != Kind::Bareword).then_some((both, kind))
    }

    fn known(&self, lengths: &[u32; 256], word: &[u8]) -> Kind {
        if !may_be(lengths, word, word.len()) {
            return Kind::Bareword;
        }
        let word = capitals(word);
        let mut at = hash(&word);
        while let Some(slot) = self.slots.get(at % SLOTS) {
            if slot.word == word {
                return slot.kind;
            }
            if slot.word == [0; WIDTH] {
                break;
            }
            at += 1;
        }
        Kind::Bareword
    }

    /// Whether statements whose tokens are of these kinds are injections.
    pub(super) fn is_injection(&self, fingerprint: &[u8]) -> bool {
        let packed = pack(fingerprint);
        let mut at = spread(packed);
        while let Some(slot) = self.fingerprints.get(at % FINGERPRINTS) {
            if *slot == packed || *slot == 0 {
                return *slot != 0;
            }
            at += 1;
        }
        false
    }
}

/// Whether some word begins as this one does and is so long.
#[inline]
fn may_be(lengths: &[u32; 256], word: &[u8], len: usize) -> bool {
    let lengths = word
        .first()
        .and_then(|first| lengths.get(usize::from(*first)));
    len < WIDTH && lengths.is_some_and(|own| own >> len & 1 == 1)
}

/// The letters of a word shorter than [`WIDTH`] in capitals, and nothing behind them.
fn capitals(word: &[u8]) -> [u8; WIDTH] {
    let mut own = [0; WIDTH];
    if let Some(part) = own.get_mut(..word.len()) {
        part.copy_from_slice(word);
    }
    own.make_ascii_uppercase();
    own
}

fn hash(word: &[u8; WIDTH]) -> usize {
    let (parts, _) = word.as_chunks::<8>();
    let fold = |sum: u64, part: &[u8; 8]| {
        (sum ^ u64::from_le_bytes(*part))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    };
    spread(parts.iter().fold(0, fold))
}

fn spread(number: u64) -> usize {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize
}

/// The letters of a fingerprint in capitals, as a number other than 0.
fn pack(letters: &[u8]) -> u64 {
    let add = |sum: u64, letter: &u8| sum << 8 | u64::from(letter.to_ascii_uppercase());
    letters.iter().fold(1, add)
}

#[cfg(test)]
mod tests {
    use libinjectionrs::sqli::sqli_data::lookup_word;

    use super::*;

    #[test]
    fn every_word_is_known_for_what_it_is() {
        let (mut known, mut fingerprints) = (0, 0);
        for keyword in SQL_KEYWORDS {
            let word = keyword.word;
            if keyword.token_type == b'F' {
                fingerprints += 1;
                let letters = word.strip_prefix('0').unwrap();
                assert!(letters.len() < 7 && words().is_injection(letters.as_bytes()));
                assert!(words().is_injection(letters.to_ascii_lowercase().as_bytes()));
                continue;
            }
            known += 1;
            let told = lookup_word(word).to_char();
            for word in [word.to_owned(), word.to_ascii_lowercase()] {
                assert_eq!(
                    words().kind(word.as_bytes()).letter() as char,
                    told,
                    "{word}"
                );
                if let Some((first, second)) = word.split_once(' ') {
                    let own = words().phrase(first.as_bytes(), second.as_bytes());
                    let own = own.map_or('n', |(_, kind)| kind.letter() as char);
                    assert_eq!(own, told, "{word}");
                }
            }
            for word in [word.get(1..).unwrap(), &format!("{word}q")] {
                let told = lookup_word(word).to_char();
                assert_eq!(
                    words().kind(word.as_bytes()).letter() as char,
                    told,
                    "{word}"
                );
            }
        }
        assert!(
            known * 2 < SLOTS && fingerprints * 3 < FINGERPRINTS * 2,
            "{known} {fingerprints}"
        );
        assert!(!words().is_injection(b"") && !words().is_injection(b"nnnnn"));
    }
}
