//! Rules that are known not to run, whatever the request: those behind a paranoia gate that nothing
//! can open, and those whose condition no value of a `TX` variable can meet.
//!
//! The rules are walked in the order they run, phase after phase, with what is known of every `TX`
//! variable at that point. What may have been changed by a match that is not certain, by a `setvar`
//! whose name is not known, or on one of two ways to a point, is not known any more. A
//! `ctl:ruleRemove…` may take a gate away; then what it leaves of the rules behind it runs.

use std::collections::{BTreeSet, HashMap};

use super::order::Order;
use crate::hir::{
    Action, Assignment, Ctl, Disruption, Link, Operator, Phase, Piece, Rule, Selector, Target,
    Template,
};
use crate::operator::number;
use crate::transform::Transform;
use crate::variable::Variable;

/// What is known of a `TX` variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Unset,
    Number(i64),
    Anything,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Never,
    Maybe,
    Always,
}

/// When a point in the rules is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reach {
    Ordinarily,
    /// Only after one of these `ctl:ruleRemove…` has taken a gate away.
    Removed(BTreeSet<usize>),
}

/// What is known at one point: of each `TX` variable that is mentioned by its name.
#[derive(Clone, Debug)]
struct Flow {
    slots: Vec<Known>,
    reach: Reach,
}

impl Flow {
    fn merge(&mut self, other: &Self) {
        merge(&mut self.slots, &other.slots);
        match (&mut self.reach, &other.reach) {
            (Reach::Ordinarily, _) => {}
            (own, Reach::Ordinarily) => *own = Reach::Ordinarily,
            (Reach::Removed(own), Reach::Removed(more)) => own.extend(more),
        }
    }
}

fn merge(own: &mut [Known], other: &[Known]) {
    for (own, other) in own.iter_mut().zip(other) {
        if own != other {
            *own = Known::Anything;
        }
    }
}

fn join(into: Option<&mut Option<Flow>>, flow: Flow) {
    match into {
        Some(Some(own)) => own.merge(&flow),
        Some(none) => *none = Some(flow),
        None => {}
    }
}

/// For each rule of the set, whether it can ever run and do anything.
pub(super) fn live(rules: &[&Rule], orders: &[Order; 5]) -> Vec<bool> {
    let mut walk = Walk {
        rules,
        names: names(rules),
        masks: Vec::new(),
        unsure: vec![false; rules.len()],
        live: vec![false; rules.len()],
    };
    let mut slots = vec![Known::Unset; walk.names.len()];
    for (phase, order) in Phase::ALL.iter().zip(orders) {
        if *phase == Phase::Logging {
            // It comes after every kind of interruption, from any point.
            slots.fill(Known::Anything);
        }
        slots = walk.phase(order, slots);
    }
    let Walk { mut live, .. } = walk;
    for order in orders {
        drop_silent(rules, order, &mut live);
    }
    live
}

/// A rule that says nothing, does nothing and jumps over nothing may as well not be there.
fn drop_silent(rules: &[&Rule], order: &Order, live: &mut [bool]) {
    for (at, (&index, &next)) in order.code.iter().zip(&order.next).enumerate().rev() {
        let over = order.code.get(at + 1..next).unwrap_or_default();
        let jumps = over.iter().any(|own| live.get(*own) == Some(&true));
        if !jumps
            && rules.get(index).is_some_and(|rule| is_silent(rule))
            && let Some(live) = live.get_mut(index)
        {
            *live = false;
        }
    }
}

fn is_silent(rule: &Rule) -> bool {
    rule.disruption == Disruption::Pass
        && !rule.log
        && !rule.audit
        && rule.meta.severity.is_none()
        && rule
            .links
            .iter()
            .all(|link| link.actions.is_empty() && !link.capture && is_quiet(&link.operator))
}

/// Operators that can fail, or leave something behind.
fn is_quiet(operator: &Operator) -> bool {
    match operator {
        Operator::Rx(_)
        | Operator::RxMacro(_)
        | Operator::RxGlobal(_)
        | Operator::GeoLookup
        | Operator::Rbl(_)
        | Operator::Checksum(..) => false,
        Operator::Always
        | Operator::Never
        | Operator::Phrases(_)
        | Operator::Text(..)
        | Operator::Number(..)
        | Operator::IpMatch(_)
        | Operator::ByteRange(_)
        | Operator::UrlEncoding
        | Operator::Utf8Encoding
        | Operator::DetectSqli
        | Operator::DetectXss
        | Operator::Detect(..) => true,
    }
}

