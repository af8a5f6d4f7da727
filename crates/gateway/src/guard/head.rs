//! One request head, RFC 9112 sections 2 to 6, read strictly.

use std::ops::Range;

use babyshield_layers::{Head, Layout, Refusal};
use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;

use super::Limits;

/// Bytes of a method.
const MAX_METHOD: usize = 32;

/// Digits of a content length: below 2⁶³.
const MAX_LENGTH_DIGITS: usize = 18;

/// How far a head has come.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Not complete, and nothing wrong with it so far.
    Partial,
    /// Complete and in order.
    Complete(Message),
    /// Not to be served.
    Refused(Refusal),
}

/// A head that has exactly one meaning.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) head: Head,
    /// Bytes of the head, with its empty line.
    pub(super) length: usize,
    pub(super) framing: Framing,
    pub(super) upgrade: bool,
}

/// How long the body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// As its chunks say.
    Chunked,
}

/// Bytes of a target that are looked at without the parser of URIs, whose own bound is higher.
const USUAL: usize = 4 << 10;

type Fault = (StatusCode, &'static str);

fn bad(detail: &'static str) -> Fault {
    (StatusCode::BAD_REQUEST, detail)
}

/// Looks for a complete head at the start of `buffer`. `searched` remembers how far, so that a
/// head that comes byte by byte is searched once and not once a byte.
pub(super) fn parse(buffer: &mut BytesMut, searched: &mut usize, limits: &Limits) -> Parsed {
    // One empty line before a request is left over from the one before: RFC 9112 section 2.2.
    if *searched == 0 && buffer.starts_with(b"\r\n") {
        buffer.advance(2);
    }
    let end = match find_end(buffer, searched, limits) {
        Ok(Some(end)) => end,
        Ok(None) => return Parsed::Partial,
        Err(fault) => return refused(fault),
    };
    let bytes = buffer.get(..end).unwrap_or_default();
    match read(bytes, limits) {
        Ok((layout, facts)) => Parsed::Complete(Message {
            head: Head::new(Bytes::copy_from_slice(bytes), layout),
            length: end,
            framing: facts.framing,
            upgrade: facts.upgrade,
        }),
        Err(fault) => refused(fault),
    }
}

fn refused((status, detail): Fault) -> Parsed {
    Parsed::Refused(Refusal::protocol(status, detail))
}

/// The end of the head, if it is there; every line that is complete ends in CRLF.
fn find_end(bytes: &[u8], searched: &mut usize, limits: &Limits) -> Result<Option<usize>, Fault> {
    match bytes {
        // RFC 8446 section 5.1: a handshake record.
        [0x16, 0x03, ..] => return Err(bad("This is TLS; plain HTTP is spoken here.")),
        [first, ..] if !is_token(*first) && *first != b'\r' => {
            return Err(bad("The request does not begin with a method."));
        }
        _ => {}
    }
    let mut from = *searched;
    while let Some(found) = memchr::memchr(b'\n', bytes.get(from..).unwrap_or_default()) {
        let at = from + found;
        let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at));
        if before(1) != Some(&b'\r') {
            return Err(bad("A line of the head ends in a bare LF."));
        }
        if before(2) == Some(&b'\n') {
            let end = at + 1;
            return if end > limits.head {
                Err(too_long(bytes))
            } else {
                Ok(Some(end))
            };
        }
        from = at + 1;
    }
    if *searched == 0 {
        // A first line that is wrong is not waited for to go on.
        let line = memchr::memchr(b'\n', bytes).and_then(|end| bytes.get(..end));
        line.and_then(|line| line.strip_suffix(b"\r"))
            .map_or(Ok(()), |line| request_line(line).map(drop))?;
    }
    *searched = from;
    if bytes.len() > limits.head {
        return Err(too_long(bytes));
    }
    Ok(None)
}

fn too_long(bytes: &[u8]) -> Fault {
    if memchr::memchr(b'\n', bytes).is_some() {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        (status, "The request head is too long.")
    } else {
        let status = StatusCode::URI_TOO_LONG;
        (status, "The request line is too long.")
    }
}

/// Method, target and version, as ranges of the line.
type Line = (Range<usize>, Range<usize>, Range<usize>);

