//! White space, NUL bytes and what shells ignore.

use super::SPACE;
use crate::byteset::ByteSet;

/// White space and both bytes of a UTF-8 no-break space.
pub(super) const WITH_NON_BREAKING: ByteSet = SPACE.with(0xa0).with(0xc2);

/// Bytes a command line loses or turns into a space.
pub(super) const COMMAND_LINE: ByteSet = ByteSet::from_bytes(b"\"'\\^ ,;\t\r\n");

pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) {
    let mut inside = false;
    keep(input, out, |byte| {
        let space = SPACE.contains(byte);
        let kept = !(space && inside);
        inside = space;
        (if space { b' ' } else { byte }, kept)
    });
}

pub(super) fn remove(input: &[u8], which: ByteSet, out: &mut Vec<u8>) {
    keep(input, out, |byte| (byte, !which.contains(byte)));
}

/// Writes what is made of each byte, unless it is dropped: without a branch and without asking for room
/// at each.
fn keep(input: &[u8], out: &mut Vec<u8>, mut each: impl FnMut(u8) -> (u8, bool)) {
    out.clear();
    out.resize(input.len(), 0);
    let mut len = 0;
    for &byte in input {
        let (made, kept) = each(byte);
        if let Some(place) = out.get_mut(len) {
            *place = made;
        }
        len += usize::from(kept);
    }
    out.truncate(len);
}

pub(super) fn replace_nulls(input: &[u8], out: &mut Vec<u8>) {
    out.extend(
        input
            .iter()
            .map(|&byte| if byte == 0 { b' ' } else { byte }),
    );
}

pub(super) fn trim_left(input: &[u8]) -> &[u8] {
    let start = input
        .iter()
        .position(|byte| !SPACE.contains(*byte))
        .unwrap_or(input.len());
    input.get(start..).unwrap_or_default()
}

pub(super) fn trim_right(input: &[u8]) -> &[u8] {
    let end = input
        .iter()
        .rposition(|byte| !SPACE.contains(*byte))
        .map_or(0, |last| last + 1);
    input.get(..end).unwrap_or_default()
}

/// What a command line makes of a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Plain,
    /// Vanishes.
    Quote,
    /// Becomes a space, one for all in a row.
    Separator,
    /// Takes the space before it away.
    Tight,
}

static PARTS: [Part; 256] = {
    let mut parts = [Part::Plain; 256];
    let mut byte = 0;
    while byte < parts.len() {
        #[expect(
            clippy::indexing_slicing,
            reason = "evaluated when the program is compiled; the loop ends at the length"
        )]
        {
            parts[byte] = match byte as u8 {
                b'"' | b'\'' | b'\\' | b'^' => Part::Quote,
                b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => Part::Separator,
                b'/' | b'(' => Part::Tight,
                _ => Part::Plain,
            };
        }
        byte += 1;
    }
    parts
};

/// Quotes, backslashes and carets vanish; separators become one space, none before `/` and `(`.
pub(super) fn command_line(input: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.resize(input.len(), 0);
    let (mut len, mut space) = (0, false);
    for &byte in input {
        let part = PARTS.get(usize::from(byte));
        let part = part.copied().unwrap_or(Part::Plain);
        let (quote, separator) = (part == Part::Quote, part == Part::Separator);
        len -= usize::from(space & (part == Part::Tight));
        if let Some(place) = out.get_mut(len) {
            *place = if separator {
                b' '
            } else {
                byte.to_ascii_lowercase()
            };
        }
        len += usize::from(!(quote | (separator & space)));
        space = separator | (space & quote);
    }
    out.truncate(len);
}
