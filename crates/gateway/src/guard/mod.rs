//! Strict HTTP/1 framing in front of the HTTP implementation.
//!
//! The guard reads the connection first. It checks every head byte by byte, follows
//! `Content-Length` and chunked framing so that it always knows where the next message starts,
//! and hands on only bytes that have exactly one meaning. What has more than one is refused, never
//! repaired: in its place the HTTP implementation gets a harmless stand-in request, so that the
//! refusal is answered in turn, by the same layers, with an event like any other.
//!
//! The guard also keeps each head as it was on the wire for the rules, and times out what a slow
//! caller keeps open: idle connections, heads, bodies. Of HTTP/2 connections it only follows what
//! is sent, to learn what the HTTP implementation refused.

mod chunked;
mod frames;
mod head;
mod line;
mod pace;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use http::StatusCode;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use babyshield_layers::Refusal;

use self::chunked::Chunked;
use self::frames::Frames;
pub(crate) use self::head::is_authority;
use self::head::{Framing, Message, Parsed};
pub(crate) use self::line::{Arrived, Busy, Line};
pub(crate) use self::pace::{Limits, Pace};
use crate::deadline::Deadline;

/// What the HTTP implementation reads in place of a message that was refused.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

/// Bytes of an unread message that are read and thrown away when a connection is closed, so that
/// the answer is not lost to a reset.
const LINGER: usize = 1 << 20;

/// Bytes asked of the socket at once.
const READ: usize = 8 << 10;

