use std::net::SocketAddr;
use std::sync::Arc;

use babyshield_model::{Diagnostics, Finding};

use crate::{Compiled, Files, Spec};

/// A compiled rule set: immutable, shared by `Arc`.
#[derive(Debug)]
pub struct Plan {}

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
    /// The rule that interrupted.
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

/// The sum of a finished transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Why it was interrupted, if it was.
    pub interruption: Option<Interruption>,
    /// Matched rules that log, in order of evaluation.
    pub findings: Vec<Finding>,
    /// Inbound anomaly score reached.
    pub score: u32,
    /// The score that blocks; 0 where the rules do not score.
    pub threshold: u32,
}

/// One request being judged. A fresh value each time; call the methods in the order written here.
/// After an [`Decision::Interrupt`] only [`Transaction::finish`] is left to call.
#[derive(Debug)]
pub struct Transaction {
    _plan: Arc<Plan>,
}

impl Plan {
    /// Reads, checks and compiles the rules.
    ///
    /// # Errors
    /// Every fault found in any file, with its place.
    pub fn compile(_spec: &Spec, _files: &dyn Files) -> Result<Compiled, Diagnostics> {
        Ok(Compiled {
            plan: Self {},
            warnings: Vec::new(),
        })
    }

    /// Begins a transaction.
    #[must_use]
    pub fn begin(self: &Arc<Self>, _connection: Connection) -> Transaction {
        Transaction {
            _plan: Arc::clone(self),
        }
    }
}

impl Transaction {
    /// The request line, exactly as received: method, request target, `HTTP/1.1`.
    pub fn request_line(&mut self, _method: &[u8], _target: &[u8], _version: &[u8]) {}

    /// One request header line, in order of arrival, the name as received.
    pub fn request_header(&mut self, _name: &[u8], _value: &[u8]) {}

    /// The head is complete: phase 1.
    pub fn request_head_end(&mut self) -> Decision {
        Decision::Continue
    }

    /// Whether the rules look at this request's body at all.
    #[must_use]
    pub fn wants_request_body(&self) -> bool {
        true
    }

    /// A piece of the request body, after transfer decoding. Interrupts when the limit is passed.
    pub fn request_body(&mut self, _chunk: &[u8]) -> Decision {
        Decision::Continue
    }

    /// The body is complete (also when there is none): phase 2.
    pub fn request_end(&mut self) -> Decision {
        Decision::Continue
    }

    /// The response's status line.
    pub fn response_line(&mut self, _status: u16, _version: &[u8]) {}

    /// One response header line.
    pub fn response_header(&mut self, _name: &[u8], _value: &[u8]) {}

    /// The response head is complete: phase 3.
    pub fn response_head_end(&mut self) -> Decision {
        Decision::Continue
    }

    /// Whether the rules look at this response's body (`SecResponseBodyAccess` and its type).
    #[must_use]
    pub fn wants_response_body(&self) -> bool {
        false
    }

    /// A piece of the response body.
    pub fn response_body(&mut self, _chunk: &[u8]) {}

    /// The response body is complete: phase 4.
    pub fn response_end(&mut self) -> Decision {
        Decision::Continue
    }

    /// Phase 5, and the sum of it all. Also called after an interruption.
    #[must_use]
    pub fn finish(self) -> Outcome {
        Outcome::default()
    }
}
