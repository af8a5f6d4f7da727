//! What a plan holds, for `rules list` and the first screen.

use super::{Disruption, Plan};
use crate::operator::regex::Pattern;

/// One rule, as told to an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its id.
    pub id: u64,
    /// 1 to 5.
    pub phase: u8,
    /// Its message, macros as written; empty when it has none.
    pub message: String,
    /// `critical` and the like; empty when it has none.
    pub severity: &'static str,
    /// Its tags without macros.
    pub tags: Vec<String>,
    /// The paranoia level its tags name, if they name one.
    pub level: Option<u8>,
    /// `pass`, `deny`, `drop`, `redirect` or `allow`.
    pub action: &'static str,
    /// What it answers where it interrupts.
    pub status: Option<u16>,
    /// Whether a match is told.
    pub log: bool,
    /// How many conditions it has.
    pub links: usize,
    /// `file:line`.
    pub source: String,
}

/// The size of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rules.
    pub rules: usize,
    /// Distinct patterns.
    pub patterns: usize,
    /// Distinct lists of transformations.
    pub chains: usize,
    /// Literal sets of the prefilter.
    pub factors: usize,
    /// Heap bytes of the prefilter and the patterns, where they are known.
    pub bytes: usize,
}

impl Plan {
    /// Every rule, in the order of its files.
    pub fn rules(&self) -> impl Iterator<Item = Description> {
        self.rules.iter().map(|rule| {
            let text = |own: &super::Macro| {
                String::from_utf8_lossy(own.as_plain().unwrap_or_default()).into_owned()
            };
            let tags: Vec<String> = rule
                .tags
                .iter()
                .map(text)
                .filter(|tag| !tag.is_empty())
                .collect();
            let level = tags.iter().find_map(|tag| {
                tag.strip_prefix("paranoia-level/")
                    .and_then(|n| n.parse().ok())
            });
            Description {
                id: rule.id,
                phase: rule.phase.number(),
                message: rule.message.to_text(),
                severity: rule.severity.map_or("", |severity| severity.as_str()),
                level,
                tags,
                action: match rule.disruption {
                    Disruption::Pass => "pass",
                    Disruption::Deny => "deny",
                    Disruption::Drop => "drop",
                    Disruption::Redirect(_) => "redirect",
                    Disruption::Allow(_) => "allow",
                },
                status: rule.interruption_status(),
                log: rule.log,
                links: rule.conditions,
                source: rule.place.to_string(),
            }
        })
    }

    /// How large the plan is.
    #[must_use]
    pub fn size(&self) -> Size {
        let patterns: usize = self.patterns.iter().map(Pattern::memory).sum();
        Size {
            rules: self.rules.len(),
            patterns: self.patterns.len(),
            chains: self.chains.len(),
            factors: self.gates.factors(),
            bytes: patterns + self.gates.memory(),
        }
    }
}

impl super::Rule {
    /// The status a match is answered with; `None` where it does not interrupt.
    pub(crate) fn interruption_status(&self) -> Option<u16> {
        match self.disruption {
            Disruption::Pass | Disruption::Allow(_) => None,
            Disruption::Deny | Disruption::Drop => Some(self.status.unwrap_or(403)),
            Disruption::Redirect(_) => {
                let own = self.status.filter(|own| (300..400).contains(own));
                Some(own.unwrap_or(302))
            }
        }
    }
}
