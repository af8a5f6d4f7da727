//! The requests an exclusion is about: those of the same method and path, whatever ids are in it.

use super::recorded::Recorded;
use crate::read::Text as _;
use crate::spec::{Part, Pattern};

/// The narrowest pattern that stands for requests like this one: the policy's route where that
/// names every part of the path, else the path itself with its ids left open.
pub(super) fn of(recorded: &Recorded) -> Pattern {
    let method = String::from_utf8_lossy(&recorded.request.method).into_owned();
    let path = String::from_utf8_lossy(recorded.request.path()).into_owned();
    let route = recorded.route.as_deref().map(Pattern::parse);
    let mut pattern = match route {
        Some(Ok(own)) if !own.path.contains(&Part::Rest) => own,
        _ => Pattern {
            path: parts(&path),
            ..Pattern::all()
        },
    };
    let is_plain = method.bytes().all(|byte| byte.is_ascii_uppercase());
    if !method.is_empty() && is_plain {
        pattern.methods = vec![method];
    }
    pattern
}

fn parts(path: &str) -> Vec<Part> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path
        .strip_suffix('/')
        .filter(|path| !path.is_empty())
        .unwrap_or(path);
    let part = |text: &str| match text {
        "" => Part::Text(String::new()),
        text if is_id(text) || !is_plain(text) => Part::Any(None),
        text => Part::Text(text.to_owned()),
    };
    path.split('/').map(part).collect()
}

/// Whether it can stand in a pattern as it is.
fn is_plain(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().all(allowed) && !text.starts_with('.')
}

/// Whether a part of a path names one of many things: a number, a UUID, a long identifier.
fn is_id(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    digits == text.len() || (digits > 0 && (text.len() >= 20 || is_hex && text.len() >= 8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Request;

    fn route(line: &str, route: Option<&str>) -> String {
        let request = Request::parse(format!("{line} HTTP/1.1\n\n").as_bytes()).expect("a request");
        let mut recorded = Recorded::whole(request);
        recorded.route = route.map(str::to_owned);
        let pattern = of(&recorded);
        let text = pattern.text();
        assert_eq!(Pattern::parse(&text).as_ref(), Ok(&pattern), "{text}");
        text
    }

    #[test]
    fn ids_are_left_open_and_names_are_kept() {
        for (line, expected) in [
            ("GET /?q=1", "GET /"),
            ("POST /v1/notes/", "POST /v1/notes"),
            ("GET /v1/users/42/files", "GET /v1/users/*/files"),
            (
                "GET /v2/x/123e4567-e89b-12d3-a456-426614174000",
                "GET /v2/x/*",
            ),
            ("GET /a/%3Cscript%3E", "GET /a/*"),
            ("GET /deadbeef", "GET /deadbeef"),
        ] {
            assert_eq!(route(line, None), expected);
        }
    }

    #[test]
    fn a_route_of_the_policy_is_taken_unless_it_takes_all() {
        assert_eq!(route("GET /a/b", Some("/a/*")), "GET /a/*");
        assert_eq!(route("GET /a/b", Some("x.org/a/{c}")), "GET x.org/a/{c}");
        assert_eq!(route("GET /a/b", Some("/a/**")), "GET /a/b");
    }
}
