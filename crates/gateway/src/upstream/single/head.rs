use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version, header};
use httparse::{ParserConfig, Status};

use super::length::Length;

/// Bytes of a response head.
const MAX_HEAD: usize = 128 << 10;

/// Field lines of a response head.
const MAX_FIELDS: usize = 128;

/// Fields the layers add to a response, about: room made for them at once.
const OURS: usize = 10;

/// What a response begins with.
const START: &[u8] = b"HTTP/1.";

/// The head of a response and what it says about the message.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Response<()>,
    pub(super) length: Length,
    /// Whether the connection outlives the message.
    pub(super) keep: bool,
}

/// The end of the head at the start of `input`, if it is there. `searched` remembers how far it
/// is not.
pub(super) fn find_end(input: &[u8], searched: &mut usize) -> Result<Option<usize>, &'static str> {
    let begun = input.len().min(START.len());
    if input.get(..begun) != START.get(..begun) {
        return Err("the response is not HTTP/1");
    }
    let mut from = *searched;
    while let Some(found) = memchr::memchr(b'\n', input.get(from..).unwrap_or_default()) {
        let at = from + found;
        match input.get(at + 1..).unwrap_or_default() {
            [b'\n', ..] => return within(at + 2).map(Some),
            [b'\r', b'\n', ..] => return within(at + 3).map(Some),
            [] | [b'\r'] => {
                *searched = at;
                return within(input.len()).map(|_| None);
            }
            _ => from = at + 1,
        }
    }
    *searched = input.len();
    within(input.len()).map(|_| None)
}

fn within(length: usize) -> Result<usize, &'static str> {
    if length > MAX_HEAD {
        return Err("the response head is too long");
    }
    Ok(length)
}

/// What the field lines say about the message, gathered while they are read.
#[derive(Default)]
struct Said {
    close: bool,
    keep: bool,
    length: Option<u64>,
    chunked: bool,
    /// Fields of this connection only, by the response's own word.
    named: Vec<HeaderName>,
}

/// Reads a complete head. `bodiless` where the request was `HEAD`.
pub(super) fn read(head: &Bytes, bodiless: bool) -> Result<Answer, &'static str> {
    let mut lines = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = ParserConfig::default();
    match config.parse_response_with_uninit_headers(&mut parsed, head, &mut lines) {
        Ok(Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err("the response has too many fields"),
        Ok(Status::Partial) | Err(_) => return Err("the response head is malformed"),
    }
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or("the response has no usable status")?;
    let modern = parsed.version == Some(1);
    let upgrade = status == StatusCode::SWITCHING_PROTOCOLS;
    let mut said = Said::default();
    let mut fields = HeaderMap::with_capacity(parsed.headers.len() + OURS);
    for line in parsed.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let name = name.map_err(|_| "a field of the response has no usable name")?;
        if said.note(&name, line.value)? || upgrade {
            let value = HeaderValue::from_maybe_shared(head.slice_ref(line.value));
            let value = value.map_err(|_| "a field of the response has no usable value")?;
            fields.append(name, value);
        }
    }
    if !upgrade {
        for name in &said.named {
            fields.remove(name);
        }
    }
    let length = said.framing(status, modern, bodiless)?;
    let keep = !said.close && (modern || said.keep) && !matches!(length, Length::Open);
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.version_mut() = Version::HTTP_11;
    *response.headers_mut() = fields;
    Ok(Answer {
        response,
        length,
        keep,
    })
}

impl Said {
    /// Notes what a field says. Whether the field is the caller's as well: those of one
    /// connection are not, and a length is passed on once.
    fn note(&mut self, name: &HeaderName, value: &[u8]) -> Result<bool, &'static str> {
        match name.as_str() {
            "connection" => {
                value
                    .split(|&byte| byte == b',')
                    .for_each(|token| self.token(token));
                Ok(false)
            }
            "content-length" => {
                let length = number(value).ok_or("the length of the response is no number")?;
                let before = self.length.replace(length);
                if before.is_some_and(|before| before != length) {
                    return Err("the response has two lengths");
                }
                Ok(before.is_none())
            }
            "transfer-encoding" => {
                if self.chunked || !value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                    return Err("the response has a transfer coding other than `chunked`");
                }
                self.chunked = true;
                Ok(false)
            }
            "keep-alive" | "proxy-connection" | "te" | "upgrade" | "expect" => Ok(false),
            _ => Ok(true),
        }
    }

    fn token(&mut self, token: &[u8]) {
        let token = token.trim_ascii();
        if token.eq_ignore_ascii_case(b"close") {
            self.close = true;
        } else if token.eq_ignore_ascii_case(b"keep-alive") {
            self.keep = true;
        } else if let Ok(name) = HeaderName::from_bytes(token)
            && name != header::CONTENT_LENGTH
        {
            self.named.push(name);
        }
    }

    /// RFC 9112 section 6.3, and what can be read in two ways refused.
    fn framing(
        &self,
        status: StatusCode,
        modern: bool,
        bodiless: bool,
    ) -> Result<Length, &'static str> {
        if self.chunked && self.length.is_some() {
            return Err("the response has both a length and a transfer coding");
        }
        if self.chunked && !modern {
            return Err("HTTP/1.0 has no transfer coding");
        }
        let none = bodiless
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        Ok(match (none, self.chunked, self.length) {
            (true, _, _) => Length::Bytes(0),
            (false, true, _) => Length::chunked(),
            (false, false, Some(length)) => Length::Bytes(length),
            (false, false, None) => Length::Open,
        })
    }
}

/// A plain decimal number below 2⁶³.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u64::from(byte - b'0'))
    })
}
