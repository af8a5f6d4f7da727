//! The search for a few words in a long text: for each by itself, by its rarest byte.
//!
//! A search for one byte looks at many places at once. As long as it stops seldom, a dozen of them take less than
//! [`babyshield_detect::finder`] takes for any number of words.

/// Shorter texts have other costs.
pub(super) const LONG: usize = 2 << 10;
/// More words are sooner looked for together.
const FEW: usize = 12;
/// A byte that stands in more than one place of so many is no rare one.
const RARE: usize = 48;
/// Places that are looked at in any case.
const LEAST: usize = 64;
/// Bytes of texts, the most frequent first.
const FREQUENT: &[u8] = b" etaoinsrlhdcumfpgwybv.,-_\n\"'=()0123456789k:/";

/// A word.
#[derive(Debug)]
pub(super) struct Few {
    number: u32,
    /// In lower case.
    word: Box<[u8]>,
    /// Its rarest byte, and where that stands.
    byte: u8,
    at: usize,
}

/// The words, where there are few of them; or none.
pub(super) fn all(words: &[&[u8]]) -> Vec<Few> {
    if words.len() > FEW {
        return Vec::new();
    }
    let words = words.iter().zip(0..);
    let all: Option<Vec<Few>> = words.map(|(word, number)| Few::new(word, number)).collect();
    all.unwrap_or_default()
}

impl Few {
    /// `None` for a word of nothing.
    fn new(word: &[u8], number: u32) -> Option<Self> {
        let rank = |byte: &u8| {
            FREQUENT
                .iter()
                .position(|own| own == byte)
                .unwrap_or(usize::MAX)
        };
        let (at, byte) = word.iter().enumerate().max_by_key(|(_, byte)| rank(byte))?;
        Some(Self {
            number,
            word: word.into(),
            byte: *byte,
            at,
        })
    }

    /// Tells the word if the text holds it, in any case; `false` where that is not known, for its rarest byte
    /// is not rare.
    pub(super) fn find(&self, text: &[u8], found: &mut impl FnMut(u32)) -> bool {
        let mut left = LEAST + text.len() / RARE;
        let mut is_at = |place: usize| {
            left = left.saturating_sub(1);
            let start = place.checked_sub(self.at);
            let own = start.and_then(|start| text.get(start..start + self.word.len()));
            own.is_some_and(|own| own.eq_ignore_ascii_case(&self.word)) || left == 0
        };
        let upper = self.byte.to_ascii_uppercase();
        let place = match upper == self.byte {
            true => memchr::memchr_iter(self.byte, text).find(|place| is_at(*place)),
            false => memchr::memchr2_iter(self.byte, upper, text).find(|place| is_at(*place)),
        };
        if left > 0 && place.is_some() {
            found(self.number);
        }
        left > 0
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, all};

    fn found(words: &[&[u8]], text: &str) -> Option<Vec<u32>> {
        let mut told = Vec::new();
        let few = all(words);
        let done = few
            .iter()
            .all(|own| own.find(text.as_bytes(), &mut |word| told.push(word)));
        (done && !few.is_empty()).then_some(told)
    }

    #[test]
    fn words_are_found_in_any_case_or_it_is_not_known() {
        let words: &[&[u8]] = &[b"javascript:", b"<!--", b"x", b"\xc3\xa9"];
        let text = "Nothing here. ".repeat(40);
        assert_eq!(found(words, &text), Some(vec![]));
        assert_eq!(found(words, &format!("{text}JavaScript:")), Some(vec![0]));
        assert_eq!(
            found(words, &format!("<!--{text}X \u{e9}")),
            Some(vec![1, 2, 3])
        );
        assert_eq!(found(words, &format!("{text}<!-")), Some(vec![]));
        assert_eq!(found(words, "avascript:"), Some(vec![]));
        assert_eq!(found(words, &"v!".repeat(4000)), None);
        assert_eq!(found(&[b""], &text), None);
        assert!(all(&vec![&b"ab"[..]; FEW + 1]).is_empty());
    }
}
