//! `multipart/form-data` (RFC 7578), read as suspiciously as ModSecurity does.
//!
//! What browsers never send and parsers read differently is flagged ([`Flags`]) rather than
//! guessed at; what cannot be read at all is a [`Fault`]. The first fault does not end the parsing:
//! later parts are still told, since what a lax application would read must be inspected.

mod boundary;
mod disposition;
mod flags;

#[cfg(test)]
mod tests;

use super::{Cause, Fault, Fields, FilePart, Limits, Scratch};
use crate::transform::SPACE;
use disposition::Disposition;

pub use flags::Flags;

/// Longest header line of a part, as in ModSecurity.
const HEADER_LINE: usize = 4096;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was odd.
    pub flags: Flags,
    /// The first thing that was wrong: `REQBODY_ERROR`.
    pub fault: Option<Fault>,
}

/// Tells the parts of a body whose `Content-Type` header is given.
pub fn parse(
    content_type: &[u8],
    body: &[u8],
    limits: &Limits,
    scratch: &mut Scratch,
    fields: &mut (impl Fields + ?Sized),
) -> Outcome {
    let mut outcome = Outcome::default();
    match boundary::find(content_type, &mut outcome.flags) {
        Ok(boundary) => {
            let part = &mut scratch.part;
            part.clear();
            let finder = memchr::memmem::Finder::new(boundary);
            let state = State::Before;
            let mut parser = Parser {
                body,
                boundary,
                finder,
                limits,
                part,
                outcome,
                state,
                boundaries: 0,
                parts: 0,
                files: 0,
                arguments: 0,
                after_lf: false,
            };
            parser.run(fields);
            parser.outcome
        }
        Err(cause) => {
            outcome.flags.error = true;
            outcome.fault = Some(cause.at(0));
            outcome
        }
    }
}

/// A header line that is kept until the part's name is known.
#[derive(Clone, Copy, Debug)]
struct Line {
    start: usize,
    end: usize,
    /// Whether it lies in [`Part::folded`] instead of the body.
    folded: bool,
}

/// The part being read. Lives in the scratch for its capacity.
#[derive(Debug, Default)]
pub(super) struct Part {
    lines: Vec<Line>,
    folded: Vec<u8>,
    disposition: Disposition,
}

impl Part {
    fn clear(&mut self) {
        self.lines.clear();
        self.folded.clear();
        self.disposition.clear();
    }

    fn line<'a>(&'a self, body: &'a [u8], line: &Line) -> &'a [u8] {
        let text = if line.folded { &self.folded } else { body };
        text.get(line.start..line.end).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first boundary.
    Before,
    Headers,
    /// In the content, which began at this byte; whether a line of it was read.
    Content {
        start: usize,
        read: bool,
    },
    /// In the content of a part whose headers made no sense.
    Unreadable,
    /// After the final boundary.
    Complete,
}

struct Parser<'a> {
    body: &'a [u8],
    boundary: &'a [u8],
    finder: memchr::memmem::Finder<'a>,
    limits: &'a Limits,
    part: &'a mut Part,
    outcome: Outcome,
    state: State,
    boundaries: usize,
    parts: usize,
    files: usize,
    arguments: usize,
    /// The line before this one ended in LF without CR.
    after_lf: bool,
}

impl<'a> Parser<'a> {
    fn run(&mut self, fields: &mut (impl Fields + ?Sized)) {
        let body = self.body;
        let mut at = 0;
        while at < body.len() && self.state != State::Complete {
            let rest = body.get(at..).unwrap_or_default();
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line = rest.get(..length).unwrap_or_default();
            if !self.at_boundary(at, line, fields) {
                self.inside(at, line, fields);
            }
            self.after_lf = line.ends_with(b"\n") && !line.ends_with(b"\r\n");
            at += length;
            if self.parts > self.limits.parts {
                self.fail(Cause::TooManyParts, at);
                return;
            }
        }
        if self.state == State::Complete {
            self.outcome.flags.data_after |= at < body.len();
        } else if !body.is_empty() {
            let missing = if self.boundaries > 0 {
                Cause::Syntax("final boundary missing")
            } else {
                Cause::Syntax("no boundaries found in payload")
            };
            self.fail(missing, body.len());
            self.end_part(body.len(), fields);
        }
    }

    fn fail(&mut self, cause: Cause, offset: usize) {
        self.outcome.fault.get_or_insert(cause.at(offset));
    }

