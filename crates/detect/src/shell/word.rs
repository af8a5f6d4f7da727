//! Words as a shell would read them: quotes, escapes, variables and braces undone.

use crate::seek;

/// The longest command or argument that is kept; longer ones are cut.
pub(super) const KEPT: usize = 64;
/// How far the end of a quotation or substitution is looked for.
const REACH: usize = 256;
/// Brackets within brackets that are followed to their ends.
const DEEPEST: usize = 4;

/// What else than spaces parts words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// Nothing.
    Spaces,
    /// Commas, in `{a,b}`.
    Braces,
    /// `+`, in a value that was not decoded as a form.
    Plus,
    /// Spaces, and a backtick ends the command.
    Ticks,
}

/// One word, undone.
#[derive(Clone, Debug)]
pub(super) struct Word {
    kept: [u8; KEPT],
    len: usize,
    /// Where the word ends in the text.
    pub(super) end: usize,
    /// Quotes, escapes or empty variables stand between its letters.
    pub(super) broken: bool,
    /// It is quoted as a whole.
    pub(super) quoted: bool,
    /// It holds `?`, `*` or `[…]`.
    pub(super) glob: bool,
    /// It holds a variable.
    pub(super) variable: bool,
    /// It holds a command substitution or arithmetic.
    pub(super) substitution: bool,
    /// It was ended by `$IFS` or a comma in braces instead of a space.
    pub(super) spaced: bool,
    /// It was ended by a quote that nothing closes: that of the place it was put in.
    pub(super) unclosed: bool,
    windows: bool,
}

impl Word {
    pub(super) fn bytes(&self) -> &[u8] {
        self.kept.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.kept.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }
}

/// The byte at a place; NUL behind the end.
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The place behind the spaces between words.
pub(super) fn skip(text: &[u8], at: usize, parting: Parting) -> (usize, bool) {
    let (mut at, odd) = skip_spaces(text, at);
    while parting == Parting::Plus && byte(text, at) == b'+' {
        at += 1;
    }
    (at, odd)
}

/// The place behind the spaces at `at`, with those a shell makes of `$IFS`.
pub(super) fn skip_spaces(text: &[u8], mut at: usize) -> (usize, bool) {
    let mut odd = false;
    loop {
        match byte(text, at) {
            b' ' | b'\t' | 0x0b | 0x0c | 0xa0 => at += 1,
            b'\\' if byte(text, at + 1) == b'\n' => at += 2,
            b'$' => match ifs(text, at) {
                Some(end) => {
                    at = end;
                    odd = true;
                }
                None => return (at, odd),
            },
            _ => return (at, odd),
        }
    }
}

/// The place behind `$IFS`, `${IFS}`, `$IFS$9`, `${IFS%?}`.
fn ifs(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at + 1..)?;
    if let Some(rest) = rest.strip_prefix(b"{IFS") {
        let close = rest.iter().take(24).position(|byte| *byte == b'}')?;
        return Some(at + 6 + close);
    }
    let rest = rest.strip_prefix(b"IFS")?;
    let mut end = at + 4;
    if let [b'$', mark, ..] = rest
        && (mark.is_ascii_digit() || *mark == b'@' || *mark == b'*')
    {
        end += 2;
    }
    Some(end)
}

/// Reads the word at `at`; `first` where a command stands, whose name never holds a space.
pub(super) fn read(text: &[u8], at: usize, parting: Parting, first: bool) -> Word {
    let mut word = Word {
        kept: [0; KEPT],
        len: 0,
        end: at,
        broken: false,
        quoted: false,
        glob: false,
        variable: false,
        substitution: false,
        spaced: false,
        unclosed: false,
        windows: false,
    };
    let mut here = at;
    // Pieces in backticks and braces could otherwise follow one another without end.
    let farthest = at + if first { KEPT } else { 2 * REACH };
    while here < farthest
        && let Some(next) = step(text, here, &mut word, parting, first)
    {
        here = next;
    }
    word.end = here;
    if word.quoted {
        word.quoted = matches!(byte(text, at), b'\'' | b'"');
    }
    word
}

