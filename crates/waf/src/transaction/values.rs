//! Reading variables: fixed ones from their entries, the others worked out when asked for.

use babyshield_model::Timestamp;

use super::text::{Slice, StrId};
use super::{Entry, Matched, Scratch, Transaction, Value};
use crate::collection::Key;
use crate::plan::{Plan, Select, Slot, Target};
use crate::variable::Variable;

impl Transaction {
    /// Adds a value of a fixed variable.
    pub(super) fn put(&mut self, variable: Variable, name: Slice, value: StrId) {
        if let Some(list) = self.scratch.entries.get_mut(variable.index()) {
            list.push(Entry { name, value });
        }
    }

    /// Forgets the values of a variable.
    pub(super) fn clear(&mut self, variable: Variable) {
        if let Some(list) = self.scratch.entries.get_mut(variable.index()) {
            list.clear();
        }
    }

    /// Adds a value of a variable that has no names, if any rule looks at it.
    pub(super) fn put_scalar(&mut self, variable: Variable, bytes: &[u8]) {
        if self.is_used(variable) {
            let value = self.scratch.strings.add(bytes);
            self.put(variable, Slice::default(), value);
        }
    }

    /// The same for variables that hold the same: what is known of one value is known of the other.
    pub(super) fn put_scalars(&mut self, variables: [Variable; 2], bytes: &[u8]) {
        if !variables.iter().any(|own| self.is_used(*own)) {
            return;
        }
        let value = self.scratch.strings.add(bytes);
        for variable in variables {
            if self.is_used(variable) {
                self.put(variable, Slice::default(), value);
            }
        }
    }

    pub(super) fn put_number(&mut self, variable: Variable, number: usize) {
        if self.is_used(variable) {
            let mut buffer = [0; 20];
            self.put_scalar(variable, decimal(number as u64, &mut buffer));
        }
    }

    /// Whether any rule looks at a variable.
    #[inline]
    pub(super) fn is_used(&self, variable: Variable) -> bool {
        self.plan.uses.contains(variable.index())
    }

    pub(super) fn entry(&self, variable: Variable, at: usize) -> Option<Entry> {
        self.scratch
            .entries
            .get(variable.index())
            .and_then(|list| list.get(at))
            .copied()
    }

    pub(super) fn entry_count(&self, variable: Variable) -> usize {
        self.scratch
            .entries
            .get(variable.index())
            .map_or(0, Vec::len)
    }

    /// Whether a name fits a selector.
    pub(super) fn selects(&self, plan: &Plan, select: &Select, name: Slice) -> bool {
        match select {
            Select::All => true,
            Select::Name(own) => {
                name.len() == own.len()
                    && self
                        .scratch
                        .strings
                        .bytes(name)
                        .eq_ignore_ascii_case(own.as_bytes())
            }
            Select::Pattern(at) => plan
                .selectors
                .get(usize::from(*at))
                .is_some_and(|own| own.is_match_alone(self.scratch.strings.bytes(name))),
            Select::Slot(at) => plan.tx_names.get(usize::from(*at)).is_some_and(|own| {
                self.scratch
                    .strings
                    .bytes(name)
                    .eq_ignore_ascii_case(own.as_bytes())
            }),
            // XML values are found under the number of their expression.
            Select::Path(at) => self.scratch.strings.bytes(name) == at.to_be_bytes(),
        }
    }

    /// Collects the values of a variable that is not fixed into `scratch.found`.
    pub(super) fn find_values(&mut self, plan: &Plan, target: &Target) {
        self.scratch.found.clear();
        self.scratch.origins.clear();
        match target.variable {
            Variable::Tx => self.find_tx(plan, &target.select),
            Variable::Ip
            | Variable::Global
            | Variable::Session
            | Variable::User
            | Variable::Resource => self.find_persistent(plan, target),
            Variable::MatchedVars | Variable::MatchedVarsNames => self.find_matched(plan, target),
            Variable::Env => self.find_env(plan, &target.select),
            Variable::Geo => self.find_place(plan, &target.select),
            Variable::Rule => self.find_rule(plan, &target.select),
            other => {
                if let Some(value) = self.computed(plan, other) {
                    let name = match &target.select {
                        Select::Name(name) => self.scratch.strings.keep(name.as_bytes()),
                        _ => Slice::default(),
                    };
                    self.scratch.found.push(Entry { name, value });
                    if matches!(other, Variable::MatchedVar | Variable::MatchedVarName) {
                        let last = self.scratch.matched.last();
                        self.scratch.origins.extend(last.map(|own| own.origin));
                    }
                }
            }
        }
    }

