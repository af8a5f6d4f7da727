//! Which of many words a text holds, in any case of their ASCII letters.
//!
//! An automaton waits for memory at each byte: the place of the next state is known only when the last
//! has come, and thousands of words make a table larger than a core's caches. Here each place of a text
//! is looked up by itself in a few kilobytes, so that a core works at many places at once: first the
//! three bytes there, then, where these could begin a gram of a word, its bits by hash, and where that
//! is set the words, byte by byte.

use std::collections::HashMap;

use crate::seek;
use crate::set::{self, Set};

/// Places looked at before the words of those that stood out are compared.
const BLOCK: usize = 256;
/// A text that is no longer is looked at in one go, and nothing of it is remembered.
const SMALL: usize = 64;
/// Rows of [`Finder::follows`].
const FOLLOWS: usize = 4096;
/// Marks of a place: that it may have a gram of that length.
const TWO: u16 = 1 << 8;
const THREE: u16 = 1 << 9;
const FOUR: u16 = 1 << 10;
/// Words found of late, which need not be found again: a text may be one of them over and over.
const RECENT: usize = 64;
/// Grams met of late that nothing more can be found by: a power of two.
const SPENT: usize = 32;
/// How far behind a place a word may begin; it is at this distance at most that the rarest bytes of
/// a word are looked for.
const FARTHEST: u8 = 12;
/// The letters of both cases are one where grams are hashed, and some other bytes with them.
const FOLD: u32 = 0x2020_2020;
const SPREAD: u32 = 0x9e37_79b1;

/// Finds words in texts.
#[derive(Clone, Debug)]
pub struct Finder {
    /// By the hash of two bytes, which bytes follow them in a gram: bit `b % 32` for the byte `b`.
    follows: Box<[u32; FOLLOWS]>,
    two: Level<64>,
    three: Level<256>,
    four: Level<2048>,
    /// Words of a single byte.
    bytes: Vec<(u8, u32)>,
    /// For each word, what it has after its first eight bytes.
    tails: Box<[Box<[u8]>]>,
}

/// Words known by so many bytes of them.
#[derive(Clone, Debug)]
struct Level<const WORDS: usize> {
    bits: Box<[u64; WORDS]>,
    /// For each word of [`Level::bits`], how many bits are set before it.
    before: Box<[u16; WORDS]>,
    /// For each set bit, where its entries begin; and where the last end.
    starts: Box<[u32]>,
    entries: Box<[Entry]>,
}

/// What was found in a text of late. That it is not remembered costs time alone.
struct Lately {
    /// By their last bits.
    words: [u32; RECENT],
    /// By their hash, and more by one: none is 0.
    grams: [u64; SPENT],
}

impl Lately {
    const NOTHING: Self = Self {
        words: [u32::MAX; RECENT],
        grams: [0; SPENT],
    };

    fn place(gram: u32) -> usize {
        // As many bits as the table has places for.
        (gram.wrapping_mul(SPREAD) >> (u32::BITS - SPENT.trailing_zeros())) as usize
    }

    /// Whether another place with these four bytes tells nothing new.
    #[inline]
    fn is_spent(&self, gram: [u8; 4]) -> bool {
        let gram = u32::from_le_bytes(gram);
        self.grams.get(Self::place(gram)) == Some(&(u64::from(gram) + 1))
    }

    fn spend(&mut self, gram: [u8; 4]) {
        let gram = u32::from_le_bytes(gram);
        if let Some(own) = self.grams.get_mut(Self::place(gram)) {
            *own = u64::from(gram) + 1;
        }
    }
}

/// A word.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Its first eight bytes, in lower case.
    head: u64,
    /// 0x20 at its letters.
    case: u64,
    /// The bytes it has.
    mask: u64,
    word: u32,
    /// How far before the gram it begins.
    back: u8,
    /// Its bytes in [`Entry::head`].
    len: u8,
}

impl<const WORDS: usize> Level<WORDS> {
    const SHIFT: u32 = u32::BITS - (WORDS * 64).trailing_zeros();

