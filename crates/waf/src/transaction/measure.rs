//! A transaction whose work is told to somebody, rule by rule: for tools that measure.

use super::{Decision, Outcome, Transaction};
use crate::hir::Phase;

/// Is told what a transaction does, as soon as it is done.
pub trait Watcher {
    /// What a phase looks at was read: the head, or the body, taken apart.
    fn read(&mut self);
    /// The values of a phase were looked at for all of its rules together: what they become
    /// through transformations, the literals in them, and what the detectors find.
    fn scanned(&mut self);
    /// A rule was asked, and whether it matched. `rule` counts in the order of
    /// [`Plan::rules`](crate::Plan::rules).
    fn judged(&mut self, rule: usize, matched: bool);
}

impl Watcher for () {
    #[inline]
    fn read(&mut self) {}

    #[inline]
    fn scanned(&mut self) {}

    #[inline]
    fn judged(&mut self, _: usize, _: bool) {}
}

impl Transaction {
    /// [`Transaction::request_head_end`], told to `watcher`.
    pub fn watched_head_end<W: Watcher>(&mut self, watcher: &mut W) -> Decision {
        self.resume();
        self.fill_request_head();
        watcher.read();
        let decision = self.run_watched(Phase::RequestHead, watcher);
        self.rest(decision)
    }

    /// [`Transaction::request_end`], told to `watcher`.
    pub fn watched_end<W: Watcher>(&mut self, watcher: &mut W) -> Decision {
        self.resume();
        self.fill_request_body();
        watcher.read();
        let decision = self.run_watched(Phase::RequestBody, watcher);
        self.rest(decision)
    }

    /// [`Transaction::finish`], told to `watcher`.
    #[must_use]
    pub fn watched_finish<W: Watcher>(mut self, watcher: &mut W) -> Outcome {
        self.resume();
        watcher.read();
        self.run_watched(Phase::Logging, watcher);
        self.close()
    }
}
