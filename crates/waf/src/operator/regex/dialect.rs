//! From PCRE to the dialect of the Rust engines.
//!
//! The pattern is cut into tokens first, each of which knows its own spelling for the engines;
//! literals and classes are written as bytes (`\x41`, `[\x30-\x39]`), so that nothing in them can
//! mean something else over there. What has no equal is an error that names it.

use super::class::{posix_class, shorthand, with_both_cases};
use crate::byteset::ByteSet;
use crate::transform::{SPACE, hex_digits, hex_pair};

/// A pattern the engines read under the flags `s` and `m`, one character being one byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// Whether it uses what only backtracking can do.
    pub(super) backtracks: bool,
    /// Whether a match of nothing at the very end can only come from a `^` there.
    pub(super) caret: bool,
}

pub(super) fn translate(pattern: &[u8]) -> Result<Translated, String> {
    let mut lexer = Lexer {
        rest: pattern,
        scopes: vec![Scope::default()],
        ..Lexer::default()
    };
    lexer.out.reserve(pattern.len() * 3);
    let mut tokens = Vec::with_capacity(pattern.len());
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    if lexer.scopes.len() > 1 {
        return Err("a group is not closed".to_owned());
    }
    let mut pattern = lexer.out;
    let mut backtracks = tokens
        .iter()
        .any(|token| matches!(token, Token::Backtracking));
    // From the end, so that the places before stay where they are.
    for (at, token) in tokens.iter().enumerate().rev() {
        if let Token::Repeat {
            greed: Greed::Possessive,
            end,
            ..
        } = token
        {
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            if !gives_nothing_back(before, tokens.get(at + 1..)) {
                backtracks = true;
                pattern.insert(*end, '+');
            }
        }
    }
    Ok(Translated {
        pattern,
        backtracks,
        caret: lexer.caret && !lexer.end,
    })
}

/// A piece of the pattern; its spelling for the engines is in the lexer's output.
#[derive(Debug)]
enum Token {
    /// Consumes exactly one byte of the set (in either letter case).
    Byte(ByteSet),
    /// Anything else both engines know.
    Plain,
    /// Something only the backtracking engine knows.
    Backtracking,
    /// A repetition; `end` is where it ends in the output.
    Repeat {
        optional: bool,
        greed: Greed,
        end: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// Whether a possessive repetition of `repeated` is the same as a greedy one, because nothing that
/// can follow could use a byte it gave back: what follows is bytes it cannot match, up to one that
/// must be there, or the end of the pattern.
fn gives_nothing_back(repeated: Option<&Token>, following: Option<&[Token]>) -> bool {
    let (Some(Token::Byte(set)), Some(mut following)) = (repeated, following) else {
        return false;
    };
    loop {
        following = match following {
            [] => return true,
            [Token::Byte(next), ..] if next.intersects(set) => return false,
            [
                Token::Byte(_),
                Token::Repeat { optional: true, .. },
                after @ ..,
            ] => after,
            [Token::Byte(_), ..] => return true,
            [
                Token::Plain | Token::Backtracking | Token::Repeat { .. },
                ..,
            ] => return false,
        };
    }
}

/// The flags in force inside a group that change how it is read.
#[derive(Clone, Copy, Debug)]
struct Scope {
    extended: bool,
    multi_line: bool,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            extended: false,
            multi_line: true,
        }
    }
}

#[derive(Debug, Default)]
struct Lexer<'a> {
    rest: &'a [u8],
    scopes: Vec<Scope>,
    /// Inside `\Q…\E`.
    quoting: bool,
    groups: usize,
    names: Vec<(&'a [u8], usize)>,
    out: String,
    /// A `^` was read, and a `\z`.
    caret: bool,
    end: bool,
}

