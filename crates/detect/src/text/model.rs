//! The weights, as they are shipped.
//!
//! ```text
//! "BSTM" version:1 digest:8 scale:4 · for each class, in order: raise:4 lower:4 peak:4 · weights · checksum:8
//! ```
//! Numbers are little-endian, scale and limits `f32`; a weight is one signed byte, of [`WIDTH`] spans
//! and [`WIDTH`] surroundings. The digest names the samples it was trained on.

use std::sync::LazyLock;

use super::feature::{Sample, WIDTH};
use crate::detector::Class;

const MAGIC: &[u8; 5] = b"BSTM\x01";
const CLASSES: usize = Class::ALL.len();
const HEAD: usize = MAGIC.len() + 8 + 4 + CLASSES * 12;

/// Bytes of a model.
pub const SIZE: usize = HEAD + WIDTH + 8;

/// The model that comes with this crate.
pub static SHIPPED: &[u8] = include_bytes!("model.bin");

static SHARED: LazyLock<Model> = LazyLock::new(|| Model::read(SHIPPED).unwrap_or(Model::MUTE));

/// What is enough for a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// A score of an attack for sure; infinite where the model may not say so.
    pub raise: f32,
    /// A score of harmless text for sure; minus infinity where the model may not say so.
    pub lower: f32,
    /// How much a part of harmless text may speak for an attack at most, whatever the rest says.
    pub peak: f32,
}

impl Limits {
    /// Nothing is ever enough.
    pub const NEVER: Self = Self {
        raise: f32::INFINITY,
        lower: f32::NEG_INFINITY,
        peak: 0.0,
    };
}

/// What the model says of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Of the span alone: above 0 an attack, below harmless.
    pub span: f32,
    /// What is around it included.
    pub whole: f32,
    /// Of the part of the span that speaks most for an attack: [`PART`] features in a row.
    pub peak: f32,
}

/// Features of a part, in the order in which [`Sample::span`] gives them: about ten bytes, or four
/// words. Harmless text before and after it does not change what it says.
pub const PART: usize = 24;

/// The largest sum of [`PART`] weights in a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peak<T> {
    ring: [T; PART],
    at: usize,
    sum: T,
    most: T,
}

impl<T: Copy + PartialOrd + std::ops::AddAssign + std::ops::SubAssign> Peak<T> {
    /// One weight more.
    pub fn add(&mut self, weight: T) {
        if let Some(oldest) = self.ring.get_mut(self.at) {
            self.sum -= std::mem::replace(oldest, weight);
        }
        self.sum += weight;
        self.at = if self.at + 1 == PART { 0 } else { self.at + 1 };
        if self.sum > self.most {
            self.most = self.sum;
        }
    }

    /// The largest sum so far, 0 at least.
    #[must_use]
    pub fn most(&self) -> T {
        self.most
    }
}

/// A linear model over the features of a finding.
#[derive(Clone, Debug)]
pub struct Model {
    digest: u64,
    scale: f32,
    limits: [Limits; CLASSES],
    weights: &'static [u8; WIDTH],
}

impl Model {
    /// One that is never sure.
    const MUTE: Self = Self {
        digest: 0,
        scale: 0.0,
        limits: [Limits::NEVER; CLASSES],
        weights: &[0; WIDTH],
    };

    /// The model that comes with this crate.
    #[must_use]
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// Reads a model; `None` where the bytes are not what was written.
    #[must_use]
    pub fn read(bytes: &'static [u8]) -> Option<Self> {
        let (rest, checksum) = bytes.split_last_chunk::<8>()?;
        if bytes.len() != SIZE || hash(rest).to_le_bytes() != *checksum {
            return None;
        }
        let rest = rest.strip_prefix(MAGIC)?;
        let (digest, rest) = rest.split_first_chunk::<8>()?;
        let (scale, mut rest) = rest.split_first_chunk::<4>()?;
        let mut limits = [Limits::NEVER; CLASSES];
        for own in &mut limits {
            for place in [&mut own.raise, &mut own.lower, &mut own.peak] {
                let (number, behind) = rest.split_first_chunk::<4>()?;
                *place = f32::from_le_bytes(*number);
                rest = behind;
            }
        }
        Some(Self {
            digest: u64::from_le_bytes(*digest),
            scale: f32::from_le_bytes(*scale),
            limits,
            weights: rest.first_chunk()?,
        })
    }

    /// Writes a model.
    #[must_use]
    pub fn write(digest: u64, scale: f32, limits: &[Limits], weights: &[i8]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(digest.to_le_bytes());
        out.extend(scale.to_le_bytes());
        for own in limits {
            for number in [own.raise, own.lower, own.peak] {
                out.extend(number.to_le_bytes());
            }
        }
        out.extend(weights.iter().map(|weight| weight.to_le_bytes()[0]));
        out.extend(hash(&out).to_le_bytes());
        out
    }

