//! Refuses callers by address, by the name they give themselves, and by what they ask for.
//!
//! Allowed networks are never refused by this layer; an empty allow list allows nobody more than
//! anybody else. A refusal says nothing about its reason to the caller.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use babyshield_model::{Finding, Layer as Which, Mode};
use babyshield_reputation::addr::Networks;
use babyshield_reputation::{agent, path};
use http::{Request, Response, header};
use tower::Service;

use crate::{Exchange, Gate, Refusal};

/// Whom and what to refuse.
#[derive(Debug)]
pub struct Plan {
    /// Addresses this layer never refuses.
    pub allow: Networks,
    /// Addresses that are refused.
    pub deny: Networks,
    /// User agents that are refused.
    pub agents: agent::Plan,
    /// Paths that are refused.
    pub paths: path::Plan,
}

impl Plan {
    /// The first reason to refuse, if there is one.
    #[must_use]
    pub fn judge(&self, client: IpAddr, agent: &[u8], target: &[u8]) -> Option<(Which, Finding)> {
        if self.allow.contains(client) {
            return None;
        }
        if let Some(network) = self.deny.find(client) {
            let message = "the caller's address is on the deny list";
            let found = finding("block:network", message, "network", "REMOTE_ADDR");
            let (value, matched) = (client.to_string(), network.to_string());
            return Some((Which::Network, seen(found, value, matched)));
        }
        if let Some(entry) = self.agents.find(agent) {
            let message = "the caller names itself as a tool that is not wanted";
            let found = finding("block:agent", message, &entry.class, "User-Agent");
            let value = String::from_utf8_lossy(agent.get(..512).unwrap_or(agent));
            let found = seen(found, value.into_owned(), entry.name.clone());
            return Some((Which::Agent, found));
        }
        let hit = self.paths.find(target)?;
        let message = "nobody with good intent asks for this path";
        let found = finding("block:path", message, &hit.category, "REQUEST_URI");
        let value = String::from_utf8_lossy(target.get(..512).unwrap_or(target));
        let found = seen(found, value.into_owned(), hit.pattern.clone());
        Some((Which::Path, found))
    }
}

fn finding(rule: &str, message: &str, class: &str, field: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        message: message.to_owned(),
        class: class.to_owned(),
        severity: "critical".to_owned(),
        field: field.to_owned(),
        value: String::new(),
        matched: String::new(),
        data: String::new(),
        tags: Vec::new(),
        source: String::new(),
    }
}

fn seen(found: Finding, value: String, matched: String) -> Finding {
    Finding {
        value,
        matched,
        ..found
    }
}

/// Makes [`Block`] services.
#[derive(Clone, Debug)]
pub struct Layer {
    plan: Arc<Plan>,
}

impl Layer {
    /// Refuses whom `plan` names.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { plan }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Block<S>;

    fn layer(&self, inner: S) -> Block<S> {
        Block {
            inner,
            plan: Arc::clone(&self.plan),
        }
    }
}

/// Refuses by address, agent and path.
#[derive(Clone, Debug)]
pub struct Block<S> {
    inner: S,
    plan: Arc<Plan>,
}

impl<S> Block<S> {
    fn refuse<B>(&self, request: &Request<B>) -> Option<Refusal> {
        let exchange = request.extensions().get::<Exchange>()?;
        if exchange.mode() == Mode::Off {
            return None;
        }
        let agent = request.headers().get(header::USER_AGENT);
        let agent = agent.map_or(&b""[..], |value| value.as_bytes());
        let path = request.uri().path().as_bytes();
        let judged = exchange.spend(|| self.plan.judge(exchange.client(), agent, path));
        let (layer, finding) = judged?;
        exchange.find(finding);
        let refusal = Refusal::forbidden(layer);
        exchange.refuse(&refusal).then_some(refusal)
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Block<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Gate<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        match self.refuse(&request) {
            Some(refusal) => Gate::answer(refusal.answer()),
            None => Gate::pass(self.inner.call(request)),
        }
    }
}