fn request_line(line: &[u8]) -> Result<Line, Fault> {
    let method = leading(line, TOKEN);
    if method == 0 || method > MAX_METHOD || line.get(method) != Some(&b' ') {
        return Err(bad("The request line has no usable method."));
    }
    let start = method + 1;
    let rest = line.get(start..).unwrap_or_default();
    let target = leading(rest, TARGET);
    if target == 0 {
        return Err(bad("The request line has no usable target."));
    }
    let end = start + target;
    if line.get(end) != Some(&b' ') {
        return Err(bad("The request line has no HTTP version."));
    }
    match line.get(end + 1..).unwrap_or_default() {
        b"HTTP/1.1" | b"HTTP/1.0" => Ok((0..method, start..end, end + 1..line.len())),
        // HTTP/0.9 had no version in its line, so that a line with one is of no HTTP at all.
        [b'H', b'T', b'T', b'P', b'/', b'1'..=b'9', b'.', b'0'..=b'9'] => Err((
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "This version of HTTP is not spoken here.",
        )),
        _ => Err(bad("The request line does not end in an HTTP version.")),
    }
}

/// What a head says about its message.
struct Facts {
    framing: Framing,
    upgrade: bool,
}

/// What the field lines say, gathered while they are read.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
    connection_upgrade: bool,
    upgrade: bool,
}

fn read(bytes: &[u8], limits: &Limits) -> Result<(Layout, Facts), Fault> {
    let mut lines = Lines { bytes, at: 0 };
    let line = lines.next().ok_or(bad("The request line is missing."))?;
    let text = bytes.get(line).unwrap_or_default();
    let (method, target, version) = request_line(text)?;
    let modern = text.get(version.clone()) == Some(b"HTTP/1.1");
    let mut layout = Layout::new(method.clone(), target.clone(), version);
    let mut fields = Fields::default();
    for line in lines {
        if line.is_empty() {
            break;
        }
        if layout.fields() == limits.fields {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Err((status, "The request has too many header fields."));
        }
        let text = bytes.get(line.clone()).unwrap_or_default();
        let (name, value) = field_line(text).map_err(bad)?;
        fields.note(
            text.get(name.clone()).unwrap_or_default(),
            text.get(value.clone()).unwrap_or_default(),
        )?;
        let shift = |range: Range<usize>| range.start + line.start..range.end + line.start;
        layout.field(shift(name), shift(value));
    }
    let target = text.get(target).unwrap_or_default();
    let method = text.get(method).unwrap_or_default();
    check_host(&fields, modern)?;
    check_target(method, target, fields.host)?;
    let framing = fields.framing(modern)?;
    let upgrade = modern && fields.connection_upgrade && fields.upgrade;
    Ok((layout, Facts { framing, upgrade }))
}

/// The lines of a head, without their CRLF. Every LF is known to follow a CR.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.bytes.get(self.at..)?;
        let end = self.at + memchr::memchr(b'\n', rest)?;
        let line = self.at..end.saturating_sub(1).max(self.at);
        self.at = end + 1;
        Some(line)
    }
}

/// Name and value of a field line, as ranges of it, the value without outer blanks.
pub(super) fn field_line(line: &[u8]) -> Result<(Range<usize>, Range<usize>), &'static str> {
    if line
        .first()
        .is_some_and(|byte| matches!(byte, b' ' | b'\t'))
    {
        return Err("A header field is folded over several lines.");
    }
    let name = leading(line, TOKEN);
    match line.get(name) {
        Some(b':') if name > 0 => {}
        Some(b' ' | b'\t') => return Err("There is a blank before the colon of a header field."),
        Some(b':') => return Err("A header field has no name."),
        Some(_) => return Err("The name of a header field has a forbidden character."),
        None => return Err("A header field has no colon."),
    }
    let mut start = name + 1;
    let mut end = line.len();
    let blank = |at: usize| {
        line.get(at)
            .is_some_and(|byte| matches!(byte, b' ' | b'\t'))
    };
    while start < end && blank(start) {
        start += 1;
    }
    while end > start && blank(end - 1) {
        end -= 1;
    }
    let value = line.get(start..end).unwrap_or_default();
    // All bytes are looked at before one is looked for: that the compiler does many at once.
    if value.iter().fold(true, |fine, &byte| fine & is_value(byte)) {
        return Ok((0..name, start..end));
    }
    match value.iter().find(|&&byte| !is_value(byte)) {
        None => Ok((0..name, start..end)),
        Some(0) => Err("The value of a header field has a NUL byte."),
        Some(b'\r') => Err("The value of a header field has a bare CR."),
        Some(_) => Err("The value of a header field has a control character."),
    }
}

