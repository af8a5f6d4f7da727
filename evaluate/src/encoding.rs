//! Encodings in which an application, or something before it, may decode an attack.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::attack::Class;

/// What is done to an attack before it is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Encoding {
    /// Only what a client must do to send it there.
    Plain,
    /// Percent-encoded once more than a client must.
    DoubleUrl,
    Base64,
    Base64Url,
    /// Every character as `\u00XX`; outside JSON, within a JSON document in a string.
    JsonEscape,
    /// Everything but letters and digits as numeric character references.
    HtmlEntity,
    /// `%u00XX`, as IIS reads it.
    PercentU,
    /// Letters of changing case where the language does not care.
    MixedCase,
    Utf7,
    /// A body in UTF-16, as its type says.
    Utf16,
    /// Hexadecimal digits.
    Hex,
    /// `\xXX`, as scripts have it.
    Backslash,
}

impl Encoding {
    pub(crate) const ALL: [Self; 12] = [
        Self::Plain,
        Self::DoubleUrl,
        Self::Base64,
        Self::Base64Url,
        Self::JsonEscape,
        Self::HtmlEntity,
        Self::PercentU,
        Self::MixedCase,
        Self::Utf7,
        Self::Utf16,
        Self::Hex,
        Self::Backslash,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::DoubleUrl => "double-url",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::JsonEscape => "json-escape",
            Self::HtmlEntity => "html-entity",
            Self::PercentU => "percent-u",
            Self::MixedCase => "mixed-case",
            Self::Utf7 => "utf-7",
            Self::Utf16 => "utf-16",
            Self::Hex => "hex",
            Self::Backslash => "backslash-x",
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }

    /// Whether an attack of that class keeps its meaning in it.
    pub(crate) fn suits(self, class: Class) -> bool {
        match self {
            Self::Plain | Self::DoubleUrl | Self::Base64 | Self::Base64Url | Self::JsonEscape => {
                true
            }
            Self::PercentU | Self::Hex => true,
            Self::HtmlEntity => matches!(class, Class::Xss | Class::Sqli | Class::Rce | Class::Ssi),
            Self::MixedCase => matches!(class, Class::Sqli | Class::Xss),
            Self::Utf7 | Self::Backslash => class == Class::Xss,
            Self::Utf16 => matches!(class, Class::Xss | Class::Sqli | Class::Xxe),
        }
    }

    /// The value in this encoding; `PercentU`, `JsonEscape` and `Utf16` are done by the place,
    /// which alone knows how the rest is written.
    pub(crate) fn apply(self, value: &[u8], class: Class) -> Vec<u8> {
        match self {
            Self::Plain | Self::PercentU | Self::JsonEscape | Self::Utf16 => value.to_vec(),
            Self::DoubleUrl => percent(value, b"-._~"),
            Self::Base64 => STANDARD.encode(value).into_bytes(),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(value).into_bytes(),
            Self::HtmlEntity => each(value, |out, c| write!(out, "&#x{:x};", u32::from(c))),
            Self::Backslash => each(value, |out, c| match u32::from(c) {
                code @ 0..=0xff => write!(out, "\\x{code:02x}"),
                code => write!(out, "\\u{{{code:x}}}"),
            }),
            Self::MixedCase if class == Class::Xss => mixed_tags(value),
            Self::MixedCase => mixed(value),
            Self::Utf7 => utf7(value),
            Self::Hex => value
                .iter()
                .flat_map(|byte| format!("{byte:02x}").into_bytes())
                .collect(),
        }
    }
}

/// Percent-encodes everything but letters, digits and `keep`.
pub(crate) fn percent(value: &[u8], keep: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 2);
    for &byte in value {
        if byte.is_ascii_alphanumeric() || keep.contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

/// Everything but letters and digits as `%uXXXX`.
pub(crate) fn percent_u(value: &[u8]) -> Vec<u8> {
    let units = |out: &mut String, c: char| {
        c.encode_utf16(&mut [0; 2])
            .iter()
            .try_for_each(|unit| write!(out, "%u{unit:04x}"))
    };
    each(value, units)
}

/// Every character as a JSON escape.
pub(crate) fn json_escape(value: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    for unit in String::from_utf8_lossy(value).encode_utf16() {
        // Writing to a string cannot fail.
        write!(out, "\\u{unit:04x}").ok();
    }
    out.into_bytes()
}

/// UTF-16, little end first, with its mark.
pub(crate) fn utf16(value: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn each(value: &[u8], escape: impl Fn(&mut String, char) -> std::fmt::Result) -> Vec<u8> {
    let mut out = String::new();
    for c in String::from_utf8_lossy(value).chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else {
            escape(&mut out, c).ok();
        }
    }
    out.into_bytes()
}

fn mixed(value: &[u8]) -> Vec<u8> {
    let flip = |(at, byte): (usize, &u8)| match at % 2 {
        0 => byte.to_ascii_uppercase(),
        _ => byte.to_ascii_lowercase(),
    };
    value.iter().enumerate().map(flip).collect()
}

/// Only names of elements and attributes: scripts care for case.
fn mixed_tags(value: &[u8]) -> Vec<u8> {
    let (mut inside, mut quoted, mut assigned) = (false, false, false);
    let mut out = Vec::with_capacity(value.len());
    for (at, &byte) in value.iter().enumerate() {
        match byte {
            b'<' => (inside, quoted, assigned) = (true, false, false),
            b'>' if !quoted => inside = false,
            b'"' | b'\'' => quoted = !quoted,
            b'=' => assigned = true,
            b' ' | b'/' if !quoted => assigned = false,
            _ => {}
        }
        let name = inside && !quoted && !assigned && at % 2 == 0;
        out.push(if name {
            byte.to_ascii_uppercase()
        } else {
            byte
        });
    }
    out
}

fn utf7(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for c in String::from_utf8_lossy(value).chars() {
        if c.is_ascii_alphanumeric() || " '(),-./:?\n\r\t".contains(c) {
            out.extend_from_slice(c.to_string().as_bytes());
        } else {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            let code = STANDARD.encode(bytes);
            out.extend_from_slice(format!("+{}-", code.trim_end_matches('=')).as_bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_what_their_readers_decode() {
        for (encoding, wanted) in [
            (Encoding::DoubleUrl, "%3Ca%20b%3D1%3E"),
            (Encoding::Base64, "PGEgYj0xPg=="),
            (Encoding::HtmlEntity, "&#x3c;a&#x20;b&#x3d;1&#x3e;"),
            (Encoding::Backslash, "\\x3ca\\x20b\\x3d1\\x3e"),
            (Encoding::Utf7, "+ADw-a b+AD0-1+AD4-"),
            (Encoding::Hex, "3c6120623d313e"),
        ] {
            let text = encoding.apply(b"<a b=1>", Class::Xss);
            assert_eq!(
                String::from_utf8_lossy(&text),
                wanted,
                "{}",
                encoding.name()
            );
        }
        assert_eq!(percent_u(b"<a"), b"%u003ca");
        assert_eq!(json_escape(b"<a"), b"\\u003c\\u0061");
        assert_eq!(
            mixed_tags(b"<img src=x onerror=alert(1)>"),
            b"<iMg sRc=x oNeRrOr=alert(1)>"
        );
    }
}
