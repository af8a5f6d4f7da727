use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use babyshield_layers::{Exchange, Refusal};
use babyshield_model::Finding;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use tokio::time::Instant;

use super::connect::{Fresh, connect};
use super::onward::{self, Onward};
use super::pool::Multiplexed;
use super::server::Occupied;
use super::single::{Fault, Single};
use super::{Body, Outbound, Server, Upstream};
use crate::tunnel::Tunnels;

/// Attempts for one request, each at another server or on a fresh connection.
const ATTEMPTS: usize = 3;

/// Where the route sends a request; found in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Destination(pub(crate) Arc<Upstream>);

/// Sends requests to their upstream: the innermost service.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upgrades: Vec<String>,
    tunnels: Tunnels,
}

/// Why an attempt failed, and what can still be done.
enum Failure {
    /// No connection was to be had: here is the body back.
    Unsent(Box<Outbound>, io::Error),
    /// The shared connection was closing and took nothing of it: here is the body back.
    Closing(Box<Outbound>, BoxError),
    /// Nothing came back, and perhaps something was sent.
    Broken { sent: bool, error: BoxError },
    /// The server answered what cannot be understood.
    Malformed(&'static str),
    /// The server did not answer in time.
    Slow,
}

type BoxError = Box<dyn Error + Send + Sync>;

type Answer = Response<Body>;

impl Forward {
    pub(crate) fn new(upgrades: Vec<String>, tunnels: Tunnels) -> Self {
        let shared = Arc::new(Shared { upgrades, tunnels });
        Self { shared }
    }
}

impl tower::Service<Request<Outbound>> for Forward {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Outbound>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { Ok(shared.forward(request).await) })
    }
}

impl Shared {
    async fn forward(&self, request: Request<Outbound>) -> Answer {
        let (mut parts, body) = request.into_parts();
        let exchange = parts.extensions.remove::<Exchange>();
        let destination = parts.extensions.remove::<Destination>();
        let (Some(exchange), Some(Destination(upstream))) = (exchange, destination) else {
            let detail = "No upstream is known for this request.";
            return Refusal::upstream(StatusCode::BAD_GATEWAY, detail).answer();
        };
        let upgrade = onward::wanted_upgrade(&parts.headers, &self.upgrades);
        let call = Call {
            caller: parts.extensions.remove::<OnUpgrade>(),
            tunnels: &self.tunnels,
            upstream: &upstream,
            parts,
            exchange,
            upgrade,
        };
        call.run(body).await
    }
}

/// One request on its way.
struct Call<'a> {
    parts: Parts,
    /// The protocol an upgrade is asked for.
    upgrade: Option<HeaderValue>,
    caller: Option<OnUpgrade>,
    tunnels: &'a Tunnels,
    upstream: &'a Upstream,
    exchange: Exchange,
}