impl<'a> Fields<'a> {
    fn note(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Fault> {
        let is = |own: &[u8]| name.eq_ignore_ascii_case(own);
        match name.len() {
            4 if is(b"host") => {
                self.host = Some(value);
                self.hosts += 1;
            }
            14 if is(b"content-length") => {
                if self.length.is_some() {
                    return Err(bad("There is more than one Content-Length."));
                }
                self.length = Some(content_length(value)?);
            }
            17 if is(b"transfer-encoding") => {
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(bad("Transfer-Encoding is not exactly `chunked`."));
                }
                self.chunked = true;
            }
            10 if is(b"connection") => {
                self.connection_upgrade |= value
                    .split(|&byte| byte == b',')
                    .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
            }
            7 if is(b"upgrade") => self.upgrade = true,
            6 if is(b"expect") && !value.eq_ignore_ascii_case(b"100-continue") => {
                let status = StatusCode::EXPECTATION_FAILED;
                return Err((status, "Only `100-continue` can be expected."));
            }
            _ => {}
        }
        Ok(())
    }

    fn framing(&self, modern: bool) -> Result<Framing, Fault> {
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(bad("There are both Transfer-Encoding and Content-Length.")),
            (true, None) if !modern => Err(bad("HTTP/1.0 has no Transfer-Encoding.")),
            (true, None) => Ok(Framing::Chunked),
            (false, length) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}

fn content_length(value: &[u8]) -> Result<u64, Fault> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    if !digits || value.len() > MAX_LENGTH_DIGITS {
        return Err(bad("Content-Length is not one plain number."));
    }
    let digit = |sum: u64, byte: &u8| sum * 10 + u64::from(byte - b'0');
    Ok(value.iter().fold(0, digit))
}

fn check_host(fields: &Fields<'_>, modern: bool) -> Result<(), Fault> {
    match (fields.hosts, fields.host) {
        (0, _) if modern => Err(bad("There is no Host field.")),
        (0, _) => Ok(()),
        (1, Some(host)) if is_authority(host) => Ok(()),
        (1, _) => Err(bad("The Host field is not a host and port.")),
        (_, _) => Err(bad("There is more than one Host field.")),
    }
}

/// A host and perhaps a port, and nothing else: no user, no path, no list.
pub(crate) fn is_authority(host: &[u8]) -> bool {
    // Nearly always there is just a name, or a name and a port.
    let name = leading(host, NAME);
    let known = match host.get(name..) {
        Some([]) => true,
        Some([b':', port @ ..]) => {
            (1..=4).contains(&port.len()) && port.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    if known && name > 0 {
        return true;
    }
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'[' | b']')
    };
    !host.is_empty()
        && host.iter().all(plain)
        && http::uri::Authority::try_from(host).is_ok_and(|own| !own.host().is_empty())
}

/// `CONNECT` names a host and a port, RFC 9112 section 3.2.3; even then it is not for us.
fn connect(target: &[u8]) -> Fault {
    let port = |target| http::uri::Authority::try_from(target).ok()?.port_u16();
    if is_authority(target) && port(target).is_some() {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        (status, "This is no proxy to connect through.")
    } else {
        bad("The target of CONNECT is not a host and port.")
    }
}

