//! From which score on the model may be sure.
//!
//! Judged on samples by weights that were trained without their like ([`crate::fit::crossed`]): benign text
//! that begins differently from everything seen, attacks of other lines. What the final weights say of
//! samples they have seen would promise too much.

use babyshield_detect::text::model::{Limits, Score};
use babyshield_detect::{Class, Confidence};

use crate::fit;
use crate::gather::Sample;

/// Benign findings of a class without which it may not raise anything: of what it has not seen, it
/// cannot be sure.
const LEAST_BENIGN: usize = 40;

/// Attacks without which it may not.
const LEAST_ATTACKS: usize = 10;

/// Score at which anything is raised at least: twice what the training asks of an attack.
const SURE: f32 = 2.0;

/// Share of benign findings that may be raised, in thousandths.
const RAISED: usize = 20;

/// How far below the lowest attacks harmless text must lie …
const GAP: f32 = 0.3;

/// … but for this share of them, in thousandths: lists hold lines that are none.
const ODD: usize = 5;

/// The samples with their scores by weights that have not seen them.
#[derive(Debug)]
pub struct Crossed<'a> {
    all: Vec<(&'a Sample, Score)>,
}

impl<'a> Crossed<'a> {
    /// Trains once for each part left out.
    #[must_use]
    pub fn new(samples: &'a [Sample]) -> Self {
        let scores = fit::crossed(samples);
        Self {
            all: samples.iter().zip(scores).collect(),
        }
    }

    /// The samples and their scores.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Sample, Score)> + '_ {
        self.all.iter().copied()
    }

    /// The limits of every class, in order.
    #[must_use]
    pub fn limits(&self) -> Vec<Limits> {
        Class::ALL
            .into_iter()
            .map(|class| self.limit(class))
            .collect()
    }

    fn limit(&self, class: Class) -> Limits {
        let own: Vec<_> = self.iter().filter(|(own, _)| own.class == class).collect();
        let raise = raise(&own).unwrap_or(Limits::NEVER.raise);
        let (lower, peak) = lower(&own).unwrap_or((Limits::NEVER.lower, Limits::NEVER.peak));
        Limits { raise, lower, peak }
    }
}

type Scored<'a> = (&'a Sample, Score);

/// Whether the model may raise a finding at all.
#[must_use]
pub fn may_raise(own: &Sample) -> bool {
    own.confidence == Confidence::Likely && !own.weak_reading
}

/// Whether it may lower one.
#[must_use]
pub fn may_lower(own: &Sample) -> bool {
    own.confidence == Confidence::Certain && own.weak
}

fn raise(own: &[Scored<'_>]) -> Option<f32> {
    let scores = |attack| {
        sorted(
            own,
            |own| own.attack == attack && may_raise(own),
            |score| score.whole,
        )
    };
    let (benign, attacks) = (scores(false), scores(true));
    if benign.len() < LEAST_BENIGN || attacks.len() < LEAST_ATTACKS {
        return None;
    }
    let highest = benign
        .get(benign.len() * (1000 - RAISED) / 1000)
        .or(benign.last())?;
    Some(highest.max(SURE) + 0.01)
}

/// Attacks count wherever they were found: what an attacker sends decides, not the field.
fn lower(own: &[Scored<'_>]) -> Option<(f32, f32)> {
    let attack =
        |own: &Sample| own.attack && own.weak_reading && own.confidence == Confidence::Certain;
    let attacks = sorted(own, attack, |score| score.span.max(score.whole));
    let benign = sorted(own, |own| !own.attack && may_lower(own), |score| score.peak);
    if benign.len() < LEAST_BENIGN || attacks.len() < LEAST_ATTACKS {
        return None;
    }
    let lowest = attacks.get(attacks.len() * ODD / 1000)?;
    // Nine of ten harmless texts have no part that speaks more for an attack.
    let peak = benign.get(benign.len() * 9 / 10)?;
    Some(((lowest - GAP).min(0.0), *peak))
}

fn sorted(
    own: &[Scored<'_>],
    wanted: impl Fn(&Sample) -> bool,
    of: impl Fn(&Score) -> f32,
) -> Vec<f32> {
    let mut scores: Vec<f32> = own
        .iter()
        .filter(|(own, _)| wanted(own))
        .map(|(_, score)| of(score))
        .collect();
    scores.sort_by(f32::total_cmp);
    scores
}

/// Whether a sample is raised, by its score.
#[must_use]
pub fn is_raised(own: &Sample, score: Score, limits: Limits) -> bool {
    may_raise(own) && score.whole >= limits.raise
}

/// Whether it is lowered.
#[must_use]
pub fn is_lowered(own: &Sample, score: Score, limits: Limits) -> bool {
    may_lower(own) && score.span.max(score.whole) <= limits.lower && score.peak <= limits.peak
}
