use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use hyper::client::conn::http2;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::Outbound;
use super::connect::Single;

/// The connections to one server that are not in use, and the one that many requests share.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: Mutex<Vec<(Box<Single>, Instant)>>,
    shared: Mutex<Option<http2::SendRequest<Outbound>>>,
    most: usize,
    keep: Duration,
}

impl Pool {
    pub(super) fn new(most: usize, keep: Duration) -> Self {
        Self {
            idle: Mutex::default(),
            shared: Mutex::default(),
            most,
            keep,
        }
    }

    /// The most recently used connection that is still open.
    pub(super) async fn take(&self) -> Option<Box<Single>> {
        loop {
            let (mut connection, since) = self.idle.lock().pop()?;
            if since.elapsed() >= self.keep {
                // Everything below lay there even longer.
                self.idle.lock().clear();
                return None;
            }
            if poll_fn(|cx| Poll::Ready(connection.is_usable(cx))).await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(&self, connection: Box<Single>) {
        let mut idle = self.idle.lock();
        if idle.len() < self.most {
            idle.push((connection, Instant::now()));
        }
    }

    /// The shared HTTP/2 connection, if there is one and it is open.
    pub(super) fn shared(&self) -> Option<http2::SendRequest<Outbound>> {
        let mut shared = self.shared.lock();
        if shared.as_ref().is_some_and(http2::SendRequest::is_closed) {
            *shared = None;
        }
        shared.clone()
    }

    /// Makes a fresh HTTP/2 connection the shared one.
    pub(super) fn share(&self, sender: &http2::SendRequest<Outbound>) {
        *self.shared.lock() = Some(sender.clone());
    }

    /// Closes what was unused for too long.
    pub(crate) fn sweep(&self) {
        let keep = self.keep;
        self.idle.lock().retain(|(_, since)| since.elapsed() < keep);
    }
}
