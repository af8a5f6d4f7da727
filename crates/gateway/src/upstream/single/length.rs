use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::SizeHint;

/// Bytes of a line that begins a chunk, with its extensions.
const MAX_LINE: usize = 4 << 10;

/// Bytes and fields of a trailer section.
const MAX_TRAILERS: usize = 16 << 10;
const MAX_FIELDS: usize = 64;

/// Hexadecimal digits of a chunk's size.
const MAX_DIGITS: usize = 15;

/// Pieces up to this size are copied out of the buffer, so that the buffer stays one.
const COPY: usize = 2 << 10;

/// How a response's body ends, and how much of it is left.
#[derive(Debug)]
pub(super) enum Length {
    /// After so many bytes.
    Bytes(u64),
    /// As its chunks say.
    Chunked(Chunk),
    /// When the connection is closed.
    Open,
}

/// Where in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Before the line with a size.
    Size,
    /// Within a chunk.
    Data(u64),
    /// Before the line break after a chunk.
    Break,
    /// Behind the last chunk.
    Trailers,
}

/// What comes next.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// A piece of the body.
    Data(Bytes),
    /// The fields behind the body; nothing follows.
    Trailers(HeaderMap),
    /// Nothing more.
    End,
    /// More has to be read first.
    More,
}

impl Length {
    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunk::Size)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Bytes(0))
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(left) => SizeHint::with_exact(*left),
            Self::Chunked(_) | Self::Open => SizeHint::default(),
        }
    }

    /// All of the body, if all of it is in `input`.
    pub(super) fn take_whole(&mut self, input: &mut BytesMut) -> Option<Bytes> {
        let Self::Bytes(left) = self else { return None };
        let left = usize::try_from(*left).ok()?;
        (left <= input.len()).then(|| take(input, left))
    }

    /// Takes the next piece out of `input`.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Step, &'static str> {
        match self {
            Self::Bytes(0) => Ok(Step::End),
            Self::Bytes(left) => Ok(piece(input, left)),
            Self::Chunked(chunk) => chunk.next(input),
            Self::Open if input.is_empty() => Ok(Step::More),
            Self::Open => {
                let all = input.len();
                Ok(Step::Data(take(input, all)))
            }
        }
    }
}

impl Chunk {
    fn next(&mut self, input: &mut BytesMut) -> Result<Step, &'static str> {
        loop {
            *self = match self {
                Self::Size => match size(input)? {
                    None => return Ok(Step::More),
                    Some(0) => Self::Trailers,
                    Some(size) => Self::Data(size),
                },
                Self::Data(0) => Self::Break,
                Self::Data(left) => return Ok(piece(input, left)),
                Self::Break => match input.get(..2) {
                    None => return Ok(Step::More),
                    Some(b"\r\n") => {
                        input.advance(2);
                        Self::Size
                    }
                    Some(_) => return Err("a chunk of the response is longer than its size says"),
                },
                Self::Trailers => return trailers(input),
            };
        }
    }
}

/// As much of `left` bytes as there is.
fn piece(input: &mut BytesMut, left: &mut u64) -> Step {
    let most = usize::try_from(*left).unwrap_or(usize::MAX);
    let length = input.len().min(most);
    if length == 0 {
        return Step::More;
    }
    *left -= length as u64;
    Step::Data(take(input, length))
}

fn take(input: &mut BytesMut, length: usize) -> Bytes {
    if length > COPY {
        return input.split_to(length).freeze();
    }
    let bytes = Bytes::copy_from_slice(input.get(..length).unwrap_or_default());
    input.advance(bytes.len());
    bytes
}

/// Takes the line with a chunk's size. Extensions mean nothing to us and are dropped.
fn size(input: &mut BytesMut) -> Result<Option<u64>, &'static str> {
    let Some(end) = memchr::memchr(b'\n', input) else {
        if input.len() > MAX_LINE {
            return Err("a chunk line of the response is too long");
        }
        return Ok(None);
    };
    let line = input.get(..end).unwrap_or_default();
    let line = line
        .strip_suffix(b"\r")
        .ok_or("a chunk line of the response ends in a bare LF")?;
    let digits = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let (number, rest) = line.split_at_checked(digits).unwrap_or_default();
    if number.is_empty() || number.len() > MAX_DIGITS {
        return Err("a chunk of the response has no usable size");
    }
    if !matches!(rest.trim_ascii_start().first(), None | Some(b';')) || rest.contains(&b'\r') {
        return Err("a chunk size of the response is not a hexadecimal number");
    }
    let size = number.iter().fold(0, |sum, &byte| {
        let digit = char::from(byte).to_digit(16).unwrap_or_default();
        sum << 4 | u64::from(digit)
    });
    input.advance(end + 1);
    Ok(Some(size))
}

/// Takes the trailer section.
fn trailers(input: &mut BytesMut) -> Result<Step, &'static str> {
    if input.starts_with(b"\r\n") {
        input.advance(2);
        return Ok(Step::End);
    }
    let Some(end) = memchr::memmem::find(input, b"\r\n\r\n") else {
        if input.len() > MAX_TRAILERS {
            return Err("the trailer section of the response is too long");
        }
        return Ok(Step::More);
    };
    let section = input.split_to(end + 4);
    let mut lines = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let Ok(httparse::Status::Complete((_, lines))) = httparse::parse_headers(&section, &mut lines)
    else {
        return Err("the trailer section of the response is malformed");
    };
    let mut fields = HeaderMap::with_capacity(lines.len());
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let value = HeaderValue::from_bytes(line.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err("the trailer section of the response is malformed");
        };
        fields.append(name, value);
    }
    Ok(Step::Trailers(fields))
}
