//! Where patterns match, and what their groups hold: worked out no sooner than somebody asks.
//!
//! That a pattern matches is known in one pass at the speed of an automaton. Where it matches takes a second
//! one, and its groups a third that is many times as slow. Of all values of a condition only the last
//! is told of; few rules read groups, and what a match has captured is there until the next.

use std::ops::Range;

use super::outcome::MAX_TEXT;
use super::text::{Slice, StrId, Strings};
use super::{Transaction, Value, audit};
use crate::operator::regex::{Cache, Captures, GROUPS, Pattern, Place, StepLimit};
use crate::plan::Plan;

/// A pattern that has matched a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pattern: u16,
    value: StrId,
    capture: bool,
}

impl Transaction {
    /// Whether it may be left for later where in a value a pattern matches. An audit record tells it of more
    /// than the last one.
    pub(super) fn lets_wait(&self, plan: &Plan) -> bool {
        !self.is_traced()
            && (!self.keeps_alerts(plan) || self.scratch.matched.len() >= audit::REFERENCES)
    }

    pub(super) fn let_wait(&mut self, pattern: u16, value: StrId, capture: bool) {
        self.state.waiting = Some(Match {
            pattern,
            value,
            capture,
        });
    }

    /// Finds out where in the last value a pattern has matched, if that waits.
    pub(super) fn settle(&mut self, plan: &Plan) {
        let Some(own) = self.state.waiting.take() else {
            return;
        };
        if let Ok(Some(found)) = self.locate(plan, own.pattern, own.value, own.capture)
            && let Some(last) = self.scratch.matched.last_mut()
        {
            let cut = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            last.span = (cut(found.start), cut(found.end));
        }
    }

    /// Where a pattern matches first; what it captures is written, or noted for who reads it.
    pub(super) fn locate(
        &mut self,
        plan: &Plan,
        pattern: u16,
        value: StrId,
        capture: bool,
    ) -> Result<Option<Range<usize>>, StepLimit> {
        let at = usize::from(pattern);
        let Some(regex) = plan.patterns.get(at) else {
            return Ok(None);
        };
        let rule = plan.rules.get(self.state.current);
        let is_read = rule.is_some_and(|rule| rule.reads_groups);
        let now = capture && (is_read || self.is_traced() || !regex.is_linear());
        let mut cache = self.cache(regex, at);
        let first = self.first_match(plan, pattern, value);
        let is_whole = rule.is_none_or(|rule| rule.reads_match) || self.keeps_alerts(plan);
        let place = Place {
            from: first.from,
            begins: first.begins,
            enough: if is_whole { usize::MAX } else { MAX_TEXT },
        };
        let text = self.scratch.strings.text(value);
        let mut found = Captures::default();
        let said = if now {
            regex.captures_from(&mut cache, text, first.from, &mut found)
        } else {
            regex.find(&mut cache, text, place, &mut found)
        };
        self.keep_cache(at, cache);
        if !said? {
            return Ok(None);
        }
        let whole = found.get(0).unwrap_or_default();
        if now {
            self.capture_groups(plan, value, &found);
        } else if capture {
            let slice = self.scratch.strings.slice_of(value);
            let part = Strings::part(slice, whole.start, whole.len());
            self.capture(plan, 0, Some(part));
            self.state.groups = Some(Match {
                pattern,
                value,
                capture,
            });
            self.wake_readers(plan);
        }
        Ok(Some(whole))
    }

    /// Makes the rules due that look at groups, where some wait to be worked out.
    pub(super) fn wake_readers(&mut self, plan: &Plan) {
        let phase = plan.phases.get(self.state.phase.index());
        let Some(phase) = phase.filter(|_| self.state.groups.is_some()) else {
            return;
        };
        for slot in plan.captures.iter().skip(1).flatten() {
            if let Some(rules) = phase.by_slot.get(usize::from(slot.0)) {
                self.scratch.due.union(rules);
            }
        }
    }

    /// Works out the groups of the last match that captured, before somebody reads or writes them.
    pub(super) fn settle_groups(&mut self, plan: &Plan) {
        let Some(own) = self.state.groups.take() else {
            return;
        };
        let at = usize::from(own.pattern);
        let Some(regex) = plan.patterns.get(at) else {
            return;
        };
        let mut cache = self.cache(regex, at);
        let mut found = Captures::default();
        let first = self.first_match(plan, own.pattern, own.value);
        let text = self.scratch.strings.text(own.value);
        let said = regex.captures_from(&mut cache, text, first.from, &mut found);
        self.keep_cache(at, cache);
        if said == Ok(true) {
            for group in 1..GROUPS {
                let part = self.part(own.value, &found, group);
                self.write_group(plan, group, part);
            }
        }
    }

    pub(super) fn cache(&mut self, regex: &Pattern, at: usize) -> Cache {
        let kept = self.scratch.work.get().caches.get_mut(at);
        let kept = kept.and_then(Option::take);
        kept.unwrap_or_else(|| regex.create_cache())
    }

    pub(super) fn keep_cache(&mut self, at: usize, cache: Cache) {
        if let Some(slot) = self.scratch.work.get().caches.get_mut(at) {
            *slot = Some(cache);
        }
    }

    pub(super) fn capture_groups(&mut self, plan: &Plan, value: StrId, found: &Captures) {
        self.state.groups = None;
        for group in 0..GROUPS {
            let part = self.part(value, found, group);
            self.capture(plan, group, part);
        }
    }

    /// What a group holds of a value.
    fn part(&self, value: StrId, found: &Captures, group: usize) -> Option<Slice> {
        let span = found.get(group)?;
        let slice = self.scratch.strings.slice_of(value);
        Some(Strings::part(slice, span.start, span.len()))
    }

    /// Writes `TX:0` to `TX:9`, where a rule reads them.
    pub(super) fn capture(&mut self, plan: &Plan, group: usize, part: Option<Slice>) {
        if group > 0 {
            self.settle_groups(plan);
        }
        self.note_captured(group, part);
        self.write_group(plan, group, part);
    }

    fn write_group(&mut self, plan: &Plan, group: usize, part: Option<Slice>) {
        let Some(Some(slot)) = plan.captures.get(group).copied() else {
            return;
        };
        self.write_slot(plan, slot, part.map_or(Value::Unset, Value::Text));
    }
}
