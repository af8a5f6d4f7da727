//! Reads tokens as the rest of a query: a push-down automaton over operands and operators.
//!
//! The reader does not know the query it continues; it begins where the database would go on after
//! the string or value the application has opened, and remembers what it saw as [`Facts`]. It stops at
//! the first token that no dialect has at that place, which for ordinary text is one of the first.

use super::facts::{Facts, Grade};
use super::level::{Clause, DEEPEST, Join, Kind, Level, Want};
use super::statement::{self, Head};
use super::token::{Lexer, Token};
use super::words::{self, Lower, Word};

/// How a reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// All was read.
    Whole,
    /// A comment hides what follows.
    Comment,
    /// In a string with this quote, which the application closes.
    Open(u8),
    /// Something was expected after the last token.
    Dangling,
    /// At a token that does not fit.
    Broken,
}

/// What stands first in a text that is read from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    /// Nothing: an operator, a clause, or a string the application has opened.
    Hole,
    /// A number.
    Number,
    /// A name.
    Name,
    /// A quoted string.
    Text,
    /// Parentheses, a call, a variable.
    Other,
    /// A query or another statement.
    Statement,
}

/// What was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// What was seen.
    pub(super) facts: Facts,
    /// How it ended.
    pub(super) ending: Ending,
    /// The first operand.
    pub(super) first: First,
    /// How many tokens fitted.
    pub(super) tokens: usize,
    /// Where reading stopped.
    pub(super) end: usize,
    /// Where the comment began that hides the rest.
    pub(super) tail: Option<usize>,
}

/// The automaton.
pub(super) struct Reader<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) facts: Facts,
    pub(super) levels: [Level; DEEPEST],
    pub(super) depth: usize,
    pub(super) want: Want,
    /// The last token, as far as the next one depends on it.
    pub(super) callable: bool,
    pub(super) texted: bool,
    pub(super) plus: bool,
    /// A UNION waits for its list, a clause for its first operand.
    pub(super) united: bool,
    pub(super) stacked: bool,
    pub(super) clause: bool,
    /// In the arguments of a statement, where anything may follow.
    pub(super) free: bool,
    pub(super) first: Option<First>,
    /// Where reading began.
    pub(super) begun: usize,
    /// The last word, and the last name that is an operand.
    pub(super) word: &'a [u8],
    pub(super) named: &'a [u8],
    pub(super) after_sounds: bool,
    /// The last string ended in `=`.
    pub(super) assigns: bool,
    pub(super) open: Option<u8>,
    pub(super) tokens: usize,
}

impl<'a> Reader<'a> {
    /// Reads `text` from `at` on: after a string that was just closed, or from the beginning of a value.
    pub(super) fn new(text: &'a [u8], at: usize, closed: bool) -> Self {
        const EMPTY: [Level; DEEPEST] = [Level::new(Kind::Base, Join::No); DEEPEST];
        let mut levels = EMPTY;
        if let Some(base) = levels.first_mut() {
            base.constant = !closed;
            base.fresh = !closed;
        }
        Self {
            lexer: Lexer::new(text, at),
            facts: Facts::NONE,
            levels,
            depth: 0,
            want: if closed { Want::Operator } else { Want::Start },
            callable: false,
            texted: closed,
            plus: false,
            united: false,
            stacked: false,
            clause: false,
            free: false,
            first: closed.then_some(First::Hole),
            begun: at,
            word: b"",
            named: b"",
            after_sounds: false,
            assigns: false,
            open: None,
            tokens: 0,
        }
    }

    /// Reads as far as the text makes sense.
    pub(super) fn read(mut self) -> Reading {
        let mut fits = true;
        let mut end = self.lexer.at();
        while let Some(token) = self.lexer.next() {
            fits = self.step(token);
            if !fits {
                break;
            }
            self.tokens += 1;
            end = self.lexer.at();
        }
        if self.lexer.commented {
            self.facts.add(Facts::COMMENT);
        }
        if self.lexer.executed {
            self.facts.add(Facts::COMMENT.and(Facts::EXECUTED_COMMENT));
        }
        self.finish_terms();
        let ending = self.ending(fits);
        Reading {
            facts: self.facts,
            ending,
            first: self.first.unwrap_or(First::Hole),
            tokens: self.tokens,
            end: if fits { self.lexer.at() } else { end },
            tail: self.lexer.tail,
        }
    }

