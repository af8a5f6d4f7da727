//! The one path behind the many ways to spell it.
//!
//! A file server, a framework and a proxy each undo some spellings and not others. For a list of
//! paths that nobody asks for in good faith it is right to undo all of them: percent encoding
//! (repeated, `%u002e`, overlong UTF-8), backslashes, empty and dot segments, `;parameters`, and
//! the blanks, dots and `::$DATA` that Windows ignores at the end of a name. The result is only
//! ever compared, never forwarded.

/// How often percent encoding is undone. Each round makes the path shorter.
const ROUNDS: usize = 4;

/// Longest path looked at; what is behind it is ignored. Longer ones are refused by the size
/// limits long before.
const LONGEST: usize = 16 << 10;

/// A path in one spelling, ending in `/`, with and without its capitals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Normal {
    /// With capitals as they came.
    pub(super) plain: Vec<u8>,
    /// In lower case; the same length.
    pub(super) lower: Vec<u8>,
    /// Whether there was a NUL, at which C programs would stop reading.
    pub(super) nul: bool,
}

/// What a NUL is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nul {
    /// Nothing at all.
    Absent,
    /// The end of the path.
    End,
}

/// Normalises a path. `path` may carry a query, which is cut off first.
pub(super) fn normalize(path: &[u8], nul: Nul) -> Normal {
    let end = path.iter().position(|&b| b == b'?' || b == b'#');
    let end = end.unwrap_or(path.len()).min(LONGEST);
    let mut text = path.get(..end).unwrap_or(path).to_vec();
    for _ in 0..ROUNDS {
        if !decode(&mut text) {
            break;
        }
    }
    let first_nul = text.iter().position(|&b| b == 0);
    if let Some(at) = first_nul {
        match nul {
            Nul::Absent => text.retain(|&b| b != 0),
            Nul::End => text.truncate(at),
        }
    }
    let plain = resolve(&text);
    Normal {
        lower: plain.to_ascii_lowercase(),
        plain,
        nul: first_nul.is_some(),
    }
}

/// Undoes one layer of encoding in place; says whether there was one.
fn decode(text: &mut Vec<u8>) -> bool {
    if !text.iter().any(|&b| b == b'%' || b == 0xc0 || b == 0xc1) {
        return false;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_slice();
    while let Some((byte, length)) = next(rest) {
        out.push(byte);
        rest = rest.get(length..).unwrap_or_default();
    }
    let changed = out.len() != text.len();
    *text = out;
    changed
}

/// The next byte and how many it was spelled with.
fn next(text: &[u8]) -> Option<(u8, usize)> {
    let hex = |at: usize| {
        let digit = char::from(*text.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let pair = |at: usize| Some(hex(at)? << 4 | hex(at + 1)?);
    match text {
        [b'%', b'u' | b'U', ..] => match (pair(2), pair(4)) {
            (Some(0), Some(low)) => Some((low, 6)),
            // Fullwidth forms of ASCII, which some decoders fold.
            (Some(0xff), Some(low @ 1..=0x5e)) => Some((low + 0x20, 6)),
            _ => Some((b'%', 1)),
        },
        [b'%', ..] => Some(pair(1).map_or((b'%', 1), |byte| (byte, 3))),
        // Two bytes where one would do: forbidden in UTF-8, accepted by old decoders.
        [lead @ (0xc0 | 0xc1), tail @ 0x80..=0xbf, ..] => {
            Some(((lead & 1) << 6 | (tail & 0x3f), 2))
        }
        [byte, ..] => Some((*byte, 1)),
        [] => None,
    }
}

/// Resolves segments; the result begins and ends with `/`.
fn resolve(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    out.push(b'/');
    for segment in text.split(|&b| b == b'/' || b == b'\\') {
        match trim(segment) {
            b"" | b"." => {}
            b".." => {
                out.pop();
                let parent = out.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
                out.truncate(parent);
                if out.is_empty() {
                    out.push(b'/');
                }
            }
            name => {
                out.extend_from_slice(name);
                out.push(b'/');
            }
        }
    }
    out
}

/// A segment without parameters and without what Windows ignores at its end.
fn trim(segment: &[u8]) -> &[u8] {
    let end = segment
        .iter()
        .position(|&b| b == b';')
        .unwrap_or(segment.len());
    let mut name = segment.get(..end).unwrap_or(segment).trim_ascii();
    let stream = name.split_last_chunk::<7>();
    if let Some((stem, _)) = stream.filter(|(_, end)| end.eq_ignore_ascii_case(b"::$data")) {
        name = stem;
    }
    if name.iter().all(|&b| b == b'.') {
        return name;
    }
    let kept = name
        .iter()
        .rposition(|&b| b != b'.' && b != b' ')
        .map_or(0, |at| at + 1);
    name.get(..kept).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> String {
        let normal = normalize(path.as_bytes(), Nul::Absent);
        String::from_utf8(normal.plain).unwrap()
    }

    #[test]
    fn every_spelling_of_one_path_becomes_one_path() {
        for path in [
            "/.git/config",
            "//.git///config/",
            "/./.git/./config",
            "/a/b/../../.git/config",
            "/../../.git/config",
            "/%2egit/config",
            "/%2Egit%2Fconfig",
            "/%252egit%252fconfig",
            "/%25252egit/config",
            "/%u002egit/config",
            "/%uff0egit/config",
            "/%c0%aegit%c0%afconfig",
            "\\.git\\config",
            "/.git;jsessionid=1/config;x=y",
            "/x/..;/.git/config",
            "/.git./config. .",
            "/.git/config::$DATA",
            "/.git/config%20",
            "/.git%00/config",
            "/.git/config?/../x",
            ".git/config#x",
        ] {
            assert_eq!(normal(path), "/.git/config/", "{path}");
        }
    }

    #[test]
    fn ordinary_paths_keep_their_names() {
        assert_eq!(normal("/v1/Recalls/42"), "/v1/Recalls/42/");
        assert_eq!(normal("/100%/a%zz/%"), "/100%/a%zz/%/");
        assert_eq!(normal("/caf%C3%A9"), "/café/");
        assert_eq!(normal("/..."), "/.../");
        assert_eq!(normal("/"), "/");
        assert_eq!(normal(""), "/");
    }

    #[test]
    fn a_nul_ends_the_path_for_a_c_program() {
        let normal = normalize(b"/.env%00.jpg", Nul::End);
        assert!(normal.nul);
        assert_eq!(normal.plain, b"/.env/");
        assert_eq!(normalize(b"/.env%00.jpg", Nul::Absent).plain, b"/.env.jpg/");
    }

    #[test]
    fn encoding_beyond_the_bound_is_left_as_it_is() {
        assert_eq!(normal("/%2525252565"), "/%65/");
    }
}
