use std::net::IpAddr;
use std::time::Duration;

use babyshield_model::{Timestamp, Verdict};
use rusqlite::types::Value;

use super::filter::{Clause, Filter, time};
use super::reader::Reader;
use crate::Error;

/// Buckets one series may have.
const BUCKETS: u64 = 2000;

/// Rows one ranking may have.
const ROWS: usize = 500;

/// How often a rule spoke in requests that match.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RuleCount {
    /// The rule.
    pub rule: String,
    /// What it says.
    pub message: String,
    /// `critical`, …; empty when it has none.
    pub severity: String,
    /// What it guards against; empty when it does not say.
    pub class: String,
    /// Requests in which it spoke.
    pub requests: u64,
    /// Distinct callers of those.
    pub clients: u64,
    /// The latest of them.
    pub last: Timestamp,
}

/// How often requests of a class were seen.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ClassCount {
    /// Such as `sqli`; empty for rules that do not say.
    pub class: String,
    /// Requests with a finding of it.
    pub requests: u64,
}

/// What one caller did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Caller {
    /// Its address.
    pub client: IpAddr,
    /// Kept requests that match.
    pub requests: u64,
    /// Of those blocked or refused, carried out or not.
    pub blocked: u64,
    /// Of those over a rate limit.
    pub limited: u64,
    /// The latest of them.
    pub last: Timestamp,
}

/// Exact counts of one stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Bucket {
    /// Where it begins.
    pub at: Timestamp,
    /// Requests allowed.
    pub allow: u64,
    /// Requests blocked, or that would have been.
    pub block: u64,
    /// Requests over a limit.
    pub limit: u64,
    /// Requests challenged.
    pub challenge: u64,
    /// Requests refused as malformed.
    pub refuse: u64,
}

/// Exact sums of one route, verdict and status class.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RouteSum {
    /// The route as written in the policy; empty for none.
    pub route: String,
    /// `allow`, `block`, …
    pub verdict: String,
    /// Whether the verdict was carried out.
    pub enforced: bool,
    /// The layer that decided; empty for `allow`.
    pub layer: String,
    /// First digit of the status.
    pub class: u8,
    /// Requests.
    pub count: u64,
    /// CPU time of our decisions, summed, in microseconds.
    pub decision_micros: u64,
    /// Whole time, summed, in microseconds.
    pub total_micros: u64,
}

