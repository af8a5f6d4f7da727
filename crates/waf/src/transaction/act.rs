//! What matches do: variables, collections, changes to the rest of the transaction, macros.

use std::time::Duration;

use super::text::Slice;
use super::trace::Name;
use super::{Step, Transaction, Value};
use crate::collection::Key;
use crate::operator::number;
use crate::plan::{Action, Assignment, Ctl, Link, Macro, Piece, Plan, Select, Slot};
use crate::variable::Variable;

impl Transaction {
    /// Carries out the actions of a link, once for each value that matched.
    pub(super) fn perform(&mut self, plan: &Plan, link: &Link, at: usize) {
        for (position, action) in link.actions.iter().enumerate() {
            match action {
                Action::SetSlot(slot, assignment) => self.set_slot(plan, *slot, assignment),
                Action::SetVar(collection, name, assignment) => {
                    self.set_var(plan, *collection, name, assignment);
                }
                Action::ExpireVar(collection, name, seconds) => {
                    self.expire_var(plan, *collection, name, seconds);
                }
                Action::Bind(collection, key) => self.bind(plan, *collection, key),
                Action::SetEnv(name, value) => {
                    let name = self.expand(plan, name);
                    let value = self.expand(plan, value);
                    self.note_environment(name, value);
                    let strings = &self.scratch.strings;
                    let same = |own: &(Slice, Slice)| {
                        strings
                            .bytes(own.0)
                            .eq_ignore_ascii_case(strings.bytes(name))
                    };
                    match self.scratch.env.iter().position(same) {
                        Some(at) => {
                            if let Some(own) = self.scratch.env.get_mut(at) {
                                own.1 = value;
                            }
                        }
                        None => self.scratch.env.push((name, value)),
                    }
                }
                Action::Ctl(ctl) => self.control(plan, ctl, (at, position)),
            }
        }
    }

    /// The new value of a variable.
    fn assigned(&mut self, plan: &Plan, old: Value, assignment: &Assignment) -> Value {
        match assignment {
            Assignment::Number(number) => Value::Number(*number),
            Assignment::Remove => Value::Unset,
            Assignment::Set(text) => match text.0.as_slice() {
                // A copy of another number stays a number.
                [Piece::Slot(slot)] if matches!(self.slot(*slot), Value::Number(_)) => {
                    self.slot(*slot)
                }
                _ => Value::Text(self.expand(plan, text)),
            },
            Assignment::Add { amount, negative } => {
                let amount = match amount {
                    crate::plan::Parameter::Macro(Macro(pieces)) => match pieces.as_slice() {
                        [Piece::Slot(slot)] => self.number_of(self.slot(*slot)),
                        _ => self.parameter(plan, amount),
                    },
                    crate::plan::Parameter::Number(number) => *number,
                };
                let old = self.number_of(old);
                Value::Number(if *negative {
                    old.saturating_sub(amount)
                } else {
                    old.saturating_add(amount)
                })
            }
        }
    }

    fn number_of(&self, value: Value) -> i64 {
        match value {
            Value::Unset => 0,
            Value::Number(number) => number,
            Value::Text(text) => number::parse(self.scratch.strings.bytes(text)),
        }
    }

    fn set_slot(&mut self, plan: &Plan, slot: Slot, assignment: &Assignment) {
        let value = self.assigned(plan, self.slot(slot), assignment);
        if let Some(name) = plan.tx_names.get(usize::from(slot.0)) {
            self.note_saved(Variable::Tx, &Name::Known(name), value);
        }
        self.write_slot(plan, slot, value);
    }

    /// Sets a slot; rules of this phase that look at it are due from now on.
    pub(super) fn write_slot(&mut self, plan: &Plan, slot: Slot, value: Value) {
        let at = usize::from(slot.0);
        let phase = plan.phases.get(self.state.phase.index());
        if let Some(rules) = phase.and_then(|phase| phase.by_slot.get(at)) {
            self.scratch.due.union(rules);
        }
        if let Some(own) = self.scratch.slots.get_mut(at) {
            *own = value;
        }
    }

