//! One request being judged: the rule engine's state while it runs.
//!
//! [`Transaction`] is a fresh value each time. What is pooled is its [`Scratch`]: buffers whose
//! capacity is worth keeping and whose content never is; and [`Work`], which is there while somebody
//! works at it.

mod act;
mod audit;
mod body;
mod budget;
mod capture;
mod detect;
mod eval;
mod head;
mod judge;
mod measure;
mod memo;
mod outcome;
mod quick;
mod scan;
mod text;
mod together;
mod trace;
mod values;
mod work;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use audit::SHOWN;
pub use budget::Steps;
pub(crate) use head::civil;
pub use measure::Watcher;
pub use outcome::Outcome;
pub use trace::{Skip, Step};
pub(crate) use work::Work;

use crate::audit::Parts;
use crate::body as bodies;
use crate::hir::{AuditEngine, BodyAction, Engine, Phase, Processor};

use crate::plan::{Bits, Plan};
use crate::variable::Variable;
use outcome::Record;
use text::{Slice, StrId, Strings};

/// The two ends of the connection as rules see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The resolved caller: `REMOTE_ADDR`, `REMOTE_PORT`.
    pub client: SocketAddr,
    /// Where it connected to: `SERVER_ADDR`, `SERVER_PORT`.
    pub server: SocketAddr,
}

/// What a phase says about going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing stops the request.
    Continue,
    /// A disruptive action was reached. In `SecRuleEngine DetectionOnly` this never happens.
    Interrupt(Interruption),
}

/// What a disruptive action wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// The rule that interrupted; 0 when it was a limit.
    pub rule: u64,
    /// What to do.
    pub action: Action,
    /// The status to answer with.
    pub status: u16,
}

/// The disruptive actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answer with the status.
    Deny,
    /// Close the connection.
    Drop,
    /// Answer with a redirect to this address.
    Redirect(String),
}

/// One request being judged. A fresh value each time; call the methods in the order written here.
/// After a [`Decision::Interrupt`] only [`Transaction::finish`] is left to call.
pub struct Transaction {
    plan: Arc<Plan>,
    connection: Connection,
    state: State,
    scratch: Box<Scratch>,
}

/// What changes while rules run and has a meaning.
#[derive(Debug)]
struct State {
    engine: Engine,
    request_body: bool,
    response_body: bool,
    force_request_body: bool,
    processor: Option<Processor>,
    audit: AuditEngine,
    audit_parts: Parts,
    /// Phases that an `allow` has switched off.
    allowed: [bool; 5],
    /// Whether disruptions are noted instead of carried out.
    watch: bool,
    interruption: Option<Interruption>,
    highest_severity: Option<u8>,
    pattern_limit: bool,
    status: u16,
    phase: Phase,
    /// The rule being evaluated: an index into the plan.
    current: usize,
    /// The value being judged, before its transformations.
    raw: Option<StrId>,
    /// Where in the last value a pattern has matched, if nobody has asked yet.
    waiting: Option<capture::Match>,
    /// The last match that captured, while nobody has read its groups.
    groups: Option<capture::Match>,
    /// Whether the head has been looked at, for the second phase as well.
    looked: bool,
    /// The field that led to the value being judged, if that is one of `MATCHED_VARS`.
    origin: Option<(Variable, Slice)>,
    began: Duration,
    budget: budget::Budget,
    faults: Vec<String>,
    /// What happened, where somebody wants to know.
    steps: Option<Vec<trace::Step>>,
    records: Vec<Record>,
    content_type: Slice,
    response_type_known: bool,
    /// Why the body, the query or the cookies could not be read to their end.
    body_fault: Option<String>,
    body_cut: bool,
    response_cut: bool,
    url_errors: bool,
    cookies: usize,
    arguments: usize,
    argument_bytes: usize,
    file_bytes: usize,
    beside_files: usize,
}

/// A value of a fixed variable.
#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Slice,
    value: StrId,
}

