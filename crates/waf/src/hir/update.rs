//! Directives that change rules given elsewhere: removals, target and action updates.

use babyshield_model::{Diagnostic, Span};

use super::action::RuleSelector;
use super::lower::Lowering;
use super::rule::{self, Said, SaidDisruption};
use super::{Changed, Rule, Step, Targets};
use crate::hir;
use crate::operator::regex::{Options, Pattern};
use crate::seclang::ast;

/// A change to some rules, made once everything has been read.
pub(super) struct Update {
    pub(super) rules: RuleSelector,
    pub(super) change: Change,
    /// What it says of targets.
    pub(super) text: String,
    pub(super) span: Span,
}

/// What is changed.
pub(super) enum Change {
    /// The rules go.
    Remove,
    /// Targets are added or left out, or put in place of others.
    Target(Targets, Option<Targets>),
    /// Actions are put in place of those the rule has.
    Actions(ast::Text),
}

impl RuleSelector {
    /// Compiled once, to be asked of many rules.
    pub(crate) fn matcher(&self) -> impl Fn(&Rule) -> bool + '_ {
        let compile = |pattern: &str| Pattern::compile(pattern, &Options::default()).ok();
        let pattern = match self {
            Self::Ids(_) => None,
            Self::Tag(pattern) | Self::Message(pattern) => compile(pattern),
        };
        move |rule| {
            let fits = |text: &str| {
                pattern
                    .as_ref()
                    .is_some_and(|own| own.is_match_alone(text.as_bytes()))
            };
            match self {
                Self::Ids(ranges) => ranges.iter().any(|range| range.contains(&rule.id)),
                Self::Tag(_) => rule.plain_tags().any(fits),
                Self::Message(_) => rule
                    .meta
                    .message
                    .as_ref()
                    .and_then(|m| m.as_plain())
                    .is_some_and(fits),
            }
        }
    }
}

impl Lowering<'_> {
    /// Carries out what the directives asked for, in their order.
    pub(super) fn apply_updates(&mut self) {
        for update in std::mem::take(&mut self.updates) {
            let matches = update.rules.matcher();
            self.note(&update, &matches);
            match update.change {
                Change::Remove => self.set.steps.retain(|step| match step {
                    Step::Rule(rule) => !matches(rule),
                    Step::Marker(_) => true,
                }),
                Change::Target(targets, replaced) => {
                    for rule in self.rules_mut().filter(|rule| matches(rule)) {
                        change_targets(rule, &targets, replaced.as_ref());
                    }
                }
                Change::Actions(list) => {
                    let said = rule::read(self, &list);
                    let found: Vec<_> = self.rules_mut().filter(|rule| matches(rule)).collect();
                    let none = found.is_empty();
                    for rule in found {
                        change_actions(rule, &said);
                    }
                    if none {
                        self.faults.push(
                            Diagnostic::warning("seclang.no_such_rule", "no rule has this id")
                                .at(update.span),
                        );
                    }
                }
            }
        }
    }

    /// Keeps what is about to change, for those who ask about a rule.
    fn note(&mut self, update: &Update, matches: &dyn Fn(&Rule) -> bool) {
        let what = match &update.change {
            Change::Remove => Changed::Removed,
            Change::Target(..) => Changed::Targets(update.text.clone()),
            Change::Actions(list) => Changed::Actions(list.value.clone()),
        };
        let touched: Vec<_> = self
            .rules_mut()
            .filter(|rule| matches(rule))
            .map(|rule| hir::Change {
                rule: rule.id,
                what: what.clone(),
                span: update.span.clone(),
            })
            .collect();
        self.set.changes.extend(touched);
    }

    fn rules_mut(&mut self) -> impl Iterator<Item = &mut Rule> {
        self.set.steps.iter_mut().filter_map(|step| match step {
            Step::Rule(rule) => Some(rule.as_mut()),
            Step::Marker(_) => None,
        })
    }
}

/// The first link is meant; later links of a chain keep their targets.
fn change_targets(rule: &mut Rule, targets: &Targets, replaced: Option<&Targets>) {
    let Some(own) = rule
        .links
        .first_mut()
        .and_then(|link| link.targets.as_mut())
    else {
        return;
    };
    if let Some(replaced) = replaced {
        own.included
            .retain(|target| !replaced.included.contains(target));
    }
    own.extend(targets);
}

fn change_actions(rule: &mut Rule, said: &Said) {
    if let Some(SaidDisruption::Own(disruption)) = &said.disruption {
        rule.disruption = disruption.clone();
    }
    rule.status = said.status.or(rule.status);
    rule.log = said.log.unwrap_or(rule.log);
    rule.audit = said.audit.unwrap_or(rule.audit);
    if let Some(jump) = &said.jump {
        rule.jump = jump.clone();
    }
    if said.meta.message.is_some() {
        rule.meta.message.clone_from(&said.meta.message);
    }
    if said.meta.log_data.is_some() {
        rule.meta.log_data.clone_from(&said.meta.log_data);
    }
    rule.meta.severity = said.meta.severity.or(rule.meta.severity);
    rule.meta.tags.extend(said.meta.tags.iter().cloned());
    if let Some(link) = rule.links.first_mut() {
        if said.transforms.reset {
            link.transforms.clear();
        }
        link.transforms.extend(said.transforms.list.iter().copied());
        link.actions.extend(said.actions.iter().cloned());
    }
}
