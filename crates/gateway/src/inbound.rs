use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use babyshield_layers::Refusal;
use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::deadline::Deadline;
use crate::guard::{Limits, Line, Pace};

/// A caller's request body. Where the guard broke it off, its error says why as a [`Refusal`];
/// over HTTP/2, where the guard does not look, it is held to the same pace here.
#[derive(Debug)]
pub(crate) struct Inbound {
    incoming: Incoming,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Guarded(Line),
    Paced(Box<Paced>),
}

#[derive(Debug)]
struct Paced {
    pace: Pace,
    limits: Limits,
    deadline: Deadline,
}

impl Inbound {
    /// A body whose framing the guard of the connection follows.
    pub(crate) fn guarded(incoming: Incoming, line: Line) -> Self {
        let source = Source::Guarded(line);
        Self { incoming, source }
    }

    /// A body of an HTTP/2 stream.
    pub(crate) fn paced(incoming: Incoming, limits: Limits) -> Self {
        let source = Source::Paced(Box::new(Paced {
            pace: Pace::new(),
            limits,
            deadline: Deadline::default(),
        }));
        Self { incoming, source }
    }
}

impl Source {
    fn explain(&self, error: hyper::Error) -> Box<dyn Error + Send + Sync> {
        match self {
            Self::Guarded(line) => match line.fault() {
                Some(refusal) => refusal.into(),
                None => error.into(),
            },
            Self::Paced(_) => error.into(),
        }
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        match (
            Pin::new(&mut this.incoming).poll_frame(cx),
            &mut this.source,
        ) {
            (Poll::Ready(Some(Ok(frame))), Source::Paced(paced)) => {
                paced.pace.read(frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(Ok(frame)))
            }
            (Poll::Ready(Some(Ok(frame))), Source::Guarded(_)) => Poll::Ready(Some(Ok(frame))),
            (Poll::Ready(Some(Err(error))), source) => {
                Poll::Ready(Some(Err(source.explain(error))))
            }
            (Poll::Ready(None), _) => Poll::Ready(None),
            (Poll::Pending, Source::Guarded(_)) => Poll::Pending,
            (Poll::Pending, Source::Paced(paced)) => {
                let until = paced.pace.body_until(&paced.limits);
                ready!(paced.deadline.poll(cx, until));
                let slow = "The request body did not arrive in time.";
                let refusal = Refusal::protocol(StatusCode::REQUEST_TIMEOUT, slow);
                Poll::Ready(Some(Err(refusal.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