/// Told how, and why, the HTTP/2 implementation refused what a caller sent.
pub(crate) type Listener = Box<dyn Fn(http::StatusCode, &'static str) + Send>;

/// A connection whose bytes are checked.
pub(crate) struct Guard<T> {
    io: T,
    /// Bytes read and not handed on; the first `ready` of them are checked.
    buffer: BytesMut,
    ready: usize,
    state: State,
    line: Line,
    limits: Limits,
    pace: Pace,
    deadline: Deadline,
    lingered: usize,
    closing: Option<Instant>,
    /// Runs while nothing of a response is taken.
    stalled: Option<Instant>,
    write_deadline: Deadline,
    /// Of an HTTP/2 connection: what is sent, and who is told of refusals.
    frames: Option<(Frames, Listener)>,
}

#[derive(Debug)]
enum State {
    /// Between messages or within a head; so many bytes were searched for its end.
    Head { searched: usize },
    /// Within a body of known length.
    Length { left: u64, upgrade: bool },
    /// Within a chunked body.
    Chunks { chunks: Chunked, upgrade: bool },
    /// An upgrade was asked for and is not settled: the next byte may not be HTTP.
    Hold,
    /// Not HTTP any more.
    Tunnel,
    /// Refused: nothing more is handed on.
    Dead,
}

impl<T> Guard<T> {
    /// Guards a connection that speaks HTTP/1; `buffer` was read from it already.
    pub(crate) fn new(io: T, buffer: BytesMut, line: Line, limits: Limits) -> Self {
        let state = State::Head { searched: 0 };
        Self::with_state(io, buffer, line, limits, state)
    }

    /// Passes through an HTTP/2 connection, whose framing is checked by the HTTP implementation;
    /// `refused` hears why that refused something.
    pub(crate) fn transparent(
        io: T,
        buffer: BytesMut,
        line: Line,
        limits: Limits,
        refused: Listener,
    ) -> Self {
        let frames = Some((Frames::default(), refused));
        Self {
            frames,
            ..Self::with_state(io, buffer, line, limits, State::Tunnel)
        }
    }

    fn with_state(io: T, buffer: BytesMut, line: Line, limits: Limits, state: State) -> Self {
        Self {
            io,
            buffer,
            ready: 0,
            state,
            line,
            limits,
            pace: Pace::new(),
            deadline: Deadline::default(),
            lingered: 0,
            closing: None,
            stalled: None,
            write_deadline: Deadline::default(),
            frames: None,
        }
    }

    /// Follows what was sent of `slices`, so many bytes together.
    fn follow(&mut self, slices: &[io::IoSlice<'_>], mut sent: usize) {
        let Some((frames, refused)) = &mut self.frames else {
            return;
        };
        for slice in slices {
            let own = slice.get(..sent).unwrap_or(slice);
            frames.follow(own, &*refused);
            sent -= own.len();
        }
    }

    /// Checks what lies in the buffer. True when something can be handed on.
    fn check(&mut self) -> io::Result<bool> {
        match &mut self.state {
            State::Head { searched } => {
                match head::parse(&mut self.buffer, searched, &self.limits) {
                    Parsed::Partial => return Ok(false),
                    Parsed::Complete(message) => self.begin(message),
                    Parsed::Refused(refusal) => self.refuse(refusal),
                }
            }
            State::Length { left, upgrade } => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                self.ready = self.buffer.len().min(most);
                *left -= self.ready as u64;
                if *left == 0 {
                    self.state = State::after(*upgrade);
                }
            }
            State::Chunks { chunks, upgrade } => {
                match chunks.advance(&self.buffer) {
                    Ok(have) => self.ready = have,
                    Err(fault) => {
                        let refusal = Refusal::protocol(StatusCode::BAD_REQUEST, fault);
                        return Err(self.fail(refusal, io::ErrorKind::InvalidData));
                    }
                }
                if chunks.is_done() {
                    self.state = State::after(*upgrade);
                }
            }
            State::Hold => match self.line.settled() {
                None => return Ok(false),
                Some(true) => self.state = State::Tunnel,
                Some(false) => self.state = State::Head { searched: 0 },
            },
            State::Tunnel => self.ready = self.buffer.len(),
            State::Dead => return Ok(false),
        }
        Ok(self.ready > 0)
    }

    /// A head is complete and in order: its body comes next.
    fn begin(&mut self, message: Message) {
        let upgrade = message.upgrade;
        self.ready = message.length;
        self.state = match message.framing {
            Framing::Length(left) => {
                // What came of the body with the head is handed on with it.
                let come = self.buffer.len().saturating_sub(message.length);
                let most = usize::try_from(left).unwrap_or(usize::MAX);
                let along = come.min(most);
                self.ready += along;
                match left - along as u64 {
                    0 => State::after(upgrade),
                    left => State::Length { left, upgrade },
                }
            }
            Framing::Chunked => State::Chunks {
                chunks: Chunked::default(),
                upgrade,
            },
        };
        self.pace.message();
        self.line.push(Arrived::accepted(message.head, upgrade));
    }

    /// Puts the stand-in where the message was.
    fn refuse(&mut self, refusal: Refusal) {
        let wire = std::mem::take(&mut self.buffer).freeze();
        let head = head::split(wire);
        self.line.push(Arrived::refused(head, refusal));
        self.buffer.extend_from_slice(STAND_IN);
        self.ready = STAND_IN.len();
        self.state = State::Dead;
    }

    /// Ends a body that is broken: whoever reads it finds the refusal on the line.
    fn fail(&mut self, refusal: Refusal, kind: io::ErrorKind) -> io::Error {
        self.state = State::Dead;
        self.buffer.clear();
        let error = io::Error::new(kind, refusal.detail.to_string());
        self.line.fail(refusal);
        error
    }

    fn hand_on(&mut self, target: &mut ReadBufCursor<'_>) {
        let count = self.ready.min(target.remaining());
        if let Some(bytes) = self.buffer.get(..count) {
            target.put_slice(bytes);
        }
        self.buffer.advance(count);
        self.ready -= count;
    }

    /// When the wait that begins or goes on now has to end; `None` when it may last.
    fn limit(&mut self) -> Option<Instant> {
        match &self.state {
            State::Head { .. } if self.buffer.is_empty() || self.line.is_busy() => {
                Some(self.pace.idle_until(&self.line, &self.limits))
            }
            State::Head { .. } => Some(self.pace.head_until(&self.limits)),
            State::Length { .. } | State::Chunks { .. } => Some(self.pace.body_until(&self.limits)),
            State::Hold | State::Tunnel | State::Dead => None,
        }
    }

    /// A wait took too long. `Ok(true)` when something can be handed on all the same.
    fn expire(&mut self) -> io::Result<bool> {
        match &self.state {
            State::Head { .. } if self.buffer.is_empty() => Ok(false),
            State::Head { .. } => {
                let slow = "The request head did not arrive in time.";
                self.refuse(Refusal::protocol(StatusCode::REQUEST_TIMEOUT, slow));
                Ok(true)
            }
            State::Length { .. }
            | State::Chunks { .. }
            | State::Hold
            | State::Tunnel
            | State::Dead => {
                let slow = "The request body did not arrive in time.";
                let refusal = Refusal::protocol(StatusCode::REQUEST_TIMEOUT, slow);
                Err(self.fail(refusal, io::ErrorKind::TimedOut))
            }
        }
    }
}

impl State {
    /// What follows a complete message.
    fn after(upgrade: bool) -> Self {
        if upgrade {
            Self::Hold
        } else {
            Self::Head { searched: 0 }
        }
    }
}

impl<T: AsyncRead + Unpin> Guard<T> {
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.buffer.reserve(READ);
        tokio_util::io::poll_read_buf(Pin::new(&mut self.io), cx, &mut self.buffer)
    }

    /// Whether the wait is over: `Ready(true)` when it took too long, `Pending` while it may last.
    fn poll_limit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Some(at) = self.limit() else {
                return Poll::Pending;
            };
            ready!(self.deadline.poll(cx, at));
            // The limit may have moved meanwhile: a request was answered, or is still busy.
            let idle = matches!(self.state, State::Head { .. }) && self.line.is_busy();
            if idle {
                self.pace.touch();
            } else if self.limit().is_none_or(|now| now <= at) {
                return Poll::Ready(());
            }
        }
    }

    /// Reads what the other side still sends and throws it away, up to a bound.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.limits.linger;
        let until = *self.closing.get_or_insert_with(|| Instant::now() + wait);
        let mut waste = [0_u8; 4096];
        while self.lingered < LINGER {
            let mut buffer = ReadBuf::new(&mut waste);
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.lingered += buffer.filled().len();
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.deadline.poll(cx, until),
            }
        }
        Poll::Ready(())
    }
}

