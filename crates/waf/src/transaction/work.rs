//! Working memory for the time a transaction is being worked at.
//!
//! Many transactions wait for clients and upstreams, but a thread works at one. What is needed only
//! meanwhile lies here, one for each thread, and so stays in the caches of its core; it knows a request's
//! bytes no longer than that work lasts, but for what is cleared before use.

use super::memo::Memo;
use super::text::StrId;
use super::{Transaction, bodies};
use crate::operator::regex::together::States;
use crate::operator::regex::{Cache, Pattern};
use crate::plan::Plan;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// What is known of values seen before.
    pub(super) memo: Option<Box<Memo>>,
    /// For each pattern of the plan, where it has been asked.
    pub(super) caches: Vec<Option<Cache>>,
    /// The same for those that ran beside others.
    pub(super) states: Vec<Option<States>>,
    /// Patterns compiled from texts with macros.
    pub(super) compiled: Vec<(Vec<u8>, Pattern)>,
    pub(super) detector: babyshield_detect::Scratch,
    pub(super) parser: bodies::Scratch,
    pub(super) document: bodies::xml::Document,
    pub(super) walk: bodies::xml::Walk,
    /// Gates open to the value being looked at.
    pub(super) opened: Vec<u64>,
    /// What the steps of a field's route made of the value being looked at.
    pub(super) route: Vec<StrId>,
}

/// Working memory that is there while the transaction is being worked at.
#[derive(Debug, Default)]
pub(super) struct Held(Option<Box<Work>>);

impl Held {
    /// The thread's; where none was taken up, new.
    pub(super) fn get(&mut self) -> &mut Work {
        self.0.get_or_insert_default()
    }

    /// What is there, if anything, to look at.
    pub(super) fn peek(&self) -> Option<&Work> {
        self.0.as_deref()
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn put(&mut self, work: Box<Work>) {
        self.0 = Some(work);
    }

    pub(super) fn take(&mut self) -> Option<Box<Work>> {
        self.0.take()
    }
}

impl Transaction {
    /// Takes the thread's working memory up.
    pub(super) fn take_up(&mut self) {
        if !self.scratch.work.is_there() {
            let mut work = self.plan.works.pop().unwrap_or_default();
            if work.caches.len() < self.plan.patterns.len() {
                work.caches.resize_with(self.plan.patterns.len(), || None);
                work.states.resize_with(self.plan.patterns.len(), || None);
            }
            self.scratch.work.put(work);
        }
    }

    /// Puts it down again.
    pub(super) fn put_down(&mut self) {
        if let Some(work) = self.scratch.work.take() {
            self.plan.works.push(work);
        }
    }
}

impl Plan {
    /// A memo that knows nothing yet.
    pub(super) fn memo(&self) -> Box<Memo> {
        Box::new(Memo::new())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::super::Connection;
    use crate::plan::Plan;
    use crate::source::Memory;
    use crate::spec::Spec;

    #[test]
    fn what_a_thread_put_down_it_takes_up_again() {
        let rule = b"SecRule ARGS|REQUEST_HEADERS \"@rx abc\" \"id:1,phase:2,pass\"";
        let files = Memory([(PathBuf::from("own.conf"), rule.to_vec())].into());
        let spec = Spec {
            rules: vec![PathBuf::from("own.conf")],
            ..Spec::default()
        };
        let plan = Arc::new(Plan::compile(&spec, &files).unwrap().plan);
        let address = "192.0.2.1:80".parse().unwrap();
        let connection = Connection {
            client: address,
            server: address,
        };
        let mut known = None;
        for _ in 0..3 {
            let mut own = plan.begin(connection);
            own.request_line(b"GET", b"/?a=abc&b=1", b"HTTP/1.1");
            own.request_header(b"Host", b"a.example");
            own.request_head_end();
            own.request_end();
            drop(own.finish());
            let work = plan.works.pop().unwrap();
            let memo: *const _ = &**work.memo.as_ref().unwrap();
            assert!(known.is_none_or(|known| known == memo));
            known = Some(memo);
            plan.works.push(work);
        }
    }
}
