//! Reads a text as JavaScript as far as it is JavaScript, and says what it would do.
//!
//! The reader knows where an operand and where an operator may stand; two operands in a row, as in any
//! prose, end the reading. It follows chains of members (`top['al'+'ert']`), calls, tagged templates and
//! assignments, and undoes escapes inside identifiers. One pass, a stack of fixed height.

use super::names::{self, Flags};
use crate::seek;

/// What a text does, read as a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// It is no program, or an expression without effect.
    Nothing,
    /// It calls, assigns or throws something.
    Code,
    /// It opens a dialog, runs a string, sends something away, or changes the page.
    Sink,
}

/// A text read as a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// What it does.
    pub(super) strength: Strength,
    /// Where the reading ended.
    pub(super) end: usize,
    /// Whether all of the text is a program.
    pub(super) whole: bool,
    /// Whether a dialog is opened or something is run.
    pub(super) telling: bool,
    /// Whether it is done in a way that programs have no use for.
    pub(super) proof: bool,
    /// Whether a dialog is opened.
    pub(super) dialog: bool,
    /// Whether something is declared or defined.
    pub(super) declares: bool,
    /// Whether what is called or set may belong to the page or to JavaScript.
    pub(super) known: bool,
    /// Whether a string spells `constructor` and something is called.
    pub(super) spelled: bool,
}

/// What stands before the text in the program around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing, or the end of a statement.
    Statement,
    /// A value, such as a string that was just closed.
    Operand,
    /// A template string that was just closed.
    Template,
    /// The brace that opens an expression in a text; its end ends the reading.
    Brace,
}

/// How deep brackets are followed.
const HEIGHT: usize = 32;

/// A bracket that is open.
#[derive(Clone, Copy)]
struct Frame {
    kind: Bracket,
    /// What the chain before it leads to.
    chain: u16,
    /// What was seen inside.
    seen: u16,
    /// Where it stands.
    at: usize,
}

const NO_FRAME: Frame = Frame {
    kind: Bracket::Other,
    chain: 0,
    seen: 0,
    at: 0,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Group,
    Head,
    Call,
    Member,
    Other,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// An operand was just read.
    operand: bool,
    /// A backtick after an operand ends the reading.
    tagless: bool,
    /// A closing brace without an opening one ends the reading.
    braced: bool,
    /// What the last word tells.
    last: u16,
    /// A member's name was put together and called.
    spells: bool,
    /// Something of the page was called or thrown.
    known: bool,
    /// A line or block ended since: another operand may follow.
    soft: bool,
    /// The next bracket is the head of `if`, `for`, `while` …
    head: bool,
    /// The next word is the name of a member.
    member: bool,
    /// What the current chain of members leads to.
    chain: u16,
    /// Everything that was named.
    named: u16,
    stack: [Frame; HEIGHT],
    depth: usize,
    /// A parenthesis was just closed.
    parted: bool,
    /// A word that only programs use was read.
    declares: bool,
    acts: bool,
    sink: bool,
    telling: bool,
    proof: bool,
    /// A member that matters is being assigned.
    assigning: bool,
    /// The name of a member of the page was put together of constant pieces.
    joined: bool,
}

/// Reads the text from `at` on.
pub(super) fn read(text: &[u8], at: usize, before: Before) -> Reading {
    let mut reader = Reader {
        text,
        at,
        operand: matches!(before, Before::Operand | Before::Template),
        tagless: before == Before::Template,
        braced: before == Before::Brace,
        last: 0,
        spells: false,
        known: false,
        soft: false,
        head: false,
        member: false,
        chain: 0,
        named: 0,
        stack: [NO_FRAME; HEIGHT],
        depth: 0,
        parted: false,
        declares: false,
        acts: false,
        sink: false,
        telling: false,
        proof: false,
        assigning: false,
        joined: false,
    };
    let whole = reader.run();
    if whole {
        reader.unwind();
    }
    reader.weigh();
    let strength = match (reader.sink, reader.acts) {
        (true, _) => Strength::Sink,
        (false, true) => Strength::Code,
        (false, false) => Strength::Nothing,
    };
    Reading {
        strength,
        end: reader.at,
        whole,
        telling: reader.telling,
        proof: reader.proof,
        dialog: reader.proof && (reader.spells || reader.named & Flags::DIALOG != 0),
        declares: reader.declares,
        known: reader.known,
        spelled: reader.acts && reader.named & Flags::CONSTRUCTOR != 0,
    }
}

