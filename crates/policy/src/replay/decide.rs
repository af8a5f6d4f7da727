//! One request, decided as the gateway in `enforce` mode would decide it.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use babyshield_layers::block;
use babyshield_limit::LimitId;
use babyshield_model::{Finding, Layer, Verdict};
use babyshield_waf::{Connection, Decision as Step, Interruption, Outcome, Plan as Rules};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use super::pace::Pace;
use super::request::Request;
use super::summary::round;
use crate::Policy;
use crate::spec::Pattern;

/// Everything a replay decides by.
#[derive(Debug)]
pub struct Replay {
    block: Arc<block::Plan>,
    rules: Arc<Rules>,
    /// The longest body of every request that no route speaks of.
    body: u64,
    /// The most specific first.
    routes: Vec<Route>,
    /// Who is taken for the caller, since records do not say.
    client: IpAddr,
    /// The limits of requests that no route speaks of.
    limits: Vec<LimitId>,
    pace: Option<Pace>,
}

/// What a route changes about a decision.
#[derive(Debug)]
struct Route {
    pattern: Pattern,
    name: String,
    /// `None` where bodies stream.
    body: Option<u64>,
    limits: Vec<LimitId>,
}

/// What was decided, as one line of the output.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Decision {
    /// What `enforce` mode would do.
    pub verdict: Verdict,
    /// The status the caller would get; 200 stands for whatever the API answers.
    pub status: u16,
    /// Ids of the matched rules that log, in order, and names of layers that objected.
    pub rules: Vec<String>,
    /// The anomaly score reached.
    pub score: u32,
    /// The score that blocks.
    pub threshold: u32,
    /// CPU time of the decision, in microseconds.
    pub micros: f64,
    /// The layer that decided, for everything but `allow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    /// What the findings guard against.
    pub classes: Vec<String>,
}

impl Replay {
    /// Decides by `policy`. Since records do not say who sent them, `client` is taken for the
    /// caller of all.
    #[must_use]
    pub fn new(policy: &Policy, client: IpAddr) -> Self {
        let body = policy.spec.waf.body.value.0;
        let everywhere = policy.gateway.limits.iter();
        let ids = |own: &[String]| -> Vec<LimitId> {
            let names = everywhere.clone().chain(own);
            names.filter_map(|name| policy.limits.find(name)).collect()
        };
        // The gateway's routes stand in the order of the policy's.
        let routes = policy.spec.routes.iter().zip(&policy.gateway.routes);
        let routes = routes.map(|(route, gateway)| Route {
            pattern: route.pattern.value.clone(),
            name: gateway.pattern.clone(),
            body: (!route.stream.value)
                .then(|| route.body.as_ref().map_or(body, |body| body.value.0)),
            limits: ids(&gateway.limits),
        });
        let mut routes: Vec<Route> = routes.collect();
        routes.sort_by_key(|route| Reverse(route.pattern.specificity()));
        let default = policy.spec.limits.default.iter();
        let default: Vec<String> = default.map(|limit| limit.name.clone()).collect();
        Self {
            block: Arc::clone(&policy.block),
            rules: Arc::clone(&policy.rules),
            body,
            routes,
            client,
            limits: ids(&default),
            pace: None,
        }
    }

    /// Counts requests by the policy's limits too, as if they had come one after another, `apart`
    /// from each other. [`Replay::run`] then decides one at a time.
    #[must_use]
    pub fn with_limits(mut self, policy: &Policy, apart: Duration) -> Self {
        self.pace = Some(Pace {
            plan: Arc::clone(&policy.limits),
            store: policy.store(),
            apart,
            came: AtomicU32::new(0),
        });
        self
    }

    /// Whether the order of requests matters.
    pub(super) fn is_ordered(&self) -> bool {
        self.pace.is_some()
    }

