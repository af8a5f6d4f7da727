//! Text with `%{…}` macros in it.

use babyshield_model::{Diagnostic, Diagnostics};

use crate::hir::target::{Selector, Target, lower_name, lower_selector};
use crate::seclang::ast;

/// A text whose macros are expanded when a rule matches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template(pub Vec<Piece>);

/// A stretch of a [`Template`].
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it stands.
    Plain(String),
    /// The first value of a target.
    Macro(Target),
}

impl Template {
    /// A text without macros.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self(if text.is_empty() {
            Vec::new()
        } else {
            vec![Piece::Plain(text)]
        })
    }

    /// The text, if it has no macros.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Plain(text)] => Some(text),
            _ => None,
        }
    }

    /// Reads a text; an unknown macro is a fault.
    pub(super) fn lower(text: &ast::Text, faults: &mut Diagnostics) -> Self {
        let value = text.value.as_str();
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some(open) = value.get(at..).and_then(|rest| rest.find("%{")) {
            let open = at + open;
            let Some(length) = value.get(open..).and_then(|rest| rest.find('}')) else {
                break;
            };
            let close = open + length;
            push_plain(&mut pieces, value.get(at..open).unwrap_or_default());
            let name = text.slice(open + 2..close);
            match macro_target(&name) {
                Ok(target) => pieces.push(Piece::Macro(target)),
                Err(fault) => faults.push(*fault),
            }
            // ModSecurity swallows a percent sign after a macro: `%{tx.a}%` is `%{tx.a}`.
            let after = value.get(close + 1..).unwrap_or_default();
            let swallowed = after.starts_with('%') && !after.starts_with("%{");
            at = close + 1 + usize::from(swallowed);
        }
        push_plain(&mut pieces, value.get(at..).unwrap_or_default());
        Self(pieces)
    }
}

fn push_plain(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Plain(text.to_owned()));
    }
}

/// `tx.name`, `REQUEST_HEADERS:Host`, `MATCHED_VAR`.
fn macro_target(text: &ast::Text) -> Result<Target, Box<Diagnostic>> {
    let end = text.value.len();
    let split = text.value.find(['.', ':']);
    let name = text.slice(0..split.unwrap_or(end));
    let variable = lower_name(&name)?;
    let selector = match split {
        Some(at) => {
            let own = text.slice(at + 1..end);
            if own.value.len() > 1 && own.value.starts_with('/') && own.value.ends_with('/') {
                lower_selector(variable, &own)?
            } else {
                Selector::Name(own.value.to_ascii_lowercase())
            }
        }
        None => Selector::All,
    };
    Ok(Target {
        variable,
        selector,
        count: false,
    })
}
