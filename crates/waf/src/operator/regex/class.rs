//! The classes PCRE has names for, in the C locale.

use crate::byteset::ByteSet;
use crate::transform::SPACE;

const DIGIT: ByteSet = ByteSet::range(b'0', b'9');
const UPPER: ByteSet = ByteSet::range(b'A', b'Z');
const LOWER: ByteSet = ByteSet::range(b'a', b'z');
const WORD: ByteSet = DIGIT.union(UPPER).union(LOWER).with(b'_');
const HORIZONTAL: ByteSet = ByteSet::from_bytes(b"\t \xa0");
const VERTICAL: ByteSet = ByteSet::from_bytes(b"\n\x0b\x0c\r\x85");

/// The set a letter after a backslash stands for.
pub(super) const fn shorthand(kind: u8) -> Option<ByteSet> {
    Some(match kind {
        b'd' => DIGIT,
        b'D' => DIGIT.complement(),
        b'w' => WORD,
        b'W' => WORD.complement(),
        b's' => SPACE,
        b'S' => SPACE.complement(),
        b'h' => HORIZONTAL,
        b'H' => HORIZONTAL.complement(),
        b'v' => VERTICAL,
        b'V' => VERTICAL.complement(),
        _ => return None,
    })
}

pub(super) fn posix_class(name: &[u8]) -> Option<ByteSet> {
    let graph = ByteSet::range(0x21, 0x7e);
    let alnum = DIGIT.union(UPPER).union(LOWER);
    Some(match name {
        b"alnum" => alnum,
        b"alpha" => UPPER.union(LOWER),
        b"ascii" => ByteSet::range(0, 0x7f),
        b"blank" => ByteSet::from_bytes(b" \t"),
        b"cntrl" => ByteSet::range(0, 0x1f).with(0x7f),
        b"digit" => DIGIT,
        b"graph" => graph,
        b"lower" => LOWER,
        b"print" => graph.with(b' '),
        b"punct" => graph.complement().union(alnum).complement(),
        b"space" => SPACE,
        b"upper" => UPPER,
        b"word" => WORD,
        b"xdigit" => DIGIT
            .union(ByteSet::range(b'a', b'f'))
            .union(ByteSet::range(b'A', b'F')),
        _ => return None,
    })
}

/// The set with each letter in both cases; telling bytes apart must hold whatever the flags say.
pub(super) const fn with_both_cases(set: ByteSet) -> ByteSet {
    let [low, letters, high, top] = set.0;
    let (upper, lower) = (UPPER.0[1], LOWER.0[1]);
    ByteSet([
        low,
        letters | (letters & upper) << 32 | (letters & lower) >> 32,
        high,
        top,
    ])
}