    fn new(mut entries: Vec<(u32, Entry)>) -> Self {
        entries.sort_by_key(|(hash, _)| *hash);
        let mut bits = Box::new([0_u64; WORDS]);
        let mut starts = Vec::new();
        let mut last = None;
        for ((hash, _), at) in entries.iter().zip(0..) {
            let bit = hash >> Self::SHIFT;
            if last.replace(bit) == Some(bit) {
                continue;
            }
            starts.push(at);
            if let Some(own) = bits.get_mut((bit >> 6) as usize) {
                *own |= 1 << (bit & 63);
            }
        }
        starts.push(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        let mut before = Box::new([0; WORDS]);
        let mut sum = 0_u16;
        for (before, bits) in before.iter_mut().zip(bits.iter()) {
            *before = sum;
            sum += u16::try_from(bits.count_ones()).unwrap_or(0);
        }
        Self {
            bits,
            before,
            starts: starts.into(),
            entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// Whether some word has a gram of that hash.
    fn has(&self, hash: u32) -> bool {
        let at = hash >> Self::SHIFT;
        let word = self.bits.get((at >> 6) as usize).copied().unwrap_or(0);
        word >> (at & 63) & 1 == 1
    }

    fn memory(&self) -> usize {
        size_of_val(&*self.bits)
            + size_of_val(&*self.before)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.entries)
    }

    /// The words that may have a gram of that hash.
    fn entries(&self, hash: u32) -> &[Entry] {
        let at = hash >> Self::SHIFT;
        let word = (at >> 6) as usize;
        let bits = self.bits.get(word).copied().unwrap_or(0);
        let bit = 1 << (at & 63);
        if bits & bit == 0 {
            return &[];
        }
        let before = self.before.get(word).copied().unwrap_or(0);
        let own = usize::from(before) + (bits & (bit - 1)).count_ones() as usize;
        let bounds = self.starts.get(own).zip(self.starts.get(own + 1));
        let range = bounds.map_or(0..0, |(start, end)| *start as usize..*end as usize);
        self.entries.get(range).unwrap_or_default()
    }
}

/// The bytes of a gram as a number, in one case.
#[inline(always)]
fn folded(gram: [u8; 4]) -> u32 {
    u32::from_le_bytes(gram) | FOLD
}

/// The hash of the first so many bytes of a gram.
#[inline(always)]
fn hash<const LEN: u32>(gram: u32) -> u32 {
    (gram << (32 - 8 * LEN)).wrapping_mul(SPREAD)
}

/// The row of two bytes in [`Finder::follows`].
#[inline(always)]
fn row_of(bytes: [u8; 2]) -> u16 {
    const SPREAD: u16 = 0x79b1;
    let folded = u16::from_le_bytes(bytes) | 0x2020;
    folded.wrapping_mul(SPREAD) >> (u16::BITS - FOLLOWS.trailing_zeros())
}

impl Default for Finder {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Finder {
    /// A finder of words, in any case. Empty words are never found.
    #[must_use]
    pub fn new(words: &[&[u8]]) -> Self {
        let mut levels: [Vec<(u32, Entry)>; 3] = Default::default();
        let mut uses = HashMap::new();
        let mut bytes = Vec::new();
        let mut follows = Box::new([0; FOLLOWS]);
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
        for (word, number) in words.iter().zip(0..) {
            match word.as_slice() {
                [] => {}
                [byte] => bytes.push((*byte, number)),
                _ => {
                    let (gram, hash, entry) = Entry::new(word, number, &mut uses);
                    let level = word.len().min(4) - 2;
                    let [first, second, third, _] = gram.to_le_bytes();
                    if let Some(own) = follows.get_mut(usize::from(row_of([first, second]))) {
                        *own |= if level == 0 {
                            u32::MAX
                        } else {
                            1 << (third & 31)
                        };
                    }
                    if let Some(level) = levels.get_mut(level) {
                        level.push((hash, entry));
                    }
                }
            }
        }
        let tails = words.iter().map(|word| word.get(8..).unwrap_or_default());
        let [two, three, four] = levels;
        Self {
            follows,
            two: Level::new(two),
            three: Level::new(three),
            four: Level::new(four),
            bytes,
            tails: tails.map(Box::from).collect(),
        }
    }

    /// Calls `found` with the number of every word the text, whose bytes are `set`, holds; as often as it
    /// likes.
    pub fn find(&self, text: &[u8], set: &Set, mut found: impl FnMut(u32)) {
        for (byte, word) in &self.bytes {
            if set::has(*set, *byte) || set::has(*set, byte.to_ascii_uppercase()) {
                found(*word);
            }
        }
        if self.tails.is_empty() {
            return;
        }
        if text.len() <= SMALL {
            return self.block((text, 0), &mut [0; SMALL], None, &mut found);
        }
        let mut places = [0; BLOCK];
        let mut lately = Lately::NOTHING;
        for start in (0..text.len()).step_by(BLOCK) {
            self.block((text, start), &mut places, Some(&mut lately), &mut found);
        }
    }

    /// Finds words whose grams stand in a block of a text.
    fn block<const MOST: usize>(
        &self,
        (text, start): (&[u8], usize),
        places: &mut [u16; MOST],
        mut lately: Option<&mut Lately>,
        found: &mut impl FnMut(u32),
    ) {
        // The last grams of a block reach into the next.
        let rest = text.get(start..).unwrap_or_default();
        let block = rest.get(..MOST + 3).unwrap_or(rest);
        let count = self.mark(block, places);
        let count = self.sift(block, places, count, lately.as_deref());
        for place in places.iter().take(count) {
            self.compare(text, start, *place, lately.as_deref_mut(), found);
        }
    }

    /// Notes the places of a block at which a gram may be; how many there are.
    fn mark<const MOST: usize>(&self, block: &[u8], places: &mut [u16; MOST]) -> usize {
        let mut count = 0;
        let mut note = |at: u16, row: u16, third: u8| {
            let follows = self.follows.get(usize::from(row) % FOLLOWS);
            // Written in any case and kept if there is something, so that nothing has to be foreseen.
            // There are never more than the block has places; the compiler is told.
            if let Some(own) = places.get_mut(count % MOST) {
                *own = at;
            }
            count += (follows.copied().unwrap_or(0) >> (third & 31) & 1) as usize;
        };
        let mut at = 0;
        // Eight grams lie in ten bytes; a core hashes them with one instruction.
        let mut rest = block;
        while let Some([_, seconds @ .., _]) = rest.first_chunk::<10>()
            && let Some((firsts, _)) = rest.split_first_chunk::<8>()
            && let Some((_, thirds)) = rest.get(..10).and_then(|own| own.split_last_chunk::<8>())
        {
            let mut rows = [0; 8];
            for ((row, first), second) in rows.iter_mut().zip(firsts).zip(seconds) {
                *row = row_of([*first, *second]);
            }
            for ((at, row), third) in (at..).zip(rows).zip(thirds) {
                note(at, row, *third);
            }
            at += 8;
            rest = rest.get(8..).unwrap_or_default();
        }
        for at in at..u16::try_from(block.len().min(MOST)).unwrap_or(0) {
            let [first, second, third, _] = gram_at(block, usize::from(at));
            note(at, row_of([first, second]), third);
        }
        count
    }

    /// Keeps of the places noted those at which there is a gram by its hash, and says of which length, in the
    /// bits above the place; how many there are.
    fn sift(
        &self,
        block: &[u8],
        places: &mut [u16],
        count: usize,
        lately: Option<&Lately>,
    ) -> usize {
        let mut kept = 0;
        for at in 0..count {
            let place = places.get(at).copied().unwrap_or(0);
            let gram = gram_at(block, usize::from(place));
            if lately.is_some_and(|own| own.is_spent(gram)) {
                continue;
            }
            let gram = folded(gram);
            let two = u16::from(self.two.has(hash::<2>(gram))) * TWO;
            let three = u16::from(self.three.has(hash::<3>(gram))) * THREE;
            let four = u16::from(self.four.has(hash::<4>(gram))) * FOUR;
            let lengths = two | three | four;
            if let Some(own) = places.get_mut(kept) {
                *own = place | lengths;
            }
            kept += usize::from(lengths != 0);
        }
        kept
    }

    /// Compares the words whose grams a place of a block may have.
    fn compare(
        &self,
        text: &[u8],
        start: usize,
        place: u16,
        mut lately: Option<&mut Lately>,
        found: &mut impl FnMut(u32),
    ) {
        let at = start + usize::from(place) % BLOCK;
        let bytes = gram_at(text, at);
        let gram = folded(bytes);
        let mut is_spent = true;
        let mut each = |entries: &[Entry]| {
            for entry in entries {
                let words = lately.as_deref_mut().map(|own| &mut own.words);
                let known = words.and_then(|own| own.get_mut(entry.word as usize % RECENT));
                if known.as_deref() == Some(&entry.word) {
                    continue;
                }
                if self.is_at(text, at, entry) {
                    if let Some(known) = known {
                        *known = entry.word;
                    }
                    found(entry.word);
                } else {
                    // Shorter words are in these bytes or not, wherever they stand.
                    is_spent &= entry.len < 4;
                }
            }
        };
        if place & FOUR != 0 {
            each(self.four.entries(hash::<4>(gram)));
        }
        if place & THREE != 0 {
            each(self.three.entries(hash::<3>(gram)));
        }
        if place & TWO != 0 {
            each(self.two.entries(hash::<2>(gram)));
        }
        if let Some(own) = lately.filter(|_| is_spent) {
            own.spend(bytes);
        }
    }

    /// Whether a word stands where its gram would be at that place.
    fn is_at(&self, text: &[u8], at: usize, entry: &Entry) -> bool {
        let Some(start) = at.checked_sub(usize::from(entry.back)) else {
            return false;
        };
        if (head(text, start) | entry.case) & entry.mask != entry.head
            || start + usize::from(entry.len) > text.len()
        {
            return false;
        }
        let tail = self.tails.get(entry.word as usize);
        let tail = tail.map(Box::as_ref).unwrap_or_default();
        tail.is_empty()
            || text
                .get(start + 8..start + 8 + tail.len())
                .is_some_and(|own| own.eq_ignore_ascii_case(tail))
    }

    /// Bytes of memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        let levels = [self.two.memory(), self.three.memory(), self.four.memory()];
        let tails = self.tails.iter().map(|tail| tail.len() + size_of_val(tail));
        size_of_val(&*self.follows) + levels.iter().sum::<usize>() + tails.sum::<usize>()
    }
}

/// Where two bytes stand side by side. For so few, a searcher takes longer to make than to use.
#[must_use]
pub fn pair(text: &[u8], pair: [u8; 2]) -> Option<usize> {
    let [first, second] = pair;
    seek::memchr_iter(first, text).find(|at| text.get(at + 1) == Some(&second))
}

/// Four bytes from a place on; what the text does not have is 0.
#[inline]
fn gram_at(text: &[u8], at: usize) -> [u8; 4] {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(own) => *own,
        None => [0, 1, 2, 3].map(|at| rest.get(at).copied().unwrap_or(0)),
    }
}

/// Eight bytes from a place on, as a number; what the text does not have is 0.
#[inline]
fn head(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(own) => u64::from_le_bytes(*own),
        None => number(rest),
    }
}

