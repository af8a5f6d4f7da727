//! The sum of a replay.

use std::collections::BTreeMap;

use babyshield_model::Verdict;
use serde::Serialize;

use super::{Decision, Label};

/// Distinct rules or classes counted; an operator's own rule files bound them far below.
const MAX_NAMES: usize = 10_000;

/// The sum of a replay.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Requests that were decided.
    pub requests: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Requests that pass.
    pub allowed: u64,
    /// Requests that are blocked.
    pub blocked: u64,
    /// Requests beyond their limit.
    pub limited: u64,
    /// Requests in which a rule matched, by rule.
    pub by_rule: BTreeMap<String, u64>,
    /// Blocked requests, by the class of their findings.
    pub by_class: BTreeMap<String, u64>,
    /// Blocked requests, by the layer that decided.
    pub by_layer: BTreeMap<&'static str, u64>,
    /// How well labelled requests were told apart; absent without labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labelled: Option<Labelled>,
    /// CPU time of a decision.
    pub micros: Quantiles,
    #[serde(skip)]
    times: Histogram,
}

/// How well labelled requests were told apart.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Labelled {
    /// Attacks that are not let through.
    pub true_positives: u64,
    /// Attacks that pass.
    pub false_negatives: u64,
    /// Benign requests that are not let through.
    pub false_positives: u64,
    /// Benign requests that pass.
    pub true_negatives: u64,
    /// The share of attacks not let through; absent without attacks.
    pub detection_rate: Option<f64>,
    /// The share of benign requests not let through; absent without benign requests.
    pub false_positive_rate: Option<f64>,
    /// The share decided rightly.
    pub accuracy: Option<f64>,
}

/// Times in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Quantiles {
    /// Half of all decisions took no longer.
    pub median: f64,
    /// 99 of 100 decisions took no longer.
    pub p99: f64,
    /// The mean.
    pub mean: f64,
}

impl Summary {
    pub(super) fn add(&mut self, decision: &Decision, label: Option<Label>) {
        self.requests += 1;
        self.times.add(decision.micros);
        for rule in &decision.rules {
            count(&mut self.by_rule, rule);
        }
        let passes = decision.verdict == Verdict::Allow;
        match decision.verdict {
            Verdict::Allow => self.allowed += 1,
            Verdict::Limit => self.limited += 1,
            Verdict::Block | Verdict::Challenge | Verdict::Refuse => self.blocked += 1,
        }
        if let Some(layer) = decision.layer {
            *self.by_layer.entry(layer.as_str()).or_default() += 1;
            let mut classes = decision.classes.clone();
            classes.sort_unstable();
            classes.dedup();
            classes
                .iter()
                .for_each(|class| count(&mut self.by_class, class));
        }
        if let Some(label) = label {
            let labelled = self.labelled.get_or_insert_default();
            *match (label, passes) {
                (Label::Attack, false) => &mut labelled.true_positives,
                (Label::Attack, true) => &mut labelled.false_negatives,
                (Label::Benign, false) => &mut labelled.false_positives,
                (Label::Benign, true) => &mut labelled.true_negatives,
            } += 1;
        }
    }

    /// Works out rates and times.
    pub(super) fn close(&mut self) {
        self.micros = self.times.quantiles();
        if let Some(labelled) = &mut self.labelled {
            labelled.close();
        }
    }
}

impl Labelled {
    fn close(&mut self) {
        let (hit, missed) = (self.true_positives, self.false_negatives);
        let (wrong, right) = (self.false_positives, self.true_negatives);
        self.detection_rate = share(hit, hit + missed);
        self.false_positive_rate = share(wrong, wrong + right);
        self.accuracy = share(hit + right, hit + missed + wrong + right);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of requests stay far below 2^52"
)]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
    } else if counts.len() < MAX_NAMES {
        counts.insert(name.to_owned(), 1);
    }
}

/// Buckets grow by 1 %, from a tenth of a microsecond to some minutes.
const BUCKETS: usize = 2200;
const SMALLEST: f64 = 0.1;
const GROWTH: f64 = 1.01;

/// Times, to within 1 %, in constant memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: f64,
}

impl Histogram {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the logarithm of a number from 1 is small and not negative"
    )]
    pub(super) fn add(&mut self, micros: f64) {
        if self.counts.is_empty() {
            self.counts = vec![0; BUCKETS];
        }
        let bucket = (micros.max(SMALLEST) / SMALLEST).log(GROWTH) as usize;
        if let Some(count) = self.counts.get_mut(bucket.min(BUCKETS - 1)) {
            *count += 1;
        }
        self.total += 1;
        self.sum += micros;
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of requests stay far below 2^52"
    )]
    pub(super) fn quantiles(&self) -> Quantiles {
        match self.total {
            0 => Quantiles::default(),
            total => Quantiles {
                median: self.quantile(0.5),
                p99: self.quantile(0.99),
                mean: round(self.sum / total as f64),
            },
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of requests stay far below 2^52"
    )]
    fn quantile(&self, share: f64) -> f64 {
        let mut left = share * self.total as f64;
        for (bucket, count) in (0_i32..).zip(&self.counts) {
            left -= *count as f64;
            if left <= 0.0 {
                return round(SMALLEST * GROWTH.powi(bucket));
            }
        }
        0.0
    }
}

/// To a tenth, as [`Decision`] prints it.
pub(super) fn round(micros: f64) -> f64 {
    (micros * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_percent() {
        let mut times = Histogram::default();
        (1..=1000).for_each(|micros| times.add(f64::from(micros)));
        let found = times.quantiles();
        assert!((found.median - 500.0).abs() < 6.0, "{found:?}");
        assert!((found.p99 - 990.0).abs() < 11.0, "{found:?}");
        assert!((found.mean - 500.5).abs() < 0.1, "{found:?}");
        assert!(Histogram::default().quantiles().median < 0.1);
    }

    #[test]
    fn labels_make_rates() {
        let mut summary = Summary::default();
        let decision = |verdict, layer| Decision {
            verdict,
            layer,
            ..Decision::default()
        };
        let blocked = decision(Verdict::Block, Some(babyshield_model::Layer::Waf));
        let passed = decision(Verdict::Allow, None);
        for _ in 0..3 {
            summary.add(&blocked, Some(Label::Attack));
            summary.add(&passed, Some(Label::Benign));
        }
        summary.add(&passed, Some(Label::Attack));
        summary.add(&blocked, Some(Label::Benign));
        summary.add(&blocked, None);
        summary.close();
        let labelled = summary.labelled.unwrap();
        assert_eq!(labelled.detection_rate, Some(0.75));
        assert_eq!(labelled.false_positive_rate, Some(0.25));
        assert_eq!(labelled.accuracy, Some(0.75));
        assert_eq!(
            (summary.requests, summary.blocked, summary.by_layer["waf"]),
            (9, 5, 5)
        );
    }
}