/// A value that matched.
#[derive(Clone, Copy, Debug)]
struct Matched {
    variable: Variable,
    name: Slice,
    value: StrId,
    /// The value before its transformations.
    raw: StrId,
    /// The part that matched, in bytes of the value.
    span: (u32, u32),
    /// The field it came from, also where it was reached as `MATCHED_VAR` and the like.
    origin: (Variable, Slice),
}

/// A variable that rules write.
#[derive(Clone, Copy, Debug, Default)]
enum Value {
    #[default]
    Unset,
    Number(i64),
    Text(Slice),
}

/// Buffers kept between transactions. Everything is emptied by [`Scratch::emptied`].
#[derive(Debug)]
pub(crate) struct Scratch {
    strings: Strings,
    entries: [Vec<Entry>; Variable::COUNT],
    slots: Vec<Value>,
    named: Vec<(Slice, Value)>,
    bound: Vec<(Variable, Slice)>,
    env: Vec<(Slice, Slice)>,
    due: Bits,
    seen: Vec<u64>,
    /// Rules of the second phase that what the first has seen makes due.
    later: Vec<usize>,
    removed: Bits,
    /// Where `ctl:ruleRemoveTarget…` actions stand: rule, link, action.
    unseen: Vec<(u32, u32, u32)>,
    matched: Vec<Matched>,
    found: Vec<Entry>,
    /// Takes the place of `found` while that is being walked through.
    spare: Vec<Entry>,
    /// For each of `found`, the field it came from, where that is another.
    origins: Vec<(Variable, Slice)>,
    expanded: Vec<u8>,
    detected: detect::Detected,
    /// What patterns say of long texts that others ran over; `None` where they have to be asked again.
    told: together::Told,
    /// There while the transaction is being worked at.
    work: work::Held,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            strings: Strings::default(),
            entries: std::array::from_fn(|_| Vec::new()),
            slots: Vec::new(),
            named: Vec::new(),
            bound: Vec::new(),
            env: Vec::new(),
            due: Bits::default(),
            seen: Vec::new(),
            later: Vec::new(),
            removed: Bits::default(),
            unseen: Vec::new(),
            matched: Vec::new(),
            found: Vec::new(),
            spare: Vec::new(),
            origins: Vec::new(),
            expanded: Vec::new(),
            detected: detect::Detected::default(),
            told: together::Told::default(),
            work: work::Held::default(),
        }
    }
}

impl Scratch {
    /// The same capacity without any content. Taken apart in full, so that a new field cannot be
    /// forgotten.
    fn emptied(mut self: Box<Self>) -> Box<Self> {
        let Self {
            strings,
            entries,
            slots,
            named,
            bound,
            env,
            due,
            seen,
            later,
            removed,
            unseen,
            matched,
            found,
            spare,
            origins,
            expanded,
            detected,
            told,
            // Put down already.
            work: _,
        } = &mut *self;
        strings.clear();
        for list in entries {
            list.clear();
        }
        slots.clear();
        named.clear();
        bound.clear();
        env.clear();
        due.clear();
        seen.clear();
        later.clear();
        removed.clear();
        unseen.clear();
        matched.clear();
        found.clear();
        spare.clear();
        origins.clear();
        expanded.clear();
        detected.clear();
        told.clear();
        self
    }
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Begins a transaction.
    #[must_use]
    pub fn begin(self: &Arc<Self>, connection: Connection) -> Transaction {
        let mut scratch = self.pool.pop().unwrap_or_default();
        let memory = usize::try_from(self.limits.memory.0).unwrap_or(usize::MAX);
        scratch.strings.set_limit(memory);
        scratch.slots.resize(self.tx_names.len(), Value::Unset);
        let state = State {
            engine: self.settings.engine,
            request_body: self.settings.request_body,
            response_body: self.settings.response_body.unwrap_or(true),
            force_request_body: false,
            processor: None,
            audit: self.settings.audit,
            audit_parts: self.settings.audit_log.parts,
            allowed: [false; 5],
            watch: false,
            interruption: None,
            highest_severity: None,
            pattern_limit: false,
            status: 0,
            phase: Phase::RequestHead,
            current: 0,
            raw: None,
            waiting: None,
            groups: None,
            looked: false,
            origin: None,
            began: self.clock.monotonic(),
            budget: budget::Budget::default(),
            faults: Vec::new(),
            steps: None,
            records: Vec::new(),
            content_type: Slice::default(),
            response_type_known: false,
            body_fault: None,
            body_cut: false,
            response_cut: false,
            url_errors: false,
            cookies: 0,
            arguments: 0,
            argument_bytes: 0,
            file_bytes: 0,
            beside_files: 0,
        };
        let mut own = Transaction {
            plan: Arc::clone(self),
            connection,
            state,
            scratch,
        };
        // All callers share it, so that it needs no key.
        own.scratch.bound.push((Variable::Global, Slice::default()));
        own.fill_connection();
        own
    }
}

