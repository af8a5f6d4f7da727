//! Bodies of every kind, of any size, filled with what patterns and parsers may trip over.

/// What bodies are filled with.
pub(crate) const FILLINGS: [&str; 48] = [
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
    "<script",
    "=",
    "a=",
    "&",
    "&#",
    "&lt;",
    "%",
    "%25",
    "%u0041",
    "+",
    "(",
    "((a",
    "[",
    "{",
    "{{",
    "${",
    "$(",
    ";",
    "|",
    "or 1 ",
    "select ",
    "union all ",
    "http://a/",
    "0x41",
    "aA0+",
    "é",
    "\u{0}",
];

/// One body.
pub(crate) struct Body {
    /// Which kind, and how the filling lies in it.
    pub(crate) shape: &'static str,
    /// Its content type.
    pub(crate) kind: &'static str,
    /// All of it.
    pub(crate) text: String,
}

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=BB";
const JSON: &str = "application/json";
const XML: &str = "text/xml";
const PART: &str = "--BB\r\nContent-Disposition: form-data; name=\"a\"";

/// One of each shape, of about `size` bytes.
pub(crate) fn bodies(filling: &str, size: usize) -> Vec<Body> {
    let long = filling.repeat(size.div_ceil(filling.len()));
    let mut all = Vec::new();
    let mut add = |shape, kind, text: String| all.push(Body { shape, kind, text });
    let coded = long
        .replace('%', "%25")
        .replace('&', "%26")
        .replace('+', "%2b");
    add("form, one value", FORM, format!("a={coded}"));
    add("form, many values", FORM, pieces(&coded, "a=", "&"));
    add("form, raw", FORM, long.clone());
    let quoted = long
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
        .replace('\0', "\\u0000");
    add("json, one string", JSON, format!("{{\"a\":\"{quoted}\"}}"));
    let short = filling
        .escape_default()
        .to_string()
        .replace(['\\', '\'', '"'], "x");
    let member = format!("\"{short}\":[{{\"{short}\":0}}]");
    add(
        "json, many members",
        JSON,
        format!("{{{}}}", many(&member, ",", size)),
    );
    add("json, open brackets", JSON, "[{\"a\":".repeat(size / 6));
    let marked = long
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\0', " ");
    add("xml, one text", XML, format!("<a>{marked}</a>"));
    let element = format!("<b c=\"{short}\">{short}</b>").replace('&', "&amp;");
    add(
        "xml, many elements",
        XML,
        format!("<a>{}</a>", many(&element, "", size)),
    );
    add("xml, open elements", XML, "<a b='c'>".repeat(size / 9));
    let part = format!("{PART}\r\n\r\n{long}\r\n--BB--\r\n");
    add("multipart, one field", MULTIPART, part);
    let file = format!("{PART}; filename=\"x.txt\"\r\n\r\n{long}\r\n--BB--\r\n");
    add("multipart, one file", MULTIPART, file);
    let field = format!("{PART}\r\n\r\n{filling}\r\n");
    add(
        "multipart, many fields",
        MULTIPART,
        many(&field, "", size) + "--BB--\r\n",
    );
    let near = format!("{PART}\r\n\r\n{}", many("\r\n--B", "", size));
    add("multipart, near boundaries", MULTIPART, near);
    add("octets", "application/octet-stream", long);
    all
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
