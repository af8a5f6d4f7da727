use std::io::{self, IoSlice, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName, Method, header};
use http_body::Body as _;
use tokio::io::AsyncWrite;

use super::super::Outbound;
use super::Fault;

/// Pieces of a body up to this size are copied behind the head, larger ones are sent from where
/// they lie.
const COPY: usize = 4 << 10;

/// Memory a connection keeps for the next head.
const KEPT: usize = 16 << 10;

/// Trailer fields one request may announce; the others are not sent.
const MOST_ANNOUNCED: usize = 32;

/// Trailer fields that would change how a message is read; never sent, whoever announced them.
const FRAMING: [HeaderName; 7] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::HOST,
    header::CONNECTION,
    header::TRAILER,
    header::TE,
    header::UPGRADE,
];

/// A request on its way to the socket.
#[derive(Default)]
pub(super) struct Output {
    /// Bytes sent before `data`; the first `sent` of them are gone.
    front: Vec<u8>,
    sent: usize,
    /// One large piece of the body, not copied.
    data: Bytes,
    /// The line break behind `data`, where it is a chunk.
    tail: &'static [u8],
    body: Option<Box<Outbound>>,
    declared: Declared,
    /// Trailer fields that were announced.
    announced: Vec<HeaderName>,
    begun: bool,
    /// Why the server takes nothing more.
    failed: Option<io::Error>,
    unflushed: bool,
}

/// How long the body is said to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Declared {
    /// Everything was put.
    #[default]
    Done,
    /// So many bytes are left.
    Bytes(u64),
    /// As its chunks say.
    Chunked,
    /// The server takes nothing more: the connection is good for this response only.
    Refused,
}

impl Output {
    pub(super) fn begin(
        &mut self,
        method: &Method,
        fields: &HeaderMap,
        body: Outbound,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.front.clear();
        self.sent = 0;
        self.begun = false;
        self.unflushed = true;
        write(&mut self.front);
        self.declared = declare(method, &body, &mut self.front);
        self.body = match self.declared {
            Declared::Done | Declared::Refused => None,
            Declared::Bytes(_) | Declared::Chunked => Some(Box::new(body)),
        };
        self.announced = match self.declared {
            Declared::Chunked => announced(fields),
            Declared::Done | Declared::Bytes(_) | Declared::Refused => Vec::new(),
        };
    }

    pub(super) fn has_sent(&self) -> bool {
        self.begun
    }

    /// Whether all of the request was sent.
    pub(super) fn is_done(&self) -> bool {
        self.declared == Declared::Done && !self.unflushed
    }

    /// Sends nothing more.
    pub(super) fn give_up(&mut self, error: io::Error) {
        self.failed = Some(error);
        self.declared = Declared::Refused;
        self.body = None;
        self.data = Bytes::new();
        self.tail = b"";
    }

    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    fn is_empty(&self) -> bool {
        self.sent == self.front.len() && self.data.is_empty() && self.tail.is_empty()
    }