    /// Decides one request.
    #[must_use]
    pub fn decide(&self, request: &Request) -> Decision {
        let before = clock_gettime(ClockId::ThreadCPUTime);
        let mut decision = self.judge(request);
        let after = clock_gettime(ClockId::ThreadCPUTime);
        decision.micros = micros(after.tv_sec - before.tv_sec, after.tv_nsec - before.tv_nsec);
        decision
    }

    fn judge(&self, request: &Request) -> Decision {
        let agent = request.header("user-agent").unwrap_or_default();
        if let Some((layer, finding)) = self.block.judge(self.client, agent, request.path()) {
            return refused(layer, 403, vec![finding]);
        }
        let route = self.route(request);
        if let Some(pace) = &self.pace {
            let limits = route.map_or(&self.limits, |route| &route.limits);
            let name = route.map(|route| route.name.as_str());
            if let Some(limit) = pace.spend(limits, self.client, name, request) {
                return Decision {
                    verdict: Verdict::Limit,
                    status: 429,
                    layer: Some(Layer::Limit),
                    rules: vec![format!("limit:{limit}")],
                    ..Decision::default()
                };
            }
        }
        let limit = route.map_or(Some(self.body), |route| route.body);
        if limit.is_some_and(|limit| request.body.len() as u64 > limit) {
            return refused(Layer::Size, 413, Vec::new());
        }
        self.ask_rules(request, limit.is_none())
    }

    /// The route that holds, if one does.
    fn route(&self, request: &Request) -> Option<&Route> {
        let [method, host, path] = [
            request.method.as_slice(),
            request.header("host").unwrap_or_default(),
            request.path(),
        ]
        .map(String::from_utf8_lossy);
        let host = host.rsplit_once(':').map_or(&*host, |(host, _)| host);
        let mut routes = self.routes.iter();
        routes.find(|route| route.pattern.matches(&method, host, &path))
    }

    fn ask_rules(&self, request: &Request, streams: bool) -> Decision {
        let (step, outcome) = ask(&self.rules, self.client, request, !streams);
        let mut decision = match step {
            Step::Continue => passed(outcome.findings),
            Step::Interrupt(Interruption { status: 413, .. }) => {
                refused(Layer::Size, 413, outcome.findings)
            }
            Step::Interrupt(interruption) => {
                refused(Layer::Waf, interruption.status, outcome.findings)
            }
        };
        decision.score = outcome.score;
        decision.threshold = outcome.threshold;
        decision
    }
}

/// Shows a request to the rules.
pub(crate) fn ask(
    rules: &Arc<Rules>,
    client: IpAddr,
    request: &Request,
    with_body: bool,
) -> (Step, Outcome) {
    let mut transaction = rules.begin(Connection {
        client: SocketAddr::new(client, 0),
        server: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80),
    });
    transaction.request_line(&request.method, &request.target, &request.version);
    for (name, value) in &request.headers {
        transaction.request_header(name, value);
    }
    let mut step = transaction.request_head_end();
    if step == Step::Continue && with_body && transaction.wants_request_body() {
        step = transaction.request_body(&request.body);
    }
    if step == Step::Continue {
        step = transaction.request_end();
    }
    (step, transaction.finish())
}

fn passed(findings: Vec<Finding>) -> Decision {
    let mut decision = Decision {
        status: 200,
        ..Decision::default()
    };
    for finding in findings {
        if !finding.class.is_empty() && !decision.classes.contains(&finding.class) {
            decision.classes.push(finding.class);
        }
        decision.rules.push(finding.rule);
    }
    decision
}

fn refused(layer: Layer, status: u16, findings: Vec<Finding>) -> Decision {
    Decision {
        verdict: Verdict::Block,
        status,
        layer: Some(layer),
        ..passed(findings)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a decision takes far less than 2^52 ns"
)]
fn micros(seconds: i64, nanos: i64) -> f64 {
    round(seconds as f64 * 1e6 + nanos as f64 / 1e3)
}