impl<T: AsyncRead + Unpin> Read for Guard<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut target: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = &mut *self;
        loop {
            let held = matches!(guard.state, State::Hold);
            if guard.ready > 0 || guard.check()? {
                guard.hand_on(&mut target);
                return Poll::Ready(Ok(()));
            }
            if held && !matches!(guard.state, State::Hold) {
                continue;
            }
            match guard.state {
                State::Dead => return Poll::Pending,
                State::Hold => {
                    guard.line.wait(cx.waker());
                    if guard.line.is_open() {
                        return Poll::Pending;
                    }
                    continue;
                }
                State::Head { .. }
                | State::Length { .. }
                | State::Chunks { .. }
                | State::Tunnel => {}
            }
            match guard.poll_fill(cx)? {
                Poll::Ready(0) => return Poll::Ready(Ok(())),
                Poll::Ready(count) => guard.pace.read(count),
                Poll::Pending => {
                    ready!(guard.poll_limit(cx));
                    if !guard.expire()? {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<T> Guard<T> {
    /// Ends a write that waits for too long: a caller that takes nothing of its response.
    fn watch<V>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<V>>,
    ) -> Poll<io::Result<V>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        ready!(self.write_deadline.poll(cx, since + self.limits.write));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Write for Guard<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        if let Poll::Ready(Ok(sent)) = written {
            self.follow(&[io::IoSlice::new(bytes)], sent);
        }
        self.watch(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.io).poll_flush(cx);
        self.watch(cx, written)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let guard = &mut *self;
        let closed = Pin::new(&mut guard.io).poll_shutdown(cx);
        ready!(guard.watch(cx, closed))?;
        let unread = match guard.state {
            State::Dead | State::Length { .. } | State::Chunks { .. } => true,
            State::Head { .. } => !guard.buffer.is_empty(),
            State::Hold | State::Tunnel => false,
        };
        if unread {
            ready!(guard.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        if let Poll::Ready(Ok(sent)) = written {
            self.follow(slices, sent);
        }
        self.watch(cx, written)
    }
}
