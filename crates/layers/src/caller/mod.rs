//! Finds out who the caller is behind proxies, believing only those that are listed.
//!
//! A forwarding field is read only when the peer itself is a trusted proxy, and from right to
//! left: each proxy appends whom it saw, so the first address from the right that is not a trusted
//! proxy is the caller. Whatever stands left of it was written by the caller and proves nothing.
//! Which of the two fields counts is said once, since a proxy that writes one passes the other on
//! as the caller sent it. See RFC 7239 and its section 8.1 on why none of it can be trusted alone.

mod walk;

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use babyshield_reputation::addr::Networks;
use http::Request;
use serde::{Deserialize, Serialize};
use tower::Service;

use crate::Exchange;
use crate::exchange::Caller as Known;

/// The field trusted proxies write the caller into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// Who may say who the caller is.
#[derive(Debug, Default)]
pub struct Plan {
    /// The trusted proxies.
    pub trusted: Networks,
    /// The field they write.
    pub field: Field,
}

impl Plan {
    /// The caller of a request that came from `peer`.
    #[must_use]
    pub fn resolve(&self, peer: IpAddr, fields: &http::HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusted.contains(peer) {
            return peer;
        }
        let name = match self.field {
            Field::XForwardedFor => "x-forwarded-for",
            Field::Forwarded => "forwarded",
        };
        let lines: Vec<&[u8]> = fields.get_all(name).iter().map(|v| v.as_bytes()).collect();
        let hops = lines
            .into_iter()
            .rev()
            .flat_map(|line| walk::elements(line).rev());
        let mut caller = peer;
        for hop in hops {
            let address = match self.field {
                Field::XForwardedFor => walk::address(hop),
                Field::Forwarded => walk::forwarded_for(hop).and_then(walk::address),
            };
            // An element that is no address ends the walk: the proxy that wrote it is the last
            // one known to be there.
            let Some(address) = address else { break };
            caller = address;
            if !self.trusted.contains(address) {
                break;
            }
        }
        caller
    }
}

fn forwards_tls(fields: &http::HeaderMap) -> bool {
    let said = fields.get("x-forwarded-proto");
    said.is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// Makes [`Caller`] services.
#[derive(Clone, Debug)]
pub struct Layer {
    plan: Arc<Plan>,
}

impl Layer {
    /// Believes whom `plan` names.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { plan }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Caller<S>;

    fn layer(&self, inner: S) -> Caller<S> {
        Caller {
            inner,
            plan: Arc::clone(&self.plan),
        }
    }
}

/// Resolves the caller into the [`Exchange`].
#[derive(Clone, Debug)]
pub struct Caller<S> {
    inner: S,
    plan: Arc<Plan>,
}

impl<S, B> Service<Request<B>> for Caller<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(exchange) = request.extensions().get::<Exchange>() {
            let ends = exchange.connection();
            let peer = ends.peer.ip().to_canonical();
            let proxied = self.plan.trusted.contains(peer);
            let forwarded = || proxied && forwards_tls(request.headers());
            exchange.resolve(Known {
                client: self.plan.resolve(peer, request.headers()),
                secure: ends.secure || forwarded(),
                proxied,
            });
        }
        self.inner.call(request)
    }
}
