//! The phrase lists of `@pm` and `@pmFromFile`.

use crate::transform::hex_pair;

/// The phrases of an `@pm` parameter: separated by white space, bytes as `|41 42|`, and
/// `\:`, `\;`, `\\`, `\"` escaped. A parameter that breaks these rules is taken literally, as
/// ModSecurity does.
#[must_use]
pub fn parse(parameter: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = parameter.trim_ascii_start();
    let inner = match trimmed {
        [b'"', inner @ .., b'"'] => inner,
        other => other,
    };
    let decoded = decode(inner).unwrap_or_else(|| parameter.to_vec());
    let words = decoded.split(|byte| crate::transform::SPACE.contains(*byte));
    words
        .filter(|word| !word.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(out),
            [b'|', tail @ ..] => {
                let end = memchr::memchr(b'|', tail)?;
                let (hex, after) = tail.split_at(end);
                for digits in hex.split(|byte| *byte == b' ') {
                    for pair in digits.chunks(2) {
                        let [high, low] = pair else { return None };
                        out.push(hex_pair(*high, *low)?);
                    }
                }
                after.get(1..)?
            }
            [b'\\', escaped @ (b':' | b';' | b'\\' | b'"'), after @ ..] => {
                out.push(*escaped);
                after
            }
            [b'\\', ..] => return None,
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
        };
    }
}

/// The phrases of a file: one a line, blanks inside kept; empty lines and lines whose first
/// character is `#` say nothing.
#[must_use]
pub fn parse_file(content: &[u8]) -> Vec<Vec<u8>> {
    let lines = content.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines
        .filter(|line| !matches!(line.trim_ascii_start(), [] | [b'#', ..]))
        .map(<[u8]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_file};

    #[test]
    fn parameters_hold_bytes_and_escapes() {
        let cases: &[(&str, &[&[u8]])] = &[
            ("abc  def\tghi", &[b"abc", b"def", b"ghi"]),
            (r#""quoted list""#, &[b"quoted", b"list"]),
            ("a|41 42|b x", &[b"aABb", b"x"]),
            ("|4142|", &[b"AB"]),
            (r"a\:b \\ \;", &[b"a:b", b"\\", b";"]),
            (r"\x", &[br"\x"]),
            ("|4|", &[b"|4|"]),
            ("a|b", &[b"a|b"]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes()), *expected, "{text}");
        }
    }

    #[test]
    fn files_have_comments() {
        let phrases = parse_file(b"# head\nabc\n\n  # indented\nxxx yyy zzz\r\n#");
        assert_eq!(phrases, [&b"abc"[..], b"xxx yyy zzz"]);
    }
}