    fn set_var(&mut self, plan: &Plan, kind: Variable, name: &Macro, assignment: &Assignment) {
        let written = self.expand(plan, name);
        let name = self.lower_case(written);
        if kind == Variable::Tx {
            return self.set_tx(plan, name, assignment);
        }
        let Some(key) = self.binding(kind) else {
            return;
        };
        let now = plan.clock.monotonic();
        let old = {
            let strings = &self.scratch.strings;
            let key = Key {
                kind,
                key: strings.bytes(key),
            };
            plan.collections.get(&key, strings.bytes(name), now)
        };
        let old = old.map_or(Value::Unset, |old| {
            Value::Text(self.scratch.strings.keep(&old))
        });
        let value = self.assigned(plan, old, assignment);
        self.note_saved(kind, &Name::Kept(written), value);
        let value = self.value_text(value);
        let strings = &self.scratch.strings;
        let expires = now.saturating_add(Duration::from_secs(plan.settings.collection_timeout));
        let key = Key {
            kind,
            key: strings.bytes(key),
        };
        let value = value.map(|value| strings.bytes(value));
        plan.collections
            .set(&key, strings.bytes(name), value, expires);
    }

    /// A `TX` variable whose name was not known when the rules were compiled.
    fn set_tx(&mut self, plan: &Plan, name: Slice, assignment: &Assignment) {
        let bytes = self.scratch.strings.bytes(name);
        let known = plan.tx_names.iter().position(|own| own.as_bytes() == bytes);
        if let Some(slot) = known.and_then(|at| u16::try_from(at).ok()) {
            return self.set_slot(plan, Slot(slot), assignment);
        }
        let strings = &self.scratch.strings;
        let at = self
            .scratch
            .named
            .iter()
            .position(|(own, _)| strings.bytes(*own) == bytes);
        let old = at
            .and_then(|at| self.scratch.named.get(at))
            .map_or(Value::Unset, |own| own.1);
        let value = self.assigned(plan, old, assignment);
        self.note_saved(Variable::Tx, &Name::Kept(name), value);
        match at.and_then(|at| self.scratch.named.get_mut(at)) {
            Some(own) => own.1 = value,
            None => self.scratch.named.push((name, value)),
        }
    }

    fn expire_var(&mut self, plan: &Plan, kind: Variable, name: &Macro, seconds: &Macro) {
        let name = self.expand(plan, name);
        let name = self.lower_case(name);
        let seconds = self.expand(plan, seconds);
        let Some(key) = self.binding(kind) else {
            return;
        };
        let strings = &self.scratch.strings;
        let seconds = u64::try_from(number::parse(strings.bytes(seconds))).unwrap_or(0);
        let expires = plan
            .clock
            .monotonic()
            .saturating_add(Duration::from_secs(seconds));
        let key = Key {
            kind,
            key: strings.bytes(key),
        };
        plan.collections.expire(&key, strings.bytes(name), expires);
    }

    fn bind(&mut self, plan: &Plan, kind: Variable, key: &Macro) {
        let key = self.expand(plan, key);
        self.scratch.bound.retain(|(own, _)| *own != kind);
        self.scratch.bound.push((kind, key));
        self.note_bound(kind, key);
    }

    fn binding(&self, kind: Variable) -> Option<Slice> {
        self.scratch
            .bound
            .iter()
            .find(|(own, _)| *own == kind)
            .map(|(_, key)| *key)
    }

    fn lower_case(&mut self, slice: Slice) -> Slice {
        if !self
            .scratch
            .strings
            .bytes(slice)
            .iter()
            .any(u8::is_ascii_uppercase)
        {
            return slice;
        }
        let lower = self.scratch.strings.bytes(slice).to_ascii_lowercase();
        self.scratch.strings.keep(&lower)
    }

    fn control(&mut self, plan: &Plan, ctl: &Ctl, (link, action): (usize, usize)) {
        match ctl {
            Ctl::Engine(engine) => {
                self.state.engine = *engine;
                self.note(|_| Step::Engine(*engine));
            }
            Ctl::RequestBody(on) => {
                self.state.request_body = *on;
                self.note(|_| Step::RequestBody(*on));
            }
            Ctl::ResponseBody(on) => self.state.response_body = *on,
            Ctl::Processor(processor) => self.state.processor = Some(*processor),
            Ctl::ForceRequestBody(on) => self.state.force_request_body = *on,
            Ctl::Audit(audit) => self.state.audit = *audit,
            Ctl::AuditParts(change) => {
                self.state.audit_parts = change.apply(self.state.audit_parts);
            }
            Ctl::Remove(mask) => {
                if let Some(mask) = plan.masks.get(usize::from(*mask)) {
                    self.scratch.removed.union(mask);
                }
            }
            Ctl::RemoveTarget(..) => {
                let cut = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                self.scratch
                    .unseen
                    .push((cut(self.state.current), cut(link), cut(action)));
            }
        }
    }

