//! Writing by a grammar.

use std::collections::BTreeMap;

use super::{Call, Grammar, Kind, Piece, Symbol, Target, Template};
use crate::dice::Dice;
use crate::scene::Language;

/// What `«$name»` refers to.
pub type Variables = BTreeMap<String, Vec<u8>>;

/// Symbols within symbols; a grammar that goes deeper takes each symbol's first alternative, which
/// is to be its plainest.
const DEPTH: usize = 24;

/// One text being written.
#[derive(Debug)]
pub struct Expansion<'a> {
    grammar: &'a Grammar,
    pub(super) dice: &'a mut Dice,
    /// Whose words are taken.
    language: Language,
    /// What was remembered.
    pub variables: Variables,
    depth: usize,
}

impl<'a> Expansion<'a> {
    /// An expansion that has written nothing yet.
    pub fn new(
        grammar: &'a Grammar,
        dice: &'a mut Dice,
        language: Language,
        variables: Variables,
    ) -> Self {
        Self {
            grammar,
            dice,
            language,
            variables,
            depth: 0,
        }
    }

    /// Writes a request of a kind: head lines, an empty line, body. Where the body is multipart,
    /// the lines of the template itself end in CRLF, as they do on the wire.
    pub fn kind(&mut self, kind: &Kind) -> Vec<u8> {
        let grammar = self.grammar;
        let Some(template) = self.dice.pick(grammar.alternatives(kind.symbol)) else {
            return Vec::new();
        };
        if template.is_multipart() {
            let crlf = template.with_crlf();
            [&self.template(&crlf)[..], b"\r\n"].concat()
        } else {
            self.template(template)
        }
    }

    /// Writes a symbol.
    pub fn symbol(&mut self, symbol: Symbol) -> Vec<u8> {
        let alternatives = self.grammar.alternatives(symbol);
        self.depth += 1;
        let template = if self.depth > DEPTH {
            alternatives.first()
        } else {
            self.dice.pick(alternatives)
        };
        let text = template.map(|template| self.template(template));
        self.depth -= 1;
        text.unwrap_or_default()
    }

    /// Writes a symbol by its name; nothing if there is none.
    pub fn named(&mut self, name: &str) -> Vec<u8> {
        match self.grammar.symbol(name) {
            Some(symbol) => self.symbol(symbol),
            None => Vec::new(),
        }
    }

    fn template(&mut self, template: &Template) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in &template.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Call(call) => out.extend(self.call(call)),
            }
        }
        out
    }

    fn call(&mut self, call: &Call) -> Vec<u8> {
        let mut text = self.target(&call.target);
        for modifier in &call.modifiers {
            text = modifier.apply(&text);
        }
        if let Some(name) = &call.bind {
            self.variables.insert(name.clone(), text.clone());
        }
        text
    }

    fn target(&mut self, target: &Target) -> Vec<u8> {
        match target {
            Target::Symbol(symbol) => self.symbol(*symbol),
            Target::Local(own, other) => {
                let mut own = own.iter();
                let found = own.find(|(language, _)| *language == self.language);
                self.symbol(found.map_or(*other, |(_, symbol)| *symbol))
            }
            Target::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
            Target::Builtin(builtin) => builtin.write(self.dice),
            Target::Repeat(least, most, inner, between) => {
                let count = self.dice.between(*least, *most);
                let parts: Vec<Vec<u8>> = (0..count).map(|_| self.target(inner)).collect();
                parts.join(between.as_slice())
            }
            Target::Maybe(percent, inner) => {
                if self.dice.chance(*percent) {
                    self.target(inner)
                } else {
                    Vec::new()
                }
            }
        }
    }
}

impl Template {
    fn is_multipart(&self) -> bool {
        let marks = |piece: &Piece| match piece {
            Piece::Text(text) => text.windows(11).any(|part| part == b": multipart"),
            Piece::Call(_) => false,
        };
        self.0.iter().any(marks)
    }

    fn with_crlf(&self) -> Self {
        let crlf = |piece: &Piece| match piece {
            Piece::Text(text) => {
                let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
                Piece::Text(lines.join(&b"\r\n"[..]))
            }
            Piece::Call(call) => Piece::Call(call.clone()),
        };
        Self(self.0.iter().map(crlf).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(text: &str, name: &str) -> String {
        let grammar = Grammar::parse(&[("f", text)]).unwrap();
        let mut dice = Dice::new(1, 1);
        let mut expansion = Expansion::new(&grammar, &mut dice, Language::German, Variables::new());
        String::from_utf8(expansion.named(name)).unwrap()
    }

    #[test]
    fn references_modifiers_and_variables_are_carried_out() {
        let text = "[w*]\na&b\n[s]\n«x:=w»/«w|query»/«$x»/«repeat 2 2 w ', '»/«maybe 0 w»\n";
        assert_eq!(write(text, "s"), "a&b/a%26b/a&b/a&b, a&b/");
    }

    #[test]
    fn words_follow_the_language_of_the_request() {
        assert_eq!(write("[w.en*]\nyes\n[w.de*]\nja\n[s]\n«~w»\n", "s"), "ja");
        assert_eq!(write("[w.en*]\nyes\n[w.ja*]\nhai\n[s]\n«~w»\n", "s"), "yes");
    }

    #[test]
    fn a_symbol_within_itself_ends() {
        let text = "[s]\n.\n(«s» «s»)\n(«s»)\n";
        assert!(write(text, "s").ends_with(['.', ')']));
    }
}