/// Takes one piece of a word in; `None` at its end.
fn step(text: &[u8], at: usize, word: &mut Word, parting: Parting, first: bool) -> Option<usize> {
    let own = *text.get(at)?;
    match own {
        0..=b' ' | 0x7f | b';' | b'|' | b'&' | b'<' | b'>' | b'(' | b')' => None,
        b'+' if parting == Parting::Plus || (first && word.len > 1) => None,
        b'`' if parting == Parting::Ticks && byte(text, at + 1) != b'`' => None,
        b',' | b'}' if parting == Parting::Braces => {
            word.spaced = own == b',';
            None
        }
        b'\'' | b'"' => quotation(text, at, own, word, first),
        b'\\' if is_written_line_end(text, at) => None,
        b'\\' => Some(escape(text, at, word)),
        b'$' => dollar(text, at, word),
        b'`' => {
            if word.len > 0 && is_name(byte(text, at + 1)) && byte(text, at + 2) == b'`' {
                word.broken = true;
                return Some(at + 1);
            }
            let end = close(text, at + 1, b'`')?;
            word.substitution = true;
            word.broken |= end == at + 2 && word.len > 0;
            Some(end)
        }
        b'^' if is_name(byte(text, at + 1)) => {
            word.broken |= word.len > 0;
            Some(at + 1)
        }
        b'?' | b'*' | b'[' => {
            word.glob = true;
            word.push(own);
            Some(at + 1)
        }
        b'%' => {
            word.windows = true;
            word.push(own);
            Some(at + 1)
        }
        _ => {
            word.push(own);
            Some(at + 1)
        }
    }
}

/// `\n` as two letters, at the end of the text or before the next.
fn is_written_line_end(text: &[u8], at: usize) -> bool {
    matches!(byte(text, at + 1), b'n' | b'r') && matches!(byte(text, at + 2), 0 | b'\\' | b' ')
}

/// The place behind the next `end` within reach.
fn close(text: &[u8], from: usize, end: u8) -> Option<usize> {
    let reach = text.get(from..text.len().min(from + REACH))?;
    seek::memchr(end, reach).map(|at| from + at + 1)
}

/// A quotation; one that nothing closes ends the word, as it closes one opened before it.
fn quotation(text: &[u8], at: usize, quote: u8, word: &mut Word, first: bool) -> Option<usize> {
    let Some(end) = close(text, at + 1, quote) else {
        word.unclosed = true;
        return None;
    };
    let inner = text.get(at + 1..end - 1).unwrap_or_default();
    let spaced = inner
        .iter()
        .any(|byte| matches!(byte, b' ' | b';' | b'|' | b'&' | b'\n' | b'='));
    if first && spaced {
        word.unclosed = true;
        return None;
    }
    word.broken |= (word.len > 0 && !inner.contains(&b' '))
        || (word.len == 0 && inner.len() < 8 && is_name(byte(text, end)));
    word.quoted = true;
    for (offset, own) in inner.iter().enumerate() {
        let before = offset.checked_sub(1).map(|at| byte(inner, at));
        word.substitution |=
            quote == b'"' && (*own == b'`' || (*own == b'(' && before == Some(b'$')));
        word.variable |= quote == b'"' && before == Some(b'$') && is_name(*own);
        word.push(*own);
    }
    Some(end)
}

fn escape(text: &[u8], at: usize, word: &mut Word) -> usize {
    let next = byte(text, at + 1);
    if next == b'\n' {
        return at + 2;
    }
    let drive = matches!(word.bytes(), [letter, b':'] if letter.is_ascii_alphabetic());
    let climb = word.bytes().starts_with(b"..");
    if word.windows || drive || climb || next == b'\\' {
        word.windows = true;
        word.push(b'\\');
        return at + 1;
    }
    word.broken |= is_name(next) && (word.len > 0 || byte(text, at + 2) == b'\\');
    word.push(next);
    (at + 2).min(text.len())
}

