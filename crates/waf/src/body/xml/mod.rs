//! XML, as much of it as rules can ask for.
//!
//! [`Document::parse`] reads a body into a flat arena; [`Path`] finds values in it. Nothing is ever
//! expanded or fetched: a document type definition that declares or refers to anything, and any
//! entity but the five predefined ones, is a fault. UTF-8 only, and a document that claims another
//! encoding is a fault, since the application might decode it differently.

mod path;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

use super::{Cause, Fault, Limits};

pub use path::{Path, Walk};

/// Namespace declarations in one document.
const NAMESPACES: usize = 256;

/// A parsed document. Reusable: parsing clears it and keeps its capacity.
#[derive(Debug, Default)]
pub struct Document {
    /// In document order: an element, its attributes, its children.
    nodes: Vec<Node>,
    /// The text of the document without markup; the content of an element is a slice of it.
    content: Vec<u8>,
    /// Names, namespace names and attribute values.
    strings: Vec<u8>,
    open: Vec<usize>,
    bindings: Vec<Binding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Element,
    Attribute,
    Text,
}

/// Where something lies in one of the buffers.
#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    start: usize,
    end: usize,
}

impl Slice {
    fn of(self, buffer: &[u8]) -> &[u8] {
        buffer.get(Range::from(self)).unwrap_or_default()
    }
}

impl From<Slice> for Range<usize> {
    fn from(slice: Slice) -> Self {
        slice.start..slice.end
    }
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    depth: usize,
    /// The local name, in `strings`; empty for text.
    name: Slice,
    /// The namespace, in `strings`; empty for none.
    namespace: Slice,
    /// In `strings` for an attribute, in `content` otherwise.
    value: Slice,
}

/// A namespace declaration in force inside the element at `depth`.
#[derive(Clone, Copy, Debug)]
struct Binding {
    depth: usize,
    prefix: Slice,
    uri: Slice,
}

const MALFORMED: Cause = Cause::Syntax("malformed XML");
const ENTITY: Cause = Cause::Syntax("an entity reference is refused");

impl Document {
    /// Reads a body.
    ///
    /// # Errors
    /// The first limit passed or the first break of the syntax. What was read before it can still be
    /// asked for.
    pub fn parse(&mut self, body: &[u8], limits: &Limits) -> Result<(), Fault> {
        self.clear();
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let skipped = body.len() - text.len();
        let text = std::str::from_utf8(text).map_err(|error| {
            Cause::Syntax("XML that is not UTF-8 is refused").at(skipped + error.valid_up_to())
        })?;
        let mut reader = Reader::from_str(text);
        let outcome = self.read(&mut reader, text.is_ascii(), limits);
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(body.len());
        while self.close().is_some() {}
        outcome.map_err(|cause| cause.at(skipped.saturating_add(offset).min(body.len())))
    }

