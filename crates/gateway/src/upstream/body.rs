use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::connect::Single;
use super::server::Occupied;
use crate::deadline::Deadline;

type BoxError = Box<dyn Error + Send + Sync>;

/// A server's response body as it comes.
#[derive(Debug, Default)]
pub(crate) enum Body {
    /// There is none.
    #[default]
    Empty,
    /// On a connection of its own, which is driven here and goes back to the pool at the end.
    Single(Box<Leased>),
    /// A stream of a shared connection, which drives itself.
    Shared(Box<Streamed>),
}

#[derive(Debug)]
pub(crate) struct Leased {
    incoming: Incoming,
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
    pub(super) fn single(
        cx: &mut Context<'_>,
        incoming: Incoming,
        connection: Box<Single>,
        occupied: Occupied,
    ) -> Self {
        let pause = Pause::new(occupied.server().timeouts.response_body);
        let mut leased = Leased {
            incoming,
            connection: Some(connection),
            occupied,
            pause,
        };
        if leased.incoming.is_end_stream() {
            leased.give_back(cx);
            return Self::Empty;
        }
        Self::Single(Box::new(leased))
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

impl Leased {
    /// Puts the connection back into the pool, if it is ready for another request.
    fn give_back(&mut self, cx: &mut Context<'_>) {
        if let Some(mut connection) = self.connection.take()
            && connection.is_usable(cx)
        {
            connection.reused = true;
            Arc::clone(self.occupied.server()).pool.put(connection);
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut frame = Pin::new(&mut self.incoming).poll_frame(cx);
        if frame.is_pending()
            && let Some(connection) = &mut self.connection
        {
            if Pin::new(&mut connection.driver).poll(cx).is_ready() {
                self.connection = None;
            }
            frame = Pin::new(&mut self.incoming).poll_frame(cx);
        }
        match frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.pause.since = Instant::now();
                if self.incoming.is_end_stream() {
                    self.give_back(cx);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.connection = None;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.give_back(cx);
                Poll::Ready(None)
            }
            Poll::Pending => match &mut self.connection {
                Some(connection) => {
                    let error = ready!(self.pause.poll(&mut connection.deadline, cx));
                    self.connection = None;
                    Poll::Ready(Some(Err(error)))
                }
                None => Poll::Ready(Some(Err("the upstream broke off its response".into()))),
            },
        }
    }
}

impl Streamed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.pause.since = Instant::now();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
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
            Self::Single(leased) => leased.poll_frame(cx),
            Self::Shared(streamed) => streamed.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Single(leased) => leased.incoming.is_end_stream(),
            Self::Shared(streamed) => streamed.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Single(leased) => leased.incoming.size_hint(),
            Self::Shared(streamed) => streamed.incoming.size_hint(),
        }
    }
}
