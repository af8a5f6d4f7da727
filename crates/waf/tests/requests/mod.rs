//! Requests: those of the CRS suites, changed ones, made ones.

use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use flate2::Compression;
use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde_norway::Value;

use crate::reference::Request;

/// SplitMix64: the same numbers each time.
pub struct Random(u64);

impl Random {
    pub fn seeded() -> Self {
        #[allow(clippy::disallowed_methods, reason = "a test's own edge")]
        let seed = std::env::var("BABYSHIELD_SEED");
        Self::of(seed.ok().and_then(|own| own.parse().ok()).unwrap_or(7))
    }

    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end.max(1) as u64).unwrap()
    }

    pub fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

fn answer(request: Request) -> Request {
    Request {
        answer_headers: vec![
            (
                b"Content-Type".to_vec(),
                b"text/html; charset=utf-8".to_vec(),
            ),
            (b"Server".to_vec(), b"x".to_vec()),
        ],
        answer: b"<html>ORA-00933: SQL command not properly ended in /etc/passwd</html>".to_vec(),
        ..request
    }
}

/// Every request of a suite in FTW form, with the name of its case. Only what is sent is read.
pub fn of_suite(folder: &Path) -> Vec<(String, Request)> {
    let mut found = Vec::new();
    for path in files(folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        let file: Value = serde_norway::from_str(&text).unwrap();
        let tests = file.get("tests").and_then(Value::as_sequence);
        for (at, test) in tests.into_iter().flatten().enumerate() {
            let name = format!("{} {at}", path.file_name().unwrap().to_string_lossy());
            for stage in test["stages"].as_sequence().into_iter().flatten() {
                let stage = stage.get("stage").unwrap_or(stage);
                found.push((name.clone(), answer(read(&stage["input"]))));
            }
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Sequence(lines) => lines.iter().map(text).collect::<Vec<_>>().join("\r\n"),
        _ => String::new(),
    }
}

fn read(input: &Value) -> Request {
    if let Some(packed) = input.get("encoded_request").and_then(Value::as_str) {
        let packed: String = packed.split_whitespace().collect();
        let wire = base64::engine::general_purpose::STANDARD.decode(packed);
        return taken_apart(&wire.unwrap());
    }
    let field = |name: &str, default: &str| {
        input
            .get(name)
            .map_or(default.to_owned(), text)
            .into_bytes()
    };
    let headers = input.get("headers").and_then(Value::as_mapping);
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = headers
        .into_iter()
        .flatten()
        .map(|(name, value)| (text(name).into_bytes(), text(value).into_bytes()))
        .collect();
    let body = field("data", "");
    let typed = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(b"content-type"));
    if !typed && !body.is_empty() {
        let form = b"application/x-www-form-urlencoded".to_vec();
        headers.push((b"Content-Type".to_vec(), form));
    }
    Request {
        method: field("method", "GET"),
        target: field("uri", "/"),
        version: field("version", "HTTP/1.1"),
        headers,
        body,
        ..Request::default()
    }
}

/// A request as it came over the wire, read with good will.
pub fn taken_apart(wire: &[u8]) -> Request {
    let mut request = Request::default();
    let mut rest = wire;
    let mut first = true;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        if first {
            let mut words = line.split(|byte| *byte == b' ').map(<[u8]>::to_vec);
            request.method = words.next().unwrap_or_default();
            request.target = words.next().unwrap_or_default();
            request.version = words.next().unwrap_or_default();
            first = false;
            continue;
        }
        let at = line
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(line.len());
        let value = line.get(at + 1..).unwrap_or_default().trim_ascii();
        request.headers.push((line[..at].to_vec(), value.to_vec()));
    }
    request.body = rest.to_vec();
    request
}

/// The same request with a few bytes changed, and perhaps only watched.
pub fn changed(request: &Request, random: &mut Random) -> Request {
    let mut own = request.clone();
    for _ in 0..random.below(4) + 1 {
        let count = own.headers.len();
        let place = match random.below(3) {
            0 => &mut own.target,
            1 if count > 0 => &mut own.headers[random.below(count)].1,
            _ => &mut own.body,
        };
        let at = random.below(place.len() + 1);
        match random.below(3) {
            0 if at < place.len() => {
                place.remove(at);
            }
            1 if at < place.len() => place[at] = u8::try_from(random.below(256)).unwrap(),
            _ => {
                let piece = match random.one_in(6) {
                    true => long(random),
                    false => random.pick(&PIECES).to_owned(),
                };
                place.splice(at..at, piece.bytes());
            }
        }
    }
    own.watch = random.one_in(2);
    own
}

/// What values are made of.
pub const PIECES: [&str; 36] = [
    "a",
    "B",
    "ab",
    "abc",
    "aB",
    "1",
    "42",
    "-7",
    " ",
    "  ",
    "\t",
    "\r\n",
    "%41",
    "%2541",
    "%zz",
    "+",
    "'",
    "\"",
    "<",
    "<script>",
    "&lt;",
    "../",
    "/./",
    "/*x*/",
    "\\u0041",
    "\\x41",
    "union select",
    "or 1=1",
    "é",
    "\0",
    "x=y",
    "&",
    "QUJD",
    "4111111111111111",
    "0x414243",
    "passwd",
];

