//! The look before a phase: every value its gated rules want, once, and which rules may match.

use babyshield_detect::Place;

use super::memo::{Key, Memo, Told};
use super::text::{Slice, StrId, Strings};
use super::{Entry, Scratch, Transaction, Value};
use crate::hir::Phase;
use crate::plan::{Field, Group, PhasePlan, Plain, Plan, ones};

impl Transaction {
    /// Looks at every value the phase's gated rules want, once, and notes which rules may match.
    pub(super) fn scan(&mut self, plan: &Plan, phase: Phase, code: &PhasePlan) {
        self.scratch.due.copy_from(&code.always);
        if phase != Phase::RequestBody {
            self.state.looked = false;
        }
        if self.state.looked {
            for position in &self.scratch.later {
                self.scratch.due.insert(*position);
            }
        } else {
            self.scratch.seen.clear();
            self.scratch.seen.resize(plan.gates.words(), 0);
        }
        if !code.fields.is_empty() {
            let known = self.scratch.work.get().memo.take();
            let mut memo = known.unwrap_or_else(|| plan.memo());
            self.scan_fields(plan, phase, code, &mut memo);
            self.scratch.work.get().memo = Some(memo);
        }
        for gate in ones(&self.scratch.seen) {
            if let Some(rules) = code.by_gate.get(gate) {
                self.scratch.due.union(rules);
            }
        }
        for (slot, rules) in code.by_slot.iter().enumerate() {
            if !matches!(self.scratch.slots.get(slot), None | Some(Value::Unset)) {
                self.scratch.due.union(rules);
            }
        }
    }

    fn scan_fields(&mut self, plan: &Plan, phase: Phase, code: &PhasePlan, memo: &mut Memo) {
        for (number, group) in code.groups.iter().enumerate() {
            if group.settled && self.state.looked {
                continue;
            }
            let fields = code.fields.get(group.fields.clone()).unwrap_or_default();
            let fields = (group, fields);
            let Some(entries) = self.scratch.entries.get_mut(group.variable.index()) else {
                continue;
            };
            // Put back below; nothing that looks at a value adds one.
            let entries = std::mem::take(entries);
            let mut any = 0;
            let mut spent = false;
            for entry in &entries {
                spent = self.is_spent(plan, self.scratch.strings.len(entry.value));
                if spent {
                    break;
                }
                any |= self.scan_entry(plan, (phase.index(), number), fields, *entry, memo);
            }
            if let Some(place) = self.scratch.entries.get_mut(group.variable.index()) {
                *place = entries;
            }
            if spent {
                return;
            }
            for field in ones(&[any]).filter_map(|at| fields.1.get(at)) {
                for position in &field.present {
                    self.scratch.due.insert(*position);
                }
                self.scratch.later.extend_from_slice(&field.later);
            }
        }
        self.state.looked = phase == Phase::RequestHead;
    }

    /// One value: what is known of it, or else what a look tells. The fields it belongs to.
    fn scan_entry(
        &mut self,
        plan: &Plan,
        number: (usize, usize),
        fields: (&Group, &[Field]),
        entry: Entry,
        memo: &mut Memo,
    ) -> u64 {
        let place = self.place(fields.0.variable);
        let Scratch { strings, seen, .. } = &mut *self.scratch;
        let key = Key {
            group: number,
            place,
            name: strings.bytes(entry.name),
            value: strings.text(entry.value),
        };
        let mut new = None;
        if key.is_kept() {
            match memo.find(&key) {
                Ok(told) => {
                    note(seen, strings, entry.value, told);
                    return told.fields;
                }
                Err(hash) => new = hash,
            }
        }
        let all = self.fields_of_name(plan, number, fields, entry.name, memo);
        let mut opened = std::mem::take(&mut self.scratch.work.get().opened);
        opened.clear();
        if let Some(plain) = self.plain(fields.0, all, entry) {
            if all & plain.refuting != 0 {
                opened.resize(plan.gates.words(), 0);
                for field in ones(&[all & plain.refuting]).filter_map(|at| fields.1.get(at)) {
                    self.refute(plan, field, entry.value, &mut opened);
                }
            }
        } else {
            opened.resize(plan.gates.words(), 0);
            self.look_at(plan, (all, fields.1), entry, &mut opened);
        }
        let told = Told::new(all, &opened);
        // Where time or memory ran out, this is not all there is to tell.
        let is_partial = std::mem::take(&mut self.scratch.detected.is_partial);
        let is_whole = !is_partial && !self.is_out(plan);
        let Scratch { strings, seen, .. } = &mut *self.scratch;
        note(seen, strings, entry.value, told);
        if let Some(hash) = new.filter(|_| is_whole) {
            let key = Key {
                group: number,
                place,
                name: strings.bytes(entry.name),
                value: strings.text(entry.value),
            };
            memo.keep(&key, hash, told);
        }
        let fields = told.fields;
        self.scratch.work.get().opened = opened;
        fields
    }

