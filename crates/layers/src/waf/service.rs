use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll};

use babyshield_model::Mode;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::future::{Flow, ResponseFuture};
use super::{Judge, read};
use crate::{Budget, Collected, Exchange, Refusal, Replayed};

/// Which rules, and what may be held in memory for them.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The compiled rules.
    pub rules: Arc<babyshield_waf::Plan>,
    /// Bytes of bodies held at once, over all requests.
    pub budget: Budget,
    /// Response body bytes shown to the rules; the rest passes uninspected.
    pub response_body: usize,
}

/// Makes [`Waf`] services.
#[derive(Clone, Debug)]
pub struct Layer {
    plan: Arc<Plan>,
}

impl Layer {
    /// Judges by `plan`.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { plan }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Waf<S>;

    fn layer(&self, inner: S) -> Waf<S> {
        Waf {
            inner,
            plan: Arc::clone(&self.plan),
        }
    }
}

/// Judges requests and responses by the rules.
#[derive(Clone, Debug)]
pub struct Waf<S> {
    inner: S,
    plan: Arc<Plan>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Waf<S>
where
    S: Service<Request<Replayed<ReqBody>>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    ReqBody: Body<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
    ResBody: Body<Data = Bytes> + Unpin + Send + 'static,
    ResBody::Error: Send,
{
    type Response = Response<Replayed<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResBody, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let exchange = request.extensions().get::<Exchange>();
        let judged = exchange.filter(|e| e.mode() != Mode::Off || reads_body(e));
        let Some(exchange) = judged.cloned() else {
            return ResponseFuture::pass(self.inner.call(request.map(Replayed::untouched)));
        };
        let flow = Flow::new(Arc::clone(&self.plan));
        let mut judge = None;
        if exchange.mode() != Mode::Off {
            let mut begun = Judge::begin(&self.plan.rules, exchange.clone());
            if let Some(refusal) = begun.head() {
                return ResponseFuture::answer(refusal);
            }
            judge = Some(begun);
        }
        if request.body().is_end_stream() {
            if let Some(refusal) = judge.as_mut().and_then(Judge::end) {
                return ResponseFuture::answer(refusal);
            }
            let inner = self.inner.call(request.map(|_| Replayed::default()));
            return ResponseFuture::call(inner, flow.judged_by(judge));
        }
        if !holds_body(&exchange, judge.as_ref()) {
            // The rules do not look at the body: their second phase runs without it.
            if let Some(refusal) = judge.as_mut().and_then(Judge::end) {
                return ResponseFuture::answer(refusal);
            }
            let inner = self.inner.call(request.map(Replayed::stream));
            return ResponseFuture::call(inner, flow.judged_by(judge));
        }
        // The service that was polled ready goes along; its clone waits for the next request.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        ResponseFuture::read(hold(ready, request, exchange, judge, flow))
    }
}

fn reads_body(exchange: &Exchange) -> bool {
    exchange
        .treatment()
        .is_some_and(|treatment| !treatment.body_limits.is_empty())
}

fn holds_body(exchange: &Exchange, judge: Option<&Judge>) -> bool {
    let streams = exchange.treatment().is_some_and(|t| t.stream);
    !streams && (judge.is_some_and(Judge::wants_body) || reads_body(exchange))
}

/// Reads the body to its end, and only then calls the service behind.
async fn hold<S, ReqBody, ResBody>(
    mut inner: S,
    request: Request<ReqBody>,
    exchange: Exchange,
    mut judge: Option<Judge>,
    flow: Flow,
) -> Result<(S::Future, Flow), Refusal>
where
    S: Service<Request<Replayed<ReqBody>>, Response = Response<ResBody>>,
    ReqBody: Body<Data = Bytes>,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let collected = Collected::new(Some(flow.plan().budget.hold()));
    let body = read::request(body, collected, &mut judge, &exchange).await?;
    let called = inner.call(Request::from_parts(parts, body));
    Ok((called, flow.judged_by(judge)))
}
