//! Tokens that make no difference are folded away, until five are left.

use super::read::{Reader, Token};
use super::words::{Words, words};
use super::{Context, Kind};

/// So many tokens are told apart.
const MOST: usize = 5;
/// One more is read to know the last, and the list has room for all that a look takes.
const ROOM: usize = MOST + 3;

/// What is left of a value.
pub(super) struct Folded {
    tokens: [Token; ROOM],
    len: usize,
    /// How many tokens were read.
    pub(super) read: usize,
    pub(super) mysql_differs: bool,
}

impl Folded {
    pub(super) fn tokens(&self) -> &[Token] {
        self.tokens.get(..self.len).unwrap_or_default()
    }
}

/// What to do after a look at the next tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Something was folded: look again.
    Again,
    /// Look at one more.
    More,
    /// Nothing else counts.
    Evil,
}

struct Fold<'a> {
    reader: Reader<'a>,
    words: &'static Words,
    tokens: [Token; ROOM],
    /// Where the next token goes.
    end: usize,
    /// Before it, nothing is to be folded.
    left: usize,
    more: bool,
    read: usize,
    /// The comment behind all tokens.
    comment: Option<Token>,
}

pub(super) fn folded(value: &[u8], context: Context) -> Folded {
    let mut own = Fold {
        reader: Reader::new(value, context),
        words: words(),
        tokens: [Token::NONE; ROOM],
        end: 0,
        left: 0,
        more: true,
        read: 0,
        comment: None,
    };
    let len = if own.begin() { own.run() } else { 0 };
    Folded {
        tokens: own.tokens,
        len,
        read: own.read,
        mysql_differs: own.reader.mysql_differs,
    }
}

fn is(token: &Token, name: &[u8]) -> bool {
    token.text().eq_ignore_ascii_case(name)
}

fn is_unary(token: &Token) -> bool {
    token.kind == Kind::Operator
        && match token.text() {
            [b'+' | b'-' | b'!' | b'~'] | b"!!" => true,
            other => other.eq_ignore_ascii_case(b"NOT"),
        }
}

fn is_arithmetic(token: &Token) -> bool {
    token.kind == Kind::Operator && matches!(token.text(), [b'*' | b'/' | b'-' | b'+' | b'%'])
}

/// Names and values.
fn is_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Number | Kind::Bareword | Kind::Variable | Kind::String
    )
}

/// Words that are functions before a bracket, and names of columns elsewhere.
fn may_be_function(token: &Token) -> bool {
    const NAMES: [&[u8]; 11] = [
        b"USER_ID",
        b"USER_NAME",
        b"DATABASE",
        b"PASSWORD",
        b"USER",
        b"CURRENT_USER",
        b"CURRENT_DATE",
        b"CURRENT_TIME",
        b"CURRENT_TIMESTAMP",
        b"LOCALTIME",
        b"LOCALTIMESTAMP",
    ];
    NAMES.iter().any(|name| is(token, name))
}

