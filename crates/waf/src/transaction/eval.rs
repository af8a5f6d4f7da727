//! Running the rules of a phase.

use super::judge::Said;
use super::measure::Watcher;
use super::text::{Slice, StrId};
use super::{Decision, Interruption, Matched, Skip, Step, Transaction};
use crate::hir::{Allow, Engine, Phase};
use crate::plan::{Disruption, Judge, Link, PhasePlan, Plan, Rule, Select, Target};
use crate::variable::{Shape, Variable};

impl Transaction {
    /// Runs one phase.
    pub(super) fn run(&mut self, phase: Phase) -> Decision {
        self.run_watched(phase, &mut ())
    }

    /// The same, told to somebody; compiled once for nobody, so that it costs nothing.
    pub(super) fn run_watched<W: Watcher>(&mut self, phase: Phase, watcher: &mut W) -> Decision {
        let over =
            self.state.interruption.is_some() && !self.state.watch && phase != Phase::Logging;
        if self.is_off(phase) || over {
            self.note_phase_off(phase);
            return Decision::Continue;
        }
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(code) = self.code(&plan, phase) else {
            return Decision::Continue;
        };
        self.state.phase = phase;
        self.note(|_| Step::Phase(phase));
        self.scan(&plan, phase, code);
        self.wake_readers(&plan);
        watcher.scanned();
        if self.is_out(&plan) {
            return self.run_out();
        }
        let mut at = 0;
        while let Some(position) = self.scratch.due.next(at) {
            at = position + 1;
            let Some(op) = code.code.get(position) else {
                break;
            };
            let index = op.rule as usize;
            if self.scratch.removed.contains(index) {
                self.note_passed(&plan, code, (position, at), Skip::Removed);
                continue;
            }
            let Some(rule) = plan.rules.get(index) else {
                break;
            };
            if let Some(quick) = op.quick
                && let Some(next) = self.quick(&plan, quick, rule)
            {
                at = at.max(next as usize);
                watcher.judged(index, next > 0);
                continue;
            }
            let matched = self.matches(&plan, (index, rule));
            if self.is_out(&plan) {
                return self.run_out();
            }
            if !matched {
                watcher.judged(index, false);
                continue;
            }
            let decision = self.carry_out(&plan, rule, phase);
            watcher.judged(index, true);
            if decision != Decision::Continue {
                return decision;
            }
            if self.is_off(phase) {
                self.note_passed(&plan, code, (at, usize::MAX), Skip::Allowed);
                break;
            }
            at = self.jump(&plan, code, at, rule.next as usize);
        }
        Decision::Continue
    }

