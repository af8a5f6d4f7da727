//! What the reader does at a word: the clauses of a query.

use super::facts::{Facts, Grade};
use super::level::{Clause, Join, Kind, Level, Want};
use super::read::{First, Reader};
use super::statement::{self, Head};
use super::token::Token;
use super::words::{self, Lower, Word};

/// Words before a string that make it a constant of a kind: `N'x'`, `DATE '2020-01-01'`.
const INTRODUCERS: [&[u8]; 16] = [
    b"_ascii",
    b"_binary",
    b"_latin1",
    b"_utf8",
    b"_utf8mb4",
    b"b",
    b"d",
    b"date",
    b"e",
    b"n",
    b"nq",
    b"q",
    b"t",
    b"time",
    b"ts",
    b"x",
];

impl<'a> Reader<'a> {
    /// A word, at whatever place it stands.
    pub(super) fn word(&mut self, text: &'a [u8]) -> bool {
        self.word = text;
        let lower = Lower::new(text);
        let word = words::word(lower.as_bytes());
        let call = self.lexer.before_open();
        let plus = std::mem::take(&mut self.plus);
        if std::mem::take(&mut self.assigns) && self.texted && word == Word::Name && !call {
            // A comparison whose quotes were set wrong: `'or'a='a`.
            self.texted = false;
            self.level().compared = true;
            return self.operand_read(true);
        }
        self.callable = false;
        self.texted = false;
        match self.want {
            Want::Start | Want::Statement => self.beginning(word, &lower, call),
            Want::Operand if plus && ends_operand(word) => self.operator_word(word, &lower, call),
            Want::Operand => self.operand_word(word, &lower, call),
            Want::Operator => self.operator_word(word, &lower, call),
            Want::By => {
                self.want = Want::Operand;
                word == Word::By
            }
            Want::Query => self.query(word),
            Want::Truth => match word {
                Word::Not | Word::Quantity => true,
                Word::From => {
                    self.want = Want::Operand;
                    true
                }
                Word::Constant => self.operand_read(true),
                _ => false,
            },
            Want::Negated => {
                let fits = matches!(word, Word::Like | Word::In | Word::Between | Word::IsNull);
                fits && self.operator_word(word, &lower, call)
            }
            Want::Alias => {
                self.want = Want::Operator;
                self.level().aliased = true;
                self.callable = true;
                true
            }
            Want::Target => {
                if word == Word::OutFile {
                    self.facts.add(Facts::OUTFILE);
                }
                self.want = Want::Operand;
                true
            }
        }
    }

    /// The first word of a text or of a statement after `;`.
    fn beginning(&mut self, word: Word, lower: &Lower, call: bool) -> bool {
        let stacked = self.want == Want::Statement;
        let function = call && !stacked && words::function(lower) != Grade::Unknown;
        if !function && let Some(head) = self.statement(lower) {
            self.first.get_or_insert(First::Statement);
            if stacked && head != Head::Quiet {
                self.facts.add(Facts::STACKED);
            }
            return true;
        }
        match word {
            Word::Select => {
                self.first.get_or_insert(First::Statement);
                self.stacked = stacked;
                self.query(word)
            }
            _ if stacked => {
                call && words::function(lower) != Grade::Unknown
                    && self.operand_word(word, lower, call)
            }
            Word::Name
            | Word::Constant
            | Word::Statement
            | Word::Case
            | Word::Prefix
            | Word::End
            | Word::Postfix
            | Word::Procedure => self.operand_word(word, lower, call),
            Word::Not if !call => self.operand_word(word, lower, call),
            _ if call && words::function(lower) != Grade::Unknown => {
                self.operand_word(word, lower, call)
            }
            _ => {
                self.first = Some(First::Hole);
                self.level().constant = false;
                self.operator_word(word, lower, call)
            }
        }
    }

    /// SELECT and what else begins a query.
    fn query(&mut self, word: Word) -> bool {
        match word {
            Word::Quantity => true,
            Word::Select | Word::Rows => {
                if self.depth > 0 && self.want == Want::Operand {
                    self.facts.add(Facts::QUERY);
                }
                let level = self.level();
                let kind = Kind::Select;
                *level = Level {
                    kind,
                    ..Level::new(kind, Join::No)
                };
                self.want = Want::Operand;
                true
            }
            _ => false,
        }
    }

