//! The request head as the upstream gets it.

use std::io::Write;

use babyshield_layers::Exchange;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Uri, Version};

use super::server::Target;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Fields that only we may write toward the upstream. Some servers read `X_Real_IP` as
/// `X-Real-IP`, so that those spellings are taken away too.
const OURS: [HeaderName; 7] = [
    X_FORWARDED_FOR,
    X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
    X_FORWARDED_PORT,
    X_REAL_IP,
    X_REQUEST_ID,
    header::FORWARDED,
];

/// Removes what concerns one connection only, and writes what we know of the caller. Says which
/// protocol an upgrade was asked for.
pub(super) fn rewrite(parts: &mut Parts, exchange: &Exchange, upgrades: &[String]) -> bool {
    let upgrade = wanted_upgrade(&parts.headers, upgrades);
    strip(&mut parts.headers);
    if let Some(protocol) = &upgrade {
        let headers = &mut parts.headers;
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol.clone());
    }
    let host = forwarded_host(parts, exchange);
    let underscored: Vec<HeaderName> = parts
        .headers
        .keys()
        .filter(|n| imitates(n))
        .cloned()
        .collect();
    for name in OURS.iter().chain(&underscored) {
        parts.headers.remove(name);
    }
    sign(&mut parts.headers, exchange, host);
    join_cookies(&mut parts.headers);
    if !parts.headers.contains_key(header::HOST)
        && let Some(authority) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.insert(header::HOST, host);
    }
    let target = parts.uri.path_and_query().cloned();
    parts.uri = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    parts.version = Version::HTTP_11;
    upgrade.is_some()
}

/// The same head for a server that speaks HTTP/2.
pub(super) fn for_h2(parts: &mut Parts, target: &Target) {
    let host = parts.headers.remove(header::HOST);
    let authority = host
        .and_then(|host| host.to_str().ok()?.parse().ok())
        .unwrap_or_else(|| target.authority.clone());
    let mut uri = std::mem::take(&mut parts.uri).into_parts();
    uri.scheme = Some(target.scheme.clone());
    uri.authority = Some(authority);
    parts.uri = Uri::from_parts(uri).unwrap_or_default();
    parts.version = Version::HTTP_2;
}

/// Removes hop-by-hop fields, RFC 9110 section 7.6.1, from a request or a response.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH)
        .filter(|name| *name != header::TE && *name != header::CONNECTION)
        .collect();
    for name in named {
        headers.remove(name);
    }
    let trailers = headers.get(header::TE).is_some_and(accepts_trailers);
    for name in [
        header::CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::EXPECT,
    ] {
        headers.remove(name);
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

fn accepts_trailers(te: &HeaderValue) -> bool {
    let mut tokens = te.as_bytes().split(|&byte| byte == b',');
    tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

fn wanted_upgrade(headers: &HeaderMap, upgrades: &[String]) -> Option<HeaderValue> {
    let wanted = headers.get(header::UPGRADE)?;
    let mut tokens = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    let asked = tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
    let known = upgrades
        .iter()
        .any(|own| wanted.as_bytes().eq_ignore_ascii_case(own.as_bytes()));
    (asked && known).then(|| wanted.clone())
}

/// Whether a name only differs from one of ours in writing `_` for `-`.
fn imitates(name: &HeaderName) -> bool {
    let same = |own: &HeaderName| {
        let (own, name) = (own.as_str(), name.as_str());
        own.len() == name.len()
            && own
                .bytes()
                .zip(name.bytes())
                .all(|(a, b)| a == b || (a == b'-' && b == b'_'))
    };
    name.as_str().contains('_') && OURS.iter().any(same)
}

/// The host the caller asked for; a trusted proxy may know a better one.
fn forwarded_host(parts: &Parts, exchange: &Exchange) -> Option<HeaderValue> {
    let said = parts.headers.get(&X_FORWARDED_HOST);
    if let (Some(said), true) = (said, exchange.behind_proxy()) {
        return Some(said.clone());
    }
    let own = parts.headers.get(header::HOST).cloned();
    own.or_else(|| HeaderValue::from_str(parts.uri.authority()?.as_str()).ok())
}

/// A short text as a field's value, written without a string between; `None` when it is too long.
fn value(text: std::fmt::Arguments<'_>) -> Option<HeaderValue> {
    let mut buffer = [0_u8; 128];
    let mut rest = &mut buffer[..];
    rest.write_fmt(text).ok()?;
    let left = rest.len();
    let length = buffer.len() - left;
    HeaderValue::from_bytes(buffer.get(..length)?).ok()
}

fn sign(headers: &mut HeaderMap, exchange: &Exchange, host: Option<HeaderValue>) {
    let client = exchange.client();
    let peer = exchange.connection().peer.ip().to_canonical();
    let caller = value(format_args!("{client}"));
    let chain = if client == peer {
        caller.clone()
    } else {
        value(format_args!("{client}, {peer}"))
    };
    if let (Some(caller), Some(chain)) = (caller, chain) {
        headers.insert(X_REAL_IP, caller);
        headers.insert(X_FORWARDED_FOR, chain);
    }
    let proto = if exchange.secure() { "https" } else { "http" };
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(proto));
    if let Some(host) = host {
        headers.insert(X_FORWARDED_HOST, host);
    }
    if let Ok(id) = HeaderValue::from_bytes(&exchange.id().text()) {
        headers.insert(X_REQUEST_ID, id);
    }
}

/// HTTP/2 sends cookies in several fields; HTTP/1 servers expect one. RFC 9113 section 8.2.3.
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let lines: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(|v| v.as_bytes())
        .collect();
    if let Ok(value) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
        headers.insert(header::COOKIE, value);
    }
}