    /// What `ctl:ruleRemoveTarget…` has taken out of the current rule's sight.
    pub(super) fn removed_targets<'a>(
        &'a self,
        plan: &'a Plan,
    ) -> impl Iterator<Item = &'a (Variable, Select)> {
        let current = self.state.current;
        self.scratch
            .unseen
            .iter()
            .flat_map(move |&(rule, link, action)| {
                let rule = plan.rules.get(rule as usize);
                let link = rule.and_then(|rule| rule.links.get(link as usize));
                match link.and_then(|link| link.actions.get(action as usize)) {
                    Some(Action::Ctl(Ctl::RemoveTarget(mask, targets)))
                        if plan
                            .masks
                            .get(usize::from(*mask))
                            .is_some_and(|mask| mask.contains(current)) =>
                    {
                        targets.as_slice()
                    }
                    _ => &[],
                }
            })
    }

    /// A text with its macros filled in.
    pub(super) fn expand(&mut self, plan: &Plan, text: &Macro) -> Slice {
        match text.0.as_slice() {
            [] => return Slice::default(),
            [Piece::Plain(text)] => return self.scratch.strings.keep(text),
            [Piece::Slot(slot)] => return self.slot_text(*slot).unwrap_or_default(),
            // Bytes that are kept stay where they are: no copy is needed.
            [Piece::Value(target)] => return self.first_value(plan, target).unwrap_or_default(),
            _ => {}
        }
        let mut out = std::mem::take(&mut self.scratch.expanded);
        out.clear();
        self.expand_into(plan, text, &mut out, usize::MAX);
        let slice = self.scratch.strings.keep(&out);
        self.scratch.expanded = out;
        slice
    }

    /// The same as text for a reader: at most so many bytes, and nothing of it is kept.
    pub(super) fn described(&mut self, plan: &Plan, text: &Macro, max: usize) -> String {
        let mut out = std::mem::take(&mut self.scratch.expanded);
        out.clear();
        self.expand_into(plan, text, &mut out, max);
        let described = String::from_utf8_lossy(&out).into_owned();
        self.scratch.expanded = out;
        described
    }

    fn expand_into(&mut self, plan: &Plan, text: &Macro, out: &mut Vec<u8>, max: usize) {
        for piece in &text.0 {
            let own = match piece {
                Piece::Plain(text) => text,
                Piece::Slot(slot) => {
                    let text = self.slot_text(*slot).unwrap_or_default();
                    self.scratch.strings.bytes(text)
                }
                Piece::Value(target) => {
                    let text = self.first_value(plan, target).unwrap_or_default();
                    self.scratch.strings.bytes(text)
                }
            };
            let room = max.saturating_sub(out.len());
            out.extend_from_slice(own.get(..room).unwrap_or(own));
        }
    }

    /// The first value of a target, untransformed.
    fn first_value(&mut self, plan: &Plan, target: &crate::plan::Target) -> Option<Slice> {
        if crate::plan::is_fixed(target.variable) {
            for member in target.variable.members() {
                for at in 0..self.entry_count(*member) {
                    let entry = self.entry(*member, at)?;
                    if self.selects(plan, &target.select, entry.name) {
                        return Some(self.scratch.strings.slice_of(entry.value));
                    }
                }
            }
            return None;
        }
        // Somebody may be walking through what was found before.
        let spare = std::mem::take(&mut self.scratch.spare);
        let kept = std::mem::replace(&mut self.scratch.found, spare);
        self.find_values(plan, target);
        let first = self.scratch.found.first().copied();
        self.scratch.spare = std::mem::replace(&mut self.scratch.found, kept);
        first.map(|entry| self.scratch.strings.slice_of(entry.value))
    }
}
