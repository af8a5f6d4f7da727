//! Python pickles that call something.

use super::evidence;
use crate::detector::{Confidence, Evidence};
use crate::seek;

/// Modules through which a pickle runs something.
const MODULES: [&[u8]; 22] = [
    b"os",
    b"posix",
    b"nt",
    b"subprocess",
    b"builtins",
    b"__builtin__",
    b"commands",
    b"sys",
    b"pty",
    b"timeit",
    b"runpy",
    b"importlib",
    b"platform",
    b"webbrowser",
    b"socket",
    b"shutil",
    b"code",
    b"pdb",
    b"bdb",
    b"asyncio",
    b"idlelib",
    b"torch.serialization",
];

const READING: &str = "a pickle that calls a function";

/// Reads a text as a pickle.
pub(super) fn read(text: &[u8]) -> Option<Evidence> {
    let binary = matches!(text, [0x80, 2..=5, ..]);
    if binary && let Some(at) = named(text) {
        return evidence(at, at + 4, READING, Confidence::Certain);
    }
    if let Some(found) = global(text) {
        return Some(found);
    }
    // A frame that is as long as it says.
    let framed = matches!(text, [0x80, 4..=5, 0x95, _, _, 0, 0, 0, 0, 0, 0, ..]);
    (framed && text.ends_with(b"."))
        .then(|| evidence(0, 11, "a pickle", Confidence::Likely))
        .flatten()
}

/// `c` or `i`, a module and a function, each on a line.
fn global(text: &[u8]) -> Option<Evidence> {
    let mut from = 0;
    while let Some(found) = seek::memchr(b'\n', text.get(from..)?) {
        let end = from + found;
        from = end + 1;
        let word = |at: usize| {
            text.get(at)
                .is_some_and(|byte| byte.is_ascii_lowercase() || *byte == b'_')
        };
        if !word(end.wrapping_sub(1)) || !word(from) {
            continue;
        }
        let line = text.get(end.saturating_sub(24)..end)?;
        let ends = |own: &&&[u8]| {
            let rest = line.strip_suffix(**own);
            rest.is_some_and(|rest| matches!(rest.last(), Some(b'c' | b'i')))
        };
        let Some(module) = MODULES.iter().find(ends) else {
            continue;
        };
        let rest = text.get(from..)?;
        let function = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let called = rest.get(function..)?;
        if function > 0
            && called.starts_with(b"\n")
            && matches!(
                called.get(1),
                Some(
                    b'('
                    | b'q'
                    | b'.'
                    | b'r'
                    | b'p'
                    | b'X'
                    | b'S'
                    | b'V'
                    | b'c'
                    | b'U'
                    | 0x80..
                    | b'\n',
                )
            )
        {
            let begin = end - module.len() - 1;
            return evidence(begin, from + function, READING, Confidence::Certain);
        }
    }
    None
}

/// A short string that is a module, and a global built from the stack.
fn named(text: &[u8]) -> Option<usize> {
    seek::memchr(0x93, text).or_else(|| seek::memchr(b'R', text))?;
    let mut from = 0;
    while let Some(found) = seek::memchr2(0x8c, b'c', text.get(from..)?) {
        let at = from + found;
        from = at + 1;
        let rest = text.get(from..)?;
        let found = match text.get(at)? {
            0x8c => {
                let len = usize::from(*rest.first()?);
                rest.get(1..1 + len)
                    .is_some_and(|name| MODULES.contains(&name))
            }
            _ => MODULES.iter().any(|own| {
                rest.strip_prefix(*own)
                    .is_some_and(|rest| rest.starts_with(b"\n"))
            }),
        };
        if found {
            return Some(at);
        }
    }
    None
}
