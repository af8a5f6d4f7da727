//! JSON (RFC 8259), read in one pass without a tree.
//!
//! Each scalar is one argument under ModSecurity's name for it: `json.a.b` for members,
//! `json.array_0` for elements, `empty-key` for the empty key. Strings are told decoded, numbers as
//! written, `true` and `false` as such, `null` as the empty value. Duplicate keys are told each.

use super::{Cause, Fault, Fields, Limits, Scratch};

/// An open object or array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// Length of the path up to and including this container's own name.
    path: usize,
    /// The position of the next element; `None` in an object.
    element: Option<usize>,
}

/// Tells every scalar of a JSON text.
///
/// # Errors
/// The first limit passed or the first break of the syntax; scalars before it have been told.
pub fn parse(
    body: &[u8],
    limits: &Limits,
    scratch: &mut Scratch,
    fields: &mut (impl Fields + ?Sized),
) -> Result<(), Fault> {
    let mut parser = Parser::new(body, limits, scratch);
    parser.document(fields)?;
    if parser.at < body.len() {
        Err(parser.syntax("unexpected text after the JSON value"))
    } else {
        Ok(())
    }
}

/// Tells every scalar of JSON texts one behind the other, all under the names they would have alone. Between
/// them may be white space and record separators (RFC 7464).
///
/// # Errors
/// As [`parse`].
pub fn parse_lines(
    body: &[u8],
    limits: &Limits,
    scratch: &mut Scratch,
    fields: &mut (impl Fields + ?Sized),
) -> Result<(), Fault> {
    let mut parser = Parser::new(body, limits, scratch);
    parser.separators();
    loop {
        parser.document(fields)?;
        parser.separators();
        if parser.at >= body.len() {
            return Ok(());
        }
    }
}

struct Parser<'a> {
    body: &'a [u8],
    at: usize,
    path: &'a mut Vec<u8>,
    text: &'a mut Vec<u8>,
    levels: &'a mut Vec<Level>,
    limits: &'a Limits,
    arguments: usize,
}

impl<'a> Parser<'a> {
    const ROOT: &'static [u8] = b"json";

    fn new(body: &'a [u8], limits: &'a Limits, scratch: &'a mut Scratch) -> Self {
        let Scratch {
            name: path,
            value: text,
            levels,
            ..
        } = scratch;
        path.clear();
        path.extend_from_slice(Self::ROOT);
        levels.clear();
        Self {
            body,
            at: 0,
            path,
            text,
            levels,
            limits,
            arguments: 0,
        }
    }

    /// Passes what may stand between texts.
    fn separators(&mut self) {
        const RECORD: u8 = 0x1e;
        self.space();
        while self.peek() == Some(RECORD) {
            self.at += 1;
            self.space();
        }
    }

    /// One text, and the white space behind it.
    fn document(&mut self, fields: &mut (impl Fields + ?Sized)) -> Result<(), Fault> {
        loop {
            // A value begins here, and the path already names it.
            self.space();
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    self.open(open)?;
                    if self.begin_first(open)? {
                        continue;
                    }
                }
                _ => self.scalar(fields)?,
            }
            if !self.next_value()? {
                break;
            }
        }
        self.space();
        Ok(())
    }

    fn open(&mut self, open: u8) -> Result<(), Fault> {
        if self.levels.len() >= self.limits.depth {
            return Err(Cause::TooDeep.at(self.at));
        }
        self.at += 1;
        let element = (open == b'[').then_some(0);
        self.levels.push(Level {
            path: self.path.len(),
            element,
        });
        Ok(())
    }

    /// After an opening bracket: whether a value begins, or the container is empty and closed.
    fn begin_first(&mut self, open: u8) -> Result<bool, Fault> {
        self.space();
        let close = if open == b'{' { b'}' } else { b']' };
        if self.peek() == Some(close) {
            self.close();
            return Ok(false);
        }
        self.begin_value()?;
        Ok(true)
    }

    /// After a value: closes what ends here, and whether another value begins.
    fn next_value(&mut self) -> Result<bool, Fault> {
        loop {
            let Some(level) = self.levels.last() else {
                return Ok(false);
            };
            let close = if level.element.is_some() { b']' } else { b'}' };
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                    self.begin_value()?;
                    return Ok(true);
                }
                Some(byte) if byte == close => self.close(),
                Some(_) => return Err(self.syntax("expected a comma or the end of the container")),
                None => return Err(self.end()),
            }
        }
    }

    fn close(&mut self) {
        self.at += 1;
        if let Some(level) = self.levels.pop() {
            self.path.truncate(level.path);
        }
    }

    /// Writes the name of the next value to the path, reading its key in an object.
    fn begin_value(&mut self) -> Result<(), Fault> {
        let Some(level) = self.levels.last_mut() else {
            return Ok(());
        };
        self.path.truncate(level.path);
        if let Some(element) = &mut level.element {
            self.path.extend_from_slice(b".array_");
            push_number(*element, self.path);
            *element += 1;
        } else {
            self.path.push(b'.');
            if self.peek() != Some(b'"') {
                return Err(self.syntax_or_end("expected a key"));
            }
            let start = self.at;
            let key = string(self.body, &mut self.at, self.text)?;
            let key = if key.is_empty() { b"empty-key" } else { key };
            if key.len() > self.limits.path {
                return Err(Cause::NameTooLong.at(start));
            }
            self.path.extend_from_slice(key);
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.syntax_or_end("expected a colon after the key"));
            }
            self.at += 1;
        }
        if self.path.len() > self.limits.path {
            return Err(Cause::NameTooLong.at(self.at));
        }
        Ok(())
    }

    fn scalar(&mut self, fields: &mut (impl Fields + ?Sized)) -> Result<(), Fault> {
        let start = self.at;
        if self.arguments >= self.limits.arguments {
            return Err(Cause::TooManyArguments.at(start));
        }
        let rest = self.body.get(start..).unwrap_or_default();
        let value = match rest {
            [b'"', ..] => string(self.body, &mut self.at, self.text)?,
            [b'-' | b'0'..=b'9', ..] => {
                let length = number(rest).map_err(|cause| cause.at(start))?;
                self.at += length;
                rest.get(..length).unwrap_or_default()
            }
            _ => {
                let words: [(&[u8], &[u8]); 3] =
                    [(b"true", b"true"), (b"false", b"false"), (b"null", b"")];
                let known = words.into_iter().find(|(word, _)| rest.starts_with(word));
                let Some((word, value)) = known else {
                    return Err(self.syntax_or_end("expected a value"));
                };
                self.at += word.len();
                value
            }
        };
        if value.len() > self.limits.value {
            return Err(Cause::ValueTooLong.at(start));
        }
        self.arguments += 1;
        fields.argument(self.path, value);
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn syntax(&self, what: &'static str) -> Fault {
        Cause::Syntax(what).at(self.at)
    }

    fn end(&self) -> Fault {
        Cause::Truncated.at(self.at)
    }

    fn syntax_or_end(&self, what: &'static str) -> Fault {
        if self.at >= self.body.len() {
            self.end()
        } else {
            self.syntax(what)
        }
    }
}

