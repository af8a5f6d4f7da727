//! Rules that need not be looked at in full: those every rule set has at the front and at the end.
//!
//! What their first condition says is a number that is at hand: one that rules have set, how many values there
//! are, a flag. `transaction::quick` asks it.

use super::{
    Action, Assignment, Chain, Ctl, Disruption, Judge, Link, Macro, Number, Parameter, Piece, Rule,
    Select, Slot, Target, is_fixed,
};
use crate::variable::{Shape, Variable};

/// What a rule comes to, where that is quickly seen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quick {
    /// Jump when a slot's number compares so: paranoia gates.
    Compare {
        slot: Slot,
        kind: Number,
        number: i64,
        negated: bool,
        next: u32,
    },
    /// Carry out the actions of the one condition when it holds, which is told to nobody: defaults.
    Act,
    /// Pass over the rule when its first condition does not hold.
    Pass,
}

impl Quick {
    /// How a rule is carried out, if it is one of those.
    pub(super) fn of(rule: &Rule) -> Option<Self> {
        let (link, rest) = rule.links.split_first()?;
        let silent = !rule.log && !rule.audit && rule.severity.is_none() && !link.capture;
        let passes = silent && rest.is_empty() && matches!(rule.disruption, Disruption::Pass);
        if let (true, true, [], [target], Judge::Number(kind, Parameter::Number(number))) = (
            passes,
            link.told,
            link.actions.as_slice(),
            link.targets.as_slice(),
            &link.judge,
        ) && let (Variable::Tx, Select::Slot(slot), false) =
            (target.variable, &target.select, target.count)
        {
            return Some(Self::Compare {
                slot: Slot(*slot),
                kind: *kind,
                number: *number,
                negated: link.negated,
                next: rule.next,
            });
        }
        let acts = passes && link.actions.iter().all(is_simple);
        match () {
            () if acts && (link.told || link.unconditional) => Some(Self::Act),
            () if link.told => Some(Self::Pass),
            () => None,
        }
    }
}

/// Notes of each condition whether it compares one number that is at hand.
pub(super) fn note_told(rules: &mut [Rule], chains: &[Chain]) {
    for link in rules.iter_mut().flat_map(|rule| &mut rule.links) {
        link.told = is_told(link, chains);
    }
}

fn is_told(link: &Link, chains: &[Chain]) -> bool {
    let (Judge::Number(_, parameter), [target]) = (&link.judge, link.targets.as_slice()) else {
        return false;
    };
    let known = match parameter {
        Parameter::Number(_) => true,
        Parameter::Macro(own) => matches!(own.0.as_slice(), [Piece::Slot(_)]),
    };
    let Target {
        variable,
        select,
        count,
    } = target;
    let at_hand = match (variable, select) {
        (Variable::Tx, Select::Slot(_)) => true,
        (own, Select::All | Select::Name(_)) if *count => is_fixed(*own),
        (own, Select::All) => is_fixed(*own) && own.shape() == Shape::Scalar,
        _ => false,
    };
    known && at_hand && link.excluded.is_empty() && link.is_bare(chains)
}

/// Whether an action neither asks what has matched nor changes which rules run.
fn is_simple(action: &Action) -> bool {
    match action {
        Action::SetSlot(_, Assignment::Number(_)) => true,
        Action::SetSlot(_, Assignment::Set(Macro(pieces))) => {
            pieces.iter().all(|piece| matches!(piece, Piece::Plain(_)))
        }
        Action::Ctl(own) => matches!(
            own,
            Ctl::RequestBody(_)
                | Ctl::ResponseBody(_)
                | Ctl::Processor(_)
                | Ctl::ForceRequestBody(_)
        ),
        _ => false,
    }
}
