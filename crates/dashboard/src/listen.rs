//! The admin listener: a bounded number of connections, each of which knows its peer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use crate::{State, router};

/// Connections at one time; the next ones wait in the kernel's queue.
const CONNECTIONS: usize = 128;

/// A connection on which nothing was answered for so long is closed: one that never asks, or asks
/// byte by byte, must not keep its place. Live streams write a line more often than that.
const QUIET: Duration = Duration::from_secs(60);

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves the dashboard until `shutdown` ends; then live streams end and open requests finish.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    state: State,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let closing = state.0.closing.clone();
    let bounded = Bounded {
        listener,
        room: Arc::new(Semaphore::new(CONNECTIONS)),
    };
    let service = router(state).into_make_service_with_connect_info::<Peer>();
    axum::serve(bounded, service)
        .with_graceful_shutdown(async move {
            shutdown.await;
            closing.cancel();
        })
        .await
}

struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

/// A connection and its place among [`CONNECTIONS`].
struct Connection {
    stream: TcpStream,
    limit: Duration,
    /// Ends so long after the last answer.
    quiet: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn new(stream: TcpStream, limit: Duration, place: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            stream,
            limit,
            quiet: Box::pin(tokio::time::sleep(limit)),
            _place: place,
        }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The semaphore is never closed, so there is always a permit in the end.
        let place = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        (Connection::new(stream, QUIET, place), peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            return Poll::Ready(read);
        }
        ready!(self.quiet.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if matches!(written, Poll::Ready(Ok(1..))) {
            let until = Instant::now() + self.limit;
            self.quiet.as_mut().reset(until);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_connection_on_which_nothing_is_answered_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut caller = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = Connection::new(stream, LIMIT, None);
        let begun = Instant::now();
        let mut piece = [0; 8];
        // Answers keep it open; bytes that come one by one do not.
        for _ in 0..4 {
            tokio::time::sleep(LIMIT / 2).await;
            connection.write_all(b"x").await.unwrap();
            caller.write_all(b"G").await.unwrap();
            assert_eq!(connection.read(&mut piece).await.unwrap(), 1);
        }
        let answered = Instant::now();
        let dripping = async {
            loop {
                caller.write_all(b"G").await.unwrap();
                tokio::time::sleep(LIMIT / 10).await;
            }
        };
        let reading = async {
            loop {
                if let Err(error) = connection.read(&mut piece).await {
                    return error;
                }
            }
        };
        let error = tokio::select! {
            error = reading => error,
            () = dripping => unreachable!("it drips for ever"),
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(answered.elapsed() >= LIMIT / 2 && begun.elapsed() >= LIMIT * 2);
    }
}
