//! Where a text stands in the request, and what such a place usually holds.

/// The part of the request a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Place {
    /// The path of the URL, percent-decoded once.
    Path,
    /// The value of a parameter of the URL, decoded once.
    Query,
    /// The name of a parameter (URL, form or JSON key path).
    Name,
    /// A header field. Its name is the context's name.
    Header,
    /// The value of a cookie.
    Cookie,
    /// A field of a form (urlencoded or multipart).
    Form,
    /// A string in JSON.
    Json,
    /// Text or an attribute in XML.
    Xml,
    /// The name of an uploaded file.
    FileName,
    /// The content of an uploaded file.
    File,
    /// A body, or a part of one, that is of no known form.
    Body,
}

/// What a field usually holds, judged by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Field {
    /// Nothing is known.
    Plain,
    /// Text that people write: searches, comments, messages, prompts, Markdown.
    Text,
    /// Markup or code that is meant to be there: `html`, `css`, `query`, `sql`, `script`, `template`.
    Code,
    /// An address: `url`, `redirect`, `next`, `callback`, `Referer`.
    Url,
    /// A path or a file name: `file`, `path`, `page`, `template`, `include`.
    File,
    /// A number, an identifier, a flag: `id`, `page`, `count`, `uuid`.
    Key,
    /// An opaque token: sessions, signatures, JWTs, base64 state.
    Token,
    /// Telemetry that quotes pages, scripts and stack traces.
    Telemetry,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The part of the request.
    pub place: Place,
    /// What the field usually holds.
    pub field: Field,
    /// The field's name as it was sent; empty where there is none.
    pub name: &'a [u8],
}

impl<'a> Context<'a> {
    /// The context of a named field; what it usually holds is judged by the name.
    #[must_use]
    pub fn new(place: Place, name: &'a [u8]) -> Self {
        Self {
            place,
            field: Field::Plain,
            name,
        }
    }
}
