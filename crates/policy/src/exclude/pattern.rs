//! From what the policy says to what the rule engine is told.

use babyshield_waf::Exclusion;

use crate::read::{Setting, Text};
use crate::spec::{Exclude, Form, Part, Pattern};

/// The exclusion in the rule engine's words.
pub(crate) fn exclusion(own: &Setting<Exclude>) -> Exclusion {
    let pattern = &own.pattern.value;
    let methods = pattern.methods.join("|");
    Exclusion {
        rule: u64::from(own.rule.0),
        field: own.field.text(),
        value: own.shape.pattern().map(str::to_owned),
        method: (!methods.is_empty()).then(|| format!("\\A(?:{methods})\\z")),
        host: pattern.host.as_deref().map(host),
        path: path(pattern),
        place: own.span().cloned(),
    }
}

fn host(host: &str) -> String {
    let (below, name) = match host.strip_prefix("*.") {
        Some(name) => ("[^.:]+(?:[.][^.:]+)*[.]", name),
        None => ("", host),
    };
    format!("\\A{below}{}(?::[0-9]{{1,5}})?\\z", literal(name))
}

/// A path is read more strictly than by a route: a part that could lead elsewhere (`..`, `;`, what
/// is still encoded) does not fit a placeholder, so that the exclusion does not hold there.
fn path(pattern: &Pattern) -> String {
    let mut text = "\\A".to_owned();
    for part in &pattern.path {
        match part {
            Part::Text(own) => text.push_str(&format!("/{}", literal(own))),
            Part::Any(_) => text.push_str("/[^./%;\\x5c][^/%;\\x5c]*"),
            Part::Rest => text.push_str("(?:/(?:[^./%;\\x5c][^/%;\\x5c]*)?)*"),
        }
    }
    text + "/?\\z"
}

/// A pattern for this text in any case, of characters that mean nothing else in a rule.
fn literal(text: &str) -> String {
    let of = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' => {
            let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
            format!("[{}{}]", char::from(lower), char::from(upper))
        }
        b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    };
    text.bytes().map(of).collect()
}

impl Form {
    /// Every shape, the narrowest first.
    pub const ALL: [Self; 8] = [
        Self::Number,
        Self::Uuid,
        Self::Word,
        Self::Base64,
        Self::Name,
        Self::Url,
        Self::Text,
        Self::Any,
    ];

    /// What a whole value has to match; nothing for [`Form::Any`].
    pub(crate) fn pattern(self) -> Option<&'static str> {
        Some(match self {
            Self::Number => r"\A[+-]?[0-9]{1,20}(?:[.][0-9]{1,20})?\z",
            Self::Uuid => {
                r"\A[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\z"
            }
            Self::Word => r"\A[0-9A-Za-z_-]+(?:[.][0-9A-Za-z_-]+)*\z",
            Self::Base64 => r"\A[0-9A-Za-z+/_-]{8,}={0,2}\z",
            Self::Name => r"\A[A-Za-z\x80-\xff .,-]+(?:'[A-Za-z\x80-\xff .,-]+)?\z",
            Self::Url => {
                r"\Ahttps?://[0-9A-Za-z.-]+(?::[0-9]{1,5})?(?:[/?#][0-9A-Za-z._~:/?#@!$&*+,;=%-]*)?\z"
            }
            Self::Text => r"\A[^<>]*\z",
            Self::Any => return None,
        })
    }
}