impl<'a> Lexer<'a> {
    fn token(&mut self) -> Result<Option<Token>, String> {
        self.skip_unspoken()?;
        let Some((&first, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        if self.quoting {
            return Ok(Some(self.literal(first)));
        }
        Ok(Some(match first {
            b'\\' => self.escape()?,
            b'[' => self.class()?,
            b'(' => self.open()?,
            b')' => {
                if self.scopes.len() < 2 {
                    return Err("`)` closes no group".to_owned());
                }
                self.scopes.pop();
                self.plain(")")
            }
            b'|' => self.plain("|"),
            b'^' => {
                self.caret = true;
                self.plain("^")
            }
            b'$' if self.scope().multi_line => self.plain("$"),
            b'$' => self.backtracking(r"(?=\n?\z)"),
            b'.' => {
                self.out.push('.');
                Token::Byte(ByteSet::ALL)
            }
            b'*' => self.repeat("*", true),
            b'+' => self.repeat("+", false),
            b'?' => self.repeat("?", true),
            b'{' => match self.count() {
                Some((spelling, optional)) => self.repeat(&spelling, optional),
                None => self.literal(b'{'),
            },
            byte => self.literal(byte),
        }))
    }

    fn scope(&self) -> Scope {
        self.scopes.last().copied().unwrap_or_default()
    }

    fn take(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes what stands before `end`, and `end`.
    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = memchr::memchr(end, self.rest)?;
        let (taken, rest) = self.rest.split_at(at);
        self.rest = rest.get(1..)?;
        Some(taken)
    }

    /// Comments, `\Q`, `\E`, and white space in extended mode.
    fn skip_unspoken(&mut self) -> Result<(), String> {
        loop {
            if self.quoting {
                if self.take(br"\E") {
                    self.quoting = false;
                    continue;
                }
                return Ok(());
            }
            if self.take(br"\Q") {
                self.quoting = true;
            } else if self.take(br"\E") {
            } else if self.take(b"(?#") {
                self.until(b')').ok_or("a comment is not closed")?;
            } else if self.scope().extended && self.take(b"#") {
                if self.until(b'\n').is_none() {
                    self.rest = &[];
                }
            } else if self.scope().extended
                && self.rest.first().is_some_and(|byte| SPACE.contains(*byte))
            {
                self.rest = self.rest.get(1..).unwrap_or_default();
            } else {
                return Ok(());
            }
        }
    }

    fn repeat(&mut self, spelling: &str, optional: bool) -> Token {
        self.out.push_str(spelling);
        let greed = if self.take(b"?") {
            self.out.push('?');
            Greed::Lazy
        } else if self.take(b"+") {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        Token::Repeat {
            optional,
            greed,
            end: self.out.len(),
        }
    }

    /// After `{`: a count, or `None` when the brace is a literal.
    fn count(&mut self) -> Option<(String, bool)> {
        let end = memchr::memchr(b'}', self.rest)?;
        let (inner, rest) = self.rest.split_at(end);
        let inner = std::str::from_utf8(inner).ok()?;
        let number =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let valid = match inner.split_once(',') {
            None => number(inner),
            Some((least, most)) => number(least) && (most.is_empty() || number(most)),
        };
        if !valid {
            return None;
        }
        self.rest = rest.get(1..)?;
        let least = inner.split(',').next().unwrap_or_default();
        Some((
            format!("{{{inner}}}"),
            least.bytes().all(|byte| byte == b'0'),
        ))
    }

    /// After `(`.
    fn open(&mut self) -> Result<Token, String> {
        let scope = self.scope();
        if self.rest.starts_with(b"*") {
            return Err("verbs such as `(*FAIL)` are not supported".to_owned());
        }
        if !self.take(b"?") {
            self.scopes.push(scope);
            self.groups += 1;
            return Ok(self.plain("("));
        }
        for look in [&b"="[..], b"!", b"<=", b"<!", b">"] {
            if self.take(look) {
                self.scopes.push(scope);
                return Ok(self.backtracking(&format!("(?{}", look.escape_ascii())));
            }
        }
        if let Some(name) = self.group_name()? {
            self.scopes.push(scope);
            self.groups += 1;
            self.names.push((name, self.groups));
            return Ok(self.plain("("));
        }
        if self.take(b"P=") {
            let name = self.until(b')').ok_or("a back reference is not closed")?;
            return self.named_reference(name);
        }
        self.flags(scope)
    }

    /// `<name>`, `P<name>` and `'name'` after `(?`.
    fn group_name(&mut self) -> Result<Option<&'a [u8]>, String> {
        let end = if self.take(b"P<") || self.take(b"<") {
            b'>'
        } else if self.take(b"'") {
            b'\''
        } else {
            return Ok(None);
        };
        self.until(end)
            .map(Some)
            .ok_or_else(|| "the name of a group is not closed".to_owned())
    }

    /// `i-m:` or `i-m)` after `(?`; what the engines know is passed on.
    fn flags(&mut self, mut scope: Scope) -> Result<Token, String> {
        let mut spelling = "(?".to_owned();
        let mut on = true;
        loop {
            let Some((&flag, rest)) = self.rest.split_first() else {
                return Err("a group is not closed".to_owned());
            };
            self.rest = rest;
            match flag {
                b'i' | b's' => spelling.push(char::from(flag)),
                b'm' => {
                    scope.multi_line = on;
                    spelling.push('m');
                }
                b'x' => scope.extended = on,
                b'-' if on => {
                    on = false;
                    spelling.push('-');
                }
                b':' | b')' => {
                    let empty = matches!(spelling.as_str(), "(?" | "(?-");
                    let trimmed = spelling.trim_end_matches('-').to_owned();
                    return Ok(self.end_flags(flag == b':', empty, trimmed, scope));
                }
                other => {
                    let other = char::from(other);
                    return Err(format!("`(?{other}` is not supported"));
                }
            }
        }
    }

    fn end_flags(&mut self, group: bool, empty: bool, spelling: String, scope: Scope) -> Token {
        if group {
            self.scopes.push(scope);
            return self.plain(&if empty {
                "(?:".to_owned()
            } else {
                spelling + ":"
            });
        }
        if let Some(held) = self.scopes.last_mut() {
            *held = scope;
        }
        self.plain(&if empty { String::new() } else { spelling + ")" })
    }

    /// After `\`, outside a class.
    fn escape(&mut self) -> Result<Token, String> {
        let Some((&kind, rest)) = self.rest.split_first() else {
            return Err("the pattern ends in a backslash".to_owned());
        };
        self.rest = rest;
        Ok(match kind {
            b'z' => {
                self.end = true;
                self.plain(r"\z")
            }
            b'b' | b'B' | b'A' => self.plain(&format!("\\{}", char::from(kind))),
            b'Z' => self.backtracking(r"(?=\n?\z)"),
            b'K' => self.backtracking(r"\K"),
            b'R' => self.backtracking(r"(?>\r\n|[\n\x0b\x0c\r\x85])"),
            b'C' => self.class_token(ByteSet::ALL, false),
            b'N' => self.class_token(ByteSet::EMPTY.with(b'\n'), true),
            b'1'..=b'9' => return self.digits(kind),
            b'k' => {
                let end = match self.rest.first() {
                    Some(b'<') => b'>',
                    Some(b'{') => b'}',
                    Some(b'\'') => b'\'',
                    _ => return Err("`\\k` needs a name".to_owned()),
                };
                self.rest = self.rest.get(1..).unwrap_or_default();
                let name = self.until(end).ok_or("a back reference is not closed")?;
                return self.named_reference(name);
            }
            kind => match shorthand(kind) {
                Some(set) => self.class_token(set, false),
                None => {
                    let byte = self.escaped_byte(kind)?;
                    self.literal(byte)
                }
            },
        })
    }

    /// A back reference, or an octal byte where there is no such group.
    fn digits(&mut self, first: u8) -> Result<Token, String> {
        let more = self
            .rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (tail, rest) = self.rest.split_at(more.min(2));
        let number = tail.iter().fold(usize::from(first - b'0'), |sum, digit| {
            sum * 10 + usize::from(digit - b'0')
        });
        if number < 10 || number <= self.groups {
            self.rest = rest;
            return Ok(self.backtracking(&format!(r"(?:\{number})")));
        }
        if first >= b'8' {
            return Err(format!("`\\{number}` refers to no group"));
        }
        let byte = self.octal(first - b'0', 2);
        Ok(self.literal(byte))
    }

    fn named_reference(&mut self, name: &[u8]) -> Result<Token, String> {
        let group = self.names.iter().find(|(held, _)| *held == name);
        let (_, group) =
            group.ok_or_else(|| format!("there is no group `{}`", name.escape_ascii()))?;
        let spelling = format!(r"(?:\{group})");
        Ok(self.backtracking(&spelling))
    }

    /// Up to `most` more octal digits.
    fn octal(&mut self, first: u8, most: usize) -> u8 {
        let mut value = first;
        for _ in 0..most {
            let Some((digit @ b'0'..=b'7', rest)) = self.rest.split_first() else {
                break;
            };
            value = value << 3 | (digit - b'0');
            self.rest = rest;
        }
        value
    }

    /// An escape that stands for one byte, in a class or out of it.
    fn escaped_byte(&mut self, kind: u8) -> Result<u8, String> {
        Ok(match kind {
            b'a' => 0x07,
            b'e' => 0x1b,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'0' => self.octal(0, 2),
            b'c' => {
                let (control, rest) = self.rest.split_first().ok_or("`\\c` needs a character")?;
                self.rest = rest;
                control.to_ascii_uppercase() ^ 0x40
            }
            b'o' if self.take(b"{") => self.braced(8)?,
            b'x' if self.take(b"{") => self.braced(16)?,
            b'x' => self.hex(),
            other if other.is_ascii_alphabetic() => {
                return Err(format!("`\\{}` is not supported", char::from(other)));
            }
            other => other,
        })
    }

    /// After `\x`: two, one or no hex digits.
    fn hex(&mut self) -> u8 {
        let (value, length) = match self.rest {
            [high, low, ..] if let Some(byte) = hex_pair(*high, *low) => (byte, 2),
            [low, ..] if let Some(byte) = hex_pair(b'0', *low) => (byte, 1),
            _ => (0, 0),
        };
        self.rest = self.rest.get(length..).unwrap_or_default();
        value
    }

    fn braced(&mut self, base: u32) -> Result<u8, String> {
        let text = self.until(b'}').ok_or("a `{` is not closed")?;
        let number = std::str::from_utf8(text)
            .ok()
            .and_then(|text| u32::from_str_radix(text, base).ok());
        number
            .and_then(|number| u8::try_from(number).ok())
            .ok_or_else(|| format!("`{{{}}}` is no byte", text.escape_ascii()))
    }

    /// After `[`.
    fn class(&mut self) -> Result<Token, String> {
        let negated = self.take(b"^");
        let mut set = ByteSet::EMPTY;
        let mut first = true;
        loop {
            if !first && self.take(b"]") {
                return Ok(self.class_token(set, negated));
            }
            let start = match self.member()? {
                Member::Set(more) => {
                    set = set.union(more);
                    first = false;
                    continue;
                }
                Member::Byte(byte) => byte,
            };
            first = false;
            let ranged = matches!(self.rest, [b'-', next, ..] if *next != b']');
            if !ranged {
                set = set.with(start);
                continue;
            }
            self.take(b"-");
            match self.member()? {
                Member::Byte(end) if start <= end => set = set.union(ByteSet::range(start, end)),
                Member::Byte(_) => {
                    return Err("a range in a class ends before it starts".to_owned());
                }
                // `a-\d`: the hyphen is one more member.
                Member::Set(more) => set = set.union(more).with(start).with(b'-'),
            }
        }
    }

    fn member(&mut self) -> Result<Member, String> {
        let unclosed = "a class is not closed";
        let (&byte, rest) = self.rest.split_first().ok_or(unclosed)?;
        if byte == b'['
            && matches!(rest.first(), Some(b':' | b'.' | b'='))
            && let Some(set) = self.posix()?
        {
            return Ok(Member::Set(set));
        }
        self.rest = rest;
        if byte != b'\\' {
            return Ok(Member::Byte(byte));
        }
        let (&kind, rest) = rest.split_first().ok_or(unclosed)?;
        self.rest = rest;
        Ok(match kind {
            b'b' => Member::Byte(0x08),
            b'1'..=b'7' => Member::Byte(self.octal(kind - b'0', 2)),
            kind => match shorthand(kind) {
                Some(set) => Member::Set(set),
                None => Member::Byte(self.escaped_byte(kind)?),
            },
        })
    }

    /// `[:alpha:]` inside a class, or nothing when the bracket is a literal.
    fn posix(&mut self) -> Result<Option<ByteSet>, String> {
        let Some(inner) = self.rest.strip_prefix(b"[:") else {
            return Ok(None);
        };
        let Some(end) = memchr::memmem::find(inner, b":]") else {
            return Ok(None);
        };
        let (name, rest) = inner.split_at(end);
        if !name
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || *byte == b'^')
        {
            return Ok(None);
        }
        let (negated, plain) = name
            .strip_prefix(b"^")
            .map_or((false, name), |name| (true, name));
        let set = posix_class(plain)
            .ok_or_else(|| format!("there is no class `[:{}:]`", name.escape_ascii()))?;
        self.rest = rest.get(2..).unwrap_or_default();
        Ok(Some(if negated { set.complement() } else { set }))
    }
}

enum Member {
    Byte(u8),
    Set(ByteSet),
}

impl Lexer<'_> {
    fn plain(&mut self, spelling: &str) -> Token {
        self.out.push_str(spelling);
        Token::Plain
    }

