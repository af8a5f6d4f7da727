//! Requests of every kind, of any size, filled with what patterns and parsers may trip over.

mod cost;

#[allow(unused_imports, reason = "not named by all who measure")]
pub(crate) use cost::Cost;
pub(crate) use cost::{cost, unbounded};

/// What requests are filled with.
pub(crate) const FILLINGS: &[&str] = &[
    "a",
    "A",
    "0",
    " ",
    "\t",
    "\n",
    "\r\n",
    "'",
    "\"",
    "`",
    "\\",
    "/",
    ".",
    "../",
    "/*",
    "*/",
    "--",
    "#",
    "<",
    ">",
    "<a ",
    "<a b='",
    "<script",
    "<script>",
    "<a href=javascript:",
    "<!ENTITY a \"&b;",
    "=",
    "a=",
    "a=1&",
    "&",
    "&#",
    "&lt;",
    "&#x3c;",
    "%",
    "%25",
    "%2525",
    "%u0041",
    "+",
    "(",
    "((a",
    "a(",
    "a.",
    "a`",
    "<!--",
    "<![CDATA[",
    "<?",
    "[](",
    "![]+",
    "((((a",
    "$a$",
    "f('",
    "[",
    "{",
    "{{",
    "{{7*",
    "{%",
    "<%",
    "<?php ",
    "${",
    "${${",
    "${jndi:",
    "$(",
    "$($",
    "$(a",
    "$IFS",
    ";",
    ";id ",
    ";a=",
    ";{a,",
    "`a ",
    "|",
    "||",
    ",",
    "or 1 ",
    "' or '",
    "select ",
    "union all ",
    "1=1 and ",
    "http://a/",
    "http://a@",
    "//a",
    "0x41",
    "\\u0041",
    "\\x41",
    "char(1)+",
    "aA0+",
    "YWFh",
    "O:1:\"",
    "a:1:{",
    "rO0ABX",
    "__proto__[",
    "ignore all previous ",
    "a@b.c\n",
    "\r\na:b",
    "é",
    "\u{ff1c}",
    "\u{0}",
    "a ",
    "lorem ipsum dolor sit amet, ",
];

/// One request.
pub(crate) struct Hostile {
    /// Which kind, and how the filling lies in it.
    pub(crate) shape: &'static str,
    /// Its target.
    pub(crate) target: String,
    /// Its header fields.
    pub(crate) fields: Vec<(String, String)>,
    /// Its body.
    pub(crate) text: String,
}

impl Hostile {
    /// A body of a content type.
    fn body(shape: &'static str, kind: &str, text: String) -> Self {
        Self {
            shape,
            target: "/api".to_owned(),
            fields: vec![("Content-Type".to_owned(), kind.to_owned())],
            text,
        }
    }

    /// A form, whatever it holds.
    #[allow(dead_code, reason = "not used by all who look for hostile requests")]
    pub(crate) fn form(text: String) -> Self {
        Self::body("form", FORM, text)
    }

    /// No body.
    fn head(shape: &'static str, target: String, fields: Vec<(String, String)>) -> Self {
        Self {
            shape,
            target,
            fields,
            text: String::new(),
        }
    }