    /// The rules of a phase, if there are any and they may still run.
    fn code<'a>(&self, plan: &'a Plan, phase: Phase) -> Option<&'a PhasePlan> {
        let code = plan.phases.get(phase.index())?;
        (!code.code.is_empty() && !self.state.budget.is_over()).then_some(code)
    }

    /// What a full match of a rule comes to.
    fn carry_out(&mut self, plan: &Plan, rule: &Rule, phase: Phase) -> Decision {
        self.record(plan, rule);
        match self.disrupt(plan, rule, phase) {
            Some(interruption) => self.interrupt(interruption),
            None => Decision::Continue,
        }
    }

    /// Where to go on after a match.
    fn jump(&mut self, plan: &Plan, code: &PhasePlan, at: usize, next: usize) -> usize {
        self.note_passed(plan, code, (at, next), Skip::Jump);
        at.max(next)
    }

    /// Whether an `allow` or the engine's state has switched a phase off.
    fn is_off(&self, phase: Phase) -> bool {
        let allowed = self.state.allowed.get(phase.index());
        self.state.engine == Engine::Off || allowed.copied().unwrap_or(false)
    }

    /// Whether every link of a rule matches; later links are not asked once one does not.
    fn matches(&mut self, plan: &Plan, (index, rule): (usize, &Rule)) -> bool {
        self.state.current = index;
        self.scratch.matched.clear();
        if rule.reads_groups {
            self.settle_groups(plan);
        }
        (0..rule.links.len()).all(|at| {
            self.note(|_| Step::Asked {
                rule: rule.id,
                link: at,
            });
            let matched = self.link_matches(plan, rule, at);
            self.settle(plan);
            self.note(|_| Step::Answered { matched });
            matched
        })
    }

    fn link_matches(&mut self, plan: &Plan, rule: &Rule, at: usize) -> bool {
        let Some(link) = rule.links.get(at) else {
            return false;
        };
        if link.unconditional {
            self.perform(plan, link, at);
            return true;
        }
        if link.told && !self.is_traced() && self.holds(plan, link) == Some(false) {
            return false;
        }
        let mut any = false;
        for target in &link.targets {
            any |= if target.count {
                self.count_matches(plan, link, target, at)
            } else if target.variable.shape() == Shape::Mutable
                || !crate::plan::is_fixed(target.variable)
            {
                self.changing_matches(plan, link, target, at)
            } else {
                self.fixed_matches(plan, link, target, at)
            };
        }
        any
    }

    fn count_matches(&mut self, plan: &Plan, link: &Link, target: &Target, at: usize) -> bool {
        let mut count = 0;
        if crate::plan::is_fixed(target.variable) {
            for member in target.variable.members() {
                for position in 0..self.entry_count(*member) {
                    let Some(entry) = self.entry(*member, position) else {
                        break;
                    };
                    let seen = self.selects(plan, &target.select, entry.name)
                        && !self.is_excluded(plan, link, target.variable, *member, entry.name);
                    count += i64::from(seen);
                }
            }
        } else {
            self.find_values(plan, target);
            let names = self.scratch.found.iter().map(|entry| entry.name);
            let seen = names.filter(|name| {
                !self.is_excluded(plan, link, target.variable, target.variable, *name)
            });
            count = i64::try_from(seen.count()).unwrap_or(i64::MAX);
        }
        let mut buffer = [0; 20];
        let digits = super::values::decimal(count.unsigned_abs(), &mut buffer);
        let value = self.scratch.strings.add(digits);
        let name = match &target.select {
            Select::Name(name) => self.scratch.strings.keep(name.as_bytes()),
            Select::Slot(slot) => {
                let name = plan.tx_names.get(usize::from(*slot));
                let name = name.map_or("", String::as_str);
                self.scratch.strings.keep(name.as_bytes())
            }
            Select::All | Select::Pattern(_) | Select::Path(_) => Slice::default(),
        };
        self.value_matches(plan, link, target.variable, name, value, at)
    }

    fn fixed_matches(&mut self, plan: &Plan, link: &Link, target: &Target, at: usize) -> bool {
        let asks = matches!(link.judge, Judge::Detect(..));
        let mut any = false;
        // The detectors have seen all there is: when they found nothing, another target made the rule due.
        if asks && link.scanned && link.gate.is_some_and(|own| !own.is_in(&self.scratch.seen)) {
            return false;
        }
        for member in target.variable.members() {
            for position in 0..self.entry_count(*member) {
                let Some(entry) = self.entry(*member, position) else {
                    break;
                };
                if (!asks && !self.may_match(link, entry.value))
                    || !self.selects(plan, &target.select, entry.name)
                    || self.is_excluded(plan, link, target.variable, *member, entry.name)
                {
                    continue;
                }
                if let Judge::Detect(class, least) = &link.judge {
                    let (wanted, field) =
                        ((*class, *least), (target.variable, entry.name, entry.value));
                    any |= self.detected_matches(plan, link, wanted, *member, field, at);
                    continue;
                }
                any |= self.value_matches(plan, link, target.variable, entry.name, entry.value, at);
            }
        }
        any
    }

    /// What the scan before the phase has told of a value; cheap.
    pub(super) fn may_match(&self, link: &Link, value: StrId) -> bool {
        !link.scanned
            || link
                .gate
                .or(link.refuted)
                .is_none_or(|gate| self.scratch.strings.may_pass(value, gate))
    }

    fn changing_matches(&mut self, plan: &Plan, link: &Link, target: &Target, at: usize) -> bool {
        self.find_values(plan, target);
        let mut any = false;
        let found = std::mem::take(&mut self.scratch.found);
        let origins = std::mem::take(&mut self.scratch.origins);
        for (position, entry) in found.iter().enumerate() {
            self.state.origin = origins.get(position).copied();
            if !self.is_excluded(plan, link, target.variable, target.variable, entry.name) {
                any |= self.value_matches(plan, link, target.variable, entry.name, entry.value, at);
            }
        }
        self.state.origin = None;
        self.scratch.found = found;
        self.scratch.origins = origins;
        any
    }

    /// Whether a value is left out, by the rule itself or by a `ctl:ruleRemoveTarget…`.
    fn is_excluded(
        &self,
        plan: &Plan,
        link: &Link,
        variable: Variable,
        member: Variable,
        name: Slice,
    ) -> bool {
        let fits = |(own, select): &(Variable, Select)| {
            let of_names = own
                .names()
                .filter(|_| matches!(select, Select::Pattern(_)))
                .is_some_and(|own| own.members().contains(&member));
            (of_names || *own == variable || *own == member || own.members().contains(&member))
                && self.selects(plan, select, name)
        };
        link.excluded.iter().any(fits)
            || (!self.scratch.unseen.is_empty() && self.removed_targets(plan).any(fits))
    }

    /// One value of one target.
    fn value_matches(
        &mut self,
        plan: &Plan,
        link: &Link,
        variable: Variable,
        name: Slice,
        value: StrId,
        at: usize,
    ) -> bool {
        if self.is_spent(plan, self.scratch.strings.text(value).len()) {
            return false;
        }
        if let Judge::Detect(class, least) = &link.judge {
            let field = (variable, name, value);
            return self.detected_matches(plan, link, (*class, *least), variable, field, at);
        }
        self.state.raw = Some(value);
        if link.multi_match {
            return self.stages_match(plan, link, variable, name, value, at);
        }
        self.note_stages(plan, link, value);
        let string = self.scratch.strings.through(plan, value, link.chain);
        self.stage_matches(plan, link, variable, name, string, at)
    }

    /// A value as the operator is to see it.
    fn stage_matches(
        &mut self,
        plan: &Plan,
        link: &Link,
        variable: Variable,
        name: Slice,
        string: StrId,
        at: usize,
    ) -> bool {
        if let Some(gate) = link.gate {
            let strings = &mut self.scratch.strings;
            // Where memory has told that it may be open to some form of the value, the operator is asked
            // rather than the value looked at for all other rules.
            let open = match strings.known_open(&plan.gates, string, gate) {
                None if link.scanned => true,
                None => strings.is_open(&plan.gates, string, gate),
                Some(open) => open,
            };
            if !open {
                return false;
            }
        }
        self.judged(plan, link, variable, name, string, at)
    }

    /// `multiMatch`: the operator sees the value before and after each transformation that
    /// changes it.
    fn stages_match(
        &mut self,
        plan: &Plan,
        link: &Link,
        variable: Variable,
        name: Slice,
        value: StrId,
        at: usize,
    ) -> bool {
        let steps = plan
            .chains
            .get(usize::from(link.chain))
            .map(|c| c.steps.as_slice());
        let mut any = self.stage_matches(plan, link, variable, name, value, at);
        let mut stage = value;
        for step in steps.unwrap_or_default() {
            let next = self
                .scratch
                .strings
                .step(&plan.settings.unicode, stage, *step);
            if next != stage {
                stage = next;
                any |= self.stage_matches(plan, link, variable, name, stage, at);
            }
        }
        any
    }

    fn judged(
        &mut self,
        plan: &Plan,
        link: &Link,
        variable: Variable,
        name: Slice,
        value: StrId,
        at: usize,
    ) -> bool {
        let said = self.judge(plan, link, value);
        self.note_seen((variable, name), value, said.is_match() != link.negated);
        let span = match (said.is_match() != link.negated, said) {
            (false, _) => return false,
            (true, Said::Yes(start, end)) => (start, end),
            (true, Said::No) => (0, self.scratch.strings.text(value).len()),
        };
        let cut = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let own = Matched {
            variable,
            name,
            value,
            raw: self.state.raw.unwrap_or(value),
            span: (cut(span.0), cut(span.1)),
            origin: self.state.origin.unwrap_or((variable, name)),
        };
        self.matched(plan, link, own, at);
        true
    }

    pub(super) fn matched(&mut self, plan: &Plan, link: &Link, own: Matched, at: usize) {
        self.scratch.matched.push(own);
        self.perform(plan, link, at);
    }

    /// Carries out what a full match does to the request.
    fn disrupt(&mut self, plan: &Plan, rule: &Rule, phase: Phase) -> Option<Interruption> {
        let status = rule.status.unwrap_or(403);
        let action = match &rule.disruption {
            Disruption::Pass => return None,
            Disruption::Allow(reach) => {
                if self.state.engine == Engine::On {
                    self.allow(*reach, phase);
                }
                return None;
            }
            Disruption::Deny => super::Action::Deny,
            Disruption::Drop => super::Action::Drop,
            Disruption::Redirect(to) => {
                let to = self.expand(plan, to);
                let to = String::from_utf8_lossy(self.scratch.strings.bytes(to)).into_owned();
                super::Action::Redirect(to)
            }
        };
        let status = match action {
            super::Action::Redirect(_) => rule
                .status
                .filter(|s| (300..400).contains(s))
                .unwrap_or(302),
            super::Action::Deny | super::Action::Drop => status,
        };
        (self.state.engine == Engine::On && phase != Phase::Logging).then_some(Interruption {
            rule: rule.id,
            action,
            status,
        })
    }

    fn allow(&mut self, reach: Allow, phase: Phase) {
        let until = match reach {
            Allow::Phase => phase.index() + 1,
            Allow::Request => Phase::ResponseHead.index(),
            Allow::All => Phase::Logging.index(),
        };
        let from = phase.index();
        for (at, off) in self.state.allowed.iter_mut().enumerate() {
            *off |= at >= from && at < until.max(from + 1);
        }
    }

    /// An interruption that no rule asked for.
    pub(super) fn refuse(&mut self, status: u16) -> Decision {
        self.interrupt(Interruption {
            rule: 0,
            action: super::Action::Deny,
            status,
        })
    }

    /// Carries an interruption out, or notes it.
    fn interrupt(&mut self, own: Interruption) -> Decision {
        let first = self.state.interruption.get_or_insert(own);
        if self.state.watch {
            Decision::Continue
        } else {
            Decision::Interrupt(first.clone())
        }
    }

    /// Notes that something could not be judged as asked. Each message once.
    pub(super) fn fault(&mut self, message: &str) {
        if !self.state.faults.iter().any(|own| own == message) {
            self.state.faults.push(message.to_owned());
        }
    }
}
