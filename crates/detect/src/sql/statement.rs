//! How statements other than queries begin.

use super::facts::Grade;
use super::token::{Lexer, Token};
use super::words::{self, Lower};

/// What the beginning of a statement looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// It holds punctuation or words that ordinary text does not.
    Marked,
    /// It could be a sentence: `delete from list`.
    Wordy,
    /// It makes the server wait.
    Waits,
    /// It tells nothing; what follows may.
    Quiet,
}

/// What may be dropped, created or altered.
const OBJECTS: [&[u8]; 26] = [
    b"alias",
    b"assembly",
    b"column",
    b"constraint",
    b"credential",
    b"database",
    b"domain",
    b"event",
    b"extension",
    b"function",
    b"index",
    b"login",
    b"procedure",
    b"proc",
    b"role",
    b"schema",
    b"sequence",
    b"server",
    b"session",
    b"synonym",
    b"system",
    b"table",
    b"trigger",
    b"type",
    b"user",
    b"view",
];

/// Reads ahead after the first word; at most a handful of tokens.
struct Ahead<'a> {
    lexer: Lexer<'a>,
}

impl<'a> Ahead<'a> {
    fn token(&mut self) -> Option<Token<'a>> {
        self.lexer.next()
    }

    fn peek(&self) -> Option<Token<'a>> {
        let mut ahead = self.lexer;
        ahead.next()
    }

    /// Takes one of these words.
    fn takes(&mut self, words: &[&[u8]]) -> bool {
        let mut ahead = self.lexer;
        if let Some(Token::Word(word)) = ahead.next()
            && words.contains(&Lower::new(word).as_bytes())
        {
            self.lexer = ahead;
            return true;
        }
        false
    }

    /// Takes a name.
    fn name(&mut self) -> bool {
        match self.token() {
            Some(Token::Word(_)) => true,
            Some(Token::Text { quote, .. }) => quote != b'\'',
            Some(Token::Variable { .. }) => true,
            _ => false,
        }
    }

    /// What the end of the statement after a name says.
    fn end(&mut self) -> Option<Head> {
        match self.token() {
            None if self.lexer.tail.is_some() => Some(Head::Marked),
            None => Some(Head::Wordy),
            Some(Token::Semicolon) => Some(Head::Marked),
            Some(_) => None,
        }
    }

    fn next_is(&self, wanted: fn(Token<'a>) -> bool) -> bool {
        self.peek().is_some_and(wanted)
    }
}

fn marked(is: bool) -> Option<Head> {
    is.then_some(Head::Marked)
}

/// How the statement begins whose first word (lower case) was just read by `lexer`, if one does.
pub(super) fn head(first: &[u8], lexer: Lexer<'_>) -> Option<Head> {
    let mut ahead = Ahead { lexer };
    match first {
        b"insert" | b"replace" | b"merge" => insert(&mut ahead),
        b"delete" => delete(&mut ahead),
        b"update" => update(&mut ahead),
        b"drop" => {
            let known = ahead.takes(&OBJECTS);
            ahead.takes(&[b"if"]);
            ahead.takes(&[b"exists"]);
            let named = known && ahead.name();
            let more = ahead.takes(&[b"cascade", b"restrict", b"declare", b"drop"]);
            let list = ahead.next_is(|token| token == Token::Comma);
            if named && (more || list) {
                Some(Head::Marked)
            } else if named {
                ahead.end()
            } else {
                None
            }
        }
        b"create" => create(&mut ahead),
        b"alter" => alter(&mut ahead),
        b"use" => {
            let named = ahead.name();
            if named {
                ahead.end().map(|_| Head::Wordy)
            } else {
                None
            }
        }
        b"truncate" => {
            if ahead.takes(&[b"table"]) && ahead.name() {
                ahead.end()
            } else {
                None
            }
        }
        b"exec" | b"execute" => execute(&mut ahead),
        b"declare" => declare(&mut ahead),
        b"set" => set(&mut ahead),
        b"waitfor" => {
            let known = ahead.takes(&[b"delay", b"time"]);
            let what = ahead.token();
            (known && matches!(what, Some(Token::Text { .. } | Token::Variable { .. })))
                .then_some(Head::Waits)
        }
        b"commit" | b"rollback" | b"vacuum" => ahead.end().map(|_| Head::Wordy),
        b"shutdown" | b"reconfigure" => {
            let how = ahead.takes(&[b"with", b"immediate", b"abort", b"end"]);
            ahead.takes(&[b"nowait", b"override"]);
            if how { Some(Head::Marked) } else { ahead.end() }
        }
        b"if" => condition(&mut ahead),
        b"while" if opens_block(ahead.lexer.rest()) => None,
        b"goto" | b"while" => ahead.token().map(|_| Head::Quiet),
        _ => rare(first, &mut ahead),
    }
}

