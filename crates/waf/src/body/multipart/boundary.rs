//! The boundary in the `Content-Type` header.

use super::{Cause, Flags};
use crate::byteset::ByteSet;
use crate::transform::SPACE;

/// Longest `Content-Type` header that is looked at.
const HEADER: usize = 1024;

/// What RFC 2046 allows in a boundary, blanks inside it apart.
const ALLOWED: ByteSet = ByteSet::range(b'0', b'9')
    .union(ByteSet::range(b'A', b'Z'))
    .union(ByteSet::range(b'a', b'z'))
    .union(ByteSet::from_bytes(b"'()+_,-./:=?"));

const KIND: &[u8] = b"multipart/form-data";
const NAME: &[u8] = b"boundary";

/// The boundary without its dashes.
pub(super) fn find<'a>(header: &'a [u8], flags: &mut Flags) -> Result<&'a [u8], Cause> {
    if header.is_empty() {
        return Err(Cause::Syntax("Content-Type header not available"));
    }
    if header.len() > HEADER {
        return Err(Cause::Syntax("invalid boundary in C-T (length)"));
    }
    let Some((kind, rest)) = header.split_at_checked(KIND.len()) else {
        return Err(Cause::Syntax("invalid MIME type"));
    };
    if !kind.eq_ignore_ascii_case(KIND) {
        return Err(Cause::Syntax("invalid MIME type"));
    }
    let mentions = count(header);
    if mentions > 1 {
        return Err(Cause::Syntax("multiple boundary parameters in C-T"));
    }
    let Some(at) = memchr::memmem::find(rest, NAME) else {
        return Err(Cause::Syntax(match mentions {
            0 => "boundary not found in C-T",
            _ => "invalid boundary in C-T (case sensitivity)",
        }));
    };
    let (before, parameter) = rest.split_at(at);
    let mut separators = before.iter().filter(|byte| !SPACE.contains(**byte));
    match (separators.next(), separators.next()) {
        (None, _) => flags.missing_semicolon = true,
        (Some(b';'), None) => {}
        _ => return Err(Cause::Syntax("invalid boundary in C-T (malformed)")),
    }
    let after = parameter.get(NAME.len()..).unwrap_or_default();
    let equals =
        memchr::memchr(b'=', after).ok_or(Cause::Syntax("invalid boundary in C-T (malformed)"))?;
    let (gap, value) = after.split_at(equals);
    if !gap.iter().all(|byte| SPACE.contains(*byte)) {
        return Err(Cause::Syntax("invalid boundary in C-T (parameter name)"));
    }
    let value = value.get(1..).unwrap_or_default();
    flags.boundary_whitespace |=
        !gap.is_empty() || value.first().is_some_and(|byte| SPACE.contains(*byte));
    check(unquote(value, flags)?)
}

fn unquote<'a>(value: &'a [u8], flags: &mut Flags) -> Result<&'a [u8], Cause> {
    match value {
        [b'"', inner @ .., b'"'] => {
            flags.boundary_quoted = true;
            Ok(inner)
        }
        [b'"', ..] | [_, .., b'"'] => Err(Cause::Syntax("invalid boundary in C-T (quote)")),
        plain => Ok(plain),
    }
}

fn check(boundary: &[u8]) -> Result<&[u8], Cause> {
    if count(boundary) > 0 {
        return Err(Cause::Syntax("invalid boundary in C-T (content)"));
    }
    // A parameter after the boundary is against RFC 7578 but sent by some; it is cut off.
    let cut = memchr::memchr(b';', boundary).and_then(|end| boundary.get(..end));
    let boundary = cut.unwrap_or(boundary);
    if boundary.is_empty() {
        return Err(Cause::Syntax("invalid boundary in C-T (empty)"));
    }
    let valid = boundary
        .iter()
        .all(|byte| *byte == b' ' || ALLOWED.contains(*byte));
    if !valid || boundary.ends_with(b" ") {
        return Err(Cause::Syntax("invalid boundary in C-T (characters)"));
    }
    Ok(boundary)
}

/// How often the word occurs, in any letter case, with an equals sign somewhere after it.
fn count(text: &[u8]) -> usize {
    let last_equals = memchr::memrchr(b'=', text).unwrap_or(0);
    let words = text.windows(NAME.len()).enumerate();
    words
        .filter(|(at, word)| word.eq_ignore_ascii_case(NAME) && at + NAME.len() <= last_equals)
        .count()
}
