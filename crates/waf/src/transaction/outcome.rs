//! What is told of a transaction: findings, sums, faults.

use babyshield_model::Finding;

use super::{Interruption, Matched, Step, Transaction};
use crate::audit::{self, Alert};
use crate::operator::number;
use crate::plan::{Plan, Rule, Slot};

/// Findings kept of one transaction; more say nothing new.
const MAX_FINDINGS: usize = 128;
const MAX_VALUE: usize = 512;
const MAX_MATCHED: usize = 256;
/// Nothing that is told holds more of a match.
pub(super) const MAX_TEXT: usize = 1024;

/// The sum of a finished transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Why it was interrupted, if it was.
    pub interruption: Option<Interruption>,
    /// Matched rules that log, in order of evaluation.
    pub findings: Vec<Finding>,
    /// Inbound anomaly score reached.
    pub score: u32,
    /// The score that blocks; 0 where the rules do not score.
    pub threshold: u32,
    /// What could not be judged as the rules asked.
    pub faults: Vec<String>,
    /// Whether a matched rule, or the audit engine's setting, wants an audit record.
    pub audit: bool,
    /// The audit record, where nobody was there to take it ([`Plan::audit_to`]).
    pub record: Option<audit::Record>,
    /// What happened, where [`Transaction::trace`] was called.
    pub steps: Vec<Step>,
}

/// A matched rule.
#[derive(Debug)]
pub(super) struct Record {
    finding: Option<Finding>,
    audit: bool,
    /// Where somebody reads it.
    alert: Option<Box<Alert>>,
}

impl Transaction {
    /// Notes a full match.
    pub(super) fn record(&mut self, plan: &Plan, rule: &Rule) {
        self.note_matched(plan, rule);
        if let Some(severity) = rule.severity {
            let own = severity as u8;
            let worst = self
                .state
                .highest_severity
                .map_or(own, |worst| worst.min(own));
            self.state.highest_severity = Some(worst);
        }
        if !(rule.log || rule.audit) || self.state.records.len() >= MAX_FINDINGS {
            return;
        }
        let finding = rule.log.then(|| self.finding(plan, rule));
        let alert = self
            .keeps_alerts(plan)
            .then(|| Box::new(self.alert(plan, rule)));
        self.state.records.push(Record {
            finding,
            audit: rule.audit,
            alert,
        });
    }

    fn finding(&mut self, plan: &Plan, rule: &Rule) -> Finding {
        let message = self.described(plan, &rule.message, MAX_TEXT);
        let data = self.described(plan, &rule.log_data, MAX_TEXT);
        let tags: Vec<String> = rule
            .tags
            .iter()
            .map(|tag| self.described(plan, tag, MAX_MATCHED))
            .collect();
        let class = tags
            .iter()
            .find_map(|tag| tag.strip_prefix("attack-"))
            .unwrap_or_default();
        let (field, value, matched) = match self.scratch.matched.last().copied() {
            Some(own) => self.evidence(own),
            None => Default::default(),
        };
        Finding {
            rule: rule.id.to_string(),
            message,
            class: class.to_owned(),
            severity: rule
                .severity
                .map_or(String::new(), |s| s.as_str().to_owned()),
            field,
            value,
            matched,
            data,
            tags,
            source: rule.place.to_string(),
        }
    }

    fn evidence(&mut self, own: Matched) -> (String, String, String) {
        let field = self.full_name(own.origin.0, own.origin.1);
        let field = self.text(field, MAX_MATCHED);
        let value = self.scratch.strings.text(own.value);
        let (start, end) = (own.span.0 as usize, own.span.1 as usize);
        let matched = clip(value.get(start..end).unwrap_or_default(), MAX_MATCHED);
        // A long value is shown around its match.
        let from = if end > MAX_VALUE {
            start.saturating_sub(MAX_VALUE / 4)
        } else {
            0
        };
        let value = clip(value.get(from..).unwrap_or_default(), MAX_VALUE);
        (field, value, matched)
    }

    fn text(&self, slice: super::text::Slice, max: usize) -> String {
        clip(self.scratch.strings.bytes(slice), max)
    }

    pub(super) fn outcome(&mut self) -> Outcome {
        let plan = std::sync::Arc::clone(&self.plan);
        let mut records = std::mem::take(&mut self.state.records);
        let marked = records.iter().any(|own| own.audit);
        let audit = self.is_audited(plan.audit.as_ref(), marked);
        let alerts = records.iter_mut().filter_map(|own| own.alert.take());
        let alerts: Vec<Alert> = alerts.map(|own| *own).collect();
        let record = self.hand_over(&plan, audit, &alerts);
        self.note_alerts(&alerts);
        Outcome {
            interruption: self.state.interruption.clone(),
            findings: records.into_iter().filter_map(|own| own.finding).collect(),
            score: self.sum(&plan.scores.inbound),
            threshold: self.sum(&plan.scores.threshold),
            faults: std::mem::take(&mut self.state.faults),
            audit,
            record,
            steps: self.state.steps.take().unwrap_or_default(),
        }
    }

    /// Makes the record, and gives it to who writes records.
    fn hand_over(&self, plan: &Plan, audit: bool, alerts: &[Alert]) -> Option<audit::Record> {
        let log = plan.audit.as_ref().filter(|_| audit)?;
        let record = self.audit_record(log, alerts);
        match log.sink.get() {
            Some(sink) => {
                sink.write(record);
                None
            }
            None => Some(record),
        }
    }

    fn note_alerts(&mut self, alerts: &[Alert]) {
        if !self.is_traced() {
            return;
        }
        let interruption = self.state.interruption.clone();
        for alert in alerts {
            let line = self.alert_line(alert, interruption.as_ref());
            self.note(|_| Step::Told {
                rule: alert.rule,
                line,
            });
        }
    }

    /// The first of these slots that is set and not zero.
    fn sum(&mut self, slots: &[Slot]) -> u32 {
        for slot in slots {
            if let Some(text) = self.slot_text(*slot) {
                let number = number::parse(self.scratch.strings.bytes(text));
                if number > 0 {
                    return u32::try_from(number).unwrap_or(u32::MAX);
                }
            }
        }
        0
    }
}

/// Bytes as text, cut to so many of them.
fn clip(bytes: &[u8], max: usize) -> String {
    String::from_utf8_lossy(bytes.get(..max.min(bytes.len())).unwrap_or_default()).into_owned()
}
