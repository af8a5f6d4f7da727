//! One connection: which HTTP is spoken on it, and every request of it through the stack.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use babyshield_layers::{Arrival, Connection, Head, Refusal, Replayed, record};
use bytes::BytesMut;
use http::{Method, Request, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use parking_lot::Mutex;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::Instant;
use tower::Service;

use crate::guard::{Busy, Guard, Limits, Line};
use crate::inbound::Inbound;
use crate::reload::{Running, Shared};
use crate::stack::Stack;
use crate::streams::{Streams, Waiting};
use crate::upstream;

/// What an HTTP/2 connection begins with, RFC 9113 section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Time after which a silent HTTP/2 caller is asked whether it is still there, and for its answer.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// Streams a caller may open and reset before it is cut off (the rapid reset attack).
const RESETS: usize = 32;

/// Field lines the HTTP/1 parser takes unless told otherwise.
const PARSER_FIELDS: usize = 100;

/// What a response is sent as.
type Sent = Outgoing<record::Body<Replayed<upstream::Body>>>;

/// One connection being served.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) running: Arc<Running>,
    pub(crate) ends: Connection,
    pub(crate) line: Line,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    One,
    Two,
    /// To be seen from its first bytes.
    Unknown,
}

impl Session {
    /// Serves the connection to its end.
    pub(crate) async fn serve<T>(self, mut io: T, speaks: Speaks)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.running.plan.guard_limits();
        let mut begun = BytesMut::new();
        let two = match speaks {
            Speaks::One => false,
            Speaks::Two => true,
            Speaks::Unknown => {
                let sniffed = tokio::select! {
                    sniffed = sniff(&mut io, &mut begun, &limits) => sniffed,
                    () = self.shared.stop.cancelled() => None,
                };
                let Some(two) = sniffed else { return };
                two
            }
        };
        let line = self.line.clone();
        if two {
            self.two(io, begun, limits).await;
        } else {
            self.one(Guard::new(io, begun, line, limits)).await;
        }
    }

    async fn one<T>(self, guard: Guard<T>)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (stop, end) = (self.shared.stop.clone(), self.shared.end.clone());
        let fields = self.running.plan.resources.header_fields;
        let desk = Desk::new(self);
        let service = service_fn(|request| desk.one(request));
        let mut builder = http1::Builder::new();
        builder.header_read_timeout(None);
        // Any other bound than its own makes the parser allocate for every request; below its
        // own, the guard's bound is the one that counts.
        if fields > PARSER_FIELDS {
            builder.max_headers(fields);
        }
        let connection = builder.serve_connection(guard, service).with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            served = connection.as_mut() => return log(served),
            () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            served = connection => log(served),
            () = end.cancelled() => {}
        }
    }

    async fn two<T>(self, io: T, begun: BytesMut, limits: Limits)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (stop, end, line) = (
            self.shared.stop.clone(),
            self.shared.end.clone(),
            self.line.clone(),
        );
        let streams = self.running.plan.resources.streams;
        let desk = Arc::new(Desk::new(self));
        let told = Arc::clone(&desk);
        let refused = Box::new(move |status, detail| told.refused(status, detail));
        let guard = Guard::transparent(io, begun, line.clone(), limits, refused);
        let service = service_fn(move |request| desk.two(request, limits));
        let spawn = Streams {
            limit: limits.write,
        };
        let connection = http2::Builder::new(spawn)
            .timer(TokioTimer::new())
            .max_concurrent_streams(streams)
            .max_header_list_size(header_list(limits.head))
            .max_pending_accept_reset_streams(RESETS)
            .max_local_error_reset_streams(RESETS)
            .initial_stream_window_size(256 << 10)
            .initial_connection_window_size(1 << 20)
            .max_send_buf_size(256 << 10)
            .keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1)
            .serve_connection(guard, service);
        let mut connection = pin!(connection);
        tokio::select! {
            served = connection.as_mut() => return log(served),
            () = stop.cancelled() => {}
            () = idle(&line, limits.idle) => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            served = connection => log(served),
            // What is left by then was answered, and its caller takes nothing of it.
            () = idle(&line, limits.write) => {}
            () = end.cancelled() => {}
        }
    }
}