    /// All bytes of it that the filling stands in.
    pub(crate) fn len(&self) -> usize {
        let fields = self.fields.iter();
        let fields: usize = fields.map(|(name, value)| name.len() + value.len()).sum();
        self.target.len() + fields + self.text.len()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=BB";
const JSON: &str = "application/json";
const XML: &str = "text/xml";
const PART: &str = "--BB\r\nContent-Disposition: form-data; name=\"a\"";
/// What a gateway reads of a head at most.
const HEAD: usize = 64 << 10;

/// One of each shape, of about `size` bytes.
pub(crate) fn requests(filling: &str, size: usize) -> Vec<Hostile> {
    behind("", filling, size)
}

/// The same with a text before what fills them: words of all kinds wake rules that would not look otherwise.
#[allow(dead_code, reason = "not used by all who look for hostile requests")]
pub(crate) fn behind(before: &str, filling: &str, size: usize) -> Vec<Hostile> {
    let long = before.to_owned() + &filling.repeat(size.div_ceil(filling.len()));
    let mut all = forms(filling, &long);
    all.extend(json(filling, &long, size));
    all.extend(xml(filling, &long, size));
    all.extend(multipart(filling, &long, size));
    all.push(Hostile::body("octets", "application/octet-stream", long));
    all.extend(heads(filling, size.min(HEAD)));
    all
}

fn forms(filling: &str, long: &str) -> Vec<Hostile> {
    let coded = percent(long);
    let form = |shape, text| Hostile::body(shape, FORM, text);
    let once = base64(long.as_bytes());
    let twice = base64(once.as_bytes());
    let entities: String = long.bytes().map(|own| format!("&#{own};")).collect();
    vec![
        form("form, one value", format!("a={coded}")),
        form("form, one name", format!("{coded}=a")),
        form("form, many values", pieces(&coded, "a=", "&")),
        form("form, many names", pieces(&coded, "", "=1&")),
        form(
            "form, same value",
            many(
                &format!("a={}", percent(filling)),
                "&",
                long.len().min(9000),
            ),
        ),
        form("form, raw", long.to_owned()),
        form("form, base64", format!("a={}", percent(&once))),
        form("form, base64 twice", format!("a={}", percent(&twice))),
        form("form, entities", format!("a={}", percent(&entities))),
        form("form, percent twice", format!("a={}", percent(&coded))),
        form("form, packed", {
            let each = percent(&packed(filling, (long.len() / 900).max(60)));
            many(&format!("a={each}"), "&", long.len())
        }),
        form("form, packed runs", {
            let each = packed(filling, 6000.min(long.len()));
            let some = many(&format!("a:{each};"), "", each.len() * 16);
            let some = percent(&some);
            many(&format!("a={some}"), "&", long.len())
        }),
        form("form, packed twice", {
            let each = percent(&nested(filling));
            many(&format!("a={each}"), "&", long.len())
        }),
    ]
}

fn json(filling: &str, long: &str, size: usize) -> Vec<Hostile> {
    let json = |shape, text| Hostile::body(shape, JSON, text);
    let quoted = quoted(long);
    let short = short(filling);
    let member = format!("\"{short}\":[{{\"{short}\":0}}]");
    let string = self::quoted(filling);
    let deep = 60;
    let key = long.get(..size.min(4096) / deep).unwrap_or(filling);
    let key = self::quoted(key);
    let open = format!("{{\"{key}\":").repeat(deep);
    vec![
        json("json, one string", format!("{{\"a\":\"{quoted}\"}}")),
        json("json, one name", format!("{{\"{quoted}\":1}}")),
        json(
            "json, many members",
            format!("{{{}}}", many(&member, ",", size)),
        ),
        json(
            "json, many strings",
            format!("[{}]", many(&format!("\"{string}\""), ",", size)),
        ),
        json(
            "json, deep names",
            format!(
                "{open}{}{}",
                many(&format!("[\"{string}\"]"), ",", 1),
                "}".repeat(deep)
            ),
        ),
        json("json, open brackets", "[{\"a\":".repeat(size / 6)),
        json(
            "json, json in json",
            format!(
                "{{\"a\":\"{}\"}}",
                self::quoted(&format!("{{\"a\":\"{quoted}\"}}"))
            ),
        ),
    ]
}

fn xml(filling: &str, long: &str, size: usize) -> Vec<Hostile> {
    let xml = |shape, text| Hostile::body(shape, XML, text);
    let marked = marked(long);
    let short = short(filling).replace('&', "&amp;").replace('<', "&lt;");
    let element = format!("<b c=\"{short}\">{short}</b>");
    let attribute = marked.replace('"', "&quot;");
    let attributes: String = (0..size / (short.len() + 9))
        .map(|at| format!(" a{at:x}=\"{short}\""))
        .collect();
    vec![
        xml("xml, one text", format!("<a>{marked}</a>")),
        xml("xml, one attribute", format!("<a b=\"{attribute}\"/>")),
        xml("xml, many attributes", format!("<a{attributes}/>")),
        xml(
            "xml, many elements",
            format!("<a>{}</a>", many(&element, "", size)),
        ),
        xml("xml, different elements", {
            let each = element.len() + 10;
            let own = (0..size / each).map(|at| format!("<b c=\"{short}{at}\">{at}{short}</b>"));
            format!("<a>{}</a>", own.collect::<String>())
        }),
        xml(
            "xml, empty elements",
            format!("<a>{}</a>", "<b/>".repeat(size / 4)),
        ),
        xml("xml, open elements", "<a b='c'>".repeat(size / 9)),
        xml(
            "xml, cdata",
            format!("<a><![CDATA[{}]]></a>", long.replace('\0', " ")),
        ),
        xml(
            "xml, comments",
            format!("<a>{}</a>", many("x<!---->", "", size)),
        ),
        xml(
            "xml, references",
            format!("<a>{}</a>", many("&#60;", "", size)),
        ),
        xml(
            "xml, namespaces",
            format!("<a>{}</a>", many("<b xmlns:c='d'><c:b/></b>", "", size)),
        ),
    ]
}

fn multipart(filling: &str, long: &str, size: usize) -> Vec<Hostile> {
    let parts = |shape, text| Hostile::body(shape, MULTIPART, text);
    let field = format!("{PART}\r\n\r\n{filling}\r\n");
    let named = filling.replace(['"', '\r', '\n'], "x");
    let name = named.repeat(size.div_ceil(named.len()));
    let header = format!("X-A: {}\r\n", filling.replace(['\r', '\n', '\0'], "x"));
    vec![
        parts(
            "multipart, one field",
            format!("{PART}\r\n\r\n{long}\r\n--BB--\r\n"),
        ),
        parts(
            "multipart, one file",
            format!("{PART}; filename=\"x.txt\"\r\n\r\n{long}\r\n--BB--\r\n"),
        ),
        parts(
            "multipart, one name",
            format!("{PART}{name}\"\r\n\r\n1\r\n--BB--\r\n"),
        ),
        parts(
            "multipart, one file name",
            format!("{PART}; filename=\"{name}\"\r\n\r\n1\r\n--BB--\r\n"),
        ),
        parts(
            "multipart, many fields",
            many(&field, "", size) + "--BB--\r\n",
        ),
        parts("multipart, 200 fields", {
            let each = long.as_bytes().chunks(long.len().div_ceil(200).max(1));
            let each =
                each.map(|own| format!("{PART}\r\n\r\n{}\r\n", String::from_utf8_lossy(own)));
            each.collect::<String>() + "--BB--\r\n"
        }),
        parts(
            "multipart, many headers",
            format!("{PART}\r\n{}\r\n1\r\n--BB--\r\n", many(&header, "", size)),
        ),
        parts(
            "multipart, near boundaries",
            format!("{PART}\r\n\r\n{}", many("\r\n--B", "", size)),
        ),
        parts("multipart, boundaries", many("--BB\r\n\r\n\r\n", "", size)),
    ]
}

fn heads(filling: &str, size: usize) -> Vec<Hostile> {
    let long = filling.repeat(size.div_ceil(filling.len()));
    let plain = long.replace(['\r', '\n', '\0'], "x");
    let coded = percent(&long).replace(['#', ' ', '\r', '\n', '\0', '\t'], "x");
    let field = |name: &str, value: String| vec![(name.to_owned(), value)];
    let short = filling.replace(['\r', '\n', '\0'], "x");
    let names: Vec<(String, String)> = (0..100)
        .map(|at| {
            let length = plain.len() / 100;
            let mut from = at * length;
            while !plain.is_char_boundary(from) {
                from -= 1;
            }
            let mut to = (at + 1) * length;
            while !plain.is_char_boundary(to) {
                to -= 1;
            }
            let own = plain.get(from..to).unwrap_or_default();
            (format!("X-{at}"), own.to_owned())
        })
        .collect();
    let own = "/api".to_owned();
    vec![
        Hostile::head("query, one value", format!("/api?a={coded}"), Vec::new()),
        Hostile::head(
            "query, many values",
            format!("/api?{}", pieces(&coded, "a=", "&")),
            Vec::new(),
        ),
        Hostile::head("path", format!("/{coded}"), Vec::new()),
        Hostile::head("cookie", own.clone(), field("Cookie", format!("a={plain}"))),
        Hostile::head(
            "cookies",
            own.clone(),
            field("Cookie", many(&format!("a={short}"), "; ", size)),
        ),
        Hostile::head("agent", own.clone(), field("User-Agent", plain.clone())),
        Hostile::head("referer", own.clone(), field("Referer", plain)),
        Hostile::head("100 headers", own, names),
    ]
}

fn percent(text: &str) -> String {
    text.replace('%', "%25")
        .replace('&', "%26")
        .replace('+', "%2b")
        .replace('=', "%3d")
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
        .replace('\0', "\\u0000")
}

fn marked(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\0', " ")
}

/// A filling without what ends a string.
fn short(filling: &str) -> String {
    let escaped = filling.escape_default().to_string();
    escaped.replace(['\\', '\'', '"'], "x")
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// So many letters of base64 that unpack to as much of a filling as is looked at.
fn packed(filling: &str, letters: usize) -> String {
    let text = filling.repeat((letters * 48).div_ceil(filling.len()));
    let mut own = zlib(text.as_bytes());
    // What stands behind the end of the stream is let be.
    own.resize(own.len().max(letters / 4 * 3), 0);
    base64(&own)
}

/// Packed text in packed text.
fn nested(filling: &str) -> String {
    let inner = packed(filling, 16 << 10);
    base64(&zlib((inner + ";").repeat(16).as_bytes()))
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// So many bytes of one piece again and again.
fn many(piece: &str, between: &str, size: usize) -> String {
    let count = size.div_ceil(piece.len() + between.len()).max(1);
    vec![piece; count].join(between)
}

/// A text cut into at most some 900 pieces.
fn pieces(text: &str, before: &str, between: &str) -> String {
    let length = text.len().div_ceil(900).max(1);
    let each = text.as_bytes().chunks(length);
    let each = each.map(|piece| format!("{before}{}", String::from_utf8_lossy(piece)));
    each.collect::<Vec<_>>().join(between)
}