    fn ending(&self, fits: bool) -> Ending {
        let dangling = !matches!(self.want, Want::Operator | Want::Start | Want::Statement);
        match (fits, self.open, self.lexer.tail) {
            (false, _, _) => Ending::Broken,
            (true, Some(quote), _) => Ending::Open(quote),
            (true, None, _) if dangling && !self.free => Ending::Dangling,
            (true, None, Some(_)) => Ending::Comment,
            (true, None, None) => Ending::Whole,
        }
    }

    pub(super) fn level(&mut self) -> &mut Level {
        let depth = self.depth.min(DEEPEST - 1);
        #[expect(
            clippy::indexing_slicing,
            reason = "depth < DEEPEST, the array's length"
        )]
        &mut self.levels[depth]
    }

    pub(super) fn push(&mut self, kind: Kind) -> bool {
        let above = self.level();
        let join = if above.compared || kind != Kind::Group {
            Join::No
        } else {
            above.join
        };
        above.fresh = false;
        if self.depth + 1 >= DEEPEST {
            return false;
        }
        self.depth += 1;
        *self.level() = Level::new(kind, join);
        self.want = Want::Operand;
        true
    }

    /// Ends the level: `)` or END.
    pub(super) fn pop(&mut self) {
        self.term();
        let ended = *self.level();
        if ended.kind == Kind::Select {
            self.facts.add(Facts::SUBQUERY);
        }
        if self.depth == 0 {
            self.facts.add(Facts::CLOSED);
            let level = self.level();
            level.join = Join::No;
            level.constant = false;
        } else {
            self.depth -= 1;
            let level = self.level();
            level.constant &= ended.constants && ended.kind != Kind::Select;
            level.fresh = false;
            self.list_begun();
        }
        self.want = Want::Operator;
    }

    /// Ends a comparison and remembers what it was.
    pub(super) fn term(&mut self) {
        let base = self.depth == 0;
        let level = self.level();
        let (join, compared) = (level.join, level.compared);
        let constant = level.constant || level.same && join != Join::No;
        let own = base && level.kind == Kind::Base;
        level.compared = false;
        level.constants &= constant;
        level.constant = true;
        level.between = false;
        level.aliased = false;
        level.same = false;
        let fact = match (join, compared, constant) {
            (Join::No, true, _) if own => Facts::OWN_COMPARED,
            (Join::Pipes, false, _) => Facts::JOINED,
            (Join::No, _, _) => Facts::NONE,
            (_, true, true) => Facts::CONSTANTS,
            (_, true, false) => Facts::COMPARED,
            (_, false, true) => Facts::CONSTANT,
            (_, false, false) => Facts::TERM,
        };
        self.facts.add(fact);
        if compared && constant {
            self.facts.add(Facts::CONSTANTS_ANYWHERE);
        }
    }

    fn finish_terms(&mut self) {
        if self.want == Want::Operator {
            self.term();
        }
    }

    fn step(&mut self, token: Token<'a>) -> bool {
        if self.free {
            return self.freely(token);
        }
        if let Token::Word(word) = token {
            return self.word(word);
        }
        let plus = matches!(token, Token::Arithmetic(b'+')) && self.want == Want::Operator;
        let fits = match self.want {
            Want::Start
                if matches!(
                    token,
                    Token::Compare | Token::Pipes | Token::Comma | Token::Close
                ) =>
            {
                self.first = Some(First::Hole);
                self.level().constant = false;
                self.operator(token)
            }
            Want::Start if token == Token::Semicolon => {
                self.first = Some(First::Hole);
                self.semicolon()
            }
            Want::Start | Want::Operand | Want::Statement => self.operand(token),
            Want::Operator => self.operator(token),
            Want::Query => match token {
                Token::Open => self.push(Kind::Group),
                Token::Arithmetic(b'+') => true,
                _ => false,
            },
            Want::Alias => self.alias(token),
            Want::Target => matches!(token, Token::Variable { .. }) && self.operand(token),
            Want::By | Want::Truth | Want::Negated => token == Token::Arithmetic(b'+'),
        };
        self.plus = plus;
        self.callable = false;
        self.texted = matches!(token, Token::Text { .. });
        fits
    }

    fn operand(&mut self, token: Token<'a>) -> bool {
        let first = match token {
            Token::Number => First::Number,
            Token::Text { .. } => First::Text,
            _ => First::Other,
        };
        if self.first.is_none() && !matches!(token, Token::Arithmetic(b'-' | b'+')) {
            self.first = Some(first);
        }
        match token {
            Token::Number => {
                if self.clause {
                    self.facts.add(Facts::NUMBERED);
                }
                self.facts.add(Facts::MARKED);
                self.operand_read(true)
            }
            Token::Text { quote, open, body } => self.text(quote, open, body),
            Token::Variable { system } => {
                self.facts.add(if system {
                    Facts::STRONG.and(Facts::MARKED)
                } else {
                    Facts::MARKED
                });
                self.operand_read(false)
            }
            Token::Open => self.push(Kind::Group),
            Token::Close if self.level().fresh && self.level().kind == Kind::Call => {
                self.pop();
                true
            }
            Token::Arithmetic(b'*') => {
                let level = *self.level();
                let fits = level.kind == Kind::Select || level.kind == Kind::Call && level.fresh;
                self.facts.add(Facts::MARKED);
                fits && self.operand_read(false)
            }
            Token::Semicolon => self.want == Want::Statement,
            Token::Brace => self.escape(),
            Token::Not | Token::Arithmetic(b'-' | b'+' | b'@') | Token::Dot => {
                if self.want != Want::Operand {
                    self.want = Want::Operand;
                }
                true
            }
            Token::Close
            | Token::Comma
            | Token::Compare
            | Token::Pipes
            | Token::Arithmetic(_)
            | Token::Junk
            | Token::Word(_) => false,
        }
    }

    /// `{d '2020-01-01'}`, `{x 1}`: the word after the brace means nothing.
    fn escape(&mut self) -> bool {
        let mut ahead = self.lexer;
        if matches!(ahead.next(), Some(Token::Word(_))) {
            self.lexer = ahead;
        }
        self.want = Want::Operand;
        true
    }

    fn text(&mut self, quote: u8, open: bool, body: &'a [u8]) -> bool {
        if open {
            self.open = Some(quote);
        }
        let body = body.trim_ascii();
        self.assigns = !open && body.len() > 1 && body.ends_with(b"=");
        let plain = body.len() <= 40
            && body
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_%.@-~:".contains(byte));
        if !plain {
            self.facts.add(Facts::ODD_TEXT);
        }
        self.facts.add(Facts::MARKED);
        self.operand_read(quote == b'\'' || quote == b'"')
    }

    /// Remembers the first operand of a query's list.
    fn list_begun(&mut self) {
        if self.level().kind != Kind::Select {
            return;
        }
        if std::mem::take(&mut self.united) {
            self.facts.add(Facts::UNION);
        }
        if std::mem::take(&mut self.stacked) {
            self.facts.add(Facts::STACKED_QUERY);
        }
    }

    pub(super) fn operand_read(&mut self, constant: bool) -> bool {
        let level = self.level();
        level.constant &= constant;
        level.fresh = false;
        level.aliased = false;
        self.want = Want::Operator;
        self.list_begun();
        self.clause = false;
        true
    }

    fn operator(&mut self, token: Token<'a>) -> bool {
        match token {
            Token::Compare => {
                self.facts.add(Facts::MARKED);
                self.level().compared = true;
                self.want = Want::Operand;
            }
            Token::Pipes => {
                self.term();
                self.level().join = Join::Pipes;
                self.want = Want::Operand;
            }
            Token::Arithmetic(sign) => {
                if self.depth == 0 {
                    self.facts.add(Facts::JOINED);
                }
                self.level().same = false;
                self.named = b"";
                self.want = Want::Operand;
                return sign != b'>' || self.before_key();
            }
            Token::Open if self.callable => return self.push(Kind::Call),
            Token::Close => {
                if self.level().kind == Kind::Case {
                    return false;
                }
                self.pop();
            }
            Token::Comma => {
                self.term();
                let level = self.level();
                level.join = Join::No;
                level.constant = level.kind != Kind::Base;
                self.facts.add(Facts::MARKED);
                if self.depth == 0 {
                    self.facts.add(Facts::LISTED);
                }
                self.want = Want::Operand;
            }
            Token::Semicolon => return self.semicolon(),
            Token::Dot => self.want = Want::Operand,
            Token::Brace => {}
            Token::Text { quote, open, body } => {
                if self.texted {
                    return self.text(quote, open, body);
                }
                return self.alias(token);
            }
            // A table of Informix: `sysmaster:sysdual`.
            Token::Variable { system: false } if self.callable => {
                return self.level().clause == Clause::From;
            }
            Token::Not => return false,
            Token::Number | Token::Variable { .. } | Token::Word(_) | Token::Open | Token::Junk => {
                return false;
            }
        }
        true
    }

    /// Whether the key of a JSON operator follows: a string or a number, not the name of a method.
    fn before_key(&self) -> bool {
        let mut ahead = self.lexer;
        matches!(
            ahead.next(),
            Some(Token::Text { .. } | Token::Number | Token::Variable { .. })
        )
    }

    /// A `;` ends the query at any depth: what follows is a statement, or nothing.
    fn semicolon(&mut self) -> bool {
        self.term();
        self.depth = 0;
        *self.level() = Level::new(Kind::Base, Join::No);
        self.facts.add(Facts::SEMICOLON);
        self.want = Want::Statement;
        true
    }

    /// A name for a column or table, where one may stand.
    fn alias(&mut self, token: Token<'a>) -> bool {
        let wanted = self.want == Want::Alias;
        let level = self.level();
        let list =
            level.kind == Kind::Select && matches!(level.clause, Clause::List | Clause::From);
        if !wanted && (!list || level.aliased) {
            return false;
        }
        level.aliased = true;
        self.want = Want::Operator;
        match token {
            Token::Text { quote, open, .. } => {
                if open {
                    self.open = Some(quote);
                }
                true
            }
            Token::Word(_) => true,
            Token::Open if wanted => self.push(Kind::Group),
            _ => false,
        }
    }

    fn freely(&mut self, token: Token<'a>) -> bool {
        match token {
            Token::Word(word) => {
                let lower = Lower::new(word);
                if self.lexer.before_open() {
                    self.call(&lower);
                } else if words::catalog(&lower, false) {
                    self.facts.add(Facts::CATALOG);
                }
                if matches!(self.statement(&lower), Some(Head::Marked | Head::Waits)) {
                    self.facts.add(Facts::STACKED);
                }
            }
            Token::Text {
                quote, open: true, ..
            } => self.open = Some(quote),
            Token::Variable { system: true } => self.facts.add(Facts::STRONG),
            Token::Junk => return false,
            _ => {}
        }
        true
    }

    /// Looks whether a statement begins with this word, and goes on freely if one does.
    pub(super) fn statement(&mut self, lower: &Lower) -> Option<Head> {
        let head = statement::head(lower.as_bytes(), self.lexer)?;
        self.facts.add(match head {
            Head::Marked => Facts::STATEMENT,
            Head::Wordy => Facts::WORDY,
            Head::Waits => Facts::STATEMENT.and(Facts::TIME),
            Head::Quiet => Facts::NONE,
        });
        self.free = true;
        Some(head)
    }

    /// Remembers the call of a function, whose `(` comes next.
    pub(super) fn call(&mut self, lower: &Lower) -> Grade {
        let grade = words::function(lower);
        self.facts.add(match grade {
            Grade::Time if self.argument() && lower.as_bytes() == b"sleep" => Facts::TIME,
            Grade::Time if self.argument() => Facts::TIME.and(Facts::UNIQUE),
            Grade::Time | Grade::General => Facts::GENERAL,
            Grade::Strong => Facts::STRONG.and(Facts::UNIQUE),
            Grade::Named if self.empty() => Facts::STRONG,
            Grade::Named => Facts::NONE,
            Grade::Unknown => Facts::NONE,
        });
        grade
    }

    /// Whether there is no argument.
    fn empty(&self) -> bool {
        let mut ahead = self.lexer;
        ahead.next();
        ahead.next() == Some(Token::Close)
    }

    /// Whether the argument is one of SQL: not missing, and not the variable of a program.
    fn argument(&self) -> bool {
        let mut ahead = self.lexer;
        ahead.next();
        match ahead.next() {
            Some(Token::Word(word)) => {
                let lower = Lower::new(word);
                words::word(lower.as_bytes()) != Word::Name
                    || words::function(&lower) != Grade::Unknown
            }
            Some(Token::Close | Token::Junk) | None => false,
            Some(_) => true,
        }
    }
}