    /// Sends as much as there is; ready when all of the request was sent.
    pub(super) fn poll<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        if self.declared == Declared::Refused {
            return Poll::Ready(Ok(()));
        }
        loop {
            let gathered = self.poll_gather(cx)?;
            let idle = self.is_empty();
            if !idle {
                ready!(self.poll_write(io, cx))?;
            }
            if self.declared == Declared::Done && self.is_empty() {
                ready!(Pin::new(&mut *io).poll_flush(cx))?;
                self.settle();
                return Poll::Ready(Ok(()));
            }
            if gathered.is_pending() {
                ready!(Pin::new(&mut *io).poll_flush(cx))?;
                return Poll::Pending;
            }
        }
    }

    fn settle(&mut self) {
        self.unflushed = false;
        self.body = None;
        self.front.clear();
        self.front.shrink_to(KEPT);
        self.sent = 0;
    }

    /// Puts pieces of the body behind the head, as many as are there and fit. Pending only when
    /// the body has nothing now.
    fn poll_gather(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        while self.data.is_empty() && self.tail.is_empty() && self.front.len() - self.sent < COPY {
            let Some(body) = &mut self.body else {
                return Poll::Ready(Ok(()));
            };
            match ready!(Pin::new(&mut **body).poll_frame(cx)) {
                None => return Poll::Ready(self.end(None)),
                Some(Err(error)) => return Poll::Ready(Err(Fault::Caller(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.put(data)?,
                    Err(frame) => {
                        let trailers = frame.into_trailers().ok();
                        return Poll::Ready(self.end(trailers));
                    }
                },
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Puts one piece of the body.
    fn put(&mut self, data: Bytes) -> Result<(), Fault> {
        match &mut self.declared {
            Declared::Bytes(left) => {
                let Some(rest) = left.checked_sub(data.len() as u64) else {
                    return Err(Fault::Caller("the body is longer than it said".into()));
                };
                *left = rest;
                self.append(data);
                if rest == 0 {
                    self.declared = Declared::Done;
                    self.body = None;
                }
            }
            // A chunk of no bytes would end the body.
            Declared::Chunked if data.is_empty() => {}
            Declared::Chunked => {
                write!(self.front, "{:x}\r\n", data.len())?;
                if self.append(data) {
                    self.tail = b"\r\n";
                } else {
                    self.front.extend_from_slice(b"\r\n");
                }
            }
            Declared::Done | Declared::Refused => {}
        }
        Ok(())
    }

    /// Whether the piece was too large to be copied.
    fn append(&mut self, data: Bytes) -> bool {
        let large = data.len() > COPY;
        if large {
            self.data = data;
        } else {
            self.front.extend_from_slice(&data);
        }
        large
    }

    /// The body is at its end.
    fn end(&mut self, trailers: Option<HeaderMap>) -> Result<(), Fault> {
        self.body = None;
        match std::mem::take(&mut self.declared) {
            Declared::Bytes(1..) => Err(Fault::Caller("the body is shorter than it said".into())),
            Declared::Chunked => {
                self.front.extend_from_slice(b"0\r\n");
                for (name, value) in trailers.iter().flatten() {
                    if self.announced.contains(name) && !FRAMING.contains(name) {
                        put_field(&mut self.front, name.as_str().as_bytes(), value.as_bytes());
                    }
                }
                self.front.extend_from_slice(b"\r\n");
                Ok(())
            }
            Declared::Bytes(0) | Declared::Done | Declared::Refused => Ok(()),
        }
    }

    fn poll_write<T: AsyncWrite + Unpin>(
        &mut self,
        io: &mut T,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let front = self.front.get(self.sent..).unwrap_or_default();
            let io = Pin::new(&mut *io);
            let written = if self.data.is_empty() && self.tail.is_empty() {
                ready!(io.poll_write(cx, front))?
            } else {
                let slices = [front, &self.data, self.tail].map(IoSlice::new);
                ready!(io.poll_write_vectored(cx, &slices))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.begun = true;
            self.wrote(written);
        }
        self.front.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, written: usize) {
        let front = written.min(self.front.len() - self.sent);
        self.sent += front;
        let data = (written - front).min(self.data.len());
        self.data.advance(data);
        if self.data.is_empty() {
            // An empty rest would still hold the whole body in memory.
            self.data = Bytes::new();
        }
        let tail = written - front - data;
        self.tail = self.tail.get(tail..).unwrap_or_default();
    }
}

/// Says how long the body is, and ends the head.
fn declare(method: &Method, body: &Outbound, out: &mut Vec<u8>) -> Declared {
    let hint = body.size_hint();
    let declared = if body.is_end_stream() {
        // RFC 9110 section 8.6: where a body is usual, its absence is said.
        if matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
            out.extend_from_slice(b"content-length: 0\r\n");
        }
        Declared::Done
    } else if let Some(length) = hint.exact() {
        out.extend_from_slice(b"content-length: ");
        put_number(out, length);
        out.extend_from_slice(b"\r\n");
        if length == 0 {
            Declared::Done
        } else {
            Declared::Bytes(length)
        }
    } else {
        out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        Declared::Chunked
    };
    out.extend_from_slice(b"\r\n");
    declared
}

/// Writes a number in decimal.
fn put_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0_u8; 20];
    let mut rest = number;
    let mut from = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        from = at;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(from..).unwrap_or_default());
}

/// Writes one field line.
pub(in super::super) fn put_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// The trailer fields a head announces.
fn announced(fields: &HeaderMap) -> Vec<HeaderName> {
    let lines = fields.get_all(header::TRAILER).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .take(MOST_ANNOUNCED)
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_so_many_trailers_are_announced() {
        let names: Vec<String> = (0..5000).map(|n| format!("x-{n}")).collect();
        let line = HeaderValue::from_str(&names.join(", ")).unwrap();
        let fields = HeaderMap::from_iter([(header::TRAILER, line)]);
        let kept = announced(&fields);
        assert_eq!(kept.len(), MOST_ANNOUNCED);
        assert_eq!(kept[0], "x-0");
    }
}
