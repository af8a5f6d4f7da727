//! Characters that some system takes for an ASCII one: full-width forms (U+FF01 to U+FF5E), overlong
//! UTF-8 (forbidden by RFC 3629, 3), and what databases and file systems fit to the nearest ASCII.

/// Undoes it. Only what becomes a letter, a digit, a quote, a bracket or a separator of paths counts as
/// a change: Chinese and Japanese text is full of full-width commas.
pub(crate) fn undo(text: &[u8], out: &mut Vec<u8>) -> bool {
    let is_change = |byte: u8| byte.is_ascii_alphanumeric() || b"<>'\"/\\.${}`=|%".contains(&byte);
    let mut rest = text;
    let changed = loop {
        match next(rest) {
            Some((_, byte, _)) if is_change(byte) => break true,
            Some((at, _, taken)) => rest = rest.get(at + taken..).unwrap_or_default(),
            None => break false,
        }
    };
    if !changed {
        return false;
    }
    let mut rest = text;
    while let Some((at, byte, taken)) = next(rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.push(byte);
        rest = rest.get(at + taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    true
}

/// The first character of a text that is taken for an ASCII one: where, which, and its length.
fn next(text: &[u8]) -> Option<(usize, u8, usize)> {
    let mut at = 0;
    while let Some(skipped) = text.get(at..)?.iter().position(|byte| !byte.is_ascii()) {
        at += skipped;
        if let Some((byte, taken)) = folded(text.get(at..)?) {
            return Some((at, byte, taken));
        }
        at += 1;
    }
    None
}

fn folded(text: &[u8]) -> Option<(u8, usize)> {
    match text.first()? {
        0xc0 | 0xc1 | 0xe0 | 0xf0 | 0xf8 | 0xfc => overlong(text),
        0xef => full_width(text),
        0xca | 0xcb | 0xe2 => alike(text),
        _ => None,
    }
}

fn full_width(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [0xef, 0xbc, low @ 0x81..=0xbf, ..] => Some((low - 0x81 + b'!', 3)),
        [0xef, 0xbd, low @ 0x80..=0x9e, ..] => Some((low - 0x80 + b'`', 3)),
        _ => None,
    }
}

/// Two to six bytes for what is one in UTF-8; also with a second byte that is none.
fn overlong(text: &[u8]) -> Option<(u8, usize)> {
    let low = |byte: u8| byte & 0x3f;
    match text {
        [high @ (0xc0 | 0xc1), second, ..] => Some(((high & 1) << 6 | low(*second), 2)),
        [0xe0, second @ (0x80 | 0x81), third, ..] => Some(((second & 1) << 6 | low(*third), 3)),
        [0xf0, 0x80, third @ (0x80 | 0x81), fourth, ..] => {
            Some(((third & 1) << 6 | low(*fourth), 4))
        }
        [0xf8, 0x80, 0x80, last @ (0x80 | 0x81), rest @ ..] => {
            Some(((last & 1) << 6 | low(*rest.first()?), 5))
        }
        [0xfc, 0x80, 0x80, 0x80, last @ (0x80 | 0x81), rest @ ..] => {
            Some(((last & 1) << 6 | low(*rest.first()?), 6))
        }
        _ => None,
    }
}

/// Look-alikes that best-fit mappings (Windows code pages, MySQL collations) make ASCII.
fn alike(text: &[u8]) -> Option<(u8, usize)> {
    const TABLE: [(&str, u8); 15] = [
        ("\u{2bc}", b'\''),
        ("\u{2b9}", b'\''),
        ("\u{2c8}", b'\''),
        ("\u{2032}", b'\''),
        ("\u{2035}", b'`'),
        ("\u{2ba}", b'"'),
        ("\u{2033}", b'"'),
        ("\u{2039}", b'<'),
        ("\u{203a}", b'>'),
        ("\u{2329}", b'<'),
        ("\u{232a}", b'>'),
        ("\u{2215}", b'/'),
        ("\u{2044}", b'/'),
        ("\u{2216}", b'\\'),
        ("\u{2024}", b'.'),
    ];
    let own = TABLE
        .iter()
        .find(|(own, _)| text.starts_with(own.as_bytes()))?;
    Some((own.1, own.0.len()))
}