fn dollar(text: &[u8], at: usize, word: &mut Word) -> Option<usize> {
    if ifs(text, at).is_some() {
        word.spaced = true;
        return None;
    }
    match byte(text, at + 1) {
        b'\'' => {
            let end = close(text, at + 2, b'\'')?;
            ansi(text.get(at + 2..end - 1).unwrap_or_default(), word);
            word.broken = true;
            Some(end)
        }
        b'(' => {
            word.substitution = true;
            Some(balanced(text, at + 1))
        }
        b'{' => {
            let end = close(text, at + 2, b'}')?;
            let inner = text.get(at + 2..end - 1).unwrap_or_default();
            if seek::memchr3(b':', b'%', b'#', inner).is_some() {
                word.push(b'/');
            }
            word.broken |= word.len > 0 || is_name(byte(text, end));
            word.variable = true;
            Some(end)
        }
        b'@' | b'*' | b'#' | b'!' | b'-' | b'_' | b'0'..=b'9' => {
            let interior = word.len > 0 || is_name(byte(text, at + 2));
            word.broken |= interior;
            Some(at + 2)
        }
        first if is_name(first) => {
            let name = text.get(at + 1..).unwrap_or_default();
            let len = name.iter().take_while(|byte| is_name(**byte)).count();
            word.variable = true;
            word.broken |= word.len > 0 && matches!(byte(text, at + 1 + len), b'\'' | b'"');
            Some(at + 1 + len)
        }
        _ => {
            word.push(b'$');
            Some(at + 1)
        }
    }
}

/// `$'…'`: `\x41`, `\101`, `\n`.
fn ansi(inner: &[u8], word: &mut Word) {
    let mut at = 0;
    while let Some(own) = inner.get(at) {
        at += 1;
        if *own != b'\\' {
            word.push(*own);
            continue;
        }
        let (radix, most, skip) = match byte(inner, at) {
            b'x' => (16, 2, 1),
            b'u' => (16, 4, 1),
            b'0'..=b'7' => (8, 3, 0),
            other => {
                word.push(other);
                at += 1;
                continue;
            }
        };
        at += skip;
        let mut value = 0_u32;
        for _ in 0..most {
            let Some(digit) = char::from(byte(inner, at)).to_digit(radix) else {
                break;
            };
            value = value * radix + digit;
            at += 1;
        }
        word.push(value.to_le_bytes()[0]);
    }
}

/// The place behind the bracket that closes the one at `at`; where none does, or too many others open
/// before it, the end of reach. What stands in the inner ones is read by itself, so nothing is missed;
/// without an end to them, each would be read as often as there are others around it.
fn balanced(text: &[u8], at: usize) -> usize {
    let end = text.len().min(at + REACH);
    let mut open = 0_usize;
    for here in seek::memchr2_iter(b'(', b')', text.get(at..end).unwrap_or_default()) {
        match byte(text, at + here) {
            b'(' if open == DEEPEST => return end,
            b'(' => open += 1,
            _ => {
                open -= 1;
                if open == 0 {
                    return at + here + 1;
                }
            }
        }
    }
    end
}

/// Whether a path with `?`, `*` and `[…]` could be `path`. Bounded: `*` is tried once, greedily short.
pub(super) fn globs(pattern: &[u8], path: &[u8]) -> bool {
    // Where each mark stands for one letter, the lengths tell most apart.
    if pattern.len() != path.len() && !pattern.iter().any(|own| matches!(own, b'*' | b'[')) {
        return false;
    }
    let (mut p, mut at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < path.len() {
        let own = byte(pattern, p);
        let class = (own == b'[')
            .then(|| pattern.get(p..)?.iter().position(|byte| *byte == b']'))
            .flatten();
        if own == b'*' {
            star = Some((p + 1, at));
            p += 1;
        } else if let Some(len) = class {
            p += len + 1;
            at += 1;
        } else if p < pattern.len() && (own == b'?' || own == byte(path, at)) {
            p += 1;
            at += 1;
        } else if let Some((behind, from)) = star {
            star = Some((behind, from + 1));
            p = behind;
            at = from + 1;
        } else {
            return false;
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}