/// Every `TX` variable that is mentioned by its name.
fn names(rules: &[&Rule]) -> HashMap<String, usize> {
    let mut names = HashMap::new();
    let mut note = |name: &str| {
        let next = names.len();
        names.entry(name.to_ascii_lowercase()).or_insert(next);
    };
    for link in rules.iter().flat_map(|rule| &rule.links) {
        let targets = link.targets.iter().flat_map(|own| &own.included);
        for target in targets.filter(|target| target.variable == Variable::Tx) {
            if let Selector::Name(name) = &target.selector {
                note(name);
            }
        }
        for action in &link.actions {
            if let Action::SetVar(store, _) = action
                && store.collection == Variable::Tx
                && let Some(name) = store.name.as_plain()
            {
                note(name);
            }
        }
    }
    names
}

struct Walk<'a> {
    rules: &'a [&'a Rule],
    names: HashMap<String, usize>,
    /// For each `ctl:ruleRemove…` met so far, the rules it takes away.
    masks: Vec<Vec<bool>>,
    /// Rules from which a `ctl:ruleRemoveTarget…` may take their `TX` variable.
    unsure: Vec<bool>,
    live: Vec<bool>,
}

impl Walk<'_> {
    /// Walks one phase; what is known at its end, however it ends.
    fn phase(&mut self, order: &Order, slots: Vec<Known>) -> Vec<Known> {
        let mut points: Vec<Option<Flow>> = vec![None; order.code.len() + 1];
        let mut ends: Option<Flow> = None;
        let first = Flow {
            slots: slots.clone(),
            reach: Reach::Ordinarily,
        };
        join(points.first_mut(), first);
        for (at, (&index, &next)) in order.code.iter().zip(&order.next).enumerate() {
            let flow = points.get_mut(at).and_then(Option::take);
            let (Some(flow), Some(rule)) = (flow, self.rules.get(index).copied()) else {
                continue;
            };
            let removals = self.removals(index);
            let truth = match &flow.reach {
                Reach::Removed(masks) if masks.is_subset(&removals) => Truth::Never,
                Reach::Removed(_) | Reach::Ordinarily => self.truth(index, rule, &flow.slots),
            };
            if truth != Truth::Never {
                self.enter(index, rule);
                let mut matched = flow.clone();
                for link in &rule.links {
                    self.perform(link, &mut matched.slots);
                }
                if rule.disruption != Disruption::Pass {
                    join(Some(&mut ends), matched.clone());
                }
                join(points.get_mut(next), matched);
            }
            if let Some(flow) = self.passed(rule, truth, removals, flow) {
                join(points.get_mut(at + 1), flow);
            }
        }
        if let Some(Some(last)) = points.pop() {
            join(Some(&mut ends), last);
        }
        ends.map_or(slots, |own| own.slots)
    }

    /// The way on when a rule does not match, or was taken away; `None` when it always matches.
    fn passed(
        &self,
        rule: &Rule,
        truth: Truth,
        removals: BTreeSet<usize>,
        mut flow: Flow,
    ) -> Option<Flow> {
        match truth {
            Truth::Never => {}
            Truth::Maybe => {
                // The first links of a chain act even where a later one fails.
                let firsts = rule.links.len().saturating_sub(1);
                for link in rule.links.iter().take(firsts) {
                    let mut acted = flow.slots.clone();
                    self.perform(link, &mut acted);
                    merge(&mut flow.slots, &acted);
                }
            }
            Truth::Always if removals.is_empty() => return None,
            Truth::Always => {
                if flow.reach == Reach::Ordinarily {
                    flow.reach = Reach::Removed(removals);
                }
            }
        }
        Some(flow)
    }

    /// Notes that a rule may run, and which others it may take away.
    fn enter(&mut self, index: usize, rule: &Rule) {
        if let Some(live) = self.live.get_mut(index) {
            *live = true;
        }
        for action in rule.links.iter().flat_map(|link| &link.actions) {
            match action {
                Action::Ctl(Ctl::Remove(selector)) => {
                    let matches = selector.matcher();
                    let mask = self.rules.iter().map(|rule| matches(rule)).collect();
                    self.masks.push(mask);
                }
                Action::Ctl(Ctl::RemoveTarget(selector, targets)) => {
                    let is_tx = |target: &Target| target.variable == Variable::Tx;
                    if targets.included.iter().any(is_tx) {
                        let matches = selector.matcher();
                        for (unsure, rule) in self.unsure.iter_mut().zip(self.rules) {
                            *unsure |= matches(rule);
                        }
                    }
                }
                Action::Ctl(_)
                | Action::SetVar(..)
                | Action::ExpireVar(..)
                | Action::Bind(..)
                | Action::SetEnv(..) => {}
            }
        }
    }

    /// The removals met so far that take this rule away.
    fn removals(&self, index: usize) -> BTreeSet<usize> {
        let masks = self.masks.iter().enumerate();
        masks
            .filter(|(_, mask)| mask.get(index) == Some(&true))
            .map(|(at, _)| at)
            .collect()
    }

    fn known(&self, name: &str, slots: &[Known]) -> Known {
        // A match writes these.
        if matches!(name.as_bytes(), [b'0'..=b'9']) {
            return Known::Anything;
        }
        let at = self.names.get(&name.to_ascii_lowercase());
        at.and_then(|at| slots.get(*at))
            .copied()
            .unwrap_or(Known::Anything)
    }

    fn truth(&self, index: usize, rule: &Rule, slots: &[Known]) -> Truth {
        let Some(link) = rule.links.first() else {
            return Truth::Maybe;
        };
        match self.condition(link, slots) {
            Some(false) => Truth::Never,
            Some(true) if rule.links.len() == 1 && self.unsure.get(index) == Some(&false) => {
                Truth::Always
            }
            Some(true) | None => Truth::Maybe,
        }
    }

    /// Whether a condition holds, where that is known.
    fn condition(&self, link: &Link, slots: &[Known]) -> Option<bool> {
        let Some(targets) = &link.targets else {
            return Some(true);
        };
        let plain = link.transforms.iter().all(|own| *own == Transform::None);
        let ([target], true, false, true) = (
            targets.included.as_slice(),
            targets.excluded.is_empty(),
            link.multi_match,
            plain,
        ) else {
            return None;
        };
        let (Variable::Tx, Selector::Name(name), Operator::Number(kind, parameter)) =
            (target.variable, &target.selector, &link.operator)
        else {
            return None;
        };
        let parameter = number::parse(parameter.as_plain()?.as_bytes());
        let own = match (self.known(name, slots), target.count) {
            (Known::Anything, _) => return None,
            (Known::Unset, true) => 0,
            (Known::Number(_), true) => 1,
            // Without a value there is nothing to match, turned round or not.
            (Known::Unset, false) => return Some(false),
            (Known::Number(own), false) => own,
        };
        Some(kind.holds(own, parameter) != link.negated)
    }

    /// What the actions of a matching link make of the `TX` variables.
    fn perform(&self, link: &Link, slots: &mut [Known]) {
        for action in &link.actions {
            let Action::SetVar(store, assignment) = action else {
                continue;
            };
            if store.collection != Variable::Tx {
                continue;
            }
            match store.name.as_plain() {
                Some(name) => {
                    let value = self.assigned(link, self.known(name, slots), assignment, slots);
                    let at = self.names.get(&name.to_ascii_lowercase());
                    if let Some(slot) = at.and_then(|at| slots.get_mut(*at)) {
                        *slot = value;
                    }
                }
                None => self.blur(&store.name, slots),
            }
        }
    }

    /// A variable was written whose name has macros in it.
    fn blur(&self, name: &Template, slots: &mut [Known]) {
        let prefix = match name.0.first() {
            Some(Piece::Plain(text)) => text.to_ascii_lowercase(),
            Some(Piece::Macro(_)) | None => String::new(),
        };
        for (name, at) in &self.names {
            if name.starts_with(&prefix)
                && let Some(slot) = slots.get_mut(*at)
            {
                *slot = Known::Anything;
            }
        }
    }

    fn assigned(&self, link: &Link, old: Known, how: &Assignment, slots: &[Known]) -> Known {
        let old = match old {
            Known::Unset => Some(0),
            Known::Number(own) => Some(own),
            Known::Anything => None,
        };
        // More values may match, and each adds.
        let old = old.filter(|_| link.targets.is_none());
        match how {
            Assignment::Remove => Known::Unset,
            Assignment::Set(text) => self.copied(text, slots),
            Assignment::Add(text) => match (old, self.copied(text, slots)) {
                (Some(old), Known::Number(more)) => Known::Number(old.saturating_add(more)),
                _ => Known::Anything,
            },
            Assignment::Subtract(text) => match (old, self.copied(text, slots)) {
                (Some(old), Known::Number(less)) => Known::Number(old.saturating_sub(less)),
                _ => Known::Anything,
            },
        }
    }

    /// The value of a text: a number as it would print, or a copy of another variable.
    fn copied(&self, text: &Template, slots: &[Known]) -> Known {
        if let Some(plain) = text.as_plain() {
            let number = super::link::plain_number(plain);
            return number.map_or(Known::Anything, Known::Number);
        }
        match text.0.as_slice() {
            [Piece::Macro(target)] => match (target.variable, &target.selector) {
                (Variable::Tx, Selector::Name(name)) if !target.count => {
                    match self.known(name, slots) {
                        Known::Number(own) => Known::Number(own),
                        Known::Unset | Known::Anything => Known::Anything,
                    }
                }
                _ => Known::Anything,
            },
            _ => Known::Anything,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::source::Disk;
    use crate::{Connection, Plan, Spec};

    /// Two gates around rule 12, and what comes before them.
    fn plan(before: &str) -> Arc<Plan> {
        let text = format!(
            "{before}
            SecRule &TX:level \"@eq 0\" \"id:9,phase:1,pass,nolog,setvar:'tx.level=%{{tx.base}}'\"
            SecRule TX:level \"@lt 2\" \"id:10,phase:1,pass,nolog,skipAfter:END\"
            SecRule TX:level \"@lt 2\" \"id:11,phase:2,pass,nolog,skipAfter:END\"
            SecRule ARGS \"@contains x\" \"id:12,phase:2,pass,log,msg:'m',tag:'t'\"
            SecMarker END
            SecRule ARGS \"@contains x\" \"id:13,phase:2,pass,log,msg:'m'\""
        );
        let spec = Spec {
            rules: Vec::new(),
            inline: vec![("test".to_owned(), text)],
            ..Spec::default()
        };
        Arc::new(Plan::compile(&spec, &Disk).unwrap().plan)
    }

    /// The rules that match a request, and how many there are to run in phase 2.
    fn run(before: &str) -> (Vec<String>, usize) {
        let plan = plan(before);
        let end = "127.0.0.1:1".parse().unwrap();
        let mut transaction = plan.begin(Connection {
            client: end,
            server: end,
        });
        transaction.request_line(b"GET", b"/?a=x", b"HTTP/1.1");
        transaction.request_head_end();
        transaction.request_end();
        let found = transaction.finish().findings;
        (
            found.into_iter().map(|own| own.rule).collect(),
            plan.phases[1].code.len(),
        )
    }

    const BASE: &str = "SecAction \"id:1,phase:1,pass,nolog,setvar:tx.base=1\"";

    #[test]
    fn what_a_shut_gate_guards_is_left_out_with_the_gate() {
        assert_eq!(run(BASE), (vec!["13".to_owned()], 1));
    }

    #[test]
    fn a_level_that_a_request_may_raise_keeps_the_gate() {
        let raised =
            format!("{BASE}\nSecRule ARGS:a \"x\" \"id:2,phase:1,pass,nolog,setvar:tx.level=2\"");
        assert_eq!(run(&raised), (vec!["12".to_owned(), "13".to_owned()], 3));
        let by_name = format!(
            "{BASE}\nSecRule ARGS_NAMES \"a\" \
             \"id:2,phase:1,pass,nolog,setvar:'tx.le%{{rule.nothing}}vel=2'\""
        );
        assert_eq!(run(&by_name).1, 3);
    }

    #[test]
    fn a_gate_that_is_taken_away_lets_through_what_stays() {
        let gate = format!("{BASE}\nSecAction \"id:2,phase:1,pass,nolog,ctl:ruleRemoveById=11\"");
        assert_eq!(run(&gate), (vec!["12".to_owned(), "13".to_owned()], 3));
        let both =
            format!("{BASE}\nSecAction \"id:2,phase:1,pass,nolog,ctl:ruleRemoveById=11-12\"");
        assert_eq!(run(&both), (vec!["13".to_owned()], 1));
        let too_late =
            format!("{BASE}\nSecAction \"id:2,phase:3,pass,nolog,ctl:ruleRemoveById=11\"");
        assert_eq!(run(&too_late).1, 1);
    }

    #[test]
    fn a_variable_taken_from_a_gates_sight_keeps_the_gate() {
        let target = format!(
            "{BASE}\nSecAction \"id:2,phase:1,pass,nolog,ctl:ruleRemoveTargetById=11;TX:level\""
        );
        assert_eq!(run(&target).1, 3);
    }

    #[test]
    fn a_phase_left_early_leaves_its_variables_unknown() {
        let allowed = "SecRule ARGS:a \"x\" \"id:2,phase:1,allow:phase,nolog\"";
        assert_eq!(
            run(&format!("{allowed}\n{BASE}")),
            (vec!["12".to_owned(), "13".to_owned()], 3)
        );
    }
}
