//! Holds request bodies to the length the route allows.
//!
//! A declared length beyond the limit is refused before a byte is read; a body without a declared
//! length ends with a [`Refusal`] as its error as soon as it is too long. Bodies of routes that
//! stream are counted but not limited. This layer keeps nothing in memory.

mod body;

use std::task::{Context, Poll};

pub use body::Limited;
use http::{HeaderMap, Request, Response, header};
use tower::Service;

use crate::{Exchange, Gate, Refusal, Treatment};

/// Makes [`Size`] services.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layer;

impl<S> tower::Layer<S> for Layer {
    type Service = Size<S>;

    fn layer(&self, inner: S) -> Size<S> {
        Size { inner }
    }
}

/// Limits request bodies.
#[derive(Clone, Debug)]
pub struct Size<S> {
    inner: S,
}

fn declared(fields: &HeaderMap) -> Option<u64> {
    let value = fields.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Size<S>
where
    S: Service<Request<Limited<ReqBody>>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Gate<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let exchange = request.extensions().get::<Exchange>().cloned();
        let treatment = exchange.as_ref().and_then(|e| e.treatment().cloned());
        let limit = match treatment.as_deref() {
            Some(treatment) if treatment.stream => u64::MAX,
            Some(treatment) => treatment.body,
            None => Treatment::default().body,
        };
        if declared(request.headers()).is_some_and(|length| length > limit) {
            let refusal = Refusal::too_large(limit);
            if let Some(exchange) = &exchange {
                note(exchange, &refusal);
            }
            return Gate::answer(refusal.answer());
        }
        let request = request.map(|body| Limited::new(body, limit, exchange));
        Gate::pass(self.inner.call(request))
    }
}

/// Writes a refusal of this layer, or one that a body ended with, into the event.
pub(crate) fn note(exchange: &Exchange, refusal: &Refusal) {
    let mut finding = crate::protocol::finding(refusal);
    finding.rule = refusal.layer.as_str().to_owned();
    finding.class = refusal.layer.as_str().to_owned();
    exchange.find(finding);
    // Carried out whatever the mode: there is nothing left to pass on.
    exchange.refuse(refusal);
}
