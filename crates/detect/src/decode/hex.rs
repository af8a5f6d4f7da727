//! Text written as hexadecimal digits.

use super::digit;

/// The fewest digits that count: shorter ones are numbers and colours.
const SHORTEST: usize = 12;

/// Bytes that tell whether the rest is worth the while.
const FIRST: usize = 9;

/// Undoes it where the whole text is hexadecimal, with `0x` in front or not. Hashes and identifiers
/// decode to noise; the caller asks for text.
pub(crate) fn undo(text: &[u8], out: &mut Vec<u8>) -> bool {
    if !may_be(text) {
        return false;
    }
    let from = out.len();
    for pair in digits(text).chunks_exact(2) {
        let [high, low] = pair else { continue };
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            out.truncate(from);
            return false;
        };
        out.push(high << 4 | low);
    }
    true
}

/// Whether [`undo`] may do so.
pub(crate) fn may_be(text: &[u8]) -> bool {
    let digits = digits(text);
    digits.len() >= SHORTEST && digits.len().is_multiple_of(2) && is_promising(digits)
}

fn digits(text: &[u8]) -> &[u8] {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => digits,
        digits => digits,
    }
}

/// Whether the first bytes may begin a text, or data that is read further. Those of a hash hardly ever do.
fn is_promising(digits: &[u8]) -> bool {
    let mut first = [0; FIRST];
    let mut len = 0;
    for (own, pair) in first.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { continue };
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            return false;
        };
        *own = high << 4 | low;
        len += 1;
    }
    let first = first.get(..len).unwrap_or_default();
    super::begins_as_text(first) || super::is_object(first)
}