/// `while (x) { … }`: a block in braces is a program's, not a query's.
fn opens_block(rest: &[u8]) -> bool {
    /// No condition is longer.
    const NEAR: usize = 128;
    let rest = rest.get(..NEAR).unwrap_or(rest).trim_ascii_start();
    let brace = rest.iter().position(|own| *own == b'{');
    let condition = brace.and_then(|at| rest.get(..at)).unwrap_or_default();
    condition.starts_with(b"(") && condition.trim_ascii_end().ends_with(b")")
}

fn insert(ahead: &mut Ahead<'_>) -> Option<Head> {
    let into = ahead.takes(&[b"into", b"ignore", b"overwrite"]);
    ahead.takes(&[b"into"]);
    let named = into && ahead.name();
    let follows = ahead.takes(&[
        b"values", b"select", b"set", b"default", b"value", b"using", b"exec",
    ]);
    marked(named && (follows || ahead.next_is(|token| token == Token::Open)))
}

fn delete(ahead: &mut Ahead<'_>) -> Option<Head> {
    ahead.takes(&[b"low_priority", b"quick", b"ignore"]);
    if !ahead.takes(&[b"from"]) || !ahead.name() {
        return None;
    }
    if !ahead.takes(&[b"where"]) {
        return ahead.end();
    }
    let operand = ahead.token()?;
    let operator = ahead.token();
    let compared = match operator {
        Some(Token::Compare | Token::Open | Token::Arithmetic(_)) => true,
        Some(Token::Word(word)) => matches!(
            words::word(Lower::new(word).as_bytes()),
            words::Word::Like
                | words::Word::In
                | words::Word::Between
                | words::Word::Is
                | words::Word::Connect
        ),
        _ => false,
    };
    marked(compared || matches!(operand, Token::Number | Token::Open))
}

fn update(ahead: &mut Ahead<'_>) -> Option<Head> {
    let set = ahead.name() && ahead.takes(&[b"set"]) && ahead.name();
    marked(set && ahead.next_is(|token| token == Token::Compare))
}

fn create(ahead: &mut Ahead<'_>) -> Option<Head> {
    const BEFORE: [&[u8]; 8] = [
        b"or",
        b"replace",
        b"temporary",
        b"temp",
        b"unique",
        b"global",
        b"external",
        b"public",
    ];
    for _ in 0..3 {
        ahead.takes(&BEFORE);
    }
    let known = ahead.takes(&OBJECTS);
    ahead.takes(&[b"if"]);
    ahead.takes(&[b"not"]);
    ahead.takes(&[b"exists"]);
    if !known || !ahead.name() {
        return None;
    }
    let follows = ahead.takes(&[
        b"as",
        b"identified",
        b"returns",
        b"with",
        b"return",
        b"password",
    ]);
    if follows || ahead.next_is(|token| token == Token::Open) {
        Some(Head::Marked)
    } else {
        ahead.end()
    }
}

