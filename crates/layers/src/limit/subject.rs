use std::borrow::Cow;
use std::net::IpAddr;

use babyshield_limit::{Part, Subject};
use http::{HeaderMap, Request, header};

use super::json;
use crate::{Exchange, Treatment};

/// A request as limits see it.
pub(super) struct RequestSubject<'a> {
    client: IpAddr,
    route: Option<&'a str>,
    path: &'a str,
    fields: &'a HeaderMap,
    body: &'a [u8],
}

impl<'a> RequestSubject<'a> {
    pub(super) fn new<B>(
        exchange: &Exchange,
        treatment: &'a Treatment,
        request: &'a Request<B>,
        body: &'a [u8],
    ) -> Self {
        Self {
            client: exchange.client(),
            route: treatment.route.as_deref(),
            path: request.uri().path(),
            fields: request.headers(),
            body,
        }
    }

    fn header(&self, name: &str) -> Option<&'a [u8]> {
        let lines = self.fields.get_all(name).iter();
        only(lines.map(|line| line.as_bytes()))
    }

    fn cookie(&self, name: &str) -> Option<&'a [u8]> {
        let lines = self.fields.get_all(header::COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
        only(pairs.filter_map(|pair| {
            let at = pair.iter().position(|&byte| byte == b'=')?;
            let (own, value) = pair.split_at_checked(at)?;
            let matches = own.trim_ascii() == name.as_bytes();
            matches.then(|| value.get(1..).unwrap_or_default().trim_ascii())
        }))
    }

    fn body_field(&self, path: &str) -> Option<Cow<'a, [u8]>> {
        let kind = self.fields.get(header::CONTENT_TYPE);
        let kind = kind.map_or(&b""[..], |kind| kind.as_bytes());
        let form = b"application/x-www-form-urlencoded";
        if kind
            .get(..form.len())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(form))
        {
            return form_field(self.body, path);
        }
        match json::field(self.body, path) {
            Some(found) => found.map(Cow::Owned),
            None => form_field(self.body, path),
        }
    }
}

impl Subject for RequestSubject<'_> {
    fn address(&self) -> IpAddr {
        self.client
    }

    fn value(&self, part: &Part) -> Option<Cow<'_, [u8]>> {
        match part {
            Part::Header(name) => self.header(name).map(Cow::Borrowed),
            Part::Cookie(name) => self.cookie(name).map(Cow::Borrowed),
            Part::Body(field) => self.body_field(field),
            Part::Path => Some(Cow::Borrowed(self.path.as_bytes())),
            Part::Route => self.route.map(|route| Cow::Borrowed(route.as_bytes())),
            // Claims come with the layer that verifies tokens; the other two are never asked for.
            Part::Jwt(_) | Part::Ip | Part::Global => None,
        }
    }
}

/// The value, where there is just one. Of several, nobody knows which the server behind goes by, so
/// that a caller could count as somebody else each time.
fn only<T>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// A field of a form body, decoded.
fn form_field(body: &[u8], name: &str) -> Option<Cow<'static, [u8]>> {
    let pairs = body.split(|&byte| byte == b'&');
    only(pairs.filter_map(|pair| {
        let at = pair.iter().position(|&b| b == b'=').unwrap_or(pair.len());
        let (own, value) = pair.split_at_checked(at)?;
        let value = value.get(1..).unwrap_or_default();
        (decode(own) == name.as_bytes()).then(|| Cow::Owned(decode(value)))
    }))
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_encoding::percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Option<Cow<'_, [u8]>>) -> Option<String> {
        value.map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    #[test]
    fn form_fields_are_found_where_there_is_just_one() {
        let email = Some("ann@x.org".to_owned());
        assert_eq!(text(form_field(b"a=1&email=ann%40x.org", "email")), email);
        assert_eq!(text(form_field(b"%65mail=ann@x.org", "email")), email);
        assert_eq!(text(form_field(b"email=a&x=1&email=b", "email")), None);
        assert_eq!(text(form_field(b"", "email")), None);
    }
}