/// Less than eight bytes, as a number.
fn number(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().take(8).rev();
    bytes.fold(0, |all, byte| all << 8 | u64::from(*byte))
}

impl Entry {
    /// A word of two bytes or more, with the gram it is looked for by and its hash: the rarest it has,
    /// and one that few others are looked for by.
    fn new(word: &[u8], number_of_word: u32, uses: &mut HashMap<u32, u32>) -> (u32, u32, Self) {
        let len = word.len().min(4);
        let grams = (0..=FARTHEST).zip(word.windows(len)).map(|(back, bytes)| {
            let gram = folded(gram_at(bytes, 0));
            // Most places are told apart by their first three bytes.
            let rarity: u32 = bytes.iter().take(3).map(|byte| frequency(*byte)).sum();
            let cost = rarity * 8 + uses.get(&gram).copied().unwrap_or(0);
            (cost, back, gram)
        });
        let (_, back, gram) = grams.min().unwrap_or_default();
        *uses.entry(gram).or_default() += 1;
        let hash = match len {
            2 => hash::<2>(gram),
            3 => hash::<3>(gram),
            _ => hash::<4>(gram),
        };
        let case = word
            .iter()
            .map(|byte| if byte.is_ascii_lowercase() { 0x20 } else { 0 });
        let case: Vec<u8> = case.collect();
        let own = Self {
            head: number(word),
            case: number(&case),
            mask: number(&vec![0xff; word.len()]),
            word: number_of_word,
            back,
            len: u8::try_from(word.len().min(8)).unwrap_or(8),
        };
        (gram, hash, own)
    }
}

