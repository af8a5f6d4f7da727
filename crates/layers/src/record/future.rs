use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderName, HeaderValue, Response};
use pin_project_lite::pin_project;

use super::Body;
use super::closing::Closing;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pin_project! {
    /// The future of [`Record`](super::Record).
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        closing: Option<Closing>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, closing: Closing) -> Self {
        Self {
            inner,
            closing: Some(closing),
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<Body<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        if let Some(closing) = this.closing {
            closing.answered(response.status());
            if let Ok(id) = HeaderValue::from_bytes(&closing.id().text()) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
        }
        let closing = this.closing.take();
        Poll::Ready(Ok(response.map(|body| Body::new(body, closing))))
    }
}
