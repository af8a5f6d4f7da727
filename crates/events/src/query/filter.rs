use std::net::IpAddr;

use babyshield_model::{Event, Finding, Layer, RequestEvent, Timestamp, Verdict};
use rusqlite::types::Value;

use crate::why::is_summary;

/// A place in the list of events: those older than it come next.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Cursor(pub i64);

/// Which kind of event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Requests and system events.
    #[default]
    All,
    /// Requests only.
    Request,
    /// What happened to the gateway only.
    System,
}

/// Which events. Empty means all; several conditions must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Requests, system events, or both.
    pub kind: Kind,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// One of these verdicts.
    pub verdicts: Vec<Verdict>,
    /// Carried out, or only reported.
    pub enforced: Option<bool>,
    /// Decided by this layer.
    pub layer: Option<Layer>,
    /// From this caller.
    pub client: Option<IpAddr>,
    /// On this route, as written in the policy.
    pub route: Option<String>,
    /// With a finding of this rule.
    pub rule: Option<String>,
    /// With a finding of this class.
    pub class: Option<String>,
    /// This text, whatever its case, in host, target, agent or a finding's message or value.
    pub text: Option<String>,
}

impl Filter {
    /// Events of the time from `since` until before `until`.
    #[must_use]
    pub fn between(since: Timestamp, until: Timestamp) -> Self {
        Self {
            since: Some(since),
            until: Some(until),
            ..Self::default()
        }
    }

    /// Whether an event in memory matches, as the store would have it.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        match event {
            Event::Request(request) => self.kind != Kind::System && self.matches_request(request),
            Event::System(system) => {
                let requests_only = Self {
                    kind: self.kind,
                    since: self.since,
                    until: self.until,
                    text: self.text.clone(),
                    ..Self::default()
                };
                self.kind != Kind::Request
                    && *self == requests_only
                    && self.is_time(system.at)
                    && self.is_text(&[&system.message])
            }
        }
    }

    fn matches_request(&self, event: &RequestEvent) -> bool {
        let findings = || event.findings.iter().filter(|f| !is_summary(f));
        let is = |wanted: &Option<String>, have: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == have)
        };
        let any = |wanted: &Option<String>, field: fn(&Finding) -> &str| {
            wanted
                .as_deref()
                .is_none_or(|wanted| findings().any(|f| field(f) == wanted))
        };
        let mut texts: Vec<&str> = vec![&event.host, &event.target, &event.agent];
        for f in &event.findings {
            texts.extend([f.rule.as_str(), &f.message, &f.field, &f.value, &f.matched]);
        }
        self.is_time(event.at)
            && (self.verdicts.is_empty() || self.verdicts.contains(&event.verdict))
            && self
                .enforced
                .is_none_or(|enforced| enforced == event.enforced)
            && self.layer.is_none_or(|layer| Some(layer) == event.layer)
            && self.client.is_none_or(|client| client == event.client)
            && is(&self.route, event.route.as_deref())
            && any(&self.rule, |f| &f.rule)
            && any(&self.class, |f| &f.class)
            && self.is_text(&texts)
    }

    fn is_time(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    fn is_text(&self, texts: &[&str]) -> bool {
        self.text.as_ref().is_none_or(|wanted| {
            let wanted = wanted.to_lowercase();
            texts
                .iter()
                .any(|text| text.to_lowercase().contains(&wanted))
        })
    }
}

/// Where [`Filter::text`] is looked for.
const TEXT: &str = "(instr(lower(concat_ws(char(10), body ->> '$.host', body ->> '$.target',
        body ->> '$.agent', body ->> '$.message')), lower(?)) > 0
    OR EXISTS (SELECT 1 FROM json_each(body, '$.findings') AS f
        WHERE instr(lower(concat_ws(char(10), f.value ->> '$.rule', f.value ->> '$.message',
            f.value ->> '$.field', f.value ->> '$.value', f.value ->> '$.matched')), lower(?)) > 0))";

/// A `WHERE` clause and its values.
#[derive(Debug, Default)]
pub(super) struct Clause {
    conditions: Vec<String>,
    pub(super) values: Vec<Value>,
}

impl Clause {
    /// Conditions on the columns that the tables `event` and `finding` share.
    pub(super) fn shared(filter: &Filter) -> Self {
        let mut clause = Self::default();
        if let Some(since) = filter.since {
            clause.add("at >= ?", [time(since)]);
        }
        if let Some(until) = filter.until {
            clause.add("at < ?", [time(until)]);
        }
        if !filter.verdicts.is_empty() {
            let marks = vec!["?"; filter.verdicts.len()].join(", ");
            let words = filter.verdicts.iter().map(|v| text(v.as_str()));
            clause.add(&format!("verdict IN ({marks})"), words);
        }
        if let Some(enforced) = filter.enforced {
            clause.add("enforced = ?", [Value::Integer(i64::from(enforced))]);
        }
        if let Some(client) = filter.client {
            clause.add("client = ?", [text(&client.to_string())]);
        }
        clause
    }

    /// All conditions, on the table `event`.
    pub(super) fn events(filter: &Filter) -> Self {
        let mut clause = Self::shared(filter);
        match filter.kind {
            Kind::All => {}
            Kind::Request => clause.add("request IS NOT NULL", []),
            Kind::System => clause.add("request IS NULL", []),
        }
        if let Some(layer) = filter.layer {
            clause.add("layer = ?", [text(layer.as_str())]);
        }
        if let Some(route) = &filter.route {
            clause.add("route = ?", [text(route)]);
        }
        if let Some(rule) = &filter.rule {
            let events = "seq IN (SELECT event FROM finding WHERE rule = ?)";
            clause.add(events, [text(rule)]);
        }
        if let Some(class) = &filter.class {
            let any = "EXISTS (SELECT 1 FROM finding WHERE event = seq AND class = ?)";
            clause.add(any, [text(class)]);
        }
        if let Some(wanted) = &filter.text {
            // Taking JSON apart is slow: most events are told from the text as it is stored. That
            // works for any text that JSON writes as it is.
            if !wanted.contains(['"', '\\']) && !wanted.contains(char::is_control) {
                clause.add("instr(lower(body), lower(?)) > 0", [text(wanted)]);
            }
            clause.add(TEXT, [text(wanted), text(wanted)]);
        }
        clause
    }

    pub(super) fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(condition.to_owned());
        self.values.extend(values);
    }

    pub(super) fn sql(&self) -> String {
        if self.conditions.is_empty() {
            return String::new();
        }
        format!("WHERE {}", self.conditions.join(" AND "))
    }
}

pub(super) fn time(at: Timestamp) -> Value {
    Value::Integer(i64::try_from(at.0).unwrap_or(i64::MAX))
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}
