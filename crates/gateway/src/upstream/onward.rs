//! The request head as the upstream gets it.

use std::collections::HashSet;
use std::io::Write;
use std::net::IpAddr;

use babyshield_layers::Exchange;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{Request, Uri, Version};

use super::Server;
use super::single::put_field;
use crate::spec::Host;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Fields that only we may write toward the upstream. Some servers read `X_Real_IP` as
/// `X-Real-IP`, so that those spellings are taken away too.
const OURS: [&str; 7] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    "x-request-id",
    "forwarded",
];

/// A request as the upstream gets it: without what concerns one connection only, without what
/// only we may say, and with what we know of the caller.
pub(super) struct Onward<'a> {
    pub(super) parts: &'a Parts,
    pub(super) exchange: &'a Exchange,
    /// The protocol an upgrade was asked for, if it is passed on.
    pub(super) upgrade: Option<&'a HeaderValue>,
    pub(super) server: &'a Server,
    /// Which host is named.
    pub(super) host: Host,
}

impl Onward<'_> {
    /// Writes the head for a server that speaks HTTP/1, but for the body's length.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.parts.method.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.target().as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\nhost: ");
        out.extend_from_slice(self.host());
        out.extend_from_slice(b"\r\n");
        self.fields(|name, value| put_field(out, name.as_bytes(), value));
        if let Some(protocol) = self.upgrade {
            put_field(out, b"connection", b"upgrade");
            put_field(out, b"upgrade", protocol.as_bytes());
        }
    }

    /// The same head for a server that speaks HTTP/2; an upgrade is an HTTP/1 matter.
    pub(super) fn for_h2<B>(&self, body: B) -> Request<B> {
        let target = &self.server.target;
        let authority = Authority::try_from(self.host());
        let mut uri = Uri::default().into_parts();
        uri.scheme = Some(target.scheme.clone());
        uri.authority = Some(authority.unwrap_or_else(|_| target.authority.clone()));
        uri.path_and_query = PathAndQuery::try_from(self.target()).ok();
        let mut request = Request::new(body);
        *request.method_mut() = self.parts.method.clone();
        *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
        *request.version_mut() = Version::HTTP_2;
        let headers = request.headers_mut();
        self.fields(|name, value| {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        });
        request
    }

    fn target(&self) -> &str {
        let target = self.parts.uri.path_and_query();
        target.map_or("/", PathAndQuery::as_str)
    }

    /// The host the caller asked for, or the server's own where that is wanted.
    fn host(&self) -> &[u8] {
        let server = self.server.host.as_bytes();
        if self.host == Host::Server {
            return server;
        }
        asked_host(self.parts).unwrap_or(server)
    }

    /// Every field but `host`, those about the body's length and those of an upgrade.
    fn fields(&self, mut put: impl FnMut(&str, &[u8])) {
        let headers = &self.parts.headers;
        let named = named(headers);
        let mut trailers = false;
        let mut cookies = Cookies::None;
        for (name, value) in headers {
            match name.as_str() {
                "host" | "content-length" | "transfer-encoding" => {}
                "connection" | "keep-alive" | "proxy-connection" | "upgrade" | "expect" => {}
                "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto"
                | "x-forwarded-port" | "x-real-ip" | "x-request-id" | "forwarded" => {}
                "te" => trailers |= accepts_trailers(value),
                _ if named.as_ref().is_some_and(|named| named.contains(name)) => {}
                "cookie" => cookies.add(value.as_bytes()),
                name if imitates(name) => {}
                name => put(name, value.as_bytes()),
            }
        }
        match cookies {
            Cookies::None => {}
            Cookies::One(line) => put("cookie", line),
            Cookies::Joined(line) => put("cookie", &line),
        }
        if trailers {
            put("te", b"trailers");
        }
        self.sign(put);
    }

    fn sign(&self, mut put: impl FnMut(&str, &[u8])) {
        let exchange = self.exchange;
        let client = exchange.client();
        let peer = exchange.connection().peer.ip().to_canonical();
        let mut caller = Text::default();
        caller.address(client);
        put("x-real-ip", caller.bytes());
        if client != peer {
            caller.put(b", ");
            caller.address(peer);
        }
        put("x-forwarded-for", caller.bytes());
        let proto: &[u8] = if exchange.secure() { b"https" } else { b"http" };
        put("x-forwarded-proto", proto);
        let said = self.parts.headers.get(X_FORWARDED_HOST);
        let said = said.filter(|_| exchange.behind_proxy());
        let host = said.map(HeaderValue::as_bytes);
        if let Some(host) = host.or_else(|| asked_host(self.parts)) {
            put("x-forwarded-host", host);
        }
        put("x-request-id", &exchange.id().text());
    }
}

