//! Places of a request where an attack may stand, and the ordinary request around it.

use babyshield_corpus::Message;

use crate::attack::{Attack, Class, hash};
use crate::encoding::{Encoding, json_escape, percent, percent_u, utf16};

/// Where an attack stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Context {
    Query,
    QueryName,
    Path,
    UserAgent,
    Referer,
    Header,
    Cookie,
    Form,
    Json,
    Xml,
    Multipart,
    FileName,
    FileContent,
    Body,
    /// The line is a request target of its own.
    Target,
    /// The line is a whole XML document.
    Document,
}

impl Context {
    pub(crate) const ALL: [Self; 16] = [
        Self::Query,
        Self::QueryName,
        Self::Path,
        Self::UserAgent,
        Self::Referer,
        Self::Header,
        Self::Cookie,
        Self::Form,
        Self::Json,
        Self::Xml,
        Self::Multipart,
        Self::FileName,
        Self::FileContent,
        Self::Body,
        Self::Target,
        Self::Document,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::QueryName => "query-name",
            Self::Path => "path",
            Self::UserAgent => "user-agent",
            Self::Referer => "referer",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Form => "form",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Multipart => "multipart",
            Self::FileName => "file-name",
            Self::FileContent => "file-content",
            Self::Body => "body",
            Self::Target => "target",
            Self::Document => "document",
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }

    fn is_header(self) -> bool {
        matches!(
            self,
            Self::UserAgent | Self::Referer | Self::Header | Self::FileName
        )
    }

    /// Whether such an attack means anything there, in that encoding.
    pub(crate) fn suits(self, attack: &Attack, encoding: Encoding) -> bool {
        let controls = attack
            .value
            .iter()
            .any(|byte| *byte < b' ' && *byte != b'\t');
        if self.is_header() && controls && matches!(encoding, Encoding::Plain | Encoding::MixedCase)
        {
            return false;
        }
        self.takes(encoding) && self.means(attack)
    }

    fn means(self, attack: &Attack) -> bool {
        let path = attack.line.starts_with(b"/");
        match attack.class {
            Class::Probe => self == Self::Target,
            Class::Mixed if path => self == Self::Target,
            Class::Crlf => matches!(self, Self::Target | Self::Query | Self::Form),
            Class::Redirect => {
                let value = matches!(self, Self::Query | Self::Form | Self::Json);
                value || self == Self::Target && path
            }
            Class::Xxe => {
                let xml = attack.value.trim_ascii_start();
                let whole = xml.starts_with(b"<?xml") || xml.starts_with(b"<!DOCTYPE");
                let string = matches!(
                    self,
                    Self::Query | Self::Form | Self::Json | Self::FileContent
                );
                string || whole && self == Self::Document
            }
            Class::Sqli
            | Class::Xss
            | Class::Rce
            | Class::Traversal
            | Class::Nosql
            | Class::Ldap
            | Class::Ssi
            | Class::Mixed => !matches!(self, Self::Target | Self::Document | Self::FileContent),
        }
    }

    fn takes(self, encoding: Encoding) -> bool {
        match encoding {
            Encoding::Plain | Encoding::MixedCase => true,
            Encoding::PercentU => matches!(
                self,
                Self::Query | Self::QueryName | Self::Path | Self::Form
            ),
            Encoding::JsonEscape => {
                matches!(
                    self,
                    Self::Json | Self::Query | Self::Form | Self::Cookie | Self::Multipart
                )
            }
            Encoding::HtmlEntity => {
                matches!(
                    self,
                    Self::Query | Self::Form | Self::Json | Self::Xml | Self::Multipart
                )
            }
            Encoding::Utf7 | Encoding::Backslash | Encoding::Hex => {
                matches!(
                    self,
                    Self::Query | Self::Form | Self::Json | Self::Body | Self::Multipart
                )
            }
            Encoding::Utf16 => matches!(self, Self::Body | Self::Document),
            Encoding::DoubleUrl | Encoding::Base64 | Encoding::Base64Url => {
                !matches!(self, Self::Target | Self::Document | Self::FileContent)
            }
        }
    }
}

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/126.0.0.0 Safari/537.36";

const BOUNDARY: &str = "----WebKitFormBoundaryq3Zt8KpXvN1cY7aE";