fn push_number(number: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = number;
    loop {
        out.push(b'0' + (rest % 10) as u8);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// The length of the number at the start of the text.
fn number(text: &[u8]) -> Result<usize, Cause> {
    let digits = |at: usize| {
        text.get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let wrong = Cause::Syntax("malformed number");
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && text.get(at) == Some(&b'0')) {
        return Err(wrong);
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return Err(wrong);
        }
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return Err(wrong);
        }
        at += exponent;
    }
    Ok(at)
}

/// Reads the string that begins at `at` with its quote. Without escapes it is a slice of the body.
fn string<'a>(body: &'a [u8], at: &mut usize, buffer: &'a mut Vec<u8>) -> Result<&'a [u8], Fault> {
    let start = *at + 1;
    let rest = body.get(start..).unwrap_or_default();
    let Some(plain) = first_special(rest) else {
        return Err(Cause::Truncated.at(body.len()));
    };
    let head = rest.get(..plain).unwrap_or_default();
    if rest.get(plain) == Some(&b'"') {
        *at = start + plain + 1;
        check_utf8(head, start)?;
        return Ok(head);
    }
    buffer.clear();
    buffer.extend_from_slice(head);
    let mut here = start + plain;
    loop {
        match body.get(here) {
            None => return Err(Cause::Truncated.at(here)),
            Some(b'"') => break,
            Some(b'\\') => here = escape(body, here, buffer)?,
            Some(0..0x20) => {
                return Err(
                    Cause::Syntax("a control character must be escaped in a string").at(here),
                );
            }
            Some(_) => {
                let rest = body.get(here..).unwrap_or_default();
                let run = first_special(rest).unwrap_or(rest.len());
                buffer.extend_from_slice(rest.get(..run).unwrap_or_default());
                here += run;
            }
        }
    }
    *at = here + 1;
    check_utf8(buffer, start)?;
    Ok(buffer)
}

/// Where the first byte of a string stands that does not stand for itself.
fn first_special(text: &[u8]) -> Option<usize> {
    let end = memchr::memchr2(b'"', b'\\', text);
    let head = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    // Controls are hardly ever there; looked at without a way out, many bytes are looked at together.
    if head.iter().fold(false, |any, byte| any | (*byte < 0x20)) {
        return head.iter().position(|byte| *byte < 0x20);
    }
    end
}

fn check_utf8(text: &[u8], start: usize) -> Result<(), Fault> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Cause::Syntax("a string is not UTF-8").at(start)),
    }
}

/// Decodes the escape at `at` and returns what follows it.
fn escape(body: &[u8], at: usize, out: &mut Vec<u8>) -> Result<usize, Fault> {
    let Some(kind) = body.get(at + 1) else {
        return Err(Cause::Truncated.at(body.len()));
    };
    let byte = match kind {
        b'"' | b'\\' | b'/' => *kind,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return unicode(body, at, out),
        _ => return Err(Cause::Syntax("unknown escape in a string").at(at)),
    };
    out.push(byte);
    Ok(at + 2)
}

/// Decodes `\uXXXX`, and the second half of a surrogate pair with it. A lone half becomes `?`.
fn unicode(body: &[u8], at: usize, out: &mut Vec<u8>) -> Result<usize, Fault> {
    let unit = |at: usize| {
        let digits = body.get(at + 2..at + 6)?;
        digits.iter().try_fold(0_u32, |sum, byte| {
            Some(sum << 4 | char::from(*byte).to_digit(16)?)
        })
    };
    let Some(first) = unit(at) else {
        return Err(Cause::Syntax("`\\u` needs four hex digits").at(at));
    };
    let pair = body.get(at + 6..at + 8) == Some(b"\\u") && matches!(first, 0xd800..0xdc00);
    let second = if pair {
        unit(at + 6).filter(|unit| matches!(unit, 0xdc00..0xe000))
    } else {
        None
    };
    let (code, length) = match second {
        Some(second) => (0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff), 12),
        None => (first, 6),
    };
    let character = char::from_u32(code).unwrap_or('?');
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(at + length)
}

#[cfg(test)]
mod tests;
