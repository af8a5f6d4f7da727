//! Patterns that are asked about one long text are run over it together, but for those that need not be.
//!
//! Where the matches of a pattern can begin with few words alone, it is asked at those.
//!
//! A long text holds words of most rules, so that most of their patterns run over all of it. What one is
//! asked of it, the next few are found out with it (`operator::regex::together`): those of rules that are due
//! and will see the same text. Their rules come to it in their turn, and whatever happens until then (a rule
//! taken away, a variable taken out of its sight) is as ever.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Transaction;
use super::text::StrId;
use crate::operator::regex::Pattern;
use crate::operator::regex::together::{LANES, Lane, search};
use crate::plan::{Judge, Link, Plan};

/// Shorter texts are run through sooner than others are found for them.
const LONG: usize = 2 << 10;

/// What is kept of what patterns say; past that each is asked in its turn.
const MOST: usize = 1 << 16;

/// What patterns say of texts.
pub(super) type Told = HashMap<(StrId, u16), Word, FixedState>;

/// What a pattern says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It has to be asked by itself.
    Unknown,
    No,
    /// It matches.
    Yes(First),
}

/// Where in a text a pattern matches first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct First {
    /// Not before this place.
    pub(super) from: usize,
    /// Whether it is known to be there.
    pub(super) begins: bool,
    /// Where one has ended, if it is not.
    until: usize,
}

impl First {
    fn at(from: usize) -> Self {
        Self {
            from,
            begins: true,
            until: from,
        }
    }

    fn within((from, until): (usize, usize)) -> Self {
        Self {
            from,
            begins: false,
            until,
        }
    }
}

impl Word {
    fn is_match(self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::No => Some(false),
            Self::Yes(_) => Some(true),
        }
    }
}

impl Transaction {
    /// Whether a pattern matches a long text. `None` for others, and where it has to be asked by itself.
    pub(super) fn told_together(
        &mut self,
        plan: &Plan,
        pattern: u16,
        value: StrId,
    ) -> Option<bool> {
        if self.scratch.strings.len(value) < LONG {
            return None;
        }
        if let Some(said) = self.scratch.told.get(&(value, pattern)) {
            return said.is_match();
        }
        if self.scratch.told.len() >= MOST {
            return None;
        }
        if let Some(said) = self.told_by_starts(plan, pattern, value) {
            return said.is_match();
        }
        let mut company = [pattern; LANES];
        let count = self.company(plan, value, &mut company);
        if count == 0 {
            return None;
        }
        self.run_together(plan, value, company.get(..count).unwrap_or_default());
        self.scratch.told.get(&(value, pattern))?.is_match()
    }

    /// Where a pattern that matches a text does so first, as far as is known.
    pub(super) fn first_match(&mut self, plan: &Plan, pattern: u16, value: StrId) -> First {
        let Some(Word::Yes(first)) = self.scratch.told.get_mut(&(value, pattern)) else {
            return First::default();
        };
        if !first.begins {
            let at = usize::from(pattern);
            let text = self.scratch.strings.text(value);
            let automaton = plan.patterns.get(at).and_then(Pattern::automaton);
            let states = self.scratch.work.get().states.get_mut(at);
            let within = (first.from, first.until);
            let found = automaton
                .zip(states.and_then(Option::as_mut))
                .and_then(|(own, states)| own.first_behind(states, text, within));
            if let Some(from) = found {
                *first = First::at(from);
            }
        }
        *first
    }

    /// Whether a pattern matches a text, where that is seen from the places at which a match can begin.
    fn told_by_starts(&mut self, plan: &Plan, pattern: u16, value: StrId) -> Option<Word> {
        let text = self.scratch.strings.text(value);
        let work = self.scratch.work.get();
        let at = usize::from(pattern);
        let automaton = plan.patterns.get(at)?.automaton()?;
        let kept = work.states.get_mut(at)?;
        let states = kept.get_or_insert_with(|| automaton.create_states());
        let said = match automaton.first_match(states, text)? {
            Some(from) => Word::Yes(First::at(from)),
            None => Word::No,
        };
        self.scratch.told.insert((value, pattern), said);
        Some(said)
    }

    /// Runs patterns over a text and notes what each says.
    fn run_together(&mut self, plan: &Plan, value: StrId, patterns: &[u16]) {
        let text = self.scratch.strings.text(value);
        let work = self.scratch.work.get();
        let mut lanes: [Option<Lane<'_>>; LANES] = std::array::from_fn(|at| {
            let name = *patterns.get(at)?;
            let automaton = plan.patterns.get(usize::from(name))?.automaton()?;
            let kept = work.states.get_mut(usize::from(name))?.take();
            let states = kept.unwrap_or_else(|| automaton.create_states());
            Some(Lane::new(name, automaton, states))
        });
        search(&mut lanes, text);
        for lane in lanes.into_iter().flatten() {
            let said = match lane.said() {
                Some(true) => Word::Yes(First::within(lane.within())),
                Some(false) => Word::No,
                None => Word::Unknown,
            };
            let (name, states) = lane.into_states();
            self.scratch.told.insert((value, name), said);
            if let Some(place) = work.states.get_mut(usize::from(name)) {
                *place = Some(states);
            }
        }
    }

    /// Puts others behind the first pattern that will be asked about the same text, but for those that are told
    /// by where they can begin; how many there are with it.
    fn company(&mut self, plan: &Plan, value: StrId, company: &mut [u16; LANES]) -> usize {
        let [first, ..] = *company;
        let can_run = |at: u16| {
            let pattern = plan.patterns.get(usize::from(at));
            pattern.is_some_and(|own| own.automaton().is_some())
        };
        let Some(code) = plan.phases.get(self.state.phase.index()) else {
            return 0;
        };
        let raw = self
            .state
            .raw
            .filter(|raw| self.scratch.strings.was_scanned(*raw));
        let Some(raw) = raw.filter(|_| can_run(first)) else {
            return 0;
        };
        let (mut count, mut at) = (1, 0);
        while let Some(position) = self.scratch.due.next(at)
            && count < company.len()
        {
            at = position + 1;
            let rule = code.code.get(position).map(|op| op.rule as usize);
            let rule = rule
                .filter(|own| *own > self.state.current && !self.scratch.removed.contains(*own));
            let link = rule.and_then(|own| plan.rules.get(own)?.links.first());
            let Some(own) = link.and_then(|link| self.will_ask(plan, link, raw, value)) else {
                continue;
            };
            let is_new = !company.iter().take(count).any(|known| *known == own)
                && !self.scratch.told.contains_key(&(value, own));
            if is_new
                && can_run(own)
                && self.told_by_starts(plan, own, value).is_none()
                && let Some(place) = company.get_mut(count)
            {
                *place = own;
                count += 1;
            }
        }
        count
    }

    /// The pattern that a condition will ask about a text, which is made of a scanned value.
    fn will_ask(&self, plan: &Plan, link: &Link, raw: StrId, value: StrId) -> Option<u16> {
        let Judge::Rx(own) = link.judge else {
            return None;
        };
        let strings = &self.scratch.strings;
        let is_open = |gate| strings.known_open(&plan.gates, value, gate) != Some(false);
        let may = link.scanned
            && !link.negated
            && !link.multi_match
            && self.may_match(link, raw)
            && link.gate.is_some_and(is_open);
        (may && strings.known_through(plan, raw, link.chain) == Some(value)).then_some(own)
    }
}