    /// A boundary line is dealt with here; otherwise what merely resembles one is flagged.
    fn at_boundary(
        &mut self,
        at: usize,
        line: &'a [u8],
        fields: &mut (impl Fields + ?Sized),
    ) -> bool {
        let Some(dashed) = line.strip_prefix(b"--").filter(|_| line.len() > 3) else {
            // Something like the boundary in the middle of a line.
            let resembles = self.finder.find_iter(line).any(|found| {
                line.get(..found)
                    .is_some_and(|before| before.ends_with(b"--"))
            });
            if resembles {
                self.outcome.flags.unmatched_boundary = 1;
            }
            return false;
        };
        match dashed.strip_prefix(self.boundary) {
            Some(end) => self.matched(at, end, fields),
            None => {
                self.mismatched(at, dashed);
                false
            }
        }
    }

    /// The line begins with the boundary; `end` follows it.
    fn matched(&mut self, at: usize, end: &[u8], fields: &mut (impl Fields + ?Sized)) -> bool {
        self.outcome.flags.lf_line |= self.after_lf;
        match self.state {
            State::Content { read: false, .. } => {
                // Where content should begin: flagged, and read as content.
                self.outcome.flags.invalid_part = true;
                return false;
            }
            State::Headers => {
                self.outcome.flags.invalid_part = true;
                self.fail(Cause::Syntax("a boundary among the headers of a part"), at);
            }
            State::Before | State::Content { .. } | State::Unreadable | State::Complete => {}
        }
        if self.boundaries > 0 {
            self.outcome.flags.unmatched_boundary = 2;
        }
        let (last, end) = end
            .strip_prefix(b"--")
            .map_or((false, end), |end| (true, end));
        match end {
            b"\r\n" => self.outcome.flags.crlf_line = true,
            b"\n" => self.outcome.flags.lf_line = true,
            // The final boundary may end the body without a line end.
            b"" if last => {}
            _ => {
                self.outcome.flags.error = true;
                self.fail(Cause::Syntax("invalid boundary"), at);
                return false;
            }
        }
        self.end_part(at, fields);
        self.boundaries += 1;
        self.state = if last {
            State::Complete
        } else {
            State::Headers
        };
        self.parts += usize::from(!last);
        true
    }

    /// The line begins with two dashes, but the boundary does not follow.
    fn mismatched(&mut self, at: usize, dashed: &[u8]) {
        let flags = &mut self.outcome.flags;
        let quoted = flags.boundary_quoted
            && dashed
                .strip_prefix(b"\"")
                .is_some_and(|rest| rest.starts_with(self.boundary));
        let blank = dashed
            .iter()
            .position(|byte| !SPACE.contains(*byte))
            .unwrap_or(0);
        let spaced = blank > 0
            && dashed
                .get(blank..)
                .is_some_and(|rest| rest.starts_with(self.boundary));
        if quoted || spaced {
            flags.error = true;
            let cause = if quoted {
                "invalid boundary (quotes)"
            } else {
                "invalid boundary (whitespace)"
            };
            self.fail(Cause::Syntax(cause), at);
        } else {
            flags.unmatched_boundary = 1;
        }
    }

    /// A line that is no boundary.
    fn inside(&mut self, at: usize, line: &'a [u8], fields: &mut (impl Fields + ?Sized)) {
        match self.state {
            State::Before => self.outcome.flags.data_before = true,
            State::Headers => {
                if let Err(cause) = self.header(at, line, fields) {
                    self.fail(cause, at);
                    self.state = State::Unreadable;
                }
            }
            State::Content { start, .. } => self.state = State::Content { start, read: true },
            State::Unreadable | State::Complete => {}
        }
    }

    fn header(
        &mut self,
        at: usize,
        line: &'a [u8],
        fields: &mut (impl Fields + ?Sized),
    ) -> Result<(), Cause> {
        if memchr::memchr(0, line).is_some() {
            return Err(Cause::Syntax("NUL byte in part headers"));
        }
        if line.len() > HEADER_LINE {
            return Err(Cause::Syntax("part header line too long"));
        }
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let (text, crlf) = text
            .strip_suffix(b"\r")
            .map_or((text, false), |text| (text, true));
        if crlf {
            self.outcome.flags.crlf_line = true;
        } else {
            self.outcome.flags.lf_line = true;
        }
        match text.first() {
            None => self.end_headers(at + line.len(), fields),
            Some(first) if SPACE.contains(*first) => self.fold(text),
            Some(_) => self.add_header(at, text),
        }
    }

