//! Finding a word in a list, by its first byte and its length before anything else: lists are looked
//! into for every word of a text.

/// For each first byte where its words begin; behind the last, where they end.
pub(crate) type Starts = [u16; 257];

/// The starts of a list whose words lie in the order of their first bytes.
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::panic,
    reason = "worked out by the compiler, which refuses what lies outside"
)]
pub(crate) const fn of(words: &[&str]) -> Starts {
    let mut starts = [0; 257];
    let mut at = 0;
    let mut byte = 0;
    while byte < starts.len() {
        while at < words.len() && (words[at].as_bytes()[0] as usize) < byte {
            at += 1;
        }
        starts[byte] = at as u16;
        byte += 1;
    }
    let mut at = 1;
    while at < words.len() {
        assert!(words[at - 1].as_bytes()[0] <= words[at].as_bytes()[0]);
        at += 1;
    }
    starts
}

/// The words of a list that tells something of each.
#[allow(clippy::indexing_slicing, reason = "as many as there are")]
pub(crate) const fn words<T: Copy, const N: usize>(
    list: &[(&'static str, T); N],
) -> [&'static str; N] {
    let mut all = [""; N];
    let mut at = 0;
    while at < N {
        all[at] = list[at].0;
        at += 1;
    }
    all
}

/// The places of the words that begin with a byte.
pub(crate) fn range(starts: &Starts, first: u8) -> std::ops::Range<usize> {
    let at = |byte: usize| starts.get(byte).map_or(0, |at| usize::from(*at));
    at(usize::from(first))..at(usize::from(first) + 1)
}

/// A longer word is in no list that is asked in lower case.
pub(crate) const LONGEST: usize = 24;

/// A word in lower case, as lists have it, in the room given; `None` where no list has one as long.
pub(crate) fn lower<'a>(word: &[u8], room: &'a mut [u8; LONGEST]) -> Option<&'a [u8]> {
    let own = room.get_mut(..word.len())?;
    own.copy_from_slice(word);
    own.make_ascii_lowercase();
    Some(own)
}

/// The place of a word.
pub(crate) fn find(words: &[&str], starts: &Starts, word: &[u8]) -> Option<usize> {
    let range = range(starts, *word.first()?);
    let from = range.start;
    let mut own = words.get(range)?.iter();
    let at = own.position(|own| own.len() == word.len() && own.as_bytes() == word)?;
    Some(from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_whole() {
        const WORDS: &[&str] = &["a", "ab", "abc", "b", "zz", "z"];
        const STARTS: Starts = of(WORDS);
        for (at, word) in WORDS.iter().enumerate() {
            assert_eq!(find(WORDS, &STARTS, word.as_bytes()), Some(at));
        }
        for word in ["", "c", "ac", "abcd", "\u{ff}"] {
            assert_eq!(find(WORDS, &STARTS, word.as_bytes()), None);
        }
        assert_eq!(range(&STARTS, b'a'), 0..3);
        assert_eq!(range(&STARTS, 255), 6..6);
    }
}
