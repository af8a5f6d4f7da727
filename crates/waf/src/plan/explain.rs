//! What a plan makes of one rule: whether it runs at all, through which views it looks, and what a
//! value must hold for it to be asked.

use serde::Serialize;

use super::literal::{Clause, Literal, clauses};
use super::{Link, Plan, Select, Target};
use crate::explain::bytes;
use crate::hir::{self, Operator};

/// Literals shown of one set.
const SHOWN: usize = 24;

/// What a plan makes of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Whether it is in the plan. A rule that no request can reach, or that could do nothing, is
    /// left out.
    pub runs: bool,
    /// When its first condition is asked.
    pub wakes: Wakes,
    /// For each alternative of what a value must have: all that is named there.
    pub must_have: Vec<String>,
    /// What its conditions look at, each through what is done to it, and how many other rules share
    /// that.
    pub views: Vec<String>,
}

/// When a rule is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wakes {
    /// Never.
    #[default]
    Never,
    /// For every request.
    Always,
    /// When there is any value to look at.
    Present,
    /// When a value has what a match must have.
    Literals,
    /// When a value does not match its pattern.
    Mismatch,
    /// When a detector has found something.
    Detector,
}

impl Plan {
    /// About the rule at this place among all rules, which was compiled from `rule`.
    pub(crate) fn explained(&self, at: usize, rule: &hir::Rule) -> Explained {
        let phase = self.phases.get(rule.phase.index());
        let place = phase.and_then(|phase| {
            let mut code = phase.code.iter();
            code.position(|op| op.rule as usize == at)
        });
        let own = self.rules.get(at);
        let (Some(phase), Some(place), Some(own)) = (phase, place, own) else {
            return Explained::default();
        };
        let gated = own.links.first().is_some_and(|link| link.gate.is_some());
        let refutes = own.links.first().is_some_and(|link| link.refuted.is_some());
        let operator = rule.links.first().map(|link| &link.operator);
        let wakes = match operator {
            _ if phase.always.contains(place) => Wakes::Always,
            _ if refutes => Wakes::Mismatch,
            Some(Operator::Detect(..)) => Wakes::Detector,
            Some(_) if gated => Wakes::Literals,
            Some(_) | None => Wakes::Present,
        };
        let must_have = match operator {
            Some(operator) if wakes == Wakes::Literals => required(operator),
            Some(_) | None => Vec::new(),
        };
        let mut views: Vec<String> = Vec::new();
        for link in &own.links {
            for target in &link.targets {
                for chain in &link.stages {
                    let view = self.view(target, *chain, at);
                    if !views.contains(&view) {
                        views.push(view);
                    }
                }
            }
        }
        Explained {
            runs: true,
            wakes,
            must_have,
            views,
        }
    }

    /// A view, and who else has it.
    fn view(&self, target: &Target, chain: u16, own: usize) -> String {
        let has = |link: &Link| {
            let same = |other: &Target| {
                other.variable == target.variable
                    && other.select == target.select
                    && other.count == target.count
            };
            link.stages.contains(&chain) && link.targets.iter().any(same)
        };
        let others = self.rules.iter().enumerate();
        let others = others.filter(|(at, rule)| *at != own && rule.links.iter().any(has));
        let mut text = if target.count { "&" } else { "" }.to_owned();
        text.push_str(target.variable.name());
        match &target.select {
            Select::All => {}
            Select::Name(name) => text.push_str(&format!(":{name}")),
            Select::Pattern(_) => text.push_str(":/…/"),
            Select::Slot(slot) => {
                let name = self.tx_names.get(usize::from(*slot));
                text.push_str(&format!(":{}", name.map_or("", String::as_str)));
            }
            Select::Path(path) => {
                let path = self.paths.get(usize::from(*path));
                text.push_str(&format!(":{}", path.map_or("", |(text, _)| text)));
            }
        }
        let steps = self.chains.get(usize::from(chain));
        for step in steps.into_iter().flat_map(|chain| &chain.steps) {
            text.push_str(&format!(" → {}", step.name()));
        }
        match others.count() {
            0 => text + " (this rule alone)",
            1 => text + " (and one other rule)",
            more => text + &format!(" (and {more} other rules)"),
        }
    }
}

/// What the plan asks of a value before the operator is.
fn required(operator: &Operator) -> Vec<String> {
    match operator {
        Operator::Rx(regex) | Operator::RxGlobal(regex) | Operator::Checksum(_, regex) => {
            let hir = regex.pattern.hir();
            let all = hir.map(|hir| clauses(&hir)).unwrap_or_default();
            all.iter().map(told).collect()
        }
        Operator::Phrases(list) => {
            let lower: Vec<Vec<u8>> = list.iter().map(|own| own.to_ascii_lowercase()).collect();
            let lower: Vec<&[u8]> = lower.iter().map(Vec::as_slice).collect();
            vec![literals(&lower)]
        }
        Operator::ByteRange(allowed) => {
            vec![format!("one of the bytes {}", bytes(&allowed.complement()))]
        }
        Operator::UrlEncoding => vec!["a `%`".to_owned()],
        Operator::Utf8Encoding => vec!["a byte beyond ASCII".to_owned()],
        Operator::DetectXss => vec!["a `<` or a `=`".to_owned()],
        Operator::Always
        | Operator::Never
        | Operator::RxMacro(_)
        | Operator::Text(..)
        | Operator::Number(..)
        | Operator::IpMatch(_)
        | Operator::DetectSqli
        | Operator::Detect(..)
        | Operator::GeoLookup
        | Operator::Rbl(_) => Vec::new(),
    }
}

fn told(clause: &Clause) -> String {
    let set = |set: &Vec<Literal>| literals(&set.iter().map(|own| &**own).collect::<Vec<_>>());
    let mut all: Vec<String> = clause.literals.iter().map(set).collect();
    let sets = clause.sets.iter();
    all.extend(sets.map(|set| format!("one of the bytes {}", bytes(set))));
    if clause.length > 0 {
        let s = if clause.length == 1 { "" } else { "s" };
        all.push(format!("at least {} byte{s}", clause.length));
    }
    all.join("; ")
}

fn literals(set: &[&[u8]]) -> String {
    let shown = set.iter().take(SHOWN);
    let shown: Vec<String> = shown
        .map(|own| format!("`{}`", own.escape_ascii()))
        .collect();
    let mut text = match set.len() {
        1 => shown.join(", "),
        _ => format!("one of {}", shown.join(", ")),
    };
    if let Some(more @ 1..) = set.len().checked_sub(SHOWN) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