impl Call<'_> {
    async fn run(mut self, mut body: Outbound) -> Answer {
        let mut tried = Vec::new();
        let mut fresh = false;
        for attempt in 1..=ATTEMPTS {
            let Some(server) = self.upstream.choose(&tried).or(tried.last()).cloned() else {
                break;
            };
            let Some(occupied) = server.occupy() else {
                return self.fail(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Too many requests at once.",
                    "",
                );
            };
            self.exchange.upstream(Arc::clone(&server.target.text));
            let spare = body.duplicate();
            let failure = match self.attempt(body, &server, occupied, fresh).await {
                Ok(answer) => return answer,
                Err(failure) => failure,
            };
            body = match (failure, spare) {
                (Failure::Unsent(body, _), _) if attempt < ATTEMPTS && self.untried(&tried) => {
                    tried.push(server);
                    *body
                }
                (Failure::Closing(body, _), _) if attempt < ATTEMPTS => *body,
                (Failure::Broken { sent, error }, Some(spare))
                    if attempt < ATTEMPTS
                        && (self.is_repeatable() || !sent)
                        && Refusal::find(&*error).is_none() =>
                {
                    fresh = true;
                    spare
                }
                (failure, _) => return self.give_up(failure),
            };
        }
        self.fail(
            StatusCode::BAD_GATEWAY,
            "No upstream server could be reached.",
            "",
        )
    }

    /// Whether another server than the current one is left to try.
    fn untried(&self, tried: &[Arc<Server>]) -> bool {
        tried.len() + 1 < self.upstream.servers.len()
    }

    /// Whether asking twice does no more than asking once, RFC 9110 section 9.2.2.
    fn is_repeatable(&self) -> bool {
        matches!(
            self.parts.method,
            Method::GET
                | Method::HEAD
                | Method::OPTIONS
                | Method::TRACE
                | Method::PUT
                | Method::DELETE
        )
    }

    fn onward<'a>(&'a self, server: &'a Server) -> Onward<'a> {
        Onward {
            parts: &self.parts,
            exchange: &self.exchange,
            upgrade: self.upgrade.as_ref(),
            server,
            host: self.upstream.host,
        }
    }

    async fn attempt(
        &mut self,
        body: Outbound,
        server: &Arc<Server>,
        occupied: Occupied,
        fresh: bool,
    ) -> Result<Answer, Failure> {
        // The rare ways are boxed, so that the future of the common one stays small.
        if let Some(shared) = server.pool.shared() {
            return Box::pin(self.shared(body, shared, occupied)).await;
        }
        let pooled = if fresh {
            None
        } else {
            server.pool.take().await
        };
        let connection = match pooled {
            Some(connection) => connection,
            None => match Box::pin(connect(server)).await {
                Ok(Fresh::One(connection)) => connection,
                Ok(Fresh::Many(sender)) => {
                    server.reached();
                    let shared = server.pool.share(sender);
                    return Box::pin(self.shared(body, shared, occupied)).await;
                }
                Err(error) => {
                    if server.missed(&self.upstream.health) {
                        tracing::warn!(server = %server.target.text, %error, "upstream rests");
                    }
                    return Err(Failure::Unsent(Box::new(body), error));
                }
            },
        };
        self.single(body, connection, occupied).await
    }

    async fn single(
        &mut self,
        body: Outbound,
        mut connection: Box<Single>,
        occupied: Occupied,
    ) -> Result<Answer, Failure> {
        let server = occupied.server();
        let fields = &self.parts.headers;
        connection.begin(&self.parts.method, fields, body, |out| {
            self.onward(server).write(out);
        });
        let limit = server.timeouts.response;
        let response = self.send(&mut connection, limit).await?;
        server.reached();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(self.switch(response, connection, occupied));
        }
        Ok(response.map(|()| Body::single(connection, occupied)))
    }

    /// Sends the request and waits for the response's head. The server's time runs while nothing
    /// more comes from the caller either.
    async fn send(
        &self,
        connection: &mut Single,
        limit: Duration,
    ) -> Result<Response<()>, Failure> {
        let mut since = Instant::now();
        let mut received = self.exchange.bytes_in();
        poll_fn(|cx| {
            if let Poll::Ready(answered) = connection.poll_head(cx) {
                let sent = connection.has_sent();
                return Poll::Ready(answered.map_err(|fault| Failure::of(fault, sent)));
            }
            while connection.deadline.poll(cx, since + limit).is_ready() {
                if received == self.exchange.bytes_in() {
                    return Poll::Ready(Err(Failure::Slow));
                }
                received = self.exchange.bytes_in();
                since = Instant::now();
            }
            Poll::Pending
        })
        .await
    }

    async fn shared(
        &mut self,
        body: Outbound,
        shared: Multiplexed,
        occupied: Occupied,
    ) -> Result<Answer, Failure> {
        let request = self.onward(occupied.server()).for_h2(body);
        let limit = occupied.server().timeouts.response;
        let mut sender = shared.sender.clone();
        let mut sending = pin!(sender.try_send_request(request));
        let mut received = self.exchange.bytes_in();
        let sent = loop {
            match tokio::time::timeout(limit, sending.as_mut()).await {
                Ok(sent) => break sent,
                Err(_) if received == self.exchange.bytes_in() => return Err(Failure::Slow),
                Err(_) => received = self.exchange.bytes_in(),
            }
        };
        let response = sent.map_err(|mut error| {
            let body = error.take_message().map(Request::into_body);
            let error = error.into_error();
            let sent = body.is_none() && !is_unprocessed(&error);
            if !sent {
                occupied.server().pool.forget(&shared);
            }
            match body {
                Some(body) => Failure::Closing(Box::new(body), error.into()),
                None => Failure::Broken {
                    sent,
                    error: error.into(),
                },
            }
        })?;
        occupied.server().reached();
        Ok(response.map(|incoming| Body::shared(incoming, occupied)))
    }

    /// The server agreed to speak something else: connects both ends for as long as they like.
    fn switch(
        &mut self,
        response: Response<()>,
        connection: Box<Single>,
        occupied: Occupied,
    ) -> Answer {
        let caller = self.caller.take().filter(|_| self.upgrade.is_some());
        let (Some(caller), true) = (caller, connection.is_sent()) else {
            let detail = "The upstream changed the protocol without being asked.";
            return self.fail(StatusCode::BAD_GATEWAY, detail, "");
        };
        let (io, early) = connection.into_parts();
        self.tunnels.open(caller, io, early, occupied);
        response.map(|()| Body::Empty)
    }

    fn give_up(&self, failure: Failure) -> Answer {
        match failure {
            Failure::Unsent(_, error) => {
                let detail = "The upstream cannot be reached.";
                self.fail(StatusCode::BAD_GATEWAY, detail, &error.to_string())
            }
            Failure::Closing(_, error) | Failure::Broken { error, .. } => {
                if let Some(refusal) = Refusal::find(&*error) {
                    return self.refuse(refusal.clone());
                }
                let detail = "The upstream broke off the request.";
                self.fail(StatusCode::BAD_GATEWAY, detail, &chain(&*error))
            }
            Failure::Malformed(error) => {
                let detail = "The upstream's response cannot be understood.";
                self.fail(StatusCode::BAD_GATEWAY, detail, error)
            }
            Failure::Slow => {
                let detail = "The upstream did not answer in time.";
                self.fail(StatusCode::GATEWAY_TIMEOUT, detail, "")
            }
        }
    }

    /// The caller's own body was at fault.
    fn refuse(&self, refusal: Refusal) -> Answer {
        self.find(refusal.layer.as_str(), &refusal.detail, "");
        self.exchange.refuse(&refusal);
        refusal.answer()
    }

    fn fail(&self, status: StatusCode, detail: &'static str, error: &str) -> Answer {
        self.find("upstream", detail, error);
        let refusal = Refusal::upstream(status, detail);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return refusal
                .field(header::RETRY_AFTER, HeaderValue::from_static("1"))
                .answer();
        }
        refusal.answer()
    }

    fn find(&self, rule: &str, message: &str, value: &str) {
        self.exchange.find(Finding {
            rule: rule.to_owned(),
            message: message.to_owned(),
            class: rule.to_owned(),
            severity: "error".to_owned(),
            field: String::new(),
            value: value.chars().take(512).collect(),
            matched: String::new(),
            data: String::new(),
            tags: Vec::new(),
            source: String::new(),
        });
    }
}

