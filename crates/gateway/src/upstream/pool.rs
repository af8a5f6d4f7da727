use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::client::conn::http2;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::Outbound;
use super::single::Single;
use crate::workers;

/// Unused connections, the most recently used last.
type Idle = Mutex<Vec<(Box<Single>, Instant)>>;

/// The connections to one server that are not in use, and the one that many requests share.
#[derive(Debug)]
pub(crate) struct Pool {
    /// For each worker its own: a connection is driven by the thread it was made on.
    idle: Box<[Idle]>,
    shared: Mutex<Option<Multiplexed>>,
    /// HTTP/2 connections made so far.
    made: AtomicU64,
    /// Unused connections one worker keeps.
    most: usize,
    keep: Duration,
}

/// An HTTP/2 connection that many requests use.
#[derive(Clone, Debug)]
pub(super) struct Multiplexed {
    pub(super) sender: http2::SendRequest<Outbound>,
    /// Which of the server's connections it is.
    number: u64,
}

impl Pool {
    pub(super) fn new(most: usize, keep: Duration) -> Self {
        let workers = workers::most();
        Self {
            idle: std::iter::repeat_with(Idle::default)
                .take(workers)
                .collect(),
            shared: Mutex::default(),
            made: AtomicU64::new(0),
            most: most.div_ceil(workers),
            keep,
        }
    }

    /// The connections of the worker this thread is.
    fn own(&self) -> Option<&Idle> {
        // There is at least one.
        let at = workers::current() % self.idle.len().max(1);
        self.idle.get(at)
    }

    /// The most recently used connection that is still open.
    pub(super) async fn take(&self) -> Option<Box<Single>> {
        let idle = self.own()?;
        loop {
            let (mut connection, since) = idle.lock().pop()?;
            if since.elapsed() >= self.keep {
                // Everything below lay there even longer.
                idle.lock().clear();
                return None;
            }
            if poll_fn(|cx| Poll::Ready(connection.poll_usable(cx))).await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(&self, connection: Box<Single>) {
        let Some(idle) = self.own() else { return };
        let mut idle = idle.lock();
        if idle.len() < self.most {
            idle.push((connection, Instant::now()));
        }
    }

    /// The shared HTTP/2 connection, if there is one and it is open.
    pub(super) fn shared(&self) -> Option<Multiplexed> {
        let mut shared = self.shared.lock();
        if shared.as_ref().is_some_and(|own| own.sender.is_closed()) {
            *shared = None;
        }
        shared.clone()
    }

    /// Makes a fresh HTTP/2 connection the shared one.
    pub(super) fn share(&self, sender: http2::SendRequest<Outbound>) -> Multiplexed {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let shared = Multiplexed { sender, number };
        *self.shared.lock() = Some(shared.clone());
        shared
    }

    /// Gives a connection up that takes no more requests; one made since stays.
    pub(super) fn forget(&self, given_up: &Multiplexed) {
        let mut shared = self.shared.lock();
        if shared
            .as_ref()
            .is_some_and(|own| own.number == given_up.number)
        {
            *shared = None;
        }
    }

    /// Closes what was unused for too long.
    pub(crate) fn sweep(&self) {
        let keep = self.keep;
        for idle in &self.idle {
            idle.lock().retain(|(_, since)| since.elapsed() < keep);
        }
    }
}
