use babyshield_layers::headers::{self as layer, Field};

use crate::read::{Fault, Key, Reader, Setting, Shape, Show, Text, Value, words};
use crate::tree::{Node, Tree};

/// Security headers of responses.
#[derive(Clone, Debug)]
pub struct Headers {
    /// One setting a header, under the header's name.
    pub fields: Vec<(&'static str, Setting<Header>)>,
    /// Flags of cookies the API sets.
    pub cookies: Cookies,
    /// Headers of the API that are not passed on.
    pub remove: Setting<Vec<Setting<Name>>>,
}

/// What happens to one response header; `None` leaves it to the API alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header(pub Option<Field>);

/// Flags added to cookies the API sets.
#[derive(Clone, Debug)]
pub struct Cookies {
    /// Sent over TLS only; added where the caller speaks TLS.
    pub secure: Setting<bool>,
    /// Out of reach of scripts.
    pub http_only: Setting<bool>,
    /// When other sites' requests carry it.
    pub same_site: Setting<SameSite>,
    /// Cookies that scripts have to read.
    pub readable: Setting<Vec<Setting<String>>>,
}

/// When requests that come from other sites carry a cookie; `None` adds no flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SameSite(pub Option<layer::SameSite>);

words!(SameSite {
    "off" => { SameSite(None) },
    "lax" => { SameSite(Some(layer::SameSite::Lax)) },
    "strict" => { SameSite(Some(layer::SameSite::Strict)) },
    "none" => { SameSite(Some(layer::SameSite::None)) },
});

/// What becomes of a header the API sent itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Existing(layer::Upstream);

words!(Existing {
    "keep" => { Existing(layer::Upstream::Keep) },
    "replace" => { Existing(layer::Upstream::Replace) },
});

/// The name of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub http::HeaderName);

impl Text for Name {
    const WHAT: &'static str = "the name of a header";

