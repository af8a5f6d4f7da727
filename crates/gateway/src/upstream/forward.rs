use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use babyshield_layers::{Exchange, Refusal};
use babyshield_model::Finding;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::time::Instant;

use super::connect::{Fresh, Single, connect};
use super::server::Occupied;
use super::{Body, Outbound, Server, Upstream, onward};
use crate::spec::Host;
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
    /// Nothing was sent.
    Unsent(Box<Request<Outbound>>, io::Error),
    /// Something may have been sent.
    Broken(hyper::Error),
    /// The server did not answer in time.
    Slow,
}

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
        let mut extensions = std::mem::take(&mut parts.extensions);
        let exchange = extensions.remove::<Exchange>();
        let destination = extensions.remove::<Destination>();
        let (Some(exchange), Some(Destination(upstream))) = (exchange, destination) else {
            let detail = "No upstream is known for this request.";
            return Refusal::upstream(StatusCode::BAD_GATEWAY, detail).answer();
        };
        let upgrade = onward::rewrite(&mut parts, &exchange, &self.upgrades);
        let call = Call {
            caller: extensions.remove::<OnUpgrade>().filter(|_| upgrade),
            tunnels: &self.tunnels,
            upstream: &upstream,
            exchange,
        };
        call.run(Box::new(Request::from_parts(parts, body))).await
    }
}

/// One request on its way.
struct Call<'a> {
    caller: Option<OnUpgrade>,
    tunnels: &'a Tunnels,
    upstream: &'a Upstream,
    exchange: Exchange,
}