    /// Forgets the document, not the memory.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.content.clear();
        self.strings.clear();
        self.open.clear();
        self.bindings.clear();
    }

    /// Whether there is no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn read(
        &mut self,
        reader: &mut Reader<&[u8]>,
        ascii: bool,
        limits: &Limits,
    ) -> Result<(), Cause> {
        loop {
            let event = reader.read_event().map_err(|_| MALFORMED)?;
            match &event {
                Event::Start(start) => self.open_element(start, limits)?,
                Event::Empty(start) => {
                    self.open_element(start, limits)?;
                    self.close();
                }
                Event::End(_) => {
                    self.close().ok_or(MALFORMED)?;
                }
                Event::Text(text) => self.text(text.as_bytes(), limits)?,
                Event::CData(text) => self.text(text.as_bytes(), limits)?,
                Event::GeneralRef(reference) => self.reference(reference, limits)?,
                Event::Decl(declaration) => check_encoding(declaration, ascii)?,
                Event::DocType(definition) => check_definition(definition)?,
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if !self.open.is_empty() {
            Err(Cause::Truncated)
        } else if self.nodes.is_empty() {
            Err(Cause::Syntax("no root element"))
        } else {
            Ok(())
        }
    }

    fn store(&mut self, text: &[u8]) -> Slice {
        let start = self.strings.len();
        self.strings.extend_from_slice(text);
        Slice {
            start,
            end: self.strings.len(),
        }
    }

    fn push(&mut self, node: Node, limits: &Limits) -> Result<(), Cause> {
        if self.nodes.len() >= limits.nodes {
            return Err(Cause::TooManyNodes);
        }
        self.nodes.push(node);
        Ok(())
    }

    fn open_element(&mut self, start: &BytesStart<'_>, limits: &Limits) -> Result<(), Cause> {
        let depth = self.open.len();
        if depth >= limits.depth {
            return Err(Cause::TooDeep);
        }
        if depth == 0 && !self.nodes.is_empty() {
            return Err(Cause::Syntax("more than one root element"));
        }
        self.declare(start, depth)?;
        let (prefix, local) = split(start.name().into_inner());
        let namespace = self
            .resolve(prefix)
            .ok_or(Cause::Syntax("undeclared namespace prefix"))?;
        let name = self.store(local.as_bytes());
        let at = self.content.len();
        self.open.push(self.nodes.len());
        let value = Slice { start: at, end: at };
        self.push(
            Node {
                kind: Kind::Element,
                depth,
                name,
                namespace,
                value,
            },
            limits,
        )?;
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| MALFORMED)?;
            let key = attribute.key.into_inner();
            if declared_prefix(key).is_some() {
                continue;
            }
            let (prefix, local) = split(key);
            let namespace = match prefix {
                // The default namespace is none of an attribute's.
                "" => Slice::default(),
                prefix => self
                    .resolve(prefix)
                    .ok_or(Cause::Syntax("undeclared namespace prefix"))?,
            };
            let text = unescape(&attribute.value).map_err(|_| ENTITY)?;
            let (name, value) = (self.store(local.as_bytes()), self.store(text.as_bytes()));
            self.push(
                Node {
                    kind: Kind::Attribute,
                    depth: depth + 1,
                    name,
                    namespace,
                    value,
                },
                limits,
            )?;
        }
        Ok(())
    }

    /// Takes the namespace declarations of an element.
    fn declare(&mut self, start: &BytesStart<'_>, depth: usize) -> Result<(), Cause> {
        static DECLARES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("xmlns"));
        if DECLARES.find(start.attributes_raw().as_bytes()).is_none() {
            return Ok(());
        }
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| MALFORMED)?;
            let Some(prefix) = declared_prefix(attribute.key.into_inner()) else {
                continue;
            };
            if self.bindings.len() >= NAMESPACES {
                return Err(Cause::Syntax("too many namespace declarations"));
            }
            let uri = unescape(&attribute.value).map_err(|_| ENTITY)?;
            let (prefix, uri) = (self.store(prefix.as_bytes()), self.store(uri.as_bytes()));
            self.bindings.push(Binding { depth, prefix, uri });
        }
        Ok(())
    }

    fn resolve(&mut self, prefix: &str) -> Option<Slice> {
        let known = |binding: &&Binding| binding.prefix.of(&self.strings) == prefix.as_bytes();
        if let Some(binding) = self.bindings.iter().rev().find(known) {
            return Some(binding.uri);
        }
        match prefix {
            "" => Some(Slice::default()),
            "xml" => Some(self.store(b"http://www.w3.org/XML/1998/namespace")),
            _ => None,
        }
    }

    fn close(&mut self) -> Option<()> {
        let element = self.open.pop()?;
        let depth = self.open.len();
        self.bindings.retain(|binding| binding.depth < depth);
        let end = self.content.len();
        if let Some(node) = self.nodes.get_mut(element) {
            node.value.end = end;
        }
        Some(())
    }

    fn text(&mut self, text: &[u8], limits: &Limits) -> Result<(), Cause> {
        let depth = self.open.len();
        if depth == 0 {
            let blank = text.iter().all(u8::is_ascii_whitespace);
            return if blank {
                Ok(())
            } else {
                Err(Cause::Syntax("text outside the root element"))
            };
        }
        if text.is_empty() {
            return Ok(());
        }
        let start = self.content.len();
        self.content.extend_from_slice(text);
        let end = self.content.len();
        if let Some(Node {
            kind: Kind::Text,
            depth: held,
            value,
            ..
        }) = self.nodes.last_mut()
            && *held == depth
            && value.end == start
        {
            value.end = end;
            return Ok(());
        }
        let value = Slice { start, end };
        let (name, namespace) = (Slice::default(), Slice::default());
        self.push(
            Node {
                kind: Kind::Text,
                depth,
                name,
                namespace,
                value,
            },
            limits,
        )
    }

    fn reference(&mut self, reference: &BytesRef<'_>, limits: &Limits) -> Result<(), Cause> {
        if let Some(character) = reference.resolve_char_ref().map_err(|_| MALFORMED)? {
            return self.text(character.encode_utf8(&mut [0; 4]).as_bytes(), limits);
        }
        let text = resolve_predefined_entity(reference).ok_or(ENTITY)?;
        self.text(text.as_bytes(), limits)
    }
}

/// `a:b` as prefix and local name.
fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The prefix an attribute declares: empty for `xmlns`.
fn declared_prefix(key: &str) -> Option<&str> {
    match key.strip_prefix("xmlns") {
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix(':'),
        None => None,
    }
}

/// A declared encoding must leave the bytes as they are.
fn check_encoding(declaration: &BytesDecl<'_>, ascii: bool) -> Result<(), Cause> {
    let Some(encoding) = declaration.encoding() else {
        return Ok(());
    };
    let encoding = encoding.map_err(|_| MALFORMED)?.to_ascii_lowercase();
    let harmless = match encoding.as_str() {
        "utf-8" | "utf8" => true,
        "us-ascii" | "ascii" | "iso-8859-1" | "iso-8859-15" | "latin1" | "windows-1252" => ascii,
        _ => false,
    };
    if harmless {
        Ok(())
    } else {
        Err(Cause::Syntax(
            "XML in an encoding other than UTF-8 is refused",
        ))
    }
}

/// A plain `<!DOCTYPE name>` declares nothing.
fn check_definition(definition: &str) -> Result<(), Cause> {
    if definition.split_whitespace().count() > 1 || definition.contains(['[', '"', '\'']) {
        return Err(Cause::Syntax("a document type definition is refused"));
    }
    Ok(())
}
