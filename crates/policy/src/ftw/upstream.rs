//! What the servers say that the suites expect behind the rules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// Behind 3.x stood httpbin: 200 for a few paths, 404 for others.
    Httpbin,
    /// Behind 4.x stands albedo: 200 for everything, and `/reflect`, which answers as its JSON
    /// body says (`status`, `headers`, `body`, `encodedBody`), for the rules about responses.
    Albedo,
}

/// What an upstream looks at.
#[derive(Debug, Default)]
pub struct Asked {
    /// Whether the answer has no body.
    pub is_head: bool,
    /// The target as sent.
    pub target: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names and values of its header.
    pub fields: Vec<(String, String)>,
    /// The body, also where none is sent.
    pub body: Vec<u8>,
}

impl Answer {
    fn plain(status: u16) -> Self {
        Self {
            status,
            fields: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
            body: b"ok\n".to_vec(),
        }
    }
}

impl Asked {
    /// The answer of that server.
    #[must_use]
    pub fn answer(&self, upstream: Upstream) -> Answer {
        let path = self.target.split('?').next().unwrap_or_default();
        let known = matches!(path, "/" | "/get" | "/post" | "/put" | "/anything");
        match upstream {
            Upstream::Httpbin if known => Answer::plain(200),
            Upstream::Httpbin => Answer::plain(404),
            Upstream::Albedo if path.starts_with("/reflect") => {
                self.reflect().unwrap_or_else(|| Answer::plain(200))
            }
            Upstream::Albedo => Answer::plain(200),
        }
    }

    fn reflect(&self) -> Option<Answer> {
        let told: Value = serde_json::from_slice(&self.body).ok()?;
        let status = told.get("status").and_then(Value::as_u64).unwrap_or(200);
        let fields = told.get("headers").and_then(Value::as_object);
        let fields = fields.into_iter().flatten();
        let mut fields: Vec<(String, String)> = fields
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        if !fields
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            // As the original's server guesses, near enough for rules that look for text.
            fields.push((
                "Content-Type".to_owned(),
                "text/plain; charset=utf-8".to_owned(),
            ));
        }
        let text = |key: &str| told.get(key).and_then(Value::as_str);
        Some(Answer {
            status: u16::try_from(status).ok()?,
            fields,
            body: match text("encodedBody") {
                Some(encoded) => STANDARD.decode(encoded).ok()?,
                None => text("body").unwrap_or_default().as_bytes().to_vec(),
            },
        })
    }
}