impl Transaction {
    /// Notes disruptions instead of carrying them out: every phase runs to its end, no method
    /// interrupts, and [`Outcome::interruption`] is the first that would have been. For modes that
    /// only report.
    pub fn watch(&mut self) {
        self.state.watch = true;
    }

    /// Whether the rules look at this request's body at all. Ask after phase 1.
    #[must_use]
    pub fn wants_request_body(&self) -> bool {
        self.state.engine != Engine::Off && self.state.request_body
    }

    /// Whether the rules look at this response's body (`SecResponseBodyAccess` and its type).
    /// Ask after phase 3.
    #[must_use]
    pub fn wants_response_body(&self) -> bool {
        let rules = self.plan.phases.get(Phase::ResponseBody.index());
        self.state.engine != Engine::Off
            && self.state.response_body
            && (rules.is_some_and(|phase| !phase.code.is_empty())
                || self.plan.settings.response_action == BodyAction::Reject)
            && self.response_type_is_inspected()
    }

    /// The request head is complete: phase 1.
    pub fn request_head_end(&mut self) -> Decision {
        self.resume();
        self.fill_request_head();
        let decision = self.run(Phase::RequestHead);
        self.rest(decision)
    }

    /// The request body is complete (also when there is none): phase 2.
    pub fn request_end(&mut self) -> Decision {
        self.resume();
        self.fill_request_body();
        let decision = self.run(Phase::RequestBody);
        self.rest(decision)
    }

    /// The response head is complete: phase 3.
    pub fn response_head_end(&mut self) -> Decision {
        self.resume();
        let decision = self.run(Phase::ResponseHead);
        self.rest(decision)
    }

    /// A piece of the response body. What is over the limit is not looked at.
    pub fn response_body(&mut self, chunk: &[u8]) {
        let limit = self.plan.response_limit();
        let body = &mut self.scratch.strings.response;
        let room = limit.saturating_sub(body.len()).min(chunk.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or_default());
        self.state.response_cut |= room < chunk.len();
    }

    /// The response body is complete: phase 4.
    pub fn response_end(&mut self) -> Decision {
        self.resume();
        let refuses = self.plan.settings.response_action == BodyAction::Reject;
        if refuses && self.state.response_cut && self.state.engine == Engine::On {
            return self.refuse(403);
        }
        self.fill_response_body();
        let decision = self.run(Phase::ResponseBody);
        self.rest(decision)
    }

    /// Phase 5, and the sum of it all. Also called after an interruption.
    #[must_use]
    pub fn finish(mut self) -> Outcome {
        self.resume();
        self.run(Phase::Logging);
        self.close()
    }

    fn close(mut self) -> Outcome {
        let outcome = self.outcome();
        self.put_down();
        let Self { plan, scratch, .. } = self;
        plan.pool.push(scratch.emptied());
        outcome
    }
}

impl Plan {
    /// Request body bytes that are taken in.
    #[must_use]
    pub fn request_limit(&self) -> usize {
        let own = self.limits.request_body.0;
        usize::try_from(self.settings.request_limit.map_or(own, |n| n.min(own)))
            .unwrap_or(usize::MAX)
    }

    /// Response body bytes that are looked at.
    #[must_use]
    pub fn response_limit(&self) -> usize {
        let own = self.limits.response_body.0;
        usize::try_from(self.settings.response_limit.map_or(own, |n| n.min(own)))
            .unwrap_or(usize::MAX)
    }
}
