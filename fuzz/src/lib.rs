//! What the fuzz targets share.

use babyshield_waf::body::{Fault, Fields, FilePart, Limits};

/// Limits small enough that a fuzzer reaches them.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        arguments: 64,
        depth: 16,
        parts: 8,
        part_headers: 4,
        files: 4,
        name: 256,
        path: 256,
        value: 1024,
        nodes: 256,
    }
}

/// Counts what a parser tells, and holds it to its limits.
#[derive(Debug, Default)]
pub struct Bounded {
    /// Bytes of all names, values and contents.
    pub bytes: usize,
    arguments: usize,
    files: usize,
}

impl Bounded {
    /// The limits that [`Bounded::check`] holds the parser to.
    #[must_use]
    pub fn limits(&self) -> Limits {
        limits()
    }

    /// Everything a parser told is within its limits, and so is the place of its fault.
    pub fn check(&self, body: &[u8], fault: Option<Fault>) {
        let limits = limits();
        assert!(
            self.arguments <= limits.arguments,
            "{} arguments",
            self.arguments
        );
        assert!(self.files <= limits.parts, "{} files", self.files);
        if let Some(fault) = fault {
            assert!(
                fault.offset <= body.len(),
                "{fault} in {} bytes",
                body.len()
            );
        }
    }
}

impl Fields for Bounded {
    fn argument(&mut self, name: &[u8], value: &[u8]) {
        self.arguments += 1;
        self.bytes += name.len() + value.len();
        assert!(value.len() <= limits().value);
    }

    fn file(&mut self, part: &FilePart<'_>) {
        self.files += 1;
        assert!(part.content.len() <= limits().value);
    }
}
