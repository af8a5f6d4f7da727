//! One HTTP/1.1 connection to a server, one request at a time.
//!
//! Whoever uses the connection drives it: there is no task and no channel between the request
//! and the socket, so that a small request costs one write and its response one read. What can be
//! read in two ways is refused here as the guard does it on the other side: a response with both
//! `Content-Length` and `Transfer-Encoding`, with two lengths, or with a coding that is not
//! `chunked` never reaches the caller.

mod head;
mod length;
mod output;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::head::Answer;
use self::length::{Length, Step};
use self::output::Output;
pub(super) use self::output::put_field;
use super::Outbound;
use super::connect::Stream;
use crate::deadline::Deadline;

/// Bytes asked of the socket at once.
const READ: usize = 8 << 10;

/// Room below which the buffer is made larger before a read.
const SMALL: usize = 1 << 10;

/// Informational responses before the real one.
const MOST_INTERIM: usize = 16;

/// Why a request on a connection failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The connection broke.
    #[error("{0}")]
    Connection(#[from] io::Error),
    /// The caller's body broke.
    #[error("the request body broke off")]
    Caller(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server said what has no single meaning.
    #[error("{0}")]
    Malformed(&'static str),
}

/// A connection. After each response it can take another request, if both sides are done.
pub(crate) struct Single<T = Stream> {
    io: T,
    input: BytesMut,
    output: Output,
    state: State,
    /// Whether another request may follow the current one.
    keep: bool,
    pub(super) deadline: Deadline,
    /// Served a request before: the server may be closing it just now.
    pub(super) reused: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing is asked, or all is answered.
    Idle,
    /// The head of a response is waited for.
    Head(Waiting),
    /// The response's body is being read.
    Body(Length),
}

#[derive(Debug)]
struct Waiting {
    /// Bytes searched for the head's end.
    searched: usize,
    /// Informational responses so far.
    interim: usize,
    /// What was asked with `HEAD` has no body.
    bodiless: bool,
}

impl<T> std::fmt::Debug for Single<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Single")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<T> Single<T> {
    pub(super) fn new(io: T) -> Self {
        Self {
            io,
            input: BytesMut::new(),
            output: Output::default(),
            state: State::Idle,
            keep: true,
            deadline: Deadline::default(),
            reused: false,
        }
    }

    /// Begins a request. `write` puts its head, without the fields that say how long the body
    /// is and without the empty line.
    pub(super) fn begin(
        &mut self,
        method: &Method,
        trailers: &HeaderMap,
        body: Outbound,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.output.begin(method, trailers, body, write);
        self.state = State::Head(Waiting {
            searched: 0,
            interim: 0,
            bodiless: *method == Method::HEAD,
        });
    }

    /// Whether anything of the current request was handed to the system.
    pub(super) fn has_sent(&self) -> bool {
        self.output.has_sent()
    }

    /// Whether all of the current request was sent.
    pub(super) fn is_sent(&self) -> bool {
        self.output.is_done()
    }

    /// Whether the response is complete.
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Whether the next request can be sent on it, as far as is known without asking the system.
    pub(super) fn is_reusable(&self) -> bool {
        self.keep && self.is_answered() && self.output.is_done() && self.input.is_empty()
    }

    /// What is known of the length of the response's body.
    pub(super) fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Body(length) => length.size_hint(),
            State::Idle | State::Head(_) => SizeHint::with_exact(0),
        }
    }

    /// The connection itself, and what was read behind the response's head.
    pub(super) fn into_parts(self) -> (T, Bytes) {
        (self.io, self.input.freeze())
    }

    /// The whole body, if it lies in memory already.
    pub(super) fn take_whole(&mut self) -> Option<Bytes> {
        let State::Body(length) = &mut self.state else {
            return Some(Bytes::new());
        };
        let whole = length.take_whole(&mut self.input)?;
        self.finish();
        Some(whole)
    }

    fn finish(&mut self) {
        self.state = State::Idle;
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Single<T> {
    /// Whether a connection that lay unused is still open and silent.
    pub(super) fn poll_usable(&mut self, cx: &mut Context<'_>) -> bool {
        // Not a byte is expected: room for one is enough.
        let mut byte = [0];
        let mut unused = ReadBuf::new(&mut byte);
        let read = Pin::new(&mut self.io).poll_read(cx, &mut unused);
        self.is_reusable() && read.is_pending()
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.input.capacity() - self.input.len() < SMALL {
            self.input.reserve(READ);
        }
        tokio_util::io::poll_read_buf(Pin::new(&mut self.io), cx, &mut self.input)
    }

    /// Sends what is left of the request. A server that takes nothing more may still have
    /// answered, so that its refusal only ends the sending.
    fn send(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        match self.output.poll(&mut self.io, cx) {
            Poll::Ready(Err(Fault::Connection(error))) => {
                self.output.give_up(error);
                Ok(())
            }
            Poll::Ready(sent) => sent,
            Poll::Pending => Ok(()),
        }
    }

    /// Sends the request and waits for the head of its response, hop-by-hop fields taken out.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<()>, Fault>> {
        if !self.output.is_done() {
            self.send(cx)?;
        }
        loop {
            if let Some(response) = self.head()? {
                return Poll::Ready(Ok(response));
            }
            if ready!(self.poll_fill(cx))? == 0 {
                let lost = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the connection was closed before the response",
                );
                return Poll::Ready(Err(self.output.take_error().unwrap_or(lost).into()));
            }
        }
    }

    /// The head of the response, once it is complete; informational ones are passed over.
    fn head(&mut self) -> Result<Option<Response<()>>, Fault> {
        loop {
            let State::Head(waiting) = &mut self.state else {
                return Err(Fault::Malformed("nothing was asked on this connection"));
            };
            let end = head::find_end(&self.input, &mut waiting.searched);
            let Some(end) = end.map_err(Fault::Malformed)? else {
                return Ok(None);
            };
            let head = self.input.split_to(end).freeze();
            let answer = head::read(&head, waiting.bodiless).map_err(Fault::Malformed)?;
            let status = answer.response.status();
            if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
                waiting.searched = 0;
                waiting.interim += 1;
                if waiting.interim > MOST_INTERIM {
                    return Err(Fault::Malformed("too many informational responses"));
                }
                continue;
            }
            let Answer {
                response,
                length,
                keep,
            } = answer;
            self.keep = keep;
            self.state = match length {
                Length::Bytes(0) => State::Idle,
                length => State::Body(length),
            };
            return Ok(Some(response));
        }
    }

    /// The next piece of the response's body. The rest of the request is sent meanwhile.
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        if !self.output.is_done() {
            self.send(cx)?;
        }
        loop {
            let State::Body(length) = &mut self.state else {
                return Poll::Ready(None);
            };
            match length.next(&mut self.input).map_err(Fault::Malformed)? {
                Step::Data(data) => {
                    if length.is_done() {
                        self.finish();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Step::Trailers(trailers) => {
                    self.finish();
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Step::End => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Step::More => {}
            }
            let open = matches!(length, Length::Open);
            if ready!(self.poll_fill(cx))? == 0 {
                self.keep = false;
                if open {
                    self.finish();
                    return Poll::Ready(None);
                }
                let lost = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the upstream broke off its response",
                );
                return Poll::Ready(Some(Err(lost.into())));
            }
        }
    }
}

#[cfg(test)]
mod tests;
