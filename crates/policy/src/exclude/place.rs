//! Where a field stands in a request, and the same request with another value there.

use serde_json::{Map, Value};

use crate::replay::Request;
use crate::spec::Field;

/// Where a field's value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A parameter of the query.
    Query(Vec<u8>),
    /// A field of a form body.
    Form(Vec<u8>),
    /// A member of a JSON body, by the name that rules give it.
    Json(String),
    Header(Vec<u8>),
    Cookie(Vec<u8>),
    /// The last part of the path.
    Path,
    /// The query as a whole.
    WholeQuery,
    /// The body as a whole.
    Body,
    /// Text of an XML body.
    Xml,
    /// It cannot be given another value: it is a name, or it is made of something else.
    Fixed,
}

/// How rules name what they find in JSON.
const JSON: &str = "json";
/// Elements of a list that is made up around a value.
const MAX_ELEMENTS: usize = 64;

impl Place {
    /// Where `field` stands in `request`.
    pub(super) fn of(field: &Field, request: &Request) -> Self {
        let name = field.name.clone().unwrap_or_default();
        match field.variable.as_str() {
            "ARGS_GET" if !name.is_empty() => Self::Query(name.into_bytes()),
            "ARGS" | "ARGS_POST" if !name.is_empty() => Self::argument(name, field, request),
            "ARGS" | "ARGS_GET" | "QUERY_STRING" | "REQUEST_URI" | "REQUEST_URI_RAW"
            | "REQUEST_LINE" => Self::WholeQuery,
            "REQUEST_HEADERS" if !name.is_empty() => Self::Header(name.into_bytes()),
            "REQUEST_COOKIES" if !name.is_empty() => Self::Cookie(name.into_bytes()),
            "REQUEST_FILENAME" | "REQUEST_BASENAME" | "PATH_INFO" => Self::Path,
            "REQUEST_BODY" | "FULL_REQUEST" => Self::Body,
            "TX" if name.eq_ignore_ascii_case("raw_body") => Self::Body,
            "XML" => Self::Xml,
            _ => Self::Fixed,
        }
    }

    fn argument(name: String, field: &Field, request: &Request) -> Self {
        let is_json = name == JSON || name.starts_with("json.");
        let in_query =
            pairs(query(request)).any(|(own, _)| decode(own).eq_ignore_ascii_case(name.as_bytes()));
        if field.variable == "ARGS" && in_query {
            Self::Query(name.into_bytes())
        } else if is_json && has_json(request) {
            Self::Json(name)
        } else {
            Self::Form(name.into_bytes())
        }
    }

    /// The value there, decoded as rules get it before they transform it.
    pub(super) fn value(&self, request: &Request) -> Option<Vec<u8>> {
        let argument = |text, name: &[u8]| {
            let found = pairs(text).find(|(own, _)| decode(own).eq_ignore_ascii_case(name));
            found.map(|(_, value)| decode(value))
        };
        match self {
            Self::Query(name) => argument(query(request), name),
            Self::Form(name) => argument(&request.body, name),
            Self::Json(name) => {
                let mut body: Value = serde_json::from_slice(&request.body).ok()?;
                Some(match member(&mut body, name.strip_prefix(JSON)?)? {
                    Value::String(text) => text.clone().into_bytes(),
                    other => other.to_string().into_bytes(),
                })
            }
            Self::Header(name) => {
                let name = std::str::from_utf8(name).ok()?;
                request.header(name).map(<[u8]>::to_vec)
            }
            Self::Cookie(name) => cookies(request.header("cookie")?)
                .find(|(own, _)| own.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_vec()),
            Self::Body => Some(request.body.clone()),
            Self::WholeQuery => Some(query(request).to_vec()),
            Self::Path => Some(request.path().to_vec()),
            Self::Xml | Self::Fixed => None,
        }
    }

