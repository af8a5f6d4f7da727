//! Steps to the parent directory, in every spelling that decoding leaves.

use crate::prefix::starts;
use crate::set::{self, Set};

/// Steps that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    /// How many directories it goes up.
    pub(super) steps: usize,
    /// It is spelled as only someone who hides it spells it.
    pub(super) odd: bool,
}

/// Spellings of a dot, but `.` and `%2e`.
const DOTS: &[&[u8]] = &[
    b"\xc0\xae",
    b"\xc0\x2e",
    b"\xe0\x80\xae",
    b"\xef\xbc\x8e",
    b"%c0%ae",
    b"%c0%2e",
    b"%e0%80%ae",
    b"%uff0e",
    b"%u002e",
    b"%ef%bc%8e",
    b"0x2e",
];

/// Spellings of a separator, but `/`, `\`, `%2f` and `%5c`.
const SLASHES: &[&[u8]] = &[
    b"\xc0\xaf",
    b"\xc1\x9c",
    b"\xc0\x2f",
    b"\xc0\x5c",
    b"\xe0\x80\xaf",
    b"\xef\xbc\x8f",
    b"\xef\xbc\xbc",
    b"\xe2\x88\x95",
    b"\xe2\x81\x84",
    b"%c0%af",
    b"%c1%9c",
    b"%c0%2f",
    b"%c0%5c",
    b"%c1%8s",
    b"%c1%1c",
    b"%c1%af",
    b"%e0%80%af",
    b"%uff0f",
    b"%uff3c",
    b"%uf025",
    b"%uefc8",
    b"\xef\x80\xa5",
    b"\xee\xbf\x88",
    b"%u2215",
    b"%u2216",
    b"%u002f",
    b"%u005c",
    b"%bg%qf",
    b"%ef%bc%8f",
    b"0x2f",
    b"0x5c",
];

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The length of `%2e`, `%252e`, `%25252e` for the digits `2e`.
fn percent(text: &[u8], at: usize, digits: &[u8]) -> Option<usize> {
    let mut here = at + 1;
    for _ in 0..4 {
        if starts(text, here, digits) {
            return Some(here + 2 - at);
        }
        if !starts(text, here, b"25") {
            return None;
        }
        here += 2;
    }
    None
}

/// Whether no listed spelling goes on so behind its `%`.
fn is_digits(next: u8) -> bool {
    next.is_ascii_digit()
}

fn listed(text: &[u8], at: usize, spellings: &[&[u8]]) -> Option<(usize, bool)> {
    // The second byte tells nearly all apart: what is encoded as UTF-8 has no letters.
    let second = byte(text, at + 1).to_ascii_lowercase();
    let own = spellings
        .iter()
        .find(|own| own.get(1) == Some(&second) && starts(text, at, own))?;
    Some((own.len(), true))
}

/// Bytes with which a step can begin.
pub(super) const BEGINS: Set = set::of(b".%0\xc0\xe0\xef");

/// Whether a step can begin with the byte at `at`.
pub(super) fn may_begin(text: &[u8], at: usize, own: u8) -> bool {
    let next = byte(text, at + 1);
    match own {
        b'.' => matches!(next, b'.' | b'%' | 0xc0..),
        b'%' => matches!(next, b'2' | b'c' | b'C' | b'e' | b'E' | b'u' | b'U'),
        b'0' => next == b'x',
        0xc0 | 0xe0 | 0xef => true,
        _ => false,
    }
}

/// A dot at `at`: its length, and whether it is an odd spelling.
fn dot(text: &[u8], at: usize) -> Option<(usize, bool)> {
    match byte(text, at) {
        b'.' => Some((1, false)),
        b'%' => match percent(text, at, b"2e") {
            Some(len) => Some((len, true)),
            None if is_digits(byte(text, at + 1)) => None,
            None => listed(text, at, DOTS),
        },
        b'0' | 0xc0.. => listed(text, at, DOTS),
        _ => None,
    }
}

/// A separator at `at`: its length, and whether it is an odd spelling.
pub(super) fn slash(text: &[u8], at: usize) -> Option<(usize, bool)> {
    match byte(text, at) {
        b'/' | b'\\' => Some((1, false)),
        b'%' => match percent(text, at, b"2f").or_else(|| percent(text, at, b"5c")) {
            Some(len) => Some((len, true)),
            None if is_digits(byte(text, at + 1)) => None,
            None => listed(text, at, SLASHES),
        },
        b'0' | 0xc0.. => listed(text, at, SLASHES),
        _ => None,
    }
}

