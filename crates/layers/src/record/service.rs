use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower::Service;

use super::Body;
use super::closing::Closing;
use super::future::ResponseFuture;
use super::layer::Shared;
use crate::{Arrival, Exchange, Head};

/// Opens and closes the event of each request.
#[derive(Clone)]
pub struct Record<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Record<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }

    /// Records what was refused before it became a request that could be called with.
    pub fn refused(&self, arrival: Arrival) {
        let shared = &self.shared;
        let exchange = Exchange::new(shared.next_id(), Arc::clone(&shared.clock), arrival);
        if let Some(refusal) = exchange.refused().cloned() {
            exchange.find(crate::protocol::finding(&refusal));
            exchange.refuse(&refusal);
            Closing::new(exchange, Arc::clone(&shared.sink)).answered(refusal.status);
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Record<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<Body<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let mut arrival = parts.extensions.remove::<Arrival>().unwrap_or_default();
        if arrival.head.is_empty() {
            arrival.head = Head::assemble(&parts);
        }
        let id = self.shared.next_id();
        let exchange = Exchange::new(id, Arc::clone(&self.shared.clock), arrival);
        parts.extensions.insert(exchange.clone());
        let closing = Closing::new(exchange, Arc::clone(&self.shared.sink));
        let inner = self.inner.call(Request::from_parts(parts, body));
        ResponseFuture::new(inner, closing)
    }
}
