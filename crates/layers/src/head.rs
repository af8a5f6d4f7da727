use std::ops::Range;

use bytes::Bytes;
use http::request::Parts;

/// A request head exactly as it was on the wire: method, target, version and every field line in
/// order of arrival, names in their original case.
#[derive(Clone, Debug, Default)]
pub struct Head {
    bytes: Bytes,
    method: Part,
    target: Part,
    version: Part,
    fields: Vec<(Part, Part)>,
}

/// A range of the head's bytes, held small: heads are bounded well below 4 GiB.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    start: u32,
    end: u32,
}

impl From<Range<usize>> for Part {
    fn from(range: Range<usize>) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: narrow(range.start),
            end: narrow(range.end),
        }
    }
}

/// Where the parts of a head lie within its bytes.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    method: Part,
    target: Part,
    version: Part,
    fields: Vec<(Part, Part)>,
}

impl Layout {
    /// Begins with the three parts of the request line.
    #[must_use]
    pub fn new(method: Range<usize>, target: Range<usize>, version: Range<usize>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            version: version.into(),
            fields: Vec::with_capacity(16),
        }
    }

    /// Adds one field line.
    pub fn field(&mut self, name: Range<usize>, value: Range<usize>) {
        self.fields.push((name.into(), value.into()));
    }

    /// Field lines so far.
    #[must_use]
    pub fn fields(&self) -> usize {
        self.fields.len()
    }
}

impl Head {
    /// Puts bytes and their layout together. Ranges outside of `bytes` read as empty.
    #[must_use]
    pub fn new(bytes: Bytes, layout: Layout) -> Self {
        Self {
            bytes,
            method: layout.method,
            target: layout.target,
            version: layout.version,
            fields: layout.fields,
        }
    }

    /// Writes a head for a request that never had one in bytes, such as an HTTP/2 request: the
    /// pseudo header fields become the request line and a leading `host`.
    #[must_use]
    pub fn assemble(parts: &Parts) -> Self {
        let mut text = Vec::with_capacity(512);
        let mut push = |bytes: &[u8]| {
            let start = text.len();
            text.extend_from_slice(bytes);
            start..text.len()
        };
        let method = push(parts.method.as_str().as_bytes());
        let target = push(parts.uri.path_and_query().map_or_else(
            || parts.uri.path().as_bytes(),
            |target| target.as_str().as_bytes(),
        ));
        let version = push(format!("{:?}", parts.version).as_bytes());
        let mut layout = Layout::new(method, target, version);
        if let (Some(authority), false) = (
            parts.uri.authority(),
            parts.headers.contains_key(http::header::HOST),
        ) {
            layout.field(push(b"host"), push(authority.as_str().as_bytes()));
        }
        for (name, value) in &parts.headers {
            layout.field(push(name.as_str().as_bytes()), push(value.as_bytes()));
        }
        Self::new(Bytes::from(text), layout)
    }

    fn part(&self, part: Part) -> &[u8] {
        self.bytes
            .get(part.start as usize..part.end as usize)
            .unwrap_or_default()
    }

    /// The method as sent.
    #[must_use]
    pub fn method(&self) -> &[u8] {
        self.part(self.method)
    }

    /// The request target as sent.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        self.part(self.target)
    }

    /// The version as sent, such as `HTTP/1.1`.
    #[must_use]
    pub fn version(&self) -> &[u8] {
        self.part(self.version)
    }

    /// Every field line in order of arrival: name as sent, value without outer blanks.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .map(|(name, value)| (self.part(*name), self.part(*value)))
    }

    /// The first value of a field, the name compared without case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields()
            .find(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Whether there is nothing in it: nobody kept the bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}
