//! A recorded request, and the reading of raw HTTP text.

/// A request as it was recorded, with everything the rules look at in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Vec<u8>,
    /// The request target as sent.
    pub target: Vec<u8>,
    /// The version, such as `HTTP/1.1`.
    pub version: Vec<u8>,
    /// Header lines in order, names in their case.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body after transfer decoding.
    pub body: Vec<u8>,
}

/// Why a record is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Request {
    /// The value of the first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| value.as_slice())
    }

    /// The path of the target, without query; of an absolute target without scheme and host.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        let target = strip_origin(&self.target).unwrap_or(&self.target);
        let end = target.iter().position(|byte| matches!(byte, b'?' | b'#'));
        target
            .get(..end.unwrap_or(target.len()))
            .unwrap_or_default()
    }

    /// Reads raw HTTP text as people and tools record it: lines may end in LF alone, the version,
    /// the `Content-Length` and the line end behind the body may be missing or one too many.
    ///
    /// # Errors
    /// When there is no request line or a header line has no colon.
    pub fn parse(text: &[u8]) -> Result<Self, Unreadable> {
        let start = text.iter().position(|byte| !byte.is_ascii_whitespace());
        let text = text.get(start.unwrap_or(text.len())..).unwrap_or_default();
        let (line, mut rest) = next_line(text);
        let (method, target, version) = request_line(line)?;
        let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut number = 1;
        while !rest.is_empty() {
            let (line, after) = next_line(rest);
            rest = after;
            number += 1;
            match line {
                [] => break,
                [b' ' | b'\t', ..] => fold(&mut headers, line),
                _ => headers.push(header(line, number)?),
            }
        }
        let mut request = Self {
            method,
            target,
            version,
            headers,
            body: rest.to_vec(),
        };
        let bare = !text.windows(2).any(|pair| pair == b"\r\n");
        request.settle_body(bare);
        Ok(request)
    }

    /// Makes body and headers agree where recording made them disagree. `bare` says that the
    /// record has LF alone where the wire had CRLF.
    pub(super) fn settle_body(&mut self, bare: bool) {
        let kind = self.header("content-type").unwrap_or_default();
        let multipart = kind.to_ascii_lowercase().starts_with(b"multipart/");
        if self.is_chunked() {
            if let Some(body) = unchunk(&self.body) {
                self.body = body;
            }
            return;
        }
        if bare && multipart && !self.body.contains(&b'\r') {
            self.body = with_crlf(&self.body);
            self.set_length();
            return;
        }
        let declared = self
            .header("content-length")
            .and_then(|text| std::str::from_utf8(text).ok()?.trim().parse::<usize>().ok());
        match declared {
            Some(length) => {
                let surplus = self.body.get(length..).unwrap_or_default();
                if surplus.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                    self.body.truncate(length);
                }
            }
            None => {
                let end = self.body.strip_suffix(b"\n").unwrap_or(&self.body);
                let end = end.strip_suffix(b"\r").unwrap_or(end).len();
                self.body.truncate(end);
                let posts = [&b"POST"[..], b"PUT", b"PATCH"].contains(&self.method.as_slice());
                if self.header("content-length").is_none() && (posts || !self.body.is_empty()) {
                    self.set_length();
                }
            }
        }
    }

    /// Makes `Content-Length` say how long the body is, where there is one.
    pub(crate) fn settle_length(&mut self) {
        let declared = self.header("content-length").is_some();
        if !self.is_chunked() && (declared || !self.body.is_empty()) {
            self.set_length();
        }
    }

    fn is_chunked(&self) -> bool {
        let coding = self.header("transfer-encoding").unwrap_or_default();
        coding.to_ascii_lowercase().ends_with(b"chunked")
    }

    fn set_length(&mut self) {
        let length = self.body.len().to_string().into_bytes();
        let mut headers = self.headers.iter_mut();
        match headers.find(|(name, _)| name.eq_ignore_ascii_case(b"content-length")) {
            Some((_, value)) => *value = length,
            None => self.headers.push((b"Content-Length".to_vec(), length)),
        }
    }
}

/// What follows scheme and host of an absolute target.
pub(super) fn strip_origin(target: &[u8]) -> Option<&[u8]> {
    let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
    let scheme = if lower.starts_with(b"http://") {
        7
    } else if lower.starts_with(b"https://") {
        8
    } else {
        return None;
    };
    let rest = target.get(scheme..)?;
    let slash = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
    Some(slash.map_or(&b"/"[..], |slash| rest.get(slash..).unwrap_or_default()))
}

/// The next line without its end, and what follows it.
fn next_line(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b'\n', text) {
        Some(end) => {
            let line = text.get(..end).unwrap_or_default();
            let rest = text.get(end + 1..).unwrap_or_default();
            (line.strip_suffix(b"\r").unwrap_or(line), rest)
        }
        None => (text, b""),
    }
}

fn memchr(byte: u8, text: &[u8]) -> Option<usize> {
    text.iter().position(|&own| own == byte)
}

type RequestLine = (Vec<u8>, Vec<u8>, Vec<u8>);

