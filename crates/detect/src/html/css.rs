//! Style sheets that run or load something.

use super::entity::Decoded;
use crate::phrases::{self, Phrases, searchers};

/// What a style sheet does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    /// It loads another style sheet or image.
    Loads,
    /// It tells another host what a field of the page holds.
    Sends,
    /// It runs a script in some browser.
    Runs,
}

/// What runs scripts, as it reads once comments and escapes are undone.
static RUNNING: Phrases = Phrases::new(|| {
    searchers(&[
        b"expression(",
        b"-moz-binding",
        b"behavior:",
        b"behaviour:",
        b"javascript:",
        b"vbscript:",
        b"-o-link",
    ])
});
/// What chooses by what a field of the page holds.
static ASKS: Phrases =
    Phrases::new(|| searchers(&[b"[value^=", b"[value$=", b"[value*=", b"[value|="]));
/// Addresses of other hosts.
static AWAY: Phrases = Phrases::new(|| {
    searchers(&[
        b"url(//",
        b"url(http",
        b"url('//",
        b"url('http",
        b"url(\"//",
        b"url(\"http",
    ])
});

/// Reads a style sheet's beginning.
pub(super) fn read(style: &[u8]) -> Option<Style> {
    let plain = undo(style);
    let plain = plain.bytes();
    if RUNNING.are_in(plain) {
        return Some(Style::Runs);
    }
    if ASKS.are_in(plain) && AWAY.are_in(plain) {
        return Some(Style::Sends);
    }
    let loads = phrases::find(plain, b"@import").is_some();
    loads.then_some(Style::Loads)
}

/// Lower case, without comments, white space and escapes.
fn undo(style: &[u8]) -> Decoded {
    let mut out = Decoded::empty();
    let mut at = 0;
    while let Some(byte) = style.get(at).copied() {
        let rest = style.get(at..).unwrap_or_default();
        at += 1;
        let byte = match byte {
            b'/' if rest.starts_with(b"/*") => {
                at += memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 1);
                continue;
            }
            b'\\' => {
                let (byte, len) = escape(rest.get(1..).unwrap_or_default());
                at += len;
                byte
            }
            0..=b' ' => continue,
            other => other,
        };
        if !out.push(byte.to_ascii_lowercase()) {
            break;
        }
    }
    out
}

/// What stands after a backslash: up to six hexadecimal digits and a space, or any one byte.
fn escape(rest: &[u8]) -> (u8, usize) {
    let mut value: u32 = 0;
    let mut len = 0;
    for byte in rest.iter().take(6) {
        let Some(digit) = char::from(*byte).to_digit(16) else {
            break;
        };
        value = (value << 4) | digit;
        len += 1;
    }
    match rest.first() {
        Some(byte) if len == 0 => (*byte, 1),
        Some(_) => {
            let space = usize::from(rest.get(len).is_some_and(u8::is_ascii_whitespace));
            (u8::try_from(value).unwrap_or(0x80), len + space)
        }
        None => (b'\\', 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_that_run_are_read_through_comments_and_escapes() {
        for text in [
            "x:expr/*x*/ession(alert(1))",
            "x:\\65xpression(1)",
            "x:\\000065 xpression (1)",
            "background:url('java\nscript:x')",
            "-moz-binding:url(x)",
        ] {
            assert_eq!(read(text.as_bytes()), Some(Style::Runs), "{text}");
        }
        assert_eq!(read(b"@im\\port'x'"), Some(Style::Loads));
        assert_eq!(read(b"color:red;background:url(/a.png)"), None);
    }
}
