use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::server::Occupied;
use super::single::{Fault, Single};
use crate::deadline::Deadline;

type BoxError = Box<dyn Error + Send + Sync>;

/// A server's response body as it comes.
#[derive(Debug, Default)]
pub(crate) enum Body {
    /// There is none.
    #[default]
    Empty,
    /// It came with the head, and the connection went back to the pool.
    Whole(Bytes),
    /// On a connection of its own, which is driven here and goes back to the pool at the end.
    Single(Box<Leased>),
    /// A stream of a shared connection, which drives itself.
    Shared(Box<Streamed>),
}

#[derive(Debug)]
pub(crate) struct Leased {
    /// `None` once it went back or broke.
    connection: Option<Box<Single>>,
    occupied: Occupied,
    pause: Pause,
}

#[derive(Debug)]
pub(crate) struct Streamed {
    incoming: Incoming,
    deadline: Deadline,
    pause: Pause,
    _occupied: Occupied,
}

/// How long the server may say nothing.
#[derive(Debug)]
struct Pause {
    since: Instant,
    limit: Duration,
}

impl Pause {
    fn new(limit: Duration) -> Self {
        let since = Instant::now();
        Self { since, limit }
    }

    fn poll(&self, deadline: &mut Deadline, cx: &mut Context<'_>) -> Poll<BoxError> {
        ready!(deadline.poll(cx, self.since + self.limit));
        Poll::Ready("the upstream paused its response for too long".into())
    }
}

impl Body {
    /// The body of a response that came on a connection of its own.
    pub(super) fn single(mut connection: Box<Single>, occupied: Occupied) -> Self {
        if let Some(whole) = connection.take_whole() {
            give_back(connection, &occupied);
            return if whole.is_empty() {
                Self::Empty
            } else {
                Self::Whole(whole)
            };
        }
        let pause = Pause::new(occupied.server().timeouts.response_body);
        Self::Single(Box::new(Leased {
            connection: Some(connection),
            occupied,
            pause,
        }))
    }

    /// The body of a response that came on a shared connection.
    pub(super) fn shared(incoming: Incoming, occupied: Occupied) -> Self {
        let pause = Pause::new(occupied.server().timeouts.response_body);
        Self::Shared(Box::new(Streamed {
            incoming,
            deadline: Deadline::default(),
            pause,
            _occupied: occupied,
        }))
    }
}

/// Puts a connection back into the pool, if it is ready for another request.
fn give_back(mut connection: Box<Single>, occupied: &Occupied) {
    if connection.is_reusable() {
        connection.reused = true;
        occupied.server().pool.put(connection);
    }
}

impl Leased {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(connection) = &mut self.connection else {
            return Poll::Ready(None);
        };
        match connection.poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.pause.since = Instant::now();
                if connection.is_answered() {
                    self.give_back();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.connection = None;
                Poll::Ready(Some(Err(caller(error))))
            }
            Poll::Ready(None) => {
                self.give_back();
                Poll::Ready(None)
            }
            Poll::Pending => {
                let error = ready!(self.pause.poll(&mut connection.deadline, cx));
                self.connection = None;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        let connection = self.connection.as_ref();
        connection.map_or(SizeHint::with_exact(0), |connection| connection.size_hint())
    }

    fn give_back(&mut self) {
        if let Some(connection) = self.connection.take() {
            give_back(connection, &self.occupied);
        }
    }
}

/// An error of the caller's own body keeps its reason.
fn caller(fault: Fault) -> BoxError {
    match fault {
        Fault::Caller(error) => error,
        Fault::Connection(_) | Fault::Malformed(_) => fault.into(),
    }
}

/// An error of a shared connection. The HTTP implementation ends the caller's stream with the code
/// that it finds in an error; that a server broke the protocol is not to be said to the caller.
fn foreign(error: hyper::Error) -> BoxError {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<h2::Error>());
    match source.and_then(h2::Error::reason) {
        Some(h2::Reason::CANCEL | h2::Reason::REFUSED_STREAM | h2::Reason::NO_ERROR) => {
            error.into()
        }
        Some(_) | None => super::forward::chain(&error).into(),
    }
}

impl Streamed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.pause.since = Instant::now();
                Poll::Ready(frame.map(|frame| frame.map_err(foreign)))
            }
            Poll::Pending => {
                let error = ready!(self.pause.poll(&mut self.deadline, cx));
                Poll::Ready(Some(Err(error)))
            }
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Whole(whole) => {
                let whole = std::mem::take(whole);
                Poll::Ready((!whole.is_empty()).then(|| Ok(Frame::data(whole))))
            }
            Self::Single(leased) => leased.poll_frame(cx),
            Self::Shared(streamed) => streamed.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(whole) => whole.is_empty(),
            Self::Single(leased) => leased.connection.is_none(),
            Self::Shared(streamed) => streamed.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(whole) => SizeHint::with_exact(whole.len() as u64),
            Self::Single(leased) => leased.size_hint(),
            Self::Shared(streamed) => streamed.incoming.size_hint(),
        }
    }
}
