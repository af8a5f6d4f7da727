//! Samples: what the detectors find in attacks and in benign requests, before anything weighs it.
//!
//! The model is asked about findings, so it learns from findings. Attacks are the lines of public
//! lists that are not held back, each in some of [`STANDS`]; benign are the values of requests of the
//! corpus, of a seed that no report uses.

use std::cell::RefCell;

use babyshield_corpus::dice::Dice;
use babyshield_corpus::{Corpus, Ease};
use babyshield_detect::text::model::Score;
use babyshield_detect::text::{Model, Question, Weigh};
use babyshield_detect::{Class, Confidence, Place, Scanner, Scratch, set};
use babyshield_evaluate::attack::{self, Attack, hash};

use crate::value;

/// Seed of the benign requests, and of every choice made here.
pub const SEED: u64 = 7_001;

/// Benign requests: as common as they are, and so many of every kind beside them, so that rare kinds
/// are seen often enough.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// Seed of the corpus.
    pub seed: u64,
    /// Requests as common as they are.
    pub common: u64,
    /// Requests of every kind.
    pub each: u64,
}

/// What is trained on.
pub const TRAINING: Draw = Draw {
    seed: SEED,
    common: 60_000,
    each: 1_500,
};

/// What the card's figures are measured on: another seed.
pub const HELD_OUT: Draw = Draw {
    seed: 7_002,
    common: 60_000,
    each: 0,
};

/// Which attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those to train on.
    Training,
    /// Those that are held back.
    HeldBack,
}

/// Parts that take turns to be left out of the training, to see how the model does on what it has
/// not seen.
pub const FOLDS: u64 = 5;

/// A finding.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The class of the detector.
    pub class: Class,
    /// What it read.
    pub reading: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whether harmless text has such readings, too.
    pub weak_reading: bool,
    /// Whether the model may lower it, if it is certain.
    pub weak: bool,
    /// Whether it was found in an attack.
    pub attack: bool,
    /// Where it comes from: a list, a kind of the corpus.
    pub origin: String,
    /// Which part of [`FOLDS`] it belongs to: lines and their findings stay together, and so do benign
    /// findings that begin alike.
    pub fold: u64,
    /// Features of the span.
    pub span: Vec<u32>,
    /// Features of what stands around it.
    pub around: Vec<u32>,
    /// What the shipped model says.
    pub shipped: Score,
    /// The span itself.
    pub text: Vec<u8>,
}

/// Takes down what it is asked, and lowers what may be lowered: so it is asked about what stands behind
/// as well, as the model will be.
struct Recorder;

thread_local! {
    static NOTES: RefCell<Vec<Sample>> = const { RefCell::new(Vec::new()) };
}

impl Weigh for Recorder {
    fn weigh(&self, question: &Question<'_>) -> Confidence {
        let sample = question.sample();
        let (mut span, mut around) = (Vec::new(), Vec::new());
        let cut = |at: usize| u32::try_from(at).unwrap_or_default();
        sample.span(|at| span.push(cut(at)));
        sample.around(|at| around.push(cut(at)));
        let text = question.input.text.get(question.evidence.span.clone());
        let confidence = question.evidence.confidence;
        let own = Sample {
            class: question.class,
            reading: question.evidence.reading,
            confidence,
            weak_reading: question.is_weak(),
            weak: question.may_be_harmless(),
            attack: false,
            origin: String::new(),
            fold: 0,
            span,
            around,
            shipped: Model::shared().score(&sample),
            text: text.unwrap_or_default().to_vec(),
        };
        let lowered = own.weak && confidence == Confidence::Certain;
        NOTES.with_borrow_mut(|notes| notes.push(own));
        if lowered {
            confidence.less()
        } else {
            confidence
        }
    }
}

/// Asks the detectors, and takes down what they find.
#[derive(Debug)]
pub struct Gatherer {
    scanner: Scanner,
    work: Scratch,
    /// What was found.
    pub samples: Vec<Sample>,
}

impl Default for Gatherer {
    fn default() -> Self {
        Self::new()
    }
}

impl Gatherer {
    /// With nothing gathered.
    #[must_use]
    pub fn new() -> Self {
        Self {
            scanner: Scanner::weighing(&Recorder),
            work: Scratch::default(),
            samples: Vec::new(),
        }
    }

    fn scan(&mut self, value: &[u8], place: Place, name: &[u8]) -> Vec<Sample> {
        self.scanner
            .scan(value, &set::of(value), place, name, &mut self.work);
        NOTES.take()
    }