/// The request that carries an attack.
pub(crate) fn place(attack: &Attack, context: Context, encoding: Encoding) -> Message {
    let value = encoding.apply(&attack.value, attack.class);
    let url = |keep: &[u8]| match encoding {
        Encoding::PercentU => percent_u(&value),
        _ => percent(&wrap(&value, encoding), keep),
    };
    match context {
        Context::Query => {
            let name = parameter(attack.class);
            get([&b"/api/items?page=2&"[..], name, b"=", &url(b"-_.!~*'()")].concat())
        }
        Context::QueryName => get([&b"/api/items?page=2&"[..], &url(b"-_.!~*'()"), b"=1"].concat()),
        Context::Path => {
            let keep: &[u8] = if attack.class == Class::Traversal {
                b"-_.~/\\:"
            } else {
                b"-_.!~*'()"
            };
            get([&b"/files/"[..], &url(keep)].concat())
        }
        Context::Target => get(target(&attack.line)),
        Context::UserAgent => with("User-Agent", value),
        Context::Referer => {
            let path = percent(&value, b"-_.!~*'()/?=&;:@,$%<>\"");
            with(
                "Referer",
                [&b"https://www.example.com/page?ref="[..], &path].concat(),
            )
        }
        Context::Header => with(header(&attack.value), value),
        Context::Cookie => with("Cookie", cookie(&wrap(&value, encoding))),
        Context::Form => {
            let body = [b"page=2&", parameter(attack.class), b"=", &url(b"*-._")].concat();
            post("application/x-www-form-urlencoded", body)
        }
        Context::Json => post("application/json", json(&value, encoding)),
        Context::Xml => post("application/xml", xml(&value, encoding)),
        Context::Multipart => multipart("name=\"comment\"", "", &wrap(&value, encoding)),
        Context::FileName => {
            let name = String::from_utf8_lossy(&value).replace('"', "%22");
            let part = format!("name=\"file\"; filename=\"{name}\"");
            multipart(
                &part,
                "Content-Type: image/png\r\n",
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            )
        }
        Context::FileContent => {
            let part = "name=\"file\"; filename=\"data.xml\"";
            multipart(part, "Content-Type: text/xml\r\n", &value)
        }
        Context::Body => raw("text/plain", &value, encoding),
        Context::Document => raw("application/xml", &value, encoding),
    }
}

/// A header that applications read and log; which one, depends on the attack alone.
fn header(value: &[u8]) -> &'static str {
    const HEADERS: [&str; 6] = [
        "X-Forwarded-Host",
        "X-Forwarded-For",
        "X-Api-Version",
        "X-Original-URL",
        "X-Client-Name",
        "Accept-Language",
    ];
    let at = usize::try_from(hash(value) >> 32).unwrap_or_default();
    HEADERS
        .get(at % HEADERS.len())
        .copied()
        .unwrap_or("X-Api-Version")
}

/// Within a JSON document, where that is the encoding.
fn wrap(value: &[u8], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::JsonEscape => [b"{\"q\":\"", &json_escape(value)[..], b"\"}"].concat(),
        _ => value.to_vec(),
    }
}

fn parameter(class: Class) -> &'static [u8] {
    match class {
        Class::Redirect => b"next",
        Class::Traversal => b"file",
        Class::Sqli
        | Class::Xss
        | Class::Rce
        | Class::Nosql
        | Class::Ldap
        | Class::Xxe
        | Class::Ssi
        | Class::Crlf
        | Class::Mixed
        | Class::Probe => b"q",
    }
}

