use crate::read::{Fault, Key, Reader, Setting, Shape, Show, Value, words};
use crate::tree::{Node, Tree};

/// Security headers of responses.
#[derive(Clone, Debug)]
pub struct Headers {
    /// One setting a header, with the header's name.
    pub fields: Vec<(&'static str, Setting<Header>)>,
    /// Flags of cookies the API sets.
    pub cookies: Cookies,
}

/// What happens to one response header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The value; `None` leaves the header alone.
    pub value: Option<String>,
    /// What becomes of a value the API sent.
    pub existing: Existing,
}

/// What becomes of a header the API sent itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays as it is.
    Keep,
    /// Ours takes its place.
    Replace,
}

words!(Existing {
    "keep" => Existing::Keep,
    "replace" => Existing::Replace,
});

/// Flags added to cookies the API sets.
#[derive(Clone, Debug)]
pub struct Cookies {
    /// Sent over TLS only; added on TLS listeners.
    pub secure: Setting<bool>,
    /// Out of reach of scripts.
    pub http_only: Setting<bool>,
    /// When other sites' requests carry it.
    pub same_site: Setting<SameSite>,
}

/// When requests that come from other sites carry a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// The flag is left alone.
    Off,
    /// When the caller follows a link.
    Lax,
    /// Never.
    Strict,
}

words!(SameSite {
    "off" => SameSite::Off,
    "lax" => SameSite::Lax,
    "strict" => SameSite::Strict,
});

/// A header value, or `off`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line(Option<String>);

impl Value for Line {
    fn shape() -> Shape {
        Shape::Text {
            what: "a header value, or \"off\"",
            pattern: None,
        }
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        match &node.value {
            Tree::Bool(false) => {
                Err(Fault::wrong_type(&Self::shape(), &node.value).help("write \"off\""))
            }
            Tree::Text(text) if text == "off" => Ok(Self(None)),
            Tree::Text(text) => match http::HeaderValue::from_str(text) {
                Ok(_) if !text.trim().is_empty() => Ok(Self(Some(text.clone()))),
                Ok(_) => Err(Fault::new("the header value is empty").help("write \"off\"")),
                Err(_) => Err(Fault::new(
                    "a header value has no line breaks or control characters",
                )),
            },
            other => Err(Fault::wrong_type(&Self::shape(), other)),
        }
    }
}

impl Show for Line {
    fn show(&self) -> String {
        self.0.clone().unwrap_or_else(|| "off".to_owned()).show()
    }
}

impl Show for Header {
    fn show(&self) -> String {
        let line = Line(self.value.clone()).show();
        match self.existing {
            Existing::Replace => line,
            Existing::Keep => format!("{{ value = {line}, existing = \"keep\" }}"),
        }
    }
}

const VALUE: Key = Key::new("value", "The header's value, or `off`.", "\"DENY\"");
const EXISTING: Key = Key::new(
    "existing",
    "What becomes of a value the API sent itself: `replace` puts ours in its place, `keep` leaves \
     it.",
    "\"keep\"",
);

pub(super) const HEADERS: Key = Key::new(
    "headers",
    "Security headers added to every response. Each is a value, `\"off\"` to leave the header \
     alone, or a table with `value` and `existing`.",
    "",
);
const COOKIES: Key = Key::new(
    "cookies",
    "Flags added to cookies the API sets. A flag the API has set itself is kept.",
    "",
);
const SECURE: Key = Key::new("secure", "Add `Secure` to cookies sent over TLS.", "true");
const HTTP_ONLY: Key = Key::new(
    "http_only",
    "Add `HttpOnly`, which keeps cookies out of reach of scripts. Switch it off where a page's \
     script has to read one.",
    "true",
);
const SAME_SITE: Key = Key::new(
    "same_site",
    "Add `SameSite` where a cookie has none: `lax`, `strict` or `off`.",
    "\"lax\"",
);

/// Every header with its default: the key, and the value.
const FIELDS: [(Key, &str, Existing); 9] = [
    (
        Key::new(
            "content-security-policy",
            "What a page may load, were an answer of this API opened as a page. An API serves no \
             pages, so the default allows nothing; the API's own value is kept.",
            "\"default-src 'none'; frame-ancestors 'none'\"",
        ),
        "default-src 'none'; frame-ancestors 'none'",
        Existing::Keep,
    ),
    (
        Key::new(
            "strict-transport-security",
            "Tells browsers to use TLS only. Sent on TLS connections only.",
            "\"max-age=31536000; includeSubDomains\"",
        ),
        "max-age=31536000; includeSubDomains",
        Existing::Replace,
    ),
    (
        Key::new(
            "x-frame-options",
            "Whether other pages may show an answer in a frame.",
            "\"DENY\"",
        ),
        "DENY",
        Existing::Replace,
    ),
    (
        Key::new(
            "x-content-type-options",
            "Stops browsers from guessing another content type than the one sent.",
            "\"nosniff\"",
        ),
        "nosniff",
        Existing::Replace,
    ),
    (
        Key::new(
            "referrer-policy",
            "How much of the address other sites are told.",
            "\"no-referrer\"",
        ),
        "strict-origin-when-cross-origin",
        Existing::Keep,
    ),
    (
        Key::new(
            "permissions-policy",
            "Which abilities of the browser a page may use.",
            "\"camera=(), microphone=(), geolocation=()\"",
        ),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        Existing::Keep,
    ),
    (
        Key::new(
            "x-xss-protection",
            "The filter of old browsers. Browsers of today ignore it.",
            "\"1; mode=block\"",
        ),
        "1; mode=block",
        Existing::Replace,
    ),
    (
        Key::new(
            "cross-origin-resource-policy",
            "Which sites may embed an answer.",
            "\"same-origin\"",
        ),
        "off",
        Existing::Keep,
    ),
    (
        Key::new(
            "cross-origin-opener-policy",
            "Whether a page shares its window group with pages of other sites.",
            "\"same-origin\"",
        ),
        "off",
        Existing::Keep,
    ),
];

impl Headers {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let mut fields = Vec::with_capacity(FIELDS.len());
        for (key, value, existing) in FIELDS {
            let default = Header {
                value: (value != "off").then(|| value.to_owned()),
                existing,
            };
            fields.push((
                key.name,
                r.value_or_table(key, default, Header::plain, Header::read),
            ));
        }
        Self {
            fields,
            cookies: r.table(COOKIES, Cookies::read),
        }
    }
}

impl Header {
    fn plain(line: Line) -> Self {
        Self {
            value: line.0,
            existing: Existing::Replace,
        }
    }

    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let value = r.required::<Line>(VALUE);
        let existing = r.value(EXISTING, Existing::Replace);
        Some(Self {
            value: value?.value.0,
            existing: existing.value,
        })
    }
}

impl Cookies {
    fn read(r: &mut Reader<'_>) -> Self {
        Self {
            secure: r.value(SECURE, true),
            http_only: r.value(HTTP_ONLY, true),
            same_site: r.value(SAME_SITE, SameSite::Lax),
        }
    }
}
