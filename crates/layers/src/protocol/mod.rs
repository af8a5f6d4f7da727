//! Answers requests that were refused before they became requests.
//!
//! A server that cannot understand a message in exactly one way says so in
//! [`Arrival::refused`](crate::Arrival). This layer shows what could be read of it to the rules
//! all the same, so that the event says both what is wrong with the framing and what the sender
//! was after, then refuses. Every other request passes untouched.

use std::sync::Arc;
use std::task::{Context, Poll};

use babyshield_model::{Finding, Mode};
use babyshield_waf::Plan;
use http::{Request, Response};
use tower::Service;

use crate::waf::Judge;
use crate::{Exchange, Gate, Refusal};

/// Makes [`Protocol`] services.
#[derive(Clone, Debug)]
pub struct Layer {
    rules: Arc<Plan>,
}

impl Layer {
    /// Asks `rules` about what is refused.
    #[must_use]
    pub fn new(rules: Arc<Plan>) -> Self {
        Self { rules }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Protocol<S>;

    fn layer(&self, inner: S) -> Protocol<S> {
        Protocol {
            inner,
            rules: Arc::clone(&self.rules),
        }
    }
}

/// Refuses malformed messages.
#[derive(Clone, Debug)]
pub struct Protocol<S> {
    inner: S,
    rules: Arc<Plan>,
}

impl<S> Protocol<S> {
    fn refuse(&self, exchange: &Exchange, refusal: &Refusal) {
        exchange.find(finding(refusal));
        if exchange.refuse(refusal) && exchange.mode() != Mode::Off {
            let mut judge = Judge::explain(&self.rules, exchange.clone());
            // What the rules decide changes nothing any more; their findings are what is wanted.
            drop(judge.head());
            drop(judge.end());
        }
    }
}

/// A malformed message as a reason of its own.
pub(crate) fn finding(refusal: &Refusal) -> Finding {
    Finding {
        rule: "protocol".to_owned(),
        message: refusal.detail.to_string(),
        class: "protocol".to_owned(),
        severity: "critical".to_owned(),
        field: String::new(),
        value: String::new(),
        matched: String::new(),
        data: String::new(),
        tags: Vec::new(),
        source: String::new(),
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Protocol<S>
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
        let exchange = request.extensions().get::<Exchange>();
        if let Some((exchange, refusal)) = exchange.and_then(|e| Some((e, e.refused()?))) {
            self.refuse(exchange, refusal);
            return Gate::answer(refusal.clone().answer());
        }
        Gate::pass(self.inner.call(request))
    }
}
