//! Expressions that need no delimiters of braces: SpEL, OGNL, bound names, square brackets.

use super::{Kind, arithmetic, leading, verdict};
use crate::context::Field;
use crate::detector::{Confidence, Evidence, Input};
use crate::phrases::{self, Phrases, searchers};
use crate::seek;

/// Ways out that no text holds otherwise.
static CERTAIN: Phrases = Phrases::new(|| {
    searchers(&[
        b"class.module.classLoader",
        b".__init__.__globals__",
        b"[request.args.",
        b"string.sub \"constructor\"",
        b"class.classLoader.",
        b"class['module']",
        b"class[classLoader]",
        b"T(java.lang.",
        b"T(java.io.",
        b"T(java.net.",
        b"T(org.springframework.",
        b"@java.lang.",
        b"_memberAccess",
        b"#context[",
        b"_TemplateReference__context",
        b"$class.inspect(",
        b"@ognl.OgnlContext@",
        b"new java.lang.ProcessBuilder(",
        b".class.forName(",
        b".getClass().forName(",
        b"freemarker.template.utility.",
        b"@System.Diagnostics.Process",
        b"${{<%[%'\"}}",
    ])
});

/// Expressions without delimiters, told by how they begin.
pub(super) fn read(input: &Input<'_>) -> Option<Evidence> {
    let expected = match input.context.field {
        Field::Code => !crate::idiom::in_code(input.text),
        Field::Telemetry => true,
        Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => false,
    };
    let sure = if expected {
        Confidence::Likely
    } else {
        Confidence::Certain
    };
    let text = input.text;
    let said = |at: usize, len: usize, confidence: Confidence| {
        Some(Evidence {
            span: at..(at + len).min(text.len()),
            reading: "an expression that leads out of its language",
            confidence,
        })
    };
    if let Some(own) = CERTAIN.find(text) {
        return said(own.start, own.len(), sure);
    }
    let at = phrases::find(text, b"__class__").or_else(|| phrases::find(text, b"__globals__"))?;
    let rest = text.get(at..)?;
    let climbs = [
        &b"__subclasses__"[..],
        b"__builtins__",
        b"__globals__",
        b"__bases__[",
        b"__base__.",
        b"__mro__[",
    ]
    .iter()
    .any(|own| phrases::find(rest, own).is_some_and(|found| found > 0 && found < 64));
    said(at, 9, if climbs { sure } else { Confidence::Hint })
}

/// Arithmetic in the square brackets of some languages.
pub(super) fn squares(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| seek::memchr(b'[', rest)) {
        let at = from + found;
        from = at + 1;
        let opens = matches!(text.get(from), Some(b'[' | b'='))
            || text.get(at.wrapping_sub(1)) == Some(&b'~');
        let act = if opens {
            // What leads to the number is gone through once, however many brackets are in it.
            from += leading(text.get(from..).unwrap_or_default());
            arithmetic(text, from, Kind::Brace)
        } else {
            None
        };
        if let Some(act) = act {
            return verdict(input, act, at, from + 8, false);
        }
    }
    None
}