    fn add_header(&mut self, at: usize, text: &[u8]) -> Result<(), Cause> {
        let colon = memchr::memchr(b':', text)
            .ok_or(Cause::Syntax("invalid part header (colon missing)"))?;
        let name = text.get(..colon).unwrap_or_default();
        if name.is_empty() {
            return Err(Cause::Syntax("invalid part header (header name missing)"));
        }
        if !name.iter().all(u8::is_ascii_graphic) {
            // Refused in the end, but rules are to see what a lax application would read.
            self.fail(
                Cause::Syntax("invalid part header (contains invalid character)"),
                at,
            );
        }
        if self.part.lines.len() >= self.limits.part_headers {
            return Err(Cause::TooManyPartHeaders);
        }
        let known = self
            .part
            .lines
            .iter()
            .map(|line| split(self.part.line(self.body, line)).0);
        if known.clone().any(|known| known.eq_ignore_ascii_case(name)) {
            self.fail(Cause::Syntax("duplicate part header"), at);
        }
        self.part.lines.push(Line {
            start: at,
            end: at + text.len(),
            folded: false,
        });
        Ok(())
    }

    /// A line that continues the header before it.
    fn fold(&mut self, text: &[u8]) -> Result<(), Cause> {
        let flags = &mut self.outcome.flags;
        flags.header_folding = true;
        let blank = text
            .iter()
            .position(|byte| !SPACE.contains(*byte))
            .unwrap_or(text.len());
        let (space, more) = text.split_at(blank);
        flags.invalid_header_folding |= space.iter().any(|byte| !matches!(byte, b' ' | b'\t'));
        let part = &mut *self.part;
        let Some(last) = part.lines.last_mut() else {
            return Err(Cause::Syntax("invalid part header (folding error)"));
        };
        if !last.folded {
            let (name, value) = split(self.body.get(last.start..last.end).unwrap_or_default());
            let start = part.folded.len();
            part.folded.extend_from_slice(name);
            part.folded.extend_from_slice(b": ");
            part.folded.extend_from_slice(value);
            *last = Line {
                start,
                end: start,
                folded: true,
            };
        }
        part.folded.push(b' ');
        part.folded.extend_from_slice(more);
        last.end = part.folded.len();
        if last.end - last.start > HEADER_LINE {
            return Err(Cause::Syntax("part header too long"));
        }
        Ok(())
    }

    /// The empty line after the headers: the part has a name now.
    fn end_headers(
        &mut self,
        content: usize,
        fields: &mut (impl Fields + ?Sized),
    ) -> Result<(), Cause> {
        let Part {
            lines,
            folded,
            disposition,
        } = &mut *self.part;
        let body = self.body;
        let text = |line: &Line| {
            let text = if line.folded { folded.as_slice() } else { body };
            text.get(line.start..line.end).unwrap_or_default()
        };
        let is_disposition = |line: &&Line| {
            split(text(line))
                .0
                .eq_ignore_ascii_case(b"content-disposition")
        };
        let read = match lines.iter().find(is_disposition) {
            Some(line) => disposition.read(split(text(line)).1, &mut self.outcome.flags),
            None => Err(Cause::Syntax("part missing Content-Disposition header")),
        };
        for line in lines.iter() {
            fields.part_header(&disposition.name, text(line));
        }
        if !disposition.name.is_empty() {
            fields.part_name(&disposition.name);
        }
        read?;
        if disposition.name.is_empty() {
            return Err(Cause::Syntax(
                "Content-Disposition header missing name field",
            ));
        }
        if disposition.name.len() > self.limits.name {
            return Err(Cause::NameTooLong);
        }
        self.state = State::Content {
            start: content,
            read: false,
        };
        Ok(())
    }

    /// The part that was being read ends before byte `end`.
    fn end_part(&mut self, end: usize, fields: &mut (impl Fields + ?Sized)) {
        if let State::Content { start, .. } = self.state {
            let content = self.body.get(start..end).unwrap_or_default();
            let content = content
                .strip_suffix(b"\n")
                .map_or(content, |line| line.strip_suffix(b"\r").unwrap_or(line));
            self.tell(start, content, fields);
        } else if matches!(self.state, State::Unreadable | State::Headers) {
            self.outcome.flags.invalid_part |= self.part.disposition.name.is_empty();
        }
        self.part.clear();
    }

    fn tell(&mut self, start: usize, content: &[u8], fields: &mut (impl Fields + ?Sized)) {
        let Disposition { name, filename, .. } = &self.part.disposition;
        if content.len() > self.limits.value {
            self.fail(Cause::ValueTooLong, start);
        } else if filename.is_empty() {
            self.arguments += 1;
            if self.arguments > self.limits.arguments {
                self.fail(Cause::TooManyArguments, start);
            } else {
                fields.argument(name, content);
            }
        } else {
            fields.file(&FilePart {
                name,
                filename,
                content,
            });
            self.files += 1;
            if self.files > self.limits.files {
                self.outcome.flags.file_limit_exceeded = true;
                self.fail(Cause::TooManyFiles, start);
            }
        }
    }
}

/// The name and the value of a header line.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = memchr::memchr(b':', line).unwrap_or(line.len());
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    let start = value
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t'))
        .unwrap_or(value.len());
    (name, value.get(start..).unwrap_or_default())
}