/// What the HTTP/2 implementation takes of a head: more than is allowed, so that a head that is too
/// long is refused by our own layers, with an event. Beyond that it answers 431 by itself, which the guard
/// sees among the frames that are sent.
fn header_list(head: usize) -> u32 {
    u32::try_from(head).unwrap_or(u32::MAX).saturating_mul(4)
}

fn log(served: hyper::Result<()>) {
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Ready when nothing was asked on an HTTP/2 connection for so long.
async fn idle(line: &Line, limit: Duration) {
    loop {
        let since = line.finished().unwrap_or_else(|| line.began());
        let until = if line.is_busy() {
            Instant::now() + limit
        } else {
            since + limit
        };
        if until <= Instant::now() {
            return;
        }
        tokio::time::sleep_until(until).await;
    }
}

/// Reads until it is clear whether HTTP/2 is spoken. `None` when nothing came in time.
async fn sniff<T>(io: &mut T, begun: &mut BytesMut, limits: &Limits) -> Option<bool>
where
    T: AsyncRead + Unpin,
{
    let mut wait = limits.idle;
    loop {
        match tokio::time::timeout(wait, io.read_buf(begun)).await {
            Ok(Ok(0)) | Ok(Err(_)) | Err(_) => return None,
            Ok(Ok(_)) => wait = limits.head_time,
        }
        if begun.starts_with(PREFACE) {
            return Some(true);
        }
        if !PREFACE.starts_with(begun) {
            return Some(false);
        }
    }
}

/// Takes requests from the HTTP implementation to the stack.
struct Desk {
    session: Session,
    /// The stack in force, cloned once a connection and plan rather than once a request.
    current: Mutex<(Arc<Running>, Stack)>,
}

impl Desk {
    fn new(session: Session) -> Self {
        let running = Arc::clone(&session.running);
        let stack = running.stack.clone();
        let current = Mutex::new((running, stack));
        Self { session, current }
    }

    fn arrival(&self, head: Head, refused: Option<Refusal>) -> Arrival {
        Arrival {
            connection: self.session.ends,
            head,
            refused,
        }
    }

    /// Every layer is always ready, so that a call needs no waiting before it.
    fn call(
        &self,
        mut request: Request<Inbound>,
        arrival: Arrival,
    ) -> <Stack as Service<Request<Inbound>>>::Future {
        request.extensions_mut().insert(arrival);
        let mut current = self.current.lock();
        let newest = self.session.shared.running.load();
        if !Arc::ptr_eq(&current.0, &newest) {
            *current = (Arc::clone(&newest), newest.stack.clone());
        }
        current.1.call(request)
    }

    /// Records what the HTTP/2 implementation refused by itself, such as a stream it had to reset.
    fn refused(&self, status: StatusCode, detail: &'static str) {
        let refusal = Refusal::protocol(status, detail);
        let arrival = self.arrival(Head::default(), Some(refusal));
        self.current.lock().1.refused(arrival);
    }

    fn one(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Sent>, Infallible>> + use<> {
        let line = self.session.line.clone();
        let busy = line.busy();
        let (arrival, upgrade) = match line.next() {
            Some(arrived) => (self.arrival(arrived.head, arrived.refused), arrived.upgrade),
            // The guard announces every head before it hands it on.
            None => {
                let lost = Refusal::protocol(StatusCode::BAD_REQUEST, "The request is malformed.");
                (self.arrival(Head::default(), Some(lost)), false)
            }
        };
        let inbound = line.clone();
        let request = request.map(|incoming| Inbound::guarded(incoming, inbound));
        let answering = self.call(request, arrival);
        async move {
            let response = answering.await;
            if upgrade {
                let status = response.as_ref().map(Response::status);
                line.settle(status == Ok(StatusCode::SWITCHING_PROTOCOLS));
            }
            response.map(|response| response.map(|body| Outgoing::new(body, busy, None)))
        }
    }

    fn two(
        &self,
        request: Request<Incoming>,
        limits: Limits,
    ) -> impl Future<Output = Result<Response<Sent>, Infallible>> + use<> {
        let busy = self.session.line.busy();
        let refused = ambiguous(&request).or_else(|| too_large(&request, &limits));
        let arrival = self.arrival(Head::default(), refused);
        let request = request.map(|incoming| Inbound::paced(incoming, limits));
        let answering = self.call(request, arrival);
        async move {
            let response = answering.await;
            let waiting = Waiting::own();
            response.map(|response| response.map(|body| Outgoing::new(body, busy, waiting)))
        }
    }
}

/// What the HTTP/2 implementation lets through although it has no single meaning. Framing itself
/// cannot be ambiguous there.
fn ambiguous<B>(request: &Request<B>) -> Option<Refusal> {
    let refuse = |status, detail: &'static str| Some(Refusal::protocol(status, detail));
    if request.method() == Method::CONNECT {
        let detail = "This is no proxy to connect through.";
        return refuse(StatusCode::METHOD_NOT_ALLOWED, detail);
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return refuse(
            StatusCode::BAD_REQUEST,
            "There is more than one Host field.",
        );
    }
    let mut lengths = request.headers().get_all(header::CONTENT_LENGTH).iter();
    if lengths.nth(1).is_some() {
        let detail = "There is more than one Content-Length.";
        return refuse(StatusCode::BAD_REQUEST, detail);
    }
    let authority = request.uri().authority().map(|own| own.as_str().as_bytes());
    let host = host.map(http::HeaderValue::as_bytes);
    match (authority, host) {
        (None, None) => refuse(StatusCode::BAD_REQUEST, "There is no authority."),
        (Some(own), Some(host)) if !own.eq_ignore_ascii_case(host) => refuse(
            StatusCode::BAD_REQUEST,
            "The authority and the Host field disagree.",
        ),
        (Some(own), _) | (None, Some(own)) if !crate::guard::is_authority(own) => refuse(
            StatusCode::BAD_REQUEST,
            "The authority is not a host and port.",
        ),
        (_, _) => None,
    }
}

/// An HTTP/2 head beyond the bounds that the guard holds HTTP/1 heads to.
fn too_large<B>(request: &Request<B>, limits: &Limits) -> Option<Refusal> {
    let fields = request.headers();
    let refuse = |detail: &'static str| {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Some(Refusal::protocol(status, detail))
    };
    // A cookie each may be a field of its own here, RFC 9113 section 8.2.3.
    let crumbs = fields.get_all(header::COOKIE).iter().count();
    if fields.len() - crumbs.saturating_sub(1) > limits.fields {
        return refuse("The request has too many header fields.");
    }
    // As the lines would be written in HTTP/1.
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        name.as_str().len() + value.len() + ": \r\n".len()
    };
    let target = request.uri().path_and_query();
    let target = target.map_or(0, |target| target.as_str().len());
    let length = fields.iter().map(line).sum::<usize>() + target;
    if length > limits.head {
        return refuse("The request head is too long.");
    }
    None
}

pin_project! {
    /// A response's body; its request counts as being served until this is dropped.
    pub(crate) struct Outgoing<B> {
        #[pin]
        body: B,
        _busy: Busy,
        // Of an HTTP/2 stream: whether it waits for its caller.
        waiting: Option<Waiting>,
    }
}

impl<B: http_body::Body> Outgoing<B> {
    fn new(body: B, busy: Busy, waiting: Option<Waiting>) -> Self {
        if let Some(waiting) = waiting.as_ref().filter(|_| !body.is_end_stream()) {
            waiting.begin();
        }
        Self {
            body,
            _busy: busy,
            waiting,
        }
    }
}

impl<B: http_body::Body> http_body::Body for Outgoing<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = this.body.poll_frame(cx);
        if let Some(waiting) = this.waiting {
            match &frame {
                Poll::Ready(Some(Ok(_))) => waiting.begin(),
                Poll::Ready(Some(Err(_)) | None) | Poll::Pending => waiting.end(),
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
