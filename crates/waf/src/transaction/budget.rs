//! What one transaction may cost. Looked at between values, so that no rule and no number of
//! values gets past it; the outcome is always told, and where rules are enforced it is 503.

use std::time::Duration;

use super::{Decision, Transaction};
use crate::hir::Engine;
use crate::plan::Plan;

/// Bytes looked at between two readings of the clock. Before the first so many of a phase the clock is not
/// read at all: they cost less than a reading tells, and few requests have more.
const LOOK: usize = 64 << 10;
/// What looking at a value costs apart from its bytes.
const EACH: usize = 256;

/// What has been spent. Waiting for the client or the upstream is not counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    spent: Duration,
    /// When the clock was first read since work went on.
    resumed: Option<Duration>,
    /// Bytes looked at since the clock was read.
    work: usize,
    /// Those before.
    before: usize,
    over: bool,
}

/// What a transaction has cost so far, in steps: the same for the same request, on any machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// Bytes of values that were looked at, each time one was, and so much for each time.
    pub looked: usize,
    /// Bytes that were made and kept: names and values taken out of the request, and what
    /// transformations made of them.
    pub made: usize,
}

impl Budget {
    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}

impl Transaction {
    /// What it has cost so far.
    #[must_use]
    pub fn steps(&self) -> Steps {
        let budget = &self.state.budget;
        Steps {
            looked: budget.before.saturating_add(budget.work),
            made: self.scratch.strings.kept(),
        }
    }

    /// Work begins: from here time is counted, once there is enough of it.
    pub(super) fn resume(&mut self) {
        self.state.budget.resumed = None;
        self.take_up();
    }

    /// Work rests until the next part of the exchange is there.
    pub(super) fn rest(&mut self, decision: Decision) -> Decision {
        let budget = &mut self.state.budget;
        if let Some(resumed) = budget.resumed.take() {
            let spent = self.plan.clock.monotonic().saturating_sub(resumed);
            budget.spent = budget.spent.saturating_add(spent);
        }
        self.put_down();
        decision
    }

    /// Counts a value of so many bytes; whether the time or the memory is used up.
    #[inline]
    pub(super) fn is_spent(&mut self, plan: &Plan, bytes: usize) -> bool {
        let budget = &mut self.state.budget;
        budget.work = budget.work.saturating_add(bytes).saturating_add(EACH);
        if budget.work < LOOK && !self.scratch.strings.is_full() {
            return budget.over;
        }
        self.look(plan)
    }

    /// The same with nothing to count.
    #[inline]
    pub(super) fn is_out(&mut self, plan: &Plan) -> bool {
        self.state.budget.over || (self.scratch.strings.is_full() && self.look(plan))
    }

    #[cold]
    fn look(&mut self, plan: &Plan) -> bool {
        let budget = &mut self.state.budget;
        budget.before = budget.before.saturating_add(budget.work);
        budget.work = 0;
        let now = plan.clock.monotonic();
        let spent = now.saturating_sub(*budget.resumed.get_or_insert(now));
        let late = budget.spent.saturating_add(spent) > plan.limits.time;
        let full = self.scratch.strings.is_full();
        budget.over |= late || full;
        let over = budget.over;
        if full {
            self.fault("the memory for one request is used up; the rest of the rules did not run");
        } else if late {
            self.fault("the time for one request is used up; the rest of the rules did not run");
        }
        over
    }

    /// More was sent than is looked at: no other rule runs.
    #[cold]
    pub(super) fn run_over(&mut self, what: &str) {
        self.state.budget.over = true;
        self.fault(&format!("{what}; the rest of the rules did not run"));
    }

    /// The outcome once everything is spent: refused where rules are enforced, told everywhere.
    pub(super) fn run_out(&mut self) -> Decision {
        if self.state.engine == Engine::On {
            self.refuse(503)
        } else {
            Decision::Continue
        }
    }
}
