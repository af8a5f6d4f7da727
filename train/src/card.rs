//! `docs/text-model.md`: what the model is, what it was trained on, how well it does.

use std::fmt::Write as _;

use babyshield_detect::text::model::{Limits, Score, hash};
use babyshield_detect::{Class, Confidence};

use crate::gather::{HELD_OUT, Sample, TRAINING};
use crate::limit::{Crossed, is_lowered, is_raised, may_lower, may_raise};

/// What the card tells.
#[derive(Debug)]
pub struct Figures<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// The samples' name.
    pub digest: u64,
    /// What was trained on.
    pub samples: &'a [Sample],
    /// The same, scored by weights that had not seen them.
    pub crossed: &'a Crossed<'a>,
    /// The limits, by class.
    pub limits: &'a [Limits],
    /// What nothing was trained on.
    pub held: &'a [Sample],
    /// Its scores by the final weights.
    pub held_scores: &'a [Score],
}

const ABOUT: &str = "# Text model

Written by `cargo xtask train`; not edited by hand.

A linear model over hashed n-grams of bytes and tokens that weighs what the detectors find
(`crates/detect/src/text`). It is asked only about findings, never decides alone, and does two things:

- a finding that is *likely* becomes *certain*, so that it blocks at level 1, when the score of the finding
  and the 40 bytes on either side reaches the class's limit;
- a *certain* finding becomes *likely* when its reading is one that harmless text has too (a shell
  command, an SQL statement that stands by itself), it stands in a body, in a field for text, code or logs
  or one whose name says nothing, and the score of the finding itself *and* that with its surroundings are
  below the limit, no part of it speaking for an attack. What begins a value with a separator stays.

";

const HOW: &str = "## How it was trained

Positive samples are findings in the lines of the public attack lists that are not held back (70 %, by the
same hash of the line as `cargo xtask evaluate`), each placed in about four fields, a quarter of them amid
words; and in harmful commands and statements of our own, which the lists have few of. `attack-queries.txt`
and `probe-paths.txt` are left out, since much of them is no attack. Negative
samples are findings in requests of the generated corpus (its own seed; twins of attacks left out) and in
commands, statements and markup written for this purpose (`train/text`). Nothing of CSIC, of the benign
lists, of the detectors' own cases and of the held-back lines is used.

The loss is the squared hinge, fitted by gradient descent with a step for each weight, in three fixed orders
whose weights are averaged (in one order alone, a few samples more or less move every limit), in `f64` without
any function of the mathematical library; weights are then cut to a byte. The limits come from
scores by weights that were trained without the sample's like: five parts, attacks by their line, benign
findings by their first two words, so that no template is judged by itself.

";

const LIMITS: &str = "## Limits of use

- It knows the attacks of public lists and harmless text of our own making. Where it has seen too little of
  a class (fewer than 40 benign findings, or 10 attacks) it says nothing; a dash in the first table.
- It has not seen text of your application. Its limits are set so that it is silent when in doubt: most of
  what it leaves alone is left as the detector said.
- It costs about 12 µs of CPU time for 1,024 bytes of a finding (`cargo xtask evaluate` measures it), and
  reads at most 336 bytes of one.
- An attacker can read it. What lowers must lie in the finding itself, no part of which may speak for an
  attack; words around it do not help (`padding_lowers_nothing`). A command nobody thinks of as an attack,
  sent to a field for text, is what it lets pass at level 1; it stays *likely* and blocks at level 2.
- Commands that scout a machine or run what they fetch are never harmless to it, though people write them.

## Retraining

`cargo xtask train` reads the attack lists from `../shared/data` (or `BABYSHIELD_DATA`), writes
`crates/detect/src/text/model.bin` and this card. `cargo xtask train --check` writes nothing and fails where
the bytes would differ: after any change to what a detector finds, to the corpus or to `train/text`, train
again and read the tables before you commit.
";