/// A target may hold blanks, as attackers send them: the version is the last word.
fn request_line(line: &[u8]) -> Result<RequestLine, Unreadable> {
    let fault = || {
        let line = String::from_utf8_lossy(line.get(..80).unwrap_or(line)).into_owned();
        Unreadable(format!(
            "`{line}` is no request line such as `GET / HTTP/1.1`"
        ))
    };
    let space = memchr(b' ', line).ok_or_else(fault)?;
    let (method, rest) = line.split_at_checked(space).ok_or_else(fault)?;
    let rest = rest.get(1..).unwrap_or_default();
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if method.is_empty() || !method.iter().all(token) {
        return Err(fault());
    }
    let last = rest.iter().rposition(|&byte| byte == b' ');
    let split = last.and_then(|at| rest.split_at_checked(at));
    let (target, version) = match split {
        Some((target, version)) if version.trim_ascii().starts_with(b"HTTP/") => {
            (target, version.trim_ascii())
        }
        _ => (rest, &b"HTTP/1.1"[..]),
    };
    if target.is_empty() {
        return Err(fault());
    }
    Ok((method.to_vec(), target.to_vec(), version.to_vec()))
}

fn header(line: &[u8], number: usize) -> Result<(Vec<u8>, Vec<u8>), Unreadable> {
    let colon = memchr(b':', line).ok_or_else(|| {
        let line = String::from_utf8_lossy(line.get(..80).unwrap_or(line)).into_owned();
        Unreadable(format!("line {number} is no header: `{line}`"))
    })?;
    let (name, value) = line.split_at_checked(colon).unwrap_or((line, b""));
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    Ok((name.to_vec(), value.to_vec()))
}

/// A line that begins with a blank goes on with the header before it.
fn fold(headers: &mut [(Vec<u8>, Vec<u8>)], line: &[u8]) {
    if let Some((_, value)) = headers.last_mut() {
        value.push(b' ');
        value.extend_from_slice(line.trim_ascii());
    }
}

fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 16);
    for &byte in text {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

/// The body of chunks, or nothing where it is not written in chunks, as many recorders already
/// decode it.
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (line, after) = next_line(rest);
        let digits = line.split(|&byte| byte == b';').next()?.trim_ascii();
        let length = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(after.get(..length)?);
        rest = after.get(length..)?;
        rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        rest = rest.strip_prefix(b"\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Request {
        Request::parse(text.as_bytes()).expect("a request")
    }

    #[test]
    fn line_ends_of_both_kinds_read_the_same() {
        let unix = parse("POST /a?b HTTP/1.1\nHost: x\nContent-Length: 3\n\nabc\n");
        let wire = parse("POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(unix, wire);
        assert_eq!(unix.body, b"abc");
        assert_eq!(unix.path(), b"/a");
    }

    #[test]
    fn a_missing_content_length_is_supplied() {
        let request = parse("POST /a HTTP/1.1\nHost: x\n\nq=1\n");
        assert_eq!(request.body, b"q=1");
        assert_eq!(request.header("content-length"), Some(&b"3"[..]));
        assert_eq!(parse("GET /a HTTP/1.1\n\n").header("content-length"), None);
    }

    #[test]
    fn a_wrong_content_length_is_left_for_the_rules_to_see() {
        let request = parse("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nabc");
        assert_eq!(request.body, b"abc");
        assert_eq!(request.header("content-length"), Some(&b"1"[..]));
    }

    #[test]
    fn targets_may_have_blanks_and_versions_may_be_missing() {
        assert_eq!(parse("GET /a b c HTTP/1.0").target, b"/a b c");
        assert_eq!(parse("GET /a").version, b"HTTP/1.1");
        assert_eq!(parse("GET http://h:1/p?q HTTP/1.1").path(), b"/p");
        assert_eq!(parse("\r\n\r\nGET / HTTP/1.1").target, b"/");
    }

    #[test]
    fn chunked_bodies_are_joined_and_decoded_ones_left() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(
            parse(&format!("{head}3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n")).body,
            b"abcd"
        );
        assert_eq!(parse(&format!("{head}a=b")).body, b"a=b");
        assert_eq!(
            parse(&format!("{head}ffffffffffffffff\r\nx")).body.len(),
            19
        );
    }

    #[test]
    fn multipart_bodies_get_their_line_ends_back() {
        let request = parse(
            "POST / HTTP/1.1\nContent-Type: multipart/form-data; boundary=b\n\n--b\nx\n--b--\n",
        );
        assert_eq!(request.body, b"--b\r\nx\r\n--b--\r\n");
        assert_eq!(request.header("content-length"), Some(&b"15"[..]));
    }

    #[test]
    fn what_is_no_request_is_said() {
        for text in ["", "\n\n", "hello", "{\"a\": 1} x", "GET  HTTP/1.1"] {
            assert!(Request::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        let fault = Request::parse(b"GET / HTTP/1.1\nHost\n\n")
            .map(|_| ())
            .unwrap_err();
        assert_eq!(fault.to_string(), "line 2 is no header: `Host`");
    }
}