    fn parse(text: &str) -> Result<Self, Fault> {
        let name = text.parse::<http::HeaderName>();
        name.map(Self)
            .map_err(|_| Fault::new(format!("`{text}` is not the name of a header")))
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

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
        let value = Line(self.0.as_ref().map(|field| field.value.clone())).show();
        match &self.0 {
            Some(field) if field.upstream == layer::Upstream::Replace => {
                format!("{{ value = {value}, existing = \"replace\" }}")
            }
            _ => value,
        }
    }
}

const VALUE: Key = Key::new("value", "The header's value, or `off`.", "\"DENY\"");
const EXISTING: Key = Key::new(
    "existing",
    "What becomes of a value the API sent itself: `keep` leaves it, since the API knows its \
     pages better; `replace` puts ours in its place.",
    "\"replace\"",
);

pub(super) const HEADERS: Key = Key::new(
    "headers",
    "Security headers added to every response. Each is a value, `\"off\"` to leave the header \
     alone, or a table with `value` and `existing`.",
    "",
);
const COOKIES: Key = Key::new(
    "cookies",
    "Flags added to cookies the API sets. A flag the API has set itself is never changed.",
    "",
);
const SECURE: Key = Key::new(
    "secure",
    "Add `Secure` where the caller speaks TLS.",
    "true",
);
const HTTP_ONLY: Key = Key::new(
    "http_only",
    "Add `HttpOnly`, which keeps cookies out of reach of scripts.",
    "true",
);
const SAME_SITE: Key = Key::new(
    "same_site",
    "Add `SameSite` where a cookie has none, or `off`.",
    "\"lax\"",
);
const READABLE: Key = Key::new(
    "readable",
    "Cookies that a page's scripts have to read: they get no `HttpOnly`.",
    "[\"XSRF-TOKEN\", \"csrftoken\"]",
);
const REMOVE: Key = Key::new(
    "remove",
    "Headers of the API that are not passed on, since they only tell what runs there.",
    "[\"server\", \"x-powered-by\"]",
);

type Choose = fn(&mut layer::Spec) -> &mut Option<Field>;

/// Every header: its key, and its place in the layer's spec, which has the default.
const FIELDS: [(Key, Choose); 7] = [
    (
        Key::new(
            "content-security-policy",
            "What a page of this API may load and who may frame it.",
            "\"default-src 'none'; frame-ancestors 'none'\"",
        ),
        |spec| &mut spec.content_security_policy,
    ),
    (
        Key::new(
            "strict-transport-security",
            "Tells browsers to use TLS only. Sent to callers that speak TLS.",
            "\"max-age=31536000; includeSubDomains\"",
        ),
        |spec| &mut spec.strict_transport_security,
    ),
    (
        Key::new(
            "x-frame-options",
            "Whether other pages may show an answer in a frame.",
            "\"DENY\"",
        ),
        |spec| &mut spec.x_frame_options,
    ),
    (
        Key::new(
            "x-content-type-options",
            "Stops browsers from guessing another content type than the one sent.",
            "\"nosniff\"",
        ),
        |spec| &mut spec.x_content_type_options,
    ),
    (
        Key::new(
            "referrer-policy",
            "How much of the address other sites are told.",
            "\"no-referrer\"",
        ),
        |spec| &mut spec.referrer_policy,
    ),
    (
        Key::new(
            "permissions-policy",
            "Which abilities of the browser a page may use.",
            "\"camera=(), microphone=(), geolocation=()\"",
        ),
        |spec| &mut spec.permissions_policy,
    ),
    (
        Key::new(
            "x-xss-protection",
            "The filter of old browsers. Browsers of today ignore it.",
            "\"1; mode=block\"",
        ),
        |spec| &mut spec.x_xss_protection,
    ),
];

impl Headers {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let mut defaults = layer::Spec::default();
        let mut fields = Vec::with_capacity(FIELDS.len());
        for (key, choose) in FIELDS {
            let default = Header(choose(&mut defaults).clone());
            let header = r.value_or_table(key, default, Header::plain, Header::read);
            fields.push((key.name, header));
        }
        let remove = defaults.remove.iter();
        let remove = remove.filter_map(|name| Name::parse(name).ok()).collect();
        let remove = r.list(REMOVE, remove);
        Self {
            fields,
            remove,
            cookies: r.table(COOKIES, Cookies::read),
        }
    }

    /// The same as the layer wants it.
    #[must_use]
    pub fn layer(&self) -> layer::Spec {
        let mut spec = layer::Spec::default();
        for ((_, header), (_, choose)) in self.fields.iter().zip(FIELDS) {
            choose(&mut spec).clone_from(&header.value.0);
        }
        let cookies = &self.cookies;
        let readable = cookies.readable.iter().map(|name| name.value.clone());
        spec.cookies = layer::Cookies {
            secure: cookies.secure.value,
            http_only: cookies.http_only.value,
            same_site: cookies.same_site.value.0,
            readable: readable.collect(),
        };
        spec.remove = self.remove.iter().map(|name| name.text()).collect();
        spec
    }
}

impl Header {
    fn plain(line: Line) -> Self {
        Self(line.0.as_deref().map(Field::from))
    }

    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let value = r.required::<Line>(VALUE);
        let existing = r.value(EXISTING, Existing(layer::Upstream::default()));
        let value = value?.value.0;
        Some(Self(value.map(|value| Field {
            value,
            upstream: existing.value.0,
        })))
    }
}

impl Cookies {
    fn read(r: &mut Reader<'_>) -> Self {
        let defaults = layer::Cookies::default();
        Self {
            secure: r.value(SECURE, defaults.secure),
            http_only: r.value(HTTP_ONLY, defaults.http_only),
            same_site: r.value(SAME_SITE, SameSite(defaults.same_site)),
            readable: r.list(READABLE, defaults.readable),
        }
    }
}