    fn operand_word(&mut self, word: Word, lower: &Lower, call: bool) -> bool {
        let level = *self.level();
        let sounds = std::mem::take(&mut self.after_sounds);
        match word {
            Word::Prefix if self.before_end() => self.name(lower, false),
            Word::Not | Word::Prefix | Word::Quantity => {
                self.want = Want::Operand;
                if lower.as_bytes() == b"top" {
                    self.takes_number();
                }
                true
            }
            Word::Select if level.fresh && matches!(level.kind, Kind::Group | Kind::Call) => {
                self.query(word)
            }
            Word::Like if sounds => self.compare(false, Want::Operand),
            Word::Name if sounds && lower.as_bytes() == b"to" => self.compare(false, Want::Operand),
            Word::Name
                if level.fresh && level.kind == Kind::Select && lower.as_bytes() == b"first" =>
            {
                self.takes_number() || self.name(lower, call)
            }
            Word::Case => {
                self.first.get_or_insert(First::Other);
                self.push(Kind::Case)
            }
            Word::When if level.kind == Kind::Case => self.condition(),
            Word::Join if level.clause == Clause::From && !call => true,
            Word::Constant => {
                self.first.get_or_insert(First::Other);
                if level.kind == Kind::Select {
                    self.facts.add(Facts::MARKED);
                }
                self.callable = call;
                self.operand_read(true)
            }
            Word::Statement
                if level.fresh && level.kind == Kind::Group && lower.as_bytes() == b"begin" =>
            {
                self.statement(lower).is_some() || self.name(lower, call)
            }
            Word::Name
            | Word::Statement
            | Word::Postfix
            | Word::Lock
            | Word::End
            | Word::Procedure => self.name(lower, call),
            Word::Connect
            | Word::In
            | Word::Union
            | Word::Select
            | Word::From
            | Word::Condition => false,
            _ => call && self.name(lower, call),
        }
    }

    /// A column, a table or the name of a function.
    fn name(&mut self, lower: &Lower, call: bool) -> bool {
        let text = self.word;
        self.first
            .get_or_insert(if call { First::Other } else { First::Name });
        let quoted = || {
            let mut ahead = self.lexer;
            matches!(
                ahead.next(),
                Some(Token::Text {
                    quote: b'\'' | b'"',
                    ..
                })
            )
        };
        if INTRODUCERS.contains(&lower.as_bytes()) && quoted() {
            self.want = Want::Operand;
            return true;
        }
        self.callable = true;
        let level = *self.level();
        if call {
            let grade = self.call(lower);
            self.facts.add(Facts::MARKED);
            self.operand_read(grade != Grade::Unknown)
        } else {
            if words::catalog(lower, level.clause == Clause::From) {
                self.facts.add(Facts::CATALOG);
            }
            let user = [&b"current_user"[..], b"session_user", b"system_user"];
            if level.kind == Kind::Select && user.contains(&lower.as_bytes()) {
                self.facts.add(Facts::STRONG.and(Facts::MARKED));
            }
            if lower.as_bytes().contains(&b'.') {
                self.facts.add(Facts::MARKED);
            }
            self.compare_name(text);
            self.operand_read(false)
        }
    }

    /// Whether the name stands on the other side of the comparison too: `a=a`.
    fn compare_name(&mut self, text: &'a [u8]) {
        let left = std::mem::replace(&mut self.named, text);
        let level = self.level();
        level.same |= level.compared && left.eq_ignore_ascii_case(text);
    }

    /// A condition follows.
    fn condition(&mut self) -> bool {
        self.term();
        let level = self.level();
        level.join = Join::Word;
        if level.kind == Kind::Select {
            level.clause = Clause::Condition;
        }
        self.want = Want::Operand;
        true
    }

    fn operator_word(&mut self, word: Word, lower: &Lower, call: bool) -> bool {
        match word {
            Word::Connect => self.connect(),
            Word::Not => {
                self.want = Want::Negated;
                true
            }
            Word::Like | Word::Between => self.compare(word == Word::Between, Want::Operand),

            Word::In if self.takes_mode() => true,
            Word::In if call => self.compare(false, Want::Operand),
            Word::In => {
                // POSITION(x IN y).
                self.want = Want::Operand;
                self.level().kind == Kind::Call
            }
            Word::Is => self.compare(false, Want::Truth),
            Word::IsNull => self.compare(false, Want::Operator),
            Word::Infix => self.infix(lower),
            Word::Over => self.over(lower),
            Word::Union => self.unite(),
            Word::From
            | Word::Condition
            | Word::Sort
            | Word::Limit
            | Word::Into
            | Word::Procedure
            | Word::Lock => self.clause_word(word, lower),
            Word::Join => self.joined(),
            Word::As => {
                self.want = Want::Alias;
                let level = self.level();
                matches!(level.kind, Kind::Select | Kind::Call) || level.kind == Kind::Base
            }
            Word::Postfix => true,
            Word::When | Word::Then | Word::End => self.case_word(word),
            Word::Select => self.unseparated_query(),
            Word::Statement => self.unseparated(lower) || self.alias_word(),
            Word::Name if lower.as_bytes() == b"allow" && self.allows() => true,
            Word::Name
            | Word::Constant
            | Word::Prefix
            | Word::Quantity
            | Word::By
            | Word::OutFile => self.alias_word(),
            Word::Case | Word::Rows => false,
        }
    }