    /// Names the samples it was trained on.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// What it says.
    #[must_use]
    pub fn score(&self, sample: &Sample<'_>) -> Score {
        let (mut sum, mut count, mut peak) = (0_i32, 0_u16, Peak::default());
        sample.span(|at| {
            let weight = self.weight(at);
            sum += weight;
            count += 1;
            peak.add(weight);
        });
        let span = self.scaled(sum, count);
        Score {
            span,
            whole: span + self.around(sample),
            peak: self.scaled(peak.most(), 1),
        }
    }

    /// What it says of the finding and what is around it, without looking for a part.
    #[must_use]
    pub fn whole(&self, sample: &Sample<'_>) -> f32 {
        let (mut sum, mut count) = (0_i32, 0_u16);
        sample.span(|at| {
            sum += self.weight(at);
            count += 1;
        });
        self.scaled(sum, count) + self.around(sample)
    }

    fn around(&self, sample: &Sample<'_>) -> f32 {
        let (mut sum, mut count) = (0_i32, 0_u16);
        sample.around(|at| {
            sum += self.weight(at);
            count += 1;
        });
        self.scaled(sum, count)
    }

    fn weight(&self, at: usize) -> i32 {
        self.weights
            .get(at)
            .map_or(0, |byte| i32::from(i8::from_le_bytes([*byte])))
    }

    /// A sum of weights does not grow with the length of the text alone.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum of some thousand bytes is exact"
    )]
    fn scaled(&self, sum: i32, count: u16) -> f32 {
        sum as f32 * self.scale / f32::from(count.max(1)).sqrt()
    }

    /// What is enough for a class.
    #[must_use]
    pub fn limits(&self, class: Class) -> Limits {
        self.limits
            .get(class as usize)
            .copied()
            .unwrap_or(Limits::NEVER)
    }

    /// Whether a sample is an attack for sure.
    #[must_use]
    pub fn is_attack(&self, sample: &Sample<'_>) -> bool {
        let limits = self.limits(sample.class());
        limits.raise.is_finite() && self.whole(sample) >= limits.raise
    }

    /// Whether it is harmless for sure: by itself and with what is around it.
    #[must_use]
    pub fn is_harmless(&self, sample: &Sample<'_>) -> bool {
        let limits = self.limits(sample.class());
        if !limits.lower.is_finite() {
            return false;
        }
        let score = self.score(sample);
        score.span.max(score.whole) <= limits.lower && score.peak <= limits.peak
    }
}

/// FNV-1a of 64 bits.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written in the model card, too.
    #[test]
    fn the_shipped_model_is_whole() {
        assert_eq!(SHIPPED.len(), SIZE);
        let model = Model::read(SHIPPED).unwrap();
        let card = include_str!("../../../../docs/text-model.md");
        for number in [hash(SHIPPED), model.digest()] {
            let number = format!("`{number:016x}`");
            assert!(card.contains(&number), "{number} is not in the card");
        }
    }

    #[test]
    fn a_damaged_model_is_none() {
        for at in [0, 5, 20, HEAD, SIZE / 2, SIZE - 1] {
            let mut bytes = SHIPPED.to_vec();
            bytes[at] ^= 1;
            assert!(Model::read(bytes.leak()).is_none(), "{at}");
        }
        assert!(Model::read(&SHIPPED[1..]).is_none());
        assert!(Model::read(b"").is_none());
    }

    #[test]
    fn what_is_written_is_read() {
        let weights: Vec<i8> = (0..WIDTH).map(|at| (at % 251) as i8).collect();
        let limits = [Limits {
            raise: 1.5,
            lower: -2.0,
            peak: 3.0,
        }; CLASSES];
        let bytes = Model::write(7, 0.25, &limits, &weights);
        let model = Model::read(bytes.leak()).unwrap();
        assert_eq!((model.digest(), model.scale), (7, 0.25));
        assert_eq!(model.limits, limits);
        assert!((0..WIDTH).all(|at| model.weight(at) == i32::from(weights[at])));
    }

    #[test]
    fn a_peak_is_of_neighbours() {
        let mut peak = Peak::default();
        for weight in [-50, 3, 4].into_iter().chain([0; PART]).chain([6, -9]) {
            peak.add(weight);
        }
        assert_eq!(peak.most(), 7);
        for _ in 0..PART {
            peak.add(1);
        }
        assert_eq!(peak.most(), 24);
    }
}
