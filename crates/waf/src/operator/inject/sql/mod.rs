//! libinjection's way to know SQL injections, in time that no value can stretch.
//!
//! A value is read as tokens, and tokens that make no difference are folded away until five are left;
//! the kinds of these are its fingerprint, and libinjection has a list of those that are injections. The
//! value is read as if it stood in a statement as it is, behind an open single quote, and behind an open
//! double quote, each with comments as MySQL knows them where that may differ.
//!
//! What is told of a value is what `libinjectionrs` tells, oddities included; its words and fingerprints
//! are used, and the tests hold every verdict to it. But a value of a megabyte may be a million tokens,
//! all folded away, read five times. There each token cost some hundred nanoseconds, here it is ten.

mod fold;
mod read;
mod words;

use fold::Folded;
use words::words;

/// Kinds of tokens, by the letter they have in fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Backslash = b'\\',
    Bareword = b'n',
    Collate = b'A',
    Colon = b':',
    Comma = b',',
    Comment = b'c',
    Dot = b'.',
    Evil = b'X',
    Expression = b'E',
    Function = b'f',
    Group = b'B',
    Keyword = b'k',
    LeftBrace = b'{',
    LeftParenthesis = b'(',
    Logic = b'&',
    Number = b'1',
    Operator = b'o',
    RightBrace = b'}',
    RightParenthesis = b')',
    Semicolon = b';',
    String = b's',
    Tsql = b'T',
    Type = b't',
    Union = b'U',
    Unknown = b'?',
    Variable = b'v',
}

impl Kind {
    fn letter(self) -> u8 {
        self as u8
    }

    /// Of a word in libinjection's list.
    fn of_word(letter: u8) -> Self {
        match letter {
            b'k' => Self::Keyword,
            b'f' => Self::Function,
            b'U' => Self::Union,
            b'E' => Self::Expression,
            b'T' => Self::Tsql,
            b't' => Self::Type,
            b'o' => Self::Operator,
            b'&' => Self::Logic,
            b'v' => Self::Variable,
            b'1' => Self::Number,
            b'A' => Self::Collate,
            b'B' => Self::Group,
            _ => Self::Bareword,
        }
    }
}

/// How a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Context {
    /// The quote that is open where the value begins.
    quote: Option<u8>,
    /// Whether `#` begins a comment, and `--` only before white space.
    mysql: bool,
}

pub(super) fn warm() {
    words();
}

/// The fingerprint by which a value is an injection, its letters first and then zeros.
pub(super) fn injection(value: &[u8]) -> Option<[u8; 8]> {
    for quote in [None, Some(b'\''), Some(b'"')] {
        if quote.is_some_and(|quote| memchr::memchr(quote, value).is_none()) {
            continue;
        }
        // A double quote is no string but to MySQL.
        let mysql = quote == Some(b'"');
        let first = fold::folded(value, Context { quote, mysql });
        if first.is_injection(value) {
            return Some(first.fingerprint());
        }
        if first.mysql_differs && !mysql {
            let second = fold::folded(value, Context { quote, mysql: true });
            if second.is_injection(value) {
                return Some(second.fingerprint());
            }
        }
    }
    None
}

/// The tokens of a value, all or as many as are left, as libinjection's own cases print them.
pub(super) fn shown(value: &[u8], mysql: bool, all: bool) -> Vec<Vec<u8>> {
    let context = Context { quote: None, mysql };
    if all {
        let mut reader = read::Reader::new(value, context);
        let tokens = std::iter::from_fn(|| reader.next());
        return tokens.map(|token| token.shown()).collect();
    }
    let folded = fold::folded(value, context);
    folded.tokens().iter().map(read::Token::shown).collect()
}

impl Folded {
    fn fingerprint(&self) -> [u8; 8] {
        let mut letters = [0; 8];
        if self.tokens().iter().any(|token| token.kind == Kind::Evil) {
            letters[0] = Kind::Evil.letter();
            return letters;
        }
        for (letter, token) in letters.iter_mut().zip(self.tokens()) {
            *letter = token.kind.letter();
        }
        letters
    }

    /// Whether these are the tokens of an injection, and not of one of the ordinary texts that look
    /// like one.
    fn is_injection(&self, value: &[u8]) -> bool {
        let letters = self.fingerprint();
        let letters = letters
            .split(|letter| *letter == 0)
            .next()
            .unwrap_or_default();
        if letters.is_empty() || !words().is_injection(letters) {
            return false;
        }
        // Microsoft's server keeps statements with this word out of its logs.
        if letters.len() > 1 && letters.ends_with(b"c") && has_sp_password(value) {
            return true;
        }
        match self.tokens() {
            _ if letters == b"X" => true,
            [first, second] => self.are_two_telling(value, first, second),
            [first, middle, last] => self.are_three_telling(letters, first, middle, last),
            _ => true,
        }
    }

    fn are_two_telling(&self, value: &[u8], first: &read::Token, second: &read::Token) -> bool {
        if second.kind == Kind::Union {
            return self.read != 2;
        }
        if second.first() == b'#' {
            return false;
        }
        let in_c = second.first() == b'/';
        match (first.kind, second.kind) {
            (Kind::Bareword, Kind::Comment) if !in_c => return false,
            (Kind::Number, Kind::Comment) if in_c || self.read > 2 => return true,
            (Kind::Number, Kind::Comment) => {
                // As libinjection has it: the number's length, wherever it stands.
                let rest = value.get(first.text().len()..).unwrap_or_default();
                return match rest {
                    [next, ..] if next.cast_signed() <= 32 => true,
                    [b'/', b'*', ..] | [b'-', b'-', ..] => true,
                    _ => false,
                };
            }
            _ => {}
        }
        !(second.text().len() > 2 && second.first() == b'-')
    }

    fn are_three_telling(
        &self,
        letters: &[u8],
        first: &read::Token,
        middle: &read::Token,
        last: &read::Token,
    ) -> bool {
        match letters {
            // `…foo" + "bar…`
            b"sos" | b"s&s" => first.open == 0 && last.close == 0 && first.close == last.open,
            // `sexy and 17`
            b"s&n" | b"n&1" | b"1&1" | b"1&v" | b"1&s" if self.read == 3 => false,
            // `INTO OUTFILE`
            _ if middle.kind == Kind::Keyword => {
                middle.text().len() > 4 && middle.text().starts_with(b"INTO")
            }
            _ => true,
        }
    }
}

fn has_sp_password(value: &[u8]) -> bool {
    const NAME: &[u8] = b"sp_password";
    std::str::from_utf8(value).is_ok()
        && memchr::memchr2_iter(b's', b'S', value).any(|at| {
            value
                .get(at..at + NAME.len())
                .is_some_and(|own| own.eq_ignore_ascii_case(NAME))
        })
}

#[cfg(test)]
mod tests;
