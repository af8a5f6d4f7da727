//! Realistic benign requests, generated: what the rules must leave alone.
//!
//! A request is written by a grammar (the files in `grammar/`, all vocabulary of our own) from a
//! seed and a number, so that request 17 of seed 1 is the same bytes for everybody for ever, as
//! long as the grammar stays. Start with [`Corpus`]; what the grammar can say is told in
//! [`grammar`]. Nothing here is part of the product.

pub mod dice;
pub mod file;
pub mod grammar;
mod message;
mod scene;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

pub use grammar::{Ease, Fault, Kind};
pub use message::Message;
pub use scene::{Language, Way};

use dice::Dice;
use grammar::Grammar;

const FILES: &[(&str, &str)] = &[
    ("client.txt", include_str!("../grammar/client.txt")),
    ("site.txt", include_str!("../grammar/site.txt")),
    ("words.txt", include_str!("../grammar/words.txt")),
    ("code.txt", include_str!("../grammar/code.txt")),
    ("kinds.txt", include_str!("../grammar/kinds.txt")),
    ("page.txt", include_str!("../grammar/page.txt")),
    ("web.txt", include_str!("../grammar/web.txt")),
    ("beacon.txt", include_str!("../grammar/beacon.txt")),
    ("api.txt", include_str!("../grammar/api.txt")),
    ("auth.txt", include_str!("../grammar/auth.txt")),
    ("write.txt", include_str!("../grammar/write.txt")),
    ("ops.txt", include_str!("../grammar/ops.txt")),
    ("upload.txt", include_str!("../grammar/upload.txt")),
    ("daily.txt", include_str!("../grammar/daily.txt")),
];

/// One benign request.
#[derive(Clone, Debug)]
pub struct Sample<'a> {
    /// Its number.
    pub number: u64,
    /// Its kind.
    pub kind: &'a Kind,
    /// The request.
    pub message: Message,
}

/// The seed of the requests that reports are about; tuning looks at others.
pub const REPORTED: u64 = 1;

/// A stream of benign requests.
#[derive(Debug)]
pub struct Corpus {
    grammar: Grammar,
    seed: u64,
}

/// Throws after which a repeated request is let through; the grammar is far too wide for that.
const TRIES: u64 = 64;

impl Corpus {
    /// The corpus of a seed.
    ///
    /// # Errors
    /// A fault in the grammar, which its own tests exclude.
    pub fn new(seed: u64) -> Result<Self, Fault> {
        let grammar = Grammar::parse(FILES)?;
        Ok(Self { grammar, seed })
    }

    /// All kinds.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        self.grammar.kinds()
    }

    /// The request of a number, alone: any order, any thread.
    #[must_use]
    pub fn sample(&self, number: u64) -> Sample<'_> {
        self.draw(number, 0)
    }

    /// One request of a given kind.
    #[must_use]
    pub fn of_kind(&self, kind: &Kind, number: u64) -> Message {
        scene::write(&self.grammar, kind, &mut Dice::new(self.seed, number))
    }

    fn draw(&self, number: u64, attempt: u64) -> Sample<'_> {
        let mut dice = Dice::new(self.seed, number | attempt << 56);
        let kinds = self.kinds();
        let at = dice.weighted(kinds.iter().map(|kind| kind.weight));
        let kind = kinds.get(at).unwrap_or(&grammar::NO_KIND);
        Sample {
            number,
            kind,
            message: scene::write(&self.grammar, kind, &mut dice),
        }
    }

    /// The first `count` requests, no two of them alike.
    pub fn distinct(&self, count: u64) -> impl Iterator<Item = Sample<'_>> {
        let mut seen = HashSet::new();
        (0..count).map(move |number| {
            let mut attempts = (0..TRIES).map(|attempt| self.draw(number, attempt));
            let fresh = attempts.find(|sample| {
                let mut hasher = DefaultHasher::new();
                sample.message.hash(&mut hasher);
                seen.insert(hasher.finish())
            });
            fresh.unwrap_or_else(|| self.sample(number))
        })
    }
}