fn alter(ahead: &mut Ahead<'_>) -> Option<Head> {
    const CHANGES: [&[u8]; 14] = [
        b"add",
        b"alter",
        b"change",
        b"compile",
        b"convert",
        b"disable",
        b"drop",
        b"enable",
        b"identified",
        b"modify",
        b"password",
        b"rename",
        b"set",
        b"with",
    ];
    let known = ahead.takes(&OBJECTS);
    marked(known && (ahead.takes(&[b"set"]) || ahead.name() && ahead.takes(&CHANGES)))
}

fn execute(ahead: &mut Ahead<'_>) -> Option<Head> {
    let immediate = ahead.takes(&[b"immediate"]);
    let mut token = ahead.token()?;
    let open = token == Token::Open;
    if open {
        token = ahead.token()?;
    }
    match token {
        Token::Variable { .. } => marked(!open || ahead.next_is(|token| token == Token::Close)),
        Token::Text { body, .. } if immediate || begins_statement(body) => Some(Head::Marked),
        Token::Text { .. } => {
            marked(open && ahead.next_is(|token| token == Token::Arithmetic(b'+')))
                .map(|_| Head::Wordy)
        }
        Token::Word(name) => {
            let lower = Lower::new(name);
            let own =
                words::function(&lower) == Grade::Strong || lower.as_bytes().starts_with(b"sp_");
            if own || open && words::function(&lower) == Grade::General {
                Some(Head::Marked)
            } else {
                ahead.end().map(|_| Head::Wordy)
            }
        }
        _ => None,
    }
}

/// Whether a string holds a statement.
fn begins_statement(body: &[u8]) -> bool {
    let word = body
        .trim_ascii_start()
        .split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
        .next();
    let word = Lower::new(word.unwrap_or_default());
    matches!(
        words::word(word.as_bytes()),
        words::Word::Statement | words::Word::Select
    ) || words::function(&word) == Grade::Strong
}

fn declare(ahead: &mut Ahead<'_>) -> Option<Head> {
    match ahead.token()? {
        Token::Variable { .. } => marked(ahead.next_is(|token| matches!(token, Token::Word(_)))),
        Token::Word(_) => {
            let typed = ahead.takes(&[
                b"varchar2",
                b"varchar",
                b"number",
                b"integer",
                b"int",
                b"clob",
                b"cursor",
                b"pragma",
            ]);
            marked(typed)
        }
        _ => None,
    }
}

fn set(ahead: &mut Ahead<'_>) -> Option<Head> {
    let global = ahead.takes(&[b"global", b"session", b"local"]);
    match ahead.token()? {
        Token::Variable { .. } => marked(ahead.next_is(|token| token == Token::Compare)),
        Token::Word(_) if global => marked(ahead.next_is(|token| token == Token::Compare)),
        _ => None,
    }
}

fn condition(ahead: &mut Ahead<'_>) -> Option<Head> {
    ahead.takes(&[b"not"]);
    if ahead.takes(&[b"exists"]) {
        let open = ahead.token() == Some(Token::Open);
        return marked(open && ahead.takes(&[b"select"]));
    }
    match ahead.token()? {
        Token::Open | Token::Word(_) => Some(Head::Quiet),
        Token::Number => {
            marked(ahead.next_is(|token| token == Token::Compare)).map(|_| Head::Quiet)
        }
        _ => None,
    }
}