impl Fold<'_> {
    /// The first token that says something. Whether there is one.
    fn begin(&mut self) -> bool {
        while let Some(token) = self.reader.next() {
            self.read += 1;
            let says_nothing = matches!(
                token.kind,
                Kind::Comment | Kind::LeftParenthesis | Kind::Type
            );
            if !says_nothing && !is_unary(&token) {
                self.put(0, token);
                self.end = 1;
                return true;
            }
        }
        false
    }

    fn token(&self, at: usize) -> &Token {
        self.tokens.get(at).unwrap_or(&Token::NONE)
    }

    fn kind(&self, at: usize) -> Kind {
        self.token(at).kind
    }

    fn put(&mut self, at: usize, token: Token) {
        if let Some(own) = self.tokens.get_mut(at) {
            *own = token;
        }
    }

    fn set_kind(&mut self, at: usize, kind: Kind) {
        if let Some(own) = self.tokens.get_mut(at) {
            own.kind = kind;
        }
    }

    /// Copies a token over the one before it.
    fn pull(&mut self, at: usize) {
        let own = *self.token(at);
        self.put(at.saturating_sub(1), own);
    }

    /// Takes tokens off the end, and looks again from the beginning.
    fn fold(&mut self, count: usize) -> Next {
        self.end = self.end.saturating_sub(count);
        self.left = 0;
        Next::Again
    }

    /// Reads until so many tokens are there to be looked at. Whether they are.
    fn fetch(&mut self, wanted: usize) -> bool {
        while self.more && self.end <= MOST && self.end - self.left < wanted {
            let Some(token) = self.reader.next() else {
                self.more = false;
                break;
            };
            self.read += 1;
            if token.kind == Kind::Comment {
                self.comment = Some(token);
            } else {
                self.comment = None;
                self.put(self.end, token);
                self.end += 1;
            }
        }
        self.end - self.left >= wanted
    }

    /// Folds until there is nothing to read, or enough. How many tokens are left.
    fn run(&mut self) -> usize {
        loop {
            if self.end >= MOST && self.is_known_five() {
                if self.end > MOST {
                    let sixth = *self.token(MOST);
                    self.put(1, sixth);
                }
                self.end = if self.end > MOST { 2 } else { 1 };
                self.left = 0;
            }
            if !self.more || self.left >= MOST {
                return self.finish();
            }
            if !self.fetch(2) {
                self.left = self.end;
                continue;
            }
            match self.two() {
                Next::Again => continue,
                Next::More => {}
                Next::Evil => {
                    self.set_kind(self.left + 1, Kind::Evil);
                    return self.left + 2;
                }
            }
            if !self.fetch(3) {
                self.left = self.end;
                continue;
            }
            if self.three() == Next::More {
                self.left += 1;
            }
        }
    }

    fn finish(&mut self) -> usize {
        let mut len = self.end.min(MOST);
        let last = self.token(len.saturating_sub(1));
        // A tick that is never closed, with nothing behind it, ends a statement of MySQL.
        let is_tick = last.kind == Kind::Bareword
            && (last.open, last.close) == (b'`', 0)
            && last.text().is_empty();
        if len > 2 && is_tick {
            self.set_kind(len - 1, Kind::Comment);
        }
        if len < MOST
            && let Some(comment) = self.comment
        {
            self.put(len, comment);
            len += 1;
        }
        len
    }

    /// Five tokens that come to the first of them.
    fn is_known_five(&self) -> bool {
        use Kind::{Bareword, Comma, LeftParenthesis, Number, Operator, RightParenthesis};
        let kinds: [Kind; MOST] = std::array::from_fn(|at| self.kind(at));
        matches!(
            kinds,
            [
                Number,
                Operator | Comma,
                LeftParenthesis,
                Number,
                RightParenthesis
            ] | [
                Bareword,
                Operator,
                LeftParenthesis,
                Bareword | Number,
                RightParenthesis
            ] | [Number, RightParenthesis, Comma, LeftParenthesis, Number]
                | [
                    Bareword,
                    RightParenthesis,
                    Operator,
                    LeftParenthesis,
                    Bareword
                ]
        )
    }

    /// Two words that are one: `IS NOT`, `GROUP BY`.
    fn merge(&mut self, at: usize) -> bool {
        let is_word = |kind: Kind| {
            matches!(
                kind,
                Kind::Keyword
                    | Kind::Bareword
                    | Kind::Operator
                    | Kind::Union
                    | Kind::Function
                    | Kind::Expression
                    | Kind::Tsql
                    | Kind::Type
            )
        };
        let second = self.kind(at + 1);
        if !is_word(self.kind(at)) || !(is_word(second) || second == Kind::Logic) {
            return false;
        }
        let (first, second) = (self.token(at).text(), self.token(at + 1).text());
        let len = first.len() + 1 + second.len();
        let Some((bytes, kind)) = self.words.phrase(first, second) else {
            return false;
        };
        if let Some(own) = self.tokens.get_mut(at) {
            own.renamed(kind, bytes, len);
        }
        self.end -= 1;
        self.left = self.left.saturating_sub(1);
        true
    }

    /// Two tokens.
    fn two(&mut self) -> Next {
        let at = self.left;
        let (first, second) = (self.kind(at), self.kind(at + 1));
        match (first, second) {
            (Kind::String, Kind::String) | (Kind::Semicolon, Kind::Semicolon) => {
                self.end -= 1;
                return Next::Again;
            }
            (Kind::Operator | Kind::Logic, Kind::Type) => return self.fold(1),
            (Kind::Operator | Kind::Logic, _) if is_unary(self.token(at + 1)) => {
                return self.fold(1);
            }
            (Kind::LeftParenthesis, _) if is_unary(self.token(at + 1)) => {
                self.end -= 1;
                self.left = at.saturating_sub(1);
                return Next::Again;
            }
            _ => {}
        }
        if self.merge(at) {
            return Next::Again;
        }
        self.two_by_kind(at, first, second)
    }

    fn two_by_kind(&mut self, at: usize, first: Kind, second: Kind) -> Next {
        match (first, second) {
            (Kind::Semicolon, Kind::Function) if starts_with_if(self.token(at + 1)) => {
                self.set_kind(at + 1, Kind::Tsql);
                Next::Again
            }
            (Kind::Bareword | Kind::Variable, Kind::LeftParenthesis)
                if may_be_function(self.token(at)) =>
            {
                self.set_kind(at, Kind::Function);
                Next::Again
            }
            (Kind::Keyword, _) if is(self.token(at), b"IN") || is(self.token(at), b"NOT IN") => {
                let kind = match second {
                    Kind::LeftParenthesis => Kind::Operator,
                    _ => Kind::Bareword,
                };
                self.set_kind(at, kind);
                Next::Again
            }
            (Kind::Operator, _)
                if is(self.token(at), b"LIKE") || is(self.token(at), b"NOT LIKE") =>
            {
                if second == Kind::LeftParenthesis {
                    self.set_kind(at, Kind::Function);
                }
                Next::More
            }
            (Kind::Type, Kind::Type | Kind::LeftParenthesis | Kind::Function) => {
                self.drop_first(at)
            }
            (Kind::Type, second) if is_operand(second) => self.drop_first(at),
            (Kind::Collate, Kind::Bareword) => {
                let name = std::str::from_utf8(self.token(at + 1).text());
                if name.is_ok_and(|name| name.contains('_')) {
                    self.set_kind(at + 1, Kind::Type);
                    self.left = 0;
                }
                Next::More
            }
            (Kind::Backslash, _) if is_arithmetic(self.token(at + 1)) => {
                self.set_kind(at, Kind::Number);
                self.fold(0)
            }
            (Kind::Backslash, _) => self.drop_first(at),
            (Kind::LeftParenthesis, Kind::LeftParenthesis)
            | (Kind::RightParenthesis, Kind::RightParenthesis) => self.fold(1),
            (Kind::LeftBrace, Kind::Bareword) if self.token(at + 1).text().is_empty() => Next::Evil,
            (Kind::LeftBrace, Kind::Bareword) => self.fold(2),
            (_, Kind::RightBrace) => self.fold(1),
            _ => Next::More,
        }
    }

    fn drop_first(&mut self, at: usize) -> Next {
        self.pull(at + 1);
        self.fold(1)
    }

    /// Three tokens.
    fn three(&mut self) -> Next {
        let at = self.left;
        let (first, second, third) = (self.kind(at), self.kind(at + 1), self.kind(at + 2));
        let unary = || is_unary(self.token(at + 1));
        let drops_two = match (first, second) {
            (Kind::Operator, Kind::LeftParenthesis) => false,
            (Kind::Operator, _) => third == Kind::Operator,
            (Kind::Logic, _) => third == Kind::Logic,
            (Kind::Variable, Kind::Operator)
                if matches!(third, Kind::Variable | Kind::Number | Kind::Bareword) =>
            {
                true
            }
            (Kind::Bareword | Kind::Number, Kind::Operator)
                if matches!(third, Kind::Number | Kind::Bareword) =>
            {
                true
            }
            (own, Kind::Operator) if is_operand(own) => {
                third == Kind::Type && self.token(at + 1).text() == b"::"
            }
            (own, Kind::Comma) if is_operand(own) => is_operand(third),
            (Kind::Bareword, Kind::Dot) => third == Kind::Bareword,
            _ => false,
        };
        if drops_two {
            return self.fold(2);
        }
        let drops_second = match (first, third) {
            (Kind::Expression | Kind::Group | Kind::Comma, Kind::LeftParenthesis) => unary(),
            (Kind::Keyword | Kind::Expression | Kind::Group | Kind::Comma, Kind::Function) => {
                unary()
            }
            (Kind::Expression, Kind::Bareword) if second == Kind::Dot => true,
            (Kind::Keyword | Kind::Expression | Kind::Group, own) if is_operand(own) => unary(),
            (Kind::Comma, own) if is_operand(own) && unary() => {
                // `1,-1` comes to `1`.
                self.pull(at + 2);
                return self.fold(3);
            }
            _ => false,
        };
        if drops_second {
            self.pull(at + 2);
            return self.fold(1);
        }
        // `USER()` has nothing in its brackets.
        if (first, second) == (Kind::Function, Kind::LeftParenthesis)
            && third != Kind::RightParenthesis
            && is(self.token(at), b"USER")
        {
            self.set_kind(at, Kind::Bareword);
        }
        Next::More
    }
}

fn starts_with_if(token: &Token) -> bool {
    matches!(token.text(), [b'I' | b'i', b'F' | b'f', ..])
}