fn value(random: &mut Random) -> String {
    if random.one_in(24) {
        return long(random);
    }
    (0..random.below(4)).map(|_| random.pick(&PIECES)).collect()
}

/// A text of some thousands of bytes, such as are looked at in another way. Nothing in it is encoded: of that
/// the detectors undo so much and no more, which the reference does not count.
fn long(random: &mut Random) -> String {
    const RARE: [&str; 12] = [
        "'",
        "<",
        "<script>",
        "../",
        "/*x*/",
        "union select",
        "or 1=1",
        "\0",
        "\r\n",
        "abc",
        "-7",
        "passwd",
    ];
    let piece = |random: &mut Random| match random.one_in(40) {
        true => random.pick(&RARE),
        false => random.pick(&["a", "ab ", "B, ", "42 ", "x"]),
    };
    (0..random.below(4000)).map(|_| piece(random)).collect()
}

const NAMES: [&str; 8] = ["q", "Q", "id", "a.b", "x", "user[name]", "", "token"];

/// A request of whole cloth.
pub fn made(random: &mut Random) -> Request {
    let encoded = |text: &str| {
        text.replace('%', "%25")
            .replace('&', "%26")
            .replace('#', "%23")
    };
    let pairs = |random: &mut Random| -> String {
        let count = random.below(4);
        let own = (0..count).map(|_| {
            let (name, value) = (random.pick(&NAMES), value(random));
            let value = if random.one_in(2) {
                encoded(&value)
            } else {
                value
            };
            format!("{name}={value}")
        });
        own.collect::<Vec<_>>().join("&")
    };
    let path = value(random).replace(['?', '#'], "");
    let target = format!("/{path}?{}", pairs(random));
    let (kind, body) = match random.below(6) {
        0 => ("application/x-www-form-urlencoded", pairs(random)),
        1 => ("application/json", json(random, 0)),
        2 => (
            "text/xml",
            format!("<a b=\"1\"><c>{}</c></a>", value(random)),
        ),
        3 => ("multipart/form-data; boundary=BB", multipart(random)),
        4 => ("text/plain", value(random)),
        _ => ("", String::new()),
    };
    let mut headers = vec![
        ("Host".to_owned(), "example.com:80".to_owned()),
        ("User-Agent".to_owned(), value(random)),
        (
            "Cookie".to_owned(),
            format!("s={}; {}", value(random), value(random)),
        ),
    ];
    if !kind.is_empty() {
        headers.push(("Content-Type".to_owned(), kind.to_owned()));
    }
    let mut body = body.into_bytes();
    if random.one_in(4) {
        let coding = random.pick(&["gzip", "x-gzip", " Deflate", "deflate", "br", "gzip, gzip"]);
        headers.push(("content-Encoding".to_owned(), coding.to_owned()));
        body = packed(&body, random);
    }
    answer(Request {
        method: random
            .pick(&["GET", "POST", "PUT", "get"])
            .as_bytes()
            .to_vec(),
        target: target.into_bytes(),
        version: random
            .pick(&["HTTP/1.1", "HTTP/1.0", ""])
            .as_bytes()
            .to_vec(),
        headers: headers
            .into_iter()
            .map(|(n, v)| (n.into_bytes(), v.into_bytes()))
            .collect(),
        body,
        watch: random.one_in(3),
        ..Request::default()
    })
}

/// A body as one of the codings has it, which need not be the one that is told; perhaps broken, and
/// perhaps more than may come out.
fn packed(body: &[u8], random: &mut Random) -> Vec<u8> {
    let body = if random.one_in(8) {
        vec![b'a'; 2_000_000]
    } else {
        body.to_vec()
    };
    let level = Compression::fast();
    let mut out = Vec::new();
    match random.below(4) {
        0 | 1 => GzEncoder::new(&body[..], level).read_to_end(&mut out),
        2 => ZlibEncoder::new(&body[..], level).read_to_end(&mut out),
        _ => DeflateEncoder::new(&body[..], level).read_to_end(&mut out),
    }
    .unwrap();
    if random.one_in(4) {
        out.truncate(random.below(out.len() + 1));
    }
    out
}

fn json(random: &mut Random, depth: usize) -> String {
    match random.below(if depth > 2 { 2 } else { 4 }) {
        0 => serde_json::Value::from(value(random)).to_string(),
        1 => random
            .pick(&["1", "null", "true", "-2.5", "nul"])
            .to_owned(),
        2 => format!("[{},{}]", json(random, depth + 1), json(random, depth + 1)),
        _ => {
            let name = serde_json::Value::from(random.pick(&NAMES));
            format!("{{{name}:{}}}", json(random, depth + 1))
        }
    }
}

fn multipart(random: &mut Random) -> String {
    let mut body = String::new();
    for _ in 0..random.below(3) + 1 {
        let file = if random.one_in(2) {
            "; filename=\"f.php\""
        } else {
            ""
        };
        let (name, content) = (random.pick(&NAMES), value(random));
        body.push_str(&format!(
            "--BB\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str(random.pick(&["--BB--\r\n", "--BB--", ""]));
    body
}
