//! Requests and the texts in them are written by a grammar: files of symbols, each with
//! alternatives that refer to further symbols.
//!
//! ```text
//! [word.colour*]                       one alternative a word
//! red green blue
//! [sentence]                           one alternative a line
//! A «word.colour» «word.thing».
//! [[code.sql]]                         alternatives of several lines, parted by `---`
//! SELECT «column»
//! FROM «table»
//! ---
//! «repeat 2 4 code.sql.insert»
//! [[kind search.shop 40 ordinary page]]      a request; see [`Kind`]
//! GET /search?q=«~query|query»
//! ```
//!
//! In one line, `⏎` stands for a line end. A reference is `«name arguments|modifiers»`. `«id:=uuid»` also remembers what it wrote, for
//! `«$id»`. `«~name»` takes `name.LANGUAGE` of the request's language, or plain `name`. Names that
//! no file defines are built in ([`builtin`]); modifiers are encodings ([`modifier`]).

mod builtin;
mod expand;
mod modifier;
mod parse;

use std::collections::BTreeMap;

pub use builtin::Builtin;
pub use expand::{Expansion, Variables};
pub use modifier::Modifier;

use crate::scene::{Language, Way};

/// What is wrong with a grammar file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// What is wrong, and where.
    pub message: String,
}

/// A symbol's place in the grammar.
pub type Symbol = usize;

/// All symbols and kinds, every reference resolved.
#[derive(Debug)]
pub struct Grammar {
    symbols: Vec<Vec<Template>>,
    names: BTreeMap<String, Symbol>,
    kinds: Vec<Kind>,
}

/// How hard a kind is to tell from attacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ease {
    /// Nothing in it is like an attack.
    Ordinary,
    /// Free text, code, markup, query languages: what rules stumble over.
    Hard,
    /// The bytes of an attack, sent with good intent: questions that quote one, pages with
    /// scripts. Nobody can tell them apart by content, so they count apart.
    Twin,
}

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Such as `search.shop`.
    pub name: String,
    /// How common it is, relative to the others.
    pub weight: u64,
    /// How hard it is to tell from an attack.
    pub ease: Ease,
    /// Who sends it, and how.
    pub way: Way,
    symbol: Symbol,
}

/// What stands for a kind where there is none: nothing is written.
pub(crate) static NO_KIND: Kind = Kind {
    name: String::new(),
    weight: 0,
    ease: Ease::Ordinary,
    way: Way::Hook,
    symbol: usize::MAX,
};

/// One alternative.
#[derive(Clone, Debug, Default)]
struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(Vec<u8>),
    Call(Call),
}

/// A reference.
#[derive(Clone, Debug)]
struct Call {
    /// The variable that keeps what was written.
    bind: Option<String>,
    target: Target,
    modifiers: Vec<Modifier>,
}

#[derive(Clone, Debug)]
enum Target {
    Symbol(Symbol),
    /// By language, and for all others.
    Local(Vec<(Language, Symbol)>, Symbol),
    Variable(String),
    Builtin(Builtin),
    /// `repeat LEAST MOST symbol ['between']`.
    Repeat(u64, u64, Box<Target>, Vec<u8>),
    /// `maybe PERCENT symbol`.
    Maybe(u64, Box<Target>),
}

impl Grammar {
    /// All kinds of requests.
    #[must_use]
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// A symbol by its name.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<Symbol> {
        self.names.get(name).copied()
    }

    fn alternatives(&self, symbol: Symbol) -> &[Template] {
        self.symbols.get(symbol).map_or(&[], Vec::as_slice)
    }
}