/// How often a byte is met in texts of all kinds, roughly: from 0, hardly ever, to 8.
fn frequency(byte: u8) -> u32 {
    match byte {
        b' ' | b'e' | b't' | b'a' | b'o' => 8,
        b'i' | b'n' | b's' | b'r' => 7,
        b'h' | b'l' | b'd' | b'c' | b'u' | b'm' => 6,
        b'p' | b'f' | b'g' | b'b' | b'w' | b'y' | b'v' | b'0'..=b'2' => 5,
        b'k' | b'3'..=b'9' | b'.' | b'/' | b',' | b'-' => 4,
        b'x' | b'j' | b'q' | b'z' | b'_' | b'=' | b':' | b'%' | b'"' => 3,
        0x80.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &[u8]) -> Vec<u32> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let mut all = Vec::new();
        Finder::new(&words).find(text, &set::of(text), |word| all.push(word));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What a finder has to find.
    fn named(words: &[&str], text: &[u8]) -> Vec<u32> {
        let text = text.to_ascii_lowercase();
        let is_in = |word: &&str| {
            !word.is_empty() && text.windows(word.len()).any(|own| own == word.as_bytes())
        };
        let all = words.iter().zip(0..);
        all.filter(|(word, _)| is_in(word))
            .map(|(_, number)| number)
            .collect()
    }

    #[test]
    fn pairs_are_found_where_they_first_stand() {
        for text in [
            "",
            "*",
            "*/",
            "**/",
            "a*b*/*/",
            "/*",
            "*".repeat(99).as_str(),
        ] {
            assert_eq!(pair(text.as_bytes(), *b"*/"), text.find("*/"), "{text}");
        }
    }

    const WORDS: &[&str] = &[
        "",
        "(",
        "a",
        "or",
        "..",
        "${",
        "cmd",
        "-- ",
        "\r\n",
        "select",
        "union",
        "nion",
        "/etc/passwd",
        "java.lang.runtime",
        "java.lang.processbuilder",
        "\0\u{1}",
        "é",
        "[@",
        "{`",
        "0x",
        "passwd\0",
        "lang",
    ];

    #[test]
    fn words_are_found_in_any_case_and_at_any_place() {
        for word in WORDS {
            for before in [0, 1, 7, 250, 255, 256, 257, 509, 1000] {
                for after in [0, 1, 2, 9] {
                    for own in [word.to_string(), word.to_ascii_uppercase()] {
                        let text =
                            [vec![b'~'; before], own.into_bytes(), vec![b'~'; after]].concat();
                        assert_eq!(
                            found(WORDS, &text),
                            named(WORDS, &text),
                            "{word} {before} {after}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_gram_that_told_nothing_tells_of_the_next_word_that_has_it() {
        // Those that were found, those whose bytes lie elsewhere, and those of another case of signs.
        let words = &["xxabcdyy", "abcd", "@@", "ab", "zzabcd"];
        let often = |own: &str| own.repeat(40);
        assert_eq!(found(words, often("abcd").as_bytes()), [1, 3]);
        let behind = often("abcd") + "xxabcdyy";
        assert_eq!(found(words, behind.as_bytes()), [0, 1, 3]);
        let last = often("abcd-") + "@@``zzabcd";
        assert_eq!(found(words, last.as_bytes()), [1, 2, 3, 4]);
        assert_eq!(found(&["@@", "\0\0"], often("`").as_bytes()), [0; 0]);
        assert_eq!(found(&["\0\0\0", "a\0"], b"aaa\0\0a"), [1]);
    }

    #[test]
    fn bytes_alike_when_folded_are_told_apart() {
        assert_eq!(found(&["[@", "{`"], b"{@[`"), [0; 0]);
        assert_eq!(found(&["\r\n--"], b"--\r\n-\r-\n"), [0; 0]);
        assert_eq!(found(&["select"], b"s\x45lect SE\x0cECT"), [0]);
        assert_eq!(found(&["rO0AB", "B"], b"..Ro0ab"), [0, 1]);
    }

    #[test]
    fn many_words_over_texts_of_their_own_pieces() {
        let mut seed = 1_u32;
        let mut next = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed as usize % below
        };
        let mut piece = |most: usize| -> String {
            let len = 1 + next(most);
            (0..len).map(|_| char::from(b"ab/.A\0-"[next(7)])).collect()
        };
        let words: Vec<String> = (0..300).map(|_| piece(11).to_ascii_lowercase()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for _ in 0..200 {
            let text = piece(600).into_bytes();
            assert_eq!(found(&words, &text), named(&words, &text));
        }
    }
}