    fn find_tx(&mut self, plan: &Plan, select: &Select) {
        match select {
            Select::Pattern(at) => {
                let slots = plan.slots_of.get(usize::from(*at));
                for slot in slots.into_iter().flatten() {
                    self.find_slot(plan, *slot);
                }
            }
            Select::Name(name) => {
                let at = plan.tx_names.iter().position(|own| own == name);
                if let Some(at) = at.and_then(|at| u16::try_from(at).ok()) {
                    self.find_slot(plan, Slot(at));
                }
            }
            Select::Slot(slot) => self.find_slot(plan, Slot(*slot)),
            Select::Path(_) => {}
            Select::All => {
                for slot in (0_u16..).map(Slot).take(plan.tx_names.len()) {
                    self.find_slot(plan, slot);
                }
            }
        }
        for at in 0..self.scratch.named.len() {
            let Some((name, value)) = self.scratch.named.get(at).copied() else {
                break;
            };
            let Some(value) = self.value_text(value) else {
                continue;
            };
            if self.selects(plan, select, name) {
                let value = self.scratch.strings.string_at(value);
                self.scratch.found.push(Entry { name, value });
            }
        }
        // In the order of their names, whichever of them rules mention first.
        let Scratch { found, strings, .. } = &mut *self.scratch;
        found.sort_unstable_by(|a, b| strings.bytes(a.name).cmp(strings.bytes(b.name)));
    }

    /// The value of a slot, if it has one.
    fn find_slot(&mut self, plan: &Plan, slot: Slot) {
        let Some(value) = self.slot_text(slot) else {
            return;
        };
        let name = plan.tx_names.get(usize::from(slot.0));
        let name = name.map_or(&b""[..], |name| name.as_bytes());
        let name = self.scratch.strings.keep(name);
        let value = self.scratch.strings.string_at(value);
        self.scratch.found.push(Entry { name, value });
    }

    fn find_persistent(&mut self, plan: &Plan, target: &Target) {
        let bound = self
            .scratch
            .bound
            .iter()
            .find(|(kind, _)| *kind == target.variable);
        let Some(&(kind, key)) = bound else { return };
        let now = plan.clock.monotonic();
        let key = Key {
            kind,
            key: self.scratch.strings.bytes(key),
        };
        let found = match &target.select {
            Select::Name(name) => {
                let value = plan.collections.get(&key, name.as_bytes(), now);
                value
                    .map(|value| (name.as_bytes().to_vec(), value))
                    .into_iter()
                    .collect()
            }
            _ => plan.collections.all(&key, now),
        };
        for (name, value) in found {
            let name = self.scratch.strings.keep(&name);
            if self.selects(plan, &target.select, name) {
                let value = self.scratch.strings.add(&value);
                self.scratch.found.push(Entry { name, value });
            }
        }
    }

    fn find_matched(&mut self, plan: &Plan, target: &Target) {
        for at in 0..self.scratch.matched.len() {
            let Some(own) = self.scratch.matched.get(at).copied() else {
                break;
            };
            let name = self.full_name(own.variable, own.name);
            if !self.selects(plan, &target.select, name) {
                continue;
            }
            let value = match target.variable {
                Variable::MatchedVarsNames => self.scratch.strings.string(name),
                _ => own.value,
            };
            self.scratch.found.push(Entry { name, value });
            self.scratch.origins.push(own.origin);
        }
    }

    fn find_env(&mut self, plan: &Plan, select: &Select) {
        for at in 0..self.scratch.env.len() {
            let Some((name, value)) = self.scratch.env.get(at).copied() else {
                break;
            };
            if self.selects(plan, select, name) {
                let value = self.scratch.strings.string(value);
                self.scratch.found.push(Entry { name, value });
            }
        }
    }

    fn find_place(&mut self, plan: &Plan, select: &Select) {
        for at in 0..self.entry_count(Variable::Geo) {
            let Some(entry) = self.entry(Variable::Geo, at) else {
                break;
            };
            if self.selects(plan, select, entry.name) {
                self.scratch.found.push(entry);
            }
        }
    }

    /// `ARGS:q`, or `REQUEST_BODY` where there is no name.
    pub(super) fn full_name(&mut self, variable: Variable, name: Slice) -> Slice {
        let mut name = self.scratch.strings.bytes(name).to_vec();
        if let (Variable::Xml, Ok(at)) = (variable, <[u8; 2]>::try_from(name.as_slice())) {
            let path = self.plan.paths.get(usize::from(u16::from_be_bytes(at)));
            name = path.map_or_else(Vec::new, |(text, _)| text.clone().into_bytes());
        }
        self.scratch.strings.write(|out| {
            out.extend_from_slice(variable.name().as_bytes());
            if !name.is_empty() {
                out.push(b':');
                out.extend_from_slice(&name);
            }
        })
    }