    /// What there is to know of plain values, where the value is one for all the fields it belongs to.
    fn plain<'a>(&self, group: &'a Group, all: u64, entry: Entry) -> Option<&'a Plain> {
        let strings = &self.scratch.strings;
        group.plain.as_ref().filter(|plain| {
            all & !plain.fields == 0
                && plain.has(strings.text(entry.value), strings.bytes(entry.name))
        })
    }

    /// The fields of a group that a value of that name belongs to, where it takes patterns to tell: from
    /// memory, names come again and again.
    fn fields_of_name(
        &self,
        plan: &Plan,
        (phase, number): (usize, usize),
        (group, fields): (&Group, &[Field]),
        name: Slice,
        memo: &mut Memo,
    ) -> u64 {
        /// Added to the number of a phase where names are kept without values.
        const NAMES: usize = 8;
        if group.others == 0 {
            return self.fields_of(plan, group, fields, name);
        }
        let key = Key {
            group: (phase + NAMES, number),
            place: Place::Name,
            name: self.scratch.strings.bytes(name),
            value: b"",
        };
        let hash = match memo.find(&key) {
            Ok(told) => return told.fields,
            Err(hash) => hash,
        };
        let all = self.fields_of(plan, group, fields, name);
        if let Some(hash) = hash.filter(|_| key.is_kept()) {
            memo.keep(&key, hash, Told::new(all, &[]));
        }
        all
    }

    /// One value past the detectors and through the chains of all fields it belongs to: the gates that may
    /// be open, of those the fields watch.
    fn look_at(
        &mut self,
        plan: &Plan,
        (all, fields): (u64, &[Field]),
        entry: Entry,
        open: &mut [u64],
    ) {
        let mut detected = false;
        for field in ones(&[all]).filter_map(|at| fields.get(at)) {
            if self.is_spent(plan, self.scratch.strings.len(entry.value)) {
                break;
            }
            if let Some(skip) = &field.detect
                && !detected
                && !self.is_skipped(skip, entry.name)
            {
                detected = true;
                self.detect(plan, field.variable, entry, open);
            }
            self.scan_value(plan, field, entry.value, open);
            self.refute(plan, field, entry.value, open);
        }
    }

    /// One value past the patterns that a field's rules want it not to match.
    fn refute(&mut self, plan: &Plan, field: &Field, value: StrId, open: &mut [u64]) {
        for own in &field.refuted {
            let seen = self.scratch.strings.through(plan, value, own.chain);
            if !self.is_matched(plan, own.pattern, seen) {
                own.gate.mark(open);
            }
        }
    }

    /// The fields of a group that a value of that name belongs to.
    fn fields_of(&self, plan: &Plan, group: &Group, fields: &[Field], name: Slice) -> u64 {
        /// Longer names are lowered on the heap.
        const LONGEST: usize = 64;
        let mut all = group.all;
        if !group.named.is_empty() {
            let name = self.scratch.strings.bytes(name);
            let mut lower = [0; LONGEST];
            all |= match lower.get_mut(..name.len()) {
                Some(own) => {
                    own.copy_from_slice(name);
                    own.make_ascii_lowercase();
                    group.named.get(&*own)
                }
                None => group.named.get(name.to_ascii_lowercase().as_slice()),
            }
            .copied()
            .unwrap_or(0);
        }
        for at in ones(&[group.others]) {
            let is_of = fields.get(at).is_some_and(|field| {
                self.selects(plan, &field.select, name) && !self.is_skipped(&field.skip, name)
            });
            all |= u64::from(is_of) << at;
        }
        all
    }

    /// One value through every chain of a field, and the gates open to what they make of it. Most
    /// chains leave most values as they are.
    fn scan_value(&mut self, plan: &Plan, field: &Field, value: StrId, open: &mut [u64]) {
        if field.seen.is_empty() {
            return;
        }
        let Scratch { strings, work, .. } = &mut *self.scratch;
        let route = &mut work.get().route;
        let mut mark = |own: &[u64], watched: &[u64]| {
            for ((open, own), watched) in open.iter_mut().zip(own).zip(watched) {
                *open |= own & watched;
            }
        };
        let own = strings.set(value);
        // Through some chains it is the value itself that is seen; that it is taken for seen through
        // all of them costs an exact look later, at most.
        mark(strings.open(&plan.gates, value, field.parts), &field.gates);
        if !field.always && !field.triggers.intersects(&own) {
            return;
        }
        route.clear();
        for stop in &field.route {
            let before = stop.after.checked_sub(1).and_then(|at| route.get(at));
            let before = before.copied().unwrap_or(value);
            if !stop.always && !stop.triggers.intersects(&own) {
                route.push(before);
                continue;
            }
            let made = strings.step(&plan.settings.unicode, before, stop.step);
            route.push(made);
            if let Some(through) = stop.ends.and_then(|at| field.seen.get(at))
                && made != value
                && strings.len(made) >= through.shortest
            {
                mark(
                    strings.open(&plan.gates, made, through.parts),
                    &through.gates,
                );
            }
        }
    }

    fn is_skipped(&self, skip: &[String], name: Slice) -> bool {
        !skip.is_empty() && {
            let name = self.scratch.strings.bytes(name);
            skip.iter()
                .any(|own| name.eq_ignore_ascii_case(own.as_bytes()))
        }
    }
}

/// Marks what was told of a value.
fn note(seen: &mut [u64], strings: &mut Strings, value: StrId, told: Told<'_>) {
    for (seen, own) in seen.iter_mut().zip(told.open) {
        *seen |= own;
    }
    if told.fields != 0 {
        strings.may_open(value, told.open);
    }
}
