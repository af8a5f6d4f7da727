//! Fits the weights: stochastic gradient descent on the squared hinge loss, with a step of its own for
//! each weight (Duchi, Hazan and Singer, 2011). Only additions, products, quotients and square roots,
//! in a fixed order: the same samples give the same bytes on every machine.

use std::collections::BTreeMap;

use babyshield_corpus::dice::Dice;
use babyshield_detect::text::feature::WIDTH;
use babyshield_detect::text::model::{Peak, Score};

use crate::gather::{FOLDS, Sample};

/// Times each sample is looked at.
const EPOCHS: u64 = 8;

/// Of these, the last ones after which weights are averaged, so that they hang less on the order.
const AVERAGED: u32 = 5;

/// So many times it is trained, in other orders, and averaged again: in one order alone, a few samples more or
/// less move the scores of all classes.
const ORDERS: u64 = 3;

/// First step of a weight.
const STEP: f64 = 0.35;

/// How strongly weights are drawn to nothing.
const DECAY: f64 = 5e-3;

/// Samples of one class, side, origin, reading and degree at most; lists hold thousands of variants
/// of one attack, templates thousands of one request.
const ALIKE: usize = 2_500;

/// What one class's attacks, and its benign samples, weigh together.
const SIDE: f64 = 4_000.0;

/// Weights before they are cut to bytes.
#[derive(Clone, Debug)]
pub struct Weights(Vec<f64>);

/// A sample with what it counts.
struct Weighted<'a> {
    sample: &'a Sample,
    weight: f64,
}

/// The samples to train on, each with its weight.
fn weighted(samples: &[Sample]) -> Vec<Weighted<'_>> {
    let mut groups: BTreeMap<_, Vec<&Sample>> = BTreeMap::new();
    for own in samples {
        let key = (
            own.class,
            own.attack,
            &own.origin,
            own.reading,
            own.confidence,
        );
        groups.entry(key).or_default().push(own);
    }
    let mut sides: BTreeMap<_, f64> = BTreeMap::new();
    let mut all = Vec::new();
    for ((class, attack, ..), group) in groups {
        // Spread over the group, whose order is that of its list.
        let skip = group.len().div_ceil(ALIKE);
        let kept: Vec<&Sample> = group.into_iter().step_by(skip.max(1)).collect();
        let weight = 1.0 / count(kept.len()).sqrt();
        *sides.entry((class, attack)).or_default() += weight * count(kept.len());
        all.extend(kept.into_iter().map(|sample| Weighted { sample, weight }));
    }
    for own in &mut all {
        let side = sides.get(&(own.sample.class, own.sample.attack));
        // A side of few samples does not weigh as much as one of many.
        let sum = side.copied().unwrap_or(1.0);
        own.weight *= SIDE.min(sum * 40.0) / sum;
    }
    let mean = all.iter().map(|own| own.weight).sum::<f64>() / count(all.len());
    all.iter_mut().for_each(|own| own.weight /= mean);
    all
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}

/// Trains in one order, and adds the weights after each of the last rounds.
fn add(all: &mut [Weighted<'_>], order: u64, sum: &mut [f64]) {
    let mut weights = vec![0.0; WIDTH];
    let mut seen = vec![1e-3; WIDTH];
    let mut dice = Dice::new(crate::gather::SEED, 1 + order);
    for epoch in 0..EPOCHS {
        shuffle(all, &mut dice);
        for own in all.iter() {
            step(own, &mut weights, &mut seen);
        }
        if epoch >= EPOCHS - u64::from(AVERAGED) {
            sum.iter_mut()
                .zip(&weights)
                .for_each(|(sum, own)| *sum += own);
        }
    }
}

impl Weights {
    /// Trains on all samples but one part.
    pub fn fit(samples: &[Sample], without: Option<u64>) -> Self {
        let mut all = weighted(samples);
        all.retain(|own| Some(own.sample.fold) != without);
        let mut sum = vec![0.0; WIDTH];
        for order in 0..ORDERS {
            add(&mut all, order, &mut sum);
        }
        let many = f64::from(AVERAGED) * count(usize::try_from(ORDERS).unwrap_or(1));
        sum.iter_mut().for_each(|own| *own /= many);
        Self(sum)
    }

    /// What they say of a sample.
    pub fn score(&self, sample: &Sample) -> Score {
        let (span, peak) = self.sum(&sample.span);
        let (around, _) = self.sum(&sample.around);
        let (span, around) = (span / root(&sample.span), around / root(&sample.around));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the model computes with as much"
        )]
        let cut = |number: f64| number as f32;
        Score {
            span: cut(span),
            whole: cut(span + around),
            peak: cut(peak),
        }
    }

    fn sum(&self, features: &[u32]) -> (f64, f64) {
        let (mut sum, mut peak) = (0.0, Peak::default());
        for at in features {
            let weight = self.0.get(*at as usize).copied().unwrap_or(0.0);
            sum += weight;
            peak.add(weight);
        }
        (sum, peak.most())
    }

    /// One byte a weight, and the scale.
    pub fn quantise(&self) -> (Vec<i8>, f32) {
        // Few weights are large; those are cut.
        let sizes = self.0.iter().map(|own| own.abs());
        let mut sizes: Vec<f64> = sizes.filter(|own| *own > 0.0).collect();
        sizes.sort_by(f64::total_cmp);
        let last = sizes.get(sizes.len() - sizes.len() / 500 - usize::from(!sizes.is_empty()));
        let most = last.copied().unwrap_or(1.0);
        #[expect(clippy::cast_possible_truncation, reason = "within 127 by the clamp")]
        let bytes = self
            .0
            .iter()
            .map(|own| (own / most * 127.0).round().clamp(-127.0, 127.0) as i8);
        #[expect(clippy::cast_possible_truncation, reason = "the file holds as much")]
        let scale = (most / 127.0) as f32;
        (bytes.collect(), scale)
    }

    /// The weights as they are after [`Weights::quantise`].
    pub fn cut(&self) -> Self {
        let (bytes, scale) = self.quantise();
        Self(
            bytes
                .iter()
                .map(|own| f64::from(*own) * f64::from(scale))
                .collect(),
        )
    }
}

