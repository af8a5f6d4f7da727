//! Who reads what matches capture: `TX:0` to `TX:9`. Where nobody does, it is not worked out.

use super::{Action, Assignment, Disruption, Judge, Link, Macro, Parameter, Piece, Plan, Rule};
use super::{Select, Slot, Target};
use crate::operator::regex::{GROUPS, Pattern};
use crate::variable::Variable;

/// The slots of captures: those that a question is about.
struct Captures<'a> {
    slots: [Option<Slot>; GROUPS],
    /// See [`Plan::selectors`].
    selectors: &'a [Pattern],
}

impl Plan {
    /// Notes which rules have to do with groups, and which conditions read nothing of a match before their
    /// last one.
    pub(super) fn note_captures(&mut self) {
        let about = |is_asked: fn(usize) -> bool| Captures {
            slots: std::array::from_fn(|at| *self.captures.get(at).filter(|_| is_asked(at))?),
            selectors: &self.selectors,
        };
        let (all, whole, groups) = (about(|_| true), about(|at| at == 0), about(|at| at > 0));
        let leave = self.rules.iter().any(|rule| whole.are_left_to(rule));
        for rule in &mut self.rules {
            rule.reads_groups = groups.are_met_by(rule);
            rule.reads_match = leave || whole.are_used_by(rule);
            for link in &mut rule.links {
                let is_linear = match link.judge {
                    Judge::Rx(pattern) => self.patterns.get(usize::from(pattern)),
                    _ => None,
                };
                link.waits = is_linear.is_some_and(|own| own.is_linear())
                    && !link.negated
                    && link.targets.iter().all(is_apart)
                    && !link.actions.iter().any(|own| all.are_met_in(own));
            }
        }
        for op in self.phases.iter_mut().flat_map(|phase| &mut phase.code) {
            let rule = self.rules.get(op.rule as usize);
            if rule.is_some_and(|rule| rule.reads_groups) {
                op.quick = None;
            }
        }
    }
}

/// Whether what is looked at is what it was before the condition began.
fn is_apart(target: &Target) -> bool {
    super::is_fixed(target.variable) && !target.count
}

impl Captures<'_> {
    fn has(&self, slot: Slot) -> bool {
        self.slots.contains(&Some(slot))
    }

    fn are_met_by(&self, rule: &Rule) -> bool {
        let mut told = [&rule.message, &rule.log_data]
            .into_iter()
            .chain(&rule.tags);
        told.any(|own| self.are_read_by(own)) || self.are_used_by(rule)
    }

    /// The same for anything but what is told of a match.
    fn are_used_by(&self, rule: &Rule) -> bool {
        let redirect = match &rule.disruption {
            Disruption::Redirect(to) => Some(to),
            Disruption::Pass | Disruption::Deny | Disruption::Drop | Disruption::Allow(_) => None,
        };
        let mut texts = [&rule.parameter].into_iter().chain(redirect);
        texts.any(|own| self.are_read_by(own)) || rule.links.iter().any(|own| self.are_met_at(own))
    }

    /// Whether a rule uses what another's match has left there.
    fn are_left_to(&self, rule: &Rule) -> bool {
        let captures =
            |link: &Link| link.capture && !link.negated && matches!(link.judge, Judge::Rx(_));
        let own = rule.links.iter().position(captures);
        let (before, behind) = rule.links.split_at(own.unwrap_or(rule.links.len()));
        let asked = behind.first().is_some_and(|own| self.are_asked_at(own));
        asked
            || before.iter().any(|own| self.are_met_at(own))
            || (own.is_none() && self.are_used_by(rule))
    }

    fn are_met_at(&self, link: &Link) -> bool {
        self.are_asked_at(link) || link.actions.iter().any(|own| self.are_met_in(own))
    }

    /// Whether a condition itself reads them.
    fn are_asked_at(&self, link: &Link) -> bool {
        let asked = match &link.judge {
            Judge::RxMacro(text) | Judge::Text(_, text) => self.are_read_by(text),
            Judge::Number(_, parameter) => self.are_counted(parameter),
            Judge::Always
            | Judge::Never
            | Judge::Rx(_)
            | Judge::RxGlobal(_)
            | Judge::Phrases(_)
            | Judge::IpMatch(_)
            | Judge::ByteRange(_)
            | Judge::UrlEncoding
            | Judge::Utf8Encoding
            | Judge::Checksum(..)
            | Judge::Detect(..)
            | Judge::DetectSqli
            | Judge::DetectXss
            | Judge::GeoLookup
            | Judge::Rbl(_) => false,
        };
        asked || link.targets.iter().any(|own| self.are_seen_by(own))
    }

    /// Whether an action may read or write them.
    fn are_met_in(&self, action: &Action) -> bool {
        match action {
            Action::SetSlot(slot, assignment) => self.has(*slot) || self.are_assigned(assignment),
            Action::SetVar(collection, name, assignment) => {
                *collection == Variable::Tx
                    || self.are_read_by(name)
                    || self.are_assigned(assignment)
            }
            Action::ExpireVar(_, name, text) | Action::SetEnv(name, text) => {
                self.are_read_by(name) || self.are_read_by(text)
            }
            Action::Bind(_, key) => self.are_read_by(key),
            Action::Ctl(_) => false,
        }
    }

    fn are_assigned(&self, assignment: &Assignment) -> bool {
        match assignment {
            Assignment::Number(_) | Assignment::Remove => false,
            Assignment::Set(text) => self.are_read_by(text),
            Assignment::Add { amount, .. } => self.are_counted(amount),
        }
    }

    fn are_counted(&self, parameter: &Parameter) -> bool {
        match parameter {
            Parameter::Number(_) => false,
            Parameter::Macro(text) => self.are_read_by(text),
        }
    }

    fn are_read_by(&self, text: &Macro) -> bool {
        text.0.iter().any(|piece| match piece {
            Piece::Plain(_) => false,
            Piece::Slot(slot) => self.has(*slot),
            Piece::Value(target) => self.are_seen_by(target),
        })
    }

    fn are_seen_by(&self, target: &Target) -> bool {
        match (target.variable, &target.select) {
            (Variable::Tx, Select::Slot(slot)) => self.has(Slot(*slot)),
            (Variable::Tx, Select::Pattern(at)) => {
                let own = self.selectors.get(usize::from(*at));
                let named =
                    |at: usize| own.is_none_or(|own| own.is_match_alone(at.to_string().as_bytes()));
                let mut slots = self.slots.iter().enumerate();
                slots.any(|(at, slot)| slot.is_some() && named(at))
            }
            (Variable::Tx | Variable::Rule, _) => true,
            _ => false,
        }
    }
}
