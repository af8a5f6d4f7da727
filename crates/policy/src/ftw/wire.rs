//! Requests read leniently, so that rules about malformed requests, which a strict server refuses
//! before any rule, can be judged too.

use babyshield_waf::{Decision, Transaction};

use super::{Answer, Asked};

/// A request taken apart with as much good will as there can be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    line: [&'a [u8]; 3],
    headers: Vec<(&'a [u8], &'a [u8])>,
    body: Vec<u8>,
}

impl<'a> Request<'a> {
    pub(super) fn read(wire: &'a [u8]) -> Self {
        let mut rest = wire;
        let line = request_line(next_line(&mut rest));
        let mut headers = Vec::new();
        while !rest.is_empty() {
            let field = next_line(&mut rest);
            if field.is_empty() {
                break;
            }
            let at = field.iter().position(|&b| b == b':');
            let (name, value) = field.split_at(at.unwrap_or(field.len()));
            let value = value.get(1..).unwrap_or_default();
            headers.push((name, value.trim_ascii()));
        }
        let field = |wanted: &[u8]| {
            let mut found = headers
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.next().map(|(_, value)| *value)
        };
        let chunked = field(b"transfer-encoding").is_some();
        let length = field(b"content-length")
            .and_then(|value| std::str::from_utf8(value).ok())
            .and_then(|value| value.parse::<usize>().ok());
        if chunked {
            // As RFC 9112 §6.3 asks of a server that goes on with such a request.
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
        }
        let body = match (chunked, length) {
            (true, _) => dechunk(rest),
            (false, Some(length)) => rest.get(..length).unwrap_or(rest).to_vec(),
            // RFC 9112 §6.3: without either there is no body, whatever follows.
            (false, None) => Vec::new(),
        };
        Self {
            line,
            headers,
            body,
        }
    }

    /// Phases 1 and 2.
    pub(super) fn pass(&self, transaction: &mut Transaction) -> Decision {
        let [method, target, version] = self.line;
        transaction.request_line(method, target, version);
        for (name, value) in &self.headers {
            transaction.request_header(name, value);
        }
        let head = transaction.request_head_end();
        if head != Decision::Continue {
            return head;
        }
        if transaction.wants_request_body() {
            let body = transaction.request_body(&self.body);
            if body != Decision::Continue {
                return body;
            }
        }
        transaction.request_end()
    }

    /// What an upstream would be asked.
    pub(super) fn asked(&self) -> Asked {
        let [method, target, _] = self.line;
        Asked {
            is_head: method == b"HEAD",
            target: String::from_utf8_lossy(target).into_owned(),
            body: self.body.clone(),
        }
    }
}

impl Answer {
    /// Phases 3 and 4.
    pub(super) fn pass(&self, transaction: &mut Transaction) {
        transaction.response_line(self.status, b"HTTP/1.1");
        for (name, value) in &self.fields {
            transaction.response_header(name.as_bytes(), value.as_bytes());
        }
        if transaction.response_head_end() == Decision::Continue {
            if transaction.wants_response_body() {
                transaction.response_body(&self.body);
            }
            transaction.response_end();
        }
    }
}

/// The next line without its end.
fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|&b| b == b'\n');
    let (line, after) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
    *rest = after;
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Method up to the first space, version after the last, the target all between.
fn request_line(line: &[u8]) -> [&[u8]; 3] {
    let first = line.iter().position(|&b| b == b' ');
    let (method, rest) = line.split_at(first.unwrap_or(line.len()));
    let rest = rest.get(1..).unwrap_or_default();
    let last = rest.iter().rposition(|&b| b == b' ');
    let (target, version) = rest.split_at(last.unwrap_or(rest.len()));
    [method, target, version.get(1..).unwrap_or_default()]
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while !rest.is_empty() {
        let size = next_line(&mut rest);
        let digits = size.split(|&b| b == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(digits.trim_ascii())
            .ok()
            .and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size) = size.filter(|&size| size > 0) else {
            break;
        };
        let (chunk, after) = rest.split_at(size.min(rest.len()));
        body.extend_from_slice(chunk);
        rest = after;
        next_line(&mut rest);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_request_is_still_taken_apart() {
        let request = Request::read(b"GET /a b c HTTP/1.1\nHost:x\r\nOdd\r\n\r\nno body");
        assert_eq!(request.line, [&b"GET"[..], b"/a b c", b"HTTP/1.1"]);
        assert_eq!(request.headers, [(&b"Host"[..], &b"x"[..]), (b"Odd", b"")]);
        assert_eq!(request.body, b"");
    }

    #[test]
    fn the_body_ends_where_its_framing_says() {
        let length = Request::read(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc");
        assert_eq!(length.body, b"ab");
        let chunked = Request::read(
            b"POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n\
              2\r\nab\r\n0\r\n",
        );
        assert_eq!(chunked.body, b"ab");
        assert_eq!(chunked.headers.len(), 1);
    }
}