    /// The attacks of a part.
    pub fn attacks(&mut self, list: &[Attack], part: Part) {
        for attack in list
            .iter()
            .filter(|own| own.held == (part == Part::HeldBack))
        {
            let found = classes(attack.class);
            let seed = hash(&attack.line);
            let mut dice = Dice::new(SEED, seed);
            for (place, name) in stands(attack.class, &mut dice) {
                let value = surrounded(&attack.value, place, &mut dice);
                for own in self.scan(&value, place, name) {
                    if found.contains(&own.class) {
                        self.samples.push(Sample {
                            attack: true,
                            origin: format!("{} {}", attack.source.name(), attack.class.name()),
                            fold: seed / 100 % FOLDS,
                            ..own
                        });
                    }
                }
            }
        }
    }

    /// Commands and statements of our own that do harm.
    pub fn harm(&mut self) {
        for line in HARM.lines().filter(|line| !line.starts_with('#')) {
            let seed = hash(line.as_bytes());
            let mut dice = Dice::new(SEED, seed);
            for separator in SEPARATORS {
                let value = format!("{separator}{line}");
                for (place, name) in stands(attack::Class::Rce, &mut dice) {
                    let value = surrounded(value.as_bytes(), place, &mut dice);
                    let found = self.scan(&value, place, name);
                    let found = found.into_iter().filter(|own| own.weak_reading);
                    self.samples.extend(found.map(|own| Sample {
                        attack: true,
                        origin: "harm".to_owned(),
                        fold: seed / 100 % FOLDS,
                        ..own
                    }));
                }
            }
        }
    }

    /// Benign requests. Twins of attacks are neither.
    ///
    /// # Errors
    /// A fault in the grammar of the corpus.
    pub fn benign(&mut self, draw: Draw) -> Result<(), babyshield_corpus::Fault> {
        let corpus = Corpus::new(draw.seed)?;
        for sample in corpus.distinct(draw.common) {
            if sample.kind.ease != Ease::Twin {
                self.request(&sample.message, &sample.kind.name);
            }
        }
        for kind in corpus.kinds().iter().filter(|kind| kind.ease != Ease::Twin) {
            for number in 0..draw.each {
                self.request(&corpus.of_kind(kind, number), &kind.name);
            }
        }
        Ok(())
    }

    /// What people write: commands, statements and markup of our own, amid prose, in fields for it.
    pub fn written(&mut self) {
        for (name, text) in WRITTEN {
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let mut dice = Dice::new(SEED, hash(line.as_bytes()));
                for shape in 0..SHAPES {
                    let value = amid(line, shape, &mut dice);
                    let (place, field) = pick(&FIELDS, &mut dice);
                    for own in self.scan(value.as_bytes(), place, field) {
                        self.samples.push(Sample {
                            origin: name.to_owned(),
                            fold: hash(beginning(&own.text).as_bytes()) % FOLDS,
                            ..own
                        });
                    }
                }
            }
        }
    }

    fn request(&mut self, message: &babyshield_corpus::Message, kind: &str) {
        for (place, name, value) in value::all(message) {
            for own in self.scan(&value, place, &name) {
                self.samples.push(Sample {
                    origin: kind.to_owned(),
                    fold: hash(beginning(&own.text).as_bytes()) % FOLDS,
                    ..own
                });
            }
        }
    }
}

/// Harmful texts of our own, and what they may stand behind.
const HARM: &str = include_str!("../text/harm.txt");
const SEPARATORS: [&str; 6] = ["", "; ", "|", " && ", "1; ", "\n"];

/// Harmless texts of our own.
const WRITTEN: [(&str, &str); 3] = [
    ("commands", include_str!("../text/commands.txt")),
    ("queries", include_str!("../text/queries.txt")),
    ("markup", include_str!("../text/markup.txt")),
];

const PROSE: &str = include_str!("../text/prose.txt");

/// Fields people write in.
const FIELDS: [(Place, &[u8]); 10] = [
    (Place::Json, b"text"),
    (Place::Json, b"message"),
    (Place::Json, b"content"),
    (Place::Json, b"code"),
    (Place::Json, b"items.value"),
    (Place::Form, b"comment"),
    (Place::Form, b"body"),
    (Place::Form, b"description"),
    (Place::Body, b""),
    (Place::Json, b"log"),
];

/// Ways a line may stand in a text.
const SHAPES: u64 = 6;