fn rare(first: &[u8], ahead: &mut Ahead<'_>) -> Option<Head> {
    match first {
        b"copy" => {
            let open = ahead.next_is(|token| token == Token::Open);
            let target = !open && ahead.name() && ahead.takes(&[b"from", b"to"]);
            let what = ahead.takes(&[b"program", b"stdin", b"stdout"])
                || ahead.next_is(|token| matches!(token, Token::Text { .. }));
            marked(open && ahead.token().is_some() && ahead.takes(&[b"select"]) || target && what)
        }
        b"grant" | b"revoke" => grant(ahead),
        b"backup" | b"restore" => marked(
            ahead.takes(&[b"database", b"log"])
                && ahead.name()
                && ahead.takes(&[b"to", b"from", b"with"]),
        ),
        b"load" => {
            let data = ahead.takes(&[b"data", b"xml"]);
            ahead.takes(&[b"low_priority", b"concurrent"]);
            ahead.takes(&[b"local"]);
            marked(data && ahead.takes(&[b"infile"]))
        }
        b"bulk" => marked(ahead.takes(&[b"insert"]) && ahead.name() && ahead.takes(&[b"from"])),
        b"handler" => marked(ahead.name() && ahead.takes(&[b"open", b"read"])),
        b"attach" => {
            ahead.takes(&[b"database"]);
            marked(matches!(ahead.token(), Some(Token::Text { .. })) && ahead.takes(&[b"as"]))
        }
        b"rename" => marked(ahead.takes(&[b"table"]) && ahead.name() && ahead.takes(&[b"to"])),
        b"prepare" => marked(ahead.name() && ahead.takes(&[b"from", b"as"])),
        b"explain" => marked(ahead.takes(&[b"select", b"analyze"])),
        b"show" => {
            let known = ahead.takes(&[
                b"tables",
                b"databases",
                b"variables",
                b"grants",
                b"columns",
                b"processlist",
                b"schemas",
            ]);
            if known { ahead.end() } else { None }
        }
        b"do" if block(ahead) => Some(Head::Marked),
        b"call" if ahead.takes(&[b"case", b"regexp_substring"]) => Some(Head::Marked),
        b"call" | b"do" | b"begin" => called(ahead),
        b"desc" | b"describe" => {
            let named = ahead.name();
            if named {
                ahead.end().map(|_| Head::Wordy)
            } else {
                None
            }
        }
        _ => None,
    }
}

fn grant(ahead: &mut Ahead<'_>) -> Option<Head> {
    const RIGHTS: [&[u8]; 10] = [
        b"connect",
        b"resource",
        b"all",
        b"alter",
        b"create",
        b"dba",
        b"execute",
        b"insert",
        b"javasyspriv",
        b"select",
    ];
    let known = ahead.takes(&RIGHTS);
    ahead.takes(&[b"privileges"]);
    if !known || !ahead.takes(&[b"on", b"to", b"from"]) {
        return None;
    }
    if !ahead.name() {
        // ON *.*
        for _ in 0..2 {
            ahead.token();
        }
    }
    if ahead.takes(&[b"to", b"from", b"identified"]) {
        Some(Head::Marked)
    } else {
        ahead.end()
    }
}

/// `DO $$BEGIN …`, `DO LANGUAGE plpgsql 'BEGIN …'`: a block of PL/pgSQL in quotes of either kind.
fn block(ahead: &mut Ahead<'_>) -> bool {
    let mut own = Ahead { lexer: ahead.lexer };
    if own.takes(&[b"language"]) {
        own.name();
    }
    let body = match own.lexer.dollars() {
        Some(body) => body,
        None => match own.token() {
            Some(Token::Text {
                quote: b'\'', body, ..
            }) => body,
            _ => return false,
        },
    };
    let body = body.trim_ascii_start();
    let mut words = body.split(|byte| !byte.is_ascii_alphabetic());
    words
        .next()
        .is_some_and(|word| matches!(Lower::new(word).as_bytes(), b"begin" | b"declare"))
}

/// A call of one of the database's own functions.
fn called(ahead: &mut Ahead<'_>) -> Option<Head> {
    if ahead.takes(&[b"declare", b"execute", b"tran", b"transaction"]) {
        return Some(Head::Marked);
    }
    let Some(Token::Word(name)) = ahead.token() else {
        return None;
    };
    if !ahead.next_is(|token| token == Token::Open) {
        return Some(Head::Quiet);
    }
    match words::function(&Lower::new(name)) {
        Grade::Time => Some(Head::Waits),
        Grade::Strong => Some(Head::Marked),
        Grade::Named | Grade::General | Grade::Unknown => Some(Head::Quiet),
    }
}
