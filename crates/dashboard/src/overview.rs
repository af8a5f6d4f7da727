use babyshield_model::{Mode, Timestamp};
use serde::Serialize;

/// What the dashboard asks the running gateway. Called for every look at the page: answer from
/// memory.
pub trait Gateway: Send + Sync {
    /// How it runs now.
    fn overview(&self) -> Overview;
}

/// The effective configuration, as far as an operator wants it at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Version of the binary.
    pub version: String,
    /// The mode where a route says nothing else.
    pub mode: Mode,
    /// Where callers connect to.
    pub listen: Vec<String>,
    /// The policy file.
    pub policy: String,
    /// When the plan in force was loaded.
    pub loaded: Timestamp,
    /// Why the latest reload was refused, if it was; the older plan is still in force.
    pub rejected: Option<String>,
    /// Rules of the rule engine in force.
    pub rules: usize,
    /// Where requests go.
    pub upstreams: Vec<Upstream>,
    /// Routes of the policy, most specific first.
    pub routes: Vec<Route>,
}

/// One upstream server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Upstream {
    /// As written in the policy.
    pub name: String,
    /// Whether it gets requests: its checks, or requests that did not reach it, say otherwise.
    pub healthy: bool,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// As written in the policy, such as `POST /v1/login`.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The mode in force on it.
    pub mode: Mode,
}
