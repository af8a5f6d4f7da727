//! Body processors: a whole body in, fields out, within limits.
//!
//! Every parser is linear in the length of the body, works on slices of it and tells what it found
//! to a [`Fields`]; what must be decoded is decoded into a [`Scratch`] that keeps its capacity.
//! A [`Fault`] says what is wrong and where; fields found before it have been told already.

pub mod cookies;
mod fault;
pub mod json;
pub mod multipart;
pub(crate) mod packed;
pub mod urlencoded;
pub mod xml;

pub use fault::{Cause, Fault};

/// What one body may hold. All counts are per body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arguments (pairs, scalar JSON values, form fields).
    pub arguments: usize,
    /// Nesting of JSON and XML.
    pub depth: usize,
    /// Parts of a multipart body.
    pub parts: usize,
    /// Headers of one multipart part.
    pub part_headers: usize,
    /// Files of a multipart body; more are told as well, but flagged.
    pub files: usize,
    /// Bytes of one name, decoded.
    pub name: usize,
    /// Bytes of the path to one JSON value (`json.a.array_0.b`).
    pub path: usize,
    /// Bytes of one value, decoded.
    pub value: usize,
    /// Elements, attributes and texts of an XML document.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            arguments: 1000,
            depth: 64,
            parts: 256,
            part_headers: 32,
            files: 100,
            name: 1 << 20,
            path: 4 << 10,
            value: 16 << 20,
            nodes: 100_000,
        }
    }
}

/// Receives what a body holds, in the order of the body. The slices live for the call only.
pub trait Fields {
    /// One argument: a form pair, a JSON scalar, a multipart field that is no file.
    fn argument(&mut self, name: &[u8], value: &[u8]);

    /// One uploaded file.
    fn file(&mut self, _part: &FilePart<'_>) {}

    /// One header line of a multipart part (`Name: value`), under the name of its part: an entry
    /// of `MULTIPART_PART_HEADERS`. Told before the part's argument or file.
    fn part_header(&mut self, _part: &[u8], _line: &[u8]) {}

    /// The field name of a multipart part, file or not: an entry of `MULTIPART_NAME`.
    fn part_name(&mut self, _name: &[u8]) {}
}

/// A file inside a multipart body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilePart<'a> {
    /// The form field: key of `FILES`, value of `FILES_NAMES` and `MULTIPART_NAME`.
    pub name: &'a [u8],
    /// The name the client gives the file: value of `FILES` and `MULTIPART_FILENAME`.
    pub filename: &'a [u8],
    /// The content; its length is `FILES_SIZES`.
    pub content: &'a [u8],
}

/// Reusable buffers of the parsers. Holds capacity, no meaning.
#[derive(Debug, Default)]
pub struct Scratch {
    name: Vec<u8>,
    value: Vec<u8>,
    levels: Vec<json::Level>,
    part: multipart::Part,
}

#[cfg(test)]
mod tests {
    use super::{Fields, FilePart};

    /// Everything told, as text.
    #[derive(Debug, Default)]
    pub(super) struct Collected {
        pub(super) arguments: Vec<(String, String)>,
        pub(super) files: Vec<(String, String)>,
        pub(super) headers: Vec<(String, String)>,
        pub(super) names: Vec<String>,
        pub(super) bytes: usize,
    }

    pub(super) fn text(bytes: &[u8]) -> String {
        bytes.escape_ascii().to_string()
    }

    /// `name=value|name=value`
    pub(super) fn show(pairs: &[(String, String)]) -> String {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("|")
    }

    impl Fields for Collected {
        fn argument(&mut self, name: &[u8], value: &[u8]) {
            self.bytes += name.len() + value.len();
            self.arguments.push((text(name), text(value)));
        }

        fn file(&mut self, part: &FilePart<'_>) {
            self.bytes += part.content.len();
            let content = format!("{}:{}", text(part.filename), text(part.content));
            self.files.push((text(part.name), content));
        }

        fn part_header(&mut self, part: &[u8], line: &[u8]) {
            self.headers.push((text(part), text(line)));
        }

        fn part_name(&mut self, name: &[u8]) {
            self.names.push(text(name));
        }
    }
}
