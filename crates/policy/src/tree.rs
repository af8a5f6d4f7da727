//! TOML text as a tree in which every key and value knows its bytes in the file.
//!
//! The parser recovers from faults, so that one slip of the pen does not hide all others.

use std::sync::Arc;

use babyshield_model::{Diagnostic, Diagnostics, Source, Span};
use toml::de::{DeTable, DeValue};

/// One value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Tree,
    pub(crate) span: Span,
}

/// The kinds of TOML values.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Text(String),
    Integer(i64),
    /// A number that is no whole 64-bit one, as written.
    Number(String),
    Bool(bool),
    Date,
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// One `key = value`.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) node: Node,
}

impl Tree {
    /// What an operator calls it, for `found …`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("the text {}", quote(text)),
            Self::Integer(number) => format!("the number {number}"),
            Self::Number(number) => format!("the number {number}"),
            Self::Bool(value) => format!("`{value}`"),
            Self::Date => "a date".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

/// A text as TOML writes it, shortened to what fits into a message.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    toml_edit::Value::from(short).to_string()
}

/// Reads a text. The tree holds what could be understood; faults are syntax errors.
pub(crate) fn parse(source: &Arc<Source>) -> (Node, Diagnostics) {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let faults = errors
        .iter()
        .map(|error| {
            let range = error.span().unwrap_or(0..0);
            let message = lowercase(error.message());
            let help = help_for(&message);
            let fault = Diagnostic::error("policy.syntax", message);
            Diagnostic {
                help: help.map(str::to_owned),
                ..fault.at(Span::new(source, range))
            }
        })
        .collect();
    let span = Span::new(source, table.span());
    let value = Tree::Table(entries(source, table.get_ref()));
    (Node { value, span }, faults)
}

fn entries(source: &Arc<Source>, table: &DeTable<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: Span::new(source, key.span()),
            node: Node {
                value: tree(source, value.get_ref()),
                span: Span::new(source, value.span()),
            },
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.range.start);
    entries
}

/// The recursion is bounded by the parser, which refuses more than 80 levels.
fn tree(source: &Arc<Source>, value: &DeValue<'_>) -> Tree {
    match value {
        DeValue::String(text) => Tree::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Tree::Number(number.to_string()), Tree::Integer),
        DeValue::Float(number) => Tree::Number(number.to_string()),
        DeValue::Boolean(value) => Tree::Bool(*value),
        DeValue::Datetime(_) => Tree::Date,
        DeValue::Array(list) => Tree::List(
            list.iter()
                .map(|item| Node {
                    value: tree(source, item.get_ref()),
                    span: Span::new(source, item.span()),
                })
                .collect(),
        ),
        DeValue::Table(table) => Tree::Table(entries(source, table)),
    }
}

/// Puts the entries of `over` in place of those of the same name.
pub(crate) fn overlay(root: &mut Node, over: Node) {
    if let (Tree::Table(entries), Tree::Table(over)) = (&mut root.value, over.value) {
        entries.retain(|entry| over.iter().all(|own| own.key != entry.key));
        entries.extend(over);
    }
}

/// What usually mends a syntax error, where one thing usually does.
fn help_for(message: &str) -> Option<&'static str> {
    let mends = [
        (
            "duplicate key",
            "the key stands twice in this table; remove one",
        ),
        ("basic string", "close the text with `\"`"),
        ("must be quoted", "put the text in `\"`"),
        ("unclosed table", "close the table's name with `]`"),
        ("unclosed array", "close the list with `]`"),
    ];
    let mend = mends.iter().find(|(part, _)| message.contains(part));
    mend.map(|(_, help)| *help)
}

fn lowercase(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        Some(first) if !message.starts_with("TOML") => first.to_lowercase().chain(chars).collect(),
        Some(_) | None => message.to_owned(),
    }
}
