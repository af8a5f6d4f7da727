//! Which treatment and which upstream a request gets: the most specific route that matches.
//!
//! Routes are compared with the path as a server behind would come to read it: percent-decoded,
//! dot segments resolved, empty segments and path parameters dropped. Otherwise a caller could
//! choose a route with less protection by writing the same path differently.

mod path;
mod pattern;

use std::sync::Arc;
use std::task::{Context, Poll};

use babyshield_layers::{Exchange, Treatment};
use http::{Request, Response, header};
use tower::Service;

pub(crate) use pattern::Pattern;

use crate::upstream::{Destination, Upstream};

/// The routes, most specific first.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) routes: Vec<Route>,
    /// For requests that match none.
    pub(crate) default: Action,
    pub(crate) hosts: bool,
}

/// One route.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) pattern: Pattern,
    pub(crate) action: Action,
}

/// What a route does with its requests.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) treatment: Arc<Treatment>,
    pub(crate) upstream: Arc<Upstream>,
}

impl Table {
    /// The action for a request.
    pub(crate) fn find(&self, method: &str, host: &str, target: &str) -> &Action {
        if self.routes.is_empty() {
            return &self.default;
        }
        let path = path::normalise(target);
        let mut segments: Vec<&str> = path.split('/').skip(1).collect();
        // Many servers answer `/login/` as they do `/login`.
        if segments.len() > 1 && segments.last() == Some(&"") {
            segments.pop();
        }
        let mut routes = self.routes.iter();
        let found = routes.find(|route| route.pattern.matches(method, host, &segments));
        found.map_or(&self.default, |route| &route.action)
    }
}

/// Makes [`Router`] services.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    table: Arc<Table>,
}

impl Layer {
    pub(crate) fn new(table: Arc<Table>) -> Self {
        Self { table }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Router<S>;

    fn layer(&self, inner: S) -> Router<S> {
        let table = Arc::clone(&self.table);
        Router { inner, table }
    }
}

/// Chooses the route of each request.
#[derive(Clone, Debug)]
pub(crate) struct Router<S> {
    inner: S,
    table: Arc<Table>,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Router<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let host = if self.table.hosts { host(&request) } else { "" };
        let method = request.method().as_str();
        let action = self.table.find(method, host, request.uri().path());
        if let Some(exchange) = request.extensions().get::<Exchange>() {
            exchange.treat(Arc::clone(&action.treatment));
        }
        let destination = Destination(Arc::clone(&action.upstream));
        request.extensions_mut().insert(destination);
        self.inner.call(request)
    }
}

/// The host asked for, without its port.
fn host<B>(request: &Request<B>) -> &str {
    let field = request.headers().get(header::HOST);
    let field = field.and_then(|value| value.to_str().ok());
    let authority = || request.uri().authority().map(http::uri::Authority::as_str);
    let host = field.or_else(authority).unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