impl Failure {
    fn of(fault: Fault, sent: bool) -> Self {
        match fault {
            Fault::Connection(error) => Self::Broken {
                sent,
                error: error.into(),
            },
            // Sent or not, it cannot be sent again.
            Fault::Caller(error) => Self::Broken { sent: true, error },
            Fault::Malformed(error) => Self::Malformed(error),
        }
    }
}

/// Whether an HTTP/2 server said that it did nothing for the request, RFC 9113 section 8.7: it was
/// closing the connection, or had enough to do.
fn is_unprocessed(error: &hyper::Error) -> bool {
    let reason = error
        .source()
        .and_then(|source| source.downcast_ref::<h2::Error>());
    reason.is_some_and(|error| {
        let closing = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (closing || refused)
    })
}

/// An error with all its causes.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio_util::{sync::CancellationToken, task::TaskTracker};

    use super::*;

    /// Every request allocates this future: what it grows by, every request pays for.
    #[test]
    fn the_future_of_a_request_stays_small() {
        let tunnels = Tunnels {
            tasks: TaskTracker::new(),
            end: CancellationToken::new(),
            idle: std::time::Duration::ZERO,
        };
        let forward = Forward::new(Vec::new(), tunnels);
        let size = size_of_val(&forward.shared.forward(Request::new(Outbound::default())));
        assert!(size <= 3072, "{size} bytes");
    }
}