/// The card.
#[must_use]
pub fn write(figures: &Figures<'_>) -> String {
    let mut text = ABOUT.to_owned();
    // Writing to a string cannot fail.
    writeln!(
        text,
        "| | |\n|---|---|\n| size | {} bytes |\n| checksum (FNV-1a) | `{:016x}` |\n| samples (FNV-1a) | `{:016x}` |\n\
         | seed | {} |\n| benign requests | {} as common as they are, {} of each kind |\n\
         | findings trained on | {} in attacks, {} in harmless text |\n",
        figures.bytes.len(),
        hash(figures.bytes),
        figures.digest,
        TRAINING.seed,
        TRAINING.common,
        TRAINING.each,
        figures.samples.iter().filter(|own| own.attack).count(),
        figures.samples.iter().filter(|own| !own.attack).count(),
    )
    .ok();
    text.push_str(HOW);
    text.push_str("## Figures\n\n");
    text.push_str(
        "*Unseen*: findings of the training samples, scored by weights trained without their like. *Raised* is the \
         share of likely findings that become certain, *lowered* that of certain ones the model may lower.\n\n",
    );
    table(
        &mut text,
        figures.limits,
        &figures.crossed.iter().collect::<Vec<_>>(),
    );
    writeln!(
        text,
        "\n*Held out*: attack lines that are held back, and {} requests of the corpus of another seed, by the \
         shipped weights. (Requests of the corpus are alike whatever the seed; that column flatters.)\n",
        HELD_OUT.common
    )
    .ok();
    let held = figures.held.iter().zip(figures.held_scores.iter().copied());
    table(&mut text, figures.limits, &held.collect::<Vec<_>>());
    text.push('\n');
    text.push_str(LIMITS);
    text
}

fn table(text: &mut String, limits: &[Limits], scored: &[(&Sample, Score)]) {
    text.push_str(
        "| class | raised from | attacks likely | raised | benign likely | raised | lowered to | attacks certain | \
         lowered | benign certain | lowered |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (class, limits) in Class::ALL.into_iter().zip(limits) {
        let own: Vec<_> = scored
            .iter()
            .filter(|(own, _)| own.class == class)
            .collect();
        let share = |attack: bool, up: bool| {
            let asked = |own: &Sample| {
                own.attack == attack && if up { may_raise(own) } else { may_lower(own) }
            };
            let done = |own: &Sample, score| {
                if up {
                    is_raised(own, score, *limits)
                } else {
                    is_lowered(own, score, *limits)
                }
            };
            let all: Vec<_> = own.iter().filter(|(own, _)| asked(own)).collect();
            let hit = all.iter().filter(|(own, score)| done(own, *score)).count();
            (all.len(), hit)
        };
        let cells = [
            share(true, true),
            share(false, true),
            share(true, false),
            share(false, false),
        ];
        if cells.iter().all(|(all, _)| *all == 0) {
            continue;
        }
        let [a, b, c, d] = cells.map(|(all, hit)| format!("{all} | {}", percent(all, hit)));
        writeln!(
            text,
            "| {class} | {} | {a} | {b} | {} | {c} | {d} |",
            number(limits.raise),
            number(limits.lower)
        )
        .ok();
    }
}

fn number(limit: f32) -> String {
    if limit.is_finite() {
        format!("{limit:.2}")
    } else {
        "–".to_owned()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn percent(all: usize, hit: usize) -> String {
    if all == 0 {
        return "–".to_owned();
    }
    format!("{:.1} %", hit as f64 * 100.0 / all as f64)
}

/// Counts by degree, for whoever looks for what to do next.
#[must_use]
pub fn counts(samples: &[Sample]) -> String {
    let mut text = String::new();
    for class in Class::ALL {
        for degree in Confidence::ALL {
            let of = |attack| {
                let wanted = |own: &&Sample| {
                    own.class == class && own.confidence == degree && own.attack == attack
                };
                samples.iter().filter(wanted).count()
            };
            let (attacks, benign) = (of(true), of(false));
            if attacks + benign > 0 {
                writeln!(
                    text,
                    "{class:<12} {:<9} attacks {attacks:>6} benign {benign:>6}",
                    degree.name()
                )
                .ok();
            }
        }
    }
    text
}