/// The host the caller named, in a field or in the target.
fn asked_host(parts: &Parts) -> Option<&[u8]> {
    let field = parts.headers.get(header::HOST);
    let authority = || Some(parts.uri.authority()?.as_str().as_bytes());
    field.map(HeaderValue::as_bytes).or_else(authority)
}

/// `Cookie` lines. HTTP/2 sends them in several fields, HTTP/1 servers expect one. RFC 9113
/// section 8.2.3.
enum Cookies<'a> {
    None,
    One(&'a [u8]),
    Joined(Vec<u8>),
}

impl<'a> Cookies<'a> {
    fn add(&mut self, line: &'a [u8]) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One(line),
            Self::One(first) => Self::Joined([first, line].join(&b"; "[..])),
            Self::Joined(mut lines) => {
                lines.extend_from_slice(b"; ");
                lines.extend_from_slice(line);
                Self::Joined(lines)
            }
        };
    }
}

/// A short text, written without an allocation: two addresses fit.
struct Text {
    buffer: [u8; 128],
    length: usize,
}

impl Default for Text {
    fn default() -> Self {
        let (buffer, length) = ([0; 128], 0);
        Self { buffer, length }
    }
}

impl Text {
    /// An address has at most 58 characters, with its scope.
    fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => {
                for (at, octet) in address.octets().into_iter().enumerate() {
                    self.put(if at == 0 { b"" } else { b"." });
                    self.octet(octet);
                }
            }
            IpAddr::V6(address) => {
                let mut rest = self.buffer.get_mut(self.length..).unwrap_or_default();
                let before = rest.len();
                write!(rest, "{address}").unwrap_or_default();
                self.length += before - rest.len();
            }
        }
    }

    fn octet(&mut self, octet: u8) {
        let digits = [octet / 100, octet / 10 % 10, octet % 10].map(|digit| b'0' + digit);
        let from = usize::from(octet < 100) + usize::from(octet < 10);
        self.put(digits.get(from..).unwrap_or_default());
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.buffer.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

/// Fields that `Connection` names as its own, RFC 9110 section 7.6.1, if there are any.
fn named(headers: &HeaderMap) -> Option<HashSet<HeaderName>> {
    let mut named = HashSet::new();
    for line in headers.get_all(header::CONNECTION) {
        for token in line.as_bytes().split(|&byte| byte == b',') {
            let token = token.trim_ascii();
            let usual = [&b"keep-alive"[..], b"close", b"upgrade", b"te"];
            if usual.iter().any(|own| token.eq_ignore_ascii_case(own)) {
                continue;
            }
            named.extend(HeaderName::from_bytes(token));
        }
    }
    (!named.is_empty()).then_some(named)
}

fn accepts_trailers(te: &HeaderValue) -> bool {
    let mut tokens = te.as_bytes().split(|&byte| byte == b',');
    tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

/// The protocol an upgrade is asked for, if it is one of those passed on.
pub(super) fn wanted_upgrade(headers: &HeaderMap, upgrades: &[String]) -> Option<HeaderValue> {
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
fn imitates(name: &str) -> bool {
    let same = |own: &str| {
        let pairs = own.bytes().zip(name.bytes());
        own.len() == name.len()
            && pairs
                .into_iter()
                .all(|(a, b)| a == b || (a == b'-' && b == b'_'))
    };
    name.contains('_') && OURS.iter().any(|own| same(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_everybody_writes_them() {
        let all = (0..=255).map(|octet| IpAddr::from([octet, 255 - octet, octet / 2, 0]));
        let six = [
            "2001:db8::7",
            "::1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ];
        let six = six.into_iter().map(|text| text.parse().unwrap());
        for address in all.chain(six) {
            let mut text = Text::default();
            text.address(address);
            text.put(b", ");
            text.address(address);
            assert_eq!(text.bytes(), format!("{address}, {address}").as_bytes());
        }
    }
}
