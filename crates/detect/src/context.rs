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
            field: field(name),
            name,
        }
    }
}

/// Names as they are written, without their case, `_`, `-` and digits; and what such fields hold.
const NAMES: [(Field, &[&str]); 7] = [
    (
        Field::Url,
        &[
            "url",
            "uri",
            "u",
            "link",
            "href",
            "redirect",
            "return",
            "returnto",
            "next",
            "continue",
            "callback",
            "dest",
            "destination",
            "goto",
            "target",
            "referer",
            "referrer",
            "ref",
            "src",
            "dl",
            "dr",
            "origin",
            "site",
            "domain",
            "host",
            "feed",
            "image",
            "img",
            "avatar",
            "webhook",
            "endpoint",
            "location",
            "to",
            "out",
            "go",
            "back",
            "forward",
            "proxy",
            "fetch",
        ],
    ),
    (
        Field::Text,
        &[
            "q",
            "query",
            "search",
            "keyword",
            "keywords",
            "kw",
            "wd",
            "s",
            "text",
            "comment",
            "comments",
            "message",
            "msg",
            "content",
            "body",
            "description",
            "desc",
            "title",
            "subject",
            "note",
            "notes",
            "review",
            "feedback",
            "prompt",
            "question",
            "answer",
            "bio",
            "about",
            "summary",
            "caption",
            "excerpt",
            "input",
            "post",
            "reply",
            "chat",
            "remark",
        ],
    ),
    (
        Field::Code,
        &[
            "html",
            "css",
            "js",
            "javascript",
            "script",
            "code",
            "snippet",
            "source",
            "markup",
            "markdown",
            "md",
            "template",
            "tpl",
            "sql",
            "graphql",
            "xml",
            "svg",
            "regex",
            "pattern",
            "expression",
            "formula",
            "diff",
            "patch",
            "yaml",
            "editor",
            "program",
            "notebook",
        ],
    ),
    (
        Field::File,
        &[
            "file",
            "filename",
            "path",
            "filepath",
            "dir",
            "directory",
            "folder",
            "document",
            "doc",
            "include",
            "inc",
            "view",
            "module",
            "load",
            "read",
            "download",
            "lang",
            "locale",
            "style",
            "theme",
            "layout",
            "skin",
            "conf",
            "log",
            "board",
            "pg",
        ],
    ),
    (
        Field::Key,
        &[
            "id", "ids", "uid", "pid", "cid", "tid", "aid", "gid", "page", "p", "limit", "offset",
            "count", "num", "number", "size", "sort", "order", "orderby", "type", "status", "year",
            "month", "day", "lat", "lng", "lon", "price", "qty", "quantity", "width", "height",
            "v", "version", "cat", "category", "user", "username", "login", "email", "phone",
            "zip",
        ],
    ),
    (
        Field::Token,
        &[
            "token",
            "session",
            "sid",
            "csrf",
            "xsrf",
            "nonce",
            "state",
            "signature",
            "sig",
            "hash",
            "jwt",
            "auth",
            "authorization",
            "cookie",
            "verifier",
            "key",
            "apikey",
            "viewstate",
            "etag",
            "ifnonematch",
            "ga",
            "gid",
            "fbp",
            "gcl",
            "cf",
        ],
    ),
    (
        Field::Telemetry,
        &[
            "stack",
            "stacktrace",
            "trace",
            "error",
            "errors",
            "exception",
            "logs",
            "breadcrumbs",
            "dom",
            "selector",
            "el",
            "element",
            "events",
            "beacon",
        ],
    ),
];

/// Pieces of names that tell enough wherever they stand.
const PIECES: [(&str, Field); 19] = [
    ("url", Field::Url),
    ("uri", Field::Url),
    ("redirect", Field::Url),
    ("referrer", Field::Url),
    ("callback", Field::Url),
    ("stack", Field::Telemetry),
    ("exception", Field::Telemetry),
    ("html", Field::Code),
    ("markdown", Field::Code),
    ("script", Field::Code),
    ("comment", Field::Text),
    ("message", Field::Text),
    ("descri", Field::Text),
    ("search", Field::Text),
    ("content", Field::Text),
    ("prompt", Field::Text),
    ("token", Field::Token),
    ("session", Field::Token),
    ("file", Field::File),
];

/// What a field of this name usually holds, by the last part of it: `json.items.0.page_url`.
fn field(name: &[u8]) -> Field {
    const LONGEST: usize = 24;
    let mut own = [0_u8; LONGEST];
    let mut len = 0;
    let name = name.strip_suffix(b"[]").unwrap_or(name);
    let parts = name.split(|byte| matches!(byte, b'.' | b'[' | b']' | b':' | b'/'));
    let named = |part: &&[u8]| part.iter().any(u8::is_ascii_alphabetic);
    let last = parts.rev().find(named).unwrap_or_default();
    for byte in last.iter().filter(|byte| byte.is_ascii_alphabetic()) {
        if let Some(place) = own.get_mut(len) {
            *place = byte.to_ascii_lowercase();
            len += 1;
        }
    }
    let word = std::str::from_utf8(own.get(..len).unwrap_or_default()).unwrap_or_default();
    if word.is_empty() {
        return Field::Plain;
    }
    let known = NAMES.iter().find(|(_, names)| names.contains(&word));
    if let Some((field, _)) = known {
        return *field;
    }
    if last.ends_with(b"_id") || last.ends_with(b"Id") || last.ends_with(b"ID") {
        return Field::Key;
    }
    let piece = PIECES.iter().find(|(piece, _)| word.contains(piece));
    piece.map_or(Field::Plain, |(_, field)| *field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_field_holds() {
        let cases: [(&str, Field); 16] = [
            ("q", Field::Text),
            ("json.items.0.page_url", Field::Url),
            ("Referer", Field::Url),
            ("user_id", Field::Key),
            ("productId", Field::Key),
            ("id[]", Field::Key),
            ("data[comment_text]", Field::Text),
            ("post_content", Field::Text),
            ("bodyHtml", Field::Code),
            ("csrf-token", Field::Token),
            ("stackTrace", Field::Telemetry),
            ("file", Field::File),
            ("colour", Field::Plain),
            ("", Field::Plain),
            ("[0]", Field::Plain),
            ("a-very-long-name-that-goes-on-and-on", Field::Plain),
        ];
        for (name, wanted) in cases {
            assert_eq!(
                Context::new(Place::Query, name.as_bytes()).field,
                wanted,
                "{name}"
            );
        }
    }
}
