//! Encodings that a reference can put on what it writes.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use encoding_rs::{EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// What is done to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// As `encodeURIComponent` does.
    Query,
    /// As a browser's form does: blanks become `+`.
    Form,
    /// As the path of a URL.
    Path,
    /// For a JSON string, without the quotes.
    Json,
    /// The same, and everything beyond ASCII as `\u`.
    JsonAscii,
    /// For HTML or XML text and attributes.
    Html,
    /// Base64.
    Base64,
    /// Base64 for URLs, without padding.
    Base64Url,
    /// Digits and letters in hexadecimal.
    Hex,
    /// Raw deflate.
    Deflate,
    /// Gzip.
    Gzip,
    /// In capitals.
    Upper,
    /// In small letters.
    Lower,
    /// First letter as a capital.
    Title,
    /// As a part of a path: small letters, hyphens.
    Slug,
    /// Without line ends.
    Line,
    /// In another character set than UTF-8.
    Charset(&'static Encoding),
}

impl Modifier {
    pub(super) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "query" => Self::Query,
            "form" => Self::Form,
            "path" => Self::Path,
            "json" => Self::Json,
            "json-ascii" => Self::JsonAscii,
            "html" => Self::Html,
            "b64" => Self::Base64,
            "b64url" => Self::Base64Url,
            "hex" => Self::Hex,
            "deflate" => Self::Deflate,
            "gzip" => Self::Gzip,
            "upper" => Self::Upper,
            "lower" => Self::Lower,
            "title" => Self::Title,
            "slug" => Self::Slug,
            "line" => Self::Line,
            "gbk" => Self::Charset(GBK),
            "sjis" => Self::Charset(SHIFT_JIS),
            "euckr" => Self::Charset(EUC_KR),
            "win1251" => Self::Charset(WINDOWS_1251),
            "win1252" => Self::Charset(WINDOWS_1252),
            _ => return None,
        })
    }

    /// The text with this done to it.
    #[must_use]
    pub fn apply(self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Query => percent(text, b"-_.!~*'()", false),
            Self::Form => percent(text, b"*-._", true),
            Self::Path => percent(text, b"-_.!~*'()/:@&=+$,;", false),
            Self::Json => json(text, false),
            Self::JsonAscii => json(text, true),
            Self::Html => html(text),
            Self::Base64 => STANDARD.encode(text).into_bytes(),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(text).into_bytes(),
            Self::Hex => hex(text),
            Self::Deflate => compress(DeflateEncoder::new(Vec::new(), Compression::new(6)), text),
            Self::Gzip => gzip(text),
            Self::Upper => lossy(text).to_uppercase().into_bytes(),
            Self::Lower => lossy(text).to_lowercase().into_bytes(),
            Self::Title => title(&lossy(text)),
            Self::Slug => slug(&lossy(text)),
            Self::Line => lossy(text).replace(['\r', '\n'], " ").into_bytes(),
            Self::Charset(encoding) => encoding.encode(&lossy(text)).0.into_owned(),
        }
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Percent-encodes everything but letters, digits and `keep`; a line end is CRLF, as forms have it.
fn percent(text: &[u8], keep: &[u8], form: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    for &byte in text {
        match byte {
            b' ' if form => out.push(b'+'),
            b'\n' if form => out.extend_from_slice(b"%0D%0A"),
            b'\r' if form => {}
            _ if byte.is_ascii_alphanumeric() || keep.contains(&byte) => out.push(byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    out
}

fn json(text: &[u8], ascii: bool) -> Vec<u8> {
    let mut out = String::with_capacity(text.len() + 8);
    for c in lossy(text).chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if ascii && !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.into_bytes()
}

fn html(text: &[u8]) -> Vec<u8> {
    let text = lossy(text).replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
        .replace('"', "&quot;")
        .into_bytes()
}

fn hex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<String> = text.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat().into_bytes()
}

fn compress(mut encoder: DeflateEncoder<Vec<u8>>, text: &[u8]) -> Vec<u8> {
    // Writing to memory cannot fail.
    encoder.write_all(text).ok();
    encoder.finish().unwrap_or_default()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(text).ok();
    encoder.finish().unwrap_or_default()
}

fn title(text: &str) -> Vec<u8> {
    let mut chars = text.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}", chars.as_str()).into_bytes()
}

fn slug(text: &str) -> Vec<u8> {
    let mut out = String::new();
    for c in text.to_lowercase().chars() {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    percent(out.trim_end_matches('-').as_bytes(), b"-", false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(name: &str, text: &str) -> String {
        let modifier = Modifier::find(name).unwrap();
        String::from_utf8_lossy(&modifier.apply(text.as_bytes())).into_owned()
    }

    #[test]
    fn texts_are_encoded_as_clients_encode_them() {
        for (name, text, wanted) in [
            ("query", "a b&c='ü'", "a%20b%26c%3D'%C3%BC'"),
            ("form", "a b\n(c)~", "a+b%0D%0A%28c%29%7E"),
            ("json", "say \"é\"\n\u{1}", "say \\\"é\\\"\\n\\u0001"),
            ("json-ascii", "é😀", "\\u00e9\\ud83d\\ude00"),
            ("html", "<a b=\"c\">&", "&lt;a b=&quot;c&quot;&gt;&amp;"),
            ("b64", "ab?>", "YWI/Pg=="),
            ("b64url", "ab?>", "YWI_Pg"),
            ("slug", "Rocket & Roll: 2!", "rocket-roll-2"),
            ("title", "élan", "Élan"),
        ] {
            assert_eq!(apply(name, text), wanted, "{name}");
        }
        let gbk = Modifier::find("gbk").unwrap().apply("中文".as_bytes());
        assert_eq!(gbk, [0xd6, 0xd0, 0xce, 0xc4]);
    }
}