impl Reader<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Reads to the end; whether everything was a program.
    fn run(&mut self) -> bool {
        while let Some(byte) = self.byte(self.at) {
            if self.braced && byte == b'}' && self.depth == 0 {
                return true;
            }
            let read = match byte {
                b'\n' | b'\r' => {
                    self.soft = true;
                    self.step(1)
                }
                0..=b' ' => self.step(1),
                b'0'..=b'9' => self.number(),
                b'"' | b'\'' => self.string(byte),
                b'`' => self.template(),
                b'(' | b'[' | b'{' => self.open(byte),
                b')' | b']' | b'}' => self.close(byte),
                b'.' => self.dot(),
                b'/' => self.slash(),
                _ if names::is_letter(byte) || byte == b'\\' => self.word(),
                _ => self.operator(byte),
            };
            if !read {
                return false;
            }
            if byte > b' ' {
                self.parted = byte == b')';
            }
        }
        true
    }

    /// What was named and may have been called by another name.
    fn weigh(&mut self) {
        if !self.acts {
            return;
        }
        if self.named & (Flags::DIALOG | Flags::EVAL) != 0 {
            self.sink = true;
            self.telling = true;
            self.proof |= !self.declares;
        }
        self.sink |= self.named & Flags::SECRET != 0;
    }

    fn step(&mut self, len: usize) -> bool {
        self.at += len;
        true
    }

    /// A new operand begins; whether one may stand here.
    fn begin(&mut self, flags: u16) -> bool {
        if self.operand && !self.soft {
            return false;
        }
        self.operand = true;
        self.soft = false;
        self.chain = flags;
        self.see(flags);
        true
    }

    /// Notes what stands inside the innermost bracket.
    fn see(&mut self, flags: u16) {
        if let Some(frame) = self.top() {
            frame.seen |= flags;
        }
    }

    fn number(&mut self) -> bool {
        let letters = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'.';
        let len = self.rest().iter().take_while(letters).count();
        self.begin(0) && self.step(len)
    }

    fn string(&mut self, quote: u8) -> bool {
        if !self.begin(Flags::LITERAL) {
            return false;
        }
        let begin = self.at + 1;
        let mut at = begin;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'\\' => at += 1,
                _ if byte == quote => break,
                _ => {}
            }
            at += 1;
        }
        let content = self
            .text
            .get(begin..at.min(self.text.len()))
            .unwrap_or_default();
        self.named |= names::flags(content) & Flags::CONSTRUCTOR;
        if self.assigning {
            self.sink = true;
        }
        self.at = (at + 1).min(self.text.len());
        true
    }

    fn top(&mut self) -> Option<&mut Frame> {
        self.stack.get_mut(self.depth.checked_sub(1)?)
    }

    fn template(&mut self) -> bool {
        if self.operand {
            if self.tagless {
                return false;
            }
            self.call(self.chain, Flags::LITERAL, self.at);
        } else if !self.begin(Flags::LITERAL) {
            return false;
        }
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let len = seek::memchr(b'`', rest).map_or(rest.len(), |end| end + 1);
        self.step(len + 1)
    }

    /// Something is called: what the chain leads to, with what, and where the arguments begin.
    fn call(&mut self, chain: u16, seen: u16, at: usize) {
        let any = |flags: u16| chain & flags != 0;
        let free = !any(Flags::MEMBER) || any(Flags::GLOBAL | Flags::LITERAL | Flags::COMPUTED);
        let first = self.text.get(at..).unwrap_or_default().iter();
        let quoted = first
            .skip(1)
            .find(|byte| **byte > b' ')
            .is_some_and(|byte| b"\"'`".contains(byte));
        let string = seen & (Flags::LITERAL | Flags::DECODE | Flags::GLOBAL) != 0;
        let constructor = any(Flags::CONSTRUCTOR) && any(Flags::MEMBER | Flags::COMPUTED) && string;
        let spelled = any(Flags::SPELLED);
        let dialog = any(Flags::DIALOG) && free;
        let eval = any(Flags::EVAL) && free;
        let timer = any(Flags::TIMER) && free;
        self.acts = true;
        self.spells |= spelled;
        let page =
            Flags::WEAK | Flags::NET | Flags::EVAL | Flags::DIALOG | Flags::TIMER | Flags::DECODE;
        self.known |= any(page) && !any(Flags::MEMBER);
        self.named |= if dialog { Flags::DIALOG } else { 0 };
        self.proof |= constructor || spelled || dialog || (eval && string) || (timer && quoted);
        self.telling |= constructor || spelled || dialog || eval || (timer && quoted);
        self.sink |=
            self.telling || timer || any(Flags::NET) || (any(Flags::WEAK) && any(Flags::GLOBAL));
    }

    fn open(&mut self, byte: u8) -> bool {
        let kind = match byte {
            b'(' if std::mem::take(&mut self.head) => Bracket::Head,
            b'(' if self.operand => Bracket::Call,
            b'(' => Bracket::Group,
            b'[' if self.operand => Bracket::Member,
            b'{' if self.operand && !self.parted && !self.soft && !self.declares => return false,
            _ => Bracket::Other,
        };
        if let Some(place) = self.stack.get_mut(self.depth) {
            *place = Frame {
                kind,
                chain: self.chain,
                seen: 0,
                at: self.at,
            };
        }
        self.depth += 1;
        self.operand = false;
        self.soft = false;
        self.member = false;
        self.step(1)
    }

    fn close(&mut self, byte: u8) -> bool {
        self.member = false;
        self.soft = byte == b'}';
        self.operand = true;
        if self.depth == 0 {
            // The bracket was opened before the text.
            return self.step(1);
        }
        self.depth -= 1;
        let frame = self.stack.get(self.depth).copied().unwrap_or(NO_FRAME);
        self.see(frame.seen);
        match frame.kind {
            Bracket::Head => {
                self.operand = false;
                self.soft = true;
            }
            Bracket::Call => {
                self.call(frame.chain, frame.seen, frame.at);
                self.chain = frame.chain;
            }
            Bracket::Member => {
                self.chain = self.computed(frame);
                self.names_by_string(frame);
                self.joined = self.chain & Flags::SPELLED != 0
                    && frame.chain & Flags::GLOBAL != 0
                    && names::is_joined(self.text.get(frame.at + 1..self.at).unwrap_or_default());
            }
            Bracket::Other if byte == b']' => {
                self.chain = Flags::LITERAL;
                self.see(Flags::LITERAL);
            }
            Bracket::Other | Bracket::Group => {}
        }
        self.step(1)
    }

    /// `window['\x61lert']`: what the page has under a name in quotes is named as behind a dot.
    fn names_by_string(&mut self, frame: Frame) {
        let inside = self.text.get(frame.at + 1..self.at).unwrap_or_default();
        if frame.chain & Flags::GLOBAL != 0 && frame.chain & Flags::MEMBER == 0 {
            let flags = names::written(inside.trim_ascii());
            self.named |= flags & (Flags::DIALOG | Flags::EVAL);
        }
    }

    /// Where a chain leads after `[…]`.
    fn computed(&self, frame: Frame) -> u16 {
        let chain = frame.chain | Flags::COMPUTED;
        let inside = self
            .text
            .get(frame.at + 1..self.at)
            .unwrap_or_default()
            .trim_ascii();
        if let [b'"' | b'\'' | b'`', name @ .., b'"' | b'\'' | b'`'] = inside
            && name.iter().all(|byte| names::is_letter(*byte))
        {
            return chain | (names::flags(name) & !Flags::TARGET);
        }
        let owned = frame.chain & Flags::MEMBER == 0 || frame.chain & Flags::LITERAL != 0;
        let belongs = frame.chain & (Flags::GLOBAL | Flags::LITERAL) != 0;
        let spelled = frame.seen & (Flags::LITERAL | Flags::DECODE) != 0;
        if owned && belongs && spelled {
            return chain | Flags::SPELLED;
        }
        chain
    }

    /// The text ends inside brackets: the program around it, or nothing, closes them.
    fn unwind(&mut self) {
        while self.depth > 0 {
            self.depth -= 1;
            let frame = self.stack.get(self.depth).copied().unwrap_or(NO_FRAME);
            self.see(frame.seen);
            if frame.kind == Bracket::Call {
                self.call(frame.chain, frame.seen, frame.at);
            }
        }
    }

    fn dot(&mut self) -> bool {
        if self
            .byte(self.at + 1)
            .is_some_and(|byte| byte.is_ascii_digit())
            && !self.operand
        {
            return self.number();
        }
        if self.rest().starts_with(b"...") {
            self.operand = false;
            return self.step(3);
        }
        self.member = true;
        std::mem::take(&mut self.operand) && self.step(1)
    }

    fn slash(&mut self) -> bool {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        match rest.first() {
            Some(b'/') => {
                let len = seek::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                self.step(len + 1)
            }
            Some(b'*') => {
                let end = memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
                self.step(end + 1)
            }
            _ if self.operand => self.infix(1),
            _ => {
                let mut escaped = false;
                let end = rest.iter().position(|byte| {
                    let ends = (*byte == b'/' && !escaped) || *byte == b'\n';
                    escaped = *byte == b'\\' && !escaped;
                    ends
                });
                let Some(end) = end.filter(|end| rest.get(*end) == Some(&b'/')) else {
                    return false;
                };
                let flags = rest.get(end + 1..).unwrap_or_default().iter();
                let flags = flags.take_while(|byte| byte.is_ascii_lowercase()).count();
                self.begin(Flags::LITERAL) && self.step(end + 2 + flags)
            }
        }
    }

    fn word(&mut self) -> bool {
        let (word, len) = names::word(self.rest());
        let word = word.bytes();
        if len == 0 {
            return false;
        }
        let flags = names::flags(word);
        self.last = flags;
        if std::mem::take(&mut self.member) {
            self.operand = true;
            self.chain |= flags;
            if flags & Flags::GLOBAL == 0 {
                self.chain |= Flags::MEMBER;
            }
            self.see(flags);
            self.names(flags, word);
            return self.step(len);
        }
        match names::keyword(word) {
            Some(names::Keyword::Infix) if self.operand => return self.infix(len),
            Some(keyword) => {
                if self.operand && !self.soft {
                    return false;
                }
                self.head = keyword == names::Keyword::Head;
                self.acts |= keyword == names::Keyword::Throw;
                self.known |= keyword == names::Keyword::Throw;
                self.declares |= keyword == names::Keyword::Declare;
                self.operand = false;
                self.chain = 0;
                return self.step(len);
            }
            None => {}
        }
        if !self.begin(flags) {
            return false;
        }
        self.names(flags, word);
        self.step(len)
    }

    fn names(&mut self, flags: u16, word: &[u8]) {
        // Programs have variables of these names.
        let common = matches!(word, b"prompt" | b"Function");
        if !common && (self.chain & Flags::MEMBER == 0 || self.chain & Flags::GLOBAL != 0) {
            self.named |= flags & (Flags::DIALOG | Flags::EVAL);
        }
        if flags & Flags::SECRET != 0 && self.chain & Flags::GLOBAL != 0 {
            self.named |= Flags::SECRET;
        }
        self.acts |= matches!(
            word,
            b"valueOf" | b"toString" | b"hasInstance" | b"toPrimitive"
        ) && self.depth > 0;
        if self.assigning && (flags & Flags::GLOBAL != 0 || word == b"name") {
            self.sink = true;
        }
    }

    fn infix(&mut self, len: usize) -> bool {
        let fits = self.operand;
        self.operand = false;
        self.soft = false;
        self.chain = 0;
        fits && self.step(len)
    }

    fn operator(&mut self, byte: u8) -> bool {
        let rest = self.rest();
        match byte {
            b';' | b',' => {
                self.operand = false;
                self.soft = false;
                self.chain = 0;
                self.assigning = false;
                self.step(1)
            }
            b'=' if rest.starts_with(b"==") => {
                self.infix(if rest.starts_with(b"===") { 3 } else { 2 })
            }
            b'=' if rest.starts_with(b"=>") => {
                self.declares = true;
                self.infix(2)
            }
            b'=' => {
                let any = |flags: u16| self.chain & flags != 0;
                self.assigning |= any(Flags::TARGET)
                    || (any(Flags::GLOBAL) && any(Flags::PLACE) && any(Flags::MEMBER));
                self.acts |= self.operand;
                if any(Flags::SPELLED) && std::mem::take(&mut self.joined) {
                    self.sink = true;
                    self.telling = true;
                    self.proof = true;
                }
                if any(Flags::CONSTRUCTOR)
                    && any(Flags::MEMBER)
                    && self.last & Flags::CONSTRUCTOR == 0
                {
                    self.sink = true;
                    self.proof = true;
                }
                self.infix(1)
            }
            b'<' | b'>' | b'!' if rest.get(1) == Some(&b'=') => self.infix(2),
            b'?' if rest.starts_with(b"?.") => {
                self.member = rest.get(2).is_some_and(|byte| names::is_letter(*byte));
                self.operand &= !self.member;
                self.step(2)
            }
            b'+' | b'-' | b'!' | b'~' => {
                // These may also stand before an operand, and after one.
                self.operand = false;
                self.soft = false;
                self.chain = 0;
                self.step(1)
            }
            b'&' | b'|' | b'*' | b'?' if rest.get(1) == Some(&byte) => self.infix(2),
            b'*' | b'%' | b'&' | b'|' | b'^' | b'?' | b':' | b'<' | b'>' => self.infix(1),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
