//! `name=value&name=value`, as forms and queries are written.

use crate::seek;
use std::ops::Range;

use super::{Kind, MOST, Part};

const LONGEST_NAME: usize = 64;

/// Lists the fields of a text that is a form of two fields or more. Says whether it is.
pub(crate) fn parts(text: &[u8], out: &mut Vec<Part>) -> bool {
    let mut count = 0;
    for field in text.split(|byte| *byte == b'&') {
        count += 1;
        let name = field.iter().position(|byte| *byte == b'=');
        let name = name.and_then(|end| field.get(..end));
        let is_name = |name: &[u8]| {
            !name.is_empty()
                && name.len() <= LONGEST_NAME
                && name
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_.-[]%:$".contains(byte))
        };
        // A field without a value is allowed behind the first.
        if !(name.is_some_and(is_name) || (count > 1 && is_name(field))) {
            return false;
        }
    }
    if !(2..=MOST).contains(&count) {
        return false;
    }
    split(text, 0..text.len(), out);
    true
}

/// Lists the fields between two bytes, whatever they look like.
pub(crate) fn split(text: &[u8], within: Range<usize>, out: &mut Vec<Part>) {
    let mut at = within.start;
    while at < within.end {
        let rest = text.get(at..within.end).unwrap_or_default();
        // What is too much for a list stays together.
        let end = match seek::memchr(b'&', rest) {
            Some(end) if out.len() < MOST => end,
            _ => rest.len(),
        };
        let field = rest.get(..end).unwrap_or_default();
        let name = field.iter().position(|byte| *byte == b'=');
        let (name, value) = match name {
            Some(name) => (at..at + name, at + name + 1..at + end),
            None => (0..0, at..at + end),
        };
        if !name.is_empty() {
            out.push(Part {
                name: 0..0,
                text: name.clone(),
                kind: Kind::Key,
            });
        }
        if !value.is_empty() {
            out.push(Part {
                name,
                text: value,
                kind: Kind::Field,
            });
        }
        at += end + 1;
    }
}