impl Reader {
    /// The rules that spoke most often. Of the filter, time, verdicts, `enforced` and `client`
    /// count.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn top_rules(&self, filter: &Filter, limit: usize) -> Result<Vec<RuleCount>, Error> {
        let clause = Clause::shared(filter);
        let sql = format!(
            "SELECT f.rule, coalesce(r.message, ''), coalesce(r.severity, ''), max(f.class),
                count(*) AS n, count(DISTINCT f.client), max(f.at)
             FROM (SELECT * FROM finding {}) AS f LEFT JOIN rule AS r USING (rule)
             GROUP BY f.rule ORDER BY n DESC, f.rule LIMIT {}",
            clause.sql(),
            limit.min(ROWS)
        );
        self.rows(&sql, &clause.values, |row| {
            Ok(RuleCount {
                rule: row.get(0)?,
                message: row.get(1)?,
                severity: row.get(2)?,
                class: row.get(3)?,
                requests: unsigned(row, 4)?,
                clients: unsigned(row, 5)?,
                last: Timestamp(unsigned(row, 6)?),
            })
        })
    }

    /// What was tried, by class; the same filter as [`Reader::top_rules`].
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn top_classes(&self, filter: &Filter, limit: usize) -> Result<Vec<ClassCount>, Error> {
        let clause = Clause::shared(filter);
        let sql = format!(
            "SELECT class, count(DISTINCT event) AS n FROM finding {}
             GROUP BY class ORDER BY n DESC, class LIMIT {}",
            clause.sql(),
            limit.min(ROWS)
        );
        self.rows(&sql, &clause.values, |row| {
            Ok(ClassCount {
                class: row.get(0)?,
                requests: unsigned(row, 1)?,
            })
        })
    }

    /// The callers with most requests that match; the same filter as [`Reader::top_rules`].
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn top_clients(&self, filter: &Filter, limit: usize) -> Result<Vec<Caller>, Error> {
        let mut clause = Clause::shared(filter);
        clause.add("client IS NOT NULL", []);
        let sql = format!(
            "SELECT client, count(*) AS n, sum(verdict IN ('block', 'refuse')),
                sum(verdict = 'limit'), max(at)
             FROM event {} GROUP BY client ORDER BY n DESC, client LIMIT {}",
            clause.sql(),
            limit.min(ROWS)
        );
        self.rows(&sql, &clause.values, |row| {
            let client: String = row.get(0)?;
            Ok(Caller {
                client: client.parse().map_err(|error| {
                    let kind = rusqlite::types::Type::Text;
                    rusqlite::Error::FromSqlConversionFailure(0, kind, Box::new(error))
                })?,
                requests: unsigned(row, 1)?,
                blocked: unsigned(row, 2)?,
                limited: unsigned(row, 3)?,
                last: Timestamp(unsigned(row, 4)?),
            })
        })
    }

    /// Exact counts of every request from `since` until before `until`, in steps of whole
    /// minutes; steps without requests are there too. At most 2,000: `step` grows to fit.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn series(
        &self,
        since: Timestamp,
        until: Timestamp,
        step: Duration,
    ) -> Result<Vec<Bucket>, Error> {
        let first = since.0 / 60_000;
        let last = until.0.div_ceil(60_000).max(first + 1);
        let step = (step.as_secs() / 60)
            .max((last - first).div_ceil(BUCKETS))
            .max(1);
        let first = first / step * step;
        let mut buckets: Vec<Bucket> = (first..last)
            .step_by(usize::try_from(step).unwrap_or(usize::MAX))
            .map(|minute| Bucket {
                at: Timestamp(minute * 60_000),
                ..Bucket::default()
            })
            .collect();
        let integer = |value: u64| Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
        let rows = self.rows(
            "SELECT minute / ?3 * ?3 AS start, verdict, sum(count) FROM minute
             WHERE minute >= ?1 AND minute < ?2 GROUP BY start, verdict",
            &[integer(first), integer(last), integer(step)],
            |row| {
                Ok((
                    unsigned(row, 0)?,
                    row.get::<_, String>(1)?,
                    unsigned(row, 2)?,
                ))
            },
        )?;
        for (start, verdict, count) in rows {
            let place = usize::try_from((start - first) / step).unwrap_or(usize::MAX);
            let verdict = Verdict::ALL.into_iter().find(|v| v.as_str() == verdict);
            if let (Some(bucket), Some(verdict)) = (buckets.get_mut(place), verdict) {
                *bucket.slot(verdict) += count;
            }
        }
        Ok(buckets)
    }

    /// Exact sums of every request since a time, by route, verdict, layer and status class, the
    /// largest first. Whole minutes: `since` is rounded down.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn sums(&self, since: Timestamp, until: Timestamp) -> Result<Vec<RouteSum>, Error> {
        let minute = |at: Timestamp| time(Timestamp(at.0 / 60_000));
        let until = Timestamp(until.0.div_ceil(60_000).saturating_mul(60_000));
        let sql = format!(
            "SELECT route, verdict, enforced, layer, class, sum(count) AS n,
                sum(decision_micros), sum(total_micros)
             FROM minute WHERE minute >= ?1 AND minute < ?2
             GROUP BY route, verdict, enforced, layer, class ORDER BY n DESC LIMIT {ROWS}"
        );
        self.rows(&sql, &[minute(since), minute(until)], |row| {
            Ok(RouteSum {
                route: row.get(0)?,
                verdict: row.get(1)?,
                enforced: row.get(2)?,
                layer: row.get(3)?,
                class: row.get(4)?,
                count: unsigned(row, 5)?,
                decision_micros: unsigned(row, 6)?,
                total_micros: unsigned(row, 7)?,
            })
        })
    }
}

impl Bucket {
    fn slot(&mut self, verdict: Verdict) -> &mut u64 {
        match verdict {
            Verdict::Allow => &mut self.allow,
            Verdict::Block => &mut self.block,
            Verdict::Limit => &mut self.limit,
            Verdict::Challenge => &mut self.challenge,
            Verdict::Refuse => &mut self.refuse,
        }
    }
}

fn unsigned(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column)
        .map(|value| u64::try_from(value).unwrap_or(0))
}
