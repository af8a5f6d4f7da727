//! What a browser makes of an attribute's value: character references undone.

/// The most bytes of a value that are looked at once decoded.
const SPACE: usize = 512;

/// A decoded beginning of a value.
pub(super) struct Decoded {
    bytes: [u8; SPACE],
    len: usize,
}

impl Decoded {
    /// The decoded bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    pub(super) fn empty() -> Self {
        Self {
            bytes: [0; SPACE],
            len: 0,
        }
    }

    /// Adds a byte; whether there was room for it.
    pub(super) fn push(&mut self, byte: u8) -> bool {
        let Some(place) = self.bytes.get_mut(self.len) else {
            return false;
        };
        *place = byte;
        self.len += 1;
        true
    }
}

/// Character references that stand for ASCII (HTML standard, section 13.5); those a browser takes
/// without their semicolon come first.
const NAMES: [(&[u8], u8); 41] = [
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"amp", b'&'),
    (b"quot", b'"'),
    (b"LT", b'<'),
    (b"GT", b'>'),
    (b"AMP", b'&'),
    (b"QUOT", b'"'),
    (b"nbsp", b' '),
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
    (b"excl", b'!'),
    (b"num", b'#'),
    (b"dollar", b'$'),
    (b"percnt", b'%'),
    (b"apos", b'\''),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"ast", b'*'),
    (b"plus", b'+'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"sol", b'/'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"equals", b'='),
    (b"quest", b'?'),
    (b"commat", b'@'),
    (b"lsqb", b'['),
    (b"lbrack", b'['),
    (b"bsol", b'\\'),
    (b"rsqb", b']'),
    (b"rbrack", b']'),
    (b"Hat", b'^'),
    (b"lowbar", b'_'),
    (b"grave", b'`'),
    (b"lcub", b'{'),
    (b"lbrace", b'{'),
    (b"vert", b'|'),
    (b"rcub", b'}'),
    (b"rbrace", b'}'),
];

/// Undoes character references until the space is used up.
pub(super) fn decode(value: &[u8]) -> Decoded {
    let mut out = Decoded::empty();
    let mut rest = value;
    while let Some((first, tail)) = rest.split_first() {
        let (byte, tail) = match first {
            b'&' => reference(tail).unwrap_or((b'&', tail)),
            other => (*other, tail),
        };
        rest = tail;
        if !out.push(byte) {
            break;
        }
    }
    out
}

fn reference(rest: &[u8]) -> Option<(u8, &[u8])> {
    if let Some(digits) = rest.strip_prefix(b"#") {
        let (digits, radix) = match digits.split_first() {
            Some((b'x' | b'X', digits)) => (digits, 16),
            _ => (digits, 10),
        };
        return number(digits, radix);
    }
    let letters = rest
        .iter()
        .take(9)
        .take_while(|byte| byte.is_ascii_alphabetic());
    let name = rest.get(..letters.count())?;
    let after = rest.get(name.len()..)?;
    if let Some(tail) = after.strip_prefix(b";") {
        let (_, byte) = NAMES.iter().find(|(own, _)| *own == name)?;
        return Some((*byte, tail));
    }
    let (own, byte) = NAMES
        .iter()
        .take(9)
        .find(|(own, _)| name.starts_with(own))?;
    Some((*byte, rest.get(own.len()..)?))
}

fn number(rest: &[u8], radix: u32) -> Option<(u8, &[u8])> {
    let mut value: u32 = 0;
    let mut len = 0;
    for byte in rest {
        let Some(digit) = char::from(*byte).to_digit(radix) else {
            break;
        };
        value = value.saturating_mul(radix).saturating_add(digit);
        len += 1;
    }
    if len == 0 {
        return None;
    }
    let tail = rest.get(len..)?;
    let tail = tail.strip_prefix(b";").unwrap_or(tail);
    // A character outside of ASCII means nothing in what is looked for; any stands for it.
    Some((u8::try_from(value).unwrap_or(0x80), tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_undone_with_and_without_semicolon() {
        let all = b"&#x6A&#97;&#0000118;a&Tab;&colon;&lt&ltimg &copy; & &#; &lpar";
        assert_eq!(decode(all).bytes(), b"java\t:<<img &copy; & &#; &lpar");
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(decode(&[b'x'; 4096]).bytes().len(), SPACE);
    }
}