impl Call<'_> {
    async fn run(mut self, mut request: Box<Request<Outbound>>) -> Answer {
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
            let hostless = !request.headers().contains_key(header::HOST);
            if self.upstream.host == Host::Server || hostless {
                request
                    .headers_mut()
                    .insert(header::HOST, server.host.clone());
            }
            let spare = spare(&request);
            let failure = match self.attempt(request, &server, occupied, fresh).await {
                Ok(answer) => return answer,
                Err(failure) => failure,
            };
            request = match (failure, spare) {
                (Failure::Unsent(request, _), _) if attempt < ATTEMPTS && self.untried(&tried) => {
                    tried.push(server);
                    request
                }
                (Failure::Broken(error), Some(spare))
                    if attempt < ATTEMPTS && Refusal::find(&error).is_none() =>
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

    async fn attempt(
        &mut self,
        request: Box<Request<Outbound>>,
        server: &Arc<Server>,
        occupied: Occupied,
        fresh: bool,
    ) -> Result<Answer, Failure> {
        // The rare ways are boxed, so that the future of the common one stays small.
        if let Some(sender) = server.pool.shared() {
            return Box::pin(self.shared(request, sender, occupied)).await;
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
                    server.pool.share(&sender);
                    return Box::pin(self.shared(request, sender, occupied)).await;
                }
                Err(error) => {
                    if server.missed(&self.upstream.health) {
                        tracing::warn!(server = %server.target.text, %error, "upstream rests");
                    }
                    return Err(Failure::Unsent(request, error));
                }
            },
        };
        self.single(request, connection, occupied).await
    }

    async fn single(
        &mut self,
        request: Box<Request<Outbound>>,
        mut connection: Box<Single>,
        occupied: Occupied,
    ) -> Result<Answer, Failure> {
        let mut response = self
            .send(request, &mut connection, occupied.server())
            .await?;
        occupied.server().reached();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Box::pin(self.switch(response, connection, occupied)).await);
        }
        onward::strip(response.headers_mut());
        let (parts, incoming) = response.into_parts();
        let mut taken = Some((incoming, connection, occupied));
        let body = poll_fn(|cx| {
            Poll::Ready(
                taken
                    .take()
                    .map_or(Body::Empty, |(incoming, connection, occupied)| {
                        Body::single(cx, incoming, connection, occupied)
                    }),
            )
        });
        Ok(Response::from_parts(parts, body.await))
    }

    /// Sends on a connection of its own and drives it until the response's head is there. The
    /// server's time runs while nothing more comes from the caller either.
    async fn send(
        &self,
        request: Box<Request<Outbound>>,
        connection: &mut Single,
        server: &Server,
    ) -> Result<Response<Incoming>, Failure> {
        let limit = server.timeouts.response;
        let sending = connection.sender.try_send_request(*request);
        let mut sending = pin!(sending);
        let mut since = Instant::now();
        let mut received = self.exchange.bytes_in();
        poll_fn(|cx| {
            // Its end, good or bad, arrives through `sending`.
            drop(Pin::new(&mut connection.driver).poll(cx));
            if let Poll::Ready(sent) = sending.as_mut().poll(cx) {
                return Poll::Ready(sent.map_err(|mut error| match error.take_message() {
                    Some(request) => {
                        let error = io::Error::other(error.into_error());
                        Failure::Unsent(Box::new(request), error)
                    }
                    None => Failure::Broken(error.into_error()),
                }));
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
        request: Box<Request<Outbound>>,
        mut sender: hyper::client::conn::http2::SendRequest<Outbound>,
        occupied: Occupied,
    ) -> Result<Answer, Failure> {
        let (mut parts, body) = request.into_parts();
        // An upgrade is an HTTP/1 matter.
        onward::strip(&mut parts.headers);
        onward::for_h2(&mut parts, &occupied.server().target);
        let request = Request::from_parts(parts, body);
        let limit = occupied.server().timeouts.response;
        let mut sending = pin!(sender.try_send_request(request));
        let mut received = self.exchange.bytes_in();
        let sent = loop {
            match tokio::time::timeout(limit, sending.as_mut()).await {
                Ok(sent) => break sent,
                Err(_) if received == self.exchange.bytes_in() => return Err(Failure::Slow),
                Err(_) => received = self.exchange.bytes_in(),
            }
        };
        let response = sent.map_err(|mut error| match error.take_message() {
            Some(request) => {
                let request = as_h1(request);
                let error = io::Error::other(error.into_error());
                Failure::Unsent(Box::new(request), error)
            }
            None => Failure::Broken(error.into_error()),
        })?;
        occupied.server().reached();
        Ok(response.map(|incoming| Body::shared(incoming, occupied)))
    }

    /// The server agreed to speak something else: connects both ends for as long as they like.
    async fn switch(
        &mut self,
        response: Response<Incoming>,
        mut connection: Box<Single>,
        occupied: Occupied,
    ) -> Answer {
        let Some(caller) = self.caller.take() else {
            let detail = "The upstream changed the protocol without being asked.";
            return self.fail(StatusCode::BAD_GATEWAY, detail, "");
        };
        // Done as soon as the response's head was read; what was read behind it comes along.
        drop(poll_fn(|cx| connection.driver.poll_without_shutdown(cx)).await);
        let parts = connection.driver.into_parts();
        self.tunnels
            .open(caller, parts.io.into_inner(), parts.read_buf, occupied);
        response.map(|_| Body::Empty)
    }

    fn give_up(&self, failure: Failure) -> Answer {
        match failure {
            Failure::Unsent(_, error) => {
                let detail = "The upstream cannot be reached.";
                self.fail(StatusCode::BAD_GATEWAY, detail, &error.to_string())
            }
            Failure::Broken(error) => {
                if let Some(refusal) = Refusal::find(&error) {
                    return self.refuse(refusal.clone());
                }
                let detail = "The upstream broke off the request.";
                self.fail(StatusCode::BAD_GATEWAY, detail, &chain(&error))
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
        tracing::warn!(
            id = %self.exchange.id(), upstream = %self.upstream.name,
            status = status.as_u16(), error, "{detail}"
        );
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

/// A copy to send again should the connection turn out to be closed: only of requests that may be
/// repeated and whose body is at hand.
fn spare(request: &Request<Outbound>) -> Option<Box<Request<Outbound>>> {
    let repeatable = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    );
    let body = repeatable.then(|| request.body().duplicate()).flatten()?;
    let mut spare = Box::new(Request::new(body));
    *spare.method_mut() = request.method().clone();
    *spare.uri_mut() = request.uri().clone();
    *spare.version_mut() = request.version();
    *spare.headers_mut() = request.headers().clone();
    Some(spare)
}

/// Turns a head made for HTTP/2 back, for the next attempt.
fn as_h1(request: Request<Outbound>) -> Request<Outbound> {
    let (mut parts, body): (Parts, Outbound) = request.into_parts();
    if let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(header::HOST, host);
    }
    let target = parts.uri.path_and_query().cloned();
    parts.uri = target.map(http::Uri::from).unwrap_or_default();
    parts.version = http::Version::HTTP_11;
    Request::from_parts(parts, body)
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
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
        assert!(size <= 4096, "{size} bytes");
    }
}
