//! The rules of a phase in the order they run, and where each goes on after a match.

use std::collections::HashMap;

use super::landing;
use crate::hir::{Phase, Rule, RuleSet, Step};

/// One phase.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Rules, by their place in the set.
    pub(super) code: Vec<usize>,
    /// For each of them, the position in `code` at which to go on after a match.
    pub(super) next: Vec<usize>,
}

impl Order {
    pub(super) fn new(set: &RuleSet, rules: &[&Rule], phase: Phase) -> Self {
        let mut code: Vec<usize> = Vec::new();
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        let mut index = 0;
        for step in &set.steps {
            match step {
                Step::Marker(name) => places.entry(name.clone()).or_default().push(code.len()),
                Step::Rule(rule) => {
                    if rule.phase == phase {
                        code.push(index);
                    }
                    let id = rule.id.to_string();
                    places.entry(id).or_default().push(code.len());
                    index += 1;
                }
            }
        }
        let next = code.iter().enumerate().map(|(at, own)| {
            let find = |name: &str| {
                let all = places.get(name)?;
                all.iter().copied().find(|place| *place > at)
            };
            let jump = rules.get(*own).map(|rule| &rule.jump);
            let to = jump.map_or(at + 1, |jump| landing(jump, at, find));
            to.min(code.len())
        });
        let next = next.collect();
        Self { code, next }
    }

    /// The same without the rules that are not live.
    pub(super) fn only(&self, live: &[bool]) -> Self {
        let is_live = |own: &usize| live.get(*own) == Some(&true);
        let mut before = Vec::with_capacity(self.code.len() + 1);
        let mut count = 0;
        for own in &self.code {
            before.push(count);
            count += usize::from(is_live(own));
        }
        before.push(count);
        let kept = self.code.iter().zip(&self.next);
        let kept = kept.filter(|(own, _)| is_live(own));
        let (code, next) = kept
            .map(|(own, next)| (*own, before.get(*next).copied().unwrap_or(count)))
            .unzip();
        Self { code, next }
    }
}
