//! Adds the security fields browsers look for to every response, and mends its cookies.
//!
//! Each field is settable, and says whether a value of the upstream is kept or replaced.
//! `Strict-Transport-Security` and the cookie flag `Secure` appear only where the caller speaks
//! TLS, to us or to a trusted proxy in front. Upgraded connections are left alone.

mod cookie;
mod plan;
mod spec;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::Service;

pub use plan::Plan;
pub use spec::{Cookies, Field, SameSite, Spec, Upstream};

use crate::Exchange;

/// Makes [`Headers`] services.
#[derive(Clone, Debug)]
pub struct Layer {
    plan: Arc<Plan>,
}

impl Layer {
    /// Adds what `plan` says.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self { plan }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Headers<S>;

    fn layer(&self, inner: S) -> Headers<S> {
        Headers {
            inner,
            plan: Arc::clone(&self.plan),
        }
    }
}

/// Adds security fields to responses.
#[derive(Clone, Debug)]
pub struct Headers<S> {
    inner: S,
    plan: Arc<Plan>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Headers<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let exchange = request.extensions().get::<Exchange>().cloned();
        ResponseFuture {
            inner: self.inner.call(request),
            plan: Arc::clone(&self.plan),
            exchange,
        }
    }
}

pin_project! {
    /// The future of [`Headers`].
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        plan: Arc<Plan>,
        exchange: Option<Exchange>,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let secure = this.exchange.as_ref().is_some_and(Exchange::secure);
            this.plan.apply(response.headers_mut(), secure);
        }
        Poll::Ready(Ok(response))
    }
}
