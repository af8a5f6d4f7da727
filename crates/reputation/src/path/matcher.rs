use aho_corasick::AhoCorasick;
use regex_automata::meta;

use super::Hit;
use super::normal::Normal;
use crate::pattern::compile_regexes;

/// How an entry's text is compared with a normalised path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The whole path.
    Exact,
    /// How it begins; behind a final `/` it may also end.
    Prefix,
    /// How it ends.
    Suffix,
    /// Like `Prefix`, below any directory.
    Within,
    /// Found by an expression.
    Expression,
}

/// An entry on its way into a [`Matcher`].
#[derive(Debug)]
pub(super) struct Draft {
    form: Form,
    keep_case: bool,
    text: String,
    hit: Hit,
}

impl Draft {
    pub(super) fn new(form: Form, keep_case: bool, mut text: String, hit: Hit) -> Self {
        match form {
            // A normalised path always ends in `/`.
            Form::Exact | Form::Suffix if !text.ends_with('/') => text.push('/'),
            Form::Expression if !keep_case => text.insert_str(0, "(?i)"),
            Form::Exact | Form::Suffix | Form::Prefix | Form::Within | Form::Expression => {}
        }
        Self {
            form,
            keep_case,
            text,
            hit,
        }
    }
}

/// Entries compiled for one pass over a path.
#[derive(Debug)]
pub(super) struct Matcher {
    /// The literal entries in the order of the automaton's patterns.
    literals: Vec<Literal>,
    automaton: AhoCorasick,
    /// The entries with an expression in the order of the engine's patterns.
    expressions: Vec<Hit>,
    regex: Option<meta::Regex>,
}

#[derive(Debug)]
struct Literal {
    form: Form,
    /// The text with its capitals, where they count.
    capitals: Option<Box<[u8]>>,
    hit: Hit,
}

impl Matcher {
    /// Compiles the entries; the error says what was too large.
    pub(super) fn build(drafts: Vec<Draft>) -> Result<Self, String> {
        let (expressions, literals): (Vec<_>, Vec<_>) = drafts
            .into_iter()
            .partition(|draft| draft.form == Form::Expression);
        let texts = literals.iter().map(|draft| draft.text.to_ascii_lowercase());
        let automaton = AhoCorasick::new(texts).map_err(|error| error.to_string())?;
        let texts: Vec<&str> = expressions
            .iter()
            .map(|draft| draft.text.as_str())
            .collect();
        let regex = match texts.as_slice() {
            [] => None,
            texts => Some(compile_regexes(texts).map_err(|error| error.to_string())?),
        };
        let literal = |draft: Draft| Literal {
            form: draft.form,
            capitals: draft
                .keep_case
                .then(|| draft.text.into_bytes().into_boxed_slice()),
            hit: draft.hit,
        };
        Ok(Self {
            literals: literals.into_iter().map(literal).collect(),
            automaton,
            expressions: expressions.into_iter().map(|draft| draft.hit).collect(),
            regex,
        })
    }

    /// The first entry that the path fits.
    pub(super) fn find(&self, path: &Normal) -> Option<&Hit> {
        self.find_literal(path)
            .or_else(|| self.find_expression(path))
    }

    fn find_literal(&self, path: &Normal) -> Option<&Hit> {
        let mut found = self.automaton.find_overlapping_iter(&path.lower);
        found.find_map(|found| {
            let literal = self.literals.get(found.pattern().as_usize())?;
            let starts = found.start() == 0;
            let ends = found.end() == path.lower.len();
            let stands = match literal.form {
                Form::Exact => starts && ends,
                Form::Prefix => starts,
                Form::Suffix => ends,
                Form::Within => true,
                Form::Expression => false,
            };
            let spelled = match &literal.capitals {
                Some(text) => path.plain.get(found.range()) == Some(text),
                None => true,
            };
            (stands && spelled).then_some(&literal.hit)
        })
    }

    fn find_expression(&self, path: &Normal) -> Option<&Hit> {
        let regex = self.regex.as_ref()?;
        let text = match path.plain.as_slice() {
            [b'/'] => path.plain.as_slice(),
            [text @ .., b'/'] => text,
            text => text,
        };
        let found = regex.find(text)?;
        self.expressions.get(found.pattern().as_usize())
    }

    /// Every entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Hit> {
        let literals = self.literals.iter().map(|literal| &literal.hit);
        literals.chain(&self.expressions)
    }
}
