//! Base64 (RFC 4648) in both alphabets, padded or not.

use std::ops::Range;

/// The fewest letters of a whole value that count: `aWQ=` is an identifier as well as not.
const SHORTEST: usize = 8;
/// The fewest letters of a run inside a longer text that count.
const SHORTEST_RUN: usize = 16;

/// The values of the letters of both alphabets; 64 and more for what is none.
const LETTERS: [u8; 256] = letters();

#[allow(clippy::indexing_slicing)] // a byte is an index into 256 places
const fn letters() -> [u8; 256] {
    let mut all = [64; 256];
    let mut byte = 0_u8;
    loop {
        all[byte as usize] = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => 64,
        };
        if byte == u8::MAX {
            return all;
        }
        byte += 1;
    }
}

/// The value of a letter of either alphabet.
#[inline]
fn letter(byte: u8) -> Option<u8> {
    LETTERS
        .get(usize::from(byte))
        .copied()
        .filter(|value| *value < 64)
}

/// Undoes it where the whole text is base64; blanks count as the `+` they were before a form was
/// decoded, and line ends are skipped.
pub(crate) fn undo(text: &[u8], out: &mut Vec<u8>) -> bool {
    body(text).is_some_and(|body| is_promising(body) && bytes(body, out))
}

/// Whether [`undo`] may do so.
pub(crate) fn may_be(text: &[u8]) -> bool {
    body(text).is_some_and(is_promising)
}

/// The same for what is known to be base64: nothing is asked of the bytes.
pub(crate) fn any(text: &[u8], out: &mut Vec<u8>) -> bool {
    body(text).is_some_and(|body| bytes(body, out))
}

/// What stands before the padding.
fn body(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii();
    let end = text
        .iter()
        .rposition(|byte| *byte != b'=')
        .map_or(0, |at| at + 1);
    let body = text.get(..end).unwrap_or_default();
    (body.len() >= SHORTEST && text.len() - end <= 2).then_some(body)
}

/// Appends what the letters stand for.
fn bytes(body: &[u8], out: &mut Vec<u8>) -> bool {
    let from = out.len();
    let (mut bits, mut have) = (0_u32, 0_u32);
    let (fours, _) = body.as_chunks();
    let whole = fours.iter().map_while(|four| three(*four));
    let from_fours = whole.fold(0, |len, three| {
        out.extend_from_slice(&three);
        len + 4
    });
    // What has line ends or blanks in it, and the end.
    for byte in body.get(from_fours..).unwrap_or_default() {
        let value = match byte {
            b'\r' | b'\n' => continue,
            b' ' => 62,
            byte => match letter(*byte) {
                Some(value) => value,
                None => {
                    out.truncate(from);
                    return false;
                }
            },
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have & 0xff) as u8);
        }
    }
    // A single letter over encodes nothing: this is no base64.
    if have >= 6 {
        out.truncate(from);
        return false;
    }
    true
}

/// The bytes that four letters stand for.
#[inline]
fn three(four: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = four.map(|byte| LETTERS.get(usize::from(byte)).copied().unwrap_or(64));
    let bits = u32::from(d) | u32::from(c) << 6 | u32::from(b) << 12 | u32::from(a) << 18;
    let [_, one, two, three] = bits.to_be_bytes();
    ((a | b | c | d) & 64 == 0).then_some([one, two, three])
}

/// Whether the first bytes decode to something that is looked at: text, or a known kind of data.
/// Identifiers and words hardly ever do.
fn is_promising(body: &[u8]) -> bool {
    // The first byte alone tells most identifiers apart: a control character begins no text.
    if let [one, two, ..] = body
        && let (Some(high), Some(low)) = (letter(*one), letter(*two))
    {
        let first = high << 2 | low >> 4;
        if first < 0x20 && !matches!(first, b'\n' | b'\r' | b'\t' | 0 | 4 | 0x1f) || first == 0x7f {
            return false;
        }
        // Nor does the middle of a character, unless it is data that is read further.
        if matches!(first, 0x81..=0xab | 0xad..=0xbf | 0xf8..) {
            return false;
        }
    }
    let mut first = [0_u8; 9];
    let mut len = 0;
    let (fours, _) = body.as_chunks();
    let (threes, _) = first.as_chunks_mut::<3>();
    for (place, own) in threes
        .iter_mut()
        .zip(fours.iter().map_while(|four| three(*four)))
    {
        *place = own;
        len += 3;
    }
    let first = first.get(..len).unwrap_or_default();
    super::begins_as_text(first) || super::is_object(first)
}

/// Runs of base64 letters inside a longer text, at most `most`; in a path, `/` ends a run.
pub(crate) fn runs(text: &[u8], most: usize, path: bool) -> impl Iterator<Item = Range<usize>> {
    let letter = move |byte: u8| letter(byte).filter(|_| !path || byte != b'/');
    let mut at = 0;
    std::iter::from_fn(move || {
        // Only every so many bytes need a look: a run covers one of them.
        loop {
            let probe = at + SHORTEST_RUN - 1;
            let byte = *text.get(probe)?;
            if letter(byte).is_none() {
                at = probe + 1;
                continue;
            }
            let head = text.get(at..probe)?;
            let back = head.iter().rposition(|byte| letter(*byte).is_none());
            let start = back.map_or(at, |back| at + back + 1);
            let tail = text.get(probe..)?;
            let len = tail.iter().position(|byte| letter(*byte).is_none());
            let end = probe + len.unwrap_or(tail.len());
            at = end;
            if end - start >= SHORTEST_RUN {
                return Some(start..end);
            }
        }
    })
    .take(most)
}