    fn backtracking(&mut self, spelling: &str) -> Token {
        self.out.push_str(spelling);
        Token::Backtracking
    }

    fn hex_escape(&mut self, byte: u8) {
        self.out.push_str(r"\x");
        self.out.extend(hex_digits(byte).map(char::from));
    }

    fn literal(&mut self, byte: u8) -> Token {
        match byte {
            b'_' | b'"' | b'\'' | b'/' | b'<' | b'>' | b'=' => self.out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => self.out.push(char::from(byte)),
            _ if byte.is_ascii() => self.hex_escape(byte),
            _ => {
                // As a class, since an engine may take the escape for a code point.
                self.out.push('[');
                self.hex_escape(byte);
                self.out.push(']');
            }
        }
        Token::Byte(with_both_cases(ByteSet::EMPTY.with(byte)))
    }

    fn class_token(&mut self, set: ByteSet, negated: bool) -> Token {
        self.out.push_str(if negated { "[^" } else { "[" });
        if set.is_empty() {
            self.out.push_str(r"^\x00-\xff");
        }
        let mut first = None;
        for byte in set.iter() {
            let start = *first.get_or_insert(byte);
            if byte == u8::MAX || !set.contains(byte + 1) {
                self.hex_escape(start);
                if start < byte {
                    self.out.push('-');
                    self.hex_escape(byte);
                }
                first = None;
            }
        }
        self.out.push(']');
        // A negated class may still hold one case of a member when case matters: the larger set.
        Token::Byte(if negated {
            set.complement()
        } else {
            with_both_cases(set)
        })
    }
}