    fn infix(&mut self, lower: &Lower) -> bool {
        if self.depth == 0 {
            self.facts.add(Facts::JOINED);
        }
        self.after_sounds = matches!(lower.as_bytes(), b"sounds" | b"similar");
        self.want = Want::Operand;
        true
    }

    /// OVER (…), FILTER (…), WITHIN GROUP (…).
    fn over(&mut self, lower: &Lower) -> bool {
        self.callable = true;
        if lower.as_bytes() == b"within" {
            self.want = Want::Alias;
        }
        true
    }

    fn unite(&mut self) -> bool {
        self.term();
        self.level().join = Join::No;
        self.united = true;
        self.want = Want::Query;
        self.facts.add(Facts::UNITING);
        true
    }

    /// `IN BOOLEAN MODE` of a search in text.
    fn takes_mode(&mut self) -> bool {
        let mut ahead = self.lexer;
        let taken = ["boolean", "mode"].iter().all(|wanted| {
            matches!(ahead.next(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted.as_bytes()))
        });
        if taken {
            self.lexer = ahead;
        }
        taken
    }

    /// The number of `TOP 1` and `FIRST 1`.
    fn takes_number(&mut self) -> bool {
        let mut ahead = self.lexer;
        let taken = ahead.next() == Some(Token::Number);
        if taken {
            self.lexer = ahead;
            self.facts.add(Facts::MARKED);
        }
        taken
    }