    /// A variable that is worked out when it is asked for.
    fn computed(&mut self, plan: &Plan, variable: Variable) -> Option<StrId> {
        let last = self.scratch.matched.last().copied();
        match variable {
            Variable::MatchedVar => return last.map(|own| own.value),
            Variable::MatchedVarName => {
                let Matched { variable, name, .. } = last?;
                let name = self.full_name(variable, name);
                return Some(self.scratch.strings.string(name));
            }
            Variable::ReqbodyProcessor => {
                let name = self.state.processor?.name();
                return Some(self.scratch.strings.add(name.as_bytes()));
            }
            Variable::SessionId | Variable::UserId => {
                let kind = match variable {
                    Variable::SessionId => Variable::Session,
                    _ => Variable::User,
                };
                let (_, key) = *self.scratch.bound.iter().find(|(own, _)| *own == kind)?;
                return Some(self.scratch.strings.string(key));
            }
            _ => {}
        }
        let number = match variable {
            Variable::Duration => {
                let spent = plan.clock.monotonic().saturating_sub(self.state.began);
                u64::try_from(spent.as_millis()).unwrap_or(u64::MAX)
            }
            Variable::HighestSeverity => u64::from(self.state.highest_severity.unwrap_or(255)),
            Variable::MscPcreError | Variable::MscPcreLimitsExceeded => {
                u64::from(self.state.pattern_limit)
            }
            _ => return None,
        };
        let mut buffer = [0; 20];
        let text = decimal(number, &mut buffer);
        Some(self.scratch.strings.add(text))
    }

    fn find_rule(&mut self, plan: &Plan, select: &Select) {
        for field in ["id", "rev", "severity", "logdata", "msg"] {
            let name = self.scratch.strings.keep(field.as_bytes());
            if self.selects(plan, select, name)
                && let Some(value) = self.rule_field(plan, field)
            {
                self.scratch.found.push(Entry { name, value });
            }
        }
    }

    /// `RULE:id` and its like, of the rule being evaluated.
    fn rule_field(&mut self, plan: &Plan, field: &str) -> Option<StrId> {
        let rule = plan.rules.get(self.state.current)?;
        match field {
            "id" => {
                let mut buffer = [0; 20];
                let text = decimal(rule.id, &mut buffer);
                Some(self.scratch.strings.add(text))
            }
            "severity" => {
                let number = rule.severity? as u64;
                let mut buffer = [0; 20];
                let text = decimal(number, &mut buffer);
                Some(self.scratch.strings.add(text))
            }
            "rev" => {
                let text = rule.about.revision.as_deref()?;
                Some(self.scratch.strings.add(text.as_bytes()))
            }
            "msg" => {
                let text = self.expand(plan, &rule.message);
                Some(self.scratch.strings.string(text))
            }
            "logdata" => {
                let text = self.expand(plan, &rule.log_data);
                Some(self.scratch.strings.string(text))
            }
            _ => None,
        }
    }

    pub(super) fn slot(&self, slot: Slot) -> Value {
        self.scratch
            .slots
            .get(usize::from(slot.0))
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn slot_text(&mut self, slot: Slot) -> Option<Slice> {
        self.value_text(self.slot(slot))
    }

    /// A value as bytes; a number is written out in decimal.
    pub(super) fn value_text(&mut self, value: Value) -> Option<Slice> {
        match value {
            Value::Unset => None,
            Value::Text(slice) => Some(slice),
            Value::Number(number) => {
                let mut buffer = [0; 20];
                let digits = decimal(number.unsigned_abs(), &mut buffer);
                Some(self.scratch.strings.write(|out| {
                    if number < 0 {
                        out.push(b'-');
                    }
                    out.extend_from_slice(digits);
                }))
            }
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.plan.clock.now()
    }
}

/// Writes a number in decimal, without allocating.
pub(super) fn decimal(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        if let Some(slot) = buffer.get_mut(at) {
            // The remainder is below ten.
            *slot = b'0' + (number % 10) as u8;
        }
        number /= 10;
        if number == 0 {
            return buffer.get(at..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 7, 10, 12_345, u64::MAX] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string().as_bytes());
        }
    }
}
