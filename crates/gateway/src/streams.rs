//! The streams of HTTP/2 connections, each a task, and an end for those whose callers take nothing.
//!
//! A caller that gives a stream no window holds its response, and the upstream's with it, for as long
//! as it likes: the socket is free meanwhile, so that a look at the socket does not tell.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::rt::Executor;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::deadline::Deadline;

tokio::task_local! {
    static OWN: Waiting;
}

/// Since when a response waits for its caller; `None` while the caller waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(Arc<Mutex<Option<Instant>>>);

impl Waiting {
    /// That of the stream whose task this is.
    pub(crate) fn own() -> Option<Self> {
        OWN.try_with(Self::clone).ok()
    }

    /// A piece was handed on: the caller is to take it.
    pub(crate) fn begin(&self) {
        *self.0.lock() = Some(Instant::now());
    }

    /// The caller can take more than there is.
    pub(crate) fn end(&self) {
        *self.0.lock() = None;
    }

    fn since(&self) -> Option<Instant> {
        *self.0.lock()
    }
}

/// Makes a task of each stream. One that waits for its caller for longer than the limit is dropped,
/// which resets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    /// Time in which some of a response has to be taken.
    pub(crate) limit: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let limit = self.limit;
        tokio::spawn(async move {
            let waiting = Waiting::default();
            let mut stream = pin!(OWN.scope(waiting.clone(), stream));
            let mut deadline = Deadline::default();
            poll_fn(|cx| {
                if stream.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                match waiting.since() {
                    Some(since) => deadline.poll(cx, since + limit),
                    None => Poll::Pending,
                }
            })
            .await;
        });
    }
}
