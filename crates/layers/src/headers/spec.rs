use serde::{Deserialize, Serialize};

/// The security fields of every response. `None` leaves a field to the upstream alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// `Content-Security-Policy`.
    pub content_security_policy: Option<Field>,
    /// `Strict-Transport-Security`, sent over TLS only.
    pub strict_transport_security: Option<Field>,
    /// `X-Frame-Options`.
    pub x_frame_options: Option<Field>,
    /// `X-Content-Type-Options`.
    pub x_content_type_options: Option<Field>,
    /// `Referrer-Policy`.
    pub referrer_policy: Option<Field>,
    /// `Permissions-Policy`.
    pub permissions_policy: Option<Field>,
    /// `X-XSS-Protection`. Only old browsers know it.
    pub x_xss_protection: Option<Field>,
    /// Flags added to the upstream's cookies.
    pub cookies: Cookies,
    /// Fields of the upstream that are not passed on, since they only tell what runs there.
    pub remove: Vec<String>,
}

/// One field: its value, and what becomes of the upstream's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The value sent.
    pub value: String,
    /// What becomes of a value the upstream sent.
    #[serde(default)]
    pub upstream: Upstream,
}

/// What becomes of a value the upstream sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Upstream {
    /// It stands, and ours is not sent: the upstream knows its pages better.
    #[default]
    Keep,
    /// Ours takes its place.
    Replace,
}

/// Flags added to cookies that lack them. A flag that is there already is never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cookies {
    /// Adds `Secure`, over TLS only.
    pub secure: bool,
    /// Adds `HttpOnly`.
    pub http_only: bool,
    /// Adds `SameSite`.
    pub same_site: Option<SameSite>,
    /// Cookies that scripts have to read, by name: they get no `HttpOnly`.
    pub readable: Vec<String>,
}

/// The values of `SameSite`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Sent by the own site only.
    Strict,
    /// Sent also when another site links here.
    Lax,
    /// Sent always; browsers demand `Secure` with it.
    None,
}

impl From<&str> for Field {
    fn from(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            upstream: Upstream::default(),
        }
    }
}

impl Default for Spec {
    fn default() -> Self {
        let field = |value: &str| Some(Field::from(value));
        Self {
            content_security_policy: field(
                "default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
            ),
            strict_transport_security: field("max-age=31536000"),
            x_frame_options: field("DENY"),
            x_content_type_options: field("nosniff"),
            referrer_policy: field("strict-origin-when-cross-origin"),
            permissions_policy: field(
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
            x_xss_protection: field("1; mode=block"),
            cookies: Cookies::default(),
            remove: vec!["server".to_owned(), "x-powered-by".to_owned()],
        }
    }
}

impl Default for Cookies {
    fn default() -> Self {
        Self {
            secure: true,
            http_only: true,
            same_site: Some(SameSite::Lax),
            readable: vec!["XSRF-TOKEN".to_owned(), "csrftoken".to_owned()],
        }
    }
}
