//! Counts of what was blocked, by rule set.

use std::collections::BTreeMap;

use crate::judge::{SETS, Verdict};

/// How many requests there were, and how many each rule set blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) requests: u64,
    pub(crate) blocked: [u64; SETS],
}

impl Count {
    pub(crate) fn add(&mut self, blocked: [bool; SETS]) {
        self.requests += 1;
        for (sum, blocked) in self.blocked.iter_mut().zip(blocked) {
            *sum += u64::from(blocked);
        }
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.requests += other.requests;
        for (sum, own) in self.blocked.iter_mut().zip(other.blocked) {
            *sum += own;
        }
    }

    /// The share a set blocked, in percent.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub(crate) fn percent(&self, set: usize) -> f64 {
        let blocked = self.blocked.get(set).copied().unwrap_or_default();
        blocked as f64 * 100.0 / self.requests.max(1) as f64
    }
}

/// Counts under names.
pub(crate) type Table<K> = BTreeMap<K, Count>;

/// Who blocked.
pub(crate) fn blocked(verdicts: &[Option<Verdict>; SETS]) -> [bool; SETS] {
    std::array::from_fn(|set| {
        let verdict = verdicts.get(set).and_then(Option::as_ref);
        verdict.is_some_and(|verdict| verdict.blocked)
    })
}

/// The sum of a table.
pub(crate) fn sum<'a>(counts: impl IntoIterator<Item = &'a Count>) -> Count {
    let mut total = Count::default();
    counts.into_iter().for_each(|count| total.join(count));
    total
}

/// Times in microseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn add(&mut self, micros: f64) {
        self.0.push(micros);
    }

    pub(crate) fn sort(&mut self) {
        self.0.sort_by(f64::total_cmp);
    }

    /// The time that `share` of 1000 requests stay below; [`Times::sort`] comes first.
    pub(crate) fn quantile(&self, share: usize) -> f64 {
        let at = self.0.len() * share / 1000;
        self.0
            .get(at)
            .or(self.0.last())
            .copied()
            .unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_times_are_right() {
        let mut count = Count::default();
        count.add([true, true, true, true, false, false]);
        count.add([false, true, true, true, false, false]);
        assert!((count.percent(0) - 50.0).abs() < 1e-9);
        assert!((count.percent(1) - 100.0).abs() < 1e-9);
        assert!(count.percent(4) < 1e-9);
        let mut times = Times::default();
        (1..=1000).rev().for_each(|n| times.add(f64::from(n)));
        times.sort();
        assert!((times.quantile(500) - 501.0).abs() < 1e-9);
        assert!((times.quantile(990) - 991.0).abs() < 1e-9);
        assert!((times.mean() - 500.5).abs() < 1e-9);
    }
}