/// A line as request target: what no client could send is encoded, the rest is as written.
fn target(line: &[u8]) -> Vec<u8> {
    let mut out = if line.starts_with(b"/") {
        Vec::new()
    } else {
        b"/".to_vec()
    };
    for &byte in line {
        match byte {
            b'!'..=b'~' if byte != b'#' => out.push(byte),
            _ => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    out
}

/// As scripts set cookies: encoded where the value could not be sent otherwise.
fn cookie(value: &[u8]) -> Vec<u8> {
    let odd = |byte: &u8| *byte == b';' || *byte < b' ';
    let value = if value.iter().any(odd) {
        percent(value, b"-_.!~*'()")
    } else {
        value.to_vec()
    };
    [
        &b"session=8f14e45fceea167a5a36dedd4bea2543; theme="[..],
        &value,
    ]
    .concat()
}

fn json(value: &[u8], encoding: Encoding) -> Vec<u8> {
    let text = match encoding {
        Encoding::JsonEscape => [b"\"", &json_escape(value)[..], b"\""].concat(),
        _ => serde_json::Value::from(String::from_utf8_lossy(value))
            .to_string()
            .into_bytes(),
    };
    [
        b"{\"id\":7,\"item\":{\"tags\":[\"a\"],\"note\":{\"text\":",
        &text[..],
        b"}}}",
    ]
    .concat()
}

fn xml(value: &[u8], encoding: Encoding) -> Vec<u8> {
    let text = match encoding {
        // Already references, which the XML reader decodes.
        Encoding::HtmlEntity => String::from_utf8_lossy(value).into_owned(),
        _ => {
            let text = String::from_utf8_lossy(value);
            let text: String = text
                .chars()
                .filter(|c| *c >= ' ' || "\t\r\n".contains(*c))
                .collect();
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
        }
    };
    format!("<?xml version=\"1.0\"?><order><id>7</id><note>{text}</note></order>").into_bytes()
}

fn raw(kind: &str, value: &[u8], encoding: Encoding) -> Message {
    match encoding {
        Encoding::Utf16 => post(&format!("{kind}; charset=utf-16"), utf16(value)),
        _ => post(kind, value.to_vec()),
    }
}

fn multipart(part: &str, head: &str, value: &[u8]) -> Message {
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n7\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; {part}\r\n{head}\r\n"
    )
    .into_bytes();
    body.extend_from_slice(value);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    post(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

/// An ordinary request for a target.
pub(crate) fn get(target: Vec<u8>) -> Message {
    let headers = [
        ("Host", "www.example.com"),
        ("User-Agent", AGENT),
        (
            "Accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ),
        ("Accept-Language", "en-US,en;q=0.9"),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Referer", "https://www.example.com/"),
        ("Cookie", "session=8f14e45fceea167a5a36dedd4bea2543"),
    ];
    let own = |(name, value): (&str, &str)| (name.into(), value.into());
    Message {
        method: b"GET".to_vec(),
        target,
        headers: headers.into_iter().map(own).collect(),
        body: Vec::new(),
    }
}

/// The same with another value of one header.
pub(crate) fn with(name: &str, value: Vec<u8>) -> Message {
    let mut message = get(b"/api/items?page=2".to_vec());
    message.headers.retain(|(own, _)| own != name.as_bytes());
    message.headers.push((name.into(), value));
    message
}

/// An ordinary request that sends a body.
pub(crate) fn post(kind: &str, body: Vec<u8>) -> Message {
    let mut message = get(b"/api/items".to_vec());
    message.method = b"POST".to_vec();
    message
        .headers
        .push((b"Origin".to_vec(), b"https://www.example.com".to_vec()));
    message
        .headers
        .push((b"Content-Type".to_vec(), kind.into()));
    message
        .headers
        .push((b"Content-Length".to_vec(), body.len().to_string().into()));
    message.body = body;
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::Source;

    fn attack(class: Class, value: &[u8]) -> Attack {
        Attack {
            source: Source::Payloads,
            class,
            value: value.to_vec(),
            line: value.to_vec(),
            held: false,
        }
    }

    fn wire(class: Class, context: Context, encoding: Encoding) -> String {
        let message = place(&attack(class, b"' or 1=1 --"), context, encoding);
        String::from_utf8_lossy(&message.to_bytes()).into_owned()
    }

    #[test]
    fn attacks_stand_where_they_are_placed() {
        for (context, encoding, wanted) in [
            (
                Context::Query,
                Encoding::Plain,
                "&q='%20or%201%3D1%20-- HTTP/1.1",
            ),
            (Context::Query, Encoding::DoubleUrl, "&q=%2527%2520or"),
            (Context::Query, Encoding::PercentU, "&q=%u0027%u0020or"),
            (
                Context::Query,
                Encoding::JsonEscape,
                "&q=%7B%22q%22%3A%22%5Cu0027",
            ),
            (Context::Form, Encoding::Plain, "page=2&q=%27%20or"),
            (Context::Json, Encoding::Plain, "{\"text\":\"' or 1=1 --\"}"),
            (
                Context::Json,
                Encoding::JsonEscape,
                "{\"text\":\"\\u0027\\u0020",
            ),
            (Context::Xml, Encoding::HtmlEntity, "<note>&#x27;&#x20;or"),
            (Context::Cookie, Encoding::Plain, "; theme=' or 1=1 --"),
            (
                Context::FileName,
                Encoding::Plain,
                "filename=\"' or 1=1 --\"",
            ),
        ] {
            let text = wire(Class::Sqli, context, encoding);
            assert!(
                text.contains(wanted),
                "{} {}: {text}",
                context.name(),
                encoding.name()
            );
        }
    }

    #[test]
    fn what_cannot_be_sent_in_a_header_is_not() {
        let lines = attack(Class::Sqli, b"a\nb");
        assert!(!Context::UserAgent.suits(&lines, Encoding::Plain));
        assert!(Context::UserAgent.suits(&lines, Encoding::Base64));
        assert!(Context::Query.suits(&lines, Encoding::Plain));
    }
}