fn check_target(method: &[u8], target: &[u8], host: Option<&[u8]>) -> Result<(), Fault> {
    if method == b"CONNECT" {
        return Err(connect(target));
    }
    // Nearly always there is just a path, and nothing in it that could be read otherwise.
    if target.first() == Some(&b'/')
        && target.len() <= USUAL
        && target.iter().all(|&byte| is(byte, PLAIN))
    {
        return Ok(());
    }
    if target.contains(&b'#') {
        return Err(bad("The request target has a fragment."));
    }
    let uri = http::Uri::try_from(target)
        .map_err(|_| bad("The request target has a forbidden character."))?;
    match target.first() {
        Some(b'/') => Ok(()),
        Some(b'*') if target == b"*" && method == b"OPTIONS" => Ok(()),
        _ => {
            let scheme = uri.scheme_str();
            let known = matches!(scheme, Some("http" | "https"));
            let authority = uri.authority().map(http::uri::Authority::as_str);
            let same = match (authority, host) {
                (Some(own), Some(host)) => own.as_bytes().eq_ignore_ascii_case(host),
                (_, _) => false,
            };
            if known && same {
                Ok(())
            } else {
                Err(bad("The request target and the Host field disagree."))
            }
        }
    }
}

/// Reads what can be read of a refused message, for the rules and the event: never in doubt,
/// since nothing of it is passed on.
pub(super) fn split(wire: Bytes) -> Head {
    let mut layout = None;
    let mut at = 0;
    while at < wire.len() {
        let rest = wire.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match &mut layout {
            None if line.is_empty() => {}
            None => layout = Some(split_request_line(line, at)),
            Some(_) if line.is_empty() => break,
            Some(layout) => {
                let colon = line.iter().position(|&byte| byte == b':');
                let name = colon.unwrap_or(line.len());
                let value = line.get(name + 1..).unwrap_or_default();
                let blanks = value.len() - value.trim_ascii_start().len();
                let start = (name + 1 + blanks).min(line.len());
                let end = start + value.trim_ascii().len();
                layout.field(at..at + name, at + start..at + end.min(line.len()));
            }
        }
        at += length + 1;
    }
    Head::new(wire, layout.unwrap_or_default())
}

fn split_request_line(line: &[u8], at: usize) -> Layout {
    let space = |byte: &u8| *byte == b' ';
    let method = line.iter().position(space).unwrap_or(line.len());
    let rest = (method + 1).min(line.len());
    let last = line.iter().rposition(space).filter(|&last| last >= rest);
    let (target, version) = match last {
        Some(last) => (rest..last, last + 1..line.len()),
        None => (rest..line.len(), line.len()..line.len()),
    };
    let shift = |range: Range<usize>| range.start + at..range.end + at;
    Layout::new(at..at + method, shift(target), shift(version))
}

/// Bits of [`CLASSES`].
const TOKEN: u8 = 1;
const TARGET: u8 = 2;
const PLAIN: u8 = 4;
const NAME: u8 = 8;

/// What each byte may be part of.
static CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "the loop ends with the table")]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < classes.len() {
        let byte = at as u8;
        let letter = byte.is_ascii_alphanumeric();
        let mark = matches!(byte, b'-' | b'.' | b'_' | b'~');
        // RFC 9110 section 5.6.2.
        let token = b"!#$%&'*+^`|";
        if letter || mark || contains(token, byte) {
            classes[at] |= TOKEN;
        }
        if byte > b' ' && byte != 0x7f {
            classes[at] |= TARGET;
        }
        // What no reader of a target stumbles over, RFC 3986 section 3.3 and 3.4.
        if letter || mark || contains(b"!$&'()*+,;=:@%/?", byte) {
            classes[at] |= PLAIN;
        }
        if letter || matches!(byte, b'-' | b'.') {
            classes[at] |= NAME;
        }
        at += 1;
    }
    classes
}

#[expect(clippy::indexing_slicing, reason = "the loop ends with the set")]
const fn contains(set: &[u8], byte: u8) -> bool {
    let mut at = 0;
    while at < set.len() {
        if set[at] == byte {
            return true;
        }
        at += 1;
    }
    false
}

fn is(byte: u8, class: u8) -> bool {
    CLASSES
        .get(usize::from(byte))
        .is_some_and(|own| own & class != 0)
}

fn is_token(byte: u8) -> bool {
    is(byte, TOKEN)
}

/// How many bytes at the start are of a class.
fn leading(bytes: &[u8], class: u8) -> usize {
    let stranger = bytes.iter().position(|&byte| !is(byte, class));
    stranger.unwrap_or(bytes.len())
}

/// RFC 9110 section 5.5: visible characters, blanks, and whatever lies beyond ASCII.
fn is_value(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests;
