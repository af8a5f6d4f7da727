use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Outbound, Server};
use crate::deadline::Deadline;

/// A connection to a server, plain or encrypted.
#[derive(Debug)]
pub(crate) enum Stream {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS on it.
    Secure(Box<TlsStream<TcpStream>>),
}

/// An HTTP/1 connection: one request at a time, driven by whoever uses it.
pub(crate) struct Single {
    pub(super) sender: http1::SendRequest<Outbound>,
    pub(super) driver: http1::Connection<TokioIo<Stream>, Outbound>,
    pub(super) deadline: Deadline,
    /// Served a request before: the server may be closing it just now.
    pub(super) reused: bool,
}

/// A fresh connection, in the form its protocol has.
pub(super) enum Fresh {
    One(Box<Single>),
    Many(http2::SendRequest<Outbound>),
}

impl std::fmt::Debug for Single {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Single")
            .field("reused", &self.reused)
            .finish()
    }
}

impl Single {
    /// Whether the next request can be sent on it.
    pub(super) fn is_usable(&mut self, cx: &mut Context<'_>) -> bool {
        Pin::new(&mut self.driver).poll(cx).is_pending() && self.sender.is_ready()
    }
}

/// Connects to a server, however long its timeout allows.
pub(super) async fn connect(server: &Arc<Server>) -> io::Result<Fresh> {
    let limit = server.timeouts.connect;
    match tokio::time::timeout(limit, open(server)).await {
        Ok(fresh) => fresh,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "connecting took too long",
        )),
    }
}

async fn open(server: &Arc<Server>) -> io::Result<Fresh> {
    let target = &server.target;
    let tcp = TcpStream::connect((target.host.as_str(), target.port)).await?;
    tcp.set_nodelay(true)?;
    let Some((config, name)) = &target.tls else {
        return handshake(Stream::Plain(tcp), target.h2c).await;
    };
    let connector = TlsConnector::from(Arc::clone(config));
    let tls = connector.connect(name.clone(), tcp).await?;
    let h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    handshake(Stream::Secure(Box::new(tls)), h2).await
}

async fn handshake(stream: Stream, h2: bool) -> io::Result<Fresh> {
    let io = TokioIo::new(stream);
    if h2 {
        let (sender, driver) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(std::time::Duration::from_secs(30))
            .adaptive_window(true)
            .handshake(io)
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "an HTTP/2 connection to an upstream ended");
            }
        });
        return Ok(Fresh::Many(sender));
    }
    let (sender, driver) = http1::Builder::new()
        .handshake(io)
        .await
        .map_err(io::Error::other)?;
    Ok(Fresh::One(Box::new(Single {
        sender,
        driver,
        deadline: Deadline::default(),
        reused: false,
    })))
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Secure(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }
}
