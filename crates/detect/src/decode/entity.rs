//! Character references of HTML (WHATWG HTML, 13.2.5.72) and XML.

use super::{find, number, push};

/// The names that stand for characters with a meaning in some language.
const NAMES: [(&[u8], &[u8]); 34] = [
    (b"lt", b"<"),
    (b"gt", b">"),
    (b"quot", b"\""),
    (b"apos", b"'"),
    (b"amp", b"&"),
    (b"nbsp", b" "),
    (b"tab", b"\t"),
    (b"newline", b"\n"),
    (b"colon", b":"),
    (b"semi", b";"),
    (b"lpar", b"("),
    (b"rpar", b")"),
    (b"lbrack", b"["),
    (b"lsqb", b"["),
    (b"rbrack", b"]"),
    (b"rsqb", b"]"),
    (b"lcub", b"{"),
    (b"lbrace", b"{"),
    (b"rcub", b"}"),
    (b"rbrace", b"}"),
    (b"sol", b"/"),
    (b"bsol", b"\\"),
    (b"equals", b"="),
    (b"plus", b"+"),
    (b"num", b"#"),
    (b"excl", b"!"),
    (b"dollar", b"$"),
    (b"percnt", b"%"),
    (b"comma", b","),
    (b"period", b"."),
    (b"grave", b"`"),
    (b"vert", b"|"),
    (b"commat", b"@"),
    (b"lowbar", b"_"),
];

/// Undoes one layer.
pub(crate) fn undo(text: &[u8], out: &mut Vec<u8>) -> bool {
    let from = out.len();
    let mut changed = false;
    let mut rest = text;
    while let Some(at) = find(b'&', rest) {
        let (before, tail) = rest.split_at(at);
        out.extend_from_slice(before);
        let known = numeric(tail, out).or_else(|| named(tail, out));
        let taken = known.unwrap_or_else(|| {
            out.push(b'&');
            1
        });
        changed |= known.is_some();
        rest = tail.get(taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    if !changed {
        out.truncate(from);
    }
    changed
}

/// `&#60;`, `&#x3c;`, with or without the semicolon and with zeros in front.
fn numeric(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let digits = text.strip_prefix(b"&#")?;
    let (radix, digits) = match digits {
        [b'x' | b'X', digits @ ..] => (16, digits),
        digits => (10, digits),
    };
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    let digits = digits.get(zeros..)?;
    let (code, len) = if radix == 16 {
        number(digits, 6)
    } else {
        let own = digits
            .iter()
            .take(7)
            .take_while(|byte| byte.is_ascii_digit());
        own.fold((0, 0), |(sum, len), byte| {
            (sum * 10 + u32::from(byte - b'0'), len + 1)
        })
    };
    if len == 0 {
        return None;
    }
    push(out, code);
    let semicolon = usize::from(digits.get(len) == Some(&b';'));
    Some(2 + usize::from(radix == 16) + zeros + len + semicolon)
}

/// `&lt;`. The semicolon must be there: without it, a name is a parameter of a URL as often as not.
fn named(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let name = text.get(1..text.len().min(12))?;
    let len = name.iter().position(|byte| *byte == b';')?;
    let name = name.get(..len)?;
    let (_, value) = NAMES
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))?;
    out.extend_from_slice(value);
    Some(len + 2)
}
