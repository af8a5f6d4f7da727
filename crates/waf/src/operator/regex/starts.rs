//! Where in a long text a pattern's matches can begin.
//!
//! Most patterns begin with one of a few short words, or with something of fixed length before them. A search
//! for those words goes through a text many times as fast as an automaton goes from state to state, and where
//! none of them stands the pattern need not be asked. Nothing is gained where they stand all over the text.

use aho_corasick::{Span, packed};
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};

/// More words are searched for byte by byte.
const MOST: usize = 64;
/// Longer pieces of words tell little more.
const LONGEST: usize = 4;

/// Finds where matches can begin.
#[derive(Debug)]
pub(super) struct Starts {
    words: Words,
    /// So many bytes of a match stand before the word.
    before: usize,
}

#[derive(Debug)]
enum Words {
    One(u8),
    Two(u8, u8),
    Three(u8, u8, u8),
    Many(Box<packed::Searcher>),
}

impl Starts {
    /// `None` where a pattern tells nothing that can be searched for fast.
    pub(super) fn new(hir: &Hir) -> Option<Self> {
        let parts = match hir.kind() {
            HirKind::Concat(parts) => parts.as_slice(),
            _ => std::slice::from_ref(hir),
        };
        let own = heads(parts).min_by_key(|own| own.cost)?;
        Some(Self {
            words: Words::new(&own.words)?,
            before: own.before,
        })
    }

    /// The first place from `from` on at which a match can begin.
    pub(super) fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let search = from.checked_add(self.before)?;
        let rest = text.get(search..)?;
        let found = match &self.words {
            Words::One(own) => search + memchr::memchr(*own, rest)?,
            Words::Two(first, second) => search + memchr::memchr2(*first, *second, rest)?,
            Words::Three(first, second, third) => {
                search + memchr::memchr3(*first, *second, *third, rest)?
            }
            Words::Many(own) => {
                let span = Span {
                    start: search,
                    end: text.len(),
                };
                own.find_in(text, span)?.start()
            }
        };
        Some(found - self.before)
    }
}

impl Words {
    fn new(words: &[Box<[u8]>]) -> Option<Self> {
        Some(match words {
            [one] if one.len() == 1 => Self::One(*one.first()?),
            [first, second] if first.len() == 1 && second.len() == 1 => {
                Self::Two(*first.first()?, *second.first()?)
            }
            [first, second, third] if words.iter().all(|own| own.len() == 1) => {
                Self::Three(*first.first()?, *second.first()?, *third.first()?)
            }
            _ if words.iter().any(|own| own.len() == 1) => return None,
            _ => {
                let mut made = packed::Config::new().builder();
                let made = made.extend(words).build()?;
                Self::Many(Box::new(made))
            }
        })
    }
}

/// Words that a pattern can be looked for by.
struct Head {
    words: Vec<Box<[u8]>>,
    before: usize,
    /// How bad a choice they are.
    cost: usize,
}

/// What a concatenation can be looked for by: its first words, or those behind a beginning of one length.
fn heads(parts: &[Hir]) -> impl Iterator<Item = Head> {
    let mut before = Some(0);
    parts.iter().enumerate().filter_map(move |(at, part)| {
        let here = before?;
        let own = part.properties();
        let len = own
            .minimum_len()
            .filter(|len| own.maximum_len() == Some(*len));
        before = len.map(|len| here + len);
        let rest = Hir::concat(parts.get(at..)?.to_vec());
        Head::new(&rest, here)
    })
}

impl Head {
    /// The first bytes of all matches, as long as few of them are told apart.
    fn new(hir: &Hir, before: usize) -> Option<Self> {
        let all = Extractor::new().kind(ExtractKind::Prefix).extract(hir);
        let cut = |len| {
            let mut own = all.clone();
            own.keep_first_bytes(len);
            own.sort();
            own.dedup();
            let mut words: Vec<Box<[u8]>> = Vec::new();
            for word in own.literals()? {
                // Sorted, a word stands behind those it begins with.
                let word = word.as_bytes();
                if !words.last().is_some_and(|last| word.starts_with(last)) {
                    words.push(word.into());
                }
            }
            let least = words.iter().map(|word| word.len()).min()?;
            let fits = least > 0 && words.len() <= MOST && (least > 1 || words.len() <= 3);
            // A byte more tells more than many words less.
            let cost = LONGEST.checked_sub(least)? * MOST + words.len();
            fits.then_some(Self {
                words,
                before,
                cost,
            })
        };
        (1..=LONGEST).filter_map(cut).min_by_key(|own| own.cost)
    }
}