fn root(features: &[u32]) -> f64 {
    count(features.len().max(1)).sqrt()
}

fn step(own: &Weighted<'_>, weights: &mut [f64], seen: &mut [f64]) {
    let sample = own.sample;
    let groups = [
        (&sample.span, root(&sample.span)),
        (&sample.around, root(&sample.around)),
    ];
    let dot = |(features, root): &(&Vec<u32>, f64)| {
        let sum: f64 = features
            .iter()
            .filter_map(|at| weights.get(*at as usize))
            .sum();
        sum / root
    };
    let score: f64 = groups.iter().map(dot).sum();
    let side = if sample.attack { 1.0 } else { -1.0 };
    let loss = 1.0 - side * score;
    if loss <= 0.0 {
        return;
    }
    for (features, root) in groups {
        let pull = -2.0 * side * loss * own.weight / root;
        for at in features {
            let (Some(weight), Some(seen)) =
                (weights.get_mut(*at as usize), seen.get_mut(*at as usize))
            else {
                continue;
            };
            let gradient = pull + DECAY * *weight;
            *seen += gradient * gradient;
            *weight -= STEP / seen.sqrt() * gradient;
        }
    }
}

fn shuffle(all: &mut [Weighted<'_>], dice: &mut Dice) {
    for last in (1..all.len()).rev() {
        let below = u64::try_from(last + 1).unwrap_or(1);
        let other = usize::try_from(dice.below(below)).unwrap_or_default();
        all.swap(last, other);
    }
}

/// The score of every sample by weights that were trained without its part.
pub fn crossed(samples: &[Sample]) -> Vec<Score> {
    let folds: Vec<Weights> = (0..FOLDS)
        .map(|fold| Weights::fit(samples, Some(fold)).cut())
        .collect();
    let score = |own: &Sample| {
        let weights = folds.get(usize::try_from(own.fold).unwrap_or_default());
        weights.map_or(Score::default(), |weights| weights.score(own))
    };
    samples.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use babyshield_detect::{Class, Confidence};

    /// Attacks have feature 1, harmless text feature 2, both a third.
    fn samples() -> Vec<Sample> {
        let one = |at: u32| Sample {
            class: Class::Shell,
            reading: "a test",
            confidence: Confidence::Certain,
            weak_reading: true,
            weak: true,
            attack: at.is_multiple_of(2),
            origin: "test".to_owned(),
            fold: u64::from(at) % FOLDS,
            span: vec![1 + at % 2, 3, 100 + at],
            around: vec![4],
            shipped: Score::default(),
            text: Vec::new(),
        };
        (0..200).map(one).collect()
    }

    #[test]
    fn the_same_samples_give_the_same_bytes() {
        let samples = samples();
        let fit = || Weights::fit(&samples, None).quantise();
        assert_eq!(fit(), fit());
        let less = Weights::fit(&samples[..100], None).quantise();
        assert_ne!(fit(), less);
    }

    #[test]
    fn attacks_are_told_from_harmless_text_by_weights_that_have_not_seen_them() {
        let samples = samples();
        for (own, score) in samples.iter().zip(crossed(&samples)) {
            assert_eq!(score.whole > 0.0, own.attack, "{score:?}");
        }
    }
}