/// One step up at `at`: where it ends, and whether it is spelled oddly.
fn step(text: &[u8], at: usize, follows: bool) -> Option<(usize, bool)> {
    let mut here = at;
    let mut dots = 0;
    let mut odd = false;
    while let Some((len, own)) = dot(text, here) {
        dots += 1;
        here += len;
        odd |= own;
        if dots > 4 {
            return None;
        }
    }
    if dots < 2 {
        return None;
    }
    let (behind, junk) = filler(text, here);
    let mut end = behind;
    let mut slashes = 0;
    while let Some((len, own)) = slash(text, end) {
        end += len;
        slashes += 1;
        odd |= own;
        if slashes > 8 {
            break;
        }
    }
    // `..2f..2f`: percent signs were taken out.
    let bare = slashes == 0 && (starts(text, end, b"2f") || starts(text, end, b"5c"));
    let leads = || starts(text, end + 2, b"etc2f") || starts(text, end + 2, b"etc/");
    if bare && (follows || dot(text, end + 2).is_some() || leads()) {
        return Some((end + 2, true));
    }
    if slashes == 0 {
        return None;
    }
    // `..././`, which leaves `../` when `../` is taken out.
    let rest = (byte(text, end) == b'.')
        .then(|| slash(text, end + 1))
        .flatten();
    match (dots, rest) {
        (3, Some((len, _))) if slashes == 1 => return Some((end + 1 + len, true)),
        _ => {}
    }
    match dots {
        2 => Some((end, odd || junk)),
        // `....//`, which leaves `../` when `../` is taken out; `.../` is an ellipsis.
        _ if slashes > 1 => Some((end, true)),
        // `.../.../`, which old systems take for more than one step.
        _ if follows || step_again(text, end) => Some((end, true)),
        _ => None,
    }
}

/// Whether two more names of three or four dots follow.
fn step_again(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..text.len().min(at + 10)).unwrap_or_default();
    let mut parts = rest.split(|own| matches!(own, b'/' | b'\\'));
    let mut dots = || {
        parts
            .next()
            .is_some_and(|part| part.len() > 2 && part.iter().all(|own| *own == b'.'))
    };
    dots() && dots()
}

/// What may stand between the dots and the separator: parameters of a path (`..;a=b/`), NUL, a blank.
fn filler(text: &[u8], at: usize) -> (usize, bool) {
    let mut here = at;
    while matches!(byte(text, here), 0 | b'\t' | b'\r' | b'\n')
        && here < text.len()
        && here < at + 3
    {
        here += 1;
    }
    if starts(text, here, b"%00") {
        here += 3;
    }
    if byte(text, here) == b';' {
        let rest = text
            .get(here..text.len().min(here + 24))
            .unwrap_or_default();
        let len = rest
            .iter()
            .take_while(|own| own.is_ascii_alphanumeric() || matches!(own, b';' | b'=' | b'_'))
            .count();
        here += len;
    }
    (here, here > at)
}

/// How many plain separators begin a text.
fn slashes(text: &[u8]) -> usize {
    let own = text.iter().take(8);
    own.take_while(|own| matches!(own, b'/' | b'\\')).count()
}

/// The steps that begin at `at`.
pub(super) fn run(text: &[u8], at: usize) -> Option<Run> {
    let (mut end, mut odd) = step(text, at, false)?;
    let mut steps = 1;
    loop {
        // `./` stays where it is.
        let here = match (text.get(end), slash(text, end + 1)) {
            (Some(b'.'), Some((len, _))) if steps < 64 => end + 1 + len,
            _ => end,
        };
        let here = here + text.get(here..).map_or(0, slashes);
        let Some((next, own)) = step(text, here, true) else {
            break;
        };
        end = next;
        odd |= own;
        steps += 1;
    }
    // A last one without a separator: `/..`.
    if end < text.len() && text.get(end..) == Some(b"..") {
        steps += 1;
        end = text.len();
    }
    Some(Run {
        start: at,
        end,
        steps,
        odd,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_in_every_spelling() {
        let cases: [(&[u8], usize, bool); 14] = [
            (b"../../x", 2, false),
            (b"..\\..\\x", 2, false),
            (b"..%2f..%2fx", 2, true),
            (b"%252e%252e%252fx", 1, true),
            (b"..;/x", 1, true),
            (b"....//....//x", 2, true),
            (b"..%c0%af..%c0%afx", 2, true),
            (b"\xc0\xae\xc0\xae/x", 1, true),
            (b"..2f..2fetc", 2, true),
            (b"..0x2f..0x2fx", 2, true),
            (b"../..", 2, false),
            (b"..\0/x", 1, true),
            (b"..2fetc2fpasswd", 1, true),
            (b"..%uF025..%uF025etc", 2, true),
        ];
        for (text, steps, odd) in cases {
            let own = run(text, 0).unwrap();
            assert_eq!(
                (own.steps, own.odd),
                (steps, odd),
                "{}",
                String::from_utf8_lossy(text)
            );
        }
        for text in [b"...".as_slice(), b"..x", b".../x", b"1..2", b"./x", b".."] {
            assert_eq!(run(text, 0), None);
        }
    }
}
