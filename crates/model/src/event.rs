//! What the operator sees of one decision. The same value goes to the store, the log line, the
//! metrics and the dashboard.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Mode, RequestId, Timestamp};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event {
    /// A request was answered, by the upstream or by us.
    Request(Box<RequestEvent>),
    /// Something else an operator should know: `policy.reloaded`, `upstream.failed`, …
    System(SystemEvent),
}

/// How a request ended for the caller, or would have ended had the mode been `enforce`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may pass.
    #[default]
    Allow,
    /// It is an attack, or forbidden: 403, 413 and the like.
    Block,
    /// It asks for more than its share: 429.
    Limit,
    /// It has to prove something first.
    Challenge,
    /// It is not well-formed HTTP: 400.
    Refuse,
}

/// Which layer of the request path spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// HTTP framing.
    Protocol,
    /// Address lists.
    Network,
    /// Size limits.
    Size,
    /// Rate limits.
    Limit,
    /// Blocked user agents.
    Agent,
    /// Blocked paths.
    Path,
    /// The rule engine.
    Waf,
    /// The upstream, or the way there.
    Upstream,
}

impl Verdict {
    /// Every verdict, in the order tables show them.
    pub const ALL: [Self; 5] = [
        Self::Allow,
        Self::Block,
        Self::Limit,
        Self::Challenge,
        Self::Refuse,
    ];

    /// The word used in files, labels and interfaces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
            Self::Limit => "limit",
            Self::Challenge => "challenge",
            Self::Refuse => "refuse",
        }
    }
}

impl Layer {
    /// The word used in files, labels and interfaces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Network => "network",
            Self::Size => "size",
            Self::Limit => "limit",
            Self::Agent => "agent",
            Self::Path => "path",
            Self::Waf => "waf",
            Self::Upstream => "upstream",
        }
    }
}

/// One request and what was decided about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestEvent {
    /// Shown to the caller, so that a complaint can be traced.
    pub id: RequestId,
    /// When its head had been read.
    pub at: Timestamp,
    /// What was decided, as `enforce` mode would carry it out.
    pub verdict: Verdict,
    /// Whether that was carried out: false in watch mode, and for every `allow`.
    pub enforced: bool,
    /// The mode in force for its route.
    pub mode: Mode,
    /// The layer that decided, for every verdict but `allow`.
    pub layer: Option<Layer>,
    /// The resolved caller.
    pub client: IpAddr,
    /// The other end of the connection.
    pub peer: IpAddr,
    /// Request method, at most 32 bytes of it.
    pub method: String,
    /// `Host`, at most 256 bytes of it; empty when absent.
    pub host: String,
    /// Path and query, at most 2,048 bytes of them.
    pub target: String,
    /// `User-Agent`, at most 512 bytes of it; empty when absent.
    pub agent: String,
    /// The route of the policy that was chosen, as written there.
    pub route: Option<String>,
    /// The status the caller got.
    pub status: u16,
    /// The upstream that answered.
    pub upstream: Option<String>,
    /// Anomaly score reached, and the score that blocks.
    pub score: u32,
    /// The score at which the request is blocked; 0 where scoring is not in use.
    pub threshold: u32,
    /// Why, most telling first; at most 32.
    pub findings: Vec<Finding>,
    /// CPU time our decision took, in microseconds.
    pub decision_micros: u64,
    /// Time from the request's head to the response's last byte, in microseconds.
    pub total_micros: u64,
    /// Body bytes received from the caller.
    pub bytes_in: u64,
    /// Body bytes sent to the caller.
    pub bytes_out: u64,
}

impl RequestEvent {
    /// The event's name in the field's style: `request.blocked`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.verdict {
            Verdict::Allow => "request.allowed",
            Verdict::Block => "request.blocked",
            Verdict::Limit => "request.limited",
            Verdict::Challenge => "request.challenged",
            Verdict::Refuse => "request.refused",
        }
    }
}

/// What is counted of every request, whatever else is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures<'a> {
    /// When its head had been read.
    pub at: Timestamp,
    /// What was decided.
    pub verdict: Verdict,
    /// Whether that was carried out.
    pub enforced: bool,
    /// The layer that decided.
    pub layer: Option<Layer>,
    /// The route of the policy that was chosen.
    pub route: Option<&'a str>,
    /// The status the caller got.
    pub status: u16,
    /// CPU time our decision took, in microseconds.
    pub decision_micros: u64,
    /// Time from the request's head to the response's last byte, in microseconds.
    pub total_micros: u64,
    /// Body bytes received from the caller.
    pub bytes_in: u64,
    /// Body bytes sent to the caller.
    pub bytes_out: u64,
}

impl<'a> From<&'a RequestEvent> for Figures<'a> {
    fn from(event: &'a RequestEvent) -> Self {
        Self {
            at: event.at,
            verdict: event.verdict,
            enforced: event.enforced,
            layer: event.layer,
            route: event.route.as_deref(),
            status: event.status,
            decision_micros: event.decision_micros,
            total_micros: event.total_micros,
            bytes_in: event.bytes_in,
            bytes_out: event.bytes_out,
        }
    }
}

/// One reason: a rule, the field it looked at, and what it saw there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's id, such as `942100`, or a layer's own name, such as `limit:default`.
    pub rule: String,
    /// The rule's message.
    pub message: String,
    /// What the rule guards against, such as `sqli`; empty when it does not say.
    pub class: String,
    /// `critical`, `error`, `warning`, `notice`, …; empty when the rule has none.
    pub severity: String,
    /// Where it was found, such as `ARGS:q`.
    pub field: String,
    /// The value after decoding, lossily as text, at most 512 bytes of it.
    pub value: String,
    /// The part of it that matched, at most 256 bytes of it.
    pub matched: String,
    /// What the rule says about the match (`logdata`), at most 1,024 bytes of it; empty when it
    /// says nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub data: String,
    /// The rule's tags.
    pub tags: Vec<String>,
    /// The file and line of the rule.
    pub source: String,
}

/// Something that happened to the gateway itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SystemEvent {
    /// When.
    pub at: Timestamp,
    /// `noun.past`: `policy.reloaded`, `policy.rejected`, `upstream.failed`, `store.failed`, …
    pub name: String,
    /// What happened, for a reader.
    pub message: String,
}
