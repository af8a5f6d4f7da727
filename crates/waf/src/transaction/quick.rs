//! Rules that are carried out without being looked at in full (`plan::quick`).

use super::{Transaction, Value};
use crate::operator::number;
use crate::plan::{Judge, Link, Parameter, Piece, Plan, Quick, Rule, Select, Slot, Target};
use crate::variable::Variable;

impl Transaction {
    /// Carries out a simple rule, and says where to go on at the earliest: 0 where it did not match, for a match
    /// goes on with the next rule, which is never before the second. `None` when it has to be looked at.
    pub(super) fn quick(&mut self, plan: &Plan, quick: Quick, rule: &Rule) -> Option<u32> {
        let link = rule.links.first()?;
        match quick {
            Quick::Compare {
                slot,
                kind,
                number,
                negated,
                next,
            } => match self.slot(slot) {
                Value::Number(own) if kind.holds(own, number) != negated => Some(next),
                Value::Number(_) | Value::Unset => Some(0),
                Value::Text(_) => None,
            },
            Quick::Act => {
                let holds = link.unconditional || self.holds(plan, link)?;
                if holds {
                    self.perform(plan, link, 0);
                }
                Some(if holds { rule.next } else { 0 })
            }
            Quick::Pass => (!self.holds(plan, link)?).then_some(0),
        }
    }

    /// Whether a condition holds that is told by a number; `None` where that is no number yet.
    pub(super) fn holds(&self, plan: &Plan, link: &Link) -> Option<bool> {
        let (Judge::Number(kind, parameter), [target]) = (&link.judge, link.targets.as_slice())
        else {
            return None;
        };
        if !self.scratch.unseen.is_empty() {
            return None;
        }
        let against = match parameter {
            Parameter::Number(number) => *number,
            Parameter::Macro(own) => match own.0.as_slice() {
                [Piece::Slot(slot)] => self.slot_number(*slot)?,
                _ => return None,
            },
        };
        let own = if target.count {
            self.count(plan, target)
        } else {
            match (target.variable, &target.select) {
                (Variable::Tx, Select::Slot(slot)) => match self.slot(Slot(*slot)) {
                    Value::Unset => return Some(false),
                    Value::Number(number) => number,
                    Value::Text(_) => return None,
                },
                (variable, _) => {
                    let Some(entry) = self.entry(variable, 0) else {
                        return Some(false);
                    };
                    number::parse(self.scratch.strings.text(entry.value))
                }
            }
        };
        Some(kind.holds(own, against) != link.negated)
    }

    /// The number in a slot; 0 where there is none.
    fn slot_number(&self, slot: Slot) -> Option<i64> {
        match self.slot(slot) {
            Value::Unset => Some(0),
            Value::Number(number) => Some(number),
            Value::Text(_) => None,
        }
    }

    /// How many values a target has that rules do not change.
    fn count(&self, plan: &Plan, target: &Target) -> i64 {
        if let (Variable::Tx, Select::Slot(slot)) = (target.variable, &target.select) {
            return i64::from(!matches!(self.slot(Slot(*slot)), Value::Unset));
        }
        let members = target.variable.members().iter();
        let entries = members.filter_map(|own| self.scratch.entries.get(own.index()));
        let is_meant = |name| self.selects(plan, &target.select, name);
        let count = entries.flatten().filter(|own| is_meant(own.name)).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }
}
