use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{Exchange, Refusal};

pin_project! {
    /// A request body that ends with an error when it is longer than allowed.
    #[derive(Debug)]
    pub struct Limited<B> {
        #[pin]
        inner: B,
        left: u64,
        limit: u64,
        exchange: Option<Exchange>,
    }
}

impl<B> Limited<B> {
    pub(super) fn new(inner: B, limit: u64, exchange: Option<Exchange>) -> Self {
        Self {
            inner,
            left: limit,
            limit,
            exchange,
        }
    }
}

impl<B> Body for Limited<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        let frame = match ready!(this.inner.poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        if let Some(data) = frame.data_ref() {
            if let Some(exchange) = this.exchange {
                exchange.received(data.len());
            }
            match this.left.checked_sub(data.len() as u64) {
                Some(left) => *this.left = left,
                None => return Poll::Ready(Some(Err(Refusal::too_large(*this.limit).into()))),
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