    /// The same request with `value` there; `None` where that cannot be.
    pub(super) fn put(&self, request: &Request, value: &[u8]) -> Option<Request> {
        let mut own = request.clone();
        match self {
            Self::Query(name) => set_query(&mut own, &with(query(request), name, value)),
            Self::WholeQuery => set_query(&mut own, &encode(value)),
            Self::Form(name) => {
                let is_form = kind(request).starts_with(b"application/x-www-form-urlencoded");
                let before = if is_form {
                    request.body.as_slice()
                } else {
                    b""
                };
                own.body = with(before, name, value);
                set_header(
                    &mut own,
                    "Content-Type",
                    b"application/x-www-form-urlencoded",
                );
            }
            Self::Json(name) => {
                let mut body: Value = serde_json::from_slice(&request.body).ok()?;
                let text = String::from_utf8_lossy(value).into_owned();
                *member(&mut body, name.strip_prefix(JSON)?)? = Value::String(text);
                own.body = body.to_string().into_bytes();
            }
            Self::Header(name) => {
                // A line end would make it another request.
                let is_line = !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
                set_header(
                    &mut own,
                    std::str::from_utf8(name).ok()?,
                    is_line.then_some(value)?,
                );
            }
            Self::Cookie(name) => {
                let bad = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0 | b';');
                let others = cookies(request.header("cookie").unwrap_or_default());
                let others = others.filter(|(own, _)| !own.eq_ignore_ascii_case(name));
                let value = (!value.iter().any(bad)).then_some(value)?;
                let all: Vec<Vec<u8>> = others
                    .chain([(name.as_slice(), value)])
                    .map(|(name, value)| [name, b"=", value].concat())
                    .collect();
                set_header(&mut own, "Cookie", &all.join(&b"; "[..]));
            }
            Self::Path => {
                let path = request.path();
                let end = path.iter().rposition(|&byte| byte == b'/')? + 1;
                own.target = [path.get(..end)?, &encode(value)].concat();
            }
            Self::Body => own.body = value.to_vec(),
            Self::Xml => {
                let text = String::from_utf8_lossy(value)
                    .replace('&', "&amp;")
                    .replace('<', "&lt;");
                own.body = format!("<a>{text}</a>").into_bytes();
            }
            Self::Fixed => return None,
        }
        own.settle_length();
        Some(own)
    }
}

/// The query of a request, without its `?`.
fn query(request: &Request) -> &[u8] {
    let at = request.target.iter().position(|&byte| byte == b'?');
    at.and_then(|at| request.target.get(at + 1..))
        .unwrap_or_default()
}

fn set_query(request: &mut Request, query: &[u8]) {
    let end = request.target.iter().position(|&byte| byte == b'?');
    request.target.truncate(end.unwrap_or(request.target.len()));
    request.target.push(b'?');
    request.target.extend_from_slice(query);
}

fn kind(request: &Request) -> Vec<u8> {
    request
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase()
}

fn has_json(request: &Request) -> bool {
    serde_json::from_slice::<Value>(&request.body).is_ok()
}

pub(super) fn set_header(request: &mut Request, name: &str, value: &[u8]) {
    request
        .headers
        .retain(|(own, _)| !own.eq_ignore_ascii_case(name.as_bytes()));
    request
        .headers
        .push((name.as_bytes().to_vec(), value.to_vec()));
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|&byte| byte == b'&')
        .filter(|part| !part.is_empty())
        .map(|part| split(part, b'='))
}

fn cookies(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|&byte| byte == b';')
        .map(|part| split(part.trim_ascii(), b'='))
}

fn split(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|&byte| byte == at) {
        Some(end) => (
            text.get(..end).unwrap_or_default(),
            text.get(end + 1..).unwrap_or_default(),
        ),
        None => (text, b""),
    }
}

/// A form with one argument set, the others as they were.
fn with(text: &[u8], name: &[u8], value: &[u8]) -> Vec<u8> {
    let others = pairs(text).filter(|(own, _)| !decode(own).eq_ignore_ascii_case(name));
    let mut all: Vec<Vec<u8>> = others
        .map(|(name, value)| [name, b"=", value].concat())
        .collect();
    all.push([encode(name).as_slice(), b"=", &encode(value)].concat());
    all.join(&b"&"[..])
}

