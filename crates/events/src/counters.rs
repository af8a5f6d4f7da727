use std::collections::{BTreeMap, HashMap};

use babyshield_model::{Figures, Layer, Verdict};
use parking_lot::Mutex;

/// Distinct routes counted apart within one minute; the policy names them, so this is only a
/// backstop.
const ROUTES: usize = 1024;

/// Minutes held while the disk takes nothing.
const MINUTES: usize = 24 * 60;

/// The route under which the overflow of [`ROUTES`] is counted.
const OTHER: &str = "(other)";

/// What is counted apart within a minute and a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) verdict: Verdict,
    pub(crate) enforced: bool,
    pub(crate) layer: Option<Layer>,
    /// First digit of the status.
    pub(crate) class: u8,
}

/// Sums over the requests of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) count: u64,
    pub(crate) decision_micros: u64,
    pub(crate) total_micros: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

type Routes = HashMap<String, HashMap<Key, Cell>>;

/// Exact counts of every request, by minute since the epoch; taken out by the writer.
#[derive(Debug, Default)]
pub(crate) struct Minutes(pub(crate) BTreeMap<u64, Routes>);

/// The counters the request path adds to. The lock is held for an addition or a swap, never for
/// I/O.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Minutes>);

impl Counters {
    pub(crate) fn add(&self, event: &Figures<'_>) {
        let key = Key {
            verdict: event.verdict,
            enforced: event.enforced,
            layer: event.layer,
            class: u8::try_from(event.status / 100).unwrap_or(0),
        };
        let one = Cell {
            count: 1,
            decision_micros: event.decision_micros,
            total_micros: event.total_micros,
            bytes_in: event.bytes_in,
            bytes_out: event.bytes_out,
        };
        let route = event.route.unwrap_or_default();
        self.0.lock().add(event.at.0 / 60_000, route, key, one);
    }

    pub(crate) fn take(&self) -> Minutes {
        std::mem::take(&mut *self.0.lock())
    }
}

impl Minutes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds another's counts; the oldest minutes are forgotten when there are too many.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (minute, route, key, cell) in other.iter() {
            self.add(minute, route, key, cell);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &str, Key, Cell)> {
        self.0.iter().flat_map(|(minute, routes)| {
            routes.iter().flat_map(|(route, cells)| {
                cells
                    .iter()
                    .map(|(key, cell)| (*minute, route.as_str(), *key, *cell))
            })
        })
    }

    fn add(&mut self, minute: u64, route: &str, key: Key, cell: Cell) {
        let routes = self.0.entry(minute).or_default();
        // Looked up before inserted: the common case allocates nothing.
        if let Some(cells) = routes.get_mut(route) {
            cells.entry(key).or_default().merge(cell);
        } else {
            let route = if routes.len() < ROUTES { route } else { OTHER };
            let cells = routes.entry(route.to_owned()).or_default();
            cells.entry(key).or_default().merge(cell);
        }
        if self.0.len() > MINUTES {
            self.0.pop_first();
        }
    }
}

impl Cell {
    fn merge(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.decision_micros = self.decision_micros.saturating_add(other.decision_micros);
        self.total_micros = self.total_micros.saturating_add(other.total_micros);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn requests_are_summed_by_minute_route_and_verdict() {
        let counters = Counters::default();
        for (at, verdict) in [
            (60_000, Verdict::Allow),
            (119_999, Verdict::Allow),
            (119_999, Verdict::Block),
            (120_000, Verdict::Allow),
        ] {
            counters.add(&Figures::from(&sample::request(at, verdict)));
        }
        let minutes = counters.take();
        let count = |minute, verdict| {
            minutes
                .iter()
                .filter(|(at, _, key, _)| *at == minute && key.verdict == verdict)
                .map(|(_, _, _, cell)| cell.count)
                .sum::<u64>()
        };
        assert_eq!(count(1, Verdict::Allow), 2);
        assert_eq!(count(1, Verdict::Block), 1);
        assert_eq!(count(2, Verdict::Allow), 1);
        assert!(counters.take().is_empty());
    }

    #[test]
    fn a_flood_of_routes_and_minutes_stays_bounded() {
        let counters = Counters::default();
        for n in 0..5000_u64 {
            let mut event = sample::request(0, Verdict::Allow);
            event.route = Some(format!("GET /{n}"));
            counters.add(&Figures::from(&event));
            counters.add(&Figures::from(&sample::request(n * 60_000, Verdict::Allow)));
        }
        let minutes = counters.take();
        assert!(minutes.0.len() <= MINUTES);
        assert!(minutes.0.values().all(|routes| routes.len() <= ROUTES + 1));
    }
}
