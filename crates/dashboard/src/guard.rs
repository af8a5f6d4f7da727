//! What every request passes: the host check, the session, the proof that it comes from the page.

use std::net::IpAddr;

use axum::extract::{ConnectInfo, Request, State as Extract};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HOST, HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue};

use crate::State;
use crate::error::Error;
use crate::listen::Peer;
use crate::session::Current;

/// The header in which a request that changes something repeats its session's token.
pub(crate) const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Nothing but our own files; no inline code, no frames, no other hosts, no strings to code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // With `no-referrer` browsers send `Origin: null` with our own login form.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// Refuses foreign hosts and dresses every answer.
pub(crate) async fn outer(
    Extract(state): Extract<State>,
    request: Request,
    next: Next,
) -> Response {
    let known = host(request.headers()).is_some_and(|host| is_ours(host, &state));
    let mut response = if known {
        next.run(request).await
    } else {
        Error::Host.into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses whoever has no session; a request that changes something must be the page's own.
pub(crate) async fn session(
    Extract(state): Extract<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(current) = find(&state, request.headers()) else {
        return Error::Login.into_response();
    };
    if !request.method().is_safe() {
        let token = request.headers().get(CSRF).map(HeaderValue::as_bytes);
        let expected = babyshield_model::Secret::new(current.csrf.clone());
        if !same_origin(&state, request.headers()) || !token.is_some_and(|t| expected.matches(t)) {
            return Error::Forged.into_response();
        }
    }
    request.extensions_mut().insert(current);
    next.run(request).await
}

/// Refuses a form that another site sent: for the one `POST` before there is a session.
pub(crate) async fn own_form(
    Extract(state): Extract<State>,
    request: Request,
    next: Next,
) -> Response {
    if !request.method().is_safe() && !same_origin(&state, request.headers()) {
        return Error::Forged.into_response();
    }
    next.run(request).await
}

/// Lets this machine in without a login, everybody else with one.
pub(crate) async fn near(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    let near = request
        .extensions()
        .get::<ConnectInfo<Peer>>()
        .is_some_and(|ConnectInfo(Peer(peer))| peer.ip().to_canonical().is_loopback());
    if near || find(&state, request.headers()).is_some() {
        next.run(request).await
    } else {
        Error::Login.into_response()
    }
}

pub(crate) fn find(state: &State, headers: &HeaderMap) -> Option<Current> {
    let config = &state.0.config;
    let now = config.clock.monotonic();
    state.0.sessions.find(headers, config.secure, now)
}

/// Whether the browser says that our own page sent it. Browsers send at least one of the two
/// headers with every `POST`; a request with neither is not from the page.
fn same_origin(state: &State, headers: &HeaderMap) -> bool {
    let site = headers.get(SITE).map(HeaderValue::as_bytes);
    let origin = headers.get(ORIGIN).map(|value| {
        let scheme = if state.0.config.secure {
            "https://"
        } else {
            "http://"
        };
        let origin = value.to_str().unwrap_or_default();
        origin
            .strip_prefix(scheme)
            .is_some_and(|at| Some(at) == host(headers))
    });
    match (site, origin) {
        (None, None) => false,
        (site, origin) => site.is_none_or(|site| site == b"same-origin") && origin.unwrap_or(true),
    }
}

fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// Rebinding needs a name whose address the attacker controls, so plain addresses are safe.
fn is_ours(host: &str, state: &State) -> bool {
    let Ok(authority) = host.parse::<http::uri::Authority>() else {
        return false;
    };
    let name = authority.host();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || state
            .0
            .config
            .hosts
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
}
