//! Where a text stands in the request, and what such a place usually holds.

use crate::starts::{self, Starts};

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

impl Place {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Path,
        Self::Query,
        Self::Name,
        Self::Header,
        Self::Cookie,
        Self::Form,
        Self::Json,
        Self::Xml,
        Self::FileName,
        Self::File,
        Self::Body,
    ];
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
    /// Whether it is a part of the address of the page somebody came from.
    pub referred: bool,
}

impl<'a> Context<'a> {
    /// The context of a named field; what it usually holds is judged by the name.
    #[must_use]
    pub fn new(place: Place, name: &'a [u8]) -> Self {
        let field = match field(name) {
            Field::Code if is_said_of_goods(place, name) => Field::Plain,
            Field::Code if is_name_of_template(place, name) => Field::File,
            Field::File | Field::Plain if is_traced(place, name) => Field::Telemetry,
            Field::Plain if is_task(place, name) || is_run(place, name) => Field::Code,
            field => field,
        };
        Self {
            place,
            field,
            name,
            referred: false,
        }
    }
}

/// `?code=`, `?source=` and `?schema=`: programs travel in bodies; in an address these are the number of an
/// article, where somebody came from, and the name of a form.
fn is_said_of_goods(place: Place, name: &[u8]) -> bool {
    const NAMES: [&[u8]; 4] = [b"code", b"source", b"schema", b"queries"];
    let outside = matches!(place, Place::Query | Place::Cookie | Place::Header);
    outside && NAMES.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Whether a field is a command among the `scripts` of a package: `json.versions.1.0.0.scripts.build`.
fn is_task(place: Place, name: &[u8]) -> bool {
    place == Place::Json && name.rsplit(|byte| *byte == b'.').nth(1) == Some(b"scripts")
}

/// Whether a field is a command of a container, in a manifest: `json.spec.containers.array_0.args.array_0`.
fn is_run(place: Place, name: &[u8]) -> bool {
    const CONTAINERS: [&[u8]; 3] = [b"containers", b"initContainers", b"ephemeralContainers"];
    if place != Place::Json {
        return false;
    }
    let listed = |part: &&[u8]| {
        let number = part.strip_prefix(b"array_").unwrap_or(part);
        !number.is_empty() && number.iter().all(u8::is_ascii_digit)
    };
    let mut parts = name.rsplit(|byte| *byte == b'.').skip_while(listed);
    let own = matches!(parts.next(), Some(b"args" | b"command"));
    let mut above = parts.skip_while(|part| {
        matches!(
            *part,
            b"exec"
                | b"postStart"
                | b"preStop"
                | b"lifecycle"
                | b"livenessProbe"
                | b"readinessProbe"
                | b"startupProbe"
        )
    });
    let numbered = above.next().is_some_and(|part| listed(&part));
    let held = above.next().is_some_and(|part| CONTAINERS.contains(&part));
    own && numbered && held && above.next() == Some(b"spec")
}

/// `?template=`: an address names the template a page is made with; templates themselves travel in bodies.
fn is_name_of_template(place: Place, name: &[u8]) -> bool {
    let outside = matches!(place, Place::Query | Place::Cookie | Place::Header);
    outside && (name.eq_ignore_ascii_case(b"template") || name.eq_ignore_ascii_case(b"tpl"))
}

/// Whether a field of JSON lies inside a stack trace: `exception.values.0.stacktrace.frames.0.filename`.
fn is_traced(place: Place, name: &[u8]) -> bool {
    const TRACES: [&[u8]; 6] = [
        b"frames",
        b"stacktrace",
        b"stack_trace",
        b"exception",
        b"exceptions",
        b"breadcrumbs",
    ];
    place == Place::Json
        && name.len() > 24
        && name
            .split(|byte| *byte == b'.')
            .any(|part| TRACES.iter().any(|own| part.eq_ignore_ascii_case(own)))
}

/// Names without their case, `_`, `-` and digits, and what such fields hold; in alphabetical order.
const NAMES: [(&str, Field); 262] = [
    ("about", Field::Text),
    ("aid", Field::Key),
    ("anmerkung", Field::Text),
    ("answer", Field::Text),
    ("antwort", Field::Text),
    ("apikey", Field::Token),
    ("auth", Field::Token),
    ("authorization", Field::Token),
    ("avatar", Field::Url),
    ("back", Field::Url),
    ("beacon", Field::Telemetry),
    ("bemerkung", Field::Text),
    ("bemerkungen", Field::Text),
    ("bericht", Field::Text),
    ("beschreibung", Field::Text),
    ("bio", Field::Text),
    ("blockeduri", Field::Telemetry),
    ("blockedurl", Field::Telemetry),
    ("board", Field::File),
    ("body", Field::Text),
    ("breadcrumbs", Field::Telemetry),
    ("callback", Field::Url),
    ("caption", Field::Text),
    ("cat", Field::Key),
    ("category", Field::Key),
    ("cf", Field::Token),
    ("chat", Field::Text),
    ("cid", Field::Key),
    ("cmdline", Field::Telemetry),
    ("code", Field::Code),
    ("codeblock", Field::Code),
    ("codesnippet", Field::Code),
    ("comentario", Field::Text),
    ("comentarios", Field::Text),
    ("comment", Field::Text),
    ("comments", Field::Text),
    ("conf", Field::File),
    ("contenido", Field::Text),
    ("content", Field::Text),
    ("contenu", Field::Text),
    ("conteudo", Field::Text),
    ("continue", Field::Url),
    ("cookie", Field::Token),
    ("count", Field::Key),
    ("cqlfilter", Field::Code),
    ("csrf", Field::Token),
    ("css", Field::Code),
    ("day", Field::Key),
    ("dbstatement", Field::Telemetry),
    ("desc", Field::Text),
    ("description", Field::Text),
    ("dest", Field::Url),
    ("destination", Field::Url),
    ("diff", Field::Code),
    ("dir", Field::File),
    ("directory", Field::File),
    ("dl", Field::Url),
    ("documenturi", Field::Telemetry),
    ("documenturl", Field::Telemetry),
    ("dom", Field::Telemetry),
    ("domain", Field::Url),
    ("download", Field::File),
    ("dr", Field::Url),
    ("editor", Field::Code),
    ("el", Field::Telemetry),
    ("element", Field::Telemetry),
    ("email", Field::Key),
    ("endpoint", Field::Url),
    ("error", Field::Telemetry),
    ("errors", Field::Telemetry),
    ("etag", Field::Token),
    ("events", Field::Telemetry),
    ("exception", Field::Telemetry),
    ("excerpt", Field::Text),
    ("expr", Field::Code),
    ("expression", Field::Code),
    ("fbp", Field::Token),
    ("feed", Field::Url),
    ("feedback", Field::Text),
    ("fetch", Field::Url),
    ("file", Field::File),
    ("filename", Field::File),
    ("filepath", Field::File),
    ("folder", Field::File),
    ("formula", Field::Code),
    ("forward", Field::Url),
    ("frage", Field::Text),
    ("ga", Field::Token),
    ("gcl", Field::Token),
    ("gid", Field::Key),
    ("go", Field::Url),
    ("goto", Field::Url),
    ("graphql", Field::Code),
    ("hash", Field::Token),
    ("height", Field::Key),
    ("highlight", Field::Text),
    ("hilit", Field::Text),
    ("hinweis", Field::Text),
    ("host", Field::Url),
    ("href", Field::Url),
    ("html", Field::Code),
    ("id", Field::Key),
    ("ids", Field::Key),
    ("ifnonematch", Field::Token),
    ("image", Field::Url),
    ("img", Field::Url),
    ("inc", Field::File),
    ("include", Field::File),
    ("inhalt", Field::Text),
    ("input", Field::Text),
    ("javascript", Field::Code),
    ("jql", Field::Code),
    ("js", Field::Code),
    ("jwt", Field::Token),
    ("key", Field::Token),
    ("keyword", Field::Text),
    ("keywords", Field::Text),
    ("kommentar", Field::Text),
    ("kw", Field::Text),
    ("lang", Field::File),
    ("lat", Field::Key),
    ("layout", Field::File),
    ("limit", Field::Key),
    ("link", Field::Url),
    ("lng", Field::Key),
    ("load", Field::File),
    ("locale", Field::File),
    ("location", Field::Url),
    ("log", Field::File),
    ("login", Field::Key),
    ("logrecords", Field::Telemetry),
    ("logs", Field::Telemetry),
    ("lon", Field::Key),
    ("markdown", Field::Code),
    ("markup", Field::Code),
    ("md", Field::Code),
    ("mensagem", Field::Text),
    ("mensaje", Field::Text),
    ("message", Field::Text),
    ("messaggio", Field::Text),
    ("mitteilung", Field::Text),
    ("module", Field::File),
    ("month", Field::Key),
    ("msg", Field::Text),
    ("nachricht", Field::Text),
    ("next", Field::Url),
    ("nonce", Field::Token),
    ("note", Field::Text),
    ("notebook", Field::Code),
    ("notes", Field::Text),
    ("num", Field::Key),
    ("number", Field::Key),
    ("observaciones", Field::Text),
    ("offset", Field::Key),
    ("order", Field::Key),
    ("orderby", Field::Key),
    ("origin", Field::Url),
    ("out", Field::Url),
    ("p", Field::Key),
    ("page", Field::Key),
    ("patch", Field::Code),
    ("path", Field::File),
    ("pattern", Field::Code),
    ("pg", Field::File),
    ("phone", Field::Key),
    ("pid", Field::Key),
    ("post", Field::Text),
    ("price", Field::Key),
    ("program", Field::Code),
    ("prompt", Field::Text),
    ("proxy", Field::Url),
    ("q", Field::Text),
    ("qty", Field::Key),
    ("quantity", Field::Key),
    ("queries", Field::Code),
    ("query", Field::Text),
    ("question", Field::Text),
    ("read", Field::File),
    ("readme", Field::Code),
    ("redirect", Field::Url),
    ("ref", Field::Url),
    ("referer", Field::Url),
    ("referrer", Field::Url),
    ("regex", Field::Code),
    ("remark", Field::Text),
    ("reply", Field::Text),
    ("return", Field::Url),
    ("returnto", Field::Url),
    ("review", Field::Text),
    ("s", Field::Text),
    ("sample", Field::Telemetry),
    ("schema", Field::Code),
    ("script", Field::Code),
    ("scriptsample", Field::Telemetry),
    ("search", Field::Text),
    ("selector", Field::Telemetry),
    ("session", Field::Token),
    ("sid", Field::Token),
    ("sig", Field::Token),
    ("signature", Field::Token),
    ("site", Field::Url),
    ("size", Field::Key),
    ("skin", Field::File),
    ("snippet", Field::Code),
    ("soql", Field::Code),
    ("sort", Field::Key),
    ("source", Field::Code),
    ("sourcecode", Field::Code),
    ("sourcefile", Field::Telemetry),
    ("sql", Field::Code),
    ("src", Field::Url),
    ("stack", Field::Telemetry),
    ("stacktrace", Field::Telemetry),
    ("state", Field::Token),
    ("statement", Field::Telemetry),
    ("status", Field::Key),
    ("stringvalue", Field::Telemetry),
    ("stx", Field::Text),
    ("style", Field::File),
    ("subject", Field::Text),
    ("suche", Field::Text),
    ("summary", Field::Text),
    ("svg", Field::Code),
    ("target", Field::Url),
    ("template", Field::Code),
    ("term", Field::Text),
    ("terms", Field::Text),
    ("testo", Field::Text),
    ("text", Field::Text),
    ("texto", Field::Text),
    ("theme", Field::File),
    ("tid", Field::Key),
    ("titel", Field::Text),
    ("title", Field::Text),
    ("titre", Field::Text),
    ("titulo", Field::Text),
    ("to", Field::Url),
    ("token", Field::Token),
    ("tpl", Field::Code),
    ("trace", Field::Telemetry),
    ("type", Field::Key),
    ("typedcode", Field::Code),
    ("u", Field::Url),
    ("uid", Field::Key),
    ("uri", Field::Url),
    ("url", Field::Url),
    ("user", Field::Key),
    ("username", Field::Key),
    ("v", Field::Key),
    ("verifier", Field::Token),
    ("version", Field::Key),
    ("view", Field::File),
    ("viewstate", Field::Token),
    ("wd", Field::Text),
    ("webhook", Field::Url),
    ("width", Field::Key),
    ("wrapperscript", Field::Telemetry),
    ("xml", Field::Code),
    ("xsrf", Field::Token),
    ("yaml", Field::Code),
    ("year", Field::Key),
    ("zip", Field::Key),
];

/// Pieces of names that tell enough wherever they stand.
const PIECES: [(&str, Field); 20] = [
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
    ("sql", Field::Code),
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
    let word = own.get(..len).unwrap_or_default();
    if word.is_empty() {
        return Field::Plain;
    }
    if let Some(at) = starts::find(&WORDS, &STARTS, word) {
        return NAMES.get(at).map_or(Field::Plain, |(_, field)| *field);
    }
    if last.ends_with(b"_id") || last.ends_with(b"Id") || last.ends_with(b"ID") {
        return Field::Key;
    }
    holds_piece(word)
}

static WORDS: [&str; NAMES.len()] = starts::words(&NAMES);
static STARTS: Starts = starts::of(&WORDS);

const fn letters([one, two, three]: [u8; 3]) -> u32 {
    u32::from_le_bytes([one, two, three, 0])
}

#[allow(clippy::indexing_slicing)] // every piece has three letters, or this does not compile
const fn first_letters() -> [u32; PIECES.len()] {
    let mut all = [0; PIECES.len()];
    let mut at = 0;
    while at < PIECES.len() {
        let piece = PIECES[at].0.as_bytes();
        all[at] = letters([piece[0], piece[1], piece[2]]);
        at += 1;
    }
    all
}

/// What the first of the pieces tells that a name holds, apart from names that are one.
fn holds_piece(word: &[u8]) -> Field {
    /// The first three letters of all pieces.
    const FIRST: [u32; PIECES.len()] = first_letters();
    let has = |part: &&[u8]| crate::phrases::find(word, part).is_some();
    let mut best = PIECES.len();
    for (at, three) in word.array_windows().enumerate() {
        if !FIRST.contains(&letters(*three)) {
            continue;
        }
        let rest = word.get(at..).unwrap_or_default();
        let begins = |(piece, _): &(&str, Field)| {
            rest.starts_with(piece.as_bytes()) && word.len() > piece.len()
        };
        let own = PIECES.iter().position(begins);
        best = best.min(own.unwrap_or(best));
    }
    match PIECES.get(best) {
        // `script_path`, `path_to_script`, `rootscript`: where programs lie, not programs.
        Some(("script", _)) if [&b"path"[..], b"root", b"dir"].iter().any(has) => Field::File,
        Some((_, field)) => *field,
        None => Field::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_table_is_found() {
        assert!(NAMES.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn every_piece_is_found_inside_a_name() {
        for (piece, field) in PIECES {
            for name in [
                format!("{piece}x"),
                format!("zx{piece}"),
                format!("zx{piece}x"),
            ] {
                assert_eq!(super::field(name.as_bytes()), field, "{name}");
            }
        }
    }

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

    #[test]
    fn commands_of_containers_are_programs() {
        let of = |name: &str| Context::new(Place::Json, name.as_bytes()).field;
        for name in [
            "json.spec.containers.array_0.args.array_0",
            "json.spec.template.spec.initContainers.array_12.command.array_2",
            "json.spec.containers.0.command",
            "json.spec.containers.array_1.lifecycle.preStop.exec.command.array_2",
        ] {
            assert_eq!(of(name), Field::Code, "{name}");
        }
        for name in [
            "json.args.array_0",
            "json.containers.args",
            "json.containers.array_0.args.array_0",
            "json.spec.containers.array_0.workingDir",
            "json.spec.containers.array_0.args.x",
            "args",
        ] {
            assert_eq!(of(name), Field::Plain, "{name}");
        }
    }
}