    /// `ALLOW FILTERING` of CQL, the last clause of a query, behind a string or a number.
    fn allows(&mut self) -> bool {
        let mut ahead = self.lexer;
        let filters = matches!(ahead.next(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(b"filtering"));
        let value = matches!(self.first, Some(First::Hole | First::Number));
        if !filters || !value || self.depth > 0 || self.glued() {
            return false;
        }
        self.lexer = ahead;
        self.facts.add(Facts::CLAUSE);
        true
    }

    /// Whether the operand ends after this word.
    fn before_end(&self) -> bool {
        let mut ahead = self.lexer;
        matches!(ahead.next(), Some(Token::Close | Token::Comma))
    }

    fn connect(&mut self) -> bool {
        self.want = Want::Operand;
        if std::mem::take(&mut self.level().between) {
            return true;
        }
        let own = self.depth == 0;
        self.term();
        self.level().join = Join::Word;
        if own {
            self.facts.add(Facts::CONNECTED);
        }
        true
    }

    fn compare(&mut self, between: bool, want: Want) -> bool {
        let level = self.level();
        level.compared = true;
        level.between = between;
        self.facts.add(Facts::MARKED);
        self.want = want;
        true
    }

    fn clause_word(&mut self, word: Word, lower: &Lower) -> bool {
        let kind = self.level().kind;
        if kind == Kind::Call || kind == Kind::Group {
            // TRIM(x FROM y), GROUP_CONCAT(x ORDER BY y), OVER (PARTITION BY x).
            self.term();
            self.want = if word == Word::Sort {
                Want::By
            } else {
                Want::Operand
            };
            return matches!(word, Word::From | Word::Sort | Word::Lock | Word::Limit);
        }
        self.term();
        let base = kind == Kind::Base;
        let level = self.level();
        level.join = Join::No;
        if base {
            level.constant = false;
        }
        self.want = Want::Operand;
        match word {
            Word::From => {
                self.level().clause = Clause::From;
                self.facts.add(Facts::FROM);
            }
            Word::Condition => {
                if base && lower.as_bytes() == b"having" {
                    self.facts.add(Facts::CLAUSE);
                }
                return self.condition_of(base);
            }
            Word::Sort => {
                self.level().clause = Clause::Sort;
                self.begin_clause(base);
                self.want = Want::By;
            }
            Word::Limit => {
                self.level().clause = Clause::Sort;
                self.begin_clause(base);
            }
            Word::Into => self.want = Want::Target,
            Word::Procedure => self.begin_clause(base),
            _ => return self.lock(),
        }
        true
    }

    /// FOR UPDATE, LOCK IN SHARE MODE, FOR XML PATH(''): the end of a query.
    fn lock(&mut self) -> bool {
        const AFTER: [&[u8]; 7] = [
            b"update", b"share", b"xml", b"json", b"in", b"read", b"browse",
        ];
        let mut ahead = self.lexer;
        self.free = true;
        matches!(ahead.next(), Some(Token::Word(word)) if AFTER.contains(&Lower::new(word).as_bytes()))
    }

    fn begin_clause(&mut self, base: bool) {
        if base {
            self.facts.add(Facts::CLAUSE);
            self.clause = true;
        }
    }

    fn condition_of(&mut self, base: bool) -> bool {
        let level = self.level();
        level.join = Join::Word;
        level.constant = true;
        if !base {
            level.clause = Clause::Condition;
        }
        self.want = Want::Operand;
        true
    }

    fn joined(&mut self) -> bool {
        let level = self.level();
        level.aliased = false;
        let from = level.clause == Clause::From;
        self.want = Want::Operand;
        from
    }

    fn case_word(&mut self, word: Word) -> bool {
        if self.level().kind != Kind::Case {
            return word == Word::End && self.alias_word();
        }
        match word {
            Word::When => self.condition(),
            Word::End => {
                self.facts.add(Facts::CASE);
                self.level().join = Join::No;
                self.pop();
                true
            }
            _ => {
                self.term();
                self.level().join = Join::No;
                self.want = Want::Operand;
                true
            }
        }
    }

    /// A statement without `;` before it, as SQL Server allows.
    fn unseparated(&mut self, lower: &Lower) -> bool {
        let kind = self.level().kind;
        let outside = matches!(kind, Kind::Base | Kind::Select) && self.depth == 0;
        let head = statement::head(lower.as_bytes(), self.lexer);
        let destroys = matches!(lower.as_bytes(), b"delete" | b"drop" | b"truncate");
        let wordy = head == Some(Head::Wordy)
            && destroys
            && self.first == Some(First::Hole)
            && self.tokens == 0;
        if !outside
            || self.quoted()
            || !(wordy || matches!(head, Some(Head::Marked | Head::Waits | Head::Quiet)))
        {
            return false;
        }
        self.term();
        self.statement(lower);
        if head != Some(Head::Quiet) {
            self.facts.add(Facts::STACKED);
        }
        true
    }

    /// Whether the word follows the closed string without a space.
    fn glued(&self) -> bool {
        self.tokens == 0
            && self.first == Some(First::Hole)
            && self.lexer.at() == self.begun + self.word.len()
    }

    /// Whether the word is the first of a text in double quotes, as in JSON.
    fn quoted(&self) -> bool {
        self.glued() && self.lexer.quote_before(self.begun)
    }

    /// A query without `;` before it; its list must be one that prose does not have.
    fn unseparated_query(&mut self) -> bool {
        let mut ahead = self.lexer;
        let marked = match ahead.next() {
            Some(Token::Word(word)) => {
                let lower = Lower::new(word);
                ahead.before_open() && words::function(&lower) != Grade::Unknown
            }
            Some(Token::Number | Token::Open) => true,
            Some(Token::Variable { system }) => system,
            Some(Token::Text { .. } | Token::Arithmetic(b'*')) => true,
            _ => false,
        };
        let base = self.depth == 0 && self.level().kind == Kind::Base;
        let named = self.first == Some(First::Name) && !self.facts.any(Facts::MARKED);
        if !base || !marked || named || self.glued() {
            return false;
        }
        self.term();
        self.stacked = true;
        self.query(Word::Select)
    }

    fn alias_word(&mut self) -> bool {
        let level = self.level();
        let fits = level.kind == Kind::Select
            && matches!(level.clause, Clause::List | Clause::From)
            && !level.aliased;
        level.aliased = true;
        // CAST(x AS SIGNED INTEGER), INTERVAL 5 SECOND, COUNT(x) FILTER: more words inside a call.
        fits || level.kind == Kind::Call
    }
}

/// Words that cannot follow `+`: where one does, the `+` was a space.
fn ends_operand(word: Word) -> bool {
    matches!(
        word,
        Word::Connect
            | Word::Union
            | Word::From
            | Word::Condition
            | Word::Sort
            | Word::Limit
            | Word::Like
            | Word::In
            | Word::Between
            | Word::Is
            | Word::Into
            | Word::Infix
            | Word::Procedure
    )
}