fn decode(text: &[u8]) -> Vec<u8> {
    let hex = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match (byte, hex(text.get(at)), hex(text.get(at + 1))) {
            (b'%', Some(high), Some(low)) => {
                out.extend(u8::try_from(high * 16 + low));
                at += 2;
            }
            (b'+', _, _) => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out
}

fn encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 3);
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// The member that rules call `json` and this path: `.a.array_0`.
fn member<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let Some(path) = path.strip_prefix('.') else {
        return path.is_empty().then_some(value);
    };
    match value {
        Value::Object(members) => {
            // A key may have a dot in it.
            let fits = |key: &&String| {
                let rest = path.strip_prefix(key.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let key = members
                .keys()
                .filter(fits)
                .max_by_key(|key| key.len())?
                .clone();
            member(members.get_mut(&key)?, path.get(key.len()..)?)
        }
        Value::Array(elements) => {
            let rest = path.strip_prefix("array_")?;
            let end = rest.find('.').unwrap_or(rest.len());
            let at: usize = rest.get(..end)?.parse().ok()?;
            member(elements.get_mut(at)?, rest.get(end..)?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A JSON body in which the member of this name has this value, and what was there before.
pub(super) fn json_with(body: Value, name: &str, value: &str) -> Option<Value> {
    let mut body = body;
    let mut at = &mut body;
    for part in name
        .strip_prefix(JSON)?
        .split('.')
        .filter(|part| !part.is_empty())
    {
        match part
            .strip_prefix("array_")
            .and_then(|own| own.parse::<usize>().ok())
        {
            Some(index) if index < MAX_ELEMENTS => {
                if !at.is_array() {
                    *at = Value::Array(Vec::new());
                }
                let list = at.as_array_mut()?;
                list.resize(list.len().max(index + 1), Value::Null);
                at = list.get_mut(index)?;
            }
            _ => {
                if !at.is_object() {
                    *at = Value::Object(Map::new());
                }
                at = at.as_object_mut()?.entry(part).or_insert(Value::Null);
            }
        }
    }
    *at = Value::String(value.to_owned());
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Text as _;

    fn request(text: &str) -> Request {
        Request::parse(text.as_bytes()).expect("a request")
    }

    /// The place of a field, and what the request becomes with `x<` there.
    fn put(field: &str, text: &str) -> (Option<String>, String) {
        let request = request(text);
        let place = Place::of(&Field::parse(field).expect("a field"), &request);
        let value = place.value(&request);
        let other = place.put(&request, b"x<").expect("another request");
        assert_ne!(other, request);
        (
            value.map(|value| String::from_utf8_lossy(&value).into_owned()),
            String::from_utf8_lossy(&[other.target, other.body].join(&b' ')).into_owned(),
        )
    }

    #[test]
    fn a_value_is_found_and_replaced_where_it_stands() {
        let form =
            "POST /a?b=1 HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\nt=a%20b&u=2";
        let json =
            "POST /a HTTP/1.1\nContent-Type: application/json\n\n{\"a.b\":{\"c\":[1,\"v\"]}}";
        for (field, text, value, other) in [
            (
                "ARGS:q",
                "GET /a?p=1&q=%27+x HTTP/1.1\n\n",
                "' x",
                "/a?p=1&q=x%3C ",
            ),
            ("ARGS:t", form, "a b", "/a?b=1 u=2&t=x%3C"),
            ("ARGS:b", form, "1", "/a?b=x%3C t=a%20b&u=2"),
            (
                "ARGS:json.a.b.c.array_1",
                json,
                "v",
                "/a {\"a.b\":{\"c\":[1,\"x<\"]}}",
            ),
            (
                "REQUEST_FILENAME",
                "GET /a/b?c HTTP/1.1\n\n",
                "/a/b",
                "/a/x%3C ",
            ),
        ] {
            assert_eq!(
                put(field, text),
                (Some(value.to_owned()), other.to_owned()),
                "{field}"
            );
        }
    }

    #[test]
    fn headers_and_cookies_take_no_line_ends() {
        let request = request("GET / HTTP/1.1\nCookie: a=1; b=2\nX-A: 1\n\n");
        let field = |text| Place::of(&Field::parse(text).expect("a field"), &request);
        let cookie = field("REQUEST_COOKIES:b").put(&request, b"'");
        assert_eq!(
            cookie.expect("a request").header("cookie"),
            Some(&b"a=1; b='"[..])
        );
        assert_eq!(field("REQUEST_COOKIES:b").put(&request, b"a;b"), None);
        assert_eq!(field("REQUEST_HEADERS:X-A").put(&request, b"a\r\nb"), None);
        assert_eq!(field("ARGS_NAMES:x").put(&request, b"a"), None);
    }
}
