//! JSON (RFC 8259), one document or several one after the other.

use crate::seek;
use std::ops::Range;

use super::{Kind, MOST, Part};

/// Deeper nesting is not taken apart.
const DEEPEST: u32 = 64;

/// Lists the strings and keys of a text that is JSON from its first byte to its last. Says whether it
/// is.
pub(crate) fn parts(text: &[u8], out: &mut Vec<Part>) -> bool {
    let from = out.len();
    let done = Walk {
        text,
        at: 0,
        depth: 0,
        objects: 0,
        key: 0..0,
        awaits_key: false,
    }
    .all(out);
    let done = done.is_some() && out.len() - from <= MOST;
    if !done {
        out.truncate(from);
    }
    done
}

struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    /// Which of the open brackets are braces, the innermost in the lowest bit.
    objects: u64,
    key: Range<usize>,
    awaits_key: bool,
}

impl Walk<'_> {
    fn all(mut self, out: &mut Vec<Part>) -> Option<()> {
        while let Some(byte) = self.text.get(self.at).copied() {
            if self.depth == 0 && !matches!(byte, b'{' | b'[' | b' ' | b'\t' | b'\r' | b'\n') {
                return None;
            }
            match byte {
                b'{' | b'[' => self.open(byte == b'{')?,
                b'}' | b']' => self.close(byte == b'}')?,
                b'"' => self.string(out)?,
                b',' => self.awaits_key = self.objects & 1 == 1,
                b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => {
                    self.literal()?;
                    continue;
                }
            }
            self.at += 1;
        }
        (self.depth == 0).then_some(())
    }

    fn open(&mut self, object: bool) -> Option<()> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u64::from(object);
        self.awaits_key = object;
        Some(())
    }

    fn close(&mut self, object: bool) -> Option<()> {
        if self.depth == 0 || (self.objects & 1 == 1) != object {
            return None;
        }
        self.depth -= 1;
        self.objects >>= 1;
        self.awaits_key = false;
        Some(())
    }

    /// From one quote to the other; `at` is left on the last.
    fn string(&mut self, out: &mut Vec<Part>) -> Option<()> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            let rest = self.text.get(end..)?;
            end += seek::memchr2(b'"', b'\\', rest)?;
            if self.text.get(end) == Some(&b'"') {
                break;
            }
            end += 2;
        }
        self.at = end;
        let text = start..end;
        if self.awaits_key {
            self.awaits_key = false;
            self.key = text.clone();
            out.push(Part {
                name: 0..0,
                text,
                kind: Kind::Key,
            });
        } else {
            out.push(Part {
                name: self.key.clone(),
                text,
                kind: Kind::Value,
            });
        }
        (out.len() <= MOST * 2).then_some(())
    }

    /// A number, `true`, `false` or `null`.
    fn literal(&mut self) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let len = rest.iter().take_while(|byte| is_part(byte)).count();
        let word = rest.get(..len)?;
        let number = word
            .iter()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte));
        let known = matches!(word, b"true" | b"false" | b"null");
        self.at += len;
        (len > 0 && (known || number)).then_some(())
    }
}