fn pick<T: Copy, const N: usize>(all: &[T; N], dice: &mut Dice) -> T {
    let at = usize::try_from(dice.below(N as u64)).unwrap_or_default() % N;
    // Below N, by the line before.
    #[expect(clippy::indexing_slicing)]
    all[at]
}

/// A line as it may stand in what people write.
fn amid(line: &str, shape: u64, dice: &mut Dice) -> String {
    let prose: Vec<&str> = PROSE.lines().filter(|own| !own.starts_with('#')).collect();
    let mut words = || {
        let at = usize::try_from(dice.below(prose.len() as u64)).unwrap_or_default();
        prose.get(at).copied().unwrap_or_default()
    };
    let (before, after) = (words(), words());
    match shape {
        0 => line.to_owned(),
        1 => format!("{before} `{line}` {after}"),
        2 => format!("{before}\n\n```\n{line}\n```\n\n{after}"),
        3 => format!("{before}\r\n\r\n    {line}\r\n\r\n{after}"),
        4 => format!("{before}\n{line}\n{after}"),
        _ => format!("{before} {line}"),
    }
}

/// The first two words of a text, in lower case: what templates of the corpus differ in.
fn beginning(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).take(2).collect()
}

/// The findings that are right about an attack of a list.
fn classes(class: attack::Class) -> &'static [Class] {
    match class {
        attack::Class::Sqli => &[Class::Sql],
        attack::Class::Xss => &[Class::Html, Class::Template],
        attack::Class::Rce => &[Class::Shell, Class::Code, Class::Template],
        attack::Class::Traversal => &[Class::Path, Class::Ssrf],
        attack::Class::Nosql => &[Class::Nosql, Class::Code],
        attack::Class::Ldap => &[Class::Ldap],
        attack::Class::Xxe => &[Class::Xml],
        attack::Class::Ssi => &[Class::Include],
        attack::Class::Crlf => &[Class::Header],
        attack::Class::Redirect => &[Class::Redirect, Class::Ssrf],
        // Lists that do not say what is an attack in them.
        attack::Class::Mixed | attack::Class::Probe => &[],
    }
}

/// Fields an attack may stand in.
const STANDS: [(Place, &[u8]); 20] = [
    (Place::Query, b"q"),
    (Place::Query, b"id"),
    (Place::Query, b"city"),
    (Place::Query, b"url"),
    (Place::Json, b"text"),
    (Place::Json, b"comment"),
    (Place::Json, b"items.name"),
    (Place::Json, b"query"),
    (Place::Json, b"stack"),
    (Place::Json, b"content"),
    (Place::Form, b"message"),
    (Place::Form, b"body"),
    (Place::Form, b"street"),
    (Place::Form, b"source"),
    (Place::Body, b""),
    (Place::Xml, b""),
    (Place::Cookie, b"theme"),
    (Place::Header, b"X-Client-Name"),
    (Place::Name, b""),
    (Place::FileName, b"file"),
];

/// Some of them, and the one where such an attack is most at home.
fn stands(class: attack::Class, dice: &mut Dice) -> Vec<(Place, &'static [u8])> {
    let home: (Place, &[u8]) = match class {
        attack::Class::Redirect => return vec![(Place::Query, b"next"), (Place::Form, b"url")],
        attack::Class::Traversal => (Place::Query, b"file"),
        _ => (Place::Json, b"text"),
    };
    let mut own = vec![home];
    for _ in 0..3 {
        own.push(pick(&STANDS, dice));
    }
    own.dedup();
    own
}

/// Words an attack may stand behind, or in front of; none says anything of it.
const WORDS: [&str; 12] = [
    "hello",
    "thanks",
    "3",
    "the order is late, please look",
    "John",
    "see below:",
    "test",
    "ok",
    "1",
    "what about",
    "admin",
    "great product!",
];

/// One attack in four has words around it, where text may stand.
fn surrounded(value: &[u8], place: Place, dice: &mut Dice) -> Vec<u8> {
    let text = matches!(
        place,
        Place::Json | Place::Form | Place::Body | Place::Query
    );
    if !text || dice.below(4) > 0 {
        return value.to_vec();
    }
    let mut words = |space: bool| {
        let word = pick(&WORDS, dice);
        if space {
            format!("{word} ")
        } else {
            format!(" {word}")
        }
    };
    let before = words(true);
    let after = words(false);
    match dice.below(3) {
        0 => [before.as_bytes(), value].concat(),
        1 => [value, after.as_bytes()].concat(),
        _ => [before.as_bytes(), value, after.as_bytes()].concat(),
    }
}
