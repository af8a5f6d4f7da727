use std::collections::HashSet;

use babyshield_model::{Event, Layer, RequestEvent, SystemEvent, Verdict};
use rusqlite::{Transaction, params};

use crate::counters::Minutes;
use crate::queue::is_plain_request;
use crate::why::is_summary;

/// What goes first when room is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Allowed and unremarkable.
    Plain,
    /// Over a rate limit, or left without an answer by the upstream: a flood or an outage makes many
    /// of the same, and none of them may push out what is told of an attack.
    Repeated,
    /// Blocks, refusals, findings of rules, and what happened to the gateway.
    Telling,
}

impl Tier {
    pub(crate) const BY_WORTH: [Self; 3] = [Self::Plain, Self::Repeated, Self::Telling];

    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Plain => 0,
            Self::Repeated => 1,
            Self::Telling => 2,
        }
    }

    fn of(event: &RequestEvent) -> Self {
        match event.verdict {
            _ if is_plain_request(event) => Self::Plain,
            Verdict::Limit => Self::Repeated,
            Verdict::Allow if is_failure_alone(event) => Self::Repeated,
            Verdict::Allow | Verdict::Block | Verdict::Challenge | Verdict::Refuse => Self::Telling,
        }
    }
}

/// Whether nothing is told of the request but that the upstream failed it.
fn is_failure_alone(event: &RequestEvent) -> bool {
    let upstream = Layer::Upstream.as_str();
    event.findings.iter().all(|own| own.rule == upstream)
}

pub(super) fn events<'a>(
    transaction: &Transaction<'_>,
    events: impl IntoIterator<Item = &'a Event>,
) -> rusqlite::Result<()> {
    for event in events {
        let body = serde_json::to_string(event)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        match event {
            Event::Request(event) => request(transaction, event, &body)?,
            Event::System(event) => system(transaction, event, &body)?,
        }
    }
    Ok(())
}

fn system(tx: &Transaction<'_>, event: &SystemEvent, body: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO event (at, tier, name, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            signed(event.at.0),
            Tier::Telling.number(),
            event.name,
            body
        ])
        .map(drop)
}

fn request(tx: &Transaction<'_>, event: &RequestEvent, body: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO event (at, tier, name, request, verdict, enforced, layer, client, route,
            status, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        signed(event.at.0),
        Tier::of(event).number(),
        event.name(),
        event.id.to_string(),
        event.verdict.as_str(),
        event.enforced,
        event.layer.map(Layer::as_str),
        event.client.to_string(),
        event.route,
        event.status,
        body,
    ])?;
    findings(tx, event, tx.last_insert_rowid())
}

fn findings(tx: &Transaction<'_>, event: &RequestEvent, seq: i64) -> rusqlite::Result<()> {
    let mut seen = HashSet::new();
    for finding in event.findings.iter().filter(|f| !is_summary(f)) {
        if !seen.insert(finding.rule.as_str()) {
            continue;
        }
        tx.prepare_cached(
            "INSERT INTO finding (event, rule, class, at, verdict, enforced, client)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            seq,
            finding.rule,
            finding.class,
            signed(event.at.0),
            event.verdict.as_str(),
            event.enforced,
            event.client.to_string(),
        ])?;
        tx.prepare_cached(
            "INSERT INTO rule (rule, message, severity) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET message = excluded.message, severity = excluded.severity
             WHERE message <> excluded.message OR severity <> excluded.severity",
        )?
        .execute(params![finding.rule, finding.message, finding.severity])?;
    }
    Ok(())
}

pub(super) fn minutes(tx: &Transaction<'_>, minutes: &Minutes) -> rusqlite::Result<()> {
    for (minute, route, key, cell) in minutes.iter() {
        tx.prepare_cached(
            "INSERT INTO minute VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET
                count = count + excluded.count,
                decision_micros = decision_micros + excluded.decision_micros,
                total_micros = total_micros + excluded.total_micros,
                bytes_in = bytes_in + excluded.bytes_in,
                bytes_out = bytes_out + excluded.bytes_out",
        )?
        .execute(params![
            signed(minute),
            route,
            key.verdict.as_str(),
            key.enforced,
            key.layer.map_or("", Layer::as_str),
            key.class,
            signed(cell.count),
            signed(cell.decision_micros),
            signed(cell.total_micros),
            signed(cell.bytes_in),
            signed(cell.bytes_out),
        ])?;
    }
    Ok(())
}

/// SQLite's integers are signed; ours stay below half their range for 290 million years.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn an_outage_is_worth_less_than_an_attack() {
        let mut failed = sample::request(1, Verdict::Allow);
        assert_eq!(Tier::of(&failed), Tier::Plain);
        let mut reason = sample::finding();
        reason.rule = "upstream".to_owned();
        failed.findings = vec![reason];
        assert_eq!(Tier::of(&failed), Tier::Repeated);
        failed.findings.push(sample::finding());
        assert_eq!(Tier::of(&failed), Tier::Telling);
        assert_eq!(Tier::of(&sample::request(1, Verdict::Block)), Tier::Telling);
        assert_eq!(
            Tier::of(&sample::request(1, Verdict::Limit)),
            Tier::Repeated
        );
    }
}
