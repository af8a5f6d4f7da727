use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

use super::closing::Closing;

pin_project! {
    /// A response body that is counted, and closes the event when it is done or dropped.
    pub struct Body<B> {
        #[pin]
        inner: B,
        closing: Option<Closing>,
    }
}

impl<B> Body<B> {
    pub(super) fn new(inner: B, closing: Option<Closing>) -> Self {
        Self { inner, closing }
    }
}

impl<B: http_body::Body> http_body::Body for Body<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        match (&frame, this.closing.as_mut()) {
            (Some(Ok(frame)), Some(closing)) => {
                if let Some(data) = frame.data_ref() {
                    closing.sent(bytes::Buf::remaining(data));
                }
            }
            (Some(Err(_)) | None, _) => drop(this.closing.take()),
            (Some(Ok(_)), None) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
