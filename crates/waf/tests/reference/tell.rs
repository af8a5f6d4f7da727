//! What is told of a transaction.

use babyshield_model::Finding;
use babyshield_waf::hir::{AuditEngine, Rule, Template};
use babyshield_waf::operator::number;
use babyshield_waf::variable::Variable;
use babyshield_waf::{Outcome, hir};

use super::values::full_name;
use super::{Matched, Run};

impl Matched {
    pub(super) fn origin(&self) -> (Variable, Vec<u8>) {
        let own = (self.value.variable, self.value.name.clone());
        self.value.origin.clone().unwrap_or(own)
    }
}

impl Run<'_> {
    pub(super) fn record(&mut self, rule: &Rule) {
        if let Some(severity) = rule.meta.severity {
            let own = severity as u8;
            self.severity = Some(self.severity.map_or(own, |worst| worst.min(own)));
        }
        if !(rule.log || rule.audit) || self.records.len() >= 128 {
            return;
        }
        let finding = rule.log.then(|| self.finding(rule));
        self.records.push((finding, rule.audit));
    }

    fn finding(&self, rule: &Rule) -> Finding {
        let text = |text: &Option<Template>| {
            let text = text.as_ref().map(|text| self.expand(text));
            clip(&text.unwrap_or_default(), 1024)
        };
        let tags: Vec<String> = rule
            .meta
            .tags
            .iter()
            .map(|tag| clip(&self.expand(tag), 256))
            .collect();
        let class = tags.iter().find_map(|tag| tag.strip_prefix("attack-"));
        let (field, value, matched) = self.matched.last().map(evidence).unwrap_or_default();
        Finding {
            rule: rule.id.to_string(),
            message: text(&rule.meta.message),
            class: class.unwrap_or_default().to_owned(),
            severity: rule.meta.severity.map_or("", |own| own.as_str()).to_owned(),
            field,
            value,
            matched,
            data: text(&rule.meta.log_data),
            tags,
            source: hir::place(&rule.span).to_string(),
        }
    }

    pub(super) fn outcome(self) -> Outcome {
        let audit = match self.audit {
            AuditEngine::On => true,
            AuditEngine::RelevantOnly => self.records.iter().any(|(_, audit)| *audit),
            AuditEngine::Off => false,
        };
        let sum = |names: &[&str]| {
            let values = names.iter().filter_map(|name| {
                let own = self.tx.iter().find(|(own, _)| own == name.as_bytes())?;
                u32::try_from(number::parse(&own.1))
                    .ok()
                    .filter(|sum| *sum > 0)
            });
            values.into_iter().next().unwrap_or(0)
        };
        Outcome {
            record: None,
            steps: Vec::new(),
            score: sum(&[
                "blocking_inbound_anomaly_score",
                "inbound_anomaly_score",
                "anomaly_score",
            ]),
            threshold: sum(&[
                "inbound_anomaly_score_threshold",
                "inbound_anomaly_score_level",
            ]),
            interruption: self.interruption,
            findings: self
                .records
                .into_iter()
                .filter_map(|(finding, _)| finding)
                .collect(),
            faults: self.faults,
            audit,
        }
    }
}

fn evidence(own: &Matched) -> (String, String, String) {
    let (variable, name) = own.origin();
    let (start, end) = own.span;
    let value = &own.value.bytes;
    let from = if end > 512 {
        start.saturating_sub(128)
    } else {
        0
    };
    (
        clip(&full_name(variable, &name), 256),
        clip(&value[from..], 512),
        clip(&value[start..end], 256),
    )
}

fn clip(bytes: &[u8], max: usize) -> String {
    String::from_utf8_lossy(&bytes[..max.min(bytes.len())]).into_owned()
}
